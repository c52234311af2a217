"""Who is analysed: named exclusion rules from a table to a panel, and counts of who adopted when."""

from analysis.samples.balance import balance, most_unlike
from analysis.samples.panel import Panel
from analysis.samples.programme import missing, n_federations, platforms, prices
from analysis.samples.rollout import adoption, baseline_year, cohorts, groups_of, models, rollout
from analysis.samples.rules import RULES
from analysis.samples.select import Sample, SampleError, select
from analysis.samples.spread import Spread, spread

__all__ = [
    "RULES", "Panel", "Sample", "SampleError", "Spread", "adoption", "balance", "baseline_year", "cohorts", "groups_of",
    "missing", "models", "most_unlike", "n_federations", "platforms", "prices", "rollout", "select", "spread",
]  # fmt: skip
