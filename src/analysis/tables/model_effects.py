"""Effects by model under two estimators, in the fixed order of the models; no league table."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import Estimates, comparable, verdict
from analysis.tables._rendered import RenderedTable, remarks
from analysis.words import Words

CAPTION = {
    "zh": "各模式对“{outcome}”的影响（按编号排列，不是排名）",
    "en": "Effects on “{outcome}” by model, in order of code, not a ranking",
}


def make(first: Estimates, second: Estimates, words: Words) -> RenderedTable:
    """One printed row per model; the verdict is that of the first estimator."""
    unit = first.rows["unit"].iloc[0]
    others = second.rows.set_index("level")
    compared = comparable(first.rows)
    printed = []
    for row in first.rows.itertuples():
        other = others.loc[row.level] if row.level in others.index else pd.Series(dtype=float)
        printed.append(
            (
                words.model(row.level),
                words.units(row.n_treated),
                words.number(row.estimate, unit, signed=True),
                words.interval(row.conf_low, row.conf_high, unit),
                words.number(other.get("estimate"), unit, signed=True),
                words.interval(other.get("conf_low"), other.get("conf_high"), unit),
                # an interval known to be too short carries no verdict, as it takes no part in the comparison
                words(
                    f"verdicts.{verdict(first.rows.loc[row.Index]) if compared[row.Index] else 'not_known'}"
                ),
            )
        )
    names = [
        words(f"short_estimators.{estimates.rows['estimator'].iloc[0]}") for estimates in (first, second)
    ]
    heads = (
        words("heads.model"), words("heads.n_treated"), names[0], words("heads.interval"), names[1],
        words("heads.interval"), words("heads.verdict"),
    )  # fmt: skip
    note = words("notes.model_effects", unit=words.unit(unit), level=words.confidence())
    return RenderedTable(heads, tuple(printed), words.sentences([note, remarks(first.rows, words)]))
