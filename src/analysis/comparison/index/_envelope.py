"""Radial input efficiency against a reference set, exact, many units in one linear programme.

    min theta  s.t.  sum_j l_j x_j <= theta x_o,  sum_j l_j y_j >= y_o,  l >= 0  [, sum l = 1 | sum l <= 1]

Charnes, Cooper, Rhodes (1978), European Journal of Operational Research 2 (constant returns); Banker, Charnes, Cooper
(1984), Management Science 30 (sum l = 1). Only units of the frontier get l > 0: the programme starts with the units that
dominate some other one and prices in the rest by its dual values until none would lower a score.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

RETURNS = ("constant", "variable", "non_increasing")
TOGETHER = 128  # units per programme: fastest on tables of some hundred units
TIGHT = 1e-8  # reduced cost below which a reference unit may lower a score; HiGHS solves to 1e-7


def measures(inputs: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, m) and outputs (n, s) as usable arrays.

    Raises
    ------
    ComparisonError : shapes that do not fit, missing or negative cells, units without any input or any output.
    """
    x, y = (np.array(a, dtype=float) for a in (inputs, outputs))
    x, y = (a[:, None] if a.ndim == 1 else a for a in (x, y))
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) == 0:
        raise ComparisonError(
            Message(
                f"inputs and outputs have one row per unit, not the shapes {x.shape} and {y.shape}",
                f"投入与产出应每个单位一行，不能是 {x.shape} 与 {y.shape}",
            )
        )
    bad_en, bad_zh = [], []
    for en, zh, a in (("inputs", "投入", x), ("outputs", "产出", y)):
        wrong = np.flatnonzero((~np.isfinite(a) | (a < 0)).any(axis=1))
        empty = np.flatnonzero(~(a > 0).any(axis=1))
        if wrong.size:
            bad_en.append(f"{en}: missing or negative in rows {wrong[:8].tolist()}")
            bad_zh.append(f"{zh}：第 {wrong[:8].tolist()} 行缺失或为负")
        elif empty.size:
            bad_en.append(f"{en}: all 0 in rows {empty[:8].tolist()}")
            bad_zh.append(f"{zh}：第 {empty[:8].tolist()} 行全为 0")
    if bad_en:
        raise ComparisonError(
            Message(
                "efficiency needs quantities that are not negative, some of each above 0:\n  - "
                + "\n  - ".join(bad_en),
                "效率分析要求投入产出非负且不全为 0：\n  - " + "\n  - ".join(bad_zh),
            )
        )
    return x, y


def radial(
    x: np.ndarray, y: np.ndarray, reference_x: np.ndarray, reference_y: np.ndarray, returns: str
) -> np.ndarray:
    """Scores theta (k,) of units (x, y) against the frontier of the reference units.

    Above 1 for a unit beyond a frontier to which it does not belong.

    Raises
    ------
    ComparisonError : no combination of the reference reaches a unit's outputs.
    """
    scores = np.empty(len(x))
    used = _first(x, y, reference_x, reference_y, returns)
    todo = np.arange(len(x))
    while todo.size:
        pricing = np.zeros((len(todo), len(reference_x)), dtype=bool)
        for start in range(0, len(todo), TOGETHER):
            part = todo[start : start + TOGETHER]
            found, reduced = _solved(x[part], y[part], reference_x, reference_y, used, returns)
            scores[part] = found
            pricing[start : start + len(part)] = reduced < -TIGHT
        pricing[:, used] = False
        used = np.union1d(used, np.flatnonzero(pricing.any(axis=0)))
        todo = todo[pricing.any(axis=1)]
    return scores


def total_slack(
    x: np.ndarray, y: np.ndarray, reference_x: np.ndarray, reference_y: np.ndarray, returns: str
) -> np.ndarray:
    """Largest sum of input savings and output gains (k,), relative to the unit's own amounts, at theta = 1.

    max sum_i s_i / x_io + sum_r s_r / y_ro  (second phase of Ali, Seiford 1993). Units must lie on the frontier.
    """
    n, width = len(reference_x), x.shape[1] + y.shape[1]
    slack = np.empty(len(x))
    for o in range(len(x)):
        a_x, a_y, own = _relative(x[o : o + 1], y[o : o + 1], reference_x, reference_y)
        block = np.hstack([np.vstack([a_x[0], -a_y[0]]), np.eye(width)])
        bound = np.concatenate([own[0, : x.shape[1]], -own[0, x.shape[1] :]])
        reach = np.concatenate([np.zeros(n), -np.ones(width)])
        # a rounding error of room, as the unit itself may be the only feasible point
        room = bound + 1e-10
        programme = {"A_ub": block, "b_ub": room, "bounds": (0, None), "method": "highs"}
        convex = np.concatenate([np.ones(n), np.zeros(width)])[None, :]
        if returns == "variable":
            programme |= {"A_eq": convex, "b_eq": [1.0]}
        elif returns == "non_increasing":
            programme |= {"A_ub": np.vstack([block, convex]), "b_ub": np.append(room, 1.0)}
        slack[o] = -_answer(linprog(reach, **programme)).fun
    return slack


