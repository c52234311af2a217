"""Townships and villages of Mengyin in the statistical division codes of June 2023, as the crosswalk counts them."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from answers import Answer, shared

from analysis.intake.villages.crosswalk import build
from analysis.intake.villages.tables import township_table

DATA, YEAR = "mengyin_geography", 2023


@cache
def townships() -> pd.DataFrame:
    lists = pd.read_csv(shared(DATA, "village_codes_by_vintage.csv"), dtype="str")
    crosswalk, _ = build(lists, vintage=YEAR)
    return township_table(crosswalk)


ANSWERS = {
    DATA: {
        "n_towns": Answer(lambda: (len(townships()), None), 10, 0),
        "n_villages": Answer(lambda: (int(townships()["n_villages"].sum()), None), 375, 0),
    }
}


@pytest.mark.parametrize("answer", ANSWERS[DATA])
def test_counts(answer: str) -> None:
    ANSWERS[DATA][answer].check()
