"""Units whose books look written rather than kept are left out: values carried forward, or mostly round ones.

Carried forward: the same value, not zero, in two periods in a row. Round: at least half of the amounts of ten thousand
yuan and more are multiples of a thousand; one amount in a thousand would be by chance.
"""

from __future__ import annotations

import numpy as np

from analysis.checks.changes._case import Case, Variant, without
from analysis.intake.detectors.heaping import GRIDS

THEME = "sample"
LARGE = 10  # grids; smaller amounts are multiples too easily
MOSTLY = 0.5  # share of a unit's amounts


def variants(case: Case) -> list[Variant]:
    """Without units with repeated, and without units with round amounts; nothing where there are none."""
    if not case.has_histories:
        return []
    found = {"without_repeated": repeated(case.panel.outcome)}
    if case.held.unit == "yuan":
        found["without_round"] = mostly_round(case.panel.outcome)
    return [without(change, case, out) for change, out in found.items() if out.any()]


def repeated(outcome: np.ndarray) -> np.ndarray:
    """(n,) units with the same value in two periods in a row."""
    return ((outcome[:, 1:] == outcome[:, :-1]) & (outcome[:, 1:] != 0)).any(axis=1)


def mostly_round(outcome: np.ndarray) -> np.ndarray:
    """(n,) units most of whose large amounts are multiples of the grid."""
    amount, grid = np.abs(outcome), GRIDS[0]
    large = amount >= LARGE * grid
    n_large = large.sum(axis=1)
    return (n_large > 0) & ((large & (amount % grid == 0)).sum(axis=1) >= MOSTLY * n_large)
