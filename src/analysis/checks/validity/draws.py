"""Many counties, each with a seed of its own, over as many processes as are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.checks.validity import members, villages
from analysis.checks.validity.scenarios import SCENARIOS

CHUNK = 20  # draws handed out at once
VALUES = ("truth", "estimate", "conf_low", "conf_high")
_ANSWERS = {"villages": villages.answers, "members": members.answers}


@dataclass(frozen=True, slots=True)
class Draws:
    """What methods said about the counties of one scenario, yuan.

    found : (draws, methods, 4) with VALUES last; missing where a method gave no number or no interval
    seed : of the first county; county i has seed + i
    """

    scenario: str
    methods: tuple[str, ...]
    seed: int
    found: np.ndarray

    def frame(self, first: int | None = None) -> pd.DataFrame:
        """One row per draw and method: scenario, method, seed and VALUES; of the first draws only if so asked."""
        found = self.found[:first]
        rows = found.reshape(-1, len(VALUES))
        return pd.DataFrame(
            {
                "scenario": self.scenario,
                "method": np.tile(np.array(self.methods, dtype=object), len(found)),
                "seed": np.repeat(self.seed + np.arange(len(found)), len(self.methods)),
                **dict(zip(VALUES, rows.T, strict=True)),
            }
        )


def monte_carlo(
    asked: Mapping[str, tuple[str, ...]],
    *,
    draws: int,
    seed: int,
    executor: Executor | None = None,
    progress: Callable[[str, int, int], None] = lambda scenario, done, of: None,
) -> Iterator[Draws]:
    """Each scenario's counties, one scenario after the other; the executor changes when, not what.

    Parameters
    ----------
    asked : scenario -> methods, as `scenarios.chosen` gives it.
    draws : counties of a scenario; slow scenarios make their `share` of it, at least two.
    executor : where draws are made; None makes them here.
    progress : told the scenario, the draws made and those to be made.
    """
    for scenario, methods in asked.items():
        number = max(2, round(draws * SCENARIOS[scenario].share))
        starts = range(0, number, CHUNK)
        tasks = [(scenario, methods, range(seed + at, seed + min(at + CHUNK, number))) for at in starts]
        made = map(_chunk, tasks) if executor is None else executor.map(_chunk, tasks)
        parts = []
        for part in made:
            parts.append(part)
            progress(scenario, sum(map(len, parts)), number)
        yield Draws(scenario, methods, seed, np.concatenate(parts))


def _chunk(task: tuple[str, tuple[str, ...], range]) -> np.ndarray:
    name, methods, seeds = task
    scenario = SCENARIOS[name]
    return np.array([_ANSWERS[scenario.group](scenario, methods, seed) for seed in seeds])
