"""Views of the programme's tables that chapters read: surveys, spells, prices, events and scores, by declared keys.

A view of a table that the study does not hold is None: not measured, which is not zero. Counts of events are zero
only in the years from a table's first event to its last, and missing outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from analysis.messages import Message
from analysis.samples.joins.keyed import ColumnAbsentError, Joined, JoinError, join
from analysis.samples.spells import active_in, year_of
from analysis.schema import entities

REFERENCE_MATCH = 0.95  # least share of rows that must find the household or village they name


def linked(
    tables: Mapping[str, pd.DataFrame], *wanted: str, minimum_match: float = REFERENCE_MATCH
) -> dict[str, Joined | None]:
    """Views by name, all of VIEWS unless some are wanted; None where a table that they need is not held.

    Parameters
    ----------
    tables : typed tables by the names of the data model.
    minimum_match : least share of survey rows that must find the household and village they name.

    Raises
    ------
    JoinError : no such view, a column that it needs is absent, keys repeat, too few rows find what they name.
    SpellError : spells that cannot be laid out by year.
    """
    unknown = [name for name in wanted if name not in VIEWS]
    if unknown:
        listed = ", ".join(VIEWS)
        raise JoinError(
            Message(
                f"no view {', '.join(unknown)}; choose {listed}",
                f"没有视图 {'、'.join(unknown)}；可选 {listed}",
            )
        )
    made: dict[str, Joined | None] = {}
    for name in wanted or VIEWS:
        needed, make = VIEWS[name]
        held = {table: tables[table] for table in needed if tables.get(table) is not None}
        made[name] = make(held, minimum_match) if len(held) == len(needed) else None
    return made


def rates(views: Mapping[str, Joined | None]) -> pd.DataFrame:
    """Match rates: view and the columns of `Joined.record`, one row per join; views that are None have no row."""
    rows = [
        {"view": name, **record}
        for name, view in views.items()
        if view is not None
        for record in view.records()
    ]
    return pd.DataFrame(rows)


def reference(left: str, right: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """The columns by which an entity declares that it refers to another one's key; `otherwise` where none does."""
    known = entities()
    if left not in known or right not in known:
        return otherwise
    named = tuple(name for name, column in known[left].columns.items() if column.refers == f"{right}.{name}")
    return named or otherwise


Held = Mapping[str, pd.DataFrame]


def _survey(table: str) -> Callable[[Held, float], Joined]:
    def view(held: Held, minimum: float) -> Joined:
        """Survey rows with their household and village."""
        rows, household, village = held[table], held["household"], held["village"]
        on = reference(table, "household", ("hh_id",))
        # a household that the survey places in another village than the register does is no match
        on += tuple(name for name in ("village_id",) if name in rows and name in household and name not in on)
        step = _then(None, rows, _further(household, rows, on), on, (table, "household"), minimum)
        on = reference(table, "village", ("village_id",))
        return _then(step, step.frame, _further(village, step.frame, on), on, (table, "village"), minimum)

    return view


def _membership(table: str) -> Callable[[Held, float], Joined]:
    def view(held: Held, minimum: float) -> Joined:
        """Survey rows with what the register of members says of the year: listed, n_coops, shares, uses_services.

        listed is false for a household that the register does not name in that year.
        """
        rows, spells = held[table], held["membership"]
        _needed(spells, "membership", "hh_id", "coop_id", "from_date", "to_date")
        laid = active_in(spells, _years(rows), key=("hh_id", "coop_id"), exclusive=True)
        # left and joined again within one year: the later spell's shares stand
        latest = laid.sort_values("from_date", kind="stable").drop_duplicates(
            ["hh_id", "coop_id", "year"], keep="last"
        )
        of = latest.groupby(["hh_id", "year"], sort=True, dropna=False)
        by_year = of.agg(n_coops=("coop_id", "nunique"))
        for column in ("shares", "land_shares_mu"):
            if column in spells:
                by_year[f"register_{column}"] = of[column].sum(min_count=1)
        if "active" in spells:
            by_year["uses_services"] = of["active"].max()
        found = _then(None, rows, by_year.reset_index(), ("hh_id", "year"), (table, "membership by year"))
        return replace(found, frame=found.frame.assign(listed=found.frame["n_coops"].notna()))

    return view


