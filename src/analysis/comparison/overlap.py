"""Whether villages that chose different models can be compared: probabilities, effective numbers, balance.

Probabilities of the models among adopters: ridge multinomial logit (Imbens 2000, Biometrika 87). Weights:

    inverse   w_im = 1{M_i = m} t_i / e_m(X_i)           towards the adopters, t_i their weight
    overlap   w_im = 1{M_i = m} t_i h(X_i) / e_m(X_i)    towards villages that could have chosen any model,
              h(X) = 1 / sum_k 1 / e_k(X)                (Li, Li 2019, Annals of Applied Statistics 13)

Per model: the effective number (sum w)^2 / sum w^2 (Kish), the largest share of one village, and the standardised
differences (weighted mean of the model less the mean of the target, in its standard deviations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison import multinomial
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

FLOOR = 0.02  # smallest probability used; models of five villages average 0.02 to 0.03
NUMBER_A, NUMBER_B = 10.0, 5.0  # effective villages from which grade A, B is open
IMBALANCE_A, IMBALANCE_B = 0.10, 0.25  # largest standardised difference up to which grade A, B is open


@dataclass(frozen=True, slots=True)
class Scores:
    """Probability of each model for each adopting village.

    models : (J,); probability : (n, J), at least `floor`, rows then need not add to one
    n_floored : (J,) villages of the model whose probability of their own model was raised to the floor
    smallest : (J,) smallest probability, before the floor, of the model among its own villages
    """

    models: tuple[str, ...]
    probability: np.ndarray
    floor: float
    n_floored: np.ndarray
    smallest: np.ndarray

    def position(self, model: str) -> int:
        """Column of a model; ComparisonError names those there are."""
        if model not in self.models:
            told = ", ".join(self.models)
            raise ComparisonError(
                Message(
                    f"no probability of model {model!r}; there are {told}",
                    f"没有模式 {model!r} 的概率；现有：{told}",
                )
            )
        return self.models.index(model)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Comparability of J models under one set of weights, p covariates.

    n, effective_number, largest_share : (J,) villages, their effective number, largest weight of one village
    before, after : (J, p) standardised differences to the target, unweighted and weighted
    grade : (J,) best evidence grade that stays open, A, B or C; reasons : (J,) keys of what closed A,
        of small_number, few_effective, imbalance, large_imbalance
    """

    models: tuple[str, ...]
    covariates: tuple[str, ...]
    n: np.ndarray
    effective_number: np.ndarray
    largest_share: np.ndarray
    before: np.ndarray
    after: np.ndarray
    grade: tuple[str, ...]
    reasons: tuple[tuple[str, ...], ...]

    @property
    def imbalance(self) -> np.ndarray:
        """(J,) largest absolute standardised difference after weighting."""
        return np.abs(self.after).max(axis=1, initial=0.0)


def scores(
    model: np.ndarray, covariates: np.ndarray, weight: np.ndarray, *, ridge: float = 1.0, floor: float = FLOOR
) -> Scores:
    """Probabilities fitted on all adopters at once.

    Parameters
    ----------
    model : (n,) text; covariates : (n, p), two or three; weight : (n,); ridge : penalty on standardised slopes.

    Raises
    ------
    ComparisonError : one model only, missing covariates, or a floor outside 0 to 1 / J.
    """
    names, code = _coded(model, covariates, floor)
    fitted = multinomial.ridge_fit(covariates, code, weight, strength=ridge)
    return _floored(names, code, fitted.probability, floor)


def cross_fitted(
    model: np.ndarray,
    covariates: np.ndarray,
    weight: np.ndarray,
    *,
    folds: int = 5,
    seed: int,
    ridge: float = 1.0,
    floor: float = FLOOR,
) -> Scores:
    """The same with every village's probabilities fitted without its fold; folds are drawn within models."""
    names, code = _coded(model, covariates, floor)
    fold = _folds(code, folds, np.random.default_rng(seed))
    probability = np.empty((len(code), len(names)))
    for one in np.unique(fold):
        out = fold == one
        fitted = multinomial.ridge_fit(covariates[~out], code[~out], weight[~out], strength=ridge)
        probability[out] = multinomial.predicted(fitted, covariates[~out], covariates[out], weight[~out])
    return _floored(names, code, probability, floor)


def tilting(found: Scores) -> np.ndarray:
    """(n,) h(X) = 1 / sum_k 1 / e_k(X), at most 1 / J^2, highest where all models are equally likely."""
    return 1 / (1 / found.probability).sum(axis=1)


