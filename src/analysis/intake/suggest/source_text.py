"""One [[source]] of the proposed map."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.intake.headings import plain, shown
from analysis.intake.mapping import SPECIAL
from analysis.intake.mapping.checks import FOUND_BY, identifies
from analysis.intake.suggest import places, words
from analysis.intake.suggest.groups import Group
from analysis.intake.suggest.sheets import Draft, Found, has_village_labels, has_year_labels
from analysis.intake.suggest.survey import answers
from analysis.intake.suggest.toml_text import array, comment, inline, key_of, listed, quoted, short
from analysis.intake.suggest.units_said import Said, title_units, unit_column, unit_of
from analysis.intake.suggest.vocabulary import CUMULATIVE, is_question_code, near
from analysis.intake.suggest.words import say
from analysis.messages import Message
from analysis.privacy.columns import personal_heading
from analysis.privacy.detect import find

_MONTH_ONLY = re.compile(r"\d{2,4}[年.\-/]\d{1,2}月?")
_MAY_BE_BLANK = ("township", "village", "coop_name")  # written once for several rows
_LONG_NUMBER = re.compile(r"\d[\d\s-]{9,}\d")  # of a person, even where a damaged one passes no test
LOOKED_AT = 500  # rows in which blanks and dates without days are looked for


def write(group: Group, files: Sequence[str], language: str) -> list[str]:
    """The lines of the source, comments in "zh" or "en"."""
    columns = group.columns()
    extra, taken = _from_names(group, columns, language)
    lines = ["[[source]]", f"file = {listed(group.file_patterns(files))}"]
    sheets = group.sheet_patterns()
    if sheets:
        lines.append(f"sheet = {listed(sheets)}")
    word = next((draft.word for draft in group.drafts if draft.word), "")
    sure = words.CERTAIN if word else words.LIKELY
    lines.append(
        f"table = {quoted(group.table)}  {comment(say(sure, language), group.entity.label[language], word)}"
    )
    if group.drafts[0].sheet.layout == "items":
        lines.append(f'layout = "items"  {comment(say(words.ITEMS, language))}')
    lines += _year(group, columns, taken, language)
    lines += _township(group, columns, taken, language)
    lines += _vintage(group, language)
    lines += _unit(group, columns, language)
    ignored, open_lines = _left(group, language, set(taken))
    lines += ignored
    missing = _key(group, {*columns, *taken}, language)
    lines += ["[source.columns]", *missing]
    lines += [_column(group, name, found, language) for name, found in columns.items()]
    return [*lines, *extra, *open_lines]


# --- what stands in names and titles ---


def _year(group: Group, columns: dict[str, list[Found]], taken: dict[str, str], language: str) -> list[str]:
    if "year" not in group.entity.columns or "year" in columns or "year" in taken:
        return []
    fixed = group.drafts[0].year
    if fixed is not None:
        return [
            f"year = {fixed}  {comment(say(words.CERTAIN, language), say(words.YEAR_HEADINGS, language))}"
        ]
    place = places.year_place(group.names)
    if place:
        sure = words.CERTAIN if place in {"sheet", "title"} else words.LIKELY
        return [f"year = {quoted(place)}  {comment(say(sure, language), say(words.PLACES[place], language))}"]
    if "year" not in group.entity.key:
        return []
    years = places.years(group.names)
    return [f"# year = {years[0] if years else 2022}  {comment('EDIT', say(words.YEAR_NONE, language))}"]


def _township(
    group: Group, columns: dict[str, list[Found]], taken: dict[str, str], language: str
) -> list[str]:
    if {"township", "township_code", "village_code"} & {*columns, *taken} or "township" in taken:
        return []
    if not {"village_id", "township_code"} & set(group.entity.columns) or "hh_id" in columns:
        return []
    place, pattern = places.township_place(group.names)
    if not place or pattern:
        return []
    said = words.TOWNSHIP_SHEET if place == "sheet" else words.TOWNSHIP_FILE
    return [f"township = {quoted(place)}  {comment(say(words.CERTAIN, language), say(said, language))}"]


def _from_names(
    group: Group, columns: dict[str, list[Found]], language: str
) -> tuple[list[str], dict[str, str]]:
    """Columns that stand in names and titles by a pattern, or head the value columns of items; and their names."""
    lines: list[str] = []
    taken: dict[str, str] = {}
    have = set(columns)

    def take(name: str, value: str, sure: Message) -> None:
        taken[name] = value
        lines.append(f"{name} = {value}  {comment(say(sure, language), say(words.TAKEN, language))}")

    first = group.drafts[0]
    label = first.sheet.headings[0] if first.sheet.layout == "items" and first.sheet.headings else ""
    if (
        label
        and "year" in group.entity.columns
        and "year" not in have
        and all(map(has_year_labels, group.drafts))
    ):
        take("year", quoted(label), words.LIKELY)
    of_village = "village_id" in group.entity.columns and not have & {
        "village", "village_code", "village_id", "coop_id", "credit_code", "coop_name", "hh_id", "register_village",
    }  # fmt: skip
    if of_village and "village_id" in group.entity.key:
        place, pattern = places.village_place(group.names)
        if label and all(map(has_village_labels, group.drafts)):
            take("village", quoted(label), words.LIKELY)
        elif place:
            take("village", _pattern(place, pattern), words.LIKELY)
    by_name = {"village_id", "township_code"} & set(group.entity.columns) and {"village", *FOUND_BY} & {
        *have,
        *taken,
    }
    if by_name and not have & {"township", "township_code", "village_code", "village_id", "hh_id"}:
        place, pattern = places.township_place(group.names)
        if pattern:
            take("township", _pattern(place, pattern), words.LIKELY)
    if "coop_id" in group.entity.key and not have & {"coop_id", "credit_code", "coop_name"}:
        name, place, pattern = places.coop_place(group.names)
        if name:
            take(name, _pattern(place, pattern), words.LIKELY)
    return lines, taken


def _pattern(place: str, pattern: str) -> str:
    return inline({"from": quoted(place), "pattern": quoted(pattern)})


def _vintage(group: Group, language: str) -> list[str]:
    """The code list of a table without years: that of the year in the file's name."""
    if (
        "year" in group.entity.columns
        or "vintage" in group.entity.columns
        or "village_id" not in group.entity.columns
    ):
        return []
    years = places.years(group.names)
    if len(years) != 1:
        return []
    return [
        f"vintage = {years[0]}  {comment(say(words.GUESS, language), say(words.VINTAGE_NAMES, language))}"
    ]


