"""What must hold for every estimator found in the folder, whatever the data."""

from __future__ import annotations

from dataclasses import fields, replace

import _panels
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import estimators
from analysis.effects import Effects
from analysis.samples.panel import Panel
from analysis.study import Design

every_estimator = pytest.mark.parametrize("name", estimators.names())
by_cell = pytest.mark.parametrize(
    "name", [n for n in estimators.names() if not estimators.gives_one_effect(n)]
)
quick = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
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
        n=draw(st.integers(40, 70)),
        years=draw(st.sampled_from(SPANS)),
        cohorts=draw(st.sampled_from([(2017.0, 2018.0, 2020.0), (2018.0,), (2016.0, 2019.0)])),
        n_clusters=draw(st.sampled_from([None, 9, 20])),
        weights=draw(st.booleans()),
        models=draw(st.sampled_from([(), (), ("land", "stock")])),
        n_covariates=draw(st.integers(0, most_covariates)),
    )


def assert_same(found: Effects, wanted: Effects, *, effect: float = 1.0, influence: float = 1.0) -> None:
    """Equal cells, labels and matrices; effects and influence times a factor."""
    scale = max(1.0, float(np.nanmax(np.abs(wanted.cells["effect"])) * abs(effect)))
    labels = ["cohort", "year", "model", "n_treated", "n_comparison", "base_year", "status"]
    assert found.cells[labels].equals(wanted.cells[labels])
    assert found.influence.index.equals(wanted.influence.index)
    np.testing.assert_allclose(
        found.cells["effect"], effect * wanted.cells["effect"], rtol=1e-8, atol=1e-9 * scale, equal_nan=True
    )
    np.testing.assert_allclose(found.influence, influence * wanted.influence, rtol=1e-7, atol=1e-9 * scale)
    np.testing.assert_allclose(found.treated, wanted.treated, atol=1e-9)
    np.testing.assert_allclose(found.comparison, wanted.comparison, atol=1e-9)


@every_estimator
@quick
@given(panel=panels(), design=designs, seed=st.integers(0, 99))
def test_row_order_does_not_matter(name, panel, design, seed):
    shuffled = panel.keep(np.random.default_rng(seed).permutation(panel.n_units))

    found, wanted = estimators.fit(name, shuffled, design), estimators.fit(name, panel, design)

    assert found.cells.equals(wanted.cells)
    assert found.influence.equals(wanted.influence)


@every_estimator
@quick
@given(panel=panels(), design=designs, seed=st.integers(0, 99))
def test_ids_do_not_matter(name, panel, design, seed):
    rng = np.random.default_rng(seed)
    old = np.unique(panel.cluster)
    new = np.array([f"镇{i:03d}" for i in rng.permutation(len(old))], dtype=object)
    unit = np.array([f"村{i:04d}" for i in rng.permutation(panel.n_units)], dtype=object)
    renamed = replace(panel, unit=unit, cluster=new[np.searchsorted(old, panel.cluster)])

    found, wanted = estimators.fit(name, renamed, design), estimators.fit(name, panel, design)

    back = dict(zip(new, old, strict=True))
    names = ("influence", "treated", "comparison")
    restored = {m: getattr(found, m).rename(index=back).sort_index() for m in names}
    assert_same(replace(found, **restored), wanted)


@every_estimator
@quick
@given(panel=panels(), design=designs, factor=st.sampled_from([10.0, -1.0, 1e12, 1e-6]))
def test_outcome_times_ten_gives_effect_and_influence_times_ten(name, panel, design, factor):
    scaled = replace(panel, outcome=panel.outcome * factor)

    assert_same(
        estimators.fit(name, scaled, design),
        estimators.fit(name, panel, design),
        effect=factor,
        influence=factor,
    )


@every_estimator
@quick
@given(panel=panels(), design=designs, seed=st.integers(0, 99))
def test_unit_constants_and_year_shocks_change_nothing(name, panel, design, seed):
    rng = np.random.default_rng(seed)
    shocks = rng.normal(scale=5, size=(panel.n_units, 1)) + rng.normal(scale=5, size=len(panel.years))
    shocked = replace(panel, outcome=panel.outcome + shocks)

    assert_same(estimators.fit(name, shocked, design), estimators.fit(name, panel, design))


@every_estimator
@quick
@given(panel=panels(), design=designs)
def test_inputs_are_not_modified(name, panel, design):
    copies = {f.name: np.array(getattr(panel, f.name), copy=True) for f in fields(panel)}
    for f in fields(panel):
        if isinstance(getattr(panel, f.name), np.ndarray):
            getattr(panel, f.name).setflags(write=False)

    estimators.fit(name, panel, design)

    for key, before in copies.items():
        np.testing.assert_array_equal(np.array(getattr(panel, key)), before)


def with_always_treated(panel: Panel, seed: int) -> Panel:
    """The panel and six units, in clusters of their own, under treatment since the first period."""
    rng = np.random.default_rng(seed)
    added = {
        "unit": np.array([f"old{i}" for i in range(6)], dtype=object),
        "cluster": np.array([f"old{i}" for i in range(6)], dtype=object),
        "outcome": rng.normal(scale=3, size=(6, len(panel.years))).cumsum(axis=1),
        "cohort": np.full(6, float(panel.years[0])),
        "weight": np.ones(6),
        "model": np.full(6, "land", dtype=object),
        "covariates": rng.normal(size=(6, panel.covariates.shape[1])),
    }
    return replace(panel, **{key: np.concatenate([getattr(panel, key), new]) for key, new in added.items()})


