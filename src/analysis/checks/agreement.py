"""One verdict on how far a result can be leaned on, by one rule, with its reasons.

"Stable" needs the main interval away from zero and not one reason for caution; every reason is counted from the data
and named, none is a matter of taste at the time of writing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.checks.curve import SpecificationCurve
from analysis.checks.exposure import Spillovers, found_near
from analysis.checks.placebo_unit import PlaceboUnits
from analysis.checks.pre_trend import DOUBTFUL, PreTrend
from analysis.checks.specifications import FAMILIES
from analysis.estimates import comparable, verdict
from analysis.samples.balance import UNLIKE
from analysis.samples.panel import Panel
from analysis.study import Design

FEW_CLUSTERS = 40  # below, clustered errors lean on small-sample theory (Cameron, Miller 2015, sec. VI)
FEW_COMPARISON = 10  # units; one unusual unit moves the comparison by a tenth or more
MANY_ALWAYS_TREATED = (
    0.1  # share of units treated from the first period on, about whom the panel says nothing
)
AGREEING = 0.8  # share of alternatives whose interval must lie on the same side of zero


@dataclass(frozen=True, slots=True)
class Further:
    """What else was asked about the result; None where it was not or could not be.

    scales, placebo_outcomes : frames of those checks
    placebo_units, spillovers, curve : their records
    bears : how far trends may differ, in largest moves before adoption, until the interval covers zero
    """

    scales: pd.DataFrame | None = None
    placebo_outcomes: pd.DataFrame | None = None
    placebo_units: PlaceboUnits | None = None
    spillovers: Spillovers | None = None
    curve: SpecificationCurve | None = None
    bears: float | None = None


NOTHING_MORE = Further()


@dataclass(frozen=True, slots=True)
class Agreement:
    """A verdict with its reasons.

    word : key under [agreement] in words/
    reasons : key under [reasons] and what its sentence takes; counts of units are n_units and n_total
    """

    word: str
    reasons: tuple[tuple[str, dict[str, object]], ...]


def agreement(
    specifications: pd.DataFrame,
    panel: Panel,
    design: Design,
    *,
    trend: PreTrend,
    placebo: pd.DataFrame | None,
    unlike: pd.Series | None,
    further: Further = NOTHING_MORE,
) -> Agreement:
    """The verdict over the main specification, its variants and the design.

    Parameters
    ----------
    specifications : main row first.
    trend, placebo : what was found before adoption.
    unlike : the baseline variable on which adopters and others differ most; None where none is held.
    further : other scales count by sign and verdict only; the joint test counts where the main interval excludes zero.
    """
    main, others = specifications.iloc[0], specifications.iloc[1:]
    found = verdict(main)
    reasons = [
        *_of_alternatives(main, others), *_of_scales(main, further.scales), *_of_the_curve(main, design, further.curve),
        *_of_the_past(trend, placebo), *_of_bounds(main, further.bears), *_of_placebos(design, further), *_of_the_units(panel, design, main, unlike),
    ]  # fmt: skip
    if found == "not_known":
        return Agreement("not_known", tuple(reasons))
    if found == "unclear":
        elsewhere = [row for _, row in others.iterrows() if verdict(row) in {"rose", "fell"}]
        return Agreement("unclear_sensitive" if elsewhere else "unclear", tuple(reasons))
    direction = "positive" if found == "rose" else "negative"
    return Agreement(f"{direction}_{'sensitive' if reasons else 'stable'}", tuple(reasons))


def between_estimators(each: pd.DataFrame) -> str:
    """Whether the estimators tell one story: "same_verdict", "same_sign", "differ" or "one_only" (twfe not counted)."""
    told = each[(each["estimator"] != "twfe") & each["estimate"].notna()]
    if len(told) < 2:
        return "one_only"
    if len(set(told.apply(verdict, axis=1))) == 1:
        return "same_verdict"
    return "same_sign" if len(set(np.sign(told["estimate"].astype(float)))) == 1 else "differ"


def _of_alternatives(main: pd.Series, others: pd.DataFrame) -> list[tuple[str, dict[str, object]]]:
    """Each change counts once: leaving out one township after the other is one question, answered by all together."""
    found = [_answer(main, rows) for _, rows in others.groupby(_question(others), sort=False)]
    known = [answer for answer in found if answer is not None]
    reasons = []
    opposite = sum(answer.opposite for answer in known)
    if opposite:
        reasons.append(("other_sign", {"n": opposite, "of": len(known)}))
    same = sum(answer.same_verdict for answer in known)
    if known and same < AGREEING * len(known):
        reasons.append(("other_verdict", {"n": len(known) - same, "of": len(known)}))
    if len(found) > len(known):
        reasons.append(("not_estimable", {"n": len(found) - len(known), "of": len(found)}))
    return reasons


@dataclass(frozen=True, slots=True)
class _Answer:
    opposite: bool
    same_verdict: bool


def _question(rows: pd.DataFrame) -> pd.Series:
    named = [
        change if change in FAMILIES else str(position) for position, change in enumerate(rows["change"])
    ]
    return pd.Series(named, index=rows.index, dtype=object)


def _answer(main: pd.Series, rows: pd.DataFrame) -> _Answer | None:
    """Of one question's rows together; None where none has a number."""
    known = rows[rows["estimate"].notna()]
    if known.empty:
        return None
    opposite = bool((np.sign(known["estimate"].astype(float)) != np.sign(main["estimate"])).any())
    return _Answer(opposite, bool((known.apply(verdict, axis=1) == verdict(main)).all()))


