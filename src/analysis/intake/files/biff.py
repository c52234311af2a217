"""What an .xls file says beyond its values: error cells, hidden rows and columns, the extent of its sheets.

[MS-CFB] compound file, stream "Workbook"; [MS-XLS] records. Only the few record types named below are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from analysis.intake.files.refusal import damaged
from analysis.intake.files.sheet_scan import SheetScan
from analysis.messages import Message

_NAME = Message("Excel 97-2003 workbook", "Excel 97-2003 工作簿")
_LARGEST = 512 * 1024**2  # bytes; a full .xls (65,536 rows of 256 columns) is below
_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
}  # 2.5.10 BErr
_FORMULA, _BOOLERR, _ROW, _COLINFO, _BOUNDSHEET, _BOF, _EOF = 0x06, 0x205, 0x208, 0x7D, 0x85, 0x809, 0x0A
_FREE = 0xFFFFFFFA  # sector numbers from here on are marks, not sectors


def scan(path: Path) -> dict[str, SheetScan]:
    """Error cells, hidden rows and columns by sheet; raises IntakeError where the file is broken."""
    if path.stat().st_size > _LARGEST:
        raise damaged(path.name, _NAME)
    try:
        stream = _stream(path.read_bytes())
        return {name: _sheet(stream, start) for name, start in _sheets(stream)}
    except (struct.error, IndexError, ValueError, UnicodeDecodeError):
        raise damaged(path.name, _NAME) from None


def _stream(held: bytes) -> bytes:
    """The stream "Workbook" of a compound file."""
    size = 1 << struct.unpack_from("<H", held, 30)[0]
    small = 1 << struct.unpack_from("<H", held, 32)[0]
    if size not in (512, 4096):
        raise ValueError("sector size")
    (n_fat, directory, cutoff, mini_fat) = (
        struct.unpack_from("<I", held, 44)[0], *struct.unpack_from("<I", held, 48),
        struct.unpack_from("<I", held, 56)[0], struct.unpack_from("<I", held, 60)[0],
    )  # fmt: skip

    def sector(number: int) -> bytes:
        return held[(number + 1) * size : (number + 2) * size]

    places = list(struct.unpack_from("<109I", held, 76))
    more, seen = struct.unpack_from("<I", held, 68)[0], set()
    while more < _FREE and more not in seen:
        seen.add(more)
        block = struct.unpack(f"<{size // 4}I", sector(more))
        places += block[:-1]
        more = block[-1]
    fat: list[int] = []
    for number in places[:n_fat]:
        if number < _FREE:
            fat += struct.unpack(f"<{size // 4}I", sector(number))

    def chain(start: int, table: list[int]) -> Iterator[int]:
        for _ in range(len(table) + 1):
            if start >= _FREE:
                return
            yield start
            start = table[start]
        raise ValueError("endless chain")

    entries = b"".join(sector(number) for number in chain(directory, fat))
    root = found = None
    for at in range(0, len(entries), 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le")
        start, long = struct.unpack_from("<II", entries, at + 116)
        root = (start, long) if entries[at + 66] == 5 else root
        found = (start, long) if name == "Workbook" and entries[at + 66] == 2 else found
    if found is None or root is None:
        raise ValueError("no workbook stream")
    if found[1] >= cutoff:
        return b"".join(sector(number) for number in chain(found[0], fat))[: found[1]]
    table = [n for s in chain(mini_fat, fat) for n in struct.unpack(f"<{size // 4}I", sector(s))]
    minis = b"".join(sector(number) for number in chain(root[0], fat))
    return b"".join(minis[n * small : (n + 1) * small] for n in chain(found[0], table))[: found[1]]


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Type, start and length of the records from `at` to the end of the substream."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if at + 4 + length > len(stream):
            raise ValueError("cut short")
        yield kind, at + 4, length
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        at += 4 + length
    raise ValueError("cut short")


def _sheets(stream: bytes) -> Iterator[tuple[str, int]]:
    """Names and offsets of the worksheets."""
    for kind, at, _ in _records(stream, 0):
        if kind == _BOUNDSHEET and stream[at + 5] == 0:
            start = struct.unpack_from("<I", stream, at)[0]
            length, wide = stream[at + 6], stream[at + 7] & 1
            raw = stream[at + 8 : at + 8 + length * (2 if wide else 1)]
            yield raw.decode("utf-16-le" if wide else "latin-1"), start


def _sheet(stream: bytes, start: int) -> SheetScan:
    found = SheetScan()
    for kind, at, length in _records(stream, start):
        if kind == _ROW and length >= 16:
            row, options = struct.unpack_from("<H10xH", stream, at)
            if options & 0x20:  # fDyZero
                found.hidden_rows.add(row)
        elif kind == _COLINFO and length >= 10:
            first, last, options = struct.unpack_from("<HH4xH", stream, at)
            if options & 1:  # fHidden
                found.hidden_columns.update(range(first, min(last, 255) + 1))
        elif kind == _BOOLERR and stream[at + 7] == 1:
            found.errors[struct.unpack_from("<HH", stream, at)] = _ERRORS.get(stream[at + 6], "#N/A")
        elif kind == _FORMULA and stream[at + 12 : at + 14] == b"\xff\xff" and stream[at + 6] == 2:
            found.errors[struct.unpack_from("<HH", stream, at)] = _ERRORS.get(stream[at + 8], "#N/A")
    return found
