"""Other ways of asking: each change against a plain computation of the same thing, and what a study declares for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from small_study import village_table, write_study

from analysis.checks import changes
from analysis.checks.changes import THEMES, Case, Held, Variant
from analysis.checks.changes._growth import fit_growth
from analysis.checks.changes._held import HeldError, held
from analysis.checks.changes.outliers import extreme_before, winsorised
from analysis.checks.placebo_outcome import placebo_outcomes
from analysis.checks.placebo_unit import placebo_units
from analysis.checks.scales import scales
from analysis.checks.specifications import SPECIFICATION_COLUMNS, answer, effects_of, specifications
from analysis.contract import read_table
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples import Panel, select
from analysis.samples.panel import CrossSections
from analysis.study import Design, StudyError, read_study
from analysis.words import vocabulary

DESIGN = Design(comparison_group="not_yet_treated", bootstrap_draws=199)


def panel(n: int = 90, *, seed: int = 3, effect: float = 5.0) -> Panel:
    """Cohorts in the fifth and seventh of ten years and never adopters, a third each; unequal weights."""
    rng = np.random.default_rng(seed)
    years = np.arange(2011, 2021)
    cohort = np.select([np.arange(n) < n // 3, np.arange(n) < 2 * n // 3], [2015.0, 2017.0], np.inf)
    treated = years[None, :] >= cohort[:, None]
    outcome = rng.normal(50, 5, (n, 1)) + 2 * (years - 2011) + effect * treated + rng.normal(0, 2, (n, 10))
    unit = np.array([f"u{i:03d}" for i in range(n)])
    return Panel(
        unit=unit, years=years, outcome=outcome, cohort=cohort, weight=rng.uniform(0.5, 1.5, n), cluster=unit,
        model=np.full(n, ""), covariates=np.empty((n, 0)),
    )  # fmt: skip


def case_of(given: Panel, *, group: np.ndarray | None = None, **kept: object) -> Case:
    return Case(given, DESIGN, "group_time", group, Held(unit="yuan", **kept))


def variant(case: Case, change: str, detail: str | None = None) -> Variant:
    found = [v for v in changes.variants(case) if v.change == change and detail in {None, v.detail}]
    assert len(found) == 1, (change, detail, [v.detail for v in found])
    return found[0]


def everything(given: Panel) -> Case:
    n = given.n_units
    rng = np.random.default_rng(0)
    return case_of(
        replace(given, covariates=rng.normal(size=(n, 2)), covariate_names=("land", "age")),
        group=np.array([f"t{i % 6}" for i in range(n)]), prices=np.linspace(0.9, 1.1, 10), base_year=2015,
        price_columns={"land": rng.normal(size=n), "peach": rng.normal(size=n)},
        programmes={"road": np.arange(n) % 7 == 0, "grant": np.arange(n) % 11 == 0},
    )  # fmt: skip


def test_every_change_has_a_theme_words_and_a_place():
    rows = specifications(everything(panel()), unit="yuan")

    assert list(rows.columns) == list(SPECIFICATION_COLUMNS)
    assert rows["change"].iloc[0] == "main"
    places = [THEMES.index(theme) for theme in rows["theme"]]
    assert places == sorted(places), "by theme"
    assert set(THEMES) == set(vocabulary()["themes"])
    assert set(rows["change"]) <= set(vocabulary()["changes"])
    assert not rows.duplicated(["change", "detail"]).any()
    assert {
        "winsorised", "trimmed", "constant_prices", "with_price_year", "without_price_year", "without_programme",
        "without_programmes", "cluster_group", "long_base", "same_exposure", "poisson", "without_group",
        "without_cohort",
    } <= set(rows["change"])  # fmt: skip


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
def test_winsorised_values_are_those_of_scipy(share):
    given = panel(200)
    expected = np.column_stack(
        [np.asarray(stats.mstats.winsorize(column, limits=(share, share))) for column in given.outcome.T]
    )
    np.testing.assert_array_equal(winsorised(given, share).outcome, expected)


def test_extreme_units_are_told_by_what_they_were_before():
    given = panel()
    wild = given.outcome.copy()
    wild[5, 7:], wild[80, 1] = 1e6, -1e6  # an adopter after adoption; a never adopter before
    found = extreme_before(replace(given, outcome=wild), 0.02)

    assert found[80]
    after = wild.copy()
    after[:, 4:] = given.outcome[:, 4:]
    np.testing.assert_array_equal(found, extreme_before(replace(given, outcome=after), 0.02))
    dropped = variant(case_of(replace(given, outcome=wild), tails=0.02), "trimmed")
    assert dropped.n_changed == found.sum() == given.n_units - dropped.panel.n_units


def test_constant_prices_divide_every_year_by_its_own_price_level():
    given, prices = panel(), np.linspace(0.8, 1.25, 10)
    effects = effects_of(variant(case_of(given, prices=prices, base_year=2015), "constant_prices"))
    cell = effects.cells.query("cohort == 2017 and year == 2019")["effect"].item()
    real = given.outcome[:, 8] / prices[8] - given.outcome[:, 5] / prices[5]
    own, others = given.cohort == 2017, given.cohort > 2019
    expected = np.average(real[own], weights=given.weight[own]) - np.average(
        real[others], weights=given.weight[others]
    )

    assert cell == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("estimator", ["group_time", "imputation", "saturated"])
def test_a_price_that_pays_those_with_more_land_is_held_apart(estimator):
    """Adopters have more land; the price jumps in the year in which the first of them adopt."""
    given, rng = panel(300, seed=8), np.random.default_rng(8)
    land = rng.normal(5, 1, 300) + 1.5 * np.isfinite(given.cohort)
    price = np.array([0, 1, 0, 1, 4, 5, 3, 6, 5, 7.0])
    moved = replace(given, outcome=given.outcome + land[:, None] * price)
    case = replace(case_of(moved, price_columns={"land": land}), estimator=estimator)
    plain, controlled = (answer(variant(case, change), unit="yuan") for change in ("main", "with_price_year"))

    assert plain["estimate"] > 5 + 5 * plain["std_error"], "the price looks like an effect"
    assert abs(controlled["estimate"] - 5) < 3 * controlled["std_error"] < 1.5


def test_a_control_that_the_main_specification_has_is_taken_out_instead():
    given = replace(
        panel(), covariates=np.random.default_rng(1).normal(size=(90, 2)), covariate_names=("land", "age")
    )
    case = case_of(given, price_columns={"land": given.covariates[:, 0]})
    found = [v for v in changes.variants(case) if v.change.endswith("price_year")]

    assert [(v.change, v.panel.covariate_names) for v in found] == [("without_price_year", ("age",))]


def test_units_of_other_programmes_are_left_out_one_by_one_and_together():
    given = panel()
    road, grant = np.arange(90) % 7 == 0, np.arange(90) % 11 == 0
    case = case_of(given, programmes={"road": road, "grant": grant, "nobody": np.zeros(90, dtype=bool)})

    assert set(variant(case, "without_programme", "road").panel.unit) == set(given.unit[~road])
    assert set(variant(case, "without_programmes").panel.unit) == set(given.unit[~road & ~grant])
    assert variant(case, "without_programmes").n_changed == (road | grant).sum()
    with pytest.raises(AssertionError):
        variant(case, "without_programme", "nobody")


def test_copied_and_rounded_books_are_found():
    given = panel()
    outcome = given.outcome * 1_000 + 0.5
    outcome[3, 4] = outcome[3, 3]  # carried forward
    outcome[7] = np.round(outcome[7], -3)  # rounded to thousands
    outcome[11, :3] = np.round(outcome[11, :3], -3)  # three of ten: still kept books
    case = case_of(replace(given, outcome=outcome))

    assert set(given.unit) - set(variant(case, "without_repeated").panel.unit) == {"u003"}
    assert set(given.unit) - set(variant(case, "without_round").panel.unit) == {"u007"}
    assert not {"without_repeated", "without_round"} & {v.change for v in changes.variants(case_of(given))}


def test_errors_by_township_add_the_influence_of_its_units():
    given, group = panel(), np.array([f"t{i % 6}" for i in range(90)])
    effects = fit("group_time", given, DESIGN)
    main = aggregate(effects, DESIGN)
    simple = main.influence.iloc[:, 0]
    summed = simple.groupby(pd.Series(group, index=given.unit).loc[simple.index].to_numpy()).sum()
    row = answer(variant(case_of(given, group=group), "cluster_group"), unit="yuan")

    assert row["estimate"] == pytest.approx(main.row("simple")["estimate"], rel=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt((summed**2).sum()), rel=1e-10)
    assert row["n_clusters"] == 6


def test_the_long_base_is_a_mean_of_the_years_before():
    given = panel()
    effects = effects_of(variant(case_of(given, base_periods=3), "long_base"))
    for cohort, year in ((2015, 2016), (2017, 2020)):
        t, start = year - 2011, cohort - 2011
        change = given.outcome[:, t] - given.outcome[:, start - 3 : start].mean(axis=1)
        own, others = given.cohort == cohort, given.cohort > year
        expected = np.average(change[own], weights=given.weight[own]) - np.average(
            change[others], weights=given.weight[others]
        )
        cell = effects.cells.query("cohort == @cohort and year == @year")["effect"].item()
        assert cell == pytest.approx(expected, rel=1e-12)
    assert (effects.cells["year"] >= effects.cells["cohort"]).all()
    with pytest.raises(EstimatorError, match="no cohort has 7 periods before adoption"):
        effects_of(variant(case_of(given, base_periods=7), "long_base"))


def test_all_cohorts_are_followed_for_as_long_as_the_last_one():
    given = panel()
    cells = fit("group_time", given, DESIGN).cells
    early = cells[(cells["year"] >= cells["cohort"]) & (cells["year"] - cells["cohort"] <= 3)]
    size = [given.weight[given.cohort == c].sum() for c in early["cohort"]]
    found = variant(case_of(given), "same_exposure")

    assert found.detail == "4"
    assert answer(found, unit="yuan")["estimate"] == pytest.approx(np.average(early["effect"], weights=size))


def growing(n: int = 60, *, seed: int = 4, ratio: float = 1.2) -> Panel:
    """Levels differ tenfold and all grow at one rate per year; adopters, larger on average, earn `ratio` times as much."""
    given, rng = panel(n, seed=seed), np.random.default_rng(seed)
    level = np.exp(rng.normal(3, 0.6, (n, 1)) + 0.5 * np.isfinite(given.cohort)[:, None])
    growth = np.exp(np.cumsum([0, 0.1, 0.05, 0.1, 0.2, 0.1, 0.15, 0.1, 0.05, 0.1]))
    treated = given.years[None, :] >= given.cohort[:, None]
    noise = rng.gamma(50, 1 / 50, (n, 10))
    return replace(given, outcome=level * growth * np.where(treated, ratio, 1.0) * noise)


def with_one_covariate(given: Panel, seed: int = 1) -> Panel:
    x = np.random.default_rng(seed).normal(size=(given.n_units, 1))
    return replace(given, covariates=x, covariate_names=("x",))


@pytest.mark.parametrize("make", [lambda p: p, with_one_covariate], ids=["plain", "covariate"])
def test_growth_is_a_poisson_regression_on_the_untreated_and_what_it_predicts(make):
    given = make(growing())
    n, T = given.outcome.shape
    row, column = (index.ravel() for index in np.indices((n, T)))
    design = [np.eye(n)[row], np.eye(T)[column][:, 1:]]
    if given.covariate_names:
        design.append(np.eye(T)[column][:, 1:] * given.covariates[row])
    design = np.column_stack(design)
    untreated = (given.years < given.cohort[:, None]).ravel()
    model = sm.GLM(
        given.outcome.ravel()[untreated], design[untreated], family=sm.families.Poisson(),
        freq_weights=given.weight[row][untreated],
    ).fit(tol=1e-14, maxiter=200)  # fmt: skip
    gap = given.outcome - np.exp(design @ model.params).reshape(n, T)
    cells = fit_growth(given, DESIGN).cells

    assert len(cells) == 6 + 4
    for cell in cells.itertuples():
        own = given.cohort == cell.cohort
        expected = np.average(gap[own, cell.year - 2011], weights=given.weight[own])
        assert cell.effect == pytest.approx(expected, rel=1e-6), (cell.cohort, cell.year)


def test_the_influence_of_growth_is_its_derivative_by_weight():
    given = with_one_covariate(growing(24))
    effects = fit_growth(given, DESIGN)
    for unit in (0, 10, 20):
        step = 1e-5
        moved = [given.weight.copy() for _ in range(2)]
        moved[0][unit] *= 1 + step
        moved[1][unit] *= 1 - step
        up, down = (fit_growth(replace(given, weight=w), DESIGN).cells["effect"] for w in moved)
        np.testing.assert_allclose(
            effects.influence.loc[given.unit[unit]], (up - down) / (2 * step), rtol=1e-5, atol=1e-7
        )


def test_where_growth_is_parallel_changes_are_not():
    given = growing(300)
    treated = given.years[None, :] >= given.cohort[:, None]
    real = np.average(
        (given.outcome * (1 - 1 / 1.2)).ravel()[treated.ravel()], weights=np.repeat(given.weight, 10)[treated.ravel()]
    )  # fmt: skip
    rows = scales(case_of(given)).set_index("change")

    growth = rows.loc["growth"]
    assert abs(growth["estimate"] - real) < 3 * growth["std_error"]
    for change in ("growth", "logs"):  # three standard errors; the half width is two
        row = rows.loc[change]
        assert abs(row["percent"] - 20) < 1.5 * (row["percent_high"] - row["percent"]) < 6
    assert rows.loc["amounts", "percent_low"] > 20, "larger units change by more, adoption or not"


def test_growth_needs_amounts():
    given = panel()
    below = replace(given, outcome=given.outcome - 60)
    assert "poisson" not in {v.change for v in changes.variants(case_of(below))}
    logs = Case(given, DESIGN, "group_time", None, Held(unit="log yuan"))
    assert "poisson" not in {v.change for v in changes.variants(logs)}
    with pytest.raises(EstimatorError, match="values are negative; growth needs none"):
        fit_growth(below, DESIGN)


def test_ten_times_the_outcome_is_ten_times_the_growth_effect():
    given = with_one_covariate(growing())
    once, tenfold = fit_growth(given, DESIGN), fit_growth(replace(given, outcome=10 * given.outcome), DESIGN)

    np.testing.assert_allclose(tenfold.cells["effect"], 10 * once.cells["effect"], rtol=1e-8)
    np.testing.assert_allclose(tenfold.influence, 10 * once.influence, rtol=1e-6, atol=1e-9)


def test_per_cent_is_of_what_would_have_been_and_its_error_a_derivative():
    given = panel(30)
    row = scales(case_of(given)).set_index("change").loc["amounts"]
    treated = given.years[None, :] >= given.cohort[:, None]

    def percent(weight: np.ndarray) -> float:
        effects = fit("group_time", replace(given, weight=weight), DESIGN)
        theta = aggregate(effects, DESIGN).row("simple")["estimate"]
        mean = np.average(given.outcome[treated], weights=np.repeat(weight, treated.sum(axis=1)))
        return 100 * theta / (mean - theta)

    assert row["percent"] == pytest.approx(percent(given.weight), rel=1e-10)
    slopes = []
    for i in range(30):
        step = np.zeros(30)
        step[i] = 1e-5 * given.weight[i]
        slopes.append((percent(given.weight + step) - percent(given.weight - step)) / 2e-5)
    enlarged = row["std_error_small"] / row["std_error"]
    half = stats.t.ppf(0.975, row["df"]) * np.sqrt(np.square(slopes).sum()) * enlarged
    assert row["percent_high"] - row["percent"] == pytest.approx(half, rel=1e-6)


def test_logs_are_told_in_per_cent_and_amounts_of_logs_are_their_exponentials():
    given = growing()
    of_amounts = scales(case_of(given)).set_index("change")
    logs = replace(given, outcome=np.log(given.outcome))
    of_logs = scales(Case(logs, DESIGN, "group_time", None, Held(unit="log yuan")))

    assert list(of_logs["change"]) == ["logs", "amounts", "growth"], "the outcome's own scale first"
    turned = of_logs.set_index("change")
    for change in ("logs", "amounts", "growth"):
        for column in ("estimate", "conf_low", "percent", "percent_high"):
            assert turned.loc[change, column] == pytest.approx(of_amounts.loc[change, column], rel=1e-9)
    assert turned.loc["amounts", "unit"] == "yuan"
    assert turned.loc["logs", "percent"] == pytest.approx(100 * np.expm1(turned.loc["logs", "estimate"]))


def test_with_values_below_zero_only_the_sign_of_asinh_is_read():
    given = panel()
    rows = scales(case_of(replace(given, outcome=given.outcome - 60))).set_index("change")

    assert list(rows.index) == ["amounts", "asinh", "growth"]
    assert np.isnan(rows.loc["asinh", "percent"]) and rows.loc["asinh", "estimate"] > 0
    assert rows.loc["growth", "status"].startswith("not estimable: ")


def test_a_placebo_outcome_that_moves_is_found_and_one_that_does_not_is_not():
    given, rng = panel(150), np.random.default_rng(2)
    quiet = rng.normal(0, 1, (150, 10))
    treated = given.years[None, :] >= given.cohort[:, None]
    quiet[4, 2] = np.nan
    case = case_of(given, placebo_outcomes={"quiet": quiet, "moved": quiet + 2.0 * treated})
    rows = placebo_outcomes(case, {"quiet": "yuan", "moved": "share"}).set_index("detail")

    assert rows.loc["quiet", "p_holm"] > 0.05 and rows.loc["moved", "p_holm"] < 1e-4
    assert list(rows["n_changed"]) == [1, 1], "one unit has a missing value"
    assert rows.loc["moved", "unit"] == "share"
    assert rows.loc["moved", "p_holm"] == pytest.approx(2 * rows.loc["moved", "p_value"])
    assert placebo_outcomes(case_of(given), {}) is None


def test_pretended_adoption_finds_as_much_as_chance_allows():
    given = panel(90)
    found = placebo_units(case_of(given))
    assert (found.n_units, found.n_pretended) == (30, 15)
    assert found.allowed == stats.binom.ppf(0.99, 99, 0.05)
    assert not found.too_often and replace(found, found=found.allowed + 1).too_often
    assert abs(found.estimates.mean()) < 4 * found.estimates.std() / np.sqrt(99)

    few = given.keep(np.arange(90) < 70)
    assert placebo_units(case_of(few)) is None, "ten never adopters"


def test_people_asked_once_are_asked_about_in_ways_that_need_no_history():
    given, rng = panel(), np.random.default_rng(0)
    row, column = (np.repeat(index.ravel(), 3) for index in np.indices(given.outcome.shape))
    people = CrossSections(
        unit=given.unit[row], year=given.years[column], outcome=given.outcome[row, column] + rng.normal(0, 1, len(row)),
        cohort=given.cohort[row], weight=np.ones(len(row)), cluster=given.unit[row], model=np.full(len(row), ""),
        covariates=rng.normal(size=(len(row), 1)), covariate_names=("age",),
    )  # fmt: skip
    case = case_of(
        people, group=np.char.add("t", (row % 6).astype(str)), prices=np.ones(10), base_year=2015,
        price_columns={"land": rng.normal(size=90)[row]}, programmes={"road": row % 7 == 0},
    )  # fmt: skip
    rows = specifications(case, unit="yuan").set_index("change")

    assert not {"winsorised", "trimmed", "constant_prices", "poisson", "long_base"} & set(rows.index)
    assert {"with_price_year", "without_programme", "cluster_group", "without_group"} <= set(rows.index)
    own = rows.loc[["main", "with_price_year", "without_programme", "cluster_group"]]
    assert (abs(own["estimate"] - 5) < 4 * own["std_error"]).all()


# --- what a study declares ---

DECLARED = """
[robustness]
tails = 0.05

