"""Which reference village each line belongs to, and by what share: ids given out, moves followed."""

from __future__ import annotations

from analysis.intake.villages.known import Known
from analysis.intake.villages.links import Links
from analysis.intake.villages.lists import Key, Unit
from analysis.intake.villages.names import committee_type

Shares = list[
    tuple[str, float]
]  # village_id, share of the line that belongs to it; [] where that is not certain


class Placing:
    """Linked lists with their ids.

    lineages : lines of one village each, oldest first
    shares : line -> its shares; every line of every list is a key
    defining : id -> the line that gives it its bounds: of the reference list, else the village's first
    """

    def __init__(self, links: Links, vintage: int, before: Known) -> None:
        self.links = links
        self.vintage = vintage
        self.before = before
        self.lineages = links.lineages()
        self.shares: dict[Key, Shares] = {}
        self.defining: dict[str, Unit] = {}
        self._number = {unit.key: i for i, line in enumerate(self.lineages) for unit in line}
        self._id: dict[int, str] = {}  # of whole lineages
        self._last = before.last_number()
        self._reference_ids()
        for i, line in enumerate(self.lineages):  # by first line: origins come before what came of them
            if i not in self._id and line[-1].key not in self.shares and line[-1].vintage > vintage:
                self._place_later([unit for unit in line if unit.vintage > vintage])
        for unit in links.units.values():
            if unit.key not in self.shares:
                self.shares[unit.key] = self._follow(unit.key) or before.shares(unit, self.defining)

    def event(self, unit: Unit, village_id: str, weight: float) -> str:
        """How a line relates to the line that defines its village."""
        defining = self.defining[village_id]
        if self._id.get(self._number[unit.key]) == village_id or self._one_village(unit, defining):
            return self._identity_event(unit, defining)
        said = self.before.event(unit, village_id)
        if said:
            return said
        return "split" if weight < 1 or unit.vintage > defining.vintage else "merge"

    def _new_id(self, defining: Unit) -> str:
        self._last += 1
        village_id = f"V{self._last:04d}"
        self.defining[village_id] = defining
        return village_id

    def _reference_ids(self) -> None:
        """Ids that are known, then new ones for the rest of the reference list, by code."""
        without: list[tuple[str, int, Unit]] = []
        claims: dict[str, list[list[Unit]]] = {}
        for i, line in enumerate(self.lineages):
            reference = next((unit for unit in line if unit.vintage == self.vintage), None)
            village_id = self.before.identity(line)
            if village_id:
                claims.setdefault(village_id, []).append(line)
                if reference is not None or village_id not in self.defining:
                    self.defining[village_id] = reference or self.before.first(line, village_id)
                self._spread(i, line, village_id)
            elif reference is not None:
                without.append((reference.code, i, reference))
        self.before.refuse_doubles(claims)
        for _, i, reference in sorted(without, key=lambda entry: entry[0]):
            self._id[i] = self._new_id(reference)

    def _spread(self, i: int, line: list[Unit], village_id: str) -> None:
        """A known id is that of all the village's lines; of a village that was absent in the reference year and is back,
        of the lines since, unless the register had it for earlier ones too.
        """
        years = {unit.vintage for unit in line}
        back = self.vintage not in years and min(years) < self.vintage < max(years)
        if not back or self.before.first(line, village_id).vintage < self.vintage:
            self._id[i] = village_id
            return
        for unit in line:
            if unit.vintage > self.vintage:
                self.shares[unit.key] = [(village_id, 1.0)]

    def _place_later(self, later: list[Unit]) -> None:
        """Lines after the reference list of a village that is not in it: to their origin, by themselves, or nowhere."""
        first = later[0]
        origins = self.links.origins.get(first.key, [])
        found = self._split_off(origins) or self.before.shares(first, self.defining)
        if not found and (origins or not self._one_has_left(first)):
            found = [(self._new_id(first), 1.0)]
        for unit in later:
            self.shares[unit.key] = found

    def _split_off(self, origins: list[Key]) -> Shares:
        """The one reference village of which all origins are parts: what is split from it belongs to it wholly."""
        moves = self.links.moves
        if any(event != "split" for key in origins for _, _, event in moves[key]):
            return []
        came_from = {tuple(self.shares.get(key) or self._follow(key)) for key in origins}
        one = next(iter(came_from)) if len(came_from) == 1 else ()
        return [(one[0][0], 1.0)] if len(one) == 1 else []

    def _one_has_left(self, first: Unit) -> bool:
        """Whether a reference village of the township has left the lists by then, and nothing says where to."""
        return any(
            line[-1].township_code == first.township_code
            and self.vintage <= line[-1].vintage < first.vintage
            and line[-1].key not in self.links.moves
            for line in self.lineages
        )

    def _follow(self, key: Key) -> Shares:
        """The line's own id, else what the moves of its last line lead to, shares multiplied along the way."""
        if self._number[key] in self._id:
            return [(self._id[self._number[key]], 1.0)]
        while key not in self.links.moves and key in self.links.after:
            key = self.links.after[key]
        total: dict[str, float] = {}
        for target, weight, _ in self.links.moves.get(key, []):
            parts = self._follow(target)
            if not parts:
                return []  # a part that cannot be placed leaves the whole unplaced
            for village_id, share in parts:
                total[village_id] = total.get(village_id, 0.0) + weight * share
        return sorted(total.items())

    def _one_village(self, unit: Unit, other: Unit) -> bool:
        earlier, later = sorted((unit, other), key=lambda u: u.vintage)
        key: Key | None = earlier.key
        while key is not None and key != later.key:
            key = self.links.after.get(key)
        return key is not None

    def _identity_event(self, unit: Unit, defining: Unit) -> str:
        earlier, later = sorted((unit, defining), key=lambda u: u.vintage)
        key: Key | None = earlier.key
        while unit is earlier and key is not None and key != later.key:
            if key in self.links.absorbed:
                return "merge"
            key = self.links.after.get(key)
        if unit.code == defining.code:
            return "same" if unit.base == defining.base else "rename"
        grown = [committee_type(u.code, u.name) for u in (earlier, later)] == ["village", "residents"]
        return "urbanise" if grown else "recode"
