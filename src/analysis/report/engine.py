"""papermill with kernels of our own: forked warm ones, ordinary ones where that fails or is not wanted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.execute import execute_notebook
from papermill.log import logger

from analysis.report.forge import Zygote

NAME = "coopeval"
SOCKET_LIMIT = 100  # characters of a Unix socket's path (sun_path holds 108)
ARGUMENTS = ["--HistoryManager.enabled=False", "--InteractiveShell.colors=NoColor"]
logger.setLevel("CRITICAL")


@dataclass
class Kernels:
    """How kernels are started in a run.

    folder : for connection files and logs, private
    env : the whole environment of a kernel
    zygote : forks them; None starts ordinary ones
    """

    folder: Path
    env: dict[str, str]
    zygote: Zygote | None
    running: set[Any] = field(default_factory=set)

    def stop(self) -> None:
        """End every kernel now; whoever waits for one sees it dead."""
        if self.zygote is not None:
            self.zygote.close()
        for process in list(self.running):
            if isinstance(process, subprocess.Popen):
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Execution:
    """One notebook being run, as it can be looked at from outside.

    deadline : `time.monotonic()` at which the notebook is stopped
    cell_limit : seconds one cell may take
    cell : position of the cell being run; None before the first
    """

    kernels: Kernels
    scratch: Path
    log_file: Path
    deadline: float
    cell_limit: int
    cell: int | None = None
    notebook: NotebookNode | None = None
    process: Any = None
    ready: bool = False
    timings: dict[str, float] = field(default_factory=dict)

    def seconds_left(self, _cell: NotebookNode) -> int:
        """Limit of the next cell; nbclient reads 0 as none."""
        return max(1, min(self.cell_limit, int(self.deadline - time.monotonic())))


class QuickClient(AsyncKernelClient):
    """Takes a kernel as ready when it answers; the base class then still listens for 0.2 s to nothing."""

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        limit = time.monotonic() + (timeout or 60)
        while time.monotonic() < limit:
            self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.shell_channel.get_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    await self.iopub_channel.get_msg(timeout=0.2)  # outputs arrive too, not only replies
                    self._handle_kernel_info_reply(reply)
                    return
            if not await self._async_is_alive():
                raise RuntimeError("kernel died before it answered")
        raise RuntimeError("kernel did not answer in time")

    wait_for_ready = _async_wait_for_ready


class Manager(AsyncKernelManager):
    """Kernels of this interpreter over Unix sockets, whatever kernels the user has installed."""

    execution: Execution
    warm = False

    @property
    def zygote(self) -> Zygote | None:
        """What its kernel is forked from."""
        return self.execution.kernels.zygote

    @property
    def log_file(self) -> Path:
        """Where what the kernel prints outside of cells goes."""
        return self.execution.log_file

    def prepare(self, execution: Execution, warm: bool) -> None:
        """Set everything that decides how the kernel is started."""
        self.execution, self.warm = execution, warm
        spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "coopeval-warm"}} if warm else {},
        )
        self._kernel_spec = spec
        self.client_factory = QuickClient
        with tempfile.NamedTemporaryFile(dir=execution.kernels.folder, prefix="k", suffix=".json") as name:
            self.connection_file = name.name
        if len(self.connection_file) < SOCKET_LIMIT:
            self.transport = "ipc"
            self.ip = self.connection_file.removesuffix(".json")

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        if not self.warm:
            output = self.log_file.open("ab")
            options |= {"stdout": output, "stderr": output}
        await super()._async_launch_kernel(kernel_cmd, **options)
        self.execution.process = self.provisioner.process
        self.execution.kernels.running.add(self.provisioner.process)

    _launch_kernel = _async_launch_kernel

    async def _async_wait(self, pollinterval: float = 0.005) -> None:
        await super()._async_wait(pollinterval)


class Client(PapermillNotebookClient):
    """Runs the cells, telling the execution where it is."""

    def __init__(self, nb_man: Any, execution: Execution, warm: bool, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.execution, self.warm = execution, warm

    def create_kernel_manager(self) -> Manager:
        """A manager for the one kernel of this notebook; the client owns and ends it."""
        self.km = Manager(kernel_name="python3")
        self.km.prepare(self.execution, self.warm)
        return self.km

    def papermill_execute_cells(self) -> None:
        """Run the cells in order until one fails."""
        self.execution.ready = True
        self.execution.timings["start"] = time.monotonic()
        super().papermill_execute_cells()
        self.execution.timings["cells"] = time.monotonic()

    def execute_cell(self, cell: NotebookNode, index: int, **options: Any) -> NotebookNode:
        """Run one cell."""
        self.execution.cell = index
        return super().execute_cell(cell, index, **options)


class WarmEngine(Engine):
    """A start that fails is tried once more, then with an ordinary kernel; a cell is never run twice."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Run the notebook of a papermill manager."""
        execution: Execution = options["execution"]
        execution.notebook = nb_man.nb
        ways = (True, True, False) if execution.kernels.zygote is not None else (False, False)
        for number, warm in enumerate(ways, start=1):
            client = Client(
                nb_man,
                execution,
                warm,
                kernel_name="python3",
                timeout_func=execution.seconds_left,
                startup_timeout=60,
                shutdown_kernel="immediate",
                record_timing=False,
                extra_arguments=list(ARGUMENTS),
                resources={"metadata": {"path": str(execution.scratch)}},
                log=logger,
            )
            try:
                client.execute(env=execution.kernels.env)
            except Exception:
                if execution.ready or number == len(ways):
                    raise
            else:
                return
            finally:
                execution.kernels.running.discard(execution.process)


papermill_engines.register(NAME, WarmEngine)


def execute(path: Path, parameters: dict[str, object], execution: Execution) -> NotebookNode:
    """Run a notebook with these parameters; the executed notebook, in `execution.notebook` also if it fails.

    Raises
    ------
    PapermillExecutionError : a cell raised.
    DeadKernelError, CellTimeoutError : as they say.
    """
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    notebook.metadata.setdefault(
        "kernelspec", {"name": "python3", "language": "python", "display_name": "Python 3"}
    )
    return execute_notebook(
        notebook,
        None,
        parameters=parameters,
        engine_name=NAME,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        request_save_on_cell_execute=False,
        execution=execution,
    )
