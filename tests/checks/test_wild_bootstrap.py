"""The wild cluster bootstrap against re-estimation draw by draw, a published value, and its own level."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import estimators, paths
from analysis.checks import Case, wild_bootstrap
from analysis.checks.inference_methods import inference_methods
from analysis.checks.wild_bootstrap import POINTS, wild_influence, wild_regression
from analysis.contract import read_table
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.samples import select
from analysis.study import read_study


def castle() -> pd.DataFrame:
    return pd.read_csv(paths.project() / "data" / "published" / "castle_doctrine" / "castle.csv")


def band(level: float, n: int) -> tuple[int, int]:
    """Counts that a true level leaves with probability 1e-3 at most."""
    return int(stats.binom.ppf(5e-4, n, level)), int(stats.binom.ppf(1 - 5e-4, n, level))


def unbalanced(seed: int = 0, n_clusters: int = 6):
    """A panel with gaps: several units per cluster, years, a control, weights."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(n_clusters * 3), 5)
    year = np.tile(np.arange(5), n_clusters * 3)
    kept = rng.random(len(unit)) < 0.8
    unit, year = unit[kept], year[kept]
    cluster = unit // 3
    d = ((year >= 2 + cluster % 3) & (cluster % 2 == 0)).astype(float)
    x = rng.normal(size=len(unit))
    y = 0.4 * d + x + rng.normal(size=n_clusters)[cluster] * year + rng.normal(size=len(unit))
    return y, d, x, unit, year, cluster, rng.uniform(0.5, 2, len(unit))


def re_estimated(y, d, others, cluster, w, null, multipliers, k):
    """(B,) t statistics, each from a regression of its own on dummies."""
    root = np.sqrt(w)
    design = others * root[:, None]
    y0, d0 = (y - null * d) * root, d * root
    fitted = design @ np.linalg.lstsq(design, y0, rcond=None)[0]
    residual = y0 - fitted
    full = np.column_stack([d0, design])
    d_left = d0 - design @ np.linalg.lstsq(design, d0, rcond=None)[0]
    g = cluster.max() + 1
    factor = g / (g - 1) * (len(y) - 1) / (len(y) - k)
    found = []
    for v in multipliers:
        drawn = fitted + v[cluster] * residual
        beta = np.linalg.lstsq(full, drawn, rcond=None)[0]
        e = drawn - full @ beta
        score = np.bincount(cluster, d_left * e)
        found.append(beta[0] / (np.sqrt(factor * score @ score) / (d_left @ d_left)))
    return np.array(found)


def dummies(code):
    return (code[:, None] == np.unique(code)).astype(float)


@pytest.mark.parametrize("null", [0.0, 0.37])
def test_every_draw_equals_re_estimation_in_an_unbalanced_panel_with_weights(null):
    y, d, x, unit, year, cluster, w = unbalanced()
    v = np.array(list(product([-1.0, 1.0], repeat=6)))[:, ::-1]
    others = np.column_stack([x, dummies(unit), dummies(year)])
    expected = re_estimated(y, d, others, cluster, w, null, v, 1 + 1 + 5)
    scores = wild_bootstrap._regression_scores(y, d, x[:, None], (unit, year), cluster, w)
    drawn = wild_bootstrap._apply(scores, "rademacher", 64, True, 0).squared(null)
    np.testing.assert_allclose(drawn, expected**2, rtol=1e-9, atol=1e-13)
    found = wild_regression(
        y, d, cluster, controls=x, effects=(unit, year), weight=w, null=null, multiplier="rademacher"
    )
    assert found.enumerated and found.draws == 64 and found.smallest_p == 2 / 64
    assert found.statistic**2 == pytest.approx(expected[-1] ** 2, rel=1e-9)  # all multipliers one: the data
    assert found.p_value == np.mean(expected**2 >= found.statistic**2 * (1 - 1e-8))


