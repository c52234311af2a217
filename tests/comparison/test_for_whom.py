"""For whom: the pooled regression, recommended sets, the tree of the published fixture, honest values."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from _villages import reference_file
from scipy import stats

from analysis.comparison import for_whom, honest_value
from analysis.comparison.errors import ComparisonError
from analysis.comparison.for_whom import Scales, closeness, fit, recommend
from analysis.comparison.gains import Gains
from analysis.comparison.overlap import Scores, scores
from analysis.comparison.policy_tree import Split, best_tree
from analysis.messages import in_language

NAMES = ("income", "orchard")
SCALES = Scales(effect=0.15, slope=0.08)
EFFECTS = {"M01": 0.35, "M02": 0.25, "M03": 0.15}


def villages(
    seed: int, *, sizes: tuple[int, ...] = (40, 25, 8), slopes: tuple[float, ...] = (0.0, 0.0, 0.0),
    noise: float = 0.15, effects: dict[str, float] = EFFECTS,
) -> Gains:  # fmt: skip
    """Gains of villages: an effect by model, a slope of income by model, noise and a small shared error."""
    rng = np.random.default_rng(seed)
    model = np.repeat(list(effects), sizes)
    n = len(model)
    x = rng.normal(size=(n, 2)) * [10.0, 2.0] + [50.0, 5.0]
    slope = dict(zip(effects, slopes, strict=True))
    z = (x[:, 0] - 50) / 10
    common = rng.normal(size=12) * 0.02
    gain = np.array([effects[m] + slope[m] * s for m, s in zip(model, z, strict=True)])
    gain += noise * rng.normal(size=n) + common.sum() / 6
    return Gains(
        unit=np.arange(n), model=model, cohort=np.full(n, 2021.0), cluster=np.arange(n), weight=np.ones(n), gain=gain,
        covariates=x, covariate_names=NAMES, shared=np.full((12, n), 0.02 / 6), clusters=pd.Index(range(12)),
        window=(0, 1), account=pd.DataFrame(),
    )  # fmt: skip


def pooled(found: Gains, **options: object) -> for_whom.VillageModel:
    return fit(found, found.covariates, NAMES, scales=SCALES, seed=1, **{"draws": 4000, "nodes": 8} | options)


def test_the_posterior_is_that_of_brute_force():
    """Mean and spread of every coefficient against a fine grid over the scales with dense normal algebra."""
    found = villages(1, sizes=(14, 9, 5))
    ours = fit(found, found.covariates, NAMES, scales=SCALES, seed=1, draws=60_000)
    z = (found.covariates - found.covariates.mean(axis=0)) / found.covariates.std(axis=0)
    one = np.column_stack([np.ones(len(z)), z])
    member = np.array([found.model == m for m in ours.models]).T.astype(float)
    log_post, means, squares = [], [], []
    centre = np.log(
        np.sqrt(
            ((found.gain - member @ (member.T @ found.gain / member.sum(axis=0))) ** 2).sum() / (len(z) - 3)
        )
    )
    k = found.shared.T @ found.shared
    for tau, omega, log_sigma in itertools.product(
        np.linspace(0.005, 0.45, 14),
        np.linspace(0.003, 0.24, 12),
        np.linspace(centre - 0.5, centre + 0.5, 11),
    ):
        # flat mu and g as very wide normals; coefficients of a model: common part plus its own
        flat = 100.0
        v = np.exp(2 * log_sigma) * np.eye(len(z)) + k + flat * one @ one.T
        same = member @ member.T
        v = v + same * (tau**2 + omega**2 * z @ z.T)
        log_post.append(
            stats.multivariate_normal(cov=v).logpdf(found.gain)
            - 0.5 * (tau / SCALES.effect) ** 2 - 0.5 * (omega / SCALES.slope) ** 2
        )  # fmt: skip
        prior = np.diag([tau**2, omega**2, omega**2])
        cross = np.array([flat * one.T + prior @ (one * member[:, [j]]).T for j in range(3)])  # (J, 3, n)
        solved = np.linalg.solve(v, np.column_stack([found.gain, *(c.T for c in cross)]))
        means.append(cross @ solved[:, 0])
        spread = [
            np.diag(flat * np.eye(3) + prior - cross[j] @ solved[:, 1 + 3 * j : 4 + 3 * j]) for j in range(3)
        ]
        squares.append(np.array(spread) + means[-1] ** 2)
    weight = np.exp(np.array(log_post) - max(log_post))
    weight /= weight.sum()
    mean = np.tensordot(weight, np.array(means), axes=1)
    error = np.sqrt(np.tensordot(weight, np.array(squares), axes=1) - mean**2)
    np.testing.assert_allclose(ours.coefficients.mean(axis=0), mean, atol=0.003)
    np.testing.assert_allclose(ours.coefficients.std(axis=0), error, rtol=0.05)


def test_without_variation_between_models_all_villages_are_told_all_models():
    found = villages(2, effects=dict.fromkeys(EFFECTS, 0.25))
    told = recommend(pooled(found), found.covariates[:6], within=0.05)
    assert told.set_size.min() == 3
    np.testing.assert_allclose(told.p_best.sum(axis=1), 1.0)
    assert (told.p_near >= told.p_best).all()


def test_sets_hold_the_best_even_where_near_is_too_near_for_anything():
    """With no distance allowed no model may reach a fifth; the set then grows instead of being empty."""
    many = {f"M{k:02d}": 0.25 for k in range(1, 9)}
    found = villages(13, sizes=(6,) * 8, slopes=(0.0,) * 8, effects=many, noise=0.6)
    told = recommend(pooled(found), found.covariates, within=0.0)
    assert (told.p_near.max(axis=1) < 0.5).all()
    assert told.set_size.min() >= 2
    assert told.holds_best.min() >= for_whom.HOLDS_BEST
    for village in range(0, 48, 7):  # nobody is in the set who is neither near nor needed
        ordered = np.sort(told.p_best[village])[::-1]
        needed = int(np.searchsorted(ordered.cumsum(), for_whom.HOLDS_BEST)) + 1
        assert told.set_size[village] == max(needed, (told.p_near[village] > for_whom.NEAR_ENOUGH).sum())


def test_the_true_best_is_in_the_set_as_often_as_it_says():
    """Effects drawn from the prior: the sets' stated probability is the share of truths that they hold."""
    stated, held = [], []
    for seed in range(60):
        drawn = np.random.default_rng(500 + seed).normal(0.25, 0.1, 3)
        found = villages(seed, effects=dict(zip(EFFECTS, drawn, strict=True)), noise=0.4)
        told = recommend(
            pooled(found, nodes=5, draws=1000), found.covariates.mean(axis=0, keepdims=True), within=0.01
        )
        stated.append(told.holds_best[0])
        held.append(told.recommended[0, drawn.argmax()])
    assert abs(np.mean(held) - np.mean(stated)) < 0.1
    assert np.mean(stated) >= for_whom.HOLDS_BEST


