"""Villages as offices write them: with or without suffix, under the name of the year, in a wrong character."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.simulate.code_lists import REFERENCE, SOUNDS_ALIKE, VINTAGES, CodeLists, base, code_lists
from analysis.simulate.names import TOWNSHIPS, village_ids
from analysis.simulate.parameters import VILLAGES_BY_TOWNSHIP
from analysis.simulate.raw.dirt import Pen

# functional zone: its parent township and how many of the township's last villages it keeps books for
ZONES = {"经济开发区": ("望舒街道", 12), "云麓湖生态区": ("霁湾镇", 6)}
N_ALIASES = 12
ANOTHER = ("村委会", "村民委员会", "村村民委员会", "村", "")  # suffixes written after a base name


@dataclass(frozen=True, slots=True)
class Village:
    """A village and where it lies: position in all lists, id, name and code of its township."""

    position: int
    village_id: str
    township: str
    township_code: str


@cache
def villages() -> dict[str, Village]:
    """All villages by id, in the order of the reference list."""
    place = np.repeat(np.arange(len(TOWNSHIPS)), VILLAGES_BY_TOWNSHIP)
    return {
        village_id: Village(v, village_id, TOWNSHIPS[place[v]][1], TOWNSHIPS[place[v]][0])
        for v, village_id in enumerate(village_ids())
    }


def in_force(year: int) -> int:
    """The list of a year: the latest not after it, the first for earlier years."""
    return min(max(year, VINTAGES[0]), VINTAGES[-1])


def listed(village: Village, year: int) -> str:
    """The village's name in the list of a year."""
    return code_lists().names[in_force(year)][village.position]


def code(village: Village, year: int = REFERENCE) -> str:
    """The village's code in the list of a year."""
    return code_lists().codes[in_force(year)][village.position]


def name(village: Village, year: int, pen: Pen, *, aliases: bool = False) -> str:
    """The village's name as someone writes it in that year.

    aliases : villages that have a usual misspelling may be written so
    """
    official = listed(village, year)
    if aliases and village.village_id in misspelt() and in_force(year) >= REFERENCE and pen.slips(0.7):
        pen.count("village_alias")
        return misspelt()[village.village_id]
    text = official
    if pen.slips(0.4):
        suffix = ANOTHER[int(pen.rng.integers(len(ANOTHER)))]
        text = base(official) + suffix
    if text != official:
        pen.count("village_suffix")
    if base(official) != base(listed(village, REFERENCE)):
        pen.count("village_renamed")
    return text


@cache
def misspelt() -> dict[str, str]:
    """Wrong spellings in use by village; none of them is a name of any village in any year."""
    known = _all_bases(code_lists())
    found = {}
    for village in villages().values():
        right = base(listed(village, REFERENCE))
        wrong = SOUNDS_ALIKE[right[:2]] + right[2:]
        if village.position % 29 == 20 and wrong not in known:
            found[village.village_id] = f"{wrong}村"
    return dict(list(found.items())[:N_ALIASES])


def aliases() -> dict[str, str]:
    """The same for the map: township/wrong -> township/name in the list."""
    known = villages()
    return {
        f"{known[v].township}/{wrong}": f"{known[v].township}/{listed(known[v], REFERENCE)}"
        for v, wrong in misspelt().items()
    }


def zone_of(village: Village) -> str:
    """The functional zone that keeps the village's books, "" for most."""
    last = np.cumsum(VILLAGES_BY_TOWNSHIP)
    for zone, (parent, count) in ZONES.items():
        if village.township == parent:
            end = int(last[[name for _, name in TOWNSHIPS].index(parent)])
            return zone if end - count <= village.position < end else ""
    return ""


def _all_bases(lists: CodeLists) -> set[str]:
    names = {base(text) for of_year in lists.names.values() for text in of_year}
    names |= {base(text) for merger in lists.mergers for text in merger.names}
    return names | {base(text) for _, _, text, _ in lists.new}
