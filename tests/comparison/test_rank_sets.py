"""Confidence sets for ranks: the published 38 countries, ten models, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD
from scipy import stats

from analysis import paths
from analysis.comparison.errors import ComparisonError
from analysis.comparison.rank_sets import all_pairs, marginal, simultaneous, tau_best
from analysis.messages import in_language

# R csranks, 20,000 draws, seed 101; Mogstad, Romano, Shaikh, Wilhelm (2024). Countries in alphabetical order.
MARGINAL_LOW = (15, 10, 5, 4, 35, 37, 36, 10, 5, 1, 5, 12, 10, 32, 25, 12, 10, 32, 19, 1, 1, 12, 25, 25, 35, 1, 12, 10, 2,
                12, 20, 5, 25, 7, 2, 32, 8, 25)  # fmt: skip
MARGINAL_HIGH = (26, 24, 18, 12, 36, 38, 38, 24, 15, 6, 18, 26, 24, 34, 31, 26, 24, 34, 31, 4, 6, 25, 31, 31, 37, 7, 26,
                 23, 11, 26, 31, 14, 31, 23, 11, 34, 23, 31)  # fmt: skip
JOINT_LOW = (12, 7, 4, 3, 35, 37, 35, 7, 4, 1, 4, 12, 7, 32, 23, 12, 8, 31, 15, 1, 1, 12, 23, 23, 35, 1, 12, 7, 1, 12, 18,
             4, 24, 5, 1, 32, 6, 23)  # fmt: skip
JOINT_HIGH = (30, 26, 18, 17, 37, 38, 38, 25, 18, 6, 18, 26, 25, 34, 31, 26, 25, 34, 31, 6, 7, 26, 31, 31, 37, 11, 26, 24,
              12, 31, 31, 18, 31, 24, 13, 34, 24, 32)  # fmt: skip
UNSTABLE = (7, 30)  # simultaneous bounds that the reference's own seeds move
TOP_5 = ("Belgium", "Canada", "Denmark", "Estonia", "Finland", "Japan", "Korea", "Netherlands", "Poland", "Slovenia",
         "Sweden", "Switzerland")  # fmt: skip
MANY = 2**17  # rays, for the published example


@pytest.fixture(scope="module")
def countries() -> pd.DataFrame:
    folder = paths.shared_data()
    file = None if folder is None else folder / "rank_inference" / "pisa2018.csv"
    if file is None or not file.is_file():
        pytest.skip(
            "pisa2018.csv (GPL-3) is not here; set COOPEVAL_DATA to the folder that holds rank_inference"
        )
    return pd.read_csv(file).sort_values(
        "jurisdiction", key=lambda names: names.str.replace("ü", "u"), ignore_index=True
    )


def test_simultaneous_sets_of_38_countries_are_those_of_the_authors_program(countries):
    x, covariance = countries["math_score"].to_numpy(), np.diag(countries["math_se"].to_numpy() ** 2)
    found = simultaneous(x, covariance, draws=MANY)

    stable = np.delete(np.arange(38), UNSTABLE)
    assert np.array_equal(found.low[stable], np.array(JOINT_LOW)[stable])
    assert np.array_equal(found.high[stable], np.array(JOINT_HIGH)[stable])
    assert np.abs(found.low - JOINT_LOW).max() <= 1
    assert np.abs(found.high - JOINT_HIGH).max() <= 1
    assert tuple(countries.loc[tau_best(found, 5), "jurisdiction"]) == TOP_5


def test_marginal_sets_of_38_countries_are_those_of_the_authors_program(countries):
    x, covariance = countries["math_score"].to_numpy(), np.diag(countries["math_se"].to_numpy() ** 2)
    found = marginal(x, covariance, draws=MANY)

    off = np.abs(np.r_[found.low - MARGINAL_LOW, found.high - MARGINAL_HIGH])
    assert off.max() <= 1
    assert (off > 0).sum() <= 3
    assert tuple(found.low[:6]) == (15, 10, 5, 4, 35, 37)
    kingdom = countries.index[countries["jurisdiction"] == "United Kingdom"][0]
    assert (found.rank[kingdom], found.high[kingdom]) == (13, 23)
    assert found.low[kingdom] in {7, 8}, "the vignette prints 8 and says 7"


@pytest.fixture(scope="module")
def spread():
    return simultaneous(SPREAD, COVARIANCE), marginal(SPREAD, COVARIANCE)


def test_ten_models_have_the_recorded_sets(spread):
    joint, own = spread
    assert joint.low.tolist() == [3, 4, 3, 2, 1, 2, 2, 1, 4, 1]
    assert joint.high.tolist() == [10, 10, 10, 8, 6, 10, 10, 3, 10, 10]
    assert own.low.tolist() == [3, 5, 3, 3, 1, 3, 2, 1, 7, 1]
    assert own.high.tolist() == [8, 10, 10, 8, 4, 10, 10, 2, 10, 9]
    assert tau_best(joint, 1).nonzero()[0].tolist() == [4, 7, 9]


def test_ten_models_alike_are_not_ranked():
    for found in (simultaneous(ALIKE, COVARIANCE), marginal(ALIKE, COVARIANCE)):
        assert found.low.tolist() == [1] * 10
        assert found.high.tolist() == [10] * 10
    assert found.rank.tolist() == [7, 9, 8, 4, 2, 5, 6, 1, 10, 3]


def test_sets_hold_the_rank_and_those_for_one_arm_are_narrower(spread):
    joint, own = spread
    for found in spread:
        assert (found.low <= found.rank).all()
        assert (found.rank <= found.high).all()
    assert (joint.low <= own.low).all()
    assert (own.high <= joint.high).all()
    assert not (joint.beats & joint.beats.T).any()


def test_names_of_arms_units_and_a_common_constant_do_not_matter(spread):
    new = np.random.default_rng(5).permutation(10)
    scaled = 1e4 * (SPREAD + 3.0), 1e8 * COVARIANCE
    for make, before in zip((simultaneous, marginal), spread, strict=True):
        moved, yuan = make(SPREAD[new], COVARIANCE[np.ix_(new, new)]), make(*scaled)
        for name in ("rank", "low", "high"):
            assert np.array_equal(getattr(moved, name), getattr(before, name)[new])
            assert np.array_equal(getattr(yuan, name), getattr(before, name))
        assert np.array_equal(moved.beats, before.beats[np.ix_(new, new)])


def test_what_the_arms_share_sharpens_ranks_and_the_diagonal_alone_does_not_know_it(spread):
    shared = COVARIANCE + 0.05
    full, diagonal = simultaneous(SPREAD, shared), simultaneous(SPREAD, np.diag(np.diag(shared)))
    assert np.array_equal(full.low, spread[0].low)
    assert np.array_equal(full.high, spread[0].high)
    assert (full.high - full.low).sum() < (diagonal.high - diagonal.low).sum()


def test_equal_estimates_share_a_rank_and_their_sets_overlap():
    x = np.array([5.0, 1.0, 1.0, 0.0])
    for make in (simultaneous, marginal):
        found = make(x, np.eye(4) * 0.01)
        assert found.rank.tolist() == [1, 2, 2, 4]
        assert found.low.tolist() == [1, 2, 2, 4]
        assert found.high.tolist() == [1, 3, 3, 4]


def test_one_side_agrees_with_both_for_an_arm_far_ahead():
    x = SPREAD.copy()
    x[7] += 3.0
    both, worst, best = (marginal(x, COVARIANCE, side=side) for side in ("both", "worst", "best"))
    assert (both.low[7], both.high[7]) == (worst.low[7], worst.high[7]) == (1, 1)
    assert (best.low[7], best.high[7]) == (1, 10)
    assert (worst.low == 1).all()
    assert (best.high == 10).all()
    assert (worst.high <= both.high).all()
    assert (best.low >= both.low).all()


def test_a_step_down_finds_more_than_a_single_step():
    """Once the clear pairs are refused, fewer are left to guard against: 2.9 is not enough at first, and is then."""
    x = np.array([72.0, 62.0, 52.0, 42.0, 32.0, 22.0, 2.9, 0.0])
    found = all_pairs(x, np.eye(8) * 0.5, df=np.inf, draws=2**14, seed=0)
    single = found.largest(~np.eye(8, dtype=bool)).critical(0.05)
    assert found.statistic[6, 7] < single
    assert simultaneous(x, np.eye(8) * 0.5).beats[6, 7]


def test_the_family_keeps_its_level_where_all_arms_are_equal():
    """The chance that any pair of equal arms is declared, by plain draws: at most alpha in the first step."""
    found = all_pairs(np.zeros(10), COVARIANCE, df=np.inf, draws=2**15, seed=0)
    critical = found.largest(~np.eye(10, dtype=bool)).critical(0.05)
    drawn = np.random.default_rng(9).multivariate_normal(np.zeros(10), COVARIANCE, size=100_000)
    largest = np.full(len(drawn), -np.inf)
    for j in range(10):
        others = np.delete(np.arange(10), j)
        largest = np.maximum(
            largest, ((drawn[:, [j]] - drawn[:, others]) / found.std_error[j, others]).max(axis=1)
        )
    assert (largest > critical).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 100_000))


def test_few_clusters_widen_the_sets(spread):
    few = simultaneous(SPREAD, COVARIANCE, df=np.array([59.0, 44, 29, 24, 19, 13, 9, 7, 6, 4]))
    assert (few.low <= spread[0].low).all()
    assert (few.high >= spread[0].high).all()
    assert (few.high - few.low).sum() > (spread[0].high - spread[0].low).sum()
    one = simultaneous(SPREAD, COVARIANCE, df=5.0)
    assert (one.high - one.low).sum() > (spread[0].high - spread[0].low).sum()


def test_two_arms_are_ranked_by_one_two_sided_test():
    for gap, apart in ((1.95, False), (1.97, True)):
        found = simultaneous(np.array([gap, 0.0]), np.eye(2) / 2)
        assert bool(found.high[0] == 1) is apart
    assert stats.norm.ppf(0.975) == pytest.approx(1.96, abs=0.001)


def test_refusals():
    joint, own = simultaneous(ALIKE, COVARIANCE, draws=64), marginal(ALIKE, COVARIANCE, draws=64)
    with pytest.raises(ComparisonError, match=r"use simultaneous\(\) instead") as caught:
        tau_best(own, 1)
    assert "对所有组同时成立" in in_language(caught.value, "zh")
    for tau in (0, 11):
        with pytest.raises(
            ComparisonError, match=f"the {tau} best of 10 arms: tau must lie between 1 and 10"
        ) as caught:
            tau_best(joint, tau)
        assert "应在1与10之间" in in_language(caught.value, "zh")
    with pytest.raises(ComparisonError, match="choose both, best, worst") as caught:
        marginal(ALIKE, COVARIANCE, side="lower")
    assert "可选：both, best, worst" in in_language(caught.value, "zh")
    with pytest.raises(ComparisonError, match="0 = 1; they are one arm under two names") as caught:
        simultaneous(np.zeros(2), np.ones((2, 2)))
    assert "只保留一个" in in_language(caught.value, "zh")