def test_two_nested_effects_equal_re_estimation_on_their_dummies():
    y, d, x, unit, year, cluster, w = unbalanced(3)
    treated = d * (unit % 3 == 0)  # varies within cluster and year
    cluster_year = cluster * 10 + year
    v = np.array(list(product([-1.0, 1.0], repeat=6)))[:, ::-1]
    others = np.column_stack([x, dummies(unit), dummies(cluster_year)])
    expected = re_estimated(y, treated, others, cluster, w, 0.0, v, 1 + 1 + 1)
    scores = wild_bootstrap._regression_scores(y, treated, x[:, None], (unit, cluster_year), cluster, w)
    drawn = wild_bootstrap._apply(scores, "rademacher", 64, True, 0).squared(0.0)
    np.testing.assert_allclose(drawn, expected**2, rtol=1e-8, atol=1e-12)


def test_castle_doctrine_gives_the_known_p_value():
    table = castle()
    sid, year = table["sid"].to_numpy(), table["year"].to_numpy()
    found = [
        wild_regression(table["l_homicide"], table["post"], sid, effects=(sid, year), seed=seed)
        for seed in range(3)
    ]
    factor = np.sqrt(50 / 49 * 549 / (550 - 12))  # the known statistic was printed without it
    assert found[0].estimate == pytest.approx(0.0818116169306, abs=1e-12)
    assert found[0].statistic * factor == pytest.approx(1.41799, abs=5e-6)
    for one in found:
        assert one.multiplier == "rademacher" and one.draws == 9_999 and one.n_clusters == 50
        assert one.p_value == pytest.approx(0.1728, abs=4 * np.sqrt(2 * 0.1728 * 0.8272 / 9_999))


def test_the_limits_are_where_the_p_value_crosses_the_level():
    y, d, _x, unit, year, cluster, _w = unbalanced(1, 20)
    asked = {"effects": (unit, year), "draws": 1_999, "seed": 4}
    found = wild_regression(y, d, cluster, **asked)
    for limit, out in ((found.conf_low, -1), (found.conf_high, 1)):
        step = 1e-6 * found.std_error
        assert wild_regression(y, d, cluster, null=limit + out * step, **asked).p_value <= 0.05
        assert wild_regression(y, d, cluster, null=limit - out * step, **asked).p_value > 0.05
    assert found.conf_low < found.estimate < found.conf_high


def test_four_clusters_with_two_points_can_never_reject_so_they_bound_nothing():
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(4), 6)
    found = wild_regression(rng.normal(size=24), rng.normal(size=24), cluster, multiplier="rademacher")
    assert (found.draws, found.smallest_p) == (16, 2 / 16)
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)


