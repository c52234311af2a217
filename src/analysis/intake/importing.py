"""An import from first file to finished study: read, identify, assemble, check, write, or refuse with the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.intake import defaults, detecting, federations, persons, registers, write
from analysis.intake.assemble import Assembled, assemble
from analysis.intake.files import open_grids
from analysis.intake.files.grid import Grid
from analysis.intake.identify import identify, learn, numbered
from analysis.intake.layout import Block, read_block, read_items
from analysis.intake.ledger import IntakeError, Ledger, Place
from analysis.intake.mapping import ImportMap, Source
from analysis.intake.part import Part
from analysis.intake.reading import read_part
from analysis.messages import Message
from analysis.schema import Entity, entity
from analysis.schema.checks import breaches

if TYPE_CHECKING:
    from analysis.privacy.pseudonym import Key

# Tables that others refer to come first.
ORDER = ("household", "coop", "federation", "village_year")
Say = Callable[[Message], None]


@dataclass(slots=True)
class Imported:
    """What an import made: tables of the data model, the sections of study.toml, the account."""

    tables: dict[str, pd.DataFrame]
    sections: dict[str, object]
    files: list[write.SourceFile]
    ledger: Ledger
    matches: list[dict[str, object]] = field(default_factory=list)


def read_files(
    paths: Sequence[Path], decided: ImportMap, say: Say, *, base: Path, key: Key | None = None
) -> Imported:
    """Read, repair, identify, assemble and check; nothing is written.

    base : folder of the map, for `crosswalk_from`; key : for columns mapped with pseudonym = true.

    Raises
    ------
    IntakeError : everything that is not certain, all at once.
    """
    ledger = Ledger()
    parts, files = _parts(paths, decided, ledger, say, key)
    known = registers.build(parts, decided, base, ledger)
    tables: dict[str, Assembled] = {}
    names = sorted(parts, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    for name in names:
        if name in registers.OWN:
            continue
        say(Message(f"table {name}", f"数据表 {entity(name).label.zh}"))
        identified = [(part, identify(part, entity(name), known, decided, ledger)) for part in parts[name]]
        identified = numbered(entity(name), identified)
        tables[name] = assemble(entity(name), identified, ledger)
        learn(name, tables[name].frame, identified, known)
    frames = {
        **registers.tables(known),
        **{name: _derived(entity(name), made, ledger) for name, made in tables.items()},
    }
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    defaults.adoption(frames)
    _check(frames, tables, ledger)
    detecting.run(frames, tables, {str(d.place) for d in decided.decide}, ledger)
    if ledger.problems:
        raise IntakeError(ledger.problems)
    return Imported(frames, defaults.sections(frames, decided), files, ledger, _matches(frames))


def import_files(
    paths: Sequence[Path], decided: ImportMap, folder: Path, say: Say, *, base: Path, key: Key | None = None
) -> Imported:
    """`read_files`, then the study written to `folder`. IntakeError or write.OutputError; then nothing is written."""
    write.check_folder(folder)
    made = read_files(paths, decided, say, base=base, key=key)
    write.write_study(folder, made.tables, made.sections, made.files, made.ledger, made.matches)
    return made


def expand(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those in the folders named, in a fixed order; what programs leave there is passed over."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.is_file())
            found += [
                p
                for p in inside
                if not p.name.startswith((".", "~$")) and p.suffix.lower() not in {".toml", ".md"}
            ]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _parts(
    paths: Sequence[Path], decided: ImportMap, ledger: Ledger, say: Say, key: Key | None
) -> tuple[dict[str, list[Part]], list[write.SourceFile]]:
    decisions = {str(d.place): d.value for d in decided.decide}
    parts: dict[str, list[Part]] = {}
    files = []
    used: set[int] = set()
    wanted_files = [path for path in paths if any(source.names_file(path.name) for source in decided.sources)]
    for path in paths:
        if path not in wanted_files:
            ledger.remark(
                "file_left", [Place(path.name)],
                Message("no source of the map names this file; it was not read", "映射文件没有提到该文件，未读取"),
                Message("add a [[source]] for it if it holds data", "如含数据，请为它增加 [[source]]"),
            )  # fmt: skip
    first_order: dict[int, tuple[str, ...]] = {}
    for number, path in enumerate(wanted_files, start=1):
        say(
            Message(
                f"file {number} of {len(wanted_files)}: {path.name}",
                f"文件 {number}/{len(wanted_files)}：{path.name}",
            )
        )
        try:
            grids = open_grids(path, ledger, encoding=_encoding(path.name, decided))
        except IntakeError as error:
            ledger.problems.extend(error.problems)
            continue
        rows, sheets = 0, []
        for grid in grids:
            sources = [(n, s) for n, s in enumerate(decided.sources) if s.matches(path.name, grid.sheet)]
            if not sources:
                _say_left(grid, ledger)
            for position, source in sources:
                used.add(position)
                part = _part(grid, source, decisions, ledger, first_order, key)
                if part is not None:
                    parts.setdefault(source.table, []).append(part)
                    rows += len(part.values)
                    sheets.append(grid.sheet)
        files.append(
            write.SourceFile.of(path, grids[0].encoding if grids else "", tuple(dict.fromkeys(sheets)), rows)
        )
    for position, source in enumerate(decided.sources):
        if position not in used and not any(p.rule in {"file", "damaged"} for p in ledger.problems):
            ledger.problem(
                "source", [Place(" / ".join(source.file), " / ".join(source.sheet))],
                Message(
                    f"no file or sheet given matches this source of the map (table {source.table})",
                    f"没有文件或工作表符合映射中的该来源（表 {source.table}）",
                ),
                Message("give the file, or take the source out of the map", "请提供该文件，或从映射中删去该来源"),
                table=source.table,
            )  # fmt: skip
    return parts, files


def _encoding(name: str, decided: ImportMap) -> str:
    """The encoding that the map gives for a text file; "" to find it out."""
    return next(
        (source.encoding for source in decided.sources if source.encoding and source.names_file(name)), ""
    )


def _say_left(grid: Grid, ledger: Ledger) -> None:
    if grid.cells.empty:
        return
    words = Message("hidden sheet, not read", "隐藏工作表，未读取") if grid.hidden else Message(
        "no source of the map names this sheet; it was not read", "映射文件没有提到该工作表，未读取")  # fmt: skip
    ledger.remark(
        "sheet_left", [Place(grid.file, grid.sheet)], words,
        Message("add a [[source]] for it if it holds data", "如含数据，请为它增加 [[source]]"),
    )  # fmt: skip


def _part(
    grid: Grid, source: Source, decisions: Mapping[str, str], ledger: Ledger,
    first_order: dict[int, tuple[str, ...]], key: Key | None,
) -> Part | None:  # fmt: skip
    declared = registers.entity_of(source.table)
    if grid.hidden and source.hidden == "skip":
        ledger.remark(
            "hidden_left", [Place(grid.file, grid.sheet)],
            Message("hidden sheet left out as the map says", "按映射跳过隐藏工作表"), Message("-", "-"),
        )  # fmt: skip
        return None
    mapped, filled = source.mapped(), source.filled()
    known = source.wanted().__contains__
    if source.layout == "items":
        block = read_items(grid, known, ledger)
    else:
        header = None if source.header == "auto" else source.header
        block = read_block(
            grid, mapped.__contains__, ledger, header=header, fill=filled.__contains__, known=known
        )
    if block is None:
        return None
    block = federations.taken_out(block, source, ledger)
    if block.rows.empty:
        ledger.problem(
            "empty", [block.place()],
            Message("the sheet has a heading but no data rows", "工作表有表头但没有数据行"),
            Message("check the sheet, or leave it out with sheet = \"…\"", "请检查该表，或用 sheet 排除"),
            table=source.table,
        )  # fmt: skip
        return None
    _hidden(block, source, ledger)
    here = f"{block.place()}!"
    decided = {place: value for place, value in decisions.items() if place.startswith(here)}
    part = read_part(block, source, declared, decided, ledger, key=key)
    _column_order(part, source, first_order, ledger)
    persons.keep_out(
        block, source, declared, {at: name for name, at in part.columns.items() if at >= 0}, ledger
    )
    for row in block.totals.index:
        ledger.repaired("subtotal_removed", block.place(int(row)), table=source.table)
    _left_columns(block, source, part, ledger)
    return part


def _hidden(block: Block, source: Source, ledger: Ledger) -> None:
    grid = block.grid
    if grid.hidden:
        ledger.repaired("hidden_sheet", block.place(), table=source.table)
    for row in sorted(grid.hidden_rows & set(block.rows.index)):
        ledger.repaired("hidden_row", block.place(int(row)), table=source.table)


def _column_order(
    part: Part, source: Source, first_order: dict[int, tuple[str, ...]], ledger: Ledger
) -> None:
    order = tuple(sorted((name for name, at in part.columns.items() if at >= 0), key=part.columns.get))
    if order != first_order.setdefault(id(source), order):
        ledger.repaired("column_order", part.place(), table=source.table)


def _left_columns(block: Block, source: Source, part: Part, ledger: Ledger) -> None:
    """Columns that the map neither names nor ignores: cumulative ones are counted, others said."""
    from analysis.privacy.columns import personal_heading

    units = {mapped.unit_column for mapped in source.columns.values() if mapped.unit_column}
    taken = set(part.columns.values()) | {at for at, heading in enumerate(block.headings) if heading in units}
    for position, heading in enumerate(block.headings):
        if not heading or position in taken or personal_heading(heading.rsplit("/", 1)[-1]):
            continue
        if "累计" in heading:
            ledger.repaired("cumulative_left", block.place(column=position), heading, "", table=source.table)
        elif heading not in source.ignore:
            ledger.remark(
                "column_left", [block.place(column=position)],
                Message(f"the column {heading!r} is not in the map; it was not imported", f"列“{heading}”不在映射中，未导入"),
                Message("map it, or list it under ignore", "请加入映射，或写入 ignore"),
                table=source.table,
            )  # fmt: skip


def _derived(declared: Entity, made: Assembled, ledger: Ledger) -> pd.DataFrame:
    """The table with empty cells of derived columns computed from their parts."""
    from analysis.schema.arithmetic import evaluate

    frame = made.frame
    for name, column in declared.columns.items():
        if not column.derived or frame.empty:
            continue
        try:
            value = evaluate(column.derived, frame)
        except KeyError:
            continue  # a part of the sum was not imported: the column stays as it came
        if name not in frame.columns:
            frame = frame.assign(**{name: value})
            continue
        gap = (frame[name].isna() & pd.Series(value, index=frame.index).notna()).to_numpy()
        if gap.any():
            frame = frame.assign(**{name: frame[name].where(~gap, value)})
            _count_derived(made, name, np.flatnonzero(gap), ledger)
    return frame[[name for name in declared.columns if name in frame.columns]]


def _count_derived(made: Assembled, name: str, rows: np.ndarray, ledger: Ledger) -> None:
    """Cells computed that were not already counted as error values."""
    counted = {
        (chunk.file, chunk.sheet, int(row)) for chunk in ledger.repairs
        if chunk.rule == "error_cell" and chunk.name == name for row in chunk.rows
    }  # fmt: skip
    for row in rows:
        place = made.place(int(row), name)
        if (place.file, place.sheet, place.row) not in counted and place.file:
            ledger.repaired("derived", place, "", "", table="", name=name)


def _check(frames: Mapping[str, pd.DataFrame], made: Mapping[str, Assembled], ledger: Ledger) -> None:
    for name, frame in frames.items():
        source = made.get(name)
        for finding in breaches(frame, name, others=frames, rounding=_rounding(source)):
            rows = [int(row) for row in finding.rows]
            column = finding.column.split(" ")[0]
            places = (
                [source.place(row, column) for row in rows[:500]] if source is not None else [Place(name)]
            )
            tell = ledger.problem if finding.severity == "error" else ledger.remark
            tell("model", places or [Place(name)], finding.what, finding.fix, table=name, name=finding.column)


def _rounding(made: Assembled | None) -> dict[str, float]:
    """By column, the coarsest step of the sheets it came from."""
    found: dict[str, float] = {}
    for part in made.parts if made is not None else ():
        for name, step in part.steps.items():
            found[name] = max(step, found.get(name, 0.0))
    return found


def _matches(frames: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    """How many rows of each table find what they refer to."""
    found = []
    for name, frame in frames.items():
        for column, declared in entity(name).columns.items():
            if not declared.refers or column not in frame.columns:
                continue
            other, key = declared.refers.split(".")
            if other in frames and key in frames[other].columns:
                given = frame[column].dropna()
                matched = int(given.isin(frames[other][key]).sum())
                found.append(
                    {
                        "table": name,
                        "column": column,
                        "refers": declared.refers,
                        "rows": len(given),
                        "matched": matched,
                    }
                )
    return found
