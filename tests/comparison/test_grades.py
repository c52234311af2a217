"""Evidence grades: every rule of the table bars, says so, and nothing is forgiven for being unknown."""

from dataclasses import replace

import numpy as np
import pytest
from _ten_models import refused

from analysis.comparison.grades import RULES, Evidence, Rule, evidence_grades

GOOD = Evidence(
    n_units=np.array([30.0]),
    effective_n=np.array([22.0]),
    imbalance=np.array([0.05]),
    estimate=np.array([0.25]),
    std_error=np.array([0.05]),
    half_width=np.array([0.10]),
    second=np.array([0.22]),
    pre_trend=np.array([1.0]),
    sensitivity=np.array([1.0]),
)


def grade(**changed):
    evidence = replace(GOOD, **{name: np.array([float(value)]) for name, value in changed.items()})
    return evidence_grades(evidence, planned_effect=0.25)[0]


def test_an_arm_that_passes_everything_is_graded_a_without_reasons():
    found = grade()
    assert (found.letter, found.reasons) == ("A", ())
    assert found.shown and found.ranked and found.recommended


@pytest.mark.parametrize(
    ("changed", "letter", "measures"),
    [
        ({"n_units": 20}, "A", []),
        ({"n_units": 19}, "B", ["n_units"]),
        ({"n_units": 9}, "C", ["n_units", "n_units"]),
        ({"effective_n": 9}, "B", ["effective_n"]),
        ({"effective_n": 4.9}, "C", ["effective_n", "effective_n"]),
        ({"imbalance": 0.2}, "B", ["imbalance"]),
        ({"imbalance": 0.26}, "C", ["imbalance", "imbalance"]),
        ({"half_width": 0.13}, "B", ["half_width"]),
        ({"half_width": 0.26}, "C", ["half_width", "half_width"]),
        ({"pre_trend": 0}, "B", ["pre_trend"]),
        ({"sensitivity": 0}, "B", ["sensitivity"]),
        ({"second": -0.01, "std_error": 1}, "B", ["same_sign"]),
        ({"second": 0.19}, "B", ["distance"]),
        ({"second": -0.2}, "B", ["same_sign", "distance"]),
    ],
    ids=str,
)
def test_every_rule_bars_and_says_so(changed, letter, measures):
    found = grade(**changed)
    assert found.letter == letter
    assert [reason.measure for reason in found.reasons] == measures
    assert all(reason.bars == "A" for reason in found.reasons[: 1 if letter == "C" else None])
    assert found.recommended == (letter != "C")


def test_a_reason_carries_value_and_threshold():
    reason = grade(half_width=0.3).reasons[0]
    assert (reason.value, reason.needed, reason.bars) == (pytest.approx(1.2), 0.5, "A")
    assert grade(half_width=0.3).reasons[1].needed == 1.0


@pytest.mark.parametrize("name", ["pre_trend", "sensitivity", "second"])
def test_what_was_not_checked_keeps_from_an_a(name):
    found = grade(**{name: np.nan})
    assert found.letter == "B"
    assert all(np.isnan(reason.value) for reason in found.reasons)


@pytest.mark.parametrize("name", ["effective_n", "imbalance", "half_width"])
def test_what_a_b_needs_and_is_not_known_gives_a_c(name):
    assert grade(**{name: np.nan}).letter == "C"


@pytest.mark.parametrize(
    ("n_units", "may"), [(2, (False, False, False)), (3, (True, False, False)), (5, (True, True, False))]
)
def test_few_units_are_first_not_shown_then_not_ranked_then_not_recommended(n_units, may):
    found = grade(n_units=n_units)
    assert (found.shown, found.ranked, found.recommended) == may


def test_the_size_of_an_effect_does_not_move_its_grade_nor_does_the_unit():
    arms = Evidence(*(np.repeat(getattr(GOOD, name), 3) for name in Evidence.__dataclass_fields__))
    arms = replace(arms, n_units=np.array([60.0, 15, 5]), half_width=np.array([0.1, 0.2, 0.4]))
    before = evidence_grades(arms, planned_effect=0.25)
    assert [found.letter for found in before] == ["A", "B", "C"]
    moved = replace(arms, estimate=arms.estimate + 5, second=arms.second + 5)
    assert [g.letter for g in evidence_grades(moved, planned_effect=0.25)] == ["A", "B", "C"]
    in_yuan = {name: 1e4 * getattr(arms, name) for name in ("estimate", "std_error", "half_width", "second")}
    assert [g.letter for g in evidence_grades(replace(arms, **in_yuan), planned_effect=2500)] == [
        "A",
        "B",
        "C",
    ]


def test_another_table_of_rules_is_data():
    strict = (*RULES, Rule("half_width", False, 0.1, 0.1))
    assert evidence_grades(GOOD, planned_effect=0.25, rules=strict)[0].letter == "C"
    assert evidence_grades(GOOD, planned_effect=0.25, rules=())[0].letter == "A"


def test_refusals():
    refused(lambda: evidence_grades(GOOD, planned_effect=0), en="planned effect 0 cannot", zh="计划效应 0")
    uneven = replace(GOOD, imbalance=np.array([0.1, 0.2]))
    refused(lambda: evidence_grades(uneven, planned_effect=1), en="imbalance (2,)", zh="imbalance (2,)")
    rules = (Rule("stars", True, 1, None),)
    refused(
        lambda: evidence_grades(GOOD, planned_effect=1, rules=rules),
        en="no measure stars; choose n_units, effective_n, imbalance, half_width, pre_trend, sensitivity, same_sign, distance",
        zh="没有指标 stars；可选：n_units",
    )
