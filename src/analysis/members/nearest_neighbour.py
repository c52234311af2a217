"""Effect by comparing each member with the nearest non-members.

Abadie, Imbens (2006), Large sample properties of matching estimators, Econometrica 74: theorem 7 and eq. 14 (errors);
Abadie, Imbens (2011), Journal of Business and Economic Statistics 29, sec. 2 (bias adjustment by regression); Abadie,
Imbens (2016), Matching on the estimated propensity score, Econometrica 84: theorems 1 and 2, sec. 4 (adjustment for
the estimated score). Without replacement: Abadie, Spiess (2022), JASA 117, sec. 3.

    tau = sum_i w_i d_i,   d_i = (2 D_i - 1) (y_i - mean of its set),   w_i ~ survey weight of the target
    V = sum_i w_i^2 (d_i - tau)^2 + sum_j (K_j^2 + 2 w_j K_j - K'_j) s_j^2,   K_j = sum_i w_i m_ij, K'_j = sum_i w_i^2 m_ij^2

m_ij: weight of j in the set of i; s_j^2: variance of the outcome given covariates, from the nearest of the own group.
These errors take households as unrelated. Where villages share shocks, errors = "village" sums by village

    psi_i = w_i (mu_1(z_i) - mu_0(z_i) - tau) + (2 D_i - 1) (w_i + K_i) (y_i - mu_D(z_i)),

mu linear in what is matched on, or in all covariates where they adjust for bias. This takes the sets, and a fitted
propensity, as given. The bootstrap is not valid here (Abadie, Imbens 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from analysis.members import _gate, _influence, _neighbours, weighting
from analysis.members import propensity as score
from analysis.members.propensity import Estimand, Link, Trim
from analysis.members.section import Effect, Section

Distance = Literal["logit", "probability", "mahalanobis", "inverse_variance"]
DISTANCES: tuple[str, ...] = ("logit", "probability", "mahalanobis", "inverse_variance")
TIE = 1e-14  # squared standard deviations: households as near as rounding can tell


@dataclass(frozen=True, slots=True)
class Matched:
    """Who was compared with whom.

    sets : (n, n) sparse, row i: weights of its comparison households, summing to one; empty where unmatched
    target : (n,) weights of the matched households over whom the effect is averaged, summing to one
    use : (n,) weight of every household as somebody's comparison, K
    use_square : (n,) K', sum of the squares
    """

    sets: sparse.csr_array
    target: np.ndarray
    use: np.ndarray
    use_square: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """(n,) weights under which both groups have the covariates of the target: for tables of balance."""
        return self.target + self.use


def estimate(
    section: Section,
    *,
    conf_level: float = 0.95,
    distance: Distance = "logit",
    neighbours: int = 1,
    replacement: Literal["with", "without"] = "with",
    caliper: float = np.inf,
    bias: Literal["none", "regression"] = "none",
    errors: Literal["abadie_imbens", "village"] = "abadie_imbens",
    estimand: Estimand = "att",
    within: np.ndarray | None = None,
    link: Link = "logit",
    trim: Trim = "none",
    variance_neighbours: int = 2,
    tie_tolerance: float = TIE,
) -> Effect:
    """Effect on members (att) or on all (ate) by nearest neighbours.

    Parameters
    ----------
    distance : logit or probability of the propensity, in standard deviations; mahalanobis or inverse_variance of the
        covariates.
    neighbours : k; everybody as near as the k-th is taken too, with equal claim.
    replacement : without: greedy from the highest propensity down, effect on members only.
    caliper : largest distance (logit: standard deviations of the logit); members without anybody are left out, counted.
    bias : regression subtracts what covariates that still differ predict.
    errors : abadie_imbens (households unrelated; counts the estimated propensity) or village.
    within : (n,) strata; comparisons stay inside.
    variance_neighbours : neighbours of the own group behind s_j^2; 0 takes one variance for all.
    tie_tolerance : squared distance within which neighbours are equally near.

    Raises
    ------
    MemberEffectError : nobody within the caliper or stratum; unknown option; what the propensity refuses.
    """
    _gate.check(section, conf_level)
    _gate.choice("bias", bias, ("none", "regression"))
    _gate.choice("errors", errors, ("abadie_imbens", "village"))
    on_score = distance in ("logit", "probability")
    part, rows, fitted, points = _points(section, distance, link, trim, estimand)
    strata = None if within is None else np.asarray(within)[rows]
    matched = match(
        part, points, neighbours=neighbours, replacement=replacement, caliper=caliper, estimand=estimand,
        within=strata, tie_tolerance=tie_tolerance, first=None if fitted is None else -fitted.index,
    )  # fmt: skip
    sign, y, x = np.where(part.treated, 1.0, -1.0), part.outcome, _gate.design(part)
    plain = sign * (y - matched.sets @ y)
    predicted = _predictions(part, x, matched)
    opposite = np.where(part.treated, predicted[0], predicted[1])
    expected = np.where(part.treated, *(matched.sets @ m for m in predicted))
    corrected = plain - sign * (opposite - expected)
    each = corrected if bias == "regression" else plain
    effect = float(matched.target @ each)
    if bias == "none":
        predicted = _predictions(part, np.vstack([np.ones(len(y)), points.T]), matched)
    influence = np.zeros(len(rows))
    influence[rows] = _influence_of(part, matched, predicted, sign)
    used = np.zeros(len(rows), dtype=bool)
    used[rows] = matched.weight > 0
    notes = _notes(section, part, matched, estimand)
    clustered = _influence.effect(
        "nearest_neighbour", effect, influence, section, used, conf_level=conf_level, notes=notes
    )
    if errors == "village":
        return clustered
    noise = _noise(part, points, strata, matched, plain, effect, variance_neighbours, tie_tolerance)
    excess = matched.use**2 + 2 * matched.target * matched.use - matched.use_square
    variance = float((matched.target**2) @ (each - effect) ** 2 + excess @ noise)
    known = variance
    if on_score and replacement == "with" and np.ptp(part.weight) == 0:
        near = max(variance_neighbours, 1) + 1
        variance += _estimated_score(
            part, fitted, points, matched, plain, effect, estimand, near, tie_tolerance
        )
        # in small samples the estimated gain can exceed what it is a gain on
        variance = variance if variance > 0 else known
    notes += (
        ("error_score_known", float(np.sqrt(known))),
        ("error_village", clustered.std_error),
    )
    return _influence.with_error(
        "nearest_neighbour", effect, float(np.sqrt(variance)), np.inf, section, used,
        conf_level=conf_level, notes=notes,
    )  # fmt: skip


def match(
    section: Section,
    points: np.ndarray,
    *,
    neighbours: int = 1,
    replacement: Literal["with", "without"] = "with",
    caliper: float = np.inf,
    estimand: Estimand = "att",
    within: np.ndarray | None = None,
    tie_tolerance: float = TIE,
    first: np.ndarray | None = None,
) -> Matched:
    """Comparison sets among points (n, r) whose Euclidean distance counts.

    Raises
    ------
    MemberEffectError : nobody can be matched, or an option is unknown.
    """
    _gate.choice("replacement", replacement, ("with", "without"))
    _gate.choice("estimand", estimand, score.ESTIMANDS)
    if neighbours < 1 or not caliper > 0:
        raise _gate.refusal(
            f"neighbours = {neighbours}, caliper = {caliper}; give 1 or more and a distance above 0",
            f"neighbours = {neighbours}，caliper = {caliper}；近邻数至少为 1，卡尺应大于 0",
        )
    apart, limit = _neighbours.with_strata(points, within)
    limit = min(limit, caliper)
    inside, outside = np.flatnonzero(section.treated), np.flatnonzero(~section.treated)
    if replacement == "without":
        if estimand != "att":
            raise _gate.refusal(
                'replacement = "without" gives the effect on members only; estimand = "att"',
                'replacement = "without" 只能估计对社员的效应；请用 estimand = "att"',
            )
        order = -points[:, 0] if first is None else first
        found = _neighbours.without_replacement(
            apart, inside, outside, neighbours, limit=limit, first=_ranks(order, section.cluster)
        )
    else:
        options = {"limit": limit, "tie_tolerance": tie_tolerance}
        found = _neighbours.sets(apart, inside, outside, neighbours, **options)
        if estimand == "ate":
            found = found + _neighbours.sets(apart, outside, inside, neighbours, **options)
    sets = _neighbours.averages(sparse.csr_array(found), section.weight)
    matched = np.diff(sets.indptr) > 0
    if matched.sum() < 2:
        raise _gate.refusal(
            f"{int(matched.sum())} households have a comparison within the caliper and stratum; widen them",
            f"在卡尺与分层之内只有 {int(matched.sum())} 户找到比较对象；请放宽",
        )
    target = section.weight * matched
    target = target / target.sum()
    square = sets.copy()
    square.data = square.data**2
    return Matched(sets, target, sets.T @ target, square.T @ target**2)


def _ranks(order: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Places in the order of `order`, ties by village."""
    _, code = np.unique(cluster, return_inverse=True)
    place = np.empty(len(order))
    place[np.lexsort((code, np.round(order, 12)))] = np.arange(len(order))
    return place


