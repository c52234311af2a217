"""Whether what a model brings is worth what it costs, on joint draws of effects and costs.

Net benefit NB_m(k) = k theta_m - c_m at a willingness to pay of k yuan of cost per unit of effect. Effects should be
pooled before they are set against costs: small cells with much noise are "best buys" otherwise.

    CEAC(k)  probability that NB_m(k) is largest                  Fenwick, Claxton, Sculpher (2001), Health Economics 10
    CEAF(k)  the same of the model with the largest expected NB: the choice follows expected net benefit, not the curve
    EVPI(k)  E max_m NB_m(k) - max_m E NB_m(k), what knowing the truth could be worth, at most, per village and year
    ICER     mean(dC) / mean(dE), never the mean of ratios; none where the interval of dE holds zero

Frontier: models ordered by cost, without those that cost more and bring no more (dominance) and those that a mixture
of two others beats (extended dominance).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Ratio:
    """Cost of one more unit of effect against an alternative.

    icer : yuan per unit of effect, None where it has no meaning; reason : key, of effect_interval_holds_zero,
        cheaper_and_better, dearer_and_worse, or "" where icer is given; "saves" marks less effect at less cost, where
        icer is what is saved per unit given up
    effect, effect_low, effect_high : difference in effect and its interval; cost : difference in cost
    """

    icer: float | None
    reason: str
    effect: float
    effect_low: float
    effect_high: float
    cost: float


@dataclass(frozen=True, slots=True)
class Frontier:
    """Which of J models remain when each unit of effect is bought as cheaply as possible.

    order : positions on the frontier, from cheap to dear; icer : (len(order) - 1,) yuan per further unit of effect
    status : (J,) frontier, dominated or extended; by : (J,) positions of the models (one, or two in a mixture) that
        beat it, () on the frontier
    """

    order: tuple[int, ...]
    icer: np.ndarray
    status: tuple[str, ...]
    by: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Acceptability:
    """Net benefit over a grid of K willingness-to-pay values, J models.

    threshold : (K,) k; expected : (K, J) mean net benefit, yuan per village and year
    ceac : (K, J) probability of the largest net benefit, rows add to one (ties are shared)
    best : (K,) position of the largest expected net benefit; ceaf : (K,) its probability
    evpi : (K,) expected value of perfect information, yuan per village and year
    """

    threshold: np.ndarray
    expected: np.ndarray
    ceac: np.ndarray
    best: np.ndarray
    ceaf: np.ndarray
    evpi: np.ndarray


def net_benefit(effect: np.ndarray, cost: np.ndarray, threshold: float) -> np.ndarray:
    """(S, J) k theta - c on joint draws (S, J) of effects and costs, yuan."""
    return threshold * effect - cost


def acceptability(effect: np.ndarray, cost: np.ndarray, threshold: np.ndarray) -> Acceptability:
    """Expected net benefit, CEAC, CEAF and EVPI over a grid of k.

    Parameters
    ----------
    effect, cost : (S, J) joint draws, row by row of one state of the world; no programme is a column of zeros
    threshold : (K,) yuan of cost that one unit of effect is worth, not negative.

    Raises
    ------
    ComparisonError : draws of unlike shapes, missing values, one alternative only, or a negative k.
    """
    effect, cost = _checked(effect, cost)
    grid = np.atleast_1d(np.asarray(threshold, dtype=float))
    if not (grid >= 0).all():
        raise ComparisonError(
            Message(
                "the willingness to pay is missing or negative; it starts at 0 yuan per unit of effect",
                "支付意愿缺失或为负；应从每单位效果 0 元起",
            )
        )
    expected = grid[:, None] * effect.mean(axis=0) - cost.mean(axis=0)
    best = expected.argmax(axis=1)
    ceac, perfect = np.empty(expected.shape), np.empty(len(grid))
    for row, k in enumerate(grid):
        benefit = net_benefit(effect, cost, float(k))
        largest = benefit.max(axis=1, keepdims=True)
        winners = benefit == largest
        ceac[row] = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
        perfect[row] = largest.mean()
    at = np.arange(len(grid))
    evpi = np.maximum(perfect - expected[at, best], 0.0)
    return Acceptability(grid, expected, ceac, best, ceac[at, best], evpi)


def icer(effect: np.ndarray, cost: np.ndarray, *, alpha: float = 0.05) -> Ratio:
    """Cost per unit of effect from draws (S,) of the differences in effect and cost, where that has a meaning.

    Raises
    ------
    ComparisonError : draws of unlike shapes or missing values.
    """
    effect, cost = _checked(effect[:, None], cost[:, None], alternatives=1)
    low, high = np.quantile(effect, [alpha / 2, 1 - alpha / 2])
    more, dearer = float(effect.mean()), float(cost.mean())
    ratio, reason = ratio_of_means(effect[:, 0], cost[:, 0]), ""
    if low <= 0 <= high:
        ratio, reason = None, "effect_interval_holds_zero"
    elif more > 0 and dearer <= 0:
        ratio, reason = None, "cheaper_and_better"
    elif more < 0 and dearer >= 0:
        ratio, reason = None, "dearer_and_worse"
    elif more < 0:
        reason = "saves"
    return Ratio(ratio, reason, more, float(low), float(high), dearer)


def ratio_of_means(effect: np.ndarray, cost: np.ndarray) -> float | None:
    """mean(dC) / mean(dE) of draws (S,), None where mean(dE) is zero; `icer` says whether it may be printed."""
    more = float(np.mean(effect))
    return float(np.mean(cost)) / more if more else None


def frontier(effect: np.ndarray, cost: np.ndarray) -> Frontier:
    """The frontier of J mean effects and costs; a model that costs as much and brings as much as another stays out."""
    effect, cost = np.asarray(effect, dtype=float), np.asarray(cost, dtype=float)
    by: list[tuple[int, ...]] = [()] * len(effect)
    status = ["frontier"] * len(effect)
    order: list[int] = []
    for j in np.lexsort((-effect, cost)):  # from cheap to dear, of two alike in cost the better first
        if order and effect[j] <= effect[order[-1]]:
            by[j], status[j] = (order[-1],), "dominated"
            continue
        while len(order) > 1 and _slope(effect, cost, order[-2], order[-1]) >= _slope(
            effect, cost, order[-1], j
        ):
            last = order.pop()
            status[last] = "extended"
        order.append(int(j))
    for j in np.flatnonzero(np.array(status) == "extended"):
        above = int(
            np.searchsorted(effect[order], effect[j])
        )  # the two whose mixture brings as much for less
        by[j] = (order[above - 1], order[above])
    step = [_slope(effect, cost, a, b) for a, b in pairwise(order)]
    return Frontier(tuple(order), np.array(step), tuple(status), tuple(by))


def break_even(effect: np.ndarray, cost: np.ndarray, threshold: np.ndarray) -> tuple[float, ...]:
    """The values of an increasing grid of k (K,) at which the model with the largest expected net benefit changes."""
    best = acceptability(effect, cost, threshold).best
    grid = np.atleast_1d(np.asarray(threshold, dtype=float))
    return tuple(float(k) for k in grid[1:][best[1:] != best[:-1]])


def for_all_villages(evpi: np.ndarray, *, villages: int, years: int, rate: float) -> np.ndarray:
    """EVPI (K,) per village and year, summed over the villages that will choose and the discounted years the choice
    lasts, the first not discounted: evpi x villages x sum_{t < years} (1 + rate)^-t, yuan.

    Raises
    ------
    ComparisonError : no village, no year, or a negative rate.
    """
    if villages < 1 or years < 1 or rate < 0:
        raise ComparisonError(
            Message(
                f"{villages} villages over {years} years at rate {rate:g}: at least one each, and a rate from 0 on",
                f"{villages} 个村、{years} 年、利率 {rate:g}：村数和年数至少为 1，利率不小于 0",
            )
        )
    return np.asarray(evpi, dtype=float) * villages * ((1 + rate) ** -np.arange(years, dtype=float)).sum()


def _slope(effect: np.ndarray, cost: np.ndarray, one: int, other: int) -> float:
    return float((cost[other] - cost[one]) / (effect[other] - effect[one]))


def _checked(effect: np.ndarray, cost: np.ndarray, alternatives: int = 2) -> tuple[np.ndarray, np.ndarray]:
    effect, cost = np.asarray(effect, dtype=float), np.asarray(cost, dtype=float)
    if effect.shape != cost.shape or effect.ndim != 2 or len(effect) == 0:
        raise ComparisonError(
            Message(
                f"draws of effects {effect.shape} and costs {cost.shape} are not of the same states of the world",
                f"效果的抽样 {effect.shape} 与成本的抽样 {cost.shape} 不一一对应",
            )
        )
    if effect.shape[1] < alternatives:
        raise ComparisonError(
            Message(
                "one alternative leaves nothing to choose; add a column of zeros for no programme",
                "只有一个备选方案，无从选择；不实施可作为全零的一列加入",
            )
        )
    if not (np.isfinite(effect).all() and np.isfinite(cost).all()):
        raise ComparisonError(
            Message(
                "draws of effects or costs are missing; leave the model out by name",
                "效果或成本的抽样有缺失；请说明后剔除该模式",
            )
        )
    return effect, cost
