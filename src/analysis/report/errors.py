"""What can stop a report, each with the exit code that the command line returns for it."""

from __future__ import annotations

from analysis.messages import Message, ProjectError


class ParameterError(ProjectError, ValueError):
    """Parameters that the notebooks do not have or cannot take; `problems` lists all of them."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(Message(f"nothing was run; parameters:\n{lines}", f"未运行。参数有误：\n{lines}"))


class ExportError(ProjectError, RuntimeError):
    """A report that cannot be written as it should be, with the notebook and cell at fault."""

    exit_code = 4


class EnvironmentMissing(ProjectError, RuntimeError):
    """Something that this machine lacks: a writable folder, a font, a package."""

    exit_code = 6


class BusyError(ProjectError, RuntimeError):
    """Another run holds the output folder."""

    exit_code = 75


class Interrupted(BaseException):
    """A signal asked the run to stop; `exit_code` is 128 + its number."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        self.exit_code = 128 + signum
        super().__init__(f"stopped by signal {signum}")
