"""Sums over clusters: what turns the influence of units into the influence of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.samples.panel import Observed


@dataclass(frozen=True, slots=True)
class Clusters:
    """ids : (G,) sorted labels; code : (n,) position in `ids` of every unit's cluster."""

    ids: pd.Index
    code: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def of(panel: Observed) -> Clusters:
    """The clusters of a panel's units."""
    code, ids = pd.factorize(np.asarray(panel.cluster), sort=True)
    return Clusters(pd.Index(ids, name="cluster"), code)


def totals(values: np.ndarray, code: np.ndarray, n_clusters: int) -> np.ndarray:
    """Sums of `values` (..., n) over the units of each cluster: (..., n_clusters).

    Fast where `code` (n,) does not decrease, as in a panel that passed the gate.
    """
    summed = np.zeros((*values.shape[:-1], n_clusters))
    if not len(code):
        return summed
    step = np.diff(code)
    if (step < 0).any():
        order = np.argsort(code, kind="stable")
        values, code, step = values[..., order], code[order], np.diff(code[order])
    if (step > 0).all():
        summed[..., code] = values
        return summed
    starts = np.concatenate([[0], np.flatnonzero(step) + 1])
    summed[..., code[starts]] = np.add.reduceat(values, starts, axis=-1)
    return summed
