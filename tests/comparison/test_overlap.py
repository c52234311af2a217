"""Overlap: probabilities of models, effective numbers, balance after weighting, grades that stay open."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.comparison import overlap
from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language

NAMES = ("income", "distance")


def chosen(seed: int, strength: float, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Models of about 5:3:1, chosen by income."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    index = np.column_stack([np.full(n, 1.6), 1.1 + strength * x[:, 0], -strength * x[:, 0]])
    return np.array(["M01", "M02", "M03"])[(index + rng.gumbel(size=index.shape)).argmax(axis=1)], x


def diagnosed(
    model: np.ndarray, x: np.ndarray, scores: overlap.Scores, target: np.ndarray
) -> overlap.Overlap:
    return overlap.diagnose(model, x, np.ones(len(x)), scores, target=target, names=NAMES)


def test_known_probabilities_balance_the_models():
    """With a model's shares by cell of a binary covariate as probabilities, inverse weights balance it exactly."""
    model = np.array(["A"] * 6 + ["B"] * 2 + ["A"] * 3 + ["B"] * 9)
    x = np.column_stack([np.repeat([0.0, 1.0], [8, 12])])
    p = np.where(x == 0, [[6 / 8, 2 / 8]], [[3 / 12, 9 / 12]])
    scores = overlap.Scores(("A", "B"), p, 0.0, np.zeros(2, int), np.zeros(2))
    for target in (np.ones(20), overlap.tilting(scores)):
        found = overlap.diagnose(model, x, np.ones(20), scores, target=target, names=("x",))
        np.testing.assert_allclose(found.after, 0.0, atol=1e-12)
        assert (np.abs(found.before).max(axis=1) > 0.2).all()
    w = np.r_[np.full(6, 8 / 6), np.full(3, 4.0)]
    found = overlap.diagnose(model, x, np.ones(20), scores, target=np.ones(20), names=("x",))
    assert found.effective_number[0] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert found.largest_share[0] == pytest.approx(4 / w.sum())


def test_tilting_is_that_of_the_overlap_population():
    scores = overlap.Scores(
        ("A", "B"), np.array([[0.5, 0.5], [0.9, 0.1]]), 0.0, np.zeros(2, int), np.zeros(2)
    )
    np.testing.assert_allclose(overlap.tilting(scores), [0.25, 0.09])  # e (1 - e) with two models


def test_weighting_balances_where_models_overlap_and_grades_where_they_do_not():
    model, x = chosen(1, strength=0.5)
    scores = overlap.scores(model, x, np.ones(len(x)), ridge=0.1)
    inverse, both = (diagnosed(model, x, scores, t) for t in (np.ones(len(x)), overlap.tilting(scores)))
    assert np.abs(inverse.before).max() > 0.3
    assert inverse.imbalance[:2].max() < 0.1
    assert both.imbalance.max() < 0.1
    assert both.effective_number[2] > inverse.effective_number[2]  # nobody is far from its own target
    model, x = chosen(2, strength=3.0)
    scores = overlap.scores(model, x, np.ones(len(x)), ridge=0.1)
    apart = diagnosed(model, x, scores, np.ones(len(x)))
    assert apart.grade[2] == "C"
    assert {"few_effective", "large_imbalance"} & set(apart.reasons[2])
    assert (scores.probability >= scores.floor).all()


