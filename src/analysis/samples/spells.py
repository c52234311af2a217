"""Spells (from a day to a day, or still open) as rows of years, by a declared rule; damaged spells are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError

Rule = Literal["any", "year_end"]
RULES: tuple[Rule, ...] = ("any", "year_end")
FIRST_YEAR, LAST_YEAR = 1949, 2100  # calendar years in which a cooperative's spell can lie
SHOWN_KEYS = 5
PRIVATE = ("hh_", "household", "member_no", "person")  # beginnings of columns that name people: never shown
OPEN = np.datetime64("9999-12-31")


class SpellError(ProjectError, ValueError):
    """Spells that cannot be laid out by year; all reasons at once."""

    exit_code = 3


def active_in(
    spells: pd.DataFrame,
    years: Sequence[int],
    *,
    from_: str = "from_date",
    to: str = "to_date",
    rule: Rule = "any",
    key: Sequence[str] = (),
    exclusive: bool = False,
) -> pd.DataFrame:
    """One row per spell and year in which it was active: the spells' columns and year, by spell, then year.

    Parameters
    ----------
    spells : first and last day as ISO text (2021-06-30) or dates, both days included; no last day = still open.
    years : the years looked at; others are not made.
    rule : "any" = active on some day of the year; "year_end" = active on 31 December.
    key : columns that say whose spell it is; named in refusals.
    exclusive : at most one spell of a key at a time. One may begin on the day on which another ends.

    Raises
    ------
    SpellError : no first day, no ISO day, last before first, a year out of range, overlapping spells of a key
        declared exclusive, a column `year` that is there already.
    """
    wanted = np.unique(np.asarray(list(years), dtype=np.int64))
    begin, end = _days(spells[from_]), _days(spells[to])
    _refuse(spells, begin, end, wanted, (from_, to), rule, list(key), exclusive)
    first, last = _year(begin.days), _year(end.days)
    if rule == "year_end":
        ends_before = end.days != (last.astype(str).astype("datetime64[Y]") + 1).astype("datetime64[D]") - 1
        last = last - ends_before
    low = np.searchsorted(wanted, first, side="left")
    count = np.maximum(np.searchsorted(wanted, last, side="right") - low, 0)
    row = np.repeat(np.arange(len(spells)), count)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    made = spells.iloc[row].reset_index(drop=True)
    made["year"] = wanted[low[row] + offset] if len(row) else np.array([], dtype=np.int64)
    return made


def dated_first(spells: pd.DataFrame, by: str | Sequence[str], *, from_: str = "from_date") -> pd.DataFrame:
    """The first day by key: `by`, first_date (ISO text), first_year; one row per key, sorted.

    Raises
    ------
    SpellError : a first day that is missing or no ISO day.
    """
    keys = [by] if isinstance(by, str) else list(by)
    year_of(spells[from_])  # refuses what is no day
    dated = spells[keys].assign(first_date=_days(spells[from_]).days.astype(str))
    first = (
        dated.dropna(subset=keys).groupby(keys, sort=True, as_index=False, observed=True)["first_date"].min()
    )
    return first.assign(first_year=first["first_date"].str[:4].astype("int64"))


def year_of(dates: pd.Series) -> pd.Series:
    """Calendar years of days (ISO text or dates), int64, on the same index.

    Raises
    ------
    SpellError : a day that is missing or no ISO day.
    """
    days = _days(dates)
    bad = int((days.blank | days.damaged).sum())
    if bad:
        raise _error([_undated(bad, str(dates.name))])
    return pd.Series(_year(days.days), index=dates.index)


def nameable(columns: Sequence[str]) -> bool:
    """Whether keys of these columns may stand in a message: ids of villages may, those of households may not."""
    return not any(name.startswith(PRIVATE) for name in columns)


def first_keys(keys: pd.DataFrame) -> str:
    """The first different keys, as they may be shown: "V0001 2021, V0002 2021"; "" where they may not."""
    if not nameable(list(keys.columns)):
        return ""
    shown = keys.drop_duplicates().head(SHOWN_KEYS)
    return ", ".join(" ".join(str(part) for part in row) for row in shown.itertuples(index=False))


class _Days:
    """Days of a column: (n,) datetime64[D], where none is given, where what is given is no day."""

    __slots__ = ("blank", "damaged", "days")

    def __init__(self, days: np.ndarray, blank: np.ndarray, damaged: np.ndarray) -> None:
        self.days, self.blank, self.damaged = days, blank, damaged


def _days(column: pd.Series) -> _Days:
    """Blank days stand far in the future, so that an open spell has an end."""
    if pd.api.types.is_datetime64_any_dtype(column):
        blank = column.isna().to_numpy(bool)
        days, damaged = column.to_numpy("datetime64[D]").copy(), np.zeros(len(column), dtype=bool)
    else:
        text = column.astype("object").where(column.notna(), "").astype("str").str.strip()
        blank = (text == "").to_numpy(bool)
        iso = text.str.fullmatch(r"\d{4}-\d{2}-\d{2}").to_numpy(bool)
        parsed = pd.to_datetime(text.where(iso), format="%Y-%m-%d", errors="coerce")
        days = parsed.to_numpy("datetime64[D]").copy()
        damaged = ~blank & np.isnat(days)
    days[np.isnat(days)] = OPEN
    return _Days(days, blank, damaged)


def _year(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def _refuse(
    spells: pd.DataFrame,
    begin: _Days,
    end: _Days,
    years: np.ndarray,
    names: tuple[str, str],
    rule: str,
    key: list[str],
    exclusive: bool,
) -> None:
    from_, to = names
    found: list[Message] = []
    if rule not in RULES:
        found.append(
            Message(
                f"no rule {rule!r}; choose {', '.join(RULES)}", f"没有规则 {rule!r}；可选 {'、'.join(RULES)}"
            )
        )
    if "year" in spells.columns:
        found.append(Message("the spells have a column 'year' already", "时段表已有名为 'year' 的列"))
    if len(years) and (years[0] < FIRST_YEAR or years[-1] > LAST_YEAR):
        found.append(
            Message(f"give years within {FIRST_YEAR}-{LAST_YEAR}", f"年份应在 {FIRST_YEAR}-{LAST_YEAR} 之间")
        )
    undated = int((begin.blank | begin.damaged).sum())
    if undated:
        found.append(_undated(undated, from_))
    if end.damaged.any():
        count = int(end.damaged.sum())
        found.append(
            Message(
                f"'{to}': {count} no ISO day; write 2021-06-30, or leave it empty while the spell lasts",
                f"'{to}'：{count} 处不是日期；请写成 2021-06-30，仍在期内的留空",
            )
        )
    given = ~(begin.blank | begin.damaged | end.damaged)
    backwards = int((given & (end.days < begin.days)).sum())
    if backwards:
        found.append(
            Message(
                f"{backwards} spell(s) end before they begin; correct '{from_}' or '{to}'",
                f"{backwards} 个时段止日早于起日；请更正 '{from_}' 或 '{to}'",
            )
        )
    out = given & ((_year(begin.days) < FIRST_YEAR) | ((_year(end.days) > LAST_YEAR) & ~end.blank))
    if out.any():
        found.append(
            Message(
                f"{int(out.sum())} spell(s) lie outside {FIRST_YEAR}-{LAST_YEAR}; correct the year",
                f"{int(out.sum())} 个时段在 {FIRST_YEAR}-{LAST_YEAR} 之外；请更正年份",
            )
        )
    if exclusive and key:
        found += _overlaps(spells, begin, end, given, key)
    if found:
        raise _error(found)


def _overlaps(
    spells: pd.DataFrame, begin: _Days, end: _Days, given: np.ndarray, key: list[str]
) -> list[Message]:
    code = spells.groupby(key, sort=False, observed=True).ngroup().to_numpy()
    rows = np.flatnonzero(given & (code >= 0))
    rows = rows[np.lexsort((end.days[rows], begin.days[rows], code[rows]))]
    # of overlapping spells some two follow one another in this order
    over = (code[rows][1:] == code[rows][:-1]) & (begin.days[rows][1:] < end.days[rows][:-1])
    if not over.any():
        return []
    guilty = spells.iloc[rows[1:][over]][key]
    first = first_keys(guilty)
    names, count = " + ".join(key), len(guilty.drop_duplicates())
    return [
        Message(
            f"{count} key(s) of {names} have spells that overlap{f', first {first}' if first else ''}; "
            "end the earlier spell before the later one begins",
            f"{names} 有 {count} 个主键的时段重叠{f'，如 {first}' if first else ''}；请使前一时段在后一时段开始前结束",
        )
    ]


def _undated(count: int, from_: str) -> Message:
    return Message(
        f"'{from_}': {count} without an ISO day; write 2021-06-30",
        f"'{from_}'：{count} 处没有日期或不是日期；请写成 2021-06-30",
    )


def _error(found: list[Message]) -> SpellError:
    en = "".join(f"\n  - {text}" for text in found)
    zh = "".join(f"\n  - {text.zh}" for text in found)
    return SpellError(Message(f"these days cannot be laid out by year:{en}", f"日期无法展开为年度：{zh}"))
