"""Tests of the switching regression: instrument, exclusion, independence, and what it finds where nothing can be."""

from __future__ import annotations

import math

from analysis.members.records import Switching
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "内生转换回归能不能信：工具变量、排除限制与模型检验",
    "en": "Whether the switching regression can be believed: instrument, exclusion and model",
}


def make(switching: Switching, words: Words) -> RenderedTable:
    """One printed row per test: what it asks, statistic with its degrees of freedom, p."""
    if switching.fit is None:
        return RenderedTable(("",) * 4, ())
    printed = []
    for row in switching.tests.itertuples():
        law = f"F({row.df}, {words.count(row.df_error)})" if math.isfinite(row.df_error) else f"χ²({row.df})"
        printed.append(
            (
                words(f"members.switching_tests.{row.test}"), words(f"members.switching_asks.{row.test}"),
                f"{law} = {words.number(row.statistic, 'statistic')}", _p(row.p_value, words),
            )
        )  # fmt: skip
    heads = ("members.heads.test", "members.heads.asks", "members.heads.test_statistic", "heads.p_value")
    fit = switching.fit
    note = words(
        "members.notes.switching_tests", starts=words.count(fit.n_starts), steps=words.count(fit.n_iter),
        gradient=f"{fit.gradient_norm:.0e}",
    )  # fmt: skip
    climbed = words(f"members.notes.switching_{'converged' if fit.converged else 'not_converged'}")
    return RenderedTable(
        tuple(words(head) for head in heads), tuple(printed), words.sentences([climbed, note])
    )


def _p(value: float, words: Words) -> str:
    smallest = 0.001
    return f"< {smallest:g}" if value < smallest else words.number(value, "probability")
