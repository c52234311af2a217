"""Numbers other programs and papers print for the same data.

R did 2.3.0, DRDID 1.2.3, fixest 0.14.2 (double precision); did_imputation's estimator as in diff-diff 3.13.0;
the digits and their sources are in the comments. Tolerances are half a unit of the last digit given, or a
little more where the digits were cut off.
"""

from __future__ import annotations

import _panels
import numpy as np
import pytest
from _panels import at_event_time, average

from analysis import estimators
from analysis.effects import Effects
from analysis.study import Design

NEVER = Design(comparison_group="never_treated")
NOT_YET = Design(comparison_group="not_yet_treated")
# did reference manual, att_gt with xformla = ~lpop: years 2004-2007 of the cohorts 2004, 2006, 2007
CELLS_NEVER = [
    -0.0145, -0.0764, -0.1404, -0.1069, -0.0005, -0.0062, 0.0010, -0.0413, 0.0267, -0.0046, -0.0284, -0.0288,
]  # fmt: skip
CELLS_NOT_YET = [
    -0.0212, -0.0816, -0.1382, -0.1069, -0.0075, -0.0046, 0.0087, -0.0413, 0.0269, -0.0042, -0.0284, -0.0288,
]  # fmt: skip
needs_chongqing = pytest.mark.skipif(
    _panels.chongqing_file() is None,
    reason="county panel of Chongqing is not redistributed; set COOPEVAL_DATA to the folder that holds it",
)


def std_error(effects: Effects) -> float:
    return float(np.sqrt(effects.covariance[0, 0]))


def effect_at(effects: Effects, cohort: int, year: int) -> float:
    cells = effects.cells
    return float(cells.loc[(cells["cohort"] == cohort) & (cells["year"] == year), "effect"].iloc[0])


@pytest.fixture(scope="module")
def mpdta_never() -> Effects:
    return estimators.fit("group_time", _panels.mpdta(), NEVER)


