"""Contrasts of arms in declared families, every interval and p value holding for the whole family at once.

    t_k = l_k'x / s_k,  s_k^2 = l_k' Sigma l_k;   c: quantile of max_k |Z_k| under the joint law of the t_k
    step-down (Romano, Wolf 2005, Econometrica 73): p_(s) = max(p_(s-1), P(max_{r >= s} |Z_(r)| >= |t_(s)|))

Single step with the joint normal or t law: Hothorn, Bretz, Westfall (2008), Biometrical Journal 50. Holm (1979) stands
beside it. Letters: insert and absorb, Piepho (2004), Journal of Computational and Graphical Statistics 13.

The law of a largest is found along rays (Deak 1980, Numerische Mathematik 35): Z = r A u with u uniform on the sphere and r
chi, so P(max_k Z_k > c | u) is exact and only u is simulated, on scrambled Sobol points: a tail is never "0 of B draws".

J: arms, K: contrasts, Sigma: covariance of the arms. `df` is one number where one variance estimate serves all arms
(multivariate t), or one per arm (J,); then a contrast has Satterthwaite's (1946) degrees of freedom and its t is carried to
the normal law by equal tails, as everywhere in this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_letters
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, fdtr, fdtrc, ndtr, ndtri, stdtr, stdtrit

from analysis.checks.multiplicity import holm
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

DRAWS = 2**16  # rays; the 99.5 per cent point of ten arms is then known to 0.001 (one standard error)
BINS = 2048  # of the reach of rays in [-1, 1]; the error this makes in a quantile is below 1e-5
BLOCK = 32  # contrasts in one matrix product
SAME = 1e-12  # a difference whose variance is below this share of the two variances is no estimate
TINY = np.finfo(float).tiny

Alternative = Literal["two-sided", "greater", "less"]
ALTERNATIVES = ("two-sided", "greater", "less")


@dataclass(frozen=True, slots=True)
class Largest:
    """The law of the largest of several standardised estimates.

    reach, weight : (B,) the largest along rays of length one, and the share of rays that have it
    rank : dimension of the joint law; df : its degrees of freedom, inf for the normal law
    """

    reach: np.ndarray
    weight: np.ndarray
    rank: int
    df: float

    def tail(self, value: np.ndarray | float) -> np.ndarray:
        """P(largest > value), same shape as `value`."""
        at = np.atleast_1d(np.asarray(value, dtype=float)).ravel()
        up, down, high = self.reach > 0, self.reach < 0, at >= 0
        found = np.empty(len(at))
        found[high] = self._radius(at[high, None] / self.reach[up], fdtrc, chdtrc) @ self.weight[up]
        found[~high] = self._radius(at[~high, None] / self.reach[down], fdtr, chdtr) @ self.weight[down]
        found[~high] += self.weight[~down].sum()
        return found.reshape(np.shape(value))

    def critical(self, alpha: float) -> float:
        """The value that the largest exceeds with probability `alpha`."""
        high = 8.0
        while self.tail(high) > alpha:
            high *= 2
        low = 0.0 if self.tail(0.0) > alpha else -high

        def excess(value: float) -> float:  # in logs, where it is nearly a parabola
            return float(np.log(max(self.tail(value), TINY) / alpha))

        return float(brentq(excess, low, high, xtol=1e-9))

    def _radius(self, ratio: np.ndarray, student: np.ufunc, normal: np.ufunc) -> np.ndarray:
        if np.isfinite(self.df):
            return student(self.rank, self.df, ratio**2 / self.rank)
        return normal(self.rank, ratio**2)


@dataclass(frozen=True, slots=True)
class Contrasts:
    """K contrasts of J arms, judged together.

    matrix : (K, J); estimate, std_error : (K,) unit of the arms; df : (K,)
    p_value : (K,) each alone; p_max_t, p_step_down, p_holm : (K,) for the family
    conf_low, conf_high : (K,) simultaneous (single step), one end infinite where one side is asked; critical : their quantile
    """

    matrix: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    df: np.ndarray
    p_value: np.ndarray
    p_max_t: np.ndarray
    p_step_down: np.ndarray
    p_holm: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    critical: float


def compare(
    estimate: np.ndarray, covariance: np.ndarray, matrix: np.ndarray, *, alternative: Alternative = "two-sided",
    alpha: float = 0.05, df: float | np.ndarray = np.inf, draws: int = DRAWS, seed: int = 0,
) -> Contrasts:  # fmt: skip
    """A family of contrasts with simultaneous intervals and p values adjusted for one another.

    interval: l_k'x -/+ c s_k with c the 1 - alpha quantile of the largest (max-t); p by max-t, by step-down, by Holm

    Parameters
    ----------
    estimate : (J,) one outcome unit; covariance : (J, J) that unit squared.
    matrix : (K, J) weights of the contrasts, as made by `effects`, `against_others`, `pairs` or by hand.
    alternative : what would be a finding: other than zero, above it ("greater") or below it ("less").
    df : one number or (J,), see above. draws : rays, rounded up to a power of two.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `checked`; a contrast without variance; no such alternative.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    weights = np.atleast_2d(np.asarray(matrix, dtype=float))
    if alternative not in ALTERNATIVES:
        choices = ", ".join(ALTERNATIVES)
        raise ComparisonError(
            Message(
                f"no alternative {alternative!r}; choose {choices}",
                f"没有备择 {alternative!r}；可选：{choices}",
            )
        )
    error = standard_errors(sigma, weights)
    free, law_df = degrees(sigma, weights, df)
    theta = weights @ x
    sign = -1.0 if alternative == "less" else 1.0
    t = sign * theta / error
    size = np.abs if alternative == "two-sided" else np.asarray
    alone = stdtr(free, -t) if alternative != "two-sided" else 2 * stdtr(free, -np.abs(t))
    observed = size(to_law(t, free, law_df))
    axes, rays = rays_of(sigma, weights / error[:, None], draws, seed)
    order = np.argsort(-observed, kind="stable")
    largest = np.full(rays.shape[1], -np.inf)  # of the contrasts from the weakest up to this one
    stepped = np.empty(len(theta))
    for some in np.array_split(order[::-1], -(-len(order) // BLOCK)):
        for k, reach in zip(some, size(sign * axes[some] @ rays), strict=True):
            largest = np.maximum(largest, reach)
            law = law_of(largest, axes.shape[1], law_df)
            stepped[k] = law.tail(observed[k])
    stepped[order] = np.maximum.accumulate(stepped[order])
    critical = law.critical(alpha)  # of the whole family, the last law made
    half = from_law(critical, free, law_df) * error
    return Contrasts(
        matrix=weights, estimate=theta, std_error=error, df=free, p_value=alone,
        # probability theory bounds both; integration error must not make a test look surer than it is alone
        p_max_t=np.clip(law.tail(observed), alone, np.minimum(len(theta) * alone, 1.0)),
        p_step_down=np.clip(stepped, alone, holm(alone)), p_holm=holm(alone),
        conf_low=np.full(len(theta), -np.inf) if alternative == "less" else theta - half,
        conf_high=np.full(len(theta), np.inf) if alternative == "greater" else theta + half,
        critical=critical,
    )  # fmt: skip


def effects(n_arms: int) -> np.ndarray:
    """(J, J) family of the arms themselves: each against no programme."""
    return np.eye(n_arms)


def against_others(n_arms: int, *, weights: np.ndarray | None = None) -> np.ndarray:
    """(J, J) family of each arm against the mean of the others, equally weighted unless `weights` (J,) are given.

    Raises
    ------
    ComparisonError : weights that are negative or leave an arm without others.
    """
    share = np.ones(n_arms) if weights is None else np.asarray(weights, dtype=float)
    others = share.sum() - share
    if share.shape != (n_arms,) or not (share >= 0).all() or not (others > 0).all():
        raise ComparisonError(
            Message(
                f"the mean of the others needs {n_arms} weights, none below 0 and more than one above it; got {share}",
                f"“其余的均值”需要{n_arms}个权重，均不小于0，且至少两个大于0；现为 {share}",
            )
        )
    matrix = -np.tile(share, (n_arms, 1)) / others[:, None]
    np.fill_diagonal(matrix, 1.0)
    return matrix


def pairs(n_arms: int) -> np.ndarray:
    """(J (J - 1) / 2, J) family of all pairs, first minus second, in the order (0, 1), (0, 2), ..., (1, 2), ..."""
    first, second = np.triu_indices(n_arms, 1)
    matrix, row = np.zeros((len(first), n_arms)), np.arange(len(first))
    matrix[row, first], matrix[row, second] = 1.0, -1.0
    return matrix


def apart(found: Contrasts) -> np.ndarray:
    """(J, J) whether two arms are told apart by the simultaneous intervals of a family of pairs.

    Raises
    ------
    ComparisonError : the family is not that of all pairs.
    """
    n_arms = found.matrix.shape[1]
    family = pairs(n_arms)
    if found.matrix.shape != family.shape or not np.array_equal(found.matrix, family):
        raise ComparisonError(
            Message(
                "letters belong to the family of all pairs; compare with matrix=pairs(J) first",
                "字母标记只用于所有两两比较；请先以 matrix=pairs(J) 比较",
            )
        )
    first, second = np.triu_indices(n_arms, 1)
    separate = np.zeros((n_arms, n_arms), dtype=bool)
    separate[first, second] = (found.conf_low > 0) | (found.conf_high < 0)
    return separate | separate.T


def letters(estimate: np.ndarray, separate: np.ndarray) -> list[str]:
    """Letters of the arms: two arms share one exactly where they are not told apart. "a" is that of the largest.

    Parameters
    ----------
    estimate : (J,); separate : (J, J) symmetric, as from `apart`.

    Raises
    ------
    ComparisonError : more letters would be needed than there are.
    """
    n_arms = len(estimate)
    columns = [frozenset(range(n_arms))]
    for first, second in zip(*np.nonzero(np.triu(separate, 1)), strict=True):
        split = [c - {gone} for c in columns if {first, second} <= c for gone in (first, second)]
        split += [c for c in columns if not {first, second} <= c]
        columns = [c for c in dict.fromkeys(split) if not any(c < other for other in split)]
    order = np.argsort(-np.asarray(estimate, dtype=float), kind="stable")
    columns.sort(key=lambda column: [arm not in column for arm in order])
    if len(columns) > len(ascii_letters):
        raise ComparisonError(
            Message(
                f"{len(columns)} letters would be needed and there are {len(ascii_letters)}; print the pairs instead",
                f"需要{len(columns)}个字母，而只有{len(ascii_letters)}个；请改为列出各对比较",
            )
        )
    return [
        "".join(letter for letter, column in zip(ascii_letters, columns, strict=False) if arm in column)
        for arm in range(n_arms)
    ]


def checked(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float, df: float | np.ndarray = np.inf, draws: int = 2
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Estimates (J,) and covariance (J, J) as floats, if arms so described can be compared.

    Raises
    ------
    ComparisonError : fewer than two arms, shapes that do not fit, missing values, a covariance that is none, two arms that
        are one estimate under two names, alpha outside (0, 0.5), degrees of freedom not above 0; all that apply at once.
    """
    x, sigma = np.asarray(estimate, dtype=float), np.asarray(covariance, dtype=float)
    if x.ndim != 1 or len(x) < 2 or sigma.shape != (len(x), len(x)):
        raise ComparisonError(
            Message(
                f"a comparison needs at least two arms, (J,) estimates and their (J, J) covariance; "
                f"got {x.shape} and {sigma.shape}",
                f"比较至少需要两个组，估计值为 (J,)，协方差为 (J, J)；现为 {x.shape} 与 {sigma.shape}",
            )
        )
    wrong = _covariance_faults(x, sigma)
    if not 0 < alpha < 0.5:
        wrong.append(
            (f"alpha is {alpha}; it must lie between 0 and 0.5", f"alpha 为 {alpha}；应在0与0.5之间")
        )
    free = np.asarray(df, dtype=float)
    if free.shape not in {(), x.shape} or not (free > 0).all():
        wrong.append((f"degrees of freedom must be one number or {len(x)}, all above 0; got {df}",
                      f"自由度应为一个数或{len(x)}个数，且均大于0；现为 {df}"))  # fmt: skip
    if draws < 2:
        wrong.append((f"draws is {draws}; at least 2", f"draws 为 {draws}；至少为2"))
    if wrong:
        raise ComparisonError(
            Message(
                "the arms cannot be compared:\n" + "\n".join(f"  - {en}" for en, _ in wrong),
                "无法比较各组：\n" + "\n".join(f"  - {zh}" for _, zh in wrong),
            )
        )
    return x, sigma


def _covariance_faults(x: np.ndarray, sigma: np.ndarray) -> list[tuple[str, str]]:
    missing = ~(np.isfinite(x) & np.isfinite(sigma).all(axis=1))
    if missing.any():
        which = _listed(np.flatnonzero(missing))
        return [(f"arms without estimate or covariance (by position): {which}; leave them out by name first",
                 f"以下位置的组没有估计值或协方差：{which}；请先逐一注明并剔除")]  # fmt: skip
    variance = np.diag(sigma)
    if not (variance > 0).all():
        which = _listed(np.flatnonzero(~(variance > 0)))
        return [(f"arms without a positive variance (by position): {which}",
                 f"以下位置的组方差不为正：{which}")]  # fmt: skip
    scale = np.sqrt(variance)
    correlation = sigma / np.outer(scale, scale)
    if not np.allclose(correlation, correlation.T, rtol=0, atol=1e-8):
        return [("the covariance is not symmetric", "协方差矩阵不对称")]
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest < -1e-8:
        return [(f"the covariance is none: the smallest eigenvalue of its correlations is {smallest:.2g}; estimate all arms "
                 "from one influence matrix", f"协方差矩阵不是半正定的：相关矩阵的最小特征值为 {smallest:.2g}；请由同一影响矩阵估计各组")]  # fmt: skip
    first, second = np.triu_indices(len(x), 1)
    between = variance[first] + variance[second] - 2 * sigma[first, second]
    same = between <= SAME * (variance[first] + variance[second])
    if same.any():
        which = _listed([f"{j} = {k}" for j, k in zip(first[same], second[same], strict=True)])
        return [(f"arms whose difference has no variance (by position): {which}; they are one arm under two names, "
                 "keep one of them", f"以下各对组之差没有方差（按位置）：{which}；它们是同一个组的两个名称，请只保留一个")]  # fmt: skip
    return []


def _listed(items: np.ndarray | list[str]) -> str:
    return ", ".join(map(str, items[:10])) + (", ..." if len(items) > 10 else "")


def standard_errors(sigma: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(K,) standard errors of the contrasts `weights` (K, J) of arms with covariance `sigma`.

    Raises
    ------
    ComparisonError : no contrasts, or of another number of arms; contrasts without variance, by row.
    """
    if weights.shape[1:] != (len(sigma),) or not len(weights):
        raise ComparisonError(
            Message(
                f"contrasts of {len(sigma)} arms need a matrix (K, {len(sigma)}), K at least 1; got {weights.shape}",
                f"{len(sigma)}个组的对比须为 (K, {len(sigma)}) 矩阵，K 至少为1；现为 {weights.shape}",
            )
        )
    variance = np.einsum("kj,jl,kl->k", weights, sigma, weights)
    empty = ~(variance > SAME * (weights**2 @ np.diag(sigma)))
    if empty.any():
        which = _listed(np.flatnonzero(empty))
        raise ComparisonError(
            Message(
                f"contrasts without variance (by row): {which}; leave them out",
                f"以下各行的对比没有方差：{which}；请剔除",
            )
        )
    return np.sqrt(variance)


def degrees(sigma: np.ndarray, weights: np.ndarray, df: float | np.ndarray) -> tuple[np.ndarray, float]:
    """(K,) degrees of freedom of the contrasts, and those of the joint law."""
    if np.ndim(df) == 0:
        return np.full(len(weights), float(df)), float(df)
    part = weights**2 * np.diag(sigma)
    with np.errstate(divide="ignore"):  # all infinite: so is the contrast's
        return part.sum(axis=1) ** 2 / (part**2 / np.asarray(df, dtype=float)).sum(axis=1), np.inf


def to_law(t: np.ndarray, free: np.ndarray, law_df: float) -> np.ndarray:
    """Statistics on the scale of the joint law: themselves, or the normal value with the tail of their own t."""
    if np.isfinite(law_df) or np.isinf(free).all():
        return t
    return np.sign(t) * -ndtri(np.maximum(stdtr(free, -np.abs(t)), TINY))


def from_law(critical: np.ndarray | float, free: np.ndarray, law_df: float) -> np.ndarray:
    """Critical values on the scale of each contrast's own t."""
    if np.isfinite(law_df) or np.isinf(free).all():
        return np.broadcast_to(critical, np.broadcast_shapes(np.shape(critical), free.shape))
    return -stdtrit(free, ndtr(-np.asarray(critical)))


def rays_of(sigma: np.ndarray, weights: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(K, rank) axes A and (rank, draws) unit vectors u: A u are the weighted errors along rays, A A' their covariance."""
    from scipy.stats import qmc  # scipy.stats takes 0.6 s to import

    values, vectors = np.linalg.eigh(sigma)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    left, size, _ = np.linalg.svd(weights @ root, full_matrices=False)
    kept = size > 1e-7 * size[0]
    left, size = left[:, kept], size[kept]
    # the same rays whatever the order of the arms
    left = left * np.where((left**3).sum(axis=0) < 0, -1.0, 1.0)
    sobol = qmc.Sobol(len(size), rng=np.random.default_rng(seed))
    points = ndtri(np.clip(sobol.random_base2(int(np.ceil(np.log2(draws)))), 1e-12, 1 - 1e-12))
    return left * size, np.ascontiguousarray((points / np.linalg.norm(points, axis=1, keepdims=True)).T)


def law_of(reach: np.ndarray, rank: int, df: float) -> Largest:
    """The law from the (draws,) largest values along rays, thinned to the means of BINS intervals."""
    place = np.clip(((reach + 1) * (BINS / 2)).astype(int), 0, BINS - 1)
    number = np.bincount(place, minlength=BINS)
    total = np.bincount(place, weights=reach, minlength=BINS)
    live = number > 0
    return Largest(total[live] / number[live], number[live] / len(reach), rank, df)
