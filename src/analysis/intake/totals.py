"""Subtotals against the rows they sum, before they are removed."""

from __future__ import annotations

import numpy as np

from analysis.intake.cells import numbers
from analysis.intake.layout import Block, is_mean, total_label
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import Source
from analysis.messages import Message
from analysis.schema import Entity

# units whose numbers may be added over villages or households; shares, prices, ages and years may not
ADDITIVE = {
    "yuan",
    "mu",
    "kg",
    "persons",
    "households",
    "units",
    "person-times",
    "hours",
    "shares",
    "days",
    "plots",
}
ROUNDING = 0.0101  # of one written unit: totals are often rounded to two decimals


def check(
    block: Block, entity: Entity, name: str, position: int, unit: str, factor: float, values: np.ndarray,
    source: Source, ledger: Ledger,
) -> None:  # fmt: skip
    """A problem for every subtotal of a column that equals neither the sum of its rows nor that of the sheet.

    values : what was read from the data rows, in the data model's unit; factor : one written unit in it.
    """
    target = entity.columns[name].unit
    if target not in ADDITIVE or source.totals == "unchecked":
        return
    data = np.array([value if isinstance(value, float | int) else np.nan for value in values], dtype=float)
    data = np.nan_to_num(data)
    running = np.concatenate([[0.0], np.cumsum(data)])
    starts = [0]
    for number, (row, before) in enumerate(zip(block.totals.index, block.before, strict=True)):
        total = block.totals.iloc[number]
        cell = numbers.read_number(
            total.iloc[position],
            unit=unit,
            target=target,
            none="missing",
            missing_codes=frozenset(),
            intervals="",
        )
        if isinstance(cell.value, float | int):
            sums = [running[before] - running[start] for start in starts]
            counts = [before - start for start in starts]
            sums, counts = [*sums, running[-1]], [*counts, len(data)]
            if is_mean(total):
                sums = [s / max(c, 1) for s, c in zip(sums, counts, strict=True)]
            slack = ROUNDING * factor * max(1, len(data) ** 0.5) + 1e-9 * abs(cell.value)
            if all(abs(cell.value - s) > slack for s in sums):
                ledger.problem(
                    "subtotal", [block.place(int(row), position)],
                    Message(
                        f"{total_label(total)}: {cell.value:,.0f} {target} stands here, its rows give "
                        f"{sums[-2]:,.0f} (since the last subtotal), {sums[-1]:,.0f} (whole sheet)",
                        f"{total_label(total)}：此处为 {cell.value:,.0f}，其各行之和为 {sums[-2]:,.0f}（上一小计以来）、"
                        f"{sums[-1]:,.0f}（全表）",
                    ),
                    Message(
                        "a row or the total is wrong: correct the file; if the total is only out of date, "
                        'write totals = "unchecked" for this source in the map',
                        '明细或合计有误：请更正文件；若只是合计未更新，可在映射文件该来源下写 totals = "unchecked"',
                    ),
                    table=entity.name, name=name,
                )  # fmt: skip
        starts.append(before)


def say_unchecked(block: Block, entity: Entity, name: str, position: int, ledger: Ledger) -> None:
    """A remark about subtotals that no sum of rows could be held against: the rows are in different units."""
    ledger.remark(
        "subtotal", [block.place(int(row), position) for row in block.totals.index],
        Message(
            "rows in different units: this subtotal was removed without being checked",
            "各行单位不同，该合计未核对即删除",
        ),
        Message("check it by hand where it matters", "如有需要请人工核对"),
        table=entity.name, name=name,
    )  # fmt: skip
