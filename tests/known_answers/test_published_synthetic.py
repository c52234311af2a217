"""Proposition 99, California 1989: Arkhangelsky et al. (2021), American Economic Review 111, table 1."""

from __future__ import annotations

import pandas as pd
import pytest
from answers import Answer, shared

from analysis.checks.synthetic_did import placebo_error, synthetic_did

DATA = "california_prop99"
N_BEFORE = 19  # 1970-1988


def packs():
    """(39, 31) cigarette packs per head by state and year, and which state is California."""
    wide = pd.read_csv(shared(DATA, "california_prop99.csv")).pivot(
        index="state", columns="year", values="cigsale"
    )
    assert int((wide.columns < 1989).sum()) == N_BEFORE
    return wide.to_numpy(), wide.index == "California"


def synthetic():
    return synthetic_did(*packs(), N_BEFORE).estimate, placebo_error(*packs(), N_BEFORE).std_error


def differences():
    return synthetic_did(*packs(), N_BEFORE, method="differences").estimate, None


ANSWERS = {
    DATA: {
        "sdid": Answer(synthetic, -15.604, 0.02, 9.34, 1.8),
        "did": Answer(differences, -27.349, 0.01),
    }
}


@pytest.mark.parametrize("answer", ANSWERS[DATA])
def test_published_answer(answer: str) -> None:
    ANSWERS[DATA][answer].check()