def test_a_model_far_ahead_is_recommended_alone():
    found = villages(3, effects={"M01": 0.9, "M02": 0.2, "M03": 0.1}, noise=0.1)
    told = recommend(pooled(found), found.covariates, within=0.03)
    assert (told.choice == 0).all()
    assert (told.set_size == 1).all()
    assert told.evpi.max() < 0.01


def test_recommendations_follow_the_village_where_slopes_differ():
    """M01 gains with income, M02 falls with it: the rich are told M01, the poor M02."""
    found = villages(
        4, sizes=(60, 60, 10), slopes=(0.15, -0.15, 0.0), effects=dict.fromkeys(EFFECTS, 0.25), noise=0.1
    )
    told = recommend(pooled(found), np.array([[75.0, 5.0], [25.0, 5.0]]), within=0.02)
    assert told.choice.tolist() == [0, 1]
    assert not told.recommended[0, 1]
    assert not told.recommended[1, 0]


def test_small_models_are_drawn_towards_the_others():
    found = villages(5, effects={"M01": 0.25, "M02": 0.25, "M03": 0.25}, sizes=(40, 40, 4))
    jump = replace(found, gain=found.gain + np.where(found.model == "M03", 0.4, 0.0))
    at_mean = found.covariates.mean(axis=0, keepdims=True)
    told = recommend(pooled(jump), at_mean, within=0.0)
    raw = [jump.gain[jump.model == m].mean() for m in told.models]
    drawn = (raw[2] - told.mean[0, 2]) / (raw[2] - np.mean(raw[:2]))
    assert 0.1 < drawn < 0.9
    assert abs(raw[0] - told.mean[0, 0]) < 0.25 * (raw[2] - told.mean[0, 2])
    assert told.std_dev[0, 2] > told.std_dev[0, 0]


