"""Data envelopment analysis (数据包络分析): how far inputs could shrink if a unit did as the best ones do.

Charnes, Cooper, Rhodes (1978), European Journal of Operational Research 2: constant returns (CCR). Banker, Charnes, Cooper
(1984), Management Science 30: variable returns (BCC). Bias and intervals: Simar, Wilson (1998), Management Science 44;
(2000), Journal of Applied Statistics 27. Scores are no outcomes of a regression: Simar, Wilson (2007), Journal of
Econometrics 136.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index._envelope import measures, radial, total_slack
from analysis.comparison.index._indicators import one_of
from analysis.messages import Message

PER_MEASURE = (
    3  # units per input and output below which nearly all are efficient; rule of Banker et al. (1989)
)
ON_FRONTIER = 1e-6  # distance from 1 that rounding explains
SLACK = 1e-6  # share of own amounts


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Input efficiency of n units, between 0 and 1 (1 = nobody does the same with proportionally less).

    constant, variable : (n,) CCR and BCC scores;  scale : (n,) constant / variable
    returns_to_scale : (n,) constant, increasing or decreasing, at the unit's frontier point
    slack_constant, slack_variable : (n,) radially efficient, yet some input could still fall or some output rise
    n_units, n_measures : counts;  crowded : fewer than three units per input and output, so scores say little
    """

    constant: np.ndarray
    variable: np.ndarray
    scale: np.ndarray
    returns_to_scale: np.ndarray
    slack_constant: np.ndarray
    slack_variable: np.ndarray
    n_units: int
    n_measures: int
    crowded: bool

    @property
    def efficient_constant(self) -> np.ndarray:
        """(n,) efficient under constant returns, without slack."""
        return (self.constant >= 1 - ON_FRONTIER) & ~self.slack_constant

    @property
    def efficient_variable(self) -> np.ndarray:
        """(n,) efficient under variable returns, without slack."""
        return (self.variable >= 1 - ON_FRONTIER) & ~self.slack_variable


@dataclass(frozen=True, slots=True)
class BootstrapEfficiency:
    """Input efficiency with its bias taken off, and intervals; n units.

    estimate : (n,) as observed, too high because the true frontier lies beyond the best unit seen
    bias : (n,) estimated;  corrected : (n,) estimate - bias
    conf_low, conf_high : (n,) pointwise basic bootstrap limits
    noisy : (n,) the correction adds more noise than it takes off bias (bias^2 < 3 variance): read the estimate
    bandwidth : smoothing of resampled scores;  draws : resamples;  returns : constant or variable
    """

    estimate: np.ndarray
    bias: np.ndarray
    corrected: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    noisy: np.ndarray
    bandwidth: float
    draws: int
    returns: str


def efficiency(inputs: np.ndarray, outputs: np.ndarray) -> Efficiency:
    """CCR, BCC and scale efficiency of every unit, input-oriented, with slack and returns to scale.

    theta_o = min theta s.t. X l <= theta x_o, Y l >= y_o, l >= 0  (CCR);  sum l = 1 too (BCC);  scale = CCR / BCC.
    Where scale < 1: decreasing returns if the score under sum l <= 1 equals the BCC score, increasing if not
    (Faere, Grosskopf, Lovell 1985, The Measurement of Efficiency of Production).

    Parameters
    ----------
    inputs : (n, m), outputs : (n, s), any units, not negative; (n,) for a single one.

    Raises
    ------
    ComparisonError : missing or negative cells, units without any input or output.
    """
    x, y = measures(inputs, outputs)
    n, width = len(x), x.shape[1] + y.shape[1]
    constant, variable = (radial(x, y, x, y, returns) for returns in ("constant", "variable"))
    constant, variable = np.minimum(constant, 1.0), np.minimum(variable, 1.0)  # above 1 by rounding only
    scale = np.minimum(constant / variable, 1.0)
    off = np.flatnonzero(scale < 1 - ON_FRONTIER)
    kind = np.full(n, "constant", dtype="<U10")
    if off.size:
        fewer = radial(x[off], y[off], x, y, "non_increasing")
        same = np.abs(fewer - variable[off]) <= ON_FRONTIER
        kind[off] = np.where(same, "decreasing", "increasing")
    slack = []
    for score, returns in ((constant, "constant"), (variable, "variable")):
        at = np.flatnonzero(score >= 1 - ON_FRONTIER)
        has = np.zeros(n, dtype=bool)
        has[at] = total_slack(x[at], y[at], x, y, returns) > SLACK
        slack.append(has)
    return Efficiency(constant, variable, scale, kind, *slack, n, width, n < PER_MEASURE * width)


