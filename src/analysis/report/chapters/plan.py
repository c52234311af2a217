"""Notebook 07b: what was decided beforehand, and what still stands when all of it is asked together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import estimators
from analysis.checks import multiplicity, subgroups
from analysis.checks.power import detectable
from analysis.effects import EstimatorError
from analysis.estimates import COLUMNS, aggregate
from analysis.messages import Message, ProjectError
from analysis.report.page import Page
from analysis.samples import Sample, SampleError
from analysis.study import Study
from analysis.study.plan import Subgroup

FAMILY_COLUMNS = ("p_value", "p_adjusted", "p_holm", "joint_low", "joint_high")
ROLES = ("primary", "declared", "added", "exploratory")
EXPLORED = "benjamini_hochberg"  # how everything that nobody declared is adjusted


class PlanError(ProjectError, ValueError):
    """A subgroup of the plan cannot be read from its table; the message names what is wrong."""

    exit_code = 3


def roles(study: Study) -> pd.DataFrame:
    """What every outcome was before it was estimated: outcome, role, family, method.

    role : "primary" (judged alone), "declared" (in a family), "added" (later, with a reason) or "exploratory" (reported
    although nobody announced it), in this order, families as in the plan. Without a plan everything is exploratory.
    """
    plan, made = study.plan, []
    families = {} if plan is None else plan.families
    told = (
        study.primary_outcome,
        *(key for each in families.values() for key in each.outcomes),
        *study.outcomes,
    )
    for key in dict.fromkeys(told):
        if plan is None:
            made.append((key, "exploratory", "", EXPLORED))
        elif key == study.primary_outcome:
            made.append((key, "primary", "", "alone"))
        elif family := plan.family_of(key):
            made.append((key, "declared", family, plan.families[family].method))
        else:
            role = "added" if plan.addition(outcome=key) else "exploratory"
            made.append((key, role, "", EXPLORED))
    found = pd.DataFrame(made, columns=["outcome", "role", "family", "method"])
    return found.sort_values("role", key=lambda role: role.map(ROLES.index), kind="stable", ignore_index=True)


def outcomes(page: Page, estimator: str) -> pd.DataFrame:
    """Every outcome's average effect, each family judged together; kept for the report.

    One row per outcome in the order of `roles`: the columns of `roles` and of Estimates, FAMILY_COLUMNS,
    family_size (tests judged together) and detectable (smallest effect likely to be found).
    """
    asked = roles(page.study)
    found = [_average(replace(page, outcome=key), estimator) for key in asked["outcome"]]
    rows = pd.concat([row for row, _ in found], ignore_index=True)
    rows = pd.concat([asked, rows, detectable(rows, conf_level=page.design.conf_level)], axis=1)
    tables = [page.study.outcome(key).table for key in asked["outcome"]]
    psi = [influence for _, influence in found]
    judged = _judged(rows, psi, page, [_cluster(page.study, table) for table in tables])
    shown = _released(page, judged)
    page.store.keep_rows(f"{page.number}-outcomes", "", shown)
    return shown


def groups(page: Page, estimator: str) -> pd.DataFrame | None:
    """Effects in the plan's subgroups and the differences between them, judged together; kept for the report.

    Three rows per subgroup and outcome (level lower, upper, difference): subgroup, outcome, role, method, the columns of
    Estimates, mean_years, FAMILY_COLUMNS (differences only) and family_size. None where the plan names no subgroup.
    """
    plan = page.study.plan
    if plan is None or not plan.subgroups:
        return None
    made, psi, clusters = [], [], []
    for key in roles(page.study)["outcome"]:
        wanted = [name for name, each in plan.subgroups.items() if key in each.outcomes]
        of_outcome = replace(page, outcome=key)
        sample = of_outcome.sample() if wanted else None
        for name in wanted:
            rows, influence = _compared(of_outcome, sample, plan.subgroups[name], estimator)
            role = "declared" if name in plan.declared_subgroups else "added"
            made.append(rows.assign(subgroup=name, outcome=key, role=role))
            psi += [None, None, influence]
            clusters += [_cluster(page.study, page.study.outcome(key).table)] * 3
    rows = pd.concat(made, ignore_index=True)
    differences = rows["level"] == "difference"
    method = rows["role"].map({"declared": plan.subgroup_method, "added": EXPLORED})
    rows = rows.assign(family="", method=method.where(differences, ""))
    shown = _released(page, _judged(rows, psi, page, clusters), ["subgroup", "outcome"])
    page.store.keep_rows(f"{page.number}-subgroups", "", shown)
    return shown


def _average(page: Page, estimator: str) -> tuple[pd.DataFrame, pd.Series | None]:
    """The simple average of the page's outcome and its influence; a status instead where it is not identified."""
    try:
        effects = estimators.fit(estimator, page.sample().panel, page.design)
        found = aggregate(effects, page.design, unit=page.unit)
    except (EstimatorError, SampleError) as error:
        status = f"not estimable: {' '.join(str(error).split())}"
        row = {**dict.fromkeys(COLUMNS, np.nan), "estimand": "overall", "level": "simple", "unit": page.unit}
        counts = {"n_treated": 0, "n_clusters": 0, "estimator": estimator, "conf_kind": "pointwise"}
        return pd.DataFrame([{**row, **counts, "status": status}]), None
    return found.rows[found.rows["level"] == "simple"].reset_index(drop=True), found.influence.iloc[:, 0]


