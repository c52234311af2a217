"""Personal data at the door: columns of it are never stored, and a mapped column must not hold any."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import Source
from analysis.messages import Message
from analysis.privacy.columns import damaged_id, personal_column, personal_heading
from analysis.privacy.redact import mask
from analysis.schema import Entity

SMALL = 5_000  # cells up to which a loop is quicker than column operations
_WORDS = re.compile(r"^[\u4e00-\u9fff·]{2,4}$|号|组|室|栋")  # what a name or an address may look like


def keep_out(
    block: Block, source: Source, entity: Entity, mapped: dict[int, str], ledger: Ledger
) -> frozenset[str]:  # fmt: skip
    """Count the columns of personal data that are left out; a problem where the map would store one.

    mapped : sheet column -> mapped name.

    Returns
    -------
    The mapped names under which persons stand or seem to stand.
    """
    private: set[str] = set()
    for position, heading in enumerate(block.headings):
        column = block.rows[block.rows.columns[position]]
        last = heading.rsplit("/", 1)[-1]
        name = mapped.get(position, "")
        if name and (source.columns[name].pseudonym or not _may_hold_text(entity, name)):
            continue
        if not personal_heading(last) and not _may_be_personal(column):
            continue
        kind, share = personal_column(last, column)
        if not kind:
            continue
        if not name and kind.endswith("?") and kind in {"name?", "address?"}:
            continue  # left out as every column that is not mapped
        if not name:
            ledger.repaired("personal_dropped", block.place(column=position), kind, "", table=entity.name)
            if kind == "id_number" and personal_heading(last):
                _damaged(block, entity, position, ledger)
            continue
        private.add(name)
        if kind in {"name?", "address?"}:
            ledger.remark(
                "personal", [block.place(column=position)],
                Message(
                    f"what is mapped to {name} looks like {kind[:-1]}s of persons",
                    f"映射到 {name} 的列疑似个人{'姓名' if kind == 'name?' else '住址'}",
                ),
                Message("if so, take it out of the map", "如属实，请从映射中去掉"),
                table=entity.name, name=name,
            )  # fmt: skip
        elif share > 0:
            ledger.problem(
                "personal", [block.place(column=position)],
                Message(
                    f"the column mapped to {name} holds personal data ({kind})",
                    f"映射到 {name} 的列含个人信息（{kind}）",
                ),
                Message(
                    "take it out of the map; where rows must be linked, write pseudonym = true and give --key",
                    "请从映射中去掉；如需关联，请写 pseudonym = true 并提供 --key",
                ),
                table=entity.name, name=name,
            )  # fmt: skip
    return frozenset(private)


def _may_be_personal(column: pd.Series) -> bool:
    """A quick no: numbers too small for an ID number or a phone, texts without many digits that are no short words."""
    if pd.api.types.is_numeric_dtype(column):
        return bool((column.abs() >= 1e9).any())
    if len(column) > SMALL:
        return True
    for value in column:
        if isinstance(value, str):
            if sum(
                character.isnumeric() or character in "OolIX" for character in value
            ) >= 10 or _WORDS.search(value):
                return True
        elif isinstance(value, float | int) and abs(value) >= 1e9:
            return True
    return False


def _may_hold_text(entity: Entity, name: str) -> bool:
    declared = entity.columns.get(name)
    return declared is None or declared.kind in {"id", "code", "text", "category", "set"}


def _damaged(block: Block, entity: Entity, position: int, ledger: Ledger) -> None:
    column = block.rows[block.rows.columns[position]].astype("str")
    rows = np.flatnonzero([bool(text.strip()) and damaged_id(text) for text in column])
    ledger.repaired_cells(
        "identity_number_damaged", block.grid.file, block.grid.sheet, position, block.rows.index.to_numpy()[rows],
        [mask(text) for text in column.iloc[rows]], [""] * len(rows), table=entity.name,
    )  # fmt: skip
