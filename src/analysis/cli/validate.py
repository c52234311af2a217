"""Prove the methods on known truth: bias, coverage and size over simulated counties.

Every scenario says what is asked of whom: an estimate without bias (within its Monte Carlo errors) and an interval that
holds the truth as often as it says (within the exact binomial band), or no interval at all where too few units are
treated; methods whose assumptions a scenario breaks must be seen to fail. Exit code 4 when something asked is missed.

scenarios of villages
  no_effect          adoption by lot, no effect: size
  constant           adoption on recorded columns, one effect at once: two-way fixed effects are right too
  growing            effects that grow: two-way fixed effects fail
  observed           adoption on recorded columns, effects that grow, differ and end (default)
  unobserved         adoption on what nobody records, where good villages grow faster: all fail
  unequal_variance   villages that adopt vary four times as much
  missing_rows       15 per cent of village-years never arrive
  sixty_villages, sixty_adjusted    15 a cohort and 15 never, without and with four covariates
  five_treated, five_unequal        five adopt (and vary four times as much), no effect: size
  three_treated, two_treated        below the floor: no interval
scenarios of households
  members_by_lot, members_observed, members_unobserved    who joins
groups
  villages, members, all

examples
  coopeval validate
  coopeval validate --scenario all --draws 1000 --jobs 2 --out data/validity
  coopeval validate --scenario five_treated --estimator group_time
  coopeval validate --ladder
  coopeval validate --published        # numbers that others printed, computed anew
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from analysis.messages import Message, ProjectError, in_language, reader_language

HELP = "bias, coverage and size of the methods on simulated counties"
HEADS = Message(
    "scenario            method                  draws    truth     bias  in MC errors  coverage  band         "
    "not zero  no interval  verdict",
    "情景                方法                    次数     真值     偏差  折模拟误差    覆盖率    接受带       "
    "排除零    无区间       结论",
)
LADDER_HEADS = Message(
    "scenario          quantity                              mean      s.d.     truth  distance   rehearsed      s.d.  "
    "verdict",
    "情景              数量                                  均值    标准差      真值  折标准差      预演值    标准差  "
    "结论",
)


class DrawsError(ProjectError, ValueError):
    """The number of draws or of processes cannot be, or a part is to be stored as if it were the whole."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval validate`."""
    command.add_argument(
        "--estimator", default="", help="one method, or one estimator with all its adjustments"
    )
    command.add_argument(
        "--scenario", default="observed", help="a scenario or group named above (default: observed)"
    )
    command.add_argument(
        "--draws", type=int, default=100, help="counties of a scenario (default 100; some make fewer)"
    )
    command.add_argument("--seed", type=int, default=1000, help="seed of the first county (default 1000)")
    command.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    command.add_argument(
        "--ladder", action="store_true", help="the ladder on the calibrated county over twelve seeds instead"
    )
    command.add_argument(
        "--published", action="store_true", help="the numbers that others printed, on real data, instead"
    )
    command.add_argument("--out", type=Path, help="folder to store the results in, with what made them")
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument("--json", action="store_true", help="last line: the table as JSON")


def run(given: argparse.Namespace) -> int:
    """Simulate, estimate, print the table."""
    if given.draws < 2 or given.jobs < 1 or given.seed < 0:
        raise DrawsError(
            Message(
                f"--draws {given.draws} --jobs {given.jobs} --seed {given.seed}: give 2, 1 and 0 or more",
                f"--draws {given.draws} --jobs {given.jobs} --seed {given.seed}：分别不得小于 2、1、0",
            )
        )
    if given.published:
        return _published(given)
    return _ladder(given) if given.ladder else _recovery(given)


