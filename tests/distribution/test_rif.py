"""Recentred influence functions: means, known effects, agreement with difference-in-differences by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from analysis.distribution import DistributionError, Statistic, inequality, rif, rif_panel
from analysis.distribution.rif import before_adoption
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples.panel import Panel
from analysis.study import Design

DESIGN = Design(bootstrap_draws=99)
NAMED = ("gini", "theil_t", "theil_l", "variance", "bottom_fifth", "palma")


def county(seed: int, *, n: int = 400, effect: float = 0.0, spread: float = 1.0) -> Panel:
    """Two periods, half treated in the second; outcome without treatment is the same law in both, plus a common shift."""
    rng = np.random.default_rng(seed)
    treated = np.arange(n) < n // 2
    before = 10 + rng.standard_normal(n)
    after = 10 + 0.8 * (before - 10) + 0.6 * rng.standard_normal(n)
    after = after + treated * (effect + (spread - 1) * (after - 10))
    unit = np.array([f"u{i:04d}" for i in range(n)], dtype=object)
    return Panel(
        unit=unit, years=np.array([2019, 2020]), outcome=np.stack([before, after], axis=1),
        cohort=np.where(treated, 2020.0, np.inf), weight=np.ones(n), cluster=unit,
        model=np.full(n, "", dtype=object), covariates=np.empty((n, 0)),
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_the_mean_of_the_rif_is_the_statistic(name):
    rng = np.random.default_rng(1)
    income, weight = rng.lognormal(3, 0.6, 200), rng.uniform(0.5, 2, 200)
    made = rif(income, Statistic(name), values=income, weight=weight)
    known = inequality(income, weight, np.arange(200), names=(name,)).value(name)
    assert np.average(made, weights=weight) == pytest.approx(known, rel=1e-12)


def test_the_rif_of_a_quantile_has_two_values_around_it():
    normal = 5 + 2 * ndtri((np.arange(20_001) + 0.5) / 20_001)
    made = rif(normal, Statistic("quantile", 0.3), values=normal, weight=np.ones(20_001))
    cut = 5 + 2 * ndtri(0.3)
    density = np.exp(-(ndtri(0.3) ** 2) / 2) / np.sqrt(2 * np.pi) / 2
    assert np.unique(made) == pytest.approx([cut - 0.7 / density, cut + 0.3 / density], abs=0.05)
    assert made.mean() == pytest.approx(cut, abs=0.01)


def test_outcomes_are_placed_in_the_reference_not_in_their_own_distribution():
    reference = np.arange(1.0, 101)
    high = rif(np.array([1e3, 1.0]), Statistic("quantile", 0.5), values=reference, weight=np.ones(100))
    assert high[0] > 50 > high[1]
    with pytest.raises(DistributionError, match="theil_l: 1 of 2 incomes are not above 0"):
        rif(np.array([-1.0, 5]), Statistic("theil_l"), values=reference, weight=np.ones(100))


def test_the_estimate_is_the_difference_of_mean_changes_of_the_rif():
    panel = county(2, effect=0.5)
    for statistic in (Statistic("quantile", 0.25), Statistic("gini"), Statistic("variance")):
        made = rif_panel(panel, statistic, reference="treated")
        treated = np.isfinite(panel.cohort)
        hand = rif(panel.outcome, statistic, values=panel.outcome[treated, 0], weight=np.ones(treated.sum()))
        change = hand[:, 1] - hand[:, 0]
        row = aggregate(fit("group_time", made, DESIGN), DESIGN).row("simple")
        assert row["estimate"] == pytest.approx(change[treated].mean() - change[~treated].mean(), rel=1e-10)


def test_the_mean_is_the_plain_estimate_for_every_estimator():
    panel = county(4, effect=1.0)
    for name in ("group_time", "imputation", "saturated", "twfe"):
        plain = aggregate(fit(name, panel, DESIGN), DESIGN).rows["estimate"]
        through = aggregate(
            fit(name, rif_panel(panel, Statistic("mean"), reference="treated"), DESIGN), DESIGN
        ).rows["estimate"]
        assert through.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-12)


def test_known_effects_are_found_with_the_coverage_they_claim():
    """A small shift moves every quantile by itself; a spread of s moves the variance's RIF by s^2 - 1; none moves none."""
    draws, hits = 200, np.zeros(3)
    for seed in range(draws):
        shifted, spread = county(seed, effect=0.1), county(seed, spread=1.3)
        cases = [
            (rif_panel(shifted, Statistic("quantile", 0.5), reference="treated"), 0.1),
            (rif_panel(spread, Statistic("variance"), reference="treated"), 0.69),
            (rif_panel(county(seed), Statistic("gini"), reference="treated"), 0.0),
        ]
        for k, (panel, truth) in enumerate(cases):
            row = aggregate(fit("group_time", panel, DESIGN), DESIGN).row("simple")
            hits[k] += row["conf_low"] <= truth <= row["conf_high"]
    assert ((hits / draws > 0.885) & (hits / draws <= 0.995)).all(), (
        hits / draws
    )  # 99.9 percent of a binomial