def _judged(rows: pd.DataFrame, psi: list[pd.Series | None], page: Page, clusters: list[str]) -> pd.DataFrame:
    """The rows with FAMILY_COLUMNS, each family (role, family, method) adjusted within itself.

    Estimates whose errors come from clusters of several kinds share no influence: Holm's method then.
    """
    told = rows.assign(**dict.fromkeys(FAMILY_COLUMNS, np.nan), family_size=0)
    tested = rows["conf_low"].notna() & rows["std_error_small"].gt(0) & rows["method"].ne("")
    together = rows["role"].replace({"added": "exploratory"}) + ":" + rows["family"] + ":" + rows["method"]
    for _, family in rows[tested].groupby(together[tested], sort=False):
        at = family.index
        method = str(family["method"].iloc[0])
        one_kind = len({clusters[i] for i in at}) == 1
        if method == "romano_wolf" and not one_kind:
            method = "holm"
        numbers = (family[name].to_numpy(float) for name in ("estimate", "std_error_small", "df"))
        influence = (
            multiplicity.joined([psi[i] for i in at]).to_numpy() if one_kind else np.zeros((0, len(at)))
        )
        found = multiplicity.adjust(
            *numbers, influence, method="holm" if method == "alone" else method,
            conf_level=page.design.conf_level, seed=page.design.seed,
        )  # fmt: skip
        told.loc[at, "p_value"], told.loc[at, "p_adjusted"] = found.p_value, found.p_adjusted
        told.loc[at, "p_holm"] = found.p_holm
        told.loc[at, "joint_low"] = family["estimate"] - found.half_width
        told.loc[at, "joint_high"] = family["estimate"] + found.half_width
        told.loc[at, "method"], told.loc[at, "family_size"] = method, len(at)
    return told


def _released(page: Page, rows: pd.DataFrame, whole: list[str] | None = None) -> pd.DataFrame:
    """The rows as this study's readers may see them; with `whole`, all rows of a comparison or none."""
    shown = page.released(rows)
    hidden = shown["status"].str.startswith("withheld")
    if whole:
        hidden = hidden.groupby([shown[name] for name in whole]).transform("any")
        shown.loc[hidden, "status"] = shown.loc[hidden, "status"].where(
            shown["status"].str.startswith("withheld"),
            "withheld: a group beside it is too small, public release",
        )
    numbers = [
        "estimate",
        "std_error",
        "std_error_small",
        "conf_low",
        "conf_high",
        "point_low",
        "point_high",
        "df",
    ]
    blank = [name for name in (*numbers, *FAMILY_COLUMNS, "detectable", "mean_years") if name in shown]
    shown.loc[hidden, blank] = np.nan
    return shown


def _cluster(study: Study, table: str) -> str:
    """The column whose ids the clusters of a table are."""
    declared = study.table(table)
    return declared.cluster or declared.unit


def _compared(
    page: Page, sample: Sample, subgroup: Subgroup, estimator: str
) -> tuple[pd.DataFrame, pd.Series | None]:
    values = _values(page, sample, subgroup)
    found = subgroups.by_group(
        sample.panel, subgroups.halves(values, subgroup.at), page.design, estimator=estimator, unit=page.unit
    )
    return found.rows, found.influence


