"""One sheet looked at: where its headings stand, which tables it gives, which heading is which column."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from analysis.intake import headings
from analysis.intake.files.grid import Grid
from analysis.intake.mapping.checks import FOUND_BY, identifies
from analysis.intake.suggest import places
from analysis.intake.suggest.places import Names
from analysis.intake.suggest.vocabulary import (
    Match,
    announced,
    is_question_code,
    known,
    match,
    specials,
    year_in,
)
from analysis.schema import Entity, entities
from analysis.schema.template import table_of

WEIGHT = {"certain": 3.0, "likely": 2.0}
SPECIAL_WEIGHT = 0.3  # names of villages and the like stand in sheets of every kind
ANNOUNCED = 8.0  # the word 成员名册 in the file's name weighs as much as three certain headings
TELLING = 4  # characters of a word that tells a table: 成员名册; 村 or 农户 stand in the names of files of all kinds
NOT_OFFICE = 0.5  # tables that offices seldom fill in need twice the evidence
FEWEST = 2  # headings, beyond those already used, for which a second table is proposed from one sheet
MOST_TABLES = 3
SHARE_KNOWN = 0.2  # of a sheet's headings: with fewer the row may be one of data, which must not be shown


@dataclass(frozen=True, slots=True)
class Found:
    """A heading and the column it means; title: the label of the column where the file has labels."""

    heading: str
    position: int
    match: Match
    title: str = ""
    by_code: bool = False  # only the code of the question speaks for it


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's headings in its file's layout; lines: unflattened headings of files that store them apart."""

    grid: Grid
    names: Names
    layout: str
    headings: tuple[str, ...]
    labels: tuple[str, ...] = ()  # of items: the headings of the value columns


@dataclass(frozen=True, slots=True)
class Draft:
    """What a sheet gives to one table: column -> heading; `left` are its other headings; year: fixed by headings."""

    sheet: Sheet
    table: str
    found: dict[str, Found]
    left: tuple[str, ...]
    word: str  # that announced the table
    elsewhere: dict[str, str] = field(default_factory=dict)  # heading -> table that takes it
    year: int | None = None


def look(grid: Grid) -> Sheet | None:
    """The sheet's headings; None where nothing in it is recognised."""
    file = PurePath(grid.file).stem
    if grid.cells.empty and grid.headings is None:
        return None
    if grid.headings is not None:
        texts = tuple(headings.flatten(grid, -1, -1))
        return Sheet(grid, Names(file, grid.sheet, ()), "rows", texts)
    block = headings.find(grid, known)
    items = headings.items(grid, known)
    across = tuple(headings.flatten(grid, *block)) if block else ()
    n_across = len({text for text in across if known(text)})
    n_down = len({text for text in items.headings[1:] if known(text)}) if items else 0
    if items is not None and n_down > max(n_across, 2):
        title = tuple(headings.title_and_notes(grid, items.first))
        labels = tuple(headings.plain(headings.shown(value)) for value in items.rows[0])
        return Sheet(grid, Names(file, grid.sheet, title), "items", items.headings, labels)
    if block is None or n_across < SHARE_KNOWN * len({text for text in across if text}):
        return None
    title = tuple(headings.title_and_notes(grid, block[0]))
    return Sheet(grid, Names(file, grid.sheet, title), "rows", across)


def drafts(sheet: Sheet) -> list[Draft]:
    """The tables that the sheet gives, the one with most evidence first; [] where it is none of the data model's."""
    marked = _marked(sheet.grid)
    if marked:
        return [_draft(sheet, marked)] if marked in entities() else []
    made: list[Draft] = []
    used: set[str] = set()
    scored = {table: _score(sheet, table) for table in entities()}
    first = max(scored, key=lambda table: scored[table])
    if scored[first] <= 0:
        return []
    candidates = [first]
    own_ids = {"coop_id", "hh_id", "village_id", "fed_id"} & set(entities()[first].key)
    for table in sorted(scored, key=lambda name: -scored[name]):
        if table != first and scored[table] > 0 and own_ids & set(entities()[table].key):
            candidates.append(table)
    for table in candidates:
        draft = _draft(sheet, table)
        helpers = set(specials(entities()[table])) | set(entities()[table].key)
        own = {f.heading for name, f in draft.found.items() if name not in helpers}
        if made and len(own - used) < FEWEST:
            continue
        shared = {name for name, f in draft.found.items() if name not in helpers and f.heading in used}
        kept = {name: f for name, f in draft.found.items() if name not in shared}
        made.append(replace(draft, found=kept, left=_left(sheet, kept)))
        used |= own
        if len(made) == MOST_TABLES or first == "village_xwalk":
            break
    takers = {f.heading: d.table for d in reversed(made) for f in d.found.values()}
    made = [replace(d, elsewhere={h: takers[h] for h in d.left if h in takers}) for d in made]
    return [part for draft in made for part in _by_year(draft)]


def _marked(grid: Grid) -> str:
    """The table that a filled-in template names in its first cell; "-" for its sheets without data, "" for others."""
    first = "" if grid.cells.empty else grid.cells.iloc[0, 0]
    return table_of(first) if isinstance(first, str) else ""


def _left(sheet: Sheet, found: dict[str, Found]) -> tuple[str, ...]:
    taken = {f.heading for f in found.values()}
    taken |= (
        set(sheet.headings[:1]) if sheet.layout == "items" else set()
    )  # the heading of the item column itself
    return tuple(dict.fromkeys(text for text in sheet.headings if text and text not in taken))


