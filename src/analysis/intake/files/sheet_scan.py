"""What a sheet's XML says beyond its values: error cells, formulas without values, hidden rows, its true extent.

Three ways, by speed: `glance` looks for marks in the bytes (300 MB a second) and is enough for most sheets; `search`
finds the marked cells (100 MB a second) where the XML is written as spreadsheet programs write it; `parse` (10 MB a
second) reads any other XML, and measures a sheet whose empty formatted cells reach too far.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from xml.parsers import expat

import numpy as np

_OVERLAP = 64  # bytes kept from piece to piece; no mark and no cell address is longer
_AHEAD = 16  # bytes looked at after a "<" or "="; the last ones of a piece are looked at with the next piece


@dataclass(slots=True)
class SheetScan:
    """Zero-based places: errors by (row, column); formulas without a value; rows, columns = the extent in use."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    without_value: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    rows: int = 0
    columns: int = 0


@dataclass(frozen=True, slots=True)
class Glance:
    """What the bytes show: marks of formulas, errors or hidden rows; XML that only a parser understands; and the
    extent of all addresses, used or not."""

    marked: bool
    unusual: bool
    rows: int
    columns: int


def glance(pieces: Iterable[bytes]) -> Glance:
    """Look at the bytes of a sheet."""
    marked = unusual = False
    rows, columns, tail = 0, 0, b""
    for piece in pieces:
        joint = tail + piece
        byte = np.frombuffer(joint, dtype=np.uint8)
        equals = np.flatnonzero(byte[4:-_AHEAD] == ord("=")) + 4
        tags = np.flatnonzero(byte[:-_AHEAD] == ord("<")) + 1
        marked = marked or _marked(byte, tags, equals)
        unusual = unusual or _unusual(byte, tags, equals) or b":sheetData" in joint or b"<!" in joint
        down, across = _extent(byte, equals)
        rows, columns = max(rows, down), max(columns, across)
        tail = joint[-_OVERLAP:]
    return Glance(marked, unusual, rows, columns)


def _follows(byte: np.ndarray, at: np.ndarray, text: bytes) -> np.ndarray:
    """Whether `text` stands at each place."""
    same = np.ones(len(at), dtype=bool)
    for step, sign in enumerate(text):
        same &= byte[at + step] == sign
    return same


def _marked(byte: np.ndarray, tags: np.ndarray, equals: np.ndarray) -> bool:
    """Whether there are formulas, error cells, hidden rows or columns."""
    if (_ends(byte[tags + 1]) & (byte[tags] == ord("f"))).any():
        return True
    before = byte[equals - 1]
    if _follows(byte, equals[before == ord("t")], b'="e"').any():
        return True
    return bool(_follows(byte, equals[before == ord("n")] - 4, b"dden=").any())


def _unusual(byte: np.ndarray, tags: np.ndarray, equals: np.ndarray) -> bool:
    """Whether cells or rows do not begin with their address, or attributes are not written as name="value"."""
    first, second = byte[tags], byte[tags + 1]
    cells = tags[(first == ord("c")) & _ends(second)]
    rows = tags[(first == ord("r")) & (second == ord("o"))]
    rows = rows[_follows(byte, rows, b"row") & _ends(byte[rows + 3])]
    if not _follows(byte, cells, b'c r="').all() or not _follows(byte, rows, b'row r="').all():
        return True
    return bool(((byte[equals + 1] != ord('"')) | (byte[equals - 1] <= ord(" "))).any())


def _ends(sign: np.ndarray) -> np.ndarray:
    """Whether a tag's name ends at a byte: space, tab, line end, > or /."""
    return (sign <= ord(" ")) | (sign == ord(">")) | (sign == ord("/"))


def _extent(byte: np.ndarray, equals: np.ndarray) -> tuple[int, int]:
    """Largest row and column (counted from 1) of the addresses r="AB12" in a piece of XML."""
    at = equals[byte[equals - 1] == ord("r")] + 2
    if not len(at):
        return 0, 0
    column = np.zeros(len(at), dtype=np.int64)
    row = np.zeros(len(at), dtype=np.int64)
    reading = np.ones(len(at), dtype=bool)
    for _ in range(3):
        letter = byte[at].astype(np.int64) - 64
        reading &= (letter >= 1) & (letter <= 26)
        column = np.where(reading, column * 26 + letter, column)
        at = at + reading
    reading[:] = True
    for _ in range(7):
        digit = byte[at].astype(np.int64) - 48
        reading &= (digit >= 0) & (digit <= 9)
        row = np.where(reading, row * 10 + digit, row)
        at = at + reading
    return int(row.max()), int(column.max())


