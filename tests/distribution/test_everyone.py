"""What is described of everyone: by hand on small data, and the parts of an outcome that sum to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.distribution import (
    DistributionError,
    described,
    everyone,
    fifths,
    gini_by_source,
    inequality,
    with_rest,
)
from analysis.distribution.adjustment import Adjustment
from analysis.distribution.measured import Distribution
from analysis.distribution.parts import link_panel, part_panels
from analysis.samples.panel import Panel
from analysis.study import Table

TABLE = Table(
    file="h.csv",
    unit="id",
    time="year",
    cohort="first",
    never=(0,),
    cluster="village",
    group="town",
    level="household",
)


def frame(seed: int = 0, n: int = 60) -> pd.DataFrame:
    """n households, 2018 to 2021; a third adopts in 2020, a third in 2021; income = wage + farm - cost."""
    rng = np.random.default_rng(seed)
    ids = np.repeat([f"h{i:03d}" for i in range(n)], 4)
    made = pd.DataFrame({"id": ids, "year": np.tile([2018, 2019, 2020, 2021], n)})
    number = made["id"].str[1:].astype(int)
    made["first"] = pd.array(np.select([number % 3 == 0, number % 3 == 1], [2020, 2021], -1), dtype="Int64")
    made.loc[made["first"] == -1, "first"] = pd.NA
    made["village"] = "v" + (number % 12).astype(str)
    made["town"] = "t" + (number % 4).astype(str)
    made["wage"], made["farm"] = rng.gamma(3, 10, len(made)).round(2), rng.gamma(2, 20, len(made)).round(2)
    made["cost"] = rng.gamma(1, 5, len(made)).round(2)
    made["income"] = made["wage"] + made["farm"] - made["cost"]
    return made


MINUS = {"wage": False, "farm": False, "cost": True}


def panel(table: pd.DataFrame) -> Panel:
    wide = table.pivot(index="id", columns="year", values="income")
    first = table.groupby("id").first().loc[wide.index]
    return Panel(
        unit=wide.index.to_numpy(object), years=wide.columns.to_numpy(int), outcome=wide.to_numpy(float),
        cohort=first["first"].astype("Float64").to_numpy(float, na_value=np.inf), weight=np.ones(len(wide)),
        cluster=first["village"].to_numpy(object), model=np.full(len(wide), "", dtype=object),
        covariates=np.empty((len(wide), 0)),
    )  # fmt: skip


def test_everyone_is_who_has_both_years_whatever_the_order_of_rows():
    table = frame()
    table.loc[(table["id"] == "h007") & (table["year"] == 2021), "income"] = np.nan
    of = everyone(table.sample(frac=1, random_state=1), TABLE, "income", MINUS)
    assert of.years == (2019, 2021), "the last year before the first adoption, and the last"
    assert "h007" not in of.unit and len(of.unit) == 59
    last = table[table["year"] == 2021].set_index("id")["income"].loc[of.unit]
    assert of.income[:, 1] == pytest.approx(last.to_numpy())
    assert of.adopter.sum() == 39, "two thirds of 60 less the household without a last year"
    assert list(of.parts) == ["wage", "farm", "cost"]
    assert sum(of.parts.values()) == pytest.approx(of.income)
    assert set(of.group) == {"t0", "t1", "t2", "t3"}


def test_what_the_parts_leave_is_a_part_of_its_own():
    total, wage = np.array([3.0, 5.0]), np.array([1.0, 5.0])
    assert list(with_rest({"wage": total}, total)) == ["wage"]
    made = with_rest({"wage": wage}, total)
    assert made["rest"] == pytest.approx([2.0, 0.0])
    assert with_rest({}, total) == {}


def test_described_numbers_are_those_of_the_single_functions():
    of = everyone(frame(), TABLE, "income", MINUS)
    rows = described.by_year(of, conf_level=0.95).set_index(["who", "when", "measure"])
    others = ~of.adopter
    alone = inequality(of.income[others, 0], of.weight[others], of.cluster[others], names=("gini",))
    assert rows.loc[("others", "first", "gini"), "estimate"] == pytest.approx(alone.value("gini"))
    change = rows.loc[("everyone", "change", "gini"), "estimate"]
    first, last = (rows.loc[("everyone", when, "gini"), "estimate"] for when in ("first", "last"))
    assert change == pytest.approx(last - first)

    split = described.between(of, conf_level=0.95)
    assert set(split["grouping"]) == {"adoption", "group"}
    parts = split[split["measure"] != "total"].groupby(["grouping", "index", "when"])["share"].sum()
    assert parts.to_numpy() == pytest.approx(1.0)

    sources = described.gini_sources(of, conf_level=0.95)
    whole = sources[(sources["measure"] == "contribution") & (sources["when"] == "last")]["estimate"].sum()
    assert whole == pytest.approx(rows.loc[("everyone", "last", "gini"), "estimate"])
    assert set(
        gini_by_source(of.parts and {k: v[:, 0] for k, v in of.parts.items()}, of.weight, of.cluster)
    ) == {*MINUS}


def test_curves_end_where_they_must_and_the_change_is_last_less_first():
    of = everyone(frame(n=240), TABLE, "income")
    found = described.curves(of, conf_level=0.95, draws=99, seed=1)
    rows = found.rows.set_index(["curve", "who", "when", "share"])["estimate"]
    for who in ("adopters", "others"):
        mean = of.income[of.of(who), 1].mean()
        assert rows["generalised_lorenz", who, "last", 1.0] == pytest.approx(mean)
        by_hand = rows["lorenz", who, "last", 0.5] - rows["lorenz", who, "first", 0.5]
        assert rows["lorenz", who, "change", 0.5] == pytest.approx(by_hand)
    assert set(found.verdicts["comparison"]) == {"adopters", "others", "groups"}
    richer = frame(n=240)
    richer.loc[richer["first"].notna() & (richer["year"] == 2021), "income"] += 500
    told = described.curves(everyone(richer, TABLE, "income"), conf_level=0.95, draws=99, seed=1).verdicts
    told = told.set_index(["curve", "comparison"])["verdict"]
    assert told["generalised_lorenz", "groups"] == "first_above"
    assert told["lorenz", "adopters"] == "first_above", "a common gift makes incomes more equal"


def test_the_mean_distance_of_two_incomes_is_that_of_all_pairs():
    rng = np.random.default_rng(3)
    values, weight = rng.integers(-3, 9, 50).astype(float), rng.uniform(0.2, 2, 50)
    share = weight / weight.sum()
    pairs = share @ np.abs(values[:, None] - values) @ share
    assert Distribution(values, weight).gap == pytest.approx(pairs, rel=1e-12)


def test_fifths_are_of_equal_size_by_income_before_anybody_adopted():
    of = panel(frame(n=100))
    fifth = fifths(of, 1)
    assert list(np.bincount(fifth)[1:]) == [20] * 5
    mean = of.outcome[:, :2].mean(axis=1)
    assert all(mean[fifth == k].max() <= mean[fifth == k + 1].min() for k in range(1, 5))


def test_parts_are_those_of_the_units_own_rows_and_gaps_are_counted():
    table = frame()
    table.loc[(table["id"] == "h003") & (table["year"] == 2019), "farm"] = np.nan
    of = panel(table.assign(income=table["income"].fillna(0)))
    made = part_panels(of, table.sample(frac=1, random_state=2), unit="id", time="year", minus=MINUS)
    assert made.left_out == 1 and "h003" not in made.total.unit
    assert list(made.parts) == ["wage", "farm", "cost"]
    assert (made.parts["cost"].outcome <= 0).all(), "a cost is taken off"
    assert sum(part.outcome for part in made.parts.values()) == pytest.approx(made.total.outcome)
    short = part_panels(of, table, unit="id", time="year", minus={"wage": False, "cost": True})
    assert list(short.parts) == ["wage", "cost", "rest"]
    with pytest.raises(
        DistributionError, match=r"\[sources\] names farms, which the table does not hold; it holds id"
    ):
        part_panels(of, table, unit="id", time="year", minus={"farms": False})


def test_a_link_is_a_logarithm_of_what_every_wave_holds():
    table = frame()
    waves = table[table["year"].isin([2019, 2021])].assign(kg=table["farm"] / 2 + 1, mu=3.0)
    waves.loc[(waves["id"] == "h005") & (waves["year"] == 2021), "kg"] = 0.0
    of = panel(table)
    price = link_panel(of, waves, unit="id", time="year", column="farm", per="kg")
    assert list(price.panel.years) == [2019, 2021]
    assert price.left_out == 1 and "h005" not in price.panel.unit
    row = waves[(waves["id"] == "h009") & (waves["year"] == 2021)].iloc[0]
    at = list(price.panel.unit).index("h009")
    assert price.panel.outcome[at, 1] == pytest.approx(np.log(row["farm"] / row["kg"]))
    assert price.panel.cohort[at] == of.cohort[list(of.unit).index("h009")]
    assert price.varies
    assert not link_panel(of, waves, unit="id", time="year", column="mu").varies
    assert link_panel(of, waves[waves["year"] == 2019], unit="id", time="year", column="mu") is None


def test_the_adjustment_is_least_squares_on_the_rows():
    rng = np.random.default_rng(5)
    n, cluster = 90, np.arange(90) % 9
    cohort = np.array([2019.0, 2021.0, np.inf])[np.arange(n) % 3]
    x = rng.normal(5, 2, (n, 2))
    outcome = rng.normal(0, 1, (n, 4)) + x @ [[1, 2, 3, 4], [0, 1, 0, -1]]
    of = Panel(
        unit=np.arange(n).astype(str), years=np.arange(2018, 2022), outcome=outcome, cohort=cohort,
        weight=rng.uniform(0.5, 2, n), cluster=cluster.astype(str), model=np.full(n, ""), covariates=x,
        covariate_names=("a", "b"),
    )  # fmt: skip
    times = rng.integers(0, 3, 9).astype(float)
    shift = Adjustment(of, cluster).shift(times)
    for t, year in enumerate(of.years):
        weight = np.sqrt(of.weight * times[cluster] * (cohort > year))
        design = np.hstack([x, np.eye(3)[np.arange(n) % 3]]) * weight[:, None]
        slope = np.linalg.lstsq(design, outcome[:, t] * weight, rcond=None)[0][:2]
        by_hand = (x - np.average(x, axis=0, weights=of.weight)) @ slope
        assert shift[t] == pytest.approx(by_hand, abs=1e-9)
