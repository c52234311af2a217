"""Averages and cells of the panel estimators on four public panels with staggered adoption."""

from __future__ import annotations

import math
from functools import partial

from analysis.checks.published import _panels as panels
from analysis.checks.published._panels import NEVER, NOT_YET, Setting
from analysis.checks.published._record import Answer, half_unit

MPDTA, POPULATION = Setting("mpdta"), Setting("mpdta", covariates=("lpop",))
RURAL, URBAN, RATIO = (
    Setting("chongqing_land_coupon", outcome) for outcome in ("", "urban_income", "income_ratio")
)
CASTLE, MEDICAID = Setting("castle_doctrine"), Setting("medicaid_insurance")
EXPANSION = Setting("medicaid_insurance", change="expansion_2014")
MANUAL, README = "did, reference manual", "did, README and reference manual"
COUPONS, COURSE = "Ma, Sexton, Zhong (2026)", "Mixtape course, Advanced DiD, exercise 1"
R, FIXEST = "did 2.3.0 (R)", "fixest 0.14.2 (R)"
BOTH = "two programs"
BOOTSTRAP, NAN = "bootstrap_printing", math.nan
_OUTCOMES = {"urban_income": "urban_income", "income_ratio": "income_ratio"}


def _what(setting: Setting, *parts: str, estimator: str = "", group: str = "") -> tuple[str, ...]:
    of = [f"published_parts.{setting.outcome}"] if setting.outcome else []
    of += [f"short_estimators.{estimator}"] if estimator else []
    of += parts
    of += [f"published_parts.against_{group}"] if estimator == "group_time" else []
    of += ["published_parts.with_population"] if setting.covariates else []
    return (*of, *([f"published_parts.{setting.change}"] if setting.change else []))


def _overall(
    key: str, setting: Setting, level: str, source: str, printed: str, tolerance: float, error: str = "",
    error_tolerance: float = NAN, *, estimator: str = "group_time", group: str = NEVER, row: str = "",
    error_reason: str = "", adjustment: str = "doubly_robust",
) -> Answer:  # fmt: skip
    parts = [f"levels.{level}"] + ([f"changes.{adjustment}"] if setting.covariates and row else [])
    return Answer(
        setting.data, key, _what(setting, *parts, estimator=estimator, group=group), source, printed, tolerance,
        partial(panels.average, setting, level, estimator=estimator, group=group, adjustment=adjustment),
        error, error_tolerance, error_reason=error_reason, row=row,
    )  # fmt: skip


def _event(
    key: str, setting: Setting, time: int, source: str, printed: str, tolerance: float, error: str = "",
    error_tolerance: float = NAN, *, estimator: str = "group_time", group: str = NEVER, row: str = "",
) -> Answer:  # fmt: skip
    return Answer(
        setting.data, key,
        _what(setting, f"published_parts.event_time={time}", estimator=estimator, group=group), source, printed,
        tolerance, partial(panels.average, setting, time, by="event_time", estimator=estimator, group=group), error,
        error_tolerance, row=row,
    )  # fmt: skip


def _cell(
    key: str, setting: Setting, cohort: int, year: int, source: str, printed: str, tolerance: float,
    error: str = "", error_tolerance: float = NAN, *, group: str = NEVER,
) -> Answer:  # fmt: skip
    return Answer(
        setting.data, key,
        _what(setting, f"published_parts.cell={cohort}–{year}", estimator="group_time", group=group), source, printed,
        tolerance, partial(panels.average, setting, f"{cohort}:{year}", by="cell", group=group), error, error_tolerance,
    )  # fmt: skip


