"""Report cards: the published rule on small matrices, brute force, transitivity."""

from itertools import product

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD, refused
from scipy.special import ndtr

from analysis.comparison.pooling import pool
from analysis.comparison.posterior import Prior
from analysis.comparison.report_card import report_card

FOUR = np.array(
    [[0.5, 0.97, 0.9, 0.99], [0.03, 0.5, 0.6, 0.85], [0.1, 0.4, 0.5, 0.7], [0.01, 0.15, 0.3, 0.5]]
)


def noisy(rng, arms):
    """Pairwise probabilities that contradict one another here and there."""
    level = rng.normal(size=arms)
    z = np.triu(level[:, None] - level + 0.7 * rng.normal(size=(arms, arms)), 1)
    return ndtr(z - z.T)


def least_loss(better, penalty):
    """The least loss over all rankings with ties, by looking at every one."""
    losses = []
    for groups in product(range(len(better)), repeat=len(better)):
        above = np.less.outer(groups, groups)
        losses.append((better.T - penalty * better)[above].sum())
    return min(losses)


@pytest.mark.parametrize(
    ("penalty", "groups"),
    [(0, [1, 1, 1, 1]), (0.25, [1, 2, 2, 2]), (0.5, [1, 2, 2, 3]), (1, [1, 2, 3, 4])],
)
def test_four_arms_of_the_worked_example(penalty, groups):
    found = report_card(FOUR, penalty=penalty)
    assert found.group.tolist() == groups
    assert found.n_groups == max(groups)
    assert found.certainty == 1 / (1 + penalty)


@pytest.mark.parametrize(
    ("estimate", "groups"),
    [(ALIKE, [1] * 10), (SPREAD, [3, 4, 4, 3, 2, 3, 3, 1, 5, 3])],
    ids=["null", "spread"],
)
def test_ten_arms_of_the_worked_examples(estimate, groups):
    pooled = pool(estimate, COVARIANCE, Prior("half_normal", 0.15), draws=2)
    assert report_card(pooled.better).group.tolist() == groups


@pytest.mark.parametrize("seed", range(6))
def test_no_ranking_with_ties_does_better(seed):
    rng = np.random.default_rng(seed)
    better, penalty = noisy(rng, 5), rng.uniform(0.1, 1)
    found = report_card(better, penalty=penalty)
    assert found.loss == pytest.approx(least_loss(better, penalty), abs=1e-4)
    assert found.loss == pytest.approx((better.T - penalty * better)[found.separated].sum())


@pytest.mark.parametrize("penalty", [0.1, 0.25, 0.6, 1])
def test_better_and_equal_are_both_transitive(penalty):
    found = report_card(noisy(np.random.default_rng(11), 8), penalty=penalty)
    np.testing.assert_array_equal(found.separated, np.less.outer(found.group, found.group))
    assert set(found.group) == set(range(1, found.n_groups + 1))


def test_no_penalty_gives_one_group_and_a_full_one_a_ranking():
    better = noisy(np.random.default_rng(2), 7)
    assert report_card(better, penalty=0).n_groups == 1
    assert report_card(better, penalty=1).n_groups == 7
    far = ndtr(100.0 * np.subtract.outer(np.arange(3), np.arange(3)))  # probabilities of exactly 0 and 1
    assert report_card(far, penalty=0).group.tolist() == [1, 1, 1]
    assert report_card(far, penalty=1).group.tolist() == [3, 2, 1]


def test_of_two_equally_good_cards_the_one_that_separates_less():
    even = np.array([[0.5, 0.8], [0.2, 0.5]])
    assert report_card(even, penalty=0.25).group.tolist() == [1, 1]
    assert report_card(np.full((4, 4), 0.5), penalty=1).n_groups == 1


def test_relabelled_arms_keep_their_groups_and_the_diagonal_is_not_read():
    better, order = noisy(np.random.default_rng(4), 7), np.random.default_rng(5).permutation(7)
    found = report_card(better).group
    assert len(set(found)) > 1
    np.testing.assert_array_equal(report_card(better[np.ix_(order, order)]).group, found[order])
    np.fill_diagonal(better, 0.0)
    np.testing.assert_array_equal(report_card(better).group, found)


def test_the_expected_share_of_wrong_orders():
    found = report_card(FOUR, penalty=0.25)
    assert found.wrong_share == pytest.approx((0.03 + 0.1 + 0.01) / 3)
    assert report_card(FOUR, penalty=0).wrong_share == 0


def test_refusals():
    refused(lambda: report_card(np.ones((2, 3))), en="square matrix", zh="方阵")
    refused(lambda: report_card(FOUR, penalty=1.5), en="lambda = 1.5 is outside 0", zh="lambda = 1.5 超出 0")
    wrong = FOUR.copy()
    wrong[1, 2] = 0.7
    refused(lambda: report_card(wrong), en="arms 1 and 2 (by position) are 0.7 and 0.4", zh="位置 1 与 2")
    wrong[1, 2] = np.nan
    refused(lambda: report_card(wrong), en="sum to 1", zh="相加为 1")
