"""The ladder on the calibrated county over many seeds, beside the numbers that its specification was rehearsed with.

What an evaluator would compute from the same data, from the number that is printed to the number that can be defended:
each quantity once per county, its mean and s.d. over seeds beside the truth and beside the rehearsal (D8: 12 seeds).

    naive     expected more than two s.d. from the truth
    credible  expected within two s.d. of it
    shown     between the two: what moves when one thing is repaired
    truth     the county itself: known effects and levels
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis import estimators, samples
from analysis.checks.changes import Variant
from analysis.checks.ladder import ADJUSTED, CREDIBLE, ladder
from analysis.checks.specifications import answer
from analysis.checks.truth import true_average
from analysis.estimates import aggregate
from analysis.members import matched_differences, nearest_neighbour
from analysis.members.section import Section
from analysis.samples import Panel, Sample
from analysis.simulate import County, SimulatedCounty, simulate
from analysis.simulate.parameters import LAST_CREDIBLE_YEAR, YEARS
from analysis.study import Design, Study

Role = Literal["naive", "credible", "shown", "truth"]
SEEDS = tuple(range(1, 13))
NEAR = 2.0  # s.d. over seeds within which a credible number lies of the truth
NEIGHBOURS = 4
HOUSEHOLD_COVARIATES = ("peach_mu", "hh_size", "head_age", "head_edu")  # D8: land, size, age, schooling
COLUMNS = ("scenario", "seed", "quantity", "estimate", "conf_low", "conf_high", "truth")

# scenario -> parameters other than those of the demo county
COUNTIES: dict[str, dict[str, object]] = {
    "county": {},
    "county_no_effect": {"effect_scale": 0.0},
    "lot": {"selection": "none"},
    "lot_no_effect": {"selection": "none", "effect_scale": 0.0},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of the rehearsal: mean and s.d. over its 12 seeds, yuan (D8), and what is expected of it."""

    role: Role
    mean: float
    sd: float


REHEARSED: dict[str, Quantity] = {
    "true_member_2022": Quantity("truth", 2568, 61),
    "true_member_to_2022": Quantity("truth", 2086, 47),
    "true_spillover_2022": Quantity("truth", 198, 4),
    "true_village_to_2022": Quantity("truth", 664, np.nan),
    "true_collective_to_2022": Quantity("truth", 11_900, 500),
    "member_before_after_2019_2021": Quantity("naive", 10_704, 1_562),
    "member_before_after_2019_2022": Quantity("naive", 14_552, 1_303),
    "member_before_after_2018_2022": Quantity("naive", -579, 1_543),
    "member_difference_2022": Quantity("naive", 13_486, 652),
    "member_matching_2022": Quantity("naive", 5_467, 487),
    "member_matched_differences": Quantity("shown", 2_693, 486),
    "member_staggered_raw": Quantity("shown", 3_414, 638),
    "member_staggered_adjusted": Quantity("credible", 2_472, 651),
    "lead_2018_raw": Quantity("naive", 3_844, 631),
    "lead_2018_adjusted": Quantity("credible", 602, 785),
    "village_staggered_raw": Quantity("shown", 1_146, 454),
    "village_staggered_adjusted": Quantity("credible", 825, 515),
    "village_twfe": Quantity("shown", 832, 218),
    "collective_before_after_2019_2021": Quantity("naive", 34_400, 7_700),
    "collective_before_after_2019_2022": Quantity("naive", 49_200, 12_400),
    "collective_staggered_raw": Quantity("shown", 19_300, 6_000),
    "collective_staggered_adjusted": Quantity("credible", 18_200, 6_000),
}
LADDERS = {"member": "member_income", "collective": "operating_surplus"}  # outcomes whose ladder is climbed


