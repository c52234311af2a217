"""A whole column through one parser: clean cells at once, every other cell once per distinct content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.intake.cells import clean, codes, numbers, spelling, years
from analysis.intake.cells.cell import Cell
from analysis.messages import Message

Parser = Callable[[object], Cell]
_Cells = pa.Array | np.ndarray  # texts; float64 or integers; objects
_KINDS = {str: 0, float: 1, np.float64: 1, int: 2}
# Parsers whose values are numbers; the others give text.
_OF_NUMBERS = {numbers.read_number, numbers.read_integer, years.read_year, codes.read_flag}


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """A column read.

    values : (n,) float64 with NaN where empty or unreadable, for numbers, integers, years and flags; otherwise
        objects with None there
    rule_rows : positions repaired, in order, by rule
    problems : positions that could not be read, in order, by what is wrong with them
    source : the cells as they stood
    """

    values: np.ndarray
    rule_rows: dict[str, np.ndarray]
    problems: dict[Message, np.ndarray]
    source: pd.Series

    def old(self, rows: np.ndarray) -> list[str]:
        """The cells at these positions as they stood, as text."""
        return [spelling.as_text(value) for value in self.source.iloc[rows]]

    def new(self, rows: np.ndarray) -> list[str]:
        """The values at these positions as text, "" where there is none."""
        return [
            "" if value is None or value != value else spelling.as_text(value) for value in self.values[rows]
        ]


def read_column(values: pd.Series, parser: Parser) -> ColumnRead:
    """All cells of a column, exactly as `parser` reads each.

    <NA>, None and NaT are empty cells, and so is NaN in a column of a float type, where the file's format has no
    other way to say so; NaN among objects is a problem.

    Parameters
    ----------
    values : (n,) cells of any type
    parser : a function of one cell. `read_number`, `read_integer`, `read_year`, `read_code` or `read_text`, also as
        `functools.partial` with keyword options, take clean cells without looking at them one by one.
    """
    function, options = _unwrapped(parser)
    out = (
        np.full(len(values), np.nan) if function in _OF_NUMBERS else np.full(len(values), None, dtype=object)
    )
    gathered = _Gathered(out)
    for at, cells in _kinds(values):
        _read_kind(at, cells, function, options, parser, gathered)
    return ColumnRead(out, gathered.rule_rows(), gathered.problems(), values)


def _unwrapped(parser: Parser) -> tuple[Callable, Mapping[str, object]]:
    if isinstance(parser, partial) and not parser.args:
        return parser.func, parser.keywords
    return parser, {}


def _kinds(values: pd.Series) -> list[tuple[np.ndarray, _Cells]]:
    """Positions and cells of every kind that is read in its own way; empty cells are in none."""
    dtype = values.dtype
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
        return [_without_nulls(pa.array(values.array))]
    if isinstance(dtype, np.dtype) and (dtype.kind in "iu" or dtype == np.float64):
        there = np.flatnonzero(values.notna().to_numpy())
        return [(there, values.to_numpy()[there])]
    cells = values.astype(object).to_numpy()
    if not pd.api.types.is_object_dtype(dtype):
        there = np.flatnonzero(values.notna().to_numpy())
        return [(there, cells[there])]
    kinds = np.fromiter((_KINDS.get(kind, 3) for kind in map(type, cells)), dtype=np.int8, count=len(cells))
    found: list[tuple[np.ndarray, _Cells]] = []
    for kind, gather in enumerate((_as_texts, _as_floats, _as_integers, _as_they_are)):
        at = np.flatnonzero(kinds == kind)
        if kind == 3:
            at = np.array([place for place in at if not spelling.is_empty(cells[place])], dtype=np.int64)
        if len(at):
            found.append((at, gather(cells[at])))
    return found


def _without_nulls(texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    one = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    there = ~np.asarray(pc.is_null(one))
    return np.flatnonzero(there), one.drop_null()


def _as_texts(cells: np.ndarray) -> _Cells:
    try:
        return pa.array(cells, type=pa.large_string())
    except UnicodeEncodeError:  # half of a surrogate pair is a str of Python's, but no text
        return cells


def _as_floats(cells: np.ndarray) -> _Cells:
    return cells.astype(np.float64)


def _as_integers(cells: np.ndarray) -> _Cells:
    try:
        return cells.astype(np.int64)
    except OverflowError:
        return cells


def _as_they_are(cells: np.ndarray) -> _Cells:
    return cells


def _read_kind(
    at: np.ndarray,
    cells: _Cells,
    function: Callable,
    options: Mapping[str, object],
    parser: Parser,
    gathered: _Gathered,
) -> None:
    fast = None
    if isinstance(cells, pa.Array):
        fast = clean.OF_TEXTS.get(function)
    elif cells.dtype != object:
        fast = clean.OF_FLOATS.get(function)
    if fast is not None and len(at):
        done, value = fast(cells, options)
        gathered.values[at[done]] = value[done]
        rest = np.flatnonzero(~done)
        at, cells = at[rest], cells.take(pa.array(rest)) if isinstance(cells, pa.Array) else cells[rest]
    if len(at):
        number, distinct = _distinct(cells)
        gathered.add(at, number, [parser(cell) for cell in distinct])


def _distinct(cells: _Cells) -> tuple[np.ndarray, list[object]]:
    """Which distinct content each cell has. True and 1, 1 and 1.0 are different contents."""
    if isinstance(cells, pa.Array):
        coded = pc.dictionary_encode(cells)
        return coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
    if cells.dtype != object:
        number, distinct = pd.factorize(cells, use_na_sentinel=False)
        return number, distinct.tolist()
    seen: dict[object, int] = {}
    distinct: list[object] = []
    number = np.empty(len(cells), dtype=np.int64)
    for place, cell in enumerate(cells):
        try:
            found = seen.setdefault((type(cell), cell), len(distinct))
        except TypeError:  # a list or another thing that cannot be a key
            found = len(distinct)
        if found == len(distinct):
            distinct.append(cell)
        number[place] = found
    return number, distinct


class _Gathered:
    """Cells read so far: values in place, rules and problems with their positions."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self._rules: dict[str, list[np.ndarray]] = {}
        self._problems: dict[Message, list[np.ndarray]] = {}

    def add(self, at: np.ndarray, number: np.ndarray, cells: list[Cell]) -> None:
        """Cells at positions `at`, each the `number`-th of `cells`."""
        numeric = self.values.dtype != object
        value = np.array([cell.value for cell in cells], dtype=np.float64 if numeric else object)
        self.values[at] = value[number]
        for rule in sorted({rule for cell in cells for rule in cell.rules}):
            has = np.array([rule in cell.rules for cell in cells])
            self._rules.setdefault(rule, []).append(at[has[number]])
        messages = {cell.problem: None for cell in cells if cell.problem is not None}
        if not messages:
            return
        index = {message: place for place, message in enumerate(messages)}
        which = np.array([-1 if cell.problem is None else index[cell.problem] for cell in cells])[number]
        order = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[order], np.arange(len(index) + 1))
        for message, place in index.items():
            rows = at[order[starts[place] : starts[place + 1]]]
            self._problems.setdefault(message, []).append(rows)

    def rule_rows(self) -> dict[str, np.ndarray]:
        """Positions by rule."""
        return {rule: np.sort(np.concatenate(rows)) for rule, rows in sorted(self._rules.items())}

    def problems(self) -> dict[Message, np.ndarray]:
        """Positions by what is wrong, the first problem first."""
        found = {message: np.sort(np.concatenate(rows)) for message, rows in self._problems.items()}
        return dict(sorted(found.items(), key=lambda item: int(item[1][0])))
