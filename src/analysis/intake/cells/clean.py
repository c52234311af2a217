"""Columns of clean cells at once: what needs no repair, with exactly the values the parsers give cell by cell."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.intake.cells import codes, numbers, years
from analysis.intake.cells.numbers import CLEAN, half_width
from analysis.intake.cells.spelling import trimmed
from analysis.intake.cells.units import factor

Clean = tuple[
    np.ndarray, np.ndarray
]  # (n,) whether the cell is clean; (n,) its value, anything where it is not
_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
_YEAR = r"^[12][0-9]{3}(\.0{1,9})?$"
# ASCII without space, and at least a digit, so that it is no word for "nothing"; no dots, which floats have
_CODE = r"^[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*$"
_TEXT = r"^[\x{21}-\x{7e}\x{4e00}-\x{9fff}]+$"
_TENS = np.array([float(10**places) for places in range(23)])  # all exact
_EXACT = 2**53  # integers up to here are floats


def numbers_of_texts(texts: pa.Array, options: Mapping[str, object]) -> Clean:
    """Clean numbers among texts; options as for `read_number`."""
    clean = _matches(texts, _NUMBER)
    value = np.full(len(texts), np.nan)
    scale = factor(options.get("unit", ""), options.get("target", ""))
    taken = texts.filter(pa.array(clean))
    plain = taken.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if scale == 1:
        done, ok = plain + 0.0, np.ones(len(plain), dtype=bool)
    else:
        point = pc.find_substring(taken, ".").to_numpy(zero_copy_only=False)
        length = pc.binary_length(taken).to_numpy(zero_copy_only=False)
        places = np.where(point < 0, 0, length - point - 1)
        short = length <= 16  # sign and point aside, 15 figures: exact as an integer and as a float
        digits = pc.replace_substring(taken.filter(pa.array(short)), ".", "")
        done, ok = np.full(len(plain), np.nan), np.zeros(len(plain), dtype=bool)
        done[short], ok[short] = _scaled(
            digits.cast(pa.int64()).to_numpy(zero_copy_only=False), places[short], scale
        )
    ok &= ~_is_missing(plain, options)
    at = np.flatnonzero(clean)
    clean[at] = ok
    value[at] = done
    return clean, value


def numbers_of_floats(values: np.ndarray, options: Mapping[str, object]) -> Clean:
    """Clean numbers among float64 or integer values; options as for `read_number`."""
    scale = factor(options.get("unit", ""), options.get("target", ""))
    if values.dtype.kind in "iu":
        plain = values.astype(np.float64)
        clean = (plain < _EXACT) & (plain > -_EXACT)
    else:
        plain, clean = values.astype(np.float64), np.isfinite(values)
    clean = clean & ~_is_missing(plain, options)
    if scale == 1:
        return clean, plain + 0.0
    done, found = np.full(len(plain), np.nan), np.zeros(len(plain), dtype=bool)
    for places in range(7):  # the decimal of up to 15 figures that a float was written as
        open_ = np.flatnonzero(clean & ~found & (np.abs(plain) < 10**15))
        if not len(open_):
            break
        digits = np.rint(plain[open_] * 10**places)
        hit = (np.abs(digits) < 10**15) & (digits / 10**places == plain[open_])
        at = open_[hit]
        done[at], found[at] = _scaled(digits[hit].astype(np.int64), np.full(len(at), places), scale)
    if scale.denominator == 1:
        with decimal.localcontext(prec=60):  # 17 figures times a multiplier: exact
            times = decimal.Decimal(scale.numerator)
            rest = np.flatnonzero(clean & ~found)
            done[rest] = [float(decimal.Decimal(repr(value)) * times) + 0.0 for value in plain[rest].tolist()]
            found[rest] = np.isfinite(done[rest])
    return found, done


def _scaled(digits: np.ndarray, places: np.ndarray, scale: Fraction) -> Clean:
    """digits / 10^places * scale as the nearest float: one division of two exact numbers; else not done."""
    top, bottom = scale.numerator, scale.denominator
    below = bottom * _TENS[places]
    ok = (np.abs(digits) <= _EXACT // top) & (below <= _EXACT)
    return np.where(ok, digits, 0) * float(top) / below + 0.0, ok


def _is_missing(plain: np.ndarray, options: Mapping[str, object]) -> np.ndarray:
    wanted = [half_width(trimmed(code)) for code in options.get("missing_codes", ())]
    return np.isin(plain, [float(code) for code in wanted if CLEAN.fullmatch(code)])


def _whole(clean: Clean) -> Clean:
    taken, value = clean
    with np.errstate(invalid="ignore"):
        return taken & (value == np.rint(value)), value


def _years(clean: Clean) -> Clean:
    taken, value = _whole(clean)
    return taken & (value >= years.FIRST) & (value <= years.LAST), value


def _years_of_texts(texts: pa.Array, options: Mapping[str, object]) -> Clean:
    taken, value = _years(numbers_of_texts(texts, options))
    return taken & _matches(texts, _YEAR), value


def _codes_of_texts(texts: pa.Array, options: Mapping[str, object]) -> Clean:
    width = options.get("width", 0)
    taken = _matches(texts, rf"^[0-9]{{{width}}}$" if width else _CODE)
    if options.get("missing_codes"):
        taken &= False
    return taken, texts.to_numpy(zero_copy_only=False)


def _texts_of_texts(texts: pa.Array, options: Mapping[str, object]) -> Clean:
    return _matches(texts, _TEXT), texts.to_numpy(zero_copy_only=False)


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    found = pc.match_substring_regex(texts, pattern).fill_null(False)
    return np.array(found.to_numpy(zero_copy_only=False), dtype=bool)


OF_TEXTS: dict[Callable, Callable[[pa.Array, Mapping[str, object]], Clean]] = {
    numbers.read_number: numbers_of_texts,
    numbers.read_integer: lambda texts, options: _whole(numbers_of_texts(texts, options)),
    years.read_year: _years_of_texts,
    codes.read_code: _codes_of_texts,
    codes.read_text: _texts_of_texts,
}
OF_FLOATS: dict[Callable, Callable[[np.ndarray, Mapping[str, object]], Clean]] = {
    numbers.read_number: numbers_of_floats,
    numbers.read_integer: lambda values, options: _whole(numbers_of_floats(values, options)),
    years.read_year: lambda values, options: _years(numbers_of_floats(values, options)),
}