def _key(group: Group, names: set[str], language: str) -> list[str]:
    have = names | ({"township"} if places.township_place(group.names)[0] else set())
    have |= {"year"} if group.drafts[0].year is not None or places.year_place(group.names) else set()
    lines = []
    for name in group.entity.key:
        ways = (name, *FOUND_BY.get(name, ()))
        if set(ways) & have or name in {"year", "from_date"}:
            continue
        if name == "village_id" and (group.table == "village_xwalk" or "coop_id" in group.entity.key):
            continue  # issued by the import, or known from the cooperative
        said = say(words.KEY_NONE, language, name=name, ways=" / ".join(ways))
        mark = "" if identifies(have, group.entity) else "EDIT"
        lines.append(f'# {ways[-1]} = ""  {comment(mark, said)}')
    return lines


# --- units ---


def _unit(group: Group, columns: dict[str, list[Found]], language: str) -> list[str]:
    said = [
        unit_of(group, found, name, group.entity.columns[name])
        for name, found in columns.items()
        if name in group.entity.columns and _is_money(group, name)
    ]
    titles = title_units(group, "money")
    if any(s.by == "title" for s in said) and len(titles) == 1:
        unit = titles.pop()
        words_said = say(words.UNIT_TITLE, language, unit=unit)
        return [f"unit = {quoted(unit)}  {comment(say(words.CERTAIN, language), words_said)}"]
    if any(s.by == "none" for s in said):
        return [f'# unit = "元"  {comment("EDIT", say(words.UNIT_NONE, language))}']
    return []


def _is_money(group: Group, name: str) -> bool:
    from analysis.intake.cells import units

    return units.dimension(group.entity.columns[name].unit) == "money"


# --- columns ---


def _column(group: Group, name: str, found: list[Found], language: str) -> str:
    declared = group.entity.columns.get(name)
    entries = {"heading": listed([f.heading for f in found])}
    notes = []
    if declared is not None:
        said = unit_of(group, found, name, declared)
        entries |= _unit_entry(said)
        notes.append(_unit_note(group, name, said, language))
        notes += _answers(group, found[0], name, entries, language)
    if group.optional(name):
        entries["optional"] = "true"
        notes.append(say(words.OPTIONAL, language))
    notes += _looked_at(group, name, found[0], language)
    if any(f.by_code for f in found):
        notes.append(say(words.QUESTION, language))
    sure = words.CERTAIN if all(f.match.confidence == "certain" for f in found) else words.LIKELY
    label = declared.label[language] if declared is not None else SPECIAL[name][0 if language == "zh" else 1]
    title = short(found[0].title) if found[0].title and plain(found[0].title) != plain(label) else ""
    value = entries["heading"] if len(entries) == 1 else inline(entries)
    return f"{key_of(name)} = {value}  {comment(say(sure, language), label, title, *notes)}"


def _unit_entry(said: Said) -> dict[str, str]:
    if said.by in {"heading", "own"}:
        return {"unit": quoted(said.unit)}
    return {"unit_column": quoted(said.unit)} if said.by == "column" else {}


