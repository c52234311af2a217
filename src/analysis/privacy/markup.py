"""The text of HTML, SVG and office XML as a reader sees it, with the place of every character in the file."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass

# Tags between two parts of one word; everything else separates
_INLINE_TAGS = (
    "b i u s em strong span font a sub sup small mark code tspan del ins wbr var kbd abbr "  # HTML, SVG
    "r t rPr sz color rFont family scheme charset vertAlign strike outline shadow "  # spreadsheets
    "w:r w:t w:rPr w:b w:bCs w:i w:iCs w:u w:rFonts w:sz w:szCs w:color w:lang w:highlight w:proofErr w:shd w:noProof "
    "w:bookmarkStart w:bookmarkEnd w:hyperlink w:smartTag w:kern w:spacing w:vertAlign w:ins w:strike w:rStyle "
    "a:r a:t a:rPr a:latin a:ea a:cs a:solidFill a:srgbClr text:span text:s text:a"
)
_INLINE = frozenset(_INLINE_TAGS.split())
_TAG = re.compile(
    r"<!--.*?-->|<!\[CDATA\[|\]\]>|<[/!?]?([A-Za-z][\w:.-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL
)
BREAK = "\x00"  # no separator that a number may contain
_SCIENTIFIC = re.compile(r"(?<=<v>)([1-9](?:\.\d+)?)E\+?(1\d)(?=</v>)")


@dataclass(frozen=True, slots=True)
class Visible:
    """Text between tags; `place` finds where a character of it stands in the file."""

    text: str
    _ends: list[int]
    _starts: list[int]

    def place(self, offset: int) -> int:
        """Where in the file the piece of text starts that holds this character."""
        piece = bisect_right(self._ends, offset)
        return self._starts[min(piece, len(self._starts) - 1)] if self._starts else 0


def visible(markup: str) -> Visible:
    """The text between the tags: nothing stands for inline tags and comments, a break for all others."""
    parts: list[str] = []
    ends, starts = [], []
    length = end = 0
    for tag in (*_TAG.finditer(markup), None):
        until = tag.start() if tag is not None else len(markup)
        if until > end:
            piece = html.unescape(markup[end:until])
            parts.append(piece)
            length += len(piece)
            ends.append(length)
            starts.append(end)
        if tag is None:
            break
        end = tag.end()
        if tag[1] is not None and tag[1] not in _INLINE and tag[1].lower() not in _INLINE:
            parts.append(BREAK)
            length += 1
            ends.append(length)
            starts.append(tag.start())
    return Visible("".join(parts), ends, starts)


def whole_numbers(sheet: str) -> str:
    """A worksheet with numbers such as 1.3E10 written out."""
    return _SCIENTIFIC.sub(lambda found: str(int(float(found[0]))), sheet)
