"""Coupling coordination degree (耦合协调度): whether subsystems are high together, in a named variant.

The classical form, and the revision of Wang Shujia et al. (2021), 国内耦合协调度模型的误区及修正, Journal of Natural Resources
36(3). In the classical form nearly all C crowd near 1; the revision spreads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index._indicators import levels, one_of, weights_of
from analysis.messages import Message

VARIANTS = ("classical", "revised_2021")


@dataclass(frozen=True, slots=True)
class Coordination:
    """Coupling coordination of n units.

    coupling : (n,) C between 0 and 1, 1 when all subsystems are equal; NaN where all are 0
    development : (n,) T, weighted mean of the subsystems
    coordination : (n,) D = sqrt(C T)
    grade : (n,) 1 to 10, tenths of D: [0, .1) is 1, [.9, 1] is 10
    variant : classical or revised_2021; values of the two are not comparable
    n_undefined : units whose subsystems are all 0; their D is 0 because T is
    """

    coupling: np.ndarray
    development: np.ndarray
    coordination: np.ndarray
    grade: np.ndarray
    variant: str
    n_undefined: int


def coupling_coordination(systems: np.ndarray, weights: np.ndarray, *, variant: str) -> Coordination:
    """C, T and D of units with k subsystems; weights enter T only, never C.

    T = sum_j b_j U_j,  D = sqrt(C T)
    classical:     C = k (prod U)^(1/k) / sum U
    revised_2021:  C = sqrt( [1 - mean_{i<j} |U_i - U_j|] (prod_i U_i / max U)^(1/(k-1)) )

    Parameters
    ----------
    systems : (n, k) levels between 0 and 1, k >= 2; weights : (k,) shares; variant : must be chosen.

    Raises
    ------
    ComparisonError : one subsystem, levels outside 0 to 1, weights that are no shares, an unknown variant.
    """
    one_of("variant", variant, VARIANTS)
    u = levels(systems)
    k = u.shape[1]
    if k < 2:
        raise ComparisonError(
            Message("coupling needs at least two subsystems", "计算耦合度至少需要两个子系统")
        )
    b = weights_of(weights, k)
    top = u.max(axis=1)
    alive = top > 0
    share = u / np.where(alive, top, 1.0)[:, None]  # the largest is 1, so that tiny levels do not underflow
    if variant == "classical":
        c = k * np.prod(share, axis=1) ** (1 / k) / np.where(alive, share.sum(axis=1), 1.0)
    else:
        apart = np.mean([np.abs(u[:, i] - u[:, j]) for i, j in combinations(range(k), 2)], axis=0)
        c = np.sqrt((1 - apart) * np.prod(share, axis=1) ** (1 / (k - 1)))
    c = np.minimum(c, 1.0)
    t = u @ b
    d = np.sqrt(c * t)
    grade = np.minimum(np.floor(np.round(10 * d, 10)).astype(int) + 1, 10)
    return Coordination(np.where(alive, c, np.nan), t, d, grade, variant, int((~alive).sum()))
