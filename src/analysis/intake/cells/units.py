"""Units as offices write them: 万元, 公顷, 元/斤, %; what each is of, and exactly how many of another it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from analysis.intake.cells.spelling import half_width, trimmed
from analysis.messages import Message, ProjectError

CONTRADICTED = "?"  # what `unit_named` gives where a text names several units


class UnitError(ProjectError, ValueError):
    """A unit that is not known, or that does not measure what is asked for."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: what it measures, and how many of that dimension's first unit it is (1 万元 = 10,000 yuan)."""

    name: str
    dimension: str
    factor: Fraction


# Every dimension with its units, the first being the data model's. 1 mu = 1/15 ha; 1 jin = 0.5 kg.
_BASES: dict[str, dict[str, str]] = {
    "money": {"yuan": "1", "元": "1", "圆": "1", "块": "1", "块钱": "1", "人民币元": "1", "rmb": "1", "cny": "1"},
    "area": {
        "mu": "1", "亩": "1", "公顷": "15", "ha": "15", "hm2": "15", "平方米": "0.0015", "m2": "0.0015", "平米": "0.0015",
        "平方公里": "1500", "km2": "1500", "市亩": "1",
    },
    "weight": {
        "kg": "1", "公斤": "1", "千克": "1", "斤": "0.5", "市斤": "0.5", "jin": "0.5", "吨": "1000", "t": "1000",
        "克": "0.001", "g": "0.001",
    },
    "length": {"km": "1", "公里": "1", "千米": "1", "里": "0.5", "华里": "0.5", "米": "0.001", "m": "0.001"},
    "share": {"share": "1", "%": "0.01", "percent": "0.01", "百分比": "0.01", "‰": "0.001", "成": "0.1"},
    "persons": {"persons": "1", "person": "1", "people": "1", "人": "1", "名": "1", "口": "1", "位": "1"},
    "households": {"households": "1", "household": "1", "户": "1"},
    "count": {
        "count": "1", "个": "1", "家": "1", "次": "1", "场": "1", "处": "1", "件": "1", "份": "1", "股": "1", "株": "1",
        "棵": "1", "台": "1", "头": "1", "只": "1", "项": "1", "起": "1", "块地": "1",
    },
    "years": {"years": "1", "year": "1", "years of age": "1", "年": "1", "岁": "1", "周岁": "1"},
    "days": {"days": "1", "day": "1", "workdays": "1", "天": "1", "日": "1", "工日": "1", "个工": "1", "工": "1"},
    "points": {"points": "1", "point": "1", "分": "1"},
}  # fmt: skip
_MULTIPLIERS = {
    "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8,
    "万亿": 10**12, "thousand": 1000, "1000": 1000, "10000": 10**4, "10,000": 10**4, "10 000": 10**4,
    "million": 10**6,
}  # fmt: skip
_NAMED_RATES = {("money", "weight"): "price", ("money", "area"): "money per area"}
_COUNTING = {"persons", "households", "count", "multiplier", ""}
# Units of one character end ordinary words (单元, 本年), so a heading must set them apart.
_BARE = (
    "万元", "千元", "百元", "亿元", "百万元", "公顷", "平方米", "平方公里", "公斤", "千克", "市斤", "万斤", "万吨", "万亩",
    "万公斤", "公里", "%", "‰", "元/斤", "元/公斤", "元/千克", "元/亩", "万元/亩", "公斤/亩", "斤/亩", "元/人", "元/户",
)  # fmt: skip
_SET_APART = {"money", "area", "weight", "length", "share", "persons", "households"}
_ALIASES = {"㎡": "平方米", "m²": "平方米", "hm²": "公顷", "㎞": "km", "㎏": "kg", "km²": "平方公里", "人民币": "", "¥": "元"}  # fmt: skip

UNITS: dict[str, Unit] = {
    name: Unit(name, dimension, Fraction(Decimal(factor)))
    for dimension, names in _BASES.items()
    for name, factor in names.items()
}


@cache
def unit(text: str) -> Unit | None:
    """The unit that a text is, None where it is none; "" measures nothing."""
    name = folded(text)
    if not name:
        return Unit("", "", Fraction(1))
    if name in UNITS:
        return UNITS[name]
    if "/" in name or "每" in name or " per " in name or "_per_" in name:
        return _rate(name)
    for word, factor in _MULTIPLIERS.items():
        if name == word and not word[0].isdigit():
            return Unit(name, "multiplier", Fraction(factor))
        base = UNITS.get(name.removeprefix(word).strip()) if name.startswith(word) else None
        if base is not None:
            return Unit(name, base.dimension, base.factor * factor)
    return None


def _rate(name: str) -> Unit | None:
    above, *below = re.split(r"/|每|_per_| per ", name)
    # an annual table's yuan per year are its yuan
    below = [part.strip() for part in below if part.strip() not in {"年", "year"}]
    top = unit(above.strip())
    if not below or top is None or not above.strip():
        return top if above.strip() else None
    bottom = unit(below[0])
    if len(below) > 1 or bottom is None or not bottom.dimension:
        return None
    kind = _NAMED_RATES.get((top.dimension, bottom.dimension), f"{top.dimension} per {bottom.dimension}")
    return Unit(name, kind, top.factor / bottom.factor)


