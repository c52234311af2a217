"""Samples that R drew: its Mersenne Twister, its normal law by inversion, its `sample` before version 3.6.

The seed is stirred by the congruential generator 69069 x + 1, as R's documentation of `Random` says, before it fills
the state. `mvrnorm` is that of the package mvtnorm: normal numbers times the symmetric root of the covariance,
filled by row (since 0.9-9994) or by column (before).
"""

import numpy as np
from scipy.special import ndtri

WORD = 0xFFFFFFFF
PER_WORD = 2.3283064365386963e-10  # 2^-32
BIG = 134217728  # 2^27: how finely R's inversion divides the unit interval


class RGenerator:
    """What R gives after set.seed(seed)."""

    def __init__(self, seed: int) -> None:
        words = []
        for step in range(50 + 625):
            seed = (69069 * seed + 1) & WORD
            if step > 50:
                words.append(seed)  # the first of the 625 is the position, which R then sets to 624
        self.twister = np.random.MT19937()
        state = {"key": np.array(words, dtype=np.uint32), "pos": 624}
        self.twister.state = {"bit_generator": "MT19937", "state": state}

    def runif(self, n: int) -> np.ndarray:
        drawn = self.twister.random_raw(n) * PER_WORD
        return np.clip(drawn, PER_WORD / 2, 1 - PER_WORD / 2)

    def rnorm(self, n: int) -> np.ndarray:
        coarse, fine = self.runif(2 * n).reshape(n, 2).T
        return ndtri((np.floor(BIG * coarse) + fine) / BIG)

    def sample(self, n: int, size: int) -> np.ndarray:
        """Positions from 0, without replacement."""
        left, drawn = list(range(n)), []
        for u in self.runif(size):
            position = int(n * u)
            drawn.append(left[position])
            n -= 1
            left[position] = left[n]
        return np.array(drawn)

    def mvrnorm(self, n: int, covariance: np.ndarray, *, order: str) -> np.ndarray:
        values, vectors = np.linalg.eigh(covariance)
        drawn = self.rnorm(n * len(covariance))
        drawn = drawn.reshape(n, -1) if order == "row" else drawn.reshape(-1, n).T
        return drawn @ (vectors * np.sqrt(values)) @ vectors.T
