"""Workbooks and text files whose bytes depend on nothing but their content."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MOMENT = datetime.datetime(2024, 12, 31)
_ENTRY = (2024, 12, 31, 0, 0, 0)


@dataclass(slots=True)
class Sheet:
    """A sheet being written: rows of cells, merged ranges (first row, first column, last row, last column; from 0)."""

    name: str
    rows: list[list[object]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden: bool = False

    def add(self, *cells: object) -> int:
        """A row below the others; its number."""
        self.rows.append(list(cells))
        return len(self.rows) - 1

    def title(self, text: str, width: int) -> None:
        """A text over the whole width."""
        row = self.add(text)
        if width > 1:
            self.merged.append((row, 0, row, width - 1))

    def head(self, headings: Sequence[str]) -> int:
        """Heading rows of flattened headings ("收入/经营收入"): groups merged across, single ones down; how many."""
        parts = [heading.split("/") for heading in headings]
        depth = max(len(part) for part in parts)
        start = len(self.rows)
        grid = [["" for _ in headings] for _ in range(depth)]
        for level in range(depth):
            column = 0
            while column < len(parts):
                here = parts[column][: level + 1]
                end = column
                grouped = len(parts[column]) > level + 1
                while grouped and end + 1 < len(parts) and parts[end + 1][: level + 1] == here and len(parts[end + 1]) > level + 1:  # fmt: skip
                    end += 1
                if len(parts[column]) > level:
                    grid[level][column] = parts[column][level]
                    last = level if grouped else depth - 1
                    if end > column or last > level:
                        self.merged.append((start + level, column, start + last, end))
                column = end + 1
        self.rows += grid
        return depth

    def merge_down(self, column: int, first: int, last: int) -> int:
        """One cell over several rows, blank below the first; how many rows are blank now."""
        if last <= first:
            return 0
        for row in range(first + 1, last + 1):
            self.rows[row][column] = None
        self.merged.append((first, column, last, column))
        return last - first


def save(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write a workbook."""
    from openpyxl import Workbook
    from openpyxl.worksheet.cell_range import CellRange

    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        for row in sheet.rows:
            page.append([None if cell == "" else cell for cell in row])
        # blank below and beside already; merge_cells would style every cell, one by one
        page.merged_cells.ranges = {
            CellRange(min_row=top + 1, min_col=left + 1, max_row=bottom + 1, max_col=right + 1)
            for top, left, bottom, right in sheet.merged
        }
        for row in sheet.hidden_rows:
            page.row_dimensions[row + 1].hidden = True
        if sheet.hidden:
            page.sheet_state = "hidden"
    book.properties.creator = "synthetic"
    book.properties.created = _MOMENT
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_without_clock(buffer.getvalue()))


def _without_clock(content: bytes) -> bytes:
    """The same archive with fixed times."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _fixed_times(data)
            entry = zipfile.ZipInfo(name, date_time=_ENTRY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, data)
    return made.getvalue()


def _fixed_times(core: bytes) -> bytes:
    import re

    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + _MOMENT.isoformat().encode() + b"Z", core)


def save_text(path: Path, rows: Iterable[Sequence[object]], encoding: str) -> None:
    """Write comma-separated text; whole rows have one length."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
