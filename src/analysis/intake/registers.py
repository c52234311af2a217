"""The registers an import rests on: code lists of villages and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from analysis.intake.identify import Registers
from analysis.intake.ledger import Ledger, Place
from analysis.intake.mapping import ImportMap
from analysis.intake.part import Part
from analysis.intake.villages.crosswalk import build as build_crosswalk
from analysis.intake.villages.tables import township_table, village_table
from analysis.messages import Message

OWN = ("village_xwalk", "village_change")  # tables that are read here and not assembled by key


def build(parts: Mapping[str, Sequence[Part]], decided: ImportMap, base: Path, ledger: Ledger) -> Registers:
    """The crosswalk of villages from the code lists among the files, or from an earlier import.

    Former villages that lead nowhere with certainty are remarks here; a row of data that needs one is a problem.
    """
    known = _earlier(decided, base, ledger)
    lists = _stacked(parts.get("village_xwalk", ()))
    if lists.empty and known is None:
        return Registers()
    changes = _stacked(parts.get("village_change", ()))
    vintage = decided.about.vintage or int(
        lists["vintage"].max() if not lists.empty else known["vintage"].max()
    )
    crosswalk, unresolved = build_crosswalk(
        lists if not lists.empty else known[["vintage", "township_code", "township", "code", "name"]],
        changes if not changes.empty else None, vintage=vintage, known=known,
    )  # fmt: skip
    for lost in unresolved:
        near = ", ".join(lost.candidates)
        ledger.remark(
            "village_list", [Place(f"{unit.vintage} {unit.shown()} {unit.code}") for unit in lost.units[-1:]],
            Message(f"{lost.reason}", f"{lost.reason.zh}"),
            Message(
                f"if data name it, give the list of mergers (table = \"village_change\"); nearest: {near or 'none'}",
                f"如数据中用到该村，请提供撤并对照表（table = \"village_change\"）；相近的有：{near or '无'}",
            ),
            table="village_xwalk",
        )  # fmt: skip
    return Registers(crosswalk=crosswalk, villages=village_table(crosswalk))


def tables(registers: Registers) -> dict[str, pd.DataFrame]:
    """The tables that follow from the registers: village, village_xwalk, township."""
    if registers.crosswalk is None or registers.villages is None:
        return {}
    return {
        "township": township_table(registers.crosswalk),
        "village": registers.villages,
        "village_xwalk": registers.crosswalk.frame,
    }


def _stacked(parts: Sequence[Part]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame()
    frames = [part.values.rename(columns=lambda name: str(name).removeprefix("@")) for part in parts]
    return pd.concat(frames, ignore_index=True).astype({"vintage": "int64"})


def _earlier(decided: ImportMap, base: Path, ledger: Ledger) -> pd.DataFrame | None:
    if not decided.about.crosswalk_from:
        return None
    path = base / decided.about.crosswalk_from
    if not path.is_file():
        ledger.problem(
            "file", [Place(path.name)],
            Message("crosswalk_from names a file that is not there", "crosswalk_from 所指文件不存在"),
            Message("give the village_xwalk.csv of an earlier import", "请给出以前导入得到的 village_xwalk.csv"),
        )  # fmt: skip
        return None
    text = ["code", "township_code", "township", "name", "village_id", "event"]
    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"), keep_default_na=False)
