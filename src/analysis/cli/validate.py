"""Prove the estimators on known truth: bias and coverage over simulated counties.

Collective operating surplus, adoption on recorded baseline columns only (selection "observed"), effects that grow with
time and differ between villages. A right estimator has a bias within three Monte Carlo errors and a coverage inside
the binomial band; the two-way benchmark is expected to fail, and is shown failing. Exit code 4 when another
estimator fails.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from analysis.messages import Message, in_language, reader_language

HELP = "bias and coverage of the estimators on simulated counties"
BENCHMARK = "twfe"  # known to be biased under staggered adoption; shown, not required


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval validate`."""
    command.add_argument("--estimator", default="", help="one estimator (default: all)")
    command.add_argument("--draws", type=int, default=100, help="simulated counties (default 100)")
    command.add_argument("--seed", type=int, default=1000, help="seed of the first county")
    command.add_argument(
        "--selection", default="observed", choices=("observed", "none", "county"),
        help='who adopts: "observed" (default), by lot ("none"), or as in the demo county, on what nobody records',
    )  # fmt: skip
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument("--json", action="store_true", help="last line: the table as JSON")


def run(given: argparse.Namespace) -> int:
    """Simulate, estimate, print the table."""
    from analysis import estimators
    from analysis.checks.validity import monte_carlo
    from analysis.simulate import County

    names = (given.estimator,) if given.estimator else estimators.names()
    language = reader_language(given.lang)

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == given.draws else "\r"
            print(f"{done}/{given.draws}", end=end, file=sys.stderr, flush=True)

    found = monte_carlo(
        names, draws=given.draws, seed=given.seed, county=County(selection=given.selection), progress=progress
    )
    heads = Message(
        "estimator      truth   estimate      bias  MC error  unbiased  coverage  band           covers",
        "估计方法        真值     估计值        偏差   模拟误差  无偏      覆盖率    接受带          合格",
    )
    print(in_language(heads, language))
    for one in found:
        print(
            f"{one.estimator:<12}{one.truth:>8.0f}{one.estimate:>11.0f}{one.bias:>10.0f}{one.monte_carlo_error:>10.0f}"
            f"  {'yes' if one.unbiased else 'NO':<8}  {one.coverage:<8.3f}  {one.band_low:.3f}-{one.band_high:.3f}"
            f"    {'yes' if one.covers else 'NO'}"
        )
    required = [one for one in found if one.estimator != BENCHMARK]
    if given.json:
        rows = [{**dataclasses.asdict(one), "unbiased": one.unbiased, "covers": one.covers} for one in found]
        print(json.dumps(rows))
    return 0 if all(one.unbiased and one.covers for one in required) else 4
