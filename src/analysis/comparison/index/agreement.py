"""How far an index orders the models as their effects do: Kendall's tau, with what the data leave open.

Kendall (1945), Biometrika 33 (tau-b). An index orders outcomes of villages that chose a model; effects order what the models
did. The two are printed side by side and never added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.contrasts import compare, pairs
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Agreement:
    """Rank agreement of an index and J effects, from -1 (reversed) to 1 (the same order).

    estimate : tau-b between index and estimated effects
    conf_low, conf_high : tau for every order of effects that the data do not exclude; covers at least 1 - alpha. -1 to 1
        where no pair of effects can be told apart
    draw_low, draw_high : equal-tailed interval of tau over draws of the effects (and of the index, where given)
    n_pairs, n_separated : pairs with different index values; those whose effects differ beyond doubt
    index_is_fixed : the index was taken as it is, without uncertainty
    """

    estimate: float
    conf_low: float
    conf_high: float
    draw_low: float
    draw_high: float
    n_pairs: int
    n_separated: int
    index_is_fixed: bool


def rank_agreement(
    index: np.ndarray,
    estimate: np.ndarray,
    covariance: np.ndarray,
    *,
    effect_draws: np.ndarray | None = None,
    index_draws: np.ndarray | None = None,
    alpha: float = 0.05,
    df: float | np.ndarray = np.inf,
    draws: int = 20_000,
    seed: int = 0,
) -> Agreement:
    """Kendall's tau between index scores and effects, with two intervals.

    tau_b = S / sqrt(P_x P_y),  S = sum over pairs of sign(x_j - x_k) sign(y_j - y_k), P pairs without ties.
    Confidence interval: pairs that the simultaneous (max-t) intervals of all pairs tell apart have a certain sign, the
    others may go either way (projection; conservative).

    Parameters
    ----------
    index : (J,) scores, larger is better; estimate : (J,) effects, larger is better, outcome unit
    covariance : (J, J) of the estimates; df : one number or (J,), of the estimates
    effect_draws : (B, J) posterior draws of the effects; without them N(estimate, covariance), a flat prior, which
        pulls tau towards 0
    index_draws : (B, J) resampled index scores; row b belongs to row b of the effects

    Raises
    ------
    ComparisonError : fewer than three models, missing scores, an index without differences, draws that do not fit. Also
    as `contrasts.compare`.
    """
    x = _scores(index, len(np.atleast_1d(estimate)))
    found = compare(estimate, covariance, pairs(len(x)), alpha=alpha, df=df, draws=draws, seed=seed)
    y, sigma = np.asarray(estimate, dtype=float), np.asarray(covariance, dtype=float)
    a, b = np.triu_indices(len(x), 1)  # the order of `pairs`
    sign_x, sign_y = np.sign(x[a] - x[b]), np.sign(found.estimate)
    separated = ((found.conf_low > 0) | (found.conf_high < 0)) & (sign_x != 0)
    counted = int((sign_x != 0).sum())
    certain = float((sign_x * sign_y)[separated].sum())
    whole = np.sqrt(counted * len(a))
    loose = counted - int(separated.sum())
    if effect_draws is None:
        rng = np.random.default_rng(seed)
        effects = rng.multivariate_normal(y, sigma, size=draws, method="eigh")
    else:
        effects = _draws(effect_draws, len(x))
    scores = x[None, :] if index_draws is None else _draws(index_draws, len(x))
    if index_draws is not None and len(scores) != len(effects):
        raise ComparisonError(
            Message(
                f"{len(scores)} draws of the index do not pair with {len(effects)} of the effects",
                f"指数的 {len(scores)} 次抽样与效应的 {len(effects)} 次抽样无法配对",
            )
        )
    taus = _tau(np.sign(scores[:, a] - scores[:, b]), np.sign(effects[:, a] - effects[:, b]))
    low, high = np.quantile(taus, [alpha / 2, 1 - alpha / 2])
    return Agreement(
        float(_tau(sign_x[None], sign_y[None])[0]),
        max((certain - loose) / whole, -1.0),
        min((certain + loose) / whole, 1.0),
        float(low), float(high), counted, int(separated.sum()), index_draws is None,
    )  # fmt: skip


def _tau(sign_x: np.ndarray, sign_y: np.ndarray) -> np.ndarray:
    """tau-b (B,) from signs of pairs; 0 where one side is all ties."""
    untied = np.sqrt((sign_x**2).sum(axis=1) * (sign_y**2).sum(axis=1))
    return (sign_x * sign_y).sum(axis=1) / np.where(untied > 0, untied, 1.0)


def _draws(values: np.ndarray, models: int) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or array.shape[1] != models or not np.isfinite(array).all():
        raise ComparisonError(
            Message(
                f"draws are a finite table with {models} columns, not of shape {array.shape}",
                f"抽样结果应为 {models} 列且无缺失，不能是形状 {array.shape}",
            )
        )
    return array


def _scores(index: np.ndarray, models: int) -> np.ndarray:
    x = np.asarray(index, dtype=float)
    if x.shape != (models,) or models < 3 or not np.isfinite(x).all():
        raise ComparisonError(
            Message(
                f"an order is compared over at least three models, each with an index score and an effect; given scores of "
                f"shape {x.shape} and {models} effects",
                f"排序比较至少需要三种模式，且每种都有指数得分与效应；现为得分形状 {x.shape}、效应 {models} 个",
            )
        )
    if np.ptp(x) == 0:
        raise ComparisonError(
            Message(
                "all models have the same index score; there is no order to compare",
                "各模式的指数得分相同，没有排序可比",
            )
        )
    return x
