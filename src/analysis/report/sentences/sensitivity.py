"""Notebook 06b: how wrong the assumptions would have to be."""

from __future__ import annotations

import math

import pandas as pd

from analysis.checks.agreement import FEW_CLUSTERS
from analysis.checks.attrition import Attrition
from analysis.checks.bacon import FORBIDDEN, Decomposition
from analysis.checks.confounding import Confounding
from analysis.checks.matched_pairs import PairedSensitivity
from analysis.checks.parallel_trends_bounds import Breakdown
from analysis.checks.power import POWER
from analysis.checks.pre_trend_power import Pretest
from analysis.estimates import verdict
from analysis.messages import Message, in_language
from analysis.report.sentences._sentence import Sentence, say
from analysis.samples import Sample
from analysis.samples.balance import UNLIKE
from analysis.words import Words
from analysis.words.p_values import p_value

FIGURES = 2  # digits that count in sizes of trends, which may be far below the last digit of the outcome


def not_carried(matter: str, why: Message, words: Words) -> Sentence:
    """Which question the study does not carry, and what is lacking."""
    reason = in_language(why, words.language).rstrip(".。")
    named = words(f"sensitivity.matters.{matter}")
    return Sentence(f"not_carried_{matter}", words("sentences.not_carried", matter=named, why=reason))


def pretest_missed(found: Pretest, words: Words) -> Sentence:
    """The trend that the test before adoption would miss half the time, and what it would leave."""
    row, unit = found.rows.iloc[0], found.unit
    return say(
        "pretest_missed", words, slope=_sized(row["slope"], unit, words), target=f"{row['target']:.0%}",
        bias=words.amount(row["bias"], unit, signed=True), share=words.share(abs(row["bias"] / found.estimate)),
        after=words.amount(row["bias_after_passing"], unit, signed=True),
    )  # fmt: skip


def breakdown(found: Breakdown, words: Words) -> Sentence:
    """How far trends may differ before the conclusion gives way; where the truth lies if it is known."""
    magnitude = found.bounds.restriction == "relative_magnitude"
    name = _magnitude_key(found.value) if magnitude else _bend_key(found)
    value = words.number(found.value, "statistic") if magnitude else _sized(found.value, found.unit, words)
    text = words(f"sentences.{name}", value=value, yardstick=_sized(found.yardstick, found.unit, words))
    return Sentence(
        f"breakdown_{found.bounds.restriction}",
        words.sentences([text, *_cautions(found, words), _truth(found, words)]),
    )


def two_way(found: Decomposition, words: Words) -> Sentence:
    """How much of the two-way coefficient rests on comparisons with units already treated."""
    coefficient = words.amount(found.coefficient, found.unit, signed=True)
    if not found.forbidden > 0:
        return say("comparisons_clean", words, coefficient=coefficient)
    if found.shown is None:
        return say("comparisons_share", words, coefficient=coefficient, share=words.share(found.forbidden))
    weighted = found.kinds.assign(product=found.kinds["weight"] * found.kinds["estimate"])
    parts = {
        name: words.amount(part["product"].sum() / part["weight"].sum(), found.unit, signed=True)
        for name, part in weighted.groupby(
            weighted["kind"].isin(FORBIDDEN).map({True: "forbidden", False: "clean"})
        )
    }
    return say(
        "comparisons", words, coefficient=coefficient, share=words.share(found.forbidden),
        forbidden=parts["forbidden"], clean=parts.get("clean", "—"),
    )  # fmt: skip


def inference(rows: pd.DataFrame, words: Words) -> Sentence:
    """Whether the methods of inference judge alike."""
    told = rows[rows["p_value"].notna()]
    alpha = 1 - words.study.design.conf_level
    clear = told["p_value"] < alpha
    low, high = (p_value(value, words, sign="= ") for value in (told["p_value"].min(), told["p_value"].max()))
    key = "p_same" if low == high else "p_span"
    fields = {"span": words(f"sensitivity.figures.{key}", low=low, high=high), "level": f"{alpha:.0%}"}
    unlike = told[clear != clear.iloc[0]]
    if unlike.empty:
        word = words(f"sensitivity.significance.{'clear' if clear.iloc[0] else 'unclear'}")
        text = words("sentences.inference_agree", n=len(told), word=word, **fields)
    else:
        names = words.listed([words(f"sensitivity.inference.{method}") for method in unlike["method"]])
        text = words("sentences.inference_differ", n=len(unlike), of=len(told), names=names, **fields)
    fewest = int(told["n_clusters"].min())
    few = words("sentences.inference_few", n=words.units(fewest)) if fewest < FEW_CLUSTERS else ""
    return Sentence("inference", words.sentences([text, few]))


def confounding(found: Confounding, words: Words) -> Sentence:
    """How strong an unrecorded difference would have to be, beside the recorded ones."""
    texts = [words("sentences.confounding", value=words.share(found.robustness.value))]
    if len(found.benchmarks):
        sign = math.copysign(1.0, found.estimate)
        most = found.benchmarks.loc[(sign * found.benchmarks["estimate"]).idxmin()]
        moved = words.amount(most["estimate"], found.unit, signed=True)
        texts.append(
            words(
                "sentences.confounding_benchmark", variable=words.variable(most["variable"]), estimate=moved
            )
        )
    else:
        texts.append(words("sentences.confounding_none"))
    if found.robustness.value_at_alpha == 0:
        texts.append(words("sentences.confounding_interval"))
    return Sentence("confounding", words.sentences(texts))


