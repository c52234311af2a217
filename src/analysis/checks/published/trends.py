"""What a two-way coefficient is made of, bounds under differing trends, joint tests and bands.

Castle doctrine as the vignette of bacondecomp takes it apart, the Medicaid expansion as the course and the README of
HonestDiD do, and the event study of profits that comes with HonestDiD.
"""

from __future__ import annotations

import math
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from analysis import estimators
from analysis.checks.bacon import by_kind, decompose
from analysis.checks.honest import from_path
from analysis.checks.parallel_trends_bounds import Bounds, bounds
from analysis.checks.published import _data, _panels
from analysis.checks.published._panels import NEVER, Setting
from analysis.checks.published._record import Answer, half_unit
from analysis.estimates import aggregate
from analysis.inference import simultaneous_critical_value

NAN = math.nan
CASTLE, MEDICAID, MPDTA = Setting("castle_doctrine"), Setting("medicaid_insurance"), Setting("mpdta")
WITHOUT_NEVER = Setting("medicaid_insurance", change="without_never")
EXPANSION = Setting("medicaid_insurance", change="expansion_2014")
VIGNETTE, COURSE, README = (
    "bacondecomp, vignette",
    "Mixtape course, Advanced DiD, exercise 1",
    "HonestDiD, README",
)
TWO_PACKAGES = "moderndid 0.4.1, diff-diff 3.13.0"
LOW, HIGH = "conf_low", "conf_high"
RELATIVE, SMOOTH = "relative_magnitude", "smoothness"
BAND_DRAWS = 20_000  # as the source drew
GRID = (
    40 / 999
)  # standard errors between two values that HonestDiD looks at; its ends lie up to one step inside


@cache
def _kinds(setting: Setting) -> pd.DataFrame:
    return by_kind(decompose(_panels.panel_of(setting))).set_index("kind")


def _kind(setting: Setting, kind: str, column: str) -> tuple[float, float]:
    return float(_kinds(setting).loc[kind, column]), NAN


def _bacon(
    key: str, setting: Setting, kind: str, column: str, source: str, printed: str, tolerance: float, row: str = ""
) -> Answer:  # fmt: skip
    what = ("published_parts.bacon", f"published_parts.{kind}", f"published_parts.{column}")
    changed = (f"published_parts.{setting.change}",) if setting.change else ()
    compute = partial(_kind, setting, kind, column)
    return Answer(setting.data, key, what + changed, source, printed, tolerance, compute, row=row)


EARLY, LATE, UNTREATED = "earlier_vs_later", "later_vs_earlier", "treated_vs_never"


def _total() -> tuple[float, float]:
    rows = decompose(_panels.panel_of(CASTLE))
    return float(rows["weight"] @ rows["estimate"]), NAN


def _bacon_reference() -> list[Answer]:
    values = {
        EARLY: ("0.059763", "-0.005542"),
        LATE: ("0.031898", "0.070320"),
        UNTREATED: ("0.908339", "0.087962"),
    }
    return [
        _bacon(f"R18_{kind}_{column}", CASTLE, kind, column, "bacondecomp 0.1.1", printed, 1e-6, "R18")
        for kind, pair in values.items()
        for column, printed in zip(("weight", "estimate"), pair, strict=True)
    ]  # fmt: skip


@cache
def _medicaid(restriction: str, sizes: tuple[float, ...]) -> Bounds:
    """Intervals for the effect in 2014, of the weights (1, 0) on 2014 and 2015."""
    design = _panels.design_of(MEDICAID.data, comparison_group=NEVER, base_period="universal")
    path = from_path(estimators.fit("saturated", _panels.panel_of(EXPANSION), design), design)
    return bounds(
        path.beta, path.covariance, path.n_pre, restriction=restriction, sizes=sizes, weights=[1, 0]
    )


@cache
def _profits(restriction: str, sizes: tuple[float, ...]) -> Bounds:
    """Intervals for the first period after the change, four periods before the base."""
    table = pd.read_csv(_data.path("profits_event_study", "bc.csv"))
    covariance = table.filter(like="covariance_").to_numpy()
    return bounds(
        table["estimate"].to_numpy(), covariance, 4, restriction=restriction, sizes=sizes, weights=[1, 0, 0, 0]
    )  # fmt: skip


