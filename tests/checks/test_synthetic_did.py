"""Synthetic difference-in-differences on Proposition 99, against a quadratic program, and by known truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analysis import paths
from analysis.checks import synthetic_by_cohort as synthetic_cohorts
from analysis.checks import synthetic_did as module
from analysis.checks.synthetic_by_cohort import synthetic_by_cohort
from analysis.checks.synthetic_did import (
    jackknife_error,
    placebo_error,
    staggered_synthetic_did,
    synthetic_did,
)
from analysis.effects import EstimatorError
from analysis.samples import Panel
from analysis.study import Design


def proposition_99() -> tuple[np.ndarray, pd.Index, np.ndarray]:
    folder = paths.shared_data()
    if folder is None:
        pytest.skip("california_prop99: set COOPEVAL_DATA to the folder that holds it")
    table = pd.read_csv(folder / "california_prop99" / "california_prop99.csv")
    wide = table.pivot(index="state", columns="year", values="cigsale")
    return wide.to_numpy(), wide.index, wide.columns.to_numpy()


def factors(seed: int, n: int = 30, periods: int = 16, effect: float = 0.0, treated: int = 3):
    rng = np.random.default_rng(seed)
    level = rng.normal(size=(n, 2)) + 0.8 * (np.arange(n) < treated)[:, None]
    path = np.cumsum(rng.normal(size=(2, periods)), axis=1)
    y = level @ path + rng.normal(size=(n, 1)) + rng.normal(scale=0.5, size=(n, periods))
    d = np.arange(n) < treated
    y[d, 10:] += effect
    return y, d


@pytest.mark.parametrize(
    ("method", "expected"),
    [("synthetic_did", -15.60382787), ("synthetic_control", -19.61966347), ("differences", -27.34911108)],
)
def test_proposition_99_gives_the_published_numbers(method, expected):
    y, states, _years = proposition_99()
    found = synthetic_did(y, states == "California", 19, method=method)
    # The reference reads the same data with fewer decimals, which moves the first by 2e-8.
    assert found.estimate == pytest.approx(expected, abs=3e-8)


def test_two_treated_states_give_the_known_estimate_and_jackknife_error():
    """Numbers of the reference implementation in R, as pinned by the tests of an independent Python package."""
    y, states, _years = proposition_99()
    treated = np.isin(states, ["California", "Wyoming"])
    assert synthetic_did(y, treated, 19).estimate == pytest.approx(-4.1538623012790161, abs=1e-7)
    assert jackknife_error(y, treated, 19).std_error == pytest.approx(17.867241960405, abs=1e-7)


def test_placebo_error_of_proposition_99_is_within_the_published_range():
    y, states, _years = proposition_99()
    found = placebo_error(y, states == "California", 19)
    assert len(found.replicates) == 38
    assert 8.4 < found.std_error < 10.9


def programmed(a, b, zeta):
    """The same problem by a general solver."""
    rows, k = a.shape
    found = optimize.minimize(
        lambda x: ((a @ x - b) ** 2).sum() / rows + zeta**2 * x @ x, np.full(k, 1 / k),
        jac=lambda x: 2 * (a.T @ (a @ x - b) / rows + zeta**2 * x), bounds=[(0, 1)] * k, method="SLSQP",
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": np.ones_like}, options={"ftol": 1e-15, "maxiter": 2000},
    )  # fmt: skip
    return found.x


def test_weights_solve_their_quadratic_programs():
    y, d = factors(0)
    found = synthetic_did(y, d, 10)
    before, control = y[:, :10], y[~d, :10]
    sigma = np.diff(control, axis=1).std(ddof=1)
    path, goal = control.T, before[d].mean(axis=0)
    after = y[~d, 10:].mean(axis=1)
    for weights, a, b, zeta in (
        (found.unit_weights, path - path.mean(axis=0), goal - goal.mean(), (3 * 6) ** 0.25 * sigma),
        (found.period_weights, control - control.mean(axis=0), after - after.mean(), 1e-6 * sigma),
    ):
        best = programmed(a, b, zeta)
        reached, least = (((a @ x - b) ** 2).mean() + zeta**2 * x @ x for x in (weights, best))
        # Frank-Wolfe ends with the reference's steps, not at the last digit of the minimum.
        assert least * (1 - 1e-6) <= reached <= least * 1.001
    for weights in (found.unit_weights, found.period_weights):
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)


def test_many_problems_at_once_are_solved_as_one_by_one(monkeypatch):
    monkeypatch.setattr(module, "LONG", 1_000)
    y, d = factors(1)
    others = y[~d]
    chosen = np.array([[0, 5, 9], [1, 2, 3], [20, 11, 4]])
    together = module.pretended_estimates(others, chosen, chosen, 10, "synthetic_did")
    for row, value in zip(chosen, together, strict=True):
        fake = np.isin(np.arange(len(others)), row)
        assert synthetic_did(others, fake, 10).estimate == pytest.approx(value, abs=1e-9)


def test_plain_differences_are_differences_of_four_means():
    y, d = factors(2)
    found = synthetic_did(y, d, 10, method="differences")
    four = (y[d, 10:].mean() - y[d, :10].mean()) - (y[~d, 10:].mean() - y[~d, :10].mean())
    assert found.estimate == pytest.approx(four) == pytest.approx(found.by_period.mean())


def test_it_finds_the_effect_where_plain_differences_are_biased(monkeypatch):
    monkeypatch.setattr(module, "LONG", 300)
    errors = np.array(
        [
            [
                synthetic_did(*factors(seed, effect=2.0), 10, method=m).estimate - 2
                for m in ("synthetic_did", "differences")
            ]
            for seed in range(40)
        ]
    )
    own, plain = np.sqrt((errors**2).mean(axis=0))
    assert own < 0.5 * plain


def test_level_of_units_and_common_growth_unit_and_order_do_not_matter(monkeypatch):
    monkeypatch.setattr(module, "LONG", 1_000)
    y, d = factors(3)
    one = synthetic_did(y, d, 10)
    moved = y + np.arange(30)[:, None] + 7 * np.arange(16)
    assert synthetic_did(moved, d, 10).estimate == pytest.approx(one.estimate, abs=1e-6)
    assert synthetic_did(10 * y, d, 10).estimate == pytest.approx(10 * one.estimate, rel=1e-9)
    order = np.random.default_rng(0).permutation(30)
    assert synthetic_did(y[order], d[order], 10).estimate == pytest.approx(one.estimate, abs=1e-9)


def test_the_jackknife_is_leaving_out_with_weights_held(monkeypatch):
    monkeypatch.setattr(module, "LONG", 1_000)
    y, d = factors(4)
    fit = synthetic_did(y, d, 10)
    found = jackknife_error(y, d, 10)
    weights = np.zeros(30)
    weights[~d] = fit.unit_weights
    change = y[:, 10:].mean(axis=1) - y[:, :10] @ fit.period_weights
    without = []
    for i in range(30):
        rest = np.arange(30) != i
        w = weights[rest & ~d]
        without.append(change[rest & d].mean() - w @ change[rest & ~d] / w.sum())
    expected = np.sqrt(29 / 30 * ((without - np.mean(without)) ** 2).sum())
    assert found.std_error == pytest.approx(expected)


def test_cohorts_are_averaged_by_unit_periods_and_one_cohort_is_the_plain_case(monkeypatch):
    monkeypatch.setattr(module, "LONG", 300)
    y, _d = factors(5, effect=0.0)
    years = np.arange(2000, 2016)
    cohort = np.full(30, np.inf)
    cohort[:2], cohort[2], cohort[3] = 2010, 2012, 2001
    found = staggered_synthetic_did(y, cohort, years, draws=10, seed=1)
    never = np.isinf(cohort)
    effects = [
        synthetic_did(y[never | (cohort == c)], cohort[never | (cohort == c)] == c, c - 2000).estimate
        for c in (2010, 2012)
    ]
    np.testing.assert_allclose(found.by_cohort, effects)
    np.testing.assert_allclose(found.weight, [12 / 16, 4 / 16])
    assert found.estimate == pytest.approx(found.weight @ effects)
    assert found.left_out == (2001.0,)
    assert found.std_error == staggered_synthetic_did(y, cohort, years, draws=10, seed=1).std_error > 0
    one = np.where(cohort == 2010, 2010, np.inf)
    single = staggered_synthetic_did(y, one, years, draws=10, seed=1)
    assert single.std_error == pytest.approx(placebo_error(y, one == 2010, 10, draws=10, seed=1).std_error)


def test_what_gives_no_weights_is_refused():
    y, d = factors(6)
    with pytest.raises(EstimatorError, match=r"3 treated and 27 untreated units, 1 periods before") as one:
        synthetic_did(y, d, 1)
    assert "处理单位 3" in one.value.message.zh
    with pytest.raises(EstimatorError, match="choose synthetic_did, synthetic_control, differences"):
        synthetic_did(y, d, 10, method="sc")
    with pytest.raises(EstimatorError, match="there is no jackknife"):
        jackknife_error(y, np.arange(30) == 0, 10)
    with pytest.raises(EstimatorError, match="cannot stand in for 20 treated"):
        placebo_error(y, np.arange(30) < 20, 10)
    with pytest.raises(EstimatorError, match="no cohort has two periods"):
        staggered_synthetic_did(y, np.where(d, 2001, np.inf), np.arange(2000, 2016))


# --- cohort by cohort, with errors ---


def staggered(seed: int = 1, sizes=(6, 6), never: int = 24, effect: float = 2.0) -> Panel:
    rng = np.random.default_rng(seed)
    years = np.arange(2010, 2022)
    cohort = np.repeat([2016.0, 2018.0, np.inf], [*sizes, never])
    n = len(cohort)
    level = rng.normal(size=(n, 2))
    y = level @ np.cumsum(rng.normal(scale=0.5, size=(2, len(years))), axis=1) + rng.normal(
        scale=0.3, size=(n, len(years))
    )
    y += effect * (years >= cohort[:, None])
    ids = np.array([f"u{i:03d}" for i in range(n)])
    return Panel(ids, years, y, cohort, np.ones(n), ids, np.full(n, ""), np.empty((n, 0)))


DESIGN = Design(comparison_group="never_treated", min_treated_units=5)


def test_cohorts_and_their_mean_are_those_of_the_staggered_estimator():
    panel = staggered()
    rows, left_out = synthetic_by_cohort(panel, DESIGN)
    known = staggered_synthetic_did(panel.outcome, panel.cohort, panel.years)

    assert left_out == ()
    assert rows["level"].tolist() == ["all", 2016, 2018]
    assert rows["estimate"].to_numpy()[1:] == pytest.approx(known.by_cohort, rel=1e-12)
    assert rows["estimate"].iloc[0] == pytest.approx(known.estimate, rel=1e-12)
    assert rows["n_treated"].tolist() == [12, 6, 6]


def test_the_error_of_one_cohort_is_the_known_jackknife_and_of_few_units_the_placebo(monkeypatch):
    monkeypatch.setattr(module, "LONG", 500)
    panel = staggered()
    rows = synthetic_by_cohort(panel, DESIGN)[0].set_index("level")
    inside = (panel.cohort == 2016) | np.isinf(panel.cohort)
    alone = jackknife_error(panel.outcome[inside], panel.cohort[inside] == 2016, 6)
    assert rows.loc[2016, "std_error"] == pytest.approx(alone.std_error, rel=1e-10)
    assert set(rows["error_kind"]) == {"jackknife"}

    few = synthetic_by_cohort(staggered(sizes=(1, 6)), DESIGN)[0].set_index("level")
    assert few["error_kind"].to_dict() == {"all": "placebo", 2016: "placebo", 2018: "jackknife"}
    assert (few["std_error"] > 0).all()

    none = synthetic_by_cohort(staggered(sizes=(4, 4), never=5), DESIGN)[0].set_index("level")
    assert none.loc["all", "error_kind"] == "jackknife", "eight units together are enough"
    assert none.loc[2016, "error_kind"] == "none" and np.isnan(none.loc[2016, "conf_low"])


def test_the_joint_jackknife_leaves_the_same_unit_out_of_every_cohort():
    """By hand: weights held, one unit at a time, the never treated out of both cohorts at once."""
    panel = staggered()
    never = np.isinf(panel.cohort)
    parts = []
    for year, n_before, weight in ((2016, 6, 0.6), (2018, 8, 0.4)):  # treated unit-periods 36 and 24
        inside = (panel.cohort == year) | never
        y, d = panel.outcome[inside], panel.cohort[inside] == year
        one = synthetic_did(y, d, n_before)
        change = y[:, n_before:].mean(axis=1) - y[:, :n_before] @ one.period_weights
        parts.append((weight, change[d], change[~d], one.unit_weights))

    def estimate(without_own=(None, None), without_never=None):
        total = 0.0
        for k, (weight, own, other, omega) in enumerate(parts):
            kept = np.delete(own, without_own[1]) if without_own[0] == k else own
            w = omega.copy()
            if without_never is not None:
                w[without_never] = 0.0
            total += weight * (kept.mean() - (w / w.sum()) @ other)
        return total

    left = [estimate((k, i)) for k in (0, 1) for i in range(6)] + [
        estimate((None, None), j) for j in range(24)
    ]
    n = len(left)
    expected = np.sqrt((n - 1) / n * ((np.array(left) - np.mean(left)) ** 2).sum())
    rows = synthetic_by_cohort(panel, DESIGN)[0]
    assert rows["std_error"].iloc[0] == pytest.approx(expected, rel=1e-9)


def test_its_interval_covers_the_truth_about_as_often_as_it_says(monkeypatch):
    """The jackknife is conservative: at least nine in ten of sixty panels."""
    monkeypatch.setattr(module, "LONG", 200)
    covered = 0
    for seed in range(60):
        row = synthetic_by_cohort(staggered(seed), DESIGN)[0].iloc[0]
        covered += row["conf_low"] <= 2.0 <= row["conf_high"]
    assert covered >= 54


def test_many_or_clustered_units_and_cohorts_without_a_past_are_refused(monkeypatch):
    panel = staggered()
    with pytest.raises(EstimatorError, match="several units share a cluster"):
        synthetic_by_cohort(replace(panel, cluster=np.full(panel.n_units, "a")), DESIGN)
    with pytest.raises(EstimatorError, match="no cohort has two periods before adoption"):
        synthetic_by_cohort(replace(panel, cohort=np.where(np.isinf(panel.cohort), np.inf, 2011.0)), DESIGN)
    monkeypatch.setattr(synthetic_cohorts, "MOST", 10)
    with pytest.raises(EstimatorError, match="24 never treated units: synthetic weights are for few units"):
        synthetic_by_cohort(panel, DESIGN)
