"""Notebook 06: other choices."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.checks.agreement import Agreement
from analysis.checks.curve import SpecificationCurve
from analysis.checks.exposure import Spillovers
from analysis.checks.placebo_unit import PlaceboUnits
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


def alternatives(specifications: pd.DataFrame, words: Words) -> Sentence:
    """How many alternatives give the main verdict, and how far they spread."""
    main, known = specifications.iloc[0], specifications.iloc[1:].dropna(subset="estimate")
    if known.empty:
        return say("alternatives_none", words)
    ends = {"low": known.loc[known["estimate"].idxmin()], "high": known.loc[known["estimate"].idxmax()]}
    return say(
        "alternatives", words, n=len(known), same=int((known.apply(verdict, axis=1) == verdict(main)).sum()),
        lowest=words.change(ends["low"]["change"], ends["low"]["detail"]),
        highest=words.change(ends["high"]["change"], ends["high"]["detail"]),
        **{name: words.amount(row["estimate"], row["unit"], signed=True) for name, row in ends.items()},
    )  # fmt: skip


def scales(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Whether amounts, logs and growth tell one story; nothing where it was not asked."""
    if rows is None:
        return None
    known = rows.dropna(subset="estimate")
    if len(known) < 2:
        return say("scales_one", words)
    points = [_on_scale(row, words) for _, row in known.iterrows()]
    key = "scales_agree" if len(set(known.apply(verdict, axis=1))) == 1 else "scales_differ"
    return say(key, words, points=words.listed(points))


def _on_scale(row: pd.Series, words: Words) -> str:
    name = words.change(row["change"])
    if math.isnan(row["percent"]):
        return words("sentences.scale_sign", name=name, verdict=words(f"verdicts.{verdict(row)}"))
    return words(
        "sentences.scale_point", name=name, percent=words.amount(row["percent"], "percent", signed=True)
    )


def placebo_outcomes(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Whether outcomes that the programme cannot move stayed where they were; nothing where none is held."""
    if rows is None:
        return None
    known = rows.dropna(subset="p_holm")
    if known.empty:
        return say("placebo_outcomes_unknown", words)
    moved = known[known["p_holm"] <= 1 - words.study.design.conf_level]
    if moved.empty:
        return say("placebo_outcomes_quiet", words, n=len(known))
    names = [words.change(row.change, row.detail) for row in moved.itertuples()]
    return say("placebo_outcomes_found", words, n=len(known), names=words.listed(names))


def placebo_units(found: PlaceboUnits | None, unit: str, words: Words) -> Sentence | None:
    """How often pretended adoption finds an effect; nothing where it was not tried."""
    if found is None:
        return None
    return say(
        "placebo_units_found" if found.too_often else "placebo_units_quiet", words, draws=len(found.estimates),
        found=found.found, allowed=found.allowed, mean=words.amount(found.estimates.mean(), unit, signed=True),
    )  # fmt: skip


def spillover(found: Spillovers | None, words: Words) -> Sentence | None:
    """What adopting does against the untouched, and what happens to those near; nothing where it was not asked."""
    if found is None:
        return None
    rows = found.rows.set_index("change")
    unit, adopting = found.rows["unit"].iloc[0], rows.loc["adopting"]
    if pd.isna(adopting["estimate"]):
        first = words("sentences.adopting_unknown")
    else:
        first = words(
            "sentences.adopting_clean", last=last_comparable(found), **_known(adopting, words),
            all=words.amount(rows.loc["adopting_all", "estimate"], unit, signed=True),
        )  # fmt: skip
    near = found.rows[found.rows["change"] == "near"].apply(verdict, axis=1)
    moved = near.isin(["rose", "fell"]).any()
    key = "near_found" if moved else "near_unknown" if (near == "not_known").all() else "near_quiet"
    response = found.response
    last = "" if response is None else words(
        "sentences.response", amount=words.amount(response.estimate, unit, signed=True),
        interval=words.interval(response.conf_low, response.conf_high, unit), level=words.confidence(),
        p=words.number(response.p_value, "probability"),
    )  # fmt: skip
    return Sentence("spillover", words.sentences([first, words(f"sentences.{key}"), last]))


def last_comparable(found: Spillovers) -> int:
    """The last period in which units are untouched."""
    return int(found.untouched.loc[found.untouched["n_untouched"] > 0, "year"].max())


def _known(row: pd.Series, words: Words) -> dict[str, str]:
    return {name: numbers(row, words)[name] for name in ("amount", "interval", "level")}


def curve(found: SpecificationCurve | None, words: Words) -> Sentence | None:
    """What all specifications together say; nothing where there is no curve."""
    if found is None:
        return None
    rows, main = found.rows, found.rows[found.rows["is_main"]]
    centre = float(rows["estimate"].median())
    sign = float(np.sign(main["estimate"].iloc[0] if len(main) else centre))
    told = {
        "n": len(rows), "median": words.amount(centre, found.unit, signed=True),
        "same": words.share(float((np.sign(rows["estimate"]) == sign).mean())),
    }  # fmt: skip
    if found.null is None:
        return say("curve_without_test", words, **told)
    clear = rows.apply(verdict, axis=1).isin(["rose", "fell"])
    return say(
        "curve", words, **told, share=words.share(float(clear.mean())),
        p=words.number(found.null.median_p, "probability"),
    )  # fmt: skip


def not_asked(matters: list[str], words: Words) -> Sentence | None:
    """What was not asked because the study does not hold it; nothing where everything was."""
    if not matters:
        return None
    named = [words(f"missing.{matter}") for matter in matters]
    return say("not_asked", words, matters=("；" if words.language == "zh" else "; ").join(named))


def agreement(found: Agreement, sample: Sample, words: Words) -> Sentence:
    """The verdict on how far the result can be leaned on."""
    key = "agreement" if found.reasons else "agreement_clean"
    return say(key, words, outcome=words.outcome(sample.outcome), word=words(f"agreement.{found.word}"))


def reasons(found: Agreement, words: Words) -> Sentence | None:
    """The reasons for caution as a list; nothing if there are none."""
    return listed("reasons", [reason(key, fields, words) for key, fields in found.reasons])
