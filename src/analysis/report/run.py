"""The main job: a study's notebooks run, checked, exported and published, or the reason why not.

Only what the answer "unchanged" needs is imported at the top; everything else is imported once it is sure
that there is something to do, beside the process that imports for the kernels.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from pathlib import Path

from analysis import paths
from analysis.messages import Message
from analysis.report.errors import Interrupted, ParameterError
from analysis.report.key import Key, key_of, unchanged_run
from analysis.report.progress import Progress, silent
from analysis.report.request import Request, RunResult

LANGUAGES = ("zh", "en")
FORMATS = ("html", "pdf")


def run_report(
    study_where: Path | str,
    *,
    out: Path | str | None = None,
    languages: tuple[str, ...] = LANGUAGES,
    formats: tuple[str, ...] = FORMATS,
    settings: dict[str, str] | None = None,
    jobs: int = 2,
    cold: bool = False,
    force: bool = False,
    progress: Progress = silent,
    notebooks: Path | None = None,
    notebook_limit: int = 600,
    cell_limit: int = 300,
) -> RunResult:
    """Make the report of a study, unless the last one was made from the same inputs, code and parameters.

    Parameters
    ----------
    study_where : the study's folder, its study.toml, or the name of a folder under data/
    out : where runs are published; None: reports/
    settings : "notebook.parameter" -> value as typed
    jobs : notebooks at a time
    cold : start every kernel afresh instead of forking it
    force : run even where nothing changed
    notebook_limit, cell_limit : seconds

    Raises
    ------
    ParameterError (2), StudyError (2), ContractError (3), EnvironmentMissing (6), BusyError (75), before any
    notebook runs. What happens later is told by the result.
    """
    _check_choices(languages, formats, jobs)
    study_file = paths.study_file(study_where)
    if study_file is None:
        from analysis.study import read_study

        read_study(study_where)  # says what there is instead
        raise FileNotFoundError(str(study_where))
    request = Request(
        study_file, Path(out or paths.reports()), languages, formats, dict(settings or {}), jobs, cold,
        Path(notebooks or paths.notebooks()), (notebook_limit, cell_limit), progress,
    )  # fmt: skip
    key = _key(request)
    same = None if force else unchanged_run(request.out, key)
    if same is not None:
        return _unchanged(same)
    return _locked(request, key)


def _check_choices(languages: tuple[str, ...], formats: tuple[str, ...], jobs: int) -> None:
    problems = []
    for what, given, choices in (("language", languages, LANGUAGES), ("format", formats, FORMATS)):
        problems += [f"no {what} {one!r}; choose {', '.join(choices)}" for one in given if one not in choices]
        if not given:
            problems.append(f"no {what} given; choose {', '.join(choices)}")
    if not 1 <= jobs <= 64:
        problems.append(f"{jobs} notebooks at a time; choose 1 to 64")
    if problems:
        raise ParameterError(problems)


def _key(request: Request) -> Key:
    return key_of(
        request.study_file, languages=request.languages, formats=request.formats, settings=request.settings,
        notebooks=request.notebooks,
    )  # fmt: skip


def _unchanged(folder: Path) -> RunResult:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    message = Message(
        f"unchanged since run {folder.name}; nothing to do", f"与运行 {folder.name} 相比没有变化，无需重做"
    )
    return RunResult("unchanged", folder, manifest, 0, message)


def _locked(request: Request, key: Key) -> RunResult:
    from analysis.report import lock, publish
    from analysis.report.environment import kernel_environment
    from analysis.report.forge import Zygote
    from analysis.report.signals import interruptible

    publish.prepare(request.out)
    now = datetime.datetime.now(datetime.UTC)
    run = f"{key.study}-{now:%Y%m%dT%H%M%SZ}-{key.short}"
    try:
        with (
            interruptible(),
            lock.hold(request.out, run),
            tempfile.TemporaryDirectory(prefix="coopeval-", ignore_cleanup_errors=True) as private,
        ):
            env = kernel_environment(Path(private))
            zygote = None if request.cold else Zygote(env, Path(private) / "zygote.log")
            try:
                from analysis.report.attempt import Attempt  # while the zygote imports too

                return Attempt(request, key, run, now, Path(private), env, zygote).go()
            finally:
                if zygote is not None:
                    zygote.close()
    except Interrupted as stop:
        message = Message(
            f"interrupted (signal {stop.signum}) before anything ran", f"启动前被信号 {stop.signum} 中断"
        )
        return RunResult("interrupted", request.out, {}, stop.exit_code, message)
