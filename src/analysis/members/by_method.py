"""The effect on members by every method, on the same households, and what the same method finds before anybody joined.

The second number is a placebo: membership cannot have moved the outcome of the baseline, so that whatever a method finds
there is a difference that its covariates leave (Imbens, Rubin 2015, Causal inference, chapter 21, pseudo-outcomes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from analysis.effects import EstimatorError
from analysis.members import (
    entropy_balancing,
    kernel,
    matched_differences,
    nearest_neighbour,
    regression,
    weighting,
)
from analysis.members._gate import MemberEffectError
from analysis.members.households import before
from analysis.members.section import Effect, Section
from analysis.members.switching_likelihood import SwitchingError

NEIGHBOURS = 4  # as the matching whose results the synthetic county was calibrated to (4-NN)
DRAWS = 99  # of villages, for the kernel's error: its own relative error is then 7 per cent
KEYS = (
    "difference", "ols", "nearest_neighbour", "kernel", "ipw", "aipw", "aipw_cross_fitted", "entropy_balancing",
    "switching", "matched_differences",
)  # fmt: skip
LEVELS = KEYS[:-1]  # those that compare levels at one date
PLACEBOS = tuple(key for key in LEVELS if key != "switching")
COLUMNS = (
    "method", "estimate", "std_error", "conf_low", "conf_high", "n_treated", "n_comparison", "n_clusters",
    "effective_n", "status", "at_baseline", "baseline_low", "baseline_high",
)  # fmt: skip


def methods(seed: int) -> dict[str, Callable[..., Effect]]:
    """The methods by key, with the options that this project uses; switching regression is fitted apart."""
    matched = {"neighbours": NEIGHBOURS, "bias": "regression"}
    return {
        "difference": regression.difference,
        "ols": regression.ols,
        "nearest_neighbour": partial(nearest_neighbour.estimate, **matched),
        "kernel": partial(kernel.estimate, draws=DRAWS, seed=seed),
        "ipw": weighting.ipw,
        "aipw": weighting.aipw,
        "aipw_cross_fitted": partial(weighting.aipw_cross_fitted, seed=seed),
        "entropy_balancing": entropy_balancing.estimate,
        "matched_differences": partial(matched_differences.estimate, **matched),
    }


def placebos(seed: int) -> dict[str, Callable[..., Effect]]:
    """The same for the baseline; where only the number is shown, with the error that is quickest to have."""
    runs = methods(seed)
    return runs | {
        "nearest_neighbour": partial(runs["nearest_neighbour"], errors="village"),
        "kernel": partial(runs["kernel"], draws=kernel.FEWEST),
    }


def by_method(
    section: Section,
    *,
    conf_level: float,
    seed: int,
    fewest: int,
    known: Mapping[str, Effect | str],
) -> pd.DataFrame:
    """One row per method with COLUMNS, outcome unit; a method that the data do not carry says why in `status`.

    Parameters
    ----------
    fewest : effective villages below which an estimate keeps no interval.
    known : by method, effects already estimated, or the reason why there is none.
    """
    runs, past = methods(seed), placebos(seed)
    rows = []
    for key in KEYS:
        found = known[key] if key in known else attempt(runs[key], section, conf_level)
        row = {"method": key, **_row(found, section, fewest)}
        if key in PLACEBOS and section.before is not None:
            placebo = _row(attempt(past[key], before(section), conf_level), section, fewest)
            row |= {
                "at_baseline": placebo["estimate"], "baseline_low": placebo["conf_low"],
                "baseline_high": placebo["conf_high"],
            }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def attempt(method: Callable[..., Effect], section: Section, conf_level: float) -> Effect | str:
    """The effect, or the sentence in which the method refused."""
    try:
        return method(section, conf_level=conf_level)
    except (MemberEffectError, SwitchingError, EstimatorError) as error:
        return " ".join(str(error).split())


def _row(found: Effect | str, section: Section, fewest: int) -> dict[str, object]:
    if isinstance(found, str):
        nothing = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high", "effective_n"), np.nan)
        counts = {"n_treated": section.n_treated, "n_comparison": 0, "n_clusters": 0}
        return {**nothing, **counts, "status": f"not estimable: {found}"}
    notes = dict(found.notes)
    low, high, status = found.conf_low, found.conf_high, "ok"
    carried = notes.get("effective_clusters", np.inf)
    if carried < fewest:
        low, high = np.nan, np.nan
        status = f"flagged: the weight of {carried:.1f} effective clusters, no interval"
    elif not np.isfinite(low):
        status = "flagged: no interval"
    return {
        "estimate": found.estimate, "std_error": found.std_error, "conf_low": low, "conf_high": high,
        "n_treated": found.n_treated, "n_comparison": found.n_comparison, "n_clusters": found.n_clusters,
        "effective_n": notes.get("effective_n", np.nan), "status": status,
    }  # fmt: skip
