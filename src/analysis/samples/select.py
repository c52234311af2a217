"""From a table to the panel that is analysed, with the account of who was left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError
from analysis.samples.panel import Panel
from analysis.samples.rules import RULES, Columns
from analysis.study import Study


class SampleError(ProjectError, ValueError):
    """No unit is left to analyse; the message holds the flow of exclusions."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Who is analysed for one outcome, and who is not.

    panel : the arrays for the estimators
    flow : one row per step — rule, units_out, rows_out, units_left, rows_left; first row is what was read
    outcome, table : keys in the study
    """

    panel: Panel
    flow: pd.DataFrame
    outcome: str
    table: str


def select(table: pd.DataFrame, study: Study, outcome: str) -> Sample:
    """The sample for an outcome from its (typed) table.

    Raises
    ------
    SampleError : the rules leave no unit, or fewer than two periods.
    """
    chosen = study.outcome(outcome)
    declared = study.table(chosen.table)
    columns = Columns(
        declared.unit, declared.time, chosen.column, study.covariates(chosen.table), declared.exclude
    )
    # ids as codes: looked up once here instead of by every rule and every count
    kept = table.assign(**{columns.unit: table[columns.unit].astype("category")})
    flow = [_step("read", kept, kept, columns.unit)]
    for rule in RULES:
        out = rule(kept, columns)
        left = kept.loc[~out] if out.any() else kept
        flow.append(_step(rule.__name__, kept, left, columns.unit))
        kept = left
    account = pd.DataFrame(flow)
    if kept.empty or kept[columns.time].nunique() < 2:
        steps = "; ".join(f"{row.rule}: {row.units_left} left" for row in account.itertuples())
        raise SampleError(
            Message(
                f"no units left to analyse for outcome {outcome!r} ({steps}); mend the table or the rule that empties it",
                f"结果变量 {outcome!r} 没有可分析的单位（{steps}）；请修正数据或清空样本的规则",
            )
        )
    return Sample(_panel(kept, study, outcome, columns), account, outcome, chosen.table)


def _step(rule: str, before: pd.DataFrame, after: pd.DataFrame, unit: str) -> dict[str, object]:
    units_before = before[unit].nunique()
    units_after = units_before if after is before else after[unit].nunique()
    return {
        "rule": rule, "units_out": units_before - units_after, "rows_out": len(before) - len(after),
        "units_left": units_after, "rows_left": len(after),
    }  # fmt: skip


def _panel(frame: pd.DataFrame, study: Study, outcome: str, columns: Columns) -> Panel:
    """The arrays of a table in which every unit has one row in every period."""
    declared = study.table(study.outcome(outcome).table)
    of_unit = frame[columns.unit].cat.remove_unused_categories().cat
    unit, row = of_unit.categories, of_unit.codes.to_numpy()
    position, years = pd.factorize(frame[columns.time].to_numpy(dtype=np.int64), sort=True)
    n = len(unit)
    place = np.full((n, len(years)), -1)  # where in the table a unit's period stands
    place[row, position] = np.arange(len(frame))
    if len(frame) != place.size or (place < 0).any():
        key = study.outcome(outcome).table
        raise SampleError(
            Message(
                f"table {key!r} has several rows for one unit and period; read it with its contract, which names them",
                f"表 {key!r} 的同一单位同一时期有多行；请按约定读取，会列出这些行",
            )
        )
    first = frame.iloc[place[:, 0]]
    weight = first[declared.weight].to_numpy(float) if declared.weight else np.ones(n)
    cluster = unit if not declared.cluster or declared.cluster == columns.unit else first[declared.cluster]
    cohort = first[declared.cohort].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    model = first[declared.model].to_numpy(dtype=object).astype(str) if declared.model else np.full(n, "")
    return Panel(
        unit=unit.to_numpy(dtype=object).astype(str),
        years=years,
        outcome=frame[columns.outcome].to_numpy(float)[place],
        cohort=cohort,
        weight=weight / weight.mean(),
        cluster=np.asarray(cluster, dtype=object).astype(str),
        model=np.where(np.isfinite(cohort), model, ""),
        covariates=first[list(columns.covariates)].to_numpy(float).reshape(n, len(columns.covariates)),
        covariate_names=columns.covariates,
    )