@by_cell
@quick
@given(panel=panels(), design=designs, seed=st.integers(0, 99))
def test_units_treated_from_the_start_change_nothing(name, panel, design, seed):
    """Already-treated units are no comparison for anyone; the note counts them."""
    found = estimators.fit(name, with_always_treated(panel, seed), design)

    assert_same(found, estimators.fit(name, panel, design))
    assert ("always_treated", 6) in found.notes


def test_units_treated_from_the_start_move_the_two_way_benchmark():
    panel = _panels.county(11)
    found = estimators.fit("twfe", with_always_treated(panel, 1), Design())

    assert abs(found.cells["effect"][0] - estimators.fit("twfe", panel, Design()).cells["effect"][0]) > 0.01
    assert found.notes == (("always_treated_kept", 6),)


@every_estimator
@quick
@given(panel=panels(), design=designs, shift=st.sampled_from([-2000, -1, 17]))
def test_a_shift_of_all_years_shifts_the_labels_only(name, panel, design, shift):
    shifted = replace(panel, years=panel.years + shift, cohort=panel.cohort + shift)
    found, wanted = estimators.fit(name, shifted, design), estimators.fit(name, panel, design)
    relabelled = wanted.cells.assign(**{c: wanted.cells[c] + shift for c in ("cohort", "year", "base_year")})

    dates = ["cohort", "year", "base_year"]
    assert found.cells[dates].equals(relabelled[dates])
    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], rtol=1e-9, equal_nan=True)
    np.testing.assert_allclose(found.influence, wanted.influence, rtol=1e-9, atol=1e-12)


@every_estimator
@quick
@given(panel=panels(), design=designs, level=st.sampled_from([1.0, 7.0, 0.01]))
def test_equal_weights_are_no_weights_and_their_level_does_not_matter(name, panel, design, level):
    equal = replace(panel, weight=np.full(panel.n_units, 1.0))
    found = estimators.fit(name, replace(panel, weight=np.full(panel.n_units, level)), design)
    wanted = estimators.fit(name, equal, design)

    np.testing.assert_allclose(
        found.cells["effect"], wanted.cells["effect"], rtol=1e-9, atol=1e-10, equal_nan=True
    )
    np.testing.assert_allclose(found.influence, wanted.influence, rtol=1e-7, atol=1e-10)
    if not estimators.gives_one_effect(name):
        np.testing.assert_array_equal(wanted.treated.sum(), wanted.cells["n_treated"])


@every_estimator
@quick
@given(panel=panels(), design=designs, seed=st.integers(0, 99))
def test_a_weight_of_two_is_two_units(name, panel, design, seed):
    twice = np.random.default_rng(seed).random(panel.n_units) < 0.3
    weighted = replace(panel, weight=np.where(twice, 2.0, 1.0))
    rows = np.concatenate([np.arange(panel.n_units), np.flatnonzero(twice)])
    copied = panel.keep(rows)
    unit = copied.unit.copy()
    unit[panel.n_units :] = [f"{u}b" for u in unit[panel.n_units :]]
    copied = replace(copied, unit=unit, weight=np.ones(len(rows)))

    found, wanted = estimators.fit(name, weighted, design), estimators.fit(name, copied, design)

    both = ((found.cells["status"] == "ok") & (wanted.cells["status"] == "ok")).to_numpy()
    np.testing.assert_allclose(
        found.cells["effect"][both], wanted.cells["effect"][both], rtol=1e-8, atol=1e-9
    )


@by_cell
@quick
@given(panel=panels(most_covariates=0), design=designs)
def test_arms_average_to_the_pooled_cell(name, panel, design):
    arms = replace(
        panel, model=np.where(np.isfinite(panel.cohort), np.where(np.arange(panel.n_units) % 3, "a", "b"), "")
    )
    split, pooled = estimators.fit(name, arms, design), estimators.fit(name, arms.without_models(), design)

    assert set(split.cells["model"]) == {"a", "b"}
    assert set(pooled.cells["model"]) == {""}
    size = split.treated.sum().to_numpy()
    sums = split.cells.assign(sized=split.cells["effect"] * size, size=size)
    mean = sums.groupby(["cohort", "year"]).agg({"sized": lambda s: s.sum(skipna=False), "size": "sum"})
    np.testing.assert_allclose(
        mean["sized"] / mean["size"], pooled.cells["effect"], rtol=1e-9, atol=1e-10, equal_nan=True
    )


@every_estimator
@quick
@given(panel=panels(), design=designs)
def test_effects_keep_their_contract(name, panel, design):
    effects = estimators.fit(name, panel, design)
    cells = effects.cells
    status = cells["status"]

    assert effects.estimator == name
    assert (status.isin(["ok", "reference"]) | status.str.startswith("not identified: ")).all()
    assert cells["effect"].isna().eq(status.str.startswith("not identified")).all()
    assert np.isfinite(effects.influence.to_numpy()).all()
    assert (effects.influence.loc[:, (status != "ok").to_numpy()] == 0).all(axis=None)
    assert (cells.loc[status == "reference", "effect"] == 0).all()
    assert not cells.duplicated(["cohort", "year", "model"]).any()
    assert effects.influence.index.is_monotonic_increasing
    if not estimators.gives_one_effect(name):
        order = cells.sort_values(["cohort", "year", "model"]).index
        assert order.equals(cells.index)
        assert (cells["base_year"].dropna() < cells["cohort"][cells["base_year"].notna()]).all()
