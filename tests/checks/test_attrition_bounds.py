"""Lee bounds against linear programming, Lee's variance, known truth and coverage."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from small_study import village_table

from analysis.checks.attrition import attrition
from analysis.checks.attrition_bounds import imbens_manski, lee_bounds, worst_case_bounds
from analysis.effects import EstimatorError
from analysis.study import Design, Table


def sample(seed: int, n: int = 1_000, *, more=0.9, less=0.7, effect=1.0, cell_effect=0.0):
    """Treated are observed with chance `more` of those, others with `less`; monotone, related to the outcome."""
    rng = np.random.default_rng(seed)
    d, cell = rng.random(n) < 0.5, rng.integers(0, 3, n)
    base = rng.normal(size=n) + cell_effect * cell
    eagerness = stats.norm.cdf(0.8 * stats.norm.ppf(rng.random(n)) + 0.6 * (base - cell_effect * cell))
    seen = eagerness < np.where(d, more, less)
    return np.where(seen, base + effect * d, np.nan), d, cell


def programmed(values: np.ndarray, share: float, sign: int) -> float:
    """Extreme mean over all ways to trim: minimise sign * w'y, w between 0 and 1 / (n share), adding to one."""
    n = len(values)
    found = optimize.linprog(
        sign * values, A_eq=np.ones((1, n)), b_eq=[1], bounds=[(0, 1 / (n * share))] * n, method="highs"
    )
    return sign * found.fun


@pytest.mark.parametrize("flip", [False, True])
def test_bounds_are_the_extremes_over_all_ways_to_trim(flip):
    y, d, _ = sample(0, 300)
    d = ~d if flip else d
    found = lee_bounds(y, d)
    one, other = y[d & np.isfinite(y)], y[~d & np.isfinite(y)]
    p1, p0 = len(one) / d.sum(), len(other) / (~d).sum()
    if flip:
        low, high = (one.mean() - programmed(other, p1 / p0, sign) for sign in (-1, 1))
    else:
        low, high = (programmed(one, p0 / p1, sign) - other.mean() for sign in (1, -1))
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-8), pytest.approx(high, abs=1e-8))
    assert found.trims_treated == (not flip,)
    assert found.trimmed == pytest.approx(1 - min(p0, p1) / max(p0, p1))


def test_ties_are_split_at_the_quantile():
    y = np.array([1.0] * 6 + [2.0] * 4 + [1.5] * 5 + [np.nan] * 5)
    found = lee_bounds(y, np.arange(20) < 10)
    assert (found.low, found.high) == (pytest.approx(1.0 - 1.5), pytest.approx((4 * 2 + 1) / 5 - 1.5))


def test_errors_of_independent_units_are_lees():
    y, d, _ = sample(1, 4_000)
    found = lee_bounds(y, d)
    seen = np.isfinite(y)
    one, other = np.sort(y[d & seen]), y[~d & seen]
    p1, p0 = seen[d].mean(), seen[~d].mean()
    share = p0 / p1
    kept, cut = one[: int(len(one) * share)], one[int(len(one) * share)]
    mean, n = kept.mean(), len(y)
    chance = (d & seen).mean()
    trimmed = (kept.var() + (cut - mean) ** 2 * (1 - share)) / (chance * share)
    # proposition 3, with the variance of the share from the two observation rates by the delta method
    of_share = share**2 * ((1 - p0) / (p0 * (~d).mean()) + (1 - p1) / (p1 * d.mean()))
    control = other.var() / ((~d & seen).mean())
    variance = trimmed + ((cut - mean) / share) ** 2 * of_share + control
    assert found.std_error_low == pytest.approx(np.sqrt(variance / n), rel=3e-3)


def test_equal_observation_gives_a_point_and_the_plain_error():
    y, d, _ = sample(2)
    full = np.where(np.isnan(y), 0.3, y)
    found = lee_bounds(full, d)
    assert found.low == pytest.approx(found.high) == pytest.approx(full[d].mean() - full[~d].mean())
    assert found.conf_high - found.high == pytest.approx(1.96 * found.std_error_high, rel=1e-3)


def test_cells_tighten_the_bounds_and_one_cell_changes_nothing():
    y, d, cell = sample(3, 6_000, cell_effect=2.0)
    wide, tight = lee_bounds(y, d), lee_bounds(y, d, cell=cell)
    assert wide.low < tight.low < tight.high < wide.high
    assert tight.n_cells == 3
    assert lee_bounds(y, d, cell=np.zeros(len(y))) == wide


