"""The runner's end of the zygote: starts it, asks it for kernels, ends it. Standard library only, so that
the zygote can import while the runner is still importing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

START_LIMIT = 60  # seconds for its imports on a slow disk


class ZygoteLost(RuntimeError):
    """The zygote cannot be used (any more); ordinary kernels can."""


class Zygote:
    """A process to fork kernels from. It dies with the runner, and its kernels with it."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "analysis.report.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                start_new_session=True,  # a Ctrl-C at the terminal is the runner's to handle
            )
        ours.settimeout(START_LIMIT)
        self._channel = ours
        self._lines = ours.makefile("rw", encoding="utf-8")
        self._lock = threading.Lock()
        self._ready = False

    def start(self, argv: list[str], cwd: str, env: dict[str, str], log: Path) -> WarmProcess:
        """Fork a kernel."""
        answer = self._ask({"start": {"argv": argv, "cwd": cwd, "env": env, "log": str(log)}})
        return WarmProcess(self, int(answer["pid"]))

    def status(self, pid: int) -> int | None:
        """Exit code of a kernel (minus the signal that killed it); None while it runs."""
        try:
            return self._ask({"status": pid})["status"]
        except ZygoteLost:
            return -signal.SIGKILL  # kernels die with the zygote

    def close(self) -> None:
        """End the zygote and every kernel that still runs."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._lines.close()
        self._channel.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            try:
                if not self._ready:
                    self._ready = bool(json.loads(self._lines.readline())["ready"])
                self._lines.write(json.dumps(request) + "\n")
                self._lines.flush()
                return json.loads(self._lines.readline())
            except (OSError, ValueError) as error:
                raise ZygoteLost("the process that kernels are forked from has ended") from error


class WarmProcess:
    """A forked kernel, with the methods of `subprocess.Popen` that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote = zygote
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code, None while it runs."""
        if self.returncode is None:
            self.returncode = self._zygote.status(self.pid)
        return self.returncode

    def wait(self) -> int | None:
        """Exit code of a kernel known to have ended."""
        return self.poll()

    def send_signal(self, signum: int) -> None:
        """Signal it, if it still runs; until its status was asked for, its number cannot be another's."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)
