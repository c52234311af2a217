"""Which model for which village: gains pooled over models and villages, and the set of models near the best for each.

    d_i = mu + x_i'g + theta_{m_i} + x_i'g_{m_i} + e_i,   theta_m ~ N(0, tau^2),  g_m ~ N(0, omega^2 I)
    e ~ N(0, sigma^2 diag(1 / w) + K),   K = shared'shared: the error that gains share through the fitted values

x: two or three moderators fixed in advance, standardised over the adopters. mu and g are flat, tau and omega
half-normal, log sigma flat; integrated exactly over mu, g, theta and g_m and by Gauss-Legendre nodes over tau, omega
(up to three prior scales) and sigma (four standard errors around least squares). Manski (2004), Econometrica 72, on
choosing for types of units; pooled regressions lose less than trees on scores where arms hold five to sixty villages.

A village is recommended every model whose posterior probability of being within a stated distance of its best exceeds
a fifth, and the likeliest best ones until the set holds the best with a probability of four fifths: where nothing is
known the first rule alone would name one model or none. With no village alike among adopters this is extrapolation:
`n_alike` says how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from analysis.comparison.errors import ComparisonError
from analysis.comparison.gains import Gains
from analysis.messages import Message

NEAR_ENOUGH = 0.2  # posterior probability of being close to the best, from which a model is recommended
HOLDS_BEST = 0.8  # posterior probability with which a recommended set holds the best model, at least
ALIKE = 1.0  # Mahalanobis distance up to which an adopter counts as alike
CHUNK = 8  # villages whose draws are held at once


@dataclass(frozen=True, slots=True)
class Scales:
    """Prior scales: effect, the half-normal's of tau, slope, that of omega per standard deviation; outcome unit."""

    effect: float
    slope: float


