"""Inequality indices with influence functions; Cowell, Flachaire (2015), Handbook of Income Distribution 2A, ch. 6.

Indices are plug-in (population) forms of the weighted empirical distribution, mu = mean income:

    gini          E|Y - Y'| / (2 mu)                          theil_t   E[(Y / mu) log(Y / mu)]
    theil_l       log mu - E log Y                            atkinson  1 - (E Y^(1-e))^(1/(1-e)) / mu
    bottom_fifth  L(0.2), income share of the poorest fifth   palma     (1 - L(0.9)) / L(0.4)

`gini_small_sample` divides by 1 - sum share^2 (n / (n - 1) with equal weights; Deltas 2003, Review of Economics and
Statistics 85): the mean over pairs of different rows.

Incomes not above zero are neither dropped nor replaced. An index that is not defined on them has no number and says
why: Theil T needs incomes >= 0, Theil L and Atkinson incomes > 0, Gini and income shares a mean > 0 (with negative
incomes the Gini may pass one), Palma a positive share of the poorest 40 percent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.distribution.measured import Distribution, DistributionError, Measured, checked, measured
from analysis.messages import Message

AVERSION = 0.5  # Atkinson's e where none is asked for
Index = Callable[[Distribution, np.ndarray], tuple[float, np.ndarray]]


def gini(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    """G = E|Y - Y'| / (2 mu) and its influence at `at`: E|y - Y| / mu - G (1 + y / mu)."""
    _require_mean(of, "gini")
    value = of.gap / (2 * of.mean)
    return value, of.mean_distance(at) / of.mean - value * (1 + at / of.mean)


