"""Heading rows of a sheet: found by the headings looked for, flattened to one text per column, or turned over."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from analysis.intake.files.grid import Grid
from analysis.schema.template import HEADING_ROW, NAME_ROW, table_of

SEARCHED = 15  # first rows in which headings are looked for
TALLEST = 4  # rows of one heading block
ITEMS_SEARCHED = 200  # rows in which items down the side are looked for; ministry forms have under 60

_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?%?")
_YEAR = re.compile(r"(19|20)\d{2}")
_SIDE = re.compile(r"(行次|栏次|序号|代码|编号|编码|no\.?|code|line)", re.IGNORECASE)
_UNIT_COLUMN = re.compile(r"(计量)?单位|unit", re.IGNORECASE)
_VALUE = re.compile(r"[-+(]?[\d.]*\d")
_NOTHING = {"无", "-", "--", "—", "/", "0"}  # values of items, not headings
_NUMBERING = "甲乙丙丁戊己庚辛壬癸"

# 一、 (一) 1. (1) before an item's text, with the depth each stands for
_DEPTHS = (
    re.compile(r"^[一二三四五六七八九十]+[、.,]"),
    re.compile(r"^\([一二三四五六七八九十]+\)[、.]?"),
    re.compile(r"^\d{1,2}[、.,](?!\d)|^\d{1,2}(?=[^\d.,%年月日万千百亿元个户村人斤亩岁次~-])"),
    re.compile(r"^\(\d{1,2}\)[、.]?"),
)
_PREFIX = re.compile(r"^(其中|减|加|附报|附|其中项):")

Wanted = Callable[[str], bool] | Collection[str]


def plain(text: str) -> str:
    """A text as headings are compared: half-width, without spaces and line breaks."""
    bare = "".join(unicodedata.normalize("NFKC", text).split())
    return unicodedata.normalize("NFKC", bare)  # signs that a space kept apart may combine


def shown(value: object) -> str:
    """A cell of a heading row as text, 2019.0 as 2019; "" where empty."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    return "" if value is pd.NaT or value is pd.NA else str(value)


def flatten(grid: Grid, first: int, last: int) -> list[str]:
    """One heading per column from the zero-based rows `first` to `last`: its different texts from top to bottom
    joined by "/", spaces removed; a merged range's text stands in all its cells. "" where a column has none.

    Where the format stores headings apart (Stata, SPSS, parquet) these are given, whatever the rows.
    """
    if grid.headings is not None:
        return [plain(heading) for heading in grid.headings]
    return _flat(_texts(grid, last + 1), first, last) or [""] * len(grid.cells.columns)


def find(grid: Grid, wanted: Wanted) -> tuple[int, int] | None:
    """First and last heading row (zero-based): the block with most headings wanted; None where no row has any two.

    Data begin at the row after the last; (-1, -1) where the format stores headings apart. `wanted` is a test of one
    flattened heading, or the flattened headings themselves. With a test, rows of group headings above the block
    (收入 over 经营收入, 发包收入) are taken in as long as nothing recognised is lost.
    """
    if grid.headings is not None:
        return (-1, -1)
    if is_template(grid):
        return (HEADING_ROW - 1, NAME_ROW - 1)
    test, needed = _test(wanted)
    texts = _texts(grid, SEARCHED + TALLEST + 1)
    best = _best(grid, texts, test, needed, cut=False) or _best(grid, texts, test, needed, cut=True)
    if best is None:
        return None
    score, first, last = best
    while callable(wanted) and first > 0 and last - first + 1 < TALLEST and _is_group(grid, texts, first - 1):
        if _cut(grid, first - 1, last) or _score(texts, first - 1, last, test) < score:
            break
        first -= 1
    return first, last


def is_template(grid: Grid) -> bool:
    """Whether the sheet is one that `coopeval template` wrote, whose heading rows are known."""
    first = "" if grid.cells.empty else grid.cells.iloc[0, 0]
    return isinstance(first, str) and table_of(first) not in {"", "-"}


