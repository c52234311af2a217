"""Empty workbooks for offices to fill in, one per entity, with lists to choose from and bounds that are enforced.

How the import knows a filled one: cell A1 of a sheet of data ends in "[coopeval:TABLE]" (`table_of`), and row 4 holds
the technical names (columns of the entity, or names that find a village, household or cooperative; see `asked`). Data
begin in row 5. Units are those of the data model. Choices are written as words of the sheet's language, flags as
是/否 or yes/no; "[coopeval:-]" in A1 marks a sheet without data.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.schema import arithmetic, wording
from analysis.schema.asked import Asked, asked, key_of
from analysis.schema.declared import Entity, Identity, entities
from analysis.schema.workbook import GREY, NAVY, PALE, RULE, put, workbook_bytes

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

TITLE_ROW, UNIT_ROW, HEADING_ROW, NAME_ROW, FIRST_ROW = 1, 2, 3, 4, 5
LAST_ROW = 20_000  # last row with validation
LONGEST_LIST = 255  # characters of a list within a cell's validation; a limit of the file format
LONGEST_PROMPT, LONGEST_ERROR, LONGEST_TITLE = 255, 225, 32  # characters of messages; limits of Excel
_MARK = re.compile(r"\[coopeval:([a-z_]+|-)\]\s*$")
_NOTE = "[coopeval:-]"
_LENGTH = re.compile(r"\[[^\]]+\]\{(\d+)\}")


def table_of(first_cell: str) -> str:
    """The entity that a sheet's cell A1 says it holds; "-" for a template's sheet without data, "" for others."""
    hit = _MARK.search(first_cell)
    return hit[1] if hit else ""


def usual() -> list[str]:
    """The entities that offices fill in."""
    return [name for name, entity in entities().items() if entity.office]


def file_name(entity: Entity, language: str) -> str:
    """村年度_village_year.xlsx, or village_year.xlsx in English."""
    return f"{entity.label.zh}_{entity.name}.xlsx" if language == "zh" else f"{entity.name}.xlsx"


def write_template(entity: Entity, language: str, path: Path) -> None:
    """Write the entity's template; the same declaration gives the same bytes."""
    path.write_bytes(workbook_bytes(template_workbook(entity, language)))