def test_weights_are_copies_of_rows_and_order_unit_and_origin_do_not_matter():
    y, d, cell = sample(4, 200)
    copies = np.random.default_rng(0).integers(1, 4, 200)
    weighted, repeated = (
        lee_bounds(y, d, weight=copies),
        lee_bounds(np.repeat(y, copies), np.repeat(d, copies)),
    )
    assert (weighted.low, weighted.high) == (pytest.approx(repeated.low), pytest.approx(repeated.high))
    order = np.random.default_rng(1).permutation(200)
    one, other = lee_bounds(y, d, cell=cell), lee_bounds(10 * y[order] + 5, d[order], cell=-cell[order])
    assert (other.low, other.std_error_low) == (
        pytest.approx(10 * one.low),
        pytest.approx(10 * one.std_error_low),
    )


def test_clusters_of_copies_give_the_error_of_the_originals():
    y, d, _ = sample(5, 400)
    one = lee_bounds(y, d)
    four = lee_bounds(np.tile(y, 4), np.tile(d, 4), cluster=np.tile(np.arange(400), 4))
    assert (four.low, four.std_error_low) == (
        pytest.approx(one.low),
        pytest.approx(one.std_error_low, rel=1e-6),
    )
    assert lee_bounds(np.tile(y, 4), np.tile(d, 4)).std_error_low < 0.6 * one.std_error_low


def test_the_interval_covers_the_true_effect_and_the_error_of_a_bound_is_its_spread():
    """The effect is one for everybody, and the true lower bound is computed from two million units."""
    truth = lee_bounds(*sample(999, 2_000_000)[:2])
    assert truth.low < 1.0 < truth.high
    found = [lee_bounds(*sample(seed, 500)[:2]) for seed in range(500)]
    covered = sum(one.conf_low <= 1.0 <= one.conf_high for one in found)
    assert covered >= stats.binom.ppf(5e-4, 500, 0.95)
    lower = sum(abs(one.low - truth.low) <= 1.96 * one.std_error_low for one in found)
    assert stats.binom.ppf(5e-4, 500, 0.94) <= lower <= stats.binom.ppf(1 - 5e-4, 500, 0.96)
    assert np.std([one.low for one in found]) == pytest.approx(
        np.mean([one.std_error_low for one in found]), rel=0.1
    )


def test_errors_with_cells_are_the_spread_of_the_bounds():
    found = [
        lee_bounds(y, d, cell=c) for y, d, c in (sample(seed, 900, cell_effect=1.0) for seed in range(400))
    ]
    for name in ("low", "high"):
        spread = np.std([getattr(one, name) for one in found])
        assert spread == pytest.approx(np.mean([getattr(one, f"std_error_{name}") for one in found]), rel=0.1)


def test_imbens_manski_goes_from_two_sided_to_one_sided_and_solves_its_equation():
    assert imbens_manski(0, 0, 1, 1)[1] == pytest.approx(1.959964, abs=1e-5)
    assert imbens_manski(0, 50, 1, 1)[0] == pytest.approx(-1.644854, abs=1e-5)
    low, high = imbens_manski(0, 0.7, 0.5, 0.9)
    c = -low / 0.5
    assert high == pytest.approx(0.7 + 0.9 * c)
    assert stats.norm.cdf(c + 0.7 / 0.9) - stats.norm.cdf(-c) == pytest.approx(0.95, abs=1e-9)


