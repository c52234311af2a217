"""What regressions on several arms at once estimate, and what would be clean: a diagnostic, not an estimate to rank.

Goldsmith-Pinkham, Hull, Kolesar (2024), Contamination bias in linear regressions, American Economic Review 114: in a
regression of Y on K arm indicators X and controls W, the coefficient of arm k is

    beta_k = E[L_kk(W) tau_k(W)] + sum_{l != k} E[L_kl(W) tau_l(W)],   L(W) = E[X~X~']^-1 E[X~X'|W]

X~: X less its projection on W. The first term (OWN) averages the arm's own effects with weights that average one; the
second is contamination by the others' effects, with weights that average zero and are not zero. In the sample, with
tau_k(W) = W'alpha_k of the fully interacted regression, delta_kl the coefficients on X_k of a regression of W X_l on X
and W: OWN_k = delta_kk'alpha_k, and PL_k - OWN_k = sum_{l != k} delta_kl'alpha_l exactly. Clean alternatives:

    ATE_k = mean(W)'alpha_k                                        all units
    EW_k  : regression of Y on arm k and W among the reference and arm k alone; weights differ by arm
    CW_k  : difference of means with weights lam(W) / p_D(W), lam = [sum_k pi_k (1 - pi_k) / p_k(W)]^-1, p a multinomial
            logit, pi the shares: the same weights for every arm, so that arms can be compared; arms within which
            the controls do not vary (fewer units than controls) take no part in it

Errors are from influence, heteroskedasticity-robust or clustered, without small-sample factors; those of OWN, ATE and
CW include the error of delta, of the mean of W, and of the logit and the shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison import multinomial
from analysis.comparison.errors import ComparisonError
from analysis.estimators import _rank, _rows
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient and its standard error, in the outcome's unit."""

    estimate: float
    std_error: float


@dataclass(frozen=True, slots=True)
class ArmRegression:
    """One arm against the reference: the five coefficients, None where the design does not identify one.

    n : units of the arm; partly_linear (PL), own (OWN), average (ATE), one_at_a_time (EW), common_weights (CW)
    reason : why something is None, or None
    """

    arm: str
    n: int
    partly_linear: Estimate | None
    own: Estimate | None
    average: Estimate | None
    one_at_a_time: Estimate | None
    common_weights: Estimate | None
    reason: Message | None

    @property
    def contamination(self) -> float | None:
        """PL - OWN, what the effects of the other arms add to the coefficient; None where either is missing."""
        if self.partly_linear is None or self.own is None:
            return None
        return self.partly_linear.estimate - self.own.estimate


@dataclass(frozen=True, slots=True)
class _Data:
    """y, w (n,) outcome and weight; arm (n,) codes, 0 = reference; z (n, q) controls with a constant; cluster codes."""

    y: np.ndarray
    w: np.ndarray
    arm: np.ndarray
    z: np.ndarray
    cluster: np.ndarray

    def only(self, rows: np.ndarray, arms: list[int]) -> _Data:
        """The units at `rows`, all of `arms`, which are renumbered in their order; weights add to one again."""
        w = self.w[rows] / self.w[rows].sum()
        arm = np.searchsorted(arms, self.arm[rows])
        return _Data(self.y[rows], w, arm, self.z[rows], self.cluster[rows])

    def estimate(self, value: float, psi: np.ndarray) -> Estimate:
        """The value with the error of influence psi (n,)."""
        summed = np.bincount(self.cluster, weights=psi)
        return Estimate(float(value), float(np.sqrt(summed @ summed)))


def regressions(
    outcome: np.ndarray,
    arm: np.ndarray,
    controls: np.ndarray,
    *,
    reference: str,
    control_names: tuple[str, ...] = (),
    weight: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
) -> tuple[ArmRegression, ...]:
    """The five coefficients of every arm, in alphabetical order of the arms.

    Parameters
    ----------
    outcome : (n,); arm : (n,) text; controls : (n, p) without a constant; weight : (n,) positive, one by default
    reference : the arm compared with; cluster : (n,) labels, each unit its own by default.

    Raises
    ------
    ComparisonError : no such reference, a single arm, values missing, or controls that are collinear.
    """
    labels = np.asarray(arm).astype(str)
    names = sorted(set(labels) - {reference})
    _require(outcome, controls, labels, names, reference)
    code = np.zeros(len(labels), dtype=int)
    for k, name in enumerate(names, 1):
        code[labels == name] = k
    z = _rank.standardised(controls).T
    dependent = _rank.first_dependent(z.T)
    if dependent is not None:
        told = control_names[dependent - 1] if control_names else f"#{dependent}"
        raise ComparisonError(
            Message(
                f"control {told} is a combination of the controls before it and the constant; leave it out",
                f"控制变量 {told} 是其前面控制变量与常数的线性组合，请剔除",
            )
        )
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=float)
    groups = (
        np.arange(len(labels)) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    )
    data = _Data(np.asarray(outcome, dtype=float), weights / weights.sum(), code, z, groups)
    return _all(data, names)


