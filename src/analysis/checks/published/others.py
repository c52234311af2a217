"""Bootstrap, treatment effects as Stata prints them, strength of confounding, and what this project does not compute."""

from __future__ import annotations

import math
from functools import cache, partial

import numpy as np
import pandas as pd

from analysis.checks.omitted_variable import e_value, robustness
from analysis.checks.published import _data, _panels
from analysis.checks.published._panels import NOT_YET, Setting
from analysis.checks.published._record import Answer, half_unit
from analysis.checks.wild_bootstrap import WildBootstrap, wild_regression
from analysis.members import Section, weighting

NAN = math.nan
SELECTION = ("mmarried_", "mage", "mage2", "fbaby_", "medu")
OUTCOME = ("prenatal1_", "mmarried_", "mage", "fbaby_")
DRAWS = 9_999


@cache
def _castle_bootstrap() -> WildBootstrap:
    table = pd.read_csv(_data.path("castle_doctrine", "castle.csv"))
    state, year = table["sid"].to_numpy(), table["year"].to_numpy()
    return wild_regression(
        table["l_homicide"], table["post"], state, effects=(state, year), draws=DRAWS, seed=0
    )


def _statistic() -> tuple[float, float]:
    """The source prints the statistic without the small-sample factor of G = 50, N = 550, K = 12."""
    return _castle_bootstrap().statistic * math.sqrt(50 / 49 * 549 / (550 - 12)), NAN


@cache
def _births(names: tuple[str, ...]) -> Section:
    table = pd.read_csv(_data.path("birth_weights", "cataneo2.csv"))
    n = len(table)
    return Section(
        table["bweight"].to_numpy(float), table["mbsmoke_"].to_numpy() == 1, table[list(names)].to_numpy(float),
        names, np.ones(n), np.array([f"b{k:05d}" for k in range(n)]),
    )  # fmt: skip


def _stata(method: str) -> tuple[float, float]:
    """Effect on all as in Stata; its errors have no n / (n - 1)."""
    if method == "regression_adjustment":
        found = weighting.regression_adjustment(_births(OUTCOME), estimand="ate")
    elif method == "ipw":
        found = weighting.ipw(_births(SELECTION), estimand="ate", link="probit")
    else:
        found = weighting.aipw(
            _births(SELECTION), outcome_covariates=_births(OUTCOME).covariates, normalised="horvitz_thompson",
            estimand="ate", link="probit",
        )  # fmt: skip
    n = found.n_treated + found.n_comparison
    return found.estimate, found.std_error * math.sqrt((n - 1) / n)


def _teffects(method: str, printed: str, error: str) -> Answer:
    return Answer(
        "birth_weights", f"R25_{method}", (f"published_parts.ate_{method}",), "Stata, teffects", printed, half_unit(printed),
        partial(_stata, method), error, half_unit(error), row="R25",
    )  # fmt: skip


def _darfur(name: str) -> tuple[float, float]:
    return float(getattr(robustness(4.18445, 783), name)), NAN


def _wooldridge() -> tuple[float, float]:
    """Without effects of covariates the extended two-way regression is imputation; the errors are others."""
    return _panels.average(
        Setting("mpdta", covariates=("lpop",)), "simple", estimator="imputation", group=NOT_YET
    )


def _uncomputed(data: str, key: str, what: tuple[str, ...], source: str, printed: str, reason: str) -> Answer:
    row = key.partition("_")[0] if key.startswith("R") else ""
    return Answer(data, key, what, source, printed, reason=reason, row=row)


