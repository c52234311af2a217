"""Effect on members against non-members weighted to have the members' average covariates.

Hainmueller (2012), Entropy balancing for causal effects, Political Analysis 20: sec. 3.2, the dual problem by Newton's
method. Errors count the estimation of the weights: Zhao, Percival (2017), Journal of Causal Inference 5, sec. 3.

    w_j = q_j exp(lambda' c_j) / sum,   lambda = argmin log sum_j q_j exp(lambda' (c_j - c_bar)),   sum_j w_j c_j = c_bar

c: covariates, and squares where second moments are asked for; q: survey weights of non-members; c_bar: members' mean.
Balanced weights make the estimate that of a regression of the outcome on c among the weighted non-members as well,
and its slopes beta carry the influence: a_i (y_i - m_1 - beta' (c_i - c_bar)) - w_j (y_j - m_0 - beta' (c_j - c_bar)).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.estimators import _rank
from analysis.members import _gate, _influence
from analysis.members.section import Effect, Section

BALANCED = 1e-9  # largest difference of a mean, in standard deviations
STEPS = 200
SMALLEST_STEP = 2.0**-30


def estimate(
    section: Section,
    *,
    conf_level: float = 0.95,
    moments: Literal[1, 2] = 1,
    errors: Literal["village", "fixed_weights"] = "village",
) -> Effect:
    """Mean outcome of members minus that of balanced non-members (effect on members).

    Parameters
    ----------
    moments : 1 balances means, 2 means and variances (squares of covariates with more than two values).
    errors : village counts the estimation of the weights; fixed_weights takes them as given, as published tables do
        (HC1 by village: larger where covariates predict the outcome).

    Raises
    ------
    MemberEffectError : no weights balance the covariates (the worst is named), or one does not vary by itself.
    """
    _gate.check(section, conf_level)
    _gate.choice("errors", errors, ("village", "fixed_weights"))
    weight, centred = weights(section, moments=moments)
    treated, y = section.treated, section.outcome
    a = np.where(treated, section.weight, 0.0)
    a /= a.sum()
    mean_a, mean_b = a @ y, weight @ y
    residual = a * (y - mean_a) - weight * (y - mean_b)
    if errors == "village":
        beta = np.linalg.solve((weight * centred) @ centred.T, centred @ (weight * (y - mean_b)))
        residual = residual - (a - weight) * (beta @ centred)
    else:
        residual = residual * np.sqrt((len(y) - 1) / (len(y) - 2))
    notes = (
        ("effective_n", _influence.effective_number(weight)),
        ("max_weight", float(weight.max())),
        ("imbalance", float(np.abs(centred @ weight).max())),
    )
    return _influence.effect(
        "entropy_balancing", mean_a - mean_b, residual, section, np.ones(len(y), dtype=bool),
        conf_level=conf_level, notes=notes,
    )  # fmt: skip


def weights(section: Section, *, moments: Literal[1, 2] = 1) -> tuple[np.ndarray, np.ndarray]:
    """(n,) balancing weights summing to one, zero for members, and (r, n) moments less the members' mean, in s.d.

    Raises
    ------
    MemberEffectError : as `estimate`.
    """
    if moments not in (1, 2):
        raise _gate.refusal(f"moments = {moments}; choose 1, 2", f"moments = {moments}；可选 1, 2")
    treated = section.treated
    names, columns = _moments(section, moments)
    share = np.where(treated, section.weight, 0.0)
    centred = columns - (columns @ (share / share.sum()))[:, None]
    outside = ~treated
    c, base = centred[:, outside], section.weight[outside] / section.weight[outside].sum()
    dependent = _rank.first_dependent(np.vstack([np.ones(outside.sum()), _unit(c)]))
    if dependent is not None:
        raise _gate.not_varying(names[dependent - 1], int(outside.sum()), "non-members", "户非社员")
    found = np.zeros(len(treated))
    found[outside] = _dual(c, base, names)
    return found, centred


def _moments(section: Section, moments: int) -> tuple[list[str], np.ndarray]:
    """Names and (r, n) standardised moments."""
    columns = _gate.design(section)[1:]
    names = list(section.names)
    if moments == 2:
        several = [len(np.unique(column)) > 2 for column in section.covariates.T]
        names += [f"{name}^2" for name, many in zip(section.names, several, strict=True) if many]
        columns = np.vstack([columns, _unit(columns[several] ** 2)])
    return names, columns


def _unit(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    return centred / np.where(spread > 0, spread, 1.0)


def _dual(c: np.ndarray, base: np.ndarray, names: list[str]) -> np.ndarray:
    """(n0,) weights at the minimum of the dual, by Newton's method with halving."""
    outside = (c.min(axis=1) > 0) | (c.max(axis=1) < 0)
    if outside.any():
        raise _unbalanced(names[int(np.argmax(outside))])
    unknown = np.zeros(len(c))
    value, w = _objective(unknown, c, base)
    for _ in range(STEPS):
        gradient = c @ w
        if np.abs(gradient).max() < BALANCED:
            return w
        # the Hessian is the weighted covariance; a direction without variance means weights on too few households
        hessian = (w * c) @ c.T - np.outer(gradient, gradient)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            break
        slope, scale = gradient @ step, 1.0
        if not (np.isfinite(slope) and slope > 0):
            break
        while scale > SMALLEST_STEP:
            next_value, next_w = _objective(unknown - scale * step, c, base)
            if next_value <= value - 1e-4 * scale * slope or slope < 1e-13:
                break
            scale /= 2
        else:
            break
        unknown, value, w = unknown - scale * step, next_value, next_w
    gradient = c @ w
    if np.abs(gradient).max() < BALANCED:
        return w
    raise _unbalanced(names[int(np.argmax(np.abs(gradient)))])


def _objective(unknown: np.ndarray, c: np.ndarray, base: np.ndarray) -> tuple[float, np.ndarray]:
    exponent = unknown @ c
    top = exponent.max()
    raw = base * np.exp(exponent - top)
    total = raw.sum()
    return float(np.log(total) + top), raw / total


def _unbalanced(name: str) -> _gate.MemberEffectError:
    return _gate.refusal(
        f"no weights of non-members give the members' mean of {name!r} with the others: members lie beyond "
        "what non-members reach; leave it out, ask for fewer moments or compare fewer households",
        f"非社员的任何加权都无法同时达到社员 {name!r} 及其余变量的均值：社员超出非社员的范围；"
        "请去掉该变量、减少矩条件或缩小比较范围",
    )
