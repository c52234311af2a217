"""Difference in differences of means between two waves of other people, adjusted for covariates.

Sant'Anna, Zhao (2020), Doubly robust difference-in-differences estimators, Journal of Econometrics 219: the
estimands for repeated cross-sections with a stationary composition of the groups; outcome regression, inverse
probability weights normalised within group and wave (Hajek), and the locally efficient doubly robust estimator,
which also regresses among the treated. Influence functions include the error of all nuisance models.

    Share vectors, each adding to one:  a1, a0 treated people of the later, the earlier wave;  d treated people of
    both;  b1, b0 comparison people of each wave, in the weighted methods times their odds of treatment p / (1 - p)
    g1, g0 coefficients among comparison people of each wave, h1, h0 among treated people
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.estimators import _adjust, _logit, _rank
from analysis.estimators._adjust import Difference
from analysis.estimators._cells import NotIdentifiedError


@dataclass(frozen=True, slots=True)
class Waves:
    """The people of one comparison.

    outcome, weight (m,) ; later (m,) whether asked in the later wave ; treated (m,) whether of the arm ;
    design (p + 1, m) ones, then covariates ; names of the covariates ; labels of the earlier and the later wave
    """

    outcome: np.ndarray
    weight: np.ndarray
    later: np.ndarray
    treated: np.ndarray
    design: np.ndarray
    names: tuple[str, ...]
    labels: tuple[int, int]

    def share(self, members: np.ndarray) -> np.ndarray:
        """(m,) weights of these people, adding to one."""
        weight = np.where(members, self.weight, 0.0)
        return weight / weight.sum()

    def odds(self, weighted: np.ndarray, later: bool) -> np.ndarray:
        """(m,) the comparison people's odds weights (m,) in one wave, adding to one."""
        weight = np.where(self.later == later, weighted, 0.0)
        if not weight.any():
            raise NotIdentifiedError(
                f"no overlap: the probability of treatment is above {_adjust.TRIM} for all comparison people "
                f"asked in {self.labels[later]}"
            )
        return weight / weight.sum()


@dataclass(frozen=True, slots=True)
class _Line:
    """A regression: coefficients (p + 1,), fitted (m,) for everyone, error (p + 1, m) of the coefficients."""

    coefficients: np.ndarray
    fitted: np.ndarray
    error: np.ndarray


def unadjusted(waves: Waves) -> Difference:
    """(a1 - a0 - b1 + b0) . outcome"""
    parts = [
        (sign, waves.share((waves.treated == group) & (waves.later == later))) for group, later, sign in _FOUR
    ]
    return _packed(*(_mean(sign, share, waves.outcome) for sign, share in parts))


def outcome_regression(waves: Waves, start: np.ndarray | None) -> Difference:
    """(a1 - a0) . outcome - d . x'(g1 - g0)

    `start` belongs to the common form; there is no propensity model to start.
    """
    g1, g0 = _line(waves, group=False, later=True), _line(waves, group=False, later=False)
    d = waves.share(waves.treated)
    mean_x = waves.design @ d
    effect, influence = _sum(
        _mean(1, waves.share(waves.treated & waves.later), waves.outcome),
        _mean(-1, waves.share(waves.treated & ~waves.later), waves.outcome),
        _mean(-1, d, g1.fitted - g0.fitted),
    )
    influence -= mean_x @ (g1.error - g0.error)
    return Difference(effect, influence, np.ones(len(d), dtype=bool))


def ipw(waves: Waves, start: np.ndarray | None) -> Difference:
    """(a1 - b1) . outcome - (a0 - b0) . outcome"""
    logit, weighted, used = _adjust.odds_weights(
        waves.treated, waves.weight, waves.design, waves.names, start
    )
    b1, b0 = waves.odds(weighted, True), waves.odds(weighted, False)
    effect, influence = _sum(
        _mean(1, waves.share(waves.treated & waves.later), waves.outcome),
        _mean(-1, waves.share(waves.treated & ~waves.later), waves.outcome),
        _mean(-1, b1, waves.outcome),
        _mean(1, b0, waves.outcome),
    )
    influence -= _odds_error(waves, logit, b1, waves.outcome) - _odds_error(waves, logit, b0, waves.outcome)
    return Difference(effect, influence, used, logit.coefficients)


