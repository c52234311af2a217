"""Did adopters already move differently before they adopted? A joint test of all effects before adoption.

    F = (G - r) / (r (G - 1)) * theta' V^-1 theta  ~  F(r, G - r)        (Hotelling 1931)

theta: r effects before adoption, V: their covariance from the joint influence of G clusters. A large p value is no
proof of parallel trends: a test without power passes every county (Roth 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.estimates import Estimates

DOUBTFUL = 0.05  # p value below which trends before adoption are taken to differ


@dataclass(frozen=True, slots=True)
class PreTrend:
    """A joint test of the effects before adoption.

    statistic : F; NaN where nothing could be tested
    df : degrees of freedom, numerator and denominator
    p_value : probability of a larger F if there is no difference in trend
    levels : event times tested
    left_out : event times with too few treated units for an interval
    largest : the largest absolute effect before adoption, outcome unit
    """

    statistic: float
    df: tuple[int, int]
    p_value: float
    levels: tuple[int, ...]
    left_out: tuple[int, ...]
    largest: float


def pre_trend(path: Estimates) -> PreTrend:
    """The joint test over the event times before adoption of ``aggregate(effects, by="event_time")``.

    Event times that rest on fewer than the study's smallest number of treated units are left out and named; the base
    period itself is zero by construction and not tested.
    """
    rows = path.rows
    before = (rows["level"].astype(int) < 0).to_numpy()
    moving = (path.influence.to_numpy() ** 2).sum(axis=0) > 0
    usable = before & moving & rows["conf_low"].notna().to_numpy()
    levels = tuple(int(level) for level in rows.loc[usable, "level"])
    left_out = tuple(int(level) for level in rows.loc[before & moving & ~usable, "level"])
    if not levels:
        return PreTrend(np.nan, (0, 0), np.nan, levels, left_out, np.nan)
    theta = rows.loc[usable, "estimate"].to_numpy(float)
    psi = path.influence.to_numpy()[:, usable]
    values, vectors = np.linalg.eigh(psi.T @ psi)
    live = values > 1e-10 * values.max()
    rank, n_clusters = int(live.sum()), len(psi)
    largest = float(np.abs(theta).max())
    if n_clusters <= rank:
        return PreTrend(np.nan, (rank, n_clusters - rank), np.nan, levels, left_out, largest)
    wald = float(((vectors[:, live].T @ theta) ** 2 / values[live]).sum())
    statistic = wald * (n_clusters - rank) / (rank * (n_clusters - 1))
    p_value = float(stats.f.sf(statistic, rank, n_clusters - rank))
    return PreTrend(statistic, (rank, n_clusters - rank), p_value, levels, left_out, largest)