def _values(page: Page, sample: Sample, subgroup: Subgroup) -> np.ndarray:
    """(n,) the subgroup's column for the sample's units, by the unit's id or that of its cluster; NaN if not there.

    Raises
    ------
    PlanError : no such column, no id to find units by, a value that changes, is no number or was read after adoption began.
    """
    table, declared = page.read(subgroup.table), page.study.table(sample.table)
    if subgroup.column not in table:
        held = ", ".join(map(str, table.columns))
        raise PlanError(
            Message(
                f"[plan.subgroups] column: {subgroup.column!r} is not in table {subgroup.table!r}; it holds {held}",
                f"[plan.subgroups] column：表 {subgroup.table!r} 没有列 {subgroup.column!r}；现有 {held}",
            )
        )
    by = [(declared.unit, sample.panel.unit), (_cluster(page.study, sample.table), sample.panel.cluster)]
    name, ids = next(((column, ids) for column, ids in by if column in table), ("", sample.panel.unit))
    if not name:
        raise PlanError(
            Message(
                f"[plan.subgroups] table: {subgroup.table!r} has neither {by[0][0]!r} nor {by[1][0]!r}, so its rows "
                "belong to no unit; name another table",
                f"[plan.subgroups] table：表 {subgroup.table!r} 既无 {by[0][0]!r} 也无 {by[1][0]!r}，无法对应到单位；请改用别的表",
            )
        )
    if subgroup.year is not None:
        table = _at(table, page, subgroup, sample)
    known = table[[name, subgroup.column]].dropna().drop_duplicates()
    twice = known.loc[known[name].duplicated(), name].unique()
    if len(twice):
        raise PlanError(
            Message(
                f"[plan.subgroups] {subgroup.column!r} of table {subgroup.table!r} has several values for {len(twice)} "
                f"ids, e.g. {twice[0]}; give 'year', a period before adoption",
                f"[plan.subgroups] 表 {subgroup.table!r} 的 {subgroup.column!r} 对 {len(twice)} 个编号有多个取值，例如 "
                f"{twice[0]}；请在 year 中写明采用前的一个时期",
            )
        )
    numbers = pd.to_numeric(known[subgroup.column], errors="coerce")
    if numbers.isna().any():
        odd = str(known.loc[numbers.isna(), subgroup.column].iloc[0])
        raise PlanError(
            Message(
                f"[plan.subgroups] column: {subgroup.column!r} of table {subgroup.table!r} holds {odd!r}, which is no number; "
                "name a column of numbers or of 0 and 1",
                f"[plan.subgroups] column：表 {subgroup.table!r} 的 {subgroup.column!r} 含有 {odd!r}，不是数值；请改用数值列或 0/1 列",
            )
        )
    numbers = pd.Series(numbers.to_numpy(float), index=known[name].astype(str))
    return numbers.reindex(np.asarray(ids).astype(str)).to_numpy(float)


def _at(table: pd.DataFrame, page: Page, subgroup: Subgroup, sample: Sample) -> pd.DataFrame:
    """The table's rows of the subgroup's year, which must lie before the first adoption."""
    declared = page.study.table(subgroup.table)
    time = declared.time or next(
        (name for name in declared.key if name == page.study.table(sample.table).time), ""
    )
    cohorts = sample.panel.cohorts
    first = cohorts[cohorts > sample.panel.years[0]]  # units treated from the start are not estimated
    problem = None
    chosen = pd.to_numeric(table[time], errors="coerce") == subgroup.year if time else pd.Series(dtype=bool)
    if not chosen.any():
        problem = (
            f"[plan.subgroups] year: table {subgroup.table!r} has no period {subgroup.year}",
            f"[plan.subgroups] year：表 {subgroup.table!r} 没有 {subgroup.year} 这一时期",
        )
    elif len(first) and subgroup.year >= first[0] - page.design.anticipation:
        problem = (
            f"[plan.subgroups] year: {subgroup.year} is not before the first adoption ({int(first[0])}); what adoption "
            "can have changed tells no groups apart",
            f"[plan.subgroups] year：{subgroup.year} 不早于首次采用（{int(first[0])}）；采用可能已改变的情况不能用来分组",
        )
    if problem:
        raise PlanError(Message(*problem))
    return table[chosen]
