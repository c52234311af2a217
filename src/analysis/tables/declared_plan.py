"""What was decided before the results were known, what was added later, and what nobody announced."""

from __future__ import annotations

import datetime

import pandas as pd

from analysis.study.plan import Added, Plan
from analysis.tables._rendered import RenderedTable
from analysis.tables.adjusted import standing
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "事先确定了什么，后来增加了什么",
    "en": "What was decided beforehand, and what was added later",
}


def make(roles: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per outcome, then one per outcome on which groups are compared, with reasons for what came later.

    `roles` has a row per outcome: outcome, role, family, method.
    """
    plan = words.study.plan
    printed = [_outcome(row, words) for row in roles.itertuples()]
    if plan is not None:
        told = set(roles["outcome"])
        printed += [
            _groups(plan, key, outcome, words)
            for key, each in plan.subgroups.items()
            for outcome in each.outcomes
        ]
        printed += [
            (words.text(entry.what), NOTHING, *_later(entry, words))
            for entry in plan.added
            if not entry.subgroups and not told & set(entry.outcomes)
        ]
    heads = ("announced", "groups_compared", "standing", "judged_how", "decided_on")
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        tuple(printed),
        words("notes.declared_plan") if plan is not None else words("notes.declared_plan_none"),
    )


def day(date: datetime.date, words: Words) -> str:
    """A day as printed."""
    width = 2 if words.language == "en" else 1  # 2019-03-01, but 2019年3月1日
    return words("terms.day", year=date.year, month=f"{date.month:0{width}}", day=f"{date.day:0{width}}")


def _outcome(row: object, words: Words) -> tuple[str, ...]:
    plan, name = words.study.plan, words.outcome(row.outcome)
    if plan is not None and (entry := plan.addition(outcome=row.outcome)):
        return name, NOTHING, *_later(entry, words)
    on = NOTHING if plan is None or row.role == "exploratory" else day(plan.declared, words)
    return name, NOTHING, standing(row, words), words(f"methods.{row.method}"), on


def _groups(plan: Plan, key: str, outcome: str, words: Words) -> tuple[str, ...]:
    each = plan.subgroups[key]
    pair = words("terms.groups", lower=words.text(each.lower), upper=words.text(each.upper))
    if entry := plan.addition(subgroup=key):
        return words.outcome(outcome), pair, *_later(entry, words)
    told = (words("standings.declared"), words(f"methods.{plan.subgroup_method}"), day(plan.declared, words))
    return words.outcome(outcome), pair, *told


def _later(entry: Added, words: Words) -> tuple[str, ...]:
    """Why and when something was added, and what that makes of it."""
    why = words("terms.added_because", why=words.text(entry.why))
    return why, words("methods.benjamini_hochberg"), day(entry.date, words)
