"""Runs the notebooks of a plan, some at a time, and tells which are complete and why others are not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from papermill.execute import remove_error_markers

from analysis import paths
from analysis.report import executed, publish
from analysis.report.engine import Execution, Kernels, execute
from analysis.report.executed import Failure
from analysis.report.graph import Job
from analysis.report.key import Key, changed_inputs
from analysis.report.progress import Progress, Step


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a notebook and a cell may take."""

    notebook: int = 600
    cell: int = 300


@dataclass(slots=True)
class Done:
    """A job that ended; failure : None where every cell ran."""

    job: Job
    notebook: Any
    failure: Failure | None
    seconds: float


@dataclass(slots=True)
class Runner:
    """Everything that the jobs of one run share.

    study : as kernels are told where it lies
    """

    kernels: Kernels
    key: Key
    staged: Path
    study: str
    limits: Limits
    progress: Progress
    steps: int
    ended: dict[str, Done] = field(default_factory=dict)
    running: dict[str, tuple[Job, Execution]] = field(default_factory=dict)
    stats: dict[str, tuple[int, int]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    cut_short: list[tuple[Job, int, str]] = field(default_factory=list)

    def run(self, plan: list[Job], at_once: int, meanwhile: Callable[[], None]) -> list[Done]:
        """Run the plan; a job waits for those it comes after, and is left out where one of them failed.

        `meanwhile` is called once the first jobs are under way.
        """
        self.stats = {shown: _stat(path) for shown, path in self.key.files.items()}
        waiting, futures = list(plan), dict[Future[Done], Job]()
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="notebook")
        try:
            while waiting or futures:
                for job in [job for job in waiting if job.after <= self.ended.keys()]:
                    waiting.remove(job)
                    if self.changed or any(self.ended[name].failure for name in job.after):
                        self.end(Done(job, None, self.left_out(job), 0.0))
                    else:
                        futures[pool.submit(self.one, job)] = job
                if futures:
                    meanwhile, then = _nothing, meanwhile
                    then()
                    # in slices, so that a signal is answered at once
                    ended, _ = wait(futures, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in ended:
                        del futures[future]
                        self.end(future.result())
        except BaseException:
            self.cut_short = self.positions()
            self.kernels.stop()  # threads that wait for a kernel see it dead within a second
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return [self.ended[job.name] for job in plan]

    def end(self, done: Done) -> None:
        """Record a job that ended and tell it."""
        self.ended[done.job.name] = done
        status = "done" if done.failure is None else "failed" if done.notebook is not None else "skipped"
        job = done.job
        self.progress(
            Step(job.notebook, job.language, job.outcome, done.seconds, status, len(self.ended), self.steps)
        )

    def one(self, job: Job) -> Done:
        """Run one notebook."""
        if self.inputs_changed():
            return Done(job, None, self.left_out(job), 0.0)
        started = time.monotonic()
        scratch = self.kernels.folder / f"cwd-{job.name}"
        scratch.mkdir()
        execution = Execution(
            kernels=self.kernels,
            scratch=scratch,
            log_file=self.kernels.folder / f"{job.name}.log",
            deadline=started + self.limits.notebook,
            cell_limit=self.limits.cell,
        )
        self.running[job.name] = (job, execution)
        told = job.parameters | {"study": self.study, "run_folder": str(self.staged)}
        error: Exception | None = None
        try:
            execute(job.path, told, execution)
        except Exception as raised:  # whatever it is, it is this notebook's failure and is recorded as such
            error = raised
        failure = self.judged(job, execution, error)
        notebook = execution.notebook
        if notebook is not None:
            executed.normalise(notebook, job.parameters | {"run_folder": ""}, self.hidden())
            text = nbformat.writes(notebook)
            try:
                publish.write(self.staged / "notebooks" / f"{job.name}.ipynb", text.encode())
            except OSError as full:
                failure = failure or self.failure(
                    job, execution, None, f"cannot be written: {full.strerror}", []
                )
        self.running.pop(job.name, None)
        return Done(job, notebook, failure, time.monotonic() - started)

    def judged(self, job: Job, execution: Execution, error: Exception | None) -> Failure | None:
        """Why a notebook is not complete; None where every cell ran in its turn without error."""
        notebook = execution.notebook
        if notebook is not None:
            remove_error_markers(notebook)
        position = executed.first_incomplete(notebook) if notebook is not None else None
        if error is not None and not executed.has_error(notebook, position):
            position = execution.cell  # a dead kernel leaves the cell it died in looking complete
        if error is None and position is None:
            return None
        status = execution.process.poll() if execution.process is not None else None
        cause = executed.cause_of(notebook, position, error, status)
        log = execution.log_file.read_text("utf-8", "replace") if execution.log_file.is_file() else ""
        return self.failure(job, execution, position, cause, executed.last_lines(notebook, position, log))

    def failure(
        self, job: Job, execution: Execution | None, position: int | None, cause: str, lines: list[str]
    ) -> Failure:
        """A failure with its place in the notebook."""
        notebook = execution.notebook if execution else None
        hidden = self.hidden()
        return Failure(
            job=job.name,
            notebook=job.notebook,
            language=job.language,
            outcome=job.outcome,
            cell=executed.cell_number(notebook, position) if notebook is not None else 0,
            heading=executed.heading_above(notebook, position) if notebook is not None else "",
            cause=executed.cleaned(cause, hidden),
            lines=[executed.cleaned(line, hidden) for line in lines],
        )

    def left_out(self, job: Job) -> Failure:
        """Why a job was not run."""
        if self.changed:
            return self.failure(
                job, None, None, f"inputs changed during the run: {', '.join(self.changed)}", []
            )
        failed = sorted(name for name in job.after if self.ended[name].failure)
        return self.failure(job, None, None, f"not run, because of {', '.join(failed)}", [])

    def positions(self) -> list[tuple[Job, int, str]]:
        """Notebooks that are running, each with the number of its cell and the heading above."""
        return [
            (job, executed.cell_number(ex.notebook, ex.cell), executed.heading_above(ex.notebook, ex.cell))
            for job, ex in list(self.running.values())
            if ex.notebook is not None
        ]

    def interrupted(self, signum: int) -> list[Failure]:
        """Where the notebooks had got to that a signal stopped."""
        return [
            Failure(
                job.name, job.notebook, job.language, job.outcome, cell, heading,
                f"interrupted at cell {cell} (signal {signum})",
            )
            for job, cell, heading in self.cut_short
        ]  # fmt: skip

    def inputs_changed(self) -> bool:
        """Whether an input is no longer what it was at the start; read again only where its stamp differs."""
        if any(_stat(path) != self.stats[shown] for shown, path in self.key.files.items()):
            self.changed = changed_inputs(self.key)
        return bool(self.changed)

    def hidden(self) -> dict[str, str]:
        """Folders of this machine and what stands for them in artefacts."""
        known = {
            str(self.staged): "<run>",
            str(self.kernels.folder): "<tmp>",
            sys.prefix: "<environment>",
            sys.base_prefix: "<python>",
            str(paths.project()): "<project>",
            str(Path.home()): "<home>",
        }
        ordered = sorted(known.items(), key=lambda pair: -len(pair[0]))
        return {folder: shown for folder, shown in ordered if len(folder) > 1}


def _nothing() -> None:
    """Do nothing."""


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
