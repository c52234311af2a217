"""Mistakes in MAP.toml as sentences in both languages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from analysis import paths
from analysis.messages import Message, ProjectError

_KINDS = {
    "string_type": ("a text in quotes", "带引号的文本"),
    "int_type": ("a whole number", "整数"),
    "bool_type": ("true or false", "true 或 false"),
    "dict_type": ("a table", "表（[…] 或 {…}）"),
    "model_type": ("a table", "表（[…] 或 {…}）"),
    "tuple_type": ("a list", "列表（[…]）"),
    "float_type": ("a number", "数字"),
}


class MapError(ProjectError, ValueError):
    """MAP.toml cannot be used; `problems` lists every mistake, each with the valid choices."""

    exit_code = 2

    def __init__(self, path: Path, problems: Sequence[Message]) -> None:
        self.path = path
        self.problems = tuple(problems)
        shown = paths.shown(path)
        en = "\n".join(f"  - {problem}" for problem in self.problems)
        zh = "\n".join(f"  - {problem.zh}" for problem in self.problems)
        super().__init__(Message(f"{shown} cannot be used:\n{en}", f"{shown} 不能使用，问题如下：\n{zh}"))


def of_record(entries: Sequence[Any], model: type[BaseModel], place: str) -> list[Message]:
    """What pydantic found in a record of `model` that stands at `place` in the map ("[[source]] 2"), or, where
    that is "", as a section of its own: "[design] seed"."""
    return list(dict.fromkeys(_sentence(entry, model, place) for entry in entries))


def _sentence(entry: Any, model: type[BaseModel], place: str) -> Message:
    parts = tuple(
        part for part in entry["loc"] if not (isinstance(part, str) and part in {"[key]", "str", "int"})
    )
    names = list(map(str, parts))
    where = (
        f"{place} {'.'.join(names)}"
        if place
        else " ".join((f"[{'.'.join(names[:-1] or names)}]", *names[1:][-1:]))
    )
    kind, given = entry["type"], entry.get("input")
    if kind == "map":
        return Message(f"{where}: {entry['ctx']['en']}", f"{where}：{entry['ctx']['zh']}")
    if kind == "extra_forbidden":
        fields = _fields(model, parts[:-1])
        return unknown(where, str(parts[-1]), fields)
    if kind == "missing":
        return Message(f"{where}: missing, must be given", f"{where}：缺少，必须填写")
    if kind == "literal_error":
        choices = [choice for choice in re.findall(r"'([^']*)'", entry["ctx"]["expected"]) if choice]
        return not_allowed(where, given, choices)
    if kind == "string_too_short":
        return Message(f"{where}: is empty", f"{where}：为空")
    if kind in _KINDS:
        en, zh = _KINDS[kind]
        return Message(f"{where}: must be {en}, here {given!r}", f"{where}：应为{zh}，这里是 {given!r}")
    return Message(f"{where}: {entry['msg']}, here {given!r}", f"{where}：不可用，这里是 {given!r}")


def unknown(where: str, given: str, choices: Iterable[str]) -> Message:
    """An entry nobody knows, with the choices and the nearest of them."""
    listed, close = list(choices), nearest(given, choices)
    en = f" (did you mean {close[0]}?)" if close else ""
    zh = f"（是否为 {close[0]}？）" if close else ""
    return Message(
        f"{where}: unknown entry; choose {', '.join(listed)}{en}",
        f"{where}：未知条目；可选 {'、'.join(listed)}{zh}",
    )


def not_allowed(where: str, given: object, choices: Iterable[str]) -> Message:
    """A value that is none of the choices."""
    listed, close = list(choices), nearest(str(given), choices)
    en = f" (did you mean {close[0]}?)" if close else ""
    zh = f"（是否为 {close[0]}？）" if close else ""
    return Message(
        f"{where}: {given!r} is not allowed; choose {', '.join(listed)}{en}",
        f"{where}：{given!r} 不可用；可选 {'、'.join(listed)}{zh}",
    )


def nearest(given: str, choices: Iterable[str], count: int = 1) -> list[str]:
    """The most similar of the choices, none where none is similar."""
    return difflib.get_close_matches(given, list(choices), n=count)


def _fields(model: type[BaseModel], parts: tuple[int | str, ...]) -> list[str]:
    """Names that may stand at a place inside a record."""
    for part in parts:
        field = next((f for name, f in model.model_fields.items() if part in {name, f.alias}), None)
        inner = _inner_model(field.annotation) if field else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _inner_model(inner)
        if found:
            return found
    return None
