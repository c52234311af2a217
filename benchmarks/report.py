"""`coopeval report` against plain sequential use of the same notebooks: seconds on the same machine, in one run.

    python benchmarks report [--study data/demo_county] [--jobs-limit N] [--json]

Ours is one call: HTML and PDF in Chinese and English, in a fresh folder, then the same call again with nothing
changed. Plain is what a researcher types for each of the same notebooks, languages and outcomes (read from our
run's manifest): `papermill NOTEBOOK OUT -p …`, `jupyter nbconvert --to html OUT`, and a PDF.

The PDF of the plain side is pandoc (the one inside pypandoc_binary) from the executed notebook to typst, and typst:
it needs nothing that pip does not install. `nbconvert --to webpdf` needs a browser and takes several times as
long, `nbconvert --to pdf` needs a TeX distribution; either would make the plain side slower.

Before the clock starts the sources are compiled to bytecode and one notebook is run once and thrown away, so that
neither side pays for compiling, for the font list or for the first reading of libraries from the disk.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent
STEPS = ("papermill", "html", "pdf")
TYPST = "import sys, typst; typst.compile(sys.argv[1], output=sys.argv[2], root=sys.argv[3], font_paths=[sys.argv[4]])"
FONTS = (
    "src/analysis/fonts"  # Chinese glyphs for the plain PDF; without them it would be quicker and unreadable
)


class BenchmarkError(RuntimeError):
    """A command of either side failed; the message holds its last lines."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Seconds of the full and of the unchanged call, and the run's manifest."""

    seconds: float
    unchanged_seconds: float
    manifest: dict


@dataclass(frozen=True, slots=True)
class PlainJob:
    """Seconds of one notebook's steps, in the order of STEPS."""

    name: str
    seconds: tuple[float, float, float]


def main(arguments: list[str] | None = None) -> int:
    """Run both sides and print the table."""
    given = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="coopeval-bench-") as temporary:
            return _compare(given, Path(temporary))
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks report", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--study", default="data/demo_county", help="study folder (default: data/demo_county)"
    )
    parser.add_argument(
        "--jobs-limit",
        type=int,
        default=0,
        metavar="N",
        help="quick look: plain side for the first N jobs, no ratio",
    )
    parser.add_argument("--json", action="store_true", help="last line: ratio and seconds as JSON")
    return parser


def _compare(given: argparse.Namespace, folder: Path) -> int:
    study = (PROJECT / given.study).resolve()
    print("warm-up: bytecode, and one notebook thrown away", flush=True)
    _warm_up(study, folder)
    ours = _ours(study, folder / "ours")
    _tell_ours(ours)
    jobs = ours.manifest["parameters"]
    limited = dict(list(jobs.items())[: given.jobs_limit or None])
    plain = [_plain(name, parameters, study, folder / "plain") for name, parameters in limited.items()]
    total = sum(sum(job.seconds) for job in plain)
    _tell_plain(plain, total, complete=len(limited) == len(jobs), of=len(jobs))
    complete = len(limited) == len(jobs)
    ratio = round(ours.seconds / total, 4) if complete else None
    if complete:
        print(f"\nours / plain: {ours.seconds:.1f} s / {total:.1f} s = {ratio:.3f}")
    if given.json:
        answer = {
            "ratio": ratio, "unchanged_seconds": round(ours.unchanged_seconds, 3), "seconds": round(ours.seconds, 2),
            "plain_seconds": round(total, 2), "jobs": len(jobs), "plain_jobs": len(plain),
        }  # fmt: skip
        print(json.dumps(answer))
    return 0


def _warm_up(study: Path, folder: Path) -> None:
    compileall.compile_dir(PROJECT / "src" / "analysis", quiet=2)
    first = sorted((PROJECT / "notebooks").glob("[0-9][0-9]*_*.ipynb"))[0]
    parameters = {"language": "en", "run_folder": ""}
    _plain(f"{first.stem}.warm_up", parameters, study, folder / "warm_up")


