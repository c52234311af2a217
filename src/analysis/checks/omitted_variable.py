"""How strong must something left out be to explain the result away?

Oster (2019), Journal of Business and Economic Statistics 37: delta, and bounds for a given delta.
Cinelli, Hazlett (2020), Journal of the Royal Statistical Society B 82: robustness value, adjusted estimates,
bounds by benchmark covariates. VanderWeele, Ding (2017), Annals of Internal Medicine 167: E-value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from analysis.effects import EstimatorError
from analysis.messages import Message

R_MAX_FACTOR = 1.3  # times the controlled R2, at most one (Oster 2019: 90 % of randomised results survive)
RATIO_PER_SD = 0.91  # log risk ratio per standard deviation (VanderWeele, Ding 2017)


@dataclass(frozen=True, slots=True)
class Moments:
    """What Oster's formulas need of the regressions without and with controls.

    short, long : coefficient without and with controls; short_r2, long_r2 : their R2
    outcome_variance, treatment_variance : of outcome and treatment; residual_variance : of treatment given controls
    """

    short: float
    long: float
    short_r2: float
    long_r2: float
    outcome_variance: float
    treatment_variance: float
    residual_variance: float


@dataclass(frozen=True, slots=True)
class ProportionalSelection:
    """Selection on unobservables relative to observables.

    moments : the regressions behind it; r_max : R2 of a regression that had everything
    delta_at_zero : selection on unobservables, relative to that on observables, at which the effect is zero; NaN where
        nothing left out can matter (r_max equals the controlled R2)
    delta : the assumed relative selection, and bound : the effect it implies, outcome unit per unit of treatment
    other_bounds : further solutions of the cubic; they require that selection on observables changes sign
    zero_between : whether zero lies between the controlled estimate and the bound
    """

    moments: Moments
    r_max: float
    delta_at_zero: float
    delta: float
    bound: float
    other_bounds: tuple[float, ...]
    zero_between: bool


@dataclass(frozen=True, slots=True)
class Robustness:
    """How strong a confounder must be, from a t ratio alone.

    partial_r2 : of treatment with the outcome: what a confounder that explains all of the rest of the outcome must
        explain of treatment to bring the estimate to zero
    value : share of residual variation of treatment and of outcome that it must explain to reduce the estimate by `q`
    value_at_alpha : the same to bring the confidence limit at level 1 - alpha there; 0 where it is there already
    """

    partial_r2: float
    value: float
    value_at_alpha: float
    q: float
    alpha: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An estimate after a confounder of given strength, moved towards zero or beyond.

    treatment_r2, outcome_r2 : partial R2 of the confounder with treatment given controls, and with the outcome given
        treatment and controls
    """

    treatment_r2: float
    outcome_r2: float
    estimate: float
    std_error: float
    statistic: float


@dataclass(frozen=True, slots=True)
class EValue:
    """Least association, as a risk ratio with both treatment and outcome, that explains the result away.

    ratio : the risk ratio (for a continuous outcome approximate); of_estimate, of_limit : E-values of the estimate and
    of the confidence limit nearest to no effect; 1 where the interval covers it, NaN where no interval was given
    """

    ratio: float
    of_estimate: float
    of_limit: float


def moments(
    outcome: np.ndarray, treatment: np.ndarray, controls: np.ndarray, *, always: np.ndarray | None = None
) -> Moments:
    """Moments of the short and the long regression; `always` (n, q) is removed from everything first.

    R2 is of what `always` and the constant leave; remove fixed effects beforehand.

    Raises
    ------
    EstimatorError : missing values, or treatment without variation given the controls.
    """
    n = len(outcome)
    first = np.ones((n, 1)) if always is None else np.column_stack([np.ones(n), always])
    data = np.column_stack([outcome, treatment, np.reshape(controls, (n, -1))]).astype(float)
    if not np.isfinite(data).all():
        raise EstimatorError(Message("values are missing; leave those rows out", "数据有缺失；请先剔除"))
    left = data - first @ np.linalg.lstsq(first, data, rcond=None)[0]
    y, x, w = left[:, 0], left[:, 1], left[:, 2:]
    given = x - w @ np.linalg.lstsq(w, x, rcond=None)[0]
    if not given @ given > 1e-10 * (data[:, 1] - data[:, 1].mean()) @ (data[:, 1] - data[:, 1].mean()):
        raise EstimatorError(
            Message("treatment is a combination of the controls", "处理变量与控制变量完全共线")
        )
    short, long = float(x @ y / (x @ x)), float(given @ y / (given @ given))
    total, both = y @ y, np.column_stack([x, w])
    rest = y - both @ np.linalg.lstsq(both, y, rcond=None)[0]
    return Moments(
        short, long, float(short * (x @ y) / total), float(1 - rest @ rest / total),
        float(total / n), float(x @ x / n), float(given @ given / n),
    )  # fmt: skip