def test_scale_and_ids_do_not_matter():
    panel = county(6, effect=0.3)
    for statistic in (Statistic("gini"), Statistic("theil_t"), Statistic("quantile", 0.75)):
        made = rif_panel(panel, statistic, reference="treated").outcome
        scaled = rif_panel(replace(panel, outcome=10 * panel.outcome), statistic, reference="treated").outcome
        factor = 10 if statistic.name == "quantile" else 1
        assert scaled == pytest.approx(factor * made, rel=1e-9)
        turned = panel.keep(np.arange(panel.n_units)[::-1])
        assert rif_panel(turned, statistic, reference="treated").outcome[::-1] == pytest.approx(
            made, rel=1e-12
        )


def test_references_are_what_they_say():
    panel = county(7)
    always = replace(panel, cohort=np.where(np.arange(400) < 10, 2000.0, panel.cohort))
    assert before_adoption(always) == 0
    plain = rif_panel(panel.keep(np.arange(400) >= 10), Statistic("variance"), reference="treated")
    within = rif_panel(always, Statistic("variance"), reference="treated")
    assert within.outcome[10:] == pytest.approx(plain.outcome, rel=1e-12)  # already treated: no reference
    yearly = rif_panel(panel, Statistic("gini")).outcome
    for t in range(2):
        own = inequality(panel.outcome[:, t], np.ones(400), panel.unit, names=("gini",)).value("gini")
        assert yearly[:, t].mean() == pytest.approx(own, rel=1e-12)
    everyone = rif_panel(panel, Statistic("gini"), reference="everyone").outcome
    assert everyone[:, 0] == pytest.approx(yearly[:, 0], rel=1e-12)
    assert np.abs(everyone[:, 1] - yearly[:, 1]).max() > 1e-3


def test_growth_that_all_share_is_no_effect_of_the_yearly_reference():
    """Outcomes grow by half for everybody; a fixed threshold sees the growth, each year's own does not."""
    panel = county(8, n=2000)
    grown = replace(panel, outcome=panel.outcome * np.array([1.0, 1.5]))
    for statistic in (Statistic("quantile", 0.9), Statistic("gini")):
        plain = rif_panel(panel, statistic).outcome[:, 1]
        factor = 1.5 if statistic.name == "quantile" else 1
        assert rif_panel(grown, statistic).outcome[:, 1] == pytest.approx(factor * plain, rel=1e-9)
    fixed = rif_panel(grown, Statistic("quantile", 0.9), reference="treated").outcome[:, 1]
    above = (
        fixed == fixed.max()
    )  # over the old top decile: a tenth before growth, P(N(15, 1.5) > 11.28) = 0.993 after
    assert above.mean() == pytest.approx(0.993, abs=0.01)


def test_what_is_asked_wrongly_is_named():
    with pytest.raises(DistributionError, match="no statistic 'median'; choose mean, quantile, gini"):
        Statistic("median")
    with pytest.raises(DistributionError, match="a share between 0 and 1 belongs to a quantile"):
        Statistic("quantile")
    with pytest.raises(DistributionError, match=r"belongs to a quantile and to nothing else, got 0\.5"):
        Statistic("gini", 0.5)
    with pytest.raises(DistributionError, match="choose everyone, treated, each_year"):
        rif_panel(county(1), Statistic("gini"), reference="baseline")
    with pytest.raises(DistributionError, match="no unit adopts after the first period"):
        rif_panel(replace(county(1), cohort=np.full(400, np.inf)), Statistic("gini"), reference="treated")
    flat = replace(county(1), outcome=np.ones((400, 2)))
    with pytest.raises(DistributionError, match="the middle half of the values are equal"):
        rif_panel(flat, Statistic("quantile", 0.5), reference="treated")
