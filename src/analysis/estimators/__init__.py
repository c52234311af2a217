"""The estimators: every module of this folder without a leading underscore is one.

Each module starts with its method and paper and holds

    ONE_EFFECT : True where it gives one overall effect instead of effects by cohort and year
    KEEPS_ALWAYS_TREATED : True where units treated from the first period stay in
    DESIGNS : the designs of tables that it can use, of panel, unbalanced_panel, repeated_cross_section
    fit(panel, design) -> Effects
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from dataclasses import replace
from types import ModuleType

from analysis.effects import Effects, EstimatorError
from analysis.estimators import _gate
from analysis.samples.panel import Observed
from analysis.study import Design


@functools.cache
def names() -> tuple[str, ...]:
    """The registered estimators, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def fit(name: str, panel: Observed, design: Design) -> Effects:
    """Effects of the panel's treatment by the estimator of that name.

    Parameters
    ----------
    name : one of `names()`.
    panel : of any design, units in any order; it is checked first, by one gate for all estimators.
    design : comparison group, base period, anticipation and adjustment.

    Returns
    -------
    Effects, cells ordered by cohort, year and model; its notes count what the gate left out.

    Raises
    ------
    EstimatorError : no such estimator, one that the panel's design does not allow, or a panel that identifies
        nothing; the sentence says why.
    """
    method = _method(name)
    if panel.design not in method.DESIGNS:
        others = [other for other in names() if panel.design in designs_of(other)]
        raise EstimatorError(
            f"{name} is not available for a table declared as {panel.design}: it needs complete histories; use "
            f"{', '.join(others)} / {name} 要求每个单位各期都有记录，不适用于声明为 {panel.design} 的表，可用："
            f"{'、'.join(others)}"
        )
    if method.KEEPS_ALWAYS_TREATED:
        admitted = _gate.admit_with_always_treated(panel, design)
    else:
        admitted = _gate.admit_any(panel, design)
    effects = method.fit(admitted.panel, design)
    return replace(effects, notes=admitted.notes + effects.notes)


def gives_one_effect(name: str) -> bool:
    """Whether the estimator gives one overall effect instead of effects by cohort and year."""
    return bool(_method(name).ONE_EFFECT)


def designs_of(name: str) -> tuple[str, ...]:
    """The designs of tables that the estimator can use."""
    return tuple(_method(name).DESIGNS)


def _method(name: str) -> ModuleType:
    choices = names()
    if name not in choices:
        close = difflib.get_close_matches(name, choices, n=1)
        near = f" (did you mean {close[0]}?)" if close else ""
        raise EstimatorError(
            f"no estimator {name!r}; choose {', '.join(choices)}{near} / "
            f"没有估计方法 {name!r}，可选：{'、'.join(choices)}"
        )
    return importlib.import_module(f"{__name__}.{name}")
