"""Dated lists of village-level units, and dated lists of what happened to them, read into records or refused."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analysis.intake.villages.names import base_name, plain, township_base
from analysis.messages import Message, ProjectError

IDENTITY_EVENTS = ("same", "rename", "recode", "urbanise")  # the unit goes on
EVENTS = ("same", "rename", "recode", "merge", "split", "urbanise")
LIST_COLUMNS = ("vintage", "township", "code", "name")
CHANGE_COLUMNS = ("vintage", "event")
_SUM = 1e-6  # how far the shares of a split may be from 1

Key = tuple[int, str]  # vintage, code


class CrosswalkError(ProjectError, ValueError):
    """Code lists, a list of changes or an earlier crosswalk contradict themselves; the text lists every breach."""

    exit_code = 3

    def __init__(self, breaches: list[Message]) -> None:
        self.breaches = tuple(breaches)
        en = "\n".join(f"  - {breach}" for breach in breaches)
        zh = "\n".join(f"  - {breach.zh}" for breach in breaches)
        super().__init__(
            Message(f"village lists cannot be linked:\n{en}", f"村级名单无法衔接：\n{zh}"),
        )


@dataclass(frozen=True, slots=True)
class Unit:
    """One line of one list."""

    vintage: int
    code: str
    township_code: str
    township: str
    name: str
    base: str

    @property
    def key(self) -> Key:
        """What identifies the line."""
        return self.vintage, self.code

    @property
    def place(self) -> tuple[str, str]:
        """Township code and base name."""
        return self.township_code, self.base

    def shown(self) -> str:
        """As it is written in an alias: township/name."""
        return f"{self.township}/{self.name}"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the list of changes: `former`, of an earlier list, went into `into`, of a later list, by `weight`."""

    former: Unit
    into: Unit
    event: str
    weight: float


def year_of(value: object) -> int | None:
    """The year of 2017, 2017.0, "2017", "2017-10-31", "2017年" or a date; None where there is none."""
    if isinstance(value, float) and math.isnan(value):
        return None
    found = re.match(r"(?:19|20)\d\d(?!\d)", plain(str(value)))
    return int(found.group()) if found else None


def _rows(frame: pd.DataFrame) -> Iterator[tuple[int, dict[str, object]]]:
    """Row number from 1, and the row with "" for what is missing."""
    filled = frame.astype(object).where(frame.notna(), "")
    names = [str(name) for name in filled.columns]
    for number, row in enumerate(filled.itertuples(index=False, name=None), start=1):
        yield number, dict(zip(names, row, strict=True))


def _text(value: object) -> str:
    return plain(str(value))


def read_units(lists: pd.DataFrame) -> list[Unit]:
    """The lines of the lists, by vintage and code.

    lists : vintage (date text or year), township, code (text of digits), name; township_code may be absent where codes
        have 12 digits (it is the first nine)

    Raises
    ------
    CrosswalkError : columns missing, a code that is not of digits only, a line without name, a code twice in a list,
        two lists in one year.
    """
    absent = [name for name in LIST_COLUMNS if name not in lists.columns]
    if absent:
        raise CrosswalkError([_without_columns("the lists", "名单", absent, lists)])
    units, breaches = [], []
    written: dict[int, set[str]] = {}
    for number, row in _rows(lists):
        vintage, code = year_of(row["vintage"]), _text(row["code"])
        name, township = _text(row["name"]), _text(row["township"])
        township_code = _text(row.get("township_code", "")) or (code[:9] if len(code) == 12 else "")
        if vintage is None or not name or not township:
            breaches.append(
                Message(
                    f"line {number} of the lists: vintage, township and name must all be filled",
                    f"名单第 {number} 行：年份、乡镇、名称均须填写",
                )
            )
        elif not (code.isascii() and code.isdecimal()) or not township_code.isdecimal():
            breaches.append(
                Message(
                    f"line {number} of the lists: a code must be text of digits (12 as issued); read it as text, "
                    "not as a number",
                    f"名单第 {number} 行：代码须为纯数字文本（原为 12 位），请按文本而非数值读取",
                )
            )
        else:
            written.setdefault(vintage, set()).add(_text(row["vintage"]))
            units.append(Unit(vintage, code, township_code, township, name, base_name(name)))
    for (vintage, code), times in Counter(unit.key for unit in units).items():
        if times > 1:
            breaches.append(
                Message(
                    f"code {code} stands {times} times in the list of {vintage}",
                    f"{vintage} 年名单中代码 {code} 出现 {times} 次",
                )
            )
    for vintage, texts in written.items():
        if len(texts) > 1:
            breaches.append(
                Message(
                    f"more than one list for {vintage}: {', '.join(sorted(texts))}; keep one",
                    f"{vintage} 年有多份名单：{'、'.join(sorted(texts))}；只保留一份",
                )
            )
    if breaches:
        raise CrosswalkError(breaches)
    return sorted(units, key=lambda unit: unit.key)