class TestGroupTime:
    @pytest.mark.parametrize(
        ("by", "estimate", "error"),
        [  # did: aggte of att_gt(lemp, never treated, varying base), digits at double precision
            ("simple", -0.0399512752, 0.0120340128),
            ("dynamic", -0.0772398215, 0.0199649891),
            ("cohort", -0.0310182822, 0.0124460593),
            ("calendar", -0.0417004321, 0.0159718519),
        ],
    )
    def test_mpdta_overall(self, mpdta_never, by, estimate, error):
        assert average(mpdta_never, by) == pytest.approx((estimate, error), abs=1e-10)

    @pytest.mark.parametrize(
        ("event_time", "estimate", "error"),
        [
            (-3, 0.0305067, 0.0150336),
            (-2, -0.0005631, 0.0132916),
            (-1, -0.0244587, 0.0142364),
            (0, -0.0199318, 0.0118264),
            (1, -0.0509574, 0.0168935),
            (2, -0.1372587, 0.0364357),
            (3, -0.1008114, 0.0343592),
        ],
    )
    def test_mpdta_by_event_time(self, mpdta_never, event_time, estimate, error):
        assert at_event_time(mpdta_never, event_time) == pytest.approx((estimate, error), abs=5.1e-8)

    def test_mpdta_by_cohort_and_by_year(self, mpdta_never):
        cells = mpdta_never.cells
        after = cells[cells["year"] >= cells["cohort"]]
        by_cohort = after.groupby("cohort")["effect"].mean()
        by_year = after.groupby("year").apply(lambda c: np.average(c["effect"], weights=c["n_treated"]))

        assert by_cohort.tolist() == pytest.approx([-0.0797491, -0.0229095, -0.0260544], abs=5.1e-8)
        assert by_year.tolist() == pytest.approx([-0.0105032, -0.0704232, -0.0488160, -0.0370593], abs=5.1e-8)

    @pytest.mark.parametrize(
        ("design", "adjustment", "estimate", "error"),
        [  # did with xformla = ~lpop, simple average
            (NEVER, "doubly_robust", -0.0417517721, 0.0115028382),
            (NEVER, "ipw", -0.0417770822, 0.0114997194),
            (NEVER, "outcome_regression", -0.0419686124, 0.0114448298),
            (NOT_YET, "doubly_robust", -0.0413516293, 0.0114278391),
            (NOT_YET, "ipw", -0.0413894098, 0.0114192902),
            (NOT_YET, "outcome_regression", -0.0413747698, 0.0113771614),
        ],
    )
    def test_mpdta_with_population(self, design, adjustment, estimate, error):
        effects = estimators.fit(
            "group_time", _panels.mpdta("lpop"), design.model_copy(update={"adjustment": adjustment})
        )

        assert average(effects, "simple") == pytest.approx((estimate, error), abs=1e-10)

    def test_mpdta_clustered_by_state(self):
        effects = estimators.fit("group_time", _panels.mpdta("lpop", by_state=True), NEVER)

        assert effects.n_clusters == 29
        assert average(effects, "simple")[1] == pytest.approx(0.0164110550, abs=1e-10)

    @pytest.mark.parametrize(("design", "printed"), [(NEVER, CELLS_NEVER), (NOT_YET, CELLS_NOT_YET)])
    def test_mpdta_cells_printed_in_the_manual(self, design, printed):
        effects = estimators.fit("group_time", _panels.mpdta("lpop"), design)

        # the manual's -0.1404 and -0.0284 are -0.14045 and -0.02845 to five digits: cut, not rounded
        assert effects.cells["effect"].tolist() == pytest.approx(printed, abs=5.6e-5)

    def test_mpdta_not_yet_treated(self):
        effects = estimators.fit("group_time", _panels.mpdta(), NOT_YET)

        assert average(effects, "simple")[0] == pytest.approx(-0.039764, abs=5.1e-7)
        assert average(effects, "dynamic")[0] == pytest.approx(-0.077399, abs=5.1e-7)

    def test_castle_doctrine(self):
        effects = estimators.fit("group_time", _panels.castle(), NEVER)

        assert average(effects, "simple") == pytest.approx((0.110383035458, 0.0387242395), abs=1e-10)
        assert average(effects, "cohort")[0] == pytest.approx(0.108447484927, abs=1e-12)
        assert average(effects, "dynamic")[0] == pytest.approx(0.110280743675, abs=1e-12)
        assert average(effects, "calendar")[0] == pytest.approx(0.0741756576, abs=1e-10)

    def test_medicaid(self):
        never = estimators.fit("group_time", _panels.medicaid(), NEVER)
        not_yet = estimators.fit("group_time", _panels.medicaid(), NOT_YET)

        assert average(never, "simple")[0] == pytest.approx(0.066802, abs=5.1e-7)
        assert average(never, "dynamic")[0] == pytest.approx(0.067705, abs=5.1e-7)
        assert average(not_yet, "simple")[0] == pytest.approx(0.067983, abs=5.1e-7)
        assert effect_at(not_yet, 2014, 2014) == pytest.approx(0.046702, abs=5.1e-7)

    def test_medicaid_without_never_treated_states(self):
        panel = _panels.medicaid()
        effects = estimators.fit("group_time", panel.keep(np.isfinite(panel.cohort)), NOT_YET)

        assert average(effects, "simple")[0] == pytest.approx(0.07284, abs=5.1e-6)

    @needs_chongqing
    def test_chongqing_income_ratio(self):
        effects = estimators.fit("group_time", _panels.chongqing("urban_rural_income_ratio"), NOT_YET)
        printed = {
            -4: 0.029435, -3: -0.026696, -2: 0.015323, -1: -0.048209, 0: -0.053248, 1: -0.09873,
            2: -0.123156, 5: -0.211332, 9: -0.288884, 10: -0.41845,
        }  # fmt: skip

        assert effects.notes == (("always_treated", 14),)
        assert average(effects, "dynamic")[0] == pytest.approx(-0.209297, abs=5.1e-7)
        for event_time, estimate in printed.items():
            assert at_event_time(effects, event_time)[0] == pytest.approx(estimate, abs=5.1e-6)

    @needs_chongqing
    def test_chongqing_rural_income(self):
        never = estimators.fit("group_time", _panels.chongqing("ln_rural_income"), NEVER)

        assert average(never, "dynamic") == pytest.approx((0.092934, 0.015), abs=5e-4)
        assert average(never, "simple")[0] == pytest.approx(0.086327, abs=5.1e-7)
        assert at_event_time(never, -1)[0] == pytest.approx(0.011229, abs=5.1e-7)


