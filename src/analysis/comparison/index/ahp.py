"""Analytic hierarchy process (层次分析法): weights from judgements of pairs, and whether the judgements agree.

Saaty (1980), The Analytic Hierarchy Process, McGraw-Hill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

# Mean consistency index of random matrices of size 1 to 10, Saaty (1980); other tables differ in the third digit.
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
LIMIT = 0.10  # consistency ratio from which judgements are refused, Saaty (1980)
SCALE = 9.0  # largest judgement of the scale for which RANDOM_INDEX holds
ROUNDING = 0.005  # by how much a_ij a_ji may differ from 1: judgements are often written 0.33, 0.14


@dataclass(frozen=True, slots=True)
class Priorities:
    """Weights of n criteria from one matrix, with its consistency.

    weights : (n,) principal eigenvector, sum 1
    lambda_max, ci, ri, cr : largest eigenvalue, consistency index, random index, consistency ratio
    consistent : cr < 0.10
    worst : the pair (i, j) that contradicts the others most; worst_fits : the judgement that would agree with them
    """

    weights: np.ndarray
    lambda_max: float
    ci: float
    ri: float
    cr: float
    consistent: bool
    worst: tuple[int, int]
    worst_fits: float


@dataclass(frozen=True, slots=True)
class GroupPriorities:
    """Weights on which a group of experts settles.

    together : priorities of the geometric mean of the matrices
    experts : priorities of each expert, in the given order
    """

    together: Priorities
    experts: tuple[Priorities, ...]


def priorities(matrix: np.ndarray) -> Priorities:
    """Weights and consistency of one matrix of judgements, whether or not it is consistent.

    A w = lambda_max w;  CI = (lambda_max - n) / (n - 1);  CR = CI / RI_n  (CR = 0 for n <= 2)

    Parameters
    ----------
    matrix : (n, n), a_ij = how many times as important i is as j, 1/9 to 9; a_ji = 1 / a_ij.

    Raises
    ------
    ComparisonError : not square, more than 10 criteria, judgements outside 1/9 to 9, not reciprocal.
    """
    a = _judgements(matrix)
    n = len(a)
    values, vectors = np.linalg.eig(a)
    k = int(np.argmax(values.real))
    w = np.abs(vectors[:, k].real)
    w /= w.sum()
    lambda_max = max(float(values[k].real), float(n))  # at least n but for rounding (Saaty)
    ci = (lambda_max - n) / (n - 1) if n > 1 else 0.0
    ri = RANDOM_INDEX[n - 1]
    cr = ci / ri if ri > 0 else 0.0
    ratio = w[:, None] / w[None, :]
    off = np.triu(np.abs(np.log(a / ratio)), 1)
    i, j = np.unravel_index(int(np.argmax(off)), off.shape)
    return Priorities(w, lambda_max, ci, ri, cr, cr < LIMIT, (int(i), int(j)), float(ratio[i, j]))


def ahp_weights(matrix: np.ndarray) -> Priorities:
    """Weights of one matrix of judgements, given only if the judgements are consistent (CR < 0.10).

    Formulas as in `priorities`.

    Raises
    ------
    ComparisonError : CR of 0.10 or more; the message names the judgement to look at again. Also as `priorities`.
    """
    found = priorities(matrix)
    _refuse_inconsistent([("the matrix", "判断矩阵", found, np.asarray(matrix, dtype=float))])
    return found


def group_priorities(matrices: Sequence[np.ndarray]) -> GroupPriorities:
    """Weights of several experts, by the geometric mean of their judgements; each expert must be consistent.

    a_ij = (prod_e a_ij^e)^(1/E)  (Aczel, Saaty 1983, Journal of Mathematical Psychology 27)

    Parameters
    ----------
    matrices : E matrices (n, n), one per expert.

    Raises
    ------
    ComparisonError : no expert, matrices of different size, any expert with CR of 0.10 or more (all are listed).
    """
    each = [np.array(m, dtype=float) for m in matrices]
    if not each or len({m.shape for m in each}) > 1:
        sizes = [m.shape for m in each]
        raise ComparisonError(
            Message(
                f"experts judge the same criteria; the matrices have the shapes {sizes}",
                f"各位专家应评判同一组准则；矩阵形状为 {sizes}",
            )
        )
    found = tuple(priorities(m) for m in each)
    _refuse_inconsistent(
        [
            (f"expert {e}", f"第 {e} 位专家", f, m)
            for e, (f, m) in enumerate(zip(found, each, strict=True), start=1)
        ]
    )
    together = np.exp(np.mean([np.log(m) for m in each], axis=0))
    return GroupPriorities(ahp_weights(together), found)


def _refuse_inconsistent(judged: list[tuple[str, str, Priorities, np.ndarray]]) -> None:
    bad = [item for item in judged if not item[2].consistent]
    if not bad:
        return
    lines_en, lines_zh = [], []
    for en, zh, p, a in bad:
        i, j = p.worst
        lines_en.append(
            f"{en}: CR = {p.cr:.3f}, look again at criterion {i + 1} against {j + 1} "
            f"(judged {a[i, j]:.3g}, the others imply {p.worst_fits:.3g})"
        )
        lines_zh.append(
            f"{zh}：CR = {p.cr:.3f}，请复核准则 {i + 1} 与准则 {j + 1} 的比较"
            f"（所填 {a[i, j]:.3g}，由其余判断推得 {p.worst_fits:.3g}）"
        )
    raise ComparisonError(
        Message(
            f"judgements contradict each other; CR must be below {LIMIT:.2f}:\n  - "
            + "\n  - ".join(lines_en),
            f"判断前后矛盾，一致性比率 CR 须小于 {LIMIT:.2f}：\n  - " + "\n  - ".join(lines_zh),
        )
    )


def _judgements(matrix: np.ndarray) -> np.ndarray:
    a = np.array(matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not 1 <= len(a) <= len(RANDOM_INDEX):
        most = len(RANDOM_INDEX)
        raise ComparisonError(
            Message(
                f"judgements are a square matrix of 1 to {most} criteria, not of shape {a.shape}; "
                "group more criteria into levels",
                f"判断矩阵应为 1 到 {most} 阶方阵，不能是 {a.shape}；准则更多时请分层",
            )
        )
    wrong = []
    for i in range(len(a)):
        for j in range(i, len(a)):
            ends = a[i, j], a[j, i]
            in_scale = all(np.isfinite(v) and 1 / SCALE - ROUNDING <= v <= SCALE + ROUNDING for v in ends)
            # 1/3 written 0.33 is 1 % off; the entry below 1 carries the rounding
            slack = ROUNDING * max(ends) if in_scale else 0.0
            if not in_scale or abs(ends[0] * ends[1] - 1) > slack + 1e-9:
                wrong.append(f"({i + 1}, {j + 1}): {ends[0]:.4g}, {ends[1]:.4g}")
    if wrong:
        listed = "; ".join(wrong[:8])
        raise ComparisonError(
            Message(
                f"judgements lie between 1/9 and 9, and a_ji = 1 / a_ij; {len(wrong)} pairs do not: {listed}",
                f"判断值应在 1/9 到 9 之间且 a_ji = 1 / a_ij；有 {len(wrong)} 对不符：{listed}",
            )
        )
    return a
