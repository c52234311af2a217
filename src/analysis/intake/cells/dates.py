"""One cell as an ISO date: 2019年3月1日, 2019.3.1, 20190301, 二〇一九年三月一日, serial 43525, date cells."""

from __future__ import annotations

import datetime
import re
from fractions import Fraction
from typing import Literal

from analysis.intake.cells import spelling
from analysis.intake.cells.cell import Cell
from analysis.intake.cells.numbers import as_date, exact_value, is_coded
from analysis.intake.cells.numerals import DIGITS, numeral
from analysis.intake.cells.years import full_year
from analysis.messages import Message

A_DATE = Message("a date", "日期")
EARLIEST = datetime.date(1978, 1, 1)  # households farm their own land since 1978; no record here is older
LATEST = datetime.date(2100, 12, 31)
_DAY_ZERO = datetime.date(1899, 12, 30)  # spreadsheets count days from here
_STILL = {"至今", "现在", "目前"}  # ends of spells that have not ended
_DIGIT = f"[0-9{''.join(DIGITS)}]"
_SMALL = f"(?:[0-9]{{1,2}}|[{''.join(DIGITS)}十拾]{{1,4}})"

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_MARKED = re.compile(rf"([0-9]{{4}})(?P<mark>[-./])([0-9]{{1,2}})(?P=mark)([0-9]{{1,2}}){_TIME}")
_NAMED = re.compile(rf"({_DIGIT}{{4}}|{_DIGIT}{{2}}) ?年 ?({_SMALL}) ?月(?: ?({_SMALL}) ?[日号]?{_TIME})?")
_MONTH = re.compile(r"([0-9]{4})([-./])([0-9]{1,2})")
_LAST_YEAR = re.compile(rf"([0-9]{{1,2}})(?P<mark>[-./])([0-9]{{1,2}})(?P=mark)([0-9]{{4}}){_TIME}")
_FIGURES = re.compile(r"([0-9]{1,8})(?:\.[0-9]{1,15})?")


def read_date(
    raw: object,
    *,
    earliest: datetime.date = EARLIEST,
    latest: datetime.date = LATEST,
    day: Literal["", "first"] = "",
    precision: Literal["day", "month"] = "day",
    missing_codes: frozenset[str] = frozenset(),
) -> Cell:
    """The day in a cell as ISO text, 2019-03-01.

    Parameters
    ----------
    earliest, latest : days outside are problems; numbers count as serial numbers only between them
    day : "first" takes 2019年3月 as 2019-03-01; "" refuses a month without a day
    precision : "month" gives 2019-03, and needs no day
    missing_codes : texts and numbers that mean "missing"
    """
    if spelling.is_empty(raw):
        return Cell(None)
    wide = ("full_width",) if isinstance(raw, str) and spelling.is_wide(raw) else ()
    if is_coded(raw, missing_codes):
        return Cell(None, (*wide, "missing_code"))
    moment = as_date(raw)
    if moment is not None:
        timed = isinstance(raw, datetime.datetime) and raw.time() != datetime.time()
        return _bounded(
            (moment.year, moment.month, moment.day),
            "date_spelling" if timed else "",
            raw,
            earliest,
            latest,
            precision,
        )
    number = None if isinstance(raw, str) else exact_value(raw)
    if number is None and not isinstance(raw, str):
        return Cell(None, problem=spelling.unreadable(raw, A_DATE))
    if isinstance(raw, str):
        text = re.sub(" +", " ", spelling.half_width(spelling.trimmed(raw)).strip())
        if spelling.absence(text) or text in _STILL:
            return Cell(None, ("not_a_value",))
        found = _written(text)
    else:
        text = format(float(number), ".15g") if abs(number) < 10**9 else ""
        found = _month_of_float(number)
    if found is None and _FIGURES.fullmatch(text):
        found = _figures(text, earliest, latest)
    if found is None:
        return Cell(None, problem=spelling.unreadable(raw, A_DATE))
    if isinstance(found, Message):
        return Cell(None, problem=found)
    parts, rule = found
    if not parts[2] and precision == "day":
        if not day:
            return Cell(None, problem=_no_day(raw))
        parts = (*parts[:2], 1)
    cell = _bounded(parts, rule, raw, earliest, latest, precision)
    return Cell(cell.value, (*wide, *cell.rules), cell.problem) if cell.problem is None else cell


_Parts = tuple[int, int, int]  # year, month, day; 0 = no day is given


