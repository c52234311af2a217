"""What is wrong with a study.toml, in sentences that name the entry and the valid choices."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from analysis import paths
from analysis.messages import Message, ProjectError


class StudyError(ProjectError, ValueError):
    """study.toml cannot be used; `problems` lists every mistake, each with the valid choices."""

    exit_code = 2

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        shown, lines = paths.shown(path), "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            Message(f"{shown} cannot be used:\n{lines}", f"{shown} 不能使用，问题如下：\n{lines}")
        )


def problems(entries: list[Any], sections: dict[str, type[BaseModel]]) -> list[str]:
    """What pydantic found wrong, each as one sentence with the valid choices; `sections` name the records."""
    found = []
    for entry in entries:
        place = _place(entry["loc"])
        kind, given = entry["type"], entry.get("input")
        if kind == "extra_forbidden":
            choices = _fields_at(entry["loc"], sections)
            found.append(
                f"{place}: unknown entry; choose {listed(choices)}{nearest(str(entry['loc'][-1]), choices)}"
            )
        elif kind == "missing":
            found.append(f"{place}: missing, must be given")
        elif kind == "literal_error":
            choices = re.findall(r"'([^']*)'", entry["ctx"]["expected"])
            near = nearest(str(given), choices)
            found.append(f"{place}: {given!r} is not allowed; choose {listed(choices)}{near}")
        elif kind == "value_error":
            found.extend(str(entry["ctx"]["error"]).splitlines())
        else:
            found.append(f"{place}: {entry['msg'][0].lower()}{entry['msg'][1:]}, here {given!r}")
    return sorted(dict.fromkeys(found), key=found.index)


def _place(location: tuple[int | str, ...]) -> str:
    names = [
        str(part) for part in location if not (isinstance(part, str) and part in {"int", "str", "[key]"})
    ]
    if len(names) <= 1:
        return f"[{names[0]}]" if names else "study.toml"
    return f"[{'.'.join(names[:-1])}] {names[-1]}"


def _fields_at(location: tuple[int | str, ...], sections: dict[str, type[BaseModel]]) -> list[str]:
    if len(location) == 1:
        return list(sections)
    record = sections[str(location[0])]
    for part in location[1:-1]:
        inner = record.model_fields.get(str(part))
        record = (_record_in(inner.annotation) if inner else None) or record
    return list(record.model_fields)


def _record_in(annotation: Any) -> type[BaseModel] | None:
    """The record that a field holds, alone or in a table or list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _record_in(inner))), None)


def listed(choices: list[str]) -> str:
    """Names in one phrase."""
    return ", ".join(choices) if choices else "(none)"


def nearest(given: str, choices: list[str]) -> str:
    """A hint at the choice that was probably meant; empty where none is near."""
    close = difflib.get_close_matches(given, choices, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
