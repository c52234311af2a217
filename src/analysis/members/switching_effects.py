"""What an endogenous switching regression says about joining: counterfactual means and their differences.

Di Falco, Veronesi, Yesuf (2011), Does adaptation to climate change provide food security?, American Journal of
Agricultural Economics 93(3), their table of conditional expectations, treatment and heterogeneity; conditional
expectations of Lokshin, Sajaia (2004), Stata Journal 4(3).

    E[y_d | side] = x'b_d + sigma_d rho_d E[u | side],  E[u | member] = phi/Phi (z'g), E[u | other] = -phi/(1 - Phi)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analysis.members.switching_likelihood import Equations, mills, unpack

KEYS = (
    "member_joined",  # E[y1 | member], (a) of Di Falco et al.
    "member_not_joined",  # E[y0 | member], (c): what members would have had
    "outside_joined",  # E[y1 | non-member], (d)
    "outside_not_joined",  # E[y0 | non-member], (b)
    "att",  # (a) - (c), TT
    "atu",  # (d) - (b), TU
    "ate",  # mean of x'(b1 - b0) over all households
    "base_joined",  # (a) - (d), BH1: members against others had both joined
    "base_not_joined",  # (c) - (b), BH2: members against others had neither joined
    "transitional",  # att - atu, TH: positive where those who gain more are those who join
)
_COMBINED = np.array(
    [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [1, -1, 0, 0, 0],
        [0, 0, 1, -1, 0],
        [0, 0, 0, 0, 1],
        [1, 0, -1, 0, 0],
        [0, 1, 0, -1, 0],
        [1, -1, -1, 1, 0],
    ],
    dtype=float,
)


@dataclass(frozen=True, slots=True)
class SwitchingEffects:
    """Counterfactual means and effects, in the order of `keys`, outcome unit.

    estimate, std_error, conf_low, conf_high : (10,); all NaN without a maximum, errors NaN with a correlation of one
    influence : (n_clusters, 10); covariance = influence.T @ influence, sampling of households and villages inside
    df : degrees of freedom of the t intervals, villages of the smaller side less one
    notes : those of the fit
    """

    keys: tuple[str, ...]
    estimate: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    influence: np.ndarray
    df: float
    conf_level: float
    notes: tuple[tuple[str, float], ...] = field(default=())

    def position(self, key: str) -> int:
        """Where `key` stands in the arrays."""
        return self.keys.index(key)


@dataclass(frozen=True, slots=True)
class Averages:
    """estimate (10,), its derivative (10, r) by the parameters, and every household's own part (n, 10) of its error."""

    estimate: np.ndarray
    jacobian: np.ndarray
    households: np.ndarray


def averages(parameters: np.ndarray, equations: Equations) -> Averages:
    """Weighted averages of the conditional expectations over members, others, and all.

    theta = sum w h(parameters) / sum w over a group; the part of household i is w_i (h_i - theta) / sum w, which
    carries that covariates are sampled too. The usual error of published tables, the s.d. of h over root n, leaves
    out that the parameters are estimates and is far too small; it is not offered.
    """
    of, (k, k0, k1) = unpack(parameters, equations.sizes), equations.sizes
    n, r, side = len(equations.outcome), len(parameters), equations.member
    index = equations.selection @ of.selection
    ratio = mills(index, side)
    turn = -ratio * (ratio + index)
    estimate, jacobian, households = np.zeros(5), np.zeros((5, r)), np.zeros((n, 5))
    designs, firsts = (equations.design0, equations.design1), (k, k + k0)
    expected = [design @ b for design, b in zip(designs, of.coefficients, strict=True)]
    for position, (group, d) in enumerate(((side, 1), (side, 0), (~side, 1), (~side, 0))):
        share = np.where(group, equations.weight, 0.0)
        share = share / share.sum()
        tilt = of.sigma[d] * of.rho[d]
        value = expected[d] + tilt * ratio
        estimate[position] = share @ value
        households[:, position] = share * (value - estimate[position])
        row, first = jacobian[position], firsts[d]
        row[:k] = tilt * ((share * turn) @ equations.selection)
        row[first : first + designs[d].shape[1]] = share @ designs[d]
        row[k + k0 + k1 + d] = tilt * (share @ ratio)
        row[k + k0 + k1 + 2 + d] = of.sigma[d] * (1 - of.rho[d] ** 2) * (share @ ratio)
    share = equations.weight / equations.weight.sum()
    gain = expected[1] - expected[0]
    estimate[4] = share @ gain
    households[:, 4] = share * (gain - estimate[4])
    jacobian[4, k : k + k0], jacobian[4, k + k0 : k + k0 + k1] = -share @ designs[0], share @ designs[1]
    return Averages(_COMBINED @ estimate, _COMBINED @ jacobian, households @ _COMBINED.T)
