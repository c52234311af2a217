"""Tables against their contract: typed by role, keys unique, adoption constant; every breach listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from analysis.contract import typing
from analysis.contract.breach import Breach, ContractError
from analysis.contract.reading import read_file
from analysis.messages import Message
from analysis.schema import entity_of
from analysis.study import Study, Table

FAR = 100  # years outside a table's periods; adoption further away is a code, not a year
_TEXTS = {"id", "code", "date", "category", "set", "text"}


def read_table(key: str, study: Study) -> pd.DataFrame:
    """The table, typed, in the file's row order and with the file's column names.

    Identifiers, clusters, groups and models are text, and so are codes, dates and words of the data model's tables;
    `time` and `cohort` are Int64 with <NA> = never adopted; the data model's years are Int64; outcomes, covariates and weights are float; exclusion flags are bool.

    Raises
    ------
    ContractError : any breach; all breaches of the table are listed.
    StudyError : no such table, or its folder is not known.
    """
    table = study.table(key)
    path = study.path_of(key)
    raw = read_file(path, table=key, sheet=table.sheet, sha256=table.sha256)
    roles = _roles(key, study)
    absent = [name for name in roles if name not in raw.columns]
    if absent:
        known = ", ".join(map(str, raw.columns[:40])) + (" …" if len(raw.columns) > 40 else "")
        raise ContractError(
            [
                Breach(
                    key, path.name, column=name, sheet=table.sheet,
                    what=Message("no such column", "没有这一列"),
                    fix=Message(f"correct the name in study.toml; the file has {known}", f"请更正 study.toml 中的列名；文件中有：{known}"),
                )
                for name in absent
            ]
        )  # fmt: skip
    roles |= _declared(table, key, set(raw.columns) - set(roles))
    typed = pd.DataFrame(
        {name: typing.inferred(raw[name]) for name in raw.columns if name not in roles}, index=raw.index
    )
    breaches = []
    for name, reader in roles.items():
        result = reader(raw[name])
        typed[name] = result.values
        if len(result.bad):
            breaches.append(_breach(key, path.name, table, name, result.bad, result.what, result.fix))
    typed = typed[list(raw.columns)]
    breaches += [
        _breach(key, path.name, table, column, rows, what, fix)
        for column, rows, what, fix in _structure(typed, table, study, key)
    ]
    if breaches:
        raise ContractError(breaches)
    return typed


def check_study(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of the study, typed. ContractError lists the breaches of all tables at once."""
    tables, breaches = {}, []
    for key in study.tables:
        try:
            tables[key] = read_table(key, study)
        except ContractError as error:
            breaches.extend(error.breaches)
    if breaches:
        raise ContractError(breaches)
    return tables


def _roles(key: str, study: Study) -> dict[str, Callable[[pd.Series], typing.Typed]]:
    table = study.tables[key]
    declared = entity_of(key, table.file)
    roles: dict[str, Callable[[pd.Series], typing.Typed]] = {}
    for name in table.key:
        is_year = declared is not None and name in declared.columns and declared.columns[name].kind == "year"
        roles[name] = typing.as_year if is_year else typing.as_code
    for name in (table.unit, table.cluster, table.group):
        if name:
            roles[name] = typing.as_code
    if table.model:
        roles[table.model] = _as_model
    if table.time:
        roles[table.time] = typing.as_year
    if table.cohort:
        roles[table.cohort] = typing.cohort_reader(table.never)
    if table.is_panel:
        outcomes = [o.column for o in study.outcomes.values() if o.table == key]
        weight = [table.weight] if table.weight else []
        for name in (*outcomes, *study.covariates(key), *weight, *table.describe):
            roles.setdefault(name, typing.as_number)
    roles.update(dict.fromkeys(table.exclude, typing.as_flag))
    return roles


def _declared(table: Table, key: str, names: set[str]) -> dict[str, Callable[[pd.Series], typing.Typed]]:
    """How the data model's own columns are read where no role of study.toml says it: codes and words as text."""
    declared = entity_of(key, table.file)
    if declared is None:
        return {}
    columns = declared.columns.items()
    return {name: _as_text for name, column in columns if name in names and column.kind in _TEXTS}


def _as_text(column: pd.Series) -> typing.Typed:
    nothing = Message("", "")
    return typing.Typed(typing.as_text(column), np.array([], dtype=int), nothing, nothing)


def _as_model(column: pd.Series) -> typing.Typed:
    text = typing.as_text(column).fillna("").astype("str")
    return typing.Typed(text, np.array([], dtype=int), Message("", ""), Message("", ""))


Found = tuple[str, np.ndarray, Message, Message]


