"""Notebook 04c: whether everybody gained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from analysis.estimates import verdict
from analysis.report.sentences._sentence import Sentence, listed, say
from analysis.words import Words, vocabulary

if TYPE_CHECKING:
    from analysis.distribution.described import Curves
    from analysis.report.chapters.distribution import Quantiles

MAIN = "changes_in_changes"


def quantile_spread(found: Quantiles | None, words: Words) -> Sentence | None:
    """At how many places the effect is clear, whether the ends differ, and where the truth lies if it is known."""
    if found is None:
        return None
    main, unit = _main(found), found.rows["unit"].iloc[0]
    verdicts = [verdict(row) for _, row in main.iterrows()]
    up, down = verdicts.count("rose"), verdicts.count("fell")
    (upper, lower), (value, low, high) = found.ends, found.apart
    text = say(
        "quantile_spread", words, of=len(main), up=up, down=down, rest=len(main) - up - down, level=words.confidence(),
        upper=f"{upper:.0%}", lower=f"{lower:.0%}", apart=words.amount(value, unit, signed=True),
        interval=words.interval(low, high, unit), verdict=_gradient(low, high, words),
    )  # fmt: skip
    truth = found.rows[found.rows["method"] == "truth"].set_index("share")["estimate"]
    known = ""
    if len(truth):
        at = truth.reindex(main["share"]).to_numpy()
        inside = (main["conf_low"].to_numpy() <= at) & (at <= main["conf_high"].to_numpy())
        known = words("sentences.quantile_truth", of=len(main), inside=int(inside.sum()))
    return Sentence("quantile_spread", words.sentences([text, known]))


def quantile_routes(found: Quantiles | None, words: Words) -> Sentence | None:
    """Whether routes that assume something else lie inside the band, and how many adopters have no like."""
    if found is None:
        return None
    main = _main(found).set_index("share")
    others = found.rows[
        found.rows["method"].isin(["copula_stability", "rif"]) & (found.rows["share"] != "mean")
    ]
    band = main[["conf_low", "conf_high"]].set_axis(["band_low", "band_high"], axis=1)
    pair = others.join(band, on="share").dropna(subset=["band_low"])
    outside = int((~pair["estimate"].between(pair["band_low"], pair["band_high"])).sum())
    if pair.empty:
        text = words("sentences.routes_none")
    elif outside:
        text = words("sentences.routes_differ", outside=outside, of=len(pair))
    else:
        text = words("sentences.routes_agree")
    like = words("sentences.without_like", share=words.share(found.outside)) if found.outside > 0 else ""
    return Sentence("quantile_routes", words.sentences([text, like]))


def inequality_effect(found: Quantiles | None, words: Words) -> Sentence | None:
    """Whether adopters grew apart: the Gini's effect with its verdict."""
    if found is None:
        return None
    rows = found.indices
    row = rows[(rows["method"] == MAIN) & (rows["share"] == "gini")].iloc[0]
    return say(
        f"inequality_effect_{verdict(row)}", words, amount=words.number(row["estimate"], "index", signed=True),
        size=words.number(abs(row["estimate"]), "index"),
        interval=words.interval(row["conf_low"], row["conf_high"], "index"), level=words.confidence(),
    )  # fmt: skip


