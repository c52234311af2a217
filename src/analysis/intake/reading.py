"""From the table in a sheet to a part of the data model: every cell read, repaired with an account, or listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.intake import meanings, totals
from analysis.intake.cells import spelling, units
from analysis.intake.cells.column import ColumnRead, read_column
from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import ColumnMap, Source
from analysis.intake.named_values import from_names
from analysis.intake.part import Part
from analysis.intake.readers import KEY_NAMES, is_number, kind_of, reader_for
from analysis.intake.units import CONVERTED, unit_of
from analysis.messages import Message
from analysis.schema import Column, Entity

if TYPE_CHECKING:
    from analysis.privacy.pseudonym import Key


def read_part(
    block: Block,
    source: Source,
    entity: Entity,
    decisions: Mapping[str, str],
    ledger: Ledger,
    *,
    key: Key | None = None,
) -> Part:
    """The rows of a block as columns of `entity`; what cannot be read goes to the ledger as problems.

    decisions : place ("file!sheet!C12") -> the value a person decided on
    key : for columns that the map keeps as pseudonyms
    """
    at = _positions(block, source, ledger, entity)
    values: dict[str, object] = {}
    steps: dict[str, float] = {}
    for name, mapped in source.columns.items():
        if name not in at:
            continue
        values[_target(name, entity)] = _read_column(
            block, source, entity, name, mapped, at[name], decisions, steps, ledger
        )
        if mapped.pseudonym and at[name] >= 0:
            values[_target(name, entity)] = _pseudonyms(values[_target(name, entity)], name, key)
    rows = block.rows.index
    frame = pd.DataFrame(values, index=rows)
    for name, constant in from_names(block, source, entity, ledger).items():
        frame[_target(name, entity)] = constant
    return Part(block.grid.file, block.grid.sheet, source, frame, at, block.place, steps)


def _pseudonyms(values: np.ndarray, name: str, key: Key | None) -> np.ndarray:
    """Keyed hashes of what stands in the cells; the cells themselves are kept nowhere."""
    from analysis.privacy.pseudonym import KeyFileError, pseudonyms

    if key is None:
        raise KeyFileError(
            Message("the map asks for pseudonyms: give --key", "映射要求假名化，请用 --key 给出密钥")
        )
    made = pseudonyms(pd.Series(values, dtype=object), key, kind=name)
    return made.astype(object).where(made.notna(), None).to_numpy()


def _target(name: str, entity: Entity) -> str:
    """Columns that name a village or household as written are kept apart from the data model's own."""
    own = name in {"year", "month", "date"} and name in entity.columns
    return f"@{name}" if name in KEY_NAMES and not own else name


def _positions(block: Block, source: Source, ledger: Ledger, entity: Entity) -> dict[str, int]:
    """Sheet column of each mapped name; a heading that is missing or stands twice is a problem."""
    where: dict[str, list[int]] = {}
    for position, heading in enumerate(block.headings):
        where.setdefault(heading, []).append(position)
    found = {}
    for name, mapped in source.columns.items():
        if mapped.constant is not None or mapped.taken_from:
            found[name] = -1
            continue
        hits = [position for wanted in mapped.headings for position in where.get(wanted, [])]
        if len(hits) == 1:
            found[name] = hits[0]
            meanings.check(block, entity, name, hits[0], ledger)
        elif not hits and not mapped.optional:
            ledger.problem(
                "heading", [block.place()],
                Message(
                    f"no heading {' or '.join(map(repr, mapped.headings))} (for {name})",
                    f"没有表头“{'”或“'.join(mapped.headings)}”（对应 {name}）",
                ),
                Message(
                    "correct the heading in the map; this sheet has: " + _listed(block.headings),
                    "请更正映射中的表头；本表有：" + _listed(block.headings),
                ),
                table=entity.name, name=name,
            )  # fmt: skip
        elif hits:
            several = list(dict.fromkeys(block.headings[position] for position in hits))
            ledger.problem(
                "heading", [block.place(column=position) for position in hits],
                Message(
                    f"{name} is mapped to {' and '.join(map(repr, several))}, and both stand in this sheet",
                    f"{name} 映射到“{'”和“'.join(several)}”，而本表两者都有",
                ) if len(several) > 1 else Message(
                    f"the heading {several[0]!r} stands over several columns", f"表头“{several[0]}”出现在多列"
                ),
                Message(
                    "give each column its own heading, or name the group too (收入/合计); columns of several years are "
                    "read by one [[source]] for each year",
                    "请为各列写不同的表头，或连同上级表头一起写（收入/合计）；分年份的列请为每年各写一个 [[source]]",
                ),
                table=entity.name, name=name,
            )  # fmt: skip
    return found