def test_a_model_without_villages_is_known_from_the_prior():
    found = villages(6)
    fitted = pooled(found, models=("M01", "M02", "M03", "M07"))
    told = recommend(fitted, found.covariates.mean(axis=0, keepdims=True), within=0.0)
    assert told.std_dev[0, 3] > 1.5 * told.std_dev[0, 0]
    assert told.mean[0, :3].min() < told.mean[0, 3] < told.mean[0, :3].max()


def test_units_and_names_do_not_matter_and_the_same_seed_gives_the_same():
    found = villages(7)
    fitted = pooled(found)
    told = recommend(fitted, found.covariates, within=0.05)
    again = recommend(pooled(found), found.covariates, within=0.05)
    np.testing.assert_array_equal(told.p_near, again.p_near)
    scaled = replace(found, gain=1000 * found.gain, shared=1000 * found.shared)
    moved = found.covariates * [1e4, 1.0] + 3
    other = fit(scaled, moved, NAMES, scales=Scales(150.0, 80.0), seed=1, draws=4000, nodes=8)
    thousand = recommend(other, moved, within=50.0)
    np.testing.assert_allclose(thousand.mean, 1000 * told.mean, rtol=1e-6)
    np.testing.assert_allclose(thousand.p_near, told.p_near, atol=1e-3)
    assert other.sigma == pytest.approx(1000 * fitted.sigma)


def test_adopters_alike_are_found_by_distance():
    found = villages(8)
    fitted = pooled(found)
    far = found.covariates.mean(axis=0) + np.array([200.0, 0.0])
    told = recommend(fitted, np.vstack([found.covariates[[3]], far]), within=0.05, alike=4)
    assert told.alike.shape == (2, 4)
    assert told.alike[0, 0] == 3
    assert told.n_alike[0] > 0
    assert told.n_alike[1] == 0
    covariance = np.cov(found.covariates.T, ddof=0)
    gap = found.covariates - found.covariates[3]
    distance = np.sqrt(np.einsum("np,pq,nq->n", gap, np.linalg.inv(covariance), gap))
    assert told.n_alike[0] == (distance <= 1).sum()
    assert told.alike[0].tolist() == np.argsort(distance, kind="stable")[:4].tolist()


def test_closeness_is_a_share_of_the_mean_gain():
    found = villages(9)
    fitted = pooled(found)
    told = recommend(fitted, found.covariates, within=0.0)
    assert closeness(fitted, found.covariates) == pytest.approx(0.1 * told.mean.mean(), rel=1e-9)
    with pytest.raises(ComparisonError) as caught:
        closeness(pooled(replace(found, gain=found.gain - 2)), found.covariates)
    assert "not positive" in in_language(caught.value, "en")
    assert "不是正数" in in_language(caught.value, "zh")


# --- tree ---


