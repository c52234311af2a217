"""Cut the three vendored fonts out of the full Noto families; run by hand, once per font release.

    npm pack @expo-google-fonts/noto-sans-sc               # 0.4.3, static TrueType, 10 MB a weight
    pip download --no-deps pylopdf-fonts-zh-cn==0.1.1      # static OpenType (CFF)
    tar xzf *.tgz && unzip *.whl
    python src/analysis/fonts/subset.py FOLDER_WITH_THE_UNPACKED_PACKAGES

Kept are the 6,763 hanzi of GB2312 (of 30,900 characters) and the signs of Latin, Greek, mathematics and
Chinese print that reports use, without hinting: reports are seen on dense screens and on paper.

Static files, because matplotlib draws a variable font at its thinnest weight. The sans faces, which figures
use, are TrueType, because matplotlib embeds CFF fonts slowly and wrongly labelled. The serif face sets
running text in the PDF only; as TrueType the same characters would take 3.2 MB instead of 2.3.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent

# file of the package -> file kept here
SOURCES = {
    "NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
    "NotoSansSC_700Bold.ttf": "NotoSansSC-Bold.ttf",
    "NotoSerifSC-Regular.otf": "NotoSerifSC-Regular.otf",
}

# Unicode blocks and parts of blocks, first and last code point.
RANGES = (
    (0x0020, 0x007E),  # Latin
    (0x00A0, 0x024F),  # Latin-1 with ± · × ÷ ², Latin Extended: names of authors, pinyin
    (0x02B0, 0x02FF),  # modifier letters
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x045F),  # Cyrillic, as in GB2312
    (0x1E00, 0x1EFF),  # Latin with two marks
    (0x2000, 0x206F),  # punctuation: dashes, quotes, ellipsis, per mille
    (0x2070, 0x209F),  # superscripts and subscripts
    (0x20A0, 0x20BF),  # currency
    (0x2100, 0x214F),  # ℃ № ™ ℓ
    (0x2150, 0x218F),  # fractions, roman numerals
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematical operators
    (0x2300, 0x23FF),  # technical signs
    (0x2460, 0x24FF),  # circled and bracketed numbers
    (0x2500, 0x25FF),  # lines, blocks, geometric shapes
    (0x2600, 0x27BF),  # stars, ticks, crosses
    (0x3000, 0x303F),  # Chinese punctuation
    (0x3040, 0x30FF),  # kana, as in GB2312
    (0x3105, 0x3129),  # bopomofo, as in GB2312
    (0x3220, 0x3229),  # ㈠ to ㈩
    (0x338E, 0x33A6),  # ㎎ ㎏ ㎞ ㎡ ㎥
    (0x33C4, 0x33D5),  # ㏄ ㏎ ㏒ ㏕
    (0xFE30, 0xFE4F),  # compatibility punctuation
    (0xFF01, 0xFF5E),  # full-width forms
    (0xFFE0, 0xFFE6),  # ￥ ￡ ￠
)

# Hanzi beyond GB2312 that county papers print: units, common given names, place names.
MORE_HANZI = "〇镕喆堃翀玥昇祎鑫淼焱垚犇骉囍瑀珺婞翛晟旸昉旻璟璠瑄甯祐禤邨"

# Kerning and marks; width variants, vertical and historic forms are dropped.
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl"]


def gb2312_hanzi() -> set[str]:
    """The 6,763 hanzi of GB2312, levels one and two (rows 16 to 87)."""
    rows = range(0xB0, 0xF8)
    cells = range(0xA1, 0xFF)
    pairs = (bytes((row, cell)).decode("gb2312", errors="ignore") for row in rows for cell in cells)
    return {character for character in pairs if character}


def kept_characters() -> set[str]:
    """Every character that the vendored fonts are to hold, where the full font has it."""
    signs = {chr(code) for first, last in RANGES for code in range(first, last + 1)}
    return gb2312_hanzi() | set(MORE_HANZI) | {sign for sign in signs if unicodedata.category(sign) != "Cn"}


def cut(source: Path, target: Path) -> None:
    """Write the subset of one font; the same source gives the same bytes."""
    options = subset.Options()
    options.layout_features = FEATURES
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x0409]
    options.notdef_outline = True
    options.drop_tables += ["BASE", "STAT", "vhea", "vmtx", "VORG"]
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(kept_characters())))
    cutter.subset(font)
    font.save(target, reorderTables=True)


def main(folder: Path) -> None:
    """Cut the three fonts found anywhere below `folder`."""
    for name, kept in SOURCES.items():
        found = sorted(folder.rglob(name))
        if not found:
            raise SystemExit(
                f"{name} is not below {folder}; unpack both packages there (see the top of this file)"
            )
        cut(found[0], FOLDER / kept)
        print(f"{kept}: {(FOLDER / kept).stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
