"""Notebook 07c: published answers."""

from __future__ import annotations

import pandas as pd

from analysis.checks.published.trainees import STEPS, UNIT
from analysis.report.sentences._sentence import Sentence, say
from analysis.words import Words


def published_summary(rows: pd.DataFrame, words: Words) -> Sentence:
    """How many printed numbers are matched, missed and not computed."""
    found = rows["status"].value_counts()
    kinds = ("matched", "estimate_only", "missed", "not_computed", "not_here")
    return say(
        "published_summary", words, n=words.count(len(rows)),
        **{kind: words.count(int(found.get(kind, 0))) for kind in kinds},
    )  # fmt: skip


def published_group(rows: pd.DataFrame | None, words: Words) -> Sentence | None:
    """How many numbers of one group are within what is allowed; nothing of none."""
    if rows is None:
        return None
    computed = rows["status"].isin(["matched", "estimate_only", "missed"])
    matched = rows["status"].isin(["matched", "estimate_only"])
    return say(
        "published_group", words, n=words.count(len(rows)), computed=words.count(int(computed.sum())),
        matched=words.count(int(matched.sum())),
    )  # fmt: skip


def published_trainees(rows: pd.DataFrame, words: Words) -> Sentence:
    """What the experiment says, and where plain subtraction and the adjusting methods end."""
    experiment = rows[rows["method"] == "experiment"].iloc[0]
    plain = rows[rows["method"] == "difference"].set_index("comparison")["estimate"]
    adjusted = rows[rows["method"].isin(STEPS)]
    ample, thin = (
        adjusted[~adjusted["thin"] & (adjusted["comparison"] == "cps")],
        adjusted[adjusted["comparison"] == "psid"],
    )
    hold = (ample["conf_low"] <= experiment["estimate"]) & (experiment["estimate"] <= ample["conf_high"])
    wrong_sign = (plain < 0).all() and experiment["estimate"] > 0
    key = "published_trainees" if hold.all() and wrong_sign else "published_trainees_mixed"
    amounts = {
        "experiment": experiment["estimate"], "cps": plain["cps"], "psid": plain["psid"], "low": ample["estimate"].min(),
        "high": ample["estimate"].max(), "thin_low": thin["estimate"].min(), "thin_high": thin["estimate"].max(),
    }  # fmt: skip
    printed = {
        name: words.amount(value, UNIT, signed=name != "experiment") for name, value in amounts.items()
    }
    return say(key, words, n=words.count(len(ample)), **printed)


def published_not_here(rows: pd.DataFrame, words: Words) -> Sentence | None:
    """Which data of a group are not on this machine; nothing if all are."""
    absent = rows.loc[rows["status"] == "not_here", "data"].drop_duplicates()
    if absent.empty:
        return None
    return say(
        "published_not_here", words, data=words.listed([words(f"published_data.{name}") for name in absent])
    )
