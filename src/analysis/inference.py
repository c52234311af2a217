"""Standard errors, small-sample degrees of freedom and simultaneous bands from influence by cluster.

Few clusters: each cluster's influence is enlarged for its own pull on the fit (CR2: Bell, McCaffrey 2002) and
the interval uses Student's t with Satterthwaite degrees of freedom under a working model of equal variances
(Imbens, Kolesar 2016, sec. 3). For a difference of two means with equal clusters both are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit  # scipy.stats takes 0.6 s to import

from analysis.effects import Effects

LARGEST = 2**19  # multipliers in one product
CHUNK = 64  # multiplier draws per matrix product, keeps memory small


@dataclass(frozen=True, slots=True)
class SmallSample:
    """What few clusters do to r weighted averages of cells.

    std_error : (r,) CR2 standard errors, outcome unit
    df : (r,) Satterthwaite degrees of freedom
    blind : (r,) number of treated groups whose whole weight lies in one cluster, so that they add no variance
    """

    std_error: np.ndarray
    df: np.ndarray
    blind: np.ndarray


def enlarged_influence(effects: Effects) -> np.ndarray:
    """(n_clusters, k) influence with each cluster's row of a cell divided by sqrt(1 - leverage).

    The leverage of a cluster in a cell is its share of the treated, or of the comparison, weight. A cluster that
    is a whole group has leverage one; its influence is zero whatever the data and is left as it is.
    """
    leverage = np.maximum(_shares(effects.treated.to_numpy()), _shares(effects.comparison.to_numpy()))
    scale = np.where(leverage < 1 - 1e-12, 1 - leverage, 1.0)
    return effects.influence.to_numpy() / np.sqrt(scale)


def small_sample(effects: Effects, weights: np.ndarray, influence: np.ndarray) -> SmallSample:
    """CR2 errors and degrees of freedom of the averages ``weights.T @ effect``.

    df = (sum V_a)^2 / sum V_a^2 / (n_a - 1) over the treated groups a (cohort, arm) and the comparison pool, with
    V_a = weight_a^2 / n_a and n_a the Kish effective number of clusters in a  (Satterthwaite 1946).

    Parameters
    ----------
    weights : (k, r) weights of the cells.
    influence : (n_clusters, r) enlarged influence of the averages themselves.
    """
    treated, comparison = _shares(effects.treated.to_numpy()), _shares(effects.comparison.to_numpy())
    variance, precision = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    blind = np.zeros(weights.shape[1], dtype=int)
    groups = treated_groups(effects)
    pools = [(treated[:, cells], weights[cells]) for cells in groups] + [(comparison, weights)]
    for position, (share, weight) in enumerate(pools):
        number = _effective(share @ weight)
        at_work = np.abs(weight).sum(axis=0) > 1e-15
        seen = at_work & (number > 1 + 1e-9)
        part = np.divide(weight.sum(axis=0) ** 2, number, out=np.zeros_like(number), where=seen)
        variance += part
        precision += np.divide(part**2, number - 1, out=np.zeros_like(number), where=seen)
        if position < len(groups):
            blind += at_work & ~seen
    error = np.sqrt((influence**2).sum(axis=0))
    # Weights that cancel within every group (a contrast over time) estimate no group mean: count clusters at work.
    fallback = np.maximum(_effective(influence**2) - 1, 1.0)
    df = np.divide(variance**2, precision, out=fallback, where=precision > 0)
    return SmallSample(error, df, blind)


def treated_groups(effects: Effects) -> list[np.ndarray]:
    """Positions of the cells of each treated group (cohort, arm), in order of first appearance."""
    cells = effects.cells
    names = [f"{cohort}:{model}" for cohort, model in zip(cells["cohort"], cells["model"], strict=True)]
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        positions.setdefault(name, []).append(position)
    return [np.array(found) for found in positions.values()]


def pointwise_half_width(std_error: np.ndarray, df: np.ndarray, conf_level: float) -> np.ndarray:
    """Half the width of the pointwise interval: t quantile times the error."""
    return stdtrit(df, 0.5 + conf_level / 2) * std_error


def simultaneous_critical_value(influence: np.ndarray, *, conf_level: float, draws: int, seed: int) -> float:
    """Sup-t critical value over the columns of (n_clusters, r) influence by the multiplier bootstrap.

    Rademacher multipliers on cluster sums; t* = max_r |sum_c xi_c psi_cr| / se_r  (Callaway, Sant'Anna 2021,
    algorithm 1; Montiel Olea, Plagborg-Moller 2019). Columns without variance are left out; never below the
    pointwise normal quantile.
    """
    floor = float(ndtri(0.5 + conf_level / 2))
    error = np.sqrt((influence**2).sum(axis=0))
    live = error > 1e-12 * max(error.max(initial=0.0), 1e-300)
    if live.sum() < 2:
        return floor
    studentised = influence[:, live] / error[live]
    rng = np.random.default_rng(seed)
    largest = np.empty(draws)
    rows = max(1, LARGEST // len(studentised) // CHUNK) * CHUNK
    for start in range(0, draws, rows):
        parts = [
            rng.integers(0, 2, size=(min(CHUNK, draws - at), len(studentised)), dtype=np.int8)
            for at in range(start, min(draws, start + rows), CHUNK)
        ]
        signs = np.concatenate(parts) * 2.0 - 1.0
        largest[start : start + len(signs)] = np.abs(signs @ studentised).max(axis=1)
    return max(floor, float(np.quantile(largest, conf_level, method="higher")))


def simultaneous_half_width(std_error: np.ndarray, df: np.ndarray, critical: float) -> np.ndarray:
    """Half the width of the band: the t quantile that covers as much as `critical` does under the normal law."""
    return -stdtrit(df, ndtr(-critical)) * std_error


def _shares(weight: np.ndarray) -> np.ndarray:
    total = weight.sum(axis=0)
    return np.divide(weight, total, out=np.zeros_like(weight, dtype=float), where=total > 0)


def _effective(weight: np.ndarray) -> np.ndarray:
    """(r,) Kish's effective number of clusters of the columns of (n_clusters, r) weights; 0 without weight."""
    square = (weight**2).sum(axis=0)
    return np.divide(weight.sum(axis=0) ** 2, square, out=np.zeros_like(square), where=square > 0)
