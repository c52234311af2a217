"""One cell as a calendar year: 2021, 2021年度, ２０２１, 21年, 二〇二一年, 2021.0, a date."""

from __future__ import annotations

import re

from analysis.intake.cells import spelling
from analysis.intake.cells.cell import Cell
from analysis.intake.cells.numbers import as_date, exact_value, is_coded
from analysis.intake.cells.numerals import DIGITS
from analysis.messages import Message

A_YEAR = Message("a year", "年份")
FIRST, LAST = 1949, 2100
_HAN = "".join(DIGITS)
_CLEAN = re.compile(r"[12][0-9]{3}(?:\.0{1,9})?")
_WRITTEN = re.compile(rf"(?:公元)?([0-9{_HAN}]{{4}}|[0-9{_HAN}]{{2}}(?= ?年)) ?(?:年度?)?")
_OF_A_DAY = re.compile(r"([12][0-9]{3})(?: ?年 ?[0-9]{1,2} ?月(?: ?[0-9]{1,2} ?[日号])?|-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+)?)")  # fmt: skip


def read_year(raw: object, *, missing_codes: frozenset[str] = frozenset()) -> Cell:
    """The year in a cell, 1949-2100, as an integer.

    Two digits count only before 年, and only where the century is certain: 00-40 are of this one, 60-99 of the last.
    """
    if spelling.is_empty(raw):
        return Cell(None)
    wide = ("full_width",) if isinstance(raw, str) and spelling.is_wide(raw) else ()
    if is_coded(raw, missing_codes):
        return Cell(None, (*wide, "missing_code"))
    day = as_date(raw)
    if day is not None:
        return _in_range(day.year, ("date_spelling",), raw)
    if not isinstance(raw, str):
        number = exact_value(raw)
        if number is None or number.denominator != 1:
            return Cell(None, problem=spelling.unreadable(raw, A_YEAR))
        return _in_range(int(number), (), raw)
    text = spelling.half_width(spelling.trimmed(raw)).strip()
    if spelling.absence(text):
        return Cell(None, ("not_a_value",))
    if _CLEAN.fullmatch(text):
        return _in_range(int(text[:4]), wide, raw)
    found = _WRITTEN.fullmatch(text) or _OF_A_DAY.fullmatch(text)
    year = full_year(found[1]) if found else 0
    if not year:
        return Cell(None, problem=spelling.unreadable(raw, A_YEAR))
    return _in_range(year, (*wide, "date_spelling"), raw)


def full_year(text: str) -> int:
    """The year that four or two Arabic or Chinese digits name; 0 where the century is not certain."""
    digits = "".join(str(DIGITS[c]) if c in DIGITS else c for c in text)
    if len(digits) == 4:
        return int(digits)
    return 2000 + int(digits) if digits <= "40" else 1900 + int(digits) if digits >= "60" else 0


def _in_range(year: int, rules: tuple[str, ...], raw: object) -> Cell:
    if FIRST <= year <= LAST:
        return Cell(year, rules)
    said = spelling.shown(raw)
    return Cell(
        None,
        problem=Message(f"'{said}' is no year from {FIRST} to {LAST}", f"“{said}”不在 {FIRST}-{LAST} 年之内"),
    )
