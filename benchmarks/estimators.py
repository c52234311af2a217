"""Group-time effects of this project against csdid, diff-diff and moderndid: seconds, memory and numbers.

    python benchmarks estimators [--sizes county,million] [--candidates coopeval,csdid] [--repeats K] [--json]

Two sizes (`county.py`): a county of 366 villages and 10 years, and 1,000,000 rows of households clustered by
village. Every candidate runs in a process of its own on the same file (`candidates.py`); the fastest of k runs
counts. This process stays small, because a child's peak memory begins at its parent's.

The exit code is 1 if numbers differ or a candidate failed at a size.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
OURS = "coopeval"
PEERS = ("csdid", "diff_diff", "moderndid")
SIZES = {"county": 15, "million": 3}  # repetitions
ROWS = {"county": "366 villages x 10 years", "million": "100,000 households x 10 years"}
LIMIT = 1e-8  # of effects and errors, per unit of their size where that is above one
TIMEOUT = 1800  # seconds
N_CLUSTERS = 366
FIELDS = ("cohort", "year", "effect", "std_error")
HEAD = """\
                           seconds                        memory, MB    uniform   own error
candidate    version  import   read      run   to ours   before   peak   band  / analytic"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one candidate's process wrote, or why it wrote nothing."""

    name: str
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    error: str = ""

    @property
    def seconds(self) -> float:
        """The fastest run."""
        return float(self.numbers["seconds"].min())

    def cells(self, part: str) -> dict[str, np.ndarray]:
        """The fields of "cells" or "regression", ordered by cohort and year."""
        found = {name: self.numbers[f"{part}.{name}"] for name in FIELDS}
        order = np.lexsort((found["year"], found["cohort"]))
        return {name: values[order] for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Largest differences from ours; `agreed` None where the peer estimates something else by design."""

    what: str
    effect: float
    std_error: float
    agreed: bool | None

    def __str__(self) -> str:
        verdict = {
            True: f"equal to {LIMIT:g}",
            False: "MISMATCH",
            None: "Horvitz-Thompson weights, not held to it",
        }[self.agreed]
        return f"{self.what}: effects {self.effect:.1e}, errors {self.std_error:.1e}  {verdict}"


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tables, tell whether all is well."""
    given = _parser().parse_args(arguments)
    sizes, chosen = _choices(given.sizes, SIZES), _choices(given.candidates, (OURS, *PEERS))
    answer: dict[str, object] = {}
    good = True
    with tempfile.TemporaryDirectory(prefix="coopeval-bench-") as temporary:
        folder = Path(temporary)
        for size in dict.fromkeys(["county", *sizes]):  # the small one also warms up
            _prepare(size, folder)
        for size in sizes:
            measured = [_measure(name, size, folder, given.repeats or SIZES[size]) for name in chosen]
            good &= _tell(size, measured)
            answer |= _ratios(size, measured)
    answer["agree"] = good
    if given.json:
        print(json.dumps(answer))
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks estimators", description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default=",".join(SIZES), help="county, million or both (default)")
    parser.add_argument(
        "--candidates", default=",".join((OURS, *PEERS)), help="some of coopeval, csdid, diff_diff, moderndid"
    )
    parser.add_argument("--repeats", type=int, default=0, help="runs of each (default: county 15, million 3)")
    parser.add_argument("--json", action="store_true", help="last line: the ratios as JSON")
    return parser


def _choices(text: str, allowed: tuple[str, ...] | dict[str, int]) -> list[str]:
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in chosen if part not in allowed]
    if wrong or not chosen:
        raise SystemExit(f"{text!r}: choose from {', '.join(allowed)}")
    return chosen


def _prepare(size: str, folder: Path) -> None:
    code = f"import county, pathlib; county.write({size!r}, pathlib.Path({str(folder / size)!r}), draws=999)"
    subprocess.run([sys.executable, "-c", code], cwd=HERE, env=_environment(), check=True)


