"""Villages that adopt models, for the tests of the comparison, and the files of published examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis import paths
from analysis.samples.panel import Panel


def panel(
    seed: int,
    *,
    sizes: dict[str, int],
    never: int = 40,
    noise: float = 0.3,
    effects: dict[str, float] | None = None,
    spread: float = 0.1,
    years: tuple[int, int] = (2016, 2025),
    cohorts: tuple[int, int] = (2020, 2023),
) -> Panel:
    """Villages by model and never treated ones; two covariates move trends; effects do not change over time."""
    rng = np.random.default_rng(seed)
    model = np.repeat(np.array([*sizes, ""], dtype=object), [*sizes.values(), never])
    n, t = len(model), np.arange(years[0], years[1] + 1)
    cohort = np.where(model == "", np.inf, rng.integers(cohorts[0], cohorts[1] + 1, n))
    x = rng.normal(size=(n, 2)) * [1.0, 5.0] + [0.0, 20.0]
    trend = 0.02 * x[:, :1] + 0.004 * (x[:, 1:] - 20)
    outcome = (
        rng.normal(size=(n, 1))
        + 0.03 * (t - t[0])
        + trend * (t - t[0])
        + noise * rng.normal(size=(n, len(t)))
    )
    gain = np.array([(effects or {}).get(m, 0.25) for m in model]) + spread * rng.normal(size=n)
    outcome = outcome + np.where(t >= cohort[:, None], gain[:, None], 0.0)
    unit = np.array([f"v{i:03d}" for i in range(n)], dtype=object)
    return Panel(unit, t, outcome, cohort, np.ones(n), unit.copy(), model, x, ("income", "land"))


def reference_file(name: str) -> Path:
    """A data file of the published examples, read where it is kept and never committed; skips without it."""
    folder = paths.shared_data()
    file = None if folder is None else folder.parents[1] / "references" / "comparison_data" / name
    if file is None or not file.is_file():
        pytest.skip(f"{name} is not redistributed and not here")
    return file