def title_and_notes(grid: Grid, first: int) -> list[str]:
    """The different texts in the rows above `first`, in reading order: title, unit, who reports."""
    if grid.headings is not None or first <= 0:
        return []
    cells = [shown(value) for row in grid.cells.iloc[:first].to_numpy(dtype=object) for value in row]
    texts = [
        re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", unicodedata.normalize("NFKC", text)).strip()
        for text in cells
    ]
    return list(dict.fromkeys(text for text in texts if text))


def is_numbering(texts: Collection[str]) -> bool:
    """Whether the texts of a row only number the columns (甲 乙 1 2 3; 栏次 1 2 3), as under ministry headings."""
    standing = [text for text in texts if text and not _SIDE.fullmatch(text)]
    digits = [int(text) for text in standing if re.fullmatch(r"\d{1,2}", text)]
    others = [text for text in standing if text not in _NUMBERING and not re.fullmatch(r"\d{1,2}", text)]
    return len(standing) >= 3 and not others and digits == list(range(1, len(digits) + 1))


def numbering(grid: Grid, row: int) -> bool:
    """Whether the zero-based row only numbers the columns, so that it is neither heading nor data."""
    if grid.headings is not None or not 0 <= row < len(grid.cells):
        return False
    return is_numbering([plain(shown(value)) for value in grid.cells.iloc[row].to_numpy(dtype=object)])


# --- items down the side ---


@dataclass(frozen=True, slots=True)
class Items:
    """A sheet with items down the side, turned over: one record per column of values.

    headings : (k,) first the heading of the item column ("项目"), then the items without their numbering
    rows : (n, k) frame, labels from 0; column 0 holds the headings of the value columns (金额, 2021年, a village)
    places : zero-based (row, column) of every cell of `rows` in the sheet, row by row
    first : first sheet row of the table (its heading row); texts above it are title and notes
    """

    headings: tuple[str, ...]
    rows: pd.DataFrame
    places: tuple[tuple[tuple[int, int], ...], ...]
    first: int


def items(grid: Grid, wanted: Wanted) -> Items | None:
    """The sheet turned over; None where no column has two of the items wanted.

    An item is named by its text without 一、(一) 1. 其中: and the like; where two bear the same text, by that of the
    item above it too ("总收入/其他"). A column headed 单位 gives its text to the item in brackets: 经营收入(万元).
    Columns of line numbers are left out. Where items stand in two columns side by side, the value columns of the
    second continue the records of the first in their order.
    """
    if grid.headings is not None:
        return None
    test, needed = _test(wanted)
    texts = _texts(grid, ITEMS_SEARCHED)
    width = len(texts[0]) if texts else 0
    names = {column: _item_names([row[column] for row in texts]) for column in range(width)}
    hits = {column: _hits(texts, names[column], column, test) for column in range(width)}
    sides = [column for column in range(width) if len(hits[column]) >= needed]
    sides = sides or [column for column in range(width) if hits[column]][:1]
    sides = [c for c in sides if c == 0 or names[c] != names[c - 1]]  # an item merged over two columns
    if not sides:
        return None
    start = min(min(hits[side].values()) for side in sides)
    head = _head(texts, sides[0], start)
    parts = [
        _part(texts, head, side, stop, names[side], test)
        for side, stop in zip(sides, [*sides[1:], width], strict=True)
    ]
    number = max(len(part.values) for part in parts)
    if number == 0:
        return None
    headings = [texts[head][sides[0]] if head >= 0 else ""]
    headings += [name for part in parts for name in part.names]
    places = []
    for record in range(number):
        place = [(head, parts[0].values[record] if record < len(parts[0].values) else -1)]
        for part in parts:
            column = part.values[record] if record < len(part.values) else -1
            place += [(row, column) for row in part.rows]
        places.append(tuple(place))
    cells = grid.cells.iloc[:ITEMS_SEARCHED].to_numpy(dtype=object)
    rows = [
        [texts[r][c] if r == head and r >= 0 and c >= 0 else cells[r, c] if min(r, c) >= 0 else "" for r, c in place]
        for place in places
    ]  # fmt: skip
    return Items(tuple(headings), pd.DataFrame(rows), tuple(places), max(head, 0) if head >= 0 else start)