def read_changes(changes: pd.DataFrame | None, by_vintage: dict[int, list[Unit]]) -> list[Change]:
    """The list of mergers, splits and other changes, with both ends found in the lists.

    changes : vintage (the list that first shows the change; a year between two lists means the later one), code and/or
        name of the former unit, into_code and/or into_name, event (same, rename, recode, merge, split, urbanise),
        weight (share of the former unit; needed for splits, 1 otherwise), township (optional, where names are not
        unique)

    Raises
    ------
    CrosswalkError : an end that is in no list or not unique, an unknown event, shares of a split that do not add to 1.
    """
    if changes is None or changes.empty:
        return []
    absent = [name for name in CHANGE_COLUMNS if name not in changes.columns]
    if absent:
        raise CrosswalkError([_without_columns("the list of changes", "变更清单", absent, changes)])
    years = sorted(by_vintage)
    read, breaches = [], []
    for number, row in _rows(changes):
        try:
            read.append(_change(row, years, by_vintage))
        except _BreachError as breach:
            breaches.append(
                Message(
                    f"line {number} of the list of changes: {breach.text}",
                    f"变更清单第 {number} 行：{breach.text.zh}",
                )
            )
    shares: dict[Key, list[Change]] = {}
    for change in read:
        shares.setdefault(change.former.key, []).append(change)
    for key, group in shares.items():
        total = math.fsum(change.weight for change in group)
        if not breaches and abs(total - 1) > _SUM:
            what = group[0].former
            breaches.append(
                Message(
                    f"the shares of {what.shown()} ({key[1]}, {key[0]}) add to {total:g}, not to 1",
                    f"{what.shown()}（{key[1]}，{key[0]}）各去向的份额合计为 {total:g}，应为 1",
                )
            )
    for key, times in Counter(c.into.key for c in read if c.event in IDENTITY_EVENTS).items():
        if times > 1:
            breaches.append(
                Message(
                    f"{times} villages are said to go on as {key[1]} of {key[0]}; only one can, the others merge",
                    f"有 {times} 个村被写作延续为 {key[0]} 年的 {key[1]}；只能有一个延续，其余应为 merge",
                )
            )
    if breaches:
        raise CrosswalkError(breaches)
    return read


class _BreachError(Exception):
    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Message(en, zh)


def _change(row: dict[str, object], years: list[int], by_vintage: dict[int, list[Unit]]) -> Change:
    event = _text(row["event"])
    if event not in EVENTS:
        raise _BreachError(
            f"unknown event {event!r}; one of {', '.join(EVENTS)}",
            f"未知事件 {event!r}；可用：{'、'.join(EVENTS)}",
        )
    year = year_of(row["vintage"])
    later = next((v for v in years[1:] if year is not None and v >= year), None)
    if later is None or year <= years[0]:
        raise _BreachError(
            f"no list shows it: the lists are of {', '.join(map(str, years))}",
            f"没有名单能反映该变更：现有名单年份为 {'、'.join(map(str, years))}",
        )
    before = years[years.index(later) - 1]
    township = _text(row.get("township", ""))
    former = _end(
        by_vintage[before], before, _text(row.get("code", "")), _text(row.get("name", "")), township
    )
    into = _end(
        by_vintage[later], later, _text(row.get("into_code", "")), _text(row.get("into_name", "")), township,
        near=former.township_code,
    )  # fmt: skip
    weight = _weight(row.get("weight", ""), event)
    return Change(former, into, event, weight)


def _weight(value: object, event: str) -> float:
    if value == "":
        if event == "split":
            raise _BreachError("a split needs the weight of each part", "拆分须写明各部分的份额 weight")
        return 1.0
    try:
        weight = float(str(value))
    except ValueError:
        weight = math.nan
    if not 0 < weight <= 1:
        raise _BreachError("weight must be above 0 and at most 1", "weight 须大于 0 且不超过 1")
    if event != "split" and weight != 1:
        raise _BreachError(
            f"with {event} the former village belongs wholly to the new one: weight 1; use split for parts",
            f"{event} 时原村整体归入，weight 为 1；部分划出请用 split",
        )
    return weight


def _end(units: list[Unit], year: int, code: str, name: str, township: str, near: str = "") -> Unit:
    """The unit meant: by code, else by name, in the township where one is given, else in `near`, else unique."""
    base = base_name(name)
    if code:
        found = [unit for unit in units if unit.code == code]
        if found and name and found[0].base != base:
            raise _BreachError(
                f"code {code} is {found[0].name} in the list of {year}, not {name}",
                f"{year} 年名单中代码 {code} 是{found[0].name}，不是{name}",
            )
    else:
        found = [unit for unit in units if name and unit.base == base]
        if township:
            found = [unit for unit in found if township_base(unit.township) == township_base(township)]
        if len(found) > 1 and near:
            found = [unit for unit in found if unit.township_code == near]
        if len(found) > 1:
            found = [unit for unit in found if unit.name == name] or found
    if len(found) == 1:
        return found[0]
    what = code or name or "?"
    if found:
        raise _BreachError(
            f"{what} is not unique in the list of {year}; give the code",
            f"{year} 年名单中{what}不唯一，请写代码",
        )
    raise _BreachError(f"{what} is not in the list of {year}", f"{year} 年名单中没有{what}")


def _without_columns(what: str, what_zh: str, absent: list[str], frame: pd.DataFrame) -> Message:
    there = ", ".join(map(str, frame.columns))
    return Message(
        f"{what}: no column {', '.join(absent)}; there are {there}",
        f"{what_zh}缺少列 {'、'.join(absent)}；现有 {there}",
    )
