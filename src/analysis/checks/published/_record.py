"""A published number, how this project computes it, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from analysis.checks.published._data import data_sets

MATCHED, ESTIMATE_ONLY, MISSED, NOT_COMPUTED, NOT_HERE = STATUSES = (
    "matched", "estimate_only", "missed", "not_computed", "not_here",
)  # fmt: skip
Compute = Callable[[], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One published or independently computed number.

    data, key : data set of data_sets.toml, and a name that is unique in it
    what : what is estimated, as keys of words/ ("levels.simple"), a field after "=" ("published_parts.event_time=-3")
    source : where it was printed, or who computed it
    printed, error : the number and its standard error with the digits that were printed; error "" where none is compared
    tolerance, error_tolerance : how far ours may be from them
    compute : gives estimate and standard error (NaN where there is none) in the source's unit; None where this project
        does not compute it, and `reason` says why (a key under [published_reasons])
    error_reason : why the printed error is not matched although the estimate is
    row : its row in a table of reference values ("R4"), "" for numbers of the data sets' own lists
    """

    data: str
    key: str
    what: tuple[str, ...]
    source: str
    printed: str
    tolerance: float = math.nan
    compute: Compute | None = None
    error: str = ""
    error_tolerance: float = math.nan
    reason: str = ""
    error_reason: str = ""
    row: str = ""

    @property
    def expected(self) -> float:
        """The printed number."""
        return float(self.printed)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an answer.

    estimate, std_error : ours; NaN where not computed
    status : one of STATUSES; reason : key under [published_reasons], "" where there is nothing to explain
    """

    answer: Answer
    estimate: float
    std_error: float
    status: str
    reason: str = ""


def evaluate(answer: Answer) -> Result:
    """Compute the answer and hold it against what was printed.

    Data that are not on this machine give "not_here", never a match.
    """
    if answer.compute is None:
        return Result(answer, math.nan, math.nan, NOT_COMPUTED, answer.reason)
    data = data_sets()[answer.data]
    if not data.is_here:
        return Result(answer, math.nan, math.nan, NOT_HERE, "not_redistributed")
    estimate, error = answer.compute()
    if not _near(estimate, answer.printed, answer.tolerance):
        return Result(answer, estimate, error, MISSED, answer.reason)
    if answer.error_reason:
        return Result(answer, estimate, error, ESTIMATE_ONLY, answer.error_reason)
    if answer.error and not _near(error, answer.error, answer.error_tolerance):
        return Result(answer, estimate, error, MISSED, answer.reason)
    return Result(answer, estimate, error, MATCHED)


def half_unit(printed: str) -> float:
    """Half a unit of the last digit printed, and a little: "0.0120" -> 5.1e-5."""
    mantissa, _, exponent = printed.lower().partition("e")
    digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return 0.51 * 10.0**-digits


def _near(value: float, printed: str, tolerance: float) -> bool:
    return abs(value - float(printed)) <= tolerance * (1 + 1e-9)
