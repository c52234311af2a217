"""Sentences whose numbers are those of the tables: rows in, text out, in the language of the words."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.checks.agreement import Agreement, between_estimators
from analysis.checks.ladder import CREDIBLE
from analysis.checks.pre_trend import DOUBTFUL, PreTrend
from analysis.effects import Effects
from analysis.estimates import Estimates, verdict
from analysis.report.summary import Findings, not_measured
from analysis.samples import Sample
from analysis.samples.balance import UNLIKE
from analysis.study import Study
from analysis.words import Words

MOST_NAMED = 10  # comparison units named one by one; more are only counted
CAUTIONS = (
    "placebo", "pre_trend", "always_treated", "unlike", "few_comparison", "short_interval", "no_pre_trend_test", "other_sign",
    "other_verdict", "few_clusters", "short_past", "not_estimable",
)  # fmt: skip  # gravest first


class Sentence(str):
    """A text that knows what it is called in words.toml."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, text: str) -> Sentence:
        """Name the text."""
        made = super().__new__(cls, text)
        made.name = name
        return made


# 01: what arrived


def arrived(tables: dict[str, pd.DataFrame], words: Words) -> Sentence:
    """How many tables, and whether each was checked against its digest."""
    checked = sum(bool(words.study.table(name).sha256) for name in tables)
    return _say("arrived", words, n=words.count(len(tables)), checked=words.count(checked))


def kept(sample: Sample, words: Words) -> Sentence:
    """How many units were read and how many are analysed, over which years."""
    first, last = sample.flow.iloc[0], sample.flow.iloc[-1]
    out = int(first["units_left"] - last["units_left"])
    return _say(
        "kept" if out else "kept_all", words, outcome=words.outcome(sample.outcome), noun=words.noun(sample.table),
        read=words.units(first["units_left"]), out=words.units(out), left=words.units(last["units_left"]),
        years=words.years(int(sample.panel.years[0]), int(sample.panel.years[-1])), n_years=len(sample.panel.years),
    )  # fmt: skip


def no_past(cohorts: pd.DataFrame, words: Words) -> Sentence | None:
    """How many units adopted before the panel begins and can show no effect; nothing if none did."""
    found = cohorts[cohorts["cohort"].notna() & (cohorts["periods_before"] == 0)]
    if found.empty:
        return None
    n, total = int(found["n_units"].sum()), int(cohorts["n_units"].sum())
    return _say("no_past", words, n=words.units(n), total=words.units(total), share=words.fraction(n, total))


def not_held(study: Study, words: Words) -> Sentence:
    """What this study does not hold, as a list."""
    return Sentence(
        "not_held", "\n".join(f"- {words(f'missing.{matter}')}" for matter in not_measured(study))
    )


# 02: the programme


def coverage(rollout: pd.DataFrame, words: Words) -> Sentence:
    """How many units had adopted by the last year."""
    last = rollout.iloc[-1]
    return _say(
        "coverage", words, year=int(last["year"]), adopters=words.units(last["adopters"]),
        total=words.units(last["n_units"]), share=words.fraction(last["adopters"], last["n_units"]),
    )  # fmt: skip


def federations(n: int | None, words: Words) -> Sentence | None:
    """How many federations there are; nothing where they are not recorded."""
    return None if n is None else _say("federations", words, n=words.units(n))


def comparison(units: pd.DataFrame, words: Words) -> Sentence:
    """Who the adopters are compared with; named one by one where they are few and the report is internal."""
    never = [str(name) for name in units.index[units["cohort"].isna()]]
    group = words.study.design.comparison_group
    named = 0 < len(never) <= MOST_NAMED and words.study.release.audience == "internal"
    key = f"comparison_{group}" + ("_named" if named else "")
    return _say(key, words, n=words.units(len(never)), names=words.listed(never))


def unlike(row: pd.Series | None, words: Words) -> Sentence | None:
    """On which variable adopters and never adopters differ most; nothing where none is held."""
    if row is None:
        return None
    return _say(
        "unlike" if abs(row["smd"]) > UNLIKE else "alike", words, variable=words.variable(row["variable"]),
        smd=words.number(row["smd"], "smd", signed=True), limit=f"{UNLIKE:g}", year=int(row["year"]),
    )  # fmt: skip


# 03, 04: effects


def estimand(sample: Sample, words: Words) -> Sentence:
    """Whose income the outcome is, so what kind of effect is estimated."""
    table = words.study.table(sample.table)
    kind = (
        "village_mean"
        if table.level == "unit"
        else ("spillover" if "spillover" in sample.table else "member")
    )
    text = words(f"sentences.estimand_{kind}", noun=words.noun(sample.table))
    described = words.text(table.description) if table.description else ""
    return Sentence("estimand", words.sentences([text, described]))


