"""How a run tells where it is: one line per step, on a terminal also a count that is rewritten in place."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Step:
    """One step that ended.

    name : a notebook, or "export"
    status : done, failed or skipped
    done, total : steps ended and steps in all
    """

    name: str
    language: str
    outcome: str
    seconds: float
    status: str
    done: int
    total: int

    def __str__(self) -> str:
        what = " ".join(part for part in (self.name, self.language, self.outcome) if part)
        mark = "" if self.status == "done" else f" {self.status.upper()}"
        return f"[{self.done}/{self.total}] {what} {self.seconds:.1f} s{mark}"


Progress = Callable[[Step], None]


def silent(_step: Step) -> None:
    """Tell nothing."""


def printer(stream: TextIO | None = None) -> Progress:
    """Tell a terminal in one line that is rewritten, anything else in a line per step."""
    out = stream or sys.stderr
    lock = threading.Lock()
    width = 0

    def tell(step: Step) -> None:
        nonlocal width
        with lock:
            if not out.isatty():
                print(step, file=out, flush=True)
                return
            text = str(step)
            kept = step.status == "failed" or step.done == step.total
            out.write(f"\r{text}{' ' * max(0, width - len(text))}" + ("\n" if kept else ""))
            out.flush()
            width = 0 if kept else len(text)

    return tell