_FOUND = {"medicaid_insurance": _medicaid, "profits_event_study": _profits}
# Sizes are asked for together: one frontier or one inversion serves all of them.
_SIZES = {
    ("medicaid_insurance", RELATIVE): (0.5, 1, 1.5, 2), ("medicaid_insurance", SMOOTH): (0, 0.01, 0.02, 0.03, 0.04, 0.05),
    ("profits_event_study", RELATIVE): (0.5, 1), ("profits_event_study", SMOOTH): (0, 0.01, 0.02),
}  # fmt: skip


def _end(data: str, restriction: str, size: float, side: str) -> tuple[float, float]:
    rows = _FOUND[data](restriction, _SIZES[data, restriction]).rows.set_index("size")
    return float(rows.loc[size, side]), NAN


def _ordinary(data: str, side: str) -> tuple[float, float]:
    return float(getattr(_FOUND[data](SMOOTH, _SIZES[data, SMOOTH]), side)), NAN


def _bound(
    key: str, data: str, restriction: str, size: float, side: str, source: str, printed: str, tolerance: float,
    row: str = "",
) -> Answer:  # fmt: skip
    end = {LOW: "lb", HIGH: "ub"}[side]
    what = (
        "published_parts.bounds",
        f"published_parts.{restriction}={size:g}",
        f"published_parts.interval_{end}",
    )
    compute = partial(_end, data, restriction, size, side)
    reason = "coarse_grid" if restriction == RELATIVE else ""
    return Answer(data, key, what, source, printed, tolerance, compute, reason=reason, row=row)


# How far printed ends may be from exact ones: half a unit of the last digit and this, by what the source searched.
_SEARCHED = {
    ("profits_event_study", SMOOTH): 0.0, ("profits_event_study", RELATIVE): 9.1e-4,
    ("medicaid_insurance", SMOOTH): 1.5e-4, ("medicaid_insurance", RELATIVE): 5.2e-4,
}  # fmt: skip


def _bounds_reference() -> list[Answer]:
    """R26: profits, and R28: Medicaid as the README prints them anew.

    Ends under relative magnitudes are values of a grid, up to one step (40 standard errors over 999) inside the exact
    ones, and their critical values are simulated (1.5e-4).
    """
    printed = [
        ("R26", "profits_event_study", SMOOTH, TWO_PACKAGES,
         {0: "0.13146 0.21612", 0.01: "0.15497 0.27047", 0.02: "0.17647 0.31524"}),
        ("R26", "profits_event_study", RELATIVE, "honestdid 0.1.1, moderndid 0.4.1",
         {0.5: "0.1189 0.2716", 1: "0.0672 0.3187"}),
        ("R28", "medicaid_insurance", RELATIVE, README,
         {0.5: "0.0241 0.0673", 1: "0.0171 0.0720", 1.5: "0.00859 0.0796", 2: "-0.00107 0.0883"}),
        ("R28", "medicaid_insurance", SMOOTH, README, {0: "0.0259 0.0607", 0.05: "-0.0271 0.121"}),
    ]  # fmt: skip
    made = [
        _bound(
            f"{row}_{restriction}_{size:g}_{side}", data, restriction, size, side, source, value,
            half_unit(value) + _SEARCHED[data, restriction], row,
        )
        for row, data, restriction, source, by_size in printed
        for size, pair in by_size.items()
        for side, value in zip((LOW, HIGH), pair.split(), strict=True)
    ]  # fmt: skip
    ordinary = [
        Answer(
            "profits_event_study", f"R26_ordinary_{side}", ("published_parts.ordinary", f"published_parts.interval_{end}"),
            TWO_PACKAGES, value, half_unit(value), partial(_ordinary, "profits_event_study", side), row="R26",
        )
        for side, end, value in ((LOW, "lb", "0.158775"), (HIGH, "ub", "0.233147"))
    ]  # fmt: skip
    return made + ordinary


