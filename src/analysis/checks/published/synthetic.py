"""Proposition 99, California 1989: Arkhangelsky et al. (2021), American Economic Review 111, table 1."""

from __future__ import annotations

import math
from functools import cache, partial

import numpy as np
import pandas as pd

from analysis.checks.published import _data
from analysis.checks.published._record import Answer, half_unit
from analysis.checks.synthetic_did import placebo_error, synthetic_did

DATA = "california_prop99"
FIRST_YEAR = 1989
TWO_PACKAGES = "synthdid (R), synthdid-py 0.1.0"


@cache
def _packs() -> tuple[np.ndarray, np.ndarray, int]:
    """(39, 31) cigarette packs per head by state and year, which state is California, and the years before."""
    table = pd.read_csv(_data.path(DATA, "california_prop99.csv"))
    wide = table.pivot(index="state", columns="year", values="cigsale")
    return wide.to_numpy(), wide.index == "California", int((wide.columns < FIRST_YEAR).sum())


@cache
def _estimate(method: str) -> float:
    return synthetic_did(*_packs(), method=method).estimate


def _with_error() -> tuple[float, float]:
    return _estimate("synthetic_did"), placebo_error(*_packs()).std_error


def _alone(method: str) -> tuple[float, float]:
    return _estimate(method), math.nan


def _reference(method: str, printed: str) -> Answer:
    # The source reads the same data with fewer decimals, which moves the first number by 2e-8.
    tolerance = max(3e-8, half_unit(printed))
    what = (f"published_parts.{method}",)
    return Answer(
        DATA, f"R22_{method}", what, TWO_PACKAGES, printed, tolerance, partial(_alone, method), row="R22"
    )


ANSWERS = (
    Answer(
        DATA, "sdid", ("published_parts.synthetic_did",), "sdid, README; table 1", "-15.604", 0.02, _with_error, "9.34", 1.8
    ),
    Answer(
        DATA, "did", ("published_parts.differences",), "sdid, tutorial; table 1", "-27.349", 0.01,
        partial(_alone, "differences"),
    ),
    _reference("synthetic_did", "-15.60382787"),
    _reference("synthetic_control", "-19.61966347"),
    _reference("differences", "-27.34911108"),
)  # fmt: skip
