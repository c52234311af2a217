"""Numerals as people write them: 12,000; 三万二千; 3万5; 壹仟贰佰; 二〇二一; 三点五万."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

DIGITS = {character: value for row in ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖") for value, character in enumerate(row)}  # fmt: skip
DIGITS |= {"○": 0, "两": 2, "貳": 2, "參": 3, "陸": 6}
TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
MYRIADS = {"亿": 10**8, "億": 10**8, "万": 10**4, "萬": 10**4}
LONGEST = 40  # characters of the longest numeral
FIGURES = 15  # before the point; longer ones are identity numbers and accounts
CHARACTERS = "".join((*DIGITS, *TENS, *MYRIADS, "点"))

_GROUPED = r"[0-9]{1,3}(?:(?:, ?| )[0-9]{3})+(?:\.[0-9]+)?"
_PLAIN = r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
_SIMPLE = re.compile(rf"({_GROUPED}|{_PLAIN}) *([{''.join(MYRIADS)}]?)")
_TOKEN = re.compile(rf"(?P<arabic>{_GROUPED}|{_PLAIN})|(?P<han>[{CHARACTERS}])")
_SPACED = re.compile(rf"(?<=[{CHARACTERS}]) +| +(?=[{CHARACTERS}])")
_POINT = re.compile(rf"(?P<whole>[^点]+)点(?P<part>[{''.join(DIGITS)}]+)(?P<scale>[十百千]?[万萬]?[亿億]?)")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number without sign and unit.

    value : exact
    chinese, arabic : which figures were written (3万二千 has both)
    scaled : 万 or 亿 is among them, or 十, 百, 千 behind Arabic figures
    myriad : 万 or 亿 is among them
    grouped : thousand separators or spaces were written
    """

    value: Fraction
    chinese: bool = False
    arabic: bool = False
    scaled: bool = False
    myriad: bool = False
    grouped: bool = False


def numeral(text: str) -> Numeral | None:
    """The number that half-width text without sign and unit writes; None where it is not certain which.

    >>> int(numeral("三万二千").value), int(numeral("3万5").value), int(numeral("二〇二一").value)
    (32000, 35000, 2021)
    """
    if len(text) > LONGEST:
        return None
    if simple := _SIMPLE.fullmatch(text):
        bare = simple[1].replace(",", "").replace(" ", "")
        if len(bare.partition(".")[0]) > FIGURES:
            return None
        scale, grouped = MYRIADS.get(simple[2], 1), bare != simple[1]
        return Numeral(_exactly(bare, scale), False, True, scale > 1, scale > 1, grouped)
    text = _SPACED.sub("", text)
    tokens = _tokens(text)
    value = _point(text) if "点" in text else _below_trillion(tokens)
    if value is None:
        return None
    arabic = any(isinstance(token, _Figure) for token in tokens)
    myriad = any(token in MYRIADS for token in tokens)
    return Numeral(
        value,
        chinese=any(token in DIGITS for token in tokens) or not arabic,
        arabic=arabic,
        scaled=arabic or myriad,
        myriad=myriad,
        grouped=any(isinstance(token, _Figure) and "," in token for token in tokens),
    )


def _exactly(figures: str, scale: int) -> Fraction:
    """Arabic figures times a whole number."""
    whole, _, part = figures.partition(".")
    return Fraction(int(whole + part) * scale, 10 ** len(part))


class _Figure(str):
    """Arabic figures inside a numeral."""

    __slots__ = ()

    @property
    def value(self) -> Fraction:
        return Fraction(self.replace(",", ""))


def _tokens(text: str) -> list[str]:
    """Figures and Chinese characters in turn; [] where anything else stands there."""
    found, end = [], 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        if token is None:
            return []
        found.append(_Figure(token[0]) if token["arabic"] else token[0])
        end = token.end()
    return found


def _below_trillion(tokens: list[str]) -> Fraction | None:
    """Numbers with 亿 and 万; a last digit alone is one place below (三万五 = 35,000)."""
    for scale in (10**8, 10**4):
        at = [place for place, token in enumerate(tokens) if MYRIADS.get(token) == scale]
        if at:
            break
    else:
        return _section(tokens)
    left, right = _below_trillion(tokens[: at[0]]), tokens[at[0] + 1 :]
    if left is None or len(at) > 1:
        return None
    if not right:
        return left * scale
    if any("." in token for token in tokens):
        return None
    zero = DIGITS.get(right[0]) == 0
    right = right[1:] if zero else right
    if len(right) == 1 and not zero and (digit := _digit(right[0])):
        return left * scale + digit * scale // 10
    if not right or right[0].startswith("0") or (len(right) > 1 and all(token in DIGITS for token in right)):
        return None
    below = _below_trillion(right)
    return left * scale + below if below is not None and 0 < below < scale else None


def _digit(token: str) -> int:
    """The digit 1-9 that a token is; 0 where it is none."""
    if isinstance(token, _Figure):
        return int(token) if len(token) == 1 and token != "0" else 0
    return DIGITS.get(token, 0)


def _section(tokens: list[str]) -> Fraction | None:
    """Numbers without 万 and 亿: digits with 千, 百, 十, or digits one after the other."""
    if not tokens:
        return None
    if len(tokens) == 1 and isinstance(tokens[0], _Figure):
        return tokens[0].value
    if all(token in DIGITS for token in tokens):
        # Two digits side by side mostly mean a range: 三五户 is three to five.
        if len(tokens) == 2 and DIGITS[tokens[1]]:
            return None
        if len(tokens) > 1 and "两" in tokens:
            return None
        return Fraction("".join(str(DIGITS[token]) for token in tokens))
    total, last, place = Fraction(0), 10**4, 0
    zero = False
    while place < len(tokens):
        token = tokens[place]
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        if not isinstance(token, _Figure) and DIGITS.get(token) == 0:
            if zero or not place or not after:
                return None
            zero, place = True, place + 1
        elif token in TENS:  # 十五, 一百十五
            if TENS[token] != 10 or last <= 10 or (place and zero):
                return None
            total, last, place = total + 10, 10, place + 1
            zero = False
        elif after in TENS:
            figure = token.value if isinstance(token, _Figure) else Fraction(DIGITS.get(token, 0))
            alone = isinstance(token, _Figure) and place == 0 and len(tokens) == 2  # 3.5千, 12百
            if not figure or TENS[after] >= last or not (alone or (figure.denominator == 1 and figure < 10)):
                return None
            total, last, place = total + figure * TENS[after], TENS[after], place + 2
            zero = False
        elif not after:
            return _with_last(total, token, last, zero)
        else:
            return None
    return total


def _with_last(total: Fraction, token: str, last: int, zero: bool) -> Fraction | None:
    """三千五 = 3,500; 三千零五 = 3,005; 3千500 = 3,500."""
    digit = _digit(token)
    if digit:
        return total + (digit if zero or last == 10 else Fraction(digit * last, 10))
    if (
        isinstance(token, _Figure)
        and token.isdigit()
        and not token.startswith("0")
        and int(token) < last
        and not zero
    ):
        return total + int(token)
    return None


def _point(text: str) -> Fraction | None:
    """三点五万: Chinese decimals."""
    parts = _POINT.fullmatch(text)
    whole = numeral(parts["whole"]) if parts else None
    if parts is None or whole is None or not whole.chinese or whole.myriad or whole.value.denominator != 1:
        return None
    figures = f"{int(whole.value)}.{''.join(str(DIGITS[character]) for character in parts['part'])}"
    value = Fraction(figures)
    for character in parts["scale"]:
        value *= TENS.get(character) or MYRIADS[character]
    return value
