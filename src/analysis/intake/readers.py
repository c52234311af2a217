"""Which parser reads a column's cells, by the kind that the data model declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from analysis.intake.cells import codes, dates, numbers, years
from analysis.intake.cells.cell import Cell
from analysis.intake.mapping import ColumnMap, Source
from analysis.schema import Column

# Names that find a row's key; the kind of cell each is read as.
KEY_NAMES = {
    "village": "text", "township": "text", "register_village": "text", "coop_name": "text", "member_no": "text",
    "village_code": "code", "credit_code": "credit", "household_no": "int", "year": "year", "month": "int",
    "date": "date",
}  # fmt: skip
_NUMBERS = {"int", "float", "year", "flag"}


def kind_of(declared: Column | None, name: str) -> str:
    """The kind of a mapped name: the data model's, else that of a name that finds a key."""
    if name == "credit_code":
        return "credit"
    return declared.kind if declared is not None else KEY_NAMES.get(name, "text")


def is_number(declared: Column | None, name: str) -> bool:
    """Whether the column's values are numbers (missing: NaN) rather than texts (missing: None)."""
    return kind_of(declared, name) in _NUMBERS


def reader_for(
    declared: Column | None, name: str, mapped: ColumnMap, unit: str, source: Source, labels: Mapping[str, str],
    missing: tuple[str, ...],
) -> Callable[[object], Cell]:  # fmt: skip
    """The parser of one cell of a column.

    unit : what the column is written in; labels, missing : value labels and missing codes that the file declares
    """
    kind = kind_of(declared, name)
    absent = frozenset((*mapped.missing, *missing))
    if kind in {"int", "float"}:
        target = declared.unit if declared is not None else ""
        # money and weights may be whole numbers in the data model and fractions of another unit in the file
        whole = kind == "int" and (declared is None or not unit or unit == declared.unit)
        return partial(
            numbers.read_integer if whole else numbers.read_number,
            unit=unit, target=target, none=mapped.none, missing_codes=absent, intervals=source.intervals,
        )  # fmt: skip
    if kind == "year":
        special = (
            frozenset(float(value) for value in declared.special) if declared is not None else frozenset()
        )
        read_year = partial(years.read_year, missing_codes=absent)
        return partial(_year_or_special, read_year, special) if special else read_year
    if kind == "date":
        return partial(dates.read_date, day=mapped.day, missing_codes=absent)
    if kind == "credit":
        return partial(codes.read_credit_code, missing_codes=absent)
    if kind == "flag":
        return partial(
            codes.read_flag, codes={**_flags(labels), **mapped.codes}, none=mapped.none, missing_codes=absent
        )
    if kind in {"category", "set"} and declared is not None:
        read = codes.read_category if kind == "category" else codes.read_set
        return partial(_answer, read, declared.values, mapped.codes, labels, absent)
    if kind in {"id", "code"}:
        return partial(codes.read_code, width=mapped.width, missing_codes=absent)
    return codes.read_text


def _year_or_special(read_year: Callable[[object], Cell], special: frozenset[float], raw: object) -> Cell:
    """A year, or a number that the data model gives a meaning of its own (0 = never), also as 0(未建)."""
    cell = numbers.read_number(raw)
    return cell if cell.value in special else read_year(raw)


def _answer(
    read: Callable[..., Cell], values: Mapping[str, object], given: Mapping[str, str], labels: Mapping[str, str],
    absent: frozenset[str], raw: object,
) -> Cell:  # fmt: skip
    return read(raw, values, given, labels, missing_codes=absent)


def _flags(labels: Mapping[str, str]) -> dict[str, str]:
    """Value labels that say yes or no, as codes: 1 是, 2 否."""
    words = {"是": "1", "有": "1", "yes": "1", "否": "0", "无": "0", "没有": "0", "no": "0"}
    return {
        code: words[label.strip().lower()] for code, label in labels.items() if label.strip().lower() in words
    }
