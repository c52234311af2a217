"""Arms sorted into as many groups as the evidence carries: a report card.

Kline, Rose, Walters (2024), American Economic Review 114(8), 2472. With P_ij the posterior probability that arm i is
better than arm j, and D_ij = 1 where i is put into a better group than j, groups minimise

    sum over i != j of D_ij (P_ji - lambda P_ij)

so a pair is worth separating only where P_ij > 1 / (1 + lambda): lambda = 0.25 asks for 80 % certainty, lambda = 0 never
separates, lambda = 1 ranks. D must be a ranking with ties: asymmetric, and both "better group" and "same group"
transitive. An integer programme (HiGHS).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

PENALTY = 0.25  # lambda: a pair is separated where the order is 80 % certain
SCALE = 1e3  # of the objective, well above the solver's absolute gap of 1e-6
TIE = 1e-6  # loss per separated pair, so that of two equally good cards the one with fewer separations is printed


@dataclass(frozen=True, slots=True)
class ReportCard:
    """Groups of J arms, 1 = best.

    group : (J,); n_groups : how many there are
    separated : (J, J) whether the arm of the row is in a better group than that of the column
    loss : the minimised sum; penalty : lambda
    certainty : 1 / (1 + lambda), the probability from which a single pair is worth separating
    wrong_share : expected share of wrongly ordered pairs among the separated ones, 0 where none is
    """

    group: np.ndarray
    n_groups: int
    separated: np.ndarray
    loss: float
    penalty: float
    certainty: float
    wrong_share: float


def report_card(better: np.ndarray, *, penalty: float = PENALTY) -> ReportCard:
    """The groups with the least loss for a matrix of pairwise probabilities.

    Parameters
    ----------
    better : (J, J) probability that the arm of the row is better than that of the column (the diagonal is not read).
    penalty : lambda in [0, 1].

    Raises
    ------
    ComparisonError : a matrix that is not one of such probabilities, lambda outside its range, an unsolved programme.
    """
    better = _checked(better, penalty)
    arms = len(better)
    separated = np.zeros((arms, arms), dtype=bool)
    if penalty > 0 and arms > 1:
        separated = _solve(better, penalty)
    group = _groups(separated)
    pairs = int(separated.sum())
    return ReportCard(
        group=group,
        n_groups=int(group.max()),
        separated=separated,
        loss=float((better.T - penalty * better)[separated].sum()),
        penalty=float(penalty),
        certainty=1 / (1 + penalty),
        wrong_share=float(better.T[separated].sum() / pairs) if pairs else 0.0,
    )


def _solve(better: np.ndarray, penalty: float) -> np.ndarray:
    """(J, J) optimal D: binaries per ordered pair, D_ij + D_ji <= 1, D_ik <= D_ij + D_jk, D_ij + D_jk <= 1 + D_ik."""
    arms = len(better)
    pairs = list(permutations(range(arms), 2))
    at = {pair: k for k, pair in enumerate(pairs)}
    cost = [SCALE * (better[j, i] - penalty * better[i, j] + TIE) for i, j in pairs]
    rows = [({(i, j): 1, (j, i): 1}, 1) for i, j in combinations(range(arms), 2)]
    for i, j, k in permutations(range(arms), 3):
        rows.append(({(i, k): 1, (i, j): -1, (j, k): -1}, 0))
        rows.append(({(i, j): 1, (j, k): 1, (i, k): -1}, 1))
    entries = [(r, at[pair], value) for r, (row, _) in enumerate(rows) for pair, value in row.items()]
    row, column, value = map(np.array, zip(*entries, strict=True))
    matrix = coo_array((value.astype(float), (row, column)), shape=(len(rows), len(pairs))).tocsr()
    upper = np.array([limit for _, limit in rows], dtype=float)
    solved = milp(
        np.array(cost),
        integrality=np.ones(len(pairs)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, upper),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status != 0:
        raise ComparisonError(
            Message(
                f"the report card of {arms} arms was not solved: {solved.message}; compare fewer arms at once",
                f"{arms} 个模式的分组规划未能求解：{solved.message}；请减少同时比较的模式",
            )
        )
    separated = np.zeros((arms, arms), dtype=bool)
    for (i, j), taken in zip(pairs, solved.x > 0.5, strict=True):
        separated[i, j] = taken
    return separated


def _groups(separated: np.ndarray) -> np.ndarray:
    """(J,) groups 1, 2, ...: arms are in order of how many are above them, and those with equally many share one."""
    above = separated.sum(axis=0)
    return np.searchsorted(np.unique(above), above) + 1


def _checked(better: np.ndarray, penalty: float) -> np.ndarray:
    better = np.asarray(better, dtype=float)
    if better.ndim != 2 or better.shape[0] != better.shape[1] or not better.size:
        raise ComparisonError(
            Message(
                f"a square matrix of pairwise probabilities is needed, not {better.shape}",
                f"需要两两比较概率的方阵，而不是 {better.shape}",
            )
        )
    if not 0 <= penalty <= 1:
        raise ComparisonError(
            Message(
                f"lambda = {penalty} is outside 0 (one group) to 1 (a ranking); 0.25 asks for 80 % certainty",
                f"lambda = {penalty} 超出 0（只分一组）到 1（全部排序）；0.25 对应 80% 的把握",
            )
        )
    off = ~np.eye(len(better), dtype=bool)
    wrong = off & ~((better >= 0) & (better <= 1) & (np.abs(better + better.T - 1) <= 1e-6))
    if wrong.any():
        i, j = map(int, np.argwhere(wrong)[0])
        raise ComparisonError(
            Message(
                f"probabilities of arms {i} and {j} (by position) are {better[i, j]:g} and {better[j, i]:g}; they must lie in 0 to 1 and sum to 1",
                f"位置 {i} 与 {j} 的模式两两概率为 {better[i, j]:g} 与 {better[j, i]:g}；应在 0 到 1 之间且相加为 1",
            )
        )
    return better
