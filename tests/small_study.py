"""A small study with a known effect, in order, to be spoilt by tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STUDY = """
[study]
name = "small"
title = {{ zh = "小县", en = "Small county" }}

[tables.village_year]
file = "village_year.csv"
unit = "village"
time = "year"
cohort = "first_year"
never = [0]
model = "model"
group = "town"

[outcomes.income]
table = "village_year"
column = "income"
unit = "yuan"
concept = "collective_income"
label = {{ zh = "收入", en = "Income" }}
primary = true

[design]
comparison_group = "not_yet_treated"
{design}
"""


def village_table(n: int = 40, years: int = 6, seed: int = 1) -> pd.DataFrame:
    """Forty villages, cohorts 2018 and 2020, half never; true effect 5 from adoption on."""
    rng = np.random.default_rng(seed)
    village = [f"{i:06d}" for i in range(1, n + 1)]
    cohort = np.where(np.arange(n) < n // 4, 2018, np.where(np.arange(n) < n // 2, 2020, 0))
    table = pd.DataFrame(
        [(v, y, c) for v, c in zip(village, cohort, strict=True) for y in range(2015, 2015 + years)],
        columns=["village", "year", "first_year"],
    )
    treated = (table["first_year"] > 0) & (table["year"] >= table["first_year"])
    base = pd.Series(rng.normal(100, 10, n), index=village)
    table["income"] = (
        table["village"].map(base) + 2 * (table["year"] - 2015) + 5 * treated + rng.normal(0, 1, len(table))
    )
    table["model"] = np.where(
        table["first_year"] == 0, "", np.where(table["village"].astype(int) % 2, "M01", "M02")
    )
    table["town"] = "T" + (table["village"].astype(int) % 5).astype(str)
    table["orchard"] = table["village"].map(pd.Series(rng.normal(50, 10, n), index=village)).round(3)
    return table


def write_study(folder: Path, table: pd.DataFrame | None = None, *, design: str = "") -> Path:
    """A study folder with one village panel."""
    folder.mkdir(parents=True, exist_ok=True)
    (village_table() if table is None else table).to_csv(folder / "village_year.csv", index=False)
    (folder / "study.toml").write_text(STUDY.format(design=design), encoding="utf-8")
    return folder
