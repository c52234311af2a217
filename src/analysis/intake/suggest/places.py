"""Where year, township, village and cooperative of a sheet stand when no column holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.intake.headings import plain

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_TOWNSHIP_END = r"(?:街道|镇|乡|开发区|生态区|管理区|管委会|办事处)"
TOWNSHIP = rf"([\u4e00-\u9fff]{{2,6}}{_TOWNSHIP_END})"
ZONE = re.compile(r"(开发区|生态区|管理区|高新区|度假区|景区|管委会)$")
VILLAGE = r"([\u4e00-\u9fff]{1,8}(?:村|社区|居委会|村委会))"
CREDIT_CODE = r"([0-9A-HJ-NP-RTUWXY]{18})"
COOP_ID = r"(C\d{2,5})"
COOP = r"([\u4e00-\u9fff()（）]{4,40}合作社)"
# after the county's name or at the start, so that a title's 某县望舒街道 gives 望舒街道
_TOWNSHIP_IN_TEXT = rf"(?:^|[县市区省:：\s_-])([\u4e00-\u9fff]{{2,4}}{_TOWNSHIP_END})"
_VILLAGE_IN_TEXT = r"(?:街道|镇|乡|[:：\s_-]|^)((?:(?!街道|镇|乡)[\u4e00-\u9fff]){1,6}(?:村|社区))(?!集体|级|民|委|居|组|庄|干)"


@dataclass(frozen=True, slots=True)
class Names:
    """What surrounds a sheet's table: file name without its ending, sheet name, texts above the headings."""

    file: str
    sheet: str
    title: tuple[str, ...]

    def of(self, place: str) -> tuple[str, ...]:
        """The texts of a place: file, sheet or title."""
        return {"file": (self.file,), "sheet": (self.sheet,), "title": self.title}[place]


def year_of(texts: Sequence[str]) -> int | None:
    """The single year that stands in the texts; None with none or several."""
    years = {int(year) for text in texts for year in _YEAR.findall(plain(text))}
    return years.pop() if len(years) == 1 else None


def year_place(sheets: Sequence[Names]) -> str:
    """sheet, title or file: the first in which every sheet has a single year; "" where none is."""
    for place in ("sheet", "title", "file"):
        if all(year_of(names.of(place)) is not None for names in sheets):
            return place
    return ""


def years(sheets: Sequence[Names]) -> list[int]:
    """The years found in any of the names."""
    found = {year for n in sheets for place in ("sheet", "title", "file") if (year := year_of(n.of(place)))}
    return sorted(found)


def township_place(sheets: Sequence[Names]) -> tuple[str, str]:
    """Where every sheet has its township, and the pattern that takes it out ("" where it is the whole name)."""
    for place in ("sheet", "file"):
        if all(re.fullmatch(TOWNSHIP, plain(names.of(place)[0])) for names in sheets):
            return place, ""
    return _pattern(sheets, _TOWNSHIP_IN_TEXT)


def village_place(sheets: Sequence[Names]) -> tuple[str, str]:
    """Where every sheet has its village, and the pattern."""
    if all(re.fullmatch(VILLAGE, plain(names.sheet)) for names in sheets):
        return "sheet", "(.+)"
    return _pattern(sheets, _VILLAGE_IN_TEXT)


def coop_place(sheets: Sequence[Names]) -> tuple[str, str, str]:
    """The name under which every sheet's cooperative is said, where, and the pattern."""
    for name, pattern in (("credit_code", CREDIT_CODE), ("coop_id", COOP_ID), ("coop_name", COOP)):
        place, found = _pattern(sheets, pattern)
        if place:
            return name, place, found
    return "", "", ""


def _pattern(sheets: Sequence[Names], pattern: str) -> tuple[str, str]:
    for place in ("sheet", "title", "file"):
        if all(any(re.search(pattern, text) for text in names.of(place)) for names in sheets):
            return place, pattern
    return "", ""
