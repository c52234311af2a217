"""Errors, degrees of freedom and bands: exact where theory is exact, right in size where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import estimators
from analysis.effects import Effects
from analysis.estimates import aggregate, contrast, release, verdict
from analysis.inference import simultaneous_critical_value
from analysis.samples import Panel
from analysis.study import Design

DESIGN = Design(comparison_group="never_treated", bootstrap_draws=199, min_treated_units=2)


def panel(outcome: np.ndarray, cohort: np.ndarray, model: np.ndarray | None = None) -> Panel:
    n, periods = outcome.shape
    ids = np.array([f"v{i:04d}" for i in range(n)])
    arms = np.full(n, "") if model is None else model
    return Panel(ids, np.arange(periods), outcome, cohort, np.ones(n), ids, arms, np.zeros((n, 0)))


def two_period(treated: int, untreated: int, seed: int) -> Panel:
    rng = np.random.default_rng(seed)
    cohort = np.where(np.arange(treated + untreated) < treated, 1.0, np.inf)
    return panel(rng.normal(size=(treated + untreated, 2)), cohort)


def test_two_groups_and_periods_give_the_welch_error() -> None:
    """With one cohort and two periods CR2 is the unequal-variance two-sample error, exactly."""
    sample = two_period(6, 9, seed=3)
    change = sample.outcome[:, 1] - sample.outcome[:, 0]
    welch = np.sqrt(change[:6].var(ddof=1) / 6 + change[6:].var(ddof=1) / 9)

    row = aggregate(estimators.fit("group_time", sample, DESIGN), DESIGN).row("simple")

    assert row["std_error_small"] == pytest.approx(welch, rel=1e-12)
    expected_df = (1 / 6 + 1 / 9) ** 2 / ((1 / 6) ** 2 / 5 + (1 / 9) ** 2 / 8)
    assert row["df"] == pytest.approx(expected_df, rel=1e-12)
    half = stats.t.ppf(0.975, expected_df) * welch
    assert row["conf_high"] - row["estimate"] == pytest.approx(half, rel=1e-12)


@pytest.mark.parametrize(
    ("estimator", "treated"),
    [
        ("group_time", 5),
        ("imputation", 5),
        ("saturated", 5),
        ("twfe", 5),
        ("group_time", 8),
        ("group_time", 40),
    ],
)
def test_size_is_right_with_few_treated_villages(estimator: str, treated: int) -> None:
    """Rejections of a true null stay inside the exact 99 % binomial band around 5 % for 500 draws (2.6-7.6 %),
    one-sided below: with few villages the t interval may be a little too wide, never too short."""
    rng = np.random.default_rng(20201101)
    cohort = np.where(np.arange(treated + 60) < treated, 2.0, np.inf)
    rejected = 0
    for _ in range(500):
        noise = rng.normal(size=(treated + 60, 4))
        noise[:, 1:] += 0.5 * noise[:, :-1]
        row = aggregate(estimators.fit(estimator, panel(noise, cohort), DESIGN), DESIGN).row("simple")
        rejected += not row["conf_low"] <= 0 <= row["conf_high"]

    assert 0.015 <= rejected / 500 <= 0.076


def test_the_normal_interval_would_have_been_too_short() -> None:
    """The guard above bites: with five treated villages the plain clustered error rejects far too often."""
    rng = np.random.default_rng(7)
    cohort = np.where(np.arange(65) < 5, 2.0, np.inf)
    rejected = 0
    for _ in range(300):
        row = aggregate(
            estimators.fit("group_time", panel(rng.normal(size=(65, 4)), cohort), DESIGN), DESIGN
        ).row("simple")
        rejected += abs(row["estimate"]) > 1.96 * row["std_error"]

    assert rejected / 300 > 0.09


def test_critical_value_of_independent_rows_is_that_of_the_normal_maximum() -> None:
    rng = np.random.default_rng(1)
    influence = np.linalg.qr(rng.normal(size=(400, 5)))[0]

    found = simultaneous_critical_value(influence, conf_level=0.95, draws=20_000, seed=3)

    assert found == pytest.approx(stats.norm.ppf(0.5 + 0.95 ** (1 / 5) / 2), abs=0.03)
    assert found == simultaneous_critical_value(influence, conf_level=0.95, draws=20_000, seed=3)


def test_one_row_and_rows_without_variance_leave_the_pointwise_value() -> None:
    flat = np.zeros((50, 3))
    flat[:, 0] = np.random.default_rng(2).normal(size=50)

    assert simultaneous_critical_value(flat, conf_level=0.95, draws=199, seed=1) == pytest.approx(
        stats.norm.ppf(0.975)
    )


def test_a_contrast_uses_the_joint_influence() -> None:
    rng = np.random.default_rng(5)
    cohort = np.where(np.arange(60) < 30, 2.0, np.inf)
    arms = np.where(np.arange(60) % 2 == 0, "M01", "M02")
    sample = panel(rng.normal(size=(60, 4)), cohort, np.where(np.isfinite(cohort), arms, ""))
    models = aggregate(estimators.fit("group_time", sample, DESIGN), DESIGN, by="model")

    difference = contrast(models, {"M01": 1.0, "M02": -1.0}, DESIGN, label="M01-M02").rows.iloc[0]

    covariance = models.covariance
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert difference["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert covariance[0, 1] > 0  # the comparison villages are shared
    assert difference["estimate"] == pytest.approx(
        models.row("M01")["estimate"] - models.row("M02")["estimate"]
    )


def test_few_treated_units_get_no_interval_and_one_no_number() -> None:
    rng = np.random.default_rng(6)
    cohort = np.array([2.0] * 3 + [1.0] + [np.inf] * 30)
    design = DESIGN.model_copy(update={"min_treated_units": 5})
    rows = aggregate(
        estimators.fit("group_time", panel(rng.normal(size=(34, 4)), cohort), design), design, by="cohort"
    ).rows

    single, few = rows.set_index("level").loc[1], rows.set_index("level").loc[2]
    assert single["status"].startswith("withheld: one treated unit") and np.isnan(single["estimate"])
    assert few["status"].startswith("flagged: 3 treated units, fewer than 5") and np.isnan(few["conf_low"])
    assert np.isfinite(few["estimate"]) and verdict(few) == "not_known"


def test_a_public_report_shows_no_number_behind_fewer_than_ten_units() -> None:
    sample = two_period(8, 40, seed=1)
    estimates = aggregate(estimators.fit("group_time", sample, DESIGN), DESIGN)

    shown = release(estimates, audience="public").rows

    numbers = shown.select_dtypes("number").drop(columns=["n_treated", "n_clusters"])
    assert numbers.isna().all().all(), "not even the middle of an interval is left"
    assert shown["status"].str.startswith("withheld: fewer than 10").all()
    assert release(estimates, audience="internal").rows["estimate"].notna().all()


def test_verdict_words_follow_from_the_interval() -> None:
    rows = pd.DataFrame({"conf_low": [0.1, -0.2, -0.1, np.nan], "conf_high": [0.3, -0.1, 0.1, np.nan]})

    assert [verdict(row) for _, row in rows.iterrows()] == ["rose", "fell", "unclear", "not_known"]


def test_effects_refuse_frames_that_do_not_belong_together() -> None:
    effects = estimators.fit("group_time", two_period(6, 9, seed=3), DESIGN)

    with pytest.raises(ValueError, match="influence must be"):
        Effects(effects.cells, effects.influence.iloc[:, :0], effects.treated, effects.comparison, "x", True)
