"""A published or independently computed answer, and what it means to match it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis import paths


@dataclass(frozen=True, slots=True)
class Answer:
    """One number of index.json.

    compute : gives the estimate and its standard error (None where there is none), in the source's unit
    expected, tolerance : the number as printed, and how far the estimate may be from it
    error, error_tolerance : the same of the standard error; None where none is compared
    """

    compute: Callable[[], tuple[float, float | None]]
    expected: float
    tolerance: float
    error: float | None = None
    error_tolerance: float | None = None

    def check(self) -> None:
        """Assert that the project computes it."""
        estimate, std_error = self.compute()
        assert estimate == pytest.approx(self.expected, abs=self.tolerance)
        if self.error is not None:
            assert std_error == pytest.approx(self.error, abs=self.error_tolerance)


def shared(data: str, file: str) -> Path:
    """A file of a data set that may be read but not redistributed; skips, saying so, where it is absent."""
    folder = paths.shared_data()
    if folder is None or not (folder / data / file).is_file():
        pytest.skip(f"{data}: may not be redistributed; set COOPEVAL_DATA to the folder that holds it")
    return folder / data / file