def _pre_test() -> tuple[float, float]:
    """Wald statistic of all cells before adoption and its p value from the chi-square law."""
    effects = _panels.fitted(MPDTA, "group_time", NEVER)
    before = (effects.cells["year"] < effects.cells["cohort"]).to_numpy()
    theta = effects.cells.loc[before, "effect"].to_numpy(float)
    wald = float(theta @ np.linalg.solve(effects.covariance[np.ix_(before, before)], theta))
    return wald, float(chdtrc(before.sum(), wald))


def _critical(by: str) -> tuple[float, float]:
    """Sup-t critical value over the event times, or over all cells."""
    effects = _panels.fitted(MPDTA, "group_time", NEVER)
    design = _panels.design_of("mpdta", comparison_group=NEVER)
    psi = (
        aggregate(effects, design, by=by).influence.to_numpy()
        if by != "cell"
        else effects.influence.to_numpy()
    )
    value = simultaneous_critical_value(psi, conf_level=0.95, draws=BAND_DRAWS, seed=design.seed)
    return value, NAN  # fmt: skip


ANSWERS = (
    _bacon("bacon_early_later", CASTLE, EARLY, "estimate", VIGNETTE, "-0.00554", 1e-4),
    _bacon("bacon_later_early", CASTLE, LATE, "estimate", VIGNETTE, "0.07032", 1e-4),
    _bacon("bacon_never", CASTLE, UNTREATED, "estimate", VIGNETTE, "0.08796", 1e-4),
    _bacon("bacon_w_early_later", CASTLE, EARLY, "weight", VIGNETTE, "0.05976", 5e-5),
    _bacon("bacon_w_later_early", CASTLE, LATE, "weight", VIGNETTE, "0.03190", 5e-5),
    _bacon("bacon_w_never", CASTLE, UNTREATED, "weight", VIGNETTE, "0.90834", 5e-5),
    _bacon("bacon_early_later", MEDICAID, EARLY, "estimate", COURSE, "0.06983", 1e-4),
    _bacon("bacon_later_early", MEDICAID, LATE, "estimate", COURSE, "0.04486", 1e-4),
    _bacon("bacon_never", MEDICAID, UNTREATED, "estimate", COURSE, "0.07228", 1e-4),
    _bacon("bacon_w_later_early", MEDICAID, LATE, "weight", COURSE, "0.05827", 5e-5),
    _bacon("nonever_bacon_w_forbidden", WITHOUT_NEVER, LATE, "weight", COURSE, "0.28098", 5e-5),
    _bound("honest_rm_lb_M1", MEDICAID.data, RELATIVE, 1, LOW, README, "0.0170", 0.002),
    _bound("honest_rm_ub_M1", MEDICAID.data, RELATIVE, 1, HIGH, README, "0.0720", 0.002),
    _bound("honest_rm_lb_M2", MEDICAID.data, RELATIVE, 2, LOW, README, "-0.0009", 0.002),
    *(
        _bound(f"honest_sd_{name}_M{size:g}", MEDICAID.data, SMOOTH, size, side, README, value, tolerance)
        for name, side, tolerance, values in (
            ("lb", LOW, 5e-4, "0.0259 0.0132 0.00286 -0.00714"), ("ub", HIGH, 7e-4, "0.0607 0.0787 0.0907 0.101"))
        for size, value in zip((0, 0.01, 0.02, 0.03), values.split(), strict=True)
    ),
    *_bacon_reference(),
    Answer(
        "castle_doctrine", "R18_total", ("published_parts.bacon", "published_parts.total"), "bacondecomp 0.1.1",
        "0.0818116169306", 5.1e-14, _total, row="R18",
    ),
    *_bounds_reference(),
    Answer(
        "mpdta", "R1_wald", ("short_estimators.group_time", "published_parts.wald"), "did, vignette", "7.79124", 5.1e-6,
        _pre_test, "0.16812", 5.1e-6, row="R1",
    ),
    *(
        Answer(
            "mpdta", f"R6_{by}", ("short_estimators.group_time", f"published_parts.band_{by}"), "R did 2.3.0, 20,000 draws",
            printed, 0.03, partial(_critical, by), reason="band_scale", row="R6",
        )
        for by, printed in (("event_time", "2.538"), ("cell", "2.668"))
    ),
)  # fmt: skip
