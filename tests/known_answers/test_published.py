"""Published and independently computed answers on real data, at the tolerance of their sources.

Each entry: (expected, tolerance, standard error or None, its tolerance). The numbers and where they were printed are
those of the data sets' READMEs; test_published_index holds them against index.json and names what is not matched yet.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from answers import Answer
from real_panels import expansion_2014, load, without_never

from analysis import estimators
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.samples import Panel

NEVER, NOT_YET_TREATED = "never_treated", "not_yet_treated"


def average(panel, study, estimator="group_time", by="overall", **design):
    """Rows of an estimand by level, before small cells are withheld from readers."""
    decided = study.design.model_copy(update={"min_treated_units": 2, **design})
    effects = estimators.fit(estimator, panel.without_models(), decided)
    return aggregate(effects, decided, by=by).rows.set_index("level")


def overall(name, level, *, outcome="", estimator="group_time", group=NEVER, change=None):
    study, panel = load(name, outcome)
    panel = change(panel) if change else panel
    row = average(panel, study, estimator, comparison_group=group).loc[level]
    return row["estimate"], row["std_error"]


def event(name, time, *, outcome="", estimator="group_time", group=NEVER, change=None):
    study, panel = load(name, outcome)
    panel = change(panel) if change else panel
    row = average(panel, study, estimator, "event_time", comparison_group=group).loc[time]
    return row["estimate"], row["std_error"]


def cell(name, cohort, year, *, group=NEVER, covariates=()):
    study, panel = load(name, covariates=covariates)
    row = average(panel, study, by="cell", comparison_group=group).loc[f"{cohort}:{year}"]
    return row["estimate"], row["std_error"]


def without_cohort(*years):
    return lambda panel: panel.keep(~np.isin(panel.cohort, years))


def only_cohort(year):
    return lambda panel: panel.keep((panel.cohort == year) | np.isinf(panel.cohort))


def growing(panel: Panel) -> Panel:
    """The course exercise's constructed outcome: 0.01 more per year since adoption, no never-treated states."""
    kept = without_never(panel)
    since = np.clip(kept.years[None, :] - kept.cohort[:, None], 0, None)
    return replace(kept, outcome=kept.outcome + 0.01 * since)


MPDTA = {
    "cs_simple": (lambda: overall("mpdta", "simple"), -0.0400, 2e-4, 0.0119, 8e-4),
    "cs_dynamic": (lambda: overall("mpdta", "dynamic"), -0.0772, 2e-4, 0.0200, 1.8e-3),
    "cs_group": (lambda: overall("mpdta", "group"), -0.0310, 2e-4, 0.0125, 9e-4),
    "cs_calendar": (lambda: overall("mpdta", "calendar"), -0.0417, 2e-4, None, None),
    "twfe": (lambda: overall("mpdta", "simple", estimator="twfe"), -0.0365, 2e-4, 0.0132, 6e-4),
    "bjs": (lambda: overall("mpdta", "simple", estimator="imputation"), -0.0477, 3e-4, None, None),
    "cs_nyt_simple": (lambda: overall("mpdta", "simple", group=NOT_YET_TREATED), -0.0398, 3e-4, None, None),
    "cs_nyt_dynamic": (lambda: overall("mpdta", "dynamic", group=NOT_YET_TREATED), -0.0774, 3e-4, None, None),
    **{
        f"cs_e{time}": (lambda time=time: event("mpdta", time), value, 2e-4, None, None)
        for time, value in zip(
            range(-3, 4), (0.0305, -0.0006, -0.0245, -0.0199, -0.0510, -0.1373, -0.1008), strict=True
        )
    },
    **{
        f"dr_{key}_{g}_{t}": (
            lambda g=g, t=t, group=group: cell("mpdta", g, t, group=group, covariates=("lpop",)), value, 1e-4, None, None,
        )
        for key, group, values in (
            ("never", NEVER, (-0.0145, -0.0764, -0.1404, -0.1069, -0.0005, -0.0062, 0.0010, -0.0413,
                              0.0267, -0.0046, -0.0284, -0.0288)),
            ("nyt", NOT_YET_TREATED, (-0.0212, -0.0816, -0.1382, -0.1069, -0.0075, -0.0046, 0.0087, -0.0413,
                                      0.0269, -0.0042, -0.0284, -0.0288)),
        )
        for (g, t), value in zip(
            [(g, t) for g in (2004, 2006, 2007) for t in range(2004, 2008)], values, strict=True
        )
    },
}  # fmt: skip

