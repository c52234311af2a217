"""Simulate a county with known effects and write it as a study folder.

The tables carry invented names and say that they are synthetic; the true effects lie apart, in truth/, where no
estimator reads them. Same seed, same bytes. With --dirty the folder holds the files from which such tables come, as
offices keep them (raw/, read by raw/MAP.toml), the count of what is wrong in them (injected.json), and the clean
study (clean/).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from analysis.messages import Message, ProjectError, in_language, reader_language

HELP = "a synthetic county with known effects"


class SettingError(ProjectError, ValueError):
    """A parameter of the simulated county is unknown or of the wrong type."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval simulate`."""
    command.add_argument("out", help="folder to write; must be empty or hold an earlier simulated county")
    command.add_argument(
        "--seed", type=int, default=20201101, help="default 20201101, that of data/demo_county"
    )
    command.add_argument("--scenario", default="county", help="a named set of parameters (default: county)")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="change a parameter of the county; may be repeated. A wrong key lists them all",
    )  # fmt: skip
    command.add_argument(
        "--dirty", action="store_true",
        help="write office files full of dirt, how to read them and the count of the dirt, beside the clean study",
    )  # fmt: skip
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument("--json", action="store_true", help="last line: folder, seed and files as JSON")


def run(given: argparse.Namespace) -> int:
    """Simulate and write."""
    from analysis.simulate import county_from, simulate, write_study

    started = time.monotonic()
    settings = {}
    for text in given.settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingError(
                Message(f"--set {text!r}: write KEY=VALUE", f"--set {text!r}：请写成 参数=取值")
            )
        settings[key.strip()] = value.strip()
    county = county_from(given.scenario, seed=given.seed, settings=settings)
    folder = Path(given.out)
    injected = None
    if given.dirty:
        from analysis.simulate.raw import write_dirty

        injected = write_dirty(simulate(county), folder)
    else:
        write_study(simulate(county), folder)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    seconds = time.monotonic() - started
    done = Message(
        f"synthetic county written to {folder} ({len(files)} files, {seconds:.1f} s)",
        f"合成县已写入 {folder}（{len(files)} 个文件，{seconds:.1f} 秒）",
    )
    print(in_language(done, reader_language(given.lang)))
    if injected is not None:
        total = sum(injected.by_rule.values())
        counted = Message(
            f"{total:,} cases of dirt of {len(injected.by_rule)} kinds counted in injected.json",
            f"共 {total:,} 处、{len(injected.by_rule)} 类杂质，计数见 injected.json",
        )
        print(in_language(counted, reader_language(given.lang)))
    if given.json:
        told = {"folder": str(folder), "seed": given.seed, "files": files}
        if injected is not None:
            told["injected"] = injected.by_rule
        print(json.dumps(told, ensure_ascii=False))
    return 0
