"""Notebooks 03 and 04: where on the ladder the number moves most, and what changes there."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from analysis.report.sentences._sentence import Sentence, say
from analysis.words import Words

TOLD = 2  # moves named; the table has all of them


def ladder_moves(steps: pd.DataFrame, words: Words) -> Sentence | None:
    """The largest moves from one step to the next, each with what the step changes; nothing of one step alone."""
    known = [row for row in steps.itertuples() if pd.notna(row.estimate) and row.step != "truth"]
    moves = sorted(pairwise(known), key=lambda pair: -abs(pair[1].estimate - pair[0].estimate))[:TOLD]
    if not moves:
        return None
    told = [
        words(
            "sentences.ladder_move", before=words(f"steps.{first.step}"), after=words(f"steps.{second.step}"),
            start=words.number(first.estimate, first.unit, signed=True),
            end=words.amount(second.estimate, second.unit, signed=True), move=words(f"step_moves.{second.step}"),
        )
        for first, second in moves
    ]  # fmt: skip
    return say("ladder_moves", words, moves=words.sentences(told))
