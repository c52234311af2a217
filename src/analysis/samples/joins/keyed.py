"""Two tables joined by keys in a declared cardinality; what matched is counted, many-to-many is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError
from analysis.samples.spells import first_keys

Expect = Literal["one_to_one", "many_to_one", "one_to_many"]
YEAR = "year"  # the one key that is a number in the data model


class JoinError(ProjectError, ValueError):
    """Two tables cannot be joined as declared."""

    exit_code = 3


class ColumnAbsentError(JoinError):
    """A table lacks a column that a view needs; what the view would show is then not measured."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two tables side by side, and how well they met.

    frame : the left table's rows in their order with the right table's other columns, missing where nothing matched
    names, on, expect : what was joined, by which columns, in which cardinality
    left_rows, right_rows : rows given; matched_left, matched_right : rows with a partner
    blank_left, blank_right : rows with an empty key, which match nothing
    earlier : records of the joins that `frame` went through before
    """

    frame: pd.DataFrame
    names: tuple[str, str]
    on: tuple[str, ...]
    expect: Expect
    left_rows: int
    right_rows: int
    matched_left: int
    matched_right: int
    blank_left: int
    blank_right: int
    earlier: tuple[dict[str, object], ...] = ()

    @property
    def rate_left(self) -> float:
        """Share of the left table's rows with a partner, NaN without rows."""
        return self.matched_left / self.left_rows if self.left_rows else np.nan

    @property
    def rate_right(self) -> float:
        """Share of the right table's rows with a partner, NaN without rows."""
        return self.matched_right / self.right_rows if self.right_rows else np.nan

    def record(self) -> dict[str, object]:
        """This join as one row of a table of match rates."""
        return {
            "left": self.names[0], "right": self.names[1], "on": " + ".join(self.on), "expect": self.expect,
            "left_rows": self.left_rows, "matched_left": self.matched_left, "rate_left": self.rate_left,
            "blank_left": self.blank_left, "right_rows": self.right_rows, "matched_right": self.matched_right,
            "rate_right": self.rate_right, "blank_right": self.blank_right,
        }  # fmt: skip

    def records(self) -> list[dict[str, object]]:
        """All joins behind the frame, the first one first."""
        return [*self.earlier, self.record()]


def join(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    on: str | Sequence[str],
    expect: Expect,
    names: tuple[str, str],
    minimum_match: float | None = None,
) -> Joined:
    """The left table with the right one's columns, by equal keys.

    Parameters
    ----------
    on : key columns, of the same name in both tables: text, or whole numbers where the column is `year`.
    expect : which side may repeat a key. With "one_to_many" a left row stands once for each partner.
    names : the tables' names, for messages and records.
    minimum_match : least share of left rows with a partner; None = any.

    Raises
    ------
    JoinError : no such key column, numeric keys, keys repeated against `expect` (on both sides: always), a column
        in both tables that is no key, fewer matches than the minimum.
    """
    keys = (on,) if isinstance(on, str) else tuple(on)
    _check(left, right, keys, expect, names)
    left_keys, right_keys = _keys(left, keys, names[0]), _keys(right, keys, names[1])
    code = _codes(pd.concat([left_keys, right_keys], ignore_index=True))
    a, b = code[: len(left)], code[len(left) :]
    size = int(code.max(initial=-1)) + 1
    in_left, in_right = np.bincount(a[a >= 0], minlength=size), np.bincount(b[b >= 0], minlength=size)
    _check_repeats(left_keys, right_keys, a, b, in_left, in_right, expect, names)
    partners = np.where(a >= 0, in_right[a] if size else 0, 0)
    if minimum_match is not None and len(left) and (partners > 0).mean() < minimum_match:
        raise _too_few(left_keys[partners == 0], right_keys, (partners > 0).mean(), minimum_match, names)
    copies = np.maximum(partners, 1)
    left_row = np.repeat(np.arange(len(left)), copies)
    nth = np.arange(len(left_row)) - np.repeat(np.cumsum(copies) - copies, copies)
    order = np.flatnonzero(b >= 0)[np.argsort(b[b >= 0], kind="stable")]
    start = (np.cumsum(in_right) - in_right)[a[left_row]] + nth if size else nth
    found = partners[left_row] > 0
    right_row = np.where(found, order[np.where(found, start, 0)] if len(order) else -1, -1)
    others = [name for name in right.columns if name not in keys]
    frame = pd.concat([left.iloc[left_row].reset_index(drop=True), _taken(right[others], right_row)], axis=1)
    return Joined(
        frame, names, keys, expect, len(left), len(right), int((partners > 0).sum()),
        int(np.where(b >= 0, in_left[b] if size else 0, 0).astype(bool).sum()), int((a < 0).sum()), int((b < 0).sum()),
    )  # fmt: skip


