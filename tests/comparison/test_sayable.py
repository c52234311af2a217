"""Sentences about the best: every branch, and what the branches say in simulated studies."""

from dataclasses import replace

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD, refused

from analysis.comparison.pooling import pool, standing_apart
from analysis.comparison.posterior import Prior
from analysis.comparison.sayable import APART, FURTHER_KEYS, MAIN_KEYS, Standing, what_can_be_said
from analysis.comparison.winner import winner
from analysis.comparison.with_the_best import with_the_best

PRIOR = Prior("half_normal", 0.15)


def standing(n_candidates, *, arms=7, **changed):
    """Arm 0 leads; the first arms are candidates; nothing else to be said."""
    made = Standing(
        candidates=np.arange(arms) < n_candidates,
        below_best=np.linspace(0.05, 0.4, arms),
        estimate=np.linspace(0.5, 0.1, arms),
        pooled=np.linspace(0.45, 0.15, arms),
        p_best=np.r_[0.95, np.full(arms - 1, 0.05 / max(arms - 1, 1))],
        n_units=np.linspace(60, 12, arms),
        grades=("A",) * arms,
        winner=0.48,
        winner_low=0.3,
        winner_high=0.6,
        pooled_low=np.full(arms, 0.3),
        pooled_high=np.full(arms, 0.55),
        apart=np.full(arms, 0.5),
        mean_effect=0.25,
    )
    return replace(made, **changed)


GRADE_C = ("C", *"AAAAAA")
BRANCHES = {
    "only_one_arm": standing(1, arms=1),
    "one_best": standing(1),
    "one_left_weak_evidence": standing(1, grades=GRADE_C),
    "one_left_not_sure": standing(1, p_best=np.r_[0.89, np.full(6, 0.11 / 6)]),
    "few_candidates": standing(3),
    "many_candidates": standing(5),
    "none_ruled_out": standing(7),
}


@pytest.mark.parametrize("key", MAIN_KEYS)
def test_every_main_sentence_is_reached_and_stands_alone(key):
    said = what_can_be_said(BRANCHES[key])
    assert [one.key for one in said] == [key]


FURTHER = {
    "leaders_differ": standing(5, pooled=np.array([0.2, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1])),
    "lone_star": standing(1, apart=np.r_[2.5, np.zeros(6)]),
    "intervals_part": standing(5, winner_high=0.68),
    "may_not_help": standing(1, winner_low=-0.01, pooled_low=np.full(7, 0.1)),
    "weak_candidates": standing(3, grades=("A", "C", "B", "C", "A", "A", "A")),
}


@pytest.mark.parametrize("key", FURTHER_KEYS)
def test_every_further_sentence_is_reached_beside_a_main_one(key):
    said = [one.key for one in what_can_be_said(FURTHER[key])]
    assert said[0] in MAIN_KEYS
    assert said[1:] == [key]


@pytest.mark.parametrize(("size", "key"), [(2, "few"), (4, "few"), (5, "many"), (6, "many"), (7, "none")])
def test_the_size_of_the_set_chooses_the_sentence(size, key):
    assert what_can_be_said(standing(size))[0].key.startswith(key)


def test_numbers_are_those_the_sentence_needs():
    few = what_can_be_said(standing(3))[0]
    assert few.arms == (0, 1, 2)
    assert dict(few.numbers) == pytest.approx(
        {"n_candidates": 3, "n_arms": 7, "at_most": 0.05 + 2 * 0.35 / 6}
    )
    one = what_can_be_said(standing(1))[0]
    assert dict(one.numbers) == {"effect": 0.48, "low": 0.3, "high": 0.6, "p_best": 0.95, "n_arms": 7}
    differ = what_can_be_said(FURTHER["leaders_differ"])[1]
    assert (differ.arms, dict(differ.numbers)) == ((0, 1), {"n_raw": 60, "n_pooled": 52})
    assert what_can_be_said(FURTHER["weak_candidates"])[1].arms == (1,)


def test_candidates_are_named_by_pooled_effect_and_never_by_estimate():
    pooled = np.array([0.2, 0.4, 0.3, 0.1, 0.1, 0.1, 0.1])
    assert what_can_be_said(standing(3, pooled=pooled))[0].arms == (1, 2, 0)