def proportional_selection(
    found: Moments, *, delta: float = 1.0, r_max: float | None = None
) -> ProportionalSelection:
    """Delta at which the effect is zero, and the effect if delta is as assumed.

    With b, B the short and long coefficient, r, R their R2, v = B - effect, s: outcome variance, x: treatment variance,
    t: treatment variance given controls, m = r_max - R,

        0 = delta m s (b - B) x + v (delta m s (x - t) - (R - r) s t - x t (b - B)^2)
            + v^2 t x (b - B) (delta - 2) + v^3 (delta - 1) (t x - t^2)

    linear in delta and cubic (for delta = 1 quadratic) in v. Of several real solutions the one nearest to B is the
    bound, the others are returned beside it.

    Raises
    ------
    EstimatorError : r_max outside [R, 1], or no real solution other than at infinity.
    """
    ceiling = min(1.0, R_MAX_FACTOR * found.long_r2) if r_max is None else r_max
    if not found.long_r2 <= ceiling <= 1:
        raise EstimatorError(
            Message(
                f"r_max {ceiling:g} must lie between the controlled R2, {found.long_r2:.4g}, and 1",
                f"r_max {ceiling:g} 应介于加入控制变量后的 R²（{found.long_r2:.4g}）与 1 之间",
            )
        )
    free, times = _cubic(found, ceiling)
    powers = found.long ** np.arange(4)  # v at an effect of zero
    slope = float(times @ powers)
    matters = ceiling - found.long_r2 > 1e-12 and slope != 0
    at_zero = -float(free @ powers) / slope if matters else np.nan
    # In units of the long coefficient's scale, so that leading coefficients that vanish are recognised.
    unit = np.sqrt(found.outcome_variance / found.treatment_variance)
    scaled = (free + delta * times) * unit ** np.arange(4)
    scaled[np.abs(scaled) < 1e-13 * np.abs(scaled).max(initial=0.0)] = 0.0
    roots = np.polynomial.Polynomial(scaled).roots() if scaled.any() else np.zeros(1)
    real = np.sort_complex(roots[np.abs(roots.imag) < 1e-7 * (1 + np.abs(roots))]).real * unit
    if not len(real):
        raise EstimatorError(
            Message(
                f"delta {delta:g} and r_max {ceiling:g} have no common solution; lower one of them",
                f"delta {delta:g} 与 r_max {ceiling:g} 无共同解；请降低其一",
            )
        )
    order = np.argsort(np.abs(real), kind="stable")
    bounds = [float(found.long - v) for v in real[order]]
    between = min(found.long, bounds[0]) <= 0 <= max(found.long, bounds[0])
    return ProportionalSelection(found, ceiling, at_zero, delta, bounds[0], tuple(bounds[1:]), bool(between))


def robustness(t: float, df: float, *, q: float = 1.0, alpha: float = 0.05) -> Robustness:
    """Robustness value of an estimate from its t ratio and degrees of freedom.

    f = q |t| / sqrt(df),  RV = (sqrt(f^4 + 4 f^2) - f^2) / 2; at alpha with f less t_{alpha, df - 1} / sqrt(df - 1)

    Raises
    ------
    EstimatorError : fewer than two degrees of freedom.
    """
    if not (df > 1 and np.isfinite(t)):
        raise EstimatorError(
            Message(
                f"t {t:g} with {df:g} degrees of freedom says nothing", f"t={t:g}、自由度 {df:g} 无法计算"
            )
        )
    f = q * abs(t) / np.sqrt(df)
    critical = float(stdtrit(df - 1, 1 - alpha / 2)) / np.sqrt(df - 1)
    beyond = f - critical
    at_alpha = 0.0
    if beyond > 0:
        # Where the critical value is large a confounder may explain more of treatment than of the outcome.
        unequal = (f**2 - critical**2) / (1 + f**2)
        at_alpha = unequal if f * critical > 1 else _equal_strength(beyond)
    return Robustness(t**2 / (t**2 + df), _equal_strength(f), at_alpha, q, alpha)


def adjusted(
    estimate: float, std_error: float, df: float, *, treatment_r2: float, outcome_r2: float
) -> Adjusted:
    """The estimate had a confounder of this strength been controlled for, in the direction that lowers its size.

    bias = se sqrt(df R2_y R2_d / (1 - R2_d)),   se' = se sqrt((1 - R2_y) / (1 - R2_d) df / (df - 1))

    Raises
    ------
    EstimatorError : a partial R2 outside [0, 1), for the outcome [0, 1].
    """
    if not (0 <= treatment_r2 < 1 and 0 <= outcome_r2 <= 1):
        raise EstimatorError(
            Message(
                f"partial R2 of {treatment_r2:.4g} with treatment and {outcome_r2:.4g} with the outcome are not possible",
                f"偏 R²（处理 {treatment_r2:.4g}、结果 {outcome_r2:.4g}）不可能出现",
            )
        )
    bias = hidden_bias(std_error, df, treatment_r2, outcome_r2)
    error = std_error * np.sqrt((1 - outcome_r2) / (1 - treatment_r2) * df / (df - 1))
    value = estimate - np.copysign(bias, estimate)
    with np.errstate(divide="ignore"):
        return Adjusted(treatment_r2, outcome_r2, float(value), float(error), float(np.divide(value, error)))


