"""Notebooks 03 and 04: effects."""

from __future__ import annotations

import pandas as pd

from analysis.checks.agreement import between_estimators
from analysis.checks.ladder import CREDIBLE
from analysis.effects import Effects
from analysis.estimates import Estimates, verdict
from analysis.report.sentences._sentence import Sentence, numbers, say
from analysis.samples import Sample
from analysis.words import Words


def estimand(sample: Sample, words: Words) -> Sentence:
    """Whose income the outcome is, so what kind of effect is estimated, by which design and with which weights."""
    table = words.study.table(sample.table)
    sections = table.design == "repeated_cross_section"
    kind = "spillover" if "spillover" in sample.table else ("residents" if sections else "member")
    noun = words.noun(sample.table)
    told = [words(f"sentences.estimand_{'village_mean' if table.level == 'unit' else kind}", noun=noun)]
    if table.design != "panel":
        told.append(words(f"sentences.design_{table.design}"))
    if table.weight:
        told.append(words(f"sentences.weighted_{'person' if sections else 'unit'}", noun=noun))
    if table.description:
        told.append(words.text(table.description))
    return Sentence("estimand", words.sentences(told))


def histories(rows: pd.DataFrame | None, sample: Sample, words: Words) -> Sentence | None:
    """Whether units with gaps change the verdict; nothing where nobody has any."""
    if rows is None:
        return None
    estimator = rows["estimator"].iloc[0]
    both = rows[rows["estimator"] == estimator].set_index("histories")
    amounts = {key: words.amount(row["estimate"], row["unit"], signed=True) for key, row in both.iterrows()}
    same = verdict(both.loc["complete"]) == verdict(both.loc["all_seen"])
    return say(
        "histories_agree" if same else "histories_differ", words, noun=words.noun(sample.table),
        complete=amounts["complete"], all=amounts["all_seen"],
        n_complete=words.units(both.loc["complete", "n_units"]), n_all=words.units(both.loc["all_seen", "n_units"]),
    )  # fmt: skip


def overall(estimates: Estimates, sample: Sample, words: Words) -> Sentence:
    """The simple average with its verdict, against whom, over which units and years."""
    row = estimates.row("simple")
    return say(
        f"overall_{verdict(row)}", words, outcome=words.outcome(sample.outcome), **numbers(row, words),
        comparison=words(f"comparison_groups.{words.study.design.comparison_group}"), noun=words.noun(sample.table),
        years=words.years(int(sample.panel.years[0]), int(sample.panel.years[-1])),
    )  # fmt: skip


def left_out(effects: Effects, words: Words) -> Sentence | None:
    """What the gate left out or changed; nothing if nothing."""
    return gate_notes(list(effects.notes), words)


def gate_notes(notes: list[tuple[str, int]], words: Words) -> Sentence | None:
    """The gate's notes as sentences; nothing if there are none."""
    told = [words(f"gate_notes.{name}", n=words.units(count)) for name, count in notes]
    return Sentence("left_out", words.sentences(told)) if told else None


def estimators(each: pd.DataFrame, words: Words) -> Sentence:
    """Whether the estimators tell one story."""
    told = each[each["estimate"].notna() & (each["estimator"] != "twfe")]
    unit = each["unit"].iloc[0]
    return say(
        f"estimators_{between_estimators(each)}", words, low=words.number(told["estimate"].min(), unit, signed=True),
        high=words.amount(told["estimate"].max(), unit, signed=True), n=len(told),
    )  # fmt: skip


def ladder(steps: pd.DataFrame, words: Words) -> Sentence:
    """How far the before-after number is from the credible one, and where the truth lies if it is known."""
    by_step = steps.set_index("step")
    unit = steps["unit"].iloc[0]
    credible = by_step.loc[next(step for step in CREDIBLE if step in by_step.index)]
    naive = by_step.loc["before_after"]
    told = {
        "credible": words.amount(credible["estimate"], unit, signed=True), "level": words.confidence(),
        "interval": words.interval(credible["conf_low"], credible["conf_high"], unit),
    }  # fmt: skip
    if "follow nobody" in naive.get("status", ""):
        text = words("sentences.ladder_without_past", **told)
    else:
        text = words("sentences.ladder", naive=words.amount(naive["estimate"], unit, signed=True), **told)
    if "truth" not in by_step.index:
        return Sentence("ladder", text)
    truth = by_step.loc["truth", "estimate"]
    inside = credible["conf_low"] <= truth <= credible["conf_high"]
    known = words(
        f"sentences.truth_{'inside' if inside else 'outside'}", truth=words.amount(truth, unit, signed=True)
    )
    return Sentence("ladder", words.sentences([text, known]))


def path(by_event_time: Estimates, words: Words) -> Sentence:
    """How many event times before and after adoption stand out from zero under the simultaneous band."""
    rows = by_event_time.rows
    clear = (rows["conf_low"] > 0) | (rows["conf_high"] < 0)
    before = rows["level"].astype(int) < 0
    return say(
        "path", words, before=int((before & clear).sum()), of_before=int(before.sum()),
        after=int((~before & clear).sum()), of_after=int((~before).sum()), level=words.confidence(),
    )  # fmt: skip
