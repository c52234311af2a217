"""Tables against the data model: every breach of an entity's declaration at once, with its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from analysis.messages import Message
from analysis.schema import arithmetic
from analysis.schema.cells import each_text, empty, is_date, is_number
from analysis.schema.declared import Column, Entity, Identity, entity
from analysis.schema.wording import formula, unit, year_or_number

if TYPE_CHECKING:
    import pandera.pandas as pa

NUMERIC = {"int", "float", "year", "flag"}
_DIGITS = re.compile(r"\d{6,}")  # a heading that holds as many digits in a row may be somebody's number
SHOWN_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a table; no cell's value is quoted.

    rule : missing, unknown, double, type, empty, low, high, values, pattern, key, refers or "identity:<name>"
    column : "" where it is of several columns
    rows : (k,) positions from 0 of every row concerned; empty where the whole table is
    """

    entity: str
    column: str
    rule: str
    rows: np.ndarray
    what: Message
    fix: Message
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A test of a column or of a frame: (n,) True where it holds."""

    name: str
    holds: Callable[[pd.Series | pd.DataFrame], np.ndarray]
    what: Message
    fix: Message
    column: str = ""
    severity: Literal["error", "warning"] = "error"


def breaches(
    frame: pd.DataFrame,
    entity_name: str,
    *,
    others: Mapping[str, pd.DataFrame] | None = None,
    rounding: Mapping[str, float] | None = None,
) -> list[Finding]:
    """All breaches of the declaration, columns in declared order, then key, identities and references.

    Parameters
    ----------
    others : tables by entity; a reference to a table that is not among them is not looked up
    rounding : step to which a column's values were rounded, in its unit (100 for 万元 with two decimals); widens
        the identities' tolerances by half a step per column

    Raises
    ------
    KeyError : no such entity.
    """
    declared = entity(entity_name)
    double = [str(name) for name in frame.columns[frame.columns.duplicated()].unique()]
    found = [_double(declared, name, frame) for name in double]
    frame = frame.loc[:, ~frame.columns.duplicated()].reset_index(drop=True)
    found += _unknown(declared, frame)
    rules = _rules(declared, dict(rounding or {}))
    schema = _schema(declared, rules)
    found += list(
        _failed(frame[[n for n in frame.columns if n in declared.columns]], declared, schema, rules)
    )
    found += list(_references(frame, declared, others or {}))
    return found


def schema_of(declared: Entity | str) -> pa.DataFrameSchema:
    """The entity as a pandera schema; `schema.validate(frame, lazy=True)` refuses what `breaches` lists as errors.

    References to other tables and remarks (identities of severity "warning") are not part of it.
    """
    if isinstance(declared, str):
        declared = entity(declared)
    return _schema(declared, [rule for rule in _rules(declared, {}) if rule.severity == "error"])


def _schema(declared: Entity, rules: list[_Rule]) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    def check(rule: _Rule) -> pa.Check:
        def holds(data: pd.Series | pd.DataFrame) -> pd.Series:
            return pd.Series(rule.holds(data), index=data.index)

        # one failure case: pandera lists them all otherwise, at ten times the cost; the rows are in check_output
        return pa.Check(holds, name=rule.name, ignore_na=False, n_failure_cases=1)

    columns = {
        name: pa.Column(
            checks=[check(rule) for rule in rules if rule.column == name],
            nullable=True,  # empty cells are a rule of their own: blank text counts as empty too
            required=column.required,
        )
        for name, column in declared.columns.items()
    }
    whole = [check(rule) for rule in rules if not rule.column]
    return pa.DataFrameSchema(columns, checks=whole, strict=True, name=declared.name)


def _failed(
    frame: pd.DataFrame, declared: Entity, schema: pa.DataFrameSchema, rules: list[_Rule]
) -> Iterator[Finding]:
    import pandera.pandas as pa

    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.schema_errors
    else:
        return
    by_name = {(rule.column, rule.name): rule for rule in rules}
    failed: dict[tuple[str, str], np.ndarray] = {}
    for failure in failures:
        if failure.reason_code is pa.errors.SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME:
            yield _missing(declared, str(failure.failure_cases))
            continue
        if failure.check_output is None:  # a test of ours raised: a defect, not a breach
            raise RuntimeError(f"check {failure.check} of {declared.name} failed to run") from failure
        name = failure.schema.name if isinstance(failure.schema, pa.Column) else ""
        failed[name or "", failure.check.name] = np.flatnonzero(~failure.check_output.to_numpy(dtype=bool))
    for place, rule in by_name.items():
        if place in failed:
            column = rule.column or _named_column(rule, declared)
            yield Finding(declared.name, column, rule.name, failed[place], rule.what, rule.fix, rule.severity)


def _named_column(rule: _Rule, declared: Entity) -> str:
    """The column that a rule of whole rows is about: the left side of an identity, the key's columns."""
    if rule.name == "key":
        return " + ".join(declared.key)
    left = declared.identities[rule.name.removeprefix("identity:")].left
    return left if left in declared.columns else ""


