"""What can be said of tables before anything is estimated: identities, coverage, suspicions, declared references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake.account import Account
from analysis.intake.detecting import suspicions as _suspicions
from analysis.intake.detectors import heaping, outliers
from analysis.intake.detectors.balance import coverage as _coverage
from analysis.samples.joins import linked, rates
from analysis.samples.joins.keyed import ColumnAbsentError
from analysis.samples.joins.views import VIEWS
from analysis.samples.select import Sample
from analysis.schema import Entity, entities, wording
from analysis.schema import entity_of as _entity_of
from analysis.schema.arithmetic import columns_of, evaluate
from analysis.study import Study

DIRECT = ("household_wave", "household_year")  # views whose joins are declared references already
THIN = 20  # values of a period from which its quantiles are told
HOUSEHOLD = "hh_id"  # key of households in the data model
BRANCHES = 3  # that fit beside each other
HALF, MOST = 0.5, 0.9  # shares of the values inside the two bands of distances


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which units of a table arrived in which periods.

    table : key in the study
    rows : number of rows by unit (index, most complete first) and period (columns, increasing); 0 = did not arrive
    of_households : whether the units are households
    """

    table: str
    rows: pd.DataFrame
    of_households: bool = False


@dataclass(frozen=True, slots=True)
class Extremes:
    """How far an outcome's values lie from their period's median, in robust standard deviations.

    rows : period, n (values), half and most (distance within which those shares of the values lie), n_far
    limit : distance from which a value counts as far
    """

    rows: pd.DataFrame
    outcome: str
    limit: float


@dataclass(frozen=True, slots=True)
class Heaped:
    """An outcome's amounts around targets.

    amounts : (n,) yuan, positive; a value that repeats the unit's period before is counted once
    targets : target [yuan], below, above (counts within 5 %), share_expected, p_value, p_holm
    """

    amounts: np.ndarray
    targets: pd.DataFrame
    outcome: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """From what arrived to who is analysed.

    branches : outcomes that keep the same units, with the sample of the first of them
    n_left : further branches that are not drawn
    account : what the import read and removed; None where the study was not imported
    """

    branches: tuple[tuple[tuple[str, ...], Sample], ...]
    n_left: int
    account: Account | None


def entity_of(key: str, study: Study) -> Entity | None:
    """The declared entity that a table of the study is; None for tables that the data model does not know."""
    return _entity_of(key, study.table(key).file)


def label_of(table: str, column: str, study: Study, language: str) -> str:
    """What a column is called; its own name where neither the study nor the data model says it."""
    said = _said(table, study, language) if table in study.tables else {}
    declared = entity_of(table, study) if table in study.tables else entities().get(table)
    known = declared is not None and column in declared.columns
    return said.get(column) or (declared.columns[column].label[language] if known else column)


