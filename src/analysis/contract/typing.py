"""Columns to the type of their role: codes are text, years whole numbers, values numbers, flags true or false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.messages import Message

TRUE, FALSE = {"true", "1", "yes", "是", "1.0"}, {"false", "0", "no", "否", "0.0"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A column after typing, with the positions (from 0) where its cells do not fit and why."""

    values: pd.Series
    bad: np.ndarray
    what: Message
    fix: Message


def as_text(column: pd.Series) -> pd.Series:
    """Codes as text without loss: 12.0 of a number column becomes "12", blanks become missing."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        whole = column.dropna()
        if (whole == np.floor(whole)).all():
            column = column.astype("Int64")
    text = column.astype("str").str.strip()
    return text.mask(column.isna() | (text == ""))


def as_code(column: pd.Series) -> Typed:
    """Identifiers: text, none blank."""
    text = as_text(column)
    return Typed(
        text,
        np.flatnonzero(text.isna()),
        Message("blank identifier", "标识为空"),
        Message("fill it in or remove the row", "请补全或删除该行"),
    )


def as_number(column: pd.Series) -> Typed:
    """Values: finite numbers; blanks are missing, text that is no number is a breach, never coerced."""
    text = as_text(column) if not pd.api.types.is_numeric_dtype(column) else None
    values = pd.to_numeric(column if text is None else text, errors="coerce").astype("float64")
    given = column.notna() if text is None else text.notna()
    bad = np.flatnonzero((given & values.isna()) | np.isinf(values))
    shown = f", e.g. {column.iloc[bad[0]]!r}" if len(bad) else ""
    return Typed(
        values,
        bad,
        Message(f"not a finite number{shown}", f"不是有限数值{shown.replace(', e.g.', '，如')}"),
        Message(
            "write plain digits (12000, not 1.2万), or leave the cell blank if unknown",
            "请填纯数字（12000，不写 1.2万）；未知则留空",
        ),
    )


def as_year(column: pd.Series) -> Typed:
    """Periods: whole numbers, none blank."""
    number = as_number(column).values
    bad = np.flatnonzero(number.isna() | (number != np.floor(number)) | ~np.isfinite(number))
    return Typed(
        number.where(np.isfinite(number)).round().astype("Int64"),
        bad,
        Message("blank or not a whole number", "为空或不是整数"),
        Message("write the period as a whole number such as 2021", "请写成整数，如 2021"),
    )


def as_flag(column: pd.Series) -> Typed:
    """True/false columns."""
    text = as_text(column).str.lower()
    values = text.isin(TRUE)
    return Typed(
        values,
        np.flatnonzero(~text.isin(TRUE | FALSE)),
        Message("neither true nor false", "既不是真也不是假"),
        Message("write true/false, 1/0 or 是/否", "请写 true/false、1/0 或 是/否"),
    )


def cohort_reader(never: tuple[int | str, ...]) -> Callable[[pd.Series], Typed]:
    """A typer of adoption years; the declared codes, and only they, mean never adopted (missing)."""
    codes = {_code(value) for value in never}

    def read(column: pd.Series) -> Typed:
        text = as_text(column).fillna("").astype("str")
        row, written = pd.factorize(text)  # a cohort is written in few ways
        plain = pd.Series(
            np.array([_code(way) for way in written], dtype=object)[row], index=text.index, dtype="str"
        )
        is_never = plain.isin(codes)
        number = pd.to_numeric(plain.where(~is_never), errors="coerce").astype("float64")
        wrong = ~is_never & (number.isna() | (number != np.floor(number)) | ~np.isfinite(number))
        declared = ", ".join(repr(code) for code in sorted(codes)) or "none"
        return Typed(
            number.where(~wrong).astype("Int64"),
            np.flatnonzero(wrong),
            Message(
                f"blank, or not a year and not a code for never adopted (declared: {declared})",
                f"为空，或既不是年份也不是“从未采用”的代码（已声明：{declared}）",
            ),
            Message(
                'write the year of adoption; list codes for never in study.toml, never = [0], or "" for blank',
                '请填首次采用年份；在 study.toml 的 never 中列出“从未”的代码，如 [0]，空白用 ""',
            ),
        )

    return read


def inferred(column: pd.Series) -> pd.Series:
    """A column of no declared role: numbers if every given cell is one and none is a code with leading zeros."""
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return column
    text = as_text(column)
    given = text.dropna()
    if given.empty or given.str.match(r"^[+-]?0\d").any():
        return text
    number = pd.to_numeric(given, errors="coerce")
    return text if number.isna().any() else pd.to_numeric(text, errors="coerce")


def _code(value: object) -> str:
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if np.isfinite(number) and number == np.floor(number) else text