def _coop_village(held: Held, minimum: float) -> Joined:
    """Village-years with the cooperatives active there on some day: coop_ids ("C001;C007"), n_coops."""
    rows, spells = held["village_year"], held["coop_village"]
    _needed(spells, "coop_village", "coop_id", "village_id", "from_date", "to_date")
    laid = active_in(spells, _years(rows), key=("coop_id", "village_id"), exclusive=True)
    pairs = laid[["village_id", "year", "coop_id"]].drop_duplicates().sort_values("coop_id", kind="stable")
    by_year = pairs.groupby(["village_id", "year"], sort=True, dropna=False)["coop_id"].agg(
        coop_ids=";".join, n_coops="size"
    )
    found = _then(None, rows, by_year.reset_index(), ("village_id", "year"), ("village_year", "coop_village"))
    counted = found.frame["n_coops"].astype("Int64").fillna(0)
    return replace(found, frame=found.frame.assign(n_coops=counted))


def _coop_fed(held: Held, minimum: float) -> Joined:
    """Cooperative-years with the federation of the year, the later one where it changed."""
    rows, spells = held["coop_year"], held["coop_fed"]
    _needed(spells, "coop_fed", "coop_id", "fed_id", "from_date", "to_date")
    laid = active_in(spells, _years(rows), key=("coop_id",), exclusive=True)
    latest = laid.sort_values("from_date", kind="stable").drop_duplicates(["coop_id", "year"], keep="last")
    return _then(
        None, rows, latest[["coop_id", "year", "fed_id"]], ("coop_id", "year"), ("coop_year", "coop_fed")
    )


def _prices(held: Held, minimum: float) -> Joined:
    """Monitored prices by year and variety [yuan per kg] with the year's prices: price_mean, price_max, counts."""
    seen = held["price_monitor"]
    _needed(seen, "price_monitor", "point_id", "variety", "date", "price_mean")
    wanted = {
        "price_mean": ("price_mean", "mean"),
        "n_prices": ("price_mean", "count"),
        "n_points": ("point_id", "nunique"),
    }
    if "price_max" in seen:
        wanted["price_max"] = ("price_max", "max")
    of_year = seen.assign(year=year_of(seen["date"]))
    yearly = of_year.groupby(["year", "variety"], sort=True, as_index=False, dropna=False).agg(**wanted)
    return _then(None, yearly, held["price_year"], ("year",), ("price_monitor", "price_year"))


def _shock(held: Held, minimum: float) -> Joined:
    """Village-years with the shocks recorded for the village or its whole township: shock_severity, n_shocks.

    shock_severity : the largest recorded share of yield lost; missing where no shock is recorded.
    """
    rows, events = held["village_year"], held["shock"]
    _needed(events, "shock", "township_code", "village_id", "date", "severity")
    dated = events.assign(year=year_of(events["date"]))
    local = dated["village_id"].notna() & (dated["village_id"].astype("str").str.strip() != "")
    step = None
    for part, key in ((dated[local], "village_id"), (dated[~local], "township_code")):
        worst = part.groupby([key, "year"], sort=True, dropna=False)["severity"].agg(
            **{f"severity_{key}": "max", f"n_{key}": "size"}
        )
        names = ("village_year", "shock of the village" if key == "village_id" else "shock of the township")
        step = _then(step, rows if step is None else step.frame, worst.reset_index(), (key, "year"), names)
    frame = step.frame
    severity = frame[["severity_village_id", "severity_township_code"]].max(axis=1)
    number = frame["n_village_id"].astype("Int64").fillna(0) + frame["n_township_code"].astype(
        "Int64"
    ).fillna(0)
    frame = frame.drop(
        columns=["severity_village_id", "severity_township_code", "n_village_id", "n_township_code"]
    )
    measured = _covered(frame["year"], dated["year"])
    return replace(step, frame=frame.assign(shock_severity=severity, n_shocks=number.where(measured)))


