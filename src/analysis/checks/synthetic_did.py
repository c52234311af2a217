"""Synthetic difference-in-differences, and synthetic control and plain differences by the same weights.

Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021), American Economic Review 111: algorithm 1, errors of
algorithms 3 (jackknife) and 4 (placebo). Staggered adoption: cohort by cohort, as in their appendix.

    effect = sum_i w_i sum_t l_t Y_it,   w: +1/N1 treated, -omega_i others;  l: +1/T1 after, -lambda_t before
    omega  = argmin over the simplex |omega_0 + Y'omega - treated mean|^2 / T0 + zeta^2 |omega|^2

zeta = (N1 T1)^(1/4) sigma, sigma: standard deviation of the others' yearly changes before. Both problems are solved by
Frank-Wolfe steps, once briefly, then again from weights of which those below a quarter of the largest are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import EstimatorError
from analysis.messages import Message

METHODS = ("synthetic_did", "synthetic_control", "differences")
BRIEF, LONG = 100, 10_000  # Frank-Wolfe steps before and after dropping small weights
TIGHT = 1e-6  # times sigma: regularisation that only breaks ties (as the paper's own package)
DECREASE = 1e-5  # times sigma: root of the decrease of the objective below which steps stop


@dataclass(frozen=True, slots=True)
class SyntheticDid:
    """An effect on few treated units.

    estimate : outcome unit, mean over treated units and periods after adoption
    by_period : (T1,) the same for each period after adoption
    unit_weights : (N0,) of untreated units, adding to one, in the order given
    period_weights : (T0,) of periods before adoption; zero for a synthetic control
    fit_error : root mean square of the difference between treated and synthetic path before adoption, level removed
        (except for a synthetic control)
    n_treated, n_untreated : units
    """

    estimate: float
    by_period: np.ndarray
    unit_weights: np.ndarray
    period_weights: np.ndarray
    fit_error: float
    n_treated: int
    n_untreated: int


@dataclass(frozen=True, slots=True)
class SyntheticError:
    """A standard error of the estimate, outcome unit, with the estimates (B,) it was made from."""

    std_error: float
    replicates: np.ndarray
    kind: str


@dataclass(frozen=True, slots=True)
class StaggeredSyntheticDid:
    """Effects on few units that adopt in different years.

    estimate : mean over cohorts, weighted by treated unit-periods; std_error by placebo (NaN where not asked for)
    cohorts : (K,) years; by_cohort : (K,) effects; weight : (K,) adding to one
    left_out : cohorts with fewer than two periods before adoption
    """

    estimate: float
    std_error: float
    cohorts: np.ndarray
    by_cohort: np.ndarray
    weight: np.ndarray
    left_out: tuple[float, ...]
    n_untreated: int


def synthetic_did(
    outcome: np.ndarray, treated: np.ndarray, n_before: int, *, method: str = "synthetic_did"
) -> SyntheticDid:
    """The effect on the treated units of a balanced panel with one adoption date.

    Parameters
    ----------
    outcome : (N, T); treated : (N,) bool; n_before : periods before adoption, the first columns.
    method : synthetic_did, synthetic_control (no period weights, levels matched) or differences (equal weights).

    Raises
    ------
    EstimatorError : fewer than two untreated units or periods before, no period after, missing outcomes.
    """
    y, d = _checked(outcome, treated, n_before)
    return _packed(y, d, n_before, *_solved(y, d, n_before, method))


def placebo_error(
    outcome: np.ndarray, treated: np.ndarray, n_before: int, *, method: str = "synthetic_did", draws: int = 200,
    seed: int = 0,
) -> SyntheticError:  # fmt: skip
    """Standard error from pretending that untreated units were treated, algorithm 4.

    With one treated unit every untreated unit takes its place once and nothing is random. It needs untreated units that
    vary as much as treated ones do.

    Raises
    ------
    EstimatorError : as many treated as untreated units, or more.
    """
    y, d = _checked(outcome, treated, n_before)
    others, n1 = y[~d], int(d.sum())
    if len(others) < n1 + 2:
        raise EstimatorError(
            Message(
                f"{len(others)} untreated units cannot stand in for {n1} treated ones",
                f"{len(others)} 个未处理单位不足以替代 {n1} 个处理单位",
            )
        )
    chosen = pretended(len(others), n1, draws, seed)
    values = pretended_estimates(others, chosen, chosen, n_before, method)
    return SyntheticError(float(values.std()), values, "placebo")


def jackknife_error(
    outcome: np.ndarray, treated: np.ndarray, n_before: int, *, method: str = "synthetic_did"
) -> SyntheticError:
    """Standard error from leaving out one unit at a time with weights held, algorithm 3; conservative.

    Raises
    ------
    EstimatorError : one treated unit, or one untreated unit with all the weight: use the placebo error.
    """
    y, d = _checked(outcome, treated, n_before)
    omega, period = _solved(y, d, n_before, method)
    if d.sum() < 2 or (omega > 0).sum() < 2:
        raise EstimatorError(
            Message(
                "with one treated unit, or one untreated unit that carries all weight, there is no jackknife; use the "
                "placebo error",
                "只有一个处理单位，或权重集中于一个未处理单位时无法用刀切法；请用安慰剂标准误",
            )
        )
    change = y[:, n_before:].mean(axis=1) - y[:, :n_before] @ period
    up, down, n1 = change[d].sum(), omega @ change[~d], d.sum()
    without = np.concatenate(
        [
            (up - change[d]) / (n1 - 1) - down,
            up / n1 - (down - omega * change[~d]) / (1 - omega),
        ]
    )
    n = len(y)
    return SyntheticError(
        float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())), without, "jackknife"
    )


def staggered_synthetic_did(
    outcome: np.ndarray, cohort: np.ndarray, years: np.ndarray, *, method: str = "synthetic_did", draws: int = 0,
    seed: int = 0,
) -> StaggeredSyntheticDid:  # fmt: skip
    """Cohort by cohort against the never treated, averaged by treated unit-periods.

    Parameters
    ----------
    outcome : (N, T); cohort : (N,) float, inf = never; years : (T,) increasing.
    draws : placebo assignments of the cohorts' dates to never treated units, for the error; 0 = no error.

    Raises
    ------
    EstimatorError : no cohort with two periods before, fewer than two never treated, too few for placebos.
    """
    y, g, years = np.asarray(outcome, dtype=float), np.asarray(cohort, dtype=float), np.asarray(years)
    never = np.isinf(g)
    adopting = np.unique(g[~never])
    before = np.searchsorted(years, adopting)
    usable = (before >= 2) & (before < len(years))
    if not usable.any():
        raise EstimatorError(
            Message(
                "no cohort has two periods before adoption and one after it",
                "没有任何批次在处理前有两期、处理后有一期",
            )
        )
    adopting, before, left_out = adopting[usable], before[usable], tuple(float(c) for c in adopting[~usable])
    size = np.array([(g == c).sum() for c in adopting])
    weight = size * (len(years) - before) / (size @ (len(years) - before))

    def effects(panel: np.ndarray, date: np.ndarray) -> np.ndarray:
        found = []
        for c, n_before in zip(adopting, before, strict=True):
            rows = (date == c) | np.isinf(date)
            found.append(synthetic_did(panel[rows], date[rows] == c, int(n_before), method=method).estimate)
        return np.array(found)

    by_cohort, error = effects(y, g), np.nan
    if draws:
        pool = y[never]
        if len(pool) < size.sum() + 2:
            raise EstimatorError(
                Message(
                    f"{len(pool)} never treated units cannot stand in for {size.sum()} treated ones",
                    f"{len(pool)} 个从未处理单位不足以替代 {size.sum()} 个处理单位",
                )
            )
        chosen, error = pretended(len(pool), int(size.sum()), draws, seed), 0.0
        replicates = np.zeros(len(chosen))
        ends = np.cumsum(size)
        for k, n_before in enumerate(before):
            own = chosen[:, ends[k] - size[k] : ends[k]]
            replicates += weight[k] * pretended_estimates(pool, own, chosen, int(n_before), method)
        error = float(replicates.std())
    return StaggeredSyntheticDid(
        float(weight @ by_cohort), error, adopting, by_cohort, weight, left_out, int(never.sum())
    )


def _checked(outcome: np.ndarray, treated: np.ndarray, n_before: int) -> tuple[np.ndarray, np.ndarray]:
    y, d = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    if not (
        y.ndim == 2 and np.isfinite(y).all() and 2 <= n_before < y.shape[1] and 0 < d.sum() <= len(d) - 2
    ):
        raise EstimatorError(
            Message(
                f"{int(d.sum())} treated and {int((~d).sum())} untreated units, {n_before} periods before: a treated unit, "
                "two untreated ones, two periods before and one after are needed, and no missing outcome",
                f"处理单位 {int(d.sum())}、未处理单位 {int((~d).sum())}、处理前 {n_before} 期：至少需要一个处理单位、两个"
                "未处理单位、处理前两期与处理后一期，且结果无缺失",
            )
        )
    return y, d


def pretended(n: int, n_treated: int, draws: int, seed: int) -> np.ndarray:
    """(B, n_treated) positions of pretended treated units among n; each once if one is treated."""
    if n_treated == 1:
        return np.arange(n)[:, None]
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)[:, :n_treated]


def _weights(
    others: np.ndarray, goal: np.ndarray, n_treated: int, n_before: int, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """(B, N0) unit and (B, T0) period weights of B problems: others (B, N0, T), goal (B, T0) mean of the treated."""
    if method not in METHODS:
        choices = ", ".join(METHODS)
        raise EstimatorError(
            Message(f"no method {method!r}; choose {choices}", f"没有 {method!r}；可选：{choices}")
        )
    count, n0, periods = others.shape
    if method == "differences":
        return np.full((count, n0), 1 / n0), np.full((count, n_before), 1 / n_before)
    before, after = others[:, :, :n_before], others[:, :, n_before:].mean(axis=2)
    sigma = np.diff(before, axis=2).reshape(count, -1).std(axis=1, ddof=1)
    path = before.transpose(0, 2, 1)
    if method == "synthetic_control":
        return _simplex(path, goal, TIGHT * sigma, sigma), np.zeros((count, n_before))
    period = _simplex(
        before - before.mean(axis=1, keepdims=True),
        after - after.mean(axis=1, keepdims=True),
        TIGHT * sigma,
        sigma,
    )
    zeta = (n_treated * (periods - n_before)) ** 0.25 * sigma
    unit = _simplex(
        path - path.mean(axis=1, keepdims=True), goal - goal.mean(axis=1, keepdims=True), zeta, sigma
    )
    return unit, period


def pretended_estimates(
    pool: np.ndarray, chosen: np.ndarray, taken: np.ndarray, n_before: int, method: str
) -> np.ndarray:
    """(B,) estimates with the units `chosen` (B, n) of `pool` (N, T) as treated, all but `taken` (B, m) as untreated."""
    fake = np.zeros((len(taken), len(pool)), dtype=bool)
    np.put_along_axis(fake, taken, True, axis=1)
    others = np.stack([pool[~row] for row in fake])
    treated = pool[chosen].mean(axis=1)
    unit, period = _weights(others, treated[:, :n_before], chosen.shape[1], n_before, method)
    gap = treated - np.einsum("bn,bnt->bt", unit, others)
    return gap[:, n_before:].mean(axis=1) - (gap[:, :n_before] * period).sum(axis=1)


def _simplex(a: np.ndarray, b: np.ndarray, zeta: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """(B, c) argmin over the simplex of |a x - b|^2 / rows + zeta^2 |x|^2, in the two rounds that the module names.

    B problems at once: a (B, rows, c), b (B, rows), zeta and sigma (B,).
    """
    start = np.full((len(a), a.shape[2]), 1 / a.shape[2])
    first = _frank_wolfe(a, b, zeta, DECREASE * sigma, BRIEF, start)
    kept = np.where(first > first.max(axis=1, keepdims=True) / 4, first, 0.0)
    return _frank_wolfe(a, b, zeta, DECREASE * sigma, LONG, kept / kept.sum(axis=1, keepdims=True))


def _frank_wolfe(
    a: np.ndarray, b: np.ndarray, zeta: np.ndarray, smallest: np.ndarray, steps: int, start: np.ndarray
) -> np.ndarray:
    """Frank-Wolfe with exact line search until the objective falls by at most smallest^2 in a step."""
    rows = b.shape[1]
    gram = a.transpose(0, 2, 1) @ a + (rows * zeta**2)[:, None, None] * np.eye(a.shape[2])
    cross = (a.transpose(0, 2, 1) @ b[:, :, None])[:, :, 0]
    gx = (gram @ start[:, :, None])[:, :, 0]
    state = [
        start.copy(),
        gx,
        (start * gx).sum(axis=1),
        (start * cross).sum(axis=1),
        gram,
        cross,
        smallest**2,
    ]
    # Only problems still at work are carried on; `at` says which they are.
    solved, at = start.copy(), np.arange(len(a))
    for step in range(steps):
        x, gx, xgx, xc, gram, cross, floor = state
        toward, lane = (gx - cross).argmin(axis=1), np.arange(len(at))
        own, pull, corner = gx[lane, toward], cross[lane, toward], gram[lane, toward]
        peak = corner[lane, toward]
        slope, curve = own - pull - xgx + xc, peak - 2 * own + xgx
        size = np.minimum(np.maximum(-slope, 0.0) / np.maximum(curve, 1e-300), 1.0)
        rest = 1 - size
        x *= rest[:, None]
        x[lane, toward] += size
        gx *= rest[:, None]
        gx += size[:, None] * corner
        state[2] = rest**2 * xgx + 2 * size * rest * own + size**2 * peak
        state[3] = rest * xc + size * pull
        going = -size * (2 * slope + size * curve) / rows > floor
        if step and not going.all():
            solved[at[~going]] = x[~going]
            if not going.any():
                return solved
            at, state = at[going], [part[going] for part in state]
    solved[at] = state[0]
    return solved


def _solved(y: np.ndarray, d: np.ndarray, n_before: int, method: str) -> tuple[np.ndarray, np.ndarray]:
    """(N0,) unit and (T0,) period weights of the one problem of the data."""
    unit, period = _weights(y[None, ~d], y[d, :n_before].mean(axis=0)[None], int(d.sum()), n_before, method)
    return unit[0], period[0]


def _packed(
    y: np.ndarray, d: np.ndarray, n_before: int, unit: np.ndarray, period: np.ndarray
) -> SyntheticDid:
    gap = y[d].mean(axis=0) - unit @ y[~d]
    by_period = gap[n_before:] - gap[:n_before] @ period
    before = gap[:n_before] - (gap[:n_before].mean() if period.any() else 0.0)
    return SyntheticDid(
        float(by_period.mean()), by_period, unit, period, float(np.sqrt((before**2).mean())), int(d.sum()),
        int((~d).sum()),
    )  # fmt: skip
