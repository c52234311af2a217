"""Notebook 02: who adopted when."""

from __future__ import annotations

import pandas as pd

from analysis.report.sentences._sentence import Sentence, say
from analysis.samples.balance import UNLIKE
from analysis.words import Words

MOST_NAMED = 10  # comparison units named one by one; more are only counted


def coverage(rollout: pd.DataFrame, words: Words) -> Sentence:
    """How many units had adopted by the last year."""
    last = rollout.iloc[-1]
    return say(
        "coverage", words, year=int(last["year"]), adopters=words.units(last["adopters"]),
        total=words.units(last["n_units"]), share=words.fraction(last["adopters"], last["n_units"]),
    )  # fmt: skip


def federations(n: int | None, words: Words) -> Sentence | None:
    """How many federations there are; nothing where they are not recorded."""
    return None if n is None else say("federations", words, n=words.units(n))


def comparison(units: pd.DataFrame, words: Words) -> Sentence:
    """Who the adopters are compared with; named one by one where they are few and the report is internal."""
    never = [str(name) for name in units.index[units["cohort"].isna()]]
    group = words.study.design.comparison_group
    named = 0 < len(never) <= MOST_NAMED and words.study.release.audience == "internal"
    key = f"comparison_{group}" + ("_named" if named else "")
    return say(key, words, n=words.units(len(never)), names=words.listed(never))


def unlike(row: pd.Series | None, words: Words) -> Sentence | None:
    """On which variable adopters and never adopters differ most; nothing where none is held."""
    if row is None:
        return None
    return say(
        "unlike" if abs(row["smd"]) > UNLIKE else "alike", words, variable=words.variable(row["variable"]),
        smd=words.number(row["smd"], "smd", signed=True), limit=f"{UNLIKE:g}", year=int(row["year"]),
    )  # fmt: skip
