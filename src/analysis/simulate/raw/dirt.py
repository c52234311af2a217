"""Dirt that offices leave in files, and the count of it: each kind is written by one function that also counts it.

Only dirt that can be cleaned with certainty is written; what it hides is always the clean value. Rules are those
of the import (`analysis.intake.rules.toml`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

_WIDE = str.maketrans("0123456789.-%", "０１２３４５６７８９．－％")
_DIGITS = "零一二三四五六七八九"
_STREAM = 40  # streams of the county below this number are the simulator's
_EPOCH = np.datetime64("1899-12-30")  # day 0 of spreadsheets


@dataclass(frozen=True, slots=True)
class Injected:
    """What was written into a raw set: counts by rule, and by file and rule."""

    by_rule: dict[str, int]
    by_file: dict[str, dict[str, int]]


@dataclass(slots=True)
class Dirt:
    """Keeps the account. `on` = False leaves out what an orderly office would not write; forms stay as they are."""

    seed: int
    on: bool = True
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    pens: int = 0

    def pen(self, file: str) -> Pen:
        """What writes into one file."""
        self.pens += 1
        rng = np.random.default_rng((self.seed, _STREAM, self.pens))
        return Pen(file, self.on, rng, self.counts.setdefault(file, Counter()))

    def injected(self) -> Injected:
        """The account so far."""
        total: Counter[str] = Counter()
        for counts in self.counts.values():
            total.update(counts)
        by_file = {file: _sorted(counts) for file, counts in sorted(self.counts.items()) if counts}
        return Injected(_sorted(total), by_file)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {rule: int(counts[rule]) for rule in sorted(counts) if counts[rule]}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes cells of one file, now and then the way people do."""

    file: str
    on: bool
    rng: np.random.Generator
    counts: Counter[str]

    def count(self, rule: str, times: int = 1) -> None:
        """Note dirt that was written."""
        if times:
            self.counts[rule] += times

    def slips(self, chance: float) -> bool:
        """Whether something is written badly this time."""
        return bool(self.rng.random() < chance) and self.on

    def number(
        self, value: float | Decimal, *, unit: str = "", chance: float = 0.04, han: bool = False
    ) -> object:
        """A number, now and then full-width, with separators or its unit, or (counts, `han`) in Chinese numerals."""
        if not self.slips(chance):
            return _plain(value)
        ways = ["full_width"]
        if value >= 1000 and value == int(value):
            ways.append("separators")
        if unit:
            ways.append("unit")
        if han and 0 < value < 10_000 and value == int(value):
            ways += ["han", "han"]
        way = ways[int(self.rng.integers(len(ways)))]
        if way == "full_width":
            self.count("full_width")
            return written(value).translate(_WIDE)
        if way == "han":
            self.count("chinese_numeral")
            return chinese_numeral(int(value))
        self.count("separators")
        return f"{int(value):,}" if way == "separators" else f"{written(value)}{unit}"

    def myriads(self, yuan: int, *, chance: float = 0.04) -> object:
        """Yuan in a column of 万元, now and then full-width or in yuan with the unit behind."""
        value = Decimal(yuan) / 10_000
        if not self.slips(chance):
            return _plain(value)
        if self.rng.random() < 0.5:
            self.count("unit_in_cell")
            return f"{yuan}元"
        self.count("full_width")
        return written(value).translate(_WIDE)

    def nothing(self, sign: str = "") -> str:
        """A word or sign for "nothing here"."""
        self.count("not_a_value")
        return sign or ("无", "—", "/")[int(self.rng.integers(3))]

    def share(self, value: float, *, decimals: int) -> str:
        """A share as text of percents."""
        self.count("percent")
        return f"{percents(value, decimals)}%"

    def date(self, iso: str, *, chance: float = 0.5, serials: bool = True) -> object:
        """A day as one of the ways people write it; empty stays empty."""
        if not iso or not self.slips(chance):
            return iso
        year, month, day = (int(part) for part in iso.split("-"))
        way = int(self.rng.integers(6 if serials else 5))
        if way == 5:
            self.count("date_serial")
            return int((np.datetime64(iso) - _EPOCH).astype(int))
        self.count("date_spelling")
        return (
            f"{year}年{month}月{day}日", f"{year}/{month}/{day}", f"{year}.{month}.{day}",
            f"{year}{month:02d}{day:02d}", f"{year % 100:02d}年{month}月{day}日",
        )[way]  # fmt: skip

    def year(self, year: int, *, chance: float = 0.08) -> object:
        """A year, now and then with 年 behind or full-width."""
        if not self.slips(chance):
            return year
        if self.rng.random() < 0.5:
            self.count("date_spelling")
            return f"{year}年"
        self.count("full_width")
        return str(year).translate(_WIDE)

    def credit_code(self, code: str, *, chance: float = 0.15) -> str:
        """A credit code, now and then in lower case or with the letter O for zeros."""
        if not self.slips(chance):
            return code
        self.count("credit_code")
        return code.lower() if self.rng.random() < 0.5 else code.replace("0", "O")


def written(value: float | Decimal) -> str:
    """A number as shortest text, 8.0600 as 8.06 and 5.0 as 5."""
    plain = _plain(value)
    return str(plain) if isinstance(plain, int) else f"{Decimal(str(plain)):f}"


def percents(value: float, decimals: int) -> object:
    """A share in percent; `decimals` are those of the share."""
    return _plain(round(Decimal(str(value)) * 100, max(decimals - 2, 0)))


def _plain(value: float | Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def chinese_numeral(number: int) -> str:
    """1 to 9,999 in Chinese: 三百零五."""
    text, gap = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    return text.removeprefix("一") if 10 <= number < 20 else text
