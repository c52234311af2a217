"""Sections for the tests of member effects: drawn, simulated by the county, and real with published answers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import paths
from analysis.members import Section
from analysis.simulate import County, simulate

LALONDE = (
    "age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75", "u74", "u75",
)  # fmt: skip


def singles(n: int) -> np.ndarray:
    """A village for every household, in order."""
    return np.array([f"h{k:06d}" for k in range(n)])


def drawn(
    rng: np.random.Generator,
    n: int = 400,
    villages: int = 40,
    *,
    shock: float = 0.0,
    effect: float = 1.0,
    slope: float = 0.0,
) -> Section:
    """Households that join by two covariates on which the outcome depends linearly; villages may share shocks.

    The effect is `effect + slope * x0`.
    """
    code = rng.permutation(np.arange(n) % villages)
    x = rng.standard_normal((n, 2))
    chance = 1 / (1 + np.exp(0.8 - 0.6 * x[:, 0] + 0.5 * x[:, 1]))
    treated = rng.random(n) < chance
    before = x[:, 0] + rng.standard_normal(n)
    outcome = 2 * x[:, 0] + x[:, 1] + treated * (effect + slope * x[:, 0]) + rng.standard_normal(n)
    outcome += shock * rng.standard_normal(villages)[code]
    cluster = np.array([f"v{k:03d}" for k in code])
    return Section(outcome, treated, x, ("land", "age"), np.ones(n), cluster, before)


def weighted(section: Section, rng: np.random.Generator) -> Section:
    """The same with survey weights 1, 2 or 3."""
    return replace(section, weight=rng.integers(1, 4, len(section.outcome)).astype(float))


def repeated(section: Section) -> Section:
    """Every household as many times as its weight says."""
    rows = np.repeat(np.arange(len(section.outcome)), section.weight.astype(int))
    return reordered(replace(section, weight=np.ones(len(section.outcome))), rows)


def reordered(section: Section, rows: np.ndarray) -> Section:
    names = ("outcome", "treated", "covariates", "weight", "cluster", "before")
    return replace(
        section,
        **{k: None if getattr(section, k) is None else getattr(section, k)[rows] for k in names},
    )


def derivative(method, section, step=1e-4):
    """w_i times the derivative of the estimate with respect to w_i, by central differences."""
    made = []
    for i in range(len(section.outcome)):
        moved = []
        for sign in (1, -1):
            weight = section.weight.copy()
            weight[i] *= 1 + sign * step
            moved.append(method(replace(section, weight=weight)).estimate)
        made.append((moved[0] - moved[1]) / (2 * step))
    return np.array(made)


@cache
def _lalonde(name: str) -> pd.DataFrame:
    frame = pd.read_parquet(paths.project() / "data" / "published" / "lalonde" / f"{name}.parquet")
    if "re74" in frame:
        frame["u74"] = (frame["re74"] == 0).astype(float)
        frame["re74_2"] = frame["re74"] ** 2
    frame["u75"] = (frame["re75"] == 0).astype(float)
    return frame.assign(
        age_2=frame["age"] ** 2, education_2=frame["education"] ** 2, re75_2=frame["re75"] ** 2
    )


def lalonde(comparison: str = "experiment", names: tuple[str, ...] = LALONDE) -> Section:
    """Trainees of LaLonde, Dehejia and Wahba with their own controls ("experiment"), "cps", "psid", or all ("nsw")."""
    frame = _lalonde("nsw" if comparison == "nsw" else "nsw_dw")
    if comparison in ("cps", "psid"):
        frame = pd.concat([frame[frame["treat"] == 1], _lalonde(f"{comparison}_controls")])
    return _section(frame, "re78", "treat", names)


@cache
def _birth_weights() -> pd.DataFrame:
    import statsmodels.treatment

    folder = Path(statsmodels.treatment.__file__).parent / "tests" / "results"
    if not (folder / "cataneo2.csv").is_file():
        pytest.skip("this statsmodels comes without its test data")
    return pd.read_csv(folder / "cataneo2.csv")


def birth_weights(*names: str) -> Section:
    """Birth weights of 4,642 children of mothers who smoke or not, Cattaneo (2010): Stata's example."""
    return _section(_birth_weights(), "bweight", "mbsmoke_", names)


def _section(frame: pd.DataFrame, outcome: str, treated: str, names: tuple[str, ...]) -> Section:
    return Section(
        frame[outcome].to_numpy(float),
        frame[treated].to_numpy() == 1,
        frame[list(names)].to_numpy(float),
        names,
        np.ones(len(frame)),
        singles(len(frame)),
    )


@cache
def county(selection: str, seed: int) -> tuple[Section, float]:
    """Households of adopting villages in 2022 with income of 2019, and the true effect on members; no spillover."""
    made = simulate(County(seed=seed, selection=selection, spillover_share=0.0))
    year = made.household_year
    now, then = (year[year["year"] == t].reset_index(drop=True) for t in (2022, 2019))
    inside = ((now["village_cohort"] > 0) & (now["village_cohort"] <= 2022)).to_numpy()
    names = ("peach_mu", "hh_size", "head_age", "head_edu")
    section = Section(
        now["inc_disposable"].to_numpy(float)[inside],
        now["is_member"].to_numpy(bool)[inside],
        now[list(names)].to_numpy(float)[inside],
        names,
        np.ones(int(inside.sum())),
        now["village_id"].to_numpy(str)[inside],
        then["inc_disposable"].to_numpy(float)[inside],
    )
    effects = made.truth.household_effects
    truth = effects.loc[(effects["year"] == 2022).to_numpy(), "effect_member"].to_numpy(float)
    return section, float(truth[inside][section.treated].mean())
