"""Which unit a column is in: said by the map, the heading or the sheet, never guessed."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.intake.cells.units import CONTRADICTED, UnitError, convert, dimension, is_rate, unit_named
from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.messages import Message

# dimension of the data model's unit: rule under which a conversion is counted
CONVERTED = {
    "money": "unit_converted", "weight": "weight_converted", "price": "weight_converted",
    "area": "area_converted", "share": "percent_converted", "money per area": "unit_converted",
}  # fmt: skip
# In these dimensions a number without a unit is ambiguous by a factor of 2 or 10,000, so it is refused.
MUST_BE_SAID = {"money", "weight", "price", "money per area"}

# A heading that names one of these measures nothing else; (年), (人) and (户) may stand there for other reasons.
MEASURES = {"money", "area", "weight", "length", "share"}


@dataclass(frozen=True, slots=True)
class Said:
    """The unit of a column and who says so: map, heading, sheet, source or model."""

    unit: str
    by: str


def unit_of(
    block: Block, heading: str, target: str, mapped: str, source_unit: str, place_column: int, ledger: Ledger,
    *, name: str, table: str,
) -> Said | None:  # fmt: skip
    """The unit a column is written in; None, with a problem in the ledger, where it is contradicted or not said.

    `target` is the data model's unit, `mapped` the unit in the map's column entry, `source_unit` that of the source.
    """
    kind = dimension(target)
    in_heading = unit_named(heading, kind)
    if not mapped and _of_another_kind(heading, in_heading, target):
        ledger.problem(
            "unit", [block.place(column=place_column)],
            Message(
                f"the heading is of {unit_named(heading)}, {name} of {target}",
                f"表头的单位是“{unit_named(heading)}”，而 {name} 的单位是 {target}",
            ),
            Message("map another column, or give the unit in the map", "请映射其他列，或在映射文件中写明单位"),
            table=table, name=name,
        )  # fmt: skip
        return None
    if mapped:
        percent = kind == "share" and mapped == "share"  # a person says that 60 % is stored as 0.6
        if in_heading and in_heading != CONTRADICTED and not percent and not _same(in_heading, mapped):
            ledger.problem(
                "unit", [block.place(column=place_column)],
                Message(
                    f"the map says {mapped}, the heading {in_heading}",
                    f"映射文件写“{mapped}”，表头写“{in_heading}”",
                ),
                Message("correct the one that is wrong", "请更正其中错误的一处"),
                table=table, name=name,
            )  # fmt: skip
            return None
        return Said(mapped, "map")
    if in_heading and in_heading != CONTRADICTED:
        return Said(in_heading, "heading")
    texts = (*block.above, *block.below) if kind else ()  # 单位：万元 says nothing of plots
    around = {unit for text in texts if (unit := unit_named(text, kind))}
    if len(around) > 1 or CONTRADICTED in {in_heading, *around}:
        ledger.problem(
            "unit", [block.place(column=place_column)],
            Message("title or notes name different units", "标题或表注写了不同的单位"),
            Message("write the unit into the heading, or give it in the map", "请在表头写明单位，或在映射文件中给出"),
            table=table, name=name,
        )  # fmt: skip
        return None
    if around:
        return Said(around.pop(), "sheet")
    if source_unit and dimension(source_unit) == kind:
        return Said(source_unit, "source")
    if kind in MUST_BE_SAID:
        ledger.problem(
            "unit", [block.place(column=place_column)],
            Message(
                f"no unit is written in heading, title or notes (needed: {target})",
                "表头、标题、表注都没有写单位",
            ),
            Message(
                f'give it in the map: {name} = {{ heading = "…", unit = "…" }}, or unit = "…" for the source',
                f'请在映射文件中写明：{name} = {{ heading = "…", unit = "…" }}，或为该来源写 unit = "…"',
            ),
            table=table, name=name,
        )  # fmt: skip
        return None
    return Said(target, "model")


def _of_another_kind(heading: str, found: str, target: str) -> bool:
    """Whether a heading names a unit that cannot be one of the column: mu where yuan are kept."""
    named = found or unit_named(heading)
    if named in {"", CONTRADICTED}:
        return False
    kind = dimension(named)
    if not found and not (kind in MEASURES or is_rate(kind)):
        return False
    try:
        convert(1.0, named, target)
    except UnitError:
        return True
    return False


def _same(one: str, other: str) -> bool:
    return one == other or (dimension(one) == dimension(other) and convert(1.0, one, other) == 1.0)
