"""An executed notebook: whether it is complete, why not, and its form that is the same in every run."""

from __future__ import annotations

import re
import signal
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.messages import ProjectError
from analysis.privacy.redact import redact, without_values

INJECTED = "injected-parameters"
LAST_LINES = 20
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OUTLINE = re.compile(
    r"(\sd=\"\s*[Mm][MLHVCSQTAZmlhvcsqtaz0-9eE.,\s+-]*\")"
)  # coordinates: many, and of nobody
# What IPython writes about an exception beside places and code: its name and message, alone or in a group's frame
_SAID = re.compile(
    r"(?P<frame>[\s|+\-]*)(?P<name>[A-Za-z_][\w.]*)(?P<colon>:\s|:?$)(?P<message>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notebook is not complete.

    cell : number of the cell as counted in the notebook, from 1; 0 where none was reached
    heading : nearest heading above it
    lines : last lines of the traceback or the kernel's log
    """

    job: str
    notebook: str
    language: str
    outcome: str
    cell: int
    heading: str
    cause: str
    lines: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """The failure as plain data."""
        return asdict(self)

    def text(self) -> str:
        """The failure as a few lines for people."""
        place = f"{self.job}, cell {self.cell}" if self.cell else self.job
        where = f' under "{self.heading}"' if self.heading else ""
        return "\n".join([f"{place}{where}: {self.cause}", *(f"    {line}" for line in self.lines)])


def cleaned(text: str, hidden: dict[str, str]) -> str:
    """The text without personal numbers and without folders of this machine."""
    for folder, shown in hidden.items():
        text = text.replace(folder, shown)
    return redact(text)


def said(name: str, message: str) -> str:
    """What an exception says, without values of the data; what the project itself wrote for people stays whole.

    name : of its class, as the kernel tells it
    """
    return redact(message) if name.rpartition(".")[2] in _own_errors() else without_values(message)


def traced(lines: list[str]) -> list[str]:
    """A traceback as IPython writes it, item by item: places and code as they are, messages without values."""
    return [_traced(_COLOUR.sub("", item)) for item in lines]


def first_incomplete(notebook: Any) -> int | None:
    """Position of the first code cell that failed or did not run in its turn; None if all did."""
    expected = 1
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed or cell.execution_count != expected:
            return position
        expected += 1
    return None


def has_error(notebook: Any, position: int | None) -> bool:
    """Whether a cell raised."""
    return _error_output(notebook, position) is not None


def cause_of(notebook: Any, position: int | None, error: BaseException | None, status: int | None) -> str:
    """Why the run of a notebook ended, in a few words.

    Parameters
    ----------
    position : cell that failed or did not run
    error : what the engine raised
    status : exit code of the kernel, minus the signal that killed it
    """
    raised = _error_output(notebook, position)
    if raised is not None:
        return f"{raised.ename}: {said(raised.ename, raised.evalue)}".strip()
    kind = type(error).__name__
    if kind == "CellTimeoutError":
        return "time limit reached; the kernel was stopped"
    if status is not None and status < 0:
        likely = ", likely memory" if status == -signal.SIGKILL else ""
        return f"kernel died (signal {-status}{likely})"
    if status is not None and kind == "DeadKernelError":
        return f"kernel ended by itself (exit code {status})"
    if error is not None:
        return f"{kind}: {said(kind, str(error))}".splitlines()[0]
    return "a cell was not run"


def last_lines(notebook: Any, position: int | None, log: str) -> list[str]:
    """The end of the traceback of a failed cell, else of the kernel's log."""
    raised = _error_output(notebook, position)
    text = "\n".join(traced(raised.traceback if raised is not None else log.splitlines()))
    return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]


def heading_above(notebook: Any, position: int | None) -> str:
    """The nearest Markdown heading above a cell."""
    for cell in reversed(notebook.cells[: position or 0]):
        headings = (
            re.findall(r"(?m)^#{1,6}\s+(.+?)\s*#*$", cell.source) if cell.cell_type == "markdown" else []
        )
        if headings:
            return headings[-1]
    return ""


def cell_number(notebook: Any, position: int | None) -> int:
    """Number of a cell, from 1, not counting the one with the injected parameters."""
    if position is None:
        return 0
    return sum(INJECTED not in tags_of(cell) for cell in notebook.cells[: position + 1]) or 1


def tags_of(cell: Any) -> list[str]:
    """Tags of a cell."""
    return list(cell.metadata.get("tags", []))


def normalise(notebook: Any, parameters: dict[str, object], hidden: dict[str, str]) -> None:
    """Strip what may not be kept: times, random ids and folders of this machine, and numbers of persons anywhere.

    Parameters
    ----------
    parameters : as they are to be read in the notebook, e.g. the study as shown, no run folder
    hidden : folder of this machine -> what to write in its place, longest first
    """
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    for position, cell in enumerate(notebook.cells):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if INJECTED in tags_of(cell):
            cell["id"] = INJECTED
            cell["source"] = "# Parameters of this run\n" + "\n".join(
                f"{k} = {v!r}" for k, v in parameters.items()
            )
        elif not cell.get("id"):
            cell["id"] = f"cell-{position}"
        cell["source"] = redact(cell["source"])
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output["evalue"] = cleaned(said(output.ename, output.evalue), hidden)
                output["traceback"] = [cleaned(line, hidden) for line in traced(output.traceback)]
            elif output.output_type == "stream":
                output["text"] = cleaned(output.text, hidden)
            else:
                for mime, shown in output.data.items():
                    if not mime.startswith(("image/png", "image/jpeg", "application/pdf")):
                        output.data[mime] = _redacted(shown)


def _error_output(notebook: Any, position: int | None) -> Any:
    if notebook is None or position is None:
        return None
    outputs = notebook.cells[position].get("outputs", [])
    return next((output for output in outputs if output.output_type == "error"), None)


def _own_errors() -> set[str]:
    """Names of the errors whose text the project wrote for people."""
    known, found = [ProjectError], set[str]()
    while known:
        one = known.pop()
        known += one.__subclasses__()
        found.add(one.__name__)
    return found


def _traced(item: str) -> str:
    if item.lstrip().startswith(("+ Exception Group", "|")):  # a group comes in one piece, line by line
        return "\n".join(_traced_line(line) for line in item.splitlines())
    return _traced_line(item)


def _traced_line(text: str) -> str:
    found = _SAID.fullmatch(text)
    if found is None:
        return redact(text)
    return f"{found['frame']}{found['name']}{found['colon']}{said(found['name'], found['message'])}"


def _redacted(shown: Any) -> Any:
    """What an output shows, text by text; equal to itself where nothing was found."""
    if isinstance(shown, str):
        parts = _OUTLINE.split(shown) if "<path" in shown else [shown]
        return "".join(part if number % 2 else redact(part) for number, part in enumerate(parts))
    if isinstance(shown, list):
        return [_redacted(one) for one in shown]
    if isinstance(shown, dict):
        return {name: _redacted(one) for name, one in shown.items()}
    return shown
