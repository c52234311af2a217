"""Numbers of a distribution with the influence of every cluster, and a weighted distribution to compute them on.

Clustered errors by linearisation: Binder (1983), On the variances of asymptotically normal estimators from complex
surveys, International Statistical Review 51; influence functions as in Cowell, Flachaire (2015), Statistical methods
for distributional analysis, Handbook of Income Distribution 2A, section 6.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.inference import pointwise_half_width
from analysis.messages import Message, ProjectError

ULP = 1e-12  # share below which cumulative weights are equal: rounding of their sums


class DistributionError(ProjectError, ValueError):
    """The data do not define what was asked for; the message names the rows and the choices."""


@dataclass(frozen=True, slots=True)
class Measured:
    """k numbers of one sample.

    names : k keys
    estimate : (k,), NaN where the number is not defined
    status : k texts, "ok" or "not defined: why"
    influence : (n_clusters, k), index = cluster id; influence.T @ influence is the covariance, with the factor
        n_clusters / (n_clusters - 1) inside; zero where the number is not defined
    n_units : rows behind the numbers
    """

    names: tuple[str, ...]
    estimate: np.ndarray
    status: tuple[str, ...]
    influence: pd.DataFrame
    n_units: int

    @property
    def covariance(self) -> np.ndarray:
        """(k, k) covariance of the numbers."""
        psi = self.influence.to_numpy()
        return psi.T @ psi

    @property
    def std_error(self) -> np.ndarray:
        """(k,) clustered standard errors; NaN where the number is not defined."""
        error = np.sqrt((self.influence.to_numpy() ** 2).sum(axis=0))
        return np.where(np.isfinite(self.estimate), error, np.nan)

    def value(self, name: str) -> float:
        """The number of that name; DistributionError naming the choices otherwise."""
        if name not in self.names:
            listed = ", ".join(self.names)
            raise DistributionError(
                Message(f"no measure {name!r}; there are {listed}", f"没有指标 {name!r}；可选：{listed}")
            )
        return float(self.estimate[self.names.index(name)])

    def rows(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """One row per number with its pointwise interval: t with n_clusters - 1 degrees of freedom."""
        clusters = len(self.influence)
        error = self.std_error
        half = pointwise_half_width(error, np.full(len(error), clusters - 1.0), conf_level)
        return pd.DataFrame(
            {
                "measure": list(self.names),
                "estimate": self.estimate,
                "std_error": error,
                "conf_low": self.estimate - half,
                "conf_high": self.estimate + half,
                "conf_kind": "pointwise",
                "n_units": self.n_units,
                "n_clusters": clusters,
                "status": list(self.status),
            }
        )


def difference(first: Measured, second: Measured) -> Measured:
    """`first` minus `second`, number by number; clusters that both samples share are matched by id.

    Raises
    ------
    DistributionError : the two do not hold the same numbers.
    """
    if first.names != second.names:
        raise DistributionError(
            Message(
                f"the numbers differ: {', '.join(first.names)} and {', '.join(second.names)}; measure the same in both",
                f"两组指标不同：{'、'.join(first.names)} 与 {'、'.join(second.names)}；请计算相同指标",
            )
        )
    psi = first.influence.sub(second.influence, fill_value=0.0)
    status = tuple(
        a if a != "ok" else b for a, b in zip(first.status, second.status, strict=True)
    )  # the first reason there is
    estimate = first.estimate - second.estimate
    return Measured(
        first.names,
        estimate,
        status,
        psi.mul(np.isfinite(estimate), axis=1),
        first.n_units + second.n_units,
    )


def measured(
    names: tuple[str, ...],
    estimate: np.ndarray,
    influence: np.ndarray,
    share: np.ndarray,
    cluster: np.ndarray,
    status: tuple[str, ...] | None = None,
) -> Measured:
    """Numbers with their influence functions (n, k) at the n rows, which have the shares (n,) and clusters (n,).

    Raises
    ------
    DistributionError : all rows lie in one cluster.
    """
    estimate = np.asarray(estimate, dtype=float)
    psi = summed(np.nan_to_num(influence) * share[:, None], cluster)
    psi = psi.mul(np.isfinite(estimate), axis=1)
    return Measured(tuple(names), estimate, status or ("ok",) * len(names), psi, len(share))


def summed(values: np.ndarray, cluster: np.ndarray) -> pd.DataFrame:
    """Sums of `values` (n, k) over clusters, times sqrt(G / (G - 1)): (G, k), index = sorted cluster ids.

    Raises
    ------
    DistributionError : all rows lie in one cluster.
    """
    code, ids = pd.factorize(np.asarray(cluster), sort=True)
    number = len(ids)
    if number < 2:
        raise DistributionError(
            Message(
                f"all {len(values)} rows lie in one cluster, so no standard error exists; name a finer cluster",
                f"全部 {len(values)} 行同属一个聚类，无法计算标准误；请指定更细的聚类",
            )
        )
    total = np.zeros((number, values.shape[1]))
    for column in range(values.shape[1]):
        total[:, column] = np.bincount(code, weights=values[:, column], minlength=number)
    return pd.DataFrame(total * np.sqrt(number / (number - 1)), index=pd.Index(ids, name="cluster"))


class Distribution:
    """A weighted distribution of m values: ranks, partial sums, quantiles, density.

    value : (m,) increasing, ties kept; share : (m,) weights that sum to one, in the same order
    """

    __slots__ = ("_below", "_income", "mean", "share", "value")

    def __init__(self, values: np.ndarray, weight: np.ndarray) -> None:
        order = np.argsort(values, kind="stable")
        self.value = np.asarray(values, dtype=float)[order]
        self.share = np.asarray(weight, dtype=float)[order] / np.sum(weight)
        self._below = np.concatenate([[0.0], np.cumsum(self.share)])
        self._income = np.concatenate([[0.0], np.cumsum(self.share * self.value)])
        self.mean = float(self._income[-1])

    def rank(self, at: np.ndarray) -> np.ndarray:
        """F(y) - P(Y = y) / 2: the share below, ties counted half."""
        low, high = self._places(at)
        return (self._below[low] + self._below[high]) / 2

    def income_below(self, at: np.ndarray) -> np.ndarray:
        """E[Y 1{Y < y}] + E[Y 1{Y = y}] / 2."""
        low, high = self._places(at)
        return (self._income[low] + self._income[high]) / 2

    @property
    def gap(self) -> float:
        """E|Y - Y'|, 2 E[Y (2 F(Y) - 1)] with ties counted half; tied values have one product, so any order serves."""
        middle = self._below[:-1] + self._below[1:] - 1
        return float(2 * self.share @ (self.value * middle))

    def mean_distance(self, at: np.ndarray) -> np.ndarray:
        """E|y - Y|."""
        return at * (2 * self.rank(at) - 1) + self.mean - 2 * self.income_below(at)

    def cdf(self, at: np.ndarray) -> np.ndarray:
        """P(Y <= y)."""
        return self._below[np.searchsorted(self.value, at, side="right")]

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """inf{y : F(y) >= share}."""
        place = np.searchsorted(self._below[1:], np.asarray(share) - ULP, side="left")
        return self.value[np.minimum(place, len(self.value) - 1)]

    def density(self, at: np.ndarray) -> np.ndarray:
        """Gaussian kernel density at `at` (r,), bandwidth 0.9 min(s.d., interquartile range / 1.34) m_eff^(-1/5).

        Silverman (1986), Density estimation, equation 3.31; m_eff = 1 / sum share^2. DistributionError where more
        than half of the values are equal, so that no bandwidth exists.
        """
        spread = float(np.sqrt(self.share @ (self.value - self.mean) ** 2))
        low, high = self.quantile(np.array([0.25, 0.75]))
        width = min(spread, (high - low) / 1.34) * 0.9 * (self.share @ self.share) ** 0.2
        if width <= 0:
            raise DistributionError(
                Message(
                    "the density has no bandwidth: the middle half of the values are equal, quantile effects need a "
                    "continuous outcome",
                    "无法估计密度：中间一半取值相同，分位数效应需要连续的结果变量",
                )
            )
        scaled = (np.asarray(at, dtype=float)[:, None] - self.value) / width
        return np.exp(-(scaled**2) / 2) @ self.share / (width * np.sqrt(2 * np.pi))

    def _places(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.searchsorted(self.value, at, side="left"), np.searchsorted(self.value, at, side="right")


def checked(values: np.ndarray, weight: np.ndarray, **also: np.ndarray) -> None:
    """DistributionError listing every breach: lengths, missing values, weights that are not positive."""
    found = []
    n = len(values)
    for name, array in {"weight": weight, **also}.items():
        if np.shape(array)[:1] != (n,):
            found.append(
                (f"{name} has {len(array)} rows, not {n}", f"{name} 有 {len(array)} 行，应为 {n} 行")
            )
    if n == 0:
        found.append(("there are no rows", "没有任何行"))
    bad = int((~np.isfinite(np.asarray(values, dtype=float))).sum())
    if bad:
        found.append((f"{bad} values are missing or infinite", f"{bad} 个取值缺失或无穷大"))
    weight = np.asarray(weight, dtype=float)
    bad = int((~(np.isfinite(weight) & (weight > 0))).sum())
    if bad:
        found.append((f"{bad} weights are not positive", f"{bad} 个权重不为正"))
    if found:
        raise DistributionError(
            Message(
                "the sample cannot be used:\n" + "\n".join(f"  - {en}" for en, _ in found),
                "样本不能使用：\n" + "\n".join(f"  - {zh}" for _, zh in found),
            )
        )
