"""What a heading says a figure is, against what the data model's column is: of one year, of all, a share."""

from __future__ import annotations

import re

import numpy as np

from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.totals import ADDITIVE
from analysis.messages import Message
from analysis.schema import Column, Entity

_CUMULATIVE = re.compile("累计|累积|历年合计|cumulative", re.IGNORECASE)
_PER = re.compile(
    r"[户人亩村社]均|平均每|每[户人亩村社]|per (?:head|household|capita|mu|village)", re.IGNORECASE
)
_NUMBERS = {"int", "float"}


def check(block: Block, entity: Entity, name: str, position: int, ledger: Ledger) -> None:
    """A problem where the heading of a mapped column speaks of another figure than the data model's."""
    declared = entity.columns.get(name)
    if declared is None or declared.kind not in _NUMBERS:
        return
    heading = block.headings[position]
    if _CUMULATIVE.search(heading):
        ledger.problem(
            "cumulative", [block.place(column=position)],
            Message(
                f"the heading says that this is cumulative; {name} is of one year",
                f"表头表明是累计数，而 {name} 是当年数",
            ),
            Message("map the year's own figure, or leave the column out", "请映射当年数，或不导入该列"),
            table=entity.name, name=name,
        )  # fmt: skip
    elif declared.unit in ADDITIVE and any(_CUMULATIVE.search(text) for text in block.above):
        ledger.remark(
            "cumulative", [block.place(column=position)],
            Message(
                f"the title speaks of cumulative figures; {name} is of one year",
                f"标题写有“累计”，而 {name} 是当年数",
            ),
            Message("make sure that the column holds the year's own figure", "请确认该列为当年数"),
            table=entity.name, name=name,
        )  # fmt: skip
    if declared.unit in ADDITIVE and _PER.search(heading) and not _is_mean(declared):
        ledger.problem(
            "per_unit", [block.place(column=position)],
            Message(
                f"the heading says that this is a mean per household, head or mu; {name} is the whole amount",
                f"表头表明是户均、人均或亩均数，而 {name} 是总数",
            ),
            Message("map the column of whole amounts, or leave the column out", "请映射总数所在的列，或不导入该列"),
            table=entity.name, name=name,
        )  # fmt: skip


def _is_mean(declared: Column) -> bool:
    label = declared.label
    return any(_PER.search(text) for text in (label.zh, label.en, *declared.headings))


def double_percent(
    block: Block, entity: Entity, name: str, position: int, out: np.ndarray, ledger: Ledger
) -> None:
    """A problem where a column headed % holds nothing above 1: cells shown as 60 % may hold 0.6, and would be divided
    by 100 twice."""
    known = out[np.isfinite(out)]
    if len(known) and known.max() <= 0.01 and (known > 0).any():
        ledger.problem(
            "percent", [block.place(column=position)],
            Message(
                "headed %, but no value is above 1: percents, or shares formatted as percents?",
                "表头为百分数，但数值都不超过 1：是百分数，还是已是比例？",
            ),
            Message(
                f'write the unit in the map: {name} = {{ heading = "…", unit = "share" }} for shares, "%" for percents',
                f'请在映射中写明：{name} = {{ heading = "…", unit = "share" }}（比例）或 "%"（百分数）',
            ),
            table=entity.name, name=name,
        )  # fmt: skip
