"""Which comparisons the two-way fixed effects coefficient is an average of, with their weights.

Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, Journal of Econometrics 225,
the decomposition theorem.

    twfe = sum of weight x estimate over all 2 x 2 comparisons of groups by adoption period

k, l: groups, k adopting before l; D: share of periods under treatment; n: share of (weighted) units; shares are
those of the pair where two are written. Up to one common factor the weights are

    k, never treated (or l, always treated)    (n_k + n_U)^2 n_kU (1 - n_kU) D_k (1 - D_k)
    k before l adopts, l is the comparison     (n_k + n_l)^2 n_kl (1 - n_kl) (D_k - D_l) (1 - D_k)
    l after k has adopted, k the comparison    (n_k + n_l)^2 n_kl (1 - n_kl) (D_k - D_l) D_l

The last kind compares with units already under treatment: where effects grow it enters with the wrong sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError
from analysis.samples.panel import Panel

KINDS = ("treated_vs_never", "earlier_vs_later", "later_vs_earlier", "later_vs_always")
FORBIDDEN = KINDS[2:]  # comparisons with units already under treatment
COLUMNS = ("kind", "treated", "comparison", "estimate", "weight", "n_treated", "n_comparison")


class DecompositionError(ProjectError, ValueError):
    """The panel has no two-way coefficient to take apart, or not one of this form; the message says why."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Units by the position of their first treated period; 0 = always treated, T = never treated in the panel.

    start : (G,) increasing; share : (G,) share of the units' weight; mean : (G, T) weighted mean outcome; size : (G,)
    """

    start: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    size: np.ndarray


def decompose(panel: Panel) -> pd.DataFrame:
    """All 2 x 2 comparisons behind the two-way coefficient of a balanced panel, one row each, with COLUMNS.

    `treated` and `comparison` are first treated periods, <NA> where there is none (never treated); for always treated
    units it is the panel's first period. `kind` is one of KINDS; `estimate` is in the outcome's unit; weights sum
    to one and sum(weight x estimate) is the coefficient. Unit weights that are constant over time are carried. A model
    (treatment arm) is not told apart.

    Raises
    ------
    DecompositionError : covariates, or no two groups that differ in treatment.
    """
    if panel.covariate_names:
        names = ", ".join(panel.covariate_names)
        raise DecompositionError(
            Message(
                f"with covariates ({names}) the coefficient is not a weighted sum of 2 x 2 comparisons of means; take "
                "apart the panel without them",
                f"加入协变量（{names}）后系数不再是两两均值比较的加权和；请使用不含协变量的面板",
            )
        )
    found = pairs(_groups(panel), len(panel.years))
    total = sum(row[4] for row in found)
    if not total > 0:
        raise DecompositionError(
            Message(
                "all units come under treatment in the same period, or none within the panel: there is nothing to compare",
                "所有单位在同一时期接受处理，或在面板期内都未接受处理：没有可比较的对象",
            )
        )
    rows = pd.DataFrame(found, columns=list(COLUMNS))
    rows["weight"] /= total
    for name in ("treated", "comparison"):
        at = rows[name].to_numpy()
        years = np.append(panel.years, 0)[at]
        rows[name] = pd.array(years, dtype="Int64")
        rows.loc[at == len(panel.years), name] = pd.NA
    return rows


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The two-way coefficient taken apart.

    rows : of `decompose`; kinds : of `by_kind`, estimates missing where the comparisons may not be shown
    coefficient : the weighted sum; forbidden : share of the weight on comparisons with units already treated
    unit : of the outcome
    """

    rows: pd.DataFrame
    kinds: pd.DataFrame
    coefficient: float
    forbidden: float
    unit: str

    @property
    def shown(self) -> Decomposition | None:
        """This record where its comparisons may be shown one by one, else None."""
        return self if len(self.rows) else None


def decomposition(panel: Panel, shows: Callable[[float], bool], *, unit: str) -> Decomposition:
    """The two-way coefficient of the panel without its covariates, taken apart.

    Where one comparison rests on too few units none is shown, nor the means by kind: as weights and coefficient are
    told, it could be worked out from the others.

    Parameters
    ----------
    shows : whether readers may see a number that rests on so many units.

    Raises
    ------
    DecompositionError : as `decompose`.
    """
    rows = decompose(replace(panel, covariates=panel.covariates[:, :0], covariate_names=()))
    kinds = by_kind(rows)
    forbidden = float(kinds.loc[kinds["kind"].isin(FORBIDDEN), "weight"].sum())
    coefficient = float((rows["weight"] * rows["estimate"]).sum())
    if not all(shows(min(row.n_treated, row.n_comparison)) for row in rows.itertuples()):
        rows, kinds = rows.iloc[:0], kinds.assign(estimate=np.nan)
    return Decomposition(rows, kinds, coefficient, forbidden, unit)


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Weight, and the weighted mean estimate, of each kind of comparison that occurs, in the order of KINDS."""
    weighted = rows.assign(estimate=rows["estimate"] * rows["weight"])
    sums = weighted.groupby("kind")[["weight", "estimate"]].sum()
    counts = rows.groupby("kind").size().rename("n_comparisons")
    sums["estimate"] /= sums["weight"]
    order = [kind for kind in KINDS if kind in sums.index]
    return sums.join(counts).loc[order].rename_axis("kind").reset_index()


def pairs(groups: Groups, n_periods: int) -> list[tuple[str, int, int, float, float, int, int]]:
    """Rows of COLUMNS with positions for periods and weights up to their common factor."""
    found = []
    under = 1 - groups.start / n_periods  # D
    for early in range(len(groups.start)):
        for late in range(early + 1, len(groups.start)):
            a, b = int(groups.start[early]), int(groups.start[late])
            both = groups.share[early] * groups.share[late]  # (n_k + n_l)^2 n_kl (1 - n_kl)
            d_early, d_late = under[early], under[late]
            first, second = groups.mean[early], groups.mean[late]
            sizes = int(groups.size[early]), int(groups.size[late])
            if a > 0:
                kind = "treated_vs_never" if b == n_periods else "earlier_vs_later"
                change = _change(first, 0, a, b) - _change(second, 0, a, b)
                weight = both * (d_early - d_late) * (1 - d_early)
                found.append((kind, a, b, float(change), float(weight), *sizes))
            if b < n_periods:
                kind = "later_vs_always" if a == 0 else "later_vs_earlier"
                change = _change(second, a, b, n_periods) - _change(first, a, b, n_periods)
                weight = both * (d_early - d_late) * d_late
                found.append((kind, b, a, float(change), float(weight), *sizes[::-1]))
    return found


def _change(mean: np.ndarray, start: int, at: int, stop: int) -> float:
    """Mean over periods from `at` to `stop` less mean over those from `start` to `at`."""
    return mean[at:stop].mean() - mean[start:at].mean()


def _groups(panel: Panel) -> Groups:
    start = np.searchsorted(panel.years, panel.cohort, side="left")
    positions, code, size = np.unique(start, return_inverse=True, return_counts=True)
    weight = np.zeros((len(positions), panel.n_units))
    weight[code, np.arange(panel.n_units)] = panel.weight
    total = weight.sum(axis=1)
    return Groups(positions, total / total.sum(), weight @ panel.outcome / total[:, None], size)
