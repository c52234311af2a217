"""The best tree of depth two that assigns one of J actions by covariates, found by looking at all of them.

Kitagawa, Tetenov (2018), Econometrica 86; Zhou, Athey, Wager (2023), Operations Research 71: maximise the sum of
scores (n, J) over trees x_q <= c. With 224 villages and ten models the tree that maximises scores is a poor rule; here
it describes in one picture what a pooled model recommends, with the share of that recommendation that it keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Split:
    """Left where covariate number `feature` is at most `value`."""

    feature: int
    value: float


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of depth two at most.

    root, left, right : splits, None where a side is not split (no split at all: root None)
    actions : positions of the actions in the leaves left-left, left-right, right-left, right-right; equal where a
        side is not split
    total : sum of scores it reaches; best_single, best_each : what one action for all, and the best action of every
        unit, reach
    """

    root: Split | None
    left: Split | None
    right: Split | None
    actions: tuple[int, int, int, int]
    total: float
    best_single: float
    best_each: float

    @property
    def share_kept(self) -> float:
        """How much of what choosing for every unit adds over one action for all the tree keeps, 0 to 1."""
        gain = self.best_each - self.best_single
        return (self.total - self.best_single) / gain if gain > 0 else 1.0

    def assign(self, covariates: np.ndarray) -> np.ndarray:
        """(m,) positions of the actions for units with covariates (m, p)."""
        right = _beyond(self.root, covariates)
        deeper = np.where(right, _beyond(self.right, covariates), _beyond(self.left, covariates))
        return np.array(self.actions)[2 * right.astype(int) + deeper.astype(int)]


@dataclass(frozen=True, slots=True)
class _Stump:
    split: Split | None
    actions: tuple[int, int]
    total: float


def best_tree(covariates: np.ndarray, scores: np.ndarray, *, min_leaf: int = 1) -> Tree:
    """The tree with the largest sum of scores; of equals the first by covariate and value, and the smaller.

    Parameters
    ----------
    covariates : (n, p), rounded to 8 to 12 values each where n is large: time grows with the number of values
    scores : (n, J), e.g. posterior means of every action for every unit; min_leaf : units in a leaf, at least.

    Raises
    ------
    ComparisonError : no units, values missing, or fewer units than a leaf needs.
    """
    x, gamma = np.asarray(covariates, dtype=float), np.asarray(scores, dtype=float)
    _require(x, gamma, min_leaf)
    tolerance = 1e-9 * max(1.0, float(np.abs(gamma).sum()))
    single, each = float(gamma.sum(axis=0).max()), float(gamma.max(axis=1).sum())
    best = _stump(x, gamma, min_leaf, tolerance)
    found = Tree(best.split, None, None, _twice(best.actions), best.total, single, each)
    for feature in range(x.shape[1]):
        for value in np.unique(x[:, feature])[:-1]:
            here = x[:, feature] <= value
            if min(here.sum(), (~here).sum()) < min_leaf:
                continue
            left = _stump(x[here], gamma[here], min_leaf, tolerance)
            right = _stump(x[~here], gamma[~here], min_leaf, tolerance)
            total = left.total + right.total
            if total > found.total + tolerance:
                root, actions = Split(feature, float(value)), (*left.actions, *right.actions)
                found = Tree(root, left.split, right.split, actions, total, single, each)
    return found


def _twice(actions: tuple[int, int]) -> tuple[int, int, int, int]:
    return (actions[0], actions[0], actions[1], actions[1])


def _stump(x: np.ndarray, gamma: np.ndarray, min_leaf: int, tolerance: float) -> _Stump:
    """The best tree of depth one on these units."""
    sums = gamma.sum(axis=0)
    action = int(sums.argmax())
    found = _Stump(None, (action, action), float(sums[action]))
    n = len(x)
    for feature in range(x.shape[1]):
        order = np.argsort(x[:, feature], kind="stable")
        values = x[order, feature]
        below = np.cumsum(gamma[order], axis=0)[:-1]
        allowed = values[:-1] < values[1:]
        allowed[: min_leaf - 1] = False
        allowed[n - min_leaf :] = False
        if not allowed.any():
            continue
        total = np.where(allowed, below.max(axis=1) + (sums - below).max(axis=1), -np.inf)
        at = int(np.flatnonzero(total >= total.max() - tolerance)[0])
        if total[at] > found.total + tolerance:
            actions = (int(below[at].argmax()), int((sums - below[at]).argmax()))
            found = _Stump(Split(feature, float(values[at])), actions, float(total[at]))
    return found


def _beyond(split: Split | None, covariates: np.ndarray) -> np.ndarray:
    if split is None:
        return np.zeros(len(covariates), dtype=bool)
    return covariates[:, split.feature] > split.value


def _require(x: np.ndarray, gamma: np.ndarray, min_leaf: int) -> None:
    if x.ndim != 2 or gamma.ndim != 2 or len(x) != len(gamma) or len(x) < max(min_leaf, 1) or min_leaf < 1:
        raise ComparisonError(
            Message(
                f"a tree needs covariates and scores of the same units, {max(min_leaf, 1)} at least; there are "
                f"{x.shape} and {gamma.shape}",
                f"决策树需要同一批单位的协变量与得分，至少 {max(min_leaf, 1)} 个；现为 {x.shape} 与 {gamma.shape}",
            )
        )
    if not (np.isfinite(x).all() and np.isfinite(gamma).all()):
        raise ComparisonError(
            Message(
                "covariates or scores of the tree are missing; leave the units out by a named rule",
                "决策树的协变量或得分有缺失；请用有名称的规则剔除",
            )
        )
