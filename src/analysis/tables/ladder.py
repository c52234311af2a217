"""The ladder: what each step finds, what it adds and what one must believe to take it for an effect."""

from __future__ import annotations

import pandas as pd

from analysis.checks.ladder import ADJUSTED
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "从简单对比到可信估计：对“{outcome}”的各种算法及其前提",
    "en": "From easy to credible numbers for “{outcome}”, and what each assumes",
}


def make(steps: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per step."""
    unit = steps["unit"].iloc[0]
    printed = tuple(
        (
            _name(row, words),
            words.number(row.estimate, unit, signed=True),
            "" if row.step == "truth" else words.interval(row.conf_low, row.conf_high, unit),
            words(f"step_moves.{row.step}"),
            words(f"assumptions.{row.step}"),
        )
        for row in steps.itertuples()
    )
    heads = ("step", "estimate", "interval", "step_move", "assumption")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, _note(steps, words))


def _name(row: object, words: Words) -> str:
    name = words(f"steps.{row.step}")
    return words("notes.ladder_years", step=name, years=row.detail) if row.detail else name


def _note(steps: pd.DataFrame, words: Words) -> str:
    """How to read the rows, and why some have no number, no interval or are not there."""
    held = steps["step"].isin(ADJUSTED).any()
    without = [row for row in steps.itertuples() if row.status != "ok"]
    reasons: dict[str, list[str]] = {}
    for row in without:
        reasons.setdefault(words.status(row.status), []).append(words(f"steps.{row.step}"))
    return words.sentences([
        words("notes.ladder", unit=words.unit(steps["unit"].iloc[0]), level=words.confidence()),
        words("notes.ladder_last_year") if held else words("notes.ladder_no_covariates"),
        *(
            words("notes.remark", levels=words.listed(named), remark=reason)
            for reason, named in reasons.items() if reason
        ),
    ])  # fmt: skip
