"""Who is analysed: named exclusion rules from a table to a panel, counts of who adopted when, tables joined by keys."""

from analysis.samples.balance import balance, most_unlike
from analysis.samples.joins import Joined, JoinError, join, linked
from analysis.samples.panel import CrossSections, Observed, Panel, UnbalancedPanel
from analysis.samples.programme import missing, n_federations, platforms, prices
from analysis.samples.quality import (
    Coverage,
    Diagram,
    Extremes,
    Heaped,
    columns,
    coverage,
    diagram,
    extremes,
    heaped,
    identities,
    references,
    suspicions,
)
from analysis.samples.rollout import adoption, baseline_year, cohorts, groups_of, models, rollout
from analysis.samples.rules import RULES
from analysis.samples.select import Sample, SampleError, select, select_as
from analysis.samples.spells import SpellError, active_in, dated_first
from analysis.samples.spread import Spread, spread

__all__ = [
    "RULES", "Coverage", "CrossSections", "Diagram", "Extremes", "Heaped", "JoinError", "Joined", "Observed", "Panel", "Sample", "SampleError",
    "SpellError", "Spread", "UnbalancedPanel", "active_in", "adoption", "balance", "baseline_year", "cohorts", "columns", "coverage",
    "dated_first", "diagram", "extremes", "groups_of", "heaped", "identities", "join", "linked", "missing", "models",
    "most_unlike", "n_federations", "platforms", "prices", "references", "rollout", "select", "select_as", "spread", "suspicions",
]  # fmt: skip