@cache
def folded(text: str) -> str:
    """A unit in one spelling: half-width, lower case, ㎡ as 平方米."""
    for old, new in _ALIASES.items():
        text = text.replace(old, new)
    return re.sub(r"\s+", " ", half_width(trimmed(text))).casefold()


def dimension(text: str) -> str:
    """What a unit measures: money, area, weight, price, share, ...; "" for "" and for words that are no known unit."""
    found = unit(text)
    return found.dimension if found is not None else ""


@cache
def factor(text: str, target: str) -> Fraction:
    """How many `target` one `text` is, exactly: factor("元/斤", "yuan/kg") = 2; "" is the target itself.

    Raises
    ------
    UnitError : unknown, or not of the same dimension.
    """
    if not text or text == target:
        return Fraction(1)
    one, other = unit(text), unit(target)
    if one is None:
        names = ", ".join(
            ("万元", "元", "亩", "公顷", "平方米", "斤", "公斤", "吨", "元/斤", "元/公斤", "元/亩", "%")
        )
        raise UnitError(
            Message(
                f"no unit '{text[:20]}'; known are {names} and others",
                f"不认识单位“{text[:20]}”；可用：{names} 等",
            )
        )
    if one.dimension == "multiplier" and (other is None or other.dimension in {"money", "area", *_COUNTING}):
        return one.factor
    if other is None or not other.dimension or other.dimension == "count":
        if one.dimension in _COUNTING:
            return one.factor
    elif one.dimension == other.dimension:
        return one.factor / other.factor
    elif one.dimension == "count" and other.dimension in _COUNTING:
        return one.factor
    raise UnitError(
        Message(
            f"{text} is no unit of the same kind as {target or 'a plain number'}",
            f"{text} 与 {target or '无单位的数'} 不是同类单位",
        )
    )


def convert(value: float, text: str, target: str) -> float:
    """`value` in unit `text` as a number of `target`, as near as a float can be: convert(3.2, "万元", "yuan") = 32000.0.

    Raises
    ------
    UnitError : unknown, or not of the same dimension.
    """
    return float(Fraction(Decimal(repr(float(value)))) * factor(text, target))


@cache
def without_multiplier(text: str) -> str:
    """The unit that a multiplier in a cell counts: 元 of 万元, 元/亩 of 万元/亩, 公顷 of 公顷."""
    name = folded(text)
    if name in UNITS:
        return name
    for word in sorted(_MULTIPLIERS, key=len, reverse=True):
        rest = name.removeprefix(word).strip()
        if name.startswith(word) and unit(rest) is not None:
            return rest
    return name


def is_rate(kind: str) -> bool:
    """Whether a dimension is one per another: price, money per area, weight per area."""
    return kind == "price" or " per " in kind


def denominator(text: str) -> str:
    """What a rate is per, 斤 of 元/斤; "" for other units."""
    if not is_rate(dimension(text)):
        return ""
    return re.split(r"/|每|_per_| per ", folded(text), maxsplit=1)[1].strip()


def unit_named(text: str, wanted: str = "") -> str:
    """The unit that a heading, title or note names: 万元 of 金额（万元）, of 单位：万元, of 收入/万元; "" where none stands.

    wanted : dimension; units of others are passed over

    Returns
    -------
    The unit as written, or CONTRADICTED where different units of a dimension, or units of several, stand there.
    """
    found: dict[tuple[str, Fraction], str] = {}
    for name in _candidates(text):
        one = unit(name)
        if one is not None and one.dimension and (not wanted or one.dimension in {wanted, "multiplier"}):
            found.setdefault((one.dimension, one.factor), name)
    if len(found) > 1:
        return CONTRADICTED
    return next(iter(found.values()), "")


def _candidates(text: str) -> list[str]:
    """Parts of a text that may be units."""
    line = half_width(trimmed(text))
    for old, new in _ALIASES.items():
        line = line.replace(old, new)
    found = []
    for said in re.findall(r"单位(?:为|是)?\s*:?\s*((?:(?!单位)[^()\[\]])+)", line):
        found += re.split(r"[、,;\s]+|和|及", said)
    found += re.findall(r"以\s*([^\s以]{1,5})\s*(?:为单位|计)", line)
    for inner in re.findall(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]", line):
        found += [inner, *re.split(r"[、,;:\s]+", inner)]
    found = [part for part in found if part.strip() and unit(part) is not None]
    if not found:
        found = _at_the_end(re.sub(r"[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]", "", line).strip())
    return [part.strip() for part in found]


def _at_the_end(line: str) -> list[str]:
    """A unit set apart at the end (面积/亩, area_mu), or one of several characters that ends the heading (收入万元)."""
    if unit(line) is not None:
        return [] if dimension(line) in {"", "years", "count"} else [line]
    for mark in re.finditer(r"[/_\s,:;-]+", line):
        before, rest = line[: mark.start()], line[mark.end() :]
        kind = dimension(rest)
        # 5 万元 is an amount; single letters (b2_t) are names of variables
        amount = before[-1:].isdigit() and mark[0][0] not in "/_"
        if (
            before
            and not amount
            and not re.fullmatch("[a-z]", rest, re.I)
            and (kind in _SET_APART or is_rate(kind))
        ):
            return [rest]
    for name in sorted(_BARE, key=len, reverse=True):
        before = line.removesuffix(name)
        if before != line:
            before = before.rstrip()
            return [name] if before and not (before[-1].isdigit() or before[-1] in "每/十百千万亿几") else []
    return []
