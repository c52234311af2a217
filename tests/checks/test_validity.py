"""Bias, coverage and size over simulated counties: the arithmetic, the demands, and what is stored of the long runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analysis import samples
from analysis.checks.validity import (
    SCENARIOS,
    Draws,
    ScenarioError,
    chosen,
    draws,
    judge,
    members,
    monte_carlo,
    recovery,
    rehearsal,
    stored,
    verdicts,
    villages,
)
from analysis.checks.validity.scenarios import MEMBER_METHODS, METHODS, Noise
from analysis.cli import main
from analysis.estimators import names
from analysis.simulate import County, simulate, simulate_villages
from analysis.simulate.calibration import measured
from analysis.study import read_study


@pytest.fixture(scope="module")
def demo():
    return read_study("data/demo_county")


# --- what is simulated ---


def test_every_estimator_and_adjustment_is_put_to_the_test():
    assert {estimator for estimator, _ in METHODS.values()} == set(names())
    asked = {method for scenario in SCENARIOS.values() for method in scenario.asks}
    assert asked == {*METHODS, *MEMBER_METHODS}


def test_the_fast_panel_is_that_of_the_simulated_county():
    scenario = replace(SCENARIOS["unobserved"], noise=None)
    made, effects = villages.panel(scenario, 7)
    county = simulate_villages(County(seed=7))

    wide = county.village_year.pivot(index="village_id", columns="year", values="ci_operating_surplus")
    assert np.array_equal(made.outcome, wide.to_numpy(float))
    assert villages.true_average(made, effects) == pytest.approx(
        county.truth.value("operating_surplus"), abs=1e-3
    )
    first = county.village_year.drop_duplicates("village_id")
    assert np.array_equal(made.covariates, first[list(made.covariate_names)].to_numpy(float))


def test_the_households_are_those_of_the_simulated_county():
    made, truth = members.section(SCENARIOS["members_unobserved"], 7)
    county = simulate(County(seed=7))

    assert truth == pytest.approx(county.truth.value("member_income", "year", "2022"), abs=1e-3)
    people = county.household_year.query("year == 2022 and not exposed_nonmember")
    assert sorted(made.outcome) == sorted(people["inc_disposable"])
    assert made.treated.sum() == people["is_member"].sum()


def test_shocks_last_and_adopters_vary_as_much_as_they_should():
    quiet = {"surplus_log_sd": 0.0, "surplus_on_quality": 0.0, "trend_observed": (0.0,) * 4}
    scenario = SCENARIOS["five_unequal"]
    scenario = replace(
        scenario, county={**scenario.county, **quiet, "rollout": ((2021, 183),)}, noise=Noise(adopters=2.0)
    )
    pieces = [villages.panel(scenario, seed)[0] for seed in range(8)]
    outcome = np.concatenate([p.outcome for p in pieces])
    adopts = np.isfinite(np.concatenate([p.cohort for p in pieces]))
    shock = outcome - outcome.mean(axis=0)

    assert shock[adopts].var() / shock[~adopts].var() == pytest.approx(4.0, rel=0.08)
    assert shock[~adopts].std() == pytest.approx(12_000, rel=0.03)
    for group in (adopts, ~adopts):
        before, after = shock[group, :-1], shock[group, 1:]
        assert (before * after).mean() / shock[group].var() == pytest.approx(0.5, abs=0.03)


def test_a_village_with_a_gap_is_left_out_as_a_study_leaves_it_out(demo):
    scenario = SCENARIOS["missing_rows"]
    county = County(**{**scenario.county, "seed": 5})
    whole, _ = villages.panel(replace(scenario, missing=0.0), 5)
    table = simulate_villages(county).village_year
    gaps = villages.stream(county, villages.MISSING_STREAM).random(whole.outcome.shape) < scenario.missing
    arrived = table[~gaps.ravel()]
    cohort = arrived["first_coop_year"].astype("Int64").mask(arrived["first_coop_year"] == 0)
    kept = samples.select(arrived.assign(first_coop_year=cohort), demo, "operating_surplus")

    made, _ = villages.panel(scenario, 5)
    assert list(made.unit) == list(kept.panel.unit)
    assert np.array_equal(made.cohort, kept.panel.cohort)


def test_sixty_villages_are_fifteen_in_every_group():
    made, _ = villages.panel(SCENARIOS["sixty_villages"], 3)
    cohort, count = np.unique(made.cohort, return_counts=True)

    assert list(cohort) == [2018, 2019, 2020, np.inf]
    assert list(count) == [15, 15, 15, 15]


# --- draws ---


def test_an_executor_changes_when_and_not_what():
    asked = {"sixty_villages": ("group_time_unadjusted", "twfe"), "members_by_lot": ("difference",)}
    here = list(monte_carlo(asked, draws=46, seed=11))
    with ThreadPoolExecutor(2) as pool:
        elsewhere = list(monte_carlo(asked, draws=46, seed=11, executor=pool))

    assert [one.found.shape for one in here] == [(46, 2, 4), (23, 1, 4)], "households make half the draws"
    for first, second in zip(here, elsewhere, strict=True):
        assert np.array_equal(first.found, second.found, equal_nan=True)


def test_a_draw_is_a_county_with_a_seed_of_its_own():
    asked = {"sixty_villages": ("group_time_unadjusted",)}
    several = next(monte_carlo(asked, draws=3, seed=20)).found
    alone = next(monte_carlo(asked, draws=2, seed=22)).found

    assert np.array_equal(several[2], alone[0])


@pytest.mark.parametrize("scenario", ["three_treated", "two_treated"])
def test_below_the_floor_there_is_no_interval(scenario):
    rows = judge(recovery(monte_carlo(chosen(scenario), draws=3, seed=1)))

    assert (rows["with_interval"] == 0).all() and (rows["verdict"] == "met").all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scenario": "fve_treated"}, "no scenario 'fve_treated'; choose all, .*did you mean five_treated"),
        ({"scenario": "observed", "estimator": "ols"}, "no estimator 'ols'; choose group_time, .*twfe"),
    ],
)
def test_an_unknown_scenario_or_method_is_refused_with_the_choices(given, said):
    with pytest.raises(ScenarioError, match=said):
        chosen(**given)


def test_an_estimator_is_asked_for_with_all_its_adjustments():
    assert chosen("observed", "group_time") == {
        "observed": ("group_time", "group_time_regression", "group_time_ipw", "group_time_unadjusted")
    }
    assert chosen("observed", "group_time_ipw") == {"observed": ("group_time_ipw",)}


# --- the arithmetic of the table ---


def made_up(
    estimate: np.ndarray, half: np.ndarray | float, truth: float, method="group_time", scenario="observed"
):
    columns = [np.full(len(estimate), truth), estimate, estimate - half, estimate + half]
    return Draws(scenario, (method,), 1, np.stack(columns, axis=-1)[:, None, :])


def test_the_table_by_hand():
    estimate = np.array([9.0, 11.0, 13.0, 15.0])
    half = np.array([2.0, 0.5, 3.5, np.nan])
    row = recovery([made_up(estimate, half, 10.0)]).iloc[0]

    assert (row["truth"], row["estimate"], row["bias"]) == (10.0, 12.0, 2.0)
    assert row["sd"] == pytest.approx(np.sqrt(20 / 3))
    assert row["monte_carlo_error"] == pytest.approx(np.sqrt(20 / 3) / 2)
    assert (row["with_estimate"], row["with_interval"]) == (4, 3)
    assert row["coverage"] == pytest.approx(2 / 3), "[7, 11] and [9.5, 16.5] hold ten, [10.5, 11.5] does not"
    assert row["excludes_zero"] == 1.0


def test_coverage_is_of_the_laws_effect_and_of_the_drawn_one():
    found = np.array([[[8.0, 9.0, 7.5, 10.5]], [[12.0, 12.0, 11.0, 13.0]]])  # mean truth: ten
    row = recovery([Draws("observed", ("group_time",), 1, found)]).iloc[0]

    assert (row["coverage"], row["coverage_drawn"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [
        (200, 0.905, 0.985),
        (500, 0.924, 0.974),
        (1000, 0.931, 0.967),
        (2000, 0.937, 0.962),
        (5000, 0.942, 0.958),
    ],
)
def test_the_band_is_the_exact_binomial_one(n, low, high):
    found = verdicts._band(n, 1 - verdicts.BAND)

    assert found == pytest.approx((low, high), abs=6e-4)
    assert found == (binom.ppf(0.005, n, 0.95) / n, binom.ppf(0.995, n, 0.95) / n)


def test_the_smallest_band_holds_every_outcome():
    assert verdicts._band(2, 0.01) == (0.5, 1.0)
    assert np.isnan(verdicts._band(0, 0.01)).all()


RNG = np.random.default_rng(5)
ERRORS = RNG.standard_normal(1000)
ERRORS -= ERRORS.mean()


@pytest.mark.parametrize(
    ("shift", "half", "method", "scenario", "verdict"),
    [
        (0.0, 1.96, "group_time", "observed", "met"),
        (0.2, 1.96, "group_time", "observed", "missed"),  # six Monte Carlo errors
        (0.0, 1.64, "group_time", "observed", "missed"),  # holds the truth in nine of ten
        (0.0, 2.6, "group_time", "observed", "missed"),  # too timid
        (0.0, 1.64, "group_time", "sixty_adjusted", "met"),  # coverage is shown there
        (0.2, 1.96, "group_time", "sixty_adjusted", "missed"),
        (0.15, 1.96, "aipw", "members_observed", "met"),  # a small share of the s.d.
        (0.4, 1.96, "aipw", "members_observed", "missed"),
        (0.0, 1.96, "twfe", "growing", "not_seen"),
        (1.0, 1.96, "twfe", "growing", "as_expected"),
        (0.0, 1.2, "twfe", "growing", "as_expected"),
        (0.0, 1.96, "twfe", "two_treated", "missed"),  # an interval where there must be none
        (3.0, 0.1, "twfe", "unobserved", "shown"),
    ],
)
def test_the_verdict_catches_what_is_wrong(shift, half, method, scenario, verdict):
    rows = judge(recovery([made_up(10 + shift + ERRORS, half, 10.0, method, scenario)]))

    assert rows["verdict"].tolist() == [verdict]


def test_rows_judged_together_are_each_held_to_less_and_marked_alone():
    half = np.quantile(np.abs(ERRORS), 0.9275)  # below the band of one row, inside that of very many
    alone = judge(recovery([made_up(10 + ERRORS, half, 10.0)])).iloc[0]
    many = judge(recovery([made_up(10 + ERRORS, half, 10.0)] * 60))

    assert 0.925 < alone["coverage"] < alone["band_low"] == 0.931
    assert (many["family_low"] < alone["family_low"]).all() and (many["demands"] == 120).all()
    assert (many["verdict"] == "met").all() and many["marked"].all()


# --- the command ---


def test_what_is_missed_fails_the_command(monkeypatch, capsys):
    honest = villages.answers

    def boastful(scenario, methods, seed):
        found = honest(scenario, methods, seed)
        middle = found[:, [1]]
        found[:, 2:] = middle + (found[:, 2:] - middle) / 4
        return found

    asked = ["validate", "--scenario", "sixty_villages", "--draws", "24", "--json"]
    assert main(asked) == 0
    monkeypatch.setitem(draws._ANSWERS, "villages", boastful)
    assert main(asked) == 4
    table = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["verdict"] for row in table if row["ask"] == "required"} == {"missed"}


def test_wrong_options_are_refused_before_anything_runs(capsys):
    assert main(["validate", "--draws", "1"]) == 2
    assert main(["validate", "--scenario", "nowhere"]) == 2
    assert "members_by_lot" in capsys.readouterr().err


def test_results_are_stored_with_what_made_them(tmp_path):
    assert main(["validate", "--scenario", "members", "--draws", "8", "--out", str(tmp_path)]) in (0, 4)

    kept = stored.read("members", tmp_path)
    assert kept.changed == () and kept.made["draws"] == 8
    assert kept.made["command"] == "coopeval validate --scenario members --draws 8 --seed 1000"
    direct = recovery(monte_carlo(chosen("members"), draws=8, seed=1000))
    pd.testing.assert_frame_equal(kept.rows, direct, rtol=1e-9, check_dtype=False)
    assert stored.read("villages", tmp_path) is None and stored.read("ladder", tmp_path) is None
    same = stored.recompute("members_observed", ("ols", "aipw"), 4, tmp_path)
    assert (same.draws, same.numbers, same.same) == (4, 32, 32)

    account = json.loads((tmp_path / "made.json").read_text("utf-8"))
    account["members"]["sources"]["members/regression.py"] = "0" * 16
    (tmp_path / "made.json").write_text(json.dumps(account), "utf-8")
    assert stored.read("members", tmp_path).changed == ("members/regression.py",)
    first = pd.read_csv(tmp_path / "first_draws.csv")
    row = first.index[first["scenario"] == "members_observed"][3]
    first.loc[row, "conf_low"] *= 1 + 1e-7
    first.to_csv(tmp_path / "first_draws.csv", index=False)
    again = stored.recompute("members_observed", MEMBER_METHODS, 4, tmp_path)
    assert again.same == again.numbers - 1 and 1e-9 < again.largest < 1e-6


def test_a_group_is_stored_beside_the_other(tmp_path):
    def a_draw(scenario):
        methods = tuple(SCENARIOS[scenario].asks)
        return Draws(scenario, methods, 1, RNG.standard_normal((3, len(methods), 4)))

    made = {"command": "x", "draws": 3, "seed": 1, "jobs": 1, "seconds": 1}
    digests = {kind: stored.sources(kind) for kind in stored.GROUPS}
    for group in ("members", "villages", "members"):
        found = [a_draw(scenario) for scenario in stored.GROUPS[group]]
        stored.write_recovery(found, tmp_path, made, digests)
        pd.testing.assert_frame_equal(
            stored.read(group, tmp_path).rows, recovery(found), rtol=1e-9, check_dtype=False
        )
    whole = pd.read_csv(tmp_path / "recovery.csv")
    assert list(dict.fromkeys(whole["scenario"])) == list(SCENARIOS)
    assert not whole.duplicated(["scenario", "method"]).any()


@pytest.mark.parametrize("part", [["--scenario", "observed"], ["--scenario", "all", "--estimator", "twfe"]])
def test_a_part_is_not_stored_as_if_it_were_the_whole(part, tmp_path, capsys):
    assert main(["validate", *part, "--out", str(tmp_path)]) == 2
    assert "stores whole groups" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_every_source_behind_the_numbers_is_digested():
    behind = {
        "villages": {
            "effects.py",
            "estimators/group_time.py",
            "simulate/adoption.py",
            "checks/validity/villages.py",
        },
        "members": {"members/weighting.py", "simulate/households.py", "checks/validity/members.py"},
        "ladder": {
            "checks/ladder.py",
            "estimators/imputation.py",
            "members/nearest_neighbour.py",
            "samples/select.py",
        },
    }
    for kind, some in behind.items():
        assert some <= set(stored.sources(kind))
        for pattern in stored.SOURCES[kind]:
            assert list(stored._PACKAGE.glob(pattern)), pattern


# --- what is stored ---


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_stored_draws_are_what_the_code_gives(scenario):
    found = stored.recompute(scenario, tuple(SCENARIOS[scenario].asks), 2)

    again = "coopeval validate --scenario all --draws 1000 --jobs 2 --out data/validity"
    assert found.draws == 2 and found.same == found.numbers, (
        f"largest difference {found.largest}; run: {again}"
    )


def test_the_stored_runs_meet_every_demand():
    rows = judge(pd.read_csv(stored.folder() / "recovery.csv"))
    of = rows.set_index(["scenario", "method"])

    assert set(rows["scenario"]) == set(SCENARIOS)
    assert not (rows["verdict"] == "missed").any()
    assert not (rows["verdict"] == "not_seen").any()
    headline = ["no_effect", "growing", "observed", "sixty_villages", "five_treated", "five_unequal"]
    assert (rows.loc[rows["scenario"].isin(headline), "draws"] >= 1000).all()
    assert (rows["draws"] >= 100).all()
    # recovery with sixty villages, fifteen a cohort
    assert 0.931 <= of.loc[("sixty_villages", "group_time_unadjusted"), "coverage"] <= 0.967
    # effects that grow: the headline is right, two-way fixed effects are not
    assert abs(of.loc[("growing", "group_time"), "bias_errors"]) <= 3
    assert of.loc[("growing", "twfe"), "coverage"] < 0.5
    assert of.loc[("constant", "twfe"), "verdict"] == "met"
    # coverage and size of the headline down to five treated, each by itself; the others are judged together above
    for scenario in ("no_effect", "five_treated", "five_unequal"):
        for method in ("group_time", "group_time_unadjusted"):
            assert 0.033 <= of.loc[(scenario, method), "excludes_zero"] <= 0.069, (scenario, method)
    for scenario in ("growing", "observed"):
        assert 0.931 <= of.loc[(scenario, "group_time"), "coverage"] <= 0.967, scenario


def test_the_stored_ladder_is_what_the_code_gives(demo):
    kept = stored.read("ladder").rows
    kept = kept[(kept["scenario"] == "county") & (kept["seed"] == 2)].reset_index(drop=True)
    again = rehearsal.over_seeds(demo, seeds=(2,), scenarios=("county",))

    pd.testing.assert_frame_equal(kept, again, rtol=1e-9, check_dtype=False)


def test_the_county_is_what_its_specification_says():
    rows = rehearsal.summarised(stored.read("ladder").rows).set_index(["scenario", "quantity"])
    known = rows[rows["rehearsed"].notna()]

    assert len(known) == len(rehearsal.REHEARSED) and (known["seeds"] == 12).all()
    gap = (known["mean"] - known["rehearsed"]).abs() / known["rehearsed_sd"]
    assert gap.max() <= 2, gap.idxmax()
    credible = rows[rows["role"] == "credible"].loc["county"]
    assert (credible["verdict"] == "as_expected").all() and len(credible) == 8
    naive = known[known["role"] == "naive"]
    assert (naive["verdict"] == "as_expected").all()


def test_without_selection_matching_agrees_with_the_truth_and_nothing_is_found_of_nothing():
    rows = rehearsal.summarised(stored.read("ladder").rows).set_index(["scenario", "quantity"])
    steps = ("nearest_neighbour", "aipw", "entropy_balancing", "matched_differences")

    for step in steps:
        row = rows.loc[("lot", f"member:{step}")]
        assert abs(row["mean"] - row["truth"]) <= 3 * row["sd"] / np.sqrt(12), step
    most = binom.ppf(0.995, 12, 0.05)
    for step in ("member:group_time", "member:imputation", "collective:group_time", "collective:imputation"):
        assert rows.loc[("lot_no_effect", step), "rejections"] <= most
    nothing = rows.loc[("county_no_effect", "member:before_after")]
    assert nothing["truth"] == 0 and nothing["mean"] > 8_000 and nothing["rejections"] == 12


def test_the_rehearsed_numbers_agree_with_the_calibrations_own(demo):
    """Two routes to the same five quantities."""
    county = simulate(County(seed=4))
    ours = {name: value for name, (value, _) in rehearsal._rehearsed(county, demo).items()}
    theirs = measured(county)

    for name, other, scale in (
        ("member_before_after_2019_2021", "members, before/after 2019 to 2021", 1),
        ("member_before_after_2018_2022", "members, before/after 2018 to 2022", 1),
        ("member_difference_2022", "member minus non-member, same villages, 2022", 1),
        ("collective_before_after_2019_2022", "collective, before/after 2019 to 2022", 10_000),
        ("true_collective_to_2022", "collective effect, to 2022", 10_000),
    ):
        assert ours[name] == pytest.approx(theirs[other] * scale, rel=1e-9), name


def test_a_published_number_that_is_missed_without_a_reason_fails_the_command(monkeypatch, capsys):
    from analysis.checks import published

    answer = published.Answer(
        "mpdta", "x", ("levels.simple",), "a book", "1.00", tolerance=0.01, compute=lambda: (1.0, 0.1)
    )
    monkeypatch.setattr(published, "answers", lambda: (answer,))
    assert main(["validate", "--published"]) == 0
    monkeypatch.setattr(published, "answers", lambda: (replace(answer, compute=lambda: (1.2, 0.1)),))
    assert main(["validate", "--published"]) == 4
    assert "missed: mpdta x: printed 1.00, found 1.2" in capsys.readouterr().out
