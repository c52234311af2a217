"""One cell as a number in the data model's unit: 12,000 元; ２．１万; 三万余; 60%; 0(未建); 无; -9."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Literal

import numpy as np

from analysis.intake.cells import spelling, units
from analysis.intake.cells.cell import Cell
from analysis.intake.cells.numerals import CHARACTERS, DIGITS, numeral
from analysis.intake.cells.spelling import half_width
from analysis.intake.cells.units import (
    CONTRADICTED,
    UNITS,
    UnitError,
    convert,
    dimension,
    factor,
    unit_named,
)
from analysis.messages import Message

__all__ = [
    "CONTRADICTED", "UNITS", "UnitError", "convert", "dimension", "half_width", "is_coded", "read_integer", "read_number",
    "unit_named", "whole",
]  # fmt: skip

A_NUMBER = Message("a number", "数")
# Order in which rules are named, so that a cell's account does not depend on how it was parsed.
_ORDER = (
    "full_width", "separators", "chinese_numeral", "unit_in_cell", "percent", "approximate", "interval", "not_a_value",
    "annotated_zero", "missing_code",
)  # fmt: skip
CLEAN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,30})?|-?\.[0-9]{1,30}")
# As programs write floats (1.5E+05, 1e-07), not as people do.
_SCIENTIFIC = re.compile(r"-?[0-9](?:\.[0-9]{1,20})?[eE][+-][0-9]{2,3}")
_ZERO = re.compile(r"(?:0(?:\.0+)?|零) ?\([^()0-9]{1,30}\)")
_ABOUT = re.compile(r"^(?:大约|大概|约为|约|将近|接近|近|~|≈) ?")
_OR_SO = re.compile(r"(?: ?(?:左右|上下)|[余多许])$")
_AND_MORE = re.compile(rf"(?<=[0-9{CHARACTERS}])[余多来](?=[^0-9])")
_RANGE = re.compile(r"(?<=[^-–—~〜至到])(?: ?(?:-|–|—|~|〜|至|到) ?)(?=[^-–—~〜至到])")
_START = re.compile(r"(?P<before>[-+负]?)(?P<currency>人民币|RMB|¥)? ?(?P<after>(?(currency)[-+负]?))")
_ACCOUNTING = re.compile(r"\(([0-9][^()]*)\)([^()]*)")
_FIGURES = re.compile(rf"[0-9{CHARACTERS},. ]*")
_BOXED = re.compile(r"\([^()]+\)")
_WHOLE_YUAN = re.compile(r"^[元圆][整正]$")
_LAST_MULTIPLIER = re.compile(r"(.*?)([十拾百佰千仟万亿]*)[^0-9十拾百佰千仟万亿]*")
_AREA = re.compile(r"([0-9]+)亩([1-9])分")
_TENTHS = re.compile(rf"([0-9{CHARACTERS}.]+)成([0-9{''.join(DIGITS)}半])?")
_OF_A = re.compile(r"([百千])分之(.+)")


@dataclass(frozen=True, slots=True)
class _Column:
    """What is known of the column: unit it is in, unit wanted, what words for "nothing" mean, codes for missing."""

    unit: str
    target: str
    none: Literal["missing", "zero"]
    codes: frozenset[str]
    intervals: Literal["", "midpoint"]


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number with the unit that stands behind it in the cell."""

    value: Fraction
    unit: str = ""
    scaled: bool = False
    myriad: bool = False
    arabic: bool = True
    rules: frozenset[str] = frozenset()


