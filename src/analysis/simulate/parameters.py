"""All parameters of the simulated county, each with unit and source, and the scenarios made from them.

Sources: "D3.4" is section 3.4 of the domain note behind this project; "D8" its checked specification of the
simulator; "own" a choice made here, usually to meet a calibration target of D8 (see `calibration`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

from analysis.messages import Message, ProjectError

Selection = Literal["county", "observed", "none"]
ModelEffects = Literal["none", "equal", "ranked"]
PricePath = Literal["official_mid", "official_low", "official_high", "flat"]

YEARS = tuple(range(2015, 2025))  # calendar years, D8
LAST_CREDIBLE_YEAR = 2022  # later, no village is still to adopt, D3.2
WAVES = (2019, 2021, 2022, 2024)  # survey years, D6.1
VILLAGES_BY_TOWNSHIP = (70, 24, 34, 25, 52, 24, 25, 39, 38, 35)  # villages, codes of 2021-10-31, D3.1

# yuan per mu by year: 2018, 2019, 2022 published, 2021 mid of two published values, others invented, D8
PEACH_REVENUE_PER_MU = (6100, 6900, 6300, 8860, 6520, 6900, 7400, 7720, 7600, 9000)
PEACH_REVENUE_SOURCED = {
    2018: "sourced",
    2019: "sourced",
    2021: "mid-point of two sourced values",
    2022: "sourced",
}
PEACH_REVENUE_2021 = {"official_low": 6662, "official_mid": 7400, "official_high": 8090}  # yuan per mu, D3.4
PEACH_KG_PER_MU = (
    1650,
    1700,
    1769,
    1477,
    1946,
    1600,
    1450,
    1408,
    1408,
    1620,
)  # kg, 2017-19 and 2021-24 from D3.4
PEACH_COST_PER_MU = (2300, 3050)  # yuan, first and last year, linear between, D8

# yuan per head and year: 0.87 times the provincial rural income, D3.5
INCOME_PER_HEAD = (11250, 12140, 13150, 14180, 15460, 16320, 18090, 19240, 20690, 21980)

# by model M01..M10: coops among 310, own; true effects relative to their mean when ranked, own
MODEL_SIZES = (58, 30, 70, 45, 12, 50, 20, 8, 12, 5)
MODEL_FACTORS = (1.6, 0.6, 1.4, 1.2, 0.8, 1.0, 0.5, 0.9, 1.1, 0.7)
MODELS = tuple(f"M{number:02d}" for number in range(1, 11))

# baseline columns of village_year on which adoption and untreated trends depend when selection = "observed"
COVARIATES_OBSERVED = ("cadre_proxy", "land_per_hh_mu", "precoop_2019", "dist_county_km")


class ParameterError(ProjectError, ValueError):
    """A parameter or scenario of the simulated county is unknown or out of range."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class County:
    """Parameters of a simulated county; the defaults are those of data/demo_county.

    selection : who adopts and joins. "county": also on cadre quality and ability that nobody records, and
        good villages grow faster; "observed": only on recorded baseline columns (COVARIATES_OBSERVED), on
        which untreated collective income depends linearly in every year; "none": by lot.
    model_effects : true effects of the ten models. "none": no effect of any; "equal": the same law for all;
        "ranked": multiplied by MODEL_FACTORS.
    """

    seed: int = 20201101
    n_households: int = 20  # sampled households per village, D6.1
    selection: Selection = "county"
    selection_strength: float = 1.0  # times every selection coefficient
    effect_scale: float = 1.0  # times every effect; 0 = none, 5.7 = the published claims, D8
    model_effects: ModelEffects = "equal"
    price_path: PricePath = "official_mid"
    inactive_member_share: float = 0.0  # share of members who use no service; 0.5 in the scenario of D3.3
    manipulation_share: float = (
        0.0  # share of village-years just below a target that report just above it, D6.5
    )
    # roll-out, D3.2
    rollout: tuple[tuple[int, int], ...] = ((2020, 90), (2021, 134), (2022, 86))  # year, villages
    n_exits: int = 41  # coops closed or merged in 2023 and 2024
    exit_on_quality: float = -0.6  # log weight of exit per s.d. of cadre quality, D8
    # villages, D8
    land_mean: float = 4.7  # mu of peach per household
    land_sd: float = 1.5  # mu
    land_range: tuple[float, float] = (0.3, 9.0)  # mu
    proxy_weights: tuple[float, float] = (0.6, 0.8)  # of cadre quality and of noise in the recorded proxy
    adoption_on_quality: float = 0.8  # score per s.d.
    adoption_on_precoop: float = 0.7  # score
    adoption_on_land: float = 0.2  # score per mu
    adoption_on_distance: float = -0.015  # score per km
    observed_share: float = (
        0.4  # of these four when selection = "observed", own: never adopters resemble adopters
    )
    # collective operating surplus, 10,000 yuan
    surplus_log_mean: float = 1.504  # ln 4.5, log of 10,000 yuan in 2015, D8
    surplus_log_sd: float = 1.08  # own; the 1.0 of D8 gives a 2019 mean of 10.0 at median 5.9, not its 11.4
    surplus_on_quality: float = 0.25  # log points per s.d., D8
    surplus_growth: float = 0.074  # log points per year, own: median 5.9 in 2019
    growth_on_quality: float = 0.010  # log points per year and s.d., own: good villages grow faster
    surplus_shock: float = 0.22  # s.d. of yearly log shocks, own: mean 11.4 at median 5.9 in 2019
    surplus_noise: float = 0.15  # s.d. of yearly additive noise, 10,000 yuan, own: a few zeros and losses
    # the same when selection = "observed": trends, 10,000 yuan per year, on COVARIATES_OBSERVED in turn, own
    trend_observed: tuple[float, ...] = (0.35, 0.10, 0.40, -0.01)
    trend_common: float = 0.55
    noise_observed: float = 1.2  # s.d. of yearly noise, 10,000 yuan
    grant: float = 50.0  # one-off grant, 10,000 yuan, D8
    grant_chance: float = 0.02  # yearly chance 2018-22, D8
    # households, D8
    size: tuple[float, float] = (3.1, 1.1)  # persons, mean and s.d.
    head_age: tuple[float, float] = (56.0, 9.0)  # years
    schooling: tuple[float, float] = (7.3, 3.0)  # years
    schooling_on_ability: float = 0.6  # years per s.d.
    land_spread: float = 0.45  # s.d. of log peach land within a village
    land_on_ability: float = 0.12  # log points per s.d.
    low_income_share: float = 0.07
    party_share: float = 0.10
    member_logit: tuple[float, ...] = (-1.30, 0.40, 0.12, 0.5, -0.015, -0.25, 0.3)
    # order: constant, ability, peach mu - 4.7, Party member, age - 56, low income, cadre quality
    wage: tuple[float, float] = (15000.0, 6000.0)  # yuan in 2015, mean and s.d.
    wage_on_ability: float = 1500.0  # yuan per s.d.
    wage_on_schooling: float = 700.0  # yuan per year
    other_income: tuple[float, float] = (6500.0, 2500.0)  # yuan in 2015, mean and s.d.
    growth_elasticity: float = (
        0.73  # of wages and other income to INCOME_PER_HEAD, own: mean income 2019 and 2022
    )
    yearly_noise: float = 0.05  # s.d. of log noise of wages and other income, own
    skill_spread: float = 0.22  # s.d. of a household's log revenue per mu, own
    skill_on_ability: float = 0.09  # log points per s.d., own: member gap of D8
    township_shock: float = 0.05  # s.d. of log revenue by township and year
    hail_chance: float = 0.02  # by village and year
    hail_loss: float = 0.45  # share of revenue
    peach_noise: float = 0.12  # s.d. of log revenue by household and year
    # effects, D8
    phase_in: tuple[float, ...] = (
        0.35,
        0.70,
        1.00,
    )  # share of the full effect 0, 1, 2 and more years after adoption
    effect_price: float = 0.03  # members: share of peach revenue
    effect_cost: float = 0.05  # members: share of peach cost
    effect_dividend: float = 700.0  # members: yuan a year
    dividend_on_quality: float = 0.3  # share per s.d. of cadre quality
    effect_wage: float = 300.0  # members: yuan a year
    spillover_share: float = 0.25  # non-members in adopting villages: share of the price effect
    effect_collective: float = 1.6  # 10,000 yuan a year
    collective_on_quality: float = 0.4  # share per s.d.
    collective_spread: float = 0.6  # s.d. of the log of a village's own factor

    def __post_init__(self) -> None:
        """Refuse values that no county can have, all at once."""
        problems = list(self._problems())
        if problems:
            english, chinese = ("".join(f"\n  - {text[k]}" for text in problems) for k in (0, 1))
            raise ParameterError(
                Message(f"this county cannot be simulated:{english}", f"无法模拟该县：{chinese}")
            )

    def _problems(self) -> Iterator[tuple[str, str]]:
        kinds = {"selection": Selection, "model_effects": ModelEffects, "price_path": PricePath}
        for name, kind in kinds.items():
            if getattr(self, name) not in get_args(kind):
                given, listed = f"{name} = {getattr(self, name)!r}", ", ".join(get_args(kind))
                yield f"{given}; choose {listed}", f"{given}；可选 {listed}"
        shares = ("inactive_member_share", "manipulation_share", "spillover_share", "observed_share")
        for name in (*shares, "grant_chance", "hail_chance", "hail_loss", "low_income_share", "party_share"):
            if not 0 <= getattr(self, name) <= 1:
                yield (
                    f"{name} = {getattr(self, name)}; give 0 to 1",
                    f"{name} = {getattr(self, name)}；应在 0 与 1 之间",
                )
        least = {"seed": 0, "n_households": 2, "effect_scale": 0, "selection_strength": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                yield (
                    f"{name} = {getattr(self, name)}; give {bound} or more",
                    f"{name} = {getattr(self, name)}；不得小于 {bound}",
                )
        first, last, n = YEARS[1], YEARS[-1], sum(VILLAGES_BY_TOWNSHIP)
        if not self.rollout or any(not first <= year <= last or count < 0 for year, count in self.rollout):
            yield (
                f"rollout: give pairs of a year in {first}-{last} and a number of villages",
                f"rollout：请给出 {first}-{last} 年份与村数",
            )
        if self.n_adopters > n:
            yield (
                f"rollout: {self.n_adopters} adopters of {n} villages",
                f"rollout：{n} 村中 {self.n_adopters} 村组建",
            )
        if not 0 <= self.n_exits <= self.n_adopters:
            yield (
                f"n_exits = {self.n_exits}; give 0 to the {self.n_adopters} that adopt",
                f"n_exits = {self.n_exits}；应在 0 与组建村数 {self.n_adopters} 之间",
            )

    @property
    def n_adopters(self) -> int:
        """Villages that ever adopt."""
        return sum(count for _, count in self.rollout)


SCENARIOS: dict[str, dict[str, object]] = {
    "county": {},
    "observed": {"selection": "observed"},
    "random": {"selection": "none"},
    "no_effect": {"effect_scale": 0.0},
    "constant": {
        "selection": "none",
        "phase_in": (1.0,),
        "collective_on_quality": 0.0,
        "collective_spread": 0.0,
    },
    "ranked": {"model_effects": "ranked"},
    "headline": {"effect_scale": 5.7},
    "inactive": {"inactive_member_share": 0.5},
    "bunching": {"manipulation_share": 0.5},
}


def county_from(
    scenario: str = "county", *, seed: int = 20201101, settings: dict[str, str] | None = None
) -> County:
    """The county of a named scenario, with single parameters changed by text (`{"effect_scale": "2"}`).

    Raises
    ------
    ParameterError : unknown scenario or parameter, or a text that is no value for it.
    """
    if scenario not in SCENARIOS:
        raise _unknown("scenario", "情景", scenario, list(SCENARIOS))
    defaults = County()
    simple = [f.name for f in fields(County) if isinstance(getattr(defaults, f.name), int | float | str)]
    changes: dict[str, object] = {**SCENARIOS[scenario], "seed": seed}
    for name, text in (settings or {}).items():
        if name not in simple:
            raise _unknown("parameter", "参数", name, simple)
        kind = type(getattr(defaults, name))
        try:
            changes[name] = kind(text)
        except ValueError as error:
            what = {int: ("a whole number", "整数"), float: ("a number", "数字")}[kind]
            raise ParameterError(
                Message(f"{name} = {text!r}: give {what[0]}", f"{name} = {text!r}：请填{what[1]}")
            ) from error
    return replace(defaults, **changes)


def _unknown(kind_en: str, kind_zh: str, given: str, choices: list[str]) -> ParameterError:
    near = difflib.get_close_matches(given, choices, n=1)
    hint_en, hint_zh = (f" (did you mean {near[0]}?)", f"（是否想写 {near[0]}？）") if near else ("", "")
    listed = ", ".join(choices)
    return ParameterError(
        Message(
            f"no {kind_en} {given!r} of the simulated county; choose {listed}{hint_en}",
            f"模拟县没有{kind_zh} {given!r}；可选 {listed}{hint_zh}",
        )
    )
