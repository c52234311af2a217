"""From files to parts: every sheet that the map names is read, and what is not read is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.intake import federations, persons, write
from analysis.intake.files import open_grids
from analysis.intake.files.grid import Grid
from analysis.intake.layout import Block, read_block, read_items
from analysis.intake.ledger import IntakeError, Ledger, Place, Problem
from analysis.intake.mapping import ImportMap, Source
from analysis.intake.part import Part
from analysis.intake.reading import read_part
from analysis.messages import Message
from analysis.schema import entity

if TYPE_CHECKING:
    from analysis.privacy.pseudonym import Key

Say = Callable[[Message], None]


def read_sheets(
    paths: Sequence[Path], decided: ImportMap, ledger: Ledger, say: Say, key: Key | None
) -> tuple[dict[str, list[Part]], list[write.SourceFile]]:
    """Every sheet that the map names as a part of its table, and the files they came from.

    What a sheet is refused for, and what is left unread, goes to the ledger.
    """
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
        known = len(ledger.problems)
        try:
            grids = open_grids(path, ledger, encoding=_encoding(path.name, decided))
        except IntakeError as error:
            ledger.problems.extend(error.problems)
            continue
        doubtful = ledger.problems[known:]
        del ledger.problems[known:]
        rows, sheets, of_file = 0, [], []
        for grid in grids:
            sources = [(n, s) for n, s in enumerate(decided.sources) if s.matches(path.name, grid.sheet)]
            if not sources:
                _say_left(grid, ledger)
            for position, source in sources:
                used.add(position)
                part = _part(grid, source, decisions, ledger, first_order, key)
                if part is not None:
                    of_file.append(part)
                    parts.setdefault(source.table, []).append(part)
                    rows += len(part.values)
                    sheets.append(grid.sheet)
        _cells_that_matter(doubtful, of_file, decisions, ledger)
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


def _cells_that_matter(
    doubtful: Sequence[Problem], parts: Sequence[Part], decisions: Mapping[str, str], ledger: Ledger
) -> None:
    """Of cells that lost their value (numbers of more than 15 digits, formulas without one), those that are imported.

    A damaged number in a column that is left out harms nobody; the same cell in a mapped column stops the import.
    """
    for problem in doubtful:
        places = [
            place
            for place in problem.places
            if place.row < 0 or (str(place) not in decisions and any(_holds(part, place) for part in parts))
        ]
        if places:
            ledger.problems.append(replace(problem, places=tuple(places)))


def _holds(part: Part, place: Place) -> bool:
    """Whether a cell is in a column that the part imports, within its data rows."""
    if part.sheet != place.sheet or place.column not in part.columns.values():
        return False
    return place.row in part.values.index


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
    declared = entity(source.table)
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