@dataclass(frozen=True, slots=True)
class _Part:
    names: list[str]
    rows: list[int]
    values: list[int]


def _hits(
    texts: list[list[str]], names: dict[int, str], column: int, test: Callable[[str], bool]
) -> dict[str, int]:
    """Items wanted in a column, with a value to their right: name -> first row."""
    found: dict[str, int] = {}
    for row, name in names.items():
        if test(name) and any(_VALUE.match(text) for text in texts[row][column + 1 :]):
            found.setdefault(name, row)
    return found


def _part(
    texts: list[list[str]],
    head: int,
    side: int,
    stop: int,
    names: dict[int, str],
    test: Callable[[str], bool],
) -> _Part:
    """Items and value columns of one item column; rows without any value are items only where they are wanted, so
    that titles of groups and notes below are none."""
    heads = {column: texts[head][column] if head >= 0 else "" for column in range(side + 1, stop)}
    unit = next((column for column, text in heads.items() if _UNIT_COLUMN.fullmatch(text)), None)
    rows = [row for row in names if row > head]
    values = []
    for column, text in heads.items():
        standing = [texts[row][column] for row in rows if texts[row][column]]
        counts = [int(text) for text in standing if text.isdigit()]
        counting = len(counts) >= 3 and counts == list(range(counts[0], counts[0] + len(counts)))
        if column != unit and standing and not _SIDE.fullmatch(text) and not (counting and not text):
            values.append(column)
    kept = [
        row
        for row in rows
        if test(names[row]) or any(texts[row][column] not in {"", texts[row][side]} for column in values)
    ]
    full = [
        f"{names[row]}({texts[row][unit]})" if unit is not None and texts[row][unit] else names[row]
        for row in kept
    ]
    return _Part(full, kept, values)


def _head(texts: list[list[str]], side: int, start: int) -> int:
    """The nearest row above the first value with a text in the item column and another beside it; -1 without one."""
    for row in range(start - 1, -1, -1):
        beside = {text for text in texts[row][side + 1 :] if text} - {texts[row][side]}
        if texts[row][side] and any(
            not _VALUE.match(text) or _YEAR.match(text) for text in beside - _NOTHING
        ):
            return row
    return -1


def _item_names(column: list[str]) -> dict[int, str]:
    """Names of the items in a column by row."""
    bare: dict[int, str] = {}
    parents: dict[int, str] = {}
    above: list[tuple[int, str]] = []  # (depth, text) of the items that the next one may belong to
    for row, text in enumerate(column):
        if not text:
            continue
        depth, name = item_depth(text)
        if not name:
            continue
        while above and above[-1][0] >= depth:
            above.pop()
        bare[row], parents[row] = name, above[-1][1] if above else ""
        above.append((depth, name))
    repeated = {name for name in bare.values() if list(bare.values()).count(name) > 1}
    return {
        row: f"{parents[row]}/{name}" if name in repeated and parents[row] else name
        for row, name in bare.items()
    }


def item_depth(text: str) -> tuple[int, str]:
    """How deep an item stands by its numbering (一、 is 0, (一) 1, 1. 2, (1) 3, none 4), and its text without it."""
    depth, name = len(_DEPTHS), plain(text)
    prefixed = _PREFIX.match(name)
    if prefixed:
        name = name[prefixed.end() :]
    for level, pattern in enumerate(_DEPTHS):
        hit = pattern.match(name)
        if hit:
            depth, name = level, name[hit.end() :]
            break
    again = _PREFIX.match(name)
    name = name[again.end() :] if again else name
    return (len(_DEPTHS) + 1 if prefixed and depth == len(_DEPTHS) else depth), name.rstrip(":")


