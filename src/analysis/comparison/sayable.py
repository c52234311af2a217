"""Which sentence about "the best" the evidence allows: keys, arms and numbers, no words.

The sentence follows from how many arms cannot be ruled out as best (multiple comparisons with the best, Hsu 1984,
Annals of Statistics 12, 1136), never from which estimate is largest. Words for the keys belong to words/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

SURE = 0.9  # probability of being best from which one arm may be called so
FEW = 4  # arms that can still be listed as candidates
PARTED = 0.5  # of the mean effect, between two intervals for the leader
# Standard deviations between the leader and what the others predict for it. On ten arms of 60 to 5 units, 200 draws each:
# passed in 88 % where one arm is far ahead of nine equal ones, 23 % where effects are normal, 12 % where all are equal.
# Parted intervals alone do not tell these apart (42, 50 and 75 %).
APART = 2.0

MAIN_KEYS = (
    "only_one_arm",  # nothing to compare with
    "one_best",  # one arm left, probable, with evidence behind it
    "one_left_weak_evidence",  # one arm left, but its evidence is grade C
    "one_left_not_sure",  # one arm left, but pooling gives it less than SURE
    "few_candidates",  # 2 to FEW arms left, others ruled out
    "many_candidates",  # more than FEW left, others ruled out
    "none_ruled_out",  # all arms left
)
FURTHER_KEYS = (
    "leaders_differ",  # largest estimate and largest pooled effect are different arms
    "lone_star",  # the leader is too far from the others for them to tell much about it; pooling draws it down
    "intervals_part",  # the leader's corrected and pooled intervals differ by much, both are to be read
    "may_not_help",  # the interval of the one best arm does not lie above zero
    "weak_candidates",  # candidates whose evidence is grade C
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What J arms stand at, (J,) each unless said; effects in the outcome's unit, larger is better.

    candidates : booleans, not ruled out as best (set S of Hsu)
    below_best : how far an arm may be below the best, minus its lower limit of Hsu's intervals, not negative
    estimate, pooled : unpooled and pooled effects
    p_best : pooled probability of being best
    n_units : units of the arm; grades : letters
    winner, winner_low, winner_high : numbers, effect of the arm with the largest estimate, corrected for having
        been picked (Andrews, Kitagawa, McCloskey 2024, hybrid)
    pooled_low, pooled_high : pooled intervals
    apart : distance from what the other arms predict, in standard deviations, see `pooling.standing_apart`
    mean_effect : a number, the mean effect that differences are measured in
    """

    candidates: np.ndarray
    below_best: np.ndarray
    estimate: np.ndarray
    pooled: np.ndarray
    p_best: np.ndarray
    n_units: np.ndarray
    grades: Sequence[str]
    winner: float
    winner_low: float
    winner_high: float
    pooled_low: np.ndarray
    pooled_high: np.ndarray
    apart: np.ndarray
    mean_effect: float


@dataclass(frozen=True, slots=True)
class Sayable:
    """One sentence to be worded.

    key : of MAIN_KEYS or FURTHER_KEYS; arms : positions it names, in the order to be named
    numbers : what it states, outcome unit unless a count or a probability
    """

    key: str
    arms: tuple[int, ...]
    numbers: Mapping[str, float]


def what_can_be_said(standing: Standing) -> tuple[Sayable, ...]:
    """The main sentence, then those that must stand beside it.

    Raises
    ------
    ComparisonError : no candidate at all, arrays of different lengths, a mean effect of zero.
    """
    _check(standing)
    if len(standing.estimate) == 1:
        return (
            _said(
                "only_one_arm",
                [0],
                effect=standing.winner,
                low=standing.winner_low,
                high=standing.winner_high,
            ),
        )
    main = _main(standing)
    further = (
        _leaders_differ(standing),
        _lone_star(standing),
        _intervals_part(standing),
        _may_not_help(standing, main),
        _weak(standing, main),
    )
    return (main, *(said for said in further if said is not None))


