"""Names replaced before they are looked up: by the map's aliases (variant characters) and zones (functional zones)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.intake.villages.index import Index
from analysis.intake.villages.names import base_name, plain, township_base


@dataclass(frozen=True, slots=True)
class Written:
    """Township and village as they are looked up, and what was replaced on the way."""

    township: str
    village: str
    township_alias: bool = False
    village_alias: bool = False
    zone: bool = False


class Respelling:
    """Aliases and zones of a map, ready to apply.

    aliases : "variant" or "township/variant" -> "name" or "township/name"; a plain variant serves village names, and
        township names where what it stands for is a township of the lists
    zones : functional zone -> township
    """

    def __init__(self, aliases: Mapping[str, str], zones: Mapping[str, str], index: Index) -> None:
        self._villages: dict[tuple[str, str], str] = {}
        self._townships: dict[str, str] = {}
        self._zones = {township_base(zone): parent for zone, parent in zones.items()}
        for variant, name in aliases.items():
            township, _, village = plain(variant).rpartition("/")
            of = township_base(township)
            self._villages[of, village] = name
            if base_name(village) != village:
                self._villages.setdefault((of, base_name(village)), name)
            if not township and "/" not in name and index.township(name):
                self._townships[village] = name
                self._townships.setdefault(township_base(village), name)

    def apply(self, township: str, village: str) -> Written:
        """The names to look up; arguments in plain spelling, "" where there is none."""
        here = (
            self._townships.get(township) or self._townships.get(township_base(township))
            if township
            else None
        )
        township_alias = here is not None and plain(here) != township
        place = plain(here) if here else township
        parent = self._zones.get(township_base(place)) if place else None
        place = plain(parent) if parent else place
        named = self._village(village, (township_base(place), township_base(township), ""))
        if named is None:
            return Written(place, village, township_alias, False, parent is not None)
        there, _, name = plain(named).rpartition("/")
        replaced = name != village or bool(there)
        return Written(there or place, name, township_alias, replaced, parent is not None and not there)

    def _village(self, village: str, places: tuple[str, ...]) -> str | None:
        if not village:
            return None
        keys = ((place, name) for place in places for name in (village, base_name(village)))
        return next((self._villages[key] for key in keys if key in self._villages), None)
