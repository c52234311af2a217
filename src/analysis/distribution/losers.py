"""Who lost: shares with a fall in income, and bounds on the share whom treatment made worse off; Fan, Park (2010).

Fan, Park (2010), Sharp bounds on the distribution of treatment effects and their statistical inference, Econometric
Theory 26, lemma 2.1 (Makarov bounds), applied to changes since the last period before adoption:

    sup_y {F1(y) - F0(y)}+  <=  P(Y(1) < Y(0) | treated)  <=  1 - sup_y {F0(y) - F1(y-)}+

F1: changes of the treated, F0: changes of units untreated until then, taken for the treated's changes without
treatment (distributional parallel trends; Fan, Yu 2012, Economics Letters 115). No pair (Y(1), Y(0)) is ever seen, so
the share of losers itself is not identified, whatever the sample size. A fall in income is not a loss from treatment:
prices and harvests move both groups; falls are shown beside those of the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.distribution.counterfactual import Ranked
from analysis.distribution.measured import DistributionError, Measured, measured
from analysis.estimators import _clusters, _gate
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

NAMES = ("fell", "fell_comparison", "fell_difference", "below_mean_change")


@dataclass(frozen=True, slots=True)
class Losers:
    """Falls in income some years after adoption.

    falls : Measured with the shares `fell` (treated whose outcome is below its base), `fell_comparison` (the same among
        the comparison, cohorts weighted as among the treated), `fell_difference`, and `below_mean_change` (treated whose
        change is below the comparison's mean change: a description of spread, not a share of losers)
    low, high : Makarov bounds on the share of treated for whom Y(1) < Y(0)
    conf_low, conf_high : interval that covers the share with at least the confidence level, whatever it is
    event_time, n_treated, n_comparison, n_clusters : years since adoption and counts
    """

    falls: Measured
    low: float
    high: float
    conf_low: float
    conf_high: float
    event_time: int
    n_treated: int
    n_comparison: int
    n_clusters: int

    def rows(self, *, conf_level: float) -> pd.DataFrame:
        """The shares, and the bounds as two rows without error of their own, whose interval is that of the share."""
        shares = self.falls.rows(conf_level=conf_level)
        bounds = pd.DataFrame(
            {
                "measure": ["losers_low", "losers_high"],
                "estimate": [self.low, self.high],
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "conf_kind": "set",
                "n_units": self.falls.n_units,
                "n_clusters": self.n_clusters,
                "status": "bound",
            }
        )
        return pd.concat([shares, bounds.reindex(columns=shares.columns)], ignore_index=True)


def makarov(
    treated: np.ndarray, untreated: np.ndarray, weight: np.ndarray, untreated_weight: np.ndarray
) -> tuple[float, float]:
    """Sharp bounds on P(Y1 < Y0) from the two marginal distributions alone: values (m,) and (n,) with weights."""
    first, other = Ranked(treated, weight), Ranked(untreated, untreated_weight)
    grid = np.concatenate([first.value, other.value])
    f1, f0 = first.cdf(grid), other.cdf(grid)
    f1_left = first.cdf(np.nextafter(grid, -np.inf))
    return max(0.0, float((f1 - f0).max())), 1 - max(0.0, float((f0 - f1_left).max()))


def losers(
    panel: Panel,
    design: Design,
    *,
    event_time: int,
    among: np.ndarray | None = None,
    draws: int | None = None,
) -> Losers:
    """Falls and bounds `event_time` years after adoption, over the cohorts that are seen then.

    Parameters
    ----------
    among : (n,) bool, units of a subgroup fixed before adoption, e.g. low-income households; None = all.

    Returns
    -------
    Losers. Bounds of cohorts are averaged by treated weight, which bounds the average. The interval is
    [low - c, high + c], c the quantile of the bootstrapped sup-distance of F1 - F0 (whole clusters drawn): bounds are
    1-Lipschitz in that distance, so it covers however the suprema are attained; it is conservative.

    Raises
    ------
    DistributionError : nobody is seen at that event time with a comparison.
    EstimatorError : the panel identifies nothing.
    """
    chosen = panel.without_models() if among is None else panel.without_models().keep(np.asarray(among, bool))
    kept = _gate.admit(chosen, design).panel
    pairs = _pairs(kept, design, event_time)
    if not pairs:
        last = int(kept.years[-1] - kept.cohorts[0])
        raise DistributionError(
            Message(
                f"nobody is seen {event_time} years after adoption with a comparison; choose 0 to {last}",
                f"没有单位在组建后第 {event_time} 年被观测到且有对照；可选 0 至 {last}",
            )
        )
    low, high, gaps = _bounds(pairs, kept.weight)
    clusters = _clusters.of(kept)
    rng = np.random.default_rng(design.seed)
    number = design.bootstrap_draws if draws is None else draws
    even = np.full(len(clusters), 1 / len(clusters))
    apart = np.full(number, np.nan)
    for b in range(number):
        weight = kept.weight * rng.multinomial(len(clusters), even)[clusters.code]
        if all(weight[p.treated].sum() > 0 and weight[p.comparison].sum() > 0 for p in pairs):
            _, _, drawn = _bounds(pairs, weight)
            size = np.array([weight[p.treated].sum() for p in pairs])
            far = [np.abs(a - g).max() for a, g in zip(drawn, gaps, strict=True)]
            apart[b] = np.average(far, weights=size)
    reach = float(np.nanquantile(apart, design.conf_level))
    used = np.concatenate([p.comparison for p in pairs])
    return Losers(
        _falls(pairs, kept),
        low,
        high,
        max(0.0, low - reach),
        min(1.0, high + reach),
        event_time,
        sum(len(p.treated) for p in pairs),
        len(np.unique(used)),
        len(clusters),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Rows of one cohort and its comparison, and the changes of both since the base."""

    treated: np.ndarray
    comparison: np.ndarray
    change: np.ndarray
    other: np.ndarray


def _pairs(panel: Panel, design: Design, event_time: int) -> list[_Pair]:
    pairs = []
    years = list(panel.years)
    for cohort in panel.cohorts:
        year = int(cohort) + event_time
        if year not in years:
            continue
        t = years.index(year)
        base = int(np.searchsorted(panel.years, cohort - design.anticipation, side="left")) - 1
        until = (
            panel.cohorts[-1] if design.comparison_group == "never_treated" else year + design.anticipation
        )
        comparison = np.flatnonzero((panel.cohort > until) & (panel.cohort != cohort))
        treated = np.flatnonzero(panel.cohort == cohort)
        if len(comparison):
            change = panel.outcome[:, t] - panel.outcome[:, base]
            pairs.append(_Pair(treated, comparison, change[treated], change[comparison]))
    return pairs


def _bounds(pairs: list[_Pair], weight: np.ndarray) -> tuple[float, float, list[np.ndarray]]:
    """Averaged bounds and, by cohort, F1 - F0 at all changes, where the sup-distance of step functions is attained."""
    found, gaps = [], []
    for pair in pairs:
        inside, outside = weight[pair.treated], weight[pair.comparison]
        found.append(makarov(pair.change, pair.other, inside, outside))
        grid = np.concatenate([pair.change, pair.other])
        gaps.append(Ranked(pair.change, inside).cdf(grid) - Ranked(pair.other, outside).cdf(grid))
    low, high = np.average(found, axis=0, weights=[weight[pair.treated].sum() for pair in pairs])
    return float(low), float(high), gaps


def _falls(pairs: list[_Pair], panel: Panel) -> Measured:
    weight = panel.weight
    size = np.array([weight[p.treated].sum() for p in pairs])
    influence = np.zeros((panel.n_units, len(NAMES)))
    parts = []
    for pair in pairs:
        inside, outside = weight[pair.treated], weight[pair.comparison]
        typical = np.average(pair.other, weights=outside)
        fell = (pair.change < 0).astype(float)
        fell_other = (pair.other < 0).astype(float)
        below = (pair.change < typical).astype(float)
        means = [np.average(fell, weights=inside), np.average(fell_other, weights=outside)]
        parts.append((*means, means[0] - means[1], np.average(below, weights=inside)))
    portions = size / size.sum()
    estimate = portions @ np.array(parts)
    for pair, values, portion in zip(pairs, np.array(parts), portions, strict=True):
        inside, outside = weight[pair.treated], weight[pair.comparison]
        own, other = (weight.sum() * portion / of.sum() for of in (inside, outside))
        typical = np.average(pair.other, weights=outside)
        for k, seen in ((0, pair.change < 0), (3, pair.change < typical)):
            # the cohort's share of all treated is an estimate too: deviations from the overall share
            influence[pair.treated, k] += own * (seen - estimate[k])
        influence[pair.treated, 1] += own * (values[1] - estimate[1])
        influence[pair.comparison, 1] += other * ((pair.other < 0) - values[1])
        # the threshold moves with the comparison's mean change, by the density of changes there
        slope = _density(pair.change, inside, typical)
        influence[pair.comparison, 3] += other * slope * (pair.other - typical)
    influence[:, 2] = influence[:, 0] - influence[:, 1]
    return measured(NAMES, estimate, influence, weight / weight.sum(), panel.cluster)


def _density(values: np.ndarray, weight: np.ndarray, at: float) -> float:
    """Gaussian kernel density with the bandwidth of the normal reference, 1.06 s.d. m^(-1/5) (Silverman 1986, eq 3.28)."""
    spread = np.sqrt(np.cov(values, aweights=weight)) if len(values) > 1 else 0.0
    if spread <= 0:
        return 0.0
    width = 1.06 * float(spread) * len(values) ** -0.2
    kernel = np.exp(-(((values - at) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    return float(np.average(kernel, weights=weight))
