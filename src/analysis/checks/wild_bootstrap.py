"""Wild cluster bootstrap with the null imposed, in cluster-score form.

Cameron, Gelbach, Miller (2008), Review of Economics and Statistics 90; six-point multipliers: Webb (2023),
Canadian Journal of Economics 56; cluster scores: MacKinnon, Nielsen, Webb (2023), Journal of Econometrics 232.

    y = b d + Z c + F f + e,   d~, y~: residuals of d, y from Z and F,   S = sum w d~^2
    a_g = sum_g w d~ y~,  q_g = sum_g w d~^2,  C_g = sum_g w d~ Q,  E_g = sum_g w y~ Q,   Q: orthonormal Z

Under the null b = b0 a draw v of one multiplier per cluster gives, exactly as re-estimation does,

    b* - b0  = sum_g v_g (a_g - b0 q_g) / S
    score*_g = v_g (a_g - b0 q_g) - C_g' sum_h v_h (E_h - b0 C_h) - (b* - b0) q_g
    t*       = (b* - b0) S / (factor sqrt(sum_g score*_g^2))

if the effects F are nested in clusters, so that removing them stays within a cluster. Everything is linear in b0: the
p value of every other null needs the same draws only, and the interval is the set of nulls not rejected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.checks import _projection
from analysis.effects import EstimatorError
from analysis.estimators import _small_sample
from analysis.messages import Message

FEW = 12  # clusters; below, two-point multipliers give too few distinct statistics (Webb 2023)
POINTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}
LARGEST = 2**16  # multipliers in one block, which then stays in the cache
MOST_LEVELS = 2_000  # of fixed effects that cross clusters
TIE = 1e-9  # relative; statistics closer than this are the same statistic computed twice


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """A bootstrap test of one number.

    estimate, std_error : outcome unit; the error is clustered, with the small-sample factor for a regression
    statistic : estimate / std_error; with `null`, (estimate - null) / std_error
    p_value : two-sided, share of draws with |t*| >= |t|; (1 + #) / (1 + draws) unless all draws were enumerated
    conf_low, conf_high : nulls not rejected that are connected to the estimate; infinite where no null is rejected
    n_clusters, draws : counts
    multiplier : rademacher or webb
    enumerated : True where every combination of multipliers was used
    smallest_p : the smallest p value that this bootstrap can give
    """

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    n_clusters: int
    draws: int
    multiplier: str
    enumerated: bool
    smallest_p: float


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the draws are applied to, everything divided by S.

    own - null * moves : (G,) score of a cluster under the null
    recentre : (G,) how much of b* - b0 returns to the cluster's score
    left, right : (G, q) C / S and E; the right side under the null is right - null * crossing
    """

    estimate: float
    std_error: float
    factor: float
    own: np.ndarray
    moves: np.ndarray
    recentre: np.ndarray
    left: np.ndarray
    right: np.ndarray
    crossing: np.ndarray


@dataclass(frozen=True, slots=True)
class _Draws:
    """Per draw: numerator n0 - null n1 and squared error s00 - 2 null s01 + null^2 s11, each (B,)."""

    n0: np.ndarray
    n1: np.ndarray
    s00: np.ndarray
    s01: np.ndarray
    s11: np.ndarray

    def squared(self, null: float) -> np.ndarray:
        """(B,) t*^2 under `null`; infinite where the error is zero and the numerator is not."""
        above = (self.n0 - null * self.n1) ** 2
        below = self.s00 - 2 * null * self.s01 + null**2 * self.s11
        size = self.s00 + null**2 * self.s11
        zero = below <= 1e-13 * size
        return np.where(zero, np.where(above > 1e-13 * size, np.inf, 0.0), above / np.where(zero, 1.0, below))


def wild_regression(
    outcome: np.ndarray, regressor: np.ndarray, cluster: np.ndarray, *, controls: np.ndarray | None = None,
    effects: tuple[np.ndarray, ...] = (), weight: np.ndarray | None = None, null: float = 0.0,
    draws: int = 9_999, conf_level: float = 0.95, multiplier: str = "", seed: int = 0,
) -> WildBootstrap:  # fmt: skip
    """Bootstrap test and interval of the coefficient of `regressor` in a regression with fixed effects.

    Parameters
    ----------
    outcome, regressor : (n,) float.
    cluster : (n,) labels.
    controls : (n, p); a constant is added where no fixed effect holds one.
    effects : fixed effects, (n,) labels each; those nested in clusters are removed within clusters, the others (years)
        enter as dummies, at most MOST_LEVELS levels. Panels need not be balanced.
    weight : (n,) positive; None = equal.
    multiplier : "rademacher", "webb", or "" for webb below FEW clusters and rademacher otherwise.

    Raises
    ------
    EstimatorError : fewer than two clusters, a regressor without variation of its own, missing values.
    """
    y, d = np.asarray(outcome, dtype=float), np.asarray(regressor, dtype=float)
    x = np.empty((len(y), 0)) if controls is None else np.asarray(controls, dtype=float).reshape(len(y), -1)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
    if not (np.isfinite(y).all() and np.isfinite(d).all() and np.isfinite(x).all() and (w > 0).all()):
        raise EstimatorError(
            Message(
                "outcome, regressor or controls have missing values, or a weight is not positive; leave those rows out",
                "结果、处理或协变量有缺失，或权重不为正；请先剔除这些观测",
            )
        )
    scores = _regression_scores(y, d, x, effects, _projection.codes(cluster), w)
    return _test(scores, null, draws, conf_level, multiplier, seed)


def wild_influence(
    estimates: np.ndarray, influence: np.ndarray, weights: np.ndarray, cluster: np.ndarray, *,
    share: np.ndarray | None = None, null: float = 0.0, draws: int = 9_999, conf_level: float = 0.95,
    multiplier: str = "", seed: int = 0,
) -> WildBootstrap:  # fmt: skip
    """Bootstrap test and interval of a weighted sum of estimates from their influence, on clusters of the rows.

    The score bootstrap of Kline, Santos (2012), Journal of Econometric Methods 1, with psi_g in the place of
    the scores. With `share` the null is imposed: psi_g(b0) = psi_g + share_g (estimate - b0), which for a mean are the
    deviations from b0 itself.

    Parameters
    ----------
    estimates : (r,); influence : (n, r), rows are units or small clusters; weights : (r,).
    cluster : (n,) labels of the level at which rows are correlated (townships).
    share : (n,) share of each row in the treated weight behind the sum, adding to one; None: null not imposed.

    Raises
    ------
    EstimatorError : fewer than two clusters, no influence, shares that do not add to one.
    """
    code = _projection.codes(cluster)
    n_clusters = int(code.max(initial=-1)) + 1
    psi = np.bincount(code, np.asarray(influence, dtype=float) @ weights, minlength=n_clusters)
    estimate = float(np.asarray(estimates, dtype=float) @ weights)
    error = float(np.sqrt(psi @ psi))
    _refuse_few(n_clusters)
    if not (np.isfinite(error) and error > 0 and np.isfinite(estimate)):
        raise EstimatorError(
            Message("the influence is missing or zero: nothing to test", "影响函数缺失或为零，无法检验")
        )
    if share is None:
        own, moves, recentre = psi, np.zeros(n_clusters), np.full(n_clusters, 1 / n_clusters)
    else:
        if abs(float(np.sum(share)) - 1) > 1e-8:
            raise EstimatorError(
                Message(
                    f"shares add to {np.sum(share):.6g}, not to one",
                    f"份额之和为 {np.sum(share):.6g}，应为 1",
                )
            )
        recentre = moves = np.bincount(code, share, minlength=n_clusters)
        own = psi + moves * estimate
    none = np.empty((n_clusters, 0))
    scores = _Scores(estimate, error, 1.0, own, moves, recentre, none, none, none)
    return _test(scores, null, draws, conf_level, multiplier, seed)


def _regression_scores(
    y: np.ndarray,
    d: np.ndarray,
    x: np.ndarray,
    effects: tuple[np.ndarray, ...],
    cluster: np.ndarray,
    w: np.ndarray,
) -> _Scores:
    n_clusters = int(cluster.max(initial=-1)) + 1
    _refuse_few(n_clusters)
    coded = [_projection.codes(effect) for effect in effects]
    nested = tuple(code for code in coded if _projection.is_nested(code, cluster))
    dummies = [x]
    for code in coded:
        if any(code is inside for inside in nested):
            continue
        if (levels := int(code.max()) + 1) > MOST_LEVELS:
            raise EstimatorError(
                Message(
                    f"a fixed effect with {levels} levels crosses clusters; at most {MOST_LEVELS} can, so cluster at "
                    "a level that contains its units",
                    f"有一个含 {levels} 个层级的固定效应跨越聚类（上限 {MOST_LEVELS}）；请在包含它的层级上聚类",
                )
            )
        dummies.append((code[:, None] == np.arange(levels)).astype(float))
    if not nested:
        dummies.append(np.ones((len(y), 1)))
    basis = _projection.orthonormal(_projection.residuals(np.column_stack(dummies), nested, w), w)
    within = _projection.residuals(np.column_stack([y, d]), nested, w)
    within -= basis @ (basis.T @ (w[:, None] * within))
    y_left, d_left = within.T
    total = float(w @ d_left**2)
    spread = float(w @ (d - np.average(d, weights=w)) ** 2)
    if not total > 1e-10 * spread:
        raise EstimatorError(
            Message(
                "the regressor is a combination of fixed effects and controls, so it has no effect of its own",
                "处理变量与固定效应或协变量完全共线，无法识别",
            )
        )
    estimate = float(w @ (d_left * y_left)) / total
    factor = _small_sample.factor(n_clusters, len(y), basis.shape[1] + 1 + bool(nested))

    def summed(values: np.ndarray) -> np.ndarray:
        return _projection.totals(w[:, None] * values, cluster, n_clusters)

    own, moves = summed(np.column_stack([d_left * y_left, d_left**2])).T / total
    psi = own - estimate * moves
    crossing = summed(d_left[:, None] * basis)
    return _Scores(
        estimate, factor * float(np.sqrt(psi @ psi)), factor, own, moves, moves,
        crossing / total, summed(y_left[:, None] * basis), crossing,
    )  # fmt: skip


def _refuse_few(n_clusters: int) -> None:
    if n_clusters < 2:
        raise EstimatorError(
            Message(f"{n_clusters} cluster: no test is possible", f"只有 {n_clusters} 个聚类，无法检验")
        )


def _test(
    scores: _Scores, null: float, draws: int, conf_level: float, multiplier: str, seed: int
) -> WildBootstrap:
    n_clusters = len(scores.own)
    kind = multiplier or ("webb" if n_clusters < FEW else "rademacher")
    if kind not in POINTS:
        choices = ", ".join(POINTS)
        raise EstimatorError(
            Message(f"no multiplier {kind!r}; choose {choices}", f"没有 {kind!r}；可选：{choices}")
        )
    k = len(POINTS[kind])
    enumerated = n_clusters * np.log(k) <= np.log(draws)
    n_draws = k**n_clusters if enumerated else draws
    drawn = _apply(scores, kind, n_draws, enumerated, seed)

    def p_value(at: float) -> float:
        observed = ((scores.estimate - at) / scores.std_error) ** 2
        beyond = int((drawn.squared(at) >= observed * (1 - TIE)).sum())
        return beyond / n_draws if enumerated else (1 + beyond) / (1 + n_draws)

    alpha = 1 - conf_level
    return WildBootstrap(
        scores.estimate, scores.std_error, (scores.estimate - null) / scores.std_error, p_value(null),
        _limit(p_value, scores, alpha, -1), _limit(p_value, scores, alpha, 1), n_clusters, n_draws, kind,
        bool(enumerated), 2 / n_draws if enumerated else 1 / (1 + n_draws),
    )  # fmt: skip


def _apply(scores: _Scores, kind: str, draws: int, enumerated: bool, seed: int) -> _Draws:
    n_clusters, rng = len(scores.own), np.random.default_rng(seed)
    found = np.empty((5, draws))
    rows = max(1, LARGEST // n_clusters)
    for start in range(0, draws, rows):
        stop = min(draws, start + rows)
        v = _multipliers(kind, start, stop, n_clusters, rng if not enumerated else None)
        n0, n1 = v @ scores.own, v @ scores.moves
        s0 = v * scores.own
        s0 -= n0[:, None] * scores.recentre + (v @ scores.right) @ scores.left.T
        s1 = v * scores.moves
        s1 -= n1[:, None] * scores.recentre + (v @ scores.crossing) @ scores.left.T
        squares = [np.einsum("ij,ij->i", a, b) for a, b in ((s0, s0), (s0, s1), (s1, s1))]
        found[:2, start:stop] = n0, n1
        found[2:, start:stop] = np.array(squares) * scores.factor**2
    return _Draws(*found)


def _multipliers(
    kind: str, start: int, stop: int, n_clusters: int, rng: np.random.Generator | None
) -> np.ndarray:
    """(stop - start, G) multipliers: drawn, or without `rng` the combinations number `start` to `stop`."""
    points = POINTS[kind]
    if rng is None:
        digits = np.arange(start, stop)[:, None] // len(points) ** np.arange(n_clusters) % len(points)
        return points[digits]
    drawn = rng.integers(0, len(points), size=(stop - start, n_clusters), dtype=np.int8)
    return points[drawn]


def _limit(p_value: Callable[[float], float], scores: _Scores, alpha: float, side: int) -> float:
    """The null nearest to the estimate, on one side, at which the p value falls to alpha."""
    inside, step = 0.0, 0.25
    while p_value(scores.estimate + side * (inside + step) * scores.std_error) > alpha:
        inside += step
        if inside >= 10:
            step = inside
        if inside > 1e6:
            return side * np.inf
    outside = inside + step
    for _ in range(60):
        middle = (inside + outside) / 2
        if p_value(scores.estimate + side * middle * scores.std_error) > alpha:
            inside = middle
        else:
            outside = middle
    return scores.estimate + side * outside * scores.std_error
