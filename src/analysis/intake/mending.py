"""The list of what to mend, as a workbook an office can work through."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from analysis.intake.ledger import Problem
from analysis.privacy.redact import redact

_HEAD = ("序号 No.", "位置 Where", "处数 Count", "问题", "办法", "Problem", "What to do")
_WIDTH = (8, 44, 9, 60, 60, 60, 60)
PLACES = 20  # named in one row; the count says how many there are


def write_list(problems: Sequence[Problem], path: Path) -> None:
    """One row per problem: where, how often, what is wrong and what to do, in both languages.

    Cells are text, so that nothing taken from a file can run as a formula; the file appears whole or not at all.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet = book.active
    sheet.title = "待更正 To mend"
    sheet.append(_HEAD)
    for cell, width in zip(sheet[1], _WIDTH, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    for number, problem in enumerate(problems, start=1):
        where = "\n".join(str(place) for place in problem.places[:PLACES])
        texts = (
            where,
            str(len(problem.places)),
            problem.what.zh,
            problem.fix.zh,
            str(problem.what),
            str(problem.fix),
        )
        for column, text in enumerate((str(number), *texts), start=1):
            cell = sheet.cell(row=number + 1, column=column, value=_printable(redact(text)))
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".xlsx", dir=path.parent)
    os.close(handle)
    try:
        book.save(name)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _printable(text: str) -> str:
    """Without the control characters that a workbook cannot hold."""
    return "".join(character for character in text if character >= " " or character in "\n\t")
