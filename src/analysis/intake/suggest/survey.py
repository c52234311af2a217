"""What the answers of a survey file stand for: codes by value labels, codes for no answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from analysis.intake.files.grid import Grid
from analysis.intake.headings import plain, shown
from analysis.schema import Column

_YES = {"是", "有", "yes", "y", "true", "参加", "加入", "使用", "女", "female"}
_NO = {
    "否",
    "无",
    "没有",
    "不是",
    "没",
    "未",
    "no",
    "n",
    "false",
    "未参加",
    "未加入",
    "未使用",
    "不使用",
    "男",
    "male",
}
_NO_ANSWER = re.compile(
    r"不知道|不清楚|不适用|拒答|拒绝|缺失|未回答|无应答|漏答|说不清|refus|don.?tknow|missing|notapplicable|noanswer|^n/?a$",
    re.IGNORECASE,
)
CODES = (
    "-8",
    "-9",
    "-99",
    "-88",
    "-1",
    "99",
    "98",
    "999",
    "998",
    "9999",
    "9998",
    "99999",
    "999999",
    "99999999",
)
LONGEST_SEEN = 20_000  # rows in which codes for no answer are looked for


@dataclass(frozen=True, slots=True)
class Answers:
    """codes : answer code -> code of the data model; missing : codes for no answer; open : codes whose label says
    neither; by : where this is known from: labels, declared, values, or "" for nothing to say."""

    codes: dict[str, str]
    missing: tuple[str, ...]
    open: tuple[str, ...]
    by: str


def answers(grid: Grid, heading: str, position: int, declared: Column, *, survey: bool) -> Answers:
    """What is known of a column's answers from the labels in the file, else from standard codes out of bounds."""
    labels = grid.labels.get(heading, {})
    missing = [code for code, label in labels.items() if _NO_ANSWER.search(plain(label))]
    missing += [code for code in grid.missing.get(heading, ()) if code not in missing]
    codes, unknown = {}, []
    if declared.kind in {"flag", "category", "set"}:
        for code, label in labels.items():
            meant = _meaning(label, declared)
            if code in missing:
                continue
            if meant is None:
                unknown.append(code)
            else:
                codes[code] = meant
    if labels or missing:
        known = {} if all(code == meant for code, meant in codes.items()) else codes
        return Answers(known, tuple(missing), tuple(unknown), "labels" if labels else "declared")
    if not survey or declared.kind not in {"int", "float", "flag", "category", "year"}:
        return Answers({}, (), (), "")
    return _by_values(grid, position, declared, {*heading.split("/"), heading, ""})


def _meaning(label: str, declared: Column) -> str | None:
    word = re.sub(r"^\d+[.、:)]", "", plain(label).casefold())
    if declared.kind == "flag":
        if word in _YES or word.startswith(("是(", "yes")):
            return "1"
        return "0" if word in _NO or word.startswith(("否(", "no,")) else None
    for code, text in declared.values.items():
        if word in {code.casefold(), plain(text.zh).casefold(), plain(text.en).casefold()}:
            return code
    return None


def _by_values(grid: Grid, position: int, declared: Column, apart: Collection[str]) -> Answers:
    """Standard codes that stand in the column though its bounds exclude them; 1 and 2 for yes and no.

    apart : texts of the column that are no answers, its heading
    """
    column = grid.cells[grid.cells.columns[position]].iloc[:LONGEST_SEEN]
    seen = {plain(shown(value)) for value in column.unique()}
    low = declared.low if declared.low is not None else 0.0
    high = declared.high if declared.high is not None else float("inf")
    if declared.kind == "flag":
        low, high = 0.0, 2.0
    elif declared.kind == "category":
        low, high = 0.0, float(max(len(declared.values), 9))
    missing = tuple(code for code in CODES if code in seen and not low <= float(code) <= high)
    rest = seen - set(missing) - set(apart)
    codes = {"1": "1", "2": "0"} if declared.kind == "flag" and rest == {"1", "2"} else {}
    return Answers(codes, missing, (), "values" if missing or codes else "")
