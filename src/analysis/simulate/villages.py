"""Villages at baseline: land, distance, cadres, and what of it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.simulate.parameters import VILLAGES_BY_TOWNSHIP, County


@dataclass(frozen=True, slots=True)
class Villages:
    """Baseline of n villages, arrays of length n; `quality` is recorded nowhere.

    township : position in TOWNSHIPS
    quality, proxy : cadre quality and its recorded proxy, s.d. 1
    land : mu of peach per household; distance : km; others as the columns of village_year
    """

    township: np.ndarray
    quality: np.ndarray
    proxy: np.ndarray
    land: np.ndarray
    precoop: np.ndarray
    distance: np.ndarray
    hill_share: np.ndarray
    households: np.ndarray
    population: np.ndarray
    arable: np.ndarray
    orchard: np.ndarray
    peach: np.ndarray
    party_members: np.ndarray
    sec_age: np.ndarray
    sec_edu: np.ndarray
    sec_is_head: np.ndarray
    first_secretary: np.ndarray

    @property
    def observed(self) -> np.ndarray:
        """Centred recorded covariates (n, 4), in the order of COVARIATES_OBSERVED."""
        return np.column_stack((self.proxy, self.land - 4.7, self.precoop, self.distance - 20))


def stream(county: County, number: int) -> np.random.Generator:
    """Random numbers of one part of the county, unmoved by changes in the other parts."""
    return np.random.default_rng((county.seed, number))


def draw_villages(county: County) -> Villages:
    """The villages of a county, rounded as they are recorded."""
    rng = stream(county, 1)
    n = sum(VILLAGES_BY_TOWNSHIP)
    quality, noise = rng.standard_normal((2, n))
    proxy = np.round(county.proxy_weights[0] * quality + county.proxy_weights[1] * noise, 3)
    land = np.clip(rng.normal(county.land_mean, county.land_sd, n), *county.land_range).round(2)
    precoop = (rng.random(n) < _logistic(-0.6 + 0.5 * quality + 0.25 * (land - 4.7))).astype(int)  # D8
    distance = np.minimum(rng.gamma(4, 5, n), 70).round(2)  # km, D8
    households = np.clip(rng.lognormal(np.log(400), 0.44, n), 60, 1800).astype(int)  # mean 440, D3.1
    peach = (land * households).round(2)
    return Villages(
        township=np.repeat(np.arange(len(VILLAGES_BY_TOWNSHIP)), VILLAGES_BY_TOWNSHIP),
        quality=quality,
        proxy=proxy,
        land=land,
        precoop=precoop,
        distance=distance,
        hill_share=np.clip(0.55 + 0.012 * distance + rng.normal(0, 0.12, n), 0.2, 1).round(2),
        households=households,
        population=np.rint(households * rng.normal(3.0, 0.15, n)).astype(int),
        arable=(households * rng.uniform(0.6, 2.2, n)).round(2),
        orchard=(peach * rng.uniform(1.1, 1.9, n)).round(2),  # 105 of orchard to 71 of peach, D3.4
        peach=peach,
        party_members=np.clip(rng.poisson(0.07 * households), 3, 300),
        sec_age=np.clip(np.rint(rng.normal(51 - 1.5 * quality, 7)), 26, 70).astype(int),
        sec_edu=np.clip(np.rint(rng.normal(10.5 + 0.8 * quality, 2.2)), 5, 16).astype(int),
        sec_is_head=(rng.random(n) < 0.85).astype(int),
        first_secretary=(rng.random(n) < _logistic(-1.6 - 0.4 * quality)).astype(int),
    )


def _logistic(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))
