"""An earlier crosswalk whose ids a new one keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from analysis.intake.villages.lists import IDENTITY_EVENTS, CrosswalkError, Key, Unit, read_units, year_of
from analysis.intake.villages.names import plain
from analysis.messages import Message

NEEDED = ("vintage", "code", "township", "name", "village_id", "weight", "event")


@dataclass(frozen=True, slots=True)
class Known:
    """Rows of the earlier crosswalk: line -> (village_id, weight, event), and the lines themselves."""

    rows: dict[Key, list[tuple[str, float, str]]]
    lines: tuple[Unit, ...]

    @classmethod
    def read(cls, known: pd.DataFrame | None) -> Known:
        """Read the frame of an earlier crosswalk; None or an empty one gives nothing to keep.

        Raises
        ------
        CrosswalkError : columns missing, or the lists in it are not in order (see `read_units`).
        """
        if known is None or known.empty:
            return cls({}, ())
        absent = [name for name in NEEDED if name not in known.columns]
        if absent:
            there = ", ".join(map(str, known.columns))
            raise CrosswalkError(
                [
                    Message(
                        f"the earlier crosswalk: no column {', '.join(absent)}; there are {there}",
                        f"既有对照表缺少列 {'、'.join(absent)}；现有 {there}",
                    )
                ]
            )
        lines = read_units(known.drop_duplicates(["vintage", "code"]))
        rows: dict[Key, list[tuple[str, float, str]]] = {}
        columns = (known[name] for name in ("vintage", "code", "village_id", "weight", "event"))
        for vintage, code, village_id, weight, event in zip(*columns, strict=True):
            key = (year_of(vintage) or 0, plain(str(code)))
            rows.setdefault(key, []).append((str(village_id), float(weight), str(event)))
        return cls(rows, tuple(lines))

    def lines_of_other_years(self, years: set[int]) -> list[Unit]:
        """Lines of the lists that are not given anew."""
        return [unit for unit in self.lines if unit.vintage not in years]

    def last_number(self) -> int:
        """The highest number among ids V0001, V0002, ...; 0 without any."""
        found = (
            re.fullmatch(r"V(\d+)", village_id) for rows in self.rows.values() for village_id, _, _ in rows
        )
        return max((int(match.group(1)) for match in found if match), default=0)

    def identity(self, line: list[Unit]) -> str:
        """The id that the lines of one village have; "" where none has one.

        Raises
        ------
        CrosswalkError : they have more than one.
        """
        found = {
            village_id: unit
            for unit in line
            for village_id, weight, event in self.rows.get(unit.key, [])
            if weight == 1 and event in IDENTITY_EVENTS
        }
        if len(found) > 1:
            (one, a), (other, b) = list(found.items())[:2]
            raise CrosswalkError(
                [
                    Message(
                        f"the earlier crosswalk has {a.shown()} ({a.code}, {a.vintage}) as {one} and {b.shown()} "
                        f"({b.code}, {b.vintage}) as {other}; by the lists they are one village: correct it, or say in "
                        "the list of changes that they are two",
                        f"既有对照表中 {a.shown()}（{a.code}，{a.vintage}）为 {one}，{b.shown()}（{b.code}，{b.vintage}）"
                        f"为 {other}，而按名单应为同一村：请更正，或在变更清单中写明为两村",
                    )
                ]
            )
        return next(iter(found), "")

    def first(self, line: list[Unit], village_id: str) -> Unit:
        """The oldest line that has the id, of a village that has it."""
        return next(
            unit for unit in line if any(other == village_id for other, _, _ in self.rows.get(unit.key, []))
        )

    def refuse_doubles(self, claims: dict[str, list[list[Unit]]]) -> None:
        """Refuse an id that two villages of one list have.

        Raises
        ------
        CrosswalkError : listing them.
        """
        breaches = []
        for village_id, lines in claims.items():
            years: dict[int, Unit] = {}
            for unit in (unit for line in lines for unit in line):
                other = years.setdefault(unit.vintage, unit)
                if other.code != unit.code:
                    breaches.append(
                        Message(
                            f"the earlier crosswalk gives {village_id} to {other.shown()} and {unit.shown()}, both in "
                            f"the list of {unit.vintage}",
                            f"既有对照表把 {village_id} 同时给了 {unit.vintage} 年名单中的{other.shown()}和{unit.shown()}",
                        )
                    )
                    break
        if breaches:
            raise CrosswalkError(breaches)

    def shares(self, unit: Unit, there: dict[str, Unit]) -> list[tuple[str, float]]:
        """Villages that the earlier crosswalk gives a line to, if all of them still exist; [] otherwise."""
        found = [(village_id, weight) for village_id, weight, _ in self.rows.get(unit.key, [])]
        return sorted(found) if all(village_id in there for village_id, _ in found) else []

    def event(self, unit: Unit, village_id: str) -> str:
        """What the earlier crosswalk says of a line and a village; "" where it says nothing."""
        return next((event for other, _, event in self.rows.get(unit.key, []) if other == village_id), "")
