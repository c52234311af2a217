"""Estimates are the same to the last bit in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PRINT_ALL = """
import _panels
from analysis import estimators
from analysis.study import Design

arms = _panels.county(3, models=("b", "a", "c"), weights=True, n_clusters=7)
for panel in (_panels.mpdta("lpop", by_state=True), arms):
    for name in estimators.names():
        effects = estimators.fit(name, panel, Design())
        print(name, effects.cells.to_csv(), effects.influence.to_numpy().tobytes().hex())
"""


def test_estimates_do_not_depend_on_the_hash_seed():
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT_ALL],
            cwd=Path(__file__).parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    ]

    assert printed[0].count(b"twfe") == 2
    assert printed[0] == printed[1] == printed[2]
