"""Effect on members against kernel-weighted averages of non-members with a similar propensity.

Heckman, Ichimura, Todd (1998), Matching as an econometric evaluation estimator, Review of Economic Studies 65, sec. 3.

    tau = sum_i a_i (y_i - sum_j k_ij y_j / sum_j k_ij),   k_ij = w_j K((p_i - p_j) / h)

K: Epanechnikov, 1 - u^2 inside |u| < 1, or Gaussian; h: bandwidth on the probability. Errors: bootstrap of whole villages
that fits the propensity anew in every draw; the estimator is smooth, so that the bootstrap holds, unlike for nearest
neighbours (Abadie, Imbens 2008).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.polynomial import chebyshev

from analysis.estimators import _logit
from analysis.members import _gate, _influence, weighting
from analysis.members.propensity import Trim
from analysis.members.section import Effect, Section

Kernel = Literal["epanechnikov", "gaussian"]
SEED = weighting.SEED
FAINT = 1e-6  # share of the largest kernel sum below which interpolation loses digits
FAILED = 0.1  # share of draws without a propensity model above which there is no error
FEWEST = 50  # draws


def estimate(
    section: Section,
    *,
    conf_level: float = 0.95,
    kernel: Kernel = "epanechnikov",
    bandwidth: float = 0.06,
    trim: Trim = "none",
    draws: int = 499,
    seed: int = SEED,
) -> Effect:
    """Effect on members by kernel matching on the logit propensity.

    Members with no non-member within the bandwidth (Epanechnikov) are left out and counted as `off_support`.

    Raises
    ------
    MemberEffectError : nobody within the bandwidth; too many draws without a propensity model; what it refuses.
    """
    _gate.check(section, conf_level)
    _gate.choice("kernel", kernel, ("epanechnikov", "gaussian"))
    if not bandwidth > 0 or draws < FEWEST:
        raise _gate.refusal(
            f"bandwidth = {bandwidth}, draws = {draws}; give a bandwidth above 0 and {FEWEST} draws or more",
            f"bandwidth = {bandwidth}，draws = {draws}；带宽应大于 0，抽样次数至少 {FEWEST}",
        )
    part, rows, fitted = weighting.trimmed(section, link="logit", trim=trim, estimand="att")
    ids, code = np.unique(part.cluster, return_inverse=True)
    start = _logit.fit(fitted.design, part.treated, part.weight).coefficients
    p = fitted.probability
    effect, has = _effect(p, part.treated, part.weight, part.outcome, kernel, bandwidth)
    rng = np.random.default_rng(seed)
    drawn, failed = [], 0
    for _ in range(draws):
        times = np.bincount(rng.integers(0, len(ids), len(ids)), minlength=len(ids))[code]
        try:
            drawn.append(_again(times, fitted.design, part, start, kernel, bandwidth))
        except (_logit.SeparationError, _gate.MemberEffectError):
            failed += 1
    if failed > FAILED * draws:
        raise _gate.refusal(
            f"{failed} of {draws} draws of villages have no propensity model; too few villages for this error",
            f"{draws} 次按村抽样中有 {failed} 次无法拟合倾向得分；村太少，无法得到误差",
        )
    used = np.zeros(len(rows), dtype=bool)
    used[rows] = _with_a_say(p, part.treated, has, kernel, bandwidth)
    notes = (
        ("trimmed", float((~rows).sum())),
        ("off_support", float((~has).sum())),
        ("draws", float(draws)),
        ("failed_draws", float(failed)),
    )
    return _influence.with_error(
        "kernel", effect, float(np.std(drawn, ddof=1)), len(ids) - 1.0, section, used,
        conf_level=conf_level, notes=notes,
    )  # fmt: skip


def _again(
    times: np.ndarray, design: np.ndarray, section: Section, start: np.ndarray, kernel: str, bandwidth: float
) -> float:
    """The estimate when every household counts `times`."""
    chosen = np.flatnonzero(times)
    treated, y = section.treated[chosen], section.outcome[chosen]
    if not 0 < treated.sum() < len(chosen):
        raise _logit.SeparationError(start)
    weight = section.weight[chosen] * times[chosen]
    p = _logit.fit(design[:, chosen], treated, weight, start=start).probability
    return _effect(p, treated, weight, y, kernel, bandwidth)[0]


def _effect(
    p: np.ndarray, treated: np.ndarray, weight: np.ndarray, y: np.ndarray, kernel: str, bandwidth: float
) -> tuple[float, np.ndarray]:
    """Effect, and which members have anybody to be compared with."""
    sums = _epanechnikov if kernel == "epanechnikov" else _gaussian
    at, own, a = p[treated], y[treated], weight[treated]
    mass, total = sums(at, p[~treated], weight[~treated], y[~treated], bandwidth)
    has = mass > 0
    if not has.any():
        raise _gate.refusal(
            f"no member has a non-member within {bandwidth} of its probability; widen the bandwidth",
            f"没有社员在概率相差 {bandwidth} 之内有非社员；请加大带宽",
        )
    a = a[has]
    return float(a @ (own[has] - total[has] / mass[has]) / a.sum()), has


def _with_a_say(
    p: np.ndarray, treated: np.ndarray, has: np.ndarray, kernel: str, bandwidth: float
) -> np.ndarray:
    """(n,) members with comparisons, and the non-members who are somebody's comparison."""
    said = np.ones(len(p), dtype=bool)
    said[np.flatnonzero(treated)[~has]] = False
    if kernel == "epanechnikov":
        reached = np.sort(p[treated][has])
        place = np.searchsorted(reached, p[~treated])
        below = np.abs(p[~treated] - reached[np.maximum(place - 1, 0)])
        above = np.abs(reached[np.minimum(place, len(reached) - 1)] - p[~treated])
        said[~treated] = np.minimum(below, above) < bandwidth
    return said


