"""What a model costs: components by who bears them, on one yearly basis, and grants counted once.

Capital is spread over its life by the annuity that repays it (rate, years); a loan costs its granter the interest it
forgoes. Two perspectives: the county treasury pays grants and interest subsidies; society gives up what grants bought,
what the village put in and its members' labour at a shadow wage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

POOLED_BELOW = (
    5  # cooperatives with recorded costs, below which a model's mean cost is drawn towards the others'
)
PERSPECTIVES = {
    "treasury": ("grants", "loan_subsidy"),
    "society": ("grants", "loan_subsidy", "village_assets", "labour"),
}


@dataclass(frozen=True, slots=True)
class Components:
    """Yearly costs of n cooperatives, yuan of one year's prices, not negative.

    grants : (n,) fiscal grants, annualised; loan_subsidy : (n,) interest forgone on loans
    village_assets : (n,) annualised assets that the village put in, without what grants paid for
    labour : (n,) members' unpaid days at the shadow wage
    """

    grants: np.ndarray
    loan_subsidy: np.ndarray
    village_assets: np.ndarray
    labour: np.ndarray


@dataclass(frozen=True, slots=True)
class MeanCosts:
    """Mean yearly cost per cooperative of J models, yuan.

    mean, std_error : (J,) as used; raw : (J,) plain means; n : (J,) cooperatives; pooled : (J,) whether drawn towards
    the others' mean because fewer than POOLED_BELOW are recorded
    """

    models: tuple[str, ...]
    mean: np.ndarray
    std_error: np.ndarray
    raw: np.ndarray
    n: np.ndarray
    pooled: np.ndarray


def annualised(capital: np.ndarray, *, rate: float, years: float) -> np.ndarray:
    """Yearly cost of capital (n,): capital x rate / (1 - (1 + rate)^-years), capital / years at rate 0.

    Raises
    ------
    ComparisonError : a negative rate or a life that is not positive.
    """
    if rate < 0 or not years > 0:
        raise ComparisonError(
            Message(
                f"capital cannot be spread at rate {rate:g} over {years:g} years; the rate is at least 0, the life positive",
                f"无法按利率 {rate:g}、年限 {years:g} 年分摊资本；利率不小于 0，年限必须为正",
            )
        )
    factor = 1 / years if rate == 0 else rate / -np.expm1(-years * np.log1p(rate))
    return np.asarray(capital, dtype=float) * factor


def loan_subsidy(principal: np.ndarray, *, market_rate: float, paid_rate: np.ndarray | float) -> np.ndarray:
    """Yearly interest forgone on loans (n,): principal x (market rate - rate paid), not below zero."""
    return np.asarray(principal, dtype=float) * np.maximum(
        market_rate - np.asarray(paid_rate, dtype=float), 0.0
    )


def total(components: Components, perspective: str) -> np.ndarray:
    """(n,) yearly cost as the treasury or society bears it.

    Raises
    ------
    ComparisonError : an unknown perspective, or costs that are missing or negative; counts them by component.
    """
    if perspective not in PERSPECTIVES:
        told = ", ".join(PERSPECTIVES)
        raise ComparisonError(
            Message(
                f"no perspective {perspective!r}; choose {told}",
                f"没有 {perspective!r} 这一视角；可选：{told}",
            )
        )
    parts = {name: np.asarray(getattr(components, name), dtype=float) for name in PERSPECTIVES[perspective]}
    bad = {name: int((~(part >= 0)).sum()) for name, part in parts.items() if not (part >= 0).all()}
    if bad:
        told = ", ".join(f"{name}: {count}" for name, count in bad.items())
        raise ComparisonError(
            Message(
                f"costs are missing or negative ({told}); a missing cost is not zero, complete it or leave it out by name",
                f"成本缺失或为负（{told}）；缺失不等于零，请补全或说明后剔除",
            )
        )
    return np.sum(list(parts.values()), axis=0)


def require_counted_once(unit: np.ndarray, grant_in_income: np.ndarray, grant_in_cost: np.ndarray) -> None:
    """Nothing where no grant is both income that the programme brought and a cost of it.

    Parameters
    ----------
    unit : (n,) ids; grant_in_income : (n,) yuan of grants booked as collective income in the outcome
    grant_in_cost : (n,) yuan of grants in the cost

    Raises
    ------
    ComparisonError : some grant is in both; names cooperatives and the sum. `net_of_grants` mends the outcome.
    """
    twice = np.minimum(np.asarray(grant_in_income, dtype=float), np.asarray(grant_in_cost, dtype=float))
    both = twice > 0
    if not both.any():
        return
    examples = ", ".join(map(str, np.asarray(unit)[both][:3]))
    raise ComparisonError(
        Message(
            f"grants are counted twice in {int(both.sum())} cooperatives, e.g. {examples}: {twice[both].sum():,.0f} yuan "
            "are income in the outcome and cost at once; take them out of income (net_of_grants) or out of the cost",
            f"{int(both.sum())} 个合作社（如 {examples}）的补助被重复计算：{twice[both].sum():,.0f} 元既计入收入又计入成本；"
            "请从收入中扣除（net_of_grants），或从成本中扣除",
        )
    )


def net_of_grants(income: np.ndarray, grant_in_income: np.ndarray) -> np.ndarray:
    """Collective income without the grants booked in it, yuan, same shape.

    Raises
    ------
    ComparisonError : grants missing or negative.
    """
    grants = np.asarray(grant_in_income, dtype=float)
    if not (grants >= 0).all():
        raise ComparisonError(
            Message(
                f"{int((~(grants >= 0)).sum())} grants booked in income are missing or negative",
                f"收入中的补助有 {int((~(grants >= 0)).sum())} 个缺失或为负",
            )
        )
    return np.asarray(income, dtype=float) - grants


def mean_costs(cost: np.ndarray, model: np.ndarray) -> MeanCosts:
    """Mean cost of every model; those with few recorded costs drawn towards the others'.

    Means within models have variance s^2 / n_m, s^2 pooled over models (few costs do not tell their own variance).
    Between models: c_m ~ N(mu, tau^2), tau^2 by DerSimonian, Laird (1986), Controlled Clinical Trials 7. Models with
    fewer than POOLED_BELOW costs get (tau^2 c_m + v_m mu) / (tau^2 + v_m), with variance tau^2 v_m / (tau^2 + v_m) +
    (v_m / (tau^2 + v_m))^2 var(mu).

    Raises
    ------
    ComparisonError : no model has two costs, so that their variation is unknown.
    """
    names, code, n = np.unique(np.asarray(model).astype(str), return_inverse=True, return_counts=True)
    values = np.asarray(cost, dtype=float)
    raw = np.bincount(code, weights=values) / n
    if not (n > 1).any():
        raise ComparisonError(
            Message(
                "every model has one recorded cost; how costs vary within models is unknown",
                "每种模式只有一个成本记录，无法得知模式内部的差异",
            )
        )
    variance = ((values - raw[code]) ** 2).sum() / (n - 1).sum() / n
    mean, error = raw, np.sqrt(variance)
    few = n < POOLED_BELOW
    if few.any() and len(names) > 2 and variance.min() > 0:
        weight = 1 / variance
        centre = weight @ raw / weight.sum()
        excess = weight @ (raw - centre) ** 2 - (len(names) - 1)
        between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
        random = 1 / (variance + between)
        centre, of_centre = random @ raw / random.sum(), 1 / random.sum()
        pull = variance / (variance + between)
        mean = np.where(few, (1 - pull) * raw + pull * centre, raw)
        error = np.sqrt(np.where(few, (1 - pull) * variance + pull**2 * of_centre, variance))
    else:
        few = np.zeros(len(names), dtype=bool)
    return MeanCosts(tuple(str(name) for name in names), mean, error, raw, n, few)


def cost_draws(mean: np.ndarray, std_error: np.ndarray, *, draws: int = 20_000, seed: int) -> np.ndarray:
    """(draws, J) costs: gamma with these means and errors (J,), so that none is negative; fixed where the error is 0.

    Raises
    ------
    ComparisonError : a mean that is not positive while its error is, or a negative error.
    """
    mean, std_error = np.asarray(mean, dtype=float), np.asarray(std_error, dtype=float)
    bad = ~((std_error >= 0) & ((mean > 0) | ((mean == 0) & (std_error == 0))))
    if bad.any():
        raise ComparisonError(
            Message(
                f"costs {np.flatnonzero(bad).tolist()} have a mean that is not positive or a negative error",
                f"第 {np.flatnonzero(bad).tolist()} 个成本的均值非正或误差为负",
            )
        )
    rng = np.random.default_rng(seed)
    live = std_error > 0
    shape = np.where(live, (mean / np.where(live, std_error, 1.0)) ** 2, 1.0)
    return np.where(live, rng.gamma(shape, size=(draws, len(mean))) * mean / shape, mean)
