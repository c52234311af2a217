"""One run at a time per output folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from analysis.messages import Message
from analysis.report.errors import BusyError


@contextlib.contextmanager
def hold(out: Path, run: str) -> Iterator[None]:
    """Hold the folder for a run; the lock goes with the process, however it ends.

    Raises
    ------
    BusyError : another run holds it; names that run and its process.
    """
    path = out / ".lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(_sentence(path)) from None
        file.seek(0)
        file.truncate()
        json.dump({"run": run, "pid": os.getpid()}, file)
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


def _sentence(path: Path) -> Message:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        who = f"{holder['run']} (process {holder['pid']})"
    except (OSError, ValueError, KeyError):
        who = "(just starting)"
    return Message(
        f"the output folder is in use by run {who}; wait until it ends or choose another --out",
        f"输出目录正被运行 {who} 占用；请等它结束，或用 --out 另选目录",
    )
