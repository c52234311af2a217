"""Notebook 01: what arrived, and who is kept."""

from __future__ import annotations

import pandas as pd

from analysis.intake.account import Account
from analysis.report.sentences._sentence import Sentence, say
from analysis.report.summary import not_measured
from analysis.samples import Sample
from analysis.study import Study
from analysis.words import Words


def arrived(tables: dict[str, pd.DataFrame], words: Words) -> Sentence:
    """How many tables, and whether each was checked against its digest."""
    checked = sum(bool(words.study.table(name).sha256) for name in tables)
    return say("arrived", words, n=words.count(len(tables)), checked=words.count(checked))


def kept(sample: Sample, words: Words) -> Sentence:
    """How many units were read and how many are analysed, over which years."""
    first, last = sample.flow.iloc[0], sample.flow.iloc[-1]
    out = int(first["units_left"] - last["units_left"])
    key = "kept" if out else "kept_all"
    if sample.panel.design == "repeated_cross_section":
        key = "kept_sections"
    return say(
        key, words, outcome=words.outcome(sample.outcome), noun=words.noun(sample.table),
        read=words.units(first["units_left"]), out=words.units(out), left=words.units(last["units_left"]),
        years=words.years(int(sample.panel.years[0]), int(sample.panel.years[-1])), n_years=len(sample.panel.years),
    )  # fmt: skip


def no_past(cohorts: pd.DataFrame, words: Words) -> Sentence | None:
    """How many units adopted before the panel begins and can show no effect; nothing if none did."""
    found = cohorts[cohorts["cohort"].notna() & (cohorts["periods_before"] == 0)]
    if found.empty:
        return None
    n, total = int(found["n_units"].sum()), int(cohorts["n_units"].sum())
    return say("no_past", words, n=words.units(n), total=words.units(total), share=words.fraction(n, total))


def not_held(study: Study, words: Words) -> Sentence:
    """What this study does not hold, as a list."""
    return Sentence(
        "not_held", "\n".join(f"- {words(f'missing.{matter}')}" for matter in not_measured(study))
    )


def imported(account: Account | None, words: Words) -> Sentence:
    """What the import read and repaired, or that the tables are used as they came."""
    if account is None:
        return Sentence("not_imported", words("sentences.not_imported"))
    counts = {"n_files": words.count(len(account.files)), "n_rules": words.count(len(account.repairs))}
    if words.is_public:
        return Sentence("imported", words("sentences.imported_public", **counts))
    return Sentence(
        "imported",
        words(
            "sentences.imported", **counts, n_rows=words.rows(account.n_rows),
            n_repairs=words.count(int(account.repairs["n"].sum())), n_removed=words.rows(account.n_removed),
            n_remarks=words.count(len(account.remarks)),
        ),
    )  # fmt: skip
