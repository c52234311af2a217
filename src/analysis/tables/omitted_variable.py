"""How strong an unrecorded difference would have to be, in the three usual measures."""

from __future__ import annotations

import math

from analysis.checks.confounding import Confounding
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”：没有记录的差别要多强，才会推翻结论",
    "en": "“{outcome}”: how strong an unrecorded difference would have to be",
}


def make(found: Confounding, words: Words) -> RenderedTable:
    """One printed row per measure that can be given."""
    robust, e_value = found.robustness, found.e_value
    values = {"estimate": words.amount(found.estimate, found.unit, signed=True)}
    if found.selection is not None:
        values |= {
            "short": words.amount(found.short, found.unit, signed=True),
            "oster_bound": words.amount(found.selection.bound, found.unit, signed=True),
            "oster_delta": words.number(found.selection.delta_at_zero, "statistic"),
        }
    values["robustness_value"] = words.share(robust.value)
    if math.isfinite(robust.value_at_alpha):
        values["robustness_value_limit"] = words.share(robust.value_at_alpha)
    values["e_value"] = words.number(e_value.of_estimate, "statistic")
    if math.isfinite(e_value.of_limit):
        values["e_value_limit"] = words.number(e_value.of_limit, "statistic")
    printed = tuple(
        (words(f"sensitivity.measures.{key}"), value, words(f"sensitivity.readings.{key}"))
        for key, value in values.items()
    )
    note = words.sentences([
        words(
            "notes.omitted_regression", n_treated=words.units(found.n_treated),
            n_comparison=words.units(found.n_comparison), last=found.last,
        ),
        words("notes.e_value"),
        "" if math.isfinite(robust.value_at_alpha) else words("notes.omitted_clustered"),
    ])  # fmt: skip
    heads = tuple(words(f"sensitivity.heads.{head}") for head in ("measure", "value", "reading"))
    return RenderedTable(heads, printed, note)