_CELLS = [(g, t) for g in (2004, 2006, 2007) for t in range(2004, 2008)]
_DR = {
    "never": (NEVER, "-0.0145 -0.0764 -0.1404 -0.1069 -0.0005 -0.0062 0.0010 -0.0413 0.0267 -0.0046 -0.0284 -0.0288"),
    "nyt": (NOT_YET, "-0.0212 -0.0816 -0.1382 -0.1069 -0.0075 -0.0046 0.0087 -0.0413 0.0269 -0.0042 -0.0284 -0.0288"),
}  # fmt: skip
_EVENTS = dict(
    zip(
        range(-3, 4),
        ["0.0305", "-0.0006", "-0.0245", "-0.0199", "-0.0510", "-0.1373", "-0.1008"],
        strict=True,
    )
)
_MPDTA = [
    _overall("cs_simple", MPDTA, "simple", MANUAL, "-0.0400", 2e-4, "0.0119", 8e-4),
    _overall("cs_dynamic", MPDTA, "dynamic", MANUAL, "-0.0772", 2e-4, "0.0200", 1.8e-3),
    _overall("cs_group", MPDTA, "group", MANUAL, "-0.0310", 2e-4, "0.0125", 9e-4),
    _overall("cs_calendar", MPDTA, "calendar", MANUAL, "-0.0417", 2e-4, "0.0175", error_reason=BOOTSTRAP),
    _overall("twfe", MPDTA, "simple", "widely reprinted", "-0.0365", 2e-4, "0.0132", 6e-4, estimator="twfe"),
    *(_event(f"cs_e{e}", MPDTA, e, README, value, 2e-4) for e, value in _EVENTS.items()),
    _overall("bjs", MPDTA, "simple", BOTH, "-0.0477", 3e-4, estimator="imputation"),
    _overall("cs_nyt_simple", MPDTA, "simple", BOTH, "-0.0398", 3e-4, group=NOT_YET),
    _overall("cs_nyt_dynamic", MPDTA, "dynamic", BOTH, "-0.0774", 3e-4, group=NOT_YET),
    *(
        _cell(f"dr_{key}_{g}_{t}", POPULATION, g, t, MANUAL, value, 1e-4, group=group)
        for key, (group, values) in _DR.items()
        for (g, t), value in zip(_CELLS, values.split(), strict=True)
    ),
]

_NYT_RATIO = {
    -4: "0.0294", -3: "-0.0267", -2: "0.0153", -1: "-0.0482", 0: "-0.0532", 1: "-0.0987", 2: "-0.1232", 5: "-0.2113",
    9: "-0.2889", 10: "-0.4184",
}  # fmt: skip
_CHONGQING = [
    _overall(
        "twfe_ratio", RATIO, "simple", f"{COUPONS}, table 4", "-0.062", 1e-3, "0.031", 2e-3, estimator="twfe"
    ),
    _overall(
        "twfe_lnrural", RURAL, "simple", f"{COUPONS}, rural_income", "0.018", 1e-3, "0.013", 1e-3,
        estimator="twfe",
    ),
    _overall(
        "twfe_lnurban", URBAN, "simple", f"{COUPONS}, mechanism_income", "0.002", 1e-3, "0.011", 1e-3,
        estimator="twfe",
    ),
    _overall(
        "twfe_ratio_excl2009", Setting(RATIO.data, RATIO.outcome, change="without_2009"), "simple",
        f"{COUPONS}, robustness", "-0.094", 1e-3, "0.041", 2e-3, estimator="twfe",
    ),
    _overall(
        "cs_ratio_nyt_dynamic", RATIO, "dynamic", f"{COUPONS}, cs_sa_summary", "-0.209", 1e-3, group=NOT_YET
    ),
    _overall(
        "cs_lnrural_never_dynamic", RURAL, "dynamic", f"{COUPONS}, rural_income", "0.093", 1e-3, "0.015", 1e-3
    ),
    _overall(
        "sa_ratio_dynamic", RATIO, "dynamic", f"{COUPONS}, abstract", "-0.222", 1e-3, estimator="saturated"
    ),
    *(
        _event(f"cs_ratio_nyt_e{e}", RATIO, e, f"{COUPONS}, cs_event_study_results", value, 6e-4, group=NOT_YET)
        for e, value in _NYT_RATIO.items()
    ),
    _overall("cs_lnrural_never_simple", RURAL, "simple", BOTH, "0.0863", 5e-4),
    _overall("cs_lnrural_never_group", RURAL, "group", BOTH, "0.0829", 5e-4),
    _overall("cs_lnrural_nyt_dynamic", RURAL, "dynamic", BOTH, "0.0853", 5e-4, group=NOT_YET),
    _event("cs_lnrural_never_e-1", RURAL, -1, BOTH, "0.0112", 5e-4),
    _overall("bjs_lnrural", RURAL, "simple", BOTH, "0.0770", 5e-4, estimator="imputation"),
]  # fmt: skip

