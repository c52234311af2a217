"""Conservation agriculture in Zambia: the worked example of the R package endoSwitch, Output by adoption of CA."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from answers import Answer, shared

from analysis.members import Section, switching

DATA = "zambia_conservation_agriculture"
TWELVE = (
    "Age", "Education", "Access_to_credit", "Association", "Number_of_extension_contacts", "Farm_size", "Machinery",
    "Distance_to_market", "Soil_quality", "Eastern", "Western", "Southern",
)  # fmt: skip
SPECIFICATIONS = {"esr": (("Age",), ("Perception",)), "esr2": (TWELVE, ("Perception", "Erosion_awareness"))}


@cache
def fitted(specification: str) -> dict[str, float]:
    """Log likelihood, sigma and rho of non-adopters (0) and adopters (1), effects on both."""
    covariates, instruments = SPECIFICATIONS[specification]
    table = pd.read_csv(shared(DATA, "zambia_ca.csv"))
    n = len(table)
    section = Section(
        table["Output"].to_numpy(float), table["CA"].to_numpy() == 1, table[list(covariates)].to_numpy(float),
        covariates, np.ones(n), np.array([f"h{k:03d}" for k in range(n)]),
        instrument=table[list(instruments)].to_numpy(float),
    )  # fmt: skip
    fit = switching.fit(section)
    effects = switching.effects(fit, section)
    return {
        "ll": fit.loglik, "s0": fit.sigma[0], "s1": fit.sigma[1], "rho0": fit.rho[0], "rho1": fit.rho[1],
        **{name: effects.estimate[effects.position(name)] for name in ("att", "atu")},
    }  # fmt: skip


def at(specification, name):
    return lambda: (fitted(specification)[name], None)


ANSWERS = {
    DATA: {
        "esr_ll": Answer(at("esr", "ll"), -536.4794, 0.01),
        "esr_att": Answer(at("esr", "att"), 1.1603, 0.002),
        "esr_atu": Answer(at("esr", "atu"), 1.3195, 0.002),
        "esr_rho1": Answer(at("esr", "rho1"), -0.1175, 0.002),
        "esr_rho0": Answer(at("esr", "rho0"), 0.1645, 0.002),
        "esr_s1": Answer(at("esr", "s1"), 0.7011, 0.002),
        "esr_s0": Answer(at("esr", "s0"), 0.4621, 0.002),
        "esr2_ll": Answer(at("esr2", "ll"), -347.5488, 0.02),
        "esr2_att": Answer(at("esr2", "att"), 0.9885, 0.003),
        "esr2_atu": Answer(at("esr2", "atu"), 1.2115, 0.003),
    }
}


@pytest.mark.parametrize("answer", ANSWERS[DATA])
def test_second_implementation(answer: str) -> None:
    ANSWERS[DATA][answer].check()