@pytest.mark.parametrize(
    ("n", "spread", "shift", "grade", "reasons"),
    [
        (20, 0, 0.0, "A", ()),
        (19, 0, 0.0, "B", ("small_number",)),
        (20, 0, 0.2, "B", ("imbalance",)),
        (9, 0, 0.0, "C", ("small_number", "few_effective")),
        (20, 12, 0.0, "B", ("small_number",)),
        (20, 25, 0.0, "C", ("small_number", "few_effective")),
        (20, 0, 0.3, "C", ("imbalance", "large_imbalance")),
    ],
)
def test_grades_by_their_rules(n, spread, shift, grade, reasons):
    """n villages of A; the first is `spread` times lighter in probability; A lies `shift` s.d. from the target."""
    rest = 400
    z = np.tile([-1.0, 1.0], rest // 2)
    x = np.r_[np.tile([-1.0, 1.0], n)[:n] - (n % 2) * np.r_[-1.0, np.zeros(n - 1)] + shift, z][:, None]
    model = np.array(["A"] * n + ["B"] * rest)
    p = np.full((n + rest, 2), 0.5)
    target = np.r_[np.full(n, 1e-9), np.ones(rest)]
    if spread:
        p[:2, 0] = 0.5 / spread  # one at each side, so that balance stays
    scores = overlap.Scores(("A", "B"), p, 0.0, np.zeros(2, int), np.zeros(2))
    found = overlap.diagnose(model, x, np.ones(n + rest), scores, target=target, names=("x",))
    assert (found.grade[0], found.reasons[0]) == (grade, reasons)


def test_the_floor_is_counted():
    model, x = chosen(3, strength=3.0)
    free = overlap.scores(model, x, np.ones(len(x)), ridge=0.1, floor=0.0)
    floored = overlap.scores(model, x, np.ones(len(x)), ridge=0.1, floor=0.2)
    own = free.probability[np.arange(len(x)), np.searchsorted(free.models, model)]
    expected = [int((own[model == name] < 0.2).sum()) for name in free.models]
    assert floored.n_floored.tolist() == expected
    assert sum(expected) > 0
    assert floored.probability.min() == 0.2
    np.testing.assert_allclose(floored.smallest, [own[model == name].min() for name in free.models])


def test_cross_fitted_probabilities_do_not_know_their_own_village():
    model, x = chosen(4, strength=1.0)
    found = overlap.cross_fitted(model, x, np.ones(len(x)), seed=5)
    again = overlap.cross_fitted(model, x, np.ones(len(x)), seed=5)
    np.testing.assert_array_equal(found.probability, again.probability)
    fitted = overlap.scores(model, x, np.ones(len(x)))
    own = np.arange(len(x)), np.searchsorted(found.models, model)
    assert np.log(found.probability[own]).mean() < np.log(fitted.probability[own]).mean()
    assert np.corrcoef(found.probability[:, 1], fitted.probability[:, 1])[0, 1] > 0.99


def test_units_of_covariates_and_order_do_not_matter():
    model, x = chosen(6, strength=1.0)
    found = overlap.scores(model, x, np.ones(len(x)))
    other = overlap.scores(model, x * [1000.0, 0.1] - 3, np.ones(len(x)))
    np.testing.assert_allclose(other.probability, found.probability, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(x))
    shuffled = overlap.scores(model[order], x[order], np.ones(len(x)))
    np.testing.assert_allclose(shuffled.probability, found.probability[order], atol=1e-6)


def test_refusals_are_read_in_both_languages():
    model, x = chosen(7, strength=1.0)
    ones = np.ones(len(x))
    holes = np.where(np.arange(len(x))[:, None] < 2, np.nan, x)
    alone = np.where(np.arange(len(x)) == 0, "M09", model)
    cases = [
        (
            lambda: overlap.scores(model, holes, ones),
            "2 villages have a missing covariate",
            "2 个村的协变量缺失",
        ),
        (lambda: overlap.scores(model, x, ones, floor=0.4), "from 0 to below 0.333", "小于 0.333"),
        (lambda: overlap.scores(np.full(len(x), "M01"), x, ones), "at least two arms", "至少需要两个"),
        (lambda: overlap.cross_fitted(alone, x, ones, seed=1), "a model with 1 village", "只有 1 个村"),
        (
            lambda: overlap.scores(model, x, ones).position("M07"),
            "there are M01, M02, M03",
            "现有：M01, M02, M03",
        ),
    ]
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")