def gini_small_sample(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    """G / (1 - sum share^2): the mean over pairs of different rows; influence as of `gini`, scaled alike."""
    value, influence = gini(of, at)
    pairs = 1 - of.share @ of.share
    if pairs <= 0:
        raise DistributionError(Message("gini_small_sample needs two rows", "gini_small_sample 至少需要两行"))
    return value / pairs, influence / pairs


def theil_t(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    """T = E[Y log Y] / mu - log mu; influence (y log y - E[Y log Y]) / mu - (T + log mu + 1) (y - mu) / mu."""
    _require_mean(of, "theil_t")
    for incomes in (of.value, at):
        _require_sign("theil_t", incomes < 0, "below 0", "为负")
    product = float(of.share @ _x_log_x(of.value))
    value = product / of.mean - np.log(of.mean)
    influence = (_x_log_x(at) - product) / of.mean
    return float(value), influence - (value + np.log(of.mean) + 1) * (at - of.mean) / of.mean


def theil_l(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    """L = log mu - E log Y (mean log deviation); influence (y - mu) / mu - log y + E log Y."""
    for incomes in (of.value, at):
        _require_sign("theil_l", incomes <= 0, "not above 0", "不为正")
    logs = float(of.share @ np.log(of.value))
    return float(np.log(of.mean) - logs), (at - of.mean) / of.mean - np.log(at) + logs


def atkinson(aversion: float) -> Index:
    """Atkinson's index for one inequality aversion e > 0; e = 1 is 1 - exp(E log Y) / mu.

    Raises
    ------
    DistributionError : aversion not above zero.
    """
    if not aversion > 0:
        raise DistributionError(
            Message(
                f"Atkinson's aversion must be above 0, not {aversion:g}",
                f"Atkinson 参数必须大于 0，现为 {aversion:g}",
            )
        )

    def index(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
        for incomes in (of.value, at):
            _require_sign("atkinson", incomes <= 0, "not above 0", "不为正")
        power = 1 - aversion
        if power == 0:
            moment = float(of.share @ np.log(of.value))
            equal, moved = np.exp(moment), np.exp(moment) * (np.log(at) - moment)
        else:  # incomes are divided by their mean: large incomes and aversions do not overflow
            scaled = of.mean * (moment := float(of.share @ (of.value / of.mean) ** power)) ** (1 / power)
            equal, moved = scaled, scaled / power * ((at / of.mean) ** power / moment - 1)
        return float(1 - equal / of.mean), -moved / of.mean + equal / of.mean**2 * (at - of.mean)

    return index


def income_share(poorest: float) -> Index:
    """Share of income that goes to the `poorest` share of the rows, the Lorenz curve L(p).

    L = (E[(Y - Q) 1{Y <= Q}] + p Q) / mu, Q the p-quantile; influence
    ((y - Q) 1{y <= Q} + p Q - mu L) / mu - L (y - mu) / mu  (Beach, Davidson 1983, Review of Economic Studies 50).
    """

    def index(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
        _require_mean(of, "income share")
        cut = float(of.quantile(np.array([poorest]))[0])
        part = float(of.share @ np.minimum(of.value - cut, 0)) + poorest * cut
        value = part / of.mean
        return value, (np.minimum(at - cut, 0) + poorest * cut - part - value * (at - of.mean)) / of.mean

    return index


def palma(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    """(1 - L(0.9)) / L(0.4): income of the richest tenth per income of the poorest four tenths."""
    top, moved_top = income_share(0.9)(of, at)
    low, moved_low = income_share(0.4)(of, at)
    if low <= 0:
        raise DistributionError(
            Message(
                f"palma is not defined: the poorest 40 percent hold {low:.3f} of income",
                f"palma 无定义：最低 40% 的收入份额为 {low:.3f}",
            )
        )
    return (1 - top) / low, -moved_top / low - (1 - top) / low**2 * moved_low


def _variance(of: Distribution, at: np.ndarray) -> tuple[float, np.ndarray]:
    value = float(of.share @ (of.value - of.mean) ** 2)
    return value, (at - of.mean) ** 2 - value


INDICES: dict[str, Index] = {
    "gini": gini,
    "gini_small_sample": gini_small_sample,
    "theil_t": theil_t,
    "theil_l": theil_l,
    "atkinson": atkinson(AVERSION),
    "bottom_fifth": income_share(0.2),
    "palma": palma,
    "variance": _variance,
}
USUAL = ("gini", "theil_t", "theil_l", "atkinson", "bottom_fifth", "palma")


def inequality(
    income: np.ndarray, weight: np.ndarray, cluster: np.ndarray, *, names: tuple[str, ...] = USUAL
) -> Measured:
    """The named indices of incomes (n,) [yuan] with clustered errors; an undefined one has no number and says why.

    Raises
    ------
    DistributionError : lengths, missing values, weights, an unknown name, or one cluster only.
    """
    checked(income, weight, cluster=cluster)
    unknown = [name for name in names if name not in INDICES]
    if unknown:
        raise DistributionError(
            Message(
                f"no index {unknown[0]!r}; choose {', '.join(INDICES)}",
                f"没有指标 {unknown[0]!r}；可选：{'、'.join(INDICES)}",
            )
        )
    income = np.asarray(income, dtype=float)
    of = Distribution(income, weight)
    estimate, influence = np.full(len(names), np.nan), np.zeros((len(income), len(names)))
    status = []
    for position, name in enumerate(names):
        try:
            estimate[position], influence[:, position] = INDICES[name](of, income)
            status.append("ok")
        except DistributionError as error:
            status.append(f"not defined: {error}")
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    return measured(names, estimate, influence, share, cluster, tuple(status))


def _x_log_x(values: np.ndarray) -> np.ndarray:
    """Values times their logarithm, 0 at 0."""
    return values * np.log(np.where(values > 0, values, 1.0))


def _require_mean(of: Distribution, name: str) -> None:
    if not of.mean > 0:
        raise DistributionError(
            Message(
                f"{name} needs a mean above 0, here {of.mean:.4g}", f"{name} 要求均值为正，现为 {of.mean:.4g}"
            )
        )


def _require_sign(name: str, bad: np.ndarray, en: str, zh: str) -> None:
    if bad.any():
        number = int(bad.sum())
        raise DistributionError(
            Message(
                f"{name}: {number} of {len(bad)} incomes are {en}",
                f"{name}：{len(bad)} 个收入中有 {number} 个{zh}",
            )
        )
