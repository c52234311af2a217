"""Amounts at the prices of one year.

    Y_it at base-year prices = Y_it * P_base / P_t,   P: price level, the same for all units

A common price level cancels in logs, but not in yuan: the same real gain is more yuan at later prices.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.checks.changes._case import Case, Variant

THEME = "values"


def variants(case: Case) -> list[Variant]:
    """The outcome at constant prices, in yuan of the base year; nothing without an index or for other units."""
    if case.held.prices is None or not case.has_histories:
        return []
    panel = replace(case.panel, outcome=case.panel.outcome / case.held.prices)
    return [Variant("constant_prices", panel, case.design, case.estimator, str(case.held.base_year))]
