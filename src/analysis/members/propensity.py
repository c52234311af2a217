"""Probability of being a member given covariates, and where members and others overlap.

Rosenbaum, Rubin (1983), The central role of the propensity score, Biometrika 70: sec. 2. Trimming: Dehejia, Wahba
(1999), JASA 94, sec. 3.2 (minima and maxima); Crump, Hotz, Imbens, Mitnik (2009), Biometrika 96, sec. 3 (variance).

    P(D = 1 | x) = F(x' theta),  F logistic or standard normal,  theta maximum likelihood with survey weights
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from analysis.estimators import _logit
from analysis.members import _gate, _influence
from analysis.members.section import Section

Link = Literal["logit", "probit"]
Trim = Literal["none", "min_max", "crump"]
Estimand = Literal["att", "ate"]
LINKS: tuple[str, ...] = ("logit", "probit")
TRIMS: tuple[str, ...] = ("none", "min_max", "crump")
ESTIMANDS: tuple[str, ...] = ("att", "ate")
STEPS = 50  # Newton on a concave function needs under 12 where a maximum exists
LARGEST_MOVE = 2.0  # of the probit index in one step
FLAT = 1e-9  # curvature of the probit likelihood per household that is none
LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, slots=True)
class Propensity:
    """A fitted propensity model of n households and p covariates.

    probability, index : (n,) fitted probability and x' theta
    slope : (n,) derivative of the probability with respect to the index
    coefficients : (p + 1,) constant, then one per unit of each covariate
    design : (p + 1, n) ones above standardised covariates, in which `score` and `information` are expressed
    score : (p + 1, n) households' contributions to the score
    information : (p + 1, p + 1) negative second derivatives of the log likelihood
    """

    probability: np.ndarray
    index: np.ndarray
    slope: np.ndarray
    coefficients: np.ndarray
    design: np.ndarray
    score: np.ndarray
    information: np.ndarray

    def influence(self, gradient: np.ndarray) -> np.ndarray:
        """(n,) what estimating theta adds to the influence of a number with this (p + 1,) derivative."""
        return np.linalg.solve(self.information, gradient) @ self.score


@dataclass(frozen=True, slots=True)
class Overlap:
    """Where members and others can be compared.

    low, high : bounds of the region where both groups have households (minima and maxima)
    off_support : (n,) households outside it
    share_off_treated, share_off_comparison : weighted shares of each group outside it
    effective_n : number of equally weighted comparison households with the same variance as the odds weights
    largest_weight : share of the heaviest comparison household in all odds weights
    """

    low: float
    high: float
    off_support: np.ndarray
    share_off_treated: float
    share_off_comparison: float
    effective_n: float
    largest_weight: float


def scores(section: Section, *, link: Link = "logit", start: np.ndarray | None = None) -> Propensity:
    """The propensity model of a section.

    Parameters
    ----------
    start : coefficients of the standardised design from which to climb; the constant model without it.

    Raises
    ------
    MemberEffectError : a covariate does not vary by itself, or separates members from others (named).
    """
    _gate.check(section)
    _gate.choice("link", link, LINKS)
    return fit(_gate.design(section), section, link, start)


def fit(design: np.ndarray, section: Section, link: Link, start: np.ndarray | None = None) -> Propensity:
    """The same for a standardised design already checked for rank."""
    treated, weight = section.treated, section.weight
    try:
        theta = (
            _logit.fit(design, treated, weight, start=start).coefficients
            if link == "logit"
            else _probit(design, treated, weight)
        )
    except _logit.SeparationError as error:
        raise _separated(error.coefficients, section, design) from error
    index = theta @ design
    if link == "logit":
        probability = 1 / (1 + np.exp(-index))
        slope = probability * (1 - probability)
        residual, curvature = treated - probability, slope
    else:
        probability = ndtr(index)
        slope = np.exp(-0.5 * index**2 - LOG_ROOT_2PI)
        residual, curvature = _probit_parts(index, treated)
    spread = section.covariates.std(axis=0)
    slopes = theta[1:] / np.where(spread > 0, spread, 1.0)
    constant = theta[0] - slopes @ section.covariates.mean(axis=0)
    return Propensity(
        probability=probability,
        index=index,
        slope=slope,
        coefficients=np.concatenate([[constant], slopes]),
        design=design,
        score=weight * residual * design,
        information=(weight * curvature * design) @ design.T,
    )


def overlap(probability: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> Overlap:
    """Common support by minima and maxima, and what weighting by the odds leaves of the comparison group."""
    low, high = _bounds(probability, treated)
    off = (probability < low) | (probability > high)
    shares = [float(weight[off & group].sum() / weight[group].sum()) for group in (treated, ~treated)]
    odds = (weight * probability / np.maximum(1 - probability, 1e-300))[~treated]
    return Overlap(low, high, off, *shares, _influence.effective_number(odds), float(odds.max() / odds.sum()))


def kept(
    probability: np.ndarray,
    treated: np.ndarray,
    weight: np.ndarray,
    *,
    rule: Trim,
    estimand: Estimand = "att",
) -> np.ndarray:
    """(n,) households that a trimming rule keeps.

    none : all. min_max : probabilities that both groups reach. crump : alpha <= p <= 1 - alpha for the average effect on
    all, 1 / (p (1 - p)) <= 2 E[1 / (p (1 - p)) | kept]; for the effect on members p <= 1 - alpha with
    1 / (1 - p) <= 2 E[1 / (1 - p) | member, kept], the same argument for the bound of the effect on members.

    Raises
    ------
    MemberEffectError : unknown rule, or a group is left with fewer than two households.
    """
    _gate.choice("trim", rule, TRIMS)
    _gate.choice("estimand", estimand, ESTIMANDS)
    inside = np.ones(len(probability), dtype=bool)
    if rule == "min_max":
        low, high = _bounds(probability, treated)
        inside = (probability >= low) & (probability <= high)
    elif rule == "crump":
        with np.errstate(divide="ignore"):
            cost = 1 / (1 - probability) if estimand == "att" else 1 / (probability * (1 - probability))
        mass = weight * treated if estimand == "att" else weight
        inside = cost <= _crump_bound(cost, mass)
    left = [int((inside & group).sum()) for group in (treated, ~treated)]
    if min(left) < 2:
        raise _gate.refusal(
            f"no overlap: trimming by {rule!r} leaves {left[0]} members and {left[1]} others",
            f"没有共同支撑：按 {rule!r} 裁剪后剩社员 {left[0]} 户、其他 {left[1]} 户",
        )
    return inside


def _bounds(probability: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    inside, outside = probability[treated], probability[~treated]
    return float(max(inside.min(), outside.min())), float(min(inside.max(), outside.max()))


def _crump_bound(cost: np.ndarray, mass: np.ndarray) -> float:
    """Largest c with c <= 2 E[cost | cost <= c]; infinite where nothing need be trimmed."""
    order = np.argsort(cost, kind="stable")
    ranked, weight = cost[order], mass[order]
    total = np.cumsum(weight)
    mean = np.divide(
        np.cumsum(np.where(weight > 0, weight * ranked, 0.0)),
        total,
        out=np.full(len(cost), np.inf),
        where=total > 0,
    )
    if ranked[-1] <= 2 * mean[-1]:
        return np.inf
    # the equation c = 2 E[cost | cost <= c] is solved between two households: the last that still satisfies it
    fine = np.flatnonzero(ranked <= 2 * mean)
    return float(ranked[fine[-1]]) if len(fine) else float(ranked[0])


def _probit_parts(index: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Generalised residual and negative second derivative of the log likelihood, stable in the tails."""
    sign = np.where(treated, 1.0, -1.0)
    mills = np.exp(-0.5 * index**2 - LOG_ROOT_2PI - log_ndtr(sign * index))
    return sign * mills, mills * (mills + sign * index)


