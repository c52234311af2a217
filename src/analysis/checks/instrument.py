"""Two-stage least squares with fixed effects, and what it is worth when the instrument is weak.

Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 2nd ed., ch. 5 and ch. 20 (clusters);
effective F: Montiel Olea, Pflueger (2013), Journal of Business and Economic Statistics 31; intervals that do not
need a strong instrument: Anderson, Rubin (1949), with clustered errors as in Andrews, Stock, Sun (2019), Annual Review
of Economics 11.

    b = (x'P x)^-1 x'P y,  P = Z (Z'Z)^-1 Z'      after fixed effects and exogenous columns are removed from y, x, Z
    V = (x'P x)^-1 (sum_g s_g s_g') (x'P x)^-1,   s_g = sum of P x e over cluster g, times G/(G-1) (N-1)/(N-K)
    AR(b) = g' W^-1 g / m,  g = Z'(y - x b), W: clustered variance of g;  the interval: all b with AR(b) <= F(m, G - 1)

With the regressor as its own instrument this is least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri, stdtrit

from analysis.checks import _projection
from analysis.effects import EstimatorError
from analysis.estimators import _small_sample
from analysis.messages import Message

WEAK = 23.1  # effective F: one instrument, worst-case bias 10 % of the benchmark, 5 % level (2013)
GRID = 4_001  # points at which AR is looked at with several instruments
ZOOM = 60  # halvings of a bracket


@dataclass(frozen=True, slots=True)
class TwoStage:
    """Effect of one endogenous regressor.

    estimate, std_error : outcome unit per unit of the regressor; clustered error; df = G - 1
    conf_low, conf_high : t interval, which a weak instrument makes untrue
    anderson_rubin : intervals (low, high) whose union covers with `conf_level` however weak the instrument is;
        infinite ends where the data do not bound the effect, none where every effect is rejected (m > 1)
    first_stage, first_stage_error : (m,) coefficients of the instruments
    first_stage_f : clustered Wald statistic / m; effective_f : Montiel Olea, Pflueger
    weak : whether the effective F is below WEAK
    least_squares : coefficient if the regressor were exogenous
    reduced_form : (m,) coefficients of the instruments in the outcome
    n, n_clusters, n_coefficients : counts; coefficients without fixed effects nested in clusters
    """

    estimate: float
    std_error: float
    df: int
    conf_low: float
    conf_high: float
    anderson_rubin: tuple[tuple[float, float], ...]
    first_stage: np.ndarray
    first_stage_error: np.ndarray
    first_stage_f: float
    effective_f: float
    weak: bool
    least_squares: float
    reduced_form: np.ndarray
    n: int
    n_clusters: int
    n_coefficients: int


def two_stage(
    outcome: np.ndarray, regressor: np.ndarray, instruments: np.ndarray, *, controls: np.ndarray | None = None,
    effects: tuple[np.ndarray, ...] = (), cluster: np.ndarray | None = None, weight: np.ndarray | None = None,
    conf_level: float = 0.95,
) -> TwoStage:  # fmt: skip
    """Two-stage least squares, first stage and Anderson-Rubin interval of one endogenous regressor.

    Parameters
    ----------
    outcome, regressor : (n,); instruments : (n,) or (n, m).
    controls : (n, p) exogenous, a constant is added where no fixed effect holds one; effects : (n,) labels each.
    cluster : (n,) labels; None = rows are independent (HC1). weight : (n,) positive; None = equal.

    Raises
    ------
    EstimatorError : missing values, collinear instruments, an instrument or regressor without variation of its own,
        fewer than two clusters.
    """
    y, x = np.asarray(outcome, dtype=float), np.asarray(regressor, dtype=float)
    n = len(y)
    z = np.asarray(instruments, dtype=float).reshape(n, -1)
    given = np.empty((n, 0)) if controls is None else np.asarray(controls, dtype=float).reshape(n, -1)
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if not (np.isfinite(np.column_stack([y, x, z, given])).all() and (w > 0).all()):
        raise EstimatorError(
            Message(
                "values are missing, or a weight is not positive; leave those rows out",
                "数据有缺失，或权重不为正；请先剔除这些观测",
            )
        )
    code = np.arange(n) if cluster is None else _projection.codes(cluster)
    n_clusters, m = int(code.max()) + 1, z.shape[1]
    if n_clusters < 2:
        raise EstimatorError(Message("one cluster gives no error", "只有一个聚类，无法计算标准误"))
    coded = tuple(_projection.codes(effect) for effect in effects)
    if not coded:
        given = np.column_stack([given, np.ones(n)])
    basis = _projection.orthonormal(_projection.residuals(given, coded, w), w)
    data = np.column_stack([y, x, z])
    left = _projection.residuals(data, coded, w)
    left -= basis @ (basis.T @ (w[:, None] * left))
    spread = w @ (data - np.average(data, axis=0, weights=w)) ** 2
    dead = [name for name, one, all_ in zip(["outcome", "regressor", *["instrument"] * m], w @ left**2, spread, strict=True)
            if not one > 1e-10 * all_]  # fmt: skip
    if dead:
        raise EstimatorError(
            Message(
                f"no variation of its own is left after controls and fixed effects in: {', '.join(dead)}",
                f"扣除协变量与固定效应后没有剩余变异：{', '.join(dead)}",
            )
        )
    y, x, z = left[:, 0], left[:, 1], left[:, 2:]
    q = _projection.orthonormal(z, w)
    if q.shape[1] < m:
        raise EstimatorError(
            Message("the instruments are collinear; leave one out", "工具变量之间共线；请去掉一个")
        )
    k = basis.shape[1] + 1 + _n_effect_levels(coded, code)
    factor = _small_sample.factor(n_clusters, n, k)

    def summed(values: np.ndarray) -> np.ndarray:
        return factor * _projection.totals(w[:, None] * values, code, n_clusters)

    to_x, to_y = q.T @ (w * x), q.T @ (w * y)
    strength = float(to_x @ to_x)
    if not strength > 1e-20 * float(w @ x**2):
        raise EstimatorError(Message("the instruments do not move the regressor", "工具变量与处理变量不相关"))
    estimate = float(to_x @ to_y / strength)
    scores = summed((q @ to_x * (y - x * estimate))[:, None])
    error = float(np.sqrt((scores**2).sum())) / strength
    # Reduced form and first stage in the orthonormal instruments: coefficients to_y, to_x, joint clustered variance.
    rows = np.column_stack([summed(q * (y - q @ to_y)[:, None]), summed(q * (x - q @ to_x)[:, None])])
    joint = rows.T @ rows
    of_x = joint[m:, m:]
    back = np.linalg.lstsq(q.T @ (w[:, None] * z), np.eye(m), rcond=None)[0]  # from q back to the instruments
    critical = float(stdtrit(n_clusters - 1, 0.5 + conf_level / 2))
    effective = strength / float(np.trace(of_x))
    return TwoStage(
        estimate, error, n_clusters - 1, estimate - critical * error, estimate + critical * error,
        _anderson_rubin(to_y, to_x, joint, n_clusters - 1, conf_level, estimate, error),
        back @ to_x, np.sqrt(np.diag(back @ of_x @ back.T)),
        float(to_x @ np.linalg.solve(of_x, to_x)) / m if np.linalg.matrix_rank(of_x) == m else np.inf, effective,
        bool(effective < WEAK), float((w * x) @ y / ((w * x) @ x)), back @ to_y, n, n_clusters, k,
    )  # fmt: skip


def _n_effect_levels(effects: tuple[np.ndarray, ...], cluster: np.ndarray) -> int:
    """Coefficients that fixed effects count for: a constant, and the levels of those not nested in clusters."""
    if not effects:
        return 0
    crossing = [code for code in effects if not _projection.is_nested(code, cluster)]
    return 1 + sum(int(code.max()) for code in crossing)


def _anderson_rubin(
    to_y: np.ndarray,
    to_x: np.ndarray,
    joint: np.ndarray,
    df: int,
    conf_level: float,
    centre: float,
    scale: float,
) -> tuple[tuple[float, float], ...]:
    m = len(to_y)
    critical = float(fdtri(m, df, conf_level))
    if m == 1:
        a = to_x[0] ** 2 - critical * joint[1, 1]
        b = -2 * (to_x[0] * to_y[0] - critical * joint[0, 1])
        c = to_y[0] ** 2 - critical * joint[0, 0]
        return _where_not_positive(a, b, c)

    def beyond(null: float) -> float:
        g = to_y - null * to_x
        v = joint[:m, :m] - null * (joint[:m, m:] + joint[m:, :m]) + null**2 * joint[m:, m:]
        return float(g @ np.linalg.solve(v, g)) / m - critical

    # The whole line, bent so that both infinities are its ends.
    angle = np.linspace(-np.pi / 2, np.pi / 2, GRID + 2)[1:-1]
    at = centre + scale * np.tan(angle)
    value = np.array([beyond(null) for null in at])
    inside = value <= 0
    edges = [_crossing(beyond, at[i], at[i + 1]) for i in np.flatnonzero(inside[1:] != inside[:-1])]
    ends = [-np.inf] * int(inside[0]) + edges + [np.inf] * int(inside[-1])
    return _pairs(ends)


def _where_not_positive(a: float, b: float, c: float) -> tuple[tuple[float, float], ...]:
    """Where a v^2 + b v + c <= 0."""
    if a == 0 and b:
        return _pairs([-np.inf, -c / b] if b > 0 else [-c / b, np.inf])
    inner = b**2 - 4 * a * c
    if inner <= 0:
        return ((-np.inf, np.inf),) if a <= 0 else ()
    root = -(b + np.copysign(np.sqrt(inner), b)) / 2
    low, high = sorted((root / a, c / root))
    return _pairs([low, high] if a > 0 else [-np.inf, low, high, np.inf])


def _pairs(ends: list[float]) -> tuple[tuple[float, float], ...]:
    return tuple((float(low), float(high)) for low, high in zip(ends[::2], ends[1::2], strict=True))


def _crossing(beyond: Callable[[float], float], low: float, high: float) -> float:
    inside = beyond(low) <= 0
    for _ in range(ZOOM):
        middle = (low + high) / 2
        if (beyond(middle) <= 0) == inside:
            low = middle
        else:
            high = middle
    return (low + high) / 2