# --- rules ---


def _rules(declared: Entity, rounding: dict[str, float]) -> list[_Rule]:
    rules = [rule for name in declared.columns for rule in _column_rules(declared, name)]
    rules.append(
        _Rule(
            "key", lambda frame: _unique(frame, declared.key),
            Message("the same key stands in several rows", "同一主键出现在多行"),
            Message("keep one row per key; decide which is right", "每个主键只保留一行，请确定哪一行正确"),
        )
    )  # fmt: skip
    rules += [_identity(name, identity, rounding) for name, identity in declared.identities.items()]
    return rules


def _column_rules(declared: Entity, name: str) -> Iterator[_Rule]:
    column = declared.columns[name]
    yield _type(name, column)
    if not column.nullable:
        yield _Rule(
            "empty", lambda s: ~empty(s), Message("empty cells", "有空白单元格"),
            Message("fill them in or remove the rows", "请补全或删除这些行"), name,
        )  # fmt: skip
    if column.kind in {"category", "set"}:
        yield _values(name, column)
    if column.pattern:
        pattern = re.compile(column.pattern)
        yield _Rule(
            "pattern", lambda s: each_text(s, lambda t: pattern.fullmatch(t) is not None),
            Message(f"not written as {column.label.en} must be", f"不符合{column.label.zh}的写法"),
            _written(column), name,
        )  # fmt: skip
    special = tuple(float(value) for value in column.special)
    for bound, side in ((column.low, "low"), (column.high, "high")):
        if bound is not None:
            yield _bound(name, column, bound, side, special)


def _written(column: Column) -> Message:
    if column.definition is None:
        return Message(f"the form is {column.pattern}", f"应符合 {column.pattern}")
    return Message(f"it is {column.definition.en}", f"应为：{column.definition.zh}")


def _type(name: str, column: Column) -> _Rule:
    kind = column.kind
    if kind in NUMERIC:
        what = {
            "float": Message("not a finite number", "不是有限数值"),
            "int": Message("not a whole number", "不是整数"),
            "year": Message("not a year", "不是年份"),
            "flag": Message("neither 1 nor 0", "既不是1也不是0"),
        }[kind]
        fix = Message("write plain digits, or leave the cell empty if unknown", "请填纯数字；未知则留空")
        if kind == "flag":
            fix = Message("write 1 for yes and 0 for no", "是填1，否填0")
        return _Rule("type", lambda s: is_number(s, kind), what, fix, name)
    if kind == "date":
        return _Rule(
            "type", lambda s: each_text(s, is_date, other=False), Message("not a date", "不是日期"),
            Message("write dates as text, 2021-06-30", "日期请写成文本 2021-06-30"), name,
        )  # fmt: skip
    if kind in {"id", "code"}:
        return _Rule(
            "type", lambda s: each_text(s, lambda t: t == t.strip(), other=False),
            Message("a number, or with spaces at its ends, where text is needed", "应为文本，却是数字或两端有空格"),
            Message(
                "read and store ids and codes as text; as numbers they lose leading zeros and late digits",
                "编号和代码请按文本读写；按数字会丢失前导零和末尾几位",
            ),
            name,
        )  # fmt: skip
    return _Rule(
        "type", lambda s: each_text(s, lambda t: True, other=False), Message("not text", "不是文本"),
        Message("store it as text", "请按文本保存"), name,
    )  # fmt: skip


def _values(name: str, column: Column) -> _Rule:
    codes = list(column.values)
    more = " …" if len(codes) > SHOWN_CHOICES else ""
    en = ", ".join(codes[:SHOWN_CHOICES]) + more
    zh = "、".join(f"{code}（{column.values[code].zh}）" for code in codes[:SHOWN_CHOICES]) + more
    known = frozenset(codes)
    if column.kind == "set":
        test: Callable[[str], bool] = lambda t: {p.strip() for p in t.split(";")} <= known  # noqa: E731
    else:
        test = known.__contains__
    return _Rule(
        "values", lambda s: each_text(s, test), Message("not one of the choices", "不在选项之内"),
        Message(f"use {en}", f"请用 {zh}"), name,
    )  # fmt: skip