def _points(
    section: Section, distance: str, link: Link, trim: Trim, estimand: Estimand
) -> tuple[Section, np.ndarray, score.Propensity | None, np.ndarray]:
    """The section after trimming, its rows, its propensity where one is fitted, and its points."""
    _gate.choice("distance", distance, DISTANCES)
    if distance in ("logit", "probability") or trim != "none":
        part, rows, fitted = weighting.trimmed(section, link=link, trim=trim, estimand=estimand)
    else:
        part, rows, fitted = section, np.ones(len(section.outcome), dtype=bool), None
    if distance == "mahalanobis":
        return part, rows, fitted, _neighbours.mahalanobis(part.covariates, part.weight)
    if distance == "inverse_variance":
        return part, rows, fitted, _neighbours.scaled(part.covariates, part.weight)
    values = fitted.index if distance == "logit" else fitted.probability
    return part, rows, fitted, _neighbours.scaled(values[:, None], part.weight)


def _predictions(section: Section, x: np.ndarray, matched: Matched) -> tuple[np.ndarray, np.ndarray]:
    """(n,) linear predictions from matched non-members and from members, weighted by their use."""
    made = []
    for group in (~section.treated, section.treated):
        used = group & (matched.use > 0)
        weight = matched.use if used.any() else section.weight
        chosen = used if used.any() else group
        root = np.sqrt(weight[chosen])
        # minimum norm: a covariate constant among those matched predicts no difference
        gamma = np.linalg.lstsq((x[:, chosen] * root).T, section.outcome[chosen] * root, rcond=1e-10)[0]
        made.append(gamma @ x)
    return made[0], made[1]


