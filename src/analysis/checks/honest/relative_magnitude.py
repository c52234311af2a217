"""Intervals where the trend after adoption moves at most Mbar times as fast as its fastest move before.

Rambachan, Roth (2023), Delta^RM(Mbar) and hybrid tests; Andrews, Roth, Pakes (2023),
Inference for linear conditional moment inequalities, Review of Economic Studies 90: least favourable hybrid, C-LF.

Delta^RM(Mbar) is a union over the step s before the base and its sign of sets in which every step after the base is
at most Mbar J, J: the signed step s. In one such set the test of theta = l' tau_post is a linear program over the
periods' other effects. Its dual has few vertices and they are known. With v_t = sum_{k >= t} l_k, W = l' beta_post,
B = Mbar sum |v_t|, sd_t+- the standard deviation of (+-step_t - Mbar J), a+ = sum v_t^+ sd_t+ + v_t^- sd_t-, a- with
the signs exchanged, the program's value is the largest of

    (W - theta - B J) / a+,   (theta - W - B J) / a-,   -2 Mbar J / (sd_t+ + sd_t-) for every t

so that no program is solved: the conditional test truncates the largest at what keeps it largest, and the least
favourable critical value is a quantile of a maximum that lives in the two dimensions (W, J), found by quadrature
and not by simulation. The interval is the union over s and sign of the values not rejected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import elementwise
from scipy.special import log_ndtr, ndtr, ndtri

HYBRID_SHARE = 0.1  # share of alpha that the first stage spends (as Rambachan, Roth 2023 recommend)
GRID = 501  # values of theta at which acceptance is looked up before its ends are bisected
HALVINGS = 36
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(200)


@dataclass(frozen=True, slots=True)
class Moments:
    """The program's vertices for c pairs (step, sign); columns: theta's two sides, then -J times largest and smallest.

    value : (c, 4) at theta = 0; theta enters as value + pull * theta
    pull : (c, 4)
    covariance : (c, 4, 4)
    centre : W
    margin : (c,) B J; scale : (c, 2) a+, a-
    critical : (c,) least favourable critical value at level kappa
    """

    value: np.ndarray
    pull: np.ndarray
    covariance: np.ndarray
    centre: float
    margin: np.ndarray
    scale: np.ndarray
    critical: np.ndarray


def interval(
    beta: np.ndarray, covariance: np.ndarray, n_pre: int, weights: np.ndarray, mbar: float, conf_level: float
) -> tuple[float, float]:
    """The C-LF interval of weights' tau_post for Delta^RM(mbar), outcome unit.

    Where values not rejected leave a gap the interval spans it.
    """
    given = moments(beta, covariance, n_pre, weights, mbar, conf_level)
    given = _possible(given)
    low = given.centre - given.margin - given.scale[:, 0] * given.critical
    high = given.centre + given.margin + given.scale[:, 1] * given.critical
    theta = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, GRID)
    inside = accepted(given, theta, conf_level)
    some = inside.any(axis=1)
    given, theta, inside = _rows(given, some), theta[some], inside[some]
    first, last = inside.argmax(axis=1), GRID - 1 - inside[:, ::-1].argmax(axis=1)
    held = np.stack([first, last], axis=1)
    missed = np.stack([np.maximum(first - 1, 0), np.minimum(last + 1, GRID - 1)], axis=1)
    ends = _edges(
        given, np.take_along_axis(theta, missed, axis=1), np.take_along_axis(theta, held, axis=1), conf_level
    )
    return float(ends[:, 0].min()), float(ends[:, 1].max())


def identified_set(beta: np.ndarray, n_pre: int, weights: np.ndarray, mbar: float) -> tuple[float, float]:
    """Values of theta that Delta^RM(mbar) allows if `beta` were the truth."""
    half = mbar * largest_step(beta, n_pre) * float(np.abs(tails(weights)).sum())
    centre = float(weights @ beta[n_pre:])
    return centre - half, centre + half


def largest_step(beta: np.ndarray, n_pre: int) -> float:
    """The largest absolute change from one period to the next up to the base period."""
    return float(np.abs(np.diff(np.append(beta[:n_pre], 0.0))).max())


def tails(weights: np.ndarray) -> np.ndarray:
    """(T,) v_t = sum_{k >= t} weights_k: what a step into period t adds to weights' delta_post."""
    return np.cumsum(weights[::-1])[::-1]


def moments(
    beta: np.ndarray, covariance: np.ndarray, n_pre: int, weights: np.ndarray, mbar: float, conf_level: float
) -> Moments:
    """The vertices' values, covariances and critical values for every step before the base and both signs."""
    n_post = len(weights)
    steps = np.zeros((n_pre, n_pre + n_post))
    steps[:, :n_pre] = np.eye(n_pre, k=1) - np.eye(n_pre)
    jump = np.concatenate([steps, -steps])  # (c, n): J = jump @ beta
    after = np.zeros((n_post, n_pre + n_post))
    after[:, n_pre:] = np.eye(n_post) - np.eye(n_post, k=-1)
    target = np.concatenate([np.zeros(n_pre), weights])
    up, down = (
        _deviation(sign * after[None] - mbar * jump[:, None], covariance) for sign in (1, -1)
    )  # (c, T)
    v = tails(weights)
    rise, fall = np.clip(v, 0, None), np.clip(-v, 0, None)
    scale = np.stack([up @ rise + down @ fall, down @ rise + up @ fall], axis=1)
    total = mbar * float(np.abs(v).sum())
    rate = 2 * mbar / (up + down)
    forms = np.stack(
        [
            (target - total * jump) / scale[:, :1], (-target - total * jump) / scale[:, 1:],
            -jump * rate.max(axis=1, keepdims=True), -jump * rate.min(axis=1, keepdims=True),
        ],
        axis=1,
    )  # fmt: skip
    pull = np.zeros((len(jump), 4))
    pull[:, :2] = np.array([-1.0, 1.0]) / scale
    critical = _least_favourable(
        np.einsum("cn,nm,cm->c", jump, covariance, jump), jump @ covariance @ target, target @ covariance @ target,
        total, scale, rate.max(axis=1), HYBRID_SHARE * (1 - conf_level),
    )  # fmt: skip
    return Moments(
        forms @ beta, pull, np.einsum("cin,nm,cjm->cij", forms, covariance, forms), float(target @ beta),
        total * (jump @ beta), scale, critical,
    )  # fmt: skip