def _bound(name: str, column: Column, bound: float, side: str, special: tuple[float, ...]) -> _Rule:
    def holds(series: pd.Series) -> np.ndarray:
        values = arithmetic.as_numbers(series)
        within = values >= bound if side == "low" else values <= bound
        return within | ~np.isfinite(values) | np.isin(values, special)  # what is no number is another rule

    shown = year_or_number(bound, column)
    en, zh = (" " + unit(column, language) if column.unit else "" for language in ("en", "zh"))
    en_word, zh_word = ("below", "小于") if side == "low" else ("above", "大于")
    return _Rule(
        side, holds, Message(f"{en_word} {shown}{en}", f"{zh_word} {shown}{zh}"),
        Message("correct the cell or the unit it was read in", "请核对数值及其单位"), name,
    )  # fmt: skip


def _identity(name: str, identity: Identity, rounding: dict[str, float]) -> _Rule:
    needed = {
        *arithmetic.columns_of(identity.left, optional=False),
        *arithmetic.columns_of(identity.right, optional=False),
    }
    terms = (*arithmetic.terms(identity.left), *arithmetic.terms(identity.right))
    tolerance = identity.tolerance + sum(abs(t.factor) * rounding.get(t.name, 0.0) / 2 for t in terms)

    shown = formula(identity)

    def holds(frame: pd.DataFrame) -> np.ndarray:
        if not needed <= set(frame.columns):
            return np.ones(len(frame), dtype=bool)
        left, right = (arithmetic.evaluate(side, frame) for side in (identity.left, identity.right))
        gap = left - right if identity.relation == "<=" else np.abs(left - right)
        # sums of fractions differ in the last digit; an empty cell says nothing
        slack = tolerance + 1e-9 * np.fmax(np.abs(left), np.abs(right))
        return ~(gap > slack)

    return _Rule(
        f"identity:{name}", holds,
        Message(f"does not hold: {identity.label.en}", f"勾稽关系不符：{identity.label.zh}"),
        Message(f"correct the cell that is wrong; {shown}", f"请更正有误的单元格；{shown}"),
        severity=identity.severity,
    )  # fmt: skip


def _unique(frame: pd.DataFrame, key: tuple[str, ...]) -> np.ndarray:
    if not set(key) <= set(frame.columns):
        return np.ones(len(frame), dtype=bool)
    filled = ~np.any([empty(frame[name]) for name in key], axis=0)
    double = frame.duplicated(list(key), keep=False).to_numpy()
    return ~(double & filled)


# --- whole columns ---


def _missing(declared: Entity, name: str) -> Finding:
    label = declared.columns[name].label
    return Finding(
        declared.name, name, "missing", np.array([], dtype=int),
        Message(f"the column is missing ({label.en})", f"缺少这一列（{label.zh}）"),
        Message("add it, or map the heading that holds it", "请补上，或在映射中指明对应的表头"),
    )  # fmt: skip


def _unknown(declared: Entity, frame: pd.DataFrame) -> Iterator[Finding]:
    for position, name in enumerate(frame.columns, start=1):
        if name in declared.columns:
            continue
        text = str(name)
        shown = f"{position}" if _DIGITS.search(text) or len(text) > 40 else text
        yield Finding(
            declared.name, shown, "unknown", np.array([], dtype=int),
            Message(f"not a column of {declared.name}", f"表 {declared.name} 没有这一列"),
            Message(
                f"remove or rename it; the table has {', '.join(declared.columns)}",
                f"请删除或改名；该表的列有：{'、'.join(declared.columns)}",
            ),
        )  # fmt: skip


def _double(declared: Entity, name: str, frame: pd.DataFrame) -> Finding:
    return Finding(
        declared.name, name, "double", np.array([], dtype=int),
        Message(f"{int((frame.columns == name).sum())} columns share this name", "列名重复"),
        Message("keep one of them", "请只保留一列"),
    )  # fmt: skip


def _references(
    frame: pd.DataFrame, declared: Entity, others: Mapping[str, pd.DataFrame]
) -> Iterator[Finding]:
    for name, column in declared.columns.items():
        target, _, key = column.refers.partition(".")
        if not target or name not in frame.columns or target not in others:
            continue
        absent = ~frame[name].isin(others[target][key]).to_numpy() & ~empty(frame[name])
        if absent.any():
            label = entity(target).label
            yield Finding(
                declared.name, name, "refers", np.flatnonzero(absent),
                Message(f"not in table {target}", f"不在{label.zh}表（{target}）之中"),
                Message(f"correct it, or add the row to {target}", f"请更正，或在 {target} 中补上"),
            )  # fmt: skip
