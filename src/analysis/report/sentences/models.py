"""Notebook 05: models."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import Estimates
from analysis.report.sentences._sentence import Sentence
from analysis.words import Words


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
