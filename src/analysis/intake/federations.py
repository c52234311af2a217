"""Federations that stand among the cooperatives they are made of, which would be counted twice."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import Source

_KIND = re.compile(r"(^|/)(合作社|主体|组织)?(类型|类别|性质)$")
_NAME = re.compile(r"(^|/)(合作社|社)?名称$")
_FEDERATION = re.compile(r"联合社|联合总社")


def taken_out(block: Block, source: Source, ledger: Ledger) -> Block:
    """The block of a list of cooperatives without the federations in it, which are counted.

    A row is a federation where its column of kinds says so, or, where there is no such column, its name.
    """
    if source.table != "coop":
        return block
    kinds = [position for position, heading in enumerate(block.headings) if _KIND.search(heading)]
    names = [position for position, heading in enumerate(block.headings) if _NAME.search(heading)]
    hit = pd.Series(False, index=block.rows.index)
    for position in kinds or names:
        text = block.rows[block.rows.columns[position]].astype("str")
        hit |= text.str.contains(_FEDERATION)
    for row in block.rows.index[hit]:
        ledger.repaired("federation_in_coop_list", block.place(int(row)), table=source.table)
    return replace(block, rows=block.rows[~hit]) if hit.any() else block