def _listed(headings: tuple[str, ...]) -> str:
    shown = [heading for heading in headings if heading]
    return ", ".join(shown[:25]) + (" …" if len(shown) > 25 else "")


def _read_column(
    block: Block, source: Source, entity: Entity, name: str, mapped: ColumnMap, position: int,
    decisions: Mapping[str, str], steps: dict[str, float], ledger: Ledger,
) -> np.ndarray | None:  # fmt: skip
    if position < 0:
        return None
    declared = entity.columns.get(name)
    column = block.rows[block.rows.columns[position]]
    heading = block.headings[position]
    written = [""]
    of_row = np.zeros(len(column), dtype=int)
    if declared is not None and declared.unit and declared.kind in {"int", "float"}:
        if mapped.unit_column:
            of_row, written = _units_by_row(block, mapped.unit_column, ledger, entity, name)
        else:
            said = unit_of(
                block, heading, declared.unit, mapped.unit, source.unit, position, ledger,
                name=name, table=entity.name,
            )  # fmt: skip
            if said is None:
                return np.full(len(column), np.nan)
            written = [said.unit]
            _count_conversion(block, entity, name, position, said.unit, declared.unit, ledger)
    number_column = is_number(declared, name)
    out = np.full(len(column), np.nan) if number_column else np.full(len(column), None, dtype=object)
    for number, unit in enumerate(written):
        rows = np.flatnonzero(of_row == number)
        if not len(rows):
            continue
        labels = block.grid.labels.get(heading, {})
        if labels and not mapped.codes and kind_of(declared, name) in {"category", "set", "flag"}:
            ledger.repaired("value_label", block.place(column=position), table=entity.name, name=name)
        reader = reader_for(declared, name, mapped, unit, source, labels, block.grid.missing.get(heading, ()))
        read = read_column(column.iloc[rows], reader)
        out[rows] = read.values
        _account(block, entity, name, position, rows, read, decisions, ledger)
    if not number_column:
        _formulas(block, entity, name, position, out, ledger)
    _error_cells(block, entity, name, position, decisions, ledger)
    _decided(block, declared, name, mapped, source, position, out, decisions, ledger, entity)
    if declared is not None and declared.unit in totals.ADDITIVE and len(written) > 1 and len(block.totals):
        totals.say_unchecked(block, entity, name, position, ledger)
    if declared is not None and declared.unit and len(written) == 1:
        factor = units.convert(1.0, written[0], declared.unit)
        totals.check(block, entity, name, position, written[0], factor, out, source, ledger)
        if factor > 1:
            steps[name] = _step(out, factor)
        if declared.unit == "share" and factor == 0.01 and not mapped.unit:
            meanings.double_percent(block, entity, name, position, out, ledger)
    return out


def _step(values: np.ndarray, factor: float) -> float:
    """The smallest step that the decimals of a converted column show: 100 yuan for 万元 with two decimals."""
    known = values[np.isfinite(values)] / factor
    for decimals in range(5):
        scaled = known * 10**decimals
        if np.allclose(scaled, np.rint(scaled), rtol=1e-9, atol=1e-6):
            return factor / 10**decimals
    return 0.0


def _units_by_row(
    block: Block, unit_heading: str, ledger: Ledger, entity: Entity, name: str
) -> tuple[np.ndarray, list[str]]:
    position = list(block.headings).index(unit_heading) if unit_heading in block.headings else -1
    if position < 0:
        ledger.problem(
            "heading", [block.place()],
            Message(f"no heading {unit_heading!r} (unit of {name})", f"没有表头“{unit_heading}”（{name} 的单位）"),
            Message("correct unit_column in the map", "请更正映射中的 unit_column"),
            table=entity.name, name=name,
        )  # fmt: skip
        return np.full(len(block.rows), -1), []
    texts = block.rows[block.rows.columns[position]].astype("str")
    of_row, written = pd.factorize(texts)
    named = [units.unit_named(text, units.dimension(entity.columns[name].unit)) for text in written]
    for number, unit in enumerate(named):
        if not unit or unit == units.CONTRADICTED:
            rows = block.rows.index[of_row == number]
            ledger.problem(
                "unit", [block.place(int(row), position) for row in rows],
                Message("this unit is not known", "单位无法识别"),
                Message("write one of 元, 万元, 元/斤, 元/公斤, 斤, 公斤, 亩 …", "请写 元、万元、元/斤、元/公斤、斤、公斤、亩 等"),
                table=entity.name, name=name,
            )  # fmt: skip
            of_row[of_row == number] = -1
        elif units.convert(1.0, unit, entity.columns[name].unit) != 1.0:
            _count_conversion(block, entity, name, position, unit, entity.columns[name].unit, ledger)
    return of_row, named


