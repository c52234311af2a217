"""Personal data at the door: columns of it are never stored, and a mapped column must not hold any."""

from __future__ import annotations

import numpy as np

from analysis.intake.layout import Block
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import Source
from analysis.messages import Message
from analysis.privacy.columns import damaged_id, personal_column, personal_heading
from analysis.privacy.redact import mask
from analysis.schema import Entity


def keep_out(block: Block, source: Source, entity: Entity, mapped: dict[int, str], ledger: Ledger) -> None:
    """Count the columns of personal data that are left out; a problem where the map would store one.

    mapped : sheet column -> mapped name.
    """
    for position, heading in enumerate(block.headings):
        column = block.rows[block.rows.columns[position]]
        last = heading.rsplit("/", 1)[-1]
        name = mapped.get(position, "")
        if name and (source.columns[name].pseudonym or not _may_hold_text(entity, name)):
            continue
        kind, share = personal_column(last, column)
        if not kind:
            continue
        if not name:
            ledger.repaired("personal_dropped", block.place(column=position), kind, "", table=entity.name)
            if kind == "id_number" and personal_heading(last):
                _damaged(block, entity, position, ledger)
            continue
        if share > 0:
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