def read_number(
    raw: object,
    *,
    unit: str = "",
    target: str = "",
    none: Literal["missing", "zero"] = "missing",
    missing_codes: frozenset[str] = frozenset(),
    intervals: Literal["", "midpoint"] = "",
) -> Cell:
    """The number in a cell, in `target`.

    Values are exact decimals until the last step: "3.2" and 3.2 in 万元 are 32000.0. A unit in the cell overrides
    the column's: 21000元 in a column of 万元 is 21,000 yuan. Full width, separators, Chinese numerals, "about" and
    percents are repaired under their rules; where two readings are possible there is a problem and no value.

    Parameters
    ----------
    unit : what heading, title or map say the column is in; "" = `target`
    target : unit of the data model; "" = a plain number
    none : what 无, —, / mean. 未统计, 缺, N/A are missing under both: not counted is not zero.
    missing_codes : "-9" is also -9.0; compared before the unit is converted
    intervals : "midpoint" takes 10-20 as 15; "" refuses it

    Raises
    ------
    UnitError : `unit` is unknown or does not measure what `target` does (a mistake of the map, not of the cell).
    """
    scale = factor(unit, target)
    column = _Column(unit, target, none, missing_codes, intervals)
    if spelling.is_empty(raw):
        return Cell(None)
    if isinstance(raw, str):
        return _from_text(raw, column, scale)
    exact = exact_value(raw)
    if exact is None:
        return Cell(None, problem=spelling.unreadable(raw, A_NUMBER))
    if is_coded(raw, missing_codes):
        return Cell(None, ("missing_code",))
    return _finished(exact * scale, (), raw)


def read_integer(raw: object, **options: object) -> Cell:
    """The whole number in a cell, options as for `read_number`; 12.5 is a problem."""
    return whole(read_number(raw, **options), raw)


def whole(cell: Cell, raw: object = None) -> Cell:
    """A number read as a whole number; a problem where it is none."""
    if cell.value is None:
        return cell
    value = float(cell.value)
    if value.is_integer():
        return replace(cell, value=int(value))
    said = spelling.shown(value if raw is None else raw)
    return Cell(None, problem=Message(f"'{said}' is not a whole number", f"“{said}”不是整数"))


def exact_value(raw: object) -> Fraction | None:
    """A finite number of any numeric type, exactly as it would be written; None for anything else."""
    if isinstance(raw, (bool, np.bool_)) or not isinstance(raw, (numbers.Real, Decimal)):
        return None
    if isinstance(raw, numbers.Rational):
        return Fraction(int(raw.numerator), int(raw.denominator))
    if isinstance(raw, Decimal):
        return Fraction(raw) if raw.is_finite() else None
    if not math.isfinite(raw):
        return None
    # the shortest decimal that the file's own type has for it: a float32 of 3.2 was 3.2, not 3.2000000477
    return Fraction(str(raw))


def is_coded(raw: object, codes: frozenset[str]) -> bool:
    """Whether a cell is one of the codes for "missing", as text or as a number ("-9" is also -9.0)."""
    if not codes:
        return False
    if not isinstance(raw, str):
        return exact_value(raw) in _numeric(codes)
    text = half_width(spelling.trimmed(raw)).strip()
    if text in codes or spelling.trimmed(raw) in codes:
        return True
    return CLEAN.fullmatch(text) is not None and Fraction(text) in _numeric(codes)


@cache
def _numeric(codes: frozenset[str]) -> frozenset[Fraction]:
    texts = (half_width(spelling.trimmed(code)) for code in codes)
    return frozenset(Fraction(text) for text in texts if CLEAN.fullmatch(text))


def _finished(value: Fraction, rules: tuple[str, ...], raw: object) -> Cell:
    try:
        number = float(value) + 0.0  # no negative zero
    except OverflowError:
        return Cell(None, problem=spelling.unreadable(raw, A_NUMBER))
    return Cell(number, rules)


