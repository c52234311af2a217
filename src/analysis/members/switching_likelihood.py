"""Likelihood of the endogenous switching regression, with exact derivatives, and its maximum.

Lee (1978), Unionism and wage rates, International Economic Review 19; Maddala (1983), Limited-dependent and
qualitative variables in econometrics, section 8.3; Lokshin, Sajaia (2004), Stata Journal 4(3), likelihood of
`movestay`; the same model is tobit-5 in Toomet, Henningsen (2008), Journal of Statistical Software 27(7).

    member = 1[z'g + u > 0],  y = x_d'b_d + sigma_d e_d for d = member,  (u, e_d) normal, corr(u, e_d) = rho_d

A household adds  log phi(e) - log sigma + log Phi(eta),  eta = q (z'g cosh t + e sinh t), with q = +1 for members
and -1 for others, t = atanh rho: cosh t = (1 - rho^2)^-1/2 and sinh t = rho (1 - rho^2)^-1/2, so that neither a
bound on rho nor one on sigma is ever in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import log_ndtr

from analysis.messages import ProjectError

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
STEPS = 200  # Newton needs about 10 from the two-step estimates
CONVERGED = 1e-9  # largest mean score per household, in coordinates where every column has unit size
EXHAUSTED = 1e-13  # the same at which only rounding error is left
LARGEST_MOVE = 1.0  # of log sigma and atanh rho in one step; both are of the order of one
BOUNDARY = 0.995  # a correlation beyond this is one that the likelihood would push to one
ESCAPED = 7.0  # atanh rho beyond which a climb is given up: |rho| > 0.999998
SAME = 1e-6  # log likelihoods closer than this belong to one maximum
NEAR = 0.02  # largest difference of scaled parameters at which a climb is that of a known maximum
# With 30 random starts instead of these, 4 of 100 long-tailed samples of 120 rows went higher.
START_RHO = 0.8


class SwitchingError(ProjectError, ValueError):
    """A switching regression that the data do not identify; the message names what is missing."""


@dataclass(frozen=True, slots=True)
class Equations:
    """What the likelihood reads: n households, designs with their constants.

    outcome : (n,) outcome unit; member : (n,) bool; weight : (n,) with mean 1
    selection : (n, k) of the probit; design0 : (n, k0) of non-members; design1 : (n, k1) of members, for all rows
    names : k + k0 + k1 labels of the columns, in this order
    """

    outcome: np.ndarray
    member: np.ndarray
    weight: np.ndarray
    selection: np.ndarray
    design0: np.ndarray
    design1: np.ndarray
    names: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Coefficients of the three equations; log sigma0, log sigma1, atanh rho0, atanh rho1 follow them."""
        return self.selection.shape[1], self.design0.shape[1], self.design1.shape[1]


@dataclass(frozen=True, slots=True)
class Parameters:
    """(g, b0, b1, log sigma0, log sigma1, atanh rho0, atanh rho1), taken apart."""

    selection: np.ndarray
    coefficients: tuple[np.ndarray, np.ndarray]
    sigma: np.ndarray
    rho: np.ndarray


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Weighted log likelihood of the sample, its gradient (r,) and its hessian (r, r)."""

    loglik: float
    gradient: np.ndarray
    hessian: np.ndarray


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum of the likelihood and what its errors need.

    parameters : (r,) in the units of the data; bread : (r, r) inverse of the observed information
    influence : (n, r), weight times bread @ score of every household
    gradient_norm : largest mean score per household, unit-free; n_iter : Newton steps of the start that won
    n_starts : starts tried; worse_by : by how much the log likelihood of the next local maximum is lower (inf: none)
    """

    parameters: np.ndarray
    bread: np.ndarray
    influence: np.ndarray
    loglik: float
    converged: bool
    gradient_norm: float
    n_iter: int
    n_starts: int
    worse_by: float