def paired(found: PairedSensitivity, words: Words) -> Sentence:
    """How much hidden bias the pairs withstand, and whether they are alike at all."""
    key = "paired_holds" if found.breakdown > 1 else "paired_none"
    text = words(f"sentences.{key}", value=words.number(found.breakdown, "statistic"))
    named = words.variable(found.variable) if found.variable else words("sensitivity.figures.level_before")
    unlike = words("sentences.paired_unlike", variable=named) if abs(found.largest_smd) > UNLIKE else ""
    return Sentence("paired", words.sentences([text, unlike]))


def attrition(found: Attrition, words: Words) -> Sentence:
    """Whether anybody is missing, and what that could hide."""
    n, gone = words.units(found.n_units), words.units(found.n_gone)
    if not found.n_gone:
        return say("attrition_none", words, n=n)
    if found.why is not None:
        reason = in_language(found.why, words.language).rstrip(".。")
        return say("attrition_unbounded", words, n=n, gone=gone, why=reason)
    if found.lee is None or found.worst is None:
        return say("attrition_elsewhen", words, n=n, gone=gone)
    ends = {
        "low": found.lee.low,
        "high": found.lee.high,
        "worst_low": found.worst.low,
        "worst_high": found.worst.high,
    }
    told = {name: words.amount(value, found.unit, signed=True) for name, value in ends.items()}
    return say("attrition_bounds", words, n=n, gone=gone, **told)


def synthetic_beside(rows: pd.DataFrame, words: Words) -> Sentence:
    """Synthetic differences beside the headline."""
    both = rows[rows["level"] == "all"].set_index("method")
    one, own, unit = both.loc["synthetic"], both.loc["group_time"], rows["unit"].iloc[0]
    fields = {
        "synthetic": words.amount(one["estimate"], unit, signed=True),
        "headline": words.amount(own["estimate"], unit, signed=True),
        "own": words.interval(own["conf_low"], own["conf_high"], unit),
    }
    if pd.isna(one["conf_low"]):
        return say("synthetic_no_error", words, **fields)
    apart = one["conf_low"] > own["conf_high"] or own["conf_low"] > one["conf_high"]
    interval = words.interval(one["conf_low"], one["conf_high"], unit)
    return say(f"synthetic_{'apart' if apart else 'overlap'}", words, interval=interval, **fields)


def detectable(rows: pd.DataFrame, sample: Sample, words: Words) -> Sentence:
    """What the design could have seen; beside a result that is not significant, what it could not rule out."""
    unit, first = rows["unit"].iloc[0], rows.iloc[0]
    size = words.amount(first["detectable"], unit)
    level = f"{1 - words.study.design.conf_level:.0%}"
    texts = [words("sentences.detectable", size=size, power=f"{POWER:.0%}", level=level)]
    if share := _relative(first["detectable"], sample, unit):
        texts.append(words("sentences.detectable_relative", share=words.share(share)))
    if verdict(first) == "unclear":
        interval = words.interval(first["conf_low"], first["conf_high"], unit)
        texts.append(words("sentences.detectable_unclear", size=size, interval=interval))
    parts = rows[rows["estimand"].isin(["cohort", "model"])]
    blind = int((parts["detectable"] > abs(first["estimate"])).sum())
    if blind:
        texts.append(words("sentences.detectable_parts", n=blind, of=len(parts)))
    return Sentence("detectable", words.sentences(texts))


def _relative(value: float, sample: Sample, unit: str) -> float:
    """The value as a share of the untreated units' mean in the last period; 0 where that says nothing."""
    panel = sample.panel
    untreated = panel.cohort > panel.years[-1]
    if unit != "yuan" or panel.design != "panel" or not untreated.any():
        return 0.0
    mean = float(panel.outcome[untreated, -1] @ panel.weight[untreated] / panel.weight[untreated].sum())
    return value / mean if mean > 0 else 0.0


def _magnitude_key(value: float) -> str:
    if value == 0:
        return "magnitude_none"
    if not math.isfinite(value):
        return "magnitude_exact"
    return "magnitude_fragile" if value < 1 else "magnitude_firm"


def _bend_key(found: Breakdown) -> str:
    if found.value == 0:
        return "bend_none"
    return "bend" if math.isfinite(found.yardstick) else "bend_only"


def _cautions(found: Breakdown, words: Words) -> list[str]:
    """Why the interval itself is not to be leaned on."""
    cautions = []
    if found.value > 0 and found.n_before == 1 and found.bounds.restriction == "relative_magnitude":
        cautions.append(words("sentences.bounds_one_move"))
    if found.n_clusters < FEW_CLUSTERS:
        cautions.append(words("sentences.bounds_few_clusters", n=words.units(found.n_clusters)))
    return cautions


def _truth(found: Breakdown, words: Words) -> str:
    if not math.isfinite(found.truth):
        return ""
    rows = found.bounds.rows
    inside = (rows["conf_low"] <= found.truth) & (found.truth <= rows["conf_high"])
    truth = words.amount(found.truth, found.unit, signed=True)
    if not inside.any():
        return words("sentences.bounds_truth_none", truth=truth)
    if inside.all():
        return words("sentences.bounds_truth_all", truth=truth)
    size = rows.loc[inside, "size"].iloc[0]
    magnitude = found.bounds.restriction == "relative_magnitude"
    shown = words.number(size, "statistic") if magnitude else _sized(size, found.unit, words)
    return words("sentences.bounds_truth_some", truth=truth, size=shown)


def _sized(value: float, unit: str, words: Words) -> str:
    """A size of trends with its unit, to FIGURES digits that count."""
    if not math.isfinite(value):
        return "—"
    shown = words.scaled(abs(value), unit)
    digits = max(0, FIGURES - 1 - math.floor(math.log10(shown))) if shown > 0 else 0
    return f"{shown:,.{digits}f} {words.unit(unit)}".rstrip()