def _probit(design: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> np.ndarray:
    theta = np.zeros(len(design))
    share = weight @ treated / weight.sum()
    theta[0] = ndtri(share)
    previous, smaller = np.inf, weight.sum() * min(share, 1 - share)
    for _ in range(STEPS):
        residual, curvature = _probit_parts(theta @ design, treated)
        gradient = design @ (weight * residual)
        try:
            step = np.linalg.solve((weight * curvature * design) @ design.T, gradient)
        except np.linalg.LinAlgError as error:
            raise _logit.SeparationError(theta) from error
        decrement, move = gradient @ step, np.abs(step @ design).max()
        theta = theta + step * min(1.0, LARGEST_MOVE / max(move, LARGEST_MOVE))
        near = decrement < _logit.CONVERGED * smaller and decrement < _logit.SLOW * previous
        if near or decrement < _logit.EXHAUSTED * smaller:
            # normal tails are so thin that separation, too, looks like convergence; but it leaves no curvature
            curvature = _probit_parts(theta @ design, treated)[1]
            if np.linalg.eigvalsh((weight * curvature * design) @ design.T)[0] < FLAT * smaller:
                break
            return theta
        previous = decrement
    raise _logit.SeparationError(theta)


def _separated(theta: np.ndarray, section: Section, design: np.ndarray) -> _gate.MemberEffectError:
    """The refusal that names the covariate by which members can be told from others."""
    treated = section.treated
    inside, outside = int(treated.sum()), int((~treated).sum())
    strongest = section.names[int(np.argmax(np.abs(theta[1:]) * design[1:].std(axis=1)))]
    en, zh = (
        f"the covariates together, {strongest!r} most, separate",
        f"各协变量合起来（以 {strongest!r} 为主）",
    )
    for name, column in zip(section.names, section.covariates.T, strict=True):
        a, b = column[treated], column[~treated]
        if a.min() > b.max() or a.max() < b.min():
            en, zh = f"covariate {name!r} separates", f"协变量 {name!r} "
            break
        for group, values, others in (("members", a, b), ("non-members", b, a)):
            if np.ptp(values) == 0 and values[0] in (others.min(), others.max()):
                en = f"covariate {name!r} takes one extreme value in all {group}, which separates"
                zh = f"协变量 {name!r} 在{'社员' if group == 'members' else '非社员'}中只取一个极端值，"
                break
        else:
            continue
        break
    return _gate.refusal(
        f"{en} {inside} members from {outside} non-members: no overlap; leave it out or compare fewer households",
        f"{zh}把 {inside} 户社员与 {outside} 户非社员完全分开：没有共同支撑；请去掉该变量或缩小比较范围",
    )