_RANKS, _POOLED = "csranks, vignette", "Gelman et al., Bayesian Data Analysis"
ANSWERS = (
    Answer("castle_doctrine", "R20_t", ("published_parts.wild", "published_parts.t_ratio"), "wildboottest 0.3.2", "1.41799",
           half_unit("1.41799"), _statistic, row="R20"),
    Answer("castle_doctrine", "R20_p", ("published_parts.wild", "published_parts.p_value"), "wildboottest 0.3.2", "0.1728",
           4 * math.sqrt(2 * 0.1728 * 0.8272 / DRAWS), lambda: (_castle_bootstrap().p_value, NAN), row="R20"),
    _teffects("regression_adjustment", "-239.6392", "23.82402"),
    _teffects("ipw", "-230.6886", "25.81524"),
    _teffects("aipw", "-230.9892", "26.21056"),
    *(
        Answer("darfur", f"R31_{name}", (f"published_parts.confounder_{name}",), "sensemakr", printed, half_unit(printed) * 1.1,
               partial(_darfur, name), row="R31")
        for name, printed in (("partial_r2", "0.0218731"), ("value", "0.1387764"), ("value_at_alpha", "0.0762580"))
    ),
    Answer("e_value", "R33_estimate", ("published_parts.e_value",), "VanderWeele, Ding (2017)", "7.263", half_unit("7.263"),
           lambda: (e_value(3.9).of_estimate, NAN), row="R33"),
    Answer("mpdta", "R16_simple", ("published_parts.extended_two_way", "published_parts.with_population"),
           "etwfe (R), moderndid 0.4.1", "-0.0506270331", half_unit("0.0506270331"), _wooldridge, "0.0125",
           error_reason="other_variance", row="R16"),
    _uncomputed("mpdta", "R11_two_way", ("short_estimators.twfe", "published_parts.two_way_clusters"), "fixest 0.14.2",
                "0.0121268909678", "no_two_way_clusters"),
    _uncomputed("mpdta", "R15_did2s", ("published_parts.two_stage_did", "published_parts.std_error"), "did2s (R)",
                "0.0134784088", "other_variance_only"),
    _uncomputed("mpdta", "R15_etwfe", ("published_parts.extended_two_way", "published_parts.std_error"), "diff-diff 3.13.0",
                "0.0132649578", "other_variance_only"),
    _uncomputed("mpdta", "R17_error", ("published_parts.dcdh", "published_parts.std_error"), "moderndid 0.4.1", "0.0118",
                "other_variance_only"),
    _uncomputed("mpdta", "R34_simple", ("short_estimators.group_time", "published_parts.repeated_sections"),
                "csdid 0.4.3, moderndid 0.4.1", "-0.07539924", "sample_not_recorded"),
    _uncomputed("df_het", "R13_static", ("short_estimators.imputation", "levels.simple"), "didimputation, README",
                "2.262952", "data_absent"),
    _uncomputed("df_het", "R14_static", ("published_parts.two_stage_did", "levels.simple"), "did2s (R)", "2.26295171137",
                "data_absent"),
    _uncomputed("female_employment", "R27_smoothness", ("published_parts.bounds", "published_parts.smoothness=0", "published_parts.interval_lb"),
                "moderndid 0.4.1, diff-diff 3.13.0", "0.79615", "data_absent"),
    _uncomputed("birth_weights", "R25_ipwra", ("published_parts.ate_ipwra",), "Stata, teffects", "-229.9671", "no_ipwra"),
    _uncomputed("rank_inference", "R32_lower", ("published_parts.rank_low",), _RANKS, "15", "no_ranks"),
    _uncomputed("rank_inference", "uk_rank", ("published_parts.rank",), _RANKS, "13", "no_ranks"),
    _uncomputed("rank_inference", "uk_L", ("published_parts.rank_low",), _RANKS, "8", "no_ranks"),
    _uncomputed("rank_inference", "uk_U", ("published_parts.rank_high",), _RANKS, "23", "no_ranks"),
    _uncomputed("rank_inference", "top5_n", ("published_parts.best_set",), _RANKS, "13", "no_ranks"),
    _uncomputed("rank_inference", "schools_fe", ("published_parts.pooled",), _POOLED, "7.686", "no_pooling"),
    _uncomputed("rank_inference", "schools_Q", ("published_parts.cochran",), _POOLED, "4.707", "no_pooling"),
)  # fmt: skip
