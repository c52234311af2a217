"""What a posterior of the arms' effects says: points, intervals, who beats whom, ranks.

The posterior comes as a mixture of normals (Mixture). Points, intervals and pairwise probabilities are those of the
mixture itself, to machine precision; ranks and losses are counted over draws from it, because the chance of having rank
r among J correlated effects has no closed form. Showing all ranks rather than the most probable one follows Goldstein,
Spiegelhalter (1996), J. Royal Statistical Society A 159, 385.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

PLANNED_SHARE = (
    0.6  # prior scale of tau over the planned mean effect (Röver et al. 2021, Res. Synth. Meth. 12, 448)
)
FAMILIES = ("half_normal", "uniform")
REACH = 7.0  # scales of a half-normal beyond which 3e-12 of its mass lies
BLOCK = 2**22  # numbers held at once while drawing


@dataclass(frozen=True, slots=True)
class Prior:
    """What is taken as plausible for tau, the spread of true effects between arms, before the data.

    family : "half_normal" with `scale`, or "uniform" on (0, scale)
    scale : outcome unit
    """

    family: str
    scale: float

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            choices = ", ".join(FAMILIES)
            raise ComparisonError(
                Message(
                    f"no prior {self.family!r}; choose {choices}",
                    f"没有先验 {self.family!r}；可选：{choices}",
                )
            )
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ComparisonError(
                Message(
                    f"prior scale {self.scale} is not a positive number in the outcome's unit; use {PLANNED_SHARE} times the planned mean effect",
                    f"先验尺度 {self.scale} 不是正数（单位同结果变量）；请用计划平均效应的 {PLANNED_SHARE} 倍",
                )
            )

    @property
    def limit(self) -> float:
        """The largest tau considered, outcome unit."""
        return self.scale * (REACH if self.family == "half_normal" else 1.0)

    def log(self, tau: np.ndarray) -> np.ndarray:
        """Log density up to a constant."""
        return -0.5 * (tau / self.scale) ** 2 if self.family == "half_normal" else np.zeros_like(tau)

    def times(self, factor: float) -> Prior:
        """The same family with its scale multiplied."""
        return Prior(self.family, self.scale * factor)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A posterior as K normals, one per value of tau (and of the arms' scales, where effects have heavy tails).

    weight, tau : (K,); level, level_sd : (K,) mean and sd of mu
    mean : (K, J); factor : (K, J, J + 1), covariance = factor @ factor', its last column goes with mu
    own : (K, J) weight of an arm's own estimate in its mean
    """

    weight: np.ndarray
    tau: np.ndarray
    level: np.ndarray
    level_sd: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    own: np.ndarray

    def quantiles(self, probabilities: Sequence[float]) -> np.ndarray:
        """(len(probabilities), J) quantiles of each arm's effect, by root finding on the mixture."""
        sd = np.sqrt((self.factor**2).sum(axis=2))
        return mixture_quantiles(self.weight, self.mean, sd, probabilities)


@dataclass(frozen=True, slots=True)
class Pooled:
    """What is believed about J arms after pooling; larger is better.

    effects : "normal" or "t" with the degrees of freedom; prior : of tau
    mean, sd, low, high : (J,) posterior mean, sd and equal-tailed 1 - alpha interval, outcome unit
    covariance : (J, J) of the posterior
    own_weight : (J,) weight of the arm's own estimate, 0 (all from the others) to 1
    level, level_sd, level_low, level_high : mu; tau, tau_low, tau_high : mean and interval of tau
    better : (J, J) probability that the arm of the row is better than that of the column, 0.5 on the diagonal
    ranks : (J, J) probability that the arm of the row has rank 1, 2, ... ; rows and columns sum to 1
    p_best, expected_rank, expected_loss : (J,) first column of `ranks`, mean rank, mean distance to the best
    draws : (draws, J) of the posterior; posterior : the mixture itself
    """

    effects: str
    prior: Prior
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    covariance: np.ndarray
    own_weight: np.ndarray
    level: float
    level_sd: float
    level_low: float
    level_high: float
    tau: float
    tau_low: float
    tau_high: float
    better: np.ndarray
    ranks: np.ndarray
    p_best: np.ndarray
    expected_rank: np.ndarray
    expected_loss: np.ndarray
    draws: np.ndarray
    posterior: Mixture


def planned_prior(mean_effect: float) -> Prior:
    """Half-normal prior on tau whose scale is 0.6 times the mean effect that was planned for, outcome unit."""
    return Prior("half_normal", PLANNED_SHARE * abs(mean_effect))


def rank_matrix(draws: np.ndarray) -> np.ndarray:
    """(J, J) shares of draws in which the arm of the row has rank 1 (largest), 2, ... among its row of draws."""
    n, arms = draws.shape
    position = np.argsort(-draws, axis=1, kind="stable")  # column r holds the arm of rank r + 1
    counts = np.zeros((arms, arms))
    for rank in range(arms):
        counts[:, rank] = np.bincount(position[:, rank], minlength=arms)
    return counts / n


def credible_best(p_best: np.ndarray, *, level: float = 0.9) -> np.ndarray:
    """(J,) booleans: the arms, most probable first, that together hold the best one with probability `level`."""
    order = np.argsort(-p_best, kind="stable")
    before = np.concatenate(([0.0], np.cumsum(p_best[order])[:-1]))
    chosen = np.zeros(len(p_best), dtype=bool)
    chosen[order[before < level - 1e-12]] = True
    return chosen


