"""Effects by model: the closed form, the joint covariance, the account of villages, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from _villages import panel

from analysis import estimators
from analysis.comparison.effects_by_model import by_model, contrast, require_positive_definite
from analysis.comparison.errors import ComparisonError
from analysis.comparison.gains import gains, longest_window, windowed
from analysis.estimates import aggregate
from analysis.messages import in_language
from analysis.samples.panel import CrossSections, Panel, UnbalancedPanel
from analysis.study import Design

DESIGN = Design()
SIZES = {"M01": 14, "M02": 9, "M03": 6}


def closed_form(
    data: Panel, window: tuple[int, ...], models: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Imputation on a balanced panel as linear algebra: effects (J,) and influence of units (n, J).

    A: year and year x covariate columns less their means over a unit's untreated years; b = (sum A'A)^-1 sum A'Y;
    gain = (mean after - mean before of Y) - (the same of A)'b;
    psi = 1{model}(gain - theta) / n - (mean over the model of dA)'(sum A'A)^-1 A'e.
    """
    n, t = data.outcome.shape
    dummies = np.eye(t)[:, 1:]
    columns = np.array(
        [np.hstack([dummies, *(dummies * value for value in row)]) for row in data.covariates]
    )  # (n, T, q)
    untreated = data.years[None, :] < data.cohort[:, None]
    a = columns - np.array([c[u].mean(axis=0) for c, u in zip(columns, untreated, strict=True)])[:, None, :]
    y = data.outcome - np.array([o[u].mean() for o, u in zip(data.outcome, untreated, strict=True)])[:, None]
    gram = np.einsum("itq,itr,it->qr", a, a, untreated)
    b = np.linalg.solve(gram, np.einsum("itq,it,it->q", a, y, untreated))
    after = (data.years[None, :] - data.cohort[:, None])[:, :, None] == np.array(window)
    after = after.any(axis=2)
    adopter = np.isfinite(data.cohort)
    gain, d_a = np.full(n, np.nan), np.zeros((n, a.shape[2]))
    for i in np.flatnonzero(adopter):
        d_a[i] = a[i][after[i]].mean(axis=0)
        gain[i] = y[i][after[i]].mean() - d_a[i] @ b
    score = np.einsum("itq,it,it->iq", a, y - a @ b, untreated)
    theta, psi = [], []
    for name in models:
        inside = data.model == name
        theta.append(gain[inside].mean())
        own = np.where(inside, gain - theta[-1], 0.0) / inside.sum()
        psi.append(own - score @ np.linalg.solve(gram, d_a[inside].mean(axis=0)))
    return np.array(theta), np.array(psi).T


@pytest.mark.parametrize("window", [(0,), (0, 1, 2), (1, 2)])
def test_effects_and_influence_are_the_closed_form(window):
    data = panel(3, sizes=SIZES)
    found = by_model(gains(data, DESIGN, window=window))
    theta, psi = closed_form(data, window, found.models)
    assert found.models == ("M01", "M02", "M03")
    np.testing.assert_allclose(found.estimate, theta, atol=1e-10)
    order = [list(data.unit).index(c) for c in found.clusters]
    np.testing.assert_allclose(found.influence.to_numpy(), psi[order], atol=1e-10)


def test_effects_are_averages_of_the_cells_of_imputation_by_model():
    data = panel(5, sizes=SIZES)
    found = by_model(gains(data, DESIGN))
    cells = windowed(estimators.fit("imputation", data, DESIGN), (0, 1, 2))
    averaged = aggregate(cells, DESIGN, by="model").rows
    np.testing.assert_allclose(found.estimate, averaged["estimate"], atol=1e-12)
    assert list(found.n) == list(averaged["n_treated"])


def test_without_noise_imputation_and_group_time_give_the_same_known_effects():
    truth = {"M01": 0.1, "M02": 0.3, "M03": -0.2}
    data = panel(7, sizes=SIZES, noise=0.0, spread=0.0, effects=truth)
    found = gains(data, DESIGN)
    np.testing.assert_allclose(found.gain, [truth[m] for m in found.model], atol=1e-8)
    design = DESIGN.model_copy(update={"adjustment": "outcome_regression"})
    cells = windowed(estimators.fit("group_time", data, design), (0, 1, 2))
    checked = aggregate(cells, DESIGN, by="model").rows
    np.testing.assert_allclose(checked["estimate"], list(truth.values()), atol=1e-8)
    assert list(checked["n_treated"]) == [int((found.model == m).sum()) for m in truth]


