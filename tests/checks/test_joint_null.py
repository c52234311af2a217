"""The joint null of a specification curve: definitions by hand, level by simulation, two routes that agree."""

import numpy as np
import pytest
from scipy import stats

from analysis.checks.joint_null import Curve, joint_null_by_influence, joint_null_by_permutation
from analysis.effects import EstimatorError


def means(x: np.ndarray):
    """(G, S) values -> estimates and influence of S means that share clusters."""
    return x.mean(axis=0), (x - x.mean(axis=0)) / len(x)


def correlated(rng, g=60, s=20, shift=0.0):
    common = rng.normal(size=(g, 1))
    return shift + common + 0.7 * rng.normal(size=(g, s)) * np.linspace(0.5, 2, s)


def test_the_statistics_are_those_of_their_definitions():
    x = correlated(np.random.default_rng(0), shift=0.4)
    theta, psi = means(x)
    found = joint_null_by_influence(theta, psi, draws=99)
    t = theta / np.sqrt((psi**2).sum(axis=0))
    assert found.median == pytest.approx(np.median(theta))
    assert found.stouffer == pytest.approx(t.sum() / np.sqrt(20))
    assert found.largest == pytest.approx(np.abs(t).max())
    assert (found.share, found.sign) == ((t > 1.959964).mean(), 1)
    assert found.n_significant == (np.abs(t) > 1.959964).sum()


def test_the_p_values_are_counts_over_the_draws():
    x = correlated(np.random.default_rng(1), g=30, s=7, shift=0.15)
    theta, psi = means(x)
    found = joint_null_by_influence(theta, psi, draws=499, seed=3)
    signs = np.random.default_rng(3).integers(0, 2, size=(499, 30), dtype=np.int8) * 2.0 - 1
    drawn = signs[:, :, None] * psi
    t = drawn.sum(axis=1) / np.sqrt(((drawn - drawn.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    own = theta / np.sqrt((psi**2).sum(axis=0))

    def p(extreme):
        return (1 + extreme.sum()) / 500

    assert found.median_p == p(np.abs(np.median(signs @ psi, axis=1)) >= abs(np.median(theta)))
    assert found.stouffer_p == p(np.abs(t.sum(axis=1)) >= abs(own.sum()))
    assert found.largest_p == p(np.abs(t).max(axis=1) >= np.abs(own).max())
    many = np.maximum((t > 1.959964).sum(axis=1), (t < -1.959964).sum(axis=1))
    assert found.share_p == p(many >= max((own > 1.959964).sum(), (own < -1.959964).sum()))
    np.testing.assert_allclose(found.adjusted_p, [p(np.abs(t).max(axis=1) >= abs(one)) for one in own])


def test_one_specification_is_an_ordinary_test_and_copies_change_nothing():
    theta, psi = means(correlated(np.random.default_rng(2), shift=0.2, s=1))
    one = joint_null_by_influence(theta, psi, draws=999)
    many = joint_null_by_influence(np.repeat(theta, 50), np.repeat(psi, 50, axis=1), draws=999)
    assert one.stouffer_p == one.largest_p == many.stouffer_p == many.largest_p
    assert one.median_p == many.median_p
    assert one.largest_p == pytest.approx(2 * stats.t.sf(one.largest, 59), abs=0.02)


def test_small_degrees_of_freedom_widen_what_counts_as_significant():
    theta, psi = means(correlated(np.random.default_rng(4), g=8, shift=0.7))
    wide, narrow = (joint_null_by_influence(theta, psi, df=df, draws=99) for df in (7, np.inf))
    t = theta / np.sqrt((psi**2).sum(axis=0))
    assert wide.n_significant == (np.abs(t) > stats.t.ppf(0.975, 7)).sum() < narrow.n_significant
    assert wide.stouffer == pytest.approx(stats.norm.ppf(stats.t.cdf(t, 7)).sum() / np.sqrt(20), rel=1e-6)


def band(level: float, n: int) -> tuple[int, int]:
    return int(stats.binom.ppf(5e-4, n, level)), int(stats.binom.ppf(1 - 5e-4, n, level))


def test_each_question_has_its_level_when_there_is_no_effect():
    def p(seed):
        found = joint_null_by_influence(*means(correlated(np.random.default_rng(seed))), draws=199, seed=seed)
        return [found.median_p, found.stouffer_p, found.largest_p, found.share_p]

    below = (np.array([p(seed) for seed in range(500)]) <= 0.05).sum(axis=0)
    low, high = band(0.05, 500)
    assert (below[:3] >= low).all() and (below <= high).all()  # the share has ties at zero: at most its level


def regressions(outcomes, controls):
    """A curve of mean differences, each adjusted for one control or none."""

    def fit(d):
        theta, error = [], []
        for y in outcomes.T:
            for x in (None, *controls.T):
                given = np.ones((len(d), 1)) if x is None else np.column_stack([np.ones(len(d)), x])
                left = (
                    np.column_stack([y, d])
                    - given @ np.linalg.lstsq(given, np.column_stack([y, d]), rcond=None)[0]
                )
                b = left[:, 0] @ left[:, 1] / (left[:, 1] @ left[:, 1])
                e = left[:, 0] - b * left[:, 1]
                theta.append(b)
                error.append(np.sqrt(e @ e / (len(d) - given.shape[1] - 1) / (left[:, 1] @ left[:, 1])))
        return Curve(np.array(theta), np.array(error))

    return fit


def test_permuted_treatment_finds_an_effect_and_no_effect():
    rng = np.random.default_rng(6)
    controls, d = rng.normal(size=(80, 2)), (np.arange(80) % 2).astype(float)
    noise = rng.normal(size=(80, 1)) + 0.5 * rng.normal(size=(80, 3)) + controls[:, :1]
    without = joint_null_by_permutation(regressions(noise, controls), d, df=76, draws=199)
    with_effect = joint_null_by_permutation(
        regressions(noise + 2 * d[:, None], controls), d, df=76, draws=199
    )
    assert with_effect.median_p == with_effect.stouffer_p == with_effect.largest_p == 1 / 200
    assert with_effect.share_p <= 0.02  # draws in which every specification is significant tie
    assert min(without.median_p, without.stouffer_p, without.share_p, without.largest_p) > 0.05
    assert with_effect.n_specifications == 9


def test_strata_keep_their_treated():
    seen = []

    def fit(d):
        seen.append(d.copy())
        return Curve(np.ones(2), np.ones(2))

    d, strata = np.repeat([0.0, 1, 0, 1], [3, 2, 8, 1]), np.repeat([0, 1], [5, 9])
    joint_null_by_permutation(fit, d, strata=strata, draws=20)
    assert all(row[:5].sum() == 2 and row[5:].sum() == 1 for row in seen)


def test_specifications_without_an_error_are_named():
    psi = np.ones((5, 3))
    psi[:, 1] = 0
    with pytest.raises(EstimatorError, match=r"by position\): 1;") as one:
        joint_null_by_influence(np.ones(3), psi)
    assert "没有估计值或标准误：1" in one.value.message.zh
