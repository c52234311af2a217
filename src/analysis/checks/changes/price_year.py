"""A price that all units face moves those with more of the crop further: their exposure is held equal in every year.

    E[Y_t(0) - Y_base(0) | x, z] = a_t + x' b_t + z' d_t,   z: baseline exposure (crop area), d_t: free in every period

Adding z to the baseline covariates is this model: group-time, saturated and imputation estimators let a covariate have
its own coefficient in every period and fit it on units that are not yet treated (Heckman, Ichimura, Todd 1997; Sant'Anna,
Zhao 2020; Borusyak, Jaravel, Spiess 2024). So the control cannot take up the effect, which subtracting a pooled "price x
area" term, fitted on treated years too, would do. It nests z times any price series, and needs none.
"""

from __future__ import annotations

from analysis.checks.changes._case import Case, Variant, with_covariates

THEME = "adjustment"


def variants(case: Case) -> list[Variant]:
    """With the declared columns not yet among the covariates; without those that are; nothing where none is declared."""
    panel, declared = case.panel, case.held.price_columns
    own = dict(zip(panel.covariate_names, panel.covariates.T, strict=True))
    made = []
    if declared.keys() - own.keys():
        more = with_covariates(panel, {**own, **declared})
        made.append(Variant("with_price_year", more, case.design, case.estimator))
    fewer = {name: column for name, column in own.items() if name not in declared}
    if fewer and len(fewer) < len(own):
        less = with_covariates(panel, fewer)
        made.append(Variant("without_price_year", less, case.design, case.estimator))
    return made
