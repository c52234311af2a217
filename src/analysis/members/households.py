"""From a household table to the sections that are compared, with the account of who is left out.

Two comparisons, each with its own belief. `neighbours`: members against non-members of villages with a coop, who live
under the same cadres, prices and weather, but may gain from the coop as well and chose not to join. `elsewhere`:
members against all households of villages without a coop at that date, whom the coop does not reach, but whose villages
differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.members import _gate
from analysis.members.section import Section
from analysis.messages import Message, ProjectError
from analysis.study.membership import Membership

GROUPS = ("neighbours", "elsewhere")


class HouseholdsError(ProjectError, ValueError):
    """The household table does not hold what [membership] says; the message names it and what to do."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Households:
    """n households with an outcome at the date compared, in the order of their ids.

    unit : (n,) text ids
    section : all of them; `treated` = member at the date compared
    reached : (n,) bool, in a village with a coop at that date
    low_income : (n,) bool; None where not recorded
    flow : one row per step — rule, households_out, households_left; the first row is what the date compared holds
    """

    unit: np.ndarray
    section: Section
    reached: np.ndarray
    low_income: np.ndarray | None
    flow: pd.DataFrame

    def groups(self) -> tuple[str, ...]:
        """The comparisons that can be made: with two members and two others in each."""
        counts = {name: int((~self.section.treated & self._rows(name)).sum()) for name in GROUPS}
        return tuple(name for name, count in counts.items() if count >= 2 and self.section.n_treated >= 2)

    def against(self, group: str) -> Section:
        """Members and the comparison households of that group."""
        return _gate.subset(self.section, self._rows(group))

    def _rows(self, group: str) -> np.ndarray:
        """Members of villages with a coop, and the group's non-members."""
        _gate.choice("group", group, GROUPS)
        member = self.section.treated & self.reached
        others = self.reached if group == "neighbours" else ~self.reached
        return member | (~self.section.treated & others)


def households(
    frame: pd.DataFrame, declared: Membership, column: str, cohort: pd.Series | None
) -> Households:
    """The households of [membership].

    Parameters
    ----------
    frame : rows of the household table, one per household and date.
    column : the outcome's column.
    cohort : year of adoption by village id, missing = never; None where adoption of villages is not dated: every
        village is then taken to have a coop.

    Raises
    ------
    HouseholdsError : columns or dates that are not there, or nobody left.
    """
    _refuse(frame, declared, column)
    taken = [column, *declared.covariates, *declared.instruments, declared.low_income, declared.weight]
    columns = list(dict.fromkeys(name for name in taken if name))
    dated = frame.assign(**{name: _numbers(frame[name], declared) for name in [*columns, declared.member]})
    dated[declared.unit] = dated[declared.unit].astype(str)
    now = _at(dated, declared, declared.compared)
    flow, kept = [("read", 0, len(now))], now
    past = now
    if declared.baseline is not None:
        past = _at(dated, declared, declared.baseline)
        kept = _step(flow, "no_baseline", kept, kept.index.isin(past.index))
        early = past[declared.member].reindex(kept.index) > 0
        kept = _step(flow, "member_at_baseline", kept, ~early.to_numpy())
    past = past.loc[kept.index]
    complete = past[columns].notna().all(axis=1) & kept[[column, declared.member]].notna().all(axis=1)
    kept = _step(flow, "value_missing", kept, complete.to_numpy())
    village = kept[declared.village].astype(str)
    reached = np.ones(len(kept), dtype=bool)
    if cohort is not None:
        kept = _step(flow, "village_unknown", kept, village.isin(cohort.index).to_numpy())
        village = kept[declared.village].astype(str)
        year = village.map(cohort).astype("Float64").to_numpy(dtype=float, na_value=np.inf)
        reached = year <= declared.compared
        outside = (kept[declared.member].to_numpy() > 0) & ~reached
        kept = _step(flow, "member_without_coop", kept, ~outside)
        village, reached = kept[declared.village].astype(str), reached[~outside]
    if kept.empty:
        steps = "; ".join(f"{rule}: {left} left" for rule, _, left in flow)
        raise HouseholdsError(
            Message(
                f"no household is left to compare ({steps}); mend [membership] or the table",
                f"没有可比较的农户（{steps}）；请修正 [membership] 或数据表",
            )
        )
    past = past.loc[kept.index]
    weight = past[declared.weight].to_numpy(float) if declared.weight else np.ones(len(kept))
    section = Section(
        outcome=kept[column].to_numpy(float),
        treated=kept[declared.member].to_numpy() > 0,
        covariates=past[list(declared.covariates)].to_numpy(float),
        names=declared.covariates,
        weight=weight / weight.mean(),
        cluster=village.to_numpy(str),
        before=past[column].to_numpy(float) if declared.baseline is not None else None,
        instrument=past[list(declared.instruments)].to_numpy(float) if declared.instruments else None,
        instrument_names=tuple(declared.instruments),
    )
    low = past[declared.low_income].to_numpy() > 0 if declared.low_income else None
    account = pd.DataFrame(flow, columns=["rule", "households_out", "households_left"])
    return Households(kept.index.to_numpy(str), section, reached, low, account)


