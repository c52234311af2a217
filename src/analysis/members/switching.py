"""Endogenous switching regression: members' and others' incomes with selection on what is not observed.

Lee (1978), International Economic Review 19; Maddala (1983), chapter 8.3; Lokshin, Sajaia (2004), Stata Journal 4(3)
(full-information maximum likelihood); Di Falco, Veronesi, Yesuf (2011), AJAE 93(3) (counterfactuals, falsification).

    member = 1[z'g + u > 0],  y_d = x'b_d + sigma_d e_d,  corr(u, e_d) = rho_d,  z = (1, covariates, instruments)

The model leans on normal errors and on instruments that move membership but not incomes; without an instrument it
is the curvature of the normal law alone that tells selection from effect, and one has to say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import chdtrc, stdtrit

from analysis.members import switching_effects as counterfactual
from analysis.members import switching_instrument as instruments
from analysis.members import switching_likelihood as likelihood
from analysis.members import switching_two_step as heckman
from analysis.members.section import Effect, Section
from analysis.members.switching_effects import SwitchingEffects
from analysis.members.switching_instrument import JointTest
from analysis.members.switching_likelihood import Equations, Maximum, SwitchingError
from analysis.members.switching_two_step import TwoStep
from analysis.messages import Message

IDENTIFIED_BY = ("instrument", "functional form")
WEAK = 10.0  # first-stage F below which an instrument is called weak (Staiger, Stock 1997)


@dataclass(frozen=True, slots=True)
class TwoStepEstimates:
    """Heckman's estimates: names, estimate and clustered covariance of (g, b0, mills0, b1, mills1); sigma, rho (2,).

    mills_d is the coefficient of E[u | side] and estimates rho_d sigma_d; rho is not cut to its range.
    """

    names: tuple[str, ...]
    estimate: np.ndarray
    covariance: np.ndarray
    sigma: np.ndarray
    rho: np.ndarray


@dataclass(frozen=True, slots=True)
class SwitchingFit:
    """Parameters (r,), in the order of `names`: g, b0 (non-members), b1 (members), log sigma_d, atanh rho_d.

    covariance : (r, r) clustered sandwich = influence.T @ influence, G / (G - 1) inside; influence : (G, r) by
        village in the order of np.unique(cluster); information_covariance : inverse observed information, for
        comparison with programs that print it. NaN without a maximum or with a correlation of one
    converged, gradient_norm, n_iter, n_starts : the climb; gradient_norm is the largest mean score per household
    independence_lr, independence_wald : rho0 = rho1 = 0, by likelihood ratio (which takes households as independent
        and equally weighted) and by the clustered covariance
    first_stage : the instruments in the selection probit alone; None without instruments, as are the next two
    falsification : the instruments in least squares of non-members (Di Falco et al. 2011). Selection by itself makes
        them matter there when rho0 is not zero, so that a rejection does not prove an instrument wrong
    exclusion : score test of the instruments in both outcome equations, selection accounted for
    notes : (key, number): functional_form, weak_instrument (F), not_converged (gradient_norm), boundary_rho0,
        boundary_rho1 (rho), other_maximum (its distance in log likelihood), lr_ignores_clusters (villages),
        lr_ignores_weights
    """

    names: tuple[str, ...]
    parameters: np.ndarray
    covariance: np.ndarray
    information_covariance: np.ndarray
    influence: np.ndarray
    loglik: float
    converged: bool
    gradient_norm: float
    n_iter: int
    n_starts: int
    two_step: TwoStepEstimates
    independence_lr: JointTest
    independence_wald: JointTest
    first_stage: JointTest | None
    falsification: JointTest | None
    exclusion: JointTest | None
    n_members: int
    n_outside: int
    n_clusters: int
    notes: tuple[tuple[str, float], ...] = field(default=())

    @property
    def sigma(self) -> np.ndarray:
        """(2,) s.d. of the outcome's error among non-members and members, outcome unit."""
        return np.exp(self.parameters[-4:-2])

    @property
    def rho(self) -> np.ndarray:
        """(2,) correlation of the outcome's error with that of joining."""
        return np.tanh(self.parameters[-2:])

    def error_of_sigma(self, covariance: np.ndarray) -> np.ndarray:
        """(2,) delta-method errors of sigma under one of the two covariances."""
        return self.sigma * np.sqrt(np.diag(covariance)[-4:-2])

    def error_of_rho(self, covariance: np.ndarray) -> np.ndarray:
        """(2,) delta-method errors of rho under one of the two covariances."""
        return (1 - self.rho**2) * np.sqrt(np.diag(covariance)[-2:])


