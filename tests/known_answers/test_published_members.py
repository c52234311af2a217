"""Trainees of LaLonde (1986) and Dehejia, Wahba (1999): answers of Imbens, Xu (2024), tables ldw and nsw."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from answers import Answer, shared

from analysis.members import Section, entropy_balancing, nearest_neighbour, regression, weighting

TEN = ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75", "u74", "u75")


def frame(file: str) -> pd.DataFrame:
    table = pd.read_stata(shared("lalonde", file)).astype({"re78": float})
    for year in ("74", "75"):
        if f"re{year}" in table:
            table[f"u{year}"] = (table[f"re{year}"] == 0).astype(float)
    return table


@cache
def trainees(controls: str) -> Section:
    """Trainees with their own controls (nsw of 1986, nsw_dw of 1999), or with those of a survey (cps, psid)."""
    if controls in ("nsw", "nsw_dw"):
        table = frame(f"{controls}.dta")
    else:
        own = frame("nsw_dw.dta")
        table = pd.concat([own[own["treat"] == 1], frame(f"{controls}_controls.dta")])
    names = tuple(name for name in TEN if name in table)
    n = len(table)
    return Section(
        table["re78"].to_numpy(), table["treat"].to_numpy() == 1, table[list(names)].to_numpy(float), names,
        np.ones(n), np.array([f"p{k:05d}" for k in range(n)]),
    )  # fmt: skip


def by(method, controls, **options):
    def compute():
        found = method(trainees(controls), **options)
        return found.estimate, found.std_error

    return compute


BALANCED = {"errors": "fixed_weights"}  # the source's errors take the weights as given
nearest = nearest_neighbour.estimate
ANSWERS = {
    "lalonde": {
        "ldw_exp": Answer(by(regression.difference, "nsw_dw"), 1794, 1, 671, 2),
        "nsw_exp": Answer(by(regression.difference, "nsw"), 886, 1, 488, 2),
        "ldw_cps_diff": Answer(by(regression.difference, "cps"), -8498, 1),
        "ldw_psid_diff": Answer(by(regression.difference, "psid"), -15205, 1),
        "ldw_cps_reg": Answer(by(regression.ols, "cps"), 1066, 1, 627, 5),
        "ldw_psid_reg": Answer(by(regression.ols, "psid"), 4, 1, 854, 5),
        "ldw_cps_nn": Answer(by(nearest, "cps", distance="inverse_variance"), 1729, 500, 815, 300),
        "ldw_cps_psm": Answer(by(nearest, "cps", distance="probability"), 1462, 500, 749, 300),
        "ldw_cps_ipw": Answer(by(weighting.ipw, "cps"), 1224, 300, 690, 200),
        "ldw_cps_ebal": Answer(by(entropy_balancing.estimate, "cps", **BALANCED), 1406, 2, 655, 8),
        "ldw_psid_ebal": Answer(by(entropy_balancing.estimate, "psid", **BALANCED), 2420, 8, 877, 10),
    }
}


@pytest.mark.parametrize("answer", ANSWERS["lalonde"])
def test_published_answer(answer: str) -> None:
    ANSWERS["lalonde"][answer].check()
