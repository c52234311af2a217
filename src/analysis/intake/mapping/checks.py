"""What must hold between the entries of a map and the data model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from analysis.intake.cells import units
from analysis.intake.mapping import mistakes
from analysis.intake.mapping.records import SPECIAL, ColumnMap, ImportSection, Source
from analysis.messages import Message
from analysis.schema import Column, Entity, entities
from analysis.study import Study

# By which mapped names a key column may be found besides itself.
FOUND_BY = {
    "village_id": ("village", "village_code"),
    "hh_id": ("household_no",),
    "coop_id": ("credit_code", "coop_name"),
    "township_code": ("township",),
}
ROWS = ("village", "household", "coop", "township", "federation", "county")


def decisions(raw: Sequence[object]) -> list[Message]:
    """Cells that are decided twice."""
    cells = Counter(str(entry.get("cell")) for entry in raw if isinstance(entry, Mapping))
    return [
        Message(f"[[decide]]: {cell!r} is decided {n} times", f"[[decide]]：{cell!r} 写了 {n} 次")
        for cell, n in cells.items()
        if n > 1
    ]


def about(section: ImportSection | None) -> list[Message]:
    """Names that stand for themselves or for nothing."""
    found = []
    if section is None:
        return found
    for title, names in (("zones", section.zones), ("aliases", section.aliases)):
        for written, meant in names.items():
            if not written.strip() or not meant.strip() or written == meant:
                found.append(
                    Message(
                        f"[import.{title}] {written!r}: give another, non-empty name",
                        f"[import.{title}] {written!r}：请给出另一个非空名称",
                    )
                )
    return found


def study(sections: Mapping[str, Any]) -> list[Message]:
    """Mistakes in the sections of study.toml; files and digests, which the import fills in, may be absent."""
    if not sections:
        return []
    if "study" not in sections:
        return [
            Message(
                f"[study]: missing, though {', '.join(f'[{name}]' for name in sections)} is given",
                f"[study]：缺少，但写了 {'、'.join(f'[{name}]' for name in sections)}",
            )
        ]
    found, tables = [], {}
    given = sections.get("tables", {})
    for name, table in given.items() if isinstance(given, Mapping) else ():
        if not isinstance(table, Mapping):
            tables[name] = table
            continue
        if "file" not in table and name not in entities():
            found.append(mistakes.not_allowed(f"[tables.{name}]", name, entities()))
        default = {"file": name} if {"key", "cohort"} & set(table) else {"file": name, "key": ("key",)}
        tables[name] = {**default, **table}
    content = {**sections, "tables": tables if isinstance(given, Mapping) else given}
    try:
        Study.model_validate(_tuples(content))
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            if entry["type"] == "value_error":
                found += [Message(line, line) for line in str(entry["ctx"]["error"]).splitlines()]
            else:
                found += mistakes.of_record([entry], Study, "")
    return found


def _tuples(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


def source(read: Source | None, raw: Mapping[str, Any], place: str) -> list[Message]:
    """Mistakes of one source against the data model; `raw` as it stands in the map, `read` its sound entries."""
    found: list[Message] = []
    table = raw.get("table")
    known = entities().get(table) if isinstance(table, str) else None
    if isinstance(table, str) and known is None:
        found.append(_unknown_table(f"{place} table", table))
    if read is None:
        return found
    named = set(raw["columns"]) if isinstance(raw.get("columns"), Mapping) else set()
    found += _headings(read, place)
    if read.unit and not units.dimension(read.unit):
        found.append(_unknown_unit(f"{place} unit", read.unit))
    found += _places(read, named, place)
    if read.rows and read.rows not in ROWS and read.rows not in named:
        found.append(mistakes.not_allowed(f"{place} rows", read.rows, [*ROWS, *sorted(named)]))
    if known is None:
        return found
    for name, mapped in read.columns.items():
        where = f"{place} columns.{name}"
        if name in known.columns:
            found += _column(mapped, known.columns[name], where)
        elif name in SPECIAL:
            found += _special(mapped, name, where)
        else:
            found.append(_unknown_column(where, name, known))
    for name in sorted(named - set(read.columns) - set(known.columns) - set(SPECIAL)):
        found.append(_unknown_column(f"{place} columns.{name}", name, known))
    return found + _key(read, named, known, place)


def _unknown_table(where: str, given: str) -> Message:
    labels = {entity.label.zh: name for name, entity in entities().items()}
    labels |= {entity.label.en: name for name, entity in entities().items()}
    close = mistakes.nearest(given, entities()) or [labels[t] for t in mistakes.nearest(given, labels)]
    en = f" (did you mean {close[0]}?)" if close else ""
    zh = f"（是否为 {close[0]}？）" if close else ""
    return Message(
        f"{where}: no table {given!r}; choose {', '.join(entities())}{en}",
        f"{where}：没有表 {given!r}；可选 {'、'.join(entities())}{zh}",
    )


def _unknown_column(where: str, given: str, known: Entity) -> Message:
    names = list(dict.fromkeys((*known.columns, *SPECIAL)))
    labels = {
        text: name for name, column in known.columns.items() for text in (column.label.zh, column.label.en)
    }
    labels |= {text: name for name, column in known.columns.items() for text in column.headings}
    close = mistakes.nearest(given, names) or [labels[text] for text in mistakes.nearest(given, labels)]
    if close:
        return Message(
            f"{where}: {known.name} has no column {given!r} (did you mean {close[0]}?)",
            f"{where}：{known.name} 没有列 {given!r}（是否为 {close[0]}？）",
        )
    return Message(
        f"{where}: {known.name} has no column {given!r}; it has {', '.join(names)}",
        f"{where}：{known.name} 没有列 {given!r}；可选 {'、'.join(names)}",
    )


def _unknown_unit(where: str, given: str) -> Message:
    return Message(
        f"{where}: unknown unit {given!r}; write for instance 元, 万元, 公斤, 斤, 吨, 亩, 公顷, 元/公斤, 元/斤, %, 公里",
        f"{where}：单位 {given!r} 无法识别；可写 元、万元、公斤、斤、吨、亩、公顷、元/公斤、元/斤、%、公里 等",
    )


def _headings(read: Source, place: str) -> list[Message]:
    users: dict[str, list[str]] = {}
    for name, mapped in read.columns.items():
        for heading in mapped.headings:
            users.setdefault(heading, []).append(name)
    found = [
        Message(
            f"{place} columns: the heading {heading!r} is given to {' and '.join(names)}",
            f"{place} columns：表头“{heading}”同时给了 {'、'.join(names)}",
        )
        for heading, names in users.items()
        if len(names) > 1
    ]
    found += [
        Message(
            f"{place} ignore: the heading {heading!r} is also mapped to {users[heading][0]}",
            f"{place} ignore：表头“{heading}”又映射给了 {users[heading][0]}",
        )
        for heading in dict.fromkeys(read.ignore)
        if heading in users
    ]
    return found


def _places(read: Source, named: set[str], place: str) -> list[Message]:
    found = []
    for title, said, columns in (
        ("year", read.year, ("year",)),
        ("township", read.township, ("township", "township_code")),
    ):
        mapped = [name for name in columns if name in named]
        if said == "column" and not mapped:
            found.append(
                Message(
                    f'{place} {title}: is "column", but no column {columns[0]!r} is mapped',
                    f'{place} {title}：写了 "column"，但没有映射 {columns[0]}',
                )
            )
        if said not in {"column", ""} and title in named:
            found.append(
                Message(
                    f"{place} {title}: stands in {said!r} and is mapped as a column too; keep one of them",
                    f"{place} {title}：既取自 {said!r}，又映射为列；只能保留一个",
                )
            )
    return found


def identifies(names: Collection[str], known: Entity) -> bool:
    """Whether mapped names find at least one column of the key; rows that lack the others spread over them."""
    return any({name, *FOUND_BY.get(name, ())} & set(names) for name in _own_key(known))


def _own_key(known: Entity) -> list[str]:
    """The key without its dates, which identify nothing by themselves; all of it where there is nothing else."""
    return [
        name for name in known.key if name not in {"year", "vintage", "date", "from_date", "month"}
    ] or list(known.key)


def _key(read: Source, named: set[str], known: Entity, place: str) -> list[Message]:
    have = named | ({"year"} if read.year != "" else set()) | ({"township"} if read.township else set())
    if not identifies(have, known):
        own = _own_key(known)
        ways = [f"{name} ({' / '.join(FOUND_BY[name])})" if name in FOUND_BY else name for name in own]
        return [
            Message(
                f"{place} columns: nothing identifies the rows of {known.name}; map one of {', '.join(ways)}",
                f"{place} columns：无法识别 {known.name} 的行；请映射 {'、'.join(ways)} 之一",
            )
        ]
    villages = {"village", "village_code", "register_village", "village_id"}
    if "household_no" in named and not villages & named:
        return [
            Message(
                f"{place} columns.household_no: numbers repeat between villages; map village, village_code or "
                "register_village too",
                f"{place} columns.household_no：各村户号会重复，请同时映射 village、village_code 或 register_village",
            )
        ]
    return []


def _special(mapped: ColumnMap, name: str, where: str) -> list[Message]:
    if mapped.unit or mapped.unit_column:
        return [Message(f"{where} unit: {name} has no unit", f"{where} unit：{name} 没有单位")]
    number = name in {"year", "month", "household_no"}
    return _constant(mapped, "int" if number else "text", where)


def _column(mapped: ColumnMap, declared: Column, where: str) -> list[Message]:
    found = _constant(mapped, declared.kind, where)
    numeric = declared.kind in {"int", "float"}
    if mapped.unit:
        given, needed = units.dimension(mapped.unit), units.dimension(declared.unit)
        if not numeric or not declared.unit:
            found.append(Message(f"{where} unit: this column has none", f"{where} unit：该列没有单位"))
        elif not given:
            found.append(_unknown_unit(f"{where} unit", mapped.unit))
        elif given != needed:
            found.append(
                Message(
                    f"{where} unit: {mapped.unit!r} cannot be converted to {declared.unit}",
                    f"{where} unit：“{mapped.unit}”不能换算为 {declared.unit}",
                )
            )
    allowed = {"flag": ["1", "0"], "category": list(declared.values), "set": list(declared.values)}
    for code, meant in mapped.codes.items():
        if declared.kind in allowed and meant not in allowed[declared.kind]:
            found.append(mistakes.not_allowed(f"{where} codes.{code}", meant, allowed[declared.kind]))
    if mapped.codes and declared.kind not in allowed:
        found.append(
            Message(
                f"{where} codes: only for flags and categories; codes for no answer go into missing = [...]",
                f"{where} codes：只用于是否与分类列；缺失代码写 missing = [...]",
            )
        )
    for title, given, kinds in (
        ("day", bool(mapped.day), {"date"}),
        ("width", bool(mapped.width), {"id", "code", "text"}),
        ("pseudonym", mapped.pseudonym, {"id", "code", "text"}),
        ("none", mapped.none == "zero", {"int", "float"}),
    ):
        if given and declared.kind not in kinds:
            found.append(
                Message(
                    f"{where} {title}: does not apply to a column of kind {declared.kind}",
                    f"{where} {title}：不适用于 {declared.kind} 类型的列",
                )
            )
    return found


def _constant(mapped: ColumnMap, kind: str, where: str) -> list[Message]:
    if mapped.constant is None or kind not in {"int", "float", "year", "flag"}:
        return []
    try:
        float(mapped.constant)
    except ValueError:
        return [
            Message(
                f"{where} value: must be a number, here {mapped.constant!r}",
                f"{where} value：应为数字，这里是 {mapped.constant!r}",
            )
        ]
    return []
