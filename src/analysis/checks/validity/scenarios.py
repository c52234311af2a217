"""What is simulated, and what is asked of whom.

Ten years of a county of 366 villages whose true effects are known. Outcomes of villages: collective operating surplus,
yuan, with yearly shocks that last (autocorrelation 0.5). Outcomes of households: disposable income in 2022, yuan.

    required     bias within its Monte Carlo error, and intervals that hold the truth as often as they say
    unbiased     the first of the two; the second is shown, as a limit of the method in so small a sample
    near         a bias below a fifth of the estimates' s.d., which moves coverage by half a point: what a model that only
                 approximates can give
    fails        an assumption of the method does not hold: shown failing, so that the design can tell
    no_interval  too few treated units: every draw must come without an interval
    shown        nothing
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.messages import Message, ProjectError

Ask = Literal["required", "unbiased", "near", "fails", "no_interval", "shown"]

# key: registered estimator and adjustment; "" holds no covariates equal
METHODS: dict[str, tuple[str, str]] = {
    "group_time": ("group_time", "doubly_robust"),
    "group_time_regression": ("group_time", "outcome_regression"),
    "group_time_ipw": ("group_time", "ipw"),
    "group_time_unadjusted": ("group_time", ""),
    "imputation": ("imputation", "doubly_robust"),  # an adjustment that only group_time reads
    "saturated": ("saturated", "doubly_robust"),
    "twfe": ("twfe", "doubly_robust"),
}
MEMBER_METHODS = (
    "difference", "ols", "nearest_neighbour", "ipw", "aipw", "entropy_balancing", "matched_differences",
)  # fmt: skip
ADJUSTED = ("group_time", "group_time_regression", "group_time_ipw", "imputation", "saturated")
PLAIN = ("group_time_unadjusted", "imputation", "saturated", "twfe")
MATCHED = ("nearest_neighbour", "aipw", "entropy_balancing", "matched_differences")


class ScenarioError(ProjectError, ValueError):
    """No such scenario, or no method of that name in it."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Noise:
    """Yearly shocks to a village's surplus: normal, first-order autoregressive.

    sd : yuan; persistence : autocorrelation at one year
    adopters : what the s.d. of villages that ever adopt is multiplied by
    """

    sd: float = 12_000.0
    persistence: float = 0.5
    adopters: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One law from which counties are drawn.

    group : "villages" or "members": which methods answer
    county : parameters other than those of County()
    asks : method -> what is asked of it; the methods named here are run, in this order
    covariates : whether methods hold the recorded baseline columns equal
    noise : None takes the county's own
    missing : share of village-years that never arrive, at random; villages with a gap are left out, as in a study
    never : villages kept of those that never adopt; 0 keeps all
    share : draws made of those asked for: all where coverage or size of the headline is asked to be exact, fewer elsewhere
    """

    group: Literal["villages", "members"]
    county: Mapping[str, object]
    asks: Mapping[str, Ask]
    covariates: bool = True
    noise: Noise | None = Noise()
    missing: float = 0.0
    never: int = 0
    share: float = 1.0


def _asked(
    required: tuple[str, ...] = (),
    unbiased: tuple[str, ...] = (),
    near: tuple[str, ...] = (),
    fails: tuple[str, ...] = (),
    no_interval: tuple[str, ...] = (),
    shown: tuple[str, ...] = (),
) -> dict[str, Ask]:
    lists = {
        "required": required, "unbiased": unbiased, "near": near, "fails": fails, "no_interval": no_interval, "shown": shown,
    }  # fmt: skip
    ask = {name: kind for kind, names in lists.items() for name in names}
    return {name: ask[name] for name in (*METHODS, *MEMBER_METHODS) if name in ask}


_LOT = {"selection": "observed", "selection_strength": 0.0, "noise_observed": 0.0, "n_exits": 0}
_OBSERVED = {"selection": "observed", "noise_observed": 0.0}
_GROWING = {"phase_in": (0.2, 0.4, 0.6, 0.8, 1.0)}
_SIXTY = {**_LOT, **_GROWING, "rollout": ((2018, 15), (2019, 15), (2020, 15))}  # FAULTS S01: 15 a cohort


def _few(number: int) -> dict[str, object]:
    return {**_LOT, "effect_scale": 0.0, "rollout": ((2021, number),)}


VILLAGES: dict[str, Scenario] = {
    "no_effect": Scenario("villages", {**_LOT, "effect_scale": 0.0}, _asked((*ADJUSTED, *PLAIN))),
    "constant": Scenario(
        "villages",
        {**_OBSERVED, "n_exits": 0, "phase_in": (1.0,), "collective_on_quality": 0.0, "collective_spread": 0.0},
        _asked((*ADJUSTED, "twfe"), fails=("group_time_unadjusted",)), share=0.5),
    "growing": Scenario("villages", {**_LOT, **_GROWING}, _asked((*ADJUSTED, *PLAIN[:-1]), fails=("twfe",))),
    "observed": Scenario("villages", _OBSERVED, _asked(ADJUSTED, fails=("group_time_unadjusted", "twfe"))),
    "unobserved": Scenario(
        "villages", {"selection": "county"}, _asked(fails=(*ADJUSTED, *PLAIN[:-1]), shown=("twfe",)), noise=None, share=0.5),
    "unequal_variance": Scenario(
        "villages", {**_LOT, **_GROWING}, _asked((*ADJUSTED, *PLAIN[:-1]), fails=("twfe",)),
        noise=Noise(adopters=2.0), share=0.5),
    "missing_rows": Scenario(
        "villages", {**_LOT, **_GROWING}, _asked(PLAIN[:-1], fails=("twfe",)), covariates=False, missing=0.15, share=0.5),
    "sixty_villages": Scenario(
        "villages", _SIXTY, _asked(PLAIN[:-1], fails=("twfe",)), covariates=False, never=15
    ),
    "sixty_adjusted": Scenario("villages", _SIXTY, _asked(unbiased=ADJUSTED, fails=("twfe",)), never=15, share=0.5),
    "five_treated": Scenario("villages", _few(5), _asked((*ADJUSTED, *PLAIN))),
    "five_unequal": Scenario("villages", _few(5), _asked((*ADJUSTED, *PLAIN)), noise=Noise(adopters=2.0)),
    "three_treated": Scenario("villages", _few(3), _asked(no_interval=PLAIN), covariates=False, share=0.1),
    "two_treated": Scenario("villages", _few(2), _asked(no_interval=PLAIN), covariates=False, share=0.1),
}  # fmt: skip
MEMBERS: dict[str, Scenario] = {
    "members_by_lot": Scenario("members", {"selection": "none"}, _asked(MEMBER_METHODS), share=0.5),
    "members_observed": Scenario(
        "members", {"selection": "observed"}, _asked(near=MATCHED, fails=("difference",), shown=("ols", "ipw")),
        share=0.5,
    ),
    "members_unobserved": Scenario(
        "members", {"selection": "county"},
        _asked(fails=("difference", "ols", "nearest_neighbour", "aipw", "entropy_balancing"),
               shown=("ipw", "matched_differences")),
        share=0.5,
    ),
}  # fmt: skip
SCENARIOS: dict[str, Scenario] = {**VILLAGES, **MEMBERS}


def chosen(scenario: str = "all", estimator: str = "") -> dict[str, tuple[str, ...]]:
    """Scenarios asked for, each with the methods that are to answer.

    Parameters
    ----------
    scenario : a key, "villages", "members" or "all".
    estimator : a method, or an estimator for all its adjustments; "" for every method.

    Raises
    ------
    ScenarioError : naming the choices.
    """
    groups = {"all": SCENARIOS, "villages": VILLAGES, "members": MEMBERS}
    if scenario not in groups and scenario not in SCENARIOS:
        raise _unknown("scenario", "情景", scenario, [*groups, *SCENARIOS])
    keys = groups.get(scenario, [scenario])
    found = {
        key: tuple(
            m for m in SCENARIOS[key].asks if not estimator or estimator in (m, METHODS.get(m, ("",))[0])
        )
        for key in keys
    }
    if not any(found.values()):
        methods = dict.fromkeys(m for key in keys for m in SCENARIOS[key].asks)
        raise _unknown("estimator", "估计方法", estimator, list(methods))
    return {key: methods for key, methods in found.items() if methods}


def _unknown(kind: str, kind_zh: str, given: str, choices: list[str]) -> ScenarioError:
    near = difflib.get_close_matches(given, choices, n=1)
    en, zh = (f" (did you mean {near[0]}?)", f"（是否想写 {near[0]}？）") if near else ("", "")
    listed = ", ".join(choices)
    return ScenarioError(
        Message(f"no {kind} {given!r}; choose {listed}{en}", f"没有{kind_zh} {given!r}；可选 {listed}{zh}")
    )