def bootstrap_efficiency(
    inputs: np.ndarray,
    outputs: np.ndarray,
    *,
    returns: str = "variable",
    alpha: float = 0.05,
    draws: int = 1_000,
    seed: int = 0,
) -> BootstrapEfficiency:
    """Efficiency scores less their bias, with intervals, by the smoothed homogeneous bootstrap.

    theta*_i = beta* + h e with beta* drawn from the scores, reflected at 1;  x*_i = x_i theta_i / theta*_i;
    scores of the units against (x*, y) are the draws.  bias = mean of draws - theta (Simar, Wilson 1998);
    limits theta - quantiles of (draws - theta) (Simar, Wilson 2000).
    h = 1.06 min(sd, IQR/1.34) n^(-1/5) sd(theta) / sd over inefficient scores reflected at 1 (Daraio, Simar 2007,
    Advanced Robust and Nonparametric Methods in Efficiency Analysis).
    Simar, Wilson (1998) then shrink theta* towards its mean to restore its variance. That also moves the frontier of the
    resamples inward, by more than the bias sought: intervals with it cover the truth rarely (a test shows it), so it is
    left out here.
    Assumes that inefficiency has one distribution whatever the unit's size and mix, and that some units come close to the
    frontier; where none do, intervals lie too high.

    Parameters
    ----------
    inputs : (n, m), outputs : (n, s) as for `efficiency`; returns : constant or variable.

    Raises
    ------
    ComparisonError : fewer than three units per input and output, fewer than three inefficient units. Also as
    `efficiency`.
    """
    one_of("returns", returns, ("constant", "variable"))
    x, y = measures(inputs, outputs)
    n, width = len(x), x.shape[1] + y.shape[1]
    if n < PER_MEASURE * width:
        raise ComparisonError(
            Message(
                f"{n} units are too few for {width} inputs and outputs; at least {PER_MEASURE * width} units, "
                "or fewer indicators (run on cooperatives, not on models)",
                f"{width} 项投入产出至少需要 {PER_MEASURE * width} 个单位，现有 {n} 个；请减少指标，或以合作社而非模式为单位",
            )
        )
    theta = np.minimum(radial(x, y, x, y, returns), 1.0)
    h = _bandwidth(theta)
    rng = np.random.default_rng(seed)
    drawn = np.empty((draws, n))
    for b in range(draws):
        pseudo = _pseudo_scores(theta, h, rng)
        drawn[b] = radial(x, y, x * (theta / pseudo)[:, None], y, returns)
    bias = drawn.mean(axis=0) - theta
    low, high = np.quantile(drawn - theta, [alpha / 2, 1 - alpha / 2], axis=0)
    noisy = bias**2 < 3 * drawn.var(axis=0, ddof=1)
    return BootstrapEfficiency(theta, bias, theta - bias, theta - high, theta - low, noisy, h, draws, returns)


def _bandwidth(theta: np.ndarray) -> float:
    below = theta[theta < 1 - ON_FRONTIER]
    if len(below) < 3:
        raise ComparisonError(
            Message(
                f"only {len(below)} of {len(theta)} units are inefficient; there is nothing to resample. "
                "Take fewer inputs and outputs",
                f"{len(theta)} 个单位中只有 {len(below)} 个无效率，无从抽样；请减少投入产出指标",
            )
        )
    mirrored = np.concatenate([below, 2 - below])
    spread = mirrored.std(ddof=1)
    quartiles = np.quantile(mirrored, [0.25, 0.75])
    narrow = min(spread, (quartiles[1] - quartiles[0]) / 1.34)
    return float(1.06 * narrow * len(theta) ** -0.2 * theta.std(ddof=1) / spread)


def _pseudo_scores(theta: np.ndarray, h: float, rng: np.random.Generator) -> np.ndarray:
    """Scores (n,) drawn from the smoothed distribution of theta, which ends at 1 as the scores do."""
    smooth = rng.choice(theta, size=len(theta)) + h * rng.standard_normal(len(theta))
    smooth = np.where(smooth > 1, 2 - smooth, smooth)
    # below 0 a pseudo-unit would need negative inputs; the kernel is cut at half of the least score seen
    return np.maximum(smooth, theta.min() / 2)
