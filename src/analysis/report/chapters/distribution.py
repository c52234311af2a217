"""Notebook 04c: whether everybody gained or only some.

What stands here is either about all households of the table (`everyone`: described, before and after) or about those
that the study compares (`Sample`: effects). Each function keeps what it finds for the report and gives None where the
study does not hold what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import distribution as dist
from analysis import estimators
from analysis.checks.subgroups import by_group
from analysis.checks.truth import read_truth
from analysis.distribution import Everyone, Statistic, described
from analysis.distribution.known import compared
from analysis.distribution.measured import DistributionError
from analysis.distribution.quantile_did import TENTHS, QuantileEffects
from analysis.distribution.rif import before_adoption
from analysis.effects import EstimatorError
from analysis.estimates import EstimandError, aggregate
from analysis.report.chapters._followed import followed
from analysis.report.page import Page
from analysis.samples import Panel, Sample

DRAWS = 199  # times that clusters are drawn anew; routes shown without intervals need none
INDICES = ("gini", "theil_t", "bottom_fifth")
ENDS = (0.8, 0.2)  # shares whose effects are set against each other
REFUSED = (DistributionError, EstimatorError, EstimandError)
BEHIND = ("actual", "counterfactual", "point_low", "point_high")  # numbers of a row besides its estimate
NEEDED = 20 * len(described.TWENTIETHS)  # units of a group below which no curve by twentieths is drawn


def about_households(page: Page) -> Page:
    """The page about the first outcome of single households, where the notebook was opened for none."""
    if page.outcome:
        return page
    single = [key for key in page.study.outcomes if _is_single(page, key)]
    return replace(page, outcome=single[0]) if single else page


def households(page: Page) -> Sample | None:
    """Who is compared; None where the outcome is not one of single households that are seen in every period."""
    return followed(page.sample()) if page.outcome and _is_single(page, page.outcome) else None


def everyone(page: Page, sample: Sample | None) -> Everyone | None:
    """All households of the outcome's table in the two years described."""
    if sample is None:
        return None
    declared = page.study.sources.get(sample.outcome)
    minus = {name: part.minus for name, part in declared.components.items()} if declared else {}
    column = page.study.outcome(sample.outcome).column
    found = dist.everyone(page.read(sample.table), page.study.table(sample.table), column, minus)
    smallest = min(int(found.of(who).sum()) for who in ("adopters", "others"))
    return found if smallest >= NEEDED else None


