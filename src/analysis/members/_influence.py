"""From what households contribute to an estimate to its error by village.

V = G / (G - 1) sum_g (sum_{i in g} psi_i)^2,  interval by Student's t with G - 1 degrees of freedom  (Liang, Zeger
1986; Hansen 2007, sec. 3). psi_i: influence of household i, summing to zero; G: villages with a household in use.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from analysis.estimators import _clusters
from analysis.members.section import Effect, Section


def effect(
    method: str,
    estimate: float,
    influence: np.ndarray,
    section: Section,
    used: np.ndarray,
    *,
    conf_level: float,
    notes: tuple[tuple[str, float], ...] = (),
) -> Effect:
    """An effect with errors by village.

    Parameters
    ----------
    influence : (n,) contributions of households, outcome unit, zero where not used.
    used : (n,) bool, households with a say.
    notes : what to add to `effective_clusters`, the number of equal villages that would give the same error.
    """
    ids, code = np.unique(section.cluster, return_inverse=True)
    summed = _clusters.totals(influence, code, len(ids))
    n_clusters = len(np.unique(code[used]))
    summed = summed * np.sqrt(n_clusters / (n_clusters - 1)) if n_clusters > 1 else summed * np.nan
    square = summed**2
    at_work = square.sum() ** 2 / (square**2).sum() if square.any() else np.nan
    return with_error(
        method, estimate, float(np.sqrt(square.sum())), n_clusters - 1.0, section, used,
        conf_level=conf_level, influence=summed, notes=(("effective_clusters", float(at_work)), *notes),
    )  # fmt: skip


def with_error(
    method: str,
    estimate: float,
    std_error: float,
    df: float,
    section: Section,
    used: np.ndarray,
    *,
    conf_level: float,
    influence: np.ndarray | None = None,
    notes: tuple[tuple[str, float], ...] = (),
) -> Effect:
    """An effect whose error is known, with its t interval (df = inf: normal)."""
    half = float(stdtrit(df, 0.5 + conf_level / 2)) * std_error if df > 0 else np.nan
    return Effect(
        method=method,
        estimate=float(estimate),
        std_error=float(std_error),
        conf_low=float(estimate - half),
        conf_high=float(estimate + half),
        df=float(df),
        n_treated=int((section.treated & used).sum()),
        n_comparison=int((~section.treated & used).sum()),
        n_clusters=len(np.unique(section.cluster[used])),
        influence=influence,
        notes=notes,
    )


def effective_number(weight: np.ndarray) -> float:
    """Number of equal weights with the same variance: (sum w)^2 / sum w^2  (Kish 1965, sec. 11.7)."""
    square = float((weight**2).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0