def fit(section: Section, *, identified_by: str = "instrument") -> SwitchingFit:
    """Full-information maximum likelihood; `section.before` is not read.

    Raises
    ------
    SwitchingError : no instrument, unless identified_by = "functional form"; values missing; a column that cannot be
        told from the others, among all or on one side; perfect prediction of membership; too few households or
        villages; an outcome without spread.
    """
    equations, code = _equations(section), np.unique(section.cluster, return_inverse=True)[1]
    _refuse(section, equations, identified_by)
    start = heckman.two_step(equations)
    top = likelihood.maximise(equations, start.parameters)
    influence = instruments.by_village(top.influence, code)
    covariance = influence.T @ influence
    lr = float(2 * (top.loglik - heckman.independent(equations)))
    first_stage = falsification = exclusion = None
    q = _n_instruments(section)
    if q:
        of_probit = instruments.by_village(start.probit.influence[:, -q:], code)
        first_stage = instruments.f_test(start.probit.coefficients[-q:], of_probit)
        falsification = instruments.falsified(equations, q, code)
        exclusion = instruments.excluded(equations, q, code, top)
    return SwitchingFit(
        names=equations.names,
        parameters=top.parameters,
        covariance=covariance,
        information_covariance=top.bread,
        influence=influence,
        loglik=top.loglik,
        converged=top.converged,
        gradient_norm=top.gradient_norm,
        n_iter=top.n_iter,
        n_starts=top.n_starts,
        two_step=_two_step(equations, start, code),
        independence_lr=JointTest(lr, 2, np.inf, float(chdtrc(2, lr)) if top.converged else np.nan),
        independence_wald=instruments.f_test(top.parameters[-2:], influence[:, -2:]),
        first_stage=first_stage,
        falsification=falsification,
        exclusion=exclusion,
        n_members=section.n_treated,
        n_outside=len(code) - section.n_treated,
        n_clusters=len(influence),
        notes=_notes(section, top, first_stage, len(influence)),
    )


def effects(fit: SwitchingFit, section: Section, *, conf_level: float = 0.95) -> SwitchingEffects:
    """Counterfactual means, ATT, ATU, ATE, base and transitional heterogeneity of the section that was fitted.

    Delta method on the influence of villages: a village moves an average through the parameters and through the
    households it holds.

    Raises
    ------
    SwitchingError : `fit` is not one of this section.
    """
    equations, (_, code) = _equations(section), np.unique(section.cluster, return_inverse=True)
    if fit.names != equations.names or fit.n_clusters != code.max() + 1 or fit.n_members != section.n_treated:
        raise SwitchingError(
            Message(
                "this fit belongs to another section; fit this one",
                "该拟合结果属于另一组数据;请先对本组数据拟合",
            )
        )
    found = counterfactual.averages(fit.parameters, equations)
    estimate = found.estimate if fit.converged else np.full_like(found.estimate, np.nan)
    influence = instruments.by_village(found.households, code) + fit.influence @ found.jacobian.T
    std_error = np.sqrt((influence**2).sum(axis=0))
    df = min(len(np.unique(code[section.treated])), len(np.unique(code[~section.treated]))) - 1.0
    half = stdtrit(df, 0.5 + conf_level / 2) * std_error if df > 0 else np.full_like(std_error, np.nan)
    return SwitchingEffects(
        counterfactual.KEYS, estimate, std_error, estimate - half, estimate + half, influence, df, conf_level,
        fit.notes,
    )  # fmt: skip


def estimate(section: Section, *, conf_level: float = 0.95, identified_by: str = "instrument") -> Effect:
    """The average effect on members (ATT), outcome unit, with what a reader must know in `notes`.

    Raises
    ------
    SwitchingError : as `fit`.
    """
    fitted = fit(section, identified_by=identified_by)
    return average(fitted, effects(fitted, section, conf_level=conf_level))


def average(fitted: SwitchingFit, found: SwitchingEffects) -> Effect:
    """The same from a fit and its averages that are there already."""
    at = found.position("att")
    notes = [*fitted.notes, ("rho0", float(fitted.rho[0])), ("rho1", float(fitted.rho[1]))]
    for key in ("independence_lr", "independence_wald", "first_stage", "falsification", "exclusion"):
        test = getattr(fitted, key)
        if test is not None:
            notes += [(key, test.statistic), (f"{key}_p", test.p_value)]
    notes += [("n_iter", float(fitted.n_iter)), ("gradient_norm", fitted.gradient_norm)]
    influence = found.influence[:, at]
    return Effect(
        "switching", float(found.estimate[at]), float(found.std_error[at]), float(found.conf_low[at]),
        float(found.conf_high[at]), found.df, fitted.n_members, fitted.n_outside, fitted.n_clusters,
        influence if np.isfinite(influence).all() else None, tuple(notes),
    )  # fmt: skip


def _n_instruments(section: Section) -> int:
    return 0 if section.instrument is None else section.instrument.shape[1]


def _equations(section: Section) -> Equations:
    design = np.column_stack([np.ones(len(section.outcome)), section.covariates])
    instruments = np.empty((len(design), 0)) if section.instrument is None else section.instrument
    columns = ("constant", *section.names)
    named = [f"select:{name}" for name in columns]
    numbered = (f"instrument{number + 1}" for number in range(instruments.shape[1]))
    named += [f"select:{name}" for name in section.instrument_names or numbered]
    for side in ("outside", "member"):
        named += [f"{side}:{name}" for name in columns]
    named += ["log_sigma0", "log_sigma1", "atanh_rho0", "atanh_rho1"]
    member, weight = section.treated.astype(bool), section.weight / section.weight.mean()
    selection = np.column_stack([design, instruments])
    return Equations(section.outcome.astype(float), member, weight, selection, design, design, tuple(named))


