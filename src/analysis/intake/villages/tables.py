"""Registers of villages and townships as a crosswalk knows them."""

from __future__ import annotations

import pandas as pd

from analysis.intake.villages.crosswalk import Crosswalk
from analysis.intake.villages.names import committee_type, short_name

CODE_YEAR = 2021  # the data model's column is code_2021, whatever the reference year
_IDENTITY = ("same", "rename", "recode", "urbanise")


def village_table(crosswalk: Crosswalk, vintage: int | None = None) -> pd.DataFrame:
    """One row per village, by id: village_id, township_code, township, village, code_2021, committee_type.

    Name, township and committee (village or residents) are those of the list of `vintage`, by default the reference
    year; of a village that is not in it, those of its nearest list. village : as people write it, 望禾滩村. code_2021 is
    missing for a village that is not in the list of 2021.
    """
    year = crosswalk.vintage if vintage is None else vintage
    frame = crosswalk.frame
    own = frame[frame["event"].isin(_IDENTITY) & (frame["weight"] == 1)]
    distance = (own["vintage"] - year).abs()
    own = own.assign(distance=distance).sort_values(["village_id", "distance", "vintage"], kind="stable")
    nearest = own.drop_duplicates("village_id")
    at_2021 = own[own["vintage"] == CODE_YEAR].set_index("village_id")["code"]
    kinds = [committee_type(code, name) for code, name in zip(nearest["code"], nearest["name"], strict=True)]
    table = pd.DataFrame(
        {
            "village_id": nearest["village_id"].to_numpy(object),
            "township_code": nearest["township_code"].to_numpy(object),
            "township": nearest["township"].to_numpy(object),
            "village": [short_name(name) for name in nearest["name"]],
            "code_2021": nearest["village_id"].map(at_2021).to_numpy(object),
            "committee_type": kinds,
        }
    )
    return table.astype("str")


def township_table(crosswalk: Crosswalk, vintage: int | None = None) -> pd.DataFrame:
    """One row per township of the list of `vintage` (the reference year): township_code, township, n_villages.

    n_villages counts the villages of that list.
    """
    year = crosswalk.vintage if vintage is None else vintage
    listed = crosswalk.frame[crosswalk.frame["vintage"] == year]
    grouped = listed.groupby(["township_code", "township"], sort=True)["code"].nunique()
    return grouped.rename("n_villages").reset_index()
