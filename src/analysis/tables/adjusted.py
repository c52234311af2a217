"""Every outcome judged with those it was declared with: p values, intervals that hold together, what could be seen."""

from __future__ import annotations

import pandas as pd

from analysis.checks.power import POWER
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "各结果变量放在一起检验：p 值、同时区间与可检出的最小影响",
    "en": "Outcomes judged together: p values, simultaneous intervals and the smallest detectable effect",
}
SMALLEST = 0.001  # p values below are printed as below it


def make(outcomes: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per outcome; `outcomes` are those of chapters.plan.outcomes."""
    printed = tuple(
        (
            words.outcome(row.outcome),
            standing(row, words),
            words.amount(row.estimate, row.unit, signed=True) if pd.notna(row.estimate) else NOTHING,
            words.interval(row.joint_low, row.joint_high, row.unit),
            p_value(row.p_value, words),
            p_value(row.p_adjusted, words),
            words.amount(row.detectable, row.unit) if pd.notna(row.detectable) else NOTHING,
        )
        for row in outcomes.itertuples()
    )
    heads = ("outcome", "standing", "main_estimate", "joint_interval", "p_alone", "p_together", "detectable")
    remarks: dict[str, list[str]] = {}
    for row in outcomes.itertuples():
        remarks.setdefault(words.status(row.status), []).append(words.outcome(row.outcome))
    note = words("notes.adjusted", power=f"{POWER:.0%}")
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        printed,
        words.sentences(
            [
                note,
                _check(outcomes, words),
                *(
                    words("notes.remark", levels=words.listed(named), remark=remark)
                    for remark, named in remarks.items()
                    if remark
                ),
            ]
        ),
    )


def standing(row: object, words: Words) -> str:
    """What an outcome was beforehand: primary, in which family, added later, or announced by nobody."""
    if not row.family or words.study.plan is None:
        return words(f"standings.{row.role}")
    return words("terms.in_family", family=words.text(words.study.plan.families[row.family].label))


def p_value(value: float, words: Words) -> str:
    """A p value to three digits; small ones as below the last of them."""
    if pd.notna(value) and value < SMALLEST:
        return words("terms.below", value=words.number(SMALLEST, "probability"))
    return words.number(value, "probability")


def _check(outcomes: pd.DataFrame, words: Words) -> str:
    """How families were judged and whether Holm, which uses no correlation, says the same; nothing without families."""
    stepped = outcomes[(outcomes["method"] == "romano_wolf") & (outcomes["family_size"] > 1)]
    instead = _instead(outcomes, words)
    if stepped.empty:
        return instead
    families = words("notes.adjusted_families", level=words.confidence())
    level = 1 - words.study.design.conf_level
    unlike = stepped[(stepped["p_adjusted"] < level) != (stepped["p_holm"] < level)]
    if unlike.empty:
        return words.sentences([families, words("notes.holm_agrees"), instead])
    named = [
        words("terms.with_p", outcome=words.outcome(row.outcome), p=p_value(row.p_holm, words))
        for row in unlike.itertuples()
    ]
    return words.sentences([families, words("notes.holm_differs", outcomes=words.listed(named)), instead])


def _instead(outcomes: pd.DataFrame, words: Words) -> str:
    """Which families Holm judged because their errors come from clusters of several kinds; nothing if none."""
    families = {} if words.study.plan is None else words.study.plan.families
    held = outcomes[outcomes["method"] == "holm"].groupby("family").size().index
    named = [
        words.text(each.label) for key, each in families.items() if key in held and each.method != "holm"
    ]
    return words("notes.holm_instead", families=words.listed(named)) if named else ""
