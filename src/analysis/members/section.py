"""The arrays that member-effect methods read, and what each of them gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Section:
    """n households at one date, with their outcome at an earlier one where it is known.

    outcome : (n,) float, outcome unit, no missing value
    treated : (n,) bool, member
    covariates : (n, p) float, not changed by membership, no missing value
    names : p names
    weight : (n,) float, positive; survey weights or ones
    cluster : (n,) text ids of villages
    before : (n,) float, the outcome before anybody joined; None in a single cross-section
    instrument : (n, q) float, moves membership but not the outcome (for switching regression); q may be 0
    instrument_names : q names; none given: instrument1, instrument2, ...
    """

    outcome: np.ndarray
    treated: np.ndarray
    covariates: np.ndarray
    names: tuple[str, ...]
    weight: np.ndarray
    cluster: np.ndarray
    before: np.ndarray | None = None
    instrument: np.ndarray | None = None
    instrument_names: tuple[str, ...] = ()

    @property
    def n_treated(self) -> int:
        """Number of members."""
        return int(self.treated.sum())


@dataclass(frozen=True, slots=True)
class Effect:
    """An average effect on members by one method.

    estimate, std_error, conf_low, conf_high : outcome unit; std_error NaN where the method gives none
    df : degrees of freedom of the interval (inf = normal)
    n_treated, n_comparison : households used; n_clusters : villages
    influence : (n_clusters,) contribution of every village, index in the order of np.unique(cluster); None where the
        method has no influence function; (influence @ influence) ** 0.5 is then the standard error
    notes : (key, number) pairs of what a reader must know: trimmed, off_support, max_weight, effective_n, ...
    """

    method: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    df: float
    n_treated: int
    n_comparison: int
    n_clusters: int
    influence: np.ndarray | None = None
    notes: tuple[tuple[str, float], ...] = field(default=())
