"""Adopters may react a year before: the base period is moved one period back."""

from __future__ import annotations

from analysis.checks.changes._case import Case, Variant

THEME = "timing"


def variants(case: Case) -> list[Variant]:
    """The design that allows for one more year of anticipation."""
    design = case.design.model_copy(update={"anticipation": case.design.anticipation + 1})
    return [Variant("anticipation", case.panel, design, case.estimator)]
