"""Panels for the tests: published data, random ones, and averages of effects as the papers form them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import paths
from analysis.effects import Effects
from analysis.samples.panel import CrossSections, Panel, UnbalancedPanel

PUBLISHED = paths.project() / "data" / "published"


def panel_of(
    table: pd.DataFrame,
    *,
    unit: str,
    time: str,
    cohort: pd.Series,
    outcome: str,
    covariates: tuple[str, ...] = (),
    cluster: pd.Series | None = None,
) -> Panel:
    """A panel from a long table; `cohort` and `cluster` are aligned with its rows, never treated = inf."""
    table = table.assign(_cohort=cohort, _cluster=table[unit] if cluster is None else cluster)
    wide = table.pivot_table(index=unit, columns=time, values=outcome)
    first = table.sort_values(time).groupby(unit).first().loc[wide.index]
    n = len(wide)
    return Panel(
        unit=wide.index.astype(str).to_numpy(dtype=object),
        years=wide.columns.to_numpy(dtype=np.int64),
        outcome=wide.to_numpy(dtype=float),
        cohort=first["_cohort"].to_numpy(dtype=float),
        weight=np.ones(n),
        cluster=first["_cluster"].astype(str).to_numpy(dtype=object),
        model=np.full(n, "", dtype=object),
        covariates=first[list(covariates)].to_numpy(dtype=float),
        covariate_names=covariates,
    )


def mpdta(*covariates: str, by_state: bool = False) -> Panel:
    """County teen employment and minimum wages, United States 2003-2007."""
    table = pd.read_csv(PUBLISHED / "mpdta" / "mpdta.csv")
    return panel_of(
        table,
        unit="countyreal",
        time="year",
        cohort=table["first.treat"].replace(0, np.inf).astype(float),
        outcome="lemp",
        covariates=covariates,
        cluster=table["countyreal"] // 1000 if by_state else None,
    )


def castle() -> Panel:
    """State homicides and self-defence laws, United States 2000-2010."""
    table = pd.read_csv(PUBLISHED / "castle_doctrine" / "castle.csv")
    cohort = table["effyear"].fillna(np.inf)
    return panel_of(table, unit="sid", time="year", cohort=cohort, outcome="l_homicide")


def medicaid() -> Panel:
    """Share with health insurance and expansion of Medicaid, states of the United States 2008-2019."""
    table = pd.read_csv(PUBLISHED / "medicaid_insurance" / "ehec_data.csv")
    return panel_of(table, unit="stfips", time="year", cohort=table["yexp2"].fillna(np.inf), outcome="dins")


def chongqing_file() -> Path | None:
    """County panel of the land coupon study; not redistributed, None where the folder is absent."""
    folder = paths.shared_data()
    file = None if folder is None else folder / "chongqing_land_coupon" / "county_panel.csv"
    return file if file is not None and file.is_file() else None


def chongqing(outcome: str) -> Panel:
    """Counties of Chongqing 2009-2020 and their land coupon programme."""
    table = pd.read_csv(chongqing_file())
    cohort = table["first_treat_year"].replace(0, np.inf).astype(float)
    return panel_of(table, unit="county_id", time="year", cohort=cohort, outcome=outcome)


def county(
    seed: int,
    *,
    n: int = 40,
    years: tuple[int, ...] = (2015, 2016, 2017, 2018, 2019, 2020),
    cohorts: tuple[float, ...] = (2017.0, 2018.0, 2020.0),
    never: bool = True,
    n_clusters: int | None = None,
    weights: bool = False,
    models: tuple[str, ...] = (),
    n_covariates: int = 0,
) -> Panel:
    """A random panel with effects that grow; every cohort (and model) has at least two units."""
    rng = np.random.default_rng(seed)
    kinds = [*cohorts, np.inf] if never else list(cohorts)
    cohort = np.array([*kinds * 4, *rng.choice(kinds, n)])[:n]
    model = np.full(n, "", dtype=object)
    if models:
        for kind in cohorts:
            rows = np.flatnonzero(cohort == kind)
            model[rows] = [models[i % len(models)] for i in range(len(rows))]
    x = rng.normal(size=(n, n_covariates))
    age = np.maximum(np.array(years)[None, :] - cohort[:, None] + 1, 0)
    outcome = (
        rng.normal(size=(n, 1))
        + np.cumsum(rng.normal(size=len(years)))
        + 0.3 * age
        + 0.2 * x.sum(axis=1, keepdims=True) * np.arange(len(years))
        + rng.normal(size=(n, len(years)))
    )
    cluster = np.arange(n) if n_clusters is None else rng.permutation(np.arange(n) % n_clusters)
    return Panel(
        unit=np.array([f"v{i:04d}" for i in range(n)], dtype=object),
        years=np.array(years),
        outcome=outcome,
        cohort=cohort,
        weight=rng.uniform(0.5, 2, n) if weights else np.ones(n),
        cluster=np.array([f"c{c:04d}" for c in cluster], dtype=object),
        model=model,
        covariates=x,
        covariate_names=tuple(f"x{j}" for j in range(n_covariates)),
    )


def with_gaps(panel: Panel, seed: int, share: float = 0.15) -> UnbalancedPanel:
    """The panel with that share of its rows lost at random."""
    arrays = {f.name: getattr(panel, f.name) for f in fields(Panel)}
    lost = np.random.default_rng(seed).random(panel.outcome.shape) < share
    return UnbalancedPanel(**{**arrays, "outcome": np.where(lost, np.nan, panel.outcome)})


def residents(
    seed: int,
    *,
    n: int = 30,
    most: int = 6,
    years: tuple[int, ...] = (2016, 2018, 2019, 2021),
    cohorts: tuple[float, ...] = (2018.0, 2020.0),
    never: bool = True,
    n_clusters: int | None = None,
    weights: bool = False,
    models: tuple[str, ...] = (),
    n_covariates: int = 0,
    effect: float = 0.3,
) -> CrossSections:
    """Two to `most` people of each of n villages in every wave; effects grow by `effect` a year since adoption.

    Every cohort (and model) has at least two villages. Outcomes share a shock of the village and of the wave; people's
    covariates move their outcomes by more in later waves.
    """
    rng = np.random.default_rng(seed)
    kinds = [*cohorts, np.inf] if never else list(cohorts)
    village_cohort = np.array([*kinds * 4, *rng.choice(kinds, n)])[:n]
    village_model = np.full(n, "", dtype=object)
    for kind in cohorts if models else ():
        rows = np.flatnonzero(village_cohort == kind)
        village_model[rows] = [models[i % len(models)] for i in range(len(rows))]
    cluster = np.arange(n) if n_clusters is None else rng.permutation(np.arange(n) % n_clusters)
    asked = rng.integers(2, most + 1, size=(n, len(years)))
    village, wave = (np.repeat(index.ravel(), asked.ravel()) for index in np.indices(asked.shape))
    year = np.array(years)[wave]
    age = np.maximum(year - village_cohort[village] + 1, 0)
    x = rng.normal(size=(len(village), n_covariates)) + 0.3 * np.isfinite(village_cohort[village])[:, None]
    outcome = (
        rng.normal(size=n)[village]
        + np.cumsum(rng.normal(size=len(years)))[wave]
        + 0.2 * rng.normal(size=asked.shape)[village, wave]
        + effect * age
        + x.sum(axis=1) * (0.5 + 0.2 * wave)
        + rng.normal(size=len(village))
    )
    return CrossSections(
        unit=np.array([f"v{i:03d}" for i in village], dtype=object),
        year=year,
        outcome=outcome,
        cohort=village_cohort[village],
        weight=rng.uniform(0.5, 2, len(village)) if weights else np.ones(len(village)),
        cluster=np.array([f"c{c:03d}" for c in cluster], dtype=object)[village],
        model=village_model[village],
        covariates=x,
        covariate_names=tuple(f"x{j}" for j in range(n_covariates)),
    )


def average(effects: Effects, by: str) -> tuple[float, float]:
    """(estimate, standard error) of the overall averages of Callaway, Sant'Anna (2021), table 1.

    by : simple, dynamic, cohort or calendar. The first is over all cells after adoption; the others are means
    of the averages by event time, cohort or year.
    """
    cells = effects.cells
    after = ((cells["status"] == "ok") & (cells["year"] >= cells["cohort"])).to_numpy(dtype=bool)
    if by == "simple":
        return _combined(effects, [np.flatnonzero(after)])
    since = cells["year"] - cells["cohort"]
    level = {"dynamic": since, "cohort": cells["cohort"], "calendar": cells["year"]}[by]
    level = level.to_numpy(dtype=float)
    if by != "cohort":
        return _combined(effects, [np.flatnonzero(after & (level == v)) for v in np.unique(level[after])])
    groups = [np.flatnonzero(after & (level == v)) for v in np.unique(level[after])]
    return _combined_by_size(effects, groups)


def at_event_time(effects: Effects, event_time: int) -> tuple[float, float]:
    """(estimate, standard error) of the average at one number of years since adoption."""
    cells = effects.cells
    here = (cells["status"] == "ok") & (cells["year"] - cells["cohort"] == event_time)
    return _combined(effects, [np.flatnonzero(here.to_numpy(dtype=bool))])


def _combined(effects: Effects, groups: list[np.ndarray]) -> tuple[float, float]:
    """Plain mean over groups of cells of the size-weighted means within groups."""
    parts = [_weighted(effects, cells, effects.treated.to_numpy()[:, cells]) for cells in groups]
    estimate = float(np.mean([p[0] for p in parts]))
    return estimate, float(np.linalg.norm(np.mean([p[1] for p in parts], axis=0)))


def _combined_by_size(effects: Effects, groups: list[np.ndarray]) -> tuple[float, float]:
    """Size-weighted mean over cohorts of the plain means of their cells."""
    att, psi, sizes = effects.cells["effect"].to_numpy(), effects.influence.to_numpy(), []
    means, influences = [], []
    for cells in groups:
        means.append(att[cells].mean())
        influences.append(psi[:, cells].mean(axis=1))
        sizes.append(effects.treated.to_numpy()[:, cells[0]])
    return _share_weighted(
        np.array(means), np.stack(influences, axis=1), np.stack(sizes, axis=1), effects.shares_estimated
    )[:2]


def _weighted(effects: Effects, cells: np.ndarray, sizes: np.ndarray) -> tuple[float, np.ndarray]:
    att, psi = effects.cells["effect"].to_numpy()[cells], effects.influence.to_numpy()[:, cells]
    estimate, _, influence = _share_weighted(att, psi, sizes, effects.shares_estimated)
    return estimate, influence


def _share_weighted(
    att: np.ndarray, psi: np.ndarray, sizes: np.ndarray, shares_estimated: bool
) -> tuple[float, float, np.ndarray]:
    n = sizes.sum(axis=0)
    share = n / n.sum()
    influence = psi @ share
    if shares_estimated:
        influence = influence + (sizes - np.outer(sizes.sum(axis=1), share)) @ att / n.sum()
    return float(att @ share), float(np.linalg.norm(influence)), influence
