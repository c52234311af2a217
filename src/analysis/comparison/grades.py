"""How much the evidence on each arm can carry: grades A, B, C by a table of rules, with the reasons.

Grades speak of numbers, precision, balance and checks; the size of an effect is not among them, and they are no part of
any score. A: every rule at its A threshold. B: every rule that has one at its B threshold. C: otherwise; the effect is
shown and pooled, the arm is never recommended alone. What was not checked counts as not passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

SHOWN, RANKED, RECOMMENDED = 3, 5, 10  # units from which an arm is shown, ranked, may be recommended


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    measure : what is looked at, see `Evidence.measures`
    at_least : True where large is good
    for_a, for_b : thresholds; None where the grade does not ask
    """

    measure: str
    at_least: bool
    for_a: float | None
    for_b: float | None

    def met(self, value: float, threshold: float) -> bool:
        """Whether `value` passes; what is missing does not."""
        return bool(value >= threshold if self.at_least else value <= threshold)


RULES = (
    Rule("n_units", True, 20, 10),
    Rule("effective_n", True, 10, 5),  # (sum w)^2 / sum w^2 after weighting
    Rule("imbalance", False, 0.10, 0.25),  # largest |standardised difference| after weighting
    Rule("half_width", False, 0.5, 1.0),  # of the 95 % interval, in planned mean effects
    Rule("pre_trend", True, 1, None),  # 1 passed, 0 failed
    Rule("sensitivity", True, 1, None),  # 1 passed, 0 failed
    Rule("same_sign", True, 1, None),  # 1 where both estimators have one sign
    Rule("distance", False, 1, None),  # between the estimators, in standard errors of the first
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about J arms, (J,) each; NaN where it is not known, which no rule forgives.

    n_units, effective_n : units, and what they are worth after weighting
    imbalance : largest absolute standardised difference after weighting
    estimate, std_error, half_width : outcome unit; half_width of the interval that is printed
    second : the check estimator's effect, outcome unit
    pre_trend, sensitivity : 1 passed, 0 failed
    """

    n_units: np.ndarray
    effective_n: np.ndarray
    imbalance: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    half_width: np.ndarray
    second: np.ndarray
    pre_trend: np.ndarray
    sensitivity: np.ndarray

    def measures(self, planned_effect: float) -> dict[str, np.ndarray]:
        """(J,) value of every rule's measure."""
        product = np.asarray(self.estimate, dtype=float) * self.second
        return {
            "n_units": np.asarray(self.n_units, dtype=float),
            "effective_n": np.asarray(self.effective_n, dtype=float),
            "imbalance": np.asarray(self.imbalance, dtype=float),
            "half_width": self.half_width / abs(planned_effect),
            "pre_trend": np.asarray(self.pre_trend, dtype=float),
            "sensitivity": np.asarray(self.sensitivity, dtype=float),
            "same_sign": np.where(np.isnan(product), np.nan, (product > 0).astype(float)),
            "distance": np.abs(self.estimate - np.asarray(self.second, dtype=float)) / self.std_error,
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that kept an arm from a grade.

    measure, value, needed : the rule, what was found (NaN: not known), the threshold
    bars : the grade it keeps from
    """

    measure: str
    value: float
    needed: float
    bars: str


@dataclass(frozen=True, slots=True)
class Grade:
    """What the evidence on one arm carries.

    letter : A, B or C; reasons : why not A and, for C, why not B, in the order of the table
    shown, ranked, recommended : whether its effect is printed, it takes part in rankings, it may be recommended alone
    """

    letter: str
    reasons: tuple[Reason, ...]
    shown: bool
    ranked: bool
    recommended: bool


def evidence_grades(
    evidence: Evidence, *, planned_effect: float, rules: Sequence[Rule] = RULES
) -> tuple[Grade, ...]:
    """One grade per arm.

    Parameters
    ----------
    planned_effect : the mean effect declared before results, outcome unit; widths are judged by it and not by the
        effects found, so that an arm is not graded by how well it did.

    Raises
    ------
    ComparisonError : arrays of different lengths, a planned effect of zero, a rule on what is not measured.
    """
    if not (np.isfinite(planned_effect) and planned_effect != 0):
        raise ComparisonError(
            Message(
                f"planned effect {planned_effect} cannot judge the width of intervals; declare the mean effect that was planned for",
                f"计划效应 {planned_effect} 无法用来判断区间宽度；请声明计划的平均效应",
            )
        )
    lengths = {name: np.shape(getattr(evidence, name)) for name in Evidence.__dataclass_fields__}
    if len(set(lengths.values())) > 1 or len(next(iter(lengths.values()))) != 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
        raise ComparisonError(
            Message(
                f"evidence must hold one number per arm: {listed}", f"每个模式每项证据应各有一个数：{listed}"
            )
        )
    measures = evidence.measures(planned_effect)
    unknown = [rule.measure for rule in rules if rule.measure not in measures]
    if unknown:
        asked, choices = ", ".join(unknown), ", ".join(measures)
        raise ComparisonError(
            Message(f"no measure {asked}; choose {choices}", f"没有指标 {asked}；可选：{choices}")
        )
    return tuple(
        _grade({name: float(values[j]) for name, values in measures.items()}, rules)
        for j in range(len(measures["n_units"]))
    )


def _grade(values: dict[str, float], rules: Sequence[Rule]) -> Grade:
    not_a = _failed(values, rules, "A")
    not_b = _failed(values, rules, "B")
    letter = "C" if not_b else "B" if not_a else "A"
    n_units = values["n_units"]
    return Grade(
        letter=letter,
        reasons=(*not_a, *not_b),
        shown=n_units >= SHOWN,
        ranked=n_units >= RANKED,
        recommended=letter != "C" and n_units >= RECOMMENDED,
    )


def _failed(values: dict[str, float], rules: Sequence[Rule], letter: str) -> tuple[Reason, ...]:
    asked = [(rule, rule.for_a if letter == "A" else rule.for_b) for rule in rules]
    return tuple(
        Reason(rule.measure, values[rule.measure], float(needed), letter)
        for rule, needed in asked
        if needed is not None and not rule.met(values[rule.measure], needed)
    )
