"""Inequality split between groups and by income source; Shorrocks (1984), Econometrica 52, and Lerman, Yitzhaki (1985).

Groups k with population share p_k, income share s_k, mean mu_k:

    Theil T = sum s_k T_k + sum s_k log(mu_k / mu);  Theil L = sum p_k L_k + sum p_k log(mu / mu_k)   (both exact)
    Gini    = sum p_k s_k G_k + G(group means) + overlap   (Lambert, Aronson 1993, Economic Journal 103; overlap >= 0)

Sources k of income (Lerman, Yitzhaki 1985, Review of Economics and Statistics 67, equations 4 and 8; ranks of total
income, so that the contributions are also Shorrocks' (1982) "natural" Gini decomposition):

    Gini = sum S_k G_k R_k, S_k = mu_k / mu, R_k = cov(y_k, F(y)) / cov(y_k, F_k(y_k)),
    d Gini / d log(source k) = S_k (G_k R_k - Gini)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.distribution.inequality import gini, theil_l, theil_t
from analysis.distribution.measured import Distribution, DistributionError, Measured, checked, measured
from analysis.messages import Message

TOLERANCE = 1e-9  # share of mean income by which the sources may miss the total: rounding


def between_groups(
    income: np.ndarray, group: np.ndarray, weight: np.ndarray, cluster: np.ndarray, *, index: str
) -> Measured:
    """Total, within, between (and, for the Gini, overlap) of one index over groups (n,).

    Parameters
    ----------
    income : (n,) yuan; its sign rules are those of the index.
    index : gini, theil_t or theil_l.

    Returns
    -------
    Measured with total, within, between, overlap; the parts sum to the total; overlap is 0 for the Theil indices.

    Raises
    ------
    DistributionError : an index that cannot be split, or is not defined on these incomes.
    """
    checked(income, weight, cluster=cluster, group=group)
    if index not in _SPLITS:
        raise DistributionError(
            Message(
                f"no split of {index!r}; choose {', '.join(_SPLITS)}",
                f"{index!r} 不能分解；可选：{'、'.join(_SPLITS)}",
            )
        )
    income = np.asarray(income, dtype=float)
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    code, labels = pd.factorize(np.asarray(group), sort=True)
    if (code < 0).any():
        missing = int((code < 0).sum())
        raise DistributionError(Message(f"{missing} rows have no group", f"{missing} 行缺少组别"))
    size = np.bincount(code, weights=share, minlength=len(labels))
    mean = (np.bincount(code, weights=share * income, minlength=len(labels)) / size)[code]
    total, within, between = _SPLITS[index](income, share, code, size, mean)
    parts = [total, within, between, tuple(t - w - b for t, w, b in zip(total, within, between, strict=True))]
    if index != "gini":
        parts[3] = (0.0, np.zeros(len(income)))
    return measured(
        ("total", "within", "between", "overlap"),
        np.array([value for value, _ in parts]),
        np.stack([influence for _, influence in parts], axis=1),
        share,
        cluster,
    )


_Part = tuple[float, np.ndarray]


def _split_theil_t(
    income: np.ndarray, share: np.ndarray, code: np.ndarray, size: np.ndarray, mean: np.ndarray
) -> tuple[_Part, _Part, _Part]:
    total = theil_t(Distribution(income, share), income)
    mu = share @ income
    _require_positive(mean, "theil_t")
    logs = np.log(mean)
    product = share @ (mean * logs)
    value = product / mu - np.log(mu)
    influence = (mean * logs + (income - mean) * (logs + 1) - product) / mu
    influence -= (product / mu + 1) * (income - mu) / mu
    return total, (total[0] - value, total[1] - influence), (float(value), influence)


def _split_theil_l(
    income: np.ndarray, share: np.ndarray, code: np.ndarray, size: np.ndarray, mean: np.ndarray
) -> tuple[_Part, _Part, _Part]:
    total = theil_l(Distribution(income, share), income)
    mu, logs = share @ income, np.log(mean)
    value = np.log(mu) - share @ logs
    influence = (income - mu) / mu - (logs - share @ logs) - (income - mean) / mean
    return total, (total[0] - value, total[1] - influence), (float(value), influence)


def _split_gini(
    income: np.ndarray, share: np.ndarray, code: np.ndarray, size: np.ndarray, mean: np.ndarray
) -> tuple[_Part, _Part, _Part]:
    total = gini(Distribution(income, share), income)
    mu = share @ income
    means = Distribution(mean, share)
    apart = means.mean_distance(mean)
    between = float(share @ apart) / (2 * mu)
    # a unit moves its own group's mean: d E|M - M'| / d m_k = 2 (2 F(m_k) - 1)
    pulled = (income - mean) * (2 * means.rank(mean) - 1)
    moved_between = (apart - share @ apart + pulled) / mu - between * (income - mu) / mu
    distance = np.empty(len(income))  # sum over the own group of share_j |y - y_j|
    for k in range(len(size)):
        rows = np.flatnonzero(code == k)
        distance[rows] = size[k] * Distribution(income[rows], share[rows]).mean_distance(income[rows])
    pairs = share @ distance
    within = float(pairs / (2 * mu))
    moved_within = (distance - pairs) / mu - within * (income - mu) / mu
    return total, (within, moved_within), (between, moved_between)


_SPLITS = {"gini": _split_gini, "theil_t": _split_theil_t, "theil_l": _split_theil_l}


def gini_by_source(
    sources: Mapping[str, np.ndarray], weight: np.ndarray, cluster: np.ndarray
) -> dict[str, Measured]:
    """Each source's part in the Gini of their sum, by source.

    Returns
    -------
    By source: Measured with share (S), gini (G), correlation (R), concentration (G R), contribution (S G R; the
    contributions sum to the Gini of the total), marginal (change of the Gini per proportional growth of the source)
    and elasticity (marginal / Gini). Where a source's mean is not above 0 or it does not vary, G and R are
    not defined; contribution and marginal are.

    Raises
    ------
    DistributionError : lengths, missing values, total income with a mean not above 0.
    """
    parts = {name: np.asarray(values, dtype=float) for name, values in sources.items()}
    for values in parts.values():
        checked(values, weight, cluster=cluster)
    total = np.sum(list(parts.values()), axis=0)
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    of = Distribution(total, share)
    value, moved = gini(of, total)
    return {name: _source(part, total, of, (value, moved), share, cluster) for name, part in parts.items()}


def _source(
    part: np.ndarray,
    total: np.ndarray,
    of: Distribution,
    whole: _Part,
    share: np.ndarray,
    cluster: np.ndarray,
) -> Measured:
    mean, overall, moved_gini = float(share @ part), of.mean, whole[1]
    portion = mean / overall
    moved_portion = (part - mean) / overall - portion * (total - overall) / overall
    value, moved = _ranked_spread(part, total, share, of)
    contribution = value / overall
    moved_contribution = moved / overall - contribution * (total - overall) / overall
    marginal = contribution - portion * whole[0]
    moved_marginal = moved_contribution - portion * moved_gini - whole[0] * moved_portion
    elasticity = marginal / whole[0] if whole[0] > 0 else np.nan
    moved_elasticity = (moved_marginal - elasticity * moved_gini) / whole[0] if whole[0] > 0 else moved_gini
    nothing = (np.nan, np.zeros(len(part)))
    own = correlation = concentration = nothing
    why = "ok"
    if mean > 0 and np.ptp(part) > 0:
        own = gini(Distribution(part, share), part)
        concentration = (value / mean, moved / mean - value / mean * (part - mean) / mean)
        ratio = concentration[0] / own[0]
        correlation = (ratio, (concentration[1] - ratio * own[1]) / own[0])
    else:
        why = "not defined: the source does not vary" if mean > 0 else "not defined: mean not above 0"
    columns = [
        (portion, moved_portion), own, correlation, concentration, (contribution, moved_contribution),
        (marginal, moved_marginal), (elasticity, moved_elasticity),
    ]  # fmt: skip
    flat = "ok" if whole[0] > 0 else "not defined: total income does not vary"
    return measured(
        ("share", "gini", "correlation", "concentration", "contribution", "marginal", "elasticity"),
        np.array([column[0] for column in columns]),
        np.stack([column[1] for column in columns], axis=1),
        share,
        cluster,
        ("ok", why, why, why, "ok", "ok", flat),
    )


def ranked_spread(part: np.ndarray, ranked_by: np.ndarray, share: np.ndarray) -> tuple[float, np.ndarray]:
    """2 cov(part, F(ranked_by)) and its influence (n,), ranks with ties counted half; shares (n,) sum to one."""
    return _ranked_spread(part, ranked_by, share, Distribution(ranked_by, share))


def _ranked_spread(
    part: np.ndarray, ranked_by: np.ndarray, share: np.ndarray, of: Distribution
) -> tuple[float, np.ndarray]:
    # 2 cov(x, F) = E[(x - x') sign(y - y')] / 2 over pairs, a V-statistic
    order = np.argsort(ranked_by, kind="stable")
    running = np.concatenate([[0.0], np.cumsum((share * part)[order])])
    low = np.searchsorted(of.value, ranked_by, side="left")
    high = np.searchsorted(of.value, ranked_by, side="right")
    signed = running[low] + running[high] - running[-1]  # E[x' sign(y - y')]
    pairs = (part * (2 * of.rank(ranked_by) - 1) - signed) / 2
    value = float(share @ pairs)
    return value, 2 * (pairs - value)


def _require_positive(mean: np.ndarray, index: str) -> None:
    if (mean <= 0).any():
        raise DistributionError(
            Message(f"{index}: a group has no income above 0", f"{index}：有一组收入全为零")
        )
