"""Whether covariates vary enough to be told apart: rank of a design, one column after another."""

from __future__ import annotations

import numpy as np

TOLERANCE = 1e-10  # share of a column's sum of squares left after the earlier columns; below, it is rounding


def standardised(covariates: np.ndarray) -> np.ndarray:
    """A row of ones above the covariates (n, p) with mean 0 and variance 1: (p + 1, n).

    Estimates with a constant do not depend on the covariates' origin and unit; numerical error does.
    """
    n, p = covariates.shape
    design = np.ones((p + 1, n))
    centred = covariates - covariates.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    design[1:] = (centred / np.where(spread > 0, spread, 1.0)).T
    return design


def first_dependent(design: np.ndarray) -> int | None:
    """The first row of `design` (q, n) that is a linear combination of the rows above; None if none is."""
    return first_dependent_of_gram(design @ design.T)


def first_dependent_of_gram(gram: np.ndarray) -> int | None:
    """The same from the cross products (q, q)."""
    left = gram.copy()
    for j in range(len(left)):
        if not left[j, j] > TOLERANCE * gram[j, j]:
            return j
        left[j + 1 :] -= np.outer(left[j + 1 :, j] / left[j, j], left[j])
    return None
