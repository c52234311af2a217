"""Contamination of regressions on several arms: the published example, exact identities, arms without a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from _villages import reference_file
from statsmodels.discrete.discrete_model import MNLogit

from analysis.comparison import multinomial
from analysis.comparison.contamination import ArmRegression, regressions
from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language

COEFFICIENTS = ("partly_linear", "own", "average", "one_at_a_time", "common_weights")

# Goldsmith-Pinkham, Hull, Kolesar (2024), example of the R package multe: children of two years, reference White.
ARMS = ("Asian", "Black", "Hispanic", "Other")
PRINTED = {
    "partly_linear": ([-0.2621, -0.2574, -0.2931, -0.1563], [0.0343, 0.0281, 0.0260, 0.0369]),
    "own": ([-0.2609, -0.2482, -0.2829, -0.1448], [0.0343, 0.0291, 0.0267, 0.0370]),
    "average": ([-0.2599, -0.2655, -0.2992, -0.1503], [0.0418, 0.0298, 0.0299, 0.0359]),
    "one_at_a_time": ([-0.2611, -0.2550, -0.2862, -0.1447], [0.0343, 0.0289, 0.0268, 0.0368]),
    "common_weights": ([-0.2694, -0.2604, -0.2944, -0.1522], [0.0475, 0.0292, 0.0279, 0.0370]),
}


def test_the_published_example_to_its_four_digits():
    table = pd.read_csv(reference_file("fryer_levitt.csv.gz"))
    controls = np.column_stack(
        [
            pd.get_dummies(table[name].astype(str), drop_first=True)
            for name in ("age_24", "female", "SES_quintile")
        ]
    ).astype(float)
    found = regressions(
        table["std_iq_24"].to_numpy(),
        table["race"].to_numpy(),
        controls,
        reference="White",
        weight=table["W2C0"].to_numpy(),
    )
    assert tuple(arm.arm for arm in found) == ARMS
    for name, (estimates, errors) in PRINTED.items():
        ours = [getattr(arm, name) for arm in found]
        np.testing.assert_allclose([one.estimate for one in ours], estimates, atol=6e-5)
        np.testing.assert_allclose([one.std_error for one in ours], errors, atol=6e-5)


def simulated(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n, 2))
    index = np.column_stack([np.zeros(n), 0.6 * w[:, 0] - 0.2, -0.5 * w[:, 0] + 0.5 * w[:, 1]])
    arm = (index + rng.gumbel(size=index.shape)).argmax(axis=1)
    effect = np.column_stack([np.zeros(n), 1 + w[:, 0], 2 - w[:, 1]])
    y = w @ [1.0, -1.0] + effect[np.arange(n), arm] + rng.normal(size=n)
    return y, np.array(["none", "A", "B"], dtype=object)[arm], w


def test_the_coefficients_are_statsmodels_regressions():
    """PL, ATE and EW with robust errors by another program."""
    y, arm, w = simulated(1)
    weight = np.random.default_rng(9).uniform(0.5, 2.0, len(y))
    a, b = regressions(y, arm, w, reference="none", weight=weight)
    dummies = np.column_stack([arm == "A", arm == "B"]).astype(float)
    linear = sm.WLS(y, np.column_stack([dummies, np.ones(len(y)), w]), weights=weight).fit(cov_type="HC0")
    for one, estimate, error in zip((a, b), linear.params, linear.bse, strict=False):
        assert one.partly_linear.estimate == pytest.approx(estimate, abs=1e-9)
        assert one.partly_linear.std_error == pytest.approx(error, abs=1e-9)
    pair = arm != "A"
    alone = sm.WLS(
        y[pair], np.column_stack([dummies[pair, 1], np.ones(pair.sum()), w[pair]]), weights=weight[pair]
    ).fit(cov_type="HC0")
    assert b.one_at_a_time.estimate == pytest.approx(alone.params[0], abs=1e-9)
    assert b.one_at_a_time.std_error == pytest.approx(alone.bse[0], abs=1e-9)
    centred = w - np.average(w, axis=0, weights=weight)
    full = np.column_stack(
        [dummies, np.ones(len(y)), centred, dummies[:, :1] * centred, dummies[:, 1:] * centred]
    )
    interacted = sm.WLS(y, full, weights=weight).fit()
    np.testing.assert_allclose([a.average.estimate, b.average.estimate], interacted.params[:2], atol=1e-9)


def test_own_and_contamination_add_up_to_the_regression_and_are_what_the_formula_says():
    y, arm, w = simulated(2)
    found = regressions(y, arm, w, reference="none")
    z = np.column_stack([np.ones(len(y)), w])
    x = np.column_stack([arm == "A", arm == "B"]).astype(float)
    alpha = {k: np.linalg.lstsq(z[arm == k], y[arm == k], rcond=None)[0] for k in ("none", "A", "B")}
    parts = np.empty((2, 2))
    for column, name in enumerate(("A", "B")):
        delta = np.linalg.lstsq(np.column_stack([x, z]), z * x[:, [column]], rcond=None)[0][:2]
        parts[:, column] = delta @ (alpha[name] - alpha["none"])
    for k, one in enumerate(found):
        assert one.own.estimate == pytest.approx(parts[k, k], abs=1e-9)
        assert one.contamination == pytest.approx(parts[k, 1 - k], abs=1e-9)
        assert abs(one.contamination) > 1e-3


def test_equal_effects_leave_nothing_to_contaminate():
    y, arm, w = simulated(3)
    y = w @ [1.0, -1.0] + 0.5 * (arm == "A") + 0.7 * (arm == "B")
    for one, truth in zip(regressions(y, arm, w, reference="none"), (0.5, 0.7), strict=True):
        for name in COEFFICIENTS[:4]:
            assert getattr(one, name).estimate == pytest.approx(truth, abs=1e-9)
        assert one.contamination == pytest.approx(0.0, abs=1e-9)


def test_errors_agree_with_redraws():
    """Delta, the mean of the controls, the logit and the shares all enter the errors."""
    drawn, errors = [], []
    for seed in range(200):
        found = regressions(*simulated(1000 + seed, n=400), reference="none")
        drawn.append([[getattr(arm, name).estimate for name in COEFFICIENTS] for arm in found])
        errors.append([[getattr(arm, name).std_error for name in COEFFICIENTS] for arm in found])
    ratio = np.sqrt(np.mean(np.square(errors), axis=0)) / np.std(drawn, axis=0, ddof=1)
    assert (np.abs(ratio - 1) < 0.16).all(), ratio


def test_an_arm_that_is_not_identified_is_none_and_says_why():
    """A pseudo-inverse would return a plausible number; nothing else may change."""
    y, arm, w = simulated(4)
    group = (np.arange(len(y)) % 3 == 0).astype(float)
    arm = np.where(group == 1, "C", arm)  # arm C is told by the control `group` without error
    found = {one.arm: one for one in regressions(y, arm, np.column_stack([w, group]), reference="none")}
    lost: ArmRegression = found["C"]
    assert all(getattr(lost, name) is None for name in COEFFICIENTS)
    assert lost.contamination is None
    assert in_language(lost.reason, "en").startswith("the controls and the other arms tell C without error")
    assert "C 组" in in_language(lost.reason, "zh")
    assert found["A"].partly_linear is not None


def test_controls_that_do_not_vary_within_one_arm_take_its_number_only():
    y, arm, w = simulated(5)
    flag = np.where(arm == "A", 0.0, np.arange(len(y)) % 2)  # never 1 in arm A
    z = np.column_stack([w, flag])
    a, b = regressions(y, arm, z, reference="none")
    assert (a.own, a.average, a.common_weights) == (None, None, None)
    assert a.partly_linear is not None
    assert "do not all vary within A" in in_language(a.reason, "en")
    assert "A内没有各自独立的变化" in in_language(a.reason, "zh")
    assert b.reason is None
    assert b.own is not None
    rest = arm != "A"
    alone = regressions(y[rest], arm[rest], z[rest], reference="none")[0]
    assert b.common_weights.estimate == pytest.approx(alone.common_weights.estimate, abs=1e-9)
    assert b.common_weights.std_error == pytest.approx(alone.common_weights.std_error, abs=1e-9)


def test_a_reference_within_which_controls_do_not_vary_leaves_the_regression_only():
    y, arm, w = simulated(10)
    flag = np.where(arm == "none", 0.0, np.arange(len(y)) % 2)
    for one in regressions(y, arm, np.column_stack([w, flag]), reference="none"):
        assert (one.own, one.average, one.common_weights) == (None, None, None)
        assert one.partly_linear is not None
        assert "within the reference" in in_language(one.reason, "en")
        assert "参照组" in in_language(one.reason, "zh")


def test_clusters_of_one_change_nothing_and_pairs_do():
    y, arm, w = simulated(6)
    plain = regressions(y, arm, w, reference="none")[0]
    alone = regressions(y, arm, w, reference="none", cluster=np.arange(len(y)))[0]
    doubled = regressions(
        np.tile(y, 2),
        np.tile(arm, 2),
        np.tile(w, (2, 1)),
        reference="none",
        cluster=np.tile(np.arange(len(y)), 2),
    )[0]
    for name in COEFFICIENTS:
        one, two, twice = (getattr(found, name) for found in (plain, alone, doubled))
        assert two == one
        assert twice.estimate == pytest.approx(one.estimate, abs=1e-7)
        assert twice.std_error == pytest.approx(one.std_error, rel=1e-6)


def test_the_multinomial_logit_is_that_of_statsmodels():
    _, arm, w = simulated(7)
    code = np.searchsorted(["A", "B", "none"], arm.astype(str))
    z = np.column_stack([np.ones(len(w)), w])
    fitted = multinomial.fit(z, code, np.ones(len(w)))
    peer = MNLogit(code, z).fit(disp=0, method="newton", tol=1e-12)
    np.testing.assert_allclose(fitted.coefficients, peer.params.T, atol=1e-7)
    np.testing.assert_allclose(fitted.probability, peer.predict(), atol=1e-8)
    np.testing.assert_allclose(
        np.sqrt(np.diag(np.linalg.inv(fitted.information))), peer.bse.T.ravel(), rtol=1e-6
    )


def test_a_separated_arm_has_no_logit_without_a_ridge_and_one_with_it():
    _, arm, w = simulated(8)
    code = np.searchsorted(["A", "B", "none"], arm.astype(str))
    telling = np.column_stack([w[:, 0], code == 1]).astype(float)
    with pytest.raises(ComparisonError) as caught:
        multinomial.fit(np.column_stack([np.ones(len(w)), telling]), code, np.ones(len(w)))
    assert "covariates predict arm 1 without error" in in_language(caught.value, "en")
    assert "第 1 组" in in_language(caught.value, "zh")
    p = multinomial.ridge_fit(telling, code, np.ones(len(w))).probability
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert 0.9 < p[code == 1, 1].min() < 1


def test_refusals_are_read_in_both_languages():
    y, arm, w = simulated(9)
    missing = np.where(np.arange(len(y)) < 3, np.nan, y)
    cases = [
        (lambda: regressions(y, arm, w, reference="M99"), "the arms are A, B, none", "现有各组为 A, B, none"),
        (
            lambda: regressions(missing, arm, w, reference="none"),
            "3 units have a missing outcome",
            "3 个单位",
        ),
        (
            lambda: regressions(
                y, arm, np.column_stack([w, w.sum(axis=1)]), reference="none", control_names=("a", "b", "sum")
            ),
            "control sum is a combination",
            "控制变量 sum",
        ),
        (
            lambda: multinomial.fit(np.ones((2, 1)), np.array([0, 2]), np.ones(2)),
            "empty: 1",
            "空组：1",
        ),
    ]
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")