def unpack(parameters: np.ndarray, sizes: tuple[int, int, int]) -> Parameters:
    """The parameters (r,) by equation."""
    k, k0, k1 = sizes
    g, b0, b1, log_sigma, t = np.split(parameters, np.cumsum([k, k0, k1, 2]))
    return Parameters(g, (b0, b1), np.exp(log_sigma), np.tanh(t))


def mills(index: np.ndarray, member: np.ndarray) -> np.ndarray:
    """E[u | side] of a standard normal u: phi/Phi for members, -phi/(1 - Phi) for others, stable in the tails."""
    sign = np.where(member, 1.0, -1.0)
    return sign * np.exp(-0.5 * index**2 - HALF_LOG_2PI - log_ndtr(sign * index))


def loglik(parameters: np.ndarray, equations: Equations) -> float:
    """Weighted log likelihood; -inf where it cannot be computed."""
    of, side = unpack(parameters, equations.sizes), equations.member.astype(int)
    fitted = np.where(
        equations.member, equations.design1 @ of.coefficients[1], equations.design0 @ of.coefficients[0]
    )
    t = parameters[-2:]
    with np.errstate(over="ignore", invalid="ignore"):
        e = (equations.outcome - fitted) / of.sigma[side]
        index = equations.selection @ of.selection
        eta = (2.0 * side - 1.0) * (index * np.cosh(t)[side] + e * np.sinh(t)[side])
        value = -HALF_LOG_2PI - 0.5 * e**2 - parameters[-4:-2][side] + log_ndtr(eta)
    total = float(equations.weight @ value)
    return total if np.isfinite(total) else -np.inf


@dataclass(frozen=True, slots=True)
class _Side:
    """Households of one side: where its parameters stand, columns by which the index and e move, derivatives.

    own : positions of b and log sigma; last : of atanh rho; z : (m, k); moves : (m, k_d + 1)
    """

    rows: np.ndarray
    own: np.ndarray
    last: int
    z: np.ndarray
    moves: np.ndarray
    weight: np.ndarray
    first: tuple[np.ndarray, np.ndarray, np.ndarray]  # l_a, l_e, l_t
    second: tuple[np.ndarray, ...]  # l_aa, l_ae, l_ee, l_at, l_et, l_tt


def _sides(parameters: np.ndarray, equations: Equations) -> Iterator[_Side]:
    """The chain rule through (a, e, t) on both sides.

    With lambda = phi/Phi (eta), kappa = -lambda (lambda + eta), w = a sinh t + e cosh t:
    l_a = q lambda cosh, l_e = -e + q lambda sinh, l_t = q lambda w; l_aa = kappa cosh^2, l_ae = kappa cosh sinh,
    l_ee = -1 + kappa sinh^2, l_at = kappa cosh w + q lambda sinh, l_et = kappa sinh w + q lambda cosh,
    l_tt = kappa w^2 + lambda eta; e moves with b by -x / sigma and with log sigma by -e.
    """
    k, k0, k1 = equations.sizes
    of = unpack(parameters, equations.sizes)
    index = equations.selection @ of.selection
    for d, (design, at, q) in enumerate(((equations.design0, k, -1.0), (equations.design1, k + k0, 1.0))):
        rows = np.flatnonzero(equations.member == bool(d))
        t, x, a = parameters[k + k0 + k1 + 2 + d], design[rows], index[rows]
        c, s = np.cosh(t), np.sinh(t)
        e = (equations.outcome[rows] - x @ of.coefficients[d]) / of.sigma[d]
        eta, w = q * (a * c + e * s), a * s + e * c
        hazard = np.exp(-0.5 * eta**2 - HALF_LOG_2PI - log_ndtr(eta))
        kappa, qh = -hazard * (hazard + eta), q * hazard
        yield _Side(
            rows=rows,
            own=np.r_[at : at + x.shape[1], k + k0 + k1 + d],
            last=k + k0 + k1 + 2 + d,
            z=equations.selection[rows],
            moves=np.column_stack([x / -of.sigma[d], -e]),
            weight=equations.weight[rows],
            first=(qh * c, qh * s - e, qh * w),
            second=(
                kappa * c**2, kappa * c * s, kappa * s**2 - 1.0,
                kappa * c * w + qh * s, kappa * s * w + qh * c, kappa * w**2 + hazard * eta,
            ),
        )  # fmt: skip


