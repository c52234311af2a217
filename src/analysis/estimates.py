"""Averages of cell effects, contrasts between them, and the rows that are reported.

Averages after adoption as in Callaway, Sant'Anna (2021), section 3: `simple` weights cells by treated units;
`dynamic`, `group` and `calendar` average the effects by event time, cohort and year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.effects import Effects
from analysis.inference import (
    enlarged_influence,
    pointwise_half_width,
    simultaneous_critical_value,
    simultaneous_half_width,
    small_sample,
    treated_groups,
)
from analysis.messages import Message, ProjectError
from analysis.study import Design
from analysis.words import PUBLIC_FLOOR

ESTIMANDS = ("overall", "event_time", "cohort", "year", "model", "cell")
OVERALL = ("simple", "dynamic", "group", "calendar")
COLUMNS = (
    "estimand", "level", "estimate", "std_error", "conf_low", "conf_high", "conf_kind", "n_treated", "n_clusters",
    "unit", "status", "df", "estimator", "std_error_small", "point_low", "point_high",
)  # fmt: skip
# what tells an estimate, or the middle of an interval around it
TELLING = (
    "estimate", "std_error", "std_error_small", "conf_low", "conf_high", "df", "point_low", "point_high",
)  # fmt: skip


class EstimandError(ProjectError, ValueError):
    """The estimator cannot give this estimand; the message names what can."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Estimates:
    """Reportable rows of one estimand.

    rows : r rows with COLUMNS; `std_error` is the estimator's published clustered error, the intervals use the CR2
        error `std_error_small` and t with `df` degrees of freedom; conf_low and conf_high are of the kind that
        `conf_kind` says, point_low and point_high always pointwise
    influence : (n_clusters, r) influence of each row, index = cluster id
    """

    rows: pd.DataFrame
    influence: pd.DataFrame

    @property
    def covariance(self) -> np.ndarray:
        """(r, r) covariance of the rows' estimates."""
        psi = self.influence.to_numpy()
        return psi.T @ psi

    def records(self) -> list[dict[str, object]]:
        """The rows as plain data for JSON; what is not finite is null."""
        rows = self.rows.astype(object).to_dict("records")
        return [{key: _finite(value) for key, value in row.items()} for row in rows]

    def row(self, level: object) -> pd.Series:
        """The row of one level; EstimandError names the levels there are."""
        found = self.rows.loc[self.rows["level"] == level]
        if found.empty:
            levels = ", ".join(map(str, self.rows["level"]))
            raise EstimandError(
                Message(f"no level {level!r}; there are {levels}", f"没有 {level!r}；可选：{levels}")
            )
        return found.iloc[0]


def aggregate(effects: Effects, design: Design, *, by: str = "overall", unit: str = "") -> Estimates:
    """Average the cell effects of one outcome; one row per level of `by`, in the outcome's unit.

    theta = sum_j w_j effect_j, w_j = n_treated_j / sum n_treated within a level. Where the estimator treats cohort
    shares as estimates, their sampling error belongs to theta (Callaway, Sant'Anna 2021, corollary 2):
    psi_c += sum_j effect_j (n_jc / S - n_j (sum_i n_ic) / S^2), S = sum_j n_j.

    Event times are given on both sides of adoption; all other estimands average cells after adoption.

    Raises
    ------
    EstimandError : unknown estimand, or one that this estimator does not give.
    """
    if by not in ESTIMANDS:
        raise EstimandError(
            Message(
                f"no estimand {by!r}; choose {', '.join(ESTIMANDS)}",
                f"没有 {by!r}；可选：{', '.join(ESTIMANDS)}",
            )
        )
    one_number = effects.cells["cohort"].isna().all()
    if one_number and by != "overall":
        raise EstimandError(
            Message(
                f"{effects.estimator} gives one overall effect, not effects by {by}; use group_time, imputation or saturated",
                f"{effects.estimator} 只给出一个总效应，不能按 {by} 分解；请用 group_time、imputation 或 saturated",
            )
        )
    averages = _one_effect(effects) if one_number else _AVERAGES[by](_Cells(effects))
    if not averages:
        raise EstimandError(
            Message(f"no identified cell gives effects by {by}", f"没有可识别的单元可按 {by} 汇总")
        )
    return _report(averages, effects, design, by, unit)


