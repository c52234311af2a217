"""The specification curve: every combination of the choices that could have been made, and what all of them say.

Simonsohn, Simmons, Nelson (2020), Nature Human Behaviour 4: all defensible combinations, sorted by estimate, with a joint
test (`joint_null`). The joint null here is that of the multipliers on the influence of clusters, because adoption was
not dealt by lot: permuted adoption would also break what adopters and covariates have in common. `by_permutation`
gives it all the same, for designs that were randomised.

A choice is crossed only where it can change the answer: imputation and the saturated regression do not use the comparison
group or the kind of adjustment. The two-way benchmark is left out: it estimates something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from analysis.checks._average import after_adoption, average, n_treated
from analysis.checks.changes import Case, Variant
from analysis.checks.changes._case import with_covariates
from analysis.checks.changes.comparison_group import OTHER
from analysis.checks.changes.covariates import ADJUSTMENTS
from analysis.checks.changes.outliers import extreme_before, winsorised
from analysis.checks.joint_null import Curve, JointNull, joint_null_by_influence, joint_null_by_permutation
from analysis.checks.specifications import effects_of
from analysis.effects import EstimatorError
from analysis.estimators import gives_one_effect

DIMENSIONS = ("estimator", "comparison", "adjustment", "anticipation", "values", "sample")
NOT_USED = "not_used"  # a choice that the estimator does not look at
DRAWS = 1_999


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen, by dimension; the first of each is the main specification's."""

    estimator: tuple[str, ...]
    comparison: tuple[str, ...]
    adjustment: tuple[str, ...]
    anticipation: tuple[int, ...]
    values: Mapping[str, np.ndarray]
    sample: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """All specifications, sorted by estimate.

    rows : DIMENSIONS (keys), is_main, estimate, std_error, conf_low, conf_high, df, n_treated, n_clusters, unit, status
    choices : what was chosen between, by dimension, the main specification's first
    null : the joint test of all of them; None where fewer than two have an error
    n_refused : combinations that the data do not identify; n_same : combinations that change nothing, counted once
    unit : unit of the outcome
    """

    rows: pd.DataFrame
    choices: Mapping[str, tuple[str, ...]]
    null: JointNull | None
    n_refused: int
    n_same: int
    unit: str


def choices(case: Case) -> Choices:
    """The choices that a case offers: what the design lists, two treatments of extreme values, samples that are held.

    All in one unit: what is asked at constant prices, in logs or in growth is another number, not another way to it.
    """
    panel, design, held = case.panel, case.design, case.held
    others = [name for name in design.estimators if name != case.estimator and not gives_one_effect(name)]
    adjusted = tuple(name for name in ADJUSTMENTS if name != design.adjustment)
    samples = {"all": np.ones(panel.n_units, dtype=bool)}
    if held.programmes:
        samples["without_programmes"] = ~np.any(list(held.programmes.values()), axis=0)
    samples["trimmed"] = ~extreme_before(panel, held.tails)
    values = {"as_recorded": panel.outcome, "winsorised": winsorised(panel, held.tails).outcome}
    return Choices(
        estimator=(case.estimator, *others),
        comparison=(design.comparison_group, OTHER[design.comparison_group]),
        adjustment=(design.adjustment, *adjusted, "none") if panel.covariate_names else ("none",),
        anticipation=(design.anticipation, design.anticipation + 1),
        values=values,
        sample={name: kept for name, kept in samples.items() if name == "all" or not kept.all()},
    )


