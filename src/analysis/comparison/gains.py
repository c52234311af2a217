"""What each adopting village gained over one common exposure window, with the error that the gains share.

Borusyak, Jaravel, Spiess (2024), Review of Economic Studies 91: what treated villages would have had, from village
and year effects (and covariates by year) of untreated observations; the estimator is `estimators.imputation`. Every
adopting village is followed as an arm of its own, so that its gain, and the part of its error that comes from the
fitted values and is shared with all others, are cells and influence of one fit.

    gain_i = mean over e in the window of (Y_i,G_i+e - fitted)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import estimators
from analysis.comparison.errors import ComparisonError
from analysis.effects import Effects
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

SHOWN = 3  # villages from which a model gets a number
REASONS = ("used", "too_short", "no_base_period", "not_identified", "later")


@dataclass(frozen=True, slots=True)
class Gains:
    """What each adopting village gained over the window, and the error that its gain shares with others.

    unit, model, cohort, cluster, weight : (n,) the villages observed over the whole window
    gain : (n,) mean effect over the window, outcome unit
    covariates : (n, p), with names
    shared : (G, n) influence of every cluster's untreated observations on every gain; clusters : (G,) ids
    window : event times averaged over, e.g. (0, 1, 2)
    account : one row per model of the panel, counts of adopters: adopted = used + too_short + no_base_period +
        not_identified + later (adopts after the last year); switched counts those of `adopted` that changed their
        model later and stay under the model of adoption
    """

    unit: np.ndarray
    model: np.ndarray
    cohort: np.ndarray
    cluster: np.ndarray
    weight: np.ndarray
    gain: np.ndarray
    covariates: np.ndarray
    covariate_names: tuple[str, ...]
    shared: np.ndarray
    clusters: pd.Index
    window: tuple[int, ...]
    account: pd.DataFrame

    @property
    def membership(self) -> np.ndarray:
        """(G, n) 1 where the village lies in the cluster."""
        position = self.clusters.get_indexer(self.cluster)
        inside = np.zeros((len(self.clusters), len(self.unit)))
        inside[position, np.arange(len(self.unit))] = 1.0
        return inside


def gains(
    panel: Panel,
    design: Design,
    *,
    window: tuple[int, ...] = (0, 1, 2),
    switched: np.ndarray | None = None,
) -> Gains:
    """Each adopting village's gain over one exposure window, from one fit on all untreated observations.

    Parameters
    ----------
    panel : complete or with gaps; `model` is that of adoption, covariates get a coefficient per year.
    window : event times, years since adoption, the same for all models.
    switched : (n,) whether the village changed its model after adopting it; counted, not left out.

    Raises
    ------
    ComparisonError : repeated cross-sections, a window that is empty or before adoption, or one that no village
        is seen through.
    EstimatorError : the panel breaks its contract or identifies nothing.
    """
    _require_window(panel, window)
    adopter = np.isfinite(panel.cohort)
    arm = np.where(adopter, np.asarray(panel.unit, dtype=str), "").astype(object)
    fitted = estimators.fit("imputation", replace(panel, model=arm), design)
    position = pd.Series(np.arange(panel.n_units), index=np.asarray(panel.unit, dtype=str))
    cells, inside = fitted.cells, _whole_window(fitted, window)
    reason = _reasons(panel, fitted, window, inside)
    switched = np.zeros(panel.n_units, dtype=bool) if switched is None else np.asarray(switched, dtype=bool)
    account = _account(np.asarray(panel.model, dtype=str), adopter, reason, switched)
    if not inside.any():
        raise ComparisonError(
            Message(
                f"no village is seen through the window of years {_listed(window)} after adoption; choose a shorter one",
                f"没有村庄在组建后第 {_listed(window)} 年全部有记录；请缩短窗口",
            )
        )
    at = np.flatnonzero(inside)
    order = at[np.argsort(position[cells["model"].to_numpy()[at]].to_numpy(), kind="stable")]
    blocks = order.reshape(-1, len(window))  # rows of one village: one per event time
    rows = position[cells["model"].to_numpy()[blocks[:, 0]]].to_numpy()
    effect, psi = cells["effect"].to_numpy(float), fitted.influence.to_numpy()
    return Gains(
        unit=np.asarray(panel.unit)[rows],
        model=np.asarray(panel.model, dtype=str)[rows],
        cohort=panel.cohort[rows],
        cluster=np.asarray(panel.cluster)[rows],
        weight=panel.weight[rows],
        gain=effect[blocks].mean(axis=1),
        covariates=panel.covariates[rows],
        covariate_names=panel.covariate_names,
        shared=psi[:, blocks].mean(axis=2),
        clusters=fitted.influence.index,
        window=tuple(window),
        account=account,
    )


def windowed(effects: Effects, window: tuple[int, ...]) -> Effects:
    """The cells of arms identified through the whole window, of any estimator that gives cells.

    `estimates.aggregate(windowed(fit("group_time", ...), window), design, by="model")` is the check beside
    `by_model`: the same villages over the same years, by another estimator.

    Raises
    ------
    ComparisonError : no arm is identified through the window.
    """
    inside = _whole_window(effects, window)
    if not inside.any():
        raise ComparisonError(
            Message(
                f"{effects.estimator} identifies no arm through the window of years {_listed(window)} after adoption",
                f"{effects.estimator} 在组建后第 {_listed(window)} 年的窗口内没有可识别的处理组",
            )
        )
    at = np.flatnonzero(inside)
    parts = {
        name: getattr(effects, name).iloc[:, at].set_axis(range(len(at)), axis=1)
        for name in ("influence", "treated", "comparison")
    }
    return replace(effects, cells=effects.cells.iloc[at].reset_index(drop=True), **parts)


def longest_window(panel: Panel, *, minimum: int = SHOWN) -> tuple[int, ...]:
    """The longest window from adoption on through which every model has `minimum` villages, e.g. (0, 1, 2).

    Only the calendar is looked at, no outcome, so that the choice cannot follow the results.

    Raises
    ------
    ComparisonError : some model has too few villages even in the year of adoption; names them.
    """
    adopted = np.isfinite(panel.cohort) & (panel.cohort > panel.years[0])
    models, last = np.asarray(panel.model, dtype=str), int(panel.years[-1])
    names = np.unique(models[np.isfinite(panel.cohort)])
    seen = {name: np.sort(last - panel.cohort[adopted & (models == name)])[::-1] for name in names}
    short = [name for name in names if len(seen[name]) < minimum or seen[name][minimum - 1] < 0]
    if short:
        told = ", ".join(f"{name} ({int((seen[name] >= 0).sum())})" for name in short)
        raise ComparisonError(
            Message(
                f"these models have fewer than {minimum} villages in the year of adoption: {told}; lower the "
                "minimum or leave them out of the comparison",
                f"以下模式在组建当年不足 {minimum} 个村：{told}；请降低下限，或不把它们列入比较",
            )
        )
    return tuple(range(int(min(seen[name][minimum - 1] for name in names)) + 1))


def _require_window(panel: Panel, window: tuple[int, ...]) -> None:
    if panel.design == "repeated_cross_section":
        raise ComparisonError(
            Message(
                "gains of villages need villages that are followed; repeated cross-sections have none",
                "计算各村的收益要求对村庄连续观测，重复截面数据做不到",
            )
        )
    if not window or min(window) < 0 or len(set(window)) < len(window):
        raise ComparisonError(
            Message(
                f"the window is ({_listed(window)}); it needs different event times from 0 on, e.g. 0, 1, 2",
                f"窗口为（{_listed(window)}）；应由不重复的、不小于 0 的事件时间组成，如 0、1、2",
            )
        )


def _whole_window(effects: Effects, window: tuple[int, ...]) -> np.ndarray:
    """(k,) cells within the window of arms that are identified in all of it."""
    cells = effects.cells
    event = (cells["year"] - cells["cohort"]).to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(cells["effect"].to_numpy(float)) & np.isin(event, window)
    count = pd.Series(known).groupby([cells["cohort"], cells["model"]]).transform("sum").to_numpy()
    return known & (count == len(window))


def _reasons(panel: Panel, fitted: Effects, window: tuple[int, ...], inside: np.ndarray) -> np.ndarray:
    """(n,) one of REASONS for adopters, "" for the others."""
    unit, last = np.asarray(panel.unit, dtype=str), panel.years[-1]
    asked = fitted.cells["model"].to_numpy()
    adopter = np.isfinite(panel.cohort)
    reason = np.where(adopter, "not_identified", "").astype(object)
    reason[adopter & (panel.cohort + max(window) > last)] = "too_short"
    reason[adopter & ~np.isin(unit, asked)] = "no_base_period"
    reason[adopter & (panel.cohort > last)] = "later"
    reason[np.isin(unit, asked[inside])] = "used"
    return reason


def _account(
    model: np.ndarray, adopter: np.ndarray, reason: np.ndarray, switched: np.ndarray
) -> pd.DataFrame:
    rows = []
    for name in np.unique(model[adopter]):
        of_model = adopter & (model == name)
        counts = {why: int((reason[of_model] == why).sum()) for why in REASONS}
        rows.append(
            {
                "model": name,
                "adopted": int(of_model.sum()),
                **counts,
                "switched": int((switched & of_model).sum()),
            }
        )
    return pd.DataFrame(rows, columns=["model", "adopted", *REASONS, "switched"])


def _listed(window: tuple[int, ...]) -> str:
    return ", ".join(map(str, window))