def scores(parameters: np.ndarray, equations: Equations) -> np.ndarray:
    """(n, r) derivative of every household's own log likelihood, without its weight."""
    k, *_ = equations.sizes
    found = np.zeros((len(equations.member), len(parameters)))
    for side in _sides(parameters, equations):
        by_a, by_e, by_t = side.first
        found[side.rows, :k] = by_a[:, None] * side.z
        found[np.ix_(side.rows, side.own)] = by_e[:, None] * side.moves
        found[side.rows, side.own[-1]] -= 1.0
        found[side.rows, side.last] = by_t
    return found


def derivatives(parameters: np.ndarray, equations: Equations) -> Derivatives:
    """Log likelihood, gradient and Hessian of the weighted sample."""
    k, r = equations.sizes[0], len(parameters)
    gradient, hessian = np.zeros(r), np.zeros((r, r))
    for side in _sides(parameters, equations):
        z, moves, own, last, weight = side.z, side.moves, side.own, side.last, side.weight
        by_a, by_e, by_t = (weight * values for values in side.first)
        aa, ae, ee, at, et, tt = (weight * values for values in side.second)
        pull = moves.T @ by_e
        gradient[:k] += z.T @ by_a
        gradient[own] = pull
        gradient[own[-1]] -= weight.sum()
        gradient[last] = by_t.sum()
        block = (moves * ee[:, None]).T @ moves
        block[-1] -= pull  # e is not linear in log sigma
        block[:-1, -1] -= pull[:-1]
        hessian[:k, :k] += (z * aa[:, None]).T @ z
        hessian[np.ix_(own, own)] = block
        hessian[:k, own] = (z * ae[:, None]).T @ moves
        hessian[:k, last], hessian[own, last], hessian[last, last] = z.T @ at, moves.T @ et, tt.sum()
    upper = np.triu(hessian)
    return Derivatives(loglik(parameters, equations), gradient, upper + np.triu(hessian, 1).T)