def _measure(name: str, size: str, folder: Path, repeats: int) -> Measured:
    out = folder / f"{name}.{size}.npz"
    command = [sys.executable, "candidates.py", name, folder / size, folder / "county", str(repeats), out]
    try:
        done = subprocess.run(
            command, cwd=HERE, env=_environment(), capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return Measured(name, error=f"still running after {TIMEOUT} s")
    if done.returncode:
        last = done.stderr.strip().splitlines() or ["no message"]
        return Measured(name, error=f"exit code {done.returncode}: {last[-1]}")
    with np.load(out) as numbers:
        return Measured(name, dict(numbers))


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONHASHSEED": "0"}


def _tell(size: str, measured: list[Measured]) -> bool:
    """Print one size's tables; False where a candidate failed or numbers differ."""
    print(f"\n{size}: {ROWS[size]}, errors clustered by {N_CLUSTERS} villages, 999 draws")
    print(HEAD)
    ours = next((one for one in measured if one.name == OURS and not one.error), None)
    for one in measured:
        if one.error:
            print(f"{one.name:<11} could not be run at this size: {one.error}")
            continue
        print(_line(one, ours))
    if ours:
        parts = zip(ours.numbers["parts"], ours.numbers["part_seconds"], strict=True)
        print("of ours: " + ", ".join(f"{part} {seconds:.3f} s" for part, seconds in parts))
    good = not any(one.error for one in measured)
    for one in measured:
        if ours and not one.error and one is not ours:
            for comparison in _comparisons(ours, one):
                print(f"{one.name:<11}{comparison}")
                good &= comparison.agreed is not False
    return good


def _line(one: Measured, ours: Measured | None) -> str:
    n = one.numbers
    ratio = f"{one.seconds / ours.seconds:.2f}" if ours else ""
    own = np.median(n["cells.reported"] / n["cells.std_error"])
    return (
        f"{one.name:<11}{n['version']!s:>9}{n['imported']:>8.2f}{n['read']:>7.2f}{one.seconds:>9.3f}{ratio:>10}"
        f"{n['before']:>9.0f}{n['peak']:>7.0f}{n['cells.critical']:>7.2f}{own:>12.3f}"
    )


def _comparisons(ours: Measured, peer: Measured) -> list[Comparison]:
    """The peer's numbers beside ours.

    diff-diff weights the doubly robust comparison by the number of treated (Horvitz-Thompson) and clips the
    propensity to 0.01-0.99, where the published estimator normalises the weights (Hajek) and leaves out
    comparison units above 0.995. So its doubly robust cells are shown and its outcome regression is held to the
    limit. Its clustered variance carries G / (G - 1), which the published one does not.
    """
    if peer.name != "diff_diff":
        return [_compared("doubly robust", ours.cells("cells"), peer.cells("cells"), 1.0, held=True)]
    factor = np.sqrt((N_CLUSTERS - 1) / N_CLUSTERS)
    return [
        _compared("doubly robust", ours.cells("cells"), peer.cells("cells"), factor, held=False),
        _compared(
            "outcome regression", ours.cells("regression"), peer.cells("regression"), factor, held=True
        ),
    ]


def _compared(what: str, ours: dict, peer: dict, factor: float, *, held: bool) -> Comparison:
    same = all(np.array_equal(ours[name], peer[name]) for name in ("cohort", "year"))
    if not same:
        return Comparison(f"{what} (other cells than ours)", np.nan, np.nan, False)
    effect = _largest(peer["effect"], ours["effect"])
    error = _largest(peer["std_error"] * factor, ours["std_error"])
    return Comparison(what, effect, error, bool(effect <= LIMIT and error <= LIMIT) if held else None)


def _largest(one: np.ndarray, other: np.ndarray) -> float:
    return float((np.abs(one - other) / np.maximum(1.0, np.abs(other))).max())


def _ratios(size: str, measured: list[Measured]) -> dict[str, object]:
    """Fastest peer's seconds over ours, and both, under the names of the last line."""
    seconds = {one.name: round(one.seconds, 4) for one in measured if not one.error}
    peers = [value for name, value in seconds.items() if name != OURS]
    prefix = "" if size == "million" else f"{size}_"
    ratio = round(min(peers) / seconds[OURS], 3) if peers and OURS in seconds else None
    return {f"{prefix}ratio": ratio, f"{prefix}seconds": seconds}