def _influence_of(
    section: Section, matched: Matched, predicted: tuple[np.ndarray, np.ndarray], sign: np.ndarray
) -> np.ndarray:
    """(n,) influence of households, for sums by village; it sums to zero."""
    own = np.where(section.treated, predicted[1], predicted[0])
    residual = sign * matched.weight * (section.outcome - own)
    gain = predicted[1] - predicted[0]
    return matched.target * (gain - matched.target @ gain - residual.sum()) + residual


def _noise(
    section: Section,
    points: np.ndarray,
    within: np.ndarray | None,
    matched: Matched,
    each: np.ndarray,
    effect: float,
    near: int,
    tie_tolerance: float,
) -> np.ndarray:
    """(n,) variance of the outcome given covariates: within each household and its `near` nearest of the own group.

    Everybody in such a set informs on it: Abadie, Imbens (2006, eq. 14) take the household's own deviation only, which
    has the same mean and more noise.
    """
    y = section.outcome
    if near == 0:
        spread = matched.sets @ y**2 - (matched.sets @ y) ** 2
        return np.full(len(y), 0.5 * float(matched.target @ ((each - effect) ** 2 + spread)))
    found = sum(
        _neighbours.sets(points, rows, rows, near + 1, tie_tolerance=tie_tolerance)
        for rows in (np.flatnonzero(section.treated), np.flatnonzero(~section.treated))
    )
    size, centred = found.sum(axis=1), y - y.mean()
    square = found @ centred**2 - (found @ centred) ** 2 / size
    return np.maximum(square, 0.0) / np.maximum(size - 1, 1)


