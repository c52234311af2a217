"""Quantile effects: printed results on NSW with PSID, another program, a loop over definitions, known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import paths
from analysis.distribution import DistributionError, inequality, quantile_effects
from analysis.distribution.adjustment import Adjustment
from analysis.distribution.counterfactual import changes_in_changes, copula_stability
from analysis.samples.panel import Panel
from analysis.study import Design

SHARES = tuple(np.round(np.arange(1, 20) * 0.05, 2))
DESIGN = Design(bootstrap_draws=99)

# R package qte (Callaway), panel.qtet on lalonde.psid.panel, t = 1978, 1975, 1974, as printed to two digits.
PANEL_QTET = [
    4779.21, 1987.35, 842.95, -7366.04, -8449.96, -7992.15, -7429.21, -6597.37, -5519.45, -4702.88, -3904.52,
    -2741.80, -1507.31, -771.12, 707.81, 580.00, 821.75, -250.77, -1874.54,
]  # fmt: skip
# Changes in changes on the same rows, conventions of R qte 1.3.1, by diff-diff 3.13.0. Its 0.60 is one order statistic
# off (0.05 * 12 is one ulp above 0.6) and its mean rounds k / n before it inverts; both are left out here.
CIC = {
    0.25: 485.229797, 0.30: 929.883911, 0.35: 1460.359985, 0.40: 2321.106934, 0.45: 3462.563965, 0.50: 4232.309082,
    0.55: 5010.341797, 0.65: 7458.104980, 0.70: 8173.908203, 0.75: 9642.999023, 0.80: 9860.713684,
    0.85: 10824.646240, 0.90: 8670.954102, 0.95: 11394.716797,
}  # fmt: skip


def nsw() -> Panel:
    folder = paths.project() / "data" / "published" / "lalonde"
    files = [pd.read_parquet(folder / f"{name}.parquet") for name in ("nsw_dw", "psid_controls")]
    rows = pd.concat([files[0].query("treat == 1"), files[1]], ignore_index=True)
    return of(
        rows[["re74", "re75", "re78"]].to_numpy(float),
        np.where(rows["treat"] == 1, 1978.0, np.inf),
        (1974, 1975, 1978),
    )


def of(outcome: np.ndarray, cohort: np.ndarray, years: tuple[int, ...]) -> Panel:
    n = len(outcome)
    unit = np.array([f"u{i:05d}" for i in range(n)], dtype=object)
    return Panel(
        unit=unit, years=np.array(years), outcome=outcome, cohort=cohort, weight=np.ones(n), cluster=unit,
        model=np.full(n, "", dtype=object), covariates=np.empty((n, 0)),
    )  # fmt: skip


def changing(seed: int, n: int = 800) -> Panel:
    """Changes in changes by construction: Y_t(0) = h_t(U), h increasing, U of the same law every year; effect TRUTH."""
    rng = np.random.default_rng(seed)
    cohort = np.select([np.arange(n) < n // 4, np.arange(n) < n // 2], [2018.0, 2019.0], np.inf)
    skill = np.where(np.isfinite(cohort), 0.5, 0.0)[:, None] + rng.standard_normal((n, 1))
    u = np.hstack([0.7 * skill + 0.714 * rng.standard_normal((n, 1)) for _ in range(4)])
    time = np.arange(4)
    outcome = np.exp(0.3 * u) * (1 + 0.2 * time) + 0.5 * time
    treated = np.arange(2017, 2021) >= cohort[:, None]
    return of(outcome + treated * TRUTH, cohort, (2017, 2018, 2019, 2020))


TRUTH = 0.4  # a common effect moves every quantile alike; the counterfactual distribution is what is tested


def test_printed_results_of_copula_stability():
    found = quantile_effects(nsw(), DESIGN, method="copula_stability", shares=SHARES, draws=2)
    assert found.estimate[0, :-1] == pytest.approx(PANEL_QTET, abs=0.05)  # the files hold single precision
    assert found.estimate[0, -1] == pytest.approx(2326.51, abs=0.006)


def test_another_program_for_changes_in_changes():
    found = quantile_effects(nsw(), DESIGN, shares=SHARES, draws=2)
    estimate = dict(zip(SHARES, found.estimate[0], strict=False))
    for share, printed in CIC.items():
        assert estimate[share] == pytest.approx(printed, abs=1e-6)
    rows = found.rows(unit="dollars")
    assert rows["status"].str.startswith("flagged: 76% of base outcomes tie").all()
    assert rows["conf_low"].isna().all()


def test_changes_in_changes_by_counting():
    rng = np.random.default_rng(0)
    y10, y00, y01 = (np.rint(rng.normal(10, 3, n) * 10) / 10 for n in (40, 70, 70))
    weight = rng.integers(1, 4, 70)
    fast = changes_in_changes(y10, y00, y01, weight)
    long00, long01 = np.repeat(y00, weight), np.sort(np.repeat(y01, weight))
    slow = [long01[max(int((long00 <= y).sum()), 1) - 1] for y in y10]
    assert fast == pytest.approx(slow, abs=0)


def test_copula_stability_by_numpy_quantiles():
    rng = np.random.default_rng(1)
    before, base, change = rng.normal(5, 2, 50), rng.normal(6, 2, 50), rng.normal(1, 1, 80)
    fast = copula_stability(before, base, change, np.ones(50), np.ones(80))
    earlier = base - before
    slow = [
        np.quantile(change, np.mean(earlier <= earlier[i])) + np.quantile(base, np.mean(before <= before[i]))
        for i in range(50)
    ]
    assert fast == pytest.approx(slow, rel=1e-12)


def test_effects_that_are_known_are_found_with_the_coverage_they_claim():
    shares, draws = (0.2, 0.5, 0.8), 100
    hits, answered, error = np.zeros(4), np.zeros(4), np.zeros((draws, 4))
    for seed in range(draws):
        rows = quantile_effects(changing(seed, 600), DESIGN, shares=shares).rows(unit="yuan")
        rows = rows[rows["level"] == "overall"]
        hits += ((rows["point_low"] <= TRUTH) & (rows["point_high"] >= TRUTH)).to_numpy()
        answered += (rows["status"] == "ok").to_numpy()
        error[seed] = rows["estimate"] - TRUTH
    assert (np.abs(error.mean(axis=0)) < 4 * error.std(axis=0) / np.sqrt(draws)).all()
    assert (answered >= 0.9 * draws).all(), answered
    share = hits / answered
    assert ((share > 0.86) & (share < 1)).all(), share  # 99.9 percent of a binomial(100, 0.95)


def test_no_scale_is_privileged_and_a_mean_difference_would_fail():
    """An increasing transformation of all outcomes transforms the counterfactual quantiles and nothing else."""
    panel = changing(3)
    logs = replace(panel, outcome=np.log(panel.outcome))
    plain = quantile_effects(panel, DESIGN, draws=2)
    through = quantile_effects(logs, DESIGN, draws=2)
    assert np.exp(through.counterfactual[:, :-1]) == pytest.approx(plain.counterfactual[:, :-1], rel=1e-12)


def test_without_effect_and_with_weights_rows_and_ids_do_not_matter():
    panel = changing(5, 200)
    found = quantile_effects(panel, DESIGN, draws=2)
    turned = quantile_effects(panel.keep(np.arange(200)[::-1]), DESIGN, draws=2)
    assert turned.estimate == pytest.approx(found.estimate, rel=1e-12)
    scaled = quantile_effects(replace(panel, outcome=10 * panel.outcome + 3), DESIGN, draws=2)
    assert scaled.estimate == pytest.approx(10 * found.estimate, rel=1e-9)
    twice = panel.keep(np.repeat(np.arange(200), 2))
    ids = np.array([f"w{i:04d}" for i in range(400)], dtype=object)
    doubled = quantile_effects(replace(twice, unit=ids, cluster=ids), DESIGN, draws=2)
    assert doubled.estimate == pytest.approx(found.estimate, rel=1e-12)


def test_levels_pool_the_cells_of_their_years():
    found = quantile_effects(changing(1), DESIGN, draws=2)
    assert found.levels == ("overall", 0, 1, 2)
    assert list(found.n_cells) == [5, 2, 2, 1]
    assert list(found.n_treated) == [400, 400, 400, 200]


def test_covariates_take_out_what_moves_with_them():
    """Land that treated households have more of, and a price that pays for land in some years only."""
    rng = np.random.default_rng(2)
    n = 3000
    cohort = np.where(np.arange(n) < 1000, 2019.0, np.inf)
    land = rng.normal(4, 1, n) + 1.0 * np.isfinite(cohort)
    price = np.array([0.0, 1.0, 3.0])
    outcome = 10 + land[:, None] * price + rng.standard_normal((n, 3))
    panel = replace(
        of(outcome, cohort, (2017, 2018, 2019)), covariates=land[:, None], covariate_names=("land",)
    )
    plain = quantile_effects(replace(panel, covariates=np.empty((n, 0)), covariate_names=()), DESIGN, draws=2)
    adjusted = quantile_effects(panel, DESIGN, draws=20)
    assert np.abs(plain.estimate[0, -1]) > 0.5  # wrong without land
    assert np.abs(adjusted.estimate[0]).max() < 0.25
    assert np.abs(adjusted.estimate[0, -1]) < 4 * adjusted.std_error[0, -1]


def test_treated_beyond_the_comparison_are_flagged_not_guessed():
    rng = np.random.default_rng(4)
    base = np.concatenate([rng.uniform(0, 2, 100), rng.uniform(1, 2, 200)])
    panel = of(
        np.stack([base, base + rng.uniform(0.9, 1.1, 300)], axis=1),
        np.where(np.arange(300) < 100, 2020.0, np.inf),
        (2019, 2020),
    )
    rows = quantile_effects(panel, DESIGN, shares=(0.1, 0.4, 0.9), draws=20).rows(unit="yuan")
    rows = rows[rows["level"] == "overall"].set_index("share")
    beyond = "flagged: treated units beyond the comparison's outcomes before adoption"
    assert list(rows.loc[[0.1, 0.4], "status"]) == [beyond, beyond]
    assert rows.loc[0.9, "status"] == "ok"
    assert "49% of treated beyond the comparison" in rows.loc["mean", "status"]
    assert rows.loc[[0.1, 0.4, "mean"], "conf_low"].isna().all()


def test_a_few_treated_beyond_the_comparison_widen_the_interval_by_their_worst_case():
    """One cell: the counterfactuals of two low and one high unit are sent to the ends and the quantiles taken again."""
    rng = np.random.default_rng(6)
    base = np.concatenate([rng.uniform(1, 2, 97), [0.1, 0.2, 3.0], rng.uniform(1, 2, 200)])
    outcome = np.stack([base, base + rng.uniform(0.5, 1.5, 300)], axis=1)
    panel = of(outcome, np.where(np.arange(300) < 100, 2020.0, np.inf), (2019, 2020))
    # linear shifts put units without a like anywhere in the outcome, not only at its ends
    covariate = rng.normal(0, 1, 300)
    panel = replace(panel, covariates=covariate[:, None], covariate_names=("x",))
    shares = (0.1, 0.5, 0.9)
    found = quantile_effects(panel, DESIGN, shares=shares, draws=40, by="overall")
    shift = Adjustment(panel, np.arange(300)).shift(np.ones(300))
    rest = outcome.T - shift
    given = changes_in_changes(rest[0, :100], rest[0, 100:], rest[1, 100:], np.ones(200)) + shift[1, :100]
    below, above = rest[0, :100] < rest[0, 100:].min(), rest[0, :100] > rest[0, 100:].max()
    assert below.any() and above.any() and (below | above).sum() < 6
    low = np.quantile(np.where(below, -99.0, given), shares, method="inverted_cdf")
    high = np.quantile(np.where(above, 99.0, given), shares, method="inverted_cdf")
    rows = found.rows(unit="yuan").set_index("share").loc[list(shares)]
    error = found.std_error[0, :3]
    assert rows["point_low"].to_numpy() == pytest.approx(rows["actual"].to_numpy() - high - 1.959964 * error)
    assert rows["point_high"].to_numpy() == pytest.approx(rows["actual"].to_numpy() - low + 1.959964 * error)
    assert (rows["status"] == "ok").all()
    assert found.outside[0] == pytest.approx((below | above).mean())


def test_indices_are_those_of_the_two_distributions():
    panel = changing(2, 400)
    one = panel.keep(panel.cohort != 2018)
    one = replace(one, years=one.years[:3], outcome=one.outcome[:, :3])  # a single cell, 2019
    found = quantile_effects(one, DESIGN, indices=("gini", "theil_t"), draws=99)
    treated, other = np.isfinite(one.cohort), np.isinf(one.cohort)
    given = changes_in_changes(
        one.outcome[treated, 1], one.outcome[other, 1], one.outcome[other, 2], np.ones(other.sum())
    )
    for values, column in ((one.outcome[treated, 2], found.actual), (given, found.counterfactual)):
        alone = inequality(values, np.ones(len(values)), np.arange(len(values)), names=("gini", "theil_t"))
        assert column[0, -2:] == pytest.approx(alone.estimate, rel=1e-12)
    rows = found.rows(unit="yuan").query("level == 'overall'").set_index("share")
    assert rows.loc["gini", "conf_kind"] == "pointwise" and rows.loc["gini", "unit"] == "index"
    assert rows.loc["gini", "conf_low"] < rows.loc["gini", "estimate"] < rows.loc["gini", "conf_high"]
    negative = replace(one, outcome=one.outcome - 2.0)
    rows = (
        quantile_effects(negative, DESIGN, indices=("theil_t",), draws=9).rows(unit="yuan").set_index("share")
    )
    assert rows.loc["theil_t", "estimate"].isna().all()
    assert rows.loc["theil_t", "status"].str.startswith("not defined").all()


def test_the_gap_between_two_shares_has_the_interval_of_their_draws():
    found = quantile_effects(changing(4, 400), DESIGN, shares=(0.2, 0.8), draws=199)
    value, low, high = found.between(0.8, 0.2, conf_level=0.95)
    assert value == pytest.approx(found.estimate[0, 1] - found.estimate[0, 0])
    spread = np.std(found.draws[:, 0, 1] - found.draws[:, 0, 0])
    assert (high - low) / 2 == pytest.approx(1.96 * spread, rel=0.25)
    assert low <= value <= high
    with pytest.raises(DistributionError, match=r"no share '0\.5'; choose 0\.2, 0\.8"):
        found.between(0.5, 0.2, conf_level=0.95)


def test_overall_alone_is_the_overall_of_all_levels():
    panel = changing(1, 300)
    alone = quantile_effects(panel, DESIGN, by="overall", draws=5)
    full = quantile_effects(panel, DESIGN, draws=5)
    assert alone.levels == ("overall",)
    assert alone.estimate[0] == pytest.approx(full.estimate[0], rel=1e-12)
    assert alone.draws[:, 0] == pytest.approx(full.draws[:, 0], rel=1e-12)
    assert len(alone.cells) == alone.n_cells[0] and (2018, 2020) in alone.cells


def test_what_cannot_be_answered_is_named():
    with pytest.raises(DistributionError, match="choose changes_in_changes, copula_stability"):
        quantile_effects(changing(1), DESIGN, method="qdid")
    with pytest.raises(DistributionError, match="no index 'ginny'; choose gini, gini_small_sample"):
        quantile_effects(changing(1), DESIGN, indices=("ginny",))
    with pytest.raises(DistributionError, match="no level 'year'; choose overall, event_time"):
        quantile_effects(changing(1), DESIGN, by="year")
    with pytest.raises(DistributionError, match="shares must lie between 0 and 1"):
        quantile_effects(changing(1), DESIGN, shares=(0.0,))
    two = changing(1, 100)
    two = replace(two, years=two.years[:2], outcome=two.outcome[:, :2])
    with pytest.raises(
        DistributionError, match="cohort 2018 in 2018: 1 periods before the base are needed, there are 0"
    ):
        quantile_effects(two, DESIGN, method="copula_stability")
    found = quantile_effects(changing(1, 100), DESIGN, method="copula_stability", draws=2)
    assert any("cohort 2019 in 2020: 2 periods" in reason for reason in found.left_out)
