"""The lines of a crosswalk by township, name and code; in the list of one year and over all lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from analysis.intake.villages.crosswalk import Crosswalk
from analysis.intake.villages.names import base_name, plain, township_base

Ids = tuple[tuple[str, float], ...]  # (village_id, share)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list with the villages it belongs to; `ids` is empty where that is not known."""

    vintage: int
    code: str
    township_code: str
    township: str
    name: str
    base: str
    ids: Ids

    def shown(self) -> str:
        """As it is written in an alias: township/name."""
        return f"{self.township}/{self.name}"


class Index:
    """Lookups over a crosswalk.

    reference : its reference year
    reference_base : village_id -> base name in the line that defines the village
    townships_of : village_id -> codes of the townships it has stood under
    """

    def __init__(self, crosswalk: Crosswalk) -> None:
        self.reference = crosswalk.vintage
        self.entries = list(_entries(crosswalk))
        self.years = sorted({entry.vintage for entry in self.entries})
        self.reference_base: dict[str, str] = _reference_bases(crosswalk)
        self._at: dict[tuple[int, str, str], list[Entry]] = defaultdict(list)
        self._named: dict[str, list[Entry]] = defaultdict(list)
        self._coded: dict[str, list[Entry]] = defaultdict(list)
        self._township: dict[str, set[str]] = defaultdict(set)
        self._township_like: dict[str, set[str]] = defaultdict(set)
        self.townships_of: dict[str, set[str]] = defaultdict(set)
        for entry in self.entries:
            self._at[entry.vintage, entry.township_code, entry.base].append(entry)
            self._named[entry.base].append(entry)
            self._coded[entry.code].append(entry)
            self._township[plain(entry.township)].add(entry.township_code)
            self._township[entry.township_code].add(entry.township_code)
            self._township_like[township_base(entry.township)].add(entry.township_code)
            for village_id, _ in entry.ids:
                self.townships_of[village_id].add(entry.township_code)

    def in_force(self, year: int | None) -> int | None:
        """The list of a row of that year: the latest not after it, the first for earlier years; None without a year."""
        if year is None or not self.years:
            return None
        return max((vintage for vintage in self.years if vintage <= year), default=self.years[0])

    def township(self, text: str) -> frozenset[str]:
        """Codes of the township of that name (or code) in any list; the full name counts before its base."""
        name = plain(text)
        return frozenset(self._township.get(name) or self._township_like.get(township_base(name)) or ())

    def townships(self) -> list[tuple[str, str]]:
        """(base name, name) of every township."""
        return sorted({(township_base(entry.township), entry.township) for entry in self.entries})

    def listed(self, base: str, townships: frozenset[str] | None, vintage: int) -> list[Entry]:
        """Lines of one list with that base name, in the townships or (None) anywhere."""
        if townships is None:
            return [entry for entry in self._named.get(base, ()) if entry.vintage == vintage]
        return [entry for code in sorted(townships) for entry in self._at.get((vintage, code, base), ())]

    def ever(self, base: str, townships: frozenset[str] | None) -> list[Entry]:
        """Lines of any list with that base name, in the townships or (None) anywhere."""
        found = self._named.get(base, [])
        return [entry for entry in found if townships is None or entry.township_code in townships]

    def coded(self, code: str, vintage: int | None) -> list[Entry]:
        """Lines with that code: of the list of `vintage` if it has one, else of all lists."""
        found = self._coded.get(code, [])
        return [entry for entry in found if entry.vintage == vintage] or list(found)

    def near(self, base: str, townships: frozenset[str] | None, vintage: int | None) -> list[Entry]:
        """Lines worth comparing with a name that was not found: the township's, and those of the same name elsewhere."""
        year = self.years[-1] if vintage is None and self.years else vintage
        here = [
            entry
            for entry in self.entries
            if entry.vintage == year and (townships is None or entry.township_code in townships)
        ]
        return here + [entry for entry in self._named.get(base, ()) if entry.vintage == year]


def _entries(crosswalk: Crosswalk) -> Iterable[Entry]:
    frame = crosswalk.frame
    lines: dict[tuple[int, str], tuple[str, str, str]] = {}
    ids: dict[tuple[int, str], list[tuple[str, float]]] = defaultdict(list)
    columns = ("vintage", "code", "township_code", "township", "name", "village_id", "weight")
    for vintage, code, township_code, township, name, village_id, weight in zip(
        *(frame[column].tolist() for column in columns), strict=True
    ):
        lines[vintage, code] = (township_code, township, name)
        ids[vintage, code].append((village_id, weight))
    for (vintage, code), (township_code, township, name) in lines.items():
        belongs = tuple(sorted(ids[vintage, code]))
        yield Entry(vintage, code, township_code, township, plain(name), base_name(name), belongs)
    for unit in crosswalk.unresolved:
        yield Entry(
            unit.vintage, unit.code, unit.township_code, unit.township, plain(unit.name), unit.base, ()
        )


def _reference_bases(crosswalk: Crosswalk) -> dict[str, str]:
    frame = crosswalk.frame
    own = frame[frame["event"] == "same"]
    # the reference list first, then the others by age: villages that are not in it are defined by their first line
    order = (own["vintage"] != crosswalk.vintage).astype("int64")
    own = (
        own.assign(order=order).sort_values(["order", "vintage"], kind="stable").drop_duplicates("village_id")
    )
    return {
        i: base_name(name) for i, name in zip(own["village_id"].tolist(), own["name"].tolist(), strict=True)
    }


@lru_cache(maxsize=4)
def index_of(crosswalk: Crosswalk) -> Index:
    """The index of a crosswalk, made once."""
    return Index(crosswalk)