def _first(
    x: np.ndarray, y: np.ndarray, reference_x: np.ndarray, reference_y: np.ndarray, returns: str
) -> np.ndarray:
    """Reference units to start with: the one that bounds each unit most by itself, and the best by every ratio."""
    with np.errstate(divide="ignore", invalid="ignore"):
        need = np.max(
            np.where(y[:, None] > 0, y[:, None] / reference_y[None], 0.0), axis=2
        )  # (k, n): how often reference j makes the outputs of unit o
        cost = np.max(
            np.where(reference_x[None] > 0, reference_x[None] / x[:, None], 0.0), axis=2
        )  # inputs of j in those of o
    bound = need * cost if returns == "constant" else np.where(need <= 1, cost, np.inf)
    bound = np.where(np.isnan(bound), np.inf, bound)
    if not np.isfinite(bound).any(axis=1).all():
        return np.arange(len(reference_x))
    return np.unique(bound.argmin(axis=1))


def _relative(
    x: np.ndarray, y: np.ndarray, reference_x: np.ndarray, reference_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference amounts (k, m, n), (k, s, n) in the units' own amounts, so that no unit of measurement matters.

    Own amounts become 1; where a unit has none, the reference is measured by its largest amount, and own is 0.
    """
    by_x = np.where(x > 0, x, np.maximum(reference_x.max(axis=0), 1e-300))
    by_y = np.where(y > 0, y, np.maximum(reference_y.max(axis=0), 1e-300))
    a_x = reference_x.T[None] / by_x[:, :, None]
    a_y = reference_y.T[None] / by_y[:, :, None]
    return a_x, a_y, np.hstack([x > 0, y > 0]).astype(float)


def _solved(
    x: np.ndarray,
    y: np.ndarray,
    reference_x: np.ndarray,
    reference_y: np.ndarray,
    used: np.ndarray,
    returns: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (k,) with the reference units `used` alone, and reduced costs (k, n) of all of them."""
    a_x, a_y, own = _relative(x, y, reference_x, reference_y)
    k, m, _ = a_x.shape
    s, q = a_y.shape[1], len(used)
    rows, columns = m + s, 1 + q
    block = np.zeros((k, rows, columns))
    block[:, :m, 0] = -own[:, :m]
    block[:, :m, 1:] = a_x[:, :, used]
    block[:, m:, 1:] = -a_y[:, :, used]
    matrix = _diagonal(block)
    bound = np.hstack([np.zeros((k, m)), -own[:, m:]]).ravel()
    objective = np.tile(np.concatenate([[1.0], np.zeros(q)]), k)
    programme = {"A_ub": matrix, "b_ub": bound, "bounds": (0, None), "method": "highs"}
    total = _diagonal(np.tile(np.concatenate([[0.0], np.ones(q)]), (k, 1, 1)))
    if returns == "variable":
        programme |= {"A_eq": total, "b_eq": np.ones(k)}
    elif returns == "non_increasing":
        programme |= {
            "A_ub": sparse.vstack([matrix, total]).tocsc(),
            "b_ub": np.append(bound, np.ones(k)),
        }
    done = _answer(linprog(objective, **programme))
    dual = done.ineqlin.marginals[: k * rows].reshape(k, rows)
    level = np.zeros(k)
    if returns == "variable":
        level = done.eqlin.marginals
    elif returns == "non_increasing":
        level = done.ineqlin.marginals[k * rows :]
    reduced = (
        -np.einsum("km,kmn->kn", dual[:, :m], a_x)
        + np.einsum("ks,ksn->kn", dual[:, m:], a_y)
        - level[:, None]
    )
    return done.x.reshape(k, columns)[:, 0], reduced


def _diagonal(block: np.ndarray) -> sparse.csc_array:
    """Blocks (k, rows, columns) along the diagonal of one sparse matrix."""
    k, rows, columns = block.shape
    at = np.arange(k)[:, None, None]
    i = np.broadcast_to(at * rows + np.arange(rows)[None, :, None], block.shape).ravel()
    j = np.broadcast_to(at * columns + np.arange(columns)[None, None, :], block.shape).ravel()
    value = block.ravel()
    kept = value != 0
    return sparse.csc_array((value[kept], (i[kept], j[kept])), shape=(k * rows, k * columns))


def _answer(result: OptimizeResult) -> OptimizeResult:
    if result.status == 2:  # infeasible
        raise ComparisonError(
            Message(
                "no combination of the reference units reaches the outputs of some unit; compare units that make the "
                "same outputs",
                "参照单位的任何组合都达不到某单位的产出；请比较产出种类相同的单位",
            )
        )
    if result.status != 0:
        raise ComparisonError(
            Message(
                f"the solver gave no efficiency score: {result.message}",
                f"求解器未能给出效率值：{result.message}",
            )
        )
    return result
