"""Regressions with fixed effects, instruments and weights, by two-stage least squares; least squares is its own case.

Bangladesh: Khandker, Koolwal, Samad (2010), Handbook on Impact Evaluation. Rice insurance: Cai, de Janvry, Sadoulet
(2015), table 6. Chongqing and castle doctrine: only the entries that no panel estimator of this project takes, because they
have a dose, weights, covariates that change, or one treated county.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd

from analysis.checks.instrument import TwoStage, two_stage
from analysis.checks.published import _data
from analysis.checks.published._record import Answer, half_unit

NAN = math.nan
CREDIT = [
    "sexhead", "agehead", "educhead", "lnland", "vaccess", "pcirr", "rice", "wheat", "milk", "oil", "egg",
]  # fmt: skip
INSURANCE = [
    "male", "age", "agpop", "ricearea_2010", "literacy", "intensive", "risk_averse", "disaster_prob",
]  # fmt: skip


def least_squares(outcome: np.ndarray, regressor: np.ndarray, **asked: object) -> tuple[float, float]:
    """Coefficient and robust or clustered error of one regressor."""
    found = two_stage(outcome, regressor, regressor, **asked)
    return found.estimate, found.std_error


# --- Bangladesh ---


@cache
def credit(file: str) -> pd.DataFrame:
    """Households of the survey with log consumption and log land."""
    table = pd.read_stata(_data.path("bangladesh_microcredit", file), convert_categoricals=False)
    table = table.astype({"exptot": float, "hhland": float, "dfmfd": float})
    return table.assign(lexptot=np.log1p(table["exptot"]), lnland=np.log1p(table["hhland"] / 100))


def _placement() -> tuple[float, float]:
    table = credit("hh_98.dta")
    village = table["thanaid"] * 10 + table["villid"]
    return least_squares(table["lexptot"], table["dfmfd"].groupby(village).transform("max"))


def _participation() -> tuple[float, float]:
    table = credit("hh_98.dta")
    return least_squares(table["lexptot"], table["dfmfd"], controls=table[CREDIT], weight=table["weight"])


def _rounds() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Both rounds, whether a row is of the later one, and whether its household has a member in the later one."""
    table = credit("hh_9198.dta")
    later = (table["year"] > 0).to_numpy(float)
    member = table["dfmfd"].where(later > 0).groupby(table["nh"]).transform("max").to_numpy()
    return table, later, member


def _difference() -> tuple[float, float]:
    table, later, member = _rounds()
    return least_squares(table["lexptot"], member * later, controls=np.column_stack([member, later]))


def _ratio_of_adjusted_difference() -> tuple[float, float]:
    table, later, member = _rounds()
    controls = np.column_stack([member, later, table[CREDIT]])
    estimate, error = least_squares(
        table["lexptot"], member * later, controls=controls, weight=table["weight"]
    )
    return estimate / error, NAN


def _within_households() -> tuple[float, float]:
    table, later, member = _rounds()
    household = table["nh"]
    return least_squares(
        table["lexptot"], member * later, controls=later, effects=(household,), cluster=household
    )


# --- rice insurance ---


@cache
def network() -> TwoStage:
    """Effect of insured friends on one's own decision, whether they were offered a default as instrument."""
    table = pd.read_csv(_data.path("china_rice_insurance", "social_insure.csv"))
    table = table[["takeup_survey", "pre_takeup_rate", "default", "village", "address", *INSURANCE]].dropna()
    return two_stage(
        table["takeup_survey"], table["pre_takeup_rate"], table["default"], controls=table[INSURANCE],
        effects=(table["village"],), cluster=table["address"],
    )  # fmt: skip


# --- rice farms ---


def _elasticity(name: str) -> tuple[float, float]:
    """Elasticity of output; phosphate enters as zero where none is used."""
    table = pd.read_csv(_data.path("indonesia_rice_farms", "rice_farms.csv"))
    inputs = pd.DataFrame(
        {
            "ls": np.log(table["seed"]), "lu": np.log(table["urea"]),
            "lp": np.log(table["phosphate"].where(table["phosphate"] > 0, 1)), "DP": table["pesticide"] > 0,
            "ll": np.log(table["totlabor"]), "lz": np.log(table["size"]), "hv": table["varieties"] == "high",
            "mv": table["varieties"] == "mixed",
        }
    ).astype(float)  # fmt: skip
    effects = (table["id"], table["season"])
    rest = inputs.drop(columns=name)
    return least_squares(np.log(table["goutput"]), inputs[name], controls=rest, effects=effects)[0], NAN


# --- a dose, weights by year, covariates by year, one treated county ---


@cache
def _counties() -> pd.DataFrame:
    return pd.read_csv(_data.path("chongqing_land_coupon", "county_panel.csv"))


@cache
def _states() -> pd.DataFrame:
    return pd.read_csv(_data.path("castle_doctrine", "castle.csv"))


def _two_way(
    table_of: Callable[[], pd.DataFrame], unit: str, outcome: str, regressor: str, *controls: str, weight: str = "",
    cohort: int = 0,
) -> tuple[float, float]:  # fmt: skip
    """Two-way regression; with `cohort` only its counties and those never treated, and no error is claimed."""
    table = table_of()
    if cohort:
        table = table[table["first_treat_year"].isin([0, cohort])]
    estimate, error = least_squares(
        table[outcome], table[regressor], controls=table[list(controls)] if controls else None,
        effects=(table[unit], table["year"]), cluster=table[unit], weight=table[weight] if weight else None,
    )  # fmt: skip
    return estimate, NAN if cohort else error


