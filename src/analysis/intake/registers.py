"""The registers an import rests on: code lists of villages and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
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
    lists = _stacked(parts.get("village_xwalk", ()), ("vintage", "township", "code", "name"), ledger)
    if lists.empty and known is None:
        return Registers()
    changes = _stacked(parts.get("village_change", ()), ("vintage",), ledger)
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


def _stacked(parts: Sequence[Part], needed: tuple[str, ...], ledger: Ledger) -> pd.DataFrame:
    """The lines of all lists; a problem for columns that are not mapped and for lines that are not complete."""
    frames = []
    for part in parts:
        frame = part.values.rename(columns=lambda name: str(name).removeprefix("@"))
        absent = [name for name in needed if name not in frame.columns]
        if absent:
            ledger.problem(
                "village_list", [part.place()],
                Message(f"the list does not say {', '.join(absent)}", f"名单没有 {'、'.join(absent)}"),
                Message(
                    'map these columns; what is the same for all lines may be written as vintage = { value = "2021" }',
                    '请映射这些列；全表相同的可写 vintage = { value = "2021" }',
                ),
                table=part.source.table,
            )  # fmt: skip
            continue
        whole = np.ones(len(frame), dtype=bool)
        for name in needed:
            empty = frame[name].isna().to_numpy()
            if empty.any():
                ledger.problem(
                    "village_list", [part.place(int(row), name) for row in frame.index[empty]],
                    Message(f"a line of the list without {name}", f"名单中该行没有 {name}"),
                    Message("fill it in, or remove the line", "请补填，或删除该行"),
                    table=part.source.table, name=name,
                )  # fmt: skip
            whole &= ~empty
        frames.append(frame[whole])
    stacked = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return stacked if stacked.empty else stacked.astype({"vintage": "int64"})


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
    try:
        known = pd.read_csv(
            path, dtype=dict.fromkeys(text, "str"), keep_default_na=False, encoding="utf-8-sig"
        )
        return known.astype({"vintage": "int64", "weight": "float64"})[["vintage", *text, "weight"]]
    except (ValueError, KeyError, OSError):  # not text, not this table, or not its kinds of values
        ledger.problem(
            "file", [Place(path.name)],
            Message("crosswalk_from is no list of villages of an earlier import", "crosswalk_from 不是以前导入得到的村级对照表"),
            Message("give the village_xwalk.csv of an earlier import", "请给出以前导入得到的 village_xwalk.csv"),
        )  # fmt: skip
        return None
