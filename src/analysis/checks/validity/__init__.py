"""Do the methods find a known truth? Bias, coverage and size over simulated counties, and the ladder over seeds."""

from analysis.checks.validity.draws import Draws, monte_carlo
from analysis.checks.validity.scenarios import SCENARIOS, Scenario, ScenarioError, chosen
from analysis.checks.validity.summary import recovery
from analysis.checks.validity.verdicts import judge

__all__ = ["SCENARIOS", "Draws", "Scenario", "ScenarioError", "chosen", "judge", "monte_carlo", "recovery"]
