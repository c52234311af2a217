"""Contrasts judged together: against exact laws, scipy's Dunnett and Tukey, printed answers, and plain simulation."""

from __future__ import annotations

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD
from scipy import stats

from analysis.checks.multiplicity import adjust
from analysis.comparison import contrasts
from analysis.comparison.contrasts import against_others, apart, compare, effects, letters, pairs
from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language

# Westfall et al. (1999), recovery after surgery under three blankets and none, minutes
RECOVERY = {
    "b0": [15, 13, 12, 16, 16, 17, 13, 13, 16, 17, 17, 19, 17, 15, 13, 12, 16, 10, 17, 12],
    "b1": [13, 16, 9],
    "b2": [5, 8, 9],
    "b3": [14, 16, 16, 12, 7, 12, 13, 13, 9, 16, 13, 18, 13, 12, 13],
}
TO_CONTROL = np.array([[-1.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 1.0]])


def one_way(groups: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
    """Means, covariance by the pooled variance, degrees of freedom."""
    df = sum(len(group) - 1 for group in groups)
    pooled = sum(((group - group.mean()) ** 2).sum() for group in groups) / df
    return np.array([g.mean() for g in groups]), np.diag([pooled / len(g) for g in groups]), df


@pytest.fixture(scope="module")
def recovery() -> list[np.ndarray]:
    return [np.array(values, dtype=float) for values in RECOVERY.values()]


def test_dunnett_recovery_is_as_printed(recovery):
    mean, covariance, df = one_way(recovery)
    found = compare(mean, covariance, TO_CONTROL, alternative="less", df=df)

    assert df == 37
    assert found.estimate == pytest.approx([-2.1333, -7.4667, -1.6667], abs=5e-5)
    assert found.std_error == pytest.approx([1.6038, 1.6038, 0.8848], abs=5e-5)
    assert found.estimate / found.std_error == pytest.approx([-1.33, -4.656, -1.884], abs=5e-4)
    assert found.p_max_t[[0, 2]] == pytest.approx([0.2412, 0.0924], abs=0.001)
    assert found.p_max_t[1] < 0.001
    assert found.p_step_down[2] == pytest.approx(0.064, abs=0.001)
    assert np.isneginf(found.conf_low).all()


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_against_a_control_it_is_scipys_dunnett(recovery, alternative):
    mean, covariance, df = one_way(recovery)
    found = compare(mean, covariance, TO_CONTROL, alternative=alternative, df=df)
    peer = stats.dunnett(
        *recovery[1:], control=recovery[0], alternative=alternative, rng=np.random.default_rng(1)
    )
    limits = peer.confidence_interval(0.95)

    assert found.p_max_t == pytest.approx(peer.pvalue, abs=0.001)
    assert found.conf_low == pytest.approx(limits.low, abs=0.02)
    assert found.conf_high == pytest.approx(limits.high, abs=0.02)


def test_all_pairs_of_one_way_means_are_tukeys():
    rng = np.random.default_rng(4)
    groups = [rng.normal(shift, 2.0, size=6) for shift in (0.0, 1.0, 2.0, 5.0)]
    mean, covariance, df = one_way(groups)
    found = compare(mean, covariance, pairs(4), df=df)
    q = np.abs(found.estimate / found.std_error) * np.sqrt(2)

    assert found.critical == pytest.approx(stats.studentized_range.ppf(0.95, 4, df) / np.sqrt(2), abs=0.002)
    assert found.p_max_t == pytest.approx(stats.studentized_range.sf(q, 4, df), abs=5e-4)


@pytest.mark.parametrize("k", [2, 5, 12])
def test_independent_arms_get_sidak_step_by_step(k):
    x = np.random.default_rng(k).normal(size=k) * 2
    found = compare(x, np.eye(k), effects(k))
    order = np.argsort(found.p_value)
    sidak = np.maximum.accumulate(1 - (1 - found.p_value[order]) ** (k - np.arange(k)))

    assert found.critical == pytest.approx(stats.norm.ppf(0.5 + 0.95 ** (1 / k) / 2), abs=0.003)
    assert found.p_max_t == pytest.approx(1 - (1 - found.p_value) ** k, abs=5e-4)
    assert found.p_step_down[order] == pytest.approx(sidak, abs=5e-4)


def test_one_question_needs_no_correction():
    one = compare(ALIKE, COVARIANCE, pairs(10)[:1])
    assert one.critical == pytest.approx(stats.norm.ppf(0.975), abs=1e-8)
    assert one.p_max_t == pytest.approx(one.p_value, abs=1e-8)
    assert one.conf_high - one.conf_low == pytest.approx(2 * stats.norm.ppf(0.975) * one.std_error, rel=1e-8)

    df = np.linspace(4, 13, 10)
    single = compare(ALIKE, COVARIANCE, effects(10)[3:4], df=df)
    half = stats.t.ppf(0.975, df[3]) * np.sqrt(COVARIANCE[3, 3])
    assert single.conf_high - ALIKE[3] == pytest.approx(half, rel=1e-7)
    assert single.p_max_t == pytest.approx(2 * stats.t.sf(ALIKE[3] / single.std_error, df[3]), rel=1e-6)


def test_holm_is_as_printed():
    p = np.array([0.01, 0.02, 0.03, 0.005, 0.04])
    found = compare(stats.norm.isf(p / 2), np.eye(5), effects(5))
    assert found.p_holm == pytest.approx([0.04, 0.06, 0.06, 0.025, 0.06], abs=1e-12)


def test_the_ten_models_have_the_recorded_critical_values_and_letters():
    assert compare(ALIKE, COVARIANCE, effects(10)).critical == pytest.approx(2.799, abs=0.01)
    found = compare(SPREAD, COVARIANCE, pairs(10))
    assert found.critical == pytest.approx(3.12, abs=0.01)
    assert letters(SPREAD, apart(found)) == ["cd", "d", "cd", "bc", "ab", "bcd", "bcd", "a", "d", "abcd"]
    assert letters(ALIKE, apart(compare(ALIKE, COVARIANCE, pairs(10)))) == ["a"] * 10


@pytest.mark.parametrize(
    "df", [np.inf, np.array([59.0, 44, 29, 24, 19, 13, 9, 7, 6, 4])], ids=["normal", "few"]
)
def test_the_step_down_is_that_of_the_families_of_outcomes(df):
    """The same family by draws instead of rays, in the stage that judges outcomes."""
    found = compare(SPREAD, COVARIANCE, pairs(10), df=df)
    root = np.linalg.cholesky(COVARIANCE).T @ pairs(10).T
    plain = adjust(found.estimate, found.std_error, found.df, root, method="romano_wolf")

    assert found.p_value == pytest.approx(plain.p_value, rel=1e-10)
    assert found.p_step_down == pytest.approx(plain.p_adjusted, abs=0.006)
    assert found.p_holm == pytest.approx(plain.p_holm, rel=1e-10)
    assert (found.conf_high - found.estimate) / plain.half_width == pytest.approx(np.ones(45), abs=0.03)


def test_an_adjusted_p_value_lies_between_that_alone_and_bonferronis_and_is_never_nought():
    far = SPREAD * 3
    found = compare(far, COVARIANCE, pairs(10))
    assert found.p_value.min() < 1e-30
    assert (found.p_value <= found.p_step_down).all()
    assert (found.p_step_down <= found.p_max_t + 1e-12).all()
    assert (found.p_step_down <= found.p_holm).all()
    assert (found.p_max_t <= np.minimum(45 * found.p_value, 1)).all()
    assert found.p_step_down.min() > 0


def test_two_seeds_give_the_same_critical_values():
    for family in (effects(10), pairs(10), against_others(10)):
        for alpha in (0.05, 0.005):
            one, two = (compare(ALIKE, COVARIANCE, family, alpha=alpha, seed=s).critical for s in (1, 2))
            assert one != two
            assert one == pytest.approx(two, abs=0.005)
    assert (
        compare(ALIKE, COVARIANCE, pairs(10), seed=3).critical
        == compare(ALIKE, COVARIANCE, pairs(10), seed=3).critical
    )


@pytest.mark.parametrize("df", [np.inf, 6.0])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_the_law_of_the_largest_is_that_of_plain_simulation(df, alternative):
    rng = np.random.default_rng(8)
    family = against_others(10)
    found = compare(ALIKE, COVARIANCE, family, alternative=alternative, df=df)
    drawn = rng.multivariate_normal(np.zeros(10), COVARIANCE, size=200_000) @ family.T / found.std_error
    if np.isfinite(df):
        drawn /= np.sqrt(rng.chisquare(df, size=(len(drawn), 1)) / df)
    largest = (np.abs(drawn) if alternative == "two-sided" else drawn).max(axis=1)
    t = found.estimate / found.std_error
    plain = (largest[:, None] > (np.abs(t) if alternative == "two-sided" else t)).mean(axis=0)

    assert (largest > found.critical).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 200_000))
    assert found.p_max_t == pytest.approx(plain, abs=0.005)
    assert alternative == "two-sided" or (t < 0).any(), "the law below zero is used"