@dataclass(frozen=True, slots=True)
class VillageModel:
    """Posterior of every model's gain as a function of moderators.

    models : (J,); moderators : (p,) names; centre, spread : (p,) of the adopters, by which moderators are standardised
    coefficients : (S, J, 1 + p) draws of intercept and slopes on standardised moderators, outcome unit
    tau, omega, sigma : posterior means; inverse : (p, p) inverse covariance of the adopters' standardised moderators
    adopters : (n, p) their standardised moderators
    """

    models: tuple[str, ...]
    moderators: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    tau: float
    omega: float
    sigma: float
    inverse: np.ndarray
    adopters: np.ndarray

    def standardised(self, moderators: np.ndarray) -> np.ndarray:
        """(N, p) moderators in standard deviations of the adopters. ComparisonError if missing or of another number."""
        given = np.asarray(moderators, dtype=float)
        if given.ndim != 2 or given.shape[1] != len(self.moderators) or not np.isfinite(given).all():
            told = ", ".join(self.moderators)
            raise ComparisonError(
                Message(
                    f"recommendations need {told} of every village, none missing",
                    f"给出建议需要每个村的 {told}，不得缺失",
                )
            )
        return (given - self.centre) / self.spread


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What each of N villages could expect of J models, outcome unit.

    models : (J,); mean, std_dev : (N, J) posterior of the gain; p_best, p_near : (N, J) probability of being the best,
        of being within `within` of it; recommended : (N, J) p_near above NEAR_ENOUGH, or needed to reach HOLDS_BEST
    loss : (N, J) expected loss against the best, outcome unit
    choice : (N,) position of the largest mean; n_alike : (N,) adopters within ALIKE, of any model
    alike : (N, A) positions of the A most similar adopters
    """

    models: tuple[str, ...]
    mean: np.ndarray
    std_dev: np.ndarray
    p_best: np.ndarray
    p_near: np.ndarray
    recommended: np.ndarray
    loss: np.ndarray
    within: float
    n_alike: np.ndarray
    alike: np.ndarray

    @property
    def choice(self) -> np.ndarray:
        """(N,) position of the model with the largest posterior mean."""
        return self.mean.argmax(axis=1)

    @property
    def evpi(self) -> np.ndarray:
        """(N,) what knowing the truth could be worth to each village, outcome unit: loss of the best choice now."""
        return self.loss.min(axis=1)

    @property
    def holds_best(self) -> np.ndarray:
        """(N,) posterior probability that the recommended set holds the best model."""
        return (self.p_best * self.recommended).sum(axis=1)

    @property
    def set_size(self) -> np.ndarray:
        """(N,) number of models recommended."""
        return self.recommended.sum(axis=1)


def fit(
    found: Gains,
    moderators: np.ndarray,
    names: tuple[str, ...],
    *,
    scales: Scales,
    models: tuple[str, ...] | None = None,
    rows: np.ndarray | None = None,
    draws: int = 20_000,
    seed: int,
    nodes: int = 12,
) -> VillageModel:
    """The pooled regression of gains on models and moderators.

    Parameters
    ----------
    moderators : (n, p) of the villages of `found`, fixed before results were seen
    models : those to tell apart, all of `found` by default; one without a village in `rows` is known from the prior
    rows : (n,) whether the village takes part; all by default.

    Raises
    ------
    ComparisonError : moderators missing, constant or collinear; scales that are not positive; too few villages.
    """
    inside = np.ones(len(found.gain), dtype=bool) if rows is None else np.asarray(rows, dtype=bool)
    models = tuple(sorted(set(map(str, found.model)))) if models is None else models
    inside = inside & np.isin(found.model, models)
    given = np.asarray(moderators, dtype=float)
    _require(given, names, len(found.gain), inside, scales)
    z, centre, spread = _standardised(given[inside], found.weight[inside])
    inverse = _inverse(z, names)
    member = np.array([found.model[inside] == model for model in models]).T.astype(float)
    x = np.column_stack([np.ones(len(z)), z])
    parts = [x, member, *(member * column[:, None] for column in z.T)]
    design = np.column_stack(parts)
    data = _Data(
        found.gain[inside], found.weight[inside], found.shared[:, inside], design, x.shape[1], len(models)
    )
    posterior = _integrate(data, scales, nodes)
    drawn = _draw(posterior, draws, np.random.default_rng(seed))
    j, p = len(models), len(names)
    own = drawn[:, 1 + p :].reshape(draws, 1 + p, j).transpose(0, 2, 1)  # (S, J, 1 + p)
    coefficients = drawn[:, None, : 1 + p] + own
    tau, omega, sigma = posterior.weight @ posterior.scales
    return VillageModel(
        models, names, centre, spread, coefficients, float(tau), float(omega), float(sigma), inverse, z
    )


def closeness(fitted: VillageModel, moderators: np.ndarray, *, share: float = 0.10) -> float:
    """`share` of the mean gain over villages and models, the distance that counts as near the best, outcome unit.

    Raises
    ------
    ComparisonError : the mean gain is not positive, so that a share of it is no distance.
    """
    z = fitted.standardised(moderators).mean(axis=0)
    average = fitted.coefficients.mean(axis=(0, 1)) @ np.r_[1.0, z]
    if not average > 0:
        raise ComparisonError(
            Message(
                f"the mean gain is {average:.4g}, not positive; state in the outcome's unit what counts as near the best",
                f"平均收益为 {average:.4g}，不是正数；请以结果变量的单位直接给出“接近最优”的距离",
            )
        )
    return share * float(average)


def recommend(
    fitted: VillageModel, moderators: np.ndarray, *, within: float, alike: int = 5
) -> Recommendations:
    """What each of N villages with moderators (N, p) could expect of every model, and which are near its best.

    Raises
    ------
    ComparisonError : moderators missing or of another number; a negative distance.
    """
    z = fitted.standardised(moderators)
    if not within >= 0:
        raise ComparisonError(
            Message(
                f"the distance from the best is {within:g}; it starts at 0",
                f"与最优的距离为 {within:g}；应不小于 0",
            )
        )
    n, j = len(z), len(fitted.models)
    mean, variance, best, near, top_mean = (np.zeros((n, j)) for _ in range(5))
    coefficients = np.ascontiguousarray(fitted.coefficients.transpose(2, 1, 0)).reshape(z.shape[1] + 1, -1)
    draws = len(fitted.coefficients)
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        x = np.column_stack([np.ones(len(z[rows])), z[rows]])
        gain = (x @ coefficients).reshape(len(x), j, draws)
        top = gain.max(axis=1)
        mean[rows] = gain.mean(axis=2)
        variance[rows] = np.einsum("njs,njs->nj", gain, gain) / draws - mean[rows] ** 2
        best[rows] = np.count_nonzero(gain == top[:, None], axis=2) / draws
        near[rows] = np.count_nonzero(gain >= top[:, None] - within, axis=2) / draws
        top_mean[rows] = top.mean(axis=1)[:, None]
    distance = _distances(z, fitted)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(alike, distance.shape[1])]
    return Recommendations(
        fitted.models, mean, np.sqrt(np.maximum(variance, 0.0)), best, near, _recommended(best, near),
        np.maximum(top_mean - mean, 0.0), float(within),
        (distance <= ALIKE).sum(axis=1), nearest,
    )  # fmt: skip


def _recommended(p_best: np.ndarray, p_near: np.ndarray) -> np.ndarray:
    order = np.argsort(-p_best, axis=1, kind="stable")
    held = np.take_along_axis(p_best, order, axis=1)
    needed = np.zeros(p_best.shape, dtype=bool)
    np.put_along_axis(needed, order, held.cumsum(axis=1) - held < HOLDS_BEST, axis=1)
    return needed | (p_near > NEAR_ENOUGH)


@dataclass(frozen=True, slots=True)
class _Data:
    """gain, weight (n,); shared (G, n); design (n, q): 1 + p common columns, then J intercepts, then J slopes each."""

    gain: np.ndarray
    weight: np.ndarray
    shared: np.ndarray
    design: np.ndarray
    n_common: int
    n_models: int

    def scale(self, tau: float, omega: float) -> np.ndarray:
        """(q,) prior standard deviations of the columns' coefficients; 1 for the flat ones."""
        n_slopes = self.design.shape[1] - self.n_common - self.n_models
        return np.r_[np.ones(self.n_common), np.full(self.n_models, tau), np.full(n_slopes, omega)]