# Effects on the distribution


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Effects on the distribution of adopters' outcomes.

    rows : per method (changes_in_changes, copula_stability, rif, truth) and share ("mean" last of each)
    indices : the same per index of inequality
    ends : two shares, the upper first; apart : effect at one less that at the other, low and high end of its interval
    outside : share of adopters' outcomes without a like among the comparison
    left_out : cells of a cohort and year without an answer
    """

    rows: pd.DataFrame
    indices: pd.DataFrame
    ends: tuple[float, float]
    apart: tuple[float, float, float]
    outside: float
    left_out: int


def quantiles(page: Page, sample: Sample | None, estimator: str) -> Quantiles | None:
    """Effects by tenth of the distribution and on its inequality, by changes in changes and, beside it, other routes."""
    if sample is None:
        return None
    first = _by_method(page, sample, "changes_in_changes", DRAWS, INDICES)
    if first is None or not page.words.shows(
        first.n_treated[0] / len(TENTHS)
    ):  # a quantile is one household's value
        return None
    second = _by_method(page, sample, "copula_stability", 0, ())
    level = page.design.conf_level
    told = [
        each.rows(unit=page.unit, conf_level=level).assign(method=each.method)
        for each in (first, second)
        if each is not None
    ]
    told += [_rif(page, sample, estimator), _truth(page, sample, first, told[0])]
    rows = pd.concat([part for part in told if len(part)], ignore_index=True)
    rows = _released(page, rows.drop(columns=["level", "n_cells", "estimand"], errors="ignore"))
    is_index = rows["share"].isin(INDICES)
    found = Quantiles(
        rows[~is_index].reset_index(drop=True), rows[is_index].reset_index(drop=True),
        ENDS, first.between(*ENDS, conf_level=level), float(first.outside[0]), len(first.left_out),
    )  # fmt: skip
    _keep(page, "quantiles", found.rows)
    _keep(page, "indices", found.indices)
    return found


def _by_method(
    page: Page, sample: Sample, method: str, draws: int, indices: tuple[str, ...]
) -> QuantileEffects | None:
    try:
        return dist.quantile_effects(
            sample.panel, page.design, method=method, indices=indices, by="overall",
            draws=min(draws, page.design.bootstrap_draws),
        )  # fmt: skip
    except REFUSED:
        return None


def _rif(page: Page, sample: Sample, estimator: str) -> pd.DataFrame:
    asked = [(share, Statistic("quantile", share)) for share in TENTHS]
    asked += [("mean", Statistic("mean")), *((name, Statistic(name)) for name in INDICES)]
    made = []
    for share, statistic in asked:
        try:
            panel = dist.rif_panel(sample.panel, statistic)
            row = aggregate(estimators.fit(estimator, panel, page.design), page.design).row("simple")
        except REFUSED:  # the index is not defined on these incomes: no row, and the table shows a dash
            continue
        unit = "index" if share in INDICES else page.unit
        made.append({**row.to_dict(), "share": share, "method": "rif", "unit": unit})
    return pd.DataFrame(made)


def _truth(page: Page, sample: Sample, first: QuantileEffects, rows: pd.DataFrame) -> pd.DataFrame:
    effect = read_truth(page.study, sample)
    if effect is None:
        return pd.DataFrame()
    panel = sample.panel
    inside = np.zeros(panel.outcome.shape, dtype=bool)
    for cohort, year in first.cells:
        inside[panel.cohort == cohort, int(np.searchsorted(panel.years, year))] = True
    weight = np.broadcast_to(panel.weight[:, None], inside.shape)[inside]
    known = compared(panel.outcome[inside], (panel.outcome - effect)[inside], weight, first.names)
    same = rows.iloc[0][["n_treated", "n_clusters"]].to_dict()
    return known.assign(method="truth", status="ok", unit=rows["unit"].to_numpy(), **same)


# The distribution before and after, described


def inequality(page: Page, of: Everyone | None) -> pd.DataFrame | None:
    """Indices of everyone, adopters and others in both years, and their change."""
    return _described(page, "inequality", of, described.by_year)


def decomposition(page: Page, of: Everyone | None) -> pd.DataFrame | None:
    """Inequality within and between groups in both years."""
    return _described(page, "decomposition", of, described.between)


def gini_sources(page: Page, of: Everyone | None) -> pd.DataFrame | None:
    """What each source of income adds to inequality; None where the outcome's sources are not declared."""
    return _described(
        page, "gini_sources", of if of is not None and of.parts else None, described.gini_sources
    )


def curves(page: Page, of: Everyone | None) -> described.Curves | None:
    """Lorenz curves of adopters and others, and which lies above which."""
    if of is None:
        return None
    design = page.design
    found = described.curves(of, conf_level=design.conf_level, draws=design.bootstrap_draws, seed=design.seed)
    first, last = of.years
    years = found.rows["when"].map({"first": str(first), "last": str(last), "change": f"{first}–{last}"})
    found = replace(found, rows=found.rows.assign(year=years, unit=page.unit))
    _keep(page, "lorenz", found.rows)
    _keep(page, "dominance", found.verdicts)
    return found


def _described(page: Page, name: str, of: Everyone | None, describe: object) -> pd.DataFrame | None:
    if of is None:
        return None
    rows = describe(of, conf_level=page.design.conf_level)
    if rows.empty:
        return None
    first, last = of.years
    rows = rows.assign(
        year=rows["when"].map({"first": str(first), "last": str(last), "change": f"{first}–{last}"})
    )
    _keep(page, name, rows)
    return rows


# Who gained