def _epanechnikov(
    at: np.ndarray, p: np.ndarray, weight: np.ndarray, y: np.ndarray, h: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of w K and w K y for every member, from running sums of w, w p, w p^2 (times y) over sorted p.

    Running sums lose digits where weights are tiny beside their total; outcomes are centred first.
    """
    order = np.argsort(p, kind="stable")
    p, weight, centre = p[order], weight[order], float(y.mean())
    y = y[order] - centre
    first, last = np.searchsorted(p, at - h, side="right"), np.searchsorted(p, at + h, side="left")
    powers = np.vstack([weight, weight * p, weight * p**2])
    running = np.zeros((6, len(p) + 1))
    np.cumsum(np.vstack([powers, powers * y]), axis=1, out=running[:, 1:])
    s = running[:, last] - running[:, first]
    mass, total = (s[k] * (1 - (at / h) ** 2) + 2 * at / h**2 * s[k + 1] - s[k + 2] / h**2 for k in (0, 3))
    # a window with people at its very edge only has a mass of rounding
    mass = np.where((last > first) & (mass > 1e-9 * s[0]), mass, 0.0)
    return mass, total + centre * mass


def _gaussian(
    at: np.ndarray, p: np.ndarray, weight: np.ndarray, y: np.ndarray, h: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same for the Gaussian kernel: interpolated between Chebyshev points, exact to rounding.

    A sum of Gaussians is entire; 24 + 8 points per bandwidth leave less than 1e-12 of its largest value. Where it is
    faint against that value the sum is formed directly.
    """
    low, high = float(at.min()), float(at.max())
    count = 24 + int(np.ceil(8 * (high - low) / h))
    if count >= len(at):
        return _direct(at, p, weight, y, h)
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    values = np.column_stack(_direct(low + (nodes + 1) / 2 * (high - low), p, weight, y - y.mean(), h))
    coefficients = chebyshev.chebvander(nodes, count - 1).T @ values * (2 / count)
    coefficients[0] /= 2
    mass, total = chebyshev.chebval((at - low) / (high - low) * 2 - 1, coefficients)
    total = total + y.mean() * mass
    faint = mass < FAINT * values[:, 0].max()
    if faint.any():
        mass[faint], total[faint] = _direct(at[faint], p, weight, y, h)
    return mass, total


def _direct(
    at: np.ndarray, p: np.ndarray, weight: np.ndarray, y: np.ndarray, h: float
) -> tuple[np.ndarray, np.ndarray]:
    k = np.exp(-0.5 * ((at[:, None] - p) / h) ** 2)
    return k @ weight, k @ (weight * y)
