"""Weights from judgements of pairs: Saaty's house, and refusal of judgements that contradict each other."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.ahp import RANDOM_INDEX, ahp_weights, group_priorities, priorities
from analysis.messages import in_language

# Buying a house, Saaty (1980)
ROWS = [
    "1 5 3 7 6 6 1/3 1/4", "1/5 1 1/3 5 3 3 1/5 1/7", "1/3 3 1 6 3 4 6 1/5", "1/7 1/5 1/6 1 1/3 1/4 1/7 1/8",
    "1/6 1/3 1/3 3 1 1/2 1/5 1/6", "1/6 1/3 1/4 4 2 1 1/5 1/6", "3 5 1/6 7 5 5 1 1/2", "4 7 5 8 6 6 2 1",
]  # fmt: skip
HOUSE = np.array([[float(Fraction(v)) for v in row.split()] for row in ROWS])


def from_weights(w):
    return np.asarray(w)[:, None] / np.asarray(w)[None, :]


def test_the_house_has_its_weights_and_is_not_consistent():
    found = priorities(HOUSE)
    np.testing.assert_allclose(
        found.weights, [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], atol=0.0006
    )
    assert found.lambda_max == pytest.approx(9.669, abs=0.0006)
    assert found.ci == pytest.approx(0.238, abs=0.0006)
    assert found.cr == pytest.approx(0.169, abs=0.0006)
    assert found.ri == 1.41
    assert not found.consistent
    assert found.worst == (2, 6)  # judged 6 to 1, though the seventh weighs nearly as much as the third


def test_the_house_is_refused_and_the_judgement_to_look_at_named():
    with pytest.raises(ComparisonError) as caught:
        ahp_weights(HOUSE)
    assert "CR = 0.169, look again at criterion 3 against 7 (judged 6, the others imply" in str(caught.value)
    assert "CR must be below 0.10" in str(caught.value)
    assert "CR = 0.169，请复核准则 3 与准则 7" in in_language(caught.value, "zh")


def test_refusal_begins_at_a_ratio_of_a_tenth():
    """Three criteria whose third judgement runs from agreement (4) to the opposite (0.3)."""

    def matrix(a):
        return np.array([[1, 2, a], [1 / 2, 1, 2], [1 / a, 1 / 2, 1]])

    judged = np.linspace(4, 0.3, 200)
    ratio = np.array([priorities(matrix(a)).cr for a in judged])
    assert ratio[0] == pytest.approx(0, abs=1e-9)
    assert (np.diff(ratio) > 0).all()
    last = np.flatnonzero(ratio < 0.10)[-1]
    assert ratio[last] > 0.09
    assert ahp_weights(matrix(judged[last])).consistent
    with pytest.raises(ComparisonError, match="contradict each other"):
        ahp_weights(matrix(judged[last + 1]))


@pytest.mark.parametrize("n", range(1, 11))
def test_judgements_made_from_weights_give_them_back(n):
    w = np.linspace(1, 3, n) / np.linspace(1, 3, n).sum()
    found = ahp_weights(from_weights(w))
    np.testing.assert_allclose(found.weights, w, rtol=1e-9)
    assert found.cr == pytest.approx(0, abs=1e-9)
    assert found.ri == RANDOM_INDEX[n - 1]


def test_renumbering_the_criteria_renumbers_the_weights():
    order = np.random.default_rng(0).permutation(8)
    np.testing.assert_allclose(
        priorities(HOUSE[np.ix_(order, order)]).weights, priorities(HOUSE).weights[order], rtol=1e-9
    )


def test_judgements_written_with_two_decimals_are_taken():
    assert ahp_weights([[1, 3, 9], [0.33, 1, 3], [0.11, 0.33, 1]]).weights[0] == pytest.approx(
        9 / 13, abs=0.003
    )


def test_a_group_settles_on_the_geometric_mean_and_keeps_every_expert():
    one, other = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    found = group_priorities([from_weights(one), from_weights(other)])
    np.testing.assert_allclose(
        found.together.weights, np.sqrt(one * other) / np.sqrt(one * other).sum(), rtol=1e-9
    )
    np.testing.assert_allclose([e.weights for e in found.experts], [one, other], rtol=1e-9)


def test_every_expert_who_contradicts_himself_is_listed():
    bad = np.array([[1, 5, 1 / 5], [1 / 5, 1, 5], [5, 1 / 5, 1]])
    with pytest.raises(ComparisonError) as caught:
        group_priorities([bad, from_weights([0.5, 0.3, 0.2]), bad.T])
    said = str(caught.value)
    assert "expert 1: CR" in said
    assert "expert 3: CR" in said
    assert "expert 2" not in said
    assert "第 3 位专家：CR" in in_language(caught.value, "zh")


@pytest.mark.parametrize(
    ("matrix", "en", "zh"),
    [
        (np.ones((2, 3)), "square matrix of 1 to 10 criteria, not of shape (2, 3)", "1 到 10 阶方阵"),
        (np.ones((11, 11)), "group more criteria into levels", "请分层"),
        ([[1, 2], [1, 1]], "(1, 2): 2, 1", "(1, 2)：2, 1".replace("：", ": ")),
        ([[1, 12], [1 / 12, 1]], "lie between 1/9 and 9", "1/9 到 9"),
        ([[1, -2], [-1 / 2, 1]], "1 pairs do not", "1 对不符"),
        ([[2, 3], [1 / 3, 1]], "(1, 1): 2, 2", "(1, 1): 2, 2"),
    ],
)
def test_what_is_no_matrix_of_judgements_is_said(matrix, en, zh):
    with pytest.raises(ComparisonError) as caught:
        priorities(matrix)
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")


def test_experts_judge_the_same_criteria():
    with pytest.raises(ComparisonError, match=r"shapes \[\(2, 2\), \(3, 3\)\]"):
        group_priorities([np.ones((2, 2)), np.ones((3, 3))])
