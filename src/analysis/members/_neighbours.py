"""Who is nearest to whom: sets of neighbours as sparse matrices, with ties, calipers and strata.

Points are scaled so that their Euclidean distance is the distance of the method: the index of the propensity or the
probability in standard deviations, or covariates turned by a square root of their inverse covariance (Mahalanobis).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from analysis.members import _gate

SAME = 1e-9  # relative difference of two distances that is rounding


def mahalanobis(covariates: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, p) covariates whose Euclidean distance is Mahalanobis' distance, covariance of all households.

    Raises
    ------
    MemberEffectError : covariates without a covariance of full rank.
    """
    share = weight / weight.sum()
    centred = covariates - share @ covariates
    covariance = (centred * share[:, None]).T @ centred
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise _gate.refusal(
            "a covariate is a combination of the others: no Mahalanobis distance; leave it out",
            "有协变量是其他协变量的组合，无法计算马氏距离；请去掉",
        ) from error
    return np.linalg.solve(root, centred.T).T


def scaled(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, p) columns in standard deviations of all households."""
    share = weight / weight.sum()
    centred = values - share @ values
    spread = np.sqrt(share @ centred**2)
    return centred / np.where(spread > 0, spread, 1.0)


def with_strata(points: np.ndarray, within: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Points with a coordinate that keeps strata apart, and the distance no pair of one stratum reaches."""
    if within is None:
        return points, np.inf
    _, code = np.unique(within, return_inverse=True)
    apart = 4.0 * float(np.ptp(points, axis=0).sum()) + 4.0
    return np.column_stack([points, code * apart]), apart / 2


def sets(
    points: np.ndarray,
    rows: np.ndarray,
    among: np.ndarray,
    k: int,
    *,
    limit: float = np.inf,
    tie_tolerance: float = 0.0,
) -> sparse.csr_array:
    """(n, n) zeros and ones: for each of `rows` the k nearest of `among` and all as near as the k-th.

    Rows with nobody within `limit` stay empty; rows with fewer than k take those there are.

    Parameters
    ----------
    rows, among : positions.
    tie_tolerance : squared distances within this of the k-th are ties.
    """
    n = len(points)
    if not len(rows) or not len(among):
        return sparse.csr_array((n, n))
    tree = cKDTree(points[among])
    k = min(k, len(among))
    distance = tree.query(points[rows], k=[k])[0][:, 0]
    nearest = distance if k == 1 else tree.query(points[rows], k=1)[0]
    if np.isfinite(limit):
        distance = np.minimum(distance, limit)
    radius = np.sqrt((distance * (1 + SAME)) ** 2 + tie_tolerance)
    radius = np.where(nearest <= limit * (1 + SAME), np.minimum(radius, limit * (1 + SAME)), -1.0)
    some = radius >= 0
    found = tree.query_ball_point(points[rows[some]], radius[some], return_sorted=False)
    lengths = np.array([len(f) for f in found], dtype=np.int64)
    counts = np.zeros(n, dtype=np.int64)
    counts[rows[some]] = lengths
    order = np.argsort(rows[some], kind="stable")
    columns = np.concatenate([np.asarray(found[i], dtype=np.int64) for i in order]) if len(order) else []
    indices = among[np.asarray(columns, dtype=np.int64)]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(n, n))


def without_replacement(
    points: np.ndarray,
    rows: np.ndarray,
    among: np.ndarray,
    k: int,
    *,
    limit: float = np.inf,
    first: np.ndarray,
) -> sparse.csr_array:
    """(n, n) zeros and ones: rows in the order of `first` take the k nearest of those nobody has taken.

    Greedy: Rosenbaum (1989), JASA 84, sec. 2. Rows for whom fewer than k are left within `limit` stay empty. Equally
    near households are taken in the order of `first`, then of the data.
    """
    n = len(points)
    among = among[np.argsort(first[among], kind="stable")]
    tree = cKDTree(points[among])
    taken = np.zeros(len(among), dtype=bool)
    pairs: list[tuple[int, np.ndarray]] = []
    for row in rows[np.argsort(first[rows], kind="stable")]:
        reach = min(len(among), 4 * k)
        while True:
            distance, index = tree.query(points[row], k=np.arange(1, reach + 1))
            free = (distance <= limit * (1 + SAME)) & ~taken[index]
            # the last distance may be shared by households not returned: they matter only if it is needed
            enough = free.sum() >= k and distance[np.flatnonzero(free)[k - 1]] < distance[-1]
            if enough or reach == len(among) or distance[-1] > limit:
                break
            reach = min(len(among), 4 * reach)
        rank = np.lexsort((index[free], np.round(distance[free], 12)))[:k]
        if len(rank) == k:
            chosen = index[free][rank]
            taken[chosen] = True
            pairs.append((int(row), among[chosen]))
    if not pairs:
        return sparse.csr_array((n, n))
    at = np.repeat([row for row, _ in pairs], k)
    return sparse.csr_array((np.ones(len(at)), (at, np.concatenate([c for _, c in pairs]))), shape=(n, n))


def averages(members: sparse.csr_array, weight: np.ndarray) -> sparse.csr_array:
    """Each row's set with survey weights that sum to one; empty rows stay empty."""
    weighted = members.copy()
    weighted.data = weight[members.indices]
    total = weighted.sum(axis=1)
    weighted.data = weighted.data / np.repeat(np.where(total > 0, total, 1.0), np.diff(weighted.indptr))
    return weighted