def _check(
    left: pd.DataFrame, right: pd.DataFrame, keys: tuple[str, ...], expect: str, names: tuple[str, str]
) -> None:
    if expect not in get_args(Expect):
        listed = ", ".join(get_args(Expect))
        raise JoinError(
            Message(
                f"no join {expect!r}; choose {listed}. Many-to-many multiplies rows and is never made",
                f"没有 {expect!r} 连接；可选 {listed}。多对多会使行数倍增，一律不做",
            )
        )
    for frame, name in ((left, names[0]), (right, names[1])):
        absent = [key for key in keys if key not in frame.columns]
        if absent or not keys:
            listed = ", ".join(map(str, frame.columns))
            raise JoinError(
                Message(
                    f"table {name!r} has no key column {', '.join(absent)}; it has {listed}",
                    f"表 {name!r} 没有主键列 {'、'.join(absent)}；现有 {listed}",
                )
            )
    shared = [name for name in right.columns if name in set(left.columns) - set(keys)]
    if shared:
        raise JoinError(
            Message(
                f"{names[0]} and {names[1]} both hold {', '.join(shared)}; make it a key, or leave it out of one",
                f"{names[0]} 与 {names[1]} 都有列 {'、'.join(shared)}；请作为主键，或从其中一表去掉",
            )
        )


def _keys(frame: pd.DataFrame, keys: tuple[str, ...], name: str) -> pd.DataFrame:
    """Keys as text and years, blanks missing."""
    made = {}
    for key in keys:
        column = frame[key]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(column.cat.categories.dtype)
        number = pd.api.types.is_numeric_dtype(column)
        if key == YEAR and number:
            made[key] = _years(column, name)
            continue
        if number or not _is_text(column):
            raise JoinError(
                Message(
                    f"key {key!r} of table {name!r} is not text; numbers lose leading zeros (010203 became 10203). Read it "
                    "as text from the file in which it was right",
                    f"表 {name!r} 的主键 {key!r} 不是文本；数字会丢失开头的零（010203 变成 10203）。请从原文件按文本读取",
                )
            )
        text = column.astype("str")
        made[key] = text.mask(text.str.strip() == "")
    return pd.DataFrame(made).reset_index(drop=True)


def _is_text(column: pd.Series) -> bool:
    if column.dtype == object:  # numbers and text mixed count as numbers
        return all(isinstance(value, str) for value in column.dropna().unique())
    return pd.api.types.is_string_dtype(column)


def _years(column: pd.Series, name: str) -> pd.Series:
    number = column.astype("Float64")
    if ((number % 1) != 0).fillna(False).any():
        raise JoinError(Message(f"table {name!r}: years must be whole numbers", f"表 {name!r}：年份须为整数"))
    return number.astype("Int64")


def _codes(keys: pd.DataFrame) -> np.ndarray:
    """(rows,) equal numbers for equal keys; -1 where a part is missing."""
    code = np.zeros(len(keys), dtype=np.int64)
    blank = np.zeros(len(keys), dtype=bool)
    for name in keys:
        part, values = pd.factorize(keys[name])
        blank |= part < 0
        code = pd.factorize(code * (len(values) + 1) + part + 1)[0].astype(np.int64)
    return np.where(blank, -1, code)


