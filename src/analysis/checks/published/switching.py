"""Endogenous switching regression: the worked example of endoSwitch, and the examples of sampleSelection.

Zambia: log likelihood, sigma and rho of non-adopters (0) and adopters (1), effects on both. R29, R30: three equations with
one regressor each, as Toomet, Henningsen (2008) and the package's own test print them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd

from analysis.checks.published import _data
from analysis.checks.published._record import Answer, half_unit
from analysis.members import Section, switching, switching_likelihood, switching_two_step
from analysis.members.switching_likelihood import Equations
from analysis.members.switching_two_step import TwoStep

NAN = math.nan
ZAMBIA, EXAMPLES = "zambia_conservation_agriculture", "switching_examples"
TWELVE = (
    "Age", "Education", "Access_to_credit", "Association", "Number_of_extension_contacts", "Farm_size", "Machinery",
    "Distance_to_market", "Soil_quality", "Eastern", "Western", "Southern",
)  # fmt: skip
SPECIFICATIONS = {"esr": (("Age",), ("Perception",)), "esr2": (TWELVE, ("Perception", "Erosion_awareness"))}
SIGNS = np.array([-1, 1])  # the package prints the first Mills ratio turned round


@cache
def zambia(specification: str) -> dict[str, float]:
    """What the worked example prints for one of SPECIFICATIONS."""
    covariates, instruments = SPECIFICATIONS[specification]
    table = pd.read_csv(_data.path(ZAMBIA, "zambia_ca.csv"))
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
        **{name: float(effects.estimate[effects.position(name)]) for name in ("att", "atu")},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """Maximum likelihood and two steps of one example.

    loglik; estimate, error : (10,) selection, first and second outcome equation (2 each), sigma (2), rho (2)
    two_step : Heckman's estimates
    """

    loglik: float
    estimate: np.ndarray
    error: np.ndarray
    two_step: TwoStep


@cache
def example(name: str) -> Example:
    """The example in data/published/switching_examples/<name>.parquet."""
    table = pd.read_parquet(_data.path(EXAMPLES, f"{name}.parquet"))
    one = np.ones(len(table))
    designs = [np.column_stack([one, table[column]]) for column in ("xs", "xo1", "xo2")]
    outcome, selected = table["outcome"].to_numpy(), table["selected"].to_numpy() == 1
    equations = Equations(outcome, selected, one, *designs, tuple("abcdef"))
    start = switching_two_step.two_step(equations)
    top = switching_likelihood.maximise(equations, start.parameters)
    of = switching_likelihood.unpack(top.parameters, equations.sizes)
    scale = np.r_[np.ones(6), of.sigma, 1 - of.rho**2]
    estimate = np.r_[top.parameters[:6], of.sigma, of.rho]
    return Example(top.loglik, estimate, np.sqrt(np.diag(top.bread)) * scale, start)


def _of_zambia(key: str, printed: str, tolerance: float) -> Answer:
    specification, _, name = key.partition("_")
    return Answer(
        ZAMBIA, key, (f"published_parts.{specification}", f"published_parts.switching_{name}"),
        "endoSwitch 1.0.0, second program", printed, tolerance, lambda: (zambia(specification)[name], NAN),
    )  # fmt: skip


_PARAMETERS = (
    "select_constant", "select_slope", "first_constant", "first_slope", "second_constant", "second_slope", "sigma_first",
    "sigma_second", "rho_first", "rho_second",
)  # fmt: skip


def _printed(row: str, name: str, source: str, estimates: str, errors: str = "") -> list[Answer]:
    def at(position: int) -> tuple[float, float]:
        found = example(name)
        return float(found.estimate[position]), float(found.error[position])

    paired = errors.split() or [""] * len(_PARAMETERS)
    rows = zip(_PARAMETERS, estimates.split(), paired, strict=True)
    return [
        Answer(
            EXAMPLES, f"{row}_{parameter}", (f"published_parts.{name}", f"published_parts.switching_{parameter}"),
            source, value, half_unit(value), partial(at, k), error, half_unit(error) if error else NAN, row=row,
        )
        for k, (parameter, value, error) in enumerate(rows)
    ]  # fmt: skip


def _single(
    row: str, key: str, name: str, source: str, printed: str, read: Callable[[Example], float]
) -> Answer:
    return Answer(
        EXAMPLES, f"{row}_{key}", (f"published_parts.{name}", f"published_parts.switching_{key}"), source, printed,
        half_unit(printed), lambda: (float(read(example(name))), NAN), row=row,
    )  # fmt: skip


JSS, TEST = "Toomet, Henningsen (2008)", "sampleSelection, own test"
ANSWERS = (
    _of_zambia("esr_ll", "-536.4794", 0.01),
    _of_zambia("esr_att", "1.1603", 0.002),
    _of_zambia("esr_atu", "1.3195", 0.002),
    _of_zambia("esr_rho1", "-0.1175", 0.002),
    _of_zambia("esr_rho0", "0.1645", 0.002),
    _of_zambia("esr_s1", "0.7011", 0.002),
    _of_zambia("esr_s0", "0.4621", 0.002),
    _of_zambia("esr2_ll", "-347.5488", 0.02),
    _of_zambia("esr2_att", "0.9885", 0.003),
    _of_zambia("esr2_atu", "1.2115", 0.003),
    _single("R29", "ll", "vignette", JSS, "-895.8201", lambda found: found.loglik),
    *_printed(
        "R29", "vignette", JSS, "-0.1550 1.1408 0.02708 0.83959 0.1583 0.8375 0.93191 0.90697 0.88988 0.17695",
        "0.1051 0.1785 0.16395 0.14968 0.1885 0.1707 0.09211 0.04434 0.05353 0.33139",
    ),
    *_printed(
        "R30", "package_test", TEST,
        "-0.01045 1.01595 -0.02694 0.99421 -0.00607 1.01509 1.01208 1.02363 0.87183 0.46491",
    ),
    _single("R30", "mills_first", "package_test", TEST, "-0.92726", lambda found: (found.two_step.mills * SIGNS)[0]),
    _single("R30", "mills_second", "package_test", TEST, "0.46612", lambda found: (found.two_step.mills * SIGNS)[1]),
)  # fmt: skip