def _draft(sheet: Sheet, table: str) -> Draft:
    """Every heading with its column; of two for one column the surer is kept, of equals the first."""
    found: dict[str, Found] = {}
    by_year: dict[tuple[str, int | None], Found] = {}
    for position, heading in enumerate(sheet.headings):
        seen = _match(sheet, heading, position, table)
        if seen is None or sheet.headings.count(heading) > 1:
            continue
        key = (seen.match.name, seen.match.year)
        if key not in by_year or _surer(seen, by_year[key]):
            by_year[key] = seen
    years = {year for _, year in by_year if year is not None}
    for (name, year), seen in by_year.items():
        label = name if year is None or len(years) == 1 else f"{name}@{year}"
        if label not in found or _surer(seen, found[label]):
            found[label] = seen
    return Draft(sheet, table, found, _left(sheet, found), _word(sheet, table))


def _surer(one: Found, other: Found) -> bool:
    return WEIGHT[one.match.confidence] > WEIGHT[other.match.confidence]


def _match(sheet: Sheet, heading: str, position: int, table: str) -> Found | None:
    """By the label where the file has labels, else by the heading; a question's code alone convinces only without."""
    if not heading:
        return None
    written = sheet.grid.headings[position] if sheet.grid.headings is not None else heading
    title = sheet.grid.titles.get(written, "")
    labelled = headings.plain(title)
    if labelled and labelled != heading:
        by_title = match(_without_code(labelled, heading), table)
        if by_title is not None:
            return Found(heading, position, by_title, title)
        if is_question_code(heading):
            return None
    seen = match(heading, table)
    if seen is None:
        return None
    by_code = is_question_code(heading)
    return Found(heading, position, replace(seen, confidence="likely") if by_code else seen, title, by_code)


def _without_code(title: str, heading: str) -> str:
    """A label without the question's code that some programs put before it (B2.3 是否社员)."""
    plain_title, code = title.casefold(), heading.casefold()
    for written in (code, code.replace("_", "."), code.replace("_", "-")):
        if plain_title.startswith(written):
            return title[len(written) :].lstrip(".:、 _-")
    return title


def _word(sheet: Sheet, table: str) -> str:
    return announced([sheet.names.file, sheet.names.sheet, *sheet.names.title], table)


def _score(sheet: Sheet, table: str) -> float:
    """Evidence that the sheet gives the table; 0 where its rows could not be identified."""
    declared = entities()[table]
    draft = _draft(sheet, table)
    helpers = set(specials(declared)) | set(declared.key)
    score, own = 0.0, 0
    for label, seen in draft.found.items():
        name = label.partition("@")[0]
        if name in helpers and name not in declared.key:
            score += SPECIAL_WEIGHT
            continue
        rivals = sum(match(seen.heading, other) is not None for other in entities()) if not seen.title else 1
        score += WEIGHT[seen.match.confidence] / math.sqrt(max(rivals, 1))
        own += name not in {"village_id", "year"}
    if own < FEWEST and not draft.word:
        return 0.0
    names = {label.partition("@")[0] for label in draft.found} | _from_names(sheet, declared)
    if not identifies(names, declared) and not draft.word:
        return 0.0
    missing = sum(not ({name, *FOUND_BY.get(name, ())} & names) for name in declared.key)
    score -= missing  # of several tables that fit, the one whose key is there
    if draft.word:
        telling = min(len(draft.word) - 1, TELLING - 1) / (TELLING - 1)
        score += ANNOUNCED * telling * (1 + len(draft.word) / 20)
    usual = declared.office or table == "village_xwalk" or len(draft.word) >= TELLING
    return max(score * (1.0 if usual else NOT_OFFICE), 0.0)


def _from_names(sheet: Sheet, declared: Entity) -> set[str]:
    """Key names that stand in the names of file, sheet or title."""
    found = set()
    names = [sheet.names]
    if places.year_place(names) and "year" in declared.columns:
        found.add("year")
    if places.township_place(names)[0]:
        found.add("township")
    if "village_id" in declared.columns and (places.village_place(names)[0] or _village_labels(sheet)):
        found.add("village")
    if "coop_id" in declared.columns:
        found.add(places.coop_place(names)[0])
    return found - {""}


def _village_labels(sheet: Sheet) -> bool:
    return bool(sheet.labels) and all(
        label.endswith(("村", "社区", "村委会", "居委会")) for label in sheet.labels
    )


def _by_year(draft: Draft) -> list[Draft]:
    """A draft for every year where years stand side by side in the headings; else the draft itself."""
    dated = {label: int(label.partition("@")[2]) for label in draft.found if "@" in label}
    if not dated:
        years = {f.match.year for f in draft.found.values()} - {None}
        if len(years) == 1 and "year" not in draft.found and "year" in entities()[draft.table].columns:
            return [replace(draft, year=years.pop())]
        return [draft]
    made = []
    for year in sorted(set(dated.values())):
        found = {
            label.partition("@")[0]: seen
            for label, seen in draft.found.items()
            if dated.get(label, year) == year
        }
        made.append(replace(draft, found=found, left=_left(draft.sheet, found), year=year))
    return made


def is_other_year(draft: Draft, heading: str) -> bool:
    """Whether a heading is left because it belongs to another year's part of the same sheet."""
    return draft.year is not None and year_in(heading) not in {None, draft.year}


def has_village_labels(draft: Draft) -> bool:
    """Whether the value columns of a sheet with items down the side are villages."""
    return _village_labels(draft.sheet)


def has_year_labels(draft: Draft) -> bool:
    """Whether the value columns of a sheet with items down the side are years."""
    labels = draft.sheet.labels
    return bool(labels) and all(places.year_of([label]) is not None for label in labels)
