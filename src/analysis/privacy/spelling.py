"""Other ways to write a digit, one character for one, so that places in the text stay what they are."""

from __future__ import annotations

_ZEROS = (  # code points of the digit zero in sets that hold ten digits in order
    *(0xFF10, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66),
    *(0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0x2080),
    *(0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0),
)
_ONES = (  # code points of the digit one in sets without zero: circled, bracketed, dotted, Suzhou
    *(0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A, 0x3021, 0x3220, 0x3280),
)
_ROWS = (
    "〇一二三四五六七八九",
    "零壹贰叁肆伍陆柒捌玖",
    "○弌弍弎亖伍陸柒捌玖",
    "◯幺貳參肆伍陆柒捌玖",
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
)
_ALONE = {0x24EA: "0", 0x24FF: "0", 0x1F100: "0", 0x1F10B: "0", 0x1F10C: "0"}

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u061c\u180e\ufe0e\ufe0f\u20e3"
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
HYPHENS = "-_~/\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63\u2500\uff3f\uff5e\uff0f\u30fc"
DOTS = ".\uff0e"
MIDDLE_DOTS = "\u00b7\u2022\u2027\u30fb\u3002\uff61\u22c5\u2219"  # never the point of a decimal number
LOOKALIKES = {"O": "0", "o": "0", "l": "1", "I": "1"}


def _digits() -> dict[int, str]:
    found = dict(_ALONE)
    found |= {zero + value: str(value) for zero in _ZEROS for value in range(10)}
    found |= {one + value: str(value + 1) for one in _ONES for value in range(9)}
    found |= {ord(character): str(value) for row in _ROWS for value, character in enumerate(row)}
    return found


DIGITS = _digits()
TABLE: dict[int, str] = (
    DIGITS
    | dict.fromkeys(map(ord, "ＸｘХхΧχⅩⅹ×✕"), "X")
    | dict.fromkeys(map(ord, "ОоΟοＯｏ"), "O")
    | dict.fromkeys(map(ord, "ｌＩІӀ"), "l")
    | dict.fromkeys(map(ord, INVISIBLE), INVISIBLE[0])
    | dict.fromkeys(map(ord, SPACES), " ")
    | dict.fromkeys(map(ord, HYPHENS), "-")
    | dict.fromkeys(map(ord, DOTS), ".")
    | dict.fromkeys(map(ord, MIDDLE_DOTS), MIDDLE_DOTS[0])
    | {ord("＋"): "+", ord("（"): "(", ord("）"): ")"}
)


def plain(text: str) -> str:
    """The text with every digit as 0-9, every space, hyphen and dot as one of its kind; of the same length.

    Characters without width become U+200B; O and l stay, because only a run of digits tells what they are.
    """
    return text.translate(TABLE)