def _check_repeats(
    left: pd.DataFrame,
    right: pd.DataFrame,
    a: np.ndarray,
    b: np.ndarray,
    in_left: np.ndarray,
    in_right: np.ndarray,
    expect: Expect,
    names: tuple[str, str],
) -> None:
    both = (in_left > 1) & (in_right > 1)
    if both.any():
        raise _repeated(left[both[a] & (a >= 0)], both, (in_left, in_right), " and ".join(names), "、".join(names), (
            "; each would meet each. Make one table one row per key first", "；会两两相配。请先使其中一表每个主键只有一行"))  # fmt: skip
    sides = ((in_left > 1, left, a, names[0], "one_to"), (in_right > 1, right, b, names[1], "to_one"))
    for repeats, keys, code, name, single in sides:
        if repeats.any() and single in expect:
            counts = (in_left, in_right) if single == "one_to" else (in_right, in_left)
            raise _repeated(keys[repeats[code] & (code >= 0)], repeats, counts[:1], name, name, (
                f", but {expect} was declared. Keep one row per key, or add the column that tells them apart",
                f"，而声明为 {expect}。每个主键只保留一行，或增加能区分它们的列"))  # fmt: skip


def _repeated(
    keys: pd.DataFrame,
    repeats: np.ndarray,
    counts: Sequence[np.ndarray],
    name: str,
    name_zh: str,
    fix: tuple[str, str],
) -> JoinError:
    first, on = first_keys(keys), " + ".join(keys.columns)
    rows = " and ".join(str(int(count[repeats].sum())) for count in counts)
    return JoinError(
        Message(
            f"{int(repeats.sum())} key(s) of {on} stand in several rows of {name} ({rows} rows"
            f"{f'; first {first}' if first else ''}){fix[0]}",
            f"{name_zh} 有 {int(repeats.sum())} 个 {on} 主键出现在多行（{rows.replace(' and ', '、')} 行"
            f"{f'；如 {first}' if first else ''}）{fix[1]}",
        )
    )


def _too_few(
    unmatched: pd.DataFrame, right: pd.DataFrame, rate: float, minimum: float, names: tuple[str, str]
) -> JoinError:
    text = [name for name in unmatched.columns if name != YEAR]
    zeros = any(
        unmatched[name].dropna().str.lstrip("0").isin(right[name].dropna().str.lstrip("0")).any()
        and not unmatched[name].dropna().isin(right[name].dropna()).any()
        for name in text
    )
    first = first_keys(unmatched.dropna())
    hint = ("leading zeros differ: read both as text", "开头的零不一致：两表都须按文本读取") if zeros else (
        "check that both tables use the same ids", "请核对两表是否使用同一套标识")  # fmt: skip
    return JoinError(
        Message(
            f"only {rate:.1%} of {names[0]} found its {names[1]}, at least {minimum:.0%} must: {len(unmatched)} rows "
            f"without a partner{f', first {first}' if first else ''}; {hint[0]}",
            f"{names[0]} 仅有 {rate:.1%} 在 {names[1]} 中找到对应，至少应有 {minimum:.0%}：{len(unmatched)} 行无对应"
            f"{f'，如 {first}' if first else ''}；{hint[1]}",
        )
    )


def _taken(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """The rows at these positions, missing for -1; whole numbers and flags stay what they are."""
    made = {}
    for name in frame:
        column = frame[name].reset_index(drop=True)
        if (rows < 0).any():
            if pd.api.types.is_bool_dtype(column):
                column = column.astype("boolean")
            elif pd.api.types.is_integer_dtype(column):
                column = column.astype("Int64")
        made[name] = column.reindex(rows).reset_index(drop=True)
    return pd.DataFrame(made, index=pd.RangeIndex(len(rows)))