def _mpdta_robust() -> tuple[float, float]:
    """The two-way coefficient with errors that take rows as independent."""
    table = pd.read_csv(_data.path("mpdta", "mpdta.csv"))
    treated = ((table["first.treat"] > 0) & (table["year"] >= table["first.treat"])).astype(float)
    return least_squares(table["lemp"], treated, effects=(table["countyreal"], table["year"]))


COUNTY, STATE = (_counties, "county_id"), (_states, "sid")
RATIO, DOSE = "urban_rural_income_ratio", "ln_cum_area"
CHANGING = ("ln_gdp_pc", "ln_fiscal_rev", "ln_urban_rate")
HANDBOOK, COUPONS = "Khandker, Koolwal, Samad (2010), {}", "Ma, Sexton, Zhong (2026), {}"
EFFECT = "The Effect, ch. 19; Cai et al. (2015), table 6"
CREDIT_DATA, RICE, FARMS, CQ = (
    "bangladesh_microcredit", "china_rice_insurance", "indonesia_rice_farms", "chongqing_land_coupon",
)  # fmt: skip


def _dose(
    key: str, outcome: str, label: str, table: str, printed: str, error: str, tolerance: float
) -> Answer:
    return Answer(
        CQ, key, (f"published_parts.{label}", "short_estimators.twfe", "published_parts.dose"), COUPONS.format(table),
        printed, 1e-3, partial(_two_way, *COUNTY, outcome, DOSE), error, tolerance,
    )  # fmt: skip


ANSWERS = (
    Answer(CREDIT_DATA, "placement_f", ("published_parts.placement",), HANDBOOK.format("ch. 12"), "0.130", 1e-3,
           _placement, "0.0646", error_reason="classical_error"),
    Answer(CREDIT_DATA, "particip_f_adj", ("published_parts.participation",), HANDBOOK.format("ch. 12"), "0.0655", 1e-3,
           _participation, "0.0349", 1e-3),
    Answer(CREDIT_DATA, "did_f", ("published_parts.credit_did",), HANDBOOK.format("ch. 14"), "0.1114", 5e-4, _difference),
    Answer(CREDIT_DATA, "did_f_adj_t", ("published_parts.credit_did", "published_parts.t_ratio"),
           HANDBOOK.format("ch. 14"), "0.97", 0.01, _ratio_of_adjusted_difference),
    Answer(CREDIT_DATA, "fe_f", ("published_parts.household_effects",), "two programs", "0.1114", 5e-4,
           _within_households, "0.0361", 1e-3),
    Answer(RICE, "iv", ("published_parts.two_stage",), EFFECT, "0.791", 1e-3,
           lambda: (network().estimate, network().std_error), "0.273", 2e-3),
    Answer(RICE, "first_stage", ("published_parts.first_stage",), EFFECT, "0.118", 1e-3,
           lambda: (float(network().first_stage[0]), float(network().first_stage_error[0])), "0.034", 1e-3),
    Answer(RICE, "n", ("published_parts.n_rows",), "counted", "1378", 0, lambda: (network().n, NAN)),
    Answer(RICE, "ols", ("steps.ols",), "two programs", "0.4524", 1e-3,
           lambda: (network().least_squares, NAN)),
    *(
        Answer(FARMS, f"fe_{name}", (f"published_parts.input_{name}", "published_parts.farm_effects"),
               "two programs", value, 1e-3, partial(_elasticity, name))
        for name, value in (("ls", "0.1301"), ("ll", "0.2006"), ("lz", "0.4914"))
    ),
    Answer(CQ, "twfe_ratio_controls", ("published_parts.income_ratio", "short_estimators.twfe",
                                       "published_parts.changing_controls"),
           COUPONS.format("table 4"), "-0.067", 1e-3, partial(_two_way, *COUNTY, RATIO, "treated", *CHANGING),
           "0.029", 2e-3),
    _dose("dose_ratio", RATIO, "income_ratio", "table 4", "-0.083", "0.022", 2e-3),
    _dose("dose_lnrural", "ln_rural_income", "rural_income", "rural_income", "0.046", "0.010", 1e-3),
    _dose("dose_lnurban", "ln_urban_income", "urban_income", "mechanism_income", "0.028", "0.007", 1e-3),
    *(
        Answer(CQ, f"cohort_ratio_{year}", ("published_parts.income_ratio", "short_estimators.twfe",
                                            f"published_parts.cohort_against_never={year}"),
               COUPONS.format("table 5"), value, 1e-3, partial(_two_way, *COUNTY, RATIO, "treated", cohort=year))
        for year, value in ((2010, "-0.288"), (2011, "-0.184"), (2012, "-0.321"), (2014, "-0.094"), (2017, "-0.093"))
    ),
    Answer("castle_doctrine", "twfe_popwt_homicide", ("short_estimators.twfe", "published_parts.population_weights"),
           "Cheng, Hoekstra (2013), table 5", "0.0801", 3e-4,
           partial(_two_way, *STATE, "l_homicide", "cdl", weight="popwt"), "0.0342", 2e-3),
    Answer("castle_doctrine", "twfe_controls", ("short_estimators.twfe", "published_parts.changing_controls"),
           "bacondecomp, vignette", "0.0906", 1e-4, partial(_two_way, *STATE, "l_homicide", "post", "l_pop", "l_income")),
    Answer("mpdta", "R11_hetero", ("short_estimators.twfe", "levels.simple", "published_parts.robust"), "fixest 0.14.2",
           "-0.0365489366741", half_unit("0.0365489366741"), _mpdta_robust, "0.0123601004854",
           half_unit("0.0123601004854"), row="R11"),
)  # fmt: skip
