"""Parallel growth instead of parallel change: the untreated outcome is a unit's level times a common factor per year."""

from __future__ import annotations

from analysis.checks.changes._case import Case, Variant
from analysis.checks.changes._growth import fit_growth

THEME = "estimator"


def variants(case: Case) -> list[Variant]:
    """Poisson imputation in the outcome's own unit; nothing for logs and for outcomes with negative values."""
    if not case.has_histories or case.held.unit.startswith("log") or (case.panel.outcome < 0).any():
        return []
    return [Variant("poisson", case.panel, case.design, "poisson", fit=fit_growth)]