def contrast(
    estimates: Estimates, weights: Mapping[object, float], design: Design, *, label: str
) -> Estimates:
    """A weighted sum of rows, e.g. {"M01": 1, "M02": -1}, with its error from the joint influence.

    Raises
    ------
    EstimandError : a level that is not there.
    """
    positions = [
        int(np.flatnonzero(estimates.rows["level"] == estimates.row(level)["level"])[0]) for level in weights
    ]
    vector = np.array(list(weights.values()), dtype=float)
    rows = estimates.rows.iloc[positions]
    psi = estimates.influence.to_numpy()[:, positions] @ vector
    error = float(np.sqrt(psi @ psi))
    usable = bool(rows["conf_low"].notna().all())
    value = float(rows["estimate"].to_numpy(float) @ vector)
    scale = rows["std_error_small"].to_numpy(float) / rows["std_error"].to_numpy(float)
    enlarged = error * float(np.nanmax(scale, initial=1.0))
    df = float(rows["df"].min())
    half = float(pointwise_half_width(enlarged, df, design.conf_level)) if usable else np.nan
    row = {
        **rows.iloc[0].to_dict(), "estimand": "contrast", "level": label, "estimate": value, "std_error": error,
        "std_error_small": enlarged, "df": df, "conf_low": value - half, "conf_high": value + half,
        "point_low": value - half, "point_high": value + half, "conf_kind": "pointwise", "n_treated": int(rows["n_treated"].min()),
        "status": "ok" if usable else "flagged: a level without interval is part of the contrast",
    }  # fmt: skip
    influence = pd.DataFrame({0: psi}, index=estimates.influence.index)
    return Estimates(pd.DataFrame([row])[list(estimates.rows.columns)], influence)


def release(estimates: Estimates, *, audience: str) -> Estimates:
    """The rows as they may leave the building: a public report shows no number resting on few units."""
    if audience != "public":
        return estimates
    rows = estimates.rows.copy()
    small = (rows["n_treated"] < PUBLIC_FLOOR) & ~rows["status"].str.startswith("withheld")
    told = [name for name in TELLING if name in rows]
    rows.loc[small, told] = np.nan
    rows.loc[small, "status"] = f"withheld: fewer than {PUBLIC_FLOOR} treated units, public release"
    return replace(estimates, rows=rows)


def comparable(rows: pd.DataFrame) -> pd.Series:
    """Which rows can be held against one another: those with an interval that is not known to be too short."""
    return rows["conf_low"].notna() & (rows["status"] == "ok")


def verdict(row: pd.Series) -> str:
    """The one rule behind every verdict word: "rose", "fell", "unclear" (interval covers zero) or "not_known"."""
    if pd.isna(row["conf_low"]) or pd.isna(row["conf_high"]):
        return "not_known"
    if row["conf_low"] > 0:
        return "rose"
    return "fell" if row["conf_high"] < 0 else "unclear"


@dataclass(frozen=True, slots=True)
class _Average:
    """A weighted average of cells: its level, cell weights (k,), shares' influence (n_clusters,), units behind it."""

    level: object
    weights: np.ndarray
    shares: np.ndarray
    n_treated: int


class _Cells:
    """The cells unpacked into arrays, with the steps that averages are built from."""

    def __init__(self, effects: Effects) -> None:
        cells = effects.cells
        self.effect = cells["effect"].to_numpy(float)
        self.cohort = cells["cohort"].to_numpy(int)
        self.year = cells["year"].to_numpy(int)
        self.model = cells["model"].to_numpy(object).astype(str)
        self.units = cells["n_treated"].to_numpy(int)
        self.event_time = self.year - self.cohort
        self.group = np.empty(len(self.effect), dtype=int)
        for code, positions in enumerate(treated_groups(effects)):
            self.group[positions] = code
        self.known = np.isfinite(self.effect) & ~cells["status"].str.startswith("not identified").to_numpy()
        self.after = self.known & (self.event_time >= 0)
        self.size = effects.treated.to_numpy().sum(axis=0)
        self.by_cluster = effects.treated.to_numpy()
        self.shares_estimated = effects.shares_estimated

    def within(self, level: object, chosen: np.ndarray) -> _Average:
        """The average over the chosen cells, weighted by treated units."""
        total = self.size[chosen].sum()
        weights = np.where(chosen, self.size, 0.0) / total
        shares = np.zeros(len(self.by_cluster))
        if self.shares_estimated:
            pull = np.where(chosen, self.effect, 0.0)
            pull = np.where(np.isfinite(pull), pull, 0.0)
            own = self.by_cluster[:, chosen].sum(axis=1)
            shares = self.by_cluster @ pull / total - own * (pull @ weights) / total
        return _Average(level, weights, shares, self._units(chosen))

    def mean(self, level: object, averages: list[_Average]) -> _Average:
        """The plain mean of averages."""
        chosen = np.any([average.weights != 0 for average in averages], axis=0)
        return _Average(
            level,
            np.mean([average.weights for average in averages], axis=0),
            np.mean([average.shares for average in averages], axis=0),
            self._units(chosen),
        )

    def _units(self, chosen: np.ndarray) -> int:
        largest = np.zeros(self.group.max() + 1, dtype=int)
        np.maximum.at(largest, self.group[chosen], self.units[chosen])
        return int(largest.sum())

    def levels(self, of: np.ndarray, where: np.ndarray) -> list[_Average]:
        """One average per value of `of` among the cells `where`."""
        return [self.within(_plain(value), where & (of == value)) for value in np.unique(of[where])]

    def by_group(self) -> _Average:
        """Cohorts' mean effects, weighted by cohort size; the shares' error enters through the cohorts' weights."""
        cohorts = self.levels(self.cohort, self.after)
        # One cell per arm of the cohort: a group is as large in its first year as in any other.
        one_year = [
            [
                np.flatnonzero((self.group == group) & self.after)[0]
                for group in np.unique(self.group[a.weights != 0])
            ]
            for a in cohorts
        ]
        size = np.array([self.size[cells].sum() for cells in one_year])
        total = size.sum()
        weights = np.sum([s / total * a.weights for s, a in zip(size, cohorts, strict=True)], axis=0)
        shares = np.sum([s / total * a.shares for s, a in zip(size, cohorts, strict=True)], axis=0)
        if self.shares_estimated:
            value = np.array([np.nansum(a.weights * self.effect) for a in cohorts])
            own = np.column_stack([self.by_cluster[:, cells].sum(axis=1) for cells in one_year])
            shares = shares + own @ value / total - own.sum(axis=1) * (value @ size) / total**2
        return _Average("group", weights, shares, self._units(self.after))