def template_workbook(entity: Entity, language: str) -> Workbook:
    """The entity's template in "zh" or "en": the sheet to fill in, how to, and long lists of choices."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = _sheet_name(entity.label[language])
    columns = asked(entity)
    _heading(sheet, entity, columns, language)
    _guide(book.create_sheet(wording.word("template", "guide", language)), entity, columns, language)
    for position, column in enumerate(columns, start=1):
        _column(book, sheet, position, column, language)
    _identities(sheet, entity, columns)
    return book


def _sheet_name(label: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", label[:1].upper() + label[1:])[:31]


# --- the sheet to fill in ---


def _heading(sheet: Worksheet, entity: Entity, columns: list[Asked], language: str) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    label = entity.label[language]
    title = wording.word("template", "title", language, label=label[:1].upper() + label[1:])
    put(sheet.cell(TITLE_ROW, 1), f"{title}  [coopeval:{entity.name}]").font = Font(
        bold=True, size=15, color=NAVY
    )
    units = put(sheet.cell(UNIT_ROW, 1), wording.word("template", "units", language, first=FIRST_ROW))
    units.font = Font(color=GREY)
    line = Side(style="thin", color=RULE)
    for position, column in enumerate(columns, start=1):
        heading = put(sheet.cell(HEADING_ROW, position), column.heading(language))
        heading.font = Font(bold=True, color="FFFFFF" if column.needed else NAVY)
        heading.fill = PatternFill("solid", fgColor=NAVY if column.needed else PALE)
        heading.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
        heading.border = Border(left=line, right=line, top=line)
        comment = Comment(_explained(column, language, limit=1000), "coopeval")
        comment.width, comment.height = 300, 110
        heading.comment = comment
        name = put(sheet.cell(NAME_ROW, position), column.name)
        name.font = Font(size=8, color=GREY)
        name.alignment = Alignment(horizontal="center")
        name.border = Border(left=line, right=line, bottom=line)
    sheet.row_dimensions[TITLE_ROW].height = 26
    sheet.row_dimensions[HEADING_ROW].height = 44
    fixed = max((number for number, column in enumerate(columns[:6], start=1) if column.needed), default=0)
    sheet.freeze_panes = f"{get_column_letter(1 + fixed)}{FIRST_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{HEADING_ROW}:{NAME_ROW}"


def _column(book: Workbook, sheet: Worksheet, position: int, column: Asked, language: str) -> None:
    """Format and validation of the cells under a heading."""
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(position)
    kind = column.column.kind
    heading = column.heading(language)
    wide = sum(2 if ord(character) > 0x2E80 else 1 for character in heading)
    sheet.column_dimensions[letter].width = max(12, len(column.name) * 0.85 + 2, min(wide * 0.62 + 4, 26))
    if kind in {"id", "code", "text", "date", "set", "category", "flag"}:
        sheet.column_dimensions[letter].number_format = "@"  # long digits and dates stay what was typed
    elif kind == "float":
        money = column.column.unit == "yuan"
        sheet.column_dimensions[letter].number_format = "#,##0.00" if money else "General"
    rule = _validation(book, letter, column, language)
    rule.promptTitle = column.label[language][:LONGEST_TITLE]
    rule.prompt = _explained(column, language, limit=LONGEST_PROMPT)
    rule.showInputMessage = True
    if rule.type is not None:
        allowed = _allowed(column, language)
        rule.showErrorMessage, rule.errorStyle = True, "stop"
        rule.errorTitle = column.label[language][:LONGEST_TITLE]
        rule.error = wording.word("template", "refused", language, allowed=allowed)[:LONGEST_ERROR]
    rule.allow_blank = True
    rule.add(f"{letter}{FIRST_ROW}:{letter}{LAST_ROW}")
    sheet.add_data_validation(rule)


def _validation(book: Workbook, letter: str, asked_for: Asked, language: str) -> DataValidation:
    from openpyxl.worksheet.datavalidation import DataValidation

    column, cell = asked_for.column, f"{letter}{FIRST_ROW}"
    if column.kind in {"category", "flag"}:
        return DataValidation(type="list", formula1=_list(book, asked_for, language))
    if column.kind in {"int", "float", "year"}:
        bounds = [
            f"{cell}{sign}{bound:.15g}"
            for sign, bound in ((">=", column.low), ("<=", column.high))
            if bound is not None
        ]
        special = [f"{cell}={value}" for value in column.special]
        whole = "whole" if column.kind != "float" else "decimal"
        if len(bounds) == 2 and not special:
            low, high = (f"{bound:.15g}" for bound in (column.low or 0, column.high or 0))
            return DataValidation(type=whole, operator="between", formula1=low, formula2=high)
        tests = [f"ISNUMBER({cell})", *bounds, *([f"{cell}=INT({cell})"] if whole == "whole" else [])]
        inside = f"AND({','.join(tests)})"
        return DataValidation(
            type="custom", formula1=f"OR({','.join([inside, *special])})" if special else inside
        )
    if column.kind == "date":
        digits = f'SUBSTITUTE({cell},"-","")'
        test = f'AND(LEN({cell})=10,MID({cell},5,1)="-",MID({cell},8,1)="-",ISNUMBER(VALUE({digits})))'
        return DataValidation(type="custom", formula1=test)
    length = _LENGTH.fullmatch(column.pattern)
    if length:
        return DataValidation(type="textLength", operator="equal", formula1=length[1])
    return DataValidation(type=None)


def _list(book: Workbook, column: Asked, language: str) -> str:
    """The choices as a list within the validation, or, where they are too long for one, on the sheet of choices."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    choices = _choices(column, language)
    joined = ",".join(choices)
    if len(joined) <= LONGEST_LIST and not any(set(choice) & set(',"') for choice in choices):
        return f'"{joined}"'
    name = wording.word("template", "choices", language)
    if name not in book.sheetnames:
        put(book.create_sheet(name).cell(1, 1), f"{name}  {_NOTE}").font = Font(bold=True, color=NAVY)
    sheet = book[name]
    place = 1 if sheet.max_row == 1 else sheet.max_column + 1
    put(sheet.cell(2, place), column.label[language]).font = Font(bold=True)
    for row, choice in enumerate(choices, start=3):
        put(sheet.cell(row, place), choice)
    letter = get_column_letter(place)
    sheet.column_dimensions[letter].width = 44
    return f"'{name}'!${letter}$3:${letter}${2 + len(choices)}"


def _choices(column: Asked, language: str) -> list[str]:
    if column.column.kind == "flag":
        return [wording.word("template", answer, language) for answer in ("yes", "no")]
    return [text[language] for text in column.column.values.values()]


def _allowed(asked_for: Asked, language: str) -> str:
    """What may be written into a cell, in words; "" for free text."""
    column = asked_for.column

    def say(name: str, **fields: object) -> str:
        return wording.word("template", name, language, **fields)

    if column.kind == "date":
        return say("date_form")
    if column.kind in {"category", "flag"}:
        return say("choose")
    if column.kind == "set":
        return say("set_form", choices=", ".join(text[language] for text in column.values.values()))
    length = _LENGTH.fullmatch(column.pattern)
    if length:
        return say("length", length=length[1])
    kinds = {"int": "int", "float": "float", "year": "year"}
    if column.kind not in kinds:
        return say("any_text")
    parts = [wording.word("kinds", kinds[column.kind], language), wording.allowed(column, language)]
    return " ".join(part for part in [*parts, wording.unit(column, language)] if part)


def _explained(asked_for: Asked, language: str, *, limit: int) -> str:
    """Meaning, range and whether the cell may stay empty, in at most `limit` characters."""
    column = asked_for.column
    parts = [column.definition[language] if column.definition else "", _allowed(asked_for, language)]
    if column.derived:
        parts.append(wording.word("template", "computed", language))
    elif asked_for.needed:
        parts.append(wording.word("template", "key", language))
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- identities ---