def test_the_worst_case_fills_in_the_ends_of_the_range():
    y = np.array([1.0, 2, np.nan, 3, 1, np.nan])
    found = worst_case_bounds(y, np.array([1, 1, 1, 0, 0, 0]), lowest=0, highest=5)
    assert found.low == pytest.approx((1 + 2 + 0) / 3 - (3 + 1 + 5) / 3)
    assert found.high == pytest.approx((1 + 2 + 5) / 3 - (3 + 1 + 0) / 3)
    first, second = np.array([1.0, 2, 0]), np.array([3.0, 1, 5])
    by_hand = (first.var() / 3 + second.var() / 3) * 6 / 5
    assert found.std_error_low == pytest.approx(np.sqrt(by_hand))
    assert (found.observed_treated, found.observed_other) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_what_bounds_nothing_is_refused():
    y, d, _cell = sample(6, 60)
    with pytest.raises(EstimatorError, match=r"of 30 cells have fewer than 5") as one:
        lee_bounds(y, d, cell=np.arange(60) // 2)
    assert "请合并单元" in one.value.message.zh
    with pytest.raises(EstimatorError, match="treated and other units"):
        lee_bounds(y, np.ones(60))
    with pytest.raises(EstimatorError, match="one cluster gives no error"):
        lee_bounds(y, d, cluster=np.zeros(60))
    with pytest.raises(EstimatorError, match=r"lie outside \[0, 1\]"):
        worst_case_bounds(y, d, lowest=0, highest=1)


# --- in a table ---


def thinned(share: float, seed: int = 0, n: int = 400, **rules) -> tuple:
    """The small study's table, larger; adopters in the lowest `share` of changes stop reporting in the last two years."""
    table = village_table(n=n, seed=3)
    wide = table.pivot(index="village", columns="year", values="income")
    change = wide[2020] - wide[2017]
    cohort = table.drop_duplicates("village").set_index("village")["first_year"]
    adopters = change[cohort == 2018]
    gone = adopters[adopters <= adopters.quantile(share)].index if share else []
    left = table[~(table["village"].isin(gone) & (table["year"] >= 2019))]
    typed = left.assign(first_year=left["first_year"].astype("Int64").replace({0: pd.NA}))
    return typed, list(gone)


TABLE = Table(file="x.csv", unit="village", time="year", cohort="first_year", never=(0,))
DESIGN = Design(comparison_group="not_yet_treated")


def test_a_complete_panel_has_no_attrition():
    frame, _ = thinned(0.0)
    found = attrition(frame, TABLE, "income", DESIGN, unit="yuan")

    assert (found.n_units, found.n_gone) == (400, 0)
    assert found.gaps is None and found.lee is None and found.worst is None
    assert (found.rows["n_units"] == found.rows["n_seen"]).all()


@pytest.mark.parametrize("as_blank", [False, True])
def test_losers_who_stop_reporting_move_the_plain_difference_and_not_the_bounds(as_blank):
    """A missing row and a blank cell are the same; the truth (5) lies within Lee's bounds, the plain difference is off."""
    frame, gone = thinned(0.3)
    if as_blank:
        whole, _ = thinned(0.0)
        frame = whole.assign(
            income=whole["income"].where(~(whole["village"].isin(gone) & (whole["year"] >= 2019)))
        )

    found = attrition(frame, TABLE, "income", DESIGN, unit="yuan")

    assert found.n_gone == len(gone) == 30
    assert (found.first, found.last) == (2017, 2020)
    last = found.rows[found.rows["year"] == 2020].set_index("group")
    assert last.loc["adopters", ["n_units", "n_seen"]].tolist() == [200, 170]
    assert last.loc["others", ["n_units", "n_seen"]].tolist() == [200, 200]
    whole = attrition(thinned(0.0)[0], TABLE, "income", DESIGN, unit="yuan")
    assert found.plain > 5.05 and np.isnan(whole.plain)
    assert found.lee.low < 5 < found.lee.high
    assert found.worst.low < found.lee.low and found.lee.high < found.worst.high


def test_gaps_in_other_years_bound_nothing_and_a_panel_without_comparison_says_why():
    frame, _ = thinned(0.0)
    elsewhen = frame[~((frame["year"] == 2015) & (frame["village"] < "000011"))]
    found = attrition(elsewhen, TABLE, "income", DESIGN, unit="yuan")
    assert found.n_gone == 10 and found.lee is None and found.why is None and found.first == 2017

    everyone = elsewhen[elsewhen["first_year"].notna() & (elsewhen["first_year"] == 2018)]
    alone = attrition(everyone, TABLE, "income", DESIGN, unit="yuan")
    assert alone.lee is None and "there is no year in which" in alone.why and "没有任何年份" in alone.why.zh


def test_units_flagged_for_exclusion_do_not_count():
    frame, gone = thinned(0.3)
    flagged = frame.assign(out=frame["village"].isin(gone))
    table = TABLE.model_copy(update={"exclude": ("out",)})

    found = attrition(flagged, table, "income", DESIGN, unit="yuan")

    assert (found.n_units, found.n_gone) == (370, 0)
