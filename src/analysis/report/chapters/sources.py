"""Notebook 04d: through what income changed, source by source, and through which links."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import distribution as dist
from analysis import estimators
from analysis.checks.pre_trend import pre_trend
from analysis.distribution.measured import DistributionError
from analysis.distribution.parts import LinkPanel, Parts, link_panel, part_panels
from analysis.effects import EstimatorError
from analysis.estimates import EstimandError, aggregate
from analysis.report.chapters._followed import followed
from analysis.report.page import Page
from analysis.samples import Panel, Sample
from analysis.study.sources import LINKS, Link

REFUSED = (DistributionError, EstimatorError, EstimandError)
SECOND = {"group_time": "imputation", "imputation": "group_time", "saturated": "imputation"}
TOTAL = "total"


def about_sources(page: Page) -> Page:
    """The page about the first outcome whose sources are declared, where the notebook was opened for none."""
    if page.outcome or not page.study.sources:
        return page
    key = page.study.primary_outcome
    return replace(page, outcome=key if key in page.study.sources else next(iter(page.study.sources)))


def sample(page: Page) -> Sample | None:
    """Who is analysed; None where the outcome's sources are not declared, or its units are not seen twice."""
    return followed(page.sample()) if page.outcome in page.study.sources else None


def parts(page: Page, chosen: Sample | None) -> Parts | None:
    """The outcome and what it consists of."""
    if chosen is None:
        return None
    table = page.study.table(chosen.table)
    minus = {name: part.minus for name, part in page.study.sources[chosen.outcome].components.items()}
    return part_panels(chosen.panel, page.read(chosen.table), unit=table.unit, time=table.time, minus=minus)


@dataclass(frozen=True, slots=True)
class Found:
    """Effects by source.

    steps : per part and "total" — outcome, source, unit, estimate, interval, start, end, share, second (by `method`),
        p_before (joint test before adoption), truth where known, counts, status
    gap : effect on the total less the sum of its parts
    apart : the same for the numbers in the data: the largest difference, outcome unit
    left_out : units without some part
    method : the second estimator
    """

    steps: pd.DataFrame
    gap: float
    apart: float
    left_out: int
    method: str


def waterfall(page: Page, chosen: Sample | None, of: Parts | None, estimator: str) -> Found | None:
    """The effect on every part and on the whole, by one estimator on one sample; the parts sum to the whole."""
    if chosen is None or of is None:
        return None
    try:
        made = dist.waterfall(of.parts, of.total, page.design, estimator)
    except REFUSED:
        return None
    panels = {**of.parts, TOTAL: of.total}
    method = SECOND.get(estimator, "group_time")
    second = dist.by_source(panels, page.design, method)
    truth = _truth(page, chosen, of)
    steps = made.steps.assign(
        outcome=chosen.outcome, unit=page.unit, estimator=estimator, second=second["estimate"].to_numpy(),
        p_before=[_before(panel, page, estimator) for panel in panels.values()],
        truth=[truth.get(name, np.nan) for name in panels],
    )  # fmt: skip
    steps = _released(page, steps)
    page.store.keep_rows(f"{page.number}-{page.key}-sources", page.key, steps)
    apart = np.abs(of.total.outcome - np.sum([part.outcome for part in of.parts.values()], axis=0)).max()
    return Found(steps, made.gap, float(apart), of.left_out, method)


def links(page: Page, chosen: Sample | None, estimator: str) -> pd.DataFrame | None:
    """The change in proportion of every link; one without data has no number and says so.

    Rows link, label_key, unit, level (mean of adopters before they adopted), estimate and interval (share), truth,
    n_treated, n_left_out, status.
    """
    if chosen is None:
        return None
    declared = page.study.sources[chosen.outcome].links
    if not declared:
        return None
    made = [
        _link(page, chosen, name, declared.get(name), estimator)
        for name in dict.fromkeys((*LINKS, *declared))
    ]
    rows = _released(page, pd.DataFrame(made).assign(outcome=chosen.outcome))
    page.store.keep_rows(f"{page.number}-{page.key}-links", page.key, rows)
    return rows


