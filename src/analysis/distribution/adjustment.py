"""What covariates add to the outcomes of a year, for any draw of clusters; Athey, Imbens (2006), section 5.1.

Outcomes of year t: slopes_t . (covariates) + cohort effects + rest, by least squares on the units untreated in t. Cross
products are summed by cluster once, so that a draw costs a weighted sum of them.
"""

from __future__ import annotations

import numpy as np

from analysis.distribution.measured import DistributionError
from analysis.messages import Message
from analysis.samples.panel import Panel


class Adjustment:
    """Linear shifts of a panel's outcomes by its covariates.

    cluster : (n,) code of every unit's cluster, 0 .. G - 1
    """

    __slots__ = ("_count", "_inner", "_moment", "_number", "_scaled", "_years", "cluster")

    def __init__(self, panel: Panel, cluster: np.ndarray) -> None:
        self.cluster = cluster
        self._years, self._number = panel.years, panel.covariates.shape[1]
        centred = panel.covariates - np.average(panel.covariates, axis=0, weights=panel.weight)
        spread = panel.covariates.std(axis=0)
        # a covariate that does not vary explains nothing and is left at zero
        self._scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
        if not self._number:
            return
        cohort = np.unique(panel.cohort, return_inverse=True)[1]
        design = np.hstack([self._scaled, np.eye(cohort.max() + 1)[cohort]])
        groups, periods, width = cluster.max() + 1, len(panel.years), design.shape[1]
        self._inner = np.zeros((groups, periods, width, width))
        self._moment = np.zeros((groups, periods, width))
        self._count = np.zeros((groups, periods))
        for t, year in enumerate(panel.years):
            rows = np.flatnonzero(panel.cohort > year)
            weighted = design[rows] * panel.weight[rows, None]
            np.add.at(self._inner[:, t], cluster[rows], weighted[:, :, None] * design[rows][:, None, :])
            np.add.at(self._moment[:, t], cluster[rows], weighted * panel.outcome[rows, t, None])
            self._count[:, t] = np.bincount(cluster[rows], minlength=groups)

    def shift(self, times: np.ndarray) -> np.ndarray:
        """(T, n) what covariates add, clusters drawn `times` (G,).

        Raises
        ------
        DistributionError : fewer untreated units in a year than covariates and cohorts.
        """
        if not self._number:
            return np.zeros((len(self._years), len(self.cluster)))
        inner, moment = np.tensordot(times, self._inner, 1), np.tensordot(times, self._moment, 1)
        slopes = np.empty((len(self._years), self._number))
        for t, count in enumerate((times > 0) @ self._count):
            if count <= inner.shape[-1]:
                year = self._years[t]
                raise DistributionError(
                    Message(
                        f"{count:.0f} untreated units in {year} are too few for {self._number} covariates; drop some",
                        f"{year} 年仅 {count:.0f} 个未处理单位，不足以估计 {self._number} 个协变量；请减少协变量",
                    )
                )
            # cohorts already treated have no rows: the least solution leaves their effects at zero
            slopes[t] = np.linalg.lstsq(inner[t], moment[t], rcond=None)[0][: self._number]
        return slopes @ self._scaled.T