def summarise(
    mixture: Mixture, prior: Prior, effects: str, *, alpha: float, draws: int, rng: np.random.Generator
) -> Pooled:
    """Everything that is reported about a posterior; `effects` names the distribution of the true effects."""
    weight = mixture.weight
    probabilities = (alpha / 2, 1 - alpha / 2)
    low, high = mixture.quantiles(probabilities)
    level_low, level_high = mixture_quantiles(
        weight, mixture.level[:, None], mixture.level_sd[:, None], probabilities
    )[:, 0]
    tau_low, tau_high = _weighted_quantiles(mixture.tau, weight, probabilities)
    mean, level = weight @ mixture.mean, float(weight @ mixture.level)
    apart = mixture.mean - mean
    within = np.tensordot(weight, mixture.factor @ np.swapaxes(mixture.factor, 1, 2), axes=1)
    covariance = within + apart.T @ (weight[:, None] * apart)
    level_variance = weight @ (mixture.level_sd**2 + (mixture.level - level) ** 2)
    drawn = draw(mixture, draws, rng)
    ranks = rank_matrix(drawn)
    return Pooled(
        effects=effects,
        prior=prior,
        mean=mean,
        sd=np.sqrt(np.diag(covariance)),
        low=low,
        high=high,
        covariance=covariance,
        own_weight=weight @ mixture.own,
        level=level,
        level_sd=float(np.sqrt(level_variance)),
        level_low=float(level_low),
        level_high=float(level_high),
        tau=float(weight @ mixture.tau),
        tau_low=tau_low,
        tau_high=tau_high,
        better=probability_better(mixture),
        ranks=ranks,
        p_best=ranks[:, 0].copy(),
        expected_rank=ranks @ np.arange(1, len(mean) + 1),
        expected_loss=(drawn.max(axis=1, keepdims=True) - drawn).mean(axis=0),
        draws=drawn,
        posterior=mixture,
    )


def draw(mixture: Mixture, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, J) effects from the mixture; components come in proportion to their weight, in random order."""
    even = (np.arange(draws) + rng.random(draws)) / draws
    cumulative = np.cumsum(mixture.weight)
    chosen = np.minimum(np.searchsorted(cumulative / cumulative[-1], even), len(cumulative) - 1)
    chosen = rng.permutation(chosen)
    arms = mixture.mean.shape[1]
    normal = rng.standard_normal((draws, arms + 1))
    drawn = np.empty((draws, arms))
    step = max(1, BLOCK // (arms * (arms + 1)))
    for start in range(0, draws, step):
        part = slice(start, start + step)
        moved = (mixture.factor[chosen[part]] @ normal[part][..., None])[..., 0]
        drawn[part] = mixture.mean[chosen[part]] + moved
    return drawn


def probability_better(mixture: Mixture) -> np.ndarray:
    """(J, J) probability that the row's effect exceeds the column's, 0.5 on the diagonal."""
    arms = mixture.mean.shape[1]
    better = np.full((arms, arms), 0.5)
    for j in range(arms - 1):
        gap = mixture.mean[:, j, None] - mixture.mean[:, j + 1 :]
        spread = np.sqrt(((mixture.factor[:, j, None] - mixture.factor[:, j + 1 :]) ** 2).sum(axis=2))
        better[j, j + 1 :] = mixture.weight @ ndtr(gap / spread)
        better[j + 1 :, j] = 1 - better[j, j + 1 :]
    return better


def mixture_quantiles(
    weight: np.ndarray, mean: np.ndarray, sd: np.ndarray, probabilities: Sequence[float]
) -> np.ndarray:
    """(P, J) quantiles of J mixtures of K normals, mean and sd (K, J), by Newton steps kept inside a bracket."""
    p = np.asarray(probabilities, dtype=float)[:, None]
    reach = np.abs(ndtri(p)) + 1
    low = (mean - reach[..., None] * sd).min(axis=1)
    high = (mean + reach[..., None] * sd).max(axis=1)
    middle = weight @ mean
    at = middle + ndtri(p) * np.sqrt(
        weight @ (sd**2 + (mean - middle) ** 2)
    )  # of the normal with these moments
    at = np.clip(at, low, high)
    for _ in range(200):
        z = (at[:, None, :] - mean) / sd
        excess = np.tensordot(ndtr(z), weight, axes=(1, 0)) - p
        slope = np.tensordot(np.exp(-0.5 * z**2) / sd, weight, axes=(1, 0)) / np.sqrt(2 * np.pi)
        low, high = np.where(excess < 0, at, low), np.where(excess < 0, high, at)
        step = np.divide(excess, slope, out=np.full_like(at, np.inf), where=slope > 0)
        inside = (at - step >= low) & (at - step <= high)
        following = np.where(inside, at - step, (low + high) / 2)
        moved = np.abs(following - at).max()
        at = following
        if moved <= 1e-9 * sd.max():
            break
    return at


def _weighted_quantiles(
    value: np.ndarray, weight: np.ndarray, probabilities: Sequence[float]
) -> tuple[float, ...]:
    """Quantiles of a distribution given at points, between which its distribution function is taken as straight."""
    order = np.argsort(value, kind="stable")
    below = np.cumsum(weight[order]) - weight[order] / 2
    return tuple(float(np.interp(p, below, value[order])) for p in probabilities)
