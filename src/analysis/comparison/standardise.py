"""Effects of each model on one declared population of villages: which model for villages like these?

Own effects compare villages as much as models: where richer villages gain more and choose other models, they rank the
villages. With gains d_i, X_i moderators, one slope for all models,

    d_i = a_m + X_i'g + e_i,   theta_m = dbar_m + (Xbar* - Xbar_m)'g

dbar_m, Xbar_m: weighted means over the model's villages, Xbar*: mean of the declared population F*. With villages
weighted equally this is the regression prediction at Xbar*; with inverse probability weights it is augmented
weighting, consistent if either the slopes or the probabilities are right (Cattaneo 2010, Journal of Econometrics 155);
with overlap weights its population is the villages that could have chosen any model (Li, Li 2019, Annals of Applied
Statistics 13). F* and the probabilities are taken as given: the error is that of gains and fitted values.

What it rests on and no data can test: given X, villages that chose another model would have gained the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison import overlap
from analysis.comparison.effects_by_model import ModelEffects, assemble, large_enough
from analysis.comparison.errors import ComparisonError
from analysis.comparison.gains import SHOWN, Gains
from analysis.estimators import _rank
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Population:
    """The villages that effects are standardised to: a name, (N, p) covariates, (N,) weights not negative."""

    name: str
    covariates: np.ndarray
    weight: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(p,) weighted means."""
        return np.average(self.covariates, axis=0, weights=self.weight)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a model's villages lie from the population, in its standard deviations.

    models : (J,); covariates : (p,); standardised : (J, p) mean of the model less that of the population
    slope : (p,) what the gain changes per unit of each covariate; moved : (J,) what standardising added to the effect
    """

    models: tuple[str, ...]
    covariates: tuple[str, ...]
    standardised: np.ndarray
    slope: np.ndarray
    moved: np.ndarray


def adopters(found: Gains) -> Population:
    """The population of all adopting villages seen through the window."""
    return Population("adopters", found.covariates, found.weight)


def overlap_population(found: Gains, scores: overlap.Scores) -> Population:
    """The population of villages that could plausibly have chosen any model, h(X) = 1 / sum_k 1 / e_k(X)."""
    return Population("overlap", found.covariates, found.weight * overlap.tilting(scores))


def common_slope(
    found: Gains,
    population: Population,
    *,
    minimum: int = SHOWN,
    unclassified: tuple[str, ...] = ("M00",),
) -> ModelEffects:
    """Effects of the models on the population, by one slope for all models and an intercept for each.

    Raises
    ------
    ComparisonError : covariates of another number, missing, or that do not vary within models by themselves.
    """
    models = large_enough(found, minimum)
    within = np.array([np.where(found.model == model, found.weight, 0.0) for model in models])
    return _standardised(found, models, within, population, unclassified)


def augmented(
    found: Gains,
    scores: overlap.Scores,
    population: Population,
    *,
    minimum: int = SHOWN,
    unclassified: tuple[str, ...] = ("M00",),
) -> ModelEffects:
    """The same with villages weighted by population weight over the probability of the model they chose.

    `population` must hold the villages of `found` in their order, as `adopters` and `overlap_population` do.

    Raises
    ------
    ComparisonError : another population; models without a probability; as in `common_slope`.
    """
    if population.covariates.shape != found.covariates.shape or not np.array_equal(
        population.covariates, found.covariates
    ):
        raise ComparisonError(
            Message(
                f"weights by probability need the adopting villages themselves as population, not {population.name!r}; "
                "use common_slope for others",
                f"按概率加权要求目标总体就是组建村本身，而不是 {population.name!r}；其他总体请用 common_slope",
            )
        )
    models = large_enough(found, minimum)
    position = [scores.position(model) for model in models]
    inside = np.array([found.model == model for model in models])
    within = np.where(inside, population.weight / scores.probability[:, position].T, 0.0)
    return _standardised(found, models, within, population, unclassified)


def distance(found: Gains, population: Population, models: tuple[str, ...]) -> Distance:
    """How far each model's villages are from the population: beyond a standard deviation it is extrapolation."""
    _require(found, population)
    inside = np.array([np.where(found.model == model, found.weight, 0.0) for model in models])
    means = (inside @ found.covariates) / inside.sum(axis=1, keepdims=True)
    spread = np.sqrt(
        np.average((population.covariates - population.mean) ** 2, axis=0, weights=population.weight)
    )
    gap = means - population.mean
    slope = _slopes(found, models) @ found.gain
    standardised = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    return Distance(models, found.covariate_names, standardised, slope, -gap @ slope)


