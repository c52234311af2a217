"""Every method on the same households: survey weights are households counted so often, placebos find nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from member_sections import drawn, repeated, weighted

from analysis.members import nearest_neighbour, switching
from analysis.members.balance_by_method import METHODS, balance_by_method, weights
from analysis.members.by_method import KEYS, PLACEBOS, by_method, methods

OPTIONS = {"conf_level": 0.95, "seed": 1, "fewest": 5}


def matched_by_one(section, *, conf_level):
    """With several neighbours a heavy household is one neighbour, its copies are several: k = 1 has no such choice."""
    return nearest_neighbour.estimate(section, conf_level=conf_level, neighbours=1, bias="regression")


def differences_by_one(section, *, conf_level):
    change = replace(section, outcome=section.outcome - section.before)
    return matched_by_one(change, conf_level=conf_level)


def with_instrument(rng, section):
    """One more column that raises the odds of joining, drawn with membership."""
    pull = section.treated + rng.standard_normal(len(section.outcome))
    return replace(section, instrument=pull[:, None], instrument_names=("pull",))


@pytest.mark.parametrize("method", KEYS)
def test_a_weight_of_three_is_three_households(method):
    rng = np.random.default_rng(11)
    section = weighted(with_instrument(rng, drawn(rng, n=600, villages=60)), rng)
    copies = repeated(section)
    copies = replace(copies, instrument=np.repeat(section.instrument, section.weight.astype(int), axis=0))
    run = {
        **methods(seed=1), "switching": switching.estimate, "nearest_neighbour": matched_by_one,
        "matched_differences": differences_by_one,
    }[method]  # fmt: skip
    one, other = run(section, conf_level=0.95), run(copies, conf_level=0.95)
    unweighted = run(replace(section, weight=np.ones(600)), conf_level=0.95)

    assert one.estimate == pytest.approx(other.estimate, abs=1e-7)
    assert abs(one.estimate - unweighted.estimate) > 1e-3, "the weights matter"


@pytest.mark.parametrize("method", [name for name in METHODS if name != "nearest_neighbour"])
def test_weights_of_balance_count_survey_weights(method):
    rng = np.random.default_rng(3)
    section = weighted(drawn(rng, n=600, villages=60), rng)
    find = partial(weights, method)
    one, copies = find(section), find(repeated(section))
    times = section.weight.astype(int)
    summed = np.add.reduceat(copies, np.cumsum(times) - times)

    for group in (section.treated, ~section.treated):
        assert one[group] / one[group].sum() == pytest.approx(summed[group] / summed[group].sum(), abs=1e-9)


def test_with_selection_on_what_is_recorded_every_adjusted_method_finds_the_effect():
    rng = np.random.default_rng(5)
    section = drawn(rng, n=4000, villages=200, effect=1.0)
    rows = by_method(section, **OPTIONS, known={"switching": "not asked"}).set_index("method")

    assert rows.loc["difference", "estimate"] > 1.5, "plainly wrong"
    for method in set(KEYS) - {"difference", "switching", "matched_differences"}:
        assert abs(rows.loc[method, "estimate"] - 1) < 3 * rows.loc[method, "std_error"] < 0.3, method
    assert rows.loc["switching", "status"] == "not estimable: not asked"
    assert np.isnan(rows.loc["switching", "estimate"])


def test_the_placebo_is_the_same_method_on_the_outcome_of_before():
    rng = np.random.default_rng(6)
    section = drawn(rng)
    rows = by_method(section, **OPTIONS, known={"switching": "not asked"}).set_index("method")
    past = by_method(
        replace(section, outcome=section.before, before=None), **OPTIONS, known={"switching": "not asked"}
    ).set_index("method")

    assert rows.loc[list(PLACEBOS), "at_baseline"].tolist() == past.loc[list(PLACEBOS), "estimate"].tolist()
    assert past["at_baseline"].isna().all(), "one date has nothing before it"
    assert past.loc["matched_differences", "status"].startswith("not estimable: matched differences need")
    exact = ["difference", "ols", "aipw", "entropy_balancing"]
    assert rows.loc[exact, "baseline_low"].tolist() == past.loc[exact, "conf_low"].tolist()


def test_an_estimate_that_few_villages_carry_has_no_interval():
    section = drawn(np.random.default_rng(7), n=400, villages=40)
    rows = by_method(section, conf_level=0.95, seed=1, fewest=10_000, known={"switching": "not asked"})
    carried = rows[rows["status"].str.startswith("flagged")]

    assert set(carried["method"]) >= {"ipw", "aipw", "entropy_balancing"}
    assert carried["conf_low"].isna().all() and carried["estimate"].notna().all()


def test_balance_names_the_method_that_cannot_be_had():
    rng = np.random.default_rng(8)
    section = drawn(rng)
    far = replace(
        section,
        covariates=np.column_stack([section.covariates, section.treated * 5.0]),
        names=("a", "b", "c"),
    )
    by_covariate, by_method_ = balance_by_method(far)
    status = by_method_.set_index("method")["status"]

    assert status["unadjusted"] == "ok"
    assert status["ipw"].startswith("not estimable: covariate 'c' separates")
    assert set(by_covariate["method"]) == {"unadjusted"}

    plain, summary = balance_by_method(section)
    left = summary.set_index("method")
    assert left.loc["entropy_balancing", "largest"] < 1e-8 < left.loc["unadjusted", "largest"]
    unadjusted = plain[plain["method"] == "unadjusted"].set_index("variable")["difference"]
    x, d = section.covariates[:, 0], section.treated
    by_hand = (x[d].mean() - x[~d].mean()) / np.sqrt((x[d].var(ddof=1) + x[~d].var(ddof=1)) / 2)
    assert unadjusted["land"] == pytest.approx(by_hand, abs=1e-12)
