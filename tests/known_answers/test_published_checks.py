"""Goodman-Bacon (2021) decompositions and Rambachan, Roth (2023) intervals as their packages' pages print them.

bacondecomp's vignette on castle doctrine, and the course material and README of HonestDiD on the Medicaid expansion.
"""

from __future__ import annotations

from functools import cache

import pytest
from answers import Answer
from real_panels import expansion_2014, load, without_never

from analysis import estimators
from analysis.checks.bacon import by_kind, decompose
from analysis.checks.honest import from_path
from analysis.checks.parallel_trends_bounds import bounds

MEDICAID, CASTLE = "medicaid_insurance", "castle_doctrine"
FIRST_YEAR = [1, 0]  # weights of 2014 and 2015


def kinds(data, kind, column, change=None):
    def compute():
        _, panel = load(data)
        panel = (change(panel) if change else panel).without_models()
        return by_kind(decompose(panel)).set_index("kind").loc[kind, column], None

    return compute


@cache
def intervals(restriction: str):
    """Rows by size for the effect in 2014."""
    study, panel = load(MEDICAID)
    design = study.design.model_copy(
        update={"comparison_group": "never_treated", "base_period": "universal", "min_treated_units": 2}
    )
    path = from_path(estimators.fit("saturated", expansion_2014(panel).without_models(), design), design)
    sizes = [1, 2] if restriction == "relative_magnitude" else [0, 0.01, 0.02, 0.03]
    found = bounds(
        path.beta, path.covariance, path.n_pre, restriction=restriction, sizes=sizes, weights=FIRST_YEAR
    )
    return found.rows.set_index("size")


def end(restriction, size, side):
    return lambda: (intervals(restriction).loc[size, side], None)


LOW, HIGH = "conf_low", "conf_high"
EARLY, LATE, NEVER = "earlier_vs_later", "later_vs_earlier", "treated_vs_never"
ANSWERS = {
    CASTLE: {
        "bacon_early_later": Answer(kinds(CASTLE, EARLY, "estimate"), -0.00554, 1e-4),
        "bacon_later_early": Answer(kinds(CASTLE, LATE, "estimate"), 0.07032, 1e-4),
        "bacon_never": Answer(kinds(CASTLE, NEVER, "estimate"), 0.08796, 1e-4),
        "bacon_w_early_later": Answer(kinds(CASTLE, EARLY, "weight"), 0.05976, 5e-5),
        "bacon_w_later_early": Answer(kinds(CASTLE, LATE, "weight"), 0.0319, 5e-5),
        "bacon_w_never": Answer(kinds(CASTLE, NEVER, "weight"), 0.90834, 5e-5),
    },
    MEDICAID: {
        "bacon_early_later": Answer(kinds(MEDICAID, EARLY, "estimate"), 0.06983, 1e-4),
        "bacon_later_early": Answer(kinds(MEDICAID, LATE, "estimate"), 0.04486, 1e-4),
        "bacon_never": Answer(kinds(MEDICAID, NEVER, "estimate"), 0.07228, 1e-4),
        "bacon_w_later_early": Answer(kinds(MEDICAID, LATE, "weight"), 0.05827, 5e-5),
        "nonever_bacon_w_forbidden": Answer(kinds(MEDICAID, LATE, "weight", without_never), 0.28098, 5e-5),
        "honest_rm_lb_M1": Answer(end("relative_magnitude", 1, LOW), 0.017, 0.002),
        "honest_rm_ub_M1": Answer(end("relative_magnitude", 1, HIGH), 0.072, 0.002),
        "honest_rm_lb_M2": Answer(end("relative_magnitude", 2, LOW), -0.0009, 0.002),
        **{
            f"honest_sd_{name}_M{size:g}": Answer(end("smoothness", size, side), value, tolerance)
            for name, side, tolerance, values in (
                ("lb", LOW, 5e-4, (0.0259, 0.0132, 0.00286, -0.00714)),
                ("ub", HIGH, 7e-4, (0.0607, 0.0787, 0.0907, 0.101)),
            )
            for size, value in zip((0, 0.01, 0.02, 0.03), values, strict=True)
        },
    },
}


@pytest.mark.parametrize(
    ("data", "answer"), [(name, key) for name, entries in ANSWERS.items() for key in entries]
)
def test_published_answer(data: str, answer: str) -> None:
    ANSWERS[data][answer].check()