def maximise(equations: Equations, start: np.ndarray) -> Maximum:
    """The highest maximum found from `start` (r,), independence, and four pairs of strong correlations.

    Newton's method with the Hessian's eigenvalues made positive and a halved step where the likelihood falls. Four
    more starts, with one correlation zero, are made when the first six disagree, fail or end at a bound: the
    likelihood may have several maxima, most of all without an instrument.
    """
    scaled, move, offset, jacobian = _scaled(equations)
    k, begin = equations.sizes[0], np.linalg.solve(move, start - offset)
    apart = np.r_[begin[:k], np.zeros(len(begin) - k)]
    t, reached = np.arctanh(START_RHO), list[_End]()
    pairs = [(0.0, 0.0), (-t, -t), (-t, t), (t, -t), (t, t)]
    for at in (begin, *(np.r_[apart[:-2], pair] for pair in pairs)):
        reached.append(_climb(at, scaled, reached))
    heights = [end.loglik if end.converged and not _bound(end.at) else np.nan for end in reached]
    if not np.ptp(heights) < SAME:
        for pair in ((-t, 0.0), (t, 0.0), (0.0, -t), (0.0, t)):
            reached.append(_climb(np.r_[apart[:-2], pair], scaled, reached))
    best = max(reached, key=lambda end: (end.converged, end.loglik))
    if any(end.loglik > best.loglik + SAME for end in reached):  # a climb without a summit goes higher
        best = replace(max(reached, key=lambda end: end.loglik), converged=False)
    lower = [best.loglik - end.loglik for end in reached if end.converged and end.loglik < best.loglik - SAME]
    found = derivatives(best.at, scaled)
    influence = np.full((len(equations.member), len(best.at)), np.nan)
    bread = np.full_like(found.hessian, np.nan)
    if best.converged and not _bound(best.at):
        inverse = np.linalg.inv(-found.hessian)
        bread = move @ inverse @ move.T
        influence = (scaled.weight[:, None] * scores(best.at, scaled)) @ inverse @ move.T
    return Maximum(
        move @ best.at + offset, bread, influence, best.loglik - jacobian, best.converged, best.gradient_norm,
        best.n_iter, len(reached), min(lower, default=np.inf),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _End:
    at: np.ndarray
    loglik: float
    converged: bool
    gradient_norm: float
    n_iter: int


def _climb(at: np.ndarray, equations: Equations, known: Sequence[_End] = ()) -> _End:
    """Newton's method from `at`, given up as soon as it comes near a maximum that is known."""
    height, n_iter, size, before = loglik(at, equations), 0, np.inf, np.inf
    for n_iter in range(STEPS + 1):
        for end in known:
            if end.converged and np.abs(at - end.at).max() < NEAR:
                return end
        here = derivatives(at, equations)
        size = float(np.abs(here.gradient).max()) / len(equations.member)
        values, vectors = np.linalg.eigh(-here.hessian)
        if size < CONVERGED and (_bound(at) or (values[0] > 0 and (size < EXHAUSTED or size > before / 2))):
            return _End(at, height, True, size, n_iter)
        before = size
        if np.abs(at[-2:]).max() > ESCAPED:
            break
        curvature = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
        step = vectors @ ((vectors.T @ here.gradient) / curvature)
        step *= min(1.0, LARGEST_MOVE / max(np.abs(step[-4:]).max(), 1e-300))
        slope, length = float(here.gradient @ step), 1.0
        while length > 1e-10:
            higher = loglik(at + length * step, equations)
            if higher >= height + 1e-4 * length * slope or (
                length * slope < 1e-9 and higher >= height - 1e-9
            ):
                break
            length /= 2
        else:
            break
        at, height = at + length * step, higher
    return _End(at, height, False, size, n_iter)


def _bound(parameters: np.ndarray) -> bool:
    return bool((np.abs(np.tanh(parameters[-2:])) > BOUNDARY).any())


def _scaled(equations: Equations) -> tuple[Equations, np.ndarray, np.ndarray, float]:
    """The same equations with orthogonal columns of unit size and outcomes less their regression in units of its s.d.

    parameters = move @ scaled + offset;  log likelihood = scaled one - jacobian.
    """
    k, k0, k1 = equations.sizes
    r = k + k0 + k1 + 4
    move, offset, jacobian = np.eye(r), np.zeros(r), 0.0
    selection, triangle = orthogonal(equations.selection)
    move[:k, :k] = solve_triangular(triangle, np.eye(k))
    outcome, designs = np.empty_like(equations.outcome), []
    for d, (design, first) in enumerate(((equations.design0, k), (equations.design1, k + k0))):
        rows, at = equations.member == bool(d), slice(first, first + design.shape[1])
        _, triangle = orthogonal(design[rows])
        inverse = solve_triangular(triangle, np.eye(design.shape[1]))
        b, spread = regression(design[rows], equations.outcome[rows], equations.weight[rows])
        outcome[rows] = (equations.outcome[rows] - design[rows] @ b) / spread
        move[at, at], offset[at], offset[k + k0 + k1 + d] = spread * inverse, b, np.log(spread)
        jacobian += float(equations.weight[rows].sum() * np.log(spread))
        designs.append(design @ inverse)
    scaled = replace(equations, outcome=outcome, selection=selection, design0=designs[0], design1=designs[1])
    return scaled, move, offset, jacobian


def orthogonal(design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns with mean square one that span those of `design` (m, k), and the triangle that leads back to them."""
    whole, triangle = np.linalg.qr(design)
    return whole * np.sqrt(len(design)), triangle / np.sqrt(len(design))


def regression(design: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Weighted least squares of `outcome` (m,) on `design` (m, k): coefficients, and root mean squared residual."""
    root = np.sqrt(weight)
    b = np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)[0]
    return b, float(np.sqrt(weight @ (outcome - design @ b) ** 2 / weight.sum()))
