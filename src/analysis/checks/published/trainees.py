"""Trainees of LaLonde (1986) and Dehejia, Wahba (1999): answers of Imbens, Xu (2024), and what observational methods say.

The programme was dealt by lot, so that the difference between trainees and their own controls is the effect. Put in the place
of those controls the people of a survey, every observational method must find its way back to that number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd

from analysis.checks.instrument import two_stage
from analysis.checks.published import _data
from analysis.checks.published._record import Answer, half_unit
from analysis.members import (
    Effect,
    Section,
    entropy_balancing,
    matched_differences,
    nearest_neighbour,
    regression,
    weighting,
)

NAN = math.nan
TEN = ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75", "u74", "u75")
SURVEYS = ("cps", "psid")
UNIT = "dollars"  # of 1978
FEW = 30.0  # effective comparison persons below which an answer rests on a handful
XU = "Imbens, Xu (2024), {}"
_MATCHED = {"distance": "inverse_variance"}
STEPS = (
    "ols",
    "nearest_neighbour",
    "ipw",
    "aipw",
    "entropy_balancing",
    "matched_differences",
)  # named as on the ladder
METHODS: dict[str, Callable[..., Effect]] = {
    "difference": regression.difference,
    "ols": regression.ols,
    "nearest_neighbour": partial(nearest_neighbour.estimate, **_MATCHED),
    "ipw": weighting.ipw,
    "aipw": weighting.aipw,
    "entropy_balancing": entropy_balancing.estimate,
    "matched_differences": partial(matched_differences.estimate, **_MATCHED),
}


def word_of(method: str) -> str:
    """The key of a method's name in words/: as the ladder calls it, where it stands on the ladder."""
    return f"steps.{method}" if method in STEPS else f"published_methods.{method}"


@cache
def _frame(name: str) -> pd.DataFrame:
    table = pd.read_parquet(_data.path("lalonde", f"{name}.parquet")).astype({"re78": float})
    for year in ("74", "75"):
        if f"re{year}" in table:
            table[f"u{year}"] = (table[f"re{year}"] == 0).astype(float)
    return table


@cache
def trainees(controls: str) -> Section:
    """Trainees with their own controls ("nsw" of 1986, "nsw_dw" of 1999), or with those of a survey ("cps", "psid").

    Outcome: earnings of 1978 in dollars; before: earnings of 1975.
    """
    if controls in SURVEYS:
        own = _frame("nsw_dw")
        table = pd.concat([own[own["treat"] == 1], _frame(f"{controls}_controls")])
    else:
        table = _frame(controls)
    names = tuple(name for name in TEN if name in table)
    n = len(table)
    return Section(
        table["re78"].to_numpy(), table["treat"].to_numpy() == 1, table[list(names)].to_numpy(float), names,
        np.ones(n), np.array([f"p{k:05d}" for k in range(n)]), before=table["re75"].to_numpy(float),
    )  # fmt: skip


@cache
def _effect(method: str, controls: str, options: tuple[tuple[str, object], ...] = ()) -> Effect:
    return METHODS[method](trainees(controls), **dict(options))


def by_method() -> pd.DataFrame:
    """The experiment, then every observational method against each survey.

    One row each: method ("experiment" or one of METHODS), comparison ("own", "cps", "psid"), estimate, std_error, conf_low,
    conf_high in dollars of 1978, n_treated, n_comparison, effective_n (NaN where no weights are formed), thin (fewer than
    FEW effective comparison persons).
    """
    rows = [_row("experiment", "own", _effect("difference", "nsw_dw"))]
    rows += [_row(method, survey, _effect(method, survey)) for method in METHODS for survey in SURVEYS]
    return pd.DataFrame(rows)


def _row(method: str, comparison: str, found: Effect) -> dict[str, object]:
    effective = dict(found.notes).get("effective_n", NAN)
    return {
        "method": method, "comparison": comparison, "estimate": found.estimate, "std_error": found.std_error,
        "conf_low": found.conf_low, "conf_high": found.conf_high, "n_treated": found.n_treated,
        "n_comparison": found.n_comparison, "effective_n": effective, "thin": bool(effective < FEW),
    }  # fmt: skip