def over_seeds(
    study: Study,
    *,
    seeds: tuple[int, ...] = SEEDS,
    scenarios: tuple[str, ...] = tuple(COUNTIES),
    executor: Executor | None = None,
    progress: Callable[[str, int, int], None] = lambda scenario, done, of: None,
) -> pd.DataFrame:
    """One row per scenario, seed and quantity with COLUMNS, yuan; quantities are those of REHEARSED and ladder steps.

    Parameters
    ----------
    study : decisions of the demo county; its tables are not read.
    executor : where counties are made; None makes them here.
    """
    rows: list[dict[str, object]] = []
    for scenario in scenarios:
        tasks = [(study, scenario, seed) for seed in seeds]
        made = map(_of_seed, tasks) if executor is None else executor.map(_of_seed, tasks)
        for number, found in enumerate(made, start=1):
            rows += found
            progress(scenario, number, len(seeds))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Per scenario and quantity: mean and s.d. over seeds, the truth, the distance, the rehearsal, the verdict.

    distance : (mean - truth) / sd;  rejections : seeds whose interval leaves zero out, of with_interval
    rehearsed, rehearsed_sd : NaN where the quantity was not rehearsed
    verdict : "as_expected", "not_as_expected" or "shown"
    """
    grouped = rows.groupby(["scenario", "quantity"], sort=False)
    found = grouped.agg(
        seeds=("seed", "size"), mean=("estimate", "mean"), sd=("estimate", "std"), truth=("truth", "mean"),
        with_interval=("conf_low", "count"),
    )  # fmt: skip
    out = (rows["conf_low"] > 0) | (rows["conf_high"] < 0)
    found["rejections"] = out.groupby([rows["scenario"], rows["quantity"]], sort=False).sum()
    found = found.reset_index()
    known = [REHEARSED.get(name) for name in found["quantity"]]
    found["role"] = [role(name) for name in found["quantity"]]
    found["rehearsed"] = [np.nan if one is None else one.mean for one in known]
    found["rehearsed_sd"] = [np.nan if one is None else one.sd for one in known]
    found["distance"] = (found["mean"] - found["truth"]) / found["sd"]
    near = found["distance"].abs() <= NEAR
    expected = np.where(found["role"] == "credible", near, ~near)
    judged = found["role"].isin(["naive", "credible"]) & (found["scenario"] == "county")
    found["verdict"] = np.where(judged, np.where(expected, "as_expected", "not_as_expected"), "shown")
    return found


def role(quantity: str) -> Role:
    """What is expected of a quantity in the calibrated county."""
    if quantity in REHEARSED:
        return REHEARSED[quantity].role
    step = quantity.partition(":")[2]
    if step in CREDIBLE:
        return "credible"
    # another base year or covariates may land anywhere, near the truth by luck
    return "naive" if step in ("before_after", "difference") else "shown"


def _of_seed(task: tuple[Study, str, int]) -> list[dict[str, object]]:
    study, scenario, seed = task
    county = simulate(County(**{**COUNTIES[scenario], "seed": seed}))
    found = [row for key in LADDERS for row in _ladder_of(key, county, study)]
    if scenario == "county":
        found += [
            {"quantity": name, "estimate": value, "truth": truth, "conf_low": np.nan, "conf_high": np.nan}
            for name, (value, truth) in _rehearsed(county, study).items()
        ]
    return [{"scenario": scenario, "seed": seed, **row} for row in found]


# The ladder of the notebooks


def _ladder_of(key: str, county: SimulatedCounty, study: Study) -> Iterator[dict[str, object]]:
    """Every step as the notebooks compute it, each beside the truth about the years that it looks at."""
    sample = _sample(county, study, LADDERS[key])
    effects = estimators.fit("group_time", sample.panel, study.design)
    asked = [Variant("estimator", sample.panel, study.design, name) for name in study.design.estimators]
    each = pd.DataFrame([answer(variant, unit="yuan") for variant in asked])
    known = _truth(key, county, sample)
    simple = true_average(known, sample, effects)
    last = float(known[sample.panel.cohort <= YEARS[-1], -1].mean())
    for row in ladder(sample.panel, study.design, each).itertuples():
        about = last if row.step in ("difference", *ADJUSTED) else simple
        yield {
            "quantity": f"{key}:{row.step}", "estimate": row.estimate, "conf_low": row.conf_low,
            "conf_high": row.conf_high, "truth": about,
        }  # fmt: skip


def _sample(county: SimulatedCounty, study: Study, outcome: str) -> Sample:
    table = study.outcome(outcome).table
    frame = county.household_year if table == "household_year" else county.village_year
    cohort = study.table(table).cohort
    adopted = frame[cohort].astype("Int64").mask(frame[cohort] == 0)
    chosen = samples.select(frame.assign(**{cohort: adopted}), study, outcome)
    return replace(chosen, panel=chosen.panel.without_models())


def _truth(key: str, county: SimulatedCounty, sample: Sample) -> np.ndarray:
    """(n, T) true effects on the units of the sample."""
    truth = county.truth
    frame, unit, column = (
        (truth.household_effects, "hh_id", "effect_member")
        if key == "member"
        else (truth.village_effects, "village_id", "effect_collective")
    )
    wide = frame.pivot(index=unit, columns="year", values=column)
    return wide.reindex(index=sample.panel.unit, columns=sample.panel.years).to_numpy(float)


# The rehearsal


@dataclass(frozen=True, slots=True)
class _People:
    """Households as arrays: income and true effect (n, T), joined and village cohort (n,) with inf = never."""

    income: np.ndarray
    effect: np.ndarray
    joined: np.ndarray
    village_cohort: np.ndarray
    village: np.ndarray
    covariates: np.ndarray


def _rehearsed(county: SimulatedCounty, study: Study) -> dict[str, tuple[float, float]]:
    """Quantity -> value and truth."""
    return {**_of_members(_people(county), county), **_of_villages(county, study)}


def _people(county: SimulatedCounty) -> _People:
    panel, t = county.household_year, len(YEARS)
    first = panel.iloc[::t]
    cohorts = [first[name].to_numpy(float) for name in ("member_cohort", "village_cohort")]
    joined, village_cohort = (np.where(cohort > 0, cohort, np.inf) for cohort in cohorts)
    return _People(
        income=panel["inc_disposable"].to_numpy(float).reshape(-1, t),
        effect=county.truth.household_effects["effect_member"].to_numpy(float).reshape(-1, t),
        joined=joined, village_cohort=village_cohort, village=first["village_id"].to_numpy(str),
        covariates=first[list(HOUSEHOLD_COVARIATES)].to_numpy(float),
    )  # fmt: skip


def _of_members(people: _People, county: SimulatedCounty) -> dict[str, tuple[float, float]]:
    to_2022 = county.truth.value("member_income", level="simple_2022")
    in_2022 = county.truth.value("member_income", "year", "2022")
    spillover = county.truth.value("nonmember_income", "year", "2022")
    found = {
        "true_member_2022": (in_2022, in_2022),
        "true_member_to_2022": (to_2022, to_2022),
        "true_spillover_2022": (spillover, spillover),
    }
    for since, until in ((2019, 2021), (2019, 2022), (2018, 2022)):
        found[f"member_before_after_{since}_{until}"] = _before_after(people, since, until)
    same_villages = np.isfinite(people.village_cohort)
    inside = _section(people, same_villages)
    means = [float(inside.outcome[rows].mean()) for rows in (inside.treated, ~inside.treated)]
    found["member_difference_2022"] = (means[0] - means[1], in_2022)
    levels = nearest_neighbour.estimate(inside, neighbours=NEIGHBOURS, errors="village")
    changes = matched_differences.estimate(inside, neighbours=NEIGHBOURS)
    found["member_matching_2022"] = (levels.estimate, in_2022)
    found["member_matched_differences"] = (changes.estimate, in_2022)
    for name, covariates in (("raw", ()), ("adjusted", HOUSEHOLD_COVARIATES)):
        effect, lead = _staggered_members(people, covariates)
        found[f"member_staggered_{name}"] = (effect, to_2022)
        found[f"lead_2018_{name}"] = (lead, 0.0)
    return found


def _before_after(people: _People, since: int, until: int) -> tuple[float, float]:
    rows = people.joined <= until
    change = people.income[rows, YEARS.index(until)] - people.income[rows, YEARS.index(since)]
    return float(change.mean()), float(people.effect[rows, YEARS.index(until)].mean())


def _section(people: _People, rows: np.ndarray) -> Section:
    """Members and non-members among the rows in 2022, with their income of 2019."""
    return Section(
        outcome=people.income[rows, YEARS.index(2022)], treated=np.isfinite(people.joined[rows]),
        covariates=people.covariates[rows], names=HOUSEHOLD_COVARIATES, weight=np.ones(rows.sum()),
        cluster=people.village[rows], before=people.income[rows, YEARS.index(2019)],
    )  # fmt: skip


def _staggered_members(people: _People, covariates: tuple[str, ...]) -> tuple[float, float]:
    """Members against all households of villages that have no coop yet, to 2022; and the change 2019 to 2018.

    Members and their neighbours are two arms of the year in which their village adopts, so that comparison households
    are those of other villages, members to be among them. The lead is weighted by members of the three cohorts.
    """
    until = YEARS.index(LAST_CREDIBLE_YEAR) + 1
    arm = np.where(np.isfinite(people.joined), "member", "neighbour")
    n = len(arm)
    panel = Panel(
        unit=np.arange(n).astype(str), years=np.array(YEARS[:until]), outcome=people.income[:, :until],
        cohort=people.village_cohort, weight=np.ones(n), cluster=people.village,
        model=np.where(np.isfinite(people.village_cohort), arm, ""),
        covariates=people.covariates[:, : len(covariates)], covariate_names=covariates,
    )  # fmt: skip
    design = Design(covariates=covariates, base_period="universal")
    effects = estimators.fit("group_time", panel, design)
    cells = effects.cells[effects.cells["model"] == "member"]
    of_year = {year: cells[cells["year"] == year].set_index("cohort") for year in (2018, 2019)}
    lead = of_year[2018]["effect"] - of_year[2019]["effect"]
    weight = of_year[2018]["n_treated"].to_numpy(float)
    average = float(np.average(lead.to_numpy(float), weights=weight))
    return float(aggregate(effects, design, by="model").row("member")["estimate"]), average


def _of_villages(county: SimulatedCounty, study: Study) -> dict[str, tuple[float, float]]:
    found = {}
    early = replace(
        county, village_year=county.village_year[county.village_year["year"] <= LAST_CREDIBLE_YEAR]
    )
    for name, outcome in (("village", "village_mean_income"), ("collective", "operating_surplus")):
        truth = county.truth.value(outcome, level="simple_2022")
        found[f"true_{name}_to_2022"] = (truth, truth)
        panel = _sample(early, study, outcome).panel
        found[f"{name}_staggered_raw"] = (_simple("group_time", _bare(panel)), truth)
        found[f"{name}_staggered_adjusted"] = (_simple("group_time", panel), truth)
    everything = _sample(county, study, "village_mean_income").panel
    found["village_twfe"] = (
        _simple("twfe", _bare(everything)),
        county.truth.value("village_mean_income"),
    )
    income = _sample(county, study, "operating_surplus")
    effect = _truth("collective", county, income)
    panel = income.panel
    for until in (2021, 2022):
        rows = panel.cohort <= until
        change = panel.outcome[rows, YEARS.index(until)] - panel.outcome[rows, YEARS.index(2019)]
        found[f"collective_before_after_2019_{until}"] = (
            float(change.mean()), float(effect[rows, YEARS.index(until)].mean()),
        )  # fmt: skip
    return found


def _bare(panel: Panel) -> Panel:
    return replace(panel, covariates=panel.covariates[:, :0], covariate_names=())


def _simple(estimator: str, panel: Panel) -> float:
    design = Design(covariates=panel.covariate_names)
    return float(aggregate(estimators.fit(estimator, panel, design), design).row("simple")["estimate"])