def identities(tables: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame | None:
    """Every identity that the columns allow to check: table, label_zh, label_en, severity, n_rows, n_off, largest, unit.

    n_rows : rows in which all parts are known; n_off : those beyond the tolerance; largest : largest gap, in the
    columns' unit. None where no table is of the data model. A file that serves two tables is checked once.
    """
    rows, seen = [], set()
    for key, frame in tables.items():
        declared = entity_of(key, study)
        if declared is None or declared.name in seen:
            continue
        seen.add(declared.name)
        for identity in declared.identities.values():
            try:
                gap = evaluate(identity.left, frame) - evaluate(identity.right, frame)
            except KeyError:
                continue
            known = np.isfinite(gap)
            off = np.abs(gap) if identity.relation == "==" else gap
            wrong = known & (off > identity.tolerance)
            rows.append(
                {
                    "table": key, "label_zh": identity.label.zh, "label_en": identity.label.en,
                    "severity": identity.severity, "n_rows": int(known.sum()), "n_off": int(wrong.sum()),
                    "largest": float(np.max(off[known], initial=0.0)),
                    "unit": declared.columns[columns_of(identity.left)[0]].unit,
                }
            )  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def references(tables: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame | None:
    """How many rows find what they refer to: table, column, refers, n_rows, n_matched. None where nothing refers.

    First the declared references, then the views that chapters use (`joins.linked`): of the spells, prices, shocks,
    projects and scores laid out by year, how many find the household, village or cooperative and year they belong to.
    """
    by_entity: dict[str, str] = {}
    for key in tables:
        declared = entity_of(key, study)
        if declared is not None:
            by_entity.setdefault(declared.name, key)
    rows = []
    for name, key in by_entity.items():
        for column, declared in entities()[name].columns.items():
            other, _, wanted = declared.refers.partition(".")
            if other not in by_entity or column not in tables[key] or wanted not in tables[by_entity[other]]:
                continue
            given = tables[key][column].astype("str")
            given = given[tables[key][column].notna() & (given != "") & (given != "nan")]
            matched = int(given.isin(tables[by_entity[other]][wanted].astype("str")).sum())
            rows.append(
                {
                    "table": key,
                    "column": column,
                    "refers": f"{by_entity[other]}.{wanted}",
                    "n_rows": len(given),
                    "n_matched": matched,
                }
            )
    rows += _of_views({name: tables[key] for name, key in by_entity.items()})
    return pd.DataFrame(rows) if rows else None


def _of_views(tables: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Rows of `references` for the views by year; their right side is what must find its place."""
    views = {}
    for name in VIEWS:
        if name in DIRECT:
            continue
        try:
            views |= linked(tables, name, minimum_match=0.0)
        except ColumnAbsentError:
            continue  # not measured: the table came without a column that this view is about
    return [
        {
            "table": row.right.split()[0], "column": row.on, "refers": row.left, "n_rows": row.right_rows,
            "n_matched": row.matched_right,
        }
        for row in rates(views).itertuples()
    ]  # fmt: skip


def coverage(tables: Mapping[str, pd.DataFrame], study: Study) -> list[Coverage]:
    """Who arrived when, in every panel and every survey; a file that serves two tables is shown once.

    Units that a register of the study lists and that never arrived are among those of a panel of units.
    """
    found, seen = [], set()
    for key, table in study.tables.items():
        unit, time = (table.unit, table.time) if table.is_panel else _survey(key, study)
        if not unit or table.file in seen:
            continue
        seen.add(table.file)
        complete = table.is_panel and table.level == "unit"  # a survey draws from its register
        listed = _register(key, unit, tables, study) if complete else []
        arrived = _coverage(tables[key], unit=unit, time=time, units=listed)
        here = arrived.to_numpy() > 0
        order = np.lexsort([*(~here[:, ::-1]).T, -here.sum(axis=1)])
        households = table.level == "household" or unit == HOUSEHOLD
        found.append(Coverage(key, arrived.iloc[order], households))
    return found


def _survey(key: str, study: Study) -> tuple[str, str]:
    """Unit and period of a table that is a survey by its declaration; ("", "") otherwise."""
    declared = entity_of(key, study)
    if declared is None or declared.frequency != "survey" or len(declared.key) != 2:
        return "", ""
    return declared.key if set(declared.key) == set(study.table(key).key) else ("", "")


def _register(key: str, unit: str, tables: Mapping[str, pd.DataFrame], study: Study) -> list[str]:
    """The units that another table of the study says there are; none where no table lists them."""
    declared = entity_of(key, study)
    if declared is None or unit not in declared.columns:
        return []
    refers, _, column = declared.columns[unit].refers.partition(".")
    for other in tables:
        listing = entity_of(other, study)
        if other != key and listing is not None and listing.name == refers and column in tables[other]:
            return sorted(set(tables[other][column].dropna().astype("str")))
    return []


def suspicions(tables: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame | None:
    """What the detectors find in the panels' money: table, column, detector, severity, n_rows, what_zh, what_en.

    None where no panel holds a column in yuan; an empty frame where nothing is suspected.
    """
    rows, looked = [], False
    seen = set()
    for key, table in study.tables.items():
        if not table.is_panel or table.file in seen:
            continue
        seen.add(table.file)
        money = _money(key, study, tables[key])
        if not money:
            continue
        looked = True
        for found in _suspicions(tables[key], unit=table.unit, time=table.time, columns=money):
            rows.append(
                {
                    "table": key, "column": found.column, "detector": found.detector, "severity": found.severity,
                    "n_rows": len(found.rows), "what_zh": found.what.zh, "what_en": str(found.what),
                }
            )  # fmt: skip
    names = ["table", "column", "detector", "severity", "n_rows", "what_zh", "what_en"]
    return pd.DataFrame(rows, columns=names) if looked else None


def _money(key: str, study: Study, frame: pd.DataFrame) -> list[str]:
    declared = entity_of(key, study)
    columns = [] if declared is None else [n for n, c in declared.columns.items() if c.unit == "yuan"]
    columns += [o.column for o in study.outcomes.values() if o.table == key and o.unit == "yuan"]
    return [n for n in dict.fromkeys(columns) if n in frame and pd.api.types.is_numeric_dtype(frame[n])]


def extremes(tables: Mapping[str, pd.DataFrame], study: Study, outcome: str) -> Extremes | None:
    """How an outcome's values lie around the median of their period; None where no period holds enough of them."""
    chosen = study.outcome(outcome)
    frame, time = tables[chosen.table], study.table(chosen.table).time
    apart = np.abs(outliers.distance(frame, time=time, column=chosen.column))
    period = frame[time].to_numpy(float)
    rows = []
    for at in np.unique(period[np.isfinite(apart)]):
        now = apart[(period == at) & np.isfinite(apart)]
        if len(now) >= THIN:
            half, most = np.quantile(now, [HALF, MOST])
            far = int((now > outliers.EXTREME).sum())
            rows.append({"period": int(at), "n": len(now), "half": half, "most": most, "n_far": far})
    return Extremes(pd.DataFrame(rows), outcome, outliers.EXTREME) if rows else None


def heaped(tables: Mapping[str, pd.DataFrame], study: Study) -> Heaped | None:
    """Village collective income around the targets set for it; None where the study holds none in yuan.

    The primary outcome is taken if it is collective income, else the first that is.
    """
    keys = [key for key in study.outcomes_about("collective_income") if study.outcome(key).unit == "yuan"]
    if not keys:
        return None
    key = study.primary_outcome if study.primary_outcome in keys else keys[0]
    chosen = study.outcome(key)
    table = study.table(chosen.table)
    frame = tables[chosen.table].sort_values([table.unit, table.time])
    found = heaping.above_targets(frame, unit=table.unit, time=table.time, column=chosen.column)
    amounts = frame[chosen.column].astype(float)
    again = amounts.eq(amounts.groupby(frame[table.unit].to_numpy()).shift())
    kept = amounts[~again & (amounts > 0)].to_numpy()
    return Heaped(kept, found, key) if len(kept) >= THIN else None


def diagram(samples: Sequence[Sample], study: Study, account: Account | None = None) -> Diagram:
    """Who is kept, drawn once for outcomes that keep the same; the primary outcome's alone where they differ too much."""
    branches: list[tuple[tuple[str, ...], Sample]] = []
    for sample in samples:
        for place, (outcomes, first) in enumerate(branches):
            if first.table == sample.table and first.flow.equals(sample.flow):
                branches[place] = ((*outcomes, sample.outcome), first)
                break
        else:
            branches.append(((sample.outcome,), sample))
    left = 0
    if len(branches) > BRANCHES:
        primary = [branch for branch in branches if study.primary_outcome in branch[0]]
        left, branches = len(branches) - 1, primary or branches[:1]
    return Diagram(tuple(branches), left, account)


def columns(tables: Mapping[str, pd.DataFrame], study: Study, language: str) -> pd.DataFrame:
    """The columns that are held: table, of_model, column, label, role, unit, range, n_rows, n_filled; in words.

    role : unit, time, cohort, ... as study.toml declares it, "key" for other columns that identify a row, else "".
    """
    rows = []
    for key, frame in tables.items():
        declared = entity_of(key, study)
        if declared is not None and not set(declared.key) <= set(frame.columns):
            declared = None  # a table of that name only
        said, roles = _said(key, study, language), _roles(key, study)
        for name in frame.columns:
            of_model = declared is not None and name in declared.columns
            column = declared.columns[name] if of_model else None
            rows.append(
                {
                    "table": key, "of_model": of_model, "column": str(name),
                    "label": said.get(name) or (column.label[language] if column else ""),
                    "role": roles.get(name, ""),
                    "unit": wording.unit(column, language) if column else "",
                    "range": wording.allowed(column, language) if column else "",
                    "n_rows": len(frame), "n_filled": _n_filled(frame[name]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _said(key: str, study: Study, language: str) -> dict[str, str]:
    """What the study itself calls columns of a table that are not of the data model, or compared at baseline."""
    said = {o.column: o.label[language] for o in study.outcomes.values() if o.table == key}
    return said | {name: text[language] for name, text in study.table(key).describe.items()}


def _roles(key: str, study: Study) -> dict[str, str]:
    table = study.table(key)
    roles = dict.fromkeys(table.key, "key")
    roles |= dict.fromkeys(table.exclude, "exclude") | dict.fromkeys(study.covariates(key), "covariate")
    roles |= {o.column: "outcome" for o in study.outcomes.values() if o.table == key}
    named = ("group", "model", "weight", "cluster", "cohort", "time", "unit")
    return roles | {getattr(table, role): role for role in named if getattr(table, role)}


def _n_filled(column: pd.Series) -> int:
    filled = column.notna()
    if not pd.api.types.is_numeric_dtype(column):
        filled &= column.astype("str").str.strip() != ""
    return int(filled.sum())
