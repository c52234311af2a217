"""Rows that name a village, by name or code, matched to the villages of a crosswalk; never by likeness or substring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.intake.villages import reasons
from analysis.intake.villages.crosswalk import Crosswalk
from analysis.intake.villages.index import Entry, Ids, Index, index_of
from analysis.intake.villages.names import base_name, plain, short_name, township_base
from analysis.intake.villages.nearest import nearest
from analysis.intake.villages.respelled import Respelling, Written
from analysis.messages import Message

RULES = ("village_suffix", "village_renamed", "village_alias", "zone_mapped")
SUGGEST_FOR = 200  # names with candidates; a column of something else would be compared with every village
NO_YEAR = -1


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A name that was not placed.

    name, township : as written ("" where empty; withheld where it does not look like a name)
    rows : positions of the rows that bear it
    candidates : township/name of similar or contradicting lines, to choose an alias from
    """

    name: str
    township: str
    rows: np.ndarray
    candidates: tuple[str, ...]
    reason: Message


@dataclass(frozen=True, slots=True)
class Matched:
    """Villages of n rows.

    village_id : (n,) object, None where a row is in `unmatched`
    rules : rule -> positions of matched rows. village_suffix: the village is written otherwise than in the list of the
        row's year, by its suffix only; village_renamed: under a name that is not the village's in the reference year;
        village_alias, zone_mapped: by the map's tables
    unmatched : every name that was not placed, in order of first row
    township_alias : positions of matched rows whose township was respelled by the alias table
    without_township : positions of matched rows that give no township; their name is unique in the county over all
        lists, or the code tells which is meant
    unchecked_code : positions of rows matched by name whose code is in no list
    """

    village_id: np.ndarray
    rules: dict[str, np.ndarray]
    unmatched: list[Unmatched]
    township_alias: np.ndarray
    without_township: np.ndarray
    unchecked_code: np.ndarray


@dataclass(slots=True)
class _Found:
    """What became of one combination of township, village, code and year."""

    village_id: str | None = None
    marks: set[str] = field(default_factory=set)
    reason: Message | None = None
    candidates: tuple[str, ...] = ()


def match(
    rows: pd.DataFrame,
    crosswalk: Crosswalk,
    *,
    vintage: int | pd.Series | None,
    aliases: Mapping[str, str],
    zones: Mapping[str, str],
) -> Matched:
    """The village of every row.

    A row is looked up in the list in force in its year (the latest not after it; the first list for earlier years):
    by township and base name; if the name is not there, in the other lists, where all of them lead to one village; by
    code where there is no name or several villages share it. Name and code that lead to different villages, or a name
    in no list beside a code that is, leave the row unmatched. Without a township a name must be unique in the county
    over all lists.

    rows : township, village, code (text, "" where empty; absent columns count as empty)
    vintage : the year of every row, one for all, or None (all lists at once)
    aliases : variant or township/variant -> name or township/name; applied first
    zones : functional zone -> township
    """
    index = index_of(crosswalk)
    written = [_column(rows, name) for name in ("township", "village", "code")]
    years = _years(vintage, len(rows))
    first, group = _combinations([*written, years])
    respelling = Respelling(aliases, zones, index)
    suggested = 0
    outcomes = []
    for row in first:
        township, village, code = (plain(column[row]) for column in written)
        year = index.in_force(None if years[row] == NO_YEAR else int(years[row]))
        found = _find(
            respelling.apply(township, village), township, code, year, index, suggested < SUGGEST_FOR
        )
        suggested += found.reason is not None
        outcomes.append(found)
    ids = np.array([found.village_id for found in outcomes], dtype=object)
    return Matched(
        village_id=ids[group] if len(ids) else np.empty(0, dtype=object),
        rules={rule: _positions(rule, outcomes, group) for rule in RULES},
        unmatched=_unmatched(outcomes, first, group, written),
        township_alias=_positions("township_alias", outcomes, group),
        without_township=_positions("without_township", outcomes, group),
        unchecked_code=_positions("unchecked_code", outcomes, group),
    )


def _column(rows: pd.DataFrame, name: str) -> np.ndarray:
    if name not in rows.columns:
        return np.full(len(rows), "", dtype=object)
    if isinstance(rows[name].dtype, pd.StringDtype):
        return rows[name].fillna("").to_numpy(dtype=object)
    values = rows[name].astype(object)
    return np.array(["" if pd.isna(v) else v if isinstance(v, str) else str(v) for v in values], dtype=object)


def _years(vintage: int | pd.Series | None, n: int) -> np.ndarray:
    if vintage is None or isinstance(vintage, int | np.integer):
        return np.full(n, NO_YEAR if vintage is None else int(vintage), dtype=np.int64)
    years = pd.to_numeric(pd.Series(np.asarray(vintage, dtype=object)), errors="coerce")
    if len(years) != n:
        raise ValueError(f"{len(years)} years for {n} rows")
    return years.fillna(NO_YEAR).to_numpy(dtype=np.int64, na_value=NO_YEAR)


