"""What an import decides where the map is silent: adoption from the registers, sections of study.toml."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.intake.mapping import ImportMap
from analysis.schema import entity


def adoption(frames: dict[str, pd.DataFrame]) -> None:
    """Date adoption in village_year from the list of cooperatives, where the panel does not date it itself.

    first_coop_year is the earliest year in which a cooperative of the village was led by its Party branch
    (`led_since`, else `registered_year`), 0 where there never was one; model and federation are those of that coop.
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
        given["outcomes"] = _outcomes(panel)
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
    found = {}
    for key, column in (("operating_surplus", "ci_operating_surplus"), ("total_income", "ci_total")):
        if column in panel.columns and panel[column].notna().any():
            label = entity("village_year").columns[column].label
            found[key] = {
                "table": "village_year", "column": column, "unit": "yuan", "concept": "collective_income",
                "label": {"zh": label.zh, "en": label.en},
            }  # fmt: skip
    if found:
        next(iter(found.values()))["primary"] = True
    return found