def hidden_bias(
    std_error: float, df: float, treatment_r2: float | np.ndarray, outcome_r2: float | np.ndarray
) -> np.ndarray:
    """se sqrt(df R2_y R2_d / (1 - R2_d)): what confounders of these strengths add at most, in the strengths' shape."""
    return std_error * np.sqrt(df * outcome_r2 * treatment_r2 / (1 - treatment_r2))


def benchmark_bound(
    estimate: float, std_error: float, df: float, *, treatment_r2: float, outcome_r2: float, times: float = 1.0,
    times_outcome: float | None = None,
) -> Adjusted:  # fmt: skip
    """The estimate under a confounder `times` as strong as a measured covariate (or group of them).

    treatment_r2, outcome_r2 : the covariate's own partial R2 with treatment given the other controls, and with the
    outcome given treatment and the other controls (`partial_r2` computes them).

        R2_d = k_d R_d / (1 - R_d),   e^2 = k_d R_d^2 / ((1 - k_d R_d) (1 - R_d)),
        R2_y = ((sqrt(k_y) + e) / sqrt(1 - e^2))^2 R_y / (1 - R_y),  at most one

    Raises
    ------
    EstimatorError : a confounder so much stronger than the covariate cannot exist.
    """
    k_y = times if times_outcome is None else times_outcome
    strength = times * treatment_r2 / (1 - treatment_r2)
    shared = times * treatment_r2**2 / ((1 - times * treatment_r2) * (1 - treatment_r2))
    if not (strength < 1 and 0 <= shared < 1):
        raise EstimatorError(
            Message(
                f"no confounder can be {times:g} times as strong as this covariate with treatment",
                f"不可能存在与处理的关联达该变量 {times:g} 倍的混杂因素",
            )
        )
    factor = (np.sqrt(k_y) + np.sqrt(shared)) / np.sqrt(1 - shared)
    outcome = min(1.0, float(factor**2 * outcome_r2 / (1 - outcome_r2)))
    return adjusted(estimate, std_error, df, treatment_r2=float(strength), outcome_r2=outcome)


def partial_r2(outcome: np.ndarray, columns: np.ndarray, others: np.ndarray) -> float:
    """Share of what `others` (n, q) and a constant leave of `outcome` (n,) that `columns` (n, p) explain."""
    n = len(outcome)
    base = np.column_stack([np.ones(n), np.reshape(others, (n, -1))])
    values = np.column_stack([outcome, np.reshape(columns, (n, -1))]).astype(float)
    left = values - base @ np.linalg.lstsq(base, values, rcond=None)[0]
    rest = left[:, 0] - left[:, 1:] @ np.linalg.lstsq(left[:, 1:], left[:, 0], rcond=None)[0]
    return float(1 - rest @ rest / (left[:, 0] @ left[:, 0]))


def e_value(ratio: float, *, conf_low: float = np.nan, conf_high: float = np.nan) -> EValue:
    """E-value of a risk ratio: RR + sqrt(RR (RR - 1)), of 1 / RR where RR < 1.

    Raises
    ------
    EstimatorError : a ratio or limit that is not positive.
    """
    if not all(value > 0 or np.isnan(value) for value in (ratio, conf_low, conf_high)) or np.isnan(ratio):
        raise EstimatorError(
            Message("a risk ratio and its limits are positive", "风险比及其区间端点必须为正")
        )
    near = conf_low if ratio >= 1 else conf_high
    limit = np.nan
    if not np.isnan(near):
        limit = _e_value(near) if (near > 1) == (ratio > 1) else 1.0
    return EValue(ratio, _e_value(ratio), limit)


def e_value_of_difference(
    estimate: float, std_error: float, outcome_sd: float, *, conf_level: float = 0.95
) -> EValue:
    """Approximate E-value of a difference in a continuous outcome: RR = exp(0.91 d), d = estimate / outcome_sd.

    Raises
    ------
    EstimatorError : `outcome_sd` is not positive.
    """
    if not outcome_sd > 0:
        raise EstimatorError(Message("the outcome does not vary", "结果变量没有变异"))
    middle = RATIO_PER_SD * estimate / outcome_sd
    half = RATIO_PER_SD * float(ndtri(0.5 + conf_level / 2)) * std_error / outcome_sd
    return e_value(
        float(np.exp(middle)), conf_low=float(np.exp(middle - half)), conf_high=float(np.exp(middle + half))
    )


def _e_value(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return float(above + np.sqrt(above * (above - 1)))


def _equal_strength(f: float) -> float:
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def _cubic(found: Moments, r_max: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of 1, v, v^2, v^3: those free of delta and those that delta multiplies."""
    s, x, t = found.outcome_variance, found.treatment_variance, found.residual_variance
    gap, m = found.short - found.long, r_max - found.long_r2
    cube = t * x - t**2
    free = [0.0, -(found.long_r2 - found.short_r2) * s * t - x * t * gap**2, -2 * t * x * gap, -cube]
    times = [m * s * gap * x, m * s * (x - t), t * x * gap, cube]
    return np.array(free), np.array(times)
