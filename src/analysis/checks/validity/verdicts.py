"""What is to be thought of bias and coverage: the demands of the scenarios, judged together.

A right interval at 95 per cent holds the truth in a binomial number of R draws: the band is the exact central 99 per
cent of that law (R = 1,000: 0.931 to 0.967). Where m demands are judged together, each is held to 1 per cent / m, so that
right methods are blamed in one table of a hundred; rows outside the band of a single one are marked.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import bdtrik, ndtri

BAND = 0.99  # probability that a right interval's coverage lies inside the band
ERRORS = 3.0  # Monte Carlo errors that a bias may have
SMALL = 0.2  # s.d. of the estimates that a bias may have where a model only approximates
LEVEL = 0.95  # of the intervals, that of a Design left as it is


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what is to be thought of them.

    band_low, band_high : of a single row; family_low, family_high : of all rows judged together
    bias_errors : bias in Monte Carlo errors; bias_limit : what they may be
    demands : what is asked of all these rows together, in number
    verdict : "met", "missed" (asked and not given), "as_expected" (fails, and does), "not_seen" (should fail, does
        not at this number of draws), "shown"
    marked : asked, met, and yet outside the band or the errors of a single row
    """
    asked = demands(rows)
    alpha = (1 - BAND) / max(asked, 1)
    limit = max(ERRORS, float(ndtri(1 - alpha / 2)))
    bands = {
        kind: [_band(n, share) for n in rows["with_interval"]]
        for kind, share in (("band", 1 - BAND), ("family", alpha))
    }
    judged = rows.assign(
        **{f"{kind}_{end}": [band[k] for band in found] for kind, found in bands.items()
           for k, end in enumerate(("low", "high"))},
        bias_errors=_ratio(rows["bias"], rows["monte_carlo_error"]), bias_limit=limit, demands=asked,
    )  # fmt: skip
    unbiased = judged["bias_errors"].abs() <= limit
    covers = judged["coverage"].between(judged["family_low"], judged["family_high"])
    none = judged["with_interval"] == 0
    near = judged["bias"].abs() <= SMALL * judged["sd"] + limit * judged["monte_carlo_error"]
    given = {"required": unbiased & covers, "unbiased": unbiased, "near": near, "no_interval": none}
    alone = (judged["bias_errors"].abs() <= ERRORS) & judged["coverage"].between(
        judged["band_low"], judged["band_high"]
    )
    verdict = pd.Series("shown", index=judged.index)
    for ask, right in given.items():
        here = judged["ask"] == ask
        verdict[here] = np.where(right[here], "met", "missed")
    here = judged["ask"] == "fails"
    verdict[here] = np.where((unbiased & covers)[here], "not_seen", "as_expected")
    marked = (judged["ask"] == "required") & (verdict == "met") & ~alone
    return judged.assign(verdict=verdict, marked=marked)


def demands(rows: pd.DataFrame) -> int:
    """How many things are asked: of a "required" row bias and coverage, of others bias alone."""
    return int(rows["ask"].isin(["required", "unbiased", "near"]).sum() + (rows["ask"] == "required").sum())


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole).where(whole > 0)


def _band(n: int, alpha: float) -> tuple[float, float]:
    """Shares of n that a binomial share of LEVEL leaves with probability `alpha` at most, half on either side."""
    if n == 0:
        return np.nan, np.nan
    low, high = (np.ceil(bdtrik(p, n, LEVEL)) for p in (alpha / 2, 1 - alpha / 2))
    return float(low / n), float(high / n)
