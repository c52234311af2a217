"""Sheets of one form put together, so that a workbook with a sheet per year or township is one source of the map."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.intake.suggest.places import Names
from analysis.intake.suggest.sheets import Draft, Found, is_other_year
from analysis.schema import Entity, entities

SHARED = 0.5  # of the columns of two sheets, from which on they are taken for one form
FILES_LISTED = 3  # more files than these are named by a pattern


@dataclass(frozen=True, slots=True)
class Group:
    """Sheets that give one table in the same way; sheets : every sheet with cells of the files concerned."""

    drafts: tuple[Draft, ...]
    sheets: Mapping[str, Collection[str]]

    @property
    def table(self) -> str:
        """The table."""
        return self.drafts[0].table

    @property
    def entity(self) -> Entity:
        """Its declaration."""
        return entities()[self.table]

    @property
    def files(self) -> list[str]:
        """Names of the files, in the order given."""
        return list(dict.fromkeys(draft.sheet.grid.file for draft in self.drafts))

    @property
    def names(self) -> list[Names]:
        """What surrounds each sheet."""
        return [draft.sheet.names for draft in self.drafts]

    def columns(self) -> dict[str, list[Found]]:
        """By column, in the order of the first sheet: the headings that mean it, each once."""
        found: dict[str, dict[str, Found]] = {}
        for draft in self.drafts:
            for name, seen in draft.found.items():
                found.setdefault(name, {}).setdefault(seen.heading, seen)
        return {name: list(seen.values()) for name, seen in found.items()}

    def optional(self, name: str) -> bool:
        """Whether a column is absent from some of the sheets."""
        return not all(name in draft.found for draft in self.drafts)

    def left(self) -> dict[str, str]:
        """Headings that are no column of this table, each with the table that takes it ("" none, "@" another year)."""
        taken = {seen.heading for found in self.columns().values() for seen in found}
        left: dict[str, str] = {}
        for draft in self.drafts:
            for heading in draft.left:
                if heading in taken:
                    continue
                other = "@" if is_other_year(draft, heading) else draft.elsewhere.get(heading, "")
                left[heading] = left.get(heading) or other
        return left

    def file_patterns(self, others: Collection[str]) -> list[str]:
        """Patterns that name these files and none of the others."""
        files = self.files
        if len(files) > FILES_LISTED:
            start, end = _shared_start(files), _shared_start([file[::-1] for file in files])[::-1]
            shortest = min(map(len, files))
            end = end[max(0, len(start) + len(end) - shortest) :]
            pattern = f"{escaped(start)}*{escaped(end)}"
            if not any(fnmatch.fnmatchcase(other, pattern) for other in others if other not in files):
                return [pattern]
        return [escaped(file) for file in files]

    def sheet_patterns(self) -> list[str]:
        """Patterns for the sheets; [] where all sheets of the files are meant."""
        mine = {(draft.sheet.grid.file, draft.sheet.grid.sheet) for draft in self.drafts}
        if all((file, sheet) in mine for file in self.files for sheet in self.sheets[file]):
            return []
        return [escaped(sheet) for sheet in dict.fromkeys(draft.sheet.grid.sheet for draft in self.drafts)]


def _shared_start(texts: Sequence[str]) -> str:
    signs = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False))
    return "".join(column[0] for column in signs)


def escaped(name: str) -> str:
    """A name as a pattern that matches it alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def group(drafts: Sequence[Draft], sheets: Mapping[str, Collection[str]]) -> list[Group]:
    """The drafts by form, in the order of their first sheets.

    Sheets of one file go together where they share columns and no heading means two things; sheets of different files
    only where their headings are the same and each file has one sheet.
    """
    made: list[list[Draft]] = []
    for draft in drafts:
        home = next((members for members in made if _belongs(draft, members, sheets)), None)
        if home is None:
            made.append([draft])
        else:
            home.append(draft)
    return [Group(tuple(members), sheets) for members in made]


def _belongs(draft: Draft, members: list[Draft], sheets: Mapping[str, Collection[str]]) -> bool:
    first = members[0]
    if (draft.table, draft.sheet.layout, draft.year) != (first.table, first.sheet.layout, first.year):
        return False
    meant = {seen.heading: name for member in members for name, seen in member.found.items()}
    mine = {seen.heading: name for name, seen in draft.found.items()}
    if any(meant.get(heading, name) != name for heading, name in mine.items()):
        return False
    if any(draft.sheet.grid.file == member.sheet.grid.file for member in members):
        files = {member.sheet.grid.file for member in members}
        shared, all_names = set(draft.found) & set(first.found), set(draft.found) | set(first.found)
        return len(files) == 1 and len(shared) >= SHARED * len(all_names)
    alone = len(sheets[draft.sheet.grid.file]) == 1 and len(sheets[first.sheet.grid.file]) == 1
    return alone and set(mine.items()) == {(seen.heading, name) for name, seen in first.found.items()}