def _link(page: Page, chosen: Sample, name: str, link: Link | None, estimator: str) -> dict[str, object]:
    empty = dict.fromkeys(("level", "estimate", "std_error", "conf_low", "conf_high", "truth"), np.nan)
    told = {"link": name, "unit": "", **empty, "n_treated": 0, "n_clusters": 0, "n_left_out": 0}
    if link is None:
        return {**told, "status": "not measured"}
    table = page.study.table(chosen.table)
    found = link_panel(
        chosen.panel,
        page.read(link.table),
        unit=table.unit,
        time=table.time,
        column=link.column,
        per=link.per,
    )
    if found is None:
        return {**told, "unit": link.unit, "status": "not measured: fewer than two periods"}
    told |= {"unit": link.unit, "n_left_out": found.left_out, "level": _level_before(found)}
    if not found.varies:
        return {**told, "status": "not measured: recorded once"}
    try:
        effects = estimators.fit(estimator, found.panel, page.design)
        row = aggregate(effects, page.design).row("simple")
    except REFUSED as error:
        return {**told, "status": f"not estimable: {' '.join(str(error).split())}"}
    change = {key: float(np.expm1(row[key])) for key in ("estimate", "conf_low", "conf_high")}
    counts = {key: int(row[key]) for key in ("n_treated", "n_clusters")}
    error = float(row["std_error"] * np.exp(row["estimate"]))
    truth = _true_link(page, chosen, link, found)
    return {**told, **change, **counts, "std_error": error, "truth": truth, "status": row["status"]}


def _level_before(found: LinkPanel) -> float:
    """The mean of eventual adopters in the last period before the first adoption, in the link's unit."""
    panel = found.panel
    adopts = np.isfinite(panel.cohort) & (panel.cohort > panel.years[0])
    base = max(int(np.searchsorted(panel.years, panel.cohort[adopts].min())) - 1, 0) if adopts.any() else 0
    return (
        float(np.average(found.level[adopts, base], weights=panel.weight[adopts])) if adopts.any() else np.nan
    )


def _before(panel: Panel, page: Page, estimator: str) -> float:
    """p value of the joint test that nothing moved before adoption; NaN where it cannot be tested."""
    try:
        effects = estimators.fit(estimator, panel, page.design)
        return pre_trend(aggregate(effects, page.design, by="event_time")).p_value
    except REFUSED:
        return np.nan


def _truth(page: Page, chosen: Sample, of: Parts) -> dict[str, float]:
    """The true effect on every part, averaged over adopters' periods from adoption; empty where nothing is known."""
    drawn = (dist.without_effects(page.study) or {}).get(chosen.table)
    if drawn is None:
        return {}
    table = page.study.table(chosen.table)
    declared = page.study.sources[chosen.outcome].components
    other = part_panels(
        of.total, drawn, unit=table.unit, time=table.time,
        minus={name: part.minus for name, part in declared.items()},
    ).parts  # fmt: skip
    known = {
        name: _after(of.total, part.outcome - other[name].outcome)
        for name, part in of.parts.items()
        if name in declared
    }
    return {**known, TOTAL: float(np.sum(list(known.values())))} if len(known) == len(of.parts) else known


def _true_link(page: Page, chosen: Sample, link: Link, found: LinkPanel) -> float:
    drawn = (dist.without_effects(page.study) or {}).get(link.table)
    if drawn is None:
        return np.nan
    table = page.study.table(chosen.table)
    other = link_panel(found.panel, drawn, unit=table.unit, time=table.time, column=link.column, per=link.per)
    if other is None or other.panel.n_units != found.panel.n_units:
        return np.nan
    return float(np.expm1(_after(found.panel, found.panel.outcome - other.panel.outcome)))


def _after(panel: Panel, values: np.ndarray) -> float:
    """Mean of (n, T) values over the periods of adopters from adoption on."""
    after = (panel.years >= panel.cohort[:, None]) & (panel.cohort[:, None] > panel.years[0])
    weight = np.broadcast_to(panel.weight[:, None], after.shape)
    return float(np.average(values[after], weights=weight[after])) if after.any() else np.nan


def _released(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    shown = page.released(rows)
    gone = shown["estimate"].isna() & rows["estimate"].notna()
    behind = [
        name for name in ("start", "end", "share", "second", "p_before", "truth", "level") if name in shown
    ]
    return shown.assign(**{name: shown[name].mask(gone) for name in behind})
