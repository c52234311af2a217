"""One gate in front of every estimator: what passes can be estimated, what is stopped is named.

The three designs pass the same checks; where they differ, what a unit is differs: in a panel a row, in repeated
cross-sections the village that the people asked live in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.effects import EstimatorError
from analysis.estimators import _rank
from analysis.samples.panel import CrossSections, Observed, Panel, UnbalancedPanel
from analysis.study import Design

ROUNDING = 1e-12  # share of an outcome's size below which its variation is rounding error of doubles


@dataclass(frozen=True, slots=True)
class Admitted:
    """What passed, ordered by cluster and unit, and counts of what was left out or recoded."""

    panel: Observed
    notes: tuple[tuple[str, int], ...]


def admit(panel: Panel, design: Design) -> Admitted:
    """The panel of complete histories without the units that have no period before treatment.

    Units that adopt after the last period (less `design.anticipation`) are untreated throughout and get
    cohort ``inf``; units that adopt in or before the first period are left out. Both are counted in `notes`:
    treated_later, always_treated, no_base_period (those whose only earlier periods are within anticipation).

    Raises
    ------
    EstimatorError : another design, any breach of the panel's contract (all listed), or a design that identifies
        nothing.
    """
    if panel.design != "panel":
        raise EstimatorError(
            f"complete histories are needed, every unit in every period; this table is declared as "
            f"{panel.design} / 需要每个单位各期都有记录，本表声明为 {panel.design}"
        )
    return admit_any(panel, design)


def admit_any(observed: Observed, design: Design) -> Admitted:
    """The same for every design; units seen in one period only are left out of a panel with gaps (seen_once)."""
    recoded, notes = _entered(observed, design)
    always = _without_base_period(recoded, design)
    kept = recoded.keep(~always) if always.any() else recoded
    _require_identification(recoded, kept, design)
    n_always = int((recoded.cohort <= recoded.years[0]).sum())
    counts = (*notes, ("always_treated", n_always), ("no_base_period", int(always.sum()) - n_always))
    return Admitted(_with_varying_covariates(kept), tuple(note for note in counts if note[1]))


def admit_with_always_treated(observed: Observed, design: Design) -> Admitted:
    """The same with the units treated from the first period still in it, and without arms."""
    recoded, notes = _entered(observed, design)
    recoded = recoded.without_models()
    always = _without_base_period(recoded, design)
    _require_identification(recoded, recoded.keep(~always) if always.any() else recoded, design)
    counts = (*notes, ("always_treated_kept", int((recoded.cohort <= recoded.years[0]).sum())))
    return Admitted(_with_varying_covariates(recoded), tuple(note for note in counts if note[1]))


def _entered(observed: Observed, design: Design) -> tuple[Observed, tuple[tuple[str, int], ...]]:
    checked = _ordered(_checked(observed))
    once = ()
    if isinstance(checked, UnbalancedPanel):
        pairs = checked.seen.sum(axis=1) > 1
        once = (("seen_once", int((~pairs).sum())),)
        checked = checked.keep(pairs)
        _raise([] if checked.n_units else ["no unit is seen in two periods / 没有单位在两个时期都有记录"])
    recoded, later = _untreated_throughout(checked, design)
    return recoded, (*once, *later)


def _checked(panel: Observed) -> Observed:
    """The panel with numbers as arrays of doubles. EstimatorError listing every breach of its contract."""
    n, years = len(panel.unit), np.asarray(panel.years)
    sections = isinstance(panel, CrossSections)
    shapes = {
        "outcome": (n,) if sections else (n, len(years)), "cohort": (n,), "weight": (n,), "cluster": (n,),
        "model": (n,), "covariates": (n, len(panel.covariate_names)), **({"year": (n,)} if sections else {}),
    }  # fmt: skip
    wrong = [
        f"{name} has the shape {np.shape(getattr(panel, name))}, not {shape} / {name} 的形状不对"
        for name, shape in shapes.items()
        if np.shape(getattr(panel, name)) != shape
    ]
    if n == 0:
        wrong.insert(0, "there are no units: 0 rows are left after the filters / 筛选后没有剩下任何单位")
    if len(years) < 2:
        wrong.append(
            f"there is one period ({', '.join(map(str, years))}), effects need at least two / "
            "至少需要两个时期"
        )
    elif not np.issubdtype(years.dtype, np.integer) or (np.diff(years) <= 0).any():
        wrong.append(f"years {list(years)} must be integers that increase / 年份必须是递增的整数")
    _raise(wrong)

    numbers = {
        name: np.asarray(getattr(panel, name), dtype=float)
        for name in ("outcome", "cohort", "weight", "covariates")
    }
    _raise([*_unit_breaches(panel), *_number_breaches(panel, **numbers)])
    return replace(panel, **({} if sections else {"years": years}), **numbers)


def _unit_breaches(panel: Observed) -> list[str]:
    found = []
    units = pd.Index(panel.unit)
    if isinstance(panel, CrossSections):
        found += _changing_units(panel)
    elif not units.is_unique:
        twice = units[units.duplicated()].unique()
        found.append(
            f"{len(twice)} units appear more than once, {_such_as(twice)}; a unit is one row of a panel / "
            "单位重复"
        )
    for name in ("unit", "cluster", "model"):
        missing = pd.isna(np.asarray(getattr(panel, name)))
        if missing.any():
            found.append(f"{name} is missing in {int(missing.sum())} rows / {name} 缺失")
    if not found and len(pd.unique(pd.Series(panel.cluster))) < 2:
        found.append(
            f"all {panel.n_units} units lie in one cluster, {panel.cluster[0]!s}, so no standard error "
            "exists; name a finer cluster / 所有单位同属一个聚类，无法计算标准误"
        )
    return found


def _changing_units(sections: CrossSections) -> list[str]:
    """What must be one for all people of a unit: adoption, arm and cluster."""
    found = []
    code, ids = pd.factorize(np.asarray(sections.unit))
    first = np.unique(code, return_index=True)[1]
    for name in ("cohort", "model", "cluster"):
        values, _ = pd.factorize(np.asarray(getattr(sections, name)))
        bad = np.unique(code[values != values[first][code]])
        if len(bad):
            found.append(
                f"{name} differs between people of {len(bad)} units, {_such_as(ids[bad])}; it belongs to the unit / "
                f"同一单位内各人的 {name} 不一致"
            )
    return found


def _number_breaches(
    panel: Observed, outcome: np.ndarray, cohort: np.ndarray, weight: np.ndarray, covariates: np.ndarray
) -> list[str]:
    found = []
    known = np.isfinite(outcome)
    if isinstance(panel, UnbalancedPanel):
        known |= np.isnan(outcome)
    bad = ~known if known.ndim == 1 else ~known.all(axis=1)
    if bad.any():
        found.append(
            f"the outcome is missing or infinite in {int(bad.sum())} units, {_such_as(panel.unit[bad])}; "
            "leave them out by a named rule or fill the gap / 结果变量有缺失或无穷大"
        )
    bad = np.isnan(cohort) | (cohort == -np.inf)
    if bad.any():
        found.append(
            f"the cohort of {int(bad.sum())} units is missing, {_such_as(panel.unit[bad])}; "
            "never treated is inf / 组建年份缺失，从未组建应记为 inf"
        )
    bad = np.isfinite(cohort) & (cohort != np.floor(cohort))
    if bad.any():
        found.append(
            f"the cohort of {int(bad.sum())} units is not a whole year, {_such_as(panel.unit[bad])} / "
            "组建年份不是整数"
        )
    bad = ~(np.isfinite(weight) & (weight > 0))
    if bad.any():
        found.append(
            f"the weight of {int(bad.sum())} units is not positive, {_such_as(panel.unit[bad])} / "
            "权重必须为正"
        )
    for name, column in zip(panel.covariate_names, covariates.T, strict=True):
        bad = ~np.isfinite(column)
        if bad.any():
            found.append(
                f"covariate {name!r} is missing or infinite in {int(bad.sum())} units, "
                f"{_such_as(panel.unit[bad])} / 协变量有缺失或无穷大"
            )
    if not found and not _varies(outcome):
        found.append(
            f"the outcome shows no change of any unit beyond what all {panel.n_units} units share, "
            "so there is nothing to estimate; check the column / 结果变量没有变化，无从估计"
        )
    return found


def _varies(outcome: np.ndarray) -> bool:
    """Whether outcomes (n,) differ, or changes (n, T; NaN where not seen) do."""
    if outcome.ndim == 1:
        change = outcome - outcome.mean()
    else:
        seen = ~np.isnan(outcome)
        change = outcome - _mean(outcome, seen, axis=1)[:, None]
        change -= _mean(change, seen, axis=0)
    tiny = ROUNDING * max(np.nanmax(np.abs(outcome)), np.finfo(float).tiny)
    return bool(np.nanmax(np.abs(change)) > tiny)


def _mean(values: np.ndarray, seen: np.ndarray, axis: int) -> np.ndarray:
    return np.where(seen, values, 0.0).sum(axis=axis) / np.maximum(seen.sum(axis=axis), 1)


def _ordered(panel: Observed) -> Observed:
    """The panel with its units ordered by cluster and, within clusters, by id: input order is forgotten."""
    code, _ = pd.factorize(np.asarray(panel.cluster), sort=True)
    unit = np.asarray(panel.unit)
    if isinstance(panel, CrossSections):
        of_unit, _ = pd.factorize(unit, sort=True)
        traits = panel.covariates.T if panel.covariate_names else ()
        return panel.keep(np.lexsort((*traits, panel.weight, panel.outcome, panel.year, of_unit, code)))
    if (np.diff(code) > 0).all():
        return panel
    by_unit = np.argsort(unit, kind="stable")
    return panel.keep(by_unit[np.argsort(code[by_unit], kind="stable")])


def _untreated_throughout(panel: Observed, design: Design) -> tuple[Observed, tuple[tuple[str, int], ...]]:
    later = np.isfinite(panel.cohort) & (panel.cohort - design.anticipation > panel.years[-1])
    cohort = np.where(later, np.inf, panel.cohort)
    return replace(panel, cohort=cohort), (("treated_later", int(later.sum())),)


def _without_base_period(panel: Observed, design: Design) -> np.ndarray:
    return panel.cohort - design.anticipation <= panel.years[0]


@dataclass(frozen=True, slots=True)
class _Adopting:
    """The units that adopt, one entry each."""

    unit: np.ndarray
    cohort: np.ndarray
    model: np.ndarray
    years: np.ndarray

    @property
    def n_units(self) -> int:
        return len(self.unit)


def _adopting(observed: Observed) -> _Adopting:
    names = ("unit", "cohort", "model")
    first = slice(None)
    if isinstance(observed, CrossSections):
        first = np.unique(pd.factorize(np.asarray(observed.unit))[0], return_index=True)[1]
    return _Adopting(*(np.asarray(getattr(observed, name))[first] for name in names), observed.years)


def _require_identification(everybody: Observed, admitted: Observed, design: Design) -> None:
    """EstimatorError unless `admitted` has treated units and units to compare them with."""
    everyone, kept = _adopting(everybody), _adopting(admitted)
    first, last = int(everyone.years[0]), int(everyone.years[-1])
    treated = np.isfinite(kept.cohort)
    n_treated, n_never = int(treated.sum()), int((~treated).sum())
    if not np.isfinite(everyone.cohort).any():
        raise EstimatorError(
            f"no treated units: none of {everyone.n_units} units adopts in {first}-{last}; check the column "
            "of adoption years / 没有处理单位：样本期内没有单位组建，请检查组建年份"
        )
    if n_treated == 0:
        raise EstimatorError(
            f"no period before adoption: all {int(np.isfinite(everyone.cohort).sum())} treated units are "
            f"under treatment (or anticipate it) in {first}, the first period; add earlier periods / "
            "没有组建前的时期：所有处理单位在首期已经组建，请补充更早的数据"
        )
    if n_treated < 2:
        raise EstimatorError(
            f"too few units: one treated unit, {kept.unit[treated][0]!s}, has a period before adoption; the "
            "variance of one unit cannot be estimated, add treated units / 处理单位过少，至少需要 2 个"
        )
    if design.comparison_group == "never_treated" and n_never == 0:
        raise EstimatorError(
            f"no never-treated units: all {n_treated} units adopt by {int(kept.cohort.max())}; set "
            'comparison_group = "not_yet_treated" in [design] to compare with later adopters / '
            "没有从未组建的对照单位；如要与尚未组建的单位比较，请在 [design] 中设 "
            'comparison_group = "not_yet_treated"'
        )
    cohorts = np.unique(kept.cohort[treated])
    n_comparison = n_never + int((treated & (kept.cohort > cohorts[0])).sum())
    if design.comparison_group == "never_treated":
        n_comparison = n_never
    if n_comparison == 0:
        raise EstimatorError(
            f"no comparison units: all {n_treated} units adopt in {int(cohorts[0])} and none is never "
            "treated, so the effect cannot be told from that year's shock; add units that did not adopt / "
            "没有对照单位：所有单位同年组建，无法与当年冲击区分，请加入未组建的单位"
        )
    if n_comparison < 2:
        raise EstimatorError(
            f"too few units: one comparison unit for {n_treated} treated units; the variance of one unit "
            "cannot be estimated, add units that did not adopt / 对照单位过少，至少需要 2 个"
        )
    _require_models(kept, treated)


def _require_models(panel: _Adopting, treated: np.ndarray) -> None:
    unnamed = treated & (np.asarray(panel.model) == "")
    if unnamed.any() and not unnamed[treated].all():
        raise EstimatorError(
            f"{int(unnamed.sum())} treated units have no model although others do, "
            f"{_such_as(panel.unit[unnamed])}; give each its model or drop arms with without_models() / "
            "部分处理单位没有标明模式，请补充模式，或不区分模式"
        )


def _with_varying_covariates(panel: Observed) -> Observed:
    """The same panel. EstimatorError naming every covariate that is constant or a combination of others."""
    found = []
    for name, column in zip(panel.covariate_names, panel.covariates.T, strict=True):
        if np.ptp(column) == 0:
            found.append(
                f"covariate {name!r} is {column[0]:g} in all {panel.n_units} units; drop it / "
                "协变量没有变化，请删除"
            )
    if not found and panel.covariate_names:
        dependent = _rank.first_dependent(_rank.standardised(panel.covariates))
        if dependent is not None:
            name, earlier = panel.covariate_names[dependent - 1], panel.covariate_names[: dependent - 1]
            found.append(
                f"covariate {name!r} is a linear combination of {', '.join(map(repr, earlier))} and a "
                "constant; drop one of them / 协变量共线，请删除其一"
            )
    _raise(found)
    return panel


def _such_as(ids: np.ndarray | pd.Index) -> str:
    shown = ", ".join(str(i) for i in sorted(map(str, ids))[:3])
    return f"e.g. {shown}"


def _raise(problems: list[str]) -> None:
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise EstimatorError(f"the panel cannot be used / 面板数据不能使用:\n{listed}")
