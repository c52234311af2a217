"""What a reviewer asks first: units, years, clusters, estimator, comparison group."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "报告要件：每个估计依据什么", "en": "Reporting facts: what each estimate rests on"}


def make(facts: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per outcome; `facts` are those of `analysis.report.summary.Findings`."""
    design = words.study.design
    printed = tuple(
        (
            words.outcome(row.outcome),
            words(
                "terms.counted",
                n=words.units(row.n_units),
                noun=words.noun(words.study.outcome(row.outcome).table),
            ),
            words.years(row.first_year, row.last_year),
            words.units(row.n_treated),
            words.units(row.n_clusters),
            words(f"short_estimators.{row.estimator}"),
            words(f"comparison_groups.{design.comparison_group}"),
        )
        for row in facts.itertuples()
    )
    heads = ("outcome", "units", "years", "n_treated", "n_clusters", "estimator", "comparison")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.facts"))