def test_a_mean_with_its_null_imposed_flips_the_signs_of_deviations_from_the_null():
    rng = np.random.default_rng(2)
    x = rng.normal(0.6, 1, 8)
    influence = ((x - x.mean()) / 8)[:, None]
    found = wild_influence(
        np.array([x.mean()]), influence, np.ones(1), np.arange(8), share=np.full(8, 1 / 8), null=0.1,
        multiplier="rademacher",
    )  # fmt: skip
    flipped = np.array(list(product([-1, 1], repeat=8))) * (x - 0.1)
    t = flipped.mean(axis=1) / np.sqrt(((flipped - flipped.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)) * 8
    own = (x.mean() - 0.1) / np.sqrt(((x - x.mean()) ** 2).sum()) * 8
    assert found.statistic == pytest.approx(own, rel=1e-12)
    assert found.p_value == np.mean(np.abs(t) >= abs(own) * (1 - 1e-9))


def test_influence_is_summed_by_township_and_combined_by_weights():
    rng = np.random.default_rng(3)
    psi, town, weights = rng.normal(size=(40, 3)), np.repeat(np.arange(10), 4), np.array([1.0, -0.5, 0.2])
    psi -= psi.mean(axis=0)
    one = wild_influence(np.array([3.0, 1.0, 2.0]), psi, weights, town, seed=1)
    summed = np.array([psi[town == t].sum(axis=0) for t in range(10)]) @ weights
    other = wild_influence(np.array([2.9]), summed[:, None], np.ones(1), np.arange(10), seed=1)
    assert one.multiplier == "webb" and one.n_clusters == 10
    assert one.std_error == pytest.approx(np.sqrt(summed @ summed))
    assert (one.p_value, one.conf_low) == (other.p_value, pytest.approx(other.conf_low))


def rejections(one, repetitions=400):
    return sum(one(np.random.default_rng(seed)) <= 0.05 for seed in range(repetitions))


def test_its_level_is_right_with_six_clusters_where_the_normal_quantile_is_not():
    share = np.full(6, 1 / 6)

    def mean(rng):
        x = rng.normal(size=6)
        psi = ((x - x.mean()) / 6)[:, None]
        asked = {"draws": 199, "seed": int(rng.integers(1e6))}
        plain.append(abs(x.mean()) / np.sqrt((psi**2).sum()) > 1.96)
        return wild_influence(
            np.array([x.mean()]), psi, np.ones(1), np.arange(6), share=share, **asked
        ).p_value

    plain = []
    low, high = band(0.05, 400)
    assert low <= rejections(mean) <= high
    assert sum(plain) > high


def test_its_level_is_right_for_a_regression_with_clusters_that_differ():
    cluster = np.repeat(np.arange(14), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    year = np.concatenate([np.arange(n) % 3 for n in np.bincount(cluster)])

    def one(rng):
        d = rng.normal(size=14)[cluster] * (year == 2)
        y = rng.normal(size=14)[cluster] * (1 + year) + rng.normal(size=len(cluster))
        asked = {"effects": (cluster, year), "draws": 199, "seed": int(rng.integers(1e6))}
        return wild_regression(y, d, cluster, **asked).p_value

    low, high = band(0.05, 400)
    assert low <= rejections(one) <= high


def test_row_order_labels_origin_and_unit_do_not_matter():
    y, d, x, unit, year, cluster, w = unbalanced(7)
    order = np.random.default_rng(0).permutation(len(y))
    names = np.array([f"t{c}" for c in cluster])
    one = wild_regression(y, d, cluster, controls=x, effects=(unit, year), weight=w)
    other = wild_regression(
        (10 * y + 7)[order],
        d[order],
        names[order],
        controls=x[order],
        effects=(unit[order], year[order]),
        weight=w[order],
    )
    assert other.estimate == pytest.approx(10 * one.estimate)
    assert other.p_value == one.p_value
    assert other.conf_high == pytest.approx(10 * one.conf_high)


def test_webb_multipliers_have_mean_zero_and_variance_one():
    for points in POINTS.values():
        assert points.mean() == pytest.approx(0)
        assert (points**2).mean() == pytest.approx(1)


def test_what_cannot_be_tested_is_refused_in_both_languages():
    y, d, _x, unit, year, cluster, _w = unbalanced()
    with pytest.raises(EstimatorError, match="1 cluster: no test") as one:
        wild_regression(y, d, np.zeros(len(y)))
    assert one.value.message.zh == "只有 1 个聚类，无法检验"
    with pytest.raises(EstimatorError, match="combination of fixed effects and controls"):
        wild_regression(y, (cluster == 1).astype(float), cluster, effects=(unit, year))
    with pytest.raises(EstimatorError, match="choose rademacher, webb"):
        wild_regression(y, d, cluster, multiplier="mammen")
    with pytest.raises(EstimatorError, match="missing values"):
        wild_regression(np.where(unit == 0, np.nan, y), d, cluster)
    with pytest.raises(EstimatorError, match="crosses clusters"):
        many = np.arange(5000)
        wild_regression(many.astype(float), many % 7.0, many % 50, effects=(many // 2,))
    with pytest.raises(EstimatorError, match="shares add to 2"):
        wild_influence(np.ones(1), np.ones((4, 1)), np.ones(1), np.arange(4), share=np.full(4, 0.5))
    with pytest.raises(EstimatorError, match="missing or zero"):
        wild_influence(np.ones(1), np.zeros((4, 1)), np.ones(1), np.arange(4))


# --- beside other methods ---


def case(name: str, **changes) -> Case:
    study = read_study(name)
    key = study.primary_outcome
    panel = select(read_table(study.outcome(key).table, study), study, key).panel.without_models()
    return Case(panel, study.design.model_copy(update=changes), "group_time")


def methods(asked: Case) -> pd.DataFrame:
    effects = estimators.fit("group_time", asked.panel, asked.design)
    return inference_methods(asked, effects, unit="log points").set_index("method")


def test_the_headline_comes_first_and_every_method_is_of_the_same_number():
    asked = case("mpdta")
    town = np.array([f"T{i % 7}" for i in range(asked.panel.n_units)])
    rows = methods(replace(asked, group=town))
    row = aggregate(estimators.fit("group_time", asked.panel, asked.design), asked.design).row("simple")

    assert rows.index.tolist() == [
        "small_sample", "cluster", "wild", "small_sample_group", "wild_group", "randomisation", "randomisation_group",
    ]  # fmt: skip
    assert rows["estimate"].to_numpy() == pytest.approx(row["estimate"], abs=1e-12)
    assert (
        rows.loc["small_sample", ["conf_low", "conf_high"]].tolist()
        == row[["conf_low", "conf_high"]].tolist()
    )
    p_value = 2 * stats.t.sf(abs(row["estimate"]) / row["std_error_small"], row["df"])
    assert rows.loc["small_sample", "p_value"] == pytest.approx(p_value, rel=1e-10)
    half = stats.norm.ppf(0.975) * row["std_error"]
    assert rows.loc["cluster", "conf_high"] == pytest.approx(row["estimate"] + half, rel=1e-12)
    assert rows["n_clusters"].tolist() == [500, 500, 500, 7, 7, 500, 500]
    by_town = replace(asked.panel, cluster=town)
    again = aggregate(estimators.fit("group_time", by_town, asked.design), asked.design).row("simple")
    assert rows.loc["small_sample_group", "conf_low"] == again["point_low"]
    assert rows.loc[["randomisation", "randomisation_group"], "conf_low"].isna().all()


def test_the_wild_rows_impose_the_null_with_the_shares_of_adopters():
    """Second route: one-sample deviations from the null are the influence plus its share of the estimate."""
    asked = case("castle_doctrine")
    effects = estimators.fit("group_time", asked.panel, asked.design)
    overall = aggregate(effects, asked.design)
    after = (effects.cells["year"] >= effects.cells["cohort"]).to_numpy(bool)
    weight = effects.treated.to_numpy()[:, after].sum(axis=1)
    expected = wild_influence(
        overall.rows["estimate"].to_numpy()[:1], overall.influence.to_numpy()[:, :1], np.ones(1),
        overall.influence.index.to_numpy(), share=weight / weight.sum(), seed=asked.design.seed,
    )  # fmt: skip
    rows = methods(asked)

    assert rows.loc["wild", "p_value"] == expected.p_value
    assert rows.loc["wild", ["conf_low", "conf_high"]].tolist() == [expected.conf_low, expected.conf_high]


def test_a_method_that_the_panel_does_not_carry_says_why_and_has_no_number():
    asked = case("mpdta")
    shared = replace(asked.panel, cluster=np.array([f"c{i // 2}" for i in range(asked.panel.n_units)]))
    rows = methods(replace(asked, panel=shared))

    assert "several units share a cluster" in rows.loc["randomisation", "status"]
    assert np.isnan(rows.loc["randomisation", ["estimate", "p_value"]].astype(float)).all()
    assert rows.loc["wild", "n_clusters"] == 250

    one_town = methods(replace(asked, group=np.full(asked.panel.n_units, "T1")))
    assert one_town.loc["small_sample_group", "status"].startswith("not estimable")
    assert one_town.loc["wild_group", "status"].startswith("not estimable")
