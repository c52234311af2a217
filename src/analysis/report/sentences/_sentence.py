"""What every sentence of the report is made with."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.words import Words


class Sentence(str):
    """A text that knows what it is called in words.toml."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, text: str) -> Sentence:
        """Name the text."""
        made = super().__new__(cls, text)
        made.name = name
        return made


def numbers(row: pd.Series, words: Words) -> dict[str, Any]:
    """The fields that a sentence about one row may name: amount, size, interval, level, counts."""
    unit = row["unit"]
    estimate = row["estimate"]
    return {
        "amount": words.amount(estimate, unit, signed=True), "size": words.amount(abs(estimate), unit),
        "interval": words.interval(row["conf_low"], row["conf_high"], unit), "level": words.confidence(),
        "n_treated": words.units(row["n_treated"]), "clusters": words.units(row["n_clusters"]),
    }  # fmt: skip


def reason(key: str, fields: dict[str, Any], words: Words) -> str:
    """One reason for caution as a sentence."""
    printed = dict(fields)
    if "n_units" in fields:
        printed["n"] = words.units(fields["n_units"])
        printed["share"] = words.fraction(fields["n_units"], fields.get("n_total"))
    if "p" in fields:
        printed["p"] = words.number(fields["p"], "probability")
    if "smd" in fields:
        printed["smd"] = words.number(fields["smd"], "smd", signed=True)
        printed["variable"] = words.variable(fields["variable"])
    if "size" in fields:
        printed["size"] = words.number(fields["size"], "statistic")
    return words(f"reasons.{key}", **printed)


def say(key: str, words: Words, **fields: object) -> Sentence:
    """The sentence of that key under [sentences], its fields filled in."""
    return Sentence(key, words(f"sentences.{key}", **fields))


def listed(name: str, texts: list[str]) -> Sentence | None:
    """The texts as a list; nothing of none."""
    return Sentence(name, "\n".join(f"- {text}" for text in texts)) if texts else None


def numbered(name: str, texts: list[str]) -> Sentence:
    """The texts as a numbered list."""
    return Sentence(name, "\n".join(f"{i}. {text}" for i, text in enumerate(texts, start=1)))