# --- inner parts ---


def _test(wanted: Wanted) -> tuple[Callable[[str], bool], int]:
    """A test of one heading, and how many different ones a block must have."""
    if callable(wanted):
        return wanted, 2
    known = {plain(text) for text in wanted}
    return known.__contains__, max(1, min(2, len(known)))


def _texts(grid: Grid, rows: int) -> list[list[str]]:
    """The first rows as plain texts, merged ranges filled."""
    texts = [[plain(shown(value)) for value in row] for row in grid.cells.iloc[:rows].to_numpy(dtype=object)]
    width = len(grid.cells.columns)
    for top, left, bottom, right in grid.merged:
        if top >= len(texts) or left >= width:
            continue
        for row in range(top, min(bottom, len(texts) - 1) + 1):
            for column in range(left, min(right, width - 1) + 1):
                texts[row][column] = texts[top][left]
    return texts


def _flat(texts: list[list[str]], first: int, last: int) -> list[str]:
    rows = texts[max(first, 0) : last + 1]
    return ["/".join(dict.fromkeys(text for text in column if text)) for column in zip(*rows, strict=True)]


def _score(texts: list[list[str]], first: int, last: int, test: Callable[[str], bool]) -> int:
    return sum(test(heading) for heading in dict.fromkeys(_flat(texts, first, last)) if heading)


def _best(
    grid: Grid, texts: list[list[str]], test: Callable[[str], bool], needed: int, *, cut: bool
) -> tuple[int, int, int] | None:
    """(score, first, last) of the best block, the shortest and highest among equals."""
    best: tuple[int, int, int] | None = None
    for first in range(min(SEARCHED, len(texts))):
        for last in range(first, min(first + TALLEST, len(texts))):
            if not _is_text(texts[last]):
                break  # numbers stand here: data have begun
            if not cut and _cut(grid, first, last):
                continue
            score = _score(texts, first, last, test)
            if score < needed or not _data_below(texts, last, test, score):
                continue
            if best is None or (score, first - last) > (best[0], best[1] - best[2]):
                best = (score, first, last)
    return best


def _is_text(row: list[str]) -> bool:
    standing = [text for text in row if text]
    numbers = [text for text in standing if _NUMBER.fullmatch(text) and not _YEAR.fullmatch(text)]
    return len(standing) > 0 and 2 * len(numbers) < len(standing)


def _cut(grid: Grid, first: int, last: int) -> bool:
    """Whether the block's edges cut a merged range in two."""
    return any(
        top <= last < bottom or top < first <= bottom
        for top, _, bottom, _ in grid.merged
        if bottom > top and top <= last
    )


def _data_below(texts: list[list[str]], last: int, test: Callable[[str], bool], score: int) -> bool:
    """Whether the next row that is not empty looks like data: few of its cells are headings themselves."""
    for row in texts[last + 1 :]:
        standing = list(dict.fromkeys(text for text in row if text))
        if standing and not is_numbering(row):
            return 2 * sum(test(text) for text in standing) < max(score, 3)
    return True


def _is_group(grid: Grid, texts: list[list[str]], row: int) -> bool:
    """Whether a row holds group headings rather than a title or notes."""
    standing = [text for text in dict.fromkeys(texts[row]) if text]
    if not standing or any(":" in text or len(text) > 20 for text in standing):
        return False
    used = max((column + 1 for line in texts for column, text in enumerate(line) if text), default=0)
    wide = [(left, right) for top, left, _, right in grid.merged if top == row and right > left]
    if wide:  # a title alone is merged from the first column on
        return all(right - left + 1 < 0.8 * used for left, right in wide) and (
            len(standing) > 1 or wide[0][0] > 0
        )
    return len(standing) > 1 and not grid.merged and not any(re.search(r"\d", text) for text in standing)
