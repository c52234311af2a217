"""What a file holds that can be read: texts with places, columns of tables, files within files.

Opened are text in any usual encoding, JSON and notebooks, HTML, SVG, zip (spreadsheets and documents too), gzip, PDF,
Parquet, Stata, SPSS, the text of images, and base64 wherever it stands.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import tempfile
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.privacy.markup import visible, whole_numbers

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 512 * 2**20  # bytes of what is unpacked from one archive: more is an attack or a mistake
DEEPEST = 5  # archives within archives
_MARKUP = re.compile(r"\s*<(?:\?xml|!doctype|html|svg|!--|[A-Za-z][\w:-]*[\s>])", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}(?:\r?\n[A-Za-z0-9+/]{16,})*(?:\r?\n[A-Za-z0-9+/]{1,15})?={0,2}")
# Words among other bytes: with marks such as & and # beside the digits it is data of another kind
_STRINGS = re.compile(rb"(?<![!-~])[\w \t.,:;=+()'\"<>/\\-]{11,}(?![!-~])")
_WIDE_STRINGS = re.compile(rb"(?:[\x20-\x7e]\x00|[\x10-\x19]\xff){11,}")
_CELL = re.compile(r'<c [^>]*?\br="([A-Z]+[0-9]+)"')
_SHARED = re.compile(r'<c [^>]*?\br="([A-Z]+[0-9]+)"[^>]*?\bt="s"[^>]*><v>(\d+)</v>')


@dataclass(frozen=True, slots=True)
class Text:
    """A text; `place` tells in words where an offset of it stands."""

    where: str
    text: str
    place: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    where: str
    values: pd.Series


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be opened, or not all of it."""

    where: str


Piece = Text | Column | Unread


def pieces(data: bytes, name: str, where: str, depth: int = 0) -> Iterator[Piece]:
    """Everything readable in these bytes.

    name : of the file, for its ending
    where : how the file is called in what is yielded
    """
    suffix = Path(name).suffix.lower()
    if depth > DEEPEST:
        yield Unread(where)
    elif data[:2] == b"\x1f\x8b":
        yield from _gzip(data, name, where, depth)
    elif data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        yield from _zip(data, where, depth)
    elif data[:4] == b"PAR1":
        yield from _parquet(data, where)
    elif data[:5] == b"%PDF-":
        yield from _pdf(data, where)
    elif data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":  # old or encrypted office files: strings only
        yield from _strings(data, where)
        yield Unread(where)
    elif suffix in {".dta", ".sav", ".zsav"}:
        yield from _statistical(data, suffix, where)
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        yield from _png(data, where)
    else:
        text = decoded(data)
        yield from _strings(data, where) if text is None else _text(text, suffix, where, depth)