@dataclass(frozen=True, slots=True)
class _Posterior:
    """weight (C,) of the nodes; scales (C, 3) tau, omega, sigma; mean (C, q); root (C, q, q): mean + root @ normal."""

    weight: np.ndarray
    scales: np.ndarray
    mean: np.ndarray
    root: np.ndarray


def _integrate(data: _Data, scales: Scales, nodes: int) -> _Posterior:
    tau, tau_weight = _half_normal(scales.effect, nodes)
    omega, omega_weight = _half_normal(scales.slope, nodes if data.design.shape[1] > 1 + data.n_models else 1)
    scale = np.array([data.scale(t, o) for t in tau for o in omega])
    log_prior = np.log(np.outer(tau_weight, omega_weight).ravel())
    height, scales_at, mean, root = [], [], [], []
    for sigma, sigma_weight in zip(*_sigma_nodes(data), strict=True):
        lower = np.linalg.cholesky(np.diag(sigma**2 / data.weight) + data.shared.T @ data.shared)
        half = linalg.solve_triangular(lower, np.column_stack([data.design, data.gain]), lower=True)
        given = _given(half.T @ half, scale, data.n_common)
        height.append(given[0] + log_prior - np.log(np.diag(lower)).sum() + np.log(sigma_weight))
        scales_at.append(
            np.column_stack(
                [np.repeat(tau, len(omega)), np.tile(omega, len(tau)), np.full(len(scale), sigma)]
            )
        )
        mean.append(given[1])
        root.append(given[2])
    level = np.concatenate(height)
    weight = np.exp(level - special.logsumexp(level))
    kept = weight > 1e-9
    return _Posterior(
        weight[kept] / weight[kept].sum(),
        np.concatenate(scales_at)[kept],
        np.concatenate(mean)[kept],
        np.concatenate(root)[kept],
    )


