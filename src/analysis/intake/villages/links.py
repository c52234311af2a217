"""Which line of a later list is the same village as a line of an earlier one: year by year, by certain rules only.

From one list to the next, in this order (each rule sees only what the ones before left):

1. the list of changes, where one is given: it overrides everything below;
2. same code and same base name: the same village;
3. same code, another name: renamed, if the old name is nowhere else in the later list of the township and the new name
   nowhere else in the earlier one; otherwise the code was reused, and nothing is linked;
4. another code, same township and base name, unique in both lists: given a new code. "Same township" includes one
   under another code to which all or most of the township's villages moved together;
5. a new line that bears a former name of a village which is just leaving the list: given a new code, the old name back;
6. a new line with the name of a village of the township that left an earlier list: it is back.

Likeness of names plays no part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from analysis.intake.villages.lists import IDENTITY_EVENTS, Change, Key, Unit
from analysis.intake.villages.names import base_name

MOST = (
    2 / 3
)  # share of a township's villages that must reappear together in another for it to be the same township
FEWEST = 2  # and at least so many, one village may simply share its name
_JOINED = re.compile(r"[、·/+]")  # between the names of merged villages in a name such as 甲庄、乙庄村


@dataclass(slots=True)
class Links:
    """Lines linked between lists; filled step by step.

    units : every line by vintage and code
    after, before : line -> the same village's line in the next list that has it, and back
    moves : line -> (later line, share, merge or split) from the list of changes, or from a name that says so
    origins : later line -> the lines that went into it
    reused : later line -> the earlier line that bore its code and is perhaps another village
    absorbed : lines of villages that go on after others were merged into them, and are listed as merged themselves
    """

    units: dict[Key, Unit]
    after: dict[Key, Key] = field(default_factory=dict)
    before: dict[Key, Key] = field(default_factory=dict)
    moves: dict[Key, list[tuple[Key, float, str]]] = field(default_factory=dict)
    origins: dict[Key, list[Key]] = field(default_factory=dict)
    reused: dict[Key, Key] = field(default_factory=dict)
    absorbed: set[Key] = field(default_factory=set)

    def connect(self, earlier: Unit, later: Unit) -> None:
        """The two lines are one village."""
        self.after[earlier.key] = later.key
        self.before[later.key] = earlier.key

    def move(self, earlier: Unit, later: Unit, weight: float, event: str) -> None:
        """The earlier village, or a share of it, belongs to the later one."""
        self.moves.setdefault(earlier.key, []).append((later.key, weight, event))
        self.origins.setdefault(later.key, []).append(earlier.key)

    def names(self, key: Key) -> set[str]:
        """Base names the village has borne up to this line."""
        found = {self.units[key].base}
        while key in self.before:
            key = self.before[key]
            found.add(self.units[key].base)
        return found

    def open_earlier(self, units: Iterable[Unit]) -> list[Unit]:
        """Lines of an earlier list that no rule has dealt with."""
        lost = set(self.reused.values())
        return [u for u in units if u.key not in self.after and u.key not in self.moves and u.key not in lost]

    def open_later(self, units: Iterable[Unit]) -> list[Unit]:
        """Lines of a later list that no rule has dealt with."""
        return [u for u in units if u.key not in self.before and u.key not in self.reused]

    def lineages(self) -> list[list[Unit]]:
        """Lines of one village after another, oldest first; in order of their first line."""
        found = []
        for key in sorted(self.units):
            if key in self.before:
                continue
            line = [self.units[key]]
            while line[-1].key in self.after:
                line.append(self.units[self.after[line[-1].key]])
            found.append(line)
        return found


def link(by_vintage: dict[int, list[Unit]], changes: list[Change]) -> Links:
    """Link the lists, oldest to newest; see the module's text for the rules."""
    links = Links({unit.key: unit for units in by_vintage.values() for unit in units})
    years = sorted(by_vintage)
    for earlier, later in pairwise(years):
        a, b = by_vintage[earlier], by_vintage[later]
        _declared([change for change in changes if change.into.vintage == later], links)
        _same(a, b, links)
        moved = _townships_moved(a, b, links)
        _renamed(a, b, links)
        _recoded(a, b, moved, links)
        _former_name(a, b, moved, links)
        _name_says_so(a, b, links)
        _back_again([u for year in years if year < earlier for u in by_vintage[year]], b, moved, links)
    return links