def overall(estimates: Estimates, sample: Sample, words: Words) -> Sentence:
    """The simple average with its verdict, against whom, over which units and years."""
    row = estimates.row("simple")
    return _say(
        f"overall_{verdict(row)}", words, outcome=words.outcome(sample.outcome), **_numbers(row, words),
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
    return _say(
        f"estimators_{between_estimators(each)}", words, low=words.number(told["estimate"].min(), unit, signed=True),
        high=words.amount(told["estimate"].max(), unit, signed=True), n=len(told),
    )  # fmt: skip


def ladder(steps: pd.DataFrame, words: Words) -> Sentence:
    """How far the before-after number is from the credible one, and where the truth lies if it is known."""
    by_step = steps.set_index("step")
    unit = steps["unit"].iloc[0]
    credible = by_step.loc[next(step for step in CREDIBLE if step in by_step.index)]
    naive = by_step.loc["before_after"]
    text = words(
        "sentences.ladder", naive=words.amount(naive["estimate"], unit, signed=True),
        credible=words.amount(credible["estimate"], unit, signed=True),
        interval=words.interval(credible["conf_low"], credible["conf_high"], unit), level=words.confidence(),
    )  # fmt: skip
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
    return _say(
        "path", words, before=int((before & clear).sum()), of_before=int(before.sum()),
        after=int((~before & clear).sum()), of_after=int((~before).sum()), level=words.confidence(),
    )  # fmt: skip


# 05: models


def model_differences(pairs: pd.DataFrame | None, by_model: Estimates, words: Words) -> Sentence:
    """Which differences between models can be told apart, all pairs taken together; never a ranking."""
    unusable = int((by_model.rows["conf_low"].isna() | (by_model.rows["status"] != "ok")).sum())
    tail = words("sentences.models_unusable", n=unusable) if unusable else ""
    if pairs is None:
        return Sentence("model_differences", words.sentences([words("sentences.models_too_few"), tail]))
    apart = pairs[pairs["apart"]]
    if apart.empty:
        text = words("sentences.models_none_apart", n=len(pairs), level=words.confidence())
    else:
        named = [
            words(
                "sentences.models_pair", first=row.first, second=row.second,
                difference=words.amount(row.estimate, row.unit, signed=True),
                interval=words.interval(row.conf_low, row.conf_high, row.unit),
            )
            for row in apart.itertuples()
        ]  # fmt: skip
        text = words(
            "sentences.models_apart",
            n=len(pairs),
            apart=len(apart),
            level=words.confidence(),
            pairs=words.listed(named),
        )
    return Sentence("model_differences", words.sentences([text, tail]))


# 06: robustness


def pre_trend(trend: PreTrend, words: Words) -> Sentence:
    """What the joint test before adoption says, and what it cannot say."""
    if not math.isfinite(trend.p_value):
        return _say("pre_trend_none", words)
    key = "pre_trend_differs" if trend.p_value < DOUBTFUL else "pre_trend_not_seen"
    return _say(key, words, p=words.number(trend.p_value, "probability"), n=len(trend.levels))


def placebo(row: pd.DataFrame | None, words: Words) -> Sentence:
    """What a pretended adoption two years early finds."""
    if row is None:
        return _say("placebo_none", words)
    found = row.iloc[0]
    key = "placebo_found" if verdict(found) in {"rose", "fell"} else "placebo_quiet"
    return _say(key, words, **_numbers(found, words))


def agreement(found: Agreement, sample: Sample, words: Words) -> Sentence:
    """The verdict on how far the result can be leaned on."""
    key = "agreement" if found.reasons else "agreement_clean"
    return _say(key, words, outcome=words.outcome(sample.outcome), word=words(f"agreement.{found.word}"))


def reasons(found: Agreement, words: Words) -> Sentence | None:
    """The reasons for caution as a list; nothing if there are none."""
    return _listed("reasons", [_reason(key, fields, words) for key, fields in found.reasons])


# 09: page one


def judgement(found: Findings, words: Words) -> Sentence:
    """The overall judgement in plain words: the primary outcome's verdict and how far it carries."""
    row = found.headlines.iloc[0]
    return _say(
        f"judgement_{verdict(row)}", words, title=words.text(words.study.about.title),
        outcome=words.outcome(row["outcome"]), agreement=words(f"agreement.{row['agreement']}"), **_numbers(row, words),
        comparison=words(f"comparison_groups.{words.study.design.comparison_group}"),
    )  # fmt: skip


def results(found: Findings, words: Words) -> Sentence:
    """Up to three results, the primary outcome's first."""
    told = [
        words(
            f"sentences.result_{verdict(row)}", outcome=words.outcome(row["outcome"]), **_numbers(row, words),
            comparison=words(f"comparison_groups.{words.study.design.comparison_group}"),
            years=words.years(int(row["first_year"]), int(row["last_year"])),
        )
        for _, row in found.headlines.head(3).iterrows()
    ]  # fmt: skip
    return _numbered("results", told)


def cautions(found: Findings, words: Words) -> Sentence:
    """The three gravest reasons for care; general ones where the checks left room."""
    ordered = sorted(found.reasons, key=lambda reason: CAUTIONS.index(reason[0]))
    told = [_reason(key, fields, words) for key, fields in ordered]
    told += [words(f"cautions.{name}") for name in ("not_random", "average", "years")]
    return _numbered("cautions", told[:3])


def further_cautions(found: Findings, words: Words) -> Sentence | None:
    """The reasons for care that page one's three left out; nothing if there are none."""
    ordered = sorted(found.reasons, key=lambda reason: CAUTIONS.index(reason[0]))
    return _listed("further_cautions", [_reason(key, fields, words) for key, fields in ordered[3:]])


def study_warnings(words: Words) -> Sentence | None:
    """What the study itself says must be known; nothing if it says nothing."""
    return _listed("study_warnings", [words.text(text) for text in words.study.about.warnings])


def programme(found: Findings, words: Words) -> Sentence | None:
    """How far the programme had come; nothing where the roll-out was not read."""
    if found.programme is None:
        return None
    facts = found.programme
    return _say(
        "coverage", words, year=facts["year"], adopters=words.units(facts["n_adopters"]),
        total=words.units(facts["n_units"]), share=words.fraction(facts["n_adopters"], facts["n_units"]),
    )  # fmt: skip


def models_told_apart(found: Findings, words: Words) -> Sentence | None:
    """How many pairs of models differ; nothing where models were not compared."""
    if found.differences is None:
        return None
    pairs = found.differences
    return _say("models_summary", words, n=pairs["n_pairs"], apart=pairs["n_apart"])


def households_together(found: Findings, words: Words) -> Sentence | None:
    """Members, non-members and the village mean in one sentence; nothing unless all three were estimated."""
    wanted: dict[str, pd.Series] = {}
    for _, row in found.headlines.iterrows():
        outcome = words.study.outcome(row["outcome"])
        if outcome.concept == "household_income":
            level = words.study.table(outcome.table).level
            kind = "village" if level == "unit" else ("others" if "spillover" in outcome.table else "members")
            wanted.setdefault(kind, row)
    if set(wanted) != {"members", "others", "village"}:
        return None
    told = {kind: words.amount(row["estimate"], row["unit"], signed=True) for kind, row in wanted.items()}
    return _say("households_together", words, **told)


def reading_guide(words: Words) -> Sentence:
    """How to read an interval and a verdict, and log points where an outcome is in them."""
    logs = any(outcome.unit.startswith("log") for outcome in words.study.outcomes.values())
    text = words("sentences.reading_guide", level=words.confidence())
    return Sentence("reading_guide", words.sentences([text, words("sentences.log_points") if logs else ""]))


def synthetic(words: Words) -> Sentence | None:
    """That the county does not exist; nothing for real data."""
    return _say("synthetic", words) if words.study.about.synthetic else None


def _numbers(row: pd.Series, words: Words) -> dict[str, Any]:
    unit = row["unit"]
    estimate = row["estimate"]
    return {
        "amount": words.amount(estimate, unit, signed=True), "size": words.amount(abs(estimate), unit),
        "interval": words.interval(row["conf_low"], row["conf_high"], unit), "level": words.confidence(),
        "n_treated": words.units(row["n_treated"]), "clusters": words.units(row["n_clusters"]),
    }  # fmt: skip


def _reason(key: str, fields: dict[str, Any], words: Words) -> str:
    printed = dict(fields)
    if "n_units" in fields:
        printed["n"] = words.units(fields["n_units"])
        printed["share"] = words.fraction(fields["n_units"], fields.get("n_total"))
    if "p" in fields:
        printed["p"] = words.number(fields["p"], "probability")
    if "smd" in fields:
        printed["smd"] = words.number(fields["smd"], "smd", signed=True)
        printed["variable"] = words.variable(fields["variable"])
    return words(f"reasons.{key}", **printed)


def _say(key: str, words: Words, **fields: object) -> Sentence:
    return Sentence(key, words(f"sentences.{key}", **fields))


def _listed(name: str, texts: list[str]) -> Sentence | None:
    return Sentence(name, "\n".join(f"- {text}" for text in texts)) if texts else None


def _numbered(name: str, texts: list[str]) -> Sentence:
    return Sentence(name, "\n".join(f"{i}. {text}" for i, text in enumerate(texts, start=1)))
