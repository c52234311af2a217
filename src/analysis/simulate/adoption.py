"""Which village adopts when, in which model, and which coops close again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.simulate.parameters import LAST_CREDIBLE_YEAR, MODEL_FACTORS, MODEL_SIZES, MODELS, YEARS, County
from analysis.simulate.villages import Villages, stream


@dataclass(frozen=True, slots=True)
class Adoption:
    """Roll-out over n villages and T years.

    cohort : (n,) year of adoption, inf = never
    exit_year : (n,) first year without the coop, inf = not closed
    model : (n,) position in MODELS, -1 = never adopted
    active : (n, T) whether the coop works; phase : (n, T) share of the full effect
    factor : (n,) what the model multiplies effects by
    """

    cohort: np.ndarray
    exit_year: np.ndarray
    model: np.ndarray
    active: np.ndarray
    phase: np.ndarray
    factor: np.ndarray


def adopt(villages: Villages, county: County) -> Adoption:
    """Roll-out by rank of a score: the highest adopt first, the lowest never."""
    rng = stream(county, 2)
    n = len(villages.quality)
    order = np.argsort(-(_score(villages, county) + rng.logistic(size=n)), kind="stable")
    cohort = np.full(n, np.inf)
    cohort[order[: county.n_adopters]] = np.repeat(*zip(*sorted(county.rollout), strict=True))
    exit_year = _exits(cohort, villages.quality, county, rng)
    model = _models(cohort, villages, county, rng)
    years = np.array(YEARS)
    active = (cohort[:, None] <= years) & (years < exit_year[:, None])
    since = np.where(active, years - np.where(np.isfinite(cohort), cohort, YEARS[-1])[:, None], 0).astype(int)
    shares = np.array(county.phase_in)
    phase = np.where(active, shares[np.minimum(since, len(shares) - 1)], 0.0)
    return Adoption(cohort, exit_year, model, active, phase, _factors(model, county))


def _score(villages: Villages, county: County) -> np.ndarray:
    cadres = {"county": villages.quality, "observed": villages.proxy, "none": 0 * villages.quality}[
        county.selection
    ]
    score = (
        county.adoption_on_quality * cadres
        + county.adoption_on_precoop * villages.precoop
        + county.adoption_on_land * (villages.land - 4.7)
        + county.adoption_on_distance * (villages.distance - 20)
    )
    share = {"county": 1.0, "observed": county.observed_share, "none": 0.0}[county.selection]
    return score * county.selection_strength * share


def _exits(cohort: np.ndarray, quality: np.ndarray, county: County, rng: np.random.Generator) -> np.ndarray:
    weight = county.exit_on_quality * quality if county.selection == "county" else 0.0
    keys = np.where(np.isfinite(cohort), weight + rng.gumbel(size=len(cohort)), -np.inf)
    leaving = np.argsort(-keys, kind="stable")[: county.n_exits]  # sampling without replacement by log weight
    exit_year = np.full(len(cohort), np.inf)
    exit_year[leaving] = rng.integers(LAST_CREDIBLE_YEAR + 1, YEARS[-1] + 1, len(leaving))
    return exit_year


def _models(cohort: np.ndarray, villages: Villages, county: County, rng: np.random.Generator) -> np.ndarray:
    """Models by type of village, the rarest first: confounded with land, distance and cadres."""
    # rows M01..M10; columns cadre proxy, land - 4.7 mu, earlier coop, distance - 20 km; own
    taste = np.array([
        [0.6, 0.2, 0.5, -0.02], [0.3, -0.3, 0.0, -0.03], [0.2, 0.5, 0.4, 0.00], [0.4, 0.3, 0.3, -0.05],
        [0.5, -0.5, 0.2, -0.06], [-0.2, 0.5, 0.0, 0.02], [-0.5, -0.3, -0.3, 0.02], [0.1, -0.4, 0.0, 0.03],
        [0.2, -0.3, -0.2, 0.06], [-0.6, -0.2, -0.4, 0.03],
    ])  # fmt: skip
    liking = villages.observed @ taste.T * (county.selection != "none") + rng.gumbel(
        size=(len(cohort), len(taste))
    )
    model = np.full(len(cohort), -1)
    sizes = _sizes(county.n_adopters)
    free = np.isfinite(cohort)
    for arm in np.argsort(sizes, kind="stable"):
        keys = np.where(free, liking[:, arm] - np.delete(liking, arm, axis=1).max(axis=1), -np.inf)
        chosen = np.argsort(-keys, kind="stable")[: sizes[arm]]
        model[chosen] = arm
        free[chosen] = False
    return model


def _sizes(total: int) -> np.ndarray:
    """MODEL_SIZES scaled to `total` coops by largest remainder."""
    share = np.array(MODEL_SIZES) * total / sum(MODEL_SIZES)
    sizes = np.floor(share).astype(int)
    sizes[np.argsort(sizes - share, kind="stable")[: total - sizes.sum()]] += 1
    return sizes


def _factors(model: np.ndarray, county: County) -> np.ndarray:
    if county.model_effects == "none":
        return np.zeros(len(model))
    if county.model_effects == "equal" or county.n_adopters == 0:
        return np.ones(len(model))
    factors = np.array([*MODEL_FACTORS, 0.0])[model]  # -1 takes the last one
    return factors / factors[model >= 0].mean()


def model_codes(adoption: Adoption) -> np.ndarray:
    """Model of each village as its code, empty for never adopted."""
    return np.array([*MODELS, ""], dtype=object)[adoption.model]
