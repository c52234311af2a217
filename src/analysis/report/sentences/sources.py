"""Notebook 04d: through what income changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.checks.pre_trend import DOUBTFUL
from analysis.distribution.names import link_name, part_name
from analysis.estimates import verdict
from analysis.report.sentences._sentence import Sentence, say
from analysis.samples import Sample
from analysis.words import Words

if TYPE_CHECKING:
    from analysis.distribution.parts import Parts
    from analysis.report.chapters.sources import Found


def parts_add_up(of: Parts | None, sample: Sample | None, words: Words) -> Sentence | None:
    """Whether the declared parts sum to the outcome in every record."""
    if of is None or sample is None:
        return None
    rest, years = of.parts.get("rest"), of.total.years
    fields = {
        "outcome": words.outcome(sample.outcome), "n": len(of.parts) - (rest is not None),
        "units": words.units(of.total.n_units), "noun": words.noun(sample.table),
        "years": words.years(int(years[0]), int(years[-1])),
    }  # fmt: skip
    if rest is None:
        text = words("sentences.parts_add_up", **fields)
    else:
        unit = words.study.outcome(sample.outcome).unit
        most = words.amount(float(abs(rest.outcome).max()), unit)
        text = words("sentences.parts_leave_rest", **fields, rest=most)
    left = words("sentences.parts_left_out", n=words.units(of.left_out)) if of.left_out else ""
    return Sentence("parts_add_up", words.sentences([text, left]))


def main_sources(found: Found | None, words: Words) -> Sentence | None:
    """Which parts changed clearly and which did not, what they sum to, and where the truth lies if it is known."""
    if found is None:
        return None
    steps = found.steps
    parts, total = steps[steps["source"] != "total"], steps.iloc[-1]
    clear = parts[[verdict(row) in {"rose", "fell"} for _, row in parts.iterrows()]]
    unclear = parts.drop(clear.index)
    unit = total["unit"]
    told = [
        words("sentences.sources_clear", parts=_parts(clear, words))
        if len(clear)
        else words("sentences.sources_none")
    ]
    if len(clear) and len(unclear):
        told.append(words("sentences.sources_unclear", parts=_parts(unclear, words)))
    told.append(words(
        "sentences.sources_total", total=words.amount(total["estimate"], unit, signed=True), level=words.confidence(),
        interval=words.interval(total["conf_low"], total["conf_high"], unit),
    ))  # fmt: skip
    known = parts[parts["truth"].notna() & parts["conf_low"].notna()]
    if len(known):
        inside = known["truth"].between(known["conf_low"], known["conf_high"])
        told.append(words("sentences.sources_truth", of=len(known), inside=int(inside.sum())))
    return Sentence("main_sources", words.sentences(told))


def sources_doubt(found: Found | None, words: Words) -> Sentence | None:
    """Whether a second method agrees part by part, and which parts moved before adoption."""
    if found is None:
        return None
    parts = found.steps[found.steps["source"] != "total"].dropna(subset=["second", "conf_low"])
    method = words(f"short_estimators.{found.method}")
    outside = parts[~parts["second"].between(parts["conf_low"], parts["conf_high"])]
    if len(outside):
        names = words.listed([part_name(row, words) for row in outside.itertuples()])
        told = [words("sentences.methods_differ", method=method, parts=names)]
    else:
        told = [words("sentences.methods_agree", method=method, of=len(parts))]
    moved = found.steps[(found.steps["source"] != "total") & (found.steps["p_before"] < DOUBTFUL)]
    if len(moved):
        names = words.listed([part_name(row, words) for row in moved.itertuples()])
        told.append(words("sentences.moved_before", parts=names))
    return Sentence("sources_doubt", words.sentences(told))


def links_found(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Every link with its change and verdict, or that it was not measured."""
    if rows is None:
        return None
    told = []
    for row in rows.itertuples():
        name = link_name(row, words)
        if pd.isna(row.estimate):
            told.append(words("sentences.link_unmeasured", link=name, reason=words.status(row.status)))
            continue
        told.append(words(
            "sentences.link_part", link=name, change=words.number(row.estimate, "change", signed=True),
            level=words.confidence(), interval=words.interval(row.conf_low, row.conf_high, "change"),
            verdict=words(f"verdicts.{verdict(rows.loc[row.Index])}"),
        ))  # fmt: skip
    joined = ("；" if words.language == "zh" else "; ").join(told)
    return say("links_found", words, links=joined)


def link_caution(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Why links cannot be multiplied into an income."""
    return None if rows is None else say("link_caution", words)


def _parts(rows: pd.DataFrame, words: Words) -> str:
    return words.listed([
        words(
            "sentences.source_part", part=part_name(row, words), amount=words.amount(row.estimate, row.unit, signed=True),
            interval=words.interval(row.conf_low, row.conf_high, row.unit),
        )
        for row in rows.itertuples()
    ])  # fmt: skip