def _structure(frame: pd.DataFrame, table: Table, study: Study, key: str) -> Iterator[Found]:
    sections = table.design == "repeated_cross_section"
    identity = [table.unit, table.time] if table.is_panel and not sections else list(table.key)
    double = np.flatnonzero(frame.duplicated(identity, keep=False) & frame[identity].notna().all(axis=1))
    if len(double):
        names = " + ".join(identity)
        yield (
            names, double,
            Message("the same key stands in several rows", "同一主键出现在多行"),
            Message("keep one row per key; decide which is right", "每个主键只保留一行，请确定哪一行正确"),
        )  # fmt: skip
    if not table.is_panel:
        return
    yield from _constant(frame, table.unit, table.cohort, Message(
        "adoption year changes within a unit; adoption must not be undone",
        "同一单位的采用年份前后不一；采用后不得撤销"))  # fmt: skip
    years, cohort = frame[table.time].dropna(), frame[table.cohort]
    if len(years):
        far = (cohort < years.min() - FAR) | (cohort > years.max() + FAR)
        rows = np.flatnonzero(far.fillna(False))
        if len(rows):
            code = int(cohort.iloc[rows[0]])
            yield (
                table.cohort, rows,
                Message(f"{code} is no year near the table's periods", f"{code} 不像是本表各期附近的年份"),
                Message(f"if it means never adopted, list it in study.toml: never = [{code}]",
                        f"如表示从未采用，请在 study.toml 中写明 never = [{code}]"),
            )  # fmt: skip
    if table.cluster and table.cluster != table.unit:
        yield from _constant(frame, table.unit, table.cluster, Message(
            "a unit lies in several clusters", "同一单位属于多个聚类"))  # fmt: skip
    if table.model:
        yield from _constant(frame, table.unit, table.model, Message(
            "a unit's model changes over time", "同一单位的模式前后不一"))  # fmt: skip
        yield from _models(frame, table, study)
    for name in () if sections else study.covariates(key):
        yield from _constant(frame, table.unit, name, Message(
            "a covariate changes within a unit; adoption may have changed it",
            "协变量在单位内随时间变化，可能已受采用影响"),
            Message("give its value of a year before the first adoption in every row", "各行统一填首次采用之前某年的取值"),
        )  # fmt: skip
    if table.weight:
        weight = frame[table.weight]
        wrong = np.flatnonzero(~(weight > 0))
        if len(wrong):
            yield (
                table.weight, wrong,
                Message("weight missing, zero or negative", "权重缺失、为零或为负"),
                Message("give every row a positive weight or leave the unit out", "请为每行给出正权重，或剔除该单位"),
            )  # fmt: skip
        if sections:  # a person's weight; a unit's may not move, or it would weigh its own change
            return
        yield from _constant(frame, table.unit, table.weight, Message(
            "the weight changes within a unit", "权重在单位内变化"),
            Message("give the unit one weight, that of its first period, in every row", "同一单位各行统一填首期权重"),
        )  # fmt: skip


def _constant(
    frame: pd.DataFrame, unit: str, column: str, what: Message, fix: Message | None = None
) -> Iterator[Found]:
    of_unit, units = pd.factorize(frame[unit])
    value, _ = pd.factorize(frame[column])  # missing: -1, a value like any other
    first = np.full(len(units) + 1, -2)
    first[of_unit[::-1]] = value[::-1]
    if (value == first[of_unit]).all():
        return
    values = frame[column].astype("object").where(frame[column].notna(), "never/blank")
    counts = values.groupby(frame[unit]).nunique()
    changing = counts.index[counts > 1]
    if not len(changing):
        return
    rows = np.flatnonzero(frame[unit].isin(changing))
    first = changing[0]
    seen = ", ".join(str(v) for v in pd.unique(values[frame[unit] == first])[:4])
    tail = f" ({len(changing)} units, e.g. {first}: {seen})"
    yield (
        column, rows,
        Message(f"{what}{tail}", f"{what.zh}（{len(changing)} 个单位，如 {first}：{seen}）"),
        fix or Message("write one value for all rows of the unit", "同一单位各行请填同一取值"),
    )  # fmt: skip


def _models(frame: pd.DataFrame, table: Table, study: Study) -> Iterator[Found]:
    given = frame[table.model]
    if study.models:
        known = [*study.models, "M00", ""]
        rows = np.flatnonzero(~given.isin(known))
        if len(rows):
            yield (
                table.model, rows,
                Message(
                    f"model {given.iloc[rows[0]]!r} is not defined", f"模式 {given.iloc[rows[0]]!r} 未定义"
                ),
                Message(
                    f"use one of {', '.join(study.models)}, or M00 for not classified, or add [models.…] to study.toml",
                    f"请用 {'、'.join(study.models)} 之一，未分类用 M00，或在 study.toml 增加 [models.…]",
                ),
            )  # fmt: skip


def _breach(
    key: str, file: str, table: Table, column: str, positions: np.ndarray, what: Message, fix: Message
) -> Breach:
    rows = tuple(int(position) + 2 for position in positions)  # the heading is row 1
    return Breach(key, file, what, fix, column=column, rows=rows, sheet=table.sheet)