def _combinations(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """First row of every distinct combination, in order of appearance, and the combination of every row."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, levels = pd.factorize(column)
        group, _ = pd.factorize(group * max(len(levels), 1) + codes)
    _, first = np.unique(group, return_index=True)
    return first, group


def _positions(mark: str, outcomes: list[_Found], group: np.ndarray) -> np.ndarray:
    hit = np.array([mark in found.marks and found.village_id is not None for found in outcomes], dtype=bool)
    return np.flatnonzero(hit[group]) if len(outcomes) else np.empty(0, dtype=np.int64)


def _unmatched(
    outcomes: list[_Found], first: np.ndarray, group: np.ndarray, written: list[np.ndarray]
) -> list[Unmatched]:
    township, village, _ = written
    together: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, found in enumerate(outcomes):
        if found.reason is not None:
            together[township[first[i]], village[first[i]], str(found.reason)].append(i)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(outcomes) + 1))
    result = []
    for (where, name, _), members in together.items():
        parts = [order[bounds[i] : bounds[i + 1]] for i in members]
        rows = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
        one = outcomes[members[0]]
        result.append(Unmatched(reasons.shown(name), reasons.shown(where), rows, one.candidates, one.reason))
    return result


def _find(names: Written, township: str, code: str, year: int | None, index: Index, suggest: bool) -> _Found:
    """One combination; `township` as written, `names` as replaced, `year` that of a list or None."""
    marks = {mark for mark in ("township_alias", "village_alias") if getattr(names, mark)}
    marks |= {"zone_mapped"} if names.zone else set()
    townships = index.township(names.township) if names.township else None
    if townships is not None and not townships:
        near = nearest(township_base(names.township), index.townships()) if suggest else ()
        return _Found(reason=reasons.unknown_township(township), candidates=near)
    coded = index.coded(code, year) if code else []
    if not names.village:
        return _by_code(code, coded, townships, marks, township, year, index)
    base = base_name(names.village)
    entries = _named(base, names.village, townships, year, index)
    if not entries:
        alike = index.near(base, townships, year) if suggest else []
        near = nearest(base, [(e.base, e.shown()) for e in alike])
        contradicting = tuple(dict.fromkeys(e.shown() for e in coded[:1]))
        reason = reasons.unknown_name(names, code, coded[0].name if coded else "", year)
        return _Found(reason=reason, candidates=tuple(dict.fromkeys((*contradicting, *near))))
    by_code = {entry.ids for entry in coded}
    if len({entry.ids for entry in entries}) > 1:
        options = tuple(dict.fromkeys(entry.shown() for entry in entries))
        entries = [e for e in entries if e.code == code] or [e for e in entries if {e.ids} == by_code]
        if len({entry.ids for entry in entries}) != 1:
            return _Found(reason=reasons.ambiguous(names, year), candidates=options)
    if coded and entries[0].ids not in by_code:
        pair = (entries[0].shown(), coded[0].shown())
        return _Found(reason=reasons.disagree(names, code, coded[0].name), candidates=pair)
    entry = _closest(entries, names.village, year)
    found = _placed(entry, marks, index)
    if found.village_id is not None:
        if names.village != entry.name:
            found.marks.add("village_suffix")
        if base != index.reference_base.get(found.village_id, base):
            found.marks.add("village_renamed")
        if townships is None:
            found.marks.add("without_township")
        if code and not coded:
            found.marks.add("unchecked_code")
    return found


def _named(
    base: str, name: str, townships: frozenset[str] | None, year: int | None, index: Index
) -> list[Entry]:
    """Lines the name may mean: of the year's list, else of all; all of them where no township narrows it down."""
    entries = index.listed(base, townships, year) if year is not None and townships is not None else []
    entries = entries or index.ever(base, townships)
    lines = {(entry.vintage, entry.code) for entry in entries}
    if townships is None or len(lines) == len({vintage for vintage, _ in lines}):
        return entries
    # 兴隆村 and 兴隆社区 in one list: the name in full, or as people write it, tells them apart
    exact = [entry for entry in entries if entry.name == name]
    return exact or [entry for entry in entries if short_name(entry.name) == short_name(name)] or entries


def _by_code(
    code: str, coded: list[Entry], townships: frozenset[str] | None, marks: set[str], township: str,
    year: int | None, index: Index,
) -> _Found:  # fmt: skip
    if not code:
        return _Found(reason=reasons.nothing())
    if not coded:
        return _Found(reason=reasons.unknown_code(code))
    options = tuple(dict.fromkeys(entry.shown() for entry in coded))
    if len({entry.ids for entry in coded}) > 1:
        return _Found(reason=reasons.code_reused(code), candidates=options)
    entry = _closest(coded, "", year)
    stood = {entry.township_code}.union(*(index.townships_of[village_id] for village_id, _ in entry.ids))
    if townships is not None and not townships & stood:
        return _Found(reason=reasons.wrong_township(code, entry.name, township), candidates=options)
    return _placed(entry, marks, index)


def _placed(entry: Entry, marks: set[str], index: Index) -> _Found:
    ids: Ids = entry.ids
    if not ids:
        alike = index.near(entry.base, frozenset({entry.township_code}), index.reference)
        near = nearest(entry.base, [(e.base, e.shown()) for e in alike if e.ids])
        return _Found(reason=reasons.unplaced(entry), candidates=near)
    if len(ids) > 1:
        return _Found(reason=reasons.split(entry), candidates=tuple(village_id for village_id, _ in ids))
    return _Found(ids[0][0], marks)


def _closest(entries: list[Entry], name: str, year: int | None) -> Entry:
    """Of lines of one village: that of the year, else one written like the row, else the nearest, the earlier of two."""
    at = max(entry.vintage for entry in entries) if year is None else year
    return min(entries, key=lambda e: (e.vintage != year, e.name != name, abs(e.vintage - at), e.vintage))