def test_the_tree_of_the_published_fixture():
    """Test fixture of the R package policytree: splits to six digits, reward exactly."""
    table = pd.read_csv(reference_file("policytree_clf.csv.gz"))
    x = table[["V1", "V2", "V3", "V4"]].to_numpy()
    x[:, :2] = x[:, :2].round(1)
    found = best_tree(x, table[["r1", "r2", "r3"]].to_numpy())
    assert (found.root.feature, found.left.feature, found.right.feature) == (1, 3, 2)
    assert found.root.value == pytest.approx(0.3, abs=1e-9)
    assert found.left.value == pytest.approx(0.112989, abs=5e-7)
    assert found.right.value == pytest.approx(0.0705306, abs=5e-8)
    assert [action + 1 for action in found.actions] == [1, 3, 3, 2]
    assert found.total == 730.0


def brute_force(x: np.ndarray, gamma: np.ndarray) -> float:
    """Largest sum over all trees of depth two, leaf by leaf."""
    splits = [(q, c) for q in range(x.shape[1]) for c in np.unique(x[:, q])]
    best = -np.inf
    for (q, c), (q1, c1), (q2, c2) in itertools.product(splits, repeat=3):
        left = x[:, q] <= c
        inner = np.where(left, x[:, q1] <= c1, x[:, q2] <= c2)
        leaf = 2 * left + inner
        best = max(best, sum(gamma[leaf == k].sum(axis=0).max() for k in range(4) if (leaf == k).any()))
    return float(best)


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    x, gamma = rng.integers(0, 4, size=(14, 2)).astype(float), rng.normal(size=(14, 3))
    found = best_tree(x, gamma)
    assert found.total == pytest.approx(brute_force(x, gamma))
    assert gamma[np.arange(14), found.assign(x)].sum() == pytest.approx(found.total)
    assert found.best_single <= found.total <= found.best_each
    assert 0 <= found.share_kept <= 1


def test_a_tree_finds_an_exclusive_or_that_greedy_splitting_misses():
    x = np.array(list(itertools.product([0.0, 1.0], repeat=2)) * 5)
    good = (x[:, 0] != x[:, 1]).astype(int)
    found = best_tree(x, np.eye(2)[good])
    assert found.total == 20
    assert found.share_kept == 1.0


def test_nothing_to_split_leaves_one_action_and_leaves_have_their_size():
    flat = best_tree(np.ones((6, 1)), np.tile([0.0, 2.0], (6, 1)))
    assert (flat.root, flat.actions, flat.share_kept) == (None, (1, 1, 1, 1), 1.0)
    rng = np.random.default_rng(3)
    x, gamma = rng.normal(size=(40, 2)), rng.normal(size=(40, 3))
    found = best_tree(x, gamma, min_leaf=9)
    right = x[:, found.root.feature] > found.root.value
    for side, split in ((~right, found.left), (right, found.right)):
        sizes = [side.sum()]
        if isinstance(split, Split):
            beyond = x[side, split.feature] > split.value
            sizes = [beyond.sum(), (~beyond).sum()]
        assert min(sizes) >= 9


# --- honest value ---


def test_scores_are_unbiased_for_the_means_and_never_see_their_township():
    found = villages(10, sizes=(40, 30, 20))
    township = np.arange(90) % 6
    even = Scores(
        ("M01", "M02", "M03"), np.tile([4 / 9, 3 / 9, 2 / 9], (90, 1)), 0.0, np.zeros(3, int), np.zeros(3)
    )
    gamma = honest_value.scores(found.gain, found.model, found.covariates, even, township)
    raw = [found.gain[found.model == m].mean() for m in even.models]
    np.testing.assert_allclose(gamma.mean(axis=0), raw, atol=0.03)
    changed = replace(found, gain=np.where(township == 2, 99.0, found.gain))
    other = honest_value.scores(changed.gain, found.model, found.covariates, even, township)
    not_own = np.array(even.models)[None, :] != found.model[:, None]
    inside = (township == 2)[:, None] & not_own
    np.testing.assert_allclose(other[inside], gamma[inside])