def _refuse(section: Section, equations: Equations, identified_by: str) -> None:
    q, (k, k0, _) = _n_instruments(section), equations.sizes
    if identified_by not in IDENTIFIED_BY:
        listed = ", ".join(IDENTIFIED_BY)
        raise SwitchingError(
            Message(
                f"identified_by is '{identified_by}'; the choices are: {listed}",
                f"identified_by 为“{identified_by}”;可选:{listed}",
            )
        )
    if not q and identified_by == "instrument":
        raise SwitchingError(
            Message(
                "switching regression has no instrument: name a variable that moves membership but not the outcome, "
                "or say identified_by='functional form' and let the reader know that normality alone identifies it",
                "转换回归缺少工具变量:请指定一个影响入社但不直接影响结果的变量;或写明 identified_by='functional form',并告知读者仅靠正态假设识别",
            )
        )
    if q and identified_by == "functional form":
        raise SwitchingError(
            Message(
                f"identified_by='functional form', but {q} instruments were given; leave them out or do not say so",
                f"已写明 identified_by='functional form',却又给出 {q} 个工具变量;请二者取一",
            )
        )
    whole = (equations.outcome, equations.selection, equations.weight)
    if not all(np.isfinite(values).all() for values in whole) or (equations.weight <= 0).any():
        raise SwitchingError(
            Message(
                "outcome, covariates and instruments must have no missing values and weights must be positive; "
                "select the complete households first",
                "结果、协变量与工具变量不得缺失,权重须为正;请先筛选信息完整的农户",
            )
        )
    counts = (len(equations.member) - section.n_treated, section.n_treated)
    if min(counts) <= k0 + 2:
        raise SwitchingError(
            Message(
                f"{counts[1]} members and {counts[0]} non-members cannot carry {k0 + 2} parameters on each side; "
                f"use fewer covariates or more households",
                f"社员 {counts[1]} 户、非社员 {counts[0]} 户,不足以估计每侧 {k0 + 2} 个参数;请减少协变量或增加农户",
            )
        )
    if len(np.unique(section.cluster)) < 2:
        raise SwitchingError(
            Message(
                "one village gives no clustered error; two are needed",
                "只有一个村,无法计算聚类标准误;至少需要两个村",
            )
        )
    for zh, en, rows, design, names in (
        ("全部农户", "all households", slice(None), equations.selection, equations.names[:k]),
        ("非社员", "non-members", ~equations.member, equations.design0, equations.names[k : k + k0]),
        ("社员", "members", equations.member, equations.design1, equations.names[k : k + k0]),
    ):
        position = instruments.first_dependent(design[rows])
        if position is not None:
            name = names[position].split(":", 1)[1]
            raise SwitchingError(
                Message(
                    f"'{name}' is constant or a combination of the columns before it among {en}; leave it out",
                    f"在{zh}中,“{name}”不变或是前面各列的线性组合;请去掉",
                )
            )
        if en != "all households":
            outcome, b = (
                equations.outcome[rows],
                np.linalg.lstsq(design[rows], equations.outcome[rows], rcond=None)[0],
            )
            if np.square(outcome - design[rows] @ b).sum() <= 1e-20 * np.square(outcome).sum():
                raise SwitchingError(
                    Message(
                        f"the covariates explain the outcome of {en} without error, so that there is nothing to select on",
                        f"协变量完全解释了{zh}的结果,没有可供选择的误差",
                    )
                )


def _two_step(equations: Equations, start: TwoStep, code: np.ndarray) -> TwoStepEstimates:
    k, k0, k1 = equations.sizes
    names = equations.names
    labels = (*names[: k + k0], "mills0", *names[k + k0 : k + k0 + k1], "mills1")
    found = np.r_[
        start.probit.coefficients,
        start.coefficients[0],
        start.mills[0],
        start.coefficients[1],
        start.mills[1],
    ]
    influence = instruments.by_village(np.column_stack([start.probit.influence, *start.influence]), code)
    return TwoStepEstimates(labels, found, influence.T @ influence, start.sigma, start.rho)


def _notes(
    section: Section, top: Maximum, first_stage: JointTest | None, n_clusters: int
) -> tuple[tuple[str, float], ...]:
    notes: list[tuple[str, float]] = []
    if first_stage is None:
        notes.append(("functional_form", 1.0))
    elif not first_stage.statistic >= WEAK:
        notes.append(("weak_instrument", first_stage.statistic))
    if not top.converged:
        notes.append(("not_converged", top.gradient_norm))
    for d, rho in enumerate(np.tanh(top.parameters[-2:])):
        if abs(rho) > likelihood.BOUNDARY:
            notes.append((f"boundary_rho{d}", float(rho)))
    if np.isfinite(top.worse_by):
        notes.append(("other_maximum", top.worse_by))
    if n_clusters < len(section.outcome):
        notes.append(("lr_ignores_clusters", float(n_clusters)))
    if np.ptp(section.weight) > 0:
        notes.append(("lr_ignores_weights", float(section.weight.max() / section.weight.mean())))
    return tuple(notes)
