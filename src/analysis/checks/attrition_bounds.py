"""Bounds on an effect when some outcomes are missing, and treatment may be why.

Lee (2009), Review of Economic Studies 76, propositions 1a to 3: if treatment moves observation in one direction only,
the group observed more often is trimmed to the share of the other; bounds hold for those observed either way. Intervals
for the effect itself: Imbens, Manski (2004), Econometrica 72. Worst case without any assumption but
the outcome's range: Horowitz, Manski (2000), Journal of the American Statistical Association 95.

    p = min(p0, p1) / max(p0, p1),  p_d: share observed;  lower, upper: mean of the lowest, highest share p of outcomes

The trimmed mean splits the observation at the quantile, so it is the exact extreme over all ways to trim p of the mass.
Errors are from influence functions, summed by cluster; they equal Lee's proposition 3 for independent units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.effects import EstimatorError
from analysis.messages import Message

FEW = 5  # observed outcomes per cell and group, below which a quantile is one person's outcome


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on an effect, outcome unit.

    low, high : bounds; std_error_low, std_error_high : clustered errors
    conf_low, conf_high : interval that covers the effect itself with `conf_level` (Imbens, Manski 2004)
    observed_treated, observed_other : shares of outcomes observed
    trimmed : share of the more observed group's outcomes that is trimmed (0 for the worst case)
    trims_treated : whether the treated group is the trimmed one, by cell
    n_cells, n_clusters : counts
    """

    low: float
    high: float
    std_error_low: float
    std_error_high: float
    conf_low: float
    conf_high: float
    observed_treated: float
    observed_other: float
    trimmed: float
    trims_treated: tuple[bool, ...]
    n_cells: int
    n_clusters: int


@dataclass(frozen=True, slots=True)
class _Cell:
    """Bounds (2,) of one cell with influence (n, 2), its always observed mass and the mass's influence (n,)."""

    bounds: np.ndarray
    influence: np.ndarray
    mass: float
    mass_influence: np.ndarray
    trims_treated: bool


def lee_bounds(
    outcome: np.ndarray, treated: np.ndarray, *, cell: np.ndarray | None = None, cluster: np.ndarray | None = None,
    weight: np.ndarray | None = None, conf_level: float = 0.95,
) -> Bounds:  # fmt: skip
    """Bounds for those whose outcome is observed whatever the treatment.

    Parameters
    ----------
    outcome : (n,) NaN = not observed; treated : (n,) bool, as good as random (within cells).
    cell : (n,) labels of a covariate fixed before treatment; bounds are taken within cells and averaged by the cells'
        numbers of always observed units, which tightens them (Lee 2009, proposition 1b). The direction of selection may
        differ among cells; `trims_treated` says where.
    cluster : (n,) labels; None = units are independent. weight : (n,) positive; None = equal.

    Raises
    ------
    EstimatorError : a cell with fewer than FEW observed outcomes in a group.
    """
    y, d, w = _checked(outcome, treated, weight)
    code = np.zeros(len(y), dtype=int) if cell is None else np.unique(cell, return_inverse=True)[1]
    n_cells = int(code.max()) + 1
    seen = np.isfinite(y)
    counts = np.bincount(code[seen] * 2 + d[seen], minlength=2 * n_cells).reshape(-1, 2)
    if (thin := int((counts < FEW).any(axis=1).sum())) > 0:
        raise EstimatorError(
            Message(
                f"{thin} of {n_cells} cells have fewer than {FEW} observed outcomes among treated or others; use "
                "coarser cells",
                f"{n_cells} 个单元中有 {thin} 个的处理组或对照组观测结果不足 {FEW} 个；请合并单元",
            )
        )
    cells = [_cell(y, d, w, code == k) for k in range(n_cells)]
    mass = np.array([one.mass for one in cells])
    total = mass.sum()
    bounds = sum(m / total * one.bounds for m, one in zip(mass, cells, strict=True))
    influence = sum(
        m / total * one.influence + np.outer(one.mass_influence / total, one.bounds - bounds)
        for m, one in zip(mass, cells, strict=True)
    )
    p1, p0 = (float(np.average(seen[d == g], weights=w[d == g])) for g in (1, 0))
    return _packed(
        bounds, influence, cluster, conf_level, (p1, p0), 1 - min(p0, p1) / max(p0, p1),
        tuple(one.trims_treated for one in cells),
    )  # fmt: skip


def worst_case_bounds(
    outcome: np.ndarray, treated: np.ndarray, *, lowest: float, highest: float, cluster: np.ndarray | None = None,
    weight: np.ndarray | None = None, conf_level: float = 0.95,
) -> Bounds:  # fmt: skip
    """Bounds for everybody, whatever made outcomes missing, if they lie between `lowest` and `highest`.

    Raises
    ------
    EstimatorError : observed outcomes beyond the range, nobody in a group.
    """
    y, d, w = _checked(outcome, treated, weight)
    seen = np.isfinite(y)
    if (beyond := int(((y < lowest) | (y > highest)).sum())) > 0 or not lowest < highest:
        raise EstimatorError(
            Message(
                f"{beyond} observed outcomes lie outside [{lowest:g}, {highest:g}]; widen the range",
                f"有 {beyond} 个观测结果超出 [{lowest:g}, {highest:g}]；请放宽范围",
            )
        )
    bounds, influence = np.zeros(2), np.zeros((len(y), 2))
    for group, sign in ((1, 1), (0, -1)):
        inside = (d == group).astype(float) * w
        for side, missing in enumerate((lowest, highest) if sign > 0 else (highest, lowest)):
            value = np.where(seen, y, missing)
            mean = inside @ value / inside.sum()
            bounds[side] += sign * mean
            influence[:, side] += sign * inside * (value - mean) / inside.sum()
    p1, p0 = (float(np.average(seen[d == g], weights=w[d == g])) for g in (1, 0))
    return _packed(bounds, influence, cluster, conf_level, (p1, p0), 0.0, ())