def groups(page: Page, sample: Sample | None, estimator: str) -> pd.DataFrame | None:
    """The average effect by income before anybody adopted and, where recorded, on low-income households.

    Rows grouping ("fifth", "low_income"), level (fifth_1 ... fifth_5, lower, upper, difference) and columns of Estimates;
    `truth` where known.
    """
    if sample is None:
        return None
    panel = sample.panel
    fifth = dist.fifths(panel, before_adoption(panel))
    ends = np.where(fifth == 1, 0.0, np.where(fifth == len(np.unique(fifth)), 1.0, np.nan))
    truth = read_truth(page.study, sample)
    found = []
    for number in np.unique(fifth):
        told = by_group(
            panel, np.where(fifth == number, 0.0, np.nan), page.design, estimator=estimator, unit=page.unit
        )
        rows = told.rows.iloc[:1].assign(level=f"fifth_{number}")
        found.append(rows.assign(grouping="fifth", truth=_mean_truth(panel, truth, fifth == number)))
    apart = by_group(panel, ends, page.design, estimator=estimator, unit=page.unit).rows.iloc[2:]
    found.append(apart.assign(grouping="fifth", truth=found[-1]["truth"].iloc[0] - found[0]["truth"].iloc[0]))
    low = low_income(page, sample)
    if low is not None:
        rows = by_group(panel, low, page.design, estimator=estimator, unit=page.unit).rows
        known = [_mean_truth(panel, truth, low == code) for code in (0.0, 1.0)]
        found.append(rows.assign(grouping="low_income", truth=[*known, known[1] - known[0]]))
    rows = _released(page, pd.concat(found, ignore_index=True))
    _keep(page, "groups", rows)
    return rows


def low_income(page: Page, sample: Sample) -> np.ndarray | None:
    """(n,) 1 for low-income households, 0 for others, NaN unknown, as recorded at baseline; None where not recorded."""
    declared = page.study.membership
    if (
        declared is None
        or not declared.low_income
        or sample.outcome not in {declared.outcome, declared.others}
    ):
        return None
    frame = page.read(declared.table)
    at = frame if declared.baseline is None else frame[frame[declared.time].astype(int) == declared.baseline]
    known = pd.Series(at[declared.low_income].astype(float).to_numpy(), index=at[declared.unit].astype(str))
    return known[~known.index.duplicated()].reindex(sample.panel.unit).to_numpy(float)


def losers(page: Page, sample: Sample | None) -> pd.DataFrame | None:
    """Falls in income since adoption and bounds on the share made worse off, for all, low-income and poorest households.

    Rows who, measure, estimate, interval, event_time, n_treated; `truth` in the rows of bounds where known.
    """
    if sample is None:
        return None
    panel = sample.panel
    event_time = int(panel.years[-1] - panel.cohorts[panel.cohorts <= panel.years[-1]].max())
    low, fifth = low_income(page, sample), dist.fifths(panel, before_adoption(panel))
    who = {"all": np.ones(panel.n_units, dtype=bool), "poorest": fifth == 1}
    who |= {} if low is None else {"low_income": low == 1}
    truth, found = read_truth(page.study, sample), []
    for name, among in who.items():
        try:
            made = dist.losers(
                panel, page.design, event_time=event_time, among=among,
                draws=min(DRAWS, page.design.bootstrap_draws),
            )  # fmt: skip
        except REFUSED:
            continue
        rows = made.rows(conf_level=page.design.conf_level).assign(who=name, event_time=event_time)
        known = _lost(panel, truth, among, event_time)
        found.append(
            rows.assign(n_treated=made.n_treated, truth=np.where(rows["status"] == "bound", known, np.nan))
        )
    if not found:
        return None
    rows = _released(page, pd.concat(found, ignore_index=True))
    _keep(page, "losers", rows)
    return rows


def _mean_truth(panel: Panel, truth: np.ndarray | None, rows: np.ndarray) -> float:
    if truth is None:
        return np.nan
    after = (panel.years >= panel.cohort[:, None]) & rows[:, None]
    weight = np.broadcast_to(panel.weight[:, None], after.shape)
    return float(np.average(truth[after], weights=weight[after])) if after.any() else np.nan


def _lost(panel: Panel, truth: np.ndarray | None, rows: np.ndarray, event_time: int) -> float:
    if truth is None:
        return np.nan
    at = (panel.years == panel.cohort[:, None] + event_time) & rows[:, None]
    return float((truth[at] < 0).mean())


# Kept and released


def _is_single(page: Page, key: str) -> bool:
    outcome = page.study.outcome(key)
    return outcome.concept == "household_income" and page.study.table(outcome.table).level == "household"


def _released(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    shown = page.released(rows)
    gone = shown["estimate"].isna() & rows["estimate"].notna()
    behind = [name for name in (*BEHIND, "truth") if name in shown]
    return shown.assign(**{name: shown[name].mask(gone) for name in behind})


def _keep(page: Page, name: str, rows: pd.DataFrame) -> None:
    page.store.keep_rows(f"{page.number}-{page.key}-{name}", page.key, rows)