def _all(data: _Data, names: list[str]) -> tuple[ArmRegression, ...]:
    full = [_identified(data, k) for k in range(len(names) + 1)]
    fits = [_within(data, k) if known else None for k, known in enumerate(full)]
    linear = _PartlyLinear(data, len(names))
    common, logit = _common_or_reason(data, names, full)
    found = []
    for k, name in enumerate(names, 1):
        one, other = fits[k], fits[0]
        effect = None if one is None or other is None else _difference(one, other)
        found.append(
            ArmRegression(
                arm=name,
                n=int((data.arm == k).sum()),
                partly_linear=linear.coefficient(k),
                own=None if effect is None else linear.own(k, effect),
                average=None if effect is None else _average(data, effect),
                one_at_a_time=_one_at_a_time(data, k),
                common_weights=common[k - 1],
                reason=_reason(name, k, full, linear, logit),
            )
        )
    return tuple(found)


def _common_or_reason(
    data: _Data, names: list[str], full: list[bool]
) -> tuple[list[Estimate | None], Message | None]:
    """CW of the arms within which the controls vary; the units of the others take no part in it."""
    found: list[Estimate | None] = [None] * len(names)
    kept = [k for k, known in enumerate(full) if known]
    if not full[0] or len(kept) < 2:
        return found, None
    rows = np.flatnonzero(np.isin(data.arm, kept))
    try:
        estimates = _common_weights(data.only(rows, kept), len(kept) - 1)
    except ComparisonError as error:  # the other four coefficients stand; this one says why it does not
        return found, error.message
    for k, one in zip(kept[1:], estimates, strict=True):
        found[k - 1] = one
    return found, None


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Coefficients (q,) on the controls and the influence of every unit on them (n, q)."""

    value: np.ndarray
    influence: np.ndarray


def _identified(data: _Data, k: int) -> bool:
    """Whether the controls vary by themselves within arm k, so that its effect is known at every W."""
    inside = data.arm == k
    scaled = data.z[inside] * np.sqrt(data.w[inside])[:, None]
    return int(inside.sum()) > data.z.shape[1] and _rank.first_dependent(scaled.T) is None


def _within(data: _Data, k: int) -> _Slopes:
    inside = np.where(data.arm == k, data.w, 0.0)
    inverse = np.linalg.inv((data.z * inside[:, None]).T @ data.z)
    value = inverse @ (data.z.T @ (inside * data.y))
    residual = inside * (data.y - data.z @ value)
    return _Slopes(value, (data.z * residual[:, None]) @ inverse)


def _difference(one: _Slopes, other: _Slopes) -> _Slopes:
    return _Slopes(one.value - other.value, one.influence - other.influence)


def _average(data: _Data, effect: _Slopes) -> Estimate:
    mean = data.w @ data.z
    psi = effect.influence @ mean + data.w * ((data.z - mean) @ effect.value)
    return data.estimate(mean @ effect.value, psi)


class _PartlyLinear:
    """The regression on all arms and the controls, through arm indicators residualised on the controls."""

    def __init__(self, data: _Data, n_arms: int) -> None:
        self.data = data
        arms = (data.arm[:, None] == np.arange(1, n_arms + 1)).astype(float)
        share = data.w @ arms
        self._scale = np.sqrt(share * (1 - share))  # arms of all sizes alike, so that one tolerance serves
        self._residual = _less_controls(data, arms / self._scale)
        self._projection = _rows.project(self._residual.T, data.w)

    def identifies(self, k: int) -> bool:
        """Whether arm k is told apart from the controls and the other arms."""
        return self._projection.identifies(np.eye(len(self._scale))[k - 1])

    def coefficient(self, k: int) -> Estimate | None:
        """PL of arm k; None where it is not identified."""
        if not self.identifies(k):
            return None
        value, psi = self._on(k, self.data.y)
        return self.data.estimate(value, psi)

    def own(self, k: int, effect: _Slopes) -> Estimate | None:
        """OWN of arm k, whose interacted effect is given; None where PL is not identified."""
        if not self.identifies(k):
            return None
        inside = self.data.arm == k
        value, psi = self._on(k, np.where(inside, self.data.z @ effect.value, 0.0))
        delta = self._row(k) @ (self.data.z * np.where(inside, self.data.w, 0.0)[:, None])
        return self.data.estimate(value, psi + effect.influence @ delta)

    def _row(self, k: int) -> np.ndarray:
        """(n,) what the coefficient of arm k takes of w x outcome."""
        return self._residual @ self._projection.inverse[:, k - 1] / self._scale[k - 1]

    def _on(self, k: int, outcome: np.ndarray) -> tuple[float, np.ndarray]:
        """Coefficient of arm k in a regression of `outcome` (n,) on arms and controls, and its influence (n,)."""
        w, row = self.data.w, self._row(k)
        left = _less_controls(self.data, outcome)
        fitted = self._residual @ (self._projection.inverse @ (self._residual.T @ (w * outcome)))
        return float(row @ (w * outcome)), row * w * (left - fitted)


def _less_controls(data: _Data, values: np.ndarray) -> np.ndarray:
    weighted = data.z * data.w[:, None]
    return values - data.z @ np.linalg.solve(weighted.T @ data.z, weighted.T @ values)


def _one_at_a_time(data: _Data, k: int) -> Estimate | None:
    """EW: arm k against the reference alone; None where the controls tell the two apart without error."""
    pair = np.flatnonzero((data.arm == 0) | (data.arm == k))
    z, w = data.z[pair], data.w[pair]
    treated = (data.arm[pair] == k).astype(float)
    root = np.sqrt(w)[:, None]
    both = np.column_stack([z, treated, data.y[pair]]) * root
    left = both[:, -2:] - both[:, :-2] @ np.linalg.lstsq(both[:, :-2], both[:, -2:], rcond=None)[0]
    variation = left[:, 0] @ left[:, 0]
    if variation <= _rank.TOLERANCE * (w @ treated):
        return None
    value = left[:, 0] @ left[:, 1] / variation
    psi = np.zeros(len(data.y))
    psi[pair] = left[:, 0] * (left[:, 1] - value * left[:, 0]) / variation
    return data.estimate(value, psi)


def _common_weights(data: _Data, n_arms: int) -> list[Estimate]:
    """CW of every arm; ComparisonError where the logit has no maximum."""
    logit = multinomial.fit(data.z, data.arm, data.w)
    member = np.eye(n_arms + 1)[data.arm]
    share = data.w @ member
    cost = share * (1 - share) / logit.probability
    lam = 1 / cost.sum(axis=1)
    weight = data.w * lam / logit.probability[np.arange(len(data.arm)), data.arm]
    logit_psi = np.linalg.solve(logit.information, (logit.score * data.w[:, None]).T).T
    share_psi = data.w[:, None] * (member - share)
    common = data.w @ lam  # E[w lam 1{D = k} / p_k] = E[w lam] for every arm
    mean, influence = [], []
    for k in range(n_arms + 1):
        inside = np.where(data.arm == k, weight, 0.0)
        mean.append(inside @ data.y / inside.sum())
        own = inside * (data.y - mean[-1]) / common
        by_logit = (lam[:, None] * cost - member)[:, 1:]  # d log weight / d index of each arm
        slope = ((own[:, None] * by_logit).T @ data.z).ravel()
        by_share = -lam[:, None] * (1 - 2 * share) / logit.probability
        influence.append(own + logit_psi @ slope + share_psi @ (own @ by_share))
    return [data.estimate(mean[k] - mean[0], influence[k] - influence[0]) for k in range(1, n_arms + 1)]


def _reason(
    name: str, k: int, full: list[bool], linear: _PartlyLinear, logit: Message | None
) -> Message | None:
    if not linear.identifies(k):
        return Message(
            f"the controls and the other arms tell {name} without error, so its coefficient is not identified",
            f"控制变量与其他组可以完全推出 {name} 组，其系数无法识别",
        )
    if not (full[0] and full[k]):
        which = name if full[0] else "the reference"
        return Message(
            f"the controls do not all vary within {which}, so its effect is not known at every value of theirs",
            f"控制变量在{name if full[0] else '参照组'}内没有各自独立的变化，无法得知其在各取值下的效应",
        )
    return logit


def _require(
    outcome: np.ndarray, controls: np.ndarray, labels: np.ndarray, names: list[str], reference: str
) -> None:
    if reference not in labels or not names:
        there = ", ".join(sorted(set(labels)))
        raise ComparisonError(
            Message(
                f"no comparison with {reference!r}: the arms are {there}; name one of at least two as reference",
                f"无法与 {reference!r} 比较：现有各组为 {there}；请在至少两个组中指定一个参照组",
            )
        )
    missing = ~(np.isfinite(np.asarray(outcome, dtype=float)) & np.isfinite(controls).all(axis=1))
    if missing.any():
        raise ComparisonError(
            Message(
                f"{int(missing.sum())} units have a missing outcome or control; leave them out by a named rule",
                f"{int(missing.sum())} 个单位的结果或控制变量缺失；请用有名称的规则剔除",
            )
        )
