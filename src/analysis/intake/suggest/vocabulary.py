"""What headings are called: the data model's names, labels and headings, and the spellings of synonyms.toml."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Literal

from analysis.intake.cells import units
from analysis.intake.headings import item_depth, plain
from analysis.intake.mapping import SPECIAL
from analysis.schema import Entity, entities

Confidence = Literal["certain", "likely"]

# Words that change nothing about what is counted; 年初, 累计, 户均, 集体 do, and stay.
_BEFORE = (
    "本年度",
    "本年",
    "当年",
    "全年",
    "本期",
    "年末",
    "期末",
    "实际",
    "现有",
    "其中",
    "您家",
    "你家",
    "您",
    "请问",
)
_AFTER = ("总额", "金额", "数额", "总数", "数量", "人数", "情况", "合计", "额", "数")
_GENERIC = {"合计", "小计", "总计", "数量", "金额", "总数", "总额", "数", "人数", "面积"}
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:年度|年)?(?![\d前后底以])")
_BRACKET = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_QUESTION = re.compile(r"[a-z]{1,2}\d{1,3}([_.\-]?\d{1,2}){0,3}[a-z]?", re.IGNORECASE)
CUMULATIVE = re.compile(r"累计|(?<!学)历年|cumulative", re.IGNORECASE)
SHORTEST = 3  # characters of a label that says enough by itself
_NEAR = 0.55  # similarity of texts from which a column is named as a candidate

# Which special names a table can use, by a column it has.
_SERVES = {
    "village_id": ("village", "township", "village_code"),
    "hh_id": ("household_no", "register_village", "village", "township", "village_code"),
    "coop_id": ("credit_code", "coop_name"),
    "township_code": ("township",),
}


@dataclass(frozen=True, slots=True)
class Match:
    """A column of a table (or a special name) that a heading seems to mean; year: the one in the heading."""

    name: str
    confidence: Confidence
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Texts of one table: exact spellings, and the same without filler words where these stay unambiguous."""

    exact: dict[str, str] = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)


def bare(text: str) -> str:
    """A heading's part as it is looked up: half-width, lower case, without numbering and bracketed units."""
    key = item_depth(plain(text).casefold())[1].strip("*:?。")
    without = _BRACKET.sub(lambda hit: "" if units.dimension(hit[1]) or not hit[1] else hit[0], key)
    return without or key


def parts_of(heading: str) -> list[str]:
    """The parts of a flattened heading; a slash inside brackets separates nothing, and units are no parts."""
    parts, depth, part = [], 0, ""
    for sign in heading:
        depth += (sign in "([【〔") - (sign in ")]】〕")
        if sign == "/" and depth <= 0:
            parts.append(part)
            part = ""
        else:
            part += sign
    named = [bare(text) for text in (*parts, part)]
    kept = [text for text in named if text and units.unit(text) is None]
    return kept or [text for text in named if text]


def year_in(heading: str) -> int | None:
    """The single year that a heading names (2021年经营收入), None without one."""
    years = {int(year) for year in _YEAR.findall(heading)}
    return years.pop() if len(years) == 1 else None


def is_question_code(heading: str) -> bool:
    """Whether a heading is the code of a question: a1, b2_3."""
    return _QUESTION.fullmatch(heading) is not None


def _loose(text: str) -> str:
    text = _BRACKET.sub("", text)
    while True:
        shorter = text
        for word in _BEFORE:
            shorter = shorter.removeprefix(word) if len(shorter) > len(word) + 1 else shorter
        for word in _AFTER:
            shorter = shorter.removesuffix(word) if len(shorter) > len(word) + 1 else shorter
        if shorter == text:
            return text
        text = shorter


