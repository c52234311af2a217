"""Do adopters move units around them? The effect against units that no adopter is near, and what happens to those near.

A unit is touched from the first period in which it adopts or is exposed: an adopter lies within a ring around it (Butts
2023, Difference-in-differences with spatial spillovers), or at least a declared share of the other units of its township
has adopted, itself left out. Untouched observations alone make the comparison; every later one is an effect, of adopting
or of being near:

    Y_it(untouched) = alpha_i + x_i' theta_t, fitted where i is untouched in t  (imputation)
    effect of adopting = mean of Y_it - fitted over the adopters' periods,  of being near = the same over exposed ones

The effect of adopting then includes what neighbours' adoption adds to an adopter; both are measured from before the unit
was touched at all, so one recoded adoption date per unit is enough.

The response: among observations not yet treated, the outcome on the share of the other units of the group that have
adopted, with unit and year effects, wild bootstrap by group (`wild_bootstrap`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.checks._average import average, n_treated
from analysis.checks.changes import Case
from analysis.checks.specifications import SPECIFICATION_COLUMNS, unanswered
from analysis.checks.wild_bootstrap import WildBootstrap, wild_regression
from analysis.effects import Effects, EstimatorError
from analysis.estimates import COLUMNS, verdict
from analysis.estimators import fit
from analysis.samples.panel import Panel
from analysis.study import Design
from analysis.study.robustness import Exposure

FEWEST = 3  # groups; the response is clustered by them
DRAWS = 999
ADOPTED = -1  # status of a unit that has adopted; 0 untouched, 1 nearest ring, 2 the next, ...


@dataclass(frozen=True, slots=True)
class Spillovers:
    """What adopters do to units around them.

    rows : SPECIFICATION_COLUMNS; change "adopting_all" is the effect of adopting in the same periods against all who had
        not adopted, "adopting" against the untouched, then "near" with `detail` the ring's limits, or the share
    by_ring : True where rings, False where groups say who is near
    untouched : one row per period — year, n_untouched, n_near, n_adopted (units)
    response : change in the outcome per share of adopters going from none to all; None where no group is held
    """

    rows: pd.DataFrame
    by_ring: bool
    untouched: pd.DataFrame
    response: WildBootstrap | None


def spillovers(case: Case, declared: Exposure | None) -> Spillovers | None:
    """Effects of adopting and of being near; None where the study declares no exposure, or holds neither positions nor groups.

    Units outside the panel (left out by a rule) are nobody's neighbours.
    """
    panel, group, positions = case.panel, case.group, case.held.positions
    if declared is None or (group is None and positions is None):
        return None
    if positions is not None:
        status = by_rings(positions, panel.cohort, panel.years, declared.rings)
        limits = (0.0, *declared.rings)
        names = {place: f"{limits[place - 1]:g}–{limits[place]:g}" for place in range(1, len(limits))}
    else:
        status = by_share(group, panel.cohort, panel.years, declared.share)
        names = {1: f"{declared.share:.0%}"}
    counts = {"n_untouched": status == 0, "n_near": status > 0, "n_adopted": status == ADOPTED}
    untouched = pd.DataFrame({"year": panel.years, **{k: v.sum(axis=0) for k, v in counts.items()}})
    rows = _effects(panel, case.design, status, names, case.held.unit)
    response = None
    if group is not None and len(np.unique(group)) >= FEWEST:
        response = _response(panel, case.design, group)
    return Spillovers(rows, positions is not None, untouched, response)


def by_share(group: np.ndarray, cohort: np.ndarray, years: np.ndarray, share: float) -> np.ndarray:
    """(n, T) status; exposed where at least `share` of the other units of the group have adopted."""
    status = (exposure(group, cohort, years) >= share).astype(int)
    return np.where(years[None, :] >= cohort[:, None], ADOPTED, status)


def exposure(group: np.ndarray, cohort: np.ndarray, years: np.ndarray) -> np.ndarray:
    """(n, T) share of the other units of the group that have adopted by then; 0 for a unit alone in its group."""
    _, code = np.unique(group, return_inverse=True)
    adopted = (years[None, :] >= cohort[:, None]).astype(float)
    size = np.bincount(code)
    total = np.zeros((len(size), len(years)))
    np.add.at(total, code, adopted)
    return (total[code] - adopted) / np.maximum(size[code] - 1, 1)[:, None]


def by_rings(
    positions: np.ndarray, cohort: np.ndarray, years: np.ndarray, rings: tuple[float, ...]
) -> np.ndarray:
    """(n, T) status; the ring that holds the nearest other unit that has adopted, 0 beyond the last one.

    Distances are straight lines in the unit of `positions` (n, 2). A limit belongs to the ring inside it.
    """
    apart = np.hypot(*(positions[:, None, :] - positions[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    status = np.zeros((len(cohort), len(years)), dtype=int)
    for t, year in enumerate(years):
        adopted = cohort <= year
        nearest = apart[:, adopted].min(axis=1, initial=np.inf)
        ring = np.searchsorted(np.asarray(rings), nearest, side="left") + 1
        status[:, t] = np.where(adopted, ADOPTED, np.where(ring > len(rings), 0, ring))
    return status


def _effects(
    panel: Panel, design: Design, status: np.ndarray, names: dict[int, str], unit: str
) -> pd.DataFrame:
    """One row for adopting, one per way of being near."""
    asked = {ADOPTED: ("adopting", ""), **{place: ("near", name) for place, name in names.items()}}
    paths, path = np.unique(status, axis=0, return_inverse=True)
    label = np.array([f"p{code}" for code in path])
    first = np.where(status.any(axis=1), (status != 0).argmax(axis=1), -1)
    touched = np.where(first >= 0, panel.years[first].astype(float), np.inf)
    recoded = replace(panel, cohort=touched, model=np.where(np.isfinite(touched), label, ""))
    try:
        effects = fit("imputation", recoded, design.model_copy(update={"anticipation": 0}))
    except EstimatorError as error:
        empty = unanswered(error, unit) | {"estimator": "imputation"}
        rows = [_named(change, detail) | empty for change, detail in asked.values()]
        return pd.DataFrame(rows)[list(SPECIFICATION_COLUMNS)]
    cells = effects.cells
    last = int(cells.loc[cells["status"] == "ok", "year"].max())
    at = np.searchsorted(panel.years, cells["year"].to_numpy(int))
    which = np.array([int(model[1:]) for model in cells["model"]])
    state, known = paths[which, at], (cells["status"] == "ok").to_numpy()
    plain = fit("imputation", panel.without_models(), design.model_copy(update={"anticipation": 0}))
    same = ((plain.cells["status"] == "ok") & (plain.cells["year"] <= last)).to_numpy(bool)
    own = [_named("adopting_all", "") | _average(plain, design, same, unit)]
    own += [
        _named(*asked[place]) | _average(effects, design, known & (state == place), unit) for place in asked
    ]
    return pd.DataFrame(own)[list(SPECIFICATION_COLUMNS)]


def _named(change: str, detail: str) -> dict[str, object]:
    return {"theme": "exposure", "change": change, "detail": detail, "n_changed": 0}


def _average(effects: Effects, design: Design, chosen: np.ndarray, unit: str) -> dict[str, object]:
    """The mean over the chosen cells in the form of a row of Estimates."""
    n_units = n_treated(effects, chosen)
    if n_units < design.min_treated_units:
        reason = f"{n_units} units near in a period that untouched units can be compared in"
        return unanswered(EstimatorError(reason), unit) | {"estimator": effects.estimator}
    mean = average(effects, design, chosen)
    values = (
        "overall", "simple", mean.estimate, mean.std_error, mean.conf_low, mean.conf_high, "pointwise", n_units,
        effects.n_clusters, unit, "ok", mean.df, effects.estimator, mean.std_error_small, mean.conf_low, mean.conf_high,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _response(panel: Panel, design: Design, group: np.ndarray) -> WildBootstrap | None:
    """Among observations not yet treated; None where their exposure does not vary within years."""
    share = exposure(group, panel.cohort, panel.years)
    untreated = panel.years[None, :] < panel.cohort[:, None] - design.anticipation
    row, column = np.nonzero(untreated)
    try:
        return wild_regression(
            panel.outcome[untreated], share[untreated], group[row], effects=(row, column),
            weight=panel.weight[row], draws=DRAWS, conf_level=design.conf_level, seed=design.seed,
        )  # fmt: skip
    except EstimatorError:
        return None


def found_near(found: Spillovers) -> bool:
    """Whether units near adopters moved, by either route."""
    near = found.rows[found.rows["change"] == "near"]
    moved = any(verdict(row) in {"rose", "fell"} for _, row in near.iterrows())
    response = found.response
    return moved or (response is not None and (response.conf_low > 0 or response.conf_high < 0))