def decoded(data: bytes) -> str | None:
    """The bytes as text: by their mark, else UTF-8, UTF-16, GB 18030; None if they are no text."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    head = data[:4096]
    zeros = head.count(0)
    if zeros:
        if len(head) > 3 and zeros * 3 > len(head):
            for encoding, place in (("utf-16-le", 1), ("utf-16-be", 0)):
                if head[place::2].count(0) * 2 > len(head[place::2]):
                    return data.decode(encoding, errors="replace")
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _text(text: str, suffix: str, where: str, depth: int) -> Iterator[Piece]:
    if suffix in {".json", ".ipynb", ".geojson"} or (len(text) < LARGEST and text.lstrip()[:1] in {"{", "["}):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            yield from _json(value, where, "", depth)
            return
    yield Text(where, text, _lines(text))
    if suffix in {".html", ".htm", ".svg", ".xml"} or _MARKUP.match(text):
        yield from _visible(text, where)
    yield from _encoded(text, where, depth)


def _lines(text: str) -> Callable[[int], str]:
    breaks = [found.start() for found in re.finditer("\n", text)]
    return partial(_line, breaks)


def _line(breaks: list[int], offset: int) -> str:
    return f"line {bisect_right(breaks, offset) + 1}"


def _visible(text: str, where: str) -> Iterator[Piece]:
    seen = visible(text)
    line = _lines(text)
    yield Text(where, seen.text, lambda offset: line(seen.place(offset)))


def _encoded(text: str, where: str, depth: int) -> Iterator[Piece]:
    """What stands in base64, if it is text or a container."""
    for found in _BASE64.finditer(text):
        compact = re.sub(r"[\r\n=]", "", found[0])
        try:
            data = base64.b64decode(compact[: len(compact) - (len(compact) % 4 == 1)] + "==", validate=False)
        except (ValueError, binascii.Error):
            continue
        known = data[:4] in {b"PK\x03\x04", b"PAR1", b"%PDF", b"\x89PNG"} or data[:3] == b"\x1f\x8b\x08"
        if known or _is_text(data):
            yield from pieces(data, "", f"{where}, base64", depth + 1)


def _is_text(data: bytes) -> bool:
    try:
        head = data[:4096].decode("utf-8", errors="strict" if len(data) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return False
    return len(head) * 4 > len(data[:4096]) and all(
        one.isprintable() or one in "\r\n\t\ufeff" for one in head
    )


def _json(value: Any, where: str, pointer: str, depth: int) -> Iterator[Piece]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _json(str(name), where, f"{pointer}/(name)", depth)
            yield from _json(inner, where, f"{pointer}/{name}", depth)
    elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        yield from _json("".join(value), where, pointer, depth)  # a notebook's lines
        if not all(one.endswith("\n") for one in value[:-1]):
            for number, one in enumerate(value):
                yield from _json(one, where, f"{pointer}/{number}", depth)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _json(one, where, f"{pointer}/{number}", depth)
    elif isinstance(value, str):
        if len(value) >= 2:
            yield Text(where, value, lambda _offset: pointer or "/")
            if _MARKUP.match(value):
                yield Text(where, visible(value).text, lambda _offset: pointer)
            yield from _encoded(value, f"{where} {pointer}", depth)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 1e10 <= abs(value) < 1e19:
        whole = str(int(value)) if value == int(value) else str(value)
        yield Text(where, whole, lambda _offset: pointer)


def _gzip(data: bytes, name: str, where: str, depth: int) -> Iterator[Piece]:
    unpacked = b""
    try:
        unpack = zlib.decompressobj(wbits=31)
        unpacked = unpack.decompress(data, LARGEST)
        complete = unpack.eof and not unpack.unused_data
    except zlib.error:
        complete = False
    if unpacked:
        yield from pieces(unpacked, name.removesuffix(".gz"), where, depth + 1)
    if not complete:
        yield Unread(where)


def _zip(data: bytes, where: str, depth: int) -> Iterator[Piece]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        yield Unread(where)
        return
    left = LARGEST
    shared: dict[int, list[str]] = {}
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        shared = _shared_cells(archive)
    if archive.comment:
        yield from pieces(archive.comment, "", f"{where}!(comment)", depth + 1)
    for member in archive.infolist():
        inner = f"{where}!{member.filename}"
        yield Text(inner, member.filename, lambda _offset: "file name")
        left -= member.file_size
        if member.flag_bits & 1 or left < 0:
            yield Unread(inner)
            continue
        try:
            content = archive.read(member)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
            yield Unread(inner)
            continue
        if member.filename.startswith("xl/") and member.filename.endswith(".xml"):
            yield from _sheet(content.decode("utf-8", "replace"), member.filename, inner, shared)
        else:
            yield from pieces(content, member.filename, inner, depth + 1)


def _sheet(text: str, name: str, where: str, shared: dict[int, list[str]]) -> Iterator[Piece]:
    """A part of a workbook; a cell is told by its address."""
    text = whole_numbers(text)
    strings = name.endswith("sharedStrings.xml")
    marks = [found.start() for found in (re.finditer(r"<si\b", text) if strings else _CELL.finditer(text))]
    cells = [] if strings else [found[1] for found in _CELL.finditer(text)]
    seen = visible(text)

    def place(offset: int) -> str:
        number = bisect_right(marks, seen.place(offset)) - 1
        if strings:
            return " ".join(shared.get(number, [])[:3]) or f"string {number + 1}"
        return cells[number] if 0 <= number < len(cells) else "outside of cells"

    yield Text(where, seen.text, place)
    attributes = " \x00 ".join(re.findall(r"\"([^\"<>]{11,})\"", text))
    yield Text(where, attributes, lambda _offset: "attribute")
    yield from (
        Text(where, comment, lambda _offset: "comment") for comment in re.findall(r"<!--(.*?)-->", text)
    )


def _shared_cells(archive: zipfile.ZipFile) -> dict[int, list[str]]:
    """Cells that show a shared string, by its number."""
    found: dict[int, list[str]] = {}
    for name in archive.namelist():
        if (
            name.startswith("xl/worksheets/")
            and name.endswith(".xml")
            and archive.getinfo(name).file_size < LARGEST
        ):
            sheet = Path(name).stem
            for cell, number in _SHARED.findall(archive.read(name).decode("utf-8", "replace")):
                found.setdefault(int(number), []).append(f"{sheet}!{cell}")
    return found


def _parquet(data: bytes, where: str) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError):
        yield Unread(where)
        return
    yield from _table(table.to_pandas(), where)
    for name, value in (table.schema.metadata or {}).items():
        if name != b"ARROW:schema":
            yield from pieces(value, "", f"{where}, metadata", DEEPEST)


def _statistical(data: bytes, suffix: str, where: str) -> Iterator[Piece]:
    import pyreadstat

    read = pyreadstat.read_dta if suffix == ".dta" else pyreadstat.read_sav
    with tempfile.NamedTemporaryFile(suffix=suffix) as copy:
        copy.write(data)
        copy.flush()
        try:
            frame, about = read(copy.name)
        except (pyreadstat.ReadstatError, ValueError, UnicodeDecodeError):
            yield from _strings(data, where)
            yield Unread(where)
            return
    yield from _table(frame, where)
    said = (about.file_label, about.notes, about.column_names_to_labels, about.variable_value_labels)
    for text in map(str, said):
        yield Text(where, text, lambda _offset: "labels")


def _table(frame: pd.DataFrame, where: str) -> Iterator[Piece]:
    frame = frame.reset_index() if frame.index.name else frame
    for number, name in enumerate(frame.columns):
        yield Text(where, str(name), lambda _offset, at=number: f"name of column {at + 1}")
        yield Column(f"{where}, column {name}", frame.iloc[:, number])


def _pdf(data: bytes, where: str) -> Iterator[Piece]:
    try:
        import pymupdf
    except ImportError:
        yield from _strings(data, where)
        yield Unread(where)
        return
    try:
        document = pymupdf.open(stream=data, filetype="pdf")
    except (RuntimeError, ValueError):
        yield Unread(where)
        return
    with document:
        if document.needs_pass:
            yield Unread(where)
            return
        yield Text(where, str(document.metadata), lambda _offset: "metadata")
        for number, page in enumerate(document, start=1):
            notes = "\n".join(str(note.info.get("content", "")) for note in page.annots() or ())
            yield Text(where, f"{page.get_text()}\n{notes}", lambda _offset, at=number: f"page {at}")
        for name in document.embfile_names():
            yield from pieces(document.embfile_get(name), name, f"{where}!{name}", DEEPEST)


def _png(data: bytes, where: str) -> Iterator[Piece]:
    """The text chunks of an image."""
    place = 8
    while place + 8 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        chunk = data[place + 8 : place + 8 + size]
        place += size + 12
        if kind not in {b"tEXt", b"iTXt", b"zTXt", b"eXIf"}:
            continue
        body = chunk.partition(b"\0")[2]
        packed = body.find(b"\x78")
        if kind == b"zTXt" or (kind == b"iTXt" and body[:1] == b"\1"):
            try:
                body = zlib.decompressobj().decompress(body[packed:], LARGEST)
            except zlib.error:
                yield Unread(where)
                continue
        text = body.decode("utf-8", "replace")
        yield Text(where, text, lambda _offset: "text of the image")


def _strings(data: bytes, where: str) -> Iterator[Piece]:
    """Readable parts of other bytes."""
    text = "\n".join(found.decode("ascii") for found in _STRINGS.findall(data))
    wide = "\n".join(found.decode("utf-16-le", "replace") for found in _WIDE_STRINGS.findall(data))
    for one in (text, wide):
        if one:
            yield Text(where, one, lambda _offset: "among other bytes")
