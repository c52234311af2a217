"""Every unit's own change: one number per unit on which sensitivity to hidden differences can be asked.

    adopters of g        mean_{t >= g} Y_it - Y_{i, g-1-a}
    comparison units     the same over the cohorts' windows, averaged by the cohorts' sizes        a: anticipation

The difference of their means is the average over cohorts of the group-time effects (`group` of Callaway, Sant'Anna 2021)
against units not treated by the last year, so that a regression of the change on adoption and covariates asks what the
headline asks, with one row per unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import EstimatorError
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design


@dataclass(frozen=True, slots=True)
class OwnChange:
    """n units, those without a period before adoption left out.

    by_cohort : (n, K) change over the window of each of K cohorts, outcome unit
    code : (n,) position of the unit's cohort among the K; K for comparison units
    before : (n,) mean outcome in the years before the first adoption
    controls : (n, p) covariates that vary; names : their p names
    cluster : (n,) ids; group : (n,) townships, None where not held
    cohorts : (K,) years; last : last year used
    """

    by_cohort: np.ndarray
    code: np.ndarray
    before: np.ndarray
    controls: np.ndarray
    names: tuple[str, ...]
    cluster: np.ndarray
    group: np.ndarray | None
    cohorts: np.ndarray
    last: int

    @property
    def treated(self) -> np.ndarray:
        """(n,) bool, adopted by the last year used."""
        return self.code < self.by_cohort.shape[1]

    @property
    def change(self) -> np.ndarray:
        """(n,) own change of every unit."""
        return own_change(self.by_cohort, self.code[None, :])[0]

    @property
    def n_treated(self) -> int:
        """Units that adopted."""
        return int(self.treated.sum())

    @property
    def n_comparison(self) -> int:
        """Units that had not adopted by the last year used."""
        return int((~self.treated).sum())

    @property
    def is_clustered(self) -> bool:
        """Whether several units share a cluster, so that they are no independent draws."""
        return len(np.unique(self.cluster)) < len(self.cluster)


def own_change(by_cohort: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(B, n) own change of every unit under schedules `code` (B, n) that all have the same cohort sizes."""
    k = by_cohort.shape[1]
    size = np.bincount(code[0], minlength=k + 1)[:k]
    columns = np.column_stack([by_cohort, by_cohort @ (size / size.sum())])
    return columns[np.arange(code.shape[1]), code]


def own_changes(panel: Panel, design: Design, group: np.ndarray | None = None) -> OwnChange:
    """The changes of a balanced panel's units up to the last year with enough units untreated.

    Parameters
    ----------
    group : (n,) township of each unit of the panel.

    Raises
    ------
    EstimatorError : as `years_compared`.
    """
    _, last = years_compared(panel.cohort, panel.years, design)
    start = panel.cohort - design.anticipation
    inside = start > panel.years[0]
    kept, start = panel.keep(inside), start[inside]
    years, outcome = kept.years[: last + 1], kept.outcome[:, : last + 1]
    cohorts = np.unique(start[start <= years[-1]])
    at = np.searchsorted(years, cohorts)
    # years of anticipation are no years under treatment: the window opens with adoption itself
    opens = np.searchsorted(years, cohorts + design.anticipation)
    usable = opens < len(years)
    cohorts, at, opens = cohorts[usable], at[usable], opens[usable]
    by_cohort = np.column_stack(
        [outcome[:, o:].mean(axis=1) - outcome[:, a - 1] for a, o in zip(at, opens, strict=True)]
    )
    known = np.isin(start, cohorts) | (start > years[-1])
    code = np.where(start > years[-1], len(cohorts), np.searchsorted(cohorts, start))
    varying = np.ptp(kept.covariates[known], axis=0) > 0
    return OwnChange(
        by_cohort=by_cohort[known],
        code=code[known],
        before=outcome[known, : at[0]].mean(axis=1),
        controls=kept.covariates[known][:, varying],
        names=tuple(name for name, live in zip(kept.covariate_names, varying, strict=True) if live),
        cluster=kept.cluster[known],
        group=None if group is None else np.asarray(group)[inside][known],
        cohorts=(cohorts + design.anticipation).astype(int),
        last=int(years[-1]),
    )


def years_compared(cohort: np.ndarray, years: np.ndarray, design: Design) -> tuple[int, int]:
    """Positions in `years` of the year before the first adoption and of the last year with enough units untreated.

    Parameters
    ----------
    cohort : (n,) first period under treatment, inf = never; units treated from the first period do not count.
    years : (T,) increasing.

    Raises
    ------
    EstimatorError : fewer adopters or untreated units at one time than the study's smallest number.
    """
    moved = cohort - design.anticipation
    moved = moved[moved > years[0]]
    enough = max(2, design.min_treated_units)
    untreated = np.array([(moved > year).sum() for year in years])
    adopted = len(moved) - untreated
    both = np.flatnonzero((untreated >= enough) & (adopted >= enough))
    if not both.size:
        raise EstimatorError(
            Message(
                f"there is no year in which {enough} units have adopted and {enough} have not (nor had from the start)",
                f"没有任何年份同时有 {enough} 个已采用（且非一开始就采用）和 {enough} 个未采用的单位",
            )
        )
    return int(np.flatnonzero(adopted > 0)[0]) - 1, int(both[-1])
