"""The codebook: the data model as a frame and as an Excel workbook. The web page is made by `codebook_page`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.schema import wording
from analysis.schema.codebook_page import codebook_html
from analysis.schema.declared import Entity
from analysis.schema.workbook import GREY, NAVY, PALE, RULE, put, workbook_bytes

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["codebook_frame", "codebook_html", "codebook_workbook", "write_codebook_xlsx"]

_WIDTHS = {
    "column": 24, "label": 24, "definition": 44, "kind": 18, "unit": 12, "range": 22, "must": 12, "values": 40,
    "derived": 40, "refers": 24, "headings": 40, "system": 12,
}  # fmt: skip
_TWICE = ("label", "definition", "kind", "unit", "range", "must", "values")  # columns that differ by language


def codebook_frame(language: str) -> pd.DataFrame:
    """One row per column of the data model, in words.

    Columns: table, column, label, definition, kind, unit, range, must, values, derived, refers, headings, system.
    Texts are in `language`; empty where there is nothing to say.
    """
    rows = [row for entity in _in_order() for row in _rows(entity, language)]
    return pd.DataFrame(rows)


def codebook_workbook() -> Workbook:
    """Contents, one sheet per entity and the identities, Chinese and English side by side."""
    from openpyxl import Workbook

    book = Workbook()
    _contents(book.active)
    for entity in _in_order():
        _entity_sheet(book.create_sheet(entity.name), entity)
    _identities(book.create_sheet("identities"))
    return book


def write_codebook_xlsx(path: Path) -> None:
    """Write the workbook; the same data model gives the same bytes."""
    path.write_bytes(workbook_bytes(codebook_workbook()))


def _in_order() -> list[Entity]:
    return [entity for _, members in wording.grouped("en") for entity in members]


def _rows(entity: Entity, language: str) -> list[dict[str, str]]:
    return [
        {
            "table": entity.name,
            "column": name,
            "label": column.label[language],
            "definition": column.definition[language] if column.definition else "",
            "kind": wording.word("kinds", column.kind, language),
            "unit": wording.unit(column, language),
            "range": wording.allowed(column, language),
            "must": wording.must(entity, name, language),
            "values": "; ".join(f"{code} {text[language]}" for code, text in column.values.items()),
            "derived": column.derived,
            "refers": column.refers,
            "headings": "; ".join(column.headings),
            "system": column.system,
        }
        for name, column in entity.columns.items()
    ]


def _entity_sheet(sheet: Worksheet, entity: Entity) -> None:
    chinese, english = (pd.DataFrame(_rows(entity, language)) for language in ("zh", "en"))
    heads, columns, widths = [], [], []
    for name, width in _WIDTHS.items():
        zh, en = (wording.word("columns", name, language) for language in ("zh", "en"))
        pair = name in _TWICE
        heads += [zh, en] if pair else [f"{zh} / {en}"]
        columns += [chinese[name], english[name]] if pair else [chinese[name]]
        widths += [width, width] if pair else [width]
    _table(sheet, heads, [list(row) for row in zip(*columns, strict=True)], widths)


def _contents(sheet: Worksheet) -> None:
    sheet.title = "目录 contents"
    heads = [_both("columns", name) for name in ("table", "label", "frequency")]
    heads.insert(2, "English")
    heads += [_both("codebook", "keyed_by"), _both("columns", "rows")]
    rows = [
        [
            entity.name,
            entity.label.zh,
            entity.label.en,
            _both("frequencies", entity.frequency),
            ", ".join(entity.key),
            float(len(entity.columns)),
        ]
        for entity in _in_order()
    ]
    _table(sheet, heads, rows, [20, 24, 28, 34, 36, 14])
    for row, entity in enumerate(_in_order(), start=2):
        sheet.cell(row, 1).hyperlink = f"#'{entity.name}'!A1"


def _identities(sheet: Worksheet) -> None:
    heads = [
        _both("columns", "table"), "勾稽关系", "Identity",
        *(_both("columns", name) for name in ("formula", "tolerance", "severity")),
    ]  # fmt: skip
    rows = [
        [
            entity.name,
            identity.label.zh,
            identity.label.en,
            wording.formula(identity),
            identity.tolerance,
            _both("severities", identity.severity),
        ]
        for entity in _in_order()
        for identity in entity.identities.values()
    ]
    _table(sheet, heads, rows, [18, 50, 60, 70, 18, 32])
    last = sheet.max_row + 2
    for offset, language in enumerate(("zh", "en")):
        put(sheet.cell(last + offset, 1), wording.word("codebook", "optional_note", language))


def _table(sheet: Worksheet, heads: list[str], rows: list[list[str | float]], widths: list[int]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    line = Border(bottom=Side(style="thin", color=RULE))
    for column, (head, width) in enumerate(zip(heads, widths, strict=True), start=1):
        cell = put(sheet.cell(1, column), head)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=NAVY)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(column)].width = width
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = put(sheet.cell(number, column), value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.border = line
            if column == 1:
                cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=PALE)
    sheet.freeze_panes = "B2"
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = GREY if sheet.title in {"identities", "目录 contents"} else NAVY
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _both(group: str, name: str) -> str:
    return " / ".join(wording.word(group, name, language) for language in ("zh", "en"))
