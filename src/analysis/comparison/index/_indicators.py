"""What every index method takes: a table of indicators, weights, and which columns are costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

ROUNDING = 1e-9  # how far a sum of shares, or a level between 0 and 1, may lie off because of rounding


def indicators(values: np.ndarray, *, least: int = 2) -> np.ndarray:
    """`values` as a finite (n, p) array of at least `least` rows.

    Raises
    ------
    ComparisonError : another shape, too few rows, missing cells.
    """
    array = np.array(values, dtype=float)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ComparisonError(
            Message(
                f"indicators are a table of units by indicators, not an array of shape {array.shape}",
                f"指标应为“单位×指标”的二维表，不能是形状 {array.shape} 的数组",
            )
        )
    if len(array) < least:
        raise ComparisonError(
            Message(
                f"an index of {len(array)} units says nothing; at least {least} are needed",
                f"只有 {len(array)} 个单位，无法比较；至少需要 {least} 个",
            )
        )
    if (bad := np.argwhere(~np.isfinite(array))).size:
        where_en = ", ".join(f"row {i} column {j}" for i, j in bad[:5])
        where_zh = "、".join(f"第 {i} 行第 {j} 列" for i, j in bad[:5])
        raise ComparisonError(
            Message(
                f"{len(bad)} cells of the indicators are missing or infinite ({where_en}; counted from 0); "
                "leave the units out and say so, or take another indicator",
                f"指标中有 {len(bad)} 个单元格缺失或为无穷（{where_zh}，从 0 计）；请剔除并说明，或更换指标",
            )
        )
    return array


def weights_of(weights: np.ndarray, p: int) -> np.ndarray:
    """`weights` as p shares: not negative, sum one.

    Raises
    ------
    ComparisonError : another number of weights, negative or missing ones, a sum other than one.
    """
    w = np.array(weights, dtype=float)
    if w.shape != (p,) or not np.isfinite(w).all() or (w < 0).any() or abs(w.sum() - 1) > ROUNDING:
        shown = np.array2string(w, precision=4, separator=", ", threshold=8)
        raise ComparisonError(
            Message(
                f"weights are {p} shares that are not negative and sum to 1, not {shown}",
                f"权重应为 {p} 个非负且和为 1 的数，不能是 {shown}",
            )
        )
    return w


def costs(cost_columns: Sequence[int], p: int) -> np.ndarray:
    """(p,) bool, True for the columns of which less is better.

    Raises
    ------
    ComparisonError : a column that does not exist.
    """
    wrong = [c for c in cost_columns if not 0 <= c < p]
    if wrong:
        raise ComparisonError(
            Message(
                f"no indicator columns {wrong}; they are numbered 0 to {p - 1}",
                f"没有第 {wrong} 列指标；列号为 0 到 {p - 1}",
            )
        )
    found = np.zeros(p, dtype=bool)
    found[list(cost_columns)] = True
    return found


def levels(values: np.ndarray) -> np.ndarray:
    """A finite (n, p) table of standardised levels between 0 (worst) and 1 (best).

    Raises
    ------
    ComparisonError : levels outside 0 to 1.
    """
    array = indicators(values, least=1)
    if ((array < -ROUNDING) | (array > 1 + ROUNDING)).any():
        raise ComparisonError(
            Message(
                f"levels run from 0 to 1, found {array.min():g} to {array.max():g}; standardise the indicators first",
                f"取值应在 0 到 1 之间，实为 {array.min():g} 到 {array.max():g}；请先把指标标准化",
            )
        )
    return np.minimum(np.maximum(array, 0.0), 1.0)


def min_max(values: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """(n, p) levels (x - min) / (max - min), reversed for costs; 0 throughout a column without differences."""
    low, high = values.min(axis=0), values.max(axis=0)
    spread = high - low
    varies = spread > 0
    z = np.where(cost, high - values, values - low)
    return np.where(varies, z / np.where(varies, spread, 1.0), 0.0)


def one_of(name: str, given: str, choices: Sequence[str]) -> None:
    """Nothing if `given` is among `choices`.

    Raises
    ------
    ComparisonError : it is not; the message lists the choices.
    """
    if given not in choices:
        listed = ", ".join(choices)
        raise ComparisonError(
            Message(f"no {name} '{given}'; there are {listed}", f"{name} 没有“{given}”；可选：{listed}")
        )