def _bounded(
    parts: _Parts, rule: str, raw: object, earliest: datetime.date, latest: datetime.date, precision: str
) -> Cell:
    said = spelling.shown(raw)
    try:
        moment = datetime.date(parts[0], parts[1], parts[2] or 1)
    except ValueError:
        return Cell(None, problem=Message(f"there is no day '{said}'", f"没有“{said}”这一天"))
    if not earliest <= moment <= latest:
        return Cell(
            None,
            problem=Message(
                f"'{said}' is not between {earliest} and {latest}",
                f"“{said}”不在 {earliest} 至 {latest} 之间",
            ),
        )
    return Cell(moment.isoformat()[: 7 if precision == "month" else 10], (rule,) if rule else ())


def _written(text: str) -> tuple[_Parts, str] | Message | None:
    """Year, month and day of a date written with marks or words."""
    if iso := _ISO.fullmatch(text):
        return (int(iso[1]), int(iso[2]), int(iso[3])), ""
    if marked := _MARKED.fullmatch(text):
        return _given(marked[1], marked[3], marked[4])
    if named := _NAMED.fullmatch(text):
        year, month, day = full_year(named[1]), _small(named[2]), _small(named[3] or "")
        return ((year, month, day), "date_spelling") if year and month and (day or not named[3]) else None
    if month := _MONTH.fullmatch(text):
        if month[2] == "." and month[3] == "1":
            return _january_or_october(text)
        return _given(month[1], month[3], "") if 1 <= int(month[3]) <= 12 else None
    if last := _LAST_YEAR.fullmatch(text):
        one, other, year = int(last[1]), int(last[3]), int(last[4])
        if one != other and one <= 12 and other <= 12:
            return Message(
                f"'{text}' may be two days: which number is the month?", f"“{text}”有歧义：哪个数是月份？"
            )
        return (year, min(one, other), max(one, other)), "date_spelling"
    return None


def _given(year: str, month: str, day: str | None) -> tuple[_Parts, str] | None:
    """Parts as written; a day 0 is no day but a mistake."""
    if day and not int(day):
        return None
    return (int(year), int(month), int(day or 0)), "date_spelling"


def _small(text: str) -> int:
    """A month or day in figures or Chinese numerals, 零三 too; 0 where it is none."""
    found = numeral(text.lstrip("零〇○") or text) if text else None
    return int(found.value) if found is not None and found.value < 100 else 0


def _january_or_october(text: str) -> Message:
    return Message(
        f"'{text}' may be January or October: a spreadsheet drops the last 0 of {text}0",
        f"“{text}”可能是1月，也可能是10月（表格会丢掉 {text}0 末尾的0）",
    )


def _month_of_float(number: Fraction) -> tuple[_Parts, str] | Message | None:
    """2021.6 typed as a number is June; 2021.1 may have been 2021.10."""
    hundredths = number * 100
    if number.denominator == 1 or hundredths.denominator != 1 or not 1900 <= number < 2101:
        return None
    year, month = divmod(int(hundredths), 100)
    if month == 10:
        return _january_or_october(f"{year}.1")
    if month % 10 == 0:
        month //= 10  # .2 is 2, because there is no month 20
    return ((year, month, 0), "date_spelling") if 1 <= month <= 12 else None


def _figures(
    text: str, earliest: datetime.date, latest: datetime.date
) -> tuple[_Parts, str] | Message | None:
    """20190301, 201903, or a serial number between the bounds."""
    whole, _, rest = text.partition(".")
    exact = not rest.strip("0")
    if len(whole) == 8 and exact:
        return _given(whole[:4], whole[4:6], whole[6:])
    if len(whole) == 6 and exact and 1 <= int(whole[4:]) <= 12 and whole[:2] in {"19", "20"}:
        if 1 <= int(whole[2:4]) <= 12:  # 201210: October 2012 or 10 December 2020
            return Message(f"'{whole}' may be a month or a day", f"“{whole}”可能是年月，也可能是年月日")
        return (int(whole[:4]), int(whole[4:]), 0), "date_spelling"
    if len(whole) == 5 and not whole.startswith("0"):
        moment = _DAY_ZERO + datetime.timedelta(days=int(whole))
        if earliest <= moment <= latest:
            return (moment.year, moment.month, moment.day), "date_serial"
    return None


def _no_day(raw: object) -> Message:
    said = spelling.shown(raw)
    return Message(
        f"'{said}' names no day; the map may take the first of the month (day = \"first\")",
        f'“{said}”没有写日；可在映射文件中取当月1日（day = "first"）',
    )