def _given(gram: np.ndarray, scale: np.ndarray, n_common: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At scales (N, q): log marginal likelihood (N,), mean (N, q) and root of the covariance (N, q, q)."""
    q = scale.shape[1]
    precision = gram[:-1, :-1] * scale[:, :, None] * scale[:, None, :]
    precision += np.diag((np.arange(q) >= n_common).astype(float))
    lower = np.linalg.cholesky(precision)
    back = np.linalg.inv(lower).transpose(0, 2, 1)
    forward = np.einsum("nji,nj->ni", back, gram[:-1, -1] * scale)
    value = -np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    value -= 0.5 * (gram[-1, -1] - (forward**2).sum(axis=1))
    return value, scale * np.einsum("nij,nj->ni", back, forward), scale[:, :, None] * back


def _half_normal(scale: float, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes over 0 to three prior scales, and weights that hold the half-normal density."""
    at, weight = special.roots_legendre(nodes)
    value = 1.5 * scale * (at + 1)
    return value, weight * np.exp(-0.5 * (value / scale) ** 2)


def _sigma_nodes(data: _Data, nodes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in log sigma, four standard errors around the residual of least squares with an intercept per model."""
    columns = data.design[:, 1 : data.n_common + data.n_models]  # the models' intercepts span the constant
    root = np.sqrt(data.weight)
    coefficients, _, rank, _ = np.linalg.lstsq(columns * root[:, None], data.gain * root, rcond=None)
    residual = (data.gain - columns @ coefficients) * root
    df = max(len(data.gain) - int(rank), 1)
    middle = 0.5 * np.log(max(residual @ residual / df, np.finfo(float).tiny))
    at, weight = special.roots_legendre(nodes)
    return np.exp(middle + at * 4 / np.sqrt(2 * df)), weight


def _draw(posterior: _Posterior, draws: int, rng: np.random.Generator) -> np.ndarray:
    counts = rng.multinomial(draws, posterior.weight)
    normal = rng.standard_normal((draws, posterior.mean.shape[1]))
    parts, start = [], 0
    for component in np.flatnonzero(counts):
        stop = start + counts[component]
        parts.append(posterior.mean[component] + normal[start:stop] @ posterior.root[component].T)
        start = stop
    return np.concatenate(parts)


def _standardised(given: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    centre = np.average(given, axis=0, weights=weight)
    spread = np.sqrt(np.average((given - centre) ** 2, axis=0, weights=weight))
    return (given - centre) / np.where(spread > 0, spread, 1.0), centre, np.where(spread > 0, spread, 1.0)


def _inverse(z: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    gram = z.T @ z / len(z)
    if len(names) and np.linalg.eigvalsh(gram)[0] < 1e-8:
        raise ComparisonError(
            Message(
                f"the moderators {', '.join(names)} are constant or combinations of one another among adopters; leave "
                "one out",
                f"调节变量 {'、'.join(names)} 在组建村中没有变化或相互线性相关；请剔除一个",
            )
        )
    return np.linalg.inv(gram) if len(names) else np.zeros((0, 0))


def _distances(z: np.ndarray, fitted: VillageModel) -> np.ndarray:
    """(N, n) Mahalanobis distances of villages to adopters."""
    gap = z[:, None, :] - fitted.adopters[None, :, :]
    return np.sqrt(np.einsum("nap,pq,naq->na", gap, fitted.inverse, gap, optimize=True))


def _require(given: np.ndarray, names: tuple[str, ...], n: int, inside: np.ndarray, scales: Scales) -> None:
    wrong = []
    if given.shape != (n, len(names)):
        wrong.append((f"moderators are {given.shape}, not ({n}, {len(names)})", "调节变量的形状不对"))
    elif not np.isfinite(given[inside]).all():
        wrong.append(("moderators are missing in some villages", "有的村缺少调节变量"))
    if not (scales.effect > 0 and scales.slope > 0):
        wrong.append(("prior scales must be positive", "先验尺度必须为正"))
    if inside.sum() < 2 * (len(names) + 2):
        wrong.append((f"{int(inside.sum())} villages are too few", f"{int(inside.sum())} 个村过少"))
    if wrong:
        raise ComparisonError(
            Message(
                "gains cannot be pooled by village: " + "; ".join(en for en, _ in wrong),
                "无法按村汇总收益：" + "；".join(zh for _, zh in wrong),
            )
        )