def test_a_rule_fitted_to_noise_is_not_praised():
    """All models alike: the tree reaches much on the scores it saw, nothing on townships left out."""
    rng = np.random.default_rng(4)
    x, gamma, township = rng.normal(size=(96, 2)).round(1), rng.normal(size=(96, 4)), np.arange(96) % 8

    def tree(learnt: np.ndarray) -> np.ndarray:
        return best_tree(x[learnt], gamma[learnt]).assign(x)

    seen = best_tree(x, gamma).total / 96
    single, split = honest_value.leave_one_out(
        gamma, township, {"one": honest_value.one_for_all(gamma), "tree": tree}
    )
    assert seen > 0.25
    assert split.value < 0.6 * seen
    assert abs(split.value) < 3 * split.std_error
    assert single.difference == 0.0
    assert split.difference == pytest.approx(split.value - single.value)
    assert split.n_townships == 8


def test_values_by_hand():
    gamma, township = (
        np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [0.0, 4.0]]),
        np.array(["a", "a", "b", "b"]),
    )
    one, other = honest_value.leave_one_out(
        gamma, township, {"first": lambda learnt: np.zeros(4, int), "mean": honest_value.one_for_all(gamma)}
    )
    assert (one.value, other.value) == (1.0, 0.0)  # each township is told what the other one likes
    assert other.difference == -1.0
    assert one.std_error == pytest.approx(np.sqrt(2 * (2.0**2 + 2.0**2)) / 4)


def test_choosing_by_village_is_worth_more_where_slopes_differ():
    found = villages(
        11, sizes=(60, 60, 30), slopes=(0.3, -0.3, 0.0), effects=dict.fromkeys(EFFECTS, 0.25), noise=0.1
    )
    township = np.random.default_rng(5).permutation(np.arange(150) % 6)
    probability = scores(found.model, found.covariates, found.weight)
    gamma = honest_value.scores(found.gain, found.model, found.covariates, probability, township)

    def by_village(learnt: np.ndarray) -> np.ndarray:
        fitted = pooled(found, rows=learnt, models=probability.models, nodes=5, draws=500)
        return recommend(fitted, found.covariates, within=0.0).choice

    _, each = honest_value.leave_one_out(
        gamma, township, {"one": honest_value.one_for_all(gamma), "by_village": by_village}
    )
    assert each.difference > 2 * each.difference_error
    assert each.difference > 0.1


def test_refusals_are_read_in_both_languages():
    found = villages(12)
    fitted = pooled(found)
    even = Scores(("M01", "M02", "M03"), np.full((73, 3), 1 / 3), 0.0, np.zeros(3, int), np.zeros(3))
    town = np.where(found.model == "M03", "t1", np.where(np.arange(73) % 2, "t2", "t3"))
    same = np.column_stack([found.covariates[:, 0], 2 * found.covariates[:, 0]])
    cases = [
        (lambda: recommend(fitted, found.covariates[:, :1], within=0.1), "need income, orchard of every village", "income, orchard"),
        (lambda: recommend(fitted, found.covariates, within=-1.0), "it starts at 0", "应不小于 0"),
        (lambda: fit(found, same, NAMES, scales=SCALES, seed=1), "constant or combinations", "线性相关"),
        (lambda: fit(found, same[:, :1], NAMES, scales=SCALES, seed=1), "moderators are (73, 1), not (73, 2)", "形状不对"),
        (lambda: pooled(found, rows=np.arange(73) < 5), "5 villages are too few", "5 个村过少"),
        (lambda: fit(found, same, NAMES, scales=Scales(0.0, 1.0), seed=1), "prior scales must be positive", "先验尺度"),
        (lambda: best_tree(np.ones((3, 1)), np.ones((2, 2))), "there are (3, 1) and (2, 2)", "(3, 1) 与 (2, 2)"),
        (lambda: best_tree(np.full((3, 1), np.nan), np.ones((3, 2))), "are missing", "有缺失"),
        (
            lambda: honest_value.scores(found.gain, found.model, found.covariates, even, town),
            "all villages of M03 lie in township t1",
            "M03 的村庄全部位于 t1",
        ),
        (lambda: honest_value.leave_one_out(np.ones((2, 2)), np.zeros(2), {}), "1 township and 0 rules", "1 个乡镇"),
    ]  # fmt: skip
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")