CQ, RATIO = "chongqing_land_coupon", {"outcome": "income_ratio"}
CHONGQING = {
    "twfe_ratio": (lambda: overall(CQ, "simple", estimator="twfe", **RATIO), -0.062, 1e-3, 0.031, 2e-3),
    "twfe_lnrural": (lambda: overall(CQ, "simple", estimator="twfe"), 0.018, 1e-3, 0.013, 1e-3),
    "twfe_lnurban": (lambda: overall(CQ, "simple", estimator="twfe", outcome="urban_income"), 0.002, 1e-3, 0.011, 1e-3),
    "twfe_ratio_excl2009": (
        lambda: overall(CQ, "simple", estimator="twfe", change=without_cohort(2009), **RATIO), -0.094, 1e-3, 0.041, 2e-3),
    "cs_ratio_nyt_dynamic": (lambda: overall(CQ, "dynamic", group=NOT_YET_TREATED, **RATIO), -0.209, 1e-3, None, None),
    "cs_lnrural_never_dynamic": (lambda: overall(CQ, "dynamic"), 0.093, 1e-3, 0.015, 1e-3),
    "sa_ratio_dynamic": (lambda: overall(CQ, "dynamic", estimator="saturated", **RATIO), -0.222, 1e-3, None, None),
    "cs_lnrural_never_simple": (lambda: overall(CQ, "simple"), 0.0863, 5e-4, None, None),
    "cs_lnrural_never_group": (lambda: overall(CQ, "group"), 0.0829, 5e-4, None, None),
    "cs_lnrural_nyt_dynamic": (lambda: overall(CQ, "dynamic", group=NOT_YET_TREATED), 0.0853, 5e-4, None, None),
    "cs_lnrural_never_e-1": (lambda: event(CQ, -1), 0.0112, 5e-4, None, None),
    "bjs_lnrural": (lambda: overall(CQ, "simple", estimator="imputation"), 0.077, 5e-4, None, None),
    **{
        f"cs_ratio_nyt_e{time}": (
            lambda time=time: event(CQ, time, group=NOT_YET_TREATED, **RATIO), value, 6e-4, None, None)
        for time, value in {-4: 0.0294, -3: -0.0267, -2: 0.0153, -1: -0.0482, 0: -0.0532, 1: -0.0987, 2: -0.1232,
                            5: -0.2113, 9: -0.2889, 10: -0.4184}.items()
    },
    **{
        f"cohort_ratio_{year}": (
            lambda year=year: cohort_against_never(year), value, 1e-3, None, None)
        for year, value in {2010: -0.288, 2011: -0.184}.items()
    },
}  # fmt: skip


def cohort_against_never(year):
    study, panel = load(CQ, "income_ratio")
    effects = estimators.fit("twfe", only_cohort(year)(panel), study.design)
    return float(effects.cells["effect"].iloc[0]), None


CASTLE = {
    "twfe_post_unweighted": (
        lambda: overall("castle_doctrine", "simple", estimator="twfe"),
        0.08181,
        1e-4,
        None,
        None,
    ),
    "cs_simple": (lambda: overall("castle_doctrine", "simple"), 0.1104, 5e-4, None, None),
    "cs_dynamic": (lambda: overall("castle_doctrine", "dynamic"), 0.1103, 5e-4, None, None),
    "bjs": (lambda: overall("castle_doctrine", "simple", estimator="imputation"), 0.0798, 5e-4, None, None),
}

MED = "medicaid_insurance"


def limit_2014(quantile):
    estimate, error = event(MED, 0, estimator="saturated", change=expansion_2014)
    return estimate + quantile * error, None


MEDICAID = {
    "twfe": (lambda: overall(MED, "simple", estimator="twfe"), 0.070321, 1e-4, 0.007401, 1e-4),
    "cs_never_simple": (lambda: overall(MED, "simple"), 0.0668, 3e-4, None, None),
    "cs_never_dynamic": (lambda: overall(MED, "dynamic"), 0.0677, 3e-4, None, None),
    "bjs": (lambda: overall(MED, "simple", estimator="imputation"), 0.0734, 3e-4, None, None),
    "cs_nyt_simple": (lambda: overall(MED, "simple", group=NOT_YET_TREATED), 0.068, 5e-4, 0.008, 5e-4),
    "cs_nyt_2014_2014": (lambda: cell(MED, 2014, 2014, group=NOT_YET_TREATED), 0.0467, 1e-4, 0.0088, 5e-4),
    "nonever_cs_nyt_simple": (
        lambda: overall(MED, "simple", group=NOT_YET_TREATED, change=without_never), 0.0728, 1e-4, 0.0092, 5e-4),
    "nonever_twfe": (
        lambda: overall(MED, "simple", estimator="twfe", group=NOT_YET_TREATED, change=without_never),
        0.062817, 1e-4, 0.007653, 1e-4),
    "dins2_cs_nyt_simple": (
        lambda: overall(MED, "simple", group=NOT_YET_TREATED, change=growing), 0.0917, 1e-4, None, None),
    "dins2_twfe": (
        lambda: overall(MED, "simple", estimator="twfe", group=NOT_YET_TREATED, change=growing), 0.06666, 1e-4, None, None),
    "es14_2014_ci_lb": (lambda: limit_2014(-1.96), 0.029, 6e-4, None, None),
    "es14_2014_ci_ub": (lambda: limit_2014(1.96), 0.064, 6e-4, None, None),
    **{
        f"es14_{2014 + time}": (
            lambda time=time: event(MED, time, estimator="saturated", change=expansion_2014), value, 2e-4, error, 4e-4)
        for time, value, error in ((0, 0.0464, 0.0091), (1, 0.0692, 0.0102), (-2, 0.0003, None), (-5, -0.0113, None))
    },
}  # fmt: skip

SOURCES = {"mpdta": MPDTA, CQ: CHONGQING, "castle_doctrine": CASTLE, MED: MEDICAID}
ANSWERS = {name: {key: Answer(*entry) for key, entry in entries.items()} for name, entries in SOURCES.items()}


@pytest.mark.parametrize(
    ("data", "answer"), [(name, key) for name, entries in ANSWERS.items() for key in entries]
)
def test_published_answer(data: str, answer: str) -> None:
    ANSWERS[data][answer].check()


@pytest.mark.parametrize("year", [2012, 2014, 2017])
def test_a_single_treated_county_is_refused(year: int) -> None:
    """The source prints these numbers; with one treated county its own noise cannot be told from an effect."""
    with pytest.raises(EstimatorError, match="one treated unit"):
        cohort_against_never(year)
