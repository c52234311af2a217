"""One attempt at a report: checks, notebooks, exports, publication, or what is left of it put aside."""

from __future__ import annotations

import contextlib
import datetime
import errno
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis import contract, paths
from analysis.messages import Message
from analysis.privacy.detect import holds
from analysis.privacy.redact import redacted_message
from analysis.report import graph, parameters, publish, signals
from analysis.report.cover import cover_of
from analysis.report.engine import Kernels
from analysis.report.environment import Code, check_environment, code_version
from analysis.report.errors import ExportError, Interrupted, ParameterError
from analysis.report.executed import Failure
from analysis.report.forge import Zygote
from analysis.report.graph import Job
from analysis.report.jobs import Done, Limits, Runner
from analysis.report.key import Key, changed_inputs
from analysis.report.manifest import (
    NAME,
    artefacts_of,
    as_json,
    described_run,
    failures_as_data,
    reproducible_of,
)
from analysis.report.progress import Step
from analysis.report.request import Request, RunResult
from analysis.study import Study, read_study


@dataclass(slots=True)
class Attempt:
    """A run from its checks to its end."""

    request: Request
    key: Key
    run: str
    now: datetime.datetime
    private: Path
    env: dict[str, str]
    zygote: Zygote | None
    timings: dict[str, Any] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    clock: float = field(default_factory=time.monotonic)

    def go(self) -> RunResult:
        """Everything from the checks to the published folder."""
        study, plan = self.checked()
        self.lap("checks")
        code = code_version()
        manifest = self.described(study, code, plan)
        staged = publish.stage(self.request.out, self.run)
        runner = self.runner(staged, len(plan) + 1)
        self.lap("loading")
        try:
            done = runner.run(plan, self.request.jobs, meanwhile=_load_exports)
            self.lap("notebooks")
            self.timings["by_notebook"] = {one.job.name: round(one.seconds, 3) for one in done}
            failures = [one.failure for one in done if one.failure is not None]
            if failures:
                return self.failed(staged, manifest, failures, len(plan))
            return self.exported(staged, manifest, study, code, done, runner)
        except Interrupted as stop:
            runner.kernels.stop()
            return self.failed(staged, manifest, runner.interrupted(stop.signum), len(plan), stop)
        except ExportError as error:
            return self.failed(staged, manifest, [self.export_failure(str(error))], len(plan))
        except OSError as error:
            return self.failed(
                staged, manifest, [self.export_failure(_full(error, self.request.out))], len(plan)
            )
        except Exception as error:  # a fault of the suite itself must not pass for a report either
            cause = f"internal error: {redacted_message(error)}"
            return self.failed(staged, manifest, [self.export_failure(cause)], len(plan))

    def checked(self) -> tuple[Study, list[Job]]:
        """The study, its parameters and its tables, all refused before anything is run."""
        named = [setting for setting, value in self.request.settings.items() if holds(value)]
        if named:  # a setting is kept in the manifest and in the notebook
            raise ParameterError(
                [f"{one!r} holds a number of a person; nothing like that may be set" for one in named]
            )
        study = read_study(self.request.study_file)
        notebooks = graph.found_notebooks(self.request.notebooks)
        if not notebooks:
            raise ParameterError([f"no numbered notebooks in {paths.shown(self.request.notebooks)}"])
        checked = parameters.check(self.request.settings, study, list(notebooks))
        problems = [problem for path in notebooks.values() for problem in parameters.differences(path)]
        if problems:
            raise ParameterError(problems)
        check_environment(self.request.formats)
        self.lap("study")
        contract.check_study(study)
        return study, graph.plan(notebooks, checked, study, self.request.languages)

    def runner(self, staged: Path, steps: int) -> Runner:
        """What runs the notebooks."""
        kernels = Kernels(self.private, self.env, self.zygote)
        limits: Limits = Limits(*self.request.limits)
        study = paths.shown(self.request.study_file.parent)
        if paths.study_file(study) != self.request.study_file:
            study = str(self.request.study_file)
        return Runner(kernels, self.key, staged.resolve(), study, limits, self.request.progress, steps)

    def described(self, study: Study, code: Code, plan: list[Job]) -> dict[str, Any]:
        """The manifest but for artefacts and timings."""
        shown = {"study": paths.shown(self.request.study_file.parent), "run_folder": ""}
        for job in plan:
            job.parameters.update(shown)
        return described_run(
            run=self.run, status="complete", study=study, key=self.key, code=code, languages=self.request.languages,
            formats=self.request.formats, settings=self.request.settings,
            parameters={job.name: job.parameters for job in plan},
        )  # fmt: skip

    def exported(
        self,
        staged: Path,
        manifest: dict[str, Any],
        study: Study,
        code: Code,
        done: list[Done],
        runner: Runner,
    ) -> RunResult:
        """Report files, manifest, publication."""
        request = self.request
        covers = {
            language: cover_of(
                study, language, short_key=self.key.value[:16], commit=code.commit, dirty=code.dirty,
                settings=request.settings, epoch=code.epoch,
            )
            for language in request.languages
        }  # fmt: skip
        labels = {
            language: {"": "", **{key: outcome.label[language] for key, outcome in study.outcomes.items()}}
            for language in request.languages
        }
        from analysis.report.export import export

        pairs = [(one.job, one.notebook) for one in done]
        self.timings["by_file"] = {
            name: round(seconds, 3)
            for name, seconds in export(pairs, covers, request.formats, staged, labels).items()
        }
        self.lap("export")
        changed = changed_inputs(self.key)
        if changed:
            cause = f"inputs changed during the run: {', '.join(changed)}"
            return self.failed(staged, manifest, [self.export_failure(cause)], len(done))
        with signals.ignored():  # a complete run is not cut in two for the sake of its last instant
            self.finish(staged, manifest)
            folder = publish.publish(staged, request.out)
        seconds = time.monotonic() - self.begun
        request.progress(Step("export", "", "", self.timings["export"], "done", runner.steps, runner.steps))
        message = Message(
            f"complete: {len(done)} notebooks in {seconds:.1f} s, {folder.name}",
            f"完成：{len(done)} 个笔记本，用时 {seconds:.1f} 秒，{folder.name}",
        )
        return RunResult("complete", folder, manifest, 0, message)

    def failed(
        self,
        staged: Path,
        manifest: dict[str, Any],
        failures: list[Failure],
        total: int,
        stop: Interrupted | None = None,
    ) -> RunResult:
        """What is left of the run is put aside with the reason; the last good report stays."""
        manifest["status"] = "interrupted" if stop else "failed"
        manifest["failures"] = failures_as_data(failures)
        text = "\n\n".join(failure.text() for failure in failures)
        jobs = {failure.job for failure in failures}
        count = f"{max(0, total - len(jobs - {'export'}))} of {total} notebooks complete"
        names = ", ".join(sorted(jobs))
        message = Message(
            f"{manifest['status']}: {count}; {names}\n{text}\nnothing was published; the last report is untouched",
            f"{'被中断' if stop else '失败'}：{total} 个笔记本中未完成：{names}\n{text}\n"
            "未发布任何内容，上一份报告保持不变",
        )
        folder = staged
        with contextlib.suppress(OSError):  # a full disk must not hide the reason
            publish.write(staged / "log.txt", f"{message}\n".encode())
            self.finish(staged, manifest)
            folder = publish.put_aside(staged, self.request.out)
        return RunResult(str(manifest["status"]), folder, manifest, stop.exit_code if stop else 4, message)

    def finish(self, staged: Path, manifest: dict[str, Any]) -> None:
        """Complete the manifest and write it."""
        artefacts = artefacts_of(staged)
        ended = datetime.datetime.now(datetime.UTC)
        manifest |= {
            "artefacts": artefacts,
            "reproducible": reproducible_of(artefacts),
            "started": f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
            "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
            "timings": self.timings,
            "kernels": "cold" if self.request.cold else "warm",
        }
        publish.write(staged / NAME, as_json(manifest))

    def export_failure(self, cause: str) -> Failure:
        """A failure that is no notebook's."""
        return Failure("export", "", "", "", 0, "", cause)

    def lap(self, name: str) -> None:
        """Seconds since the last lap."""
        now = time.monotonic()
        self.timings[name] = round(now - self.clock, 3)
        self.clock = now


def _full(error: OSError, out: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"disk full: {shutil.disk_usage(out).free / 1e6:.0f} MB free in the output folder"
    return f"{type(error).__name__}: {error.strerror}"


def _load_exports() -> None:
    """Import what exports need while the first notebooks run."""
    from analysis.report import export, html, pdf  # noqa: F401

    html.ready()
