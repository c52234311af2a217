"""From draws to bias, coverage and size.

The truth is the average effect of the law: the mean over the draws of the simulated effects. Intervals speak about
villages like these, not about these ones alone, so that they hold the effect on the drawn villages more often.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.checks.validity.draws import Draws
from analysis.checks.validity.scenarios import SCENARIOS

COLUMNS = (
    "scenario", "method", "ask", "draws", "with_estimate", "with_interval", "truth", "estimate", "bias", "sd",
    "monte_carlo_error", "coverage", "coverage_drawn", "excludes_zero",
)  # fmt: skip


def recovery(found: Iterable[Draws]) -> pd.DataFrame:
    """One row per scenario and method with COLUMNS, yuan and shares.

    with_estimate, with_interval : draws; the others are over these
    bias : mean estimate less mean truth of the same draws; sd : of estimate less truth
    coverage : of the law's average effect; coverage_drawn : of the effect on the villages drawn
    excludes_zero : share of intervals that do not hold zero: size where there is no effect, else power
    """
    rows = [_row(one, k) for one in found for k in range(len(one.methods))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(one: Draws, k: int) -> dict[str, object]:
    method = one.methods[k]
    truth, estimate, low, high = one.found[:, k].T
    known, given = np.isfinite(estimate), np.isfinite(low)
    error = (estimate - truth)[known]
    average = truth.mean()
    row = {
        "scenario": one.scenario, "method": method, "ask": SCENARIOS[one.scenario].asks[method],
        "draws": len(truth), "with_estimate": int(known.sum()), "with_interval": int(given.sum()),
        "truth": average, "estimate": _mean(estimate[known]), "bias": _mean(error),
    }  # fmt: skip
    sd = float(error.std(ddof=1)) if len(error) > 1 else np.nan
    truth, low, high = truth[given], low[given], high[given]
    return row | {
        "sd": sd, "monte_carlo_error": sd / np.sqrt(max(len(error), 1)),
        "coverage": _mean((low <= average) & (average <= high)),
        "coverage_drawn": _mean((low <= truth) & (truth <= high)),
        "excludes_zero": _mean((low > 0) | (high < 0)),
    }  # fmt: skip


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