_CASTLE = [
    _overall(
        "twfe_post_unweighted", CASTLE, "simple", "bacondecomp, vignette", "0.08181", 1e-4, estimator="twfe"
    ),
    _overall("cs_simple", CASTLE, "simple", BOTH, "0.1104", 5e-4),
    _overall("cs_dynamic", CASTLE, "dynamic", BOTH, "0.1103", 5e-4),
    _overall("bjs", CASTLE, "simple", BOTH, "0.0798", 5e-4, estimator="imputation"),
]


def _limit(quantile: float) -> tuple[float, float]:
    """End of the ordinary interval of the effect in 2014."""
    estimate, error = panels.average(EXPANSION, 0, by="event_time", estimator="saturated")
    return estimate + quantile * error, NAN


_FIGURE = "HonestDiD, README (figure)"
_MEDICAID = [
    _overall("twfe", MEDICAID, "simple", COURSE, "0.070321", 1e-4, "0.007401", 1e-4, estimator="twfe"),
    _overall("cs_never_simple", MEDICAID, "simple", BOTH, "0.0668", 3e-4),
    _overall("cs_never_dynamic", MEDICAID, "dynamic", BOTH, "0.0677", 3e-4),
    _overall("bjs", MEDICAID, "simple", BOTH, "0.0734", 3e-4, estimator="imputation"),
    _overall("cs_nyt_simple", MEDICAID, "simple", COURSE, "0.0680", 5e-4, "0.0080", 5e-4, group=NOT_YET),
    _cell("cs_nyt_2014_2014", MEDICAID, 2014, 2014, COURSE, "0.0467", 1e-4, "0.0088", 5e-4, group=NOT_YET),
    *(
        _overall(key, Setting(MEDICAID.data, change=change), "simple", source, value, 1e-4, error, tolerance,
                 estimator=estimator, group=NOT_YET)
        for key, change, source, value, error, tolerance, estimator in (
            ("nonever_cs_nyt_simple", "without_never", COURSE, "0.0728", "0.0092", 5e-4, "group_time"),
            ("nonever_twfe", "without_never", COURSE, "0.062817", "0.007653", 1e-4, "twfe"),
            ("dins2_cs_nyt_simple", "growing", COURSE, "0.0917", "", NAN, "group_time"),
            ("dins2_twfe", "growing", BOTH, "0.06666", "", NAN, "twfe"),
        )
    ),
    *(
        _event(f"es14_{2014 + e}", EXPANSION, e, _FIGURE, value, 2e-4, error, 4e-4, estimator="saturated")
        for e, value, error in (
            (0, "0.0464", "0.0091"), (1, "0.0692", "0.0102"), (-2, "0.0003", ""), (-5, "-0.0113", ""))
    ),
    *(
        Answer(
            MEDICAID.data, f"es14_2014_ci_{side}", ("published_parts.expansion_2014", f"published_parts.interval_{side}"),
            "HonestDiD, README", value, 6e-4, partial(_limit, quantile))
        for side, value, quantile in (("lb", "0.029", -1.96), ("ub", "0.064", 1.96))
    ),
]  # fmt: skip


# --- reference values at double precision ---


def _exact(
    row: str, key: str, setting: Setting, level: str, printed: str, error: str = "", **asked: object
) -> Answer:
    source = asked.pop("source", R)
    given = (error, half_unit(error)) if error else ()
    return _overall(
        f"{row}_{key}", setting, level, source, printed, half_unit(printed), *given, row=row, **asked
    )  # fmt: skip


def _reference_events(row: str) -> list[Answer]:
    estimates = "0.0305067 -0.0005631 -0.0244587 -0.0199318 -0.0509574 -0.1372587 -0.1008114"
    errors = "0.0150336 0.0132916 0.0142364 0.0118264 0.0168935 0.0364357 0.0343592"
    rows = zip(range(-3, 4), estimates.split(), errors.split(), strict=True)
    return [
        _event(f"{row}_e{e}", MPDTA, e, R, value, half_unit(value), error, half_unit(error), row=row)
        for e, value, error in rows
    ]


