"""Effects by weighting with the inverse probability, by regression, and by both.

Hirano, Imbens, Ridder (2003), Econometrica 71; Robins, Rotnitzky, Zhao (1994), JASA 89; Lunceford, Davidian (2004),
Statistics in Medicine 23, sec. 2-3 (normalised weights, influence). Cross-fitting: Chernozhukov et al. (2018),
Econometrics Journal 21, sec. 5.1, with villages as the units of the folds.

    mean_d = sum_i t_i m_d(x_i) / T  +  sum_{D_i = d} o_d(p_i) (y_i - m_d(x_i)) / S_d,   effect = mean_1 - mean_0

t: survey weight of the target, of members (att) or of everybody (ate), T its sum; o_d: weight times 1 and p / (1 - p)
for att, 1 / p and 1 / (1 - p) for ate; S_d: sum of o_d (normalised, Hajek) or T (horvitz_thompson). m_d: linear in x by
least squares in group d. ipw has m = 0, regression_adjustment no second term, aipw both: right if either model is.
Influence counts the estimation of p and of m; both by the delta method on the stacked estimating equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr

from analysis.estimators import _rank
from analysis.members import _gate, _influence
from analysis.members import propensity as score
from analysis.members.propensity import Estimand, Link, Trim
from analysis.members.section import Effect, Section

Normalised = Literal["hajek", "horvitz_thompson"]
SEED = 20201101  # of the folds; the study's seed where there is a study


@dataclass(frozen=True, slots=True)
class _Side:
    """Mean outcome of one group, (n,) influence and (n,) weights of its households."""

    mean: float
    influence: np.ndarray
    weight: np.ndarray


def ipw(
    section: Section,
    *,
    conf_level: float = 0.95,
    estimand: Estimand = "att",
    link: Link = "logit",
    trim: Trim = "none",
) -> Effect:
    """Effect by weighting others by their odds of membership (att) or all by 1 / probability (ate).

    Weights are normalised: without that the estimate would move with the origin of the outcome.

    Raises
    ------
    MemberEffectError : separation, rank, or a trimming rule that leaves a group empty.
    """
    return _weighted("ipw", section, conf_level, estimand, link, trim, "hajek")


def aipw(
    section: Section,
    *,
    conf_level: float = 0.95,
    estimand: Estimand = "att",
    link: Link = "logit",
    trim: Trim = "none",
    normalised: Normalised = "hajek",
    outcome_covariates: np.ndarray | None = None,
) -> Effect:
    """Doubly robust effect: residuals of a regression, weighted; right if either model is.

    Parameters
    ----------
    outcome_covariates : (n, r) covariates of the regression where they differ from those of the propensity.

    Raises
    ------
    MemberEffectError : as `ipw`; too few households for the regression.
    """
    return _weighted("aipw", section, conf_level, estimand, link, trim, normalised, outcome_covariates)


def regression_adjustment(
    section: Section, *, conf_level: float = 0.95, estimand: Estimand = "att"
) -> Effect:
    """Mean of members less the mean that a regression among the others predicts for them.

    Raises
    ------
    MemberEffectError : rank, or too few households for the regression.
    """
    _gate.check(section, conf_level)
    _gate.choice("estimand", estimand, score.ESTIMANDS)
    x = _gate.design(section)
    target = section.weight * (section.treated if estimand == "att" else 1.0)
    nothing = np.zeros(len(target))
    sides = [
        # for the effect on members their own mean needs no model
        _side(section, section.treated, target, None, section.weight * section.treated, None, "hajek")
        if estimand == "att"
        else _side(section, section.treated, target, x, nothing, None, "hajek"),
        _side(section, ~section.treated, target, x, nothing, None, "hajek"),
    ]
    everybody = np.ones(len(target), dtype=bool)
    return _influence.effect(
        "regression_adjustment", sides[0].mean - sides[1].mean, sides[0].influence - sides[1].influence,
        section, everybody, conf_level=conf_level,
    )  # fmt: skip


def aipw_cross_fitted(
    section: Section,
    *,
    conf_level: float = 0.95,
    link: Link = "logit",
    folds: int = 5,
    seed: int = SEED,
) -> Effect:
    """Doubly robust effect on members; every village's models are fitted without its fold of villages.

    tau = sum a_i (y_i - m_0(x_i)) - sum b_i (y_i - m_0(x_i)),  a ~ weight D, b ~ weight (1 - D) p / (1 - p), normalised

    The score is orthogonal to both models, so that their estimation does not enter the error.

    Raises
    ------
    MemberEffectError : as `aipw`, within any fold's complement; more folds than villages.
    """
    _gate.check(section, conf_level)
    ids, code = np.unique(section.cluster, return_inverse=True)
    if not 2 <= folds <= len(ids):
        raise _gate.refusal(
            f"folds = {folds}; give 2 to the number of villages, {len(ids)}",
            f"folds = {folds}；应在 2 与村数 {len(ids)} 之间",
        )
    fold = (np.random.default_rng(seed).permutation(len(ids)) % folds)[code]
    x = _gate.design(section)
    probability, predicted = np.empty(len(code)), np.empty(len(code))
    for held_out in range(folds):
        rest, here = fold != held_out, fold == held_out
        part = _gate.subset(section, rest)
        _gate.check(part)
        made = _gate.design(part)
        fitted = score.fit(made, part, link)
        # coefficients are per unit of each covariate, so they apply to the households held out as they are
        index = fitted.coefficients[0] + section.covariates[here] @ fitted.coefficients[1:]
        probability[here] = 1 / (1 + np.exp(-index)) if link == "logit" else ndtr(index)
        gamma, _ = _regression(part, ~part.treated, x[:, rest])
        predicted[here] = gamma @ x[:, here]
    a = section.weight * section.treated
    b = section.weight * ~section.treated * probability / (1 - probability)
    residual = section.outcome - predicted
    a, b = a / a.sum(), b / b.sum()
    effect = (a - b) @ residual
    influence = a * (residual - a @ residual) - b * (residual - b @ residual)
    notes = (("folds", float(folds)), *_notes(probability, b, 0))
    everybody = np.ones(len(a), dtype=bool)
    return _influence.effect(
        "aipw", effect, influence, section, everybody, conf_level=conf_level, notes=notes
    )


def _weighted(
    method: str,
    section: Section,
    conf_level: float,
    estimand: Estimand,
    link: Link,
    trim: Trim,
    normalised: Normalised,
    outcome_covariates: np.ndarray | None = None,
) -> Effect:
    _gate.check(section, conf_level)
    _gate.choice("estimand", estimand, score.ESTIMANDS)
    _gate.choice("normalised", normalised, ("hajek", "horvitz_thompson"))
    part, rows, fitted = trimmed(section, link=link, trim=trim, estimand=estimand)
    p, slope, weight, treated = fitted.probability, fitted.slope, part.weight, part.treated
    target = weight * (treated if estimand == "att" else 1.0)
    with np.errstate(divide="ignore", over="ignore"):
        if estimand == "att":
            weights = (weight * treated, weight * ~treated * p / (1 - p))
            derivatives = (np.zeros(len(p)), weight * ~treated * slope / (1 - p) ** 2)
        else:
            weights = (weight * treated / p, weight * ~treated / (1 - p))
            derivatives = (-weight * treated * slope / p**2, weight * ~treated * slope / (1 - p) ** 2)
    if not all(np.isfinite(values).all() for values in (*weights, *derivatives)):
        raise _gate.refusal(
            'no overlap: a fitted probability is 0 or 1 to all digits; trim = "crump" or "min_max" leaves it out',
            '没有共同支撑：有拟合概率等于 0 或 1；可用 trim = "crump" 或 "min_max" 排除',
        )
    x = None
    if method == "aipw":
        other = section if outcome_covariates is None else _with(section, outcome_covariates)
        x = _gate.design(_gate.subset(other, rows))
    sides = [
        _side(part, group, target, model, values, (derivative, fitted), normalised)
        for group, model, values, derivative in zip(
            (treated, ~treated), (None if estimand == "att" else x, x), weights, derivatives, strict=True
        )
    ]
    influence = np.zeros(len(rows))
    influence[rows] = sides[0].influence - sides[1].influence
    notes = _notes(p, weights[1], int((~rows).sum()))
    return _influence.effect(
        method, sides[0].mean - sides[1].mean, influence, section, rows, conf_level=conf_level, notes=notes
    )


def trimmed(
    section: Section, *, link: Link, trim: Trim, estimand: Estimand
) -> tuple[Section, np.ndarray, score.Propensity]:
    """The section that a trimming rule keeps, its rows as a mask, and the propensity fitted again on it."""
    fitted = score.scores(section, link=link)
    rows = score.kept(fitted.probability, section.treated, section.weight, rule=trim, estimand=estimand)
    if rows.all():
        return section, rows, fitted
    part = _gate.subset(section, rows)
    return part, rows, score.scores(part, link=link)


def _with(section: Section, covariates: np.ndarray) -> Section:
    names = tuple(f"outcome covariate {k + 1}" for k in range(covariates.shape[1]))
    return Section(section.outcome, section.treated, covariates, names, section.weight, section.cluster)


def _notes(p: np.ndarray, weight: np.ndarray, n_trimmed: int) -> tuple[tuple[str, float], ...]:
    return (
        ("trimmed", float(n_trimmed)),
        ("min_probability", float(p.min())),
        ("max_probability", float(p.max())),
        ("effective_n", _influence.effective_number(weight)),
        ("max_weight", float(weight.max() / weight.sum())),
    )


def _side(
    section: Section,
    group: np.ndarray,
    target: np.ndarray,
    x: np.ndarray | None,
    weight: np.ndarray,
    model: tuple[np.ndarray, score.Propensity] | None,
    normalised: Normalised,
) -> _Side:
    """Mean of one group's outcome in the target, with influence; `weight` zero leaves the weighting out."""
    total = target.sum()
    residual, predicted, gradient, gram = section.outcome, np.zeros(len(target)), None, None
    if x is not None:
        gamma, gram = _regression(section, group, x)
        predicted = gamma @ x
        residual = section.outcome - predicted
        gradient = x @ target / total
    mean = target @ predicted / total
    influence = target * (predicted - mean) / total
    if weight.any():
        size = weight.sum() if normalised == "hajek" else total
        shift = weight @ residual / size
        centre = shift if normalised == "hajek" else 0.0
        influence += weight * (residual - centre) / size
        if normalised != "hajek":
            influence -= target * shift / total
        mean += shift
        if gradient is not None:
            gradient = gradient - x @ weight / size
        if model is not None:
            derivative, fitted = model
            influence += fitted.influence(fitted.design @ (derivative * (residual - centre)) / size)
    if gradient is not None:
        influence += section.weight * group * residual * (np.linalg.solve(gram, gradient) @ x)
    return _Side(float(mean), influence, weight)


def _regression(section: Section, group: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares coefficients among the group and their cross products."""
    inside, q = x[:, group], len(x)
    if inside.shape[1] <= q:
        raise _gate.refusal(
            f"{inside.shape[1]} households do not carry a regression with {q} coefficients",
            f"{inside.shape[1]} 户不足以估计 {q} 个系数的回归",
        )
    weighted = inside * section.weight[group]
    gram = weighted @ inside.T
    dependent = _rank.first_dependent_of_gram(gram)
    if dependent is not None:
        group_en = "members" if section.treated[group].all() else "non-members"
        names = section.names if len(section.names) == q - 1 else tuple(str(k + 1) for k in range(q - 1))
        raise _gate.not_varying(
            names[dependent - 1], inside.shape[1], group_en, "户社员" if group_en == "members" else "户非社员"
        )
    return np.linalg.solve(gram, weighted @ section.outcome[group]), gram
