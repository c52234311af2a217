"""Joins by declared keys and spells by year: counted, never multiplied, refused where they would guess."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.messages import in_language
from analysis.samples.joins import VIEWS, JoinError, join, linked, rates
from analysis.samples.spells import SpellError, active_in, dated_first, year_of

NAMES = ("left", "right")


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def refusal(error: pytest.ExceptionInfo) -> str:
    assert error.value.exit_code == 3
    assert in_language(error.value, "zh") != in_language(error.value, "en")
    return str(error.value)


# --- join ---------------------------------------------------------------------------------------------------------


def test_every_row_of_the_left_stands_once_with_what_matched_and_missing_where_nothing_did():
    left = frame(village_id=["V2", "V1", None, "V9", "V1", ""], a=[1, 2, 3, 4, 5, 6])
    right = frame(village_id=["V1", "V2", "V3", None], b=[10, 20, 30, 40], flag=[True, False, True, True])
    found = join(left, right, on="village_id", expect="many_to_one", names=NAMES)
    assert found.frame["a"].tolist() == [1, 2, 3, 4, 5, 6]
    assert found.frame["b"].astype("object").where(found.frame["b"].notna(), None).tolist() == [
        20,
        10,
        None,
        None,
        10,
        None,
    ]
    assert (str(found.frame["b"].dtype), str(found.frame["flag"].dtype)) == ("Int64", "boolean")
    assert (found.left_rows, found.matched_left, found.blank_left) == (6, 3, 2)
    assert (found.right_rows, found.matched_right, found.blank_right) == (4, 2, 1)
    assert (found.rate_left, found.rate_right) == (0.5, 0.5)
    assert found.record()["rate_left"] == 0.5 and found.records() == [found.record()]


def test_whole_numbers_stay_whole_where_all_match():
    found = join(
        frame(k=["a"], x=[1]), frame(k=["a", "b"], y=[2, 3]), on="k", expect="one_to_one", names=NAMES
    )
    assert found.frame["y"].dtype == "int64"


def test_one_to_many_gives_a_left_row_once_for_each_partner():
    left, right = frame(k=["a", "b", "c"], x=[1, 2, 3]), frame(k=["b", "a", "b", "z"], y=[1, 2, 3, 4])
    found = join(left, right, on="k", expect="one_to_many", names=NAMES)
    assert found.frame["x"].tolist() == [1, 2, 2, 3]
    assert found.frame["y"].tolist()[:3] == [2, 1, 3]
    assert (found.matched_left, found.matched_right) == (2, 3)


@pytest.mark.parametrize("dtype", ["int64", "int16", "Int64", "float64"])
def test_years_are_the_one_key_of_numbers_whatever_their_width(dtype):
    left = frame(k=["a", "a"], year=pd.Series([2020, 2021], dtype=dtype))
    right = frame(k=["a"], year=pd.Series([2021], dtype="int32"), y=[7])
    found = join(left, right, on=["k", "year"], expect="many_to_one", names=NAMES)
    assert found.frame["y"].isna().tolist() == [True, False]


def test_a_category_of_text_is_text():
    left = frame(k=pd.Categorical(["a", "b"]))
    assert join(left, frame(k=["b"], y=[1]), on="k", expect="one_to_one", names=NAMES).matched_left == 1


@pytest.mark.parametrize("expect", ["one_to_one", "many_to_one", "one_to_many"])
def test_many_to_many_is_refused_whatever_was_declared(expect):
    left, right = frame(k=["a", "a", "b"], x=[1, 2, 3]), frame(k=["a", "a", "a", "b"], y=[1, 2, 3, 4])
    with pytest.raises(JoinError) as error:
        join(left, right, on="k", expect=expect, names=("ledger", "roster"))
    text = refusal(error)
    assert "1 key(s) of k stand in several rows of ledger and roster (2 and 3 rows; first a)" in text
    assert "Make one table one row per key first" in text


@pytest.mark.parametrize(
    ("expect", "name", "count"),
    [("one_to_one", "right", 2), ("many_to_one", "right", 2), ("one_to_many", "left", 3)],
)
def test_keys_repeated_against_the_declaration_are_named(expect, name, count):
    once, left = frame(k=["a", "b"], y=[1, 2]), frame(k=["b", "b", "b", "c"], x=[1, 2, 3, 4])
    right = frame(k=["a", "a"], z=[1, 2])
    with pytest.raises(JoinError) as error:
        join(left if name == "left" else once, right if name == "right" else once.rename(columns={"y": "z"}),
             on="k", expect=expect, names=NAMES)  # fmt: skip
    text = refusal(error)
    assert f"stand in several rows of {name} ({count} rows; first {'b' if name == 'left' else 'a'})" in text
    assert f"{expect} was declared" in text


def test_household_keys_are_counted_and_never_named():
    secret = "V0007H13"
    left, right = frame(hh_id=[secret, secret]), frame(hh_id=[secret, secret], y=[1, 2])
    with pytest.raises(JoinError) as error:
        join(left, right, on="hh_id", expect="many_to_one", names=NAMES)
    assert secret not in refusal(error) and secret not in in_language(error.value, "zh")
    assert "2 and 2 rows" in str(error.value)
    with pytest.raises(JoinError) as error:
        join(frame(hh_id=[secret]), right.drop(1).assign(hh_id="other"), on="hh_id", expect="many_to_one",
             names=NAMES, minimum_match=0.5)  # fmt: skip
    assert secret not in refusal(error)


@pytest.mark.parametrize("values", [[10203, 20304], [10203.0, np.nan], [10203, "020304"]])
@pytest.mark.parametrize("side", [0, 1])
def test_codes_that_are_numbers_are_refused_with_what_to_do(values, side):
    numbers = frame(code=pd.Series(values, dtype="object" if isinstance(values[1], str) else None), x=[1, 2])
    text = frame(code=["010203", "020304"], y=[1, 2])
    pair = (numbers, text) if side == 0 else (text, numbers)
    with pytest.raises(JoinError) as error:
        join(*pair, on="code", expect="one_to_one", names=NAMES)
    said = refusal(error)
    assert f"key 'code' of table '{NAMES[side]}' is not text" in said and "Read it as text" in said


def test_too_few_matches_are_refused_with_the_first_and_a_reason():
    left, right = frame(code=["10203", "20304", "30405"]), frame(code=["010203", "020304"], y=[1, 2])
    with pytest.raises(JoinError) as error:
        join(left, right, on="code", expect="many_to_one", names=("a", "b"), minimum_match=0.9)
    text = refusal(error)
    assert (
        "only 0.0% of a found its b, at least 90% must: 3 rows without a partner, first 10203, 20304, 30405"
        in text
    )
    assert "leading zeros differ" in text
    many = frame(code=[f"v{i}" for i in range(9)])
    with pytest.raises(JoinError, match="first v0, v1, v2, v3, v4; check that both tables use the same ids"):
        join(many, right, on="code", expect="many_to_one", names=("a", "b"), minimum_match=0.9)
    assert join(many, right, on="code", expect="many_to_one", names=("a", "b")).rate_left == 0


def test_what_is_no_join_is_refused():
    one = frame(k=["a"], x=[1])
    for on, expect, right, words in [
        ("k", "many_to_many", frame(k=["a"]), "choose one_to_one, many_to_one, one_to_many"),
        ("q", "one_to_one", frame(k=["a"]), "table 'left' has no key column q; it has k, x"),
        (["k", "z"], "one_to_one", frame(k=["a"]), "no key column z"),
        ("k", "one_to_one", frame(k=["a"], x=[2]), "left and right both hold x"),
    ]:
        with pytest.raises(JoinError) as error:
            join(one, right, on=on, expect=expect, names=NAMES)
        assert words in refusal(error)
    with pytest.raises(JoinError, match="years must be whole numbers"):
        join(frame(year=[2020.5]), frame(year=[2020]), on="year", expect="one_to_one", names=NAMES)


def test_empty_tables_join_to_nothing():
    none, some = frame(k=pd.Series([], dtype="str"), x=[]), frame(k=["a"], y=[1])
    assert join(none, some, on="k", expect="many_to_one", names=NAMES, minimum_match=1.0).frame.empty
    found = join(some, none, on="k", expect="many_to_one", names=NAMES)
    assert found.frame["x"].isna().all() and found.rate_left == 0 and np.isnan(found.rate_right)


KEYS = st.lists(st.one_of(st.sampled_from("abcdefg"), st.none(), st.just("")), max_size=12)


@given(KEYS, st.lists(st.one_of(st.sampled_from("abcdefgh"), st.none()), max_size=8), st.randoms())
@settings(max_examples=250)
def test_many_to_one_is_a_look_up_that_neither_adds_nor_loses_nor_depends_on_order(
    left_keys, right_keys, random
):
    known = [key for key in dict.fromkeys(right_keys) if key]
    right_keys = known + [key for key in right_keys if not key]
    left = frame(k=pd.Series(left_keys, dtype="object"), row=range(len(left_keys)))
    right = frame(k=pd.Series(right_keys, dtype="object"), y=range(len(right_keys)))
    before = left.copy(), right.copy()
    found = join(left, right, on="k", expect="many_to_one", names=NAMES)
    table = {key: position for position, key in enumerate(right_keys) if key}
    assert found.frame["row"].tolist() == list(range(len(left_keys)))
    got = [None if pd.isna(y) else int(y) for y in found.frame["y"]]
    assert got == [table.get(key) if key else None for key in left_keys]
    assert found.matched_left == sum(bool(key) and key in table for key in left_keys)
    assert found.matched_right == sum(key in set(left_keys) for key in table)
    order = list(range(len(right_keys)))
    random.shuffle(order)
    mixed = join(left, right.iloc[order], on="k", expect="many_to_one", names=NAMES)
    pd.testing.assert_frame_equal(found.frame, mixed.frame)
    pd.testing.assert_frame_equal(left, before[0])
    pd.testing.assert_frame_equal(right, before[1])


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(2019, 2021)), unique=True),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(2019, 2021)), max_size=9),
)
@settings(max_examples=250)
def test_one_to_many_is_what_pandas_merges_when_it_validates(left_keys, right_keys):
    left = pd.DataFrame(left_keys, columns=["k", "year"]).astype({"k": "str", "year": "int64"})
    right = pd.DataFrame(right_keys, columns=["k", "year"]).astype({"k": "str", "year": "int64"})
    right["y"] = np.arange(len(right), dtype=float)
    found = join(left, right, on=["k", "year"], expect="one_to_many", names=NAMES)
    expected = left.merge(right, on=["k", "year"], how="left", validate="one_to_many")
    pd.testing.assert_frame_equal(found.frame, expected)


# --- spells -------------------------------------------------------------------------------------------------------

DAYS = st.dates(dt.date(2016, 12, 28), dt.date(2024, 1, 4))


def slowly_active(first: dt.date, last: dt.date | None, year: int, rule: str) -> bool:
    days = (
        pd.date_range(f"{year}-01-01", f"{year}-12-31") if rule == "any" else [pd.Timestamp(f"{year}-12-31")]
    )
    return any(first <= day.date() and (last is None or day.date() <= last) for day in days)


@given(
    st.lists(st.tuples(DAYS, st.one_of(st.none(), DAYS)), max_size=4), st.sampled_from(["any", "year_end"])
)
@settings(max_examples=200, deadline=None)
def test_spells_by_year_are_those_of_looking_at_every_day(drawn, rule):
    drawn = [(a, b if b is None or b >= a else None) for a, b in drawn]
    spells = frame(
        id=pd.Series([str(i) for i in range(len(drawn))], dtype="str"),
        from_date=pd.Series([a.isoformat() for a, _ in drawn], dtype="str"),
        to_date=pd.Series([b.isoformat() if b else "" for _, b in drawn], dtype="str"),
    )
    years = [2017, 2018, 2020, 2023]
    made = active_in(spells, years, rule=rule)
    expected = [
        (str(i), year) for i, (a, b) in enumerate(drawn) for year in years if slowly_active(a, b, year, rule)
    ]
    assert list(zip(made["id"], made["year"], strict=True)) == expected


def test_text_and_dates_and_missing_are_read_alike():
    text = frame(id=["a", "b"], from_date=["2020-05-01", "2021-01-01"], to_date=["2021-03-01", None])
    dates = text.assign(from_date=pd.to_datetime(text["from_date"]), to_date=pd.to_datetime(text["to_date"]))
    for spells in (text, dates):
        made = active_in(spells, range(2019, 2023), rule="any")
        assert list(zip(made["id"], made["year"], strict=True)) == [
            ("a", 2020),
            ("a", 2021),
            ("b", 2021),
            ("b", 2022),
        ]


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("2021-06-30", "2021-06-29", "1 spell(s) end before they begin"),
        ("", "2021-06-29", "'from_date': 1 without an ISO day"),
        ("2021.6", "", "'from_date': 1 without an ISO day"),
        ("2021-02-30", "", "'from_date': 1 without an ISO day"),
        ("2021-06-30", "2021-06-31", "'to_date': 1 no ISO day"),
        ("1921-06-30", "", "1 spell(s) lie outside 1949-2100"),
        ("2021-06-30", "2921-06-30", "1 spell(s) lie outside 1949-2100"),
    ],
)
def test_damaged_spells_are_refused(begin, end, words):
    spells = frame(id=["a", "b"], from_date=["2020-01-01", begin], to_date=["", end])
    with pytest.raises(SpellError) as error:
        active_in(spells, [2021])
    assert words in refusal(error)


def test_all_reasons_are_told_at_once():
    spells = frame(id=["a", "b"], from_date=["2020-01-01", ""], to_date=["2019-01-01", "soon"], year=[1, 2])
    with pytest.raises(SpellError) as error:
        active_in(spells, [1066], rule="often")
    text = refusal(error)
    for words in ("choose any, year_end", "a column 'year' already", "give years within 1949-2100",
                  "without an ISO day", "no ISO day; write", "end before they begin"):  # fmt: skip
        assert words in text


def test_overlaps_are_refused_only_where_spells_exclude_one_another():
    spells = frame(
        coop_id=["C1", "C1", "C2"],
        from_date=["2020-01-01", "2021-06-01", "2020-01-01"],
        to_date=["2021-07-01", "", ""],
    )
    assert len(active_in(spells, [2021], key=["coop_id"])) == 3
    with pytest.raises(SpellError) as error:
        active_in(spells, [2021], key=["coop_id"], exclusive=True)
    assert "1 key(s) of coop_id have spells that overlap, first C1" in refusal(error)
    spells.loc[0, "to_date"] = "2021-06-01"  # handed over on one day
    assert len(active_in(spells, [2021], key=["coop_id"], exclusive=True)) == 3
    people = spells.rename(columns={"coop_id": "hh_id"}).assign(to_date="")
    with pytest.raises(SpellError) as error:
        active_in(people, [2021], key=["hh_id"], exclusive=True)
    assert "C1" not in refusal(error)


def test_the_first_day_by_key():
    spells = frame(
        v=["b", "a", "a", None], from_date=["2021-03-01", "2022-01-05", "2020-09-30", "2019-01-01"]
    )
    first = dated_first(spells, "v")
    assert first.to_dict("list") == {
        "v": ["a", "b"],
        "first_date": ["2020-09-30", "2021-03-01"],
        "first_year": [2020, 2021],
    }
    with pytest.raises(SpellError, match="without an ISO day"):
        dated_first(spells.assign(from_date="2021"), "v")
    with pytest.raises(SpellError, match="'date': 1 without an ISO day"):
        year_of(pd.Series(["2020-01-01", None], name="date"))


# --- views --------------------------------------------------------------------------------------------------------


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    years = [2019, 2020, 2021, 2022]
    villages, households = ["V0001", "V0002", "V0003"], ["V0001H01", "V0001H02", "V0002H01"]
    home = {hh: hh[:5] for hh in households}
    survey = pd.DataFrame([(hh, home[hh], "T1", y, 1.0) for hh in households for y in years],
                          columns=["hh_id", "village_id", "township_code", "year", "inc"])  # fmt: skip
    return {
        "village": frame(village_id=villages, township_code=["T1", "T1", "T2"], village=["甲", "乙", "丙"]),
        "household": frame(hh_id=households, village_id=[home[hh] for hh in households], register_no=[1, 2, 1]),
        "household_year": survey,
        "household_wave": survey[survey["year"].isin([2019, 2021])],
        "village_year": pd.DataFrame([(v, "T2" if v == "V0003" else "T1", y) for v in villages for y in years],
                                     columns=["village_id", "township_code", "year"]),
        "membership": frame(
            hh_id=["V0001H01", "V0001H01", "V0001H02"], coop_id=["C1", "C2", "C1"],
            from_date=["2020-03-01", "2021-05-01", "2020-03-01"], to_date=["", "", "2020-12-01"],
            shares=[3, 2, 5], land_shares_mu=[1.0, 0.5, np.nan], active=[0, 1, 1],
        ),
        "coop_year": frame(coop_id=["C1", "C1", "C2"], year=[2020, 2021, 2021], revenue=[1, 2, 3]),
        "coop_village": frame(coop_id=["C2", "C1", "C1"], village_id=["V0001", "V0001", "V0002"],
                              from_date=["2021-01-01", "2020-01-01", "2020-01-01"], to_date=["", "", "2020-06-01"]),
        "coop_fed": frame(coop_id=["C1", "C1"], fed_id=["F1", "F2"], from_date=["2020-01-01", "2021-07-01"],
                          to_date=["2021-07-01", ""]),
        "price_monitor": frame(point_id=["P1", "P2", "P1"], variety=["早", "早", "晚"],
                               date=["2020-07-01", "2020-07-03", "2021-09-01"],
                               price_mean=[3.0, 5.0, 6.0], price_max=[4.0, 7.0, 8.0]),
        "price_year": frame(year=years, peach_price_per_kg=[3.0, 4.0, 5.0, 6.0]),
        "shock": frame(shock_id=["S1", "S2", "S3"], township_code=["T1", "T1", "T2"], village_id=["", "V0001", None],
                       date=["2020-05-01", "2020-06-01", "2021-04-01"], type=["hail", "hail", "frost"],
                       severity=[0.2, 0.5, 0.1]),
        "fund_project": frame(project_id=["A", "B", "C"], village_id=["V0001", "V0001", "V0002"],
                              year=[2020, 2020, 2021], amount_total=[5.0, 7.0, 1.0], amount_central=[1.0, np.nan, np.nan]),
        "assessment": frame(coop_id=["C1", "C1", "C2"], year=[2021] * 3, item=["a1", "a2", "a1"],
                            score=[8.0, 9.0, 5.0], max_score=[10.0, 10.0, 10.0]),
    }  # fmt: skip


def cell(view: pd.DataFrame, column: str, **where: object) -> object:
    chosen = view
    for name, value in where.items():
        chosen = chosen[chosen[name] == value]
    (value,) = chosen[column].tolist()
    return None if pd.isna(value) else value


def test_every_view_keeps_the_rows_of_its_left_table(tables):
    views = linked(tables)
    assert list(views) == list(VIEWS) and all(view is not None for view in views.values())
    for name, view in views.items():
        left = VIEWS[name][0][0]
        if left != "price_monitor":
            pd.testing.assert_frame_equal(
                view.frame[list(tables[left].columns)], tables[left].reset_index(drop=True)
            )
    account = rates(views)
    assert set(account["view"]) == set(VIEWS)
    assert account.loc[account["view"] == "household_wave", "right"].tolist() == ["household", "village"]


def test_an_absent_table_is_not_measured_and_not_zero(tables):
    for absent in tables:
        views = linked({name: table for name, table in tables.items() if name != absent})
        assert {name for name, view in views.items() if view is None} == {
            name for name, (needed, _) in VIEWS.items() if absent in needed
        }
    assert linked({}, "shock") == {"shock": None}
    assert rates(linked({})).empty
    with pytest.raises(JoinError, match="no view shok; choose household_wave"):
        linked(tables, "shok")


def test_surveys_know_household_and_village(tables):
    view = linked(tables, "household_wave")["household_wave"]
    assert cell(view.frame, "register_no", hh_id="V0001H02", year=2021) == 2
    assert cell(view.frame, "village", hh_id="V0002H01", year=2019) == "乙"
    moved = tables["household"].assign(village_id="V0003")
    with pytest.raises(JoinError, match=r"only 0\.0% of household_wave found its household"):
        linked({**tables, "household": moved}, "household_wave")


def test_membership_by_year(tables):
    view = linked(tables, "year_membership")["year_membership"].frame
    seen = {
        (hh, y): tuple(
            cell(view, c, hh_id=hh, year=y) for c in ("listed", "n_coops", "register_shares", "uses_services")
        )
        for hh in ("V0001H01", "V0001H02", "V0002H01")
        for y in (2019, 2020, 2021)
    }
    assert seen["V0001H01", 2019] == (False, None, None, None)
    assert seen["V0001H01", 2020] == (True, 1, 3, 0)
    assert seen["V0001H01", 2021] == (True, 2, 5, 1)
    assert seen["V0001H02", 2020] == (True, 1, 5, 1)
    assert seen["V0001H02", 2021] == (False, None, None, None)
    assert cell(view, "register_land_shares_mu", hh_id="V0001H02", year=2020) is None


def test_cooperatives_of_a_village_and_federation_of_a_cooperative(tables):
    views = linked(tables, "coop_village", "coop_fed")
    villages, coops = views["coop_village"].frame, views["coop_fed"].frame
    assert cell(villages, "coop_ids", village_id="V0001", year=2021) == "C1;C2"
    assert cell(villages, "n_coops", village_id="V0002", year=2020) == 1
    assert cell(villages, "n_coops", village_id="V0002", year=2021) == 0
    assert cell(villages, "coop_ids", village_id="V0003", year=2021) is None
    assert [cell(coops, "fed_id", coop_id=c, year=y) for c, y in (("C1", 2020), ("C1", 2021), ("C2", 2021))] == [
        "F1", "F2", None,
    ]  # fmt: skip
    both = tables["coop_fed"].assign(to_date="")
    with pytest.raises(SpellError, match="overlap, first C1"):
        linked({**tables, "coop_fed": both}, "coop_fed")


def test_prices_shocks_funds_and_scores(tables):
    views = linked(tables)
    price, shock, fund, score = (
        views[name].frame for name in ("price", "shock", "fund_project", "assessment")
    )
    assert cell(price, "price_mean", year=2020, variety="早") == 4.0
    assert cell(price, "n_points", year=2020, variety="早") == 2
    assert cell(price, "peach_price_per_kg", year=2021, variety="晚") == 5.0
    assert cell(shock, "shock_severity", village_id="V0001", year=2020) == 0.5
    assert cell(shock, "n_shocks", village_id="V0001", year=2020) == 2
    assert cell(shock, "shock_severity", village_id="V0002", year=2020) == 0.2
    assert cell(shock, "shock_severity", village_id="V0003", year=2020) is None
    assert cell(shock, "n_shocks", village_id="V0003", year=2020) == 0
    assert cell(shock, "n_shocks", village_id="V0003", year=2019) is None  # before the records begin
    assert cell(fund, "fund_total", village_id="V0001", year=2020) == 12.0
    assert cell(fund, "fund_central", village_id="V0001", year=2020) == 1.0
    assert cell(fund, "fund_central", village_id="V0002", year=2021) is None
    assert cell(fund, "n_projects", village_id="V0003", year=2021) == 0
    assert cell(fund, "n_projects", village_id="V0003", year=2022) is None
    assert cell(score, "assessed_score", coop_id="C1", year=2021) == 17.0
    assert cell(score, "item_a2", coop_id="C2", year=2021) is None
    assert cell(score, "assessed_max", coop_id="C1", year=2020) is None


def test_rows_without_a_key_are_counted_and_undated_events_refused(tables):
    lost = tables["fund_project"].assign(village_id=["V0001", None, "V0002"])
    view = linked({**tables, "fund_project": lost}, "fund_project")["fund_project"]
    assert (view.blank_right, view.right_rows, view.matched_right) == (1, 3, 2)
    with pytest.raises(SpellError, match="'date': 1 without an ISO day"):
        linked(
            {**tables, "shock": tables["shock"].assign(date=["2020-05-01", "2020-6", "2021-04-01"])}, "shock"
        )
    with pytest.raises(JoinError, match="2 rows of table 'assessment' share coop_id"):
        linked({**tables, "assessment": tables["assessment"].assign(item="a1")}, "assessment")
    with pytest.raises(JoinError, match="table 'membership' has no column to_date"):
        linked({**tables, "membership": tables["membership"].drop(columns="to_date")}, "year_membership")


def test_the_order_of_rows_does_not_matter(tables):
    mixed = {name: table.sample(frac=1, random_state=3) for name, table in tables.items()}
    for name, view in linked(tables).items():
        left = view.frame.sort_values(list(view.frame.columns), ignore_index=True)
        other = linked(mixed, name)[name].frame.sort_values(list(view.frame.columns), ignore_index=True)
        pd.testing.assert_frame_equal(left, other)