def _estimated_score(
    section: Section,
    fitted: score.Propensity,
    points: np.ndarray,
    matched: Matched,
    each: np.ndarray,
    effect: float,
    estimand: Estimand,
    near: int,
    tie_tolerance: float,
) -> float:
    """What estimating the propensity adds to the variance: - c' I^-1 c, for members + t' I^-1 t as well.

    c = mean of (cov(x, y | p, 1) / p + cov(x, y | p, 0) / (1 - p)) f;  for members
    c = mean over members of f x (d_p - tau) + f (cov(x, y | p, 1) + p / (1 - p) cov(x, y | p, 0)), t = f x (d_x - tau)
    with d_p from neighbours on the score, d_x from neighbours on the covariates, f the slope of the probability.
    """
    x, f, p, n = fitted.design, fitted.slope, fitted.probability, len(each)
    everybody, treated = np.arange(n), section.treated
    options = {"tie_tolerance": tie_tolerance}
    covariance = [
        _covariances(
            _neighbours.sets(points, everybody, np.flatnonzero(group), near, **options), x, section.outcome
        )
        for group in (treated, ~treated)
    ]
    if estimand == "ate":
        c = (covariance[0] / p + covariance[1] / (1 - p)) @ f / n
        return -float(c @ np.linalg.solve(fitted.information, c))
    n_treated = int(treated.sum())
    sign = np.where(treated, 1.0, -1.0)
    outside, inside = np.flatnonzero(~treated), np.flatnonzero(treated)
    k = max(1, round(float(np.diff(matched.sets.indptr)[treated].mean())))
    on_score = each.copy()
    back = _neighbours.averages(_neighbours.sets(points, outside, inside, k, **options), section.weight)
    on_score[outside] = -(section.outcome - back @ section.outcome)[outside]
    turned = _neighbours.mahalanobis(section.covariates, section.weight)
    across = _neighbours.sets(turned, inside, outside, near, **options) + _neighbours.sets(
        turned, outside, inside, near, **options
    )
    across = _neighbours.averages(sparse.csr_array(across), section.weight)
    on_covariates = sign * (section.outcome - across @ section.outcome)
    c = x @ (f * (on_score - effect)) + (covariance[0] + covariance[1] * p / (1 - p)) @ f
    t = x @ (f * (on_covariates - effect))
    solved = np.linalg.solve(fitted.information, np.column_stack([c, t]) / n_treated)
    return float(t @ solved[:, 1] - c @ solved[:, 0]) / n_treated


def _covariances(sets: sparse.csr_array, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(q, n) covariance of every covariate with the outcome inside each household's set."""
    size = sets.sum(axis=1)
    products = sets @ (x * y).T - (sets @ x.T) * (sets @ y / size)[:, None]
    return products.T / np.maximum(size - 1, 1)


def _notes(
    section: Section, part: Section, matched: Matched, estimand: Estimand
) -> tuple[tuple[str, float], ...]:
    asked = part.treated if estimand == "att" else np.ones(len(part.outcome), dtype=bool)
    comparison = matched.use[~part.treated]
    return (
        ("trimmed", float(len(section.outcome) - len(part.outcome))),
        ("unmatched", float((asked & (matched.target == 0)).sum())),
        ("effective_n", _influence.effective_number(comparison)),
        ("max_weight", float(comparison.max() / comparison.sum())),
    )


def matched_section(section: Section, **options: object) -> Matched:
    """The comparison sets that `estimate` uses without trimming, for tables of balance.

    Parameters
    ----------
    options : distance, link, estimand, and those of `match`.

    Raises
    ------
    MemberEffectError : as `estimate`.
    """
    chosen = {"distance": "logit", "link": "logit", "estimand": "att"} | options
    part, _, fitted, points = _points(
        section, chosen.pop("distance"), chosen.pop("link"), "none", chosen["estimand"]
    )
    return match(part, points, first=None if fitted is None else -fitted.index, **chosen)
