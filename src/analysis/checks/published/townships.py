"""Townships and villages of Mengyin in the statistical division codes of June 2023, as the crosswalk counts them."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd

from analysis.checks.published import _data
from analysis.checks.published._record import Answer

DATA, YEAR = "mengyin_geography", 2023


@cache
def _townships() -> pd.DataFrame:
    from analysis.intake.villages.crosswalk import build
    from analysis.intake.villages.tables import township_table

    lists = pd.read_csv(_data.path(DATA, "village_codes_by_vintage.csv"), dtype="str")
    crosswalk, _ = build(lists, vintage=YEAR)
    return township_table(crosswalk)


SOURCE = "National Bureau of Statistics, June 2023"
ANSWERS = (
    Answer(
        DATA, "n_towns", ("published_parts.n_towns",), SOURCE, "10", 0, lambda: (len(_townships()), math.nan)
    ),
    Answer(
        DATA, "n_villages", ("published_parts.n_villages",), SOURCE, "375", 0,
        lambda: (int(_townships()["n_villages"].sum()), math.nan),
    ),
)  # fmt: skip
