"""The question that checks ask again in other ways, one such way, and what the study holds for asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.effects import Effects
from analysis.samples.panel import Panel
from analysis.study import Design


@dataclass(frozen=True, slots=True)
class Held:
    """What a study holds beyond the panel, by unit in the panel's order; empty or None where it holds nothing.

    unit : unit of the outcome
    tails, base_periods : as in [robustness]
    prices : (T,) price level of each period, one in the base year; base_year : that year
    price_columns : (n,) baseline values by column
    programmes : (n,) whether another programme reached the unit, by programme
    placebo_outcomes : (n, T) by key, NaN where missing
    positions : (n, 2) km
    """

    unit: str = ""
    tails: float = 0.01
    base_periods: int = 3
    prices: np.ndarray | None = None
    base_year: int | None = None
    price_columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    programmes: Mapping[str, np.ndarray] = field(default_factory=dict)
    placebo_outcomes: Mapping[str, np.ndarray] = field(default_factory=dict)
    positions: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The main specification.

    panel, design, estimator : what the headline rests on
    group : (n,) township of each unit; None where the study does not hold it
    held : what else is held
    """

    panel: Panel
    design: Design
    estimator: str
    group: np.ndarray | None = None
    held: Held = Held()

    @property
    def has_histories(self) -> bool:
        """Whether every unit has a value in every period, so that values can be changed by unit and period."""
        return self.panel.design == "panel"


@dataclass(frozen=True, slots=True)
class Variant:
    """One changed way of asking.

    change : key of its name under [changes] in words/
    detail : what the name leaves open, e.g. the cohort left out
    n_changed : units left out or whose values were changed; 0 where all units stay as they are
    fit : gives the effects where no registered estimator does; None: the estimator of that name
    theme : which kind of decision it changes, one of THEMES
    """

    change: str
    panel: Panel
    design: Design
    estimator: str
    detail: str = ""
    n_changed: int = 0
    fit: Callable[[Panel, Design], Effects] | None = None
    theme: str = "main"


def without(change: str, case: Case, out: np.ndarray, detail: str = "") -> Variant:
    """The main question without the units where `out` (n,) is true."""
    return Variant(change, case.panel.keep(~out), case.design, case.estimator, detail, int(out.sum()))


def with_covariates(panel: Panel, columns: Mapping[str, np.ndarray]) -> Panel:
    """The panel with those covariates instead of its own, (n,) by name."""
    values = np.column_stack(list(columns.values())) if columns else np.empty((len(panel.unit), 0))
    return replace(panel, covariates=values.astype(float), covariate_names=tuple(columns))