def _answer(
    key: str, method: str, controls: str, where: str, printed: str, tolerance: float, error: str = "",
    error_tolerance: float = NAN, row: str = "", **options: object,
) -> Answer:  # fmt: skip
    def compute() -> tuple[float, float]:
        found = _effect(method, controls, tuple(options.items()))
        return found.estimate, found.std_error

    named = "propensity_matching" if options.get("distance") == "probability" else method
    what = (word_of(named), f"published_parts.{controls}")
    return Answer(
        "lalonde", key, what, XU.format(where), printed, tolerance, compute, error, error_tolerance, row=row
    )  # fmt: skip


def _reference(key: str, controls: str, adjusted: bool, row: str, printed: str, error: str) -> Answer:
    """Least squares with HC1 errors, as statsmodels prints them."""

    def compute() -> tuple[float, float]:
        section = trainees(controls)
        given = section.covariates if adjusted else None
        treated = section.treated.astype(float)
        found = two_stage(section.outcome, treated, treated, controls=given)
        return found.estimate, found.std_error

    what = (
        word_of("ols" if adjusted else "difference"),
        f"published_parts.{controls}",
        "published_parts.robust",
    )
    return Answer(
        "lalonde", key, what, "statsmodels 0.15.0", printed, half_unit(printed), compute, error, half_unit(error), row=row
    )  # fmt: skip


FIXED = {"errors": "fixed_weights"}  # the source's errors take the weights as given
ANSWERS = (
    _answer("ldw_exp", "difference", "nsw_dw", "ldw 1", "1794", 1, "671", 2),
    _answer("nsw_exp", "difference", "nsw", "nsw 1", "886", 1, "488", 2),
    _answer("ldw_cps_diff", "difference", "cps", "ldw 2", "-8498", 1),
    _answer("ldw_psid_diff", "difference", "psid", "ldw 2", "-15205", 1),
    _answer("ldw_cps_reg", "ols", "cps", "ldw 3", "1066", 1, "627", 5),
    _answer("ldw_psid_reg", "ols", "psid", "ldw 3", "4", 1, "854", 5),
    _answer("ldw_cps_nn", "nearest_neighbour", "cps", "ldw 6", "1729", 500, "815", 300),
    _answer("ldw_cps_psm", "nearest_neighbour", "cps", "ldw 7", "1462", 500, "749", 300, distance="probability"),
    _answer("ldw_cps_ipw", "ipw", "cps", "ldw 8", "1224", 300, "690", 200),
    _answer("ldw_cps_ebal", "entropy_balancing", "cps", "ldw 10", "1406", 2, "655", 8, **FIXED),
    _answer("ldw_psid_ebal", "entropy_balancing", "psid", "ldw 10", "2420", 8, "877", 10, **FIXED),
    _answer("R23_hc2", "difference", "nsw_dw", "ldw 1", "1794.342382", 5.1e-7, "670.996544", 5.1e-7, row="R23"),
    _reference("R23_hc1", "nsw_dw", False, "R23", "1794.342382", "670.824491"),
    _reference("R23_adjusted", "nsw_dw", True, "R23", "1670.708802", "680.200983"),
    _reference("R24_difference", "cps", False, "R24", "-8497.516148", "581.9158"),
    _reference("R24_ols", "cps", True, "R24", "1066.376321", "626.8479"),
    _answer("R24_ebal", "entropy_balancing", "cps", "ldw 10", "1406.304229", 1e-6, row="R24", **FIXED),
    Answer(
        "lalonde", "R23_iid", (word_of("difference"), "published_parts.nsw_dw", "published_parts.classical"),
        "statsmodels 0.15.0", "632.853392", row="R23", reason="classical_error",
    ),
    Answer(
        "lalonde", "R24_irm", ("published_parts.learned", "published_parts.cps"), "doubleml 0.11.4", "1510", row="R24",
        reason="no_learners",
    ),
)  # fmt: skip
