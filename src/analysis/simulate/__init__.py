"""A county with known effects: invented villages, households and coops, calibrated to published totals."""

from analysis.simulate.calibration import calibration
from analysis.simulate.county import SimulatedCounty, SimulatedVillages, simulate, simulate_villages
from analysis.simulate.parameters import COVARIATES_OBSERVED, SCENARIOS, County, ParameterError, county_from
from analysis.simulate.write import FolderError, write_study

__all__ = [
    "COVARIATES_OBSERVED", "SCENARIOS", "County", "FolderError", "ParameterError", "SimulatedCounty",
    "SimulatedVillages", "calibration", "county_from", "simulate", "simulate_villages", "write_study",
]  # fmt: skip