def _overall(cells: _Cells) -> list[_Average]:
    if not cells.after.any():
        return []
    return [
        cells.within("simple", cells.after),
        cells.mean("dynamic", cells.levels(cells.event_time, cells.after)),
        cells.by_group(),
        cells.mean("calendar", cells.levels(cells.year, cells.after)),
    ]


_AVERAGES = {
    "overall": _overall,
    "event_time": lambda cells: cells.levels(cells.event_time, cells.known),
    "cohort": lambda cells: cells.levels(cells.cohort, cells.after),
    "year": lambda cells: cells.levels(cells.year, cells.after),
    "model": lambda cells: cells.levels(cells.model, cells.after),
    "cell": lambda cells: [
        cells.within(f"{cells.cohort[j]}:{cells.year[j]}" + (f":{cells.model[j]}" if cells.model[j] else ""),
                     np.arange(len(cells.effect)) == j)
        for j in np.flatnonzero(cells.known)
    ],
}  # fmt: skip


def _one_effect(effects: Effects) -> list[_Average]:
    return [
        _Average("simple", np.ones(1), np.zeros(effects.n_clusters), int(effects.cells["n_treated"].iloc[0]))
    ]


def _report(averages: list[_Average], effects: Effects, design: Design, by: str, unit: str) -> Estimates:
    weights = np.column_stack([average.weights for average in averages])
    shares = np.column_stack([average.shares for average in averages])
    psi = effects.influence.to_numpy() @ weights + shares
    enlarged = enlarged_influence(effects) @ weights + shares
    small = small_sample(effects, weights, enlarged)
    half = band = pointwise_half_width(small.std_error, small.df, design.conf_level)
    kind = "pointwise"
    if by not in {"overall", "model"}:  # those are read one at a time; models have their own procedures
        critical = simultaneous_critical_value(
            enlarged, conf_level=design.conf_level, draws=design.bootstrap_draws, seed=design.seed
        )
        band, kind = simultaneous_half_width(small.std_error, small.df, critical), "simultaneous"
    reference = np.array(
        [
            (effects.cells["status"].to_numpy()[average.weights != 0] == "reference").all()
            for average in averages
        ]
    )
    units = np.array([average.n_treated for average in averages])
    carrying = ((effects.treated.to_numpy() > 0) @ (weights != 0)).sum(axis=0)  # clusters with treated units
    status = [
        _status(n, int(c), int(b), bool(r), design)
        for n, c, b, r in zip(units, carrying, small.blind, reference, strict=True)
    ]
    withheld = np.array([text.startswith("withheld") for text in status])
    without = withheld | ((np.minimum(units, carrying) < design.min_treated_units) & ~reference)
    estimate = np.where(withheld, np.nan, weights.T @ np.nan_to_num(effects.cells["effect"].to_numpy(float)))
    half, band = np.where(without, np.nan, half), np.where(without, np.nan, band)
    rows = {
        "estimand": by, "level": [average.level for average in averages], "estimate": estimate,
        "std_error": np.where(withheld, np.nan, np.sqrt((psi**2).sum(axis=0))),
        "conf_low": estimate - band, "conf_high": estimate + band, "conf_kind": kind, "n_treated": units,
        "n_clusters": effects.n_clusters, "unit": unit, "status": status,
        "df": np.where(withheld, np.nan, small.df), "estimator": effects.estimator,
        "std_error_small": np.where(withheld, np.nan, small.std_error),
        "point_low": estimate - half, "point_high": estimate + half,
    }  # fmt: skip
    return Estimates(pd.DataFrame(rows), pd.DataFrame(psi, index=effects.influence.index))


def _status(n_treated: int, n_carrying: int, blind: int, reference: bool, design: Design) -> str:
    if reference:
        return "ok"
    if n_treated == 1:
        return "withheld: one treated unit, its own variation cannot be told from an effect"
    if n_treated < design.min_treated_units:
        return f"flagged: {n_treated} treated units, fewer than {design.min_treated_units}: no interval"
    if n_carrying < design.min_treated_units:
        return (
            f"flagged: {n_treated} treated units in {n_carrying} clusters, fewer than "
            f"{design.min_treated_units}: no interval, errors by cluster"
        )
    if blind:
        return f"flagged: {blind} cohort(s) of one cluster add no variance, the interval is too short"
    return "ok"


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