def test_arms_against_the_mean_of_the_others():
    matrix = against_others(4)
    assert matrix[1] == pytest.approx([-1 / 3, 1, -1 / 3, -1 / 3])
    weighted = against_others(3, weights=np.array([1.0, 3.0, 0.0]))
    assert weighted == pytest.approx(np.array([[1, -1, 0], [-1, 1, 0], [-0.25, -0.75, 1]]))
    assert weighted.sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-15)
    with pytest.raises(
        ComparisonError, match="needs 3 weights, none below 0 and more than one above it"
    ) as caught:
        against_others(3, weights=np.array([1.0, 0.0, 0.0]))
    assert "需要3个权重" in in_language(caught.value, "zh")


def test_what_the_arms_share_narrows_contrasts_and_the_diagonal_alone_does_not_know_it():
    own = np.diag(np.diag(COVARIANCE))
    shared = own + 0.05
    found, apart_from_it, diagonal = (
        compare(SPREAD, sigma, pairs(10)) for sigma in (shared, own, np.diag(np.diag(shared)))
    )
    assert found.conf_low == pytest.approx(apart_from_it.conf_low, abs=1e-6)
    assert (found.std_error < 0.8 * diagonal.std_error).all()
    assert apart(found).sum() > apart(diagonal).sum()


