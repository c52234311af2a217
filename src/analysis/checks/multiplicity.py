"""Several questions asked at once: p values and intervals that hold for all of them together.

Romano, Wolf (2005), Econometrica 73, step-down; p values as in Romano, Wolf (2016), Statistics & Probability Letters 113:

    |z|_(1) >= ... >= |z|_(K),   p_(s) = max(p_(s-1), (1 + #{b : max_{r >= s} |z*_b(r)| >= |z|_(s)}) / (1 + B))

z is the normal quantile with the same tail as t with the estimate's own degrees of freedom, and z* ~ N(0, R) with R the
correlation of the estimates, from the influence of the clusters that they share. Independent estimates give Sidak's
correction, identical ones none. Holm (1979), Scandinavian Journal of Statistics 6, needs no correlation and stands beside
it as a check. Benjamini, Hochberg (1995), Journal of the Royal Statistical Society B 57, is for exploration: it bounds the
expected share of false findings among the findings, not the chance of any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr

from analysis.effects import EstimatorError
from analysis.estimates import verdict
from analysis.inference import pointwise_half_width, simultaneous_half_width
from analysis.messages import Message

METHODS = ("romano_wolf", "holm", "benjamini_hochberg")
DRAWS = 99_999  # simulated families; a p value of 0.05 is then known to 0.0014 (two standard errors)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """K tests judged together.

    p_value : (K,) each on its own; p_adjusted : (K,) by the method; p_holm : (K,) by Holm
    half_width : (K,) half the width of intervals that hold together; each on its own after benjamini_hochberg
    """

    p_value: np.ndarray
    p_adjusted: np.ndarray
    p_holm: np.ndarray
    half_width: np.ndarray


def adjust(
    estimate: np.ndarray, std_error: np.ndarray, df: np.ndarray, influence: np.ndarray, *, method: str,
    conf_level: float = 0.95, seed: int = 0, draws: int = DRAWS,
) -> Adjusted:  # fmt: skip
    """The family's tests of "no effect", adjusted for one another.

    Parameters
    ----------
    estimate, std_error, df : (K,) outcome unit, outcome unit, degrees of freedom.
    influence : (n_clusters, K) of each estimate, clusters in the same order for all; only its correlation is used.
    method : one of METHODS.

    Raises
    ------
    EstimatorError : unknown method, a test without estimate, positive error or degrees of freedom.
    """
    if method not in METHODS:
        choices = ", ".join(METHODS)
        raise EstimatorError(
            Message(
                f"no adjustment {method!r}; choose {choices}", f"没有调整方法 {method!r}；可选：{choices}"
            )
        )
    p = p_values(estimate, std_error, df)
    if method == "holm":
        level = 1 - (1 - conf_level) / max(len(p), 1)  # Bonferroni's intervals
        return Adjusted(p, holm(p), holm(p), pointwise_half_width(std_error, df, level))
    if method == "benjamini_hochberg":
        return Adjusted(p, benjamini_hochberg(p), holm(p), pointwise_half_width(std_error, df, conf_level))
    if len(p) < 2:
        return Adjusted(p, p.copy(), p.copy(), pointwise_half_width(std_error, df, conf_level))
    simulated = _simulated(influence, draws, seed)
    largest = np.quantile(simulated.max(axis=1), conf_level, method="higher")
    critical = max(float(largest), float(ndtri(0.5 + conf_level / 2)))
    return Adjusted(p, _step_down(p, simulated), holm(p), simultaneous_half_width(std_error, df, critical))


def p_values(estimate: np.ndarray, std_error: np.ndarray, df: np.ndarray) -> np.ndarray:
    """(K,) two-sided p values of "no effect": Student's t with the estimate's own degrees of freedom.

    Raises
    ------
    EstimatorError : an estimate that is missing, an error that is not positive, degrees of freedom not above 0.
    """
    theta, error, free = (np.asarray(values, dtype=float) for values in (estimate, std_error, df))
    bad = ~(np.isfinite(theta) & np.isfinite(error) & (error > 0) & (free > 0))
    if bad.any():
        which = ", ".join(map(str, np.flatnonzero(bad)[:10]))
        raise EstimatorError(
            Message(
                f"tests without estimate, error or degrees of freedom (by position): {which}; leave them out by name first",
                f"以下位置的检验没有估计值、标准误或自由度：{which}；请先逐一注明并剔除",
            )
        )
    return 2 * stdtr(free, -np.abs(theta / error))


def holm(p: np.ndarray) -> np.ndarray:
    """(K,) p_(s) = max_{r <= s} min(1, (K - r + 1) p_(r)), p ascending."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    return _back(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """(K,) p_(s) = min_{r >= s} min(1, K p_(r) / r), p ascending."""
    order = np.argsort(p, kind="stable")
    scaled = len(p) * p[order] / np.arange(1, len(p) + 1)
    return _back(np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0), order)


def still_clear(row: pd.Series, conf_level: float) -> str:
    """How an outcome stands when its family is judged together: key under [together].

    "alone", "clear", "no_longer" (clear by itself only), "unclear" (never was), or the role of what was not declared.
    """
    if pd.isna(row.get("p_adjusted")):
        return "not_judged"
    if row["role"] == "primary":
        return "alone"
    if row["role"] != "declared":
        return str(row["role"])
    if row["p_adjusted"] < 1 - conf_level:
        return "clear"
    return "no_longer" if verdict(row) in {"rose", "fell"} else "unclear"


def joined(columns: list[pd.Series]) -> pd.DataFrame:
    """(n_clusters, K) influence of estimates made on different tables, matched by cluster id.

    A cluster that has no part in an estimate has no influence on it. Ids must be those of one kind of cluster.
    """
    named = dict(enumerate(columns))
    return pd.concat(named, axis=1).fillna(0.0).sort_index() if named else pd.DataFrame()


def _simulated(influence: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(draws, K) sizes of the family's z values without any effect."""
    psi = np.asarray(influence, dtype=float)
    size = np.sqrt((psi**2).sum(axis=0))
    if not (size > 0).all():
        which = ", ".join(map(str, np.flatnonzero(~(size > 0))[:10]))
        raise EstimatorError(
            Message(
                f"tests on which no cluster has influence (by position): {which}; leave them out by name first",
                f"以下位置的检验没有任何聚类的影响值：{which}；请先逐一注明并剔除",
            )
        )
    values, vectors = np.linalg.eigh((psi / size).T @ (psi / size))
    root = vectors * np.sqrt(np.maximum(values, 0.0))  # singular where two outcomes are one
    return np.abs(np.random.default_rng(seed).standard_normal((draws, psi.shape[1])) @ root.T)


def _step_down(p: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    order = np.argsort(p, kind="stable")
    observed = -ndtri(np.maximum(p[order] / 2, np.finfo(float).tiny))
    rest = np.maximum.accumulate(simulated[:, order][:, ::-1], axis=1)[
        :, ::-1
    ]  # largest of those not yet passed
    beyond = (rest >= observed).sum(axis=0)
    # simulation error must not make a test look surer than it is alone
    stepped = np.maximum((1 + beyond) / (1 + len(simulated)), p[order])
    return _back(np.maximum.accumulate(stepped), order)


def _back(ordered: np.ndarray, order: np.ndarray) -> np.ndarray:
    found = np.empty(len(order))
    found[order] = ordered
    return found
