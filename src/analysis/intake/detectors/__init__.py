"""Cells that can be read and may still be wrong: one detector per file, each `find(frame, ...) -> list[Suspicion]`.

A detector reads a typed table (amounts in yuan, one row per unit and period) and changes nothing.
"""

from analysis.intake.detectors import balance, copy_forward, cumulative, heaping, outliers, unit_jump
from analysis.intake.detectors._suspicion import Severity, Suspicion

__all__ = [
    "Severity", "Suspicion", "balance", "copy_forward", "cumulative", "heaping", "outliers", "unit_jump",
]  # fmt: skip