def _fund_project(held: Held, minimum: float) -> Joined:
    """Village-years with the support projects granted: fund_total, ..., yuan (missing without a project), n_projects."""
    rows, projects = held["village_year"], held["fund_project"]
    _needed(projects, "fund_project", "project_id", "village_id", "year")
    of = projects.groupby(["village_id", "year"], sort=True, dropna=False)
    by_year = of.agg(n_projects=("project_id", "nunique"))
    for column in [name for name in projects if name.startswith("amount_")]:
        by_year[column.replace("amount_", "fund_")] = of[column].sum(min_count=1)
    on = ("village_id", "year")
    found = _then(None, rows, by_year.reset_index(), on, ("village_year", "fund_project"))
    number = found.frame["n_projects"].astype("Int64").fillna(0)
    measured = _covered(found.frame["year"], projects["year"])
    return replace(found, frame=found.frame.assign(n_projects=number.where(measured)))


def _assessment(held: Held, minimum: float) -> Joined:
    """Cooperative-years with their assessment: assessed_score, assessed_max, n_items and the score of each item."""
    rows, items = held["coop_year"], held["assessment"]
    _needed(items, "assessment", "coop_id", "year", "item", "score", "max_score")
    on = ["coop_id", "year"]
    _needed_once(items, "assessment", [*on, "item"])
    total = items.groupby(on, sort=True, dropna=False).agg(
        assessed_score=("score", "sum"), assessed_max=("max_score", "sum"), n_items=("item", "size")
    )
    wide = items.pivot(index=on, columns="item", values="score").add_prefix("item_")
    return _then(None, rows, total.join(wide).reset_index(), tuple(on), ("coop_year", "assessment"))


VIEWS: dict[str, tuple[tuple[str, ...], Callable[[Held, float], Joined]]] = {
    "household_wave": (("household_wave", "household", "village"), _survey("household_wave")),
    "household_year": (("household_year", "household", "village"), _survey("household_year")),
    "wave_membership": (("household_wave", "membership"), _membership("household_wave")),
    "year_membership": (("household_year", "membership"), _membership("household_year")),
    "coop_village": (("village_year", "coop_village"), _coop_village),
    "coop_fed": (("coop_year", "coop_fed"), _coop_fed),
    "price": (("price_monitor", "price_year"), _prices),
    "shock": (("village_year", "shock"), _shock),
    "fund_project": (("village_year", "fund_project"), _fund_project),
    "assessment": (("coop_year", "assessment"), _assessment),
}


def _then(
    before: Joined | None,
    left: pd.DataFrame,
    right: pd.DataFrame,
    on: tuple[str, ...],
    names: tuple[str, str],
    minimum: float | None = None,
) -> Joined:
    """A further many-to-one join that remembers the ones before."""
    found = join(left, right, on=on, expect="many_to_one", names=names, minimum_match=minimum)
    return replace(found, earlier=tuple(before.records()) if before else ())


def _further(right: pd.DataFrame, left: pd.DataFrame, on: tuple[str, ...]) -> pd.DataFrame:
    """What the register adds: where both tables hold a column, the survey's own stands."""
    return right[[name for name in right.columns if name in on or name not in left.columns]]


def _needed(frame: pd.DataFrame, table: str, *columns: str) -> None:
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise ColumnAbsentError(
            Message(
                f"table {table!r} has no column {', '.join(absent)}; the data model declares it",
                f"表 {table!r} 缺少列 {'、'.join(absent)}；数据模型中有此列",
            )
        )


def _needed_once(frame: pd.DataFrame, table: str, key: list[str]) -> None:
    double = int(frame.duplicated(key, keep=False).sum())
    if double:
        raise JoinError(
            Message(
                f"{double} rows of table {table!r} share {' + '.join(key)} with another; keep one row per key",
                f"表 {table!r} 有 {double} 行的 {' + '.join(key)} 与其他行相同；每个主键只保留一行",
            )
        )


def _years(frame: pd.DataFrame) -> list[int]:
    return [int(year) for year in frame["year"].dropna().unique()]


def _covered(years: pd.Series, recorded: pd.Series) -> pd.Series:
    """Rows whose year lies between a table's first record and its last."""
    known = recorded.dropna()
    if known.empty:
        return pd.Series(False, index=years.index)
    return years.between(int(known.min()), int(known.max())).fillna(False).astype(bool)
