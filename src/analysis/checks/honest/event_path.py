"""An event study as Rambachan, Roth (2023) read it: estimates by period without the base period.

    beta = (beta_pre, beta_post) ~ N(delta + tau, covariance),  tau_pre = 0,  delta_base = 0

All estimates are relative to one base period, the same for every period ("universal"), and periods are equally far
apart: restrictions on delta speak of steps from one period to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.effects import Effects
from analysis.estimates import aggregate
from analysis.messages import Message, ProjectError
from analysis.study import Design

SINGULAR = (
    1e-10  # smallest over largest eigenvalue of the correlations below which they are taken to be singular
)


class TrendsError(ProjectError, ValueError):
    """The event study does not carry this question; the message names the reason and the fix."""


@dataclass(frozen=True, slots=True)
class EventPath:
    """An event study without its base period.

    beta : (n,) estimates, outcome unit, in the order of `event_times`
    covariance : (n, n), squared outcome unit
    event_times : (n,) periods since adoption, increasing, without `base`
    base : event time of the base period
    left_out : event times not in `beta`: without an interval, or beyond one that has none
    n_clusters : clusters behind the covariance
    """

    beta: np.ndarray
    covariance: np.ndarray
    event_times: np.ndarray
    base: int
    left_out: tuple[int, ...]
    n_clusters: int

    @property
    def n_pre(self) -> int:
        """Number of periods before the base period."""
        return int((self.event_times < self.base).sum())


def from_path(effects: Effects, design: Design) -> EventPath:
    """The event study of cell effects, averaged by event time, that bounds and power are asked of.

    Event times whose average rests on fewer units than the study's smallest number, and those beyond them, are left
    out and named.

    Raises
    ------
    TrendsError : no universal base period, more than one base event time, unequal steps between event times, or
        nothing left on one side of the base period.
    """
    base = _base(effects.cells)
    path = aggregate(effects, design, by="event_time")
    level = path.rows["level"].to_numpy(dtype=np.int64)
    usable = path.rows["conf_low"].notna().to_numpy() & ((path.influence.to_numpy() ** 2).sum(axis=0) > 0)
    kept = _around(level, usable, base)
    event_times = level[kept]
    if not (event_times < base).any() or not (event_times > base).any():
        raise TrendsError(
            Message(
                f"the event study has usable event times {event_times.tolist()} around the base period {base}; "
                "at least one on each side is needed",
                f"事件研究在基期 {base} 前后可用的时点为 {event_times.tolist()}；基期前后至少各需一个",
            )
        )
    step = np.diff(np.sort(np.append(event_times, base)))
    if (step != step[0]).any():
        raise TrendsError(
            Message(
                f"event times {event_times.tolist()} with base {base} are not equally far apart; a restriction on steps "
                "from period to period has no meaning there: average over equal periods first",
                f"事件时点 {event_times.tolist()}（基期 {base}）间隔不等，逐期变化的限制没有意义：请先合并为等长时期",
            )
        )
    left_out = tuple(int(e) for e in level[~kept & (level != base)])
    return EventPath(
        path.rows["estimate"].to_numpy(float)[kept], path.covariance[np.ix_(kept, kept)], event_times, base,
        left_out, effects.n_clusters,
    )  # fmt: skip


def after_weights(effects: Effects, path: EventPath) -> np.ndarray:
    """(n - n_pre,) shares of the periods after the base in the simple average over them: their treated weight.

    With every event time kept, weights @ beta after the base is the simple average of `analysis.estimates`.
    """
    cells = effects.cells
    known = cells["effect"].notna() & cells["cohort"].notna()
    event_time = (
        (cells["year"] - cells["cohort"]).where(known, np.iinfo(np.int32).min).to_numpy(dtype=np.int64)
    )
    size = effects.treated.to_numpy().sum(axis=0)
    after = path.event_times[path.n_pre :]
    total = np.array([size[event_time == e].sum() if e >= 0 else 0.0 for e in after])
    return total / total.sum()


def checked(beta: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) and (n, n) float arrays that fit each other, the covariance symmetric and of full rank.

    Raises
    ------
    TrendsError : shapes that do not fit, missing values, or a singular covariance.
    """
    beta, covariance = np.asarray(beta, dtype=float), np.asarray(covariance, dtype=float)
    n = beta.size
    if beta.ndim != 1 or covariance.shape != (n, n):
        raise TrendsError(
            Message(
                f"beta {beta.shape} needs a covariance of shape ({n}, {n}), not {covariance.shape}",
                f"beta {beta.shape} 需要 ({n}, {n}) 的协方差矩阵，而不是 {covariance.shape}",
            )
        )
    if not (np.isfinite(beta).all() and np.isfinite(covariance).all()):
        raise TrendsError(
            Message(
                "beta or its covariance has missing values; leave those periods out",
                "beta 或协方差中有缺失值；请去掉这些时期",
            )
        )
    deviation = np.sqrt(np.clip(np.diag(covariance), 0, None))
    if (deviation == 0).any():
        raise TrendsError(
            Message(
                f"periods without variance at positions {np.flatnonzero(deviation == 0).tolist()}; the base period does "
                "not belong among the estimates",
                f"位置 {np.flatnonzero(deviation == 0).tolist()} 的方差为零；基期不应包括在估计值中",
            )
        )
    correlation = covariance / np.outer(deviation, deviation)
    if np.abs(correlation - correlation.T).max() > 1e-8:
        raise TrendsError(Message("the covariance is not symmetric", "协方差矩阵不对称"))
    values = np.linalg.eigvalsh(correlation)
    if values[0] <= SINGULAR * values[-1]:
        raise TrendsError(
            Message(
                f"the covariance of {n} periods is singular, as with fewer clusters than periods; leave periods out",
                f"{n} 个时期的协方差矩阵奇异（例如聚类数少于时期数）；请减少时期",
            )
        )
    return beta, (covariance + covariance.T) / 2


def _base(cells: pd.DataFrame) -> int:
    reference = cells.loc[cells["status"] == "reference"]
    by_cohort = reference.drop_duplicates("cohort").set_index("cohort")["year"]
    known = cells.loc[cells["status"].isin(["ok", "reference"]) & cells["cohort"].notna()]
    same = known["base_year"].eq(known["cohort"].map(by_cohort)).fillna(False)
    if known.empty or not same.all():
        raise TrendsError(
            Message(
                "effects before adoption are not relative to the period they share with the effects after it; "
                'fit group_time with base_period = "universal", or saturated',
                '采纳前后的效应没有同一个基期；请用 base_period = "universal" 的 group_time，或 saturated',
            )
        )
    base = np.unique((reference["year"] - reference["cohort"]).to_numpy(dtype=np.int64))
    if len(base) > 1:
        raise TrendsError(
            Message(
                f"cohorts have their base period at different event times {base.tolist()}, because the years have gaps; "
                "ask cohort by cohort",
                f"由于年份不连续，各批次的基期在不同的事件时点 {base.tolist()}；请逐批次分析",
            )
        )
    return int(base[0])


def _around(level: np.ndarray, usable: np.ndarray, base: int) -> np.ndarray:
    """Usable levels reached from the base without crossing one that is not usable."""
    barred = level[~usable & (level != base)]
    low = barred[barred < base].max(initial=np.iinfo(np.int64).min)
    high = barred[barred > base].min(initial=np.iinfo(np.int64).max)
    return usable & (level > low) & (level < high) & (level != base)