def crossed(case: Case, offered: Choices) -> list[tuple[dict[str, str], Variant]]:
    """Every combination that differs, the main one first: its keys by dimension, and the question."""
    made, seen = [], set()
    for estimator, comparison, adjustment, years, values, sample in product(
        offered.estimator, offered.comparison, offered.adjustment, offered.anticipation, offered.values, offered.sample
    ):  # fmt: skip
        uses = estimator == "group_time"
        kind = adjustment if uses or adjustment == "none" else "covariates"
        names = (estimator, comparison if uses else NOT_USED, kind, str(years), values, sample)
        if names in seen:
            continue
        seen.add(names)
        changed = {"comparison_group": comparison, "anticipation": years}
        if adjustment != "none":
            changed["adjustment"] = adjustment
        panel = replace(case.panel, outcome=offered.values[values])
        panel = with_covariates(panel, {}) if adjustment == "none" else panel
        variant = Variant(
            "curve", panel.keep(offered.sample[sample]), case.design.model_copy(update=changed), estimator
        )
        made.append((dict(zip(DIMENSIONS, names, strict=True)), variant))
    return made


def specification_curve(
    case: Case, offered: Choices | None = None, *, draws: int = DRAWS
) -> SpecificationCurve:
    """The curve over all combinations of the offered choices (those of `choices` where None).

    Raises
    ------
    EstimatorError : not one combination is identified.
    """
    rows, influence, seen, n_refused, n_same = [], [], set(), 0, 0
    for position, (names, variant) in enumerate(crossed(case, offered or choices(case))):
        try:
            effects = effects_of(variant)
        except EstimatorError:
            n_refused += 1
            continue
        chosen = after_adoption(effects)
        n_units = n_treated(effects, chosen)
        if n_units < variant.design.min_treated_units:
            n_refused += 1
            continue
        mean = average(effects, variant.design, chosen)
        key = f"{mean.estimate:.9e} {mean.std_error_small:.9e}"
        if key in seen:
            n_same += 1
            continue
        seen.add(key)
        own = {name: getattr(mean, name) for name in ("estimate", "std_error", "conf_low", "conf_high", "df")}
        counts = {"n_treated": n_units, "n_clusters": effects.n_clusters}
        told = {"unit": case.held.unit, "status": "ok"}
        rows.append({**names, "is_main": position == 0, **own, **counts, **told})
        scale = mean.std_error_small / mean.std_error
        influence.append(pd.Series(mean.influence * scale, index=effects.influence.index))
    if not rows:
        raise EstimatorError(f"not one of {n_refused} combinations is identified / 没有一种设定组合可以识别")
    made = pd.DataFrame(rows)
    joined = pd.concat(influence, axis=1).fillna(0.0).to_numpy()
    null = None
    if len(made) > 1:
        null = joint_null_by_influence(
            made["estimate"].to_numpy(float), joined, df=float(made["df"].median()),
            conf_level=case.design.conf_level, draws=draws, seed=case.design.seed,
        )  # fmt: skip
    ordered = made.sort_values("estimate", kind="stable", ignore_index=True)
    chosen = {name: tuple(dict.fromkeys(made[name])) for name in DIMENSIONS}
    return SpecificationCurve(ordered, chosen, null, n_refused, n_same, case.held.unit)


def by_permutation(
    case: Case, offered: Choices | None = None, *, strata: np.ndarray | None = None, draws: int = 99
) -> JointNull:
    """The joint null by dealing adoption years anew among units, within strata; for adoption dealt by lot.

    Takes as many curves as there are draws: offer few choices.

    Raises
    ------
    EstimatorError : a combination that is not identified, in the data or in a draw.
    """

    def curve(cohort: np.ndarray) -> Curve:
        dealt = replace(case, panel=replace(case.panel, cohort=cohort))
        found = []
        for _, variant in crossed(dealt, offered or choices(case)):
            effects = effects_of(variant)
            mean = average(effects, variant.design, after_adoption(effects))
            found.append((mean.estimate, mean.std_error_small))
        estimates, errors = np.array(found).T
        return Curve(estimates, errors)

    return joint_null_by_permutation(
        curve,
        case.panel.cohort,
        strata=strata,
        conf_level=case.design.conf_level,
        draws=draws,
        seed=case.design.seed,
    )
