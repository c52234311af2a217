"""Kernels in a few milliseconds: real ones, forked from a process that has imported everything."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

POLL = 0.005  # seconds between looks at a kernel that is ending


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from the zygote of its manager (`manager.zygote`); ends them at once."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Fork a kernel on the connection that was prepared; `cmd` is that of an ordinary start."""
        manager = self.parent
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        cwd = str(kwargs.get("cwd") or Path.cwd())
        loop = asyncio.get_running_loop()
        self.process = await loop.run_in_executor(
            None, manager.zygote.start, argv, cwd, dict(kwargs["env"]), manager.log_file
        )
        self.pid = self.pgid = self.process.pid
        self.cwd = cwd
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel and whatever it started, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signum)
            except ProcessLookupError:  # between fork and setsid
                self.process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and whatever it started."""
        await self.send_signal(signal.SIGKILL)

    async def wait(self) -> int | None:
        """Wait until it has ended."""
        status = 0
        while self.process is not None:
            status = self.process.poll()
            if status is not None:
                self.process = None
                break
            await asyncio.sleep(POLL)
        return status
