"""Panels with gaps and repeated cross-sections: published numbers, plainer second routes, weights, known truth.

Repeated cross-sections
    numbers of another program : oracle_csdid.json (csdid 0.4.3), made by oracle_csdid.py
    second route : the moments of Sant'Anna, Zhao (2020) as printed, influence by derivatives in the weights;
        dense dummy regressions for imputation and twfe
Panels with gaps
    second route : the same moments on the units seen in both periods; dense dummy regressions on the recorded rows
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import _panels
import numpy as np
import pandas as pd
import pytest

from analysis import estimators
from analysis.effects import Effects, EstimatorError
from analysis.estimates import aggregate
from analysis.samples.panel import CrossSections, Panel, UnbalancedPanel
from analysis.simulate import County, simulate
from analysis.study import Design

TIGHT = {"rtol": 1e-8, "atol": 1e-9}
WITH_ROWS = ("group_time", "imputation", "twfe")
ORACLE = json.loads((Path(__file__).parent / "oracle_csdid.json").read_text(encoding="utf-8"))
SHAPES = [
    {"seed": 1},
    {"seed": 2, "weights": True, "n_clusters": 11},
    {"seed": 3, "weights": True, "n_covariates": 2, "n": 40},
    {"seed": 4, "n_covariates": 1, "models": ("a", "b"), "n_clusters": 13, "weights": True},
]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"seed{s['seed']}")


def identified(effects: Effects) -> list[tuple[int, object]]:
    return [(i, cell) for i, cell in enumerate(effects.cells.itertuples()) if cell.status == "ok"]


# --- another program's numbers -----------------------------------------------------------------------------------


def mpdta_rows(which: str, covariates: list[str]) -> CrossSections:
    """Every county and year a county asked once, as in oracle_csdid.py."""
    table = pd.read_csv(_panels.PUBLISHED / "mpdta" / "mpdta.csv")
    if which == "some":
        table = table[(7 * table["countyreal"] + table["year"]) % 5 > 0]
    n = len(table)
    row = np.array([f"r{i:04d}" for i in range(n)], dtype=object)
    return CrossSections(
        unit=row, year=table["year"].to_numpy(), outcome=table["lemp"].to_numpy(float),
        cohort=table["first.treat"].replace(0, np.inf).to_numpy(float), weight=np.ones(n), cluster=row,
        model=np.full(n, "", dtype=object), covariates=table[covariates].to_numpy(float),
        covariate_names=tuple(covariates),
    )  # fmt: skip


@pytest.mark.parametrize(
    "case",
    ORACLE,
    ids=lambda c: "-".join([c["rows"], c["adjustment"], c["comparison_group"], *c["covariates"]]),
)
def test_mpdta_as_repeated_cross_sections_is_drdid(case):
    design = Design(comparison_group=case["comparison_group"], adjustment=case["adjustment"])
    effects = estimators.fit("group_time", mpdta_rows(case["rows"], case["covariates"]), design)

    for key in ("cohort", "year"):
        assert effects.cells[key].tolist() == case["cells"][key]
    np.testing.assert_allclose(effects.cells["effect"], case["cells"]["effect"], atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(effects.covariance)), case["cells"]["std_error"], atol=1e-9)
    rows = aggregate(effects, design).rows.set_index("level")
    for level, (estimate, error) in case["overall"].items():
        assert rows.loc[level, "estimate"] == pytest.approx(estimate, abs=1e-9)
        assert rows.loc[level, "std_error"] == pytest.approx(error, abs=1e-9)


def test_mpdta_without_covariates_is_the_panel_s_number_whichever_way_it_is_declared():
    """Complete histories as people asked once: four means give what differences of the same counties give."""
    design = Design(comparison_group="never_treated")
    asked = aggregate(estimators.fit("group_time", mpdta_rows("all", []), design), design).rows
    followed = aggregate(estimators.fit("group_time", _panels.mpdta(), design), design).rows

    np.testing.assert_allclose(asked["estimate"], followed["estimate"], atol=1e-12)
    assert (asked["std_error"] > 5 * followed["std_error"]).all()  # nobody's level is taken out


# --- second routes -----------------------------------------------------------------------------------------------


def logit(x, member, weight):
    beta = np.zeros(x.shape[1], dtype=weight.dtype)
    for _ in range(60):
        p = 1 / (1 + np.exp(-(x @ beta)))
        step = np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x, x.T @ (weight * (member - p)))
        beta = beta + step
        if np.abs(step).max() < 1e-15:
            break
    return 1 / (1 + np.exp(-(x @ beta)))


def fitted(y, x, weight, rows):
    xr, wr = x[rows], weight[rows]
    return x @ np.linalg.solve((xr * wr[:, None]).T @ xr, xr.T @ (wr * y[rows]))


def mean(values, weight):
    return (weight * values).sum() / weight.sum()


def asked_twice(y, member, later, x, weight, adjustment):
    """One cell of repeated cross-sections with every term that the paper prints; weights may be complex."""
    sides = {(d, t): (member == d) & (later == t) for d in (True, False) for t in (True, False)}
    inside = {t: np.where(sides[True, t], weight, 0) for t in (True, False)}
    if x.shape[1] == 1:
        by_side = {key: mean(y, np.where(rows, weight, 0)) for key, rows in sides.items()}
        return by_side[True, True] - by_side[True, False] - by_side[False, True] + by_side[False, False]
    p = logit(x, member, weight)
    odds = np.where(~member & (p.real < 0.995), weight * p / (1 - p), 0)
    odds = {t: np.where(later == t, odds, 0) for t in (True, False)}
    if adjustment == "ipw":
        return sum(s * (mean(y, inside[t]) - mean(y, odds[t])) for t, s in ((True, 1), (False, -1)))
    others = {t: fitted(y, x, weight, sides[False, t]) for t in (True, False)}
    both = np.where(member, weight, 0)
    if adjustment == "outcome_regression":
        change = mean(y, inside[True]) - mean(y, inside[False])
        return change - mean(others[True] - others[False], both)
    own = {t: fitted(y, x, weight, sides[True, t]) for t in (True, False)}
    rest = y - np.where(later, others[True], others[False])
    total = 0
    for t, sign in ((True, 1), (False, -1)):
        gap = own[t] - others[t]
        total += sign * (mean(rest, inside[t]) - mean(rest, odds[t]) + mean(gap, both) - mean(gap, inside[t]))
    return total


def followed_twice(change, member, x, weight, adjustment):
    """One cell of a panel, as the moments read; weights may be complex."""
    inside, rest = np.where(member, weight, 0), change
    if x.shape[1] == 1:
        return mean(change, inside) - mean(change, np.where(member, 0, weight))
    if adjustment != "ipw":
        rest = change - fitted(change, x, weight, ~member)
    if adjustment == "outcome_regression":
        return mean(rest, inside)
    p = logit(x, member, weight)
    return mean(rest, inside) - mean(rest, np.where(~member & (p.real < 0.995), weight * p / (1 - p), 0))


def derivatives(estimate, weight, code, n_clusters):
    """Influence by cluster: weight x derivative of the estimate in each weight, in the complex plane."""
    influence = np.zeros(n_clusters)
    for j, cluster in enumerate(code):
        moved = weight.astype(complex)
        moved[j] += 1e-30j
        influence[cluster] += weight[j] * estimate(moved).imag / 1e-30
    return influence


adjustments = pytest.mark.parametrize("adjustment", ["doubly_robust", "outcome_regression", "ipw"])
groups = pytest.mark.parametrize("comparison_group", ["never_treated", "not_yet_treated"])


@groups
@adjustments
@shapes
def test_sections_are_the_printed_moments_and_their_derivatives(shape, adjustment, comparison_group):
    asked = _panels.residents(**shape)
    effects = estimators.fit(
        "group_time", asked, Design(comparison_group=comparison_group, adjustment=adjustment)
    )
    clusters, code = np.unique(asked.cluster, return_inverse=True)
    cells = identified(effects)
    assert len(cells) == len(effects.cells) > 4
    for i, cell in cells[::3]:
        until = max(cell.year, cell.base_year) if comparison_group == "not_yet_treated" else 9999
        member = (asked.cohort == cell.cohort) & (asked.model == cell.model)
        others = (asked.cohort > until) & (asked.cohort != cell.cohort)
        rows = (member | others) & np.isin(asked.year, (cell.year, cell.base_year))
        x = np.column_stack([np.ones(rows.sum()), asked.covariates[rows]])
        known = (asked.outcome[rows], member[rows], asked.year[rows] == cell.year, x)

        def estimate(weight, known=known):
            return asked_twice(*known, weight, adjustment)

        np.testing.assert_allclose(cell.effect, estimate(asked.weight[rows]), **TIGHT)
        np.testing.assert_allclose(
            effects.influence[i],
            derivatives(estimate, asked.weight[rows], code[rows], len(clusters)),
            **TIGHT,
        )
        assert cell.n_treated == min(
            (member & (asked.year == year)).sum() for year in (cell.year, cell.base_year)
        )


@groups
@adjustments
@pytest.mark.parametrize("shape", SHAPES[1:], ids=lambda s: f"seed{s['seed']}")
def test_gaps_are_the_moments_of_the_units_seen_in_both_periods(shape, adjustment, comparison_group):
    panel = _panels.with_gaps(_panels.county(**{"n": 60, **shape}), 5)
    effects = estimators.fit(
        "group_time", panel, Design(comparison_group=comparison_group, adjustment=adjustment)
    )
    clusters, code = np.unique(panel.cluster, return_inverse=True)
    position = {int(year): t for t, year in enumerate(panel.years)}
    cells = identified(effects)
    assert len(cells) > len(effects.cells) / 2
    for i, cell in cells[::4]:
        until = max(cell.year, cell.base_year) if comparison_group == "not_yet_treated" else 9999
        member = (panel.cohort == cell.cohort) & (panel.model == cell.model)
        others = (panel.cohort > until) & (panel.cohort != cell.cohort)
        change = panel.outcome[:, position[cell.year]] - panel.outcome[:, position[cell.base_year]]
        rows = (member | others) & ~np.isnan(change)
        x = np.column_stack([np.ones(rows.sum()), panel.covariates[rows]])
        known = (change[rows], member[rows], x)

        def estimate(weight, known=known):
            return followed_twice(*known, weight, adjustment)

        np.testing.assert_allclose(cell.effect, estimate(panel.weight[rows]), **TIGHT)
        np.testing.assert_allclose(
            effects.influence[i],
            derivatives(estimate, panel.weight[rows], code[rows], len(clusters)),
            **TIGHT,
        )
        assert cell.n_treated == (member & rows).sum()


class Long:
    """One row per observation, and dummies as full columns."""

    def __init__(self, given: UnbalancedPanel | CrossSections) -> None:
        years = given.years
        if isinstance(given, CrossSections):
            row, period = np.arange(given.n_units), np.searchsorted(years, given.year)
            self.y, first = given.outcome, 0
        else:
            row, period = np.nonzero(given.seen)
            self.y, first = given.outcome[row, period], 1
        self.year, self.cohort, self.model = years[period], given.cohort[row], given.model[row]
        self.weight = given.weight[row]
        self.clusters, code = np.unique(given.cluster, return_inverse=True)
        self.cluster = code[row]
        names, unit = np.unique(given.unit[row], return_inverse=True)
        self.unit, self.n_units = unit, len(names)
        x = given.covariates[row]
        waves = period[:, None] == np.arange(len(years))
        self.effects = np.hstack(
            [unit[:, None] == np.arange(len(names)), waves[:, 1:]]
            + [x[:, [j]] * waves[:, first:] for j in range(x.shape[1])]
        ).astype(float)

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        return np.array([values[self.cluster == c].sum(axis=0) for c in range(len(self.clusters))])

    def least_squares(self, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """Generalised inverse of the cross products, coefficients and rank."""
        x, w = columns[rows], self.weight[rows]
        values, vectors = np.linalg.eigh((x * w[:, None]).T @ x)
        kept = values > 1e-9 * values[-1]
        bread = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
        return bread, bread @ (x.T @ (w * self.y[rows])), int(kept.sum())


def both_kinds() -> list:
    """Panels with gaps and repeated cross-sections of several shapes."""
    return [
        pytest.param(_panels.with_gaps(_panels.county(**{"n": 50, **s}), 9), id=f"gaps{s['seed']}") for s in SHAPES
    ] + [pytest.param(_panels.residents(**s), id=f"sections{s['seed']}") for s in SHAPES]  # fmt: skip


def with_base_period(given):
    return given.keep(given.cohort > given.years[0])


@pytest.mark.parametrize("given", both_kinds())
def test_two_way_is_the_dummy_regression_on_recorded_rows(given):
    long = Long(given)
    columns = np.column_stack([long.year >= long.cohort, long.effects])
    everywhere = np.ones(len(long.y), dtype=bool)
    bread, beta, rank = long.least_squares(columns, everywhere)
    score = columns * (long.weight * (long.y - columns @ beta))[:, None]
    g, n, k = len(long.clusters), len(long.y), rank - long.n_units + 1
    influence = np.sqrt(g / (g - 1) * (n - 1) / (n - k)) * long.by_cluster(score) @ bread

    effects = estimators.fit("twfe", given, Design())

    np.testing.assert_allclose(effects.cells["effect"][0], beta[0], **TIGHT)
    np.testing.assert_allclose(effects.influence[0], influence[:, 0], **TIGHT)


@pytest.mark.parametrize("given", both_kinds())
def test_imputation_is_the_dummy_regression_on_untreated_recorded_rows(given):
    given = with_base_period(given)
    effects = estimators.fit("imputation", given, Design())
    long = Long(given)
    rows = long.year < long.cohort
    bread, beta, _ = long.least_squares(long.effects, rows)
    off = long.y - long.effects @ beta
    seen_untreated = np.isin(long.unit, long.unit[rows])
    cells = identified(effects)
    assert len(cells) > len(effects.cells) / 2
    for i, cell in cells:
        inside = (long.cohort == cell.cohort) & (long.year == cell.year) & (long.model == cell.model)
        inside &= seen_untreated
        v = np.where(inside, long.weight, 0) / long.weight[inside].sum()
        v0 = np.where(rows, -long.weight * (long.effects @ (bread @ (long.effects.T @ v))), 0)
        share, total = long.by_cluster(v), long.by_cluster(v * off)
        centre = share @ total / (share @ share)

        np.testing.assert_allclose(cell.effect, v @ off, **TIGHT)
        np.testing.assert_allclose(
            effects.influence[i], long.by_cluster(np.where(rows, v0 * off, v * (off - centre))), **TIGHT
        )


@pytest.mark.parametrize("name", WITH_ROWS)
@shapes
def test_a_panel_without_gaps_gives_the_balanced_panel_s_numbers(name, shape):
    """Two codes for one answer: closed forms on arrays, and rows."""
    panel = _panels.county(**{"n": 50, **shape})
    loose = UnbalancedPanel(**{f.name: getattr(panel, f.name) for f in fields(Panel)})

    found, wanted = (estimators.fit(name, given, Design()) for given in (loose, panel))

    assert found.cells.drop(columns="effect").equals(wanted.cells.drop(columns="effect"))
    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], atol=1e-12)
    for matrix in ("influence", "treated", "comparison"):
        np.testing.assert_allclose(getattr(found, matrix), getattr(wanted, matrix), atol=1e-12)


@pytest.mark.parametrize("name", ["imputation", "twfe"])
def test_one_person_a_village_and_wave_is_the_village_panel(name):
    """Where every village has one answer in every wave, its people are its history."""
    panel = _panels.county(6, weights=True, n_clusters=9)
    n, periods = panel.outcome.shape
    village = np.repeat(np.arange(n), periods)
    arrays = {f.name: getattr(panel, f.name) for f in fields(Panel) if f.name not in {"years", "outcome"}}
    asked = CrossSections(
        year=np.tile(panel.years, n), outcome=panel.outcome.ravel(),
        **{key: value if key == "covariate_names" else value[village] for key, value in arrays.items()},
    )  # fmt: skip

    found, wanted = (estimators.fit(name, given, Design()) for given in (asked, panel))

    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], atol=1e-10)
    np.testing.assert_allclose(found.influence, wanted.influence, atol=1e-10)


# --- weights -----------------------------------------------------------------------------------------------------


def replicated(given, times: np.ndarray):
    """Every unit (or person) as often as its weight says, under new ids in its cluster, weights one."""
    rows = np.repeat(np.arange(given.n_units), times)
    copy = replace(given.keep(rows), weight=np.ones(len(rows)))
    if isinstance(given, CrossSections):
        return copy
    return replace(copy, unit=np.array([f"{u}-{i}" for i, u in enumerate(copy.unit)], dtype=object))


KINDS = {
    "panel": lambda covariates: _panels.county(41, n=60, n_clusters=12, n_covariates=covariates),
    "unbalanced_panel": lambda covariates: _panels.with_gaps(
        _panels.county(42, n=60, n_clusters=12, n_covariates=covariates), 3
    ),
    "repeated_cross_section": lambda covariates: _panels.residents(43, n_covariates=covariates),
}
able = [(name, kind) for name in estimators.names() for kind in KINDS if kind in estimators.designs_of(name)]


@pytest.mark.parametrize("adjustment", ["doubly_robust", "outcome_regression", "ipw"])
@pytest.mark.parametrize("n_covariates", [0, 2])
@pytest.mark.parametrize(("name", "kind"), able)
def test_whole_weights_are_repeated_rows(name, kind, n_covariates, adjustment):
    given = KINDS[kind](n_covariates)
    times = np.random.default_rng(1).integers(1, 4, given.n_units)
    design = Design(adjustment=adjustment)

    found = estimators.fit(name, replace(given, weight=times.astype(float)), design)
    wanted = estimators.fit(name, replicated(given, times), design)

    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], rtol=0, atol=1e-10)
    own = (found.cells["status"] == "ok").to_numpy()
    ratio = np.sqrt(np.diag(found.covariance)[own] / np.diag(wanted.covariance)[own])
    # the number of rows enters the small-sample factor of the two regressions only
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)
    assert ratio[0] == pytest.approx(1, abs=1e-9 if name in {"group_time", "imputation"} else 0.05)


@pytest.mark.parametrize(("name", "kind"), able)
def test_the_scale_of_weights_is_nothing(name, kind):
    given = KINDS[kind](1)
    weight = np.random.default_rng(2).uniform(0.2, 3, given.n_units)

    found, wanted = (
        estimators.fit(name, replace(given, weight=weight * scale), Design()) for scale in (1000.0, 1.0)
    )

    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], atol=1e-10)
    np.testing.assert_allclose(found.influence, wanted.influence, atol=1e-10)


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unbalanced_panel", "repeated_cross_section"])
def test_an_estimator_that_needs_complete_histories_says_so_and_names_others(kind):
    with pytest.raises(EstimatorError) as refused:
        estimators.fit("saturated", KINDS[kind](0), Design())

    text = str(refused.value)
    assert f"saturated is not available for a table declared as {kind}" in text
    assert "use group_time, imputation, twfe" in text
    assert f"不适用于声明为 {kind} 的表" in text


def changed(asked: CrossSections, field: str, value) -> CrossSections:
    values = getattr(asked, field).copy()
    values[0] = value
    return replace(asked, **{field: values})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("cohort", 2020.0, r"cohort differs between people of 1 units, e\.g\. v000; it belongs to the unit"),
        ("cluster", "elsewhere", r"cluster differs between people of 1 units, e\.g\. v000"),
        ("outcome", np.nan, r"the outcome is missing or infinite in 1 units, e\.g\. v000"),
        ("weight", 0.0, r"the weight of 1 units is not positive, e\.g\. v000"),
    ],
)
def test_people_who_break_the_contract_are_named(field, value, sentence):
    with pytest.raises(EstimatorError, match=sentence):
        estimators.fit("group_time", changed(_panels.residents(50), field, value), Design())


def test_one_treated_village_is_refused_however_many_people_were_asked():
    asked = _panels.residents(51, cohorts=(2018.0,), most=40)
    one = asked.keep(~np.isfinite(asked.cohort) | (asked.unit == "v000"))

    with pytest.raises(EstimatorError, match="one treated unit, v000, has a period before adoption"):
        estimators.fit("group_time", one, Design())


def test_waves_in_which_nobody_was_asked_are_flagged():
    asked = _panels.residents(52)
    out = (asked.cohort == 2018) & (asked.year == 2019)
    cells = estimators.fit("group_time", asked.keep(~out), Design()).cells.set_index(["cohort", "year"])

    assert cells.loc[(2018, 2019), "status"] == "not identified: nobody of the cohort was asked in 2019"
    assert np.isnan(cells.loc[(2018, 2019), "effect"])
    assert cells.loc[(2018, 2021), "status"] == "ok"
    assert cells.loc[(2018, 2019), "n_treated"] == 0


def test_periods_in_which_no_unit_is_seen_twice_are_flagged():
    panel = _panels.with_gaps(_panels.county(53), 1, share=0.0)
    lost = panel.outcome.copy()
    lost[np.ix_(panel.cohort == 2018, panel.years == 2019)] = np.nan
    cells = estimators.fit("group_time", replace(panel, outcome=lost), Design()).cells
    cells = cells.set_index(["cohort", "year"])

    reason = "not identified: no unit of the cohort is seen in both 2017 and 2019"
    assert cells.loc[(2018, 2019), "status"] == reason
    assert cells.loc[(2018, 2019), "n_treated"] == 0
    assert cells.loc[(2018, 2020), "status"] == "ok"


def test_units_seen_once_are_left_out_and_counted():
    panel = _panels.with_gaps(_panels.county(54), 2)
    lost = panel.outcome.copy()
    lost[:3, 1:], lost[:3, 0] = np.nan, 1.0
    spoilt = replace(panel, outcome=lost)

    for name in WITH_ROWS:
        found = estimators.fit(name, spoilt, Design())
        wanted = estimators.fit(name, panel.keep(np.arange(panel.n_units) > 2), Design())
        assert ("seen_once", 3) in found.notes
        np.testing.assert_array_equal(found.cells["effect"], wanted.cells["effect"])


def test_years_that_untreated_rows_do_not_reach_are_not_imputed():
    """Two groups of years that no unit ties together: the later ones cannot be imputed for those of the earlier."""
    years = tuple(range(2015, 2021))
    panel = _panels.county(55, n=60, years=years, cohorts=(2017.0,))
    lost = panel.outcome.copy()
    never = np.flatnonzero(np.isinf(panel.cohort))
    lost[np.ix_(never[::2], np.array(years) >= 2018)] = np.nan
    lost[np.ix_(never[1::2], np.array(years) < 2018)] = np.nan
    arrays = {f.name: getattr(panel, f.name) for f in fields(Panel)}
    cells = estimators.fit("imputation", UnbalancedPanel(**{**arrays, "outcome": lost}), Design()).cells

    late = cells["year"] >= 2018
    assert cells.loc[late, "status"].str.contains("do not tell what it would have been").all()
    assert cells.loc[late, "effect"].isna().all()
    assert (cells.loc[~late, "status"] == "ok").all()


# --- known truth -------------------------------------------------------------------------------------------------

TRAITS = ("peach_mu", "hh_size", "head_age", "head_edu")


def asked_once(seed: int) -> tuple[CrossSections, pd.Series, pd.DataFrame]:
    """A county whose villages adopt by lot, every household asked in one year only, and the residents' true effects.

    Returns the people, the villages' adoption years, and the mean true effects, a row per village, a column per year.
    """
    county = simulate(County(seed=seed, selection="none"))
    people = county.household_year
    number = people["hh_id"].astype(str).str[-2:].astype(int).to_numpy() - 1
    people = people[number % 10 == people["year"].to_numpy() - 2015]
    n = len(people)
    village = people["village_id"].astype(str).to_numpy(object)
    asked = CrossSections(
        unit=village, year=people["year"].to_numpy(int), outcome=people["inc_disposable"].to_numpy(float),
        cohort=people["village_cohort"].replace(0, np.inf).to_numpy(float), weight=np.ones(n), cluster=village,
        model=np.full(n, "", dtype=object), covariates=people[list(TRAITS)].to_numpy(float),
        covariate_names=TRAITS,
    )  # fmt: skip
    truth = county.truth.village_effects.pivot(
        index="village_id", columns="year", values="effect_mean_income"
    )
    villages = county.village_year.drop_duplicates("village_id").set_index("village_id")["first_coop_year"]
    return asked, villages, truth


def true_average(effects: Effects, villages: pd.Series, truth: pd.DataFrame) -> float:
    """Mean true effect over the cells that the simple average rests on, with its weights."""
    cells = effects.cells
    used = ((cells["status"] == "ok") & (cells["year"] >= cells["cohort"])).to_numpy()
    size = effects.treated.to_numpy().sum(axis=0)[used]
    values = [
        truth.loc[villages.index[villages == cohort], year].mean()
        for cohort, year in cells.loc[used, ["cohort", "year"]].to_numpy(int)
    ]
    return float(size @ values / size.sum())


def test_the_simulated_county_asked_once_each_is_recovered_over_twelve_seeds():
    """Household survey with other households in every wave; 7,320 people, errors by village, doubly robust."""
    errors, covered = [], 0
    for seed in range(12):
        asked, villages, truth = asked_once(seed)
        effects = estimators.fit("group_time", asked, Design())
        row = aggregate(effects, Design()).row("simple")
        known = true_average(effects, villages, truth)
        errors.append(row["estimate"] - known)
        covered += row["conf_low"] < known < row["conf_high"]

    assert abs(np.mean(errors)) < 2 * np.std(errors, ddof=1) / np.sqrt(12)
    assert covered >= 10  # 95 % intervals cover 9 of 12 or fewer with probability .002


@pytest.mark.parametrize("name", ["group_time", "imputation"])
@pytest.mark.parametrize("design", ["repeated_cross_section", "unbalanced_panel"])
def test_intervals_cover_the_known_effect(name, design):
    """200 draws; the band for 95 % coverage holds all but one in a hundred such tests (FAULTS 6.1: .905-.985)."""
    covered, draws = 0, 200
    for seed in range(draws):
        if design == "repeated_cross_section":
            given = _panels.residents(7000 + seed, n=60, effect=0.0, cohorts=(2018.0, 2020.0))
        else:
            given = _panels.with_gaps(_panels.county(7000 + seed, n=60), seed)
            age = np.maximum(given.years[None, :] - given.cohort[:, None] + 1, 0)
            given = replace(given, outcome=given.outcome - 0.3 * age)
        row = aggregate(estimators.fit(name, given, Design()), Design()).row("simple")
        covered += row["conf_low"] < 0 < row["conf_high"]

    assert 0.905 <= covered / draws <= 0.985