def _declared(changes: list[Change], links: Links) -> None:
    for change in changes:
        goes_on = change.former.code == change.into.code and change.former.base == change.into.base
        if change.event in IDENTITY_EVENTS:
            links.connect(change.former, change.into)
        elif change.event == "merge" and goes_on:  # the absorbing village is listed among the merged
            links.connect(change.former, change.into)
            links.absorbed.add(change.former.key)
        else:
            links.move(change.former, change.into, change.weight, change.event)


def _same(a: list[Unit], b: list[Unit], links: Links) -> None:
    later = {unit.code: unit for unit in links.open_later(b)}
    for unit in links.open_earlier(a):
        other = later.get(unit.code)
        if other is not None and other.base == unit.base:
            links.connect(unit, other)


def _townships_moved(a: list[Unit], b: list[Unit], links: Links) -> dict[str, str]:
    """Township code of the earlier list -> code under which all or most of its villages stand in the later one."""
    sizes = Counter(unit.township_code for unit in a)
    once_a, once_b = _once(a), _once(b)
    homes: dict[str, set[str]] = {}
    for unit in links.open_later(b):
        if unit.place in once_b:
            homes.setdefault(unit.base, set()).add(unit.township_code)
    votes: dict[str, Counter[str]] = {}
    for unit in links.open_earlier(a):
        if unit.place in once_a:
            others = homes.get(unit.base, set()) - {unit.township_code}
            votes.setdefault(unit.township_code, Counter()).update(others)
    moved = {}
    for township, counts in votes.items():
        homes_of_most = [t for t, n in counts.items() if n >= FEWEST and n >= MOST * sizes[township]]
        if len(homes_of_most) == 1:
            moved[township] = homes_of_most[0]
    return moved


def _renamed(a: list[Unit], b: list[Unit], links: Links) -> None:
    later = {unit.code: unit for unit in links.open_later(b)}
    places_a, places_b = {unit.place for unit in a}, {unit.place for unit in b}
    for unit in links.open_earlier(a):
        other = later.get(unit.code)
        if other is None:
            continue
        if unit.place in places_b or other.place in places_a:
            links.reused[other.key] = unit.key
        else:
            links.connect(unit, other)


def _recoded(a: list[Unit], b: list[Unit], moved: dict[str, str], links: Links) -> None:
    once_a, once_b = _once(a), _once(b)
    later = {unit.place: unit for unit in links.open_later(b) if unit.place in once_b}
    for unit in links.open_earlier(a):
        if unit.place not in once_a:
            continue
        for township in (unit.township_code, moved.get(unit.township_code, "")):
            other = later.get((township, unit.base))
            if other is not None and other.key not in links.before:
                links.connect(unit, other)
                break


def _former_name(a: list[Unit], b: list[Unit], moved: dict[str, str], links: Links) -> None:
    once_b = _once(b)
    bearers: dict[tuple[str, str], list[Unit]] = {}
    for unit in links.open_earlier(a):
        for name in links.names(unit.key) - {unit.base}:
            bearers.setdefault((moved.get(unit.township_code, unit.township_code), name), []).append(unit)
    for other in links.open_later(b):
        found = bearers.get(other.place, [])
        if len(found) == 1 and other.place in once_b and found[0].key not in links.after:
            links.connect(found[0], other)


def _name_says_so(a: list[Unit], b: list[Unit], links: Links) -> None:
    """Villages that leave the list together, into a new line whose name is made of theirs: 甲庄、乙庄村."""
    gone = {unit.place: unit for unit in links.open_earlier(a)}
    for other in links.open_later(b):
        parts = [base_name(part) for part in _JOINED.split(other.base)]
        found = [gone.get((other.township_code, part)) for part in parts]
        if len(parts) > 1 and all(found) and other.key not in links.origins:
            for unit in found:
                links.move(unit, other, 1.0, "merge")


def _back_again(past: list[Unit], b: list[Unit], moved: dict[str, str], links: Links) -> None:
    lost = set(links.reused.values())
    left: dict[tuple[str, str], list[Unit]] = {}
    for unit in past:
        if unit.key not in links.after and unit.key not in lost:
            left.setdefault((moved.get(unit.township_code, unit.township_code), unit.base), []).append(unit)
    once_b = _once(b)
    for other in links.open_later(b):
        found = left.get(other.place, [])
        if len(found) == 1 and other.place in once_b:
            links.connect(found[0], other)


def _once(units: list[Unit]) -> set[tuple[str, str]]:
    """Township and base name that only one line has."""
    return {place for place, times in Counter(unit.place for unit in units).items() if times == 1}
