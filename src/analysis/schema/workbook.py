"""Workbooks as bytes that depend on their content only, with text that no spreadsheet takes for a formula."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell

EPOCH = datetime(2020, 1, 1)  # what the files say of their making, whenever they were made
_CHANGED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
NAVY, PALE, GREY, RULE = "1F3A5F", "EAF0F6", "8A8F98", "D5DBE3"  # colours of heading, band, remarks, lines


def put(cell: Cell, value: str | float | None) -> Cell:
    """Write a value; text stays text even where it begins with "="."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def workbook_bytes(book: Workbook) -> bytes:
    """The .xlsx file; the same content gives the same bytes."""
    book.properties.creator = "coopeval"
    book.properties.created = EPOCH
    made = io.BytesIO()
    book.save(made)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(made) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":  # openpyxl stamps the hour of saving
                stamp = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = _CHANGED.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, date_time=EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)
    return out.getvalue()
