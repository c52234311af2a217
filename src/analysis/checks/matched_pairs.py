"""Adopters paired with units that had not adopted, and how much hidden bias their differences stand.

Optimal pairs without replacement: the assignment of least total Mahalanobis distance (Rosenbaum 1989, Journal of the
American Statistical Association 84), in covariates and the outcome before, with the covariance within groups. Both
units of a pair are followed over the adopter's own window (`_own_change`); their differences go to `rosenbaum`, one-sided
in the direction of the pairs' own estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.checks import rosenbaum
from analysis.checks._own_change import OwnChange
from analysis.effects import EstimatorError
from analysis.messages import Message

GAMMAS = (1.0, 1.25, 1.5, 2.0, 3.0)
MOST = 4_000_000  # distances; above, the assignment takes minutes


@dataclass(frozen=True, slots=True)
class PairedSensitivity:
    """Rosenbaum bounds of paired changes.

    rows : per gamma `gamma`, `p_high` (largest one-sided p value), `estimate_low`, `estimate_high` (range of
        Hodges-Lehmann estimates), outcome unit
    breakdown : largest gamma at which the largest p value is at most alpha; 1 where it is not even without bias
    estimate : Hodges-Lehmann estimate without bias
    largest_smd : largest standardised difference left between the paired groups, and `variable` in which it is
        ("" = the outcome before)
    n_pairs, n_unpaired : pairs, and adopters without a partner
    last : last year used; unit : of the outcome
    """

    rows: pd.DataFrame
    breakdown: float
    estimate: float
    largest_smd: float
    variable: str
    n_pairs: int
    n_unpaired: int
    last: int
    unit: str


def paired_sensitivity(found: OwnChange, *, unit: str, conf_level: float = 0.95) -> PairedSensitivity:
    """Bounds for the paired changes of units.

    Raises
    ------
    EstimatorError : units of one cluster, which are no independent pairs; too many units to pair; no pair that differs.
    """
    if found.is_clustered:
        raise EstimatorError(
            Message(
                "several units share a cluster, so pairs of units are not independent; ask at the level of clusters",
                "同一聚类内有多个单位，配对不独立；请在聚类层面分析",
            )
        )
    columns = np.column_stack([found.before, found.controls])
    treated, other = pairs(columns, found.treated)
    window = found.code[treated]
    difference = found.by_cohort[treated, window] - found.by_cohort[other, window]
    sign = -1.0 if np.median(difference) < 0 else 1.0
    bounds = [rosenbaum.pair_bounds(sign * difference, gamma, conf_level=conf_level) for gamma in GAMMAS]
    ranges = [sorted((sign * one.estimate_low, sign * one.estimate_high)) for one in bounds]
    rows = pd.DataFrame({
        "gamma": GAMMAS, "p_high": [one.p_high for one in bounds],
        "estimate_low": [low for low, _ in ranges], "estimate_high": [high for _, high in ranges],
    })  # fmt: skip
    smd = _differences(columns[treated], columns[other])
    most = int(np.abs(smd).argmax())
    return PairedSensitivity(
        rows, rosenbaum.breakdown_gamma(sign * difference, alpha=1 - conf_level), float(ranges[0][0]),
        float(smd[most]), ("", *found.names)[most], len(treated), found.n_treated - len(treated), found.last, unit,
    )  # fmt: skip


def pairs(columns: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m,) positions of treated units and (m,) of their partners, m the number of the smaller group.

    Parameters
    ----------
    columns : (n, q) what pairs should agree in; treated : (n,) bool.

    Raises
    ------
    EstimatorError : more than MOST distances.
    """
    from scipy.optimize import linear_sum_assignment

    one, two = np.flatnonzero(treated), np.flatnonzero(~treated)
    if len(one) * len(two) > MOST:
        raise EstimatorError(
            Message(
                f"{len(one)} and {len(two)} units are too many to pair one by one",
                f"{len(one)} 与 {len(two)} 个单位过多，无法逐一配对",
            )
        )
    centred = columns - np.where(treated[:, None], columns[one].mean(axis=0), columns[two].mean(axis=0))
    spread = np.sqrt((centred**2).mean(axis=0))
    scaled = columns / np.where(spread > 0, spread, 1.0)
    inside = centred / np.where(spread > 0, spread, 1.0)
    precision = np.linalg.pinv(inside.T @ inside / len(inside), hermitian=True)
    gap = scaled[one][:, None, :] - scaled[two][None, :, :]
    distance = np.einsum("ijp,pq,ijq->ij", gap, precision, gap, optimize=True)
    first, second = linear_sum_assignment(distance)
    return one[first], two[second]


def _differences(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """(q,) standardised mean differences; zero where neither group varies and both agree."""
    pooled = (
        np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / 2)
        if len(one) > 1
        else np.ones(one.shape[1])
    )
    gap = one.mean(axis=0) - two.mean(axis=0)
    return np.divide(gap, pooled, out=np.where(gap == 0, 0.0, np.inf), where=pooled > 0)
