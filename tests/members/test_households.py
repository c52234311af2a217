"""Which households are compared with whom: counted by hand on a table small enough to see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.members.households import HouseholdsError, before, households
from analysis.study.membership import Membership

COHORT = pd.Series([2020.0, 2022.0, np.nan], index=["v1", "v2", "v3"]).astype("Float64")


def declared(**changes: object) -> Membership:
    given = {
        "table": "wave", "unit": "hh", "time": "year", "village": "village", "member": "member", "outcome": "income",
        "baseline": 2019, "compared": 2021, "covariates": ("land",), "low_income": "poor", "weight": "w",
        "instruments": {"party": {"reason": {"zh": "因", "en": "because"}}},
    }  # fmt: skip
    return Membership.model_validate(given | changes)


def wave() -> pd.DataFrame:
    """Village v1 has a coop in 2021, v2 gets one in 2022, v3 never; four households each, two dates."""
    rows = []
    for village in ("v1", "v2", "v3"):
        for k in range(4):
            for year in (2019, 2021):
                member = village == "v1" and k < 2 and year == 2021
                rows.append(
                    (
                        f"{village}h{k}",
                        village,
                        year,
                        int(member),
                        100.0 * k + year,
                        k + 1.5,
                        k == 3,
                        k % 2,
                        1.0 + k,
                    )
                )
    names = ["hh", "village", "year", "member", "income", "land", "poor", "party", "w"]
    return pd.DataFrame(rows, columns=names).sample(frac=1, random_state=1)


def test_members_neighbours_and_households_elsewhere():
    found = households(wave(), declared(), "income", COHORT)

    assert found.unit.tolist() == sorted(found.unit) and len(found.unit) == 12
    assert found.section.n_treated == 2 and found.reached.sum() == 4
    neighbours, elsewhere = found.against("neighbours"), found.against("elsewhere")
    assert sorted(set(neighbours.cluster)) == ["v1"] and len(neighbours.outcome) == 4
    assert (~elsewhere.treated).sum() == 8, "v2 had none yet in 2021, though it adopts later"
    assert found.section.outcome[0] == 2021 and found.section.before[0] == 2019
    assert found.section.instrument_names == ("party",)
    assert found.section.weight.mean() == pytest.approx(1) and found.section.weight[3] == pytest.approx(
        4 / 2.5
    )
    assert found.low_income.sum() == 3
    assert found.groups() == ("neighbours", "elsewhere")
    assert np.array_equal(before(found.section).outcome, found.section.before)


def test_everybody_left_out_is_counted_by_reason():
    frame = wave().set_index(["hh", "year"])
    frame = frame.drop(("v1h3", 2019))  # not there at the baseline
    frame.loc[("v1h0", 2019), "member"] = 1  # joined before the baseline
    frame.loc[("v2h0", 2021), "income"] = np.nan
    frame.loc[("v2h1", 2019), "land"] = np.nan
    frame.loc[("v3h0", 2021), "member"] = 1  # where no coop is
    moved = pd.Series(["v9", "v9"], index=pd.MultiIndex.from_tuples([("v3h3", 2019), ("v3h3", 2021)]))
    frame.loc[moved.index, "village"] = "v9"
    found = households(frame.reset_index(), declared(), "income", COHORT)

    out = dict(zip(found.flow["rule"], found.flow["households_out"], strict=True))
    assert out == {
        "read": 0, "no_baseline": 1, "member_at_baseline": 1, "value_missing": 2, "village_unknown": 1,
        "member_without_coop": 1,
    }  # fmt: skip
    assert found.flow["households_left"].tolist() == [12, 11, 10, 8, 7, 6]
    assert sorted(found.unit) == ["v1h1", "v1h2", "v2h2", "v2h3", "v3h1", "v3h2"]
    assert found.groups() == (), "one member is not enough"


def test_one_date_is_a_stated_design():
    found = households(wave(), declared(baseline=None), "income", COHORT)

    assert found.section.before is None and found.section.n_treated == 2
    assert found.flow["rule"].tolist() == ["read", "value_missing", "village_unknown", "member_without_coop"]


def test_without_dated_adoption_all_villages_count_as_having_one():
    found = households(wave(), declared(), "income", None)

    assert found.reached.all() and found.groups() == ("neighbours",)


@pytest.mark.parametrize(
    ("changes", "said", "zh"),
    [
        ({"village": "vilage"}, "no column for village = 'vilage'; it holds", "没有 village = 'vilage'"),
        ({"covariates": ("lnd",)}, "covariates lnd = 'lnd'", "所指的列"),
        ({"compared": 2022}, r"no rows of \[2022\]; choose among \[2019, 2021\]", "可选"),
    ],
)
def test_what_the_table_does_not_hold_is_named(changes, said, zh):
    with pytest.raises(HouseholdsError, match=said) as raised:
        households(wave(), declared(**changes), "income", COHORT)
    assert zh in raised.value.message.zh


def test_a_household_twice_at_one_date_is_refused():
    frame = wave()
    with pytest.raises(HouseholdsError, match="1 rows of 'wave' repeat a household and date"):
        households(pd.concat([frame, frame.iloc[:1]]), declared(), "income", COHORT)


def test_text_in_a_column_of_numbers_is_refused_by_name():
    frame = wave().astype({"land": object})
    frame.iloc[0, frame.columns.get_loc("land")] = "two mu"
    with pytest.raises(HouseholdsError, match="column 'land' holds 'two mu', which is not a number"):
        households(frame, declared(), "income", COHORT)