def _count_conversion(
    block: Block, entity: Entity, name: str, position: int, unit: str, target: str, ledger: Ledger
) -> None:
    if units.convert(1.0, unit, target) != 1.0:
        rule = CONVERTED[units.dimension(target)]
        ledger.repaired(rule, block.place(column=position), unit, target, table=entity.name, name=name)


def _account(
    block: Block, entity: Entity, name: str, position: int, rows: np.ndarray, read: ColumnRead,
    decisions: Mapping[str, str], ledger: Ledger,
) -> None:  # fmt: skip
    sheet_rows = block.rows.index.to_numpy()[rows]
    for rule, hit in read.rule_rows.items():
        _repaired(block, ledger, rule, position, sheet_rows[hit], read.old(hit), read.new(hit), entity, name)
    for what, hit in read.problems.items():
        places = [block.place(int(row), position) for row in sheet_rows[hit]]
        open_places = [place for place in places if str(place) not in decisions]
        if open_places:
            ledger.problem(
                "cell", open_places, what,
                Message(
                    "correct the cell in the file, or decide in the map: [[decide]] cell = "
                    f'"{open_places[0]}", value = "…", reason = "…"',
                    f'请在文件中更正，或在映射文件中决定：[[decide]] cell = "{open_places[0]}", value = "…", reason = "…"',
                ),
                table=entity.name, name=name,
            )  # fmt: skip


def _repaired(
    block: Block, ledger: Ledger, rule: str, position: int, rows: np.ndarray, old: Iterable[object],
    new: Iterable[object], entity: Entity, name: str,
) -> None:  # fmt: skip
    """Repairs of cells, each at its place in the sheet, also where the sheet was turned over."""
    if block.turned is None:
        ledger.repaired_cells(
            rule, block.grid.file, block.grid.sheet, position, rows, old, new, table=entity.name, name=name
        )
        return
    for row, before, after in zip(rows, old, new, strict=True):
        ledger.repaired(
            rule, block.place(int(row), position), str(before), str(after), table=entity.name, name=name
        )


def _formulas(
    block: Block, entity: Entity, name: str, position: int, out: np.ndarray, ledger: Ledger
) -> None:
    """Text that a spreadsheet program would run: no village, household or category is called that."""
    hit = [
        row
        for row, value in enumerate(out)
        if isinstance(value, str) and value.startswith(("=", "@", "+", "-"))
    ]
    if hit:
        ledger.problem(
            "formula_text", [block.place(int(row), position) for row in block.rows.index.to_numpy()[hit]],
            Message("a text that begins like a formula", "文本以公式符号开头"),
            Message("write the name or word that is meant", "请改写为实际名称或文字"),
            table=entity.name, name=name,
        )  # fmt: skip


def _error_cells(
    block: Block, entity: Entity, name: str, position: int, decisions: Mapping[str, str], ledger: Ledger
) -> None:
    """#REF! and the like: repaired where the data model can recompute the column, else a problem."""
    places = block.errors(position)
    places = [place for place in places if str(place) not in decisions]
    if not places:
        return
    declared = entity.columns.get(name)
    if declared is not None and declared.derived:
        for place in places:
            old = block.grid.errors[place.row, place.column]
            ledger.repaired("error_cell", place, old, declared.derived, table=entity.name, name=name)
        return
    ledger.problem(
        "error_cell", places,
        Message("the cell holds a formula's error value", "单元格是公式错误值"),
        Message("repair the formula or write the value", "请修复公式或填入数值"),
        table=entity.name, name=name,
    )  # fmt: skip


def _decided(
    block: Block, declared: Column | None, name: str, mapped: ColumnMap, source: Source, position: int,
    out: np.ndarray, decisions: Mapping[str, str], ledger: Ledger, entity: Entity,
) -> None:  # fmt: skip
    if not decisions:
        return
    number_column = is_number(declared, name)
    target = declared.unit if declared is not None else ""
    reader = reader_for(declared, name, mapped, target, source, {}, ())
    for number, row in enumerate(block.rows.index):
        place = block.place(int(row), position)
        value = decisions.get(str(place))
        if value is None:
            continue
        cell = reader(value)
        if cell.problem is not None:
            ledger.problem("decide", [place], cell.problem, Message(
                "correct the value in [[decide]]", "请更正 [[decide]] 中的值"), table=entity.name, name=name)  # fmt: skip
            continue
        out[number] = np.nan if cell.value is None and number_column else cell.value
        ledger.repaired(
            "decided",
            place,
            "",
            "" if cell.value is None else spelling.as_text(cell.value),
            table=entity.name,
            name=name,
        )
