"""From parts to one table: sources put together by key, repeated rows resolved, contradictions listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake.ledger import Ledger, Place
from analysis.intake.part import Part
from analysis.messages import Message
from analysis.schema import Entity

_PART, _ROW = "__part", "__row"
CLOSE = 1e-9  # relative; two sources that print one number agree to more than that


@dataclass(frozen=True, slots=True)
class Assembled:
    """A table of the data model and where each of its values came from.

    frame : one row per key, sorted by key, columns of the entity in declared order
    parts : the sheets; origin : by column of `frame`, for each row the part and sheet row (-1: none)
    """

    frame: pd.DataFrame
    parts: tuple[Part, ...]
    origin: dict[str, tuple[np.ndarray, np.ndarray]]

    def place(self, row: int, column: str) -> Place:
        """Where the value of a row (position in `frame`) and column stood."""
        for where in (self.origin.get(column), next(iter(self.origin.values()), None)):
            if where is not None and where[0][row] >= 0:
                part, sheet_row = where
                return self.parts[part[row]].place(int(sheet_row[row]), column)
        return Place("")


def assemble(entity: Entity, parts: Sequence[tuple[Part, pd.DataFrame]], ledger: Ledger) -> Assembled:
    """The table that several sheets give; what contradicts itself goes to the ledger.

    Sheets of one source are stacked; sources are joined on the entity's key. A source that lacks a part of the key
    (villages without year) gives its values to every row of the keys it has.
    """
    sheets = tuple(part for part, _ in parts)
    stacks: dict[int, list[pd.DataFrame]] = {}
    order = {}
    for number, (part, frame) in enumerate(parts):
        named = frame.assign(**{_PART: number, _ROW: frame.index.to_numpy()})
        order.setdefault(id(part.source), len(order))
        stacks.setdefault(order[id(part.source)], []).append(named)
    stacked = [_one_source(entity, sheets, frames, ledger) for frames in stacks.values()]
    full = [f for f in stacked if set(entity.key) <= set(f.columns)]
    partial = [f for f in stacked if not set(entity.key) <= set(f.columns)]
    frame, origin = pd.DataFrame(), {}
    for one in full:
        frame, origin = _joined(entity, sheets, frame, origin, one, list(entity.key), "outer", ledger)
    for one in sorted(partial, key=lambda f: -len(f)):
        keys = [name for name in entity.key if name in one.columns]
        if not keys or frame.empty:
            ledger.problem(
                "key", [sheets[int(one[_PART].iloc[0])].place()] if len(one) else [],
                Message(
                    f"these rows cannot be placed: {entity.name} is keyed by {', '.join(entity.key)}",
                    f"无法对应：{entity.label.zh} 的主键为 {'、'.join(entity.key)}",
                ),
                Message("map the key columns too", "请把主键列也写入映射"),
                table=entity.name,
            )  # fmt: skip
            continue
        frame, origin = _joined(entity, sheets, frame, origin, one, keys, "left", ledger)
    if frame.empty:
        return Assembled(frame, sheets, {})
    frame = frame.sort_values(list(entity.key), kind="stable")
    order_of = frame.index.to_numpy()
    present = [name for name in entity.columns if name in frame.columns]
    origin = {name: (part[order_of], row[order_of]) for name, (part, row) in origin.items()}
    return Assembled(frame[present].reset_index(drop=True), sheets, origin)


def _one_source(
    entity: Entity, sheets: Sequence[Part], frames: list[pd.DataFrame], ledger: Ledger
) -> pd.DataFrame:
    """All sheets of one source under each other, one row per key."""
    stack = pd.concat(frames, ignore_index=True)
    keys = [name for name in entity.key if name in stack.columns]
    if not keys:
        return stack
    empty = stack[keys].isna().any(axis=1).to_numpy()
    if empty.any():
        ledger.problem(
            "key", _places(sheets, stack[empty], keys[0]),
            Message(f"no value for the key ({', '.join(keys)})", f"主键（{'、'.join(keys)}）为空"),
            Message("fill it in, or remove the row", "请补填，或删除该行"),
            table=entity.name, name=keys[0],
        )  # fmt: skip
        stack = stack[~empty]
    values = [name for name in stack.columns if name not in {_PART, _ROW}]
    again = stack.duplicated(values) & ~_members(sheets, stack)
    for part_number, rows in stack[again].groupby(_PART)[_ROW]:
        part = sheets[int(part_number)]
        ledger.repaired_cells(
            "duplicate_row", part.file, part.sheet, -1, rows.to_numpy(), [""] * len(rows), [""] * len(rows),
            table=entity.name,
        )  # fmt: skip
    stack = stack[~again]
    double = stack.duplicated(keys, keep=False)
    if not double.any():
        return stack
    return _rolled_up(entity, sheets, stack, keys, double, ledger)


def _members(sheets: Sequence[Part], stack: pd.DataFrame) -> bool:
    """Whether rows that look the same are members of one household, whose shares add up: what tells them apart, the
    name, is not imported."""
    if stack.empty:
        return False
    source = sheets[int(stack[_PART].iloc[0])].source
    return any(mapped.rollup == "sum" for mapped in source.columns.values())


def _rolled_up(
    entity: Entity,
    sheets: Sequence[Part],
    stack: pd.DataFrame,
    keys: list[str],
    double: pd.Series,
    ledger: Ledger,
) -> pd.DataFrame:
    """Several rows of one key: members of one household where the map says how to put them together, else a problem."""
    source = sheets[int(stack[_PART].iloc[0])].source
    how = {
        name: mapped.rollup
        for name, mapped in source.columns.items()
        if mapped.rollup and name in stack.columns
    }
    if not how:
        for key, rows in list(stack[double].groupby(keys, sort=False))[:50]:
            ledger.problem(
                "duplicate_key", _places(sheets, rows, keys[-1]),
                Message(
                    f"{len(rows)} rows of one key ({', '.join(keys)}) that differ",
                    f"同一主键（{'、'.join(keys)}）有 {len(rows)} 行且内容不同",
                ),
                Message(
                    "keep the right one; members of one household are put together by rollup in the map",
                    "请保留正确的一行；同户多人请在映射中写 rollup",
                ),
                table=entity.name, name=keys[-1] if key is not None else "",
            )  # fmt: skip
        return stack.drop_duplicates(keys)
    extra = stack[stack.duplicated(keys)]
    for part_number, rows in extra.groupby(_PART)[_ROW]:
        part = sheets[int(part_number)]
        ledger.repaired_cells(
            "household_rollup", part.file, part.sheet, -1, rows.to_numpy(), [""] * len(rows), [""] * len(rows),
            table=entity.name,
        )  # fmt: skip
    others = [name for name in stack.columns if name not in {*keys, _PART, _ROW, *how}]
    rest = stack[double].groupby(keys, sort=False, dropna=False)[others].nunique()
    differing = [name for name in others if (rest[name] > 1).any()]
    for name in differing:
        bad = rest.index[rest[name] > 1]
        rows = stack[double].set_index(keys).loc[bad].reset_index()
        ledger.problem(
            "rollup", _places(sheets, rows, name),
            Message(f"members of one household differ in {name}", f"同户成员的 {name} 不一致"),
            Message("correct the rows, or say in the map how to put them together: rollup", "请更正，或在映射中写明 rollup"),
            table=entity.name, name=name,
        )  # fmt: skip
    rules = {name: how.get(name, "first") for name in stack.columns if name not in keys}
    return stack.groupby(keys, sort=False, as_index=False).agg(rules)[list(stack.columns)]


def _joined(
    entity: Entity, sheets: Sequence[Part], frame: pd.DataFrame, origin: dict[str, tuple[np.ndarray, np.ndarray]],
    one: pd.DataFrame, keys: list[str], how: str, ledger: Ledger,
) -> tuple[pd.DataFrame, dict[str, tuple[np.ndarray, np.ndarray]]]:  # fmt: skip
    """`frame` with the columns of one more source; values that both give must agree."""
    if frame.empty:
        one = one.reset_index(drop=True)
        where = (one[_PART].to_numpy(), one[_ROW].to_numpy())
        kept = one.drop(columns=[_PART, _ROW])
        return kept, dict.fromkeys(kept.columns, where)
    if how == "left":
        _say_unplaced(entity, sheets, frame, one, keys, ledger)
    left = frame.assign(__at=np.arange(len(frame)))
    shared = [name for name in one.columns if name in frame.columns and name not in {*keys, _PART, _ROW}]
    new = one.rename(columns={name: f"{name}__new" for name in shared})
    merged = left.merge(new, on=keys, how=how, validate="one_to_one" if how == "outer" else "many_to_one")
    at = merged.pop("__at").to_numpy()
    old = np.where(np.isnan(at.astype(float)), -1, at).astype(int)
    part = merged.pop(_PART).fillna(-1).to_numpy(dtype=int)
    row = merged.pop(_ROW).fillna(-1).to_numpy(dtype=int)
    moved = {
        name: (np.where(old >= 0, p[old], -1), np.where(old >= 0, r[old], -1))
        for name, (p, r) in origin.items()
    }
    for name in shared:
        given = merged.pop(f"{name}__new")
        _agree(entity, sheets, name, merged[name], given, moved[name], (part, row), ledger)
        take = merged[name].isna() & given.notna()
        merged[name] = merged[name].where(~take, given)
        moved[name] = (np.where(take, part, moved[name][0]), np.where(take, row, moved[name][1]))
    for name in one.columns:
        if name not in {_PART, _ROW} and name not in moved:
            moved[name] = (part, row)
    for name in keys:
        moved[name] = (
            np.where(moved[name][0] < 0, part, moved[name][0]),
            np.where(moved[name][0] < 0, row, moved[name][1]),
        )
    return merged.reset_index(drop=True), moved


def _say_unplaced(
    entity: Entity, sheets: Sequence[Part], frame: pd.DataFrame, one: pd.DataFrame, keys: list[str],
    ledger: Ledger,
) -> None:  # fmt: skip
    """Rows of a source without the whole key that no row of the other sources takes up."""
    there = pd.MultiIndex.from_frame(frame[keys].astype(object))
    lost = ~pd.MultiIndex.from_frame(one[keys].astype(object)).isin(there)
    if lost.any():
        ledger.remark(
            "unplaced", _places(sheets, one[lost], keys[0]),
            Message(
                f"{int(lost.sum())} row(s) whose {', '.join(keys)} no other source of {entity.name} has; not imported",
                f"有 {int(lost.sum())} 行的 {'、'.join(keys)} 在 {entity.label.zh} 的其他来源中没有，未导入",
            ),
            Message("check whether rows are missing in the other sources", "请核对其他来源是否缺行"),
            table=entity.name, name=keys[0],
        )  # fmt: skip


def _agree(
    entity: Entity, sheets: Sequence[Part], name: str, first: pd.Series, second: pd.Series,
    where_first: tuple[np.ndarray, np.ndarray], where_second: tuple[np.ndarray, np.ndarray], ledger: Ledger,
) -> None:  # fmt: skip
    both = (first.notna() & second.notna()).to_numpy()
    if not both.any():
        return
    if pd.api.types.is_numeric_dtype(first) and pd.api.types.is_numeric_dtype(second):
        differ = ~np.isclose(first.to_numpy(float), second.to_numpy(float), rtol=CLOSE, atol=CLOSE)
    else:
        differ = (first.astype("object") != second.astype("object")).to_numpy()
    rows = np.flatnonzero(both & differ)
    if not len(rows):
        return
    places = []
    for at in rows[:200]:
        for part, row in (where_first, where_second):
            if part[at] >= 0:
                places.append(sheets[part[at]].place(int(row[at]), name))
    ledger.problem(
        "contradiction", places,
        Message(f"two sources give different values for {name} ({len(rows)} rows)", f"两个来源的 {name} 不一致（{len(rows)} 行）"),
        Message(
            "correct the wrong one, or map the column from one source only",
            "请更正其中错误的一处，或只从一个来源映射该列",
        ),
        table=entity.name, name=name,
    )  # fmt: skip


def _places(sheets: Sequence[Part], rows: pd.DataFrame, name: str) -> list[Place]:
    return [
        sheets[int(part)].place(int(row), name) for part, row in zip(rows[_PART], rows[_ROW], strict=True)
    ]
