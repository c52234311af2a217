"""From a table to the panel that is analysed, with the account of who was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError
from analysis.samples.panel import CrossSections, Observed, Panel, UnbalancedPanel
from analysis.samples.rules import RULES, Columns
from analysis.study import Study, Table


class SampleError(ProjectError, ValueError):
    """No unit is left to analyse; the message holds the flow of exclusions."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Who is analysed for one outcome, and who is not.

    panel : the arrays for the estimators, of the record that the table's declared design has
    flow : one row per step — rule, units_out, rows_out, units_left, rows_left; first row is what was read. In repeated
        cross-sections every row is a unit
    outcome, table : keys in the study
    """

    panel: Observed
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
    # ids as codes: looked up once here instead of by every rule and every count; a frame's own index is no key
    kept = table.reset_index(drop=True)
    kept = kept.assign(**{columns.unit: kept[columns.unit].astype("category")})
    counted = "" if declared.design == "repeated_cross_section" else columns.unit
    flow = [_step("read", kept, kept, counted)]
    for rule in RULES[declared.design]:
        out = rule(kept, columns)
        left = kept.loc[~out] if out.any() else kept
        flow.append(_step(rule.__name__, kept, left, counted))
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
    made = _MADE[declared.design](kept, study, outcome, columns)
    return Sample(made, account, outcome, chosen.table)


def select_as(table: pd.DataFrame, study: Study, outcome: str, design: str) -> Sample:
    """The sample had the outcome's table been declared with that design, to see what the declaration does."""
    key = study.outcome(outcome).table
    tables = {**study.tables, key: study.table(key).model_copy(update={"design": design})}
    return select(table, study.model_copy(update={"tables": tables}), outcome)


def _step(rule: str, before: pd.DataFrame, after: pd.DataFrame, unit: str) -> dict[str, object]:
    units_before = before[unit].nunique() if unit else len(before)
    units_after = units_before if after is before else (after[unit].nunique() if unit else len(after))
    return {
        "rule": rule, "units_out": units_before - units_after, "rows_out": len(before) - len(after),
        "units_left": units_after, "rows_left": len(after),
    }  # fmt: skip


def _panel(frame: pd.DataFrame, study: Study, outcome: str, columns: Columns) -> Panel:
    """The arrays of a table in which every unit has one row in every period."""
    place, traits = _followed(frame, study, outcome, columns)
    if (place < 0).any():
        raise _several_rows(study.outcome(outcome).table)
    return Panel(outcome=frame[columns.outcome].to_numpy(float)[place], **traits)


def _unbalanced(frame: pd.DataFrame, study: Study, outcome: str, columns: Columns) -> UnbalancedPanel:
    """The same where units have gaps: no outcome there."""
    place, traits = _followed(frame, study, outcome, columns)
    values = frame[columns.outcome].to_numpy(float)
    return UnbalancedPanel(outcome=np.where(place < 0, np.nan, values[place]), **traits)


def _followed(
    frame: pd.DataFrame, study: Study, outcome: str, columns: Columns
) -> tuple[np.ndarray, dict[str, object]]:
    """Where in the table each unit's period stands (-1: nowhere), and what each unit is, from its first row."""
    declared = study.table(study.outcome(outcome).table)
    of_unit = frame[columns.unit].cat.remove_unused_categories().cat
    unit, row = of_unit.categories, of_unit.codes.to_numpy()
    position, years = pd.factorize(frame[columns.time].to_numpy(dtype=np.int64), sort=True)
    place = np.full((len(unit), len(years)), -1)
    place[row, position] = np.arange(len(frame))
    if (place >= 0).sum() != len(frame):
        raise _several_rows(study.outcome(outcome).table)
    earliest = place[np.arange(len(unit)), (place >= 0).argmax(axis=1)]
    traits = _traits(frame.iloc[earliest], study, declared, columns)
    return place, {**traits, "unit": unit.to_numpy(dtype=object).astype(str), "years": years}


def _sections(frame: pd.DataFrame, study: Study, outcome: str, columns: Columns) -> CrossSections:
    """The arrays of a table of people, one row each."""
    declared = study.table(study.outcome(outcome).table)
    return CrossSections(
        unit=frame[columns.unit].to_numpy(dtype=object).astype(str),
        year=frame[columns.time].to_numpy(dtype=np.int64),
        outcome=frame[columns.outcome].to_numpy(float),
        **_traits(frame, study, declared, columns),
    )


def _traits(rows: pd.DataFrame, study: Study, declared: Table, columns: Columns) -> dict[str, object]:
    """Cohort, weight, cluster, arm and covariates of n rows."""
    n = len(rows)
    weight = rows[declared.weight].to_numpy(float) if declared.weight else np.ones(n)
    cohort = rows[declared.cohort].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    model = rows[declared.model].to_numpy(dtype=object).astype(str) if declared.model else np.full(n, "")
    return {
        "cohort": cohort,
        "weight": weight / weight.mean(),
        "cluster": rows[declared.cluster or columns.unit].to_numpy(dtype=object).astype(str),
        "model": np.where(np.isfinite(cohort), model, ""),
        "covariates": rows[list(columns.covariates)].to_numpy(float).reshape(n, len(columns.covariates)),
        "covariate_names": columns.covariates,
    }


def _several_rows(key: str) -> SampleError:
    return SampleError(
        Message(
            f"table {key!r} has several rows for one unit and period; read it with its contract, which names them",
            f"表 {key!r} 的同一单位同一时期有多行；请按约定读取，会列出这些行",
        )
    )


_MADE: dict[str, Callable[[pd.DataFrame, Study, str, Columns], Observed]] = {
    "panel": _panel,
    "unbalanced_panel": _unbalanced,
    "repeated_cross_section": _sections,
}
