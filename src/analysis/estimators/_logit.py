"""Weighted logit by Newton's method, with a verdict instead of a number where no maximum exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

STEPS = 30  # Newton needs under 12 where a maximum exists
LARGEST_MOVE = 5.0  # log-odds; longer steps are cut, so that fitted probabilities do not saturate on the way
CONVERGED = 1e-14  # squared Newton decrement per unit of weight of the smaller group
EXHAUSTED = 1e-24  # the same at which only rounding error is left
SLOW = 0.1  # decrements shrink by ever larger factors near a maximum, by 1/e each step under separation


class SeparationError(Exception):
    """The likelihood has no maximum: some combination of covariates predicts membership perfectly."""

    def __init__(self, coefficients: np.ndarray) -> None:
        super().__init__("no maximum of the likelihood")
        self.coefficients = coefficients


@dataclass(frozen=True, slots=True)
class Logit:
    """coefficients (q,), probability (m,) and information (q, q) = sum of weight p (1 - p) x x'."""

    coefficients: np.ndarray
    probability: np.ndarray
    information: np.ndarray


def fit(
    design: np.ndarray, member: np.ndarray, weight: np.ndarray, *, start: np.ndarray | None = None
) -> Logit:
    """Maximum of the weighted likelihood of `member` (m,) given `design` (q, m), first row ones.

    Raises
    ------
    SeparationError : no maximum within STEPS; the coefficients reached tell which way it climbs.
    """
    member = member.astype(float)
    inside = weight @ member
    smaller = min(inside, weight.sum() - inside)
    if start is None:
        share = inside / weight.sum()
        start = np.zeros(len(design))
        start[0] = np.log(share / (1 - share))
    beta, previous = start, np.inf
    for _ in range(STEPS):
        probability = expit(beta @ design)
        score = design @ (weight * (member - probability))
        information = (design * (weight * probability * (1 - probability))) @ design.T
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError as error:
            raise SeparationError(beta) from error
        decrement = score @ step
        move = np.abs(step @ design).max()
        beta = beta + step * min(1.0, LARGEST_MOVE / max(move, LARGEST_MOVE))
        near = decrement < CONVERGED * smaller and decrement < SLOW * previous
        previous = decrement
        if near or decrement < EXHAUSTED * smaller:
            probability = expit(beta @ design)
            information = (design * (weight * probability * (1 - probability))) @ design.T
            return Logit(beta, probability, information)
    raise SeparationError(beta)