def imbens_manski(
    low: float, high: float, error_low: float, error_high: float, *, conf_level: float = 0.95
) -> tuple[float, float]:
    """The interval [low - c error_low, high + c error_high] that covers the effect with `conf_level`.

    Phi(c + (high - low) / max(errors)) - Phi(-c) = conf_level, so that c falls from the two-sided normal quantile to
    the one-sided as the bounds part.
    """
    widest = max(error_low, error_high)
    distance = (high - low) / widest if widest > 0 else np.inf
    below, above = ndtri(conf_level), ndtri(0.5 + conf_level / 2)
    for _ in range(60):
        middle = (below + above) / 2
        reached = ndtr(middle + distance) - ndtr(-middle) >= conf_level
        below, above = (below, middle) if reached else (middle, above)
    return float(low - above * error_low), float(high + above * error_high)


def _checked(
    outcome: np.ndarray, treated: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, d = np.asarray(outcome, dtype=float), np.asarray(treated).astype(bool).astype(int)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
    if not (0 < d.sum() < len(d) and (w > 0).all() and not np.isinf(y).any()):
        raise EstimatorError(
            Message(
                "treated and other units, positive weights and outcomes that are finite or missing are needed",
                "需要同时有处理组与对照组、正的权重，且结果为有限值或缺失",
            )
        )
    return y, d, w


def _cell(y: np.ndarray, d: np.ndarray, w: np.ndarray, inside: np.ndarray) -> _Cell:
    seen = np.isfinite(y)
    total = w.sum()
    group = [inside & (d == 0), inside & (d == 1)]
    rate, rate_influence = np.empty(2), np.empty((2, len(y)))
    for g in (0, 1):
        own = w * group[g]
        rate[g] = own @ seen / own.sum()
        rate_influence[g] = own * (seen - rate[g]) / own.sum()
    more = int(rate[1] >= rate[0])
    share = rate[1 - more] / rate[more]
    share_influence = share * (rate_influence[1 - more] / rate[1 - more] - rate_influence[more] / rate[more])
    less_rows, more_rows = group[1 - more] & seen, group[more] & seen
    own = w * less_rows
    mean = own @ np.where(seen, y, 0.0) / own.sum()
    plain = np.where(less_rows, own * (np.where(seen, y, 0.0) - mean) / own.sum(), 0.0)
    bounds, influence = np.empty(2), np.empty((len(y), 2))
    sign = 1 if more else -1
    for side, lowest in enumerate((True, False) if more else (False, True)):
        value, trimmed = _trimmed(y, w, more_rows, share, lowest)
        bounds[side] = sign * (value.mean - mean)
        influence[:, side] = sign * (trimmed + (value.cut - value.mean) / share * share_influence - plain)
    portion = w @ inside / total
    low_rate = rate[1 - more]
    mass_influence = w * (inside - portion) / total * low_rate + portion * rate_influence[1 - more]
    return _Cell(bounds, influence, portion * low_rate, mass_influence, bool(more))


@dataclass(frozen=True, slots=True)
class _Trimmed:
    mean: float
    cut: float


def _trimmed(
    y: np.ndarray, w: np.ndarray, rows: np.ndarray, share: float, lowest: bool
) -> tuple[_Trimmed, np.ndarray]:
    """Mean and quantile of the lowest (highest) `share` of the mass of `rows`, and influence (n,) at a given share."""
    where = np.flatnonzero(rows)
    order = where[np.argsort(y[where] if lowest else -y[where], kind="stable")]
    mass = w[order] / w[order].sum()
    through = np.cumsum(mass)
    kept = np.clip(share - (through - mass), 0.0, mass)
    mean = float(kept @ y[order] / share)
    last = min(int(np.searchsorted(through, share - 1e-12)), len(order) - 1)
    cut = float(y[order[last]])
    influence = np.zeros(len(y))
    influence[order] = ((y[order] - mean) * kept + (cut - mean) * (share * mass - kept)) / share
    return _Trimmed(mean, cut), influence


def _packed(
    bounds: np.ndarray, influence: np.ndarray, cluster: np.ndarray | None, conf_level: float, rates: tuple[float, float],
    trimmed: float, directions: tuple[bool, ...],
) -> Bounds:  # fmt: skip
    if cluster is not None:
        code = np.unique(cluster, return_inverse=True)[1]
        influence = np.column_stack([np.bincount(code, column) for column in influence.T])
    n_clusters = len(influence)
    if n_clusters < 2:
        raise EstimatorError(Message("one cluster gives no error", "只有一个聚类，无法计算标准误"))
    low_error, high_error = np.sqrt((influence**2).sum(axis=0) * n_clusters / (n_clusters - 1))
    conf_low, conf_high = imbens_manski(*bounds, low_error, high_error, conf_level=conf_level)
    return Bounds(
        float(bounds[0]), float(bounds[1]), float(low_error), float(high_error), conf_low, conf_high, *rates,
        float(trimmed), directions, max(1, len(directions)), n_clusters,
    )  # fmt: skip
