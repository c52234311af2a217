"""Recentred influence functions as outcomes of difference-in-differences; Firpo, Fortin, Lemieux (2009), Econometrica 77.

    RIF(y; s, F) = s(F) + IF(y; s, F),  E_F[RIF(Y; s, F)] = s(F);  quantile: Q + (p - 1{y <= Q}) / f(Q)   (section 2)

With one reference distribution F for all units and years ("treated", "everyone": before the first adoption) the RIF is
a fixed function h of the outcome, and any estimator of this package applied to h(Y) gives the ATT of h(Y),
E[h(Y(1)) - h(Y(0)) | treated], if h(Y(0)) has parallel trends. To first order that is how far treatment moved the
statistic s of F: of the treated themselves if F is theirs, and, times the share of treated, of everybody if F is
everybody's (the unconditional partial effect of section 3). First order means near F: where incomes grow, the thresholds
of F lie in the tail of later years, and fixed references measure drift across them. "each_year" takes the distribution
of all units in the year itself, h_t: the ATT of h_t(Y_t) if h_t(Y_t(0)) has parallel trends, free of growth that all
share. None of these is the quantile effect of large changes: for that see quantile_did. Errors are conditional on F.
Parallel trends of h(Y) are an assumption about scale: they differ between statistics and cannot hold for all of them
unless the whole distribution moves in parallel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.distribution.inequality import INDICES
from analysis.distribution.measured import Distribution, DistributionError
from analysis.messages import Message
from analysis.samples.panel import Panel

REFERENCES = ("everyone", "treated", "each_year")


@dataclass(frozen=True, slots=True)
class Statistic:
    """What is asked of a distribution: "mean", "quantile" (with its share `at`), or a name of inequality.INDICES."""

    name: str
    at: float = np.nan

    def __post_init__(self) -> None:
        choices = ("mean", "quantile", *INDICES)
        if self.name not in choices:
            listed = ", ".join(choices)
            raise DistributionError(
                Message(
                    f"no statistic {self.name!r}; choose {listed}",
                    f"没有统计量 {self.name!r}；可选：{listed}",
                )
            )
        if (self.name == "quantile") != bool(0 < self.at < 1):
            raise DistributionError(
                Message(
                    f"{self.name}: a share between 0 and 1 belongs to a quantile and to nothing else, got {self.at:g}",
                    f"{self.name}：仅分位数需要 0 与 1 之间的份额，现为 {self.at:g}",
                )
            )


def rif(outcome: np.ndarray, statistic: Statistic, *, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """RIF of `outcome` (any shape) with respect to the distribution of `values` (m,) with weights (m,).

    Unit: that of the statistic (outcome unit for mean and quantiles, its square for the variance, none for Gini).

    Raises
    ------
    DistributionError : the statistic is not defined on the values or at the outcome (sign rules of inequality).
    """
    outcome = np.asarray(outcome, dtype=float)
    of = Distribution(values, weight)
    function: Callable[[Distribution, np.ndarray], tuple[float, np.ndarray]]
    if statistic.name == "mean":
        return outcome.copy()
    if statistic.name == "quantile":
        cut = float(of.quantile(np.array([statistic.at]))[0])
        density = float(of.density(np.array([cut]))[0])
        return cut + (statistic.at - (outcome <= cut)) / density
    function = INDICES[statistic.name]
    value, influence = function(of, outcome.ravel())
    return value + influence.reshape(outcome.shape)


def rif_panel(panel: Panel, statistic: Statistic, *, reference: str = "each_year") -> Panel:
    """The panel with its outcome replaced by the RIF of a statistic; any estimator of the package reads it.

    reference : "each_year", outcomes of all units in the same year; "treated", outcomes of eventual adopters in the last
        period before the first adoption; "everyone", outcomes of all units in that period.

    Raises
    ------
    DistributionError : no such reference, no period before the first adoption, or an undefined statistic.
    """
    if reference not in REFERENCES:
        listed = ", ".join(REFERENCES)
        raise DistributionError(
            Message(f"no reference {reference!r}; choose {listed}", f"没有参照 {reference!r}；可选：{listed}")
        )
    if reference == "each_year":
        columns = [rif(column, statistic, values=column, weight=panel.weight) for column in panel.outcome.T]
        return replace(panel, outcome=np.stack(columns, axis=1))
    base = before_adoption(panel)
    adopts = (panel.cohort > panel.years[0]) & (panel.cohort <= panel.years[-1])
    rows = adopts if reference == "treated" else np.ones(panel.n_units, dtype=bool)
    made = rif(panel.outcome, statistic, values=panel.outcome[rows, base], weight=panel.weight[rows])
    return replace(panel, outcome=made)


def before_adoption(panel: Panel) -> int:
    """Position of the last period before the first adoption inside the panel.

    Raises
    ------
    DistributionError : nobody adopts after the first period.
    """
    later = panel.cohorts[panel.cohorts > panel.years[0]]
    if not len(later):
        raise DistributionError(
            Message(
                "no unit adopts after the first period, so there is no distribution before adoption",
                "没有单位在首期之后组建，因此没有组建前的分布",
            )
        )
    return int(np.searchsorted(panel.years, later[0], side="left")) - 1
