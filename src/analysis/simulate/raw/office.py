"""What every kind of raw file is written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.simulate.county import SimulatedCounty
from analysis.simulate.raw import places
from analysis.simulate.raw.dirt import Dirt
from analysis.simulate.raw.places import Village

Source = dict[str, object]  # one [[source]] of MAP.toml


@dataclass(frozen=True, slots=True)
class Office:
    """The clean county, the folder to write into, and the account of the dirt."""

    county: SimulatedCounty
    folder: Path
    dirt: Dirt

    def villages(self) -> dict[str, Village]:
        """The villages of the panel by id."""
        wanted = set(self.county.village_year["village_id"])
        return {key: village for key, village in places.villages().items() if key in wanted}

    def townships(self) -> dict[str, list[Village]]:
        """The same by name of their township."""
        found: dict[str, list[Village]] = {}
        for village in self.villages().values():
            found.setdefault(village.township, []).append(village)
        return found

    def coops(self) -> dict[str, dict[str, object]]:
        """Rows of the list of coops by id, with `coop_name`."""
        known = self.villages()
        found = {}
        for row in rows(self.county.coop):
            village = known[row["village_id"]]
            own = places.base(places.listed(village, places.REFERENCE))
            found[row["coop_id"]] = {**row, "coop_name": f"{own}果品专业合作社", "village": village}
        return found


def rows(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Rows as dictionaries of plain Python values."""
    names = list(frame.columns)
    for values in zip(*(frame[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))
