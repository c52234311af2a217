"""Switching regression as a chapter shows it: coefficients, tests, averages, and two ways in which it can fail.

A fit to the baseline, when nobody was a member, should find nothing; and a number that turns when the outcome is put in
logarithms rests on the normal law, not on the data.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.members import switching
from analysis.members.households import before
from analysis.members.records import Switching
from analysis.members.section import Effect, Section
from analysis.members.switching import SwitchingError, SwitchingFit
from analysis.members.switching_effects import SwitchingEffects
from analysis.members.switching_instrument import JointTest

TESTS = ("first_stage", "falsification", "exclusion", "independence_wald", "independence_lr")


def answer(section: Section, *, conf_level: float, unit: str) -> Switching:
    """Everything about the switching regression of a section; the reason in `refusal` where there is none."""
    try:
        fit = switching.fit(section)
        averages = switching.effects(fit, section, conf_level=conf_level)
    except SwitchingError as error:
        return Switching(" ".join(str(error).split()))
    past = None if section.before is None else before(section)
    return Switching(
        refusal="",
        fit=fit,
        effect=switching.average(fit, averages),
        placebo=_attempt(past, conf_level),
        in_logs=_attempt(_logs(section), conf_level),
        placebo_in_logs=_attempt(_logs(past), conf_level),
        coefficients=_coefficients(fit),
        tests=_tests(fit),
        averages=_averages(averages, fit, unit),
    )


def _logs(section: Section | None) -> Section | None:
    if section is None or (section.outcome <= 0).any():
        return None
    return replace(section, outcome=np.log(section.outcome), before=None)


def _attempt(section: Section | None, conf_level: float) -> Effect | None:
    if section is None:
        return None
    try:
        return switching.estimate(section, conf_level=conf_level)
    except SwitchingError:
        return None


def _coefficients(fit: SwitchingFit) -> pd.DataFrame:
    error = np.sqrt(np.diag(fit.covariance))
    rows = [
        (*name.split(":", 1), estimate, se)
        for name, estimate, se in zip(fit.names[:-4], fit.parameters[:-4], error[:-4], strict=True)
    ]
    for position, side in enumerate(("outside", "member")):
        rows.append((side, "sigma", fit.sigma[position], fit.error_of_sigma(fit.covariance)[position]))
        rows.append((side, "rho", fit.rho[position], fit.error_of_rho(fit.covariance)[position]))
    return pd.DataFrame(rows, columns=["equation", "variable", "estimate", "std_error"]).assign(
        n_treated=fit.n_members, n_clusters=fit.n_clusters
    )


def _tests(fit: SwitchingFit) -> pd.DataFrame:
    found: list[tuple[str, JointTest]] = [
        (name, test) for name in TESTS if (test := getattr(fit, name)) is not None
    ]
    return pd.DataFrame(
        [(name, test.statistic, test.df, test.df_error, test.p_value) for name, test in found],
        columns=["test", "statistic", "df", "df_error", "p_value"],
    )


def _averages(found: SwitchingEffects, fit: SwitchingFit, unit: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": list(found.keys), "estimate": found.estimate, "std_error": found.std_error,
            "conf_low": found.conf_low, "conf_high": found.conf_high, "n_treated": fit.n_members,
            "n_clusters": fit.n_clusters, "unit": unit, "status": "ok",
        }
    )  # fmt: skip