[robustness.deflator]
table = "price"
time = "year"
column = "cpi"
base_year = 2016
reason = { zh = "", en = "" }

[robustness.price_year]
columns = ["orchard"]
reason = { zh = "", en = "" }

[robustness.programmes.road]
column = "road"
label = { zh = "修路", en = "a road" }
reason = { zh = "", en = "" }

[robustness.programmes.grant]
table = "grants"
unit = "village"
time = "year"
first = 2017
label = { zh = "资金", en = "a grant" }
reason = { zh = "", en = "" }

[tables.price]
file = "price.csv"
key = ["year"]

[tables.grants]
file = "grants.csv"
key = ["id"]
"""


def declared_study(tmp_path, text: str = DECLARED):
    table = village_table()
    table["road"] = (table["village"].astype(int) % 4 == 0).astype(int)
    folder = write_study(tmp_path / "s", table, design=text)
    pd.DataFrame({"year": range(2015, 2021), "cpi": [98.0, 100, 102, 103, 106, 108]}).to_csv(
        folder / "price.csv", index=False
    )
    pd.DataFrame(
        {"id": ["a", "b", "c"], "village": ["000003", "000005", "000009"], "year": [2016, 2017, 2019]}
    ).to_csv(folder / "grants.csv", index=False)
    study = read_study(folder)
    tables = {key: read_table(key, study) for key in study.tables}
    return study, select(tables["village_year"], study, "income"), tables


def test_what_is_declared_is_laid_out_by_unit(tmp_path):
    study, sample, tables = declared_study(tmp_path)
    found = held(study, "income", sample.panel, tables.__getitem__)

    np.testing.assert_allclose(found.prices, np.array([98, 100, 102, 103, 106, 108]) / 100)
    assert (found.unit, found.tails, found.base_year) == ("yuan", 0.05, 2016)
    number = sample.panel.unit.astype(int)
    np.testing.assert_array_equal(found.programmes["road"], number % 4 == 0)
    np.testing.assert_array_equal(found.programmes["grant"], np.isin(number, [5, 9])), "from 2017 on"
    first = tables["village_year"].query("year == 2015").set_index("village")["orchard"]
    np.testing.assert_allclose(found.price_columns["orchard"], first.loc[sample.panel.unit])


CHANGES = {2016: 2, 2017: 3, 2018: 1, 2019: -1, 2020: 2}  # per cent


def test_a_price_index_may_be_written_as_changes_on_the_year_before(tmp_path):
    changes_of = "change = { " + ", ".join(f'"{year}" = {value}' for year, value in CHANGES.items()) + " }"
    text = DECLARED.replace('table = "price"\ntime = "year"\ncolumn = "cpi"', changes_of, 1)
    study, sample, tables = declared_study(tmp_path, text)
    found = held(study, "income", sample.panel, tables.__getitem__)

    level = np.cumprod([1, 1.02, 1.03, 1.01, 0.99, 1.02])
    np.testing.assert_allclose(found.prices, level / level[1])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('columns = ["orchard"]', 'columns = ["orchad"]', "names the column 'orchad'.*did you mean orchard"),
        ("base_year = 2016", "base_year = 2014", "has no price level for 2014"),
        ('column = "cpi"', 'column = "ppi"', "table 'price' has no column 'ppi'; it has year, cpi"),
    ],
)
def test_what_the_tables_do_not_hold_is_named(tmp_path, old, new, said):
    study, sample, tables = declared_study(tmp_path, DECLARED.replace(old, new, 1))
    with pytest.raises(HeldError, match=said):
        held(study, "income", sample.panel, tables.__getitem__)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('table = "grants"', 'table = "grant"', r"no table 'grant'; choose .*did you mean grants"),
        ('column = "road"', "", "give 'column' of the outcome's table, or 'table' and 'unit'"),
        ('column = "cpi"', "", "give an index as table, time and column, or as change"),
        ("tails = 0.05", "tails = 0.4", r"\[robustness\] tails"),
        (
            "tails = 0.05",
            '[robustness.exposure]\nx = "x"\nreason = { zh = "", en = "" }',
            "positions need all of x, y and rings",
        ),
        (
            "tails = 0.05",
            '[robustness.exposure]\nx = "x"\ny = "y"\nrings = [3.0, 2.0]\nreason = { zh = "", en = "" }',
            "outer limits must be positive and increase",
        ),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path, old, new, said):
    with pytest.raises(StudyError, match=said):
        declared_study(tmp_path, DECLARED.replace(old, new, 1))
