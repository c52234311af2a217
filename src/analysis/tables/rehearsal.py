"""The quantities of the simulator's specification: ours over seeds beside the rehearsal, and the truth."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "合成县与其规格是否相符",
    "en": "Whether the synthetic county is what its specification says",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per quantity; `rows` are summarised rows that were rehearsed."""
    printed = tuple(
        (
            quantity(row.quantity, words),
            _mean_sd(row.mean, row.sd, words),
            _mean_sd(row.rehearsed, row.rehearsed_sd, words),
            NOTHING if row.role == "truth" else _yuan(row.truth),
            NOTHING if row.role == "truth" else words.number(row.distance, "statistic", signed=True),
            NOTHING if row.verdict == "shown" else _verdict(row, words),
        )
        for row in rows.itertuples()
    )
    heads = [words("heads.quantity", unit=words("terms.plain_yuan"))] + [
        words(f"heads.{head}")
        for head in ("over_seeds", "rehearsed", "truth", "distance_sd", "validity_verdict")
    ]
    return RenderedTable(tuple(heads), printed, _note(rows, words))


def quantity(key: str, words: Words) -> str:
    """The name of a quantity; the years in its key are fields of its name."""
    parts = key.split("_")
    years = [part for part in parts if part.isdigit()]
    stem = "_".join(part for part in parts if not part.isdigit())
    return words(f"validity_quantities.{stem}", years=" → ".join(years))


def _mean_sd(mean: float, sd: float, words: Words) -> str:
    spread = f"{sd:,.0f}" if sd == sd else NOTHING
    return words("terms.mean_sd", mean=_yuan(mean), sd=spread)


def _yuan(value: float) -> str:
    """Whole yuan, as the specification gives them; the report's scale would round small effects away."""
    return f"{value:+,.0f}".replace("-", "−")


def _verdict(row: object, words: Words) -> str:
    near = (row.role == "credible") == (row.verdict == "as_expected")
    return words(f"validity_verdicts.{'near_truth' if near else 'far_from_truth'}")


def _note(rows: pd.DataFrame, words: Words) -> str:
    apart = rows[(rows["mean"] - rows["rehearsed"]).abs() > rows["rehearsed_sd"]]
    names = [quantity(key, words) for key in apart["quantity"]]
    return words.sentences([
        words("notes.rehearsal_table", seeds=words.count(rows["seeds"].max())),
        words("notes.rehearsal_differences", rows=words.listed(names)) if names else words("notes.rehearsal_agrees"),
    ])  # fmt: skip
