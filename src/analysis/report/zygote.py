"""The process that kernels are forked from: everything heavy imported once, then one fork per kernel.

Run as `python -P -m analysis.report.zygote DESCRIPTOR`; started and asked by `analysis.report.warm` only.
Requests are lines of JSON on a socket: {"start": {argv, cwd, env, log}} answers {"pid": n}, {"status": pid}
answers {"status": null or the exit code}. It ends when the socket closes, and its kernels end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

# Beside what the modules of the analysis import themselves: what kernels and figures load at first use.
# Not matplotlib_inline.backend_inline: imported before a shell exists, it silently drops every figure.
HEAVY = (
    "numpy", "pandas", "pyarrow", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "matplotlib.backends.backend_mixed", "seaborn", "scipy.linalg", "scipy.stats",
    "IPython", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "IPython.utils.wildcard", "ipykernel.kernelapp", "ipykernel.ipkernel",
    "ipykernel.debugger", "tornado.gen", "tornado.locks", "tornado.queues", "tornado.platform.asyncio",
    "encodings.ascii", "encodings.idna", "encodings.latin_1",
)  # fmt: skip
# Not needed in kernels: what runs reports, commands and simulations
LEFT_OUT = ("cli", "simulate", "report")
NEEDED = ("analysis.report.page", "analysis.report.sentences")
PR_SET_PDEATHSIG = 1  # sys/prctl.h


def main() -> None:
    """Import, then serve until the socket closes."""
    _die_with_parent()
    channel = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    gc.collect()
    gc.freeze()  # forked kernels share these pages; collecting would copy them
    with channel, channel.makefile("rw", encoding="utf-8") as lines:
        lines.write('{"ready": true}\n')
        lines.flush()
        for line in lines:
            lines.write(json.dumps(_answer(json.loads(line), channel)) + "\n")
            lines.flush()


def _answer(request: dict[str, Any], channel: socket.socket) -> dict[str, Any]:
    if "status" in request:
        return {"status": _status(request["status"])}
    pid = os.fork()
    if pid == 0:
        _become_kernel(request["start"], channel)
    return {"pid": pid}


def _status(pid: int) -> int | None:
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if done else None


def _become_kernel(start: dict[str, Any], channel: socket.socket) -> None:
    code = 1
    try:
        os.setsid()
        _die_with_parent()
        channel.close()
        log = os.open(start["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(start["env"])
        os.chdir(start["cwd"])
        _reseed()
        from ipykernel import kernelapp

        sys.argv = ["ipykernel_launcher", *start["argv"]]
        kernelapp.launch_new_instance(argv=start["argv"])
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _reseed() -> None:
    """Global generators as in a fresh process, not all alike; the analysis itself seeds its own."""
    import random

    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002


def _import_all() -> None:
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]  # a tenth of a second of every kernel's start
    names = [*HEAVY, *_own_modules()]
    for name in names:
        with contextlib.suppress(Exception):  # a broken module is the notebook's to report
            importlib.import_module(name)


def _own_modules() -> list[str]:
    import analysis

    root = Path(analysis.__file__).parent
    found = [path.relative_to(root).with_suffix("").parts for path in sorted(root.rglob("*.py"))]
    kept = [parts for parts in found if parts[0] not in LEFT_OUT and "__main__" not in parts]
    return [*(".".join(("analysis", *parts)).removesuffix(".__init__") for parts in kept), *NEEDED]


def _die_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the request took effect
        os._exit(1)


if __name__ == "__main__":
    main()