class TestImputation:
    def test_mpdta(self):
        effects = estimators.fit("imputation", _panels.mpdta(), NOT_YET)

        assert average(effects, "simple") == pytest.approx((-0.047709918, 0.0132224887), abs=5.1e-10)

    def test_castle_doctrine(self):
        effects = estimators.fit("imputation", _panels.castle(), NOT_YET)

        assert average(effects, "simple") == pytest.approx((0.0798015473, 0.0608839795), abs=1.5e-10)

    def test_medicaid(self):
        effects = estimators.fit("imputation", _panels.medicaid(), NOT_YET)

        assert average(effects, "simple")[0] == pytest.approx(0.07337, abs=5.1e-6)

    @needs_chongqing
    def test_chongqing_rural_income(self):
        effects = estimators.fit("imputation", _panels.chongqing("ln_rural_income"), NOT_YET)

        assert average(effects, "simple")[0] == pytest.approx(0.07695, abs=5.1e-6)


class TestSaturated:
    def test_mpdta(self):
        effects = estimators.fit("saturated", _panels.mpdta(), NEVER)

        assert average(effects, "simple") == pytest.approx((-0.0399512751552, 0.0117962774418), abs=1e-12)
        assert at_event_time(effects, 0) == pytest.approx((-0.0199318, 0.0118575390), abs=5.1e-8)

    def test_castle_doctrine(self):
        effects = estimators.fit("saturated", _panels.castle(), NEVER)

        assert average(effects, "simple") == pytest.approx((0.110383035458, 0.0413168897), abs=1e-10)

    @needs_chongqing
    def test_chongqing_income_ratio(self):
        effects = estimators.fit("saturated", _panels.chongqing("urban_rural_income_ratio"), NEVER)

        assert average(effects, "dynamic")[0] == pytest.approx(-0.221808, abs=5.1e-7)


class TestTwoWay:
    def test_mpdta(self):
        effects = estimators.fit("twfe", _panels.mpdta(), NOT_YET)

        assert effects.cells["effect"][0] == pytest.approx(-0.0365489366741, abs=1e-12)
        assert std_error(effects) == pytest.approx(0.0132651554293, abs=1e-12)

    def test_castle_doctrine(self):
        effects = estimators.fit("twfe", _panels.castle(), NOT_YET)

        assert effects.cells["effect"][0] == pytest.approx(0.0818116169306, abs=1e-12)

    def test_medicaid(self):
        effects = estimators.fit("twfe", _panels.medicaid(), NOT_YET)

        assert effects.cells["effect"][0] == pytest.approx(0.070321, abs=5.1e-7)
        assert std_error(effects) == pytest.approx(0.007401, abs=5.1e-7)

    def test_medicaid_without_never_treated_states(self):
        panel = _panels.medicaid()
        effects = estimators.fit("twfe", panel.keep(np.isfinite(panel.cohort)), NOT_YET)

        assert effects.cells["effect"][0] == pytest.approx(0.062817, abs=5.1e-7)
        assert std_error(effects) == pytest.approx(0.007653, abs=5.1e-7)

    @needs_chongqing
    @pytest.mark.parametrize(
        ("outcome", "estimate", "error"),
        [  # county land coupon study, tables 4 and rural_income, column 1
            ("urban_rural_income_ratio", -0.062295, 0.031),
            ("ln_rural_income", 0.017673, 0.013),
            ("ln_urban_income", 0.002024, 0.011),
        ],
    )
    def test_chongqing(self, outcome, estimate, error):
        effects = estimators.fit("twfe", _panels.chongqing(outcome), NOT_YET)

        assert effects.notes == (("always_treated_kept", 14),)
        assert effects.cells["effect"][0] == pytest.approx(estimate, abs=5.1e-7)
        assert std_error(effects) == pytest.approx(error, abs=5e-4)
