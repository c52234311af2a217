"""Regressions with fixed effects, instruments and weights, by two-stage least squares; least squares is its own case.

Bangladesh: Khandker, Koolwal, Samad (2010), Handbook on Impact Evaluation, chapters 12 and 14. Rice insurance: Cai, de
Janvry, Sadoulet (2015), American Economic Journal: Applied Economics 7, table 6. Chongqing and castle doctrine: only the
entries that no panel estimator of this project takes, because they have a dose, weights or covariates that change.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from answers import Answer, shared

from analysis import paths
from analysis.checks.instrument import TwoStage, two_stage

CREDIT = [
    "sexhead",
    "agehead",
    "educhead",
    "lnland",
    "vaccess",
    "pcirr",
    "rice",
    "wheat",
    "milk",
    "oil",
    "egg",
]
INSURANCE = [
    "male", "age", "agpop", "ricearea_2010", "literacy", "intensive", "risk_averse", "disaster_prob",
]  # fmt: skip


def least_squares(outcome, regressor, **asked) -> tuple[float, float]:
    found = two_stage(outcome, regressor, regressor, **asked)
    return found.estimate, found.std_error


# --- Bangladesh ---


def credit(file: str) -> pd.DataFrame:
    table = pd.read_stata(shared("bangladesh_microcredit", file), convert_categoricals=False)
    table = table.astype({"exptot": float, "hhland": float, "dfmfd": float})
    return table.assign(lexptot=np.log1p(table["exptot"]), lnland=np.log1p(table["hhland"] / 100))


def placement():
    table = credit("hh_98.dta")
    village = table["thanaid"] * 10 + table["villid"]
    return least_squares(table["lexptot"], table["dfmfd"].groupby(village).transform("max"))


def participation():
    table = credit("hh_98.dta")
    return least_squares(table["lexptot"], table["dfmfd"], controls=table[CREDIT], weight=table["weight"])


def rounds() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Both rounds, whether a row is of the later one, and whether its household has a member in the later one."""
    table = credit("hh_9198.dta")
    later = (table["year"] > 0).to_numpy(float)
    member = table["dfmfd"].where(later > 0).groupby(table["nh"]).transform("max").to_numpy()
    return table, later, member


def difference():
    table, later, member = rounds()
    return least_squares(table["lexptot"], member * later, controls=np.column_stack([member, later]))


def ratio_of_adjusted_difference():
    table, later, member = rounds()
    controls = np.column_stack([member, later, table[CREDIT]])
    estimate, error = least_squares(
        table["lexptot"], member * later, controls=controls, weight=table["weight"]
    )
    return estimate / error, None


def within_households():
    table, later, member = rounds()
    household = table["nh"]
    return least_squares(
        table["lexptot"], member * later, controls=later, effects=(household,), cluster=household
    )


# --- rice insurance ---


def network() -> TwoStage:
    table = pd.read_csv(shared("china_rice_insurance", "social_insure.csv"))
    used = ["takeup_survey", "pre_takeup_rate", "default", "village", "address", *INSURANCE]
    table = table[used].dropna()
    return two_stage(
        table["takeup_survey"], table["pre_takeup_rate"], table["default"], controls=table[INSURANCE],
        effects=(table["village"],), cluster=table["address"],
    )  # fmt: skip


def first_stage():
    found = network()
    return found.first_stage[0], found.first_stage_error[0]


# --- rice farms ---


def production(name: str):
    """Elasticity of output; phosphate enters as zero where none is used."""

    def compute():
        table = pd.read_csv(shared("indonesia_rice_farms", "rice_farms.csv"))
        inputs = pd.DataFrame(
            {
                "ls": np.log(table["seed"]),
                "lu": np.log(table["urea"]),
                "lp": np.log(table["phosphate"].where(table["phosphate"] > 0, 1)),
                "DP": table["pesticide"] > 0,
                "ll": np.log(table["totlabor"]),
                "lz": np.log(table["size"]),
                "hv": table["varieties"] == "high",
                "mv": table["varieties"] == "mixed",
            }
        ).astype(float)
        effects = (table["id"], table["season"])
        rest = inputs.drop(columns=name)
        return least_squares(np.log(table["goutput"]), inputs[name], controls=rest, effects=effects)[0], None

    return compute


