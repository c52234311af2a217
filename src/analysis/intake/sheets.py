"""From files to parts: every sheet that the map names is read, and what is not read is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.intake import arrivals, federations, persons, totals, write
from analysis.intake.files import open_grids
from analysis.intake.files.grid import Grid
from analysis.intake.layout import Block, blank, read_block, read_items
from analysis.intake.ledger import IntakeError, Ledger, Place, Problem
from analysis.intake.mapping import ImportMap, Source
from analysis.intake.part import Part
from analysis.intake.reading import read_part
from analysis.messages import Message
from analysis.privacy.redact import redact
from analysis.schema import entity
from analysis.schema.template import table_of

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
    wanted_files = arrivals.choose(paths, decided, ledger)
    first_order: dict[int, tuple[str, ...]] = {}
    for number, path in enumerate(wanted_files, start=1):
        say(
            Message(
                f"file {number} of {len(wanted_files)}: {redact(path.name)}",
                f"文件 {number}/{len(wanted_files)}：{redact(path.name)}",
            )
        )
        known, remarked = len(ledger.problems), len(ledger.remarks)
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
            if sources and grid.headings is None and blank(grid.cells).all():
                _say_empty(grid, [source for _, source in sources], ledger)
                continue
            for position, source in sources:
                used.add(position)
                part = _part(grid, source, decisions, ledger, first_order, key)
                if part is not None:
                    of_file.append(part)
                    parts.setdefault(source.table, []).append(part)
                    rows += len(part.values)
                    sheets.append(grid.sheet)
        _cells_that_matter(doubtful, of_file, decisions, ledger)
        _last_cell(ledger.remarks[remarked:], of_file, decisions, ledger)
        files.append(
            write.SourceFile.of(path, grids[0].encoding if grids else "", tuple(dict.fromkeys(sheets)), rows)
        )
    failed = {place.file for problem in ledger.problems for place in problem.places}
    for position, source in enumerate(decided.sources):
        if position not in used and not any(source.names_file(name) for name in failed):
            ledger.problem(
                "source", [Place(" / ".join(source.file), " / ".join(source.sheet))],
                Message(
                    f"no file or sheet given matches this source of the map (table {source.table})",
                    f"没有文件或工作表符合映射中的该来源（表 {source.table}）",
                ),
                Message("give the file, or take the source out of the map", "请提供该文件，或从映射中删去该来源"),
                table=source.table,
            )  # fmt: skip
    _unused(decisions, {file.read_as for file in files}, ledger)
    return parts, files


def _unused(decisions: Mapping[str, str], read: set[str], ledger: Ledger) -> None:
    """Decisions about cells that were not read: a slip in the place would leave the doubtful value standing."""
    used = {str(place) for problem in ledger.problems if problem.rule == "decide" for place in problem.places}
    used |= {
        str(Place(chunk.file, chunk.sheet, int(row), chunk.column))
        for chunk in ledger.repairs if chunk.rule == "decided" for row in chunk.rows
    }  # fmt: skip
    refused = {place.file for problem in ledger.problems for place in problem.places if place.row < 0}
    for cell in decisions:
        file = cell.split("!")[0]
        if cell in used or file in refused:
            continue
        ledger.problem(
            "decide", [Place(cell)],
            Message(
                "[[decide]] names a cell that is not read" + ("" if file in read else "; no such file was read"),
                "[[decide]] 所写的单元格没有被读取" + ("" if file in read else "，也没有读取该文件"),
            ),
            Message(
                "correct file, sheet and cell as messages write them, or take the decision out of the map",
                "请按提示中的写法更正文件、工作表和单元格，或从映射中删去",
            ),
        )  # fmt: skip


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
            ledger.problems.append(
                replace(problem, what=_counted(problem, len(places)), places=tuple(places))
            )


def _last_cell(
    remarks: Sequence[Problem], parts: Sequence[Part], decisions: Mapping[str, str], ledger: Ledger
) -> None:
    """A text file that ends without a line end may end within a number: 312 of 31200. Where the last cell is
    imported, a person has to say that it is whole."""
    for remark in remarks:
        if remark.rule != "file_end":
            continue
        for part in parts:
            last = replace(remark.places[0], column=max(part.columns.values(), default=-1))
            if last.column == part.width - 1 and _holds(part, last) and str(last) not in decisions:
                ledger.problem(
                    "file_end", [last],
                    Message(
                        "the file ends here without a line end; it may have been cut off within this cell",
                        "文件到此结束且没有换行符，该单元格可能被截断",
                    ),
                    Message(
                        "compare it with the source; if it is whole, save the file with a line end, or write [[decide]] "
                        f'cell = "{last}"',
                        f'请与来源核对；如完整，请在文件末尾加换行后保存，或写 [[decide]] cell = "{last}"',
                    ),
                    table=part.source.table,
                )  # fmt: skip


def _counted(problem: Problem, n: int) -> Message:
    """The sentence with the number of cells that matter instead of all of the sheet."""
    before = str(len(problem.places))
    return Message(
        re.sub(rf"\b{before}\b", str(n), str(problem.what), count=1),
        re.sub(rf"(?<!\d){before}(?!\d)", str(n), problem.what.zh, count=1),
    )


def _holds(part: Part, place: Place) -> bool:
    """Whether a cell is in a column that the part imports, within its data rows."""
    if part.sheet != place.sheet:
        return False
    mapped = [column for column in part.columns.values() if column >= 0]
    if part.source.layout != "items":
        return place.column in mapped and place.row in part.values.index
    return any(part.locate(int(row), column) == place for row in part.values.index for column in mapped)


def _encoding(name: str, decided: ImportMap) -> str:
    """The encoding that the map gives for a text file; "" to find it out."""
    return next(
        (source.encoding for source in decided.sources if source.encoding and source.names_file(name)), ""
    )


def _say_empty(grid: Grid, sources: Sequence[Source], ledger: Ledger) -> None:
    """An empty sheet holds nothing to lose, unless the map asks for it by name."""
    asked = any(grid.sheet in source.sheet for source in sources)
    tell = ledger.problem if asked else ledger.remark
    tell(
        "empty", [Place(grid.file, grid.sheet)],
        Message("the sheet is empty", "工作表是空的"),
        Message("check the sheet, or leave it out with sheet = \"…\"", "请检查该表，或用 sheet 排除"),
        table=sources[0].table,
    )  # fmt: skip


def _say_left(grid: Grid, ledger: Ledger) -> None:
    first = "" if grid.cells.empty else grid.cells.iloc[0, 0]
    if grid.cells.empty or (isinstance(first, str) and table_of(first) == "-"):  # how to fill a template in
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
            grid, mapped.__contains__, ledger, header=header, fill=filled.__contains__,
            amounts=_amounts(source).__contains__, decided=decisions, known=known,
        )  # fmt: skip
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
    private = persons.keep_out(
        block, source, declared, {at: name for name, at in part.columns.items() if at >= 0}, ledger
    )
    part = replace(part, private=private, width=len(grid.cells.columns))
    for row in block.totals.index:
        ledger.repaired("subtotal_removed", block.place(int(row)), table=source.table)
    _left_columns(block, source, part, ledger)
    return part


def _amounts(source: Source) -> frozenset[str]:
    """Headings of quantities that add up over rows. Where the map puts rows of one household together, a merged
    cell spans the household's members, and is the household's."""
    columns = entity(source.table).columns
    if any(mapped.rollup for mapped in source.columns.values()):
        return frozenset()
    return frozenset(
        heading for name, mapped in source.columns.items()
        if name in columns and columns[name].kind in {"int", "float"} and columns[name].unit in totals.ADDITIVE
        for heading in mapped.headings
    )  # fmt: skip


def _hidden(block: Block, source: Source, ledger: Ledger) -> None:
    grid = block.grid
    if grid.hidden:
        ledger.repaired("hidden_sheet", block.place(), table=source.table)
    rows = set(block.rows.index)
    if block.turned is not None:
        rows = {row for line in block.turned for row, _ in line}
    for row in sorted(grid.hidden_rows & rows):
        ledger.repaired("hidden_row", Place(grid.file, grid.sheet, int(row)), table=source.table)


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