def before(section: Section) -> Section:
    """The same households with the outcome of the baseline in place of that of the date compared.

    Raises
    ------
    MemberEffectError : there is one date only.
    """
    if section.before is None:
        raise _gate.refusal("this section has one date only", "本数据只有一个时点")
    return replace(section, outcome=section.before, before=None)


def _numbers(column: pd.Series, declared: Membership) -> pd.Series:
    found = pd.to_numeric(column, errors="coerce").astype("Float64")
    bad = found.isna() & column.notna()
    if bad.any():
        first = column[bad].iloc[0]
        raise HouseholdsError(
            Message(
                f"[membership]: table {declared.table!r}, column {column.name!r} holds {first!r}, which is not a "
                f"number ({int(bad.sum())} rows); mend them or name another column",
                f"[membership]：表 {declared.table!r} 的列 {column.name!r} 中 {first!r} 不是数字（共 {int(bad.sum())} 行）；"
                "请修正或另指定一列",
            )
        )
    return pd.Series(found.to_numpy(float, na_value=np.nan), index=column.index)


def _at(frame: pd.DataFrame, declared: Membership, date: int) -> pd.DataFrame:
    rows = frame[frame[declared.time].astype(int) == date]
    return rows.set_index(declared.unit).sort_index()


def _step(flow: list[tuple[str, int, int]], rule: str, kept: pd.DataFrame, stays: np.ndarray) -> pd.DataFrame:
    left = kept[stays]
    flow.append((rule, len(kept) - len(left), len(left)))
    return left


def _refuse(frame: pd.DataFrame, declared: Membership, column: str) -> None:
    roles = {
        "unit": declared.unit, "time": declared.time, "village": declared.village, "member": declared.member,
        "outcome": column, "low_income": declared.low_income, "weight": declared.weight,
    }  # fmt: skip
    roles |= {f"covariates {name}": name for name in declared.covariates}
    roles |= {f"instruments.{name}": name for name in declared.instruments}
    absent = [f"{role} = {name!r}" for role, name in roles.items() if name and name not in frame.columns]
    if absent:
        held = ", ".join(map(str, frame.columns))
        raise HouseholdsError(
            Message(
                f"[membership]: table {declared.table!r} has no column for {'; '.join(absent)}; it holds {held}",
                f"[membership]：表 {declared.table!r} 中没有 {'；'.join(absent)} 所指的列；现有列：{held}",
            )
        )
    dates = sorted(set(frame[declared.time].dropna().astype(int)))
    wanted = [date for date in (declared.baseline, declared.compared) if date is not None]
    lacking = [date for date in wanted if date not in dates]
    if lacking:
        raise HouseholdsError(
            Message(
                f"[membership]: table {declared.table!r} has no rows of {lacking}; choose among {dates}",
                f"[membership]：表 {declared.table!r} 没有 {lacking} 的记录；可选：{dates}",
            )
        )
    twice = int(frame.duplicated([declared.unit, declared.time]).sum())
    if twice:
        raise HouseholdsError(
            Message(
                f"[membership]: {twice} rows of {declared.table!r} repeat a household and date; keep one each",
                f"[membership]：表 {declared.table!r} 有 {twice} 行重复了同一农户同一时点；每户每期只留一行",
            )
        )
