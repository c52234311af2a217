"""The county that every candidate is timed on: villages that adopt between 2019 and 2023, with a fixed seed.

Two sizes of one design. `county`: one row per village and year, errors clustered by village. `million`: one row
per household and year, adoption still by village, errors clustered by village. Adoption depends on the
covariates and so does the trend of income, so that an unadjusted comparison would be wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20201101
YEARS = np.arange(2015, 2025)
COHORTS = np.arange(2019, 2024)
N_VILLAGES = 366
N_ADOPTERS = 224  # as many as in the evaluated county
HOUSEHOLDS = {"county": N_VILLAGES, "million": 100_000}
COVARIATES = ("land", "schooling", "distance")

STUDY = """\
[study]
name = "benchmark"
title = {{ zh = "基准", en = "Benchmark" }}
synthetic = true

[tables.panel]
file = "panel.parquet"
unit = "unit"
time = "year"
cohort = "cohort"
never = [0]
cluster = "village"

[outcomes.income]
table = "panel"
column = "income"
unit = "10,000 yuan"
label = {{ zh = "收入", en = "Income" }}

[design]
comparison_group = "never_treated"
base_period = "varying"
covariates = [{covariates}]
adjustment = "doubly_robust"
bootstrap_draws = {draws}
seed = {seed}
"""


def panel(size: str) -> pd.DataFrame:
    """Long table with unit, village, year, cohort (0 = never), income and COVARIATES; all ids are integers."""
    rng = np.random.default_rng(SEED)
    village, adopted = _villages(rng)
    n = HOUSEHOLDS[size]
    # every village once, further households where they fall: villages differ in size
    home = np.sort(np.concatenate([np.arange(N_VILLAGES), rng.integers(0, N_VILLAGES, n - N_VILLAGES)]))
    covariates = 0.6 * village[home] + 0.8 * rng.normal(size=(n, len(COVARIATES)))
    cohort = adopted[home]
    since = np.where(cohort[:, None] > 0, YEARS - cohort[:, None] + 1, 0).clip(0)
    shocks = rng.normal(size=(N_VILLAGES, len(YEARS)))
    income = (
        3
        + rng.normal(size=(n, 1))
        + 0.2 * np.arange(len(YEARS))
        + 0.05 * covariates @ np.array([[1.0], [0.5], [-0.5]]) * np.arange(len(YEARS))
        + 0.3 * np.sqrt(since)
        + 0.2 * shocks[home]
        + 0.5 * rng.normal(size=(n, len(YEARS)))
    )
    columns = {
        "unit": np.repeat(np.arange(n), len(YEARS)),
        "village": np.repeat(home, len(YEARS)),
        "year": np.tile(YEARS, n),
        "cohort": np.repeat(cohort, len(YEARS)),
        "income": income.ravel(),
    }
    named = zip(COVARIATES, covariates.T, strict=True)
    return pd.DataFrame(columns | {name: np.repeat(values, len(YEARS)) for name, values in named})


def write(size: str, folder: Path, *, draws: int) -> None:
    """The table and the same table as a study of this project, in `folder`."""
    folder.mkdir(parents=True)
    panel(size).to_parquet(folder / "panel.parquet", index=False)
    covariates = ", ".join(f'"{name}"' for name in COVARIATES)
    text = STUDY.format(covariates=covariates, draws=draws, seed=SEED)
    (folder / "study.toml").write_text(text, encoding="utf-8")


def _villages(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(366, 3) traits and (366,) year of adoption, 0 = never; likelier where land is ample and town is near."""
    traits = rng.normal(size=(N_VILLAGES, len(COVARIATES)))
    inclination = traits @ np.array([0.5, 0.3, -0.4]) + rng.logistic(size=N_VILLAGES)
    adopters = np.argsort(-inclination)[:N_ADOPTERS]
    adopted = np.zeros(N_VILLAGES, dtype=np.int64)
    adopted[adopters] = rng.choice(COHORTS, N_ADOPTERS)
    return traits, adopted