def calibrated(std_error: float, differences: np.ndarray) -> bool:
    return abs(std_error / differences.std(ddof=1) - 1) < 0.15


def test_contrasts_use_the_common_part_and_the_diagonal_alone_fails():
    """Few controls make a strong common part: differences between models are known better than effects."""
    sizes = {"M01": 14, "M02": 12}
    differences, joint, diagonal, common = [], [], [], []
    for seed in range(100):
        data = panel(seed, sizes=sizes, never=6, spread=0.02, years=(2019, 2024), cohorts=(2022, 2022))
        found = by_model(gains(replace(data, covariates=data.covariates[:, :0], covariate_names=()), DESIGN))
        one = contrast(found, {"M01": 1.0, "M02": -1.0})
        differences.append(one.estimate)
        joint.append(one.std_error)
        diagonal.append(np.sqrt(np.diag(found.covariance).sum()))
        common.append(found.covariance[0, 1] / np.diag(found.covariance).mean())
    differences = np.array(differences)
    assert np.mean(common) > 0.4
    assert calibrated(np.sqrt(np.mean(np.square(joint))), differences)
    assert not calibrated(np.sqrt(np.mean(np.square(diagonal))), differences)
    assert np.mean(diagonal) > 1.3 * np.mean(joint)


def test_errors_of_small_models_are_right_on_average():
    """Models of five villages in cohorts of one or two: variance is by model, not by cohort."""
    estimates, variance = [], []
    for seed in range(100):
        data = panel(seed, sizes={"M01": 20, "M02": 5}, never=30)
        found = by_model(gains(data, DESIGN))
        estimates.append(found.estimate)
        variance.append(np.diag(found.covariance))
    ratio = np.sqrt(np.mean(variance, axis=0)) / np.std(estimates, axis=0, ddof=1)
    assert np.abs(np.mean(estimates, axis=0) - 0.25).max() < 0.04
    assert (np.abs(ratio - 1) < 0.17).all()


def test_a_model_entered_twice_is_refused_and_both_are_named():
    data = panel(11, sizes=SIZES)
    again = np.flatnonzero(data.model == "M03")
    twice = data.keep(np.r_[np.arange(data.n_units), again])
    twice.model[data.n_units :] = "M09"
    twice.unit[data.n_units :] = [f"w{i:03d}" for i in again]
    with pytest.raises(ComparisonError) as caught:
        by_model(gains(twice, DESIGN))
    assert "M03 and M09 (correlation 1.0000)" in in_language(caught.value, "en")
    assert "M03 与 M09" in in_language(caught.value, "zh")


def test_singular_covariances_are_refused():
    with pytest.raises(ComparisonError, match="no error can be given for the effects of B"):
        require_positive_definite(np.diag([1.0, 0.0]), ("A", "B"))
    require_positive_definite(np.diag([1.0, 1e-14]), ("A", "B"))  # only small: units differ


def test_every_adopter_is_in_the_account():
    """Unclassified villages, switchers, late and early adopters: none is dropped without a row and a count."""
    data = panel(13, sizes={"M00": 6, "M01": 12, "M02": 8, "M03": 2, "M04": 4})
    cohort = data.cohort.copy()
    cohort[data.model == "M04"] = 2025  # seen for one year only
    m01, m02 = np.flatnonzero(data.model == "M01"), np.flatnonzero(data.model == "M02")
    cohort[m01[:2]], cohort[m02[0]], cohort[m02[1]] = 2016, 2030, 2024
    switched = np.zeros(data.n_units, dtype=bool)
    switched[m01[:3]] = True
    found = by_model(gains(replace(data, cohort=cohort), DESIGN, switched=switched))
    table = found.table.set_index("model")
    parts = ["used", "too_short", "no_base_period", "not_identified", "later"]
    assert table["adopted"].sum() == np.isfinite(cohort).sum() == 32
    assert (table[parts].sum(axis=1) == table["adopted"]).all()
    assert table.loc["M01", ["used", "no_base_period", "switched"]].tolist() == [10, 2, 3]
    assert table.loc["M02", ["used", "too_short", "later"]].tolist() == [6, 1, 1]
    assert table["status"].to_dict() == {
        "M00": "ok", "M01": "ok", "M02": "ok", "M03": "few_villages", "M04": "no_village_through_window",
    }  # fmt: skip
    assert table["use"].to_dict() == {
        "M00": "unclassified", "M01": "recommend", "M02": "rank", "M03": "none", "M04": "none",
    }  # fmt: skip
    assert found.models == ("M00", "M01", "M02")
    assert found.compared().models == ("M01", "M02")
    assert table.loc[["M03", "M04"], "estimate"].isna().all()