def _unit_note(group: Group, name: str, said: Said, language: str) -> str:
    notes = {
        "heading": words.UNIT_HEADING, "own": words.UNIT_OWN, "column": words.UNIT_COLUMN, "each": words.UNIT_EACH,
        "title": words.UNIT_TITLE, "clash": words.UNIT_CLASH, "none": words.UNIT_NONE,
    }  # fmt: skip
    if said.by == "" or (said.by == "none" and _is_money(group, name)):
        return ""  # said once for the source
    text = say(notes[said.by], language, unit=said.unit)
    return f"EDIT {text}" if said.by in {"clash", "none"} else text


def _answers(group: Group, found: Found, name: str, entries: dict[str, str], language: str) -> list[str]:
    """Codes of answers into the column's entries; what there is to say about them."""
    draft = next(d for d in group.drafts if name in d.found)
    grid = draft.sheet.grid
    if draft.sheet.layout == "items":
        return []
    survey = sum(map(is_question_code, draft.sheet.headings)) >= 3 or bool(grid.titles)
    heading = grid.headings[found.position] if grid.headings is not None else found.heading
    said = answers(grid, heading, found.position, group.entity.columns[name], survey=survey)
    if said.codes:
        entries["codes"] = inline({code: quoted(meant) for code, meant in said.codes.items()})
    if said.missing:
        entries["missing"] = array(said.missing)
    notes = []
    if said.codes or said.missing:
        by = {"labels": words.CODES_LABELS, "declared": words.CODES_DECLARED, "values": words.CODES_VALUES}
        notes.append(say(by[said.by], language))
    if said.open:
        notes.append("EDIT " + say(words.CODES_OPEN, language, codes=", ".join(said.open)))
    return notes


def _looked_at(group: Group, name: str, found: Found, language: str) -> list[str]:
    """Blanks that may repeat the value above, and months without days."""
    draft = next(d for d in group.drafts if name in d.found)
    grid = draft.sheet.grid
    if draft.sheet.layout == "items" or grid.headings is not None:
        return []
    column = grid.cells[grid.cells.columns[found.position]].iloc[:LOOKED_AT]
    texts = [plain(shown(value)) for value in column]
    declared = group.entity.columns.get(name)
    if declared is not None and declared.kind == "date" and any(map(_MONTH_ONLY.fullmatch, texts)):
        return ["EDIT " + say(words.MONTHS, language)]
    if name in _MAY_BE_BLANK and _has_gaps(draft, texts, found.position):
        return ["EDIT " + say(words.BLANKS, language)]
    return []


def _has_gaps(draft: Draft, texts: list[str], position: int) -> bool:
    """Whether most rows under the heading are blank though others stand between, and no merged cell explains it."""
    merged = any(left == position and bottom > top for top, left, bottom, _ in draft.sheet.grid.merged)
    start = next((row for row, text in enumerate(texts) if text), 0) + 1
    body = texts[start:]
    return not merged and len(body) > 3 and 2 * sum(not text for text in body) > len(body) and any(body)


# --- headings without a column ---


def _left(group: Group, language: str, taken: set[str]) -> tuple[list[str], list[str]]:
    """The `ignore` list, and commented-out candidates for headings that resemble a column."""
    have = {*group.columns(), *taken}
    units_of_rows = unit_column(group)
    ignored, candidates = [], []
    for heading, other in group.left().items():
        if find(heading) or _LONG_NUMBER.search(heading):
            ignored.append("  " + comment(say(words.NOT_SHOWN, language)))
            continue
        if heading == units_of_rows and any(
            unit_of(group, found, name, group.entity.columns[name]).by == "column"
            for name, found in group.columns().items()
            if name in group.entity.columns
        ):
            continue
        titles = [
            d.sheet.grid.titles.get(h, "")
            for d in group.drafts
            for h in d.sheet.grid.headings or ()
            if plain(h) == heading
        ]
        title = next((t for t in titles if t), "")
        nearest = [name for name in near(plain(title) or heading, group.table) if name not in have]
        if personal_heading(heading.rsplit("/", 1)[-1]) or (title and personal_heading(title)):
            why = say(words.PERSONAL, language)
        elif CUMULATIVE.search(heading) or CUMULATIVE.search(title):
            why = say(words.CUMULATIVE, language)
        elif other == "@":
            why = say(words.OTHER_YEAR, language)
        elif other:
            why = say(words.ELSEWHERE, language, table=other)
        elif nearest:
            said = say(words.NEAREST, language, names=", ".join(nearest))
            candidates.append(
                f"# {nearest[0]} = {quoted(heading)}  {comment(say(words.GUESS, language), short(title), said)}"
            )
            continue
        else:
            why = say(words.NO_COLUMN, language)
        ignored.append(f"  {quoted(heading)},  {comment(why, short(title))}")
    return (["ignore = [", *ignored, "]"] if ignored else []), candidates