def _reference_means(row: str) -> list[Answer]:
    values = {
        "cohort": zip((2004, 2006, 2007), ["-0.0797491", "-0.0229095", "-0.0260544"], strict=True),
        "year": zip(range(2004, 2008), ["-0.0105032", "-0.0704232", "-0.0488160", "-0.0370593"], strict=True),
    }
    return [
        Answer(
            "mpdta", f"{row}_{column}_{value}",
            _what(MPDTA, f"published_parts.of_{column}={value}", estimator="group_time", group=NEVER), R, printed,
            half_unit(printed), partial(panels.mean_by, column, value, MPDTA), row=row,
        )
        for column, pairs in values.items()
        for value, printed in pairs
    ]  # fmt: skip


_ADJUSTED = {
    "R4": (NEVER, (("doubly_robust", "-0.0417517721", "0.0115028382"), ("ipw", "-0.0417770822", "0.0114997194"),
                   ("outcome_regression", "-0.0419686124", "0.0114448298"))),
    "R5": (NOT_YET, (("doubly_robust", "-0.0413516293", "0.0114278391"), ("ipw", "-0.0413894098", "0.0114192902"),
                     ("outcome_regression", "-0.0413747698", "0.0113771614"))),
}  # fmt: skip
_DCDH = "moderndid 0.4.1"
_REFERENCE = [
    _exact("R1", "simple", MPDTA, "simple", "-0.0399512752", "0.0120340128"),
    _exact("R1", "dynamic", MPDTA, "dynamic", "-0.0772398215", "0.0199649891"),
    _exact("R1", "group", MPDTA, "group", "-0.0310182822", "0.0124460593"),
    _exact("R1", "calendar", MPDTA, "calendar", "-0.0417004321", "0.0159718519"),
    *_reference_events("R2"),
    *_reference_means("R3"),
    *(
        _exact(row, adjustment, POPULATION, "simple", value, error, group=group, adjustment=adjustment)
        for row, (group, rows) in _ADJUSTED.items()
        for adjustment, value, error in rows
    ),
    _exact(
        "R7", "by_state", Setting("mpdta", covariates=("lpop",), change="by_state"), "simple", "-0.0417517721",
        "0.0164110550", source="csdid 0.4.3, moderndid 0.4.1",
    ),
    _exact("R11", "cluster", MPDTA, "simple", "-0.0365489366741", "0.0132651554293", estimator="twfe", source=FIXEST),
    _exact("R12", "simple", MPDTA, "simple", "-0.0399512751552", "0.0117962774418", estimator="saturated", source=FIXEST),
    _event("R12_e0", MPDTA, 0, FIXEST, "-0.0199318", 5.1e-8, "0.0118575390", 5.1e-11, estimator="saturated", row="R12"),
    _exact(
        "R15", "bjs", MPDTA, "simple", "-0.047709918", "0.0132224887", estimator="imputation",
        source="diff-diff 3.13.0",
    ),
    *(
        _event(f"R17_l{e + 1}", MPDTA, e, _DCDH, value, half_unit(value), group=NOT_YET, row="R17")
        for e, value in enumerate(["-0.018922", "-0.053589", "-0.136274", "-0.100811"])
    ),
    _exact("R17", "overall", MPDTA, "simple", "-0.039764", group=NOT_YET, source=_DCDH),
    _exact("R19", "simple", CASTLE, "simple", "0.110383035458", "0.0387242395"),
    _exact("R19", "group", CASTLE, "group", "0.108447484927"),
    _exact("R19", "dynamic", CASTLE, "dynamic", "0.110280743675"),
    _exact("R19", "calendar", CASTLE, "calendar", "0.0741756576"),
    _exact("R19", "saturated", CASTLE, "simple", "0.110383", "0.0413168897", estimator="saturated", source=FIXEST),
    _overall(  # the last digit printed is one too high for half a unit
        "R19_bjs", CASTLE, "simple", "diff-diff 3.13.0", "0.0798015473", 1.5e-10, "0.0608839795", 1.5e-10,
        estimator="imputation", row="R19",
    ),
]  # fmt: skip

ANSWERS = (*_MPDTA, *_CHONGQING, *_CASTLE, *_MEDICAID, *_REFERENCE)