def _ours(study: Path, out: Path) -> Ours:
    command = [
        SCRIPTS / "coopeval",
        "report",
        study,
        "--out",
        out,
        "--lang",
        "zh,en",
        "--formats",
        "html,pdf",
        "--json",
    ]
    seconds, said = _timed(command)
    first = json.loads(said.splitlines()[-1])
    unchanged, said = _timed(command)
    second = json.loads(said.splitlines()[-1])
    if (first["status"], second["status"]) != ("complete", "unchanged"):
        raise BenchmarkError(
            f"the two calls ended {first['status']} and {second['status']}, not complete and unchanged"
        )
    manifest = json.loads(Path(first["folder"], "manifest.json").read_text(encoding="utf-8"))
    return Ours(seconds, unchanged, manifest)


def _plain(name: str, parameters: dict[str, object], study: Path, folder: Path) -> PlainJob:
    """One notebook by the command line: run, HTML, PDF."""
    folder.mkdir(exist_ok=True)
    notebook, executed = PROJECT / "notebooks" / f"{name.split('.')[0]}.ipynb", folder / f"{name}.ipynb"
    told = parameters | {"study": str(study), "run_folder": str(folder / "run")}
    options = [part for key, value in told.items() for part in ("-p", key, str(value))]
    run, _ = _timed([SCRIPTS / "papermill", "--no-progress-bar", notebook, executed, *options])
    html, _ = _timed([SCRIPTS / "jupyter", "nbconvert", "--to", "html", executed])
    return PlainJob(name, (run, html, _plain_pdf(executed, folder)))


def _plain_pdf(executed: Path, folder: Path) -> float:
    import pypandoc

    source = executed.with_suffix(".typ")
    media = folder / f"{executed.stem}_files"
    to_typst = [
        pypandoc.get_pandoc_path(),
        executed,
        "--standalone",
        f"--extract-media={media.name}",
        "-o",
        source,
    ]
    first, _ = _timed(to_typst, folder)
    pdf = executed.with_suffix(".pdf")
    second, _ = _timed([sys.executable, "-c", TYPST, source, pdf, folder, PROJECT / FONTS])
    return first + second


def _timed(command: list[object], folder: Path = PROJECT) -> tuple[float, str]:
    """Wall seconds and standard output of a command; BenchmarkError where it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    words = [str(word) for word in command]
    began = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise BenchmarkError(
            f"{Path(words[0]).name} {' '.join(words[1:3])} … ended with {done.returncode}:\n{last}"
        )
    return seconds, done.stdout


def _tell_ours(ours: Ours) -> None:
    timings = ours.manifest["timings"]
    print(f"\ncoopeval report: {ours.seconds:.1f} s; once more, unchanged: {ours.unchanged_seconds:.2f} s")
    stages = {key: value for key, value in timings.items() if isinstance(value, float)}
    print("  stages:    " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items()))
    for title, key in (("notebooks", "by_notebook"), ("exports", "by_file")):
        ordered = sorted(timings.get(key, {}).items(), key=lambda pair: -pair[1])
        print(f"  {title} (seconds each, run side by side):")
        for name, seconds in ordered:
            print(f"    {seconds:6.1f}  {name}")


def _tell_plain(plain: list[PlainJob], total: float, *, complete: bool, of: int) -> None:
    print(f"\n{'plain, one after the other':<48}" + "".join(f"{step:>11}" for step in STEPS))
    for job in plain:
        print(f"  {job.name:<46}" + "".join(f"{seconds:>11.1f}" for seconds in job.seconds))
    sums = [sum(job.seconds[step] for job in plain) for step in range(len(STEPS))]
    print(f"  {'sum':<46}" + "".join(f"{seconds:>11.1f}" for seconds in sums) + f"   total {total:.1f} s")
    if not complete:
        print(f"  QUICK LOOK: {len(plain)} of {of} jobs only; not a result, no ratio")
