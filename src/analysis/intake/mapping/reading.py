"""MAP.toml from a file to its records, with every mistake in it listed at once."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from analysis.intake.mapping import checks, mistakes
from analysis.intake.mapping.mistakes import MapError
from analysis.intake.mapping.records import Decision, ImportMap, ImportSection, Source
from analysis.messages import Message
from analysis.study import Study

STUDY_SECTIONS = tuple(field.alias or name for name, field in Study.model_fields.items() if not field.exclude)
Record = TypeVar("Record", bound=BaseModel)
ENTRIES = ("import", "decide", "source", *STUDY_SECTIONS)


def read_map(path: Path) -> ImportMap:
    """The map in a file.

    Raises
    ------
    MapError : nothing there, not TOML, or any number of mistakes, all listed: unknown entries, tables, columns and
        units with the nearest known one, places that are no places, headings used twice, sources without a key.
    """
    content = _content(path)
    problems = [mistakes.unknown(f"[{name}]", name, ENTRIES) for name in content if name not in ENTRIES]
    about, found = _record(ImportSection, content.get("import", {}), "[import]")
    problems += found
    decisions, raw_decisions, by_decision = _list(Decision, content.get("decide", []), "decide")
    problems += [p for found in by_decision for p in found] + checks.decisions(raw_decisions)
    sources, raw_sources, by_source = _list(Source, content.get("source", []), "source")
    if not isinstance(content.get("source"), list):
        problems += by_source[0] if by_source else []
    if content.get("source", []) == []:
        problems.append(
            Message(
                "[[source]]: none given; add one for each kind of sheet",
                "[[source]]：没有；请为每类表写一个",
            )
        )
    for number, (source, raw) in enumerate(zip(sources, raw_sources, strict=True), start=1):
        problems += by_source[number - 1]
        if isinstance(raw, Mapping):
            problems += checks.source(source, raw, f"[[source]] {number}")
    problems += checks.about(about)
    study = {name: content[name] for name in STUDY_SECTIONS if name in content}
    problems += checks.study(study)
    if problems:
        raise MapError(path, list(dict.fromkeys(problems)))
    return ImportMap(about=about, decide=tuple(decisions), sources=tuple(sources), study=study)


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MapError(
            path,
            [
                Message(
                    "not a text file in UTF-8; save it as UTF-8 in the editor",
                    "不是 UTF-8 文本；请在编辑器中另存为 UTF-8",
                )
            ],
        ) from error
    except OSError as error:
        raise MapError(
            path,
            [
                Message(
                    "no such file; `coopeval import --suggest FILE…` proposes one",
                    "没有这个文件；可用 `coopeval import --suggest 文件…` 生成",
                )
            ],
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        line = said.rpartition("(at line ")[2].partition(",")[0]
        at = f"第 {line} 行" if line.isdigit() else "文件末尾" if "end of document" in said else ""
        raise MapError(path, [Message(f"not TOML: {said}", f"{at}不是有效的 TOML：{said}")]) from error


def _list(
    model: type[Record], raw: object, name: str
) -> tuple[list[Record | None], list[object], list[list[Message]]]:
    """Records, what they were made from, and the mistakes of each; where there is no list, the mistake of that."""
    if not isinstance(raw, list):
        once = Message(
            f"[{name}]: write [[{name}]], twice bracketed", f"[{name}]：应写作 [[{name}]]（双方括号）"
        )
        return [], [], [[once]]
    read = [_record(model, entry, f"[[{name}]] {number}") for number, entry in enumerate(raw, start=1)]
    return [record for record, _ in read], raw, [found for _, found in read]


def _record(model: type[Record], raw: object, place: str) -> tuple[Record | None, list[Message]]:
    """The record and the mistakes in it. Where single entries are wrong the record is made without them, so that the
    mistakes of the others are found too; None where nothing can be made."""
    problems: list[Message] = []
    kept = copy.deepcopy(raw)
    while True:
        try:
            return model.model_validate(kept), problems
        except ValidationError as error:
            entries = error.errors(include_url=False)
            again = kept != raw  # what was taken out here is not missing in the map
            told = [entry for entry in entries if not (again and entry["type"] == "missing")]
            problems += mistakes.of_record(told, model, place)
            removed = [_remove(kept, entry["loc"]) for entry in entries]
            if True not in removed:
                return None, problems


def _remove(content: object, location: tuple[int | str, ...]) -> bool:
    """Take a wrong entry (of columns: the wrong column) out; whether there was one to take."""
    if len(location) > 1 and location[0] == "columns" and isinstance(content, dict):
        content, location = content.get("columns"), location[1:]
    if not location or not isinstance(content, dict) or location[0] not in content:
        return False
    del content[location[0]]
    return True
