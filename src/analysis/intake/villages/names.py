"""Names of villages and townships reduced to what identifies them; by rule, never by likeness."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# longest first, so that 村民委员会 is not taken for 村 + 民委员会
COMMITTEES = ("村民委员会", "居民委员会", "村委会", "居委会", "村委", "居委")
_COMMUNITIES = ("行政村", "社区", "村")
_SUFFIXES = (*COMMITTEES, *_COMMUNITIES)
_OFFICES = ("人民政府", "管理委员会", "管委会", "街道办事处", "办事处", "街道", "镇", "乡")
_UNSEEN = re.compile(r"[\s\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+")
_SHORTEST = 2  # characters that a base keeps: 新村 is a name, 新 is not


def plain(text: object) -> str:
    """The text in one spelling: compatibility characters unified (NFKC), no white space, no invisible signs.

    None, missing values and "nan" of a missing cell give "".
    """
    if not isinstance(text, str):
        return ""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=65_536)
def base_name(name: str) -> str:
    """What remains of a village's name without the words for committee and community.

    东关社区居民委员会, 东关社区, 东关居委会 and 东关 give 东关; 石门村村民委员会 and 石门村 give 石门. A base keeps two
    characters: 新村村委会 gives 新村, 韩村民委员会 and 韩村 give 韩村, 社区村 gives 社区. Nothing else is cut, so 北楼 and
    西北楼 stay two names. base_name(base_name(x)) == base_name(x).
    """
    rest = plain(name)
    while True:
        shorter = _without_suffix(rest)
        if shorter == rest:
            return rest
        rest = shorter


def _without_suffix(name: str) -> str:
    """The name without its last suffix, or as it is where that would leave too little."""
    for suffix in _SUFFIXES:
        if not name.endswith(suffix):
            continue
        rest = name[: -len(suffix)]
        if suffix == "村" and rest.endswith("自然"):
            return name  # a natural village is a part of a village, not a spelling of it
        if len(rest) >= _SHORTEST:
            return rest
        # one character is no name: 韩村民委员会, 韩行政村 -> 韩村; 韩居委会 -> 韩社区
        one = rest + ("社区" if suffix in {"居民委员会", "居委会", "居委", "社区"} else "村")
        return one if len(rest) == 1 and len(one) <= len(name) else name
    return name


@lru_cache(maxsize=65_536)
def short_name(name: str) -> str:
    """The name as people write it: 望禾滩村村民委员会 -> 望禾滩村, 东关社区居民委员会 and 东关居委会 -> 东关社区."""
    rest = plain(name)
    for suffix in COMMITTEES:
        if rest.endswith(suffix) and len(rest) > len(suffix):
            rest = rest[: -len(suffix)]
            if rest.endswith(("村", "社区")) and len(rest) >= _SHORTEST:
                return rest
            return rest + ("社区" if suffix.startswith("居") else "村")
    return rest


@lru_cache(maxsize=8_192)
def township_base(name: str) -> str:
    """What remains of a township's name without the words for office and rank: 蒙阴街道办事处 -> 蒙阴, 旧寨乡 -> 旧寨.

    Like a village's, the base keeps two characters. Towns of one base but another rank share it; `match` looks at the
    full name first.
    """
    rest = plain(name)
    while True:
        suffix = next((s for s in _OFFICES if rest.endswith(s) and len(rest) - len(s) >= _SHORTEST), "")
        if not suffix:
            return rest
        rest = rest[: -len(suffix)]


def committee_type(code: str, name: str) -> str:
    """ "residents" or "village": by the last three digits of a 12-digit code (below 200: residents), else by the name."""
    digits = plain(code)
    if len(digits) == 12 and digits.isdecimal() and 0 < int(digits[-3:]) < 400:
        return "residents" if int(digits[-3:]) < 200 else "village"
    full = plain(name)
    if full.endswith(("居民委员会", "居委会", "居委")):
        return "residents"
    if full.endswith(COMMITTEES):
        return "village"
    return "residents" if full.endswith("社区") else "village"