def _main(s: Standing) -> Sayable:
    arms = np.flatnonzero(s.candidates)
    named = arms[np.argsort(-s.pooled[arms], kind="stable")]
    if len(arms) == 1:
        arm = int(arms[0])
        if s.grades[arm] not in {"A", "B"}:
            key = "one_left_weak_evidence"
        else:
            key = "one_best" if s.p_best[arm] >= SURE else "one_left_not_sure"
        return _said(
            key, named, effect=s.winner, low=s.winner_low, high=s.winner_high, p_best=s.p_best[arm], n_arms=len(s.estimate)
        )  # fmt: skip
    numbers = {"n_candidates": len(arms), "n_arms": len(s.estimate), "at_most": s.below_best[arms].max()}
    if len(arms) == len(s.estimate):
        return _said("none_ruled_out", named, **numbers)
    return _said("few_candidates" if len(arms) <= FEW else "many_candidates", named, **numbers)


def _leaders_differ(s: Standing) -> Sayable | None:
    raw, pooled = int(s.estimate.argmax()), int(s.pooled.argmax())
    if raw == pooled:
        return None
    return _said("leaders_differ", [raw, pooled], n_raw=s.n_units[raw], n_pooled=s.n_units[pooled])


def _lone_star(s: Standing) -> Sayable | None:
    leader = int(s.estimate.argmax())
    if s.apart[leader] <= APART:
        return None
    return _said(
        "lone_star", [leader], apart=s.apart[leader], winner_low=s.winner_low, winner_high=s.winner_high,
        pooled_low=s.pooled_low[leader], pooled_high=s.pooled_high[leader],
    )  # fmt: skip


def _intervals_part(s: Standing) -> Sayable | None:
    leader = int(s.estimate.argmax())
    low, high = s.pooled_low[leader], s.pooled_high[leader]
    between = max(abs(s.winner_low - low), abs(s.winner_high - high))
    if between <= PARTED * abs(s.mean_effect):
        return None
    return _said(
        "intervals_part", [leader], between=between, winner_low=s.winner_low, winner_high=s.winner_high,
        pooled_low=low, pooled_high=high,
    )  # fmt: skip


def _may_not_help(s: Standing, main: Sayable) -> Sayable | None:
    if len(main.arms) != 1 or s.winner_low > 0:
        return None
    return _said("may_not_help", main.arms, low=s.winner_low, high=s.winner_high)


def _weak(s: Standing, main: Sayable) -> Sayable | None:
    weak = [arm for arm in main.arms if s.grades[arm] not in {"A", "B"}]
    return _said("weak_candidates", weak, n_weak=len(weak)) if weak and len(main.arms) > 1 else None


def _said(key: str, arms: Sequence[int] | np.ndarray, **numbers: float) -> Sayable:
    return Sayable(
        key, tuple(int(arm) for arm in arms), MappingProxyType({k: float(v) for k, v in numbers.items()})
    )


def _check(s: Standing) -> None:
    arms = len(s.estimate)
    names = (
        "candidates",
        "below_best",
        "pooled",
        "p_best",
        "n_units",
        "grades",
        "pooled_low",
        "pooled_high",
        "apart",
    )
    unlike = [name for name in names if len(getattr(s, name)) != arms]
    if unlike:
        listed = ", ".join(unlike)
        raise ComparisonError(
            Message(
                f"{arms} estimates, but another number of: {listed}; give the same arms in the same order",
                f"有 {arms} 个估计值，但以下各项个数不同：{listed}；请按同一顺序给出同样的模式",
            )
        )
    if not np.any(s.candidates):
        raise ComparisonError(
            Message(
                "no arm is left as possibly best; the set always holds the arm with the largest estimate, so it was formed from other numbers",
                "没有任何模式可能最好；该集合总包含估计值最大的模式，可见集合由其他数据得出",
            )
        )
    if not (np.isfinite(s.mean_effect) and s.mean_effect != 0):
        raise ComparisonError(
            Message(
                f"mean effect {s.mean_effect} cannot measure differences; give the planned mean effect",
                f"平均效应 {s.mean_effect} 无法衡量差距；请给出计划的平均效应",
            )
        )
