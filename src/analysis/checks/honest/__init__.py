"""Trends that may differ: numbers under a stated limit on how far, one restriction per file.

Rambachan, Roth (2023), A more credible approach to parallel trends, Review of Economic Studies 90: the difference in
trend delta lies in a set Delta; `flci` takes Delta^SD(M), `relative_magnitude` Delta^RM(Mbar).
`analysis.checks.parallel_trends_bounds` asks both in one form.
"""

from analysis.checks.honest.event_path import EventPath, TrendsError, after_weights, from_path

__all__ = ["EventPath", "TrendsError", "after_weights", "from_path"]