def _from_text(raw: str, column: _Column, scale: Fraction) -> Cell:
    written = spelling.trimmed(raw)
    text = half_width(written).strip()
    rules = {"full_width"} if spelling.is_wide(written) else set()
    if is_coded(raw, column.codes):
        return _cell(None, rules | {"missing_code"}, raw)
    if CLEAN.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return _cell(Fraction(text) * scale, rules, raw)
    if _ZERO.fullmatch(text):
        return _cell(Fraction(0), rules | {"annotated_zero"}, raw)
    said = spelling.absence(text)
    if said:
        zero = said == "nothing" and column.none == "zero"
        return _cell(Fraction(0) if zero else None, {"not_a_value"}, raw)
    if spelling.is_error(text) or len(text) > 80:
        return Cell(None, problem=spelling.unreadable(raw, A_NUMBER))
    bare = _amount(text) if column.codes else None  # 99,999,999
    if bare is not None and not bare.unit and not bare.scaled and bare.value in _numeric(column.codes):
        return _cell(None, rules | {"missing_code"}, raw)
    exact = _AND_MORE.sub("", _OR_SO.sub("", _ABOUT.sub("", text)), count=1)
    if exact != text:
        rules |= {"approximate"}
        text = exact
    amount = _amount(text)
    if amount is None:
        return _range(raw, text, rules, column)
    placed = _in_target(amount, column)
    if isinstance(placed, Message):
        return Cell(None, problem=placed)
    value, more = placed
    return _cell(value, rules | amount.rules | more, raw)


def _cell(value: Fraction | None, rules: set[str] | frozenset[str], raw: object) -> Cell:
    named = tuple(rule for rule in _ORDER if rule in rules)
    return Cell(None, named) if value is None else _finished(value, named, raw)


def _amount(text: str) -> _Amount | None:
    """Sign, numeral and unit; None where the text is something else."""
    start = _START.match(text)
    rest, signs = text[start.end() :], start["before"] + start["after"]
    if len(signs) > 1:
        return None
    rules = {"+": {"separators"}, "负": {"chinese_numeral"}}.get(signs, set())
    sign = -1 if signs in {"-", "负"} else 1
    unit = "元" if start["currency"] else ""
    if not signs and (closed := _ACCOUNTING.fullmatch(rest)):  # (1,200) is -1,200
        rest, sign, rules = closed[1] + closed[2], -1, {"separators"}
    special = _tenths(rest) if "成" in rest else _mu_and_tenths(rest) if "亩" in rest else None
    if special is not None:
        return replace(special, value=special.value * sign, rules=special.rules | rules)
    if "分之" in rest and (of_a := _OF_A.fullmatch(rest)):
        rest, unit = of_a[2], "%" if of_a[1] == "百" else "‰"
    length = _FIGURES.match(rest).end()
    found, behind = numeral(rest[:length].strip()), rest[length:].strip()
    if behind and behind not in UNITS:
        behind = _WHOLE_YUAN.sub("元", behind[1:-1].strip() if _BOXED.fullmatch(behind) else behind)
    measured = units.unit(behind)
    if found is None or measured is None or (unit and behind and units.folded(behind) != unit):
        return None
    rules = (
        rules
        | ({"separators"} if found.grouped else set())
        | ({"chinese_numeral"} if found.chinese else set())
    )
    return _Amount(
        sign * found.value, behind or unit, found.scaled, found.myriad, found.arabic, frozenset(rules)
    )


def _mu_and_tenths(text: str) -> _Amount | None:
    """3亩5分."""
    parts = _AREA.fullmatch(text)
    return (
        _Amount(Fraction(f"{parts[1]}.{parts[2]}"), "亩", rules=frozenset({"separators"})) if parts else None
    )


def _tenths(text: str) -> _Amount | None:
    """6成, 六成五, 三成半: tenths."""
    parts = _TENTHS.fullmatch(text)
    tenths = numeral(parts[1]) if parts else None
    if tenths is None or tenths.scaled or tenths.value > 10:
        return None
    last = parts[2] or "0"
    more = Fraction(1, 2) if last == "半" else Fraction(DIGITS[last] if last in DIGITS else int(last), 10)
    rules = frozenset({"chinese_numeral"} if tenths.chinese or not last.isascii() else ())
    return _Amount((tenths.value + more) / 10, "share", rules=rules)


