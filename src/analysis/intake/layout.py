"""From a sheet as it stands to its heading and data rows: titles, merges, subtotals and notes told apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake import headings
from analysis.intake.files.grid import Grid
from analysis.intake.ledger import Ledger, Place
from analysis.messages import Message

# A note below a table: who filled it in, what it means, where it comes from.
_NOTE = re.compile(
    r"^(注|备注|说明|附注|填表|制表|审核|复核|单位负责人|负责人|联系|报送|报出|统计人|经办|数据来源|资料来源|来源|note|source)",
    re.IGNORECASE,
)
# The word of a note followed by what makes it one: "注：", "填表人 …", "注1"; a village may be called 注沟
_NOTE_SURE = re.compile(
    r"^(注|备注|说明|附注|填表|制表|审核|复核|单位负责人|负责人|联系|报送|报出|统计人|经办|数据来源|资料来源|来源|note|source)"
    r"(人|电话|单位|日期|时间)?\d?([:：、.．]|$)",
    re.IGNORECASE,
)
_VILLAGE = re.compile(r"(村|社区|居委会|村委会|村民委员会|居民委员会)$")
_FIGURE = re.compile(r"[\d.,\s%-]+")
_TOTAL = re.compile(
    r"(?:合计|小计|总计|共计|总和|平均|均值)$|^(?:sub)?totals?$|^average$|^mean$", re.IGNORECASE
)
_MEAN = re.compile(r"平均|均值|average|mean", re.IGNORECASE)
SMALL = 20_000  # cells up to which a loop is quicker than setting up column operations
NOTES_SEARCHED = 200  # rows from the end; nobody writes more below a table


@dataclass(frozen=True, slots=True)
class Block:
    """The table in a sheet.

    headings : flattened, one per column ("收入/经营收入"); "" where a column has none
    rows : data rows, index = zero-based sheet rows, columns as in the grid; merged cells filled
    totals : rows of subtotals, the same form; before : for each of them, how many data rows stand above it
    above, below : texts above the heading and below the data
    turned : for a sheet with items down the side, the sheet cell of every cell of `rows`; None otherwise
    """

    grid: Grid
    headings: tuple[str, ...]
    rows: pd.DataFrame
    totals: pd.DataFrame
    before: tuple[int, ...]
    above: tuple[str, ...]
    below: tuple[str, ...]
    turned: tuple[tuple[tuple[int, int], ...], ...] | None = None

    def place(self, row: int = -1, column: int = -1) -> Place:
        """The place of a row (label of `rows`) and column in this sheet."""
        if self.turned is not None and row >= 0:
            row, column = self.turned[row][max(column, 0)]
        return Place(self.grid.file, self.grid.sheet, row, column)

    def errors(self, column: int) -> list[Place]:
        """Places of the error values (#REF!, #DIV/0!) in the data rows of a column."""
        broken = self.grid.errors
        if not broken:
            return []
        if self.turned is None:
            inside = set(self.rows.index)
            return [self.place(row, at) for row, at in broken if at == column and row in inside]
        return [
            Place(self.grid.file, self.grid.sheet, *line[column])
            for line in self.turned
            if line[column] in broken
        ]


def read_block(
    grid: Grid,
    wanted: Callable[[str], bool],
    ledger: Ledger,
    *,
    header: tuple[int, int] | None = None,
    fill: Callable[[str], bool] = lambda heading: False,
    amounts: Callable[[str], bool] = lambda heading: False,
    decided: Collection[str] = (),
    known: Callable[[str], bool] | None = None,
) -> Block | None:
    """The table in a sheet; None, with a problem in the ledger, where no heading row is found.

    Parameters
    ----------
    wanted : whether a flattened heading is one that the map imports.
    known : whether it is one that the map names at all, ignored ones included; those find the heading rows.
    header : first and last heading row, 1-based, where the map says so.
    fill : whether blanks under a heading repeat the value above (said by the map; merged cells need no saying).
    amounts : whether a heading is one of amounts, of which one merged over several rows belongs to all of them
        together and to none alone; decided : cells, as text, for which a person gave the value.
    """
    if grid.headings is not None:
        empty = grid.cells.iloc[:0]
        return Block(grid, tuple(headings.flatten(grid, 0, 0)), grid.cells, empty, (), (), ())
    found = (header[0] - 1, header[1] - 1) if header else headings.find(grid, known or wanted)
    if found is None:
        ledger.problem(
            "heading",
            [Place(grid.file, grid.sheet)],
            Message(
                "no row holds the headings that the map names", "没有找到映射文件所列的表头行"
            ),
            Message(
                "correct the headings in the map (see `coopeval import --suggest`), or give header = [first, last], "
                "or leave the sheet out with sheet = \"…\"",
                "请更正映射中的表头（可用 `coopeval import --suggest` 查看），或写明 header = [首行, 末行]，或用 sheet 排除该表",
            ),
        )  # fmt: skip
        return None
    first, last = found
    names = tuple(headings.flatten(grid, first, last))
    if last > first:
        ledger.repaired("header_flattened", Place(grid.file, grid.sheet))
    above = tuple(headings.title_and_notes(grid, first))
    if headings.numbering(grid, last + 1):  # 甲 乙 1 2 3 under the headings of ministry forms
        last += 1
    cells = _filled(grid, names, last + 1, ledger, wanted, fill, amounts, decided)
    end, below = _end(cells, last + 1, names, wanted, grid, ledger)
    body = cells.iloc[last + 1 : end]
    empty = blank(body)
    total = _totals(body) & ~empty
    kept = body[~empty & ~total]
    counts = np.cumsum((~empty & ~total).to_numpy())
    before = tuple(int(n) for n in counts[total.to_numpy()])
    return Block(grid, names, kept, body[total], before, above, below)


def read_items(grid: Grid, known: Callable[[str], bool], ledger: Ledger) -> Block | None:
    """The table in a sheet with items down the side, turned over; None, with a problem, where no items are found."""
    found = headings.items(grid, known)
    if found is None:
        ledger.problem(
            "heading", [Place(grid.file, grid.sheet)],
            Message("no column holds the items that the map names", "没有找到映射文件所列的项目"),
            Message(
                "correct the items in the map (see `coopeval import --suggest`)",
                "请更正映射中的项目名（可用 `coopeval import --suggest` 查看）",
            ),
        )  # fmt: skip
        return None
    above = tuple(headings.title_and_notes(grid, found.first))
    empty = found.rows.iloc[:0]
    return Block(
        grid, tuple(headings.plain(h) for h in found.headings), found.rows, empty, (), above, (), found.places
    )


def is_mean(total: pd.Series) -> bool:
    """Whether a subtotal row is one of averages."""
    return any(_MEAN.search(text) for text in _texts(total) if _is_total(text))


def total_label(total: pd.Series) -> str:
    """The words of a subtotal row, without spaces."""
    return next((text for text in _texts(total) if _is_total(text)), "")


def _texts(row: pd.Series) -> list[str]:
    return ["".join(value.split()) for value in row if isinstance(value, str) and value.strip()]


def blank(rows: pd.DataFrame) -> pd.Series:
    """Rows in which nothing stands."""
    if rows.size < SMALL:
        values = rows.to_numpy(dtype=object)
        return pd.Series(
            [all(_nothing(value) for value in row) for row in values], index=rows.index, dtype=bool
        )
    empty = pd.Series(True, index=rows.index)
    for column in rows.columns:
        empty &= _empty(rows[column])
    return empty


def _empty(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    if column.dtype == object or len(column) < SMALL:
        return pd.Series([_nothing(value) for value in column], index=column.index, dtype=bool)
    return column.isna() | (column.str.strip() == "")


def _totals(rows: pd.DataFrame) -> pd.Series:
    """Rows in which a text cell among the first ones is a word for a total."""
    found = np.zeros(len(rows), dtype=bool)
    for column in list(rows.columns)[:4]:
        values = rows[column]
        if pd.api.types.is_numeric_dtype(values):
            continue
        if len(values) < SMALL or values.dtype == object:
            found |= np.array([isinstance(value, str) and _is_total(value) for value in values], dtype=bool)
        else:
            likely = (
                values.str.contains("计|总|均|otal|verage|ean", regex=True).fillna(False).to_numpy(dtype=bool)
            )
            found[likely] |= np.array([_is_total(value) for value in values[likely]], dtype=bool)
    return pd.Series(found, index=rows.index)


def _is_total(text: str) -> bool:
    return _TOTAL.search("".join(text.split()).rstrip(":：")) is not None


def _filled(
    grid: Grid,
    names: tuple[str, ...],
    start: int,
    ledger: Ledger,
    wanted: Callable[[str], bool],
    fill: Callable[[str], bool],
    amounts: Callable[[str], bool],
    decided: Collection[str],
) -> pd.DataFrame:
    """The cells with merged ranges of the data rows filled, and blanks under the columns that the map fills."""
    cells = grid.cells
    copied = False
    for top, left, bottom, right in grid.merged:
        if top < start or right != left or bottom == top or left >= len(names) or not wanted(names[left]):
            continue
        if amounts(names[left]):
            _refuse_shared(grid, left, range(top, bottom + 1), decided, ledger)
            continue
        if not copied:
            cells, copied = cells.copy(), True
        value = cells.iloc[top, left]
        rows = np.arange(top + 1, min(bottom, len(cells) - 1) + 1)
        cells.iloc[rows, left] = value
        ledger.repaired_cells(
            "merged_filled", grid.file, grid.sheet, left, rows, [""] * len(rows), [_shown(value)] * len(rows)
        )
    for position, name in enumerate(names):
        if not fill(name):
            continue
        if not copied:
            cells, copied = cells.copy(), True
        column = cells[cells.columns[position]].iloc[start:]
        gap = _empty(column) & ~blank(cells.iloc[start:])
        filled = column.mask(_empty(column)).ffill()
        rows = np.flatnonzero(gap & filled.notna()) + start
        cells.iloc[rows, position] = filled.iloc[rows - start].to_numpy()
        ledger.repaired_cells(
            "merged_filled", grid.file, grid.sheet, position, rows, [""] * len(rows),
            [_shown(value) for value in filled.iloc[rows - start]],
        )  # fmt: skip
    return cells


def _refuse_shared(grid: Grid, column: int, rows: range, decided: Collection[str], ledger: Ledger) -> None:
    """One amount merged over several rows: copied into each it would be counted as often as there are rows."""
    places = [Place(grid.file, grid.sheet, row, column) for row in rows]
    open_places = [place for place in places if str(place) not in decided]
    if open_places and not _nothing(grid.cells.iloc[rows.start, column]):
        ledger.problem(
            "merged_amount", open_places,
            Message(
                f"one amount is merged over {len(rows)} rows; it is not said what each of them has",
                f"一个数额合并了 {len(rows)} 行，未说明各行各是多少",
            ),
            Message(
                "write each row's own amount, or decide each cell with [[decide]]",
                "请分别填写各行的数额，或用 [[decide]] 逐格决定",
            ),
        )  # fmt: skip


def _shown(value: object) -> str:
    return str(value) if len(str(value)) <= 40 else f"{str(value)[:40]}…"


def _end(
    cells: pd.DataFrame,
    start: int,
    names: tuple[str, ...],
    wanted: Callable[[str], bool],
    grid: Grid,
    ledger: Ledger,
) -> tuple[int, tuple[str, ...]]:
    """Where the data end (exclusive), and the notes below. Judged from the end upwards, so that a blank row in the
    middle of a table never cuts off the rows under it."""
    end = len(cells)
    notes: list[tuple[int, str]] = []
    mapped = [position for position, name in enumerate(names) if name and wanted(name)]
    while end > start and len(cells) - end < NOTES_SEARCHED:
        row = cells.iloc[end - 1]
        standing = [(at, value) for at, value in enumerate(row) if not _nothing(value)]
        if standing and not _is_note(standing, set(mapped)):
            break
        if standing:
            notes.append((end - 1, " ".join(str(value) for _, value in standing if isinstance(value, str))))
        end -= 1
    for row, _ in notes:
        # what notes say may be personal (who filled it in, phone): it is counted, never copied
        ledger.repaired("note_cut", Place(grid.file, grid.sheet, row))
    return end, tuple(text for _, text in reversed(notes))


def _nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value  # NaN


def _is_note(standing: list[tuple[int, object]], mapped: set[int]) -> bool:
    first = standing[0][1]
    bare = "".join(first.split()) if isinstance(first, str) else ""
    if _NOTE_SURE.match(bare):
        return True
    texts_only = all(isinstance(value, str) and not _FIGURE.fullmatch(value) for _, value in standing)
    if not texts_only or not bare or _is_total(bare):
        return False
    if any(column in mapped and _VILLAGE.search("".join(str(text).split())) for column, text in standing):
        return False  # a village of which nothing else is told is still one
    return _NOTE.match(bare) is not None or (len(standing) == 1 and len(mapped) > 2)