def _standardised(
    found: Gains,
    models: tuple[str, ...],
    within: np.ndarray,
    population: Population,
    unclassified: tuple[str, ...],
) -> ModelEffects:
    _require(found, population)
    within = within / within.sum(axis=1, keepdims=True)
    slopes = _slopes(found, models)
    weights = within + (population.mean - within @ found.covariates) @ slopes
    inside = np.array([found.model == model for model in models])
    equal = inside * found.weight
    equal = equal / equal.sum(axis=1, keepdims=True)
    used = inside.any(axis=0)
    centred = np.where(used[:, None], found.covariates - inside.T @ (equal @ found.covariates), 0.0)
    residual = np.where(used, found.gain - inside.T @ (equal @ found.gain), 0.0) - centred @ (
        slopes @ found.gain
    )
    leverage = equal.sum(axis=0) + np.einsum("np,pn->n", centred, slopes)
    largest = np.where(inside, within, 0.0).sum(
        axis=0
    )  # a village that carries its model alone shows no error
    return assemble(
        found, models, weights, residual, np.maximum(leverage, largest), population=population.name,
        unclassified=unclassified, n_slopes=len(slopes),
    )  # fmt: skip


def _slopes(found: Gains, models: tuple[str, ...]) -> np.ndarray:
    """(p, n) g = slopes @ gain: least squares within models, villages of other models with weight zero."""
    inside = np.array([found.model == model for model in models])
    weight = np.where(inside.any(axis=0), found.weight, 0.0)
    equal = inside * found.weight
    equal = equal / equal.sum(axis=1, keepdims=True)
    centred = found.covariates - inside.T @ (equal @ found.covariates)
    overall = found.covariates - np.average(found.covariates, axis=0, weights=found.weight)
    gram = (centred * weight[:, None]).T @ centred
    flat = np.diag(gram) <= _rank.TOLERANCE * np.maximum((overall**2).T @ found.weight, np.finfo(float).tiny)
    dependent = int(np.flatnonzero(flat)[0]) if flat.any() else _rank.first_dependent_of_gram(gram)
    if dependent is not None:
        name = found.covariate_names[dependent]
        raise ComparisonError(
            Message(
                f"covariate {name!r} does not vary by itself within models, so villages of different models cannot be "
                "made alike in it; leave it out",
                f"协变量 {name!r} 在各模式内部没有独立的变化，无法据此使不同模式的村庄可比；请剔除",
            )
        )
    return (
        np.linalg.solve(gram, (centred * weight[:, None]).T) if len(gram) else np.zeros((0, len(found.gain)))
    )


def _require(found: Gains, population: Population) -> None:
    n, p = population.covariates.shape
    if p != len(found.covariate_names) or n == 0 or population.weight.shape != (n,):
        raise ComparisonError(
            Message(
                f"population {population.name!r} has {p} covariates of {n} villages; it needs "
                f"{', '.join(found.covariate_names) or 'none'}, and one weight per village",
                f"总体 {population.name!r} 有 {n} 个村、{p} 个协变量；需要的协变量：{'、'.join(found.covariate_names) or '无'}，且每村一个权重",
            )
        )
    weight = population.weight
    if not np.isfinite(population.covariates).all() or (weight < 0).any() or not weight.sum() > 0:
        raise ComparisonError(
            Message(
                f"population {population.name!r} has missing covariates or weights that are not positive",
                f"总体 {population.name!r} 有缺失的协变量或非正的权重",
            )
        )
