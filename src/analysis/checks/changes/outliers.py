"""Extreme values pulled in, and units that were extreme before anybody adopted left out.

Winsorised: in each period the k lowest values become the next lowest and the k highest the next highest, k = the
declared share of the units, at least one (Dixon 1960, Annals of Mathematical Statistics 31).

Left out are units by their values before the first adoption only: a value after adoption may be extreme because of the
programme, and leaving its unit out would select on the effect.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.checks.changes._case import Case, Variant, without
from analysis.samples.panel import Panel

THEME = "values"


def variants(case: Case) -> list[Variant]:
    """Winsorised by period, and without the units in a tail before the first adoption; `detail` is the share at each end."""
    if not case.has_histories:
        return []
    panel, k = case.panel, n_in_tail(case.panel.n_units, case.held.tails)
    if 2 * k >= panel.n_units:
        return []
    pulled, detail = winsorised(panel, case.held.tails), f"{k / panel.n_units:.1%}"
    touched = int((pulled.outcome != panel.outcome).any(axis=1).sum())
    made = [Variant("winsorised", pulled, case.design, case.estimator, detail, touched)]
    out = extreme_before(panel, case.held.tails)
    return [*made, without("trimmed", case, out, detail)] if out.any() else made


def n_in_tail(n_units: int, share: float) -> int:
    """Number of units at each end of a period that count as extreme."""
    return max(1, round(share * n_units))


def winsorised(panel: Panel, share: float) -> Panel:
    """The panel with the tails of every period pulled in."""
    k, ordered = n_in_tail(panel.n_units, share), np.sort(panel.outcome, axis=0)
    return replace(panel, outcome=np.clip(panel.outcome, ordered[k], ordered[-k - 1]))


def extreme_before(panel: Panel, share: float) -> np.ndarray:
    """(n,) units in a tail of some period before the first adoption inside the panel; nobody where there is none."""
    inside = panel.cohorts[panel.cohorts > panel.years[0]]
    before = panel.outcome[:, panel.years < inside[0]] if len(inside) else panel.outcome[:, :0]
    k, ordered = n_in_tail(panel.n_units, share), np.sort(before, axis=0)
    return ((before < ordered[k]) | (before > ordered[-k - 1])).any(axis=1)