def doubly_robust(waves: Waves, start: np.ndarray | None) -> Difference:
    """d . x'(h1 - g1) - d . x'(h0 - g0) - b1 . (outcome - x'g1) + b0 . (outcome - x'g0)

    The treated people's own residuals h1, h0 have mean zero in each wave, so that the terms a1, a0 of the published
    form cancel.
    """
    g1, g0 = _line(waves, group=False, later=True), _line(waves, group=False, later=False)
    h1, h0 = _line(waves, group=True, later=True), _line(waves, group=True, later=False)
    logit, weighted, used = _adjust.odds_weights(
        waves.treated, waves.weight, waves.design, waves.names, start
    )
    b1, b0, d = waves.odds(weighted, True), waves.odds(weighted, False), waves.share(waves.treated)
    rest1, rest0 = waves.outcome - g1.fitted, waves.outcome - g0.fitted
    effect, influence = _sum(
        _mean(1, d, (h1.fitted - g1.fitted) - (h0.fitted - g0.fitted)),
        _mean(-1, b1, rest1),
        _mean(1, b0, rest0),
    )
    mean_x = waves.design @ d
    influence += mean_x @ (h1.error - h0.error)
    influence -= (mean_x - waves.design @ b1) @ g1.error - (mean_x - waves.design @ b0) @ g0.error
    influence -= _odds_error(waves, logit, b1, rest1) - _odds_error(waves, logit, b0, rest0)
    return Difference(effect, influence, used, logit.coefficients)


METHODS: dict[str, Callable[[Waves, np.ndarray | None], Difference]] = {
    "doubly_robust": doubly_robust,
    "outcome_regression": outcome_regression,
    "ipw": ipw,
}
_FOUR = ((True, True, 1), (True, False, -1), (False, True, -1), (False, False, 1))  # treated, later, sign


def _mean(sign: int, share: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    """A signed weighted mean and its influence."""
    mean = float(share @ values)
    return sign * mean, sign * share * (values - mean)


def _sum(*parts: tuple[float, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(sum(part[0] for part in parts)), np.sum([part[1] for part in parts], axis=0)


def _packed(*parts: tuple[float, np.ndarray]) -> Difference:
    effect, influence = _sum(*parts)
    return Difference(effect, influence, np.ones(len(influence), dtype=bool))


def _line(waves: Waves, *, group: bool, later: bool) -> _Line:
    """Least squares among the treated (or the comparison) people of one wave."""
    inside = (waves.treated == group) & (waves.later == later)
    who = f"{int(inside.sum())} {'treated' if group else 'comparison'} people asked in {waves.labels[later]}"
    if inside.sum() <= len(waves.names):
        raise NotIdentifiedError(f"{who} are too few for {len(waves.names)} covariates and a constant")
    x = waves.design[:, inside]
    weighted = x * waves.weight[inside]
    gram = weighted @ x.T
    dependent = _rank.first_dependent_of_gram(gram)
    if dependent is not None:
        raise NotIdentifiedError(
            f"covariate {waves.names[dependent - 1]!r} does not vary by itself among the {who}"
        )
    bread = np.linalg.solve(gram, np.eye(len(gram)))
    coefficients = bread @ (weighted @ waves.outcome[inside])
    error = np.zeros(waves.design.shape)
    error[:, inside] = bread @ (weighted * (waves.outcome[inside] - coefficients @ x))
    return _Line(coefficients, coefficients @ waves.design, error)


def _odds_error(waves: Waves, logit: _logit.Logit, b: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(m,) what the error of the propensity model does to b . values."""
    gradient = waves.design @ (b * (values - b @ values))
    moved = np.linalg.solve(logit.information, gradient)
    return (moved @ waves.design) * waves.weight * (waves.treated - logit.probability)
