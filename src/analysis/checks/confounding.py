"""What a difference between units that nobody recorded would have to look like to make the result.

One regression, three languages for the same doubt: Oster (2019), Cinelli, Hazlett (2020), VanderWeele, Ding (2017), as
`omitted_variable` computes them. The regression is of every unit's own change (`_own_change`) on adoption and covariates:

    change = a + b adopted + c'covariates + e,   conventional error, df = n - p - 2
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.checks import omitted_variable
from analysis.checks._own_change import OwnChange
from analysis.checks.omitted_variable import EValue, ProportionalSelection, Robustness
from analysis.effects import EstimatorError
from analysis.messages import Message

EQUAL_SELECTION = (
    1.0  # delta of the bound that is printed: what was left out matters as much as what was recorded
)


@dataclass(frozen=True, slots=True)
class Confounding:
    """How strong a hidden difference would have to be.

    estimate, std_error, df : of the regression with covariates; outcome unit
    short : without them
    selection : Oster's answer; None without covariates
    robustness : Cinelli and Hazlett's; `value_at_alpha` is NaN where units share clusters, as is the
        limit's E-value
    benchmarks : per covariate `variable`, `treatment_r2`, `outcome_r2` of a confounder as strong as it, and the
        `estimate` then; those as which no confounder can be are left out
    e_value : approximate, of the difference in standard deviations of the change within groups
    cohorts, last : cohorts and last year used; n_treated, n_comparison : units
    unit : of the outcome
    """

    estimate: float
    std_error: float
    df: int
    short: float
    selection: ProportionalSelection | None
    robustness: Robustness
    benchmarks: pd.DataFrame
    e_value: EValue
    cohorts: tuple[int, ...]
    last: int
    n_treated: int
    n_comparison: int
    unit: str


def confounding(found: OwnChange, *, unit: str, conf_level: float = 0.95) -> Confounding:
    """The three answers for one regression.

    Raises
    ------
    EstimatorError : fewer than two degrees of freedom, a change that does not vary, adoption collinear with covariates.
    """
    y, d, x = found.change, found.treated.astype(float), found.controls
    n, df = len(y), len(y) - x.shape[1] - 2
    within = np.concatenate(
        [y[found.treated] - y[found.treated].mean(), y[~found.treated] - y[~found.treated].mean()]
    )
    spread = float(np.sqrt(within @ within / max(n - 2, 1)))
    if df < 2 or not spread > 0:
        raise EstimatorError(
            Message(
                f"{n} units and {x.shape[1]} covariates leave {df} degrees of freedom, or the change does not vary",
                f"{n} 个单位、{x.shape[1]} 个协变量，自由度为 {df}，或变化没有差异，无法回归",
            )
        )
    moments = omitted_variable.moments(y, d, x)
    left = _left(d, x)
    rest = _left(y, np.column_stack([d, x]))
    error = float(np.sqrt(rest @ rest / df / (left @ left)))
    robust = omitted_variable.robustness(moments.long / error, df, alpha=1 - conf_level)
    e_value = omitted_variable.e_value_of_difference(moments.long, error, spread, conf_level=conf_level)
    if found.is_clustered:  # the conventional error is not that of independent units
        robust, e_value = replace(robust, value_at_alpha=np.nan), replace(e_value, of_limit=np.nan)
    return Confounding(
        moments.long, error, df, moments.short,
        omitted_variable.proportional_selection(moments, delta=EQUAL_SELECTION) if x.shape[1] else None,
        robust, _benchmarks(found, moments.long, error, df),
        e_value, tuple(int(year) for year in found.cohorts), found.last, found.n_treated, found.n_comparison, unit,
    )  # fmt: skip


def contour(found: Confounding, treatment_r2: np.ndarray, outcome_r2: np.ndarray) -> np.ndarray:
    """(b, a) the estimate under hidden differences of strengths `treatment_r2` (a,) and `outcome_r2` (b,)."""
    bias = omitted_variable.hidden_bias(found.std_error, found.df, treatment_r2[None, :], outcome_r2[:, None])
    return found.estimate - np.copysign(bias, found.estimate)


def _benchmarks(found: OwnChange, estimate: float, error: float, df: int) -> pd.DataFrame:
    y, d, x = found.change, found.treated.astype(float), found.controls
    rows = []
    for k, name in enumerate(found.names):
        others = np.delete(x, k, axis=1)
        try:
            as_strong = omitted_variable.benchmark_bound(
                estimate, error, df, treatment_r2=omitted_variable.partial_r2(d, x[:, k], others),
                outcome_r2=omitted_variable.partial_r2(y, x[:, k], np.column_stack([d, others])),
            )  # fmt: skip
        except EstimatorError:
            continue  # so strong with adoption that nothing else can be: said by its absence, and counted by the reader
        rows.append((name, as_strong.treatment_r2, as_strong.outcome_r2, as_strong.estimate))
    return pd.DataFrame(rows, columns=["variable", "treatment_r2", "outcome_r2", "estimate"])


def _left(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(n,) residuals from a constant and `columns` (n, q)."""
    design = np.column_stack([np.ones(len(values)), columns])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
