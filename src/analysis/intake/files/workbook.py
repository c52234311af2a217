"""Workbooks (.xlsx, .xls) as grids.

Values come from calamine; what it leaves out (error cells, formulas without values, hidden rows) comes from the
file itself: sheet_scan for .xlsx, biff for .xls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

import numpy as np
import pandas as pd

from analysis.intake.files import biff, safety, sheet_scan
from analysis.intake.files.grid import Grid
from analysis.intake.files.long_numbers import LIMIT, long_text, report
from analysis.intake.files.package import Package
from analysis.intake.files.refusal import SEND_AGAIN, damaged, refused
from analysis.intake.files.sheet_scan import SheetScan
from analysis.intake.ledger import Ledger, Place
from analysis.messages import Message

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_NAME = Message("Excel workbook", "Excel 工作簿")
_ROWS = 20_000  # rows turned into columns at a time
_REMEMBERED = 200_000  # different values of a column that are kept once instead of once per cell


def read_xlsx(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The sheets of an .xlsx file, chart sheets left out, hidden ones marked.

    Formulas without values and long numbers go to the ledger as problems. Raises IntakeError for a file that is
    damaged, beyond the limits, or without a single cell.
    """
    package = Package(path)
    scans: dict[str, SheetScan] = {}
    parts = set()
    for sheet in package.sheets():
        if sheet.cells and sheet.part in package.members:
            scans[sheet.name] = _scan(package, sheet.name, sheet.part)
            parts.add(sheet.part)
    package.check_others(parts)
    return _grids(path, scans, ledger)