def _recovery(given: argparse.Namespace) -> int:
    from analysis.checks.validity import chosen, judge, monte_carlo, recovery, stored

    asked, started = chosen(given.scenario, given.estimator), time.monotonic()
    groups = stored.whole_groups(asked)
    if given.out and (given.estimator or not groups or given.scenario not in ("all", *groups)):
        raise DrawsError(
            Message(
                "--out stores whole groups with all their methods: --scenario all, villages or members",
                "--out 按组保存全部方法的结果：--scenario all、villages 或 members",
            )
        )
    digests = {
        kind: stored.sources(kind) for kind in groups
    }  # as the workers read them, not as they are at the end
    with _workers(given.jobs) as executor:
        found = list(
            monte_carlo(asked, draws=given.draws, seed=given.seed, executor=executor, progress=_progress)
        )
    rows = judge(recovery(found))
    print(in_language(HEADS, reader_language(given.lang)))
    for row in rows.itertuples():
        without = 1 - row.with_interval / row.draws
        print(
            f"{row.scenario:<20}{row.method:<23}{row.draws:>6}{row.truth:>9.0f}{row.bias:>9.0f}{row.bias_errors:>14.2f}"
            f"  {_share(row.coverage):<8}  {f'{_share(row.band_low)}-{_share(row.band_high)}':<11}"
            f"  {_share(row.excludes_zero):<8}  {without:<11.3f}  {row.verdict}{' *' if row.marked else ''}"
        )
    if rows["marked"].any():
        print(in_language(Message(
            f"* outside the band of a single row; of {len(rows)} rows judged together some are, by chance",
            f"* 超出单行的接受带；{len(rows)} 行一起判断时，偶然会有几行如此",
        ), reader_language(given.lang)))  # fmt: skip
    if given.out:
        made = _made(given, started, seed=given.seed, draws=given.draws)
        stored.write_recovery(found, given.out, made, digests)
    if given.json:
        told = rows.rename(columns={"method": "estimator"}).assign(
            unbiased=rows["bias_errors"].abs() <= rows["bias_limit"],
            covers=rows["coverage"].between(rows["family_low"], rows["family_high"]),
        )
        print(told.to_json(orient="records"))
    return 4 if (rows["verdict"] == "missed").any() else 0


def _ladder(given: argparse.Namespace) -> int:
    from analysis.checks.validity import rehearsal, stored
    from analysis.study import read_study

    study, started = read_study("data/demo_county"), time.monotonic()
    sources = stored.sources("ladder")
    with _workers(given.jobs) as executor:
        found = rehearsal.over_seeds(study, executor=executor, progress=_progress)
    rows = rehearsal.summarised(found)
    print(in_language(LADDER_HEADS, reader_language(given.lang)))
    for row in rows.itertuples():
        print(
            f"{row.scenario:<18}{row.quantity:<34}{row.mean:>10.0f}{row.sd:>10.0f}{row.truth:>10.0f}{row.distance:>10.2f}"
            f"{row.rehearsed:>12.0f}{row.rehearsed_sd:>10.0f}  {row.verdict}"
        )
    if given.out:
        seeds = rehearsal.SEEDS
        made = _made(given, started, seed=seeds[0], draws=len(seeds))
        stored.write_ladder(found, given.out, made | {"sources": sources})
    if given.json:
        print(rows.to_json(orient="records"))
    credible = rows[rows["role"] == "credible"]
    return 4 if (credible["verdict"] == "not_as_expected").any() else 0


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _published(given: argparse.Namespace) -> int:
    from analysis.checks.published import STATUSES, answers, evaluate

    found = [evaluate(answer) for answer in answers()]
    data = list(dict.fromkeys(result.answer.data for result in found))
    print(f"{'':<34}" + "".join(f"{status:>16}" for status in STATUSES))
    for name in data:
        told = [result.status for result in found if result.answer.data == name]
        print(f"{name:<34}" + "".join(f"{told.count(status):>16}" for status in STATUSES))
    missed = [result for result in found if result.status == "missed"]
    for result in missed:
        answer = result.answer
        print(
            f"missed: {answer.data} {answer.key}: printed {answer.printed}, found {result.estimate:.6g}: {result.reason}"
        )
    if given.json:
        rows = [
            {
                "data": one.answer.data, "key": one.answer.key, "printed": one.answer.printed,
                "estimate": None if one.estimate is None or one.estimate != one.estimate else float(one.estimate),
                "status": one.status, "reason": str(one.reason or ""),
            }
            for one in found
        ]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False))
    return 4 if any(not result.reason for result in missed) else 0


@contextmanager
def _workers(jobs: int) -> Iterator[Any]:
    """The one place where work is handed out: an executor of `concurrent.futures`, or None for this process.

    Asked to stop (SIGTERM, SIGINT) it ends after the draws under way, and its processes with it.
    """
    if jobs == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # read when a worker imports numpy: processes, not threads
    before = signal.signal(signal.SIGTERM, _stop)
    pool = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_leave_stopping_to_the_parent
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _leave_stopping_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _progress(scenario: str, done: int, of: int) -> None:
    """A running count on a terminal, one line per scenario elsewhere."""
    if sys.stderr.isatty():
        print(f"{scenario} {done}/{of}", end="\n" if done == of else "\r", file=sys.stderr, flush=True)
    elif done == of:
        print(f"{scenario}: {of}", file=sys.stderr, flush=True)


def _made(given: argparse.Namespace, started: float, *, seed: int, draws: int) -> dict[str, Any]:
    options = (
        ["--ladder"]
        if given.ladder
        else ["--scenario", given.scenario, "--draws", str(draws), "--seed", str(seed)]
    )
    return {
        "command": " ".join(["coopeval validate", *options]), "draws": draws, "seed": seed, "jobs": given.jobs,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip
