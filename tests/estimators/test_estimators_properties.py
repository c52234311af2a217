"""What must hold for every estimator and every design it can use, whatever the data.

The changes that must change nothing are made together, a few at a time (CHANGES), so that one fit answers for all of
them; where it does not, each is made alone and the guilty one named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

import _panels
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analysis import estimators
from analysis.effects import Effects
from analysis.samples.panel import CrossSections, Observed, Panel
from analysis.study import Design

KINDS = ("panel", "unbalanced_panel", "repeated_cross_section")
every_use = pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in estimators.names() for kind in KINDS if kind in estimators.designs_of(name)],
)
by_cell = pytest.mark.parametrize(
    "name", [n for n in estimators.names() if not estimators.gives_one_effect(n)]
)
often = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    phases=[
        Phase.generate
    ],  # a smaller seed is no simpler panel: shrinking would take minutes and tell nothing
)
SPANS = (
    (2015, 2016, 2017, 2018, 2019, 2020),
    (2014, 2016, 2017, 2019, 2020),  # survey waves with gaps
    (2010, 2011, 2014, 2019, 2020, 2021, 2022, 2024),
)
designs = st.builds(
    Design,
    comparison_group=st.sampled_from(["never_treated", "not_yet_treated"]),
    base_period=st.sampled_from(["varying", "universal"]),
    anticipation=st.sampled_from([0, 0, 1]),
    adjustment=st.sampled_from(["doubly_robust", "outcome_regression", "ipw"]),
)


@st.composite
def panels(draw, most_covariates=2):
    return _panels.county(
        draw(st.integers(0, 10_000)),
        n=draw(st.integers(36, 46)),
        years=draw(st.sampled_from(SPANS)),
        cohorts=draw(st.sampled_from([(2017.0, 2018.0, 2020.0), (2018.0,), (2016.0, 2019.0)])),
        n_clusters=draw(st.sampled_from([None, 9, 20])),
        weights=draw(st.booleans()),
        models=draw(st.sampled_from([(), (), ("land", "stock")])),
        n_covariates=draw(st.integers(0, most_covariates)),
    )


@st.composite
def sections(draw):
    return _panels.residents(
        draw(st.integers(0, 10_000)),
        n=draw(st.integers(20, 30)),
        most=4,
        years=draw(st.sampled_from([(2016, 2018, 2019, 2021), (2015, 2016, 2020, 2021, 2022)])),
        n_clusters=draw(st.sampled_from([None, 9])),
        weights=draw(st.booleans()),
        models=draw(st.sampled_from([(), (), ("land", "stock")])),
        n_covariates=draw(st.integers(0, 2)),
    )


def observed(kind: str) -> st.SearchStrategy[Observed]:
    if kind == "repeated_cross_section":
        return sections()
    if kind == "unbalanced_panel":
        return st.builds(_panels.with_gaps, panels(), st.integers(0, 99), st.sampled_from([0.02, 0.15]))
    return panels()


# --- changes that change nothing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """A record after a change, and how to read its effects as those of the record before.

    clusters : old name of a cluster by its new name; years : slope and origin of the new years in the old ones
    effect, weight : factors of effects and influence, and of the sizes of groups
    """

    given: Observed
    design: Design
    clusters: dict[str, str] = field(default_factory=dict)
    years: tuple[int, int] = (1, 0)
    effect: float = 1.0
    weight: float = 1.0


def shuffled(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    return replace(now, given=now.given.keep(rng.permutation(now.given.n_units)))


def renamed(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    """Units and clusters under names in another alphabet and order."""
    given, made = now.given, {}
    for what, letter in (("unit", "村"), ("cluster", "镇")):
        old = np.unique(np.asarray(getattr(given, what), dtype=str))
        new = np.array([f"{letter}{i:04d}" for i in rng.permutation(len(old))], dtype=object)
        made[what] = new[np.searchsorted(old, np.asarray(getattr(given, what), dtype=str))]
        back = dict(zip(new, old, strict=True))
    return replace(now, given=replace(given, **made), clusters=back)


def in_single_precision(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    """The same numbers, which single precision holds exactly, in its type."""
    return replace(now, given=replace(now.given, outcome=now.given.outcome.astype(np.float32)))


def heavier(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    factor = float(rng.choice([7.0, 0.01]))
    given = replace(now.given, weight=now.given.weight * factor)
    # the two-way benchmark's sizes are numbers of units, not weights
    return replace(now, given=given, weight=1.0 if name == "twfe" else factor)


def dated(given: Observed, slope: int, origin: int) -> Observed:
    when = "year" if isinstance(given, CrossSections) else "years"
    return replace(
        given, **{when: slope * getattr(given, when) + origin}, cohort=slope * given.cohort + origin
    )


def shifted(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    by = int(rng.choice([-1000, -1, 17]))
    return replace(now, given=dated(now.given, 1, by), years=(now.years[0], now.years[1] + by))


def biennial(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    """All years twice as far apart: what took a year of anticipation takes two."""
    design = now.design.model_copy(update={"anticipation": 2 * now.design.anticipation})
    years = (2 * now.years[0], 2 * now.years[1] - 2000)
    return replace(now, given=dated(now.given, 2, -2000), design=design, years=years)


def scaled(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    factor = float(rng.choice([10.0, -1.0, 1e12, 1e-6]))
    return replace(now, given=replace(now.given, outcome=now.given.outcome * factor), effect=factor)


def shocked(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    """Constants of units and shocks of years.

    Group-time means of repeated cross-sections take no village's level out, so there it is one level for all.
    """
    given, size = now.given, 5 * abs(now.effect)
    years = rng.normal(scale=size, size=len(given.years))
    if not isinstance(given, CrossSections):
        units = rng.normal(scale=size, size=(given.n_units, 1))
        return replace(now, given=replace(given, outcome=given.outcome + units + years))
    _, village = np.unique(np.asarray(given.unit, dtype=str), return_inverse=True)
    levels = rng.normal(scale=size, size=village.max() + 1)
    if name == "group_time":
        levels[:] = levels[0]
    outcome = given.outcome + levels[village] + years[np.searchsorted(given.years, given.year)]
    return replace(now, given=replace(given, outcome=outcome))


def with_always_treated(given: Observed, rng: np.random.Generator, n: int = 6) -> Observed:
    """The record and n units (or people of n villages), in clusters of their own, treated since the first period."""
    ids = np.array([f"old{i}" for i in range(n)], dtype=object)
    added = {
        "unit": ids, "cluster": ids, "cohort": np.full(n, float(given.years[0])), "weight": np.ones(n),
        "model": np.full(n, "land" if (given.model != "").any() else "", dtype=object),
        "covariates": rng.normal(size=(n, given.covariates.shape[1])),
        "outcome": rng.normal(scale=3, size=(n, *given.outcome.shape[1:])),
    }  # fmt: skip
    if isinstance(given, CrossSections):
        added["year"] = rng.choice(given.years, n)
    return replace(given, **{key: np.concatenate([getattr(given, key), new]) for key, new in added.items()})


def with_bystanders(name: str, now: Changed, rng: np.random.Generator) -> Changed:
    """Already-treated units are no comparison for anyone; the two-way benchmark uses them, see below."""
    return now if name == "twfe" else replace(now, given=with_always_treated(now.given, rng))


Change = Callable[[str, Changed, np.random.Generator], Changed]
CHANGES: dict[str, tuple[Change, ...]] = {
    "who and how it is written": (with_bystanders, shuffled, renamed, heavier, in_single_precision),
    "when and how much": (shifted, biennial, scaled, shocked),
}


class Plain:
    """Effects as lists and arrays: comparing them as frames would take longer than fitting."""

    def __init__(self, effects: Effects) -> None:
        cells = {name: effects.cells[name].tolist() for name in effects.cells.columns}
        self.dates = {name: [None if v is pd.NA else v for v in cells[name]] for name in DATES}
        self.labels = {name: cells[name] for name in ("model", "n_treated", "n_comparison", "status")}
        self.effect = np.array(cells["effect"])
        self.clusters = effects.influence.index.tolist()
        self.matrices = {m: getattr(effects, m).to_numpy() for m in ("influence", "treated", "comparison")}


DATES = ("cohort", "year", "base_year")
YEAR = re.compile(r"\b(20\d\d)\b")


def assert_same(found: Plain, wanted: Plain, changed: Changed) -> None:
    """Equal cells, labels and matrices, read back through the change."""
    slope, origin = changed.years

    def then(year: int | None) -> int | None:
        return None if year is None else slope * year + origin

    for name in DATES:
        assert found.dates[name] == [then(year) for year in wanted.dates[name]], name
    for name in ("model", "n_treated", "n_comparison"):
        assert found.labels[name] == wanted.labels[name], name
    told = [YEAR.sub(lambda year: str(then(int(year[1]))), text) for text in wanted.labels["status"]]
    assert found.labels["status"] == told
    position = {cluster: i for i, cluster in enumerate(found.clusters)}
    back = {old: new for new, old in changed.clusters.items()}
    order = [position[back.get(cluster, cluster)] for cluster in wanted.clusters]
    assert len(order) == len(found.clusters)
    size = max(1.0, float(np.nanmax(np.abs(wanted.effect))))
    pairs = {"effect": (found.effect / changed.effect, wanted.effect, 1e-8 * size)}
    for name, factor, scale in (
        ("influence", changed.effect, size), ("treated", changed.weight, 1.0), ("comparison", changed.weight, 1.0)
    ):  # fmt: skip
        pairs[name] = (found.matrices[name][order] / factor, wanted.matrices[name], 1e-8 * scale)
    for name, (one, other, tolerance) in pairs.items():
        close = np.abs(one - other) <= tolerance + 1e-7 * np.abs(other)
        assert (close | (np.isnan(one) & np.isnan(other))).all(), (name, one, other)


def assert_contract(effects: Effects, plain: Plain, name: str, given: Observed) -> None:
    status = plain.labels["status"]
    unknown = np.array([text.startswith("not identified: ") for text in status])
    ok, base = (np.array([text == kind for text in status]) for kind in ("ok", "reference"))
    assert effects.estimator == name
    assert (unknown | ok | base).all()
    assert (np.isnan(plain.effect) == unknown).all()
    assert np.isfinite(plain.matrices["influence"]).all()
    assert (plain.matrices["influence"][:, ~ok] == 0).all()
    assert (plain.effect[base] == 0).all()
    assert plain.clusters == sorted(plain.clusters)
    if estimators.gives_one_effect(name):
        return
    keys = list(zip(plain.dates["cohort"], plain.dates["year"], plain.labels["model"], strict=True))
    assert keys == sorted(set(keys))
    before = zip(plain.dates["base_year"], plain.dates["cohort"], strict=True)
    assert all(year is None or year < cohort for year, cohort in before)
    if isinstance(given, Panel) and (given.weight == 1).all():
        n_treated = np.array(plain.labels["n_treated"])
        np.testing.assert_allclose(plain.matrices["treated"].sum(axis=0)[ok], n_treated[ok])


def assert_nothing_changed(name: str, before: Changed, wanted: Plain, changes: tuple[Change, ...], seed: int):
    now, rng = before, np.random.default_rng(seed)
    for change in changes:
        now = change(name, now, rng)
    assert_same(Plain(estimators.fit(name, now.given, now.design)), wanted, now)


@every_use
@often
@given(data=st.data(), design=designs, seed=st.integers(0, 99))
def test_what_must_change_nothing_changes_nothing(name, kind, data, design, seed):
    """Row order, ids, type, weights' scale; dates; unit of the outcome, unit constants, shocks; units always treated."""
    given = data.draw(observed(kind))
    given = replace(given, outcome=given.outcome.astype(np.float32).astype(float))
    copies = {f.name: np.array(getattr(given, f.name), copy=True) for f in fields(given)}
    for f in fields(given):
        if isinstance(getattr(given, f.name), np.ndarray):
            getattr(given, f.name).setflags(write=False)
    before = Changed(given, design)

    effects = estimators.fit(name, given, design)
    wanted = Plain(effects)

    assert_contract(effects, wanted, name, given)
    for key, copy in copies.items():  # inputs are not modified
        np.testing.assert_array_equal(np.array(getattr(given, key)), copy)
    for together, changes in CHANGES.items():
        try:
            assert_nothing_changed(name, before, wanted, changes, seed)
        except AssertionError as error:
            for change in changes:
                try:
                    assert_nothing_changed(name, before, wanted, (change,), seed)
                except AssertionError as alone:
                    raise AssertionError(f"{change.__name__} changes something: {alone}") from alone
            raise AssertionError(f"{together}, together: {error}") from error