def test_a_larger_lead_alone_changes_no_sentence():
    ahead = standing(7, estimate=np.r_[5.0, np.linspace(0.4, 0.1, 6)])
    assert what_can_be_said(ahead)[0].key == "none_ruled_out"


def from_numbers(estimate, *, draws=2**12):
    """The standing that the methods of the comparison give; grades as if every check were passed."""
    best, pooled = (
        with_the_best(estimate, COVARIANCE, draws=draws),
        pool(estimate, COVARIANCE, PRIOR, draws=2000),
    )
    top = winner(estimate, COVARIANCE, draws=draws).hybrid
    return Standing(
        candidates=best.may_be_best,
        below_best=-best.low,
        estimate=estimate,
        pooled=pooled.mean,
        p_best=pooled.p_best,
        n_units=np.array([60, 45, 30, 25, 20, 14, 10, 8, 7, 5]),
        grades=("A",) * 10,
        winner=top.estimate,
        winner_low=top.conf_low,
        winner_high=top.conf_high,
        pooled_low=pooled.low,
        pooled_high=pooled.high,
        apart=standing_apart(estimate, COVARIANCE, PRIOR),
        mean_effect=0.25,
    )


def test_the_ten_arms_of_the_worked_examples():
    nothing, spread = (what_can_be_said(from_numbers(x, draws=2**15)) for x in (ALIKE, SPREAD))
    assert nothing[0].key == "none_ruled_out"
    assert nothing[0].numbers["at_most"] == pytest.approx(0.6342, abs=0.01)
    assert (spread[0].key, spread[0].arms) == ("few_candidates", (7, 4))
    assert spread[0].numbers["at_most"] == pytest.approx(0.5465, abs=0.01)


def simulated(rng, true, root):
    estimate = true + root @ rng.standard_normal(10)
    chosen = with_the_best(estimate, COVARIANCE, draws=2**11).may_be_best
    pooled = pool(estimate, COVARIANCE, PRIOR, draws=500)
    made = standing(
        1, arms=10, candidates=chosen, estimate=estimate, pooled=pooled.mean, p_best=pooled.p_best
    )
    return what_can_be_said(made)[0]


def test_equal_arms_have_no_winner_in_94_of_100_studies():
    rng, root = np.random.default_rng(0), np.linalg.cholesky(COVARIANCE)
    said = [simulated(rng, np.full(10, 0.25), root) for _ in range(120)]
    assert np.mean([one.key.startswith("one_") for one in said]) <= 0.06
    assert np.mean([one.key == "none_ruled_out" for one in said]) > 0.5


def test_a_winner_that_is_named_is_the_right_one():
    rng, root = np.random.default_rng(1), np.linalg.cholesky(COVARIANCE)
    true = np.where(np.arange(10) == 3, 0.65, 0.25)
    named = [
        one.arms for one in (simulated(rng, true, root) for _ in range(60)) if one.key.startswith("one_")
    ]
    assert len(named) > 15
    assert np.mean([arms == (3,) for arms in named]) >= 0.9


def test_standing_apart_tells_a_lone_star_from_normal_effects():
    rng, root = np.random.default_rng(2), np.linalg.cholesky(COVARIANCE)

    def warned(true):
        estimate = true + root @ rng.standard_normal(10)
        return standing_apart(estimate, COVARIANCE, PRIOR)[estimate.argmax()] > APART

    stars = [warned(0.25 + 0.3 * (np.arange(10) == rng.integers(10))) for _ in range(150)]
    equal = [warned(np.full(10, 0.25)) for _ in range(150)]
    assert np.mean(stars) > 0.7
    assert np.mean(equal) < 0.2


def test_refusals():
    none = standing(0)
    refused(lambda: what_can_be_said(none), en="no arm is left", zh="没有任何模式")
    short = standing(2, p_best=np.array([1.0]), grades=("A",))
    refused(lambda: what_can_be_said(short), en="another number of: p_best, grades;", zh="p_best, grades；")
    refused(lambda: what_can_be_said(standing(2, mean_effect=0)), en="mean effect 0 cannot", zh="平均效应 0")