def _identities(sheet: Worksheet, entity: Entity, columns: list[Asked]) -> None:
    """Cells that break an identity turn orange while the table is filled in."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import PatternFill
    from openpyxl.utils import get_column_letter

    letters = {column.name: get_column_letter(number) for number, column in enumerate(columns, start=1)}
    for identity in entity.identities.values():
        formula = _broken(identity, entity, letters)
        marked = next((n for n in arithmetic.columns_of(identity.left) if n in letters), None)
        if formula and marked:
            colour = PatternFill("solid", bgColor="F6C78F" if identity.severity == "error" else "FBEBC8")
            place = f"{letters[marked]}{FIRST_ROW}:{letters[marked]}{LAST_ROW}"
            sheet.conditional_formatting.add(place, FormulaRule(formula=[formula], fill=colour))


def _broken(identity: Identity, entity: Entity, letters: dict[str, str]) -> str:
    """A spreadsheet formula that is true where the first row of data breaks the identity; "" where it cannot be said."""
    sides = (identity.left, identity.right)
    needed = [name for side in sides for name in arithmetic.columns_of(side, optional=False)]
    if not set(needed) <= set(letters):
        return ""
    cells = [f"{letters[name]}{FIRST_ROW}" for name in dict.fromkeys(needed)]
    if any(entity.columns[name].kind == "date" for name in needed):  # ISO dates are in order as text
        return f'AND({cells[0]}<>"",{cells[1]}<>"",{cells[0]}>{cells[1]})'
    if any(entity.columns[name].kind == "flag" for name in needed):  # words there, not numbers
        return ""
    left, right = (_spreadsheet(side, letters) for side in sides)
    gap = f"({left})-({right})" if identity.relation == "<=" else f"ABS(({left})-({right}))"
    return f"AND(COUNT({','.join(cells)})={len(cells)},{gap}>{identity.tolerance + 1e-6:.9g})"


def _spreadsheet(expression: str, letters: dict[str, str]) -> str:
    parts = []
    for term in arithmetic.terms(expression):
        if not term.name:
            parts.append(f"{term.factor:+.15g}")
        elif term.name in letters:
            cell = f"{letters[term.name]}{FIRST_ROW}"
            cell = cell if term.floor is None else f"MAX({cell},{term.floor:g})"
            factor = f"{term.factor:+.15g}*" if abs(term.factor) != 1 else "+" if term.factor > 0 else "-"
            parts.append(f"{factor}N({cell})")
    return "".join(parts) or "0"


# --- how to fill in ---


def _guide(sheet: Worksheet, entity: Entity, columns: list[Asked], language: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    def say(name: str, **fields: object) -> str:
        return wording.word("template", name, language, **fields)

    def section(row: int, text: str) -> int:
        put(sheet.cell(row, 1), text).font = Font(bold=True, size=12, color=NAVY)
        return row + 1

    label = entity.label[language]
    heading = f"{say('guide')}: {label}  {_NOTE}" if language == "en" else f"{say('guide')}：{label}  {_NOTE}"
    put(sheet.cell(1, 1), heading).font = Font(bold=True, size=15, color=NAVY)
    labels = {column.name: column.label[language] for column in columns}
    keys = ("、" if language == "zh" else ", ").join(labels.get(name, name) for name in key_of(entity))
    row = section(3, say("rules_title"))
    for rule in wording.template_rules(language, first=FIRST_ROW, keys=keys):
        put(sheet.cell(row, 1), rule).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=5)
        sheet.row_dimensions[row].height = 32
        row += 1
    row = section(row + 1, say("columns_title"))
    heads = [
        say("heading"),
        *(wording.word("columns", n, language) for n in ("column", "definition", "range", "must")),
    ]
    lines = [
        [
            column.heading(language),
            column.name,
            column.column.definition[language] if column.column.definition else "",
            "; ".join(_choices(column, language)) if column.column.kind == "category" else _allowed(column, language),
            _must(column, language),
        ]
        for column in columns
    ]  # fmt: skip
    for offset, line in enumerate([heads, *lines]):
        for number, text in enumerate(line, start=1):
            cell = put(sheet.cell(row + offset, number), text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if offset == 0:
                cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor=NAVY)
            elif number == 2:
                cell.font = Font(size=9, color=GREY)
    row += len(lines) + 2
    shown = [i for i in entity.identities.values() if _concerns(i, labels)]
    if shown:
        row = section(row, say("identities_title"))
        for identity in shown:
            put(sheet.cell(row, 1), identity.label[language])
            row += 1
    for letter, width in zip("ABCDE", (30, 24, 56, 44, 34), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _must(column: Asked, language: str) -> str:
    if column.column.derived:
        return wording.word("template", "computed", language)
    return (
        wording.word("template", "key", language)
        if column.needed
        else wording.word("codebook", "optional_mark", language)
    )


def _concerns(identity: Identity, labels: dict[str, str]) -> bool:
    names = {
        n for side in (identity.left, identity.right) for n in arithmetic.columns_of(side, optional=False)
    }
    return names <= set(labels)
