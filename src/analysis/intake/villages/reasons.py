"""Why a row was not matched to a village: sentences in both languages."""

from __future__ import annotations

import re

from analysis.intake.villages.index import Entry
from analysis.intake.villages.respelled import Written
from analysis.messages import Message

_LONGEST = 24  # characters of a name that is quoted; longer text is not a name
_NOT_A_NAME = re.compile(r"\d{5}|[@:：]")  # numbers of persons, phones and accounts are never quoted
_CODE = re.compile(r"(?!0[1-9])\d{12}|\d{9}|\d{1,6}")  # 0 and an area code begin a telephone number


def shown(text: str) -> str:
    """The text if it looks like a name, else a placeholder: a wrong column may hold personal data."""
    if len(text) > _LONGEST or _NOT_A_NAME.search(text):
        return "***"
    return text


def _shown_code(code: str) -> str:
    return code if _CODE.fullmatch(code) else "***"


def _place(names: Written) -> str:
    return "/".join(shown(part) for part in (names.township, names.village) if part)


def _lists(year: int | None) -> tuple[str, str]:
    return (
        ("any list", "各年名单")
        if year is None
        else (f"the list of {year} or any other", f"{year} 年及其他年份名单")
    )


def nothing() -> Message:
    """Neither name nor code."""
    return Message("neither a village name nor a code", "村名和代码均为空")


def unknown_township(township: str) -> Message:
    """The township is in no list."""
    return Message(
        f"township {shown(township)} is in no list; if it is a functional zone, give its township in [import.zones]",
        f"各年名单中没有乡镇“{shown(township)}”；如为功能区，请在 [import.zones] 写明所属乡镇",
    )


def unknown_name(names: Written, code: str, other: str, year: int | None) -> Message:
    """The name is in no list, whether or not the code is."""
    en, zh = _lists(year)
    if other:
        return Message(
            f"name and code disagree: {_place(names)} is not in {en}, and code {_shown_code(code)} is {other}",
            f"村名与代码不符：{zh}中没有{_place(names)}，而代码 {_shown_code(code)} 为{other}",
        )
    return Message(f"{_place(names)} is not in {en}", f"{zh}中没有{_place(names)}")


def disagree(names: Written, code: str, other: str) -> Message:
    """Name and code lead to two villages."""
    return Message(
        f"name and code disagree: the name is {_place(names)}, the code {_shown_code(code)} is {other}",
        f"村名与代码不符：村名为{_place(names)}，代码 {_shown_code(code)} 为{other}",
    )


def ambiguous(names: Written, year: int | None) -> Message:
    """Several villages bear the name."""
    if not names.township:
        return Message(
            f"{_place(names)} is not unique in the county over all lists; give the township or the code",
            f"{_place(names)}在全县各年名单中不唯一，请写明乡镇或代码",
        )
    en, zh = ("", "") if year is None else (f" for {year}", f"（{year} 年）")
    return Message(
        f"{_place(names)} may be more than one village{en}; give the full name as listed, or the code",
        f"{_place(names)}可能指不止一个村{zh}，请写名单所列全称或代码",
    )


def unknown_code(code: str) -> Message:
    """No name, and the code is in no list."""
    if not _CODE.fullmatch(code) or len(code) != 12:
        return Message(
            "no village name, and the code is not one of 12 digits (a number stored as 3.71E+11 has lost its end)",
            "没有村名，且代码不是 12 位数字（以 3.71E+11 形式保存的已丢失末位）",
        )
    return Message(
        f"no village name, and code {code} is in no list", f"没有村名，且各年名单中没有代码 {code}"
    )


def code_reused(code: str) -> Message:
    """No name, and the code was different villages in different years."""
    return Message(
        f"code {_shown_code(code)} was more than one village over the years; give the name or the year",
        f"代码 {_shown_code(code)} 在不同年份指不同的村，请写村名或年份",
    )


def wrong_township(code: str, name: str, township: str) -> Message:
    """The code's village was never in the township that the row names."""
    return Message(
        f"township and code disagree: code {_shown_code(code)} is {name}, which is not in {shown(township)}",
        f"乡镇与代码不符：代码 {_shown_code(code)} 为{name}，不属于{shown(township)}",
    )


def unplaced(entry: Entry) -> Message:
    """The village is listed, but where it belongs is not known."""
    return Message(
        f"{entry.shown()} is in the list of {entry.vintage} (code {entry.code}), but which village of the reference year "
        "it belongs to is not known; say it in the list of changes",
        f"{entry.shown()}见于 {entry.vintage} 年名单（代码 {entry.code}），但在基准年归入何村不明；请在变更清单中写明",
    )


def split(entry: Entry) -> Message:
    """The village was divided among several."""
    parts = "; ".join(f"{village_id} {weight:.3g}" for village_id, weight in entry.ids)
    return Message(
        f"{entry.shown()} of {entry.vintage} was divided ({parts}): its figure belongs to no single village",
        f"{entry.vintage} 年的{entry.shown()}已拆分（{parts}），其数字不属于单一的村",
    )