def test_units_treated_from_the_start_are_counted():
    panel = with_always_treated(_panels.county(12), np.random.default_rng(1))

    for name in ("group_time", "imputation", "saturated"):
        assert ("always_treated", 6) in estimators.fit(name, panel, Design()).notes


def test_units_treated_from_the_start_move_the_two_way_benchmark():
    panel = _panels.county(11)
    found = estimators.fit("twfe", with_always_treated(panel, np.random.default_rng(1)), Design())

    assert abs(found.cells["effect"][0] - estimators.fit("twfe", panel, Design()).cells["effect"][0]) > 0.01
    assert found.notes == (("always_treated_kept", 6),)


@by_cell
@often
@given(panel=panels(most_covariates=0), design=designs)
def test_arms_average_to_the_pooled_cell(name, panel, design):
    arms = replace(
        panel, model=np.where(np.isfinite(panel.cohort), np.where(np.arange(panel.n_units) % 3, "a", "b"), "")
    )
    split, pooled = estimators.fit(name, arms, design), estimators.fit(name, arms.without_models(), design)

    assert set(split.cells["model"]) == {"a", "b"}
    assert set(pooled.cells["model"]) == {""}
    size, effect = split.treated.to_numpy().sum(axis=0), split.cells["effect"].to_numpy()
    at = (pooled.cells[["cohort", "year"]].to_numpy(int), split.cells[["cohort", "year"]].to_numpy(int))
    mine = (at[0][:, None] == at[1][None]).all(axis=2)  # (pooled cells, cells of arms)
    mean = np.where(mine, size * np.nan_to_num(effect), 0.0).sum(axis=1) / np.where(mine, size, 0.0).sum(
        axis=1
    )
    mean = np.where((mine & np.isnan(effect)).any(axis=1), np.nan, mean)
    np.testing.assert_allclose(mean, pooled.cells["effect"], rtol=1e-9, atol=1e-10, equal_nan=True)
