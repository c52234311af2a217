"""Compared with the other group: never adopters instead of not yet adopters, or the reverse."""

from __future__ import annotations

from analysis.checks.changes._case import Case, Variant

THEME = "comparison"
OTHER = {"never_treated": "not_yet_treated", "not_yet_treated": "never_treated"}


def variants(case: Case) -> list[Variant]:
    """The design with the other comparison group."""
    other = OTHER[case.design.comparison_group]
    design = case.design.model_copy(update={"comparison_group": other})
    return [Variant(other, case.panel, design, case.estimator)]
