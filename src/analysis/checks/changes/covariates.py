"""With and without covariates, and by each of the three ways of adjusting for them."""

from __future__ import annotations

from dataclasses import replace

from analysis.checks.changes._case import Case, Variant

THEME = "adjustment"
ADJUSTMENTS = ("doubly_robust", "outcome_regression", "ipw")


def variants(case: Case) -> list[Variant]:
    """Without covariates, and the adjustments that the main specification does not use; nothing without covariates."""
    if not case.panel.covariate_names:
        return []
    bare = replace(case.panel, covariates=case.panel.covariates[:, :0], covariate_names=())
    made = [Variant("without_covariates", bare, case.design, case.estimator)]
    if case.estimator == "group_time":
        made += [
            Variant(
                adjustment,
                case.panel,
                case.design.model_copy(update={"adjustment": adjustment}),
                case.estimator,
            )
            for adjustment in ADJUSTMENTS
            if adjustment != case.design.adjustment
        ]
    return made