def test_names_of_arms_units_and_a_common_constant_do_not_matter():
    found = compare(SPREAD, COVARIANCE, pairs(10))
    new = np.random.default_rng(0).permutation(10)
    moved = compare(SPREAD[new], COVARIANCE[np.ix_(new, new)], effects(10), alternative="less")
    still = compare(SPREAD, COVARIANCE, effects(10), alternative="less")
    assert moved.critical == pytest.approx(still.critical, abs=1e-9)
    assert moved.p_step_down == pytest.approx(still.p_step_down[new], abs=1e-9)
    assert moved.conf_high == pytest.approx(still.conf_high[new], abs=1e-9)

    yuan = compare(SPREAD * 1e4, COVARIANCE * 1e8, pairs(10))
    assert yuan.conf_low == pytest.approx(found.conf_low * 1e4, rel=1e-8)
    assert yuan.p_step_down == pytest.approx(found.p_step_down, abs=1e-9)
    higher = compare(SPREAD + 7, COVARIANCE, pairs(10))
    assert higher.conf_low == pytest.approx(found.conf_low, abs=1e-9)


def test_nothing_that_is_passed_in_is_changed():
    x, sigma, family = SPREAD.copy(), COVARIANCE.copy(), pairs(10)
    compare(x, sigma, family)
    assert np.array_equal(x, SPREAD)
    assert np.array_equal(sigma, COVARIANCE)
    assert np.array_equal(family, pairs(10))


# --- letters ---


@pytest.mark.parametrize("seed", range(8))
def test_two_arms_share_a_letter_exactly_where_they_are_not_told_apart(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 11))
    separate = np.triu(rng.random((n, n)) < rng.uniform(0.1, 0.9), 1)
    separate = separate | separate.T
    found = letters(rng.normal(size=n), separate)

    shared = np.array([[bool(set(a) & set(b)) for b in found] for a in found])
    assert np.array_equal(shared, ~separate)
    used = sorted(set("".join(found)))
    members = {letter: {arm for arm, own in enumerate(found) if letter in own} for letter in used}
    assert not any(members[a] <= members[b] for a in used for b in used if a != b), "no letter is superfluous"


