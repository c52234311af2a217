"""Values that stand in the name of a file or sheet, in the title, or in the map itself, instead of in cells."""

from __future__ import annotations

import re

from analysis.intake.cells import spelling
from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import ColumnMap, Source
from analysis.intake.readers import is_number, reader_for
from analysis.messages import Message
from analysis.schema import Entity

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")


def from_names(block: Block, source: Source, entity: Entity, ledger: Ledger) -> dict[str, object]:
    """Values that stand in the sheet's, the title's or the file's name."""
    found: dict[str, object] = {}
    if isinstance(source.year, int):
        found["year"] = float(source.year)
    elif source.year in {"sheet", "title", "file"}:
        year = _one_year(_texts_of(block, source.year))
        if year is None:
            ledger.problem(
                "year", [block.place()],
                Message(f"no single year stands in the {source.year}'s name", "名称中没有唯一的年份"),
                Message(
                    "write the year there, or give it in the map: year = 2022",
                    "请在名称中写明年份，或在映射文件中给出：year = 2022",
                ),
                table=entity.name, name="year",
            )  # fmt: skip
        else:
            found["year"] = float(year)
    if source.township in {"sheet", "title", "file"}:
        found["township"] = " ".join(_texts_of(block, source.township)).strip()
    for name, mapped in source.columns.items():
        if mapped.constant is not None:
            _constant(mapped.constant, mapped, name, block, source, entity, ledger, found)
        elif mapped.taken_from:
            texts = _texts_of(block, mapped.taken_from)
            hit = next((m for text in texts if (m := re.search(mapped.pattern, text))), None)
            if hit is None:
                ledger.problem(
                    "name", [block.place()],
                    Message(
                        f"the {mapped.taken_from}'s name does not hold {name} as {mapped.pattern!r}",
                        f"名称不符合 {name} 的格式 {mapped.pattern!r}",
                    ),
                    Message("rename it, or correct the pattern in the map", "请改名，或更正映射中的格式"),
                    table=entity.name, name=name,
                )  # fmt: skip
            else:
                _constant(hit.group(1) or "", mapped, name, block, source, entity, ledger, found)
    return found


def _texts_of(block: Block, place: str) -> tuple[str, ...]:
    return {"sheet": (block.grid.sheet,), "file": (block.grid.file.rsplit(".", 1)[0],), "title": block.above}[
        place
    ]


def _one_year(texts: tuple[str, ...]) -> int | None:
    years = {int(year) for text in texts for year in _YEAR.findall(spelling.half_width(text))}
    return years.pop() if len(years) == 1 else None


def _constant(
    text: str, mapped: ColumnMap, name: str, block: Block, source: Source, entity: Entity, ledger: Ledger,
    found: dict[str, object],
) -> None:  # fmt: skip
    """Put the text, read as a cell of its column would be, into `found`; a problem where it is no such value."""
    declared = entity.columns.get(name)
    unit = mapped.unit or (declared.unit if declared is not None else "")
    cell = reader_for(declared, name, mapped, unit, source, {}, ())(text)
    if cell.problem is None and cell.value is not None:
        found[name] = float(cell.value) if is_number(declared, name) else cell.value
        return
    where = {
        "file": Message("in the file's name", "文件名中"), "sheet": Message("in the sheet's name", "工作表名中"),
        "title": Message("in the title", "标题中"),
    }.get(mapped.taken_from, Message("as value in the map", "映射所写的 value"))  # fmt: skip
    ledger.problem(
        "name", [block.place()],
        Message(f"what stands {where} is no value of {name}", f"{where.zh}取得的内容不能作为 {name} 的值"),
        Message("rename it, or correct value or pattern in the map", "请改名，或更正映射中的 value 或 pattern"),
        table=entity.name, name=name,
    )  # fmt: skip