def inequality_change(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """How the Gini of everyone, adopters and others moved; a description."""
    if rows is None:
        return None
    gini = rows[(rows["measure"] == "gini") & (rows["when"] == "change")].set_index("who")
    years = {when: rows.loc[rows["when"] == when, "year"].iloc[0] for when in ("first", "last")}
    moved = {who: words.number(gini.loc[who, "estimate"], "index", signed=True) for who in gini.index}
    interval = words.interval(gini.loc["everyone", "conf_low"], gini.loc["everyone", "conf_high"], "index")
    return say("inequality_change", words, **years, **moved, interval=interval, level=words.confidence())


def between_share(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """How much of inequality lies between adopters and others in the last year."""
    if rows is None:
        return None
    chosen = rows[
        (rows["grouping"] == "adoption") & (rows["index"] == "theil_t") & (rows["when"] == "last")
        & (rows["measure"] == "between")
    ]  # fmt: skip
    if chosen.empty:
        return None
    row = chosen.iloc[0]
    return say("between_share", words, year=row["year"], share=words.share(row["share"]))


def curves_compared(curves: Curves | None, words: Words) -> Sentence | None:
    """Whether adopters' incomes grew more equal, and whether adopters are better off whatever one's view of equality."""
    if curves is None:
        return None
    by = curves.verdicts.set_index(["curve", "comparison"])["verdict"]
    adopters, groups = by["lorenz", "adopters"], by["generalised_lorenz", "groups"]
    return say(
        "curves_compared", words, adopters=words(f"meanings.lorenz_{adopters}"),
        groups=words(f"meanings.generalised_lorenz_{groups}"),
    )  # fmt: skip


def poorest_gain(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Effects on the poorest and the richest fifth, and whether they differ."""
    if rows is None:
        return None
    by = rows[rows["grouping"] == "fifth"].set_index("level")
    apart, ends = by.loc["difference"], by[by.index != "difference"]
    unit = apart["unit"]
    return say(
        "poorest_gain", words, poorest=_with_interval(ends.iloc[0], words), richest=_with_interval(ends.iloc[-1], words),
        apart=words.amount(apart["estimate"], unit, signed=True), level=words.confidence(),
        interval=words.interval(apart["conf_low"], apart["conf_high"], unit),
        verdict=_gradient(apart["conf_low"], apart["conf_high"], words),
    )  # fmt: skip


def low_income_gain(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """The effect on low-income households; nothing where they are not recorded."""
    chosen = None if rows is None else rows[(rows["grouping"] == "low_income") & (rows["level"] == "upper")]
    if chosen is None or chosen.empty:
        return None
    row = chosen.iloc[0]
    return say(
        "low_income_gain", words, amount=words.amount(row["estimate"], row["unit"], signed=True),
        interval=words.interval(row["conf_low"], row["conf_high"], row["unit"]), level=words.confidence(),
        n=words.units(row["n_treated"]), verdict=words(f"verdicts.{verdict(row)}"),
    )  # fmt: skip


def losers_bounds(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Between what and what the share of losers lies; never a number for it."""
    if rows is None:
        return None
    at = rows[rows["who"] == rows["who"].iloc[0]].set_index("measure")
    low, high = at.loc["losers_low"], at.loc["losers_high"]
    key = "losers_some" if low["conf_low"] > 0 else "losers_perhaps"
    return say(
        "losers_bounds", words, years=int(low["event_time"]), low=words.share(low["estimate"]),
        high=words.share(high["estimate"]),
        interval=words("tables.from_to", low=words.share(low["conf_low"]), high=words.share(low["conf_high"])),
        fell=words.share(at.loc["fell", "estimate"]), other=words.share(at.loc["fell_comparison", "estimate"]),
        verdict=words(f"sentences.{key}"),
    )  # fmt: skip


def cannot_say(found: Quantiles | None, words: Words) -> Sentence | None:
    """What nobody can read from these numbers."""
    if found is None:
        return None
    return listed("cannot_say", [words(f"cannot_say.{key}") for key in vocabulary()["cannot_say"]])


def _main(found: Quantiles) -> pd.DataFrame:
    return found.rows[(found.rows["method"] == MAIN) & (found.rows["share"] != "mean")].reset_index(drop=True)


def _gradient(low: float, high: float, words: Words) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return words("sentences.gradient_not_known")
    return words(f"sentences.{'more_at_top' if low > 0 else 'more_at_bottom' if high < 0 else 'no_gradient'}")


def _with_interval(row: pd.Series, words: Words) -> str:
    return words.amount(row["estimate"], row["unit"], signed=True) + " " + words.interval(
        row["conf_low"], row["conf_high"], row["unit"]
    )  # fmt: skip
