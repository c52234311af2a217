"""Cells of a column as the data model sees them: empty, a number of its kind, a text that passes a test."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd


def is_number(series: pd.Series, kind: str) -> np.ndarray:
    """(n,) where a cell is empty or a finite number, whole for "int" and "year", 0 or 1 for "flag"."""
    if not pd.api.types.is_numeric_dtype(series) and series.dtype != object:
        return empty(series)
    if series.dtype == object:
        number = np.array([isinstance(value, (int, float, np.number)) for value in series], dtype=bool)
        values = pd.to_numeric(series.where(number), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        fits = number | empty(series)
    else:
        values = series.to_numpy(dtype=float, na_value=np.nan)
        fits = np.ones(len(series), dtype=bool)
    given = ~np.isnan(values)
    fits &= ~(given & np.isinf(values))
    if kind in {"int", "year"}:
        fits &= ~(given & (values != np.rint(values)))
    elif kind == "flag":
        fits &= ~given | (values == 0) | (values == 1)
    return fits


def empty(series: pd.Series) -> np.ndarray:
    """(n,) where a cell is missing or blank text."""
    missing = series.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(series):
        return missing
    return missing | ~_each(series, lambda text: bool(text.strip()), other=True)


def each_text(series: pd.Series, test: Callable[[str], bool], *, other: bool = True) -> np.ndarray:
    """(n,) where a cell is empty or its text passes, each different text tested once; `other` is said of what is no text."""
    return _each(series, lambda text: not text.strip() or test(text), other)


def _each(series: pd.Series, test: Callable[[str], bool], other: bool) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(series):
        return series.isna().to_numpy() | other
    codes, values = pd.factorize(series)
    passed = [test(value) if isinstance(value, str) else other for value in values]
    return np.array([*passed, True], dtype=bool)[codes]  # -1, the last, is an empty cell


@cache
def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar, 2021-06-30."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    return bool(pd.notna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")))