def accepted(given: Moments, theta: np.ndarray, conf_level: float) -> np.ndarray:
    """(c, g) which of (c, g) values of theta the hybrid test does not reject.

    Rejected: a largest vertex above the least favourable value; else, where it is positive, one whose conditional
    p value, given what keeps it largest and below that value, is under (alpha - kappa) / (1 - kappa).
    """
    alpha = 1 - conf_level
    second_stage = (alpha - HYBRID_SHARE * alpha) / (1 - HYBRID_SHARE * alpha)
    value = given.value[:, None, :] + given.pull[:, None, :] * theta[:, :, None]  # (c, g, 4)
    winner = value.argmax(axis=2)
    largest = np.take_along_axis(value, winner[:, :, None], axis=2)[:, :, 0]
    variance = np.diagonal(given.covariance, axis1=1, axis2=2)
    own = np.take_along_axis(variance[:, None, :], winner[:, :, None], axis=2)[:, :, 0]
    against = given.covariance[np.arange(len(theta))[:, None], winner]  # (c, g, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = against / own[:, :, None]
        crossing = (value - ratio * largest[:, :, None]) / (1 - ratio)
        below = np.where(ratio < 1 - 1e-12, crossing, -np.inf).max(axis=2)
        above = np.where(ratio > 1 + 1e-12, crossing, np.inf).min(axis=2)
        above = np.minimum(above, given.critical[:, None])
        error = np.sqrt(own)
        p_value = _truncated_tail(largest / error, below / error, above / error)
    rejected = (largest > given.critical[:, None] * (1 + 1e-12)) | (p_value < second_stage)
    return ~((largest > 0) & rejected)


def _truncated_tail(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """P(N > x | low < N < high) from logarithms of upper tails, which do not underflow."""
    at, bottom, top = log_ndtr(-x), log_ndtr(-np.minimum(low, x)), log_ndtr(-np.maximum(high, x))
    return np.exp(at - bottom) * -np.expm1(top - at) / -np.expm1(top - bottom)


def _least_favourable(
    jump_variance: np.ndarray, between: np.ndarray, target_variance: float, total: float, scale: np.ndarray,
    rate: np.ndarray, kappa: float,
) -> np.ndarray:  # fmt: skip
    """(c,) q with P(largest vertex > q) = kappa where all means are zero, by quadrature over J."""
    spread = np.sqrt(jump_variance)
    slope = between / jump_variance
    left = np.sqrt(target_variance - between * slope)
    reach = 9.0 * spread

    sides = np.sqrt(target_variance + total**2 * jump_variance + 2 * total * np.abs(between))
    largest = np.maximum(sides / scale.min(axis=1), rate * spread)
    unit = largest * ndtri(1 - kappa / 4)  # no vertex alone exceeds it more often than kappa / 4

    def excess(part: np.ndarray, pair: np.ndarray) -> np.ndarray:
        q = (part * unit[pair])[:, None]
        with np.errstate(divide="ignore"):
            start = np.maximum(-q[:, 0] / rate[pair], -reach[pair])[:, None]
        half = (reach[pair][:, None] - start) / 2
        j = start + half * (NODES + 1)
        centre, widen = slope[pair][:, None] * j, total * j
        share = ndtr((scale[pair, :1] * q + widen - centre) / left[pair][:, None])
        share -= ndtr((-scale[pair, 1:] * q - widen - centre) / left[pair][:, None])
        density = np.exp(-((j / spread[pair][:, None]) ** 2) / 2) / spread[pair][:, None]
        held = half[:, 0] * ((np.clip(share, 0, None) * density) @ NODE_WEIGHTS) / np.sqrt(2 * np.pi)
        return held - 1 + kappa

    pairs = np.arange(len(rate))
    found = elementwise.find_root(excess, (np.full(len(rate), 1e-6), np.ones(len(rate))), args=(pairs,))
    return found.x * unit


def _possible(given: Moments) -> Moments:
    """The pairs in which some theta passes the first stage."""
    width = 2 * given.margin + given.scale.sum(axis=1) * given.critical
    return _rows(given, (width >= 0) & (given.value[:, 2] <= given.critical))


def _rows(given: Moments, rows: np.ndarray) -> Moments:
    return replace(
        given, value=given.value[rows], pull=given.pull[rows], covariance=given.covariance[rows],
        margin=given.margin[rows], scale=given.scale[rows], critical=given.critical[rows],
    )  # fmt: skip


def _edges(given: Moments, outside: np.ndarray, inside: np.ndarray, conf_level: float) -> np.ndarray:
    """(c, 2) the ends of acceptance between values outside (or the first stage's own end) and values inside."""
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        held = accepted(given, middle, conf_level)
        outside, inside = np.where(held, outside, middle), np.where(held, middle, inside)
    return inside


def _deviation(forms: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("...n,nm,...m->...", forms, covariance, forms))