_CELL = rb'<c r="([A-Z]{1,3}[0-9]{1,7})"([^>]*)>'
_FUNCTION = rb"\s*<f(?:[^>]*/>|[^>]*>[^<]*</f>)\s*"
_WITH_FORMULA = re.compile(_CELL + _FUNCTION + rb"(<v[^>]*>|<is>)?([^<]?)")
_WITH_ERROR = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^>]*\st="e"[^>]*>(?:' + _FUNCTION + rb")?\s*<v[^>]*>([^<]{1,64})"
)
_HIDDEN_ROW = re.compile(rb'<row r="([0-9]+)"[^>]*\shidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<col\s[^>]*hidden="(?:1|true)"[^>]*>')
_BOUND = re.compile(rb'\s(min|max)="([0-9]+)"')
_LONGEST = 64 * 1024**2  # bytes without the end of a cell; no honest cell is longer than 32,767 characters


def search(pieces: Iterable[bytes]) -> SheetScan:
    """Find the marked cells of a sheet in usual XML; rows and columns are left at 0.

    Raises ValueError where no cell ends for too long.
    """
    scan = SheetScan()
    rest = b""
    for piece in pieces:
        joint = rest + piece
        cut = joint.rfind(b"</c>") + 4
        if cut < 4 and len(joint) < _LONGEST:
            rest = joint
            continue
        if cut < 4:
            raise ValueError("a cell without end")
        _search(joint[:cut], scan)
        rest = joint[cut:]
    _search(rest, scan)
    return scan


def _search(text: bytes, scan: SheetScan) -> None:
    for found in _WITH_FORMULA.finditer(text):
        # a formula whose result is the empty text has t="str" and an empty value: that is a value
        if not found[4] and found[3] != b"<is>" and not (found[3] and b't="str"' in found[2]):
            scan.without_value.append(position(found[1].decode()))
    for found in _WITH_ERROR.finditer(text):
        scan.errors[position(found[1].decode())] = found[2].decode("utf-8", "replace")
    scan.hidden_rows.update(int(found[1]) - 1 for found in _HIDDEN_ROW.finditer(text))
    for found in _HIDDEN_COLUMN.finditer(text):
        bound = {name: int(value) for name, value in _BOUND.findall(found[0])}
        scan.hidden_columns.update(range(bound[b"min"] - 1, min(bound[b"max"], 16384)))


def parse(pieces: Iterable[bytes]) -> SheetScan:
    """Parse a sheet's XML in pieces; raises expat.ExpatError where it is broken."""
    scan = SheetScan()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = _handlers(scan)
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return scan


def _handlers(scan: SheetScan) -> tuple[Callable, Callable, Callable]:
    """What the parser calls at the start and the end of an element and for text; called for every cell, so that
    everything is local and an address is worked out only where it is needed."""
    local: dict[str, str] = {}  # names without their namespace
    row, column = -1, -1
    address: str | None = None
    kind, value = "n", ""
    formula = given = inside = False

    def start(name: str, said: dict[str, str]) -> None:
        nonlocal row, column, address, kind, value, formula, given, inside
        short = local.get(name) or local.setdefault(name, name.rpartition(" ")[2])
        if short == "c":
            address, kind = said.get("r"), said.get("t", "n")
            value, formula, given = "", False, False
            column += 1
        elif short in ("v", "is"):
            inside = given = True
        elif short == "f":
            formula = True
        elif short == "row":
            row, column = int(said["r"]) - 1 if "r" in said else row + 1, -1
            if said.get("hidden") in ("1", "true"):
                scan.hidden_rows.add(row)
        elif short == "col" and said.get("hidden") in ("1", "true"):
            scan.hidden_columns.update(range(int(said["min"]) - 1, min(int(said["max"]), 16384)))

    def text(data: str) -> None:
        nonlocal value
        if inside and len(value) < 64:  # enough to tell it from nothing, and for the longest error
            value += data[:64]

    def end(name: str) -> None:
        nonlocal row, column, inside
        short = local[name]
        if short in ("v", "is"):
            inside = False
        elif short == "c":
            # a formula whose result is the empty text has t="str" and an empty value: that is a value
            unfilled = formula and not value and not (kind == "str" and given)
            if value or unfilled:
                if address is not None:
                    row, column = position(address)
                scan.rows, scan.columns = max(scan.rows, row + 1), max(scan.columns, column + 1)
                if unfilled:
                    scan.without_value.append((row, column))
                elif kind == "e":
                    scan.errors[row, column] = value

    return start, end, text


_POSITION = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def position(address: str) -> tuple[int, int]:
    """Zero-based row and column of an address: "B3" -> (2, 1); raises ValueError for anything else."""
    found = _POSITION.fullmatch(address)
    if found is None:
        raise ValueError("not the address of a cell")
    return int(found[2]) - 1, _column(found[1])