# --- a dose, weights by year, covariates by year ---


def two_way(table_of, unit: str, outcome: str, regressor: str, *controls: str, weight: str = ""):
    def compute():
        table = table_of()
        return least_squares(
            table[outcome], table[regressor], controls=table[list(controls)] if controls else None,
            effects=(table[unit], table["year"]), cluster=table[unit], weight=table[weight] if weight else None,
        )  # fmt: skip

    return compute


def counties() -> pd.DataFrame:
    return pd.read_csv(shared("chongqing_land_coupon", "county_panel.csv"))


def states() -> pd.DataFrame:
    return pd.read_csv(paths.project() / "data" / "published" / "castle_doctrine" / "castle.csv")


COUNTY, STATE = (counties, "county_id"), (states, "sid")
RATIO, DOSE = "urban_rural_income_ratio", "ln_cum_area"
CHANGING = ("ln_gdp_pc", "ln_fiscal_rev", "ln_urban_rate")

ANSWERS = {
    "bangladesh_microcredit": {
        "placement_f": Answer(placement, 0.13, 0.001),
        "particip_f_adj": Answer(participation, 0.0655, 0.001, 0.0349, 0.001),
        "did_f": Answer(difference, 0.1114, 0.0005),
        "did_f_adj_t": Answer(ratio_of_adjusted_difference, 0.97, 0.01),
        "fe_f": Answer(within_households, 0.1114, 0.0005, 0.0361, 0.001),
    },
    "china_rice_insurance": {
        "iv": Answer(lambda: (network().estimate, network().std_error), 0.791, 0.001, 0.273, 0.002),
        "first_stage": Answer(first_stage, 0.118, 0.001, 0.034, 0.001),
        "n": Answer(lambda: (network().n, None), 1378, 0),
        "ols": Answer(lambda: (network().least_squares, None), 0.4524, 0.001),
    },
    "indonesia_rice_farms": {
        "fe_ls": Answer(production("ls"), 0.1301, 0.001),
        "fe_ll": Answer(production("ll"), 0.2006, 0.001),
        "fe_lz": Answer(production("lz"), 0.4914, 0.001),
    },
    "chongqing_land_coupon": {
        "twfe_ratio_controls": Answer(
            two_way(*COUNTY, RATIO, "treated", *CHANGING), -0.067, 1e-3, 0.029, 2e-3
        ),
        "dose_ratio": Answer(two_way(*COUNTY, RATIO, DOSE), -0.083, 1e-3, 0.022, 2e-3),
        "dose_lnrural": Answer(two_way(*COUNTY, "ln_rural_income", DOSE), 0.046, 1e-3, 0.01, 1e-3),
        "dose_lnurban": Answer(two_way(*COUNTY, "ln_urban_income", DOSE), 0.028, 1e-3, 0.007, 1e-3),
    },
    "castle_doctrine": {
        "twfe_popwt_homicide": Answer(
            two_way(*STATE, "l_homicide", "cdl", weight="popwt"), 0.0801, 3e-4, 0.0342, 2e-3
        ),
        "twfe_controls": Answer(two_way(*STATE, "l_homicide", "post", "l_pop", "l_income"), 0.0906, 1e-4),
    },
}


@pytest.mark.parametrize(
    ("data", "answer"), [(name, key) for name, entries in ANSWERS.items() for key in entries]
)
def test_published_answer(data: str, answer: str) -> None:
    ANSWERS[data][answer].check()


def test_the_published_error_of_placement_takes_households_as_independent_and_equally_spread() -> None:
    """0.0646 is the classical error; with unequal spread it is more, and by village more than a third more."""
    table = credit("hh_98.dta")
    village = table["thanaid"] * 10 + table["villid"]
    x = table["dfmfd"].groupby(village).transform("max").to_numpy()
    estimate, robust = placement()
    centred, y = x - x.mean(), table["lexptot"].to_numpy()
    left = y - y.mean() - estimate * centred
    classical = np.sqrt(left @ left / (len(y) - 2) / (centred @ centred))

    assert classical == pytest.approx(0.0646, abs=1e-4)
    assert robust > classical + 0.001
    assert least_squares(table["lexptot"], x, cluster=village)[1] > 1.3 * classical
