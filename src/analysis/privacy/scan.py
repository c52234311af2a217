"""Whether files hold numbers (or known names) of persons: kinds and places, never the values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from analysis.privacy.columns import kinds_of_values, texts
from analysis.privacy.containers import Column, Piece, Text, Unread, pieces
from analysis.privacy.detect import KINDS, find
from analysis.privacy.redact import redact

UNREAD = "unread"
SHOWN = 5  # rows named per column
_LEFT_OUT = {".git"}  # packed; the hooks look at what enters it


class Hit(NamedTuple):
    """Something that must not be there.

    kind : one of detect.KINDS; "name" for a known name; "unread" for what could not be opened and so proves nothing
    where : file, part of it, cell, line or rows; numbers of persons in names of files and columns are redacted
    """

    kind: str
    where: str


def scan_file(path: Path | str, *, names: Iterable[str] = ()) -> list[Hit]:
    """Everything personal in a file, whatever it is packed in.

    names : values known to be personal (names of a register) to look for beside numbers
    """
    return _scanned(Path(path), Path(path).name, _pattern(names))


def scan_folder(folder: Path | str, *, names: Iterable[str] = ()) -> list[Hit]:
    """Everything personal in all files below a folder, hidden ones too; links are not followed, .git is left out."""
    root, pattern = Path(folder), _pattern(names)
    found: list[Hit] = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and not _LEFT_OUT & set(parts.parts):
            found += _scanned(path, parts.as_posix(), pattern)
    return found


def _scanned(path: Path, shown: str, pattern: re.Pattern[str] | None) -> list[Hit]:
    found = _in_text(Text(shown, shown, lambda _offset: "file name"), pattern)
    try:
        data = path.read_bytes()
    except OSError:
        return [*found, Hit(UNREAD, _safe(shown, pattern))]
    for piece in pieces(data, path.name, shown):
        found += _in_piece(piece, pattern)
    return list(dict.fromkeys(Hit(hit.kind, _safe(hit.where, pattern)) for hit in found))


def _in_piece(piece: Piece, pattern: re.Pattern[str] | None) -> list[Hit]:
    if isinstance(piece, Unread):
        return [Hit(UNREAD, piece.where)]
    return list(_in_column(piece, pattern)) if isinstance(piece, Column) else _in_text(piece, pattern)


def _in_text(piece: Text, pattern: re.Pattern[str] | None) -> list[Hit]:
    found = [(one.kind, one.start) for one in find(piece.text)]
    if pattern is not None:
        found += [("name", match.start()) for match in pattern.finditer(piece.text)]
    return [Hit(kind, f"{piece.where}, {piece.place(start)}") for kind, start in found]


def _in_column(column: Column, pattern: re.Pattern[str] | None) -> Iterator[Hit]:
    text = texts(column.values)
    first = kinds_of_values(text)
    long = text.str.len().to_numpy() > 20  # room for a second number
    more = [{one.kind for one in find(value)} if two and one_kind else {one_kind}
            for value, two, one_kind in zip(text, long, first, strict=True)] if (first != "").any() else []  # fmt: skip
    for kind in KINDS:
        rows = [number for number, kinds in enumerate(more, start=1) if kind in kinds]
        if rows:
            yield Hit(kind, f"{column.where}, {_rows(rows)}")
    if pattern is not None:
        known = text.str.contains(pattern.pattern, regex=True).to_numpy(bool).nonzero()[0]
        if len(known):
            yield Hit("name", f"{column.where}, {_rows([int(row) + 1 for row in known])}")


def _rows(rows: list[int]) -> str:
    named = ", ".join(map(str, rows[:SHOWN]))
    return f"row {named}" + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    known = sorted({name for name in names if name}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, known))) if known else None


def _safe(where: str, pattern: re.Pattern[str] | None) -> str:
    return redact(pattern.sub("‹name›", where) if pattern is not None else where)