def test_the_first_letter_is_that_of_the_largest():
    separate = ~np.eye(3, dtype=bool)
    assert letters(np.array([0.1, 0.9, 0.5]), separate) == ["c", "a", "b"]


def test_too_many_letters_are_refused():
    separate = np.zeros((12, 12), dtype=bool)
    for arm in range(0, 12, 2):
        separate[arm, arm + 1] = separate[arm + 1, arm] = True
    with pytest.raises(ComparisonError, match="64 letters would be needed and there are 52") as caught:
        letters(np.arange(12.0), separate)
    assert "需要64个字母" in in_language(caught.value, "zh")


def test_letters_are_for_all_pairs():
    with pytest.raises(ComparisonError, match=r"matrix=pairs\(J\)") as caught:
        apart(compare(ALIKE, COVARIANCE, effects(10)))
    assert "两两比较" in in_language(caught.value, "zh")


# --- refusals ---


def duplicated() -> np.ndarray:
    twice = np.r_[np.arange(10), 4]
    return COVARIANCE[np.ix_(twice, twice)]


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        ({"estimate": np.ones(1), "covariance": np.eye(1)}, "at least two arms", "至少需要两个组"),
        ({"covariance": np.eye(9)}, r"got \(10,\) and \(9, 9\)", "现为 (10,) 与 (9, 9)"),
        ({"estimate": np.r_[ALIKE, ALIKE[4]], "covariance": duplicated()},
         r"no variance \(by position\): 4 = 10; they are one arm under two names", "4 = 10；它们是同一个组的两个名称"),
        ({"estimate": np.where(np.arange(10) == 2, np.nan, ALIKE)}, r"without estimate .* 2;", "没有估计值或协方差：2"),
        ({"covariance": COVARIANCE - np.diag(np.r_[np.zeros(9), 1.0])}, "positive variance .*: 9", "方差不为正：9"),
        ({"covariance": COVARIANCE + np.triu(COVARIANCE, 1)}, "not symmetric", "不对称"),
        ({"covariance": 2 * np.eye(10) - 1.0 + 0.5 * np.eye(10)}, "smallest eigenvalue", "最小特征值"),
        ({"alpha": 0.5}, "between 0 and 0.5", "应在0与0.5之间"),
        ({"df": np.r_[np.ones(9), 0.0]}, "one number or 10, all above 0", "自由度应为一个数或10个数"),
        ({"df": np.ones(3)}, "one number or 10", "自由度应为一个数或10个数"),
        ({"draws": 1}, "draws is 1; at least 2", "至少为2"),
        ({"alternative": "larger"}, "two-sided, greater, less", "two-sided, greater, less"),
        ({"matrix": np.eye(4)}, r"need a matrix \(K, 10\), K at least 1; got \(4, 4\)", "现为 (4, 4)"),
        ({"matrix": np.empty((0, 10))}, r"K at least 1; got \(0, 10\)", "K 至少为1"),
        ({"matrix": np.vstack([np.eye(10), np.zeros(10)])}, r"without variance \(by row\): 10", "没有方差：10"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_by_name(change, en, zh):
    asked = {"estimate": ALIKE, "covariance": COVARIANCE, "matrix": effects(10)} | change
    with pytest.raises(ComparisonError, match=en) as caught:
        compare(**asked)
    assert zh in in_language(caught.value, "zh")


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ComparisonError) as caught:
        compare(ALIKE, COVARIANCE, effects(10), alpha=2.0, df=-1.0, draws=0)
    assert str(caught.value).count("\n  - ") == 3
    assert in_language(caught.value, "zh").count("\n  - ") == 3


def test_a_singular_covariance_is_no_obstacle_where_every_difference_has_variance():
    """Three arms of which the errors of the third are made of those of the others: rank two."""
    root = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.8]])
    found = compare(np.array([0.0, 1.0, 2.0]), root @ root.T, pairs(3))
    drawn = np.random.default_rng(2).normal(size=(200_000, 2)) @ (pairs(3) @ root).T / found.std_error
    assert (np.abs(drawn).max(axis=1) > found.critical).mean() == pytest.approx(0.05, abs=0.002)
    assert contrasts.rays_of(root @ root.T, pairs(3), 64, 0)[0].shape == (3, 2)