def _in_target(amount: _Amount, column: _Column) -> tuple[Fraction, set[str]] | Message:
    """The amount in the column's target, with the rules that took it there."""
    own = factor(column.unit, column.target)
    share = dimension(column.target) == "share"
    if not amount.unit:
        if not amount.scaled:
            return amount.value * own, set()
        base = units.without_multiplier(column.unit)
        beside = base != units.folded(column.unit)
        # 3千 in a column of 万元: 3,000 yuan or 3,000 万元
        if share or (beside and not amount.myriad):
            return _unclear_multiplier(column)
        scale = factor(base, column.target) if beside else own
        return amount.value * scale, {"unit_in_cell"} if amount.arabic else set()
    written = amount.unit
    if units.is_rate(dimension(column.target)) and not units.is_rate(dimension(written)):
        written = f"{written}/{units.denominator(column.unit)}"  # 3.5元 in a column of 元/斤
    try:
        scale = factor(written, column.target)
    except UnitError:
        return _wrong_kind(amount.unit, column)
    if share:
        return amount.value * scale, {"percent"}
    told = (amount.scaled and amount.arabic) or scale != own
    return amount.value * scale, {"unit_in_cell"} if told else {"separators"}


def _unclear_multiplier(column: _Column) -> Message:
    return Message(
        f"it is not certain how the multiplier in the cell goes with the column's unit {column.unit or column.target}",
        f"单元格中的“百、千、万”与本列单位“{column.unit or column.target}”的关系不明",
    )


def _wrong_kind(written: str, column: _Column) -> Message:
    wanted = column.unit or column.target
    return Message(
        f"the unit {written[:10]} stands in a column of {wanted or 'plain numbers'}",
        f"单元格写的单位“{written[:10]}”与本列{f'单位“{wanted}”' if wanted else '（无单位）'}不符",
    )


def _range(raw: str, text: str, rules: set[str], column: _Column) -> Cell:
    """10-20万: refused, or its midpoint."""
    ends = [end.strip() for end in _RANGE.split(text)]
    if len(ends) != 2 or any(re.match(r"0[0-9]", end) for end in ends):
        return Cell(None, problem=spelling.unreadable(raw, A_NUMBER))
    low, high = _amount(ends[0]), _amount(ends[1])
    if low is not None and high is not None and not low.unit and not low.scaled:
        low = _amount(ends[0] + _multiplier(*ends) + high.unit)
    placed = [_in_target(end, column) if end is not None else None for end in (low, high)]
    if not all(isinstance(end, tuple) for end in placed) or not placed[0][0] < placed[1][0]:
        return Cell(None, problem=spelling.unreadable(raw, A_NUMBER))
    if column.intervals != "midpoint":
        said = spelling.shown(raw)
        return Cell(
            None,
            problem=Message(
                f"'{said}' is a range, not a value; the map may allow midpoints (intervals = \"midpoint\")",
                f'“{said}”是区间而非数值；可在映射文件中允许取中点（intervals = "midpoint"）',
            ),
        )
    (start, first), (end, second) = placed
    used = rules | low.rules | high.rules | first | second | {"interval"}
    return _cell((start + end) / 2, used, raw)


def _multiplier(low: str, high: str) -> str:
    """What of the multiplier at the upper end also belongs to the lower: 万 in 10-20万, 千万 in 3-5千万."""
    last = _LAST_MULTIPLIER.fullmatch(high)
    simple = not re.search("[十拾百佰千仟]", low) and not re.search("[十拾百佰千仟万亿]", last[1])
    return last[2] if simple else re.sub("[十拾百佰千仟]", "", last[2])


def as_date(raw: object) -> datetime.date | None:
    """The day of a date or datetime cell; None for other cells."""
    if isinstance(raw, datetime.datetime):
        return raw.date()
    return raw if isinstance(raw, datetime.date) else None