def test_order_unit_and_names_of_models_do_not_matter():
    data = panel(17, sizes=SIZES)
    found = by_model(gains(data, DESIGN))
    shuffled = data.keep(np.random.default_rng(0).permutation(data.n_units))
    other = by_model(gains(shuffled, DESIGN))
    np.testing.assert_allclose(found.estimate, other.estimate, atol=1e-12)
    np.testing.assert_allclose(found.covariance, other.covariance, atol=1e-12)
    tenfold = by_model(gains(replace(data, outcome=10 * data.outcome), DESIGN))
    np.testing.assert_allclose(tenfold.estimate, 10 * found.estimate, rtol=1e-9)
    np.testing.assert_allclose(tenfold.std_error, 10 * found.std_error, rtol=1e-9)
    np.testing.assert_allclose(tenfold.df, found.df, rtol=1e-9)
    renamed = {"M01": "c", "M02": "a", "M03": "b", "": ""}
    names = by_model(
        gains(replace(data, model=np.array([renamed[m] for m in data.model], dtype=object)), DESIGN)
    )
    back = names.only(tuple(renamed[m] for m in found.models))
    np.testing.assert_allclose(back.estimate, found.estimate, atol=1e-12)
    np.testing.assert_allclose(back.covariance, found.covariance, atol=1e-12)


def test_own_part_is_what_variance_moderation_replaces():
    found = by_model(gains(panel(19, sizes=SIZES), DESIGN))
    np.testing.assert_allclose(found.own_part, found.own_variance / found.n, rtol=1e-12)


def test_a_village_with_a_gap_in_the_window_is_counted_as_not_identified():
    data = panel(23, sizes=SIZES)
    outcome = data.outcome.copy()
    gap = np.flatnonzero(data.model == "M02")[0]
    outcome[gap, np.flatnonzero(data.years == data.cohort[gap] + 1)] = np.nan
    gappy = UnbalancedPanel(**{**{f: getattr(data, f) for f in Panel.__slots__}, "outcome": outcome})
    table = by_model(gains(gappy, DESIGN)).table.set_index("model")
    assert table.loc["M02", ["adopted", "used", "not_identified"]].tolist() == [9, 8, 1]


def test_villages_of_one_cluster_do_not_tell_their_own_variance():
    data = panel(29, sizes=SIZES)
    data.cluster[data.model == "M03"] = "town"
    table = by_model(gains(data, DESIGN)).table.set_index("model")
    assert table.loc["M03", ["status", "use"]].tolist() == ["one_cluster", "show"]


def test_the_longest_window_follows_the_calendar_alone():
    data = panel(31, sizes=SIZES, cohorts=(2020, 2022))
    assert longest_window(data, minimum=1)[0] == 0
    third = {m: np.sort(2025 - data.cohort[data.model == m])[::-1][2] for m in SIZES}
    assert longest_window(data) == tuple(range(int(min(third.values())) + 1))
    noisy = replace(data, outcome=data.outcome * -3)
    assert longest_window(noisy) == longest_window(data)
    with pytest.raises(
        ComparisonError, match=r"fewer than 10 villages in the year of adoption: M02 \(9\), M03 \(6\)"
    ):
        longest_window(data, minimum=10)


def test_refusals_are_read_in_both_languages():
    data = panel(37, sizes=SIZES)
    cases = [
        (lambda: gains(data, DESIGN, window=()), "different event times from 0 on", "事件时间"),
        (lambda: gains(data, DESIGN, window=(-1, 0)), "the window is (-1, 0)", "（-1, 0）"),
        (
            lambda: gains(data, DESIGN, window=(0, 9)),
            "no village is seen through the window of years 0, 9",
            "缩短窗口",
        ),
        (lambda: by_model(gains(data, DESIGN), minimum=15), "M01: 14, M02: 9, M03: 6", "15 个村"),
        (lambda: by_model(gains(data, DESIGN)).only(("M07",)), "those with one: M01, M02, M03", "没有估计值"),
        (
            lambda: windowed(estimators.fit("group_time", data, DESIGN), (0, 9)),
            "group_time identifies no arm",
            "没有可识别的处理组",
        ),
        (lambda: gains(sections(), DESIGN), "repeated cross-sections have none", "重复截面"),
    ]
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")


def sections() -> CrossSections:
    one, text = np.ones(2), np.array(["a", "b"], dtype=object)
    return CrossSections(text, np.array([2020, 2021]), one, one * np.inf, one, text, text, np.empty((2, 0)))