def _of_scales(main: pd.Series, scales: pd.DataFrame | None) -> list[tuple[str, dict[str, object]]]:
    """Growth stands among the alternatives, in the outcome's own unit."""
    if scales is None:
        return []
    others = scales.iloc[1:]
    others = others[(others["change"] != "growth") & others["estimate"].notna()]
    if others.empty or (others.apply(verdict, axis=1) == verdict(main)).all():
        return []
    return [("other_scale", {})]


def _of_the_curve(
    main: pd.Series, design: Design, curve: SpecificationCurve | None
) -> list[tuple[str, dict[str, object]]]:
    if curve is None or curve.null is None or verdict(main) not in {"rose", "fell"}:
        return []
    if curve.null.median_p <= 1 - design.conf_level:
        return []
    return [("joint_null", {"n": curve.null.n_specifications, "p": curve.null.median_p})]


def _of_placebos(design: Design, further: Further) -> list[tuple[str, dict[str, object]]]:
    reasons: list[tuple[str, dict[str, object]]] = []
    outcomes = further.placebo_outcomes
    moved = 0 if outcomes is None else int((outcomes["p_holm"] <= 1 - design.conf_level).sum())
    if moved:
        reasons.append(("placebo_outcome", {"n": moved, "of": len(outcomes)}))
    units = further.placebo_units
    if units is not None and units.too_often:
        reasons.append(("placebo_unit", {"n": units.found, "of": len(units.estimates)}))
    if further.spillovers is not None and found_near(further.spillovers):
        reasons.append(("near", {}))
    return reasons


def _of_the_past(trend: PreTrend, placebo: pd.DataFrame | None) -> list[tuple[str, dict[str, object]]]:
    if not np.isfinite(trend.p_value):
        return [("no_pre_trend_test", {})]
    reasons = []
    if trend.p_value < DOUBTFUL:
        reasons.append(("pre_trend", {"p": trend.p_value, "n": len(trend.levels)}))
    elif len(trend.levels) == 1:
        reasons.append(("short_past", {"n": len(trend.levels)}))
    if placebo is not None and verdict(placebo.iloc[0]) in {"rose", "fell"}:
        reasons.append(("placebo", {}))
    return reasons


def _of_bounds(main: pd.Series, bears: float | None) -> list[tuple[str, dict[str, object]]]:
    """A result that a move as large as one seen before adoption would undo (Rambachan, Roth 2023: size one)."""
    if bears is None or verdict(main) not in {"rose", "fell"} or bears >= 1:
        return []
    return [("trends_apart", {"size": bears})]


def _of_the_units(
    panel: Panel, design: Design, main: pd.Series, unlike: pd.Series | None
) -> list[tuple[str, dict[str, object]]]:
    reasons: list[tuple[str, dict[str, object]]] = []
    always = int((panel.cohort - design.anticipation <= panel.years[0]).sum())
    if always > MANY_ALWAYS_TREATED * panel.n_units:
        reasons.append(("always_treated", {"n_units": always, "n_total": panel.n_units}))
    clusters = int(main["n_clusters"])
    if clusters < FEW_CLUSTERS:
        reasons.append(("few_clusters", {"n_units": clusters}))
    if pd.notna(main["conf_low"]) and not comparable(main.to_frame().T).iloc[0]:
        reasons.append(("short_interval", {}))
    never = int((panel.cohort > panel.years[-1]).sum())
    if design.comparison_group == "never_treated" and never < FEW_COMPARISON:
        reasons.append(("few_comparison", {"n_units": never}))
    if unlike is not None and abs(unlike["smd"]) > UNLIKE and unlike["variable"] not in panel.covariate_names:
        reasons.append(("unlike", {"variable": str(unlike["variable"]), "smd": float(unlike["smd"])}))
    return reasons
