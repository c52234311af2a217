"""Notebook 06: other choices."""

from __future__ import annotations

import math

import pandas as pd

from analysis.checks.agreement import Agreement
from analysis.checks.pre_trend import DOUBTFUL, PreTrend
from analysis.estimates import verdict
from analysis.report.sentences._sentence import Sentence, listed, numbers, reason, say
from analysis.samples import Sample
from analysis.words import Words


def pre_trend(trend: PreTrend, words: Words) -> Sentence:
    """What the joint test before adoption says, and what it cannot say."""
    if not math.isfinite(trend.p_value):
        return say("pre_trend_none", words)
    key = "pre_trend_differs" if trend.p_value < DOUBTFUL else "pre_trend_not_seen"
    return say(key, words, p=words.number(trend.p_value, "probability"), n=len(trend.levels))


def placebo(row: pd.DataFrame | None, words: Words) -> Sentence:
    """What a pretended adoption two years early finds."""
    if row is None:
        return say("placebo_none", words)
    found = row.iloc[0]
    key = "placebo_found" if verdict(found) in {"rose", "fell"} else "placebo_quiet"
    return say(key, words, **numbers(found, words))


def agreement(found: Agreement, sample: Sample, words: Words) -> Sentence:
    """The verdict on how far the result can be leaned on."""
    key = "agreement" if found.reasons else "agreement_clean"
    return say(key, words, outcome=words.outcome(sample.outcome), word=words(f"agreement.{found.word}"))


def reasons(found: Agreement, words: Words) -> Sentence | None:
    """The reasons for caution as a list; nothing if there are none."""
    return listed("reasons", [reason(key, fields, words) for key, fields in found.reasons])