def diagnose(
    model: np.ndarray,
    covariates: np.ndarray,
    weight: np.ndarray,
    found: Scores,
    *,
    target: np.ndarray,
    names: tuple[str, ...],
) -> Overlap:
    """Effective numbers and balance of the villages of each model, weighted by target / probability.

    Parameters
    ----------
    weight : (n,) weights before; target : (n,) weight of each village in the population aimed at: `weight` for the
        adopters, weight * tilting(scores) for those that could have chosen any model.
    """
    labels = np.asarray(model).astype(str)
    inside = np.array([labels == name for name in found.models])
    after = np.where(inside, target / found.probability.T, 0.0)
    spread = np.sqrt(_variance(covariates, target))
    share = after / after.sum(axis=1, keepdims=True)
    number = 1 / (share**2).sum(axis=1)
    n = inside.sum(axis=1)
    after_gap = _gap(covariates, share, target, spread)
    graded = [
        _grade(int(count), float(kish), float(np.abs(gap).max(initial=0.0)))
        for count, kish, gap in zip(n, number, after_gap, strict=True)
    ]
    before = np.where(inside, weight, 0.0)
    return Overlap(
        models=found.models,
        covariates=names,
        n=n,
        effective_number=number,
        largest_share=share.max(axis=1),
        before=_gap(covariates, before / before.sum(axis=1, keepdims=True), target, spread),
        after=after_gap,
        grade=tuple(grade for grade, _ in graded),
        reasons=tuple(reasons for _, reasons in graded),
    )


def _gap(covariates: np.ndarray, share: np.ndarray, target: np.ndarray, spread: np.ndarray) -> np.ndarray:
    gap = share @ covariates - np.average(covariates, axis=0, weights=target)
    return np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)


def _variance(covariates: np.ndarray, target: np.ndarray) -> np.ndarray:
    mean = np.average(covariates, axis=0, weights=target)
    return np.average((covariates - mean) ** 2, axis=0, weights=target)


def _grade(n: int, number: float, imbalance: float) -> tuple[str, tuple[str, ...]]:
    grade, reasons = "A", []
    if number < NUMBER_A or n < 2 * NUMBER_A:
        grade = "B"
        reasons.append("small_number")
    if imbalance > IMBALANCE_A:
        grade = "B"
        reasons.append("imbalance")
    if number < NUMBER_B or n < NUMBER_A:
        grade = "C"
        reasons.append("few_effective")
    if imbalance > IMBALANCE_B:
        grade = "C"
        reasons.append("large_imbalance")
    return grade, tuple(reasons)


def _coded(model: np.ndarray, covariates: np.ndarray, floor: float) -> tuple[tuple[str, ...], np.ndarray]:
    names, code = np.unique(np.asarray(model).astype(str), return_inverse=True)
    if not np.isfinite(covariates).all():
        missing = int((~np.isfinite(covariates)).any(axis=1).sum())
        raise ComparisonError(
            Message(
                f"{missing} villages have a missing covariate; leave them out by a named rule",
                f"{missing} 个村的协变量缺失；请用有名称的规则剔除",
            )
        )
    if not 0 <= floor < 1 / len(names):
        raise ComparisonError(
            Message(
                f"the floor of probabilities is {floor:g}; with {len(names)} models it must be from 0 to below "
                f"{1 / len(names):.3f}",
                f"概率下限为 {floor:g}；有 {len(names)} 种模式时应不小于 0 且小于 {1 / len(names):.3f}",
            )
        )
    return tuple(str(name) for name in names), code


def _floored(names: tuple[str, ...], code: np.ndarray, probability: np.ndarray, floor: float) -> Scores:
    own = probability[np.arange(len(code)), code]
    floored = np.bincount(code, weights=own < floor, minlength=len(names)).astype(int)
    smallest = np.array([own[code == k].min() for k in range(len(names))])
    return Scores(names, np.maximum(probability, floor), floor, floored, smallest)


def _folds(code: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) fold of each village, drawn so that every model is spread over the folds."""
    fold, taken = np.empty(len(code), dtype=int), 0
    for arm in range(code.max() + 1):
        rows = rng.permutation(np.flatnonzero(code == arm))
        if len(rows) < 2:
            raise ComparisonError(
                Message(
                    f"a model with {len(rows)} village cannot be left out and fitted in turn; leave it out",
                    f"只有 {len(rows)} 个村的模式无法交叉拟合；请剔除",
                )
            )
        fold[rows] = (taken + np.arange(len(rows))) % folds
        taken += len(rows)  # small models do not all lie in the first folds
    return fold