def read_xls(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The sheets of an .xls file; as `read_xlsx`."""
    return _grids(path, biff.scan(path), ledger)


def _scan(package: Package, name: str, part: str) -> SheetScan:
    """What the XML of a sheet says besides values; refuses one that spans too many cells."""
    seen = sheet_scan.glance(package.pieces(part))
    too_far = seen.rows * seen.columns > safety.CELLS  # or only formatted that far
    scan = SheetScan()
    if seen.unusual or seen.marked or too_far:
        way = sheet_scan.parse if seen.unusual or too_far else sheet_scan.search
        try:
            scan = way(package.pieces(part))
        except (expat.ExpatError, ValueError, KeyError):
            raise damaged(package.file, _NAME, sheet=name) from None
    if scan.rows * scan.columns > safety.CELLS:
        raise package.too_many_cells(name)
    return scan


def _grids(path: Path, scans: dict[str, SheetScan], ledger: Ledger) -> list[Grid]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    file = path.name
    book = _open(path)
    grids = []
    for about in book.sheets_metadata:
        if about.typ is not SheetTypeEnum.WorkSheet:
            _say_skipped(file, about.name, ledger, charts=about.typ is SheetTypeEnum.ChartSheet)
            continue
        scan = scans.get(about.name)
        if scan is None:  # what cannot be checked is not read
            raise damaged(file, _NAME, sheet=about.name)
        sheet = _guarded(lambda name=about.name: book.get_sheet_by_name(name), file, about.name)
        read = _guarded(lambda sheet=sheet: _read_cells(sheet), file, about.name)
        merged = [(*first, *last) for first, last in sheet.merged_cell_ranges or []]
        _report_formulas(file, about.name, scan, ledger)
        report(file, about.name, read.long, ledger)
        grids.append(
            Grid(
                file,
                _grown(read.cells, scan),
                sheet=about.name,
                merged=tuple(sorted(merged)),
                hidden=about.visible is not SheetVisibleEnum.Visible,
                hidden_rows=frozenset(scan.hidden_rows),
                hidden_columns=frozenset(scan.hidden_columns),
                errors=dict(scan.errors),
            )
        )
        del sheet
    if not any(grid.cells.size for grid in grids):
        what = Message("no sheet of the workbook holds a single cell", "工作簿的所有工作表都是空的")
        raise refused("file_empty", file, what, SEND_AGAIN)
    return grids


def _open(path: Path) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError:
        kind = safety.KINDS["encrypted"]
        what = Message(f"this is {safety.an(kind.name)}", f"这是{kind.name.zh}")
        raise refused("file_kind", path.name, what, kind.fix) from None
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # the reader's own panics do not derive from Exception
        raise damaged(path.name, _NAME) from None


def _guarded(read: Callable, file: str, sheet: str) -> object:
    """What `read` gives; whatever goes wrong inside the reader becomes one error that names the sheet."""
    try:
        return read()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # the reader's own panics do not derive from Exception
        raise damaged(file, _NAME, sheet=sheet) from None


def _say_skipped(file: str, sheet: str, ledger: Ledger, *, charts: bool) -> None:
    if charts:
        return
    ledger.remark(
        "sheet_skipped",
        [Place(file, sheet)],
        Message(
            "a macro or dialog sheet; it holds no table and was left out", "宏表或对话框表，不含表格，已略过"
        ),
        Message("nothing to do unless data stand there", "如其中有数据，请移到普通工作表"),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """Cells of a sheet from A1 on; `long`: places of numbers with more than 15 digits."""

    cells: pd.DataFrame
    long: list[tuple[int, int]]


def _read_cells(sheet: CalamineSheet) -> _Read:
    if sheet.start is None:
        return _Read(pd.DataFrame(), [])
    rows = sheet.iter_rows()
    columns: list[_Column] = []
    while chunk := list(islice(rows, _ROWS)):
        for position, values in enumerate(zip(*chunk, strict=True)):
            if position == len(columns):
                columns.append(_Column())
            columns[position].add(values)
    # the reader leaves out empty columns before the first cell, and may leave out empty rows
    down = sheet.end[0] + 1 - len(columns[0].values)
    across = sheet.end[1] + 1 - len(columns)
    long = [(row + down, at + across) for at, column in enumerate(columns) for row in column.long]
    height = sheet.end[0] + 1
    cells = {at: pd.Series("", index=range(height), dtype="str") for at in range(across)}
    for at in range(len(columns)):
        cells[at + across] = columns[at].finished(down)
        columns[at] = None  # its list is not needed beside the finished column
    return _Read(pd.DataFrame(cells, copy=False), sorted(long))


class _Column:
    """A column that grows chunk by chunk; equal values are kept once."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.long: list[int] = []
        self._known: dict[object, object] = {}
        self._text_only = True

    def add(self, values: tuple[object, ...]) -> None:
        """Append cells: numbers as float, everything else as it is."""
        kinds = set(map(type, values))
        if int in kinds:
            values = tuple(float(v) if type(v) is int else v for v in values)
            kinds = {float if kind is int else kind for kind in kinds}
        self._text_only = self._text_only and kinds == {str}
        start = len(self.values)
        if float in kinds:
            numbers = values if kinds == {float} else [v for v in values if type(v) is float]
            if max(numbers) >= LIMIT or min(numbers) <= -LIMIT:
                self.long += [
                    start + at for at, v in enumerate(values) if type(v) is float and abs(v) >= LIMIT
                ]
        if str in kinds:
            long = {v for v in set(values) if type(v) is str and long_text(v)}
            if long:
                self.long += [start + at for at, v in enumerate(values) if type(v) is str and v in long]
        if kinds <= {str, float} and len(self._known) < _REMEMBERED:
            values = map(self._known.setdefault, values, values)
        self.values.extend(values)

    def finished(self, above: int) -> pd.Series:
        """The column under `above` empty cells: text alone as str, anything else as object."""
        if above:
            self.values[:0] = [""] * above
        if self._text_only:
            return pd.Series(self.values, dtype="str")
        made = np.empty(len(self.values), dtype=object)
        made[:] = self.values
        return pd.Series(made, dtype=object, copy=False)


def _grown(cells: pd.DataFrame, scan: SheetScan) -> pd.DataFrame:
    """The frame with room for error cells and formulas without values, which the reader takes for empty."""
    broken = [*scan.errors, *scan.without_value]
    rows = max([len(cells), *(row + 1 for row, _ in broken)])
    columns = max([len(cells.columns), *(column + 1 for _, column in broken)])
    if (rows, columns) == cells.shape:
        return cells
    return cells.reindex(index=range(rows), columns=range(columns), fill_value="")


def _report_formulas(file: str, sheet: str, scan: SheetScan, ledger: Ledger) -> None:
    if not scan.without_value:
        return
    count = len(scan.without_value)
    ledger.problem(
        "formula_without_value",
        [Place(file, sheet, row, column) for row, column in scan.without_value],
        Message(f"{count} formula cells without values", f"有 {count} 个公式单元格没有计算结果"),
        Message(
            "open the file in a spreadsheet program (Excel, WPS) and save it; it then holds the results",
            "请用表格软件（Excel、WPS）打开并保存，文件中就会有计算结果",
        ),
    )