@cache
def synonyms() -> dict[str, dict[str, object]]:
    """Spellings beyond the data model's: by table and column, of special names, and words that announce tables."""
    text = (resources.files("analysis.intake.suggest") / "synonyms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def words_of(table: str) -> Words:
    """The texts that mean a column of the table, or a special name that the table can use."""
    declared = entities()[table]
    further = synonyms().get(table, {})
    texts: dict[str, list[str]] = {}
    for name, column in declared.columns.items():
        texts[name] = [name]
        if column.office:  # others are computed here and never filled in by an office
            labels = (column.label.zh, column.label.en)
            texts[name] += [*labels, *column.headings, *further.get(name, ())]
    for name in specials(declared):
        texts.setdefault(name, [name]).extend(synonyms()["special"].get(name, ()))
    for name, column in declared.columns.items():  # a survey may hold them too, under the label in its file
        if not column.office:
            texts[name] += [text for text in (column.label.zh, column.label.en) if len(text) >= SHORTEST]
    exact: dict[str, str] = {}
    for name, spellings in sorted(texts.items(), key=lambda one: not _is_office(declared, one[0])):
        for text in spellings:
            exact.setdefault("/".join(bare(part) for part in text.split("/")), name)
    loose: dict[str, set[str]] = {}
    for text, name in exact.items():
        loose.setdefault(_loose(text), set()).add(name)
    return Words(exact, {text: names.pop() for text, names in loose.items() if len(names) == 1})


def _is_office(declared: Entity, name: str) -> bool:
    return name not in declared.columns or declared.columns[name].office


def specials(declared: Entity) -> list[str]:
    """Special names that a table can use, in the order of `SPECIAL`."""
    served = {name for column, names in _SERVES.items() if column in declared.columns for name in names}
    if "hh_id" in declared.columns and "coop_id" in declared.columns:
        served.add("member_no")
    served |= {name for name in ("year", "month", "date") if name in declared.columns}
    return [name for name in SPECIAL if name in served]


@cache
def match(heading: str, table: str) -> Match | None:
    """What a flattened heading means in a table; None where it is none of its texts, or a cumulative figure."""
    if CUMULATIVE.search(heading):
        return None
    words = words_of(table)
    parts = parts_of(heading)
    if not parts:
        return None
    found = _lookup(parts, words)
    if found is not None:
        return found
    year = year_in(heading)
    if year is None:
        return None
    undated = [text for part in parts if (text := bare(_YEAR.sub("", part)).strip("-_/()"))]
    again = _lookup(undated, words) if undated else None
    return Match(again.name, again.confidence, year) if again is not None else None


def _lookup(parts: list[str], words: Words) -> Match | None:
    last = parts[-1]
    sure = ["/".join(parts), "/".join(parts[-2:]), "".join(parts[-2:]), "".join(reversed(parts[-2:])), last]
    for text in sure:
        if text in words.exact:
            return Match(words.exact[text], "certain")
    for part in parts:  # a template's row of technical names, above or below the labels
        if words.exact.get(part) == part:
            return Match(part, "certain")
    for text in ("".join(parts[-2:]), last):
        name = words.exact.get(_BRACKET.sub("", text)) or words.loose.get(_loose(text))
        if name:
            return Match(name, "likely")
    if len(parts) > 1 and last in _GENERIC and parts[-2] in words.exact:
        return Match(words.exact[parts[-2]], "likely")
    return None


@cache
def known(heading: str) -> bool:
    """Whether a heading means something in any table."""
    return any(match(heading, table) is not None for table in entities())


def near(heading: str, table: str, count: int = 3) -> list[str]:
    """The columns of a table whose texts are most like a heading, the most similar first."""
    parts = parts_of(heading)
    if not parts:
        return []
    best: dict[str, float] = {}
    for text, name in words_of(table).exact.items():
        if text == name and "_" in text:
            continue  # technical names resemble one another, not headings
        alike = max(
            difflib.SequenceMatcher(None, _loose(part), _loose(text)).ratio()
            for part in (parts[-1], "".join(parts[-2:]))
        )
        best[name] = max(alike, best.get(name, 0.0))
    ranked = sorted(best, key=lambda name: -best[name])
    return [name for name in ranked if best[name] >= _NEAR][:count]


def announced(texts: list[str], table: str) -> str:
    """The longest word for a table that stands in one of the texts; "" where none does."""
    declared = entities()[table]
    said = [*declared.headings, declared.label.zh, *synonyms()["tables"].get(table, ())]
    found = [word for word in said if any(plain(word) in plain(text) for text in texts)]
    return max(found, key=len, default="")
