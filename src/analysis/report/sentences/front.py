"""Notebook 09: page one."""

from __future__ import annotations

import pandas as pd

from analysis.checks.multiplicity import still_clear
from analysis.estimates import verdict
from analysis.report.sentences._sentence import Sentence, listed, numbered, numbers, reason, say
from analysis.report.sentences.members import households_tie
from analysis.report.summary import Findings
from analysis.words import Words

CAUTIONS = (
    "placebo", "placebo_outcome", "pre_trend", "trends_apart", "near", "joint_null", "always_treated", "unlike", "few_comparison",
    "short_interval", "placebo_unit", "no_pre_trend_test", "other_sign", "other_scale", "other_verdict", "few_clusters",
    "short_past", "not_estimable",
)  # fmt: skip  # gravest first


def judgement(found: Findings, words: Words) -> Sentence:
    """The overall judgement in plain words: the primary outcome's verdict and how far it carries."""
    row = found.headlines.iloc[0]
    text = words(
        f"sentences.judgement_{verdict(row)}", title=words.text(words.study.about.title),
        outcome=words.outcome(row["outcome"]), agreement=words(f"agreement.{row['agreement']}"), **numbers(row, words),
        comparison=words(f"comparison_groups.{words.study.design.comparison_group}"),
    )  # fmt: skip
    return Sentence("judgement_" + verdict(row), words.sentences([text, _seen(row, words)]))


def results(found: Findings, words: Words) -> Sentence:
    """Up to three results, the primary outcome's first, then in the plan's order, with what they are worth."""
    return numbered("results", [_result(row, words) for _, row in found.headlines.head(3).iterrows()])


def cautions(found: Findings, words: Words) -> Sentence:
    """The three gravest reasons for care; general ones where the checks left room."""
    ordered = sorted(found.reasons, key=lambda reason: CAUTIONS.index(reason[0]))
    told = [reason(key, fields, words) for key, fields in ordered]
    told += [words(f"cautions.{name}") for name in ("not_random", "average", "years")]
    return numbered("cautions", told[:3])


def further_cautions(found: Findings, words: Words) -> Sentence | None:
    """The reasons for care that page one's three left out; nothing if there are none."""
    ordered = sorted(found.reasons, key=lambda reason: CAUTIONS.index(reason[0]))
    return listed("further_cautions", [reason(key, fields, words) for key, fields in ordered[3:]])


def study_warnings(words: Words) -> Sentence | None:
    """What the study itself says must be known; nothing if it says nothing."""
    return listed("study_warnings", [words.text(text) for text in words.study.about.warnings])


def programme(found: Findings, words: Words) -> Sentence | None:
    """How far the programme had come; nothing where the roll-out was not read."""
    if found.programme is None:
        return None
    facts = found.programme
    return say(
        "coverage", words, year=facts["year"], adopters=words.units(facts["n_adopters"]),
        total=words.units(facts["n_units"]), share=words.fraction(facts["n_adopters"], facts["n_units"]),
    )  # fmt: skip


def _result(row: pd.Series, words: Words) -> str:
    """One outcome's change; that it fades beside others of its family, was not announced, or may have been missed."""
    text = words(
        f"sentences.result_{verdict(row)}", outcome=words.outcome(row["outcome"]), **numbers(row, words),
        comparison=words(f"comparison_groups.{words.study.design.comparison_group}"),
        years=words.years(int(row["first_year"]), int(row["last_year"])),
    )  # fmt: skip
    stands = still_clear(row, words.study.design.conf_level)
    tail = ""
    if stands == "no_longer":
        tail = words("sentences.result_no_longer")
    elif row["role"] in {"added", "exploratory"} and words.study.plan is not None:
        tail = words("sentences.result_explored")
    return words.sentences([text, _seen(row, words), tail])


def _seen(row: pd.Series, words: Words) -> str:
    """How large an effect would have been seen, where none is clear; nothing where one is or it is not known."""
    if verdict(row) != "unclear" or pd.isna(row["detectable"]):
        return ""
    return words("sentences.result_seen", size=words.amount(row["detectable"], row["unit"]))


def models_told_apart(found: Findings, words: Words) -> Sentence | None:
    """How many pairs of models differ; nothing where models were not compared."""
    if found.differences is None:
        return None
    pairs = found.differences
    return say("models_summary", words, n=pairs["n_pairs"], apart=pairs["n_apart"])


def households_together(found: Findings, words: Words) -> Sentence | None:
    """Members, non-members and the village mean as one result; nothing unless all three were estimated together."""
    return households_tie(found.together, words)


def reading_guide(words: Words) -> Sentence:
    """How to read an interval and a verdict, and log points where an outcome is in them."""
    logs = any(outcome.unit.startswith("log") for outcome in words.study.outcomes.values())
    text = words("sentences.reading_guide", level=words.confidence())
    return Sentence("reading_guide", words.sentences([text, words("sentences.log_points") if logs else ""]))


def synthetic(words: Words) -> Sentence | None:
    """That the county does not exist; nothing for real data."""
    return say("synthetic", words) if words.study.about.synthetic else None
