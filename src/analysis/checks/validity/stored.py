"""Results of the long runs, kept with what made them, so that a page can show them and say how old they are.

recovery.csv     one row per scenario and method, `summary.COLUMNS`
first_draws.csv  the first draws of every scenario one by one: who recomputes them knows that the code is the same
ladder.csv       one row per scenario, seed and quantity, `rehearsal.COLUMNS`
made.json        for villages, members and ladder: command, draws, seed, package version, seconds, digest of every source
                 file behind the numbers
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import paths
from analysis.checks.validity.draws import VALUES, Draws, monte_carlo
from analysis.checks.validity.scenarios import MEMBERS, SCENARIOS, VILLAGES
from analysis.checks.validity.summary import recovery

FIRST = 30  # draws of a scenario that are kept one by one
SAME = 1e-9  # relative difference of a recomputed number that rounding explains
_PACKAGE = Path(__file__).resolve().parents[2]
_MEMBERS = tuple(
    f"members/{name}.py"
    for name in ("_gate", "_influence", "_neighbours", "entropy_balancing", "matched_differences", "nearest_neighbour",
                 "propensity", "regression", "section", "weighting")
)  # fmt: skip
# what a stored number depends on, relative to the package
_NUMBERS = (
    "effects.py",
    "estimates.py",
    "inference.py",
    "estimators/*.py",
    "samples/panel.py",
    "members/*.py",
)
_COUNTY = tuple(
    f"simulate/{name}.py"
    for name in ("adoption", "collective", "households", "parameters", "prices", "villages", "truth")
)
_RECOVERY = tuple(f"checks/validity/{name}.py" for name in ("draws", "scenarios", "summary"))
SOURCES = {
    "villages": (*_NUMBERS, *_COUNTY, *_RECOVERY, "checks/validity/villages.py"),
    "members": (*_MEMBERS, *_COUNTY, *_RECOVERY, "checks/validity/members.py"),
    "ladder": (*_NUMBERS, *_MEMBERS, *_COUNTY, "simulate/county.py", "samples/select.py", "samples/rules.py",
               "checks/ladder.py", "checks/validity/rehearsal.py"),
}  # fmt: skip
GROUPS = {"villages": VILLAGES, "members": MEMBERS}


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in data/validity of one kind.

    rows : of recovery.csv about villages or members, or of ladder.csv
    made : command, draws, seed, version, seconds, jobs
    changed : source files that are not what they were when the rows were made
    """

    rows: pd.DataFrame
    made: dict[str, Any]
    changed: tuple[str, ...]


def folder() -> Path:
    """Where the project keeps its results."""
    return paths.project() / "data" / "validity"


def read(kind: str, where: Path | None = None) -> Stored | None:
    """The stored `kind` ("villages", "members" or "ladder"); None where nothing was stored."""
    where = where or folder()
    account, table = where / "made.json", where / ("recovery.csv" if kind in GROUPS else "ladder.csv")
    if not (account.is_file() and table.is_file()):
        return None
    made = json.loads(account.read_text("utf-8")).get(kind)
    if made is None:
        return None
    then, now = made.pop("sources"), sources(kind)
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    rows = pd.read_csv(table)
    if kind in GROUPS:
        rows = rows[rows["scenario"].isin(list(GROUPS[kind]))].reset_index(drop=True)
    return Stored(rows, made, tuple(changed))


def sources(kind: str) -> dict[str, str]:
    """File -> first 16 digits of the SHA-256 of its text, for every file that the stored numbers depend on."""
    files = sorted({file for pattern in SOURCES[kind] for file in _PACKAGE.glob(pattern)})
    return {
        file.relative_to(_PACKAGE).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for file in files
    }


def whole_groups(scenarios: Iterable[str]) -> tuple[str, ...]:
    """The groups all of whose scenarios are there; what is stored is stored by group."""
    given = set(scenarios)
    return tuple(kind for kind, group in GROUPS.items() if group.keys() <= given)


def write_recovery(
    found: list[Draws], where: Path, made: dict[str, Any], digests: dict[str, dict[str, str]]
) -> None:
    """The rows of whole groups in recovery.csv and first_draws.csv, beside those of a group that was not run.

    digests : for each group, its `sources` from before the run.
    """
    first = pd.concat([one.frame(FIRST) for one in found], ignore_index=True)
    for rows, name, digits in (
        (recovery(found), "recovery.csv", "%.10g"),
        (first, "first_draws.csv", "%.13g"),
    ):
        path, ran = where / name, set(rows["scenario"])
        held = pd.read_csv(path) if path.is_file() else rows.iloc[:0]
        parts = [part for part in (held[~held["scenario"].isin(ran)], rows) if len(part)]
        order = list(SCENARIOS)
        kept = pd.concat(parts, ignore_index=True)
        _write(
            kept.sort_values("scenario", key=lambda names: names.map(order.index), kind="stable"),
            path,
            digits,
        )
    for kind in whole_groups(one.scenario for one in found):
        _account(kind, where, {**made, "sources": digests[kind]})


def write_ladder(rows: pd.DataFrame, where: Path, made: dict[str, Any]) -> None:
    """ladder.csv and its part of made.json."""
    _write(rows, where / "ladder.csv", "%.13g")
    _account("ladder", where, made)


def first_draws(where: Path | None = None) -> pd.DataFrame:
    """first_draws.csv: scenario, method, seed and VALUES."""
    return pd.read_csv((where or folder()) / "first_draws.csv")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Stored draws made again.

    scenario : whose draws; draws, numbers : counties and numbers compared; same : numbers that agree to SAME
    largest : largest relative difference
    """

    scenario: str
    draws: int
    numbers: int
    same: int
    largest: float


def recompute(
    scenario: str, methods: tuple[str, ...], draws: int = FIRST, where: Path | None = None
) -> Recomputed:
    """Make the first draws of a scenario again and compare them with the stored ones, number by number."""
    kept = first_draws(where)
    kept = kept[(kept["scenario"] == scenario) & kept["method"].isin(methods)]
    seed = int(kept["seed"].min())
    asked = {scenario: tuple(m for m in SCENARIOS[scenario].asks if m in methods)}
    # a scenario that makes fewer draws is asked for as many as give `draws`
    number = round(draws / SCENARIOS[scenario].share)
    again = next(iter(monte_carlo(asked, draws=number, seed=seed))).frame(draws)
    both = kept.merge(again, on=["scenario", "method", "seed"], suffixes=("", "_again"), validate="1:1")
    then, now = (both[[f"{value}{end}" for value in VALUES]].to_numpy(float) for end in ("", "_again"))
    # zero effects are compared on the scale of the estimates
    scale = np.maximum(np.abs(then), np.nanstd(then[:, 1]))
    gap = np.where(np.isnan(then) & np.isnan(now), 0.0, np.abs(now - then) / scale)
    gap = np.where(np.isnan(gap), np.inf, gap)
    return Recomputed(scenario, both["seed"].nunique(), gap.size, int((gap <= SAME).sum()), float(gap.max()))


def _write(rows: pd.DataFrame, path: Path, digits: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows.to_csv(index=False, float_format=digits, lineterminator="\n"), encoding="utf-8")


def _account(kind: str, where: Path, made: dict[str, Any]) -> None:
    path = where / "made.json"
    held = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    held[kind] = {**made, "version": version("coopeval")}
    path.write_text(json.dumps(dict(sorted(held.items())), indent=1) + "\n", encoding="utf-8")
