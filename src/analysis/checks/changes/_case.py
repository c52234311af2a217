"""The question that checks ask again in other ways, and one such way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.samples.panel import Panel
from analysis.study import Design


@dataclass(frozen=True, slots=True)
class Case:
    """The main specification.

    panel, design, estimator : what the headline rests on
    group : (n,) township of each unit; None where the study does not hold it
    """

    panel: Panel
    design: Design
    estimator: str
    group: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One changed way of asking.

    change : key of its name under [changes] in words/
    detail : what the name leaves open, e.g. the cohort left out
    """

    change: str
    panel: Panel
    design: Design
    estimator: str
    detail: str = ""
