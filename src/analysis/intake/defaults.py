"""What an import decides where the map is silent: adoption from the registers, sections of study.toml."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.intake.assemble import Assembled
from analysis.intake.ledger import Ledger
from analysis.intake.mapping import ImportMap
from analysis.messages import Message
from analysis.schema import entity


def adoption(frames: dict[str, pd.DataFrame], made: Mapping[str, Assembled], ledger: Ledger) -> None:
    """Date adoption in village_year from the list of cooperatives, where the panel does not date it itself.

    first_coop_year is the earliest year in which a cooperative of the village was led by its Party branch
    (`led_since`, else `registered_year`), 0 where there never was one; model and federation are those of that coop.
    A village whose only cooperatives have no year is no village without one: that is a problem.
    """
    panel, coops = frames.get("village_year"), frames.get("coop")
    if (
        panel is None
        or coops is None
        or "first_coop_year" in panel.columns
        or "village_id" not in coops.columns
    ):
        return
    since = "led_since" if "led_since" in coops.columns else "registered_year"
    if since not in coops.columns:
        return
    dated = set(coops.loc[coops[since].notna(), "village_id"])
    undated = coops[since].isna() & coops["village_id"].notna() & ~coops["village_id"].isin(dated)
    undated &= coops["village_id"].isin(panel["village_id"])
    if undated.any():
        ledger.problem(
            "adoption", [made["coop"].place(int(row), since) for row in np.flatnonzero(undated)],
            Message(
                f"cooperatives without {since}: whether and when their villages adopted is not known",
                f"合作社没有 {since}，无法确定所在村何时组建",
            ),
            Message(
                "fill the year in, or map first_coop_year of village_year", "请补填年份，或映射 village_year 的 first_coop_year"
            ),
            table="coop", name=since,
        )  # fmt: skip
    first = coops.dropna(subset=[since]).sort_values([since, "coop_id"]).drop_duplicates("village_id")
    first = first.set_index("village_id")
    year = panel["village_id"].map(first[since]).fillna(0).astype("int64")
    added = panel.assign(first_coop_year=year)
    for name, source in (("model", "model_primary"), ("fed_id", "fed_id")):
        if source in first.columns and name not in panel.columns:
            added[name] = panel["village_id"].map(first[source])
    declared = entity("village_year").columns
    frames["village_year"] = added[[name for name in declared if name in added.columns]]


def sections(frames: Mapping[str, pd.DataFrame], decided: ImportMap) -> dict[str, object]:
    """The sections of study.toml: those of the map; where it has none, a panel of villages and its outcomes."""
    given = {name: section for name, section in decided.study.items() if section}
    made: dict[str, object] = {
        "study": given.pop("study", None)
        or {"name": "imported", "title": {"zh": "导入的研究数据", "en": "Imported study"}, "synthetic": False}
    }
    tables = dict(given.pop("tables", {}))
    panel = frames.get("village_year")
    dated = panel is not None and "first_coop_year" in panel.columns
    if dated and not any("cohort" in section for section in tables.values()):
        tables["village_year"] = {**_panel(panel), **tables.get("village_year", {})}
    made["tables"] = tables
    if "outcomes" not in given and dated:
        outcomes = _outcomes(panel)
        if outcomes:
            given["outcomes"] = outcomes
    return {**made, **given}


def _panel(panel: pd.DataFrame) -> dict[str, object]:
    section: dict[str, object] = {
        "unit": "village_id", "time": "year", "cohort": "first_coop_year", "never": [0], "cluster": "village_id",
    }  # fmt: skip
    if "model" in panel.columns and panel["model"].notna().any():
        section["model"] = "model"
    if "township_code" in panel.columns:
        section["group"] = "township_code"
    label = entity("village_year").label
    section["description"] = {"zh": label.zh, "en": label.en}
    return section


def _outcomes(panel: pd.DataFrame) -> dict[str, object]:
    """The two incomes of the evaluation; where the panel has neither, every amount of the village's income it has."""
    usual = {"operating_surplus": "ci_operating_surplus", "total_income": "ci_total"}
    here = {key: column for key, column in usual.items() if _filled(panel, column)}
    declared = entity("village_year").columns
    here = here or {
        name: name for name, column in declared.items()
        if column.unit == "yuan" and name.startswith("ci_") and _filled(panel, name)
    }  # fmt: skip
    found = {
        key: {
            "table": "village_year", "column": column, "unit": "yuan", "concept": "collective_income",
            "label": {"zh": declared[column].label.zh, "en": declared[column].label.en},
        }
        for key, column in here.items()
    }  # fmt: skip
    if found:
        next(iter(found.values()))["primary"] = True
    return found


def _filled(panel: pd.DataFrame, column: str) -> bool:
    return column in panel.columns and bool(panel[column].notna().any())
