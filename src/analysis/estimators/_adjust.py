"""Difference in mean outcome change between an arm and its comparison units, adjusted for covariates.

Sant'Anna, Zhao (2020), Doubly robust difference-in-differences estimators, Journal of Econometrics 219: the
panel estimands of section 2, with weights normalised within each group (Hajek), a logit by maximum likelihood
and a regression by least squares; influence functions include the error of both. Several changes of the
outcome are adjusted at once, because the nuisance models need the covariates only.

    change (q, m)  q outcome changes of m units     treated (m,)  whether a unit belongs to the arm
    weight (m,)    sampling weight                  design (p + 1, m)  ones, then covariates
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.estimators import _logit, _rank
from analysis.estimators._cells import NotIdentifiedError

TRIM = 0.995  # comparison units with a higher probability of treatment are left out (DRDID 1.2 and later)
PROBABILITY_CEILING = 1 - 1e-6  # keeps the odds finite; matters for no unit that TRIM keeps


@dataclass(frozen=True, slots=True)
class Difference:
    """effect (q,); influence (q, m), whose sum of squares is the variance; used (m,), trimmed units excluded.

    propensity : coefficients of the propensity model, a start for the next one; None where there is none.
    """

    effect: np.ndarray
    influence: np.ndarray
    used: np.ndarray
    propensity: np.ndarray | None = None


def unadjusted(change: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> Difference:
    """Difference of the two weighted means."""
    a, b = _share(weight * treated), _share(weight * ~treated)
    mean_a, mean_b = change @ a, change @ b
    influence = (a - b) * change - np.outer(mean_a, a) + np.outer(mean_b, b)
    return Difference(mean_a - mean_b, influence, np.ones(len(treated), dtype=bool))


def doubly_robust(
    change: np.ndarray,
    treated: np.ndarray,
    weight: np.ndarray,
    design: np.ndarray,
    names: tuple[str, ...],
    start: np.ndarray | None,
) -> Difference:
    """Mean residual of the arm less that of comparison units weighted by their odds of treatment.

    theta = sum_i (a_i - b_i) (change_i - x_i' gamma),  a_i ~ weight D,  b_i ~ weight (1 - D) p / (1 - p),
    gamma from the comparison units. Consistent if either the odds or the regression is right.
    """
    gamma, gram = _regression(change, treated, weight, design, names)
    logit, b, used = _odds_weights(treated, weight, design, names, start)
    a = _share(weight * treated)
    residual = change - gamma.T @ design
    mean_a, mean_b = residual @ a, residual @ b
    # gamma's own error enters as far as the two groups' weighted covariates differ
    leverage = np.linalg.solve(gram, design @ (a - b)) @ design
    own = a - b - weight * ~treated * leverage
    odds_error = np.linalg.solve(logit.information, _odds_gradient(residual, mean_b, b, design))
    influence = own * residual - np.outer(mean_a, a) + np.outer(mean_b, b)
    influence -= odds_error.T @ (weight * (treated - logit.probability) * design)
    return Difference(mean_a - mean_b, influence, used, logit.coefficients)


def outcome_regression(
    change: np.ndarray,
    treated: np.ndarray,
    weight: np.ndarray,
    design: np.ndarray,
    names: tuple[str, ...],
    start: np.ndarray | None,
) -> Difference:
    """Mean change of the arm less its prediction from a regression among the comparison units.

    `start` belongs to the common form; there is no propensity model to start.
    """
    gamma, gram = _regression(change, treated, weight, design, names)
    a = _share(weight * treated)
    residual = change - gamma.T @ design
    effect = residual @ a
    leverage = np.linalg.solve(gram, design @ a) @ design
    influence = (a - weight * ~treated * leverage) * residual - np.outer(effect, a)
    return Difference(effect, influence, np.ones(len(treated), dtype=bool))


def ipw(
    change: np.ndarray,
    treated: np.ndarray,
    weight: np.ndarray,
    design: np.ndarray,
    names: tuple[str, ...],
    start: np.ndarray | None,
) -> Difference:
    """Mean change of the arm less that of comparison units weighted by their odds of treatment."""
    logit, b, used = _odds_weights(treated, weight, design, names, start)
    a = _share(weight * treated)
    mean_a, mean_b = change @ a, change @ b
    odds_error = np.linalg.solve(logit.information, _odds_gradient(change, mean_b, b, design))
    influence = (a - b) * change - np.outer(mean_a, a) + np.outer(mean_b, b)
    influence -= odds_error.T @ (weight * (treated - logit.probability) * design)
    return Difference(mean_a - mean_b, influence, used, logit.coefficients)


METHODS: dict[str, Callable[..., Difference]] = {
    "doubly_robust": doubly_robust,
    "outcome_regression": outcome_regression,
    "ipw": ipw,
}


def _share(weight: np.ndarray) -> np.ndarray:
    return weight / weight.sum()


def _odds_gradient(change: np.ndarray, mean: np.ndarray, b: np.ndarray, design: np.ndarray) -> np.ndarray:
    return (b * design) @ change.T - np.outer(design @ b, mean)


def _regression(
    change: np.ndarray, treated: np.ndarray, weight: np.ndarray, design: np.ndarray, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (p + 1, q) among the comparison units and their cross products."""
    untreated = ~treated
    if untreated.sum() <= len(names):
        raise NotIdentifiedError(
            f"{int(untreated.sum())} comparison units are too few for {len(names)} covariates and a constant"
        )
    weighted = design[:, untreated] * weight[untreated]
    gram = weighted @ design[:, untreated].T
    dependent = _rank.first_dependent_of_gram(gram)
    if dependent is not None:
        raise NotIdentifiedError(
            f"covariate {names[dependent - 1]!r} does not vary by itself among the {int(untreated.sum())} "
            "comparison units"
        )
    return np.linalg.solve(gram, weighted @ change[:, untreated].T), gram


def _odds_weights(
    treated: np.ndarray,
    weight: np.ndarray,
    design: np.ndarray,
    names: tuple[str, ...],
    start: np.ndarray | None,
) -> tuple[_logit.Logit, np.ndarray, np.ndarray]:
    """Propensity model, the comparison units' normalised odds and which units are used."""
    logit, odds, used = odds_weights(treated, weight, design, names, start)
    if not odds.any():
        raise NotIdentifiedError(
            f"no overlap: the probability of treatment is above {TRIM} in all {int((~treated).sum())} "
            "comparison units"
        )
    return logit, _share(odds), used


def odds_weights(
    treated: np.ndarray,
    weight: np.ndarray,
    design: np.ndarray,
    names: tuple[str, ...],
    start: np.ndarray | None,
) -> tuple[_logit.Logit, np.ndarray, np.ndarray]:
    """Propensity model, weight x odds of the comparison units (zero of others and of trimmed ones), who is used."""
    dependent = _rank.first_dependent(design)
    if dependent is not None:
        raise NotIdentifiedError(
            f"covariate {names[dependent - 1]!r} does not vary by itself among the {len(treated)} units "
            "compared"
        )
    try:
        logit = _logit.fit(design, treated, weight, start=start)
    except _logit.SeparationError as error:
        raise NotIdentifiedError(_separation(error, treated, design, names)) from error
    used = treated | (logit.probability < TRIM)
    probability = np.minimum(logit.probability, PROBABILITY_CEILING)
    odds = np.where(used & ~treated, weight * probability / (1 - probability), 0.0)
    return logit, odds, used


def _separation(
    error: _logit.SeparationError, treated: np.ndarray, design: np.ndarray, names: tuple[str, ...]
) -> str:
    n_treated, n_others = int(treated.sum()), int((~treated).sum())
    apart = f"{n_treated} treated from {n_others} comparison units; no overlap"
    for name, column in zip(names, design[1:], strict=True):
        inside, outside = column[treated], column[~treated]
        if inside.min() > outside.max() or inside.max() < outside.min():
            return f"covariate {name!r} separates {apart}"
        if np.ptp(inside) == 0 and inside[0] in (outside.min(), outside.max()):
            return (
                f"covariate {name!r} takes one extreme value in all {n_treated} treated units, so the odds "
                'of treatment cannot be estimated; adjustment = "outcome_regression" needs none'
            )
    strongest = names[int(np.argmax(np.abs(error.coefficients[1:] * design[1:].std(axis=1))))]
    return f"the covariates together, {strongest!r} most, separate {apart}"
