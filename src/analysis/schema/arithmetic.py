"""The arithmetic of identities and derived columns: sums of columns of one row, and nothing else.

A term is a number, a column, a number times a column, or `max(column, number)`; terms are added and subtracted.
`column?` counts as zero where the column is absent or the cell empty; other empty cells make the result missing.
Columns of dates count as days, so that `from_date <= to_date` can be said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

_TERM = re.compile(
    r"\s*(?P<sign>[+-])?\s*"
    r"(?:max\(\s*(?P<clipped>[a-z]\w*)\s*,\s*(?P<floor>\d+(?:\.\d+)?)\s*\)"
    r"|(?:(?P<factor>\d+(?:\.\d+)?)\s*\*\s*)?(?P<name>[a-z]\w*)(?P<optional>\?)?"
    r"|(?P<number>\d+(?:\.\d+)?))\s*"
)


@dataclass(frozen=True, slots=True)
class Term:
    """`factor` times a column, or `factor` itself where `name` is ""."""

    factor: float
    name: str = ""
    floor: float | None = None
    optional: bool = False


@cache
def terms(expression: str) -> tuple[Term, ...]:
    """The terms of an expression.

    Raises
    ------
    ValueError : anything but the arithmetic described above.
    """
    return tuple(_terms(expression))


def columns_of(expression: str, *, optional: bool = True) -> tuple[str, ...]:
    """The columns an expression names, each once, in their order; without the optional ones if asked."""
    named = (term.name for term in terms(expression) if term.name and (optional or not term.optional))
    return tuple(dict.fromkeys(named))


def evaluate(expression: str, frame: pd.DataFrame) -> np.ndarray:
    """The expression's value in each row of `frame`, (n,) float; NaN where a cell that it needs is empty.

    Raises
    ------
    KeyError : a column that is not optional is absent from `frame`.
    """
    total = np.zeros(len(frame))
    for term in terms(expression):
        if not term.name:
            total += term.factor
            continue
        if term.name not in frame.columns:
            if term.optional:
                continue
            raise KeyError(f"no column {term.name!r} for {expression!r}")
        values = as_numbers(frame[term.name])
        if term.optional:
            values = np.nan_to_num(values, nan=0.0)
        if term.floor is not None:
            values = np.fmax(values, term.floor) + 0 * values  # an empty cell stays empty
        total += term.factor * values
    return total


def as_numbers(column: pd.Series) -> np.ndarray:
    """A column as float, ISO dates as days since 1970; NaN where a cell is empty or neither."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    if column.dtype == object:
        numeric = np.array([isinstance(value, (int, float, np.number)) for value in column], dtype=bool)
        if numeric.any():
            return column.where(numeric).astype(float).to_numpy()
    days = pd.to_datetime(column.astype("str"), format="%Y-%m-%d", errors="coerce")
    return ((days - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(dtype=float)


def _terms(expression: str) -> Iterator[Term]:
    position = 0
    while position < len(expression) or position == 0:
        hit = _TERM.match(expression, position)
        if hit is None or (position > 0 and hit["sign"] is None):
            raise ValueError(f"{expression!r}: sums of columns only; not understood from {position}")
        position = hit.end()
        sign = -1.0 if hit["sign"] == "-" else 1.0
        if hit["clipped"]:
            yield Term(sign, hit["clipped"], floor=float(hit["floor"]))
        elif hit["name"]:
            yield Term(sign * float(hit["factor"] or 1), hit["name"], optional=bool(hit["optional"]))
        else:
            yield Term(sign * float(hit["number"]))
