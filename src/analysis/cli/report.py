"""Write the evaluation report of a study: run the notebooks, export HTML and PDF, publish.

The report lands in OUT/<run>/ and OUT/latest points to it only when every notebook completed. A second call with
nothing changed answers "unchanged" and does no work.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from analysis import paths
from analysis.messages import Message, ProjectError, in_language, reader_language

HELP = "the main job: notebooks, HTML and PDF, published whole or not at all"


class UsageError(ProjectError, ValueError):
    """An option's value is not one of the choices."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval report`."""
    command.add_argument("study", help="study folder, its study.toml, or the name of a study under data/")
    command.add_argument("--out", default="", help="folder of the runs (default: reports/)")
    command.add_argument(
        "--lang", default="zh,en", help="languages of the report, e.g. zh,en (default) or zh"
    )
    command.add_argument("--formats", default="html,pdf", help="html, pdf or both (default)")
    command.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default 2)")
    command.add_argument(
        "--set", action="append", default=[], metavar="NOTEBOOK.PARAMETER=VALUE", dest="settings",
        help="change a notebook's parameter, e.g. 03_collective_income.estimator=imputation; may be repeated",
    )  # fmt: skip
    command.add_argument(
        "--cold", action="store_true", help="start every kernel afresh (slower; for reviewers)"
    )
    command.add_argument("--force", action="store_true", help="run even when nothing changed")
    command.add_argument("--json", action="store_true", help="last line: status, folder and files as JSON")


def run(given: argparse.Namespace) -> int:
    """Run the report and print where it is."""
    from analysis.report.progress import printer
    from analysis.report.run import run_report

    languages = _choices(given.lang, ("zh", "en"), "--lang")
    formats = _choices(given.formats, ("html", "pdf"), "--formats")
    settings = dict(_setting(text) for text in given.settings)
    reader = reader_language(languages[0] if len(languages) == 1 else "")
    started = time.monotonic()
    result = run_report(
        given.study, out=Path(given.out) if given.out else paths.reports(), languages=languages, formats=formats,
        settings=settings, jobs=given.jobs, cold=given.cold, force=given.force, progress=printer(),
    )  # fmt: skip
    seconds = time.monotonic() - started
    files = sorted(path.name for path in result.folder.glob("report.*"))
    if result.exit_code:
        print(f"coopeval: {in_language(result.message, reader)}", file=sys.stderr)
    else:
        for name in files:
            print(paths.shown(result.folder / name))
        print(in_language(result.message, reader))
    if given.json:
        answer = {
            "status": result.status,
            "folder": str(result.folder),
            "files": files,
            "seconds": round(seconds, 3),
        }
        print(json.dumps(answer, ensure_ascii=False))
    return result.exit_code


def _choices(text: str, allowed: tuple[str, ...], option: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = [part for part in chosen if part not in allowed]
    if wrong or not chosen:
        raise UsageError(
            Message(
                f"{option} {text!r}: choose from {', '.join(allowed)}",
                f"{option} {text!r}：可选 {'、'.join(allowed)}",
            )
        )
    return chosen


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise UsageError(
            Message(
                f"--set {text!r}: write NOTEBOOK.PARAMETER=VALUE, e.g. 03_collective_income.estimator=imputation",
                f"--set {text!r}：请写成 笔记本.参数=取值，如 03_collective_income.estimator=imputation",
            )
        )
    return name.strip(), value
