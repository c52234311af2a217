"""Effects of each model over one common exposure window, with the covariance that shared controls give them.

    theta_m = sum_{i in m} w_i gain_i / sum_{i in m} w_i
    psi_m(c) = sum_{i in m, c} w_i (gain_i - theta_m) / sum w  +  sum_{i in m} w_i phi_i(c) / sum w

gain_i and phi_i(c), the influence of cluster c's untreated observations on it, are those of `gains` (imputation of
Borusyak, Jaravel, Spiess 2024, Review of Economic Studies 91). The first part of psi belongs to the model alone and is
centred by model, not by model and year of adoption: models of five villages have cohorts of one. The second part is
common to the models; leaving it out of contrasts makes them wider than they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.comparison.errors import ComparisonError
from analysis.comparison.gains import SHOWN, Gains
from analysis.messages import Message

RANKED, RECOMMENDED = 5, 10  # villages from which a model is ranked, recommended
SINGULAR = 1e-10  # smallest eigenvalue of a correlation matrix, below which it is rounding


@dataclass(frozen=True, slots=True)
class ModelEffects:
    """Effects of J models with their joint influence.

    models : (J,) codes; estimate : (J,) outcome unit
    own : (G, J) influence through the model's own villages; shared : (G, J) through the untreated observations
    own_enlarged : (G, J) the first divided by sqrt(1 - the cluster's leverage), against small cells' too small errors
    n : (J,) villages; own_variance : (J,) variance of gains within the model, ddof 1 (residual where adjusted)
    df : (J,) Satterthwaite degrees of freedom of the enlarged variance
    window : event times; population : "own" villages of each model, or the name of the one they are standardised to
    table : one row per model of the panel, also those without a number: model, status, use, estimate, std_error, df,
        the account of villages. `use` is recommend, rank, show (10, 5, 3 villages), unclassified or none
    """

    models: tuple[str, ...]
    estimate: np.ndarray
    own: np.ndarray
    shared: np.ndarray
    own_enlarged: np.ndarray
    clusters: pd.Index
    n: np.ndarray
    own_variance: np.ndarray
    df: np.ndarray
    window: tuple[int, ...]
    population: str
    table: pd.DataFrame

    @property
    def influence(self) -> pd.DataFrame:
        """(G, J) influence by cluster, unenlarged."""
        return pd.DataFrame(self.own + self.shared, index=self.clusters, columns=list(self.models))

    @property
    def covariance(self) -> np.ndarray:
        """(J, J) covariance of the effects with enlarged own parts, the one to report; squared outcome unit."""
        psi = self.own_enlarged + self.shared
        return psi.T @ psi

    @property
    def std_error(self) -> np.ndarray:
        """(J,) standard errors, outcome unit."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def own_part(self) -> np.ndarray:
        """(J,) what the models' own villages put into the diagonal of `covariance`, squared outcome unit."""
        return (self.own_enlarged**2).sum(axis=0)

    def only(self, models: tuple[str, ...]) -> ModelEffects:
        """The same for some of the models, in the order asked for; the table keeps every row.

        Raises
        ------
        ComparisonError : a model without a number.
        """
        at = [self._position(model) for model in models]
        arrays = ("own", "shared", "own_enlarged")
        vectors = ("estimate", "n", "own_variance", "df")
        return replace(
            self,
            models=models,
            **{name: getattr(self, name)[:, at] for name in arrays},
            **{name: getattr(self, name)[at] for name in vectors},
        )

    def compared(self, minimum: int = RANKED) -> ModelEffects:
        """Those that may be ranked: classified, from `minimum` villages on."""
        unclassified = set(self.table.loc[self.table["use"] == "unclassified", "model"])
        kept = [m for m, n in zip(self.models, self.n, strict=True) if n >= minimum and m not in unclassified]
        return self.only(tuple(kept))

    def _position(self, model: str) -> int:
        if model not in self.models:
            told = ", ".join(self.models)
            raise ComparisonError(
                Message(
                    f"model {model!r} has no estimate; those with one: {told}",
                    f"模式 {model!r} 没有估计值；有估计值的模式：{told}",
                )
            )
        return self.models.index(model)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of model effects: estimate and std_error in the outcome's unit, df degrees of freedom."""

    estimate: float
    std_error: float
    df: float


def by_model(found: Gains, *, minimum: int = SHOWN, unclassified: tuple[str, ...] = ("M00",)) -> ModelEffects:
    """Mean gain of each model's own villages over the window, with the joint covariance of all models.

    Models below `minimum` villages, or without a village seen through the window, are rows of the table with a
    reason and no number. Villages without a known model (`unclassified`) are reported and not compared.

    Raises
    ------
    ComparisonError : no model has enough villages, or two models carry the same information.
    """
    models = large_enough(found, minimum)
    inside = np.array([found.model == model for model in models])
    weights = inside * found.weight
    weights = weights / weights.sum(axis=1, keepdims=True)
    estimate = weights @ found.gain
    residual = np.where(inside.any(axis=0), found.gain - inside.T @ estimate, 0.0)
    return assemble(
        found, models, weights, residual, weights.sum(axis=0), population="own", unclassified=unclassified
    )


def large_enough(found: Gains, minimum: int) -> tuple[str, ...]:
    """The models with `minimum` villages or more, in alphabetical order; ComparisonError if there is none."""
    names, counts = np.unique(found.model, return_counts=True)
    models = tuple(str(name) for name, count in zip(names, counts, strict=True) if count >= max(minimum, 2))
    if not models:
        told = ", ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))
        raise ComparisonError(
            Message(
                f"no model has {minimum} villages seen through the window ({told}); shorten the window or do not "
                "tell models apart",
                f"没有一种模式有 {minimum} 个村在窗口内全部有记录（{told}）；请缩短窗口，或不区分模式",
            )
        )
    return models


def assemble(
    found: Gains,
    models: tuple[str, ...],
    weights: np.ndarray,
    residual: np.ndarray,
    leverage: np.ndarray,
    *,
    population: str,
    unclassified: tuple[str, ...],
    n_slopes: int = 0,
) -> ModelEffects:
    """Effects that are linear in the gains, theta = weights @ gain, with their influence and account.

    Parameters
    ----------
    weights : (J, n); residual : (n,) what a gain has beyond its fitted value; leverage : (n,) diagonal of the fit
    n_slopes : number of slopes common to the models that the fit spent.

    Raises
    ------
    ComparisonError : two models carry the same information.
    """
    membership = found.membership
    inside = np.array([found.model == model for model in models])
    in_cluster = np.einsum("cn,mn,n->mc", membership, inside, leverage)  # a model's leverage by cluster
    of_village = np.einsum("mc,cn,mn->n", in_cluster, membership, inside)
    scale = np.where(of_village < 1 - 1e-9, 1 / np.sqrt(np.maximum(1 - of_village, 1e-9)), 1.0)
    own = membership @ (weights * residual).T
    enlarged = membership @ (weights * (residual * scale)).T
    shared = found.shared @ weights.T
    n = inside.sum(axis=1)
    spent = 1 + n_slopes * n / n.sum()  # common slopes are paid for in proportion to villages
    variance = inside @ residual**2 / np.maximum(n - spent, 1)
    share = membership @ np.where(inside, found.weight, 0.0).T
    number = share.sum(axis=0) ** 2 / (share**2).sum(axis=0)
    one_cluster = number < 1 + 1e-9
    psi = enlarged + shared
    total, alone = (psi**2).sum(axis=0), (enlarged**2).sum(axis=0)
    common = np.maximum(total - alone, 0.0)
    precision = alone**2 / np.maximum(number - 1, 1e-9) + common**2 / (len(found.clusters) - 1)
    df = np.maximum((alone + common) ** 2 / precision, 1.0)
    estimate = weights @ found.gain
    require_positive_definite(psi.T @ psi, models)
    rows = pd.DataFrame(
        {"model": models, "estimate": estimate, "std_error": np.sqrt(total), "df": df, "n_clusters": number}
    )
    table = found.account.merge(rows, on="model", how="left")
    table["status"] = _statuses(table, np.array(models)[one_cluster])
    table["use"] = _uses(table, unclassified)
    return ModelEffects(
        models,
        estimate,
        own,
        shared,
        enlarged,
        found.clusters,
        n,
        variance,
        df,
        found.window,
        population,
        table,
    )


def contrast(effects: ModelEffects, weights: Mapping[str, float]) -> Contrast:
    """A weighted sum of model effects, e.g. {"M01": 1, "M02": -1}, with its error from the joint influence.

    Raises
    ------
    ComparisonError : a model without an estimate.
    """
    part = effects.only(tuple(weights))
    vector = np.array(list(weights.values()), dtype=float)
    variance = float(vector @ part.covariance @ vector)
    own = vector**2 * np.diag(part.covariance)
    return Contrast(
        float(vector @ part.estimate),
        float(np.sqrt(variance)),
        float(own.sum() ** 2 / (own**2 / part.df).sum()),
    )


def require_positive_definite(covariance: np.ndarray, models: tuple[str, ...]) -> None:
    """Nothing where every contrast of the models has an error.

    Raises
    ------
    ComparisonError : a singular covariance (J, J); names the two models that are most alike.
    """
    error = np.sqrt(np.diag(covariance))
    if (error <= 0).any() or not np.isfinite(covariance).all():
        without = ", ".join(m for m, e in zip(models, error, strict=True) if not e > 0)
        raise ComparisonError(
            Message(
                f"no error can be given for the effects of {without}: their villages lie in one cluster or do not "
                "differ; name a finer cluster or leave them out",
                f"以下模式的效应没有误差可言：{without}；其村庄同属一个聚类或毫无差别，请改用更细的聚类或剔除",
            )
        )
    correlation = covariance / np.outer(error, error)
    if np.linalg.eigvalsh(correlation)[0] > SINGULAR:
        return
    apart = np.abs(np.triu(correlation, 1))
    first, second = (int(i) for i in np.unravel_index(int(apart.argmax()), apart.shape))
    alike = float(correlation[first, second])
    raise ComparisonError(
        Message(
            f"the covariance of the {len(models)} effects is singular: some contrast has no error. Most alike are "
            f"{models[first]} and {models[second]} (correlation {alike:.4f}); merge models that hold the same villages, "
            "or use more clusters than models",
            f"{len(models)} 个效应的协方差矩阵是奇异的，有的对比没有误差。最相近的是 {models[first]} 与 "
            f"{models[second]}（相关系数 {alike:.4f}）；请合并含有相同村庄的模式，或使聚类数多于模式数",
        )
    )


def _statuses(table: pd.DataFrame, one_cluster: np.ndarray) -> np.ndarray:
    """ok, one_cluster (its own error is not seen), few_villages, or no_village_through_window."""
    told = table["estimate"].notna()
    status = np.where(told, "ok", np.where(table["used"] == 0, "no_village_through_window", "few_villages"))
    return np.where(told & table["model"].isin(one_cluster), "one_cluster", status)


def _uses(table: pd.DataFrame, unclassified: tuple[str, ...]) -> np.ndarray:
    n = table["used"].to_numpy()
    use = np.where(n >= RECOMMENDED, "recommend", np.where(n >= RANKED, "rank", "show"))
    use = np.where(table["status"] == "one_cluster", "show", use)
    use = np.where(table["estimate"].isna(), "none", use)
    return np.where(table["model"].isin(unclassified) & (use != "none"), "unclassified", use)
