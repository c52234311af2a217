"""What finished tables say about identities: numbers for lists that come without any, registers for later tables."""

from __future__ import annotations

import pandas as pd

from analysis.intake.identify import Registers
from analysis.intake.part import Part
from analysis.schema import Entity

NUMBERED = {
    "coop_id": "C",
    "project_id": "P",
    "shock_id": "S",
}  # lists that may come without numbers, and the prefix


def numbered(entity: Entity, parts: list[tuple[Part, pd.DataFrame]]) -> list[tuple[Part, pd.DataFrame]]:
    """Rows of a list whose own numbering the files do not give (cooperatives, projects, shocks), numbered.

    Cooperatives by credit code, so that the same list in another order gives the same numbers; other rows as they
    stand. Where any sheet gives the numbers, nothing is done.
    """
    key = entity.key[0]
    prefix = NUMBERED.get(key)
    if prefix is None or len(entity.key) != 1 or any(key in frame.columns for _, frame in parts):
        return parts
    named = [
        (identity, (number, row))
        for number, (part, frame) in enumerate(parts)
        for row, identity in enumerate(_identities(part, frame, number))
    ]
    if all("credit_code" in frame.columns for _, frame in parts):
        named.sort(key=lambda one: one[0])
    order, same = [at for _, at in named], [identity for identity, _ in named]
    rank = {code: place for place, code in enumerate(dict.fromkeys(same), start=1)}
    width = max(3, len(str(len(rank))))
    ids = {at: f"{prefix}{rank[code]:0{width}d}" for at, code in zip(order, same, strict=True)}
    return [
        (part, frame.assign(**{key: [ids[number, row] for row in range(len(frame))]}))
        for number, (part, frame) in enumerate(parts)
    ]


def _identities(part: Part, frame: pd.DataFrame, number: int) -> list[tuple[bool, str]]:
    """What tells the rows of a list apart: the credit code; without one, name and village; without these, its place."""
    codes, villages = _texts(frame, "credit_code"), _texts(frame, "village_id")
    names = _texts(part.values.loc[frame.index], "@coop_name")
    return [
        (False, code) if code
        else (True, f"{village} {''.join(name.split())}") if name
        else (True, f"{number:06d} {row:09d}")
        for row, (code, village, name) in enumerate(zip(codes, villages, names, strict=True))
    ]  # fmt: skip


def learn(
    table: str, frame: pd.DataFrame, parts: list[tuple[Part, pd.DataFrame]], registers: Registers
) -> None:
    """Remember what a finished table, and the names in the sheets that it was made of, say about identities."""
    if table == "household" and {"village_code_2017", "register_no", "hh_id"} <= set(frame.columns):
        for code, number, hh_id in zip(
            frame["village_code_2017"], frame["register_no"], frame["hh_id"], strict=True
        ):
            if pd.notna(code) and pd.notna(number):
                registers.households[code, int(number)] = hh_id
    if table == "coop" and {"credit_code", "coop_id"} <= set(frame.columns):
        coded = frame[frame["credit_code"].notna()]
        registers.coops.update(zip(coded["credit_code"], coded["coop_id"], strict=True))
    if table != "coop":
        return
    for part, identified in parts:
        if "@coop_name" not in part.values.columns or "coop_id" not in identified.columns:
            continue
        names = part.values.loc[identified.index, "@coop_name"]
        for name, coop_id in zip(names, identified["coop_id"], strict=True):
            if isinstance(name, str) and name:
                plain = "".join(name.split())
                registers.coop_names[plain] = (
                    coop_id if registers.coop_names.get(plain, coop_id) == coop_id else ""
                )


def _texts(values: pd.DataFrame, name: str) -> pd.Series:
    if name not in values.columns:
        return pd.Series("", index=values.index, dtype="str")
    column = values[name]
    return column.where(column.notna(), "").astype("str")
