"""The vendored Chinese fonts: where they lie, and what they can print.

Noto Sans SC (regular, bold) for figures, headings and HTML; Noto Serif SC (regular) for running text in PDF.
All hold the hanzi of GB2312; a rarer one is named by `missing_glyphs`, so that no report prints an empty box.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SANS_REGULAR = FOLDER / "NotoSansSC-Regular.ttf"
SANS_BOLD = FOLDER / "NotoSansSC-Bold.ttf"
SERIF_REGULAR = FOLDER / "NotoSerifSC-Regular.otf"

SANS_FAMILY = "Noto Sans SC"
SERIF_FAMILY = "Noto Serif SC"

# Unicode categories that print nothing: control, format and line separators, spaces, surrogates.
INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs", "Cs"}


@cache
def register_with_matplotlib() -> None:
    """Make both families known to matplotlib, in this process only; a second call does nothing.

    Call `seaborn.set_theme` before choosing `font.family`: it resets the choice.
    """
    from matplotlib import font_manager

    for font in (SANS_REGULAR, SANS_BOLD, SERIF_REGULAR):
        font_manager.fontManager.addfont(font)


@cache
def covered(font: Path = SANS_REGULAR) -> frozenset[str]:
    """Every character that `font` can print."""
    from fontTools.ttLib import TTFont

    with TTFont(font, lazy=True) as opened:
        return frozenset(map(chr, opened.getBestCmap()))


def missing_glyphs(text: str, font: Path = SANS_REGULAR) -> list[str]:
    """The characters of `text` that `font` cannot print, each once, in order of appearance.

    White space, control and invisible formatting characters are not counted.
    """
    absent = (character for character in dict.fromkeys(text) if character not in covered(font))
    return [character for character in absent if unicodedata.category(character) not in INVISIBLE]
