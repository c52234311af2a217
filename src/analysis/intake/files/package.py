"""The parts of an .xlsx file: sized up before anything is parsed, then unpacked in pieces within the limits.

What the zip directory says of sizes may be a lie, so that every part that is parsed is first unpacked here, in
pieces that are dropped again, and counted while it grows.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from analysis.intake.files import safety
from analysis.intake.files.refusal import SEND_AGAIN, damaged, refused
from analysis.intake.ledger import IntakeError
from analysis.messages import Message

PIECE = 1024**2  # bytes unpacked at a time
_WORKBOOK = Message("Excel workbook", "Excel 工作簿")
_SPLIT = Message(
    "save the sheets as separate files of below 1,000,000 rows, without formatting of empty rows and columns, or as .csv",
    "请将各表分别保存（每个不超过 100 万行，并清除空行空列的格式），或另存为 .csv",
)
_SMALL = 64 * 1024**2  # bytes of the parts that are held whole: workbook and relations


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as the workbook lists it: its name, the part that holds it, and whether it holds cells (no chart)."""

    name: str
    part: str
    cells: bool


class Package:
    """An .xlsx file whose directory has been checked."""

    def __init__(self, path: Path) -> None:
        """Read and check the directory; raises IntakeError where it is broken or the parts are beyond the limits."""
        self.path = path
        self.file = path.name
        self._unpacked: dict[str, int] = {}
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except Exception:  # zipfile fails in many ways on broken directories
            raise damaged(self.file, _WORKBOOK) from None
        self.members = {member.filename: member for member in members}
        self._check_directory(members)

    def _check_directory(self, members: list[zipfile.ZipInfo]) -> None:
        if len(members) > safety.PARTS or len(members) != len(self.members):
            raise self._bomb()
        if sum(member.compress_size for member in members) > self.path.stat().st_size:
            raise self._bomb()  # parts that overlap: the same bytes unpacked again and again
        if sum(member.file_size for member in members) > safety.UNPACKED:
            raise self._bomb()
        for member in members:
            if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise damaged(self.file, _WORKBOOK)
            self._check_ratio(member, member.file_size)

    def _check_ratio(self, member: zipfile.ZipInfo, size: int) -> None:
        if size > safety.RATIO_FREE and size > safety.RATIO * max(member.compress_size, 1):
            raise self._bomb()

    def _bomb(self) -> IntakeError:
        what = Message(
            "the workbook unpacks to far more than it can honestly hold (a damaged file or a zip bomb); not opened",
            "工作簿解压后的大小远超正常范围（文件损坏或为压缩炸弹），未打开",
        )
        return refused("too_large", self.file, what, _SPLIT)

    def too_many_cells(self, sheet: str) -> IntakeError:
        """The error of a sheet that spans more cells than are read."""
        what = Message(
            f"the sheet spans more than {safety.CELLS:,} cells", f"工作表范围超过 {safety.CELLS:,} 个单元格"
        )
        return refused("too_large", self.file, what, _SPLIT, sheet=sheet)

    def pieces(self, part: str) -> Iterator[bytes]:
        """A part unpacked, piece by piece; raises IntakeError where it is broken, beyond the limits, or defines
        entities (which could pull in other files or grow without end)."""
        member = self.members[part]
        size, crc, end = 0, 0, b""
        for piece in self._unpack(member):
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            self._unpacked[part] = max(size, self._unpacked.get(part, 0))
            if sum(self._unpacked.values()) > safety.UNPACKED:
                raise self._bomb()
            self._check_ratio(member, size)
            joint = end + piece
            if b"<!DOCTYPE" in joint or b"<!ENTITY" in joint or b"\x00" in piece[:64]:
                raise self._entities()
            end = piece[-10:]
            yield piece
        if size != member.file_size or crc != member.CRC:
            raise damaged(self.file, _WORKBOOK)

    def _entities(self) -> IntakeError:
        what = Message(
            "a part of the workbook declares entities or is in an encoding that no spreadsheet program writes; not "
            "opened, since that can read other files or exhaust the memory",
            "工作簿内含实体声明或表格软件不会使用的编码；此类内容可能读取其他文件或耗尽内存，未打开",
        )
        return refused("file_kind", self.file, what, SEND_AGAIN)

    def _unpack(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a part, by its packed size alone (zipfile would stop at the size that is declared)."""
        with self.path.open("rb") as stream:
            stream.seek(member.header_offset)
            header = stream.read(30)
            if len(header) < 30 or header[:4] != b"PK\x03\x04":
                raise damaged(self.file, _WORKBOOK)
            stream.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
            left = member.compress_size
            unpacker = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
            while left > 0:
                packed = stream.read(min(PIECE // 8, left))
                if not packed:
                    raise damaged(self.file, _WORKBOOK)
                left -= len(packed)
                if unpacker is None:
                    yield packed
                    continue
                while packed:
                    try:
                        piece = unpacker.decompress(packed, PIECE)
                    except zlib.error:
                        raise damaged(self.file, _WORKBOOK) from None
                    packed = unpacker.unconsumed_tail
                    if piece:
                        yield piece
            rest = unpacker.flush() if unpacker is not None else b""
            if rest:
                yield rest

    def whole(self, part: str) -> bytes:
        """A small part (workbook, relations) as a whole."""
        held = bytearray()
        for piece in self.pieces(part):
            held += piece
            if len(held) > _SMALL:
                raise self._bomb()
        return bytes(held)

    def check_others(self, done: set[str]) -> None:
        """Go through the XML parts that are parsed besides the sheets (shared texts, styles)."""
        for part in self.members:
            if part not in done and part.lower().endswith((".xml", ".rels")):
                for _ in self.pieces(part):
                    pass

    def sheets(self) -> list[Sheet]:
        """The sheets in the workbook's order, with the parts that hold them (chart sheets too)."""
        book = next((name for name in self.members if name.lower() == "xl/workbook.xml"), None)
        relations = "xl/_rels/workbook.xml.rels"
        if book is None or relations not in self.members:
            raise damaged(self.file, _WORKBOOK)
        try:
            targets = {
                node.get("Id"): (
                    _in_package(node.get("Target", "")),
                    node.get("Type", "").endswith("/worksheet"),
                )
                for node in ElementTree.fromstring(self.whole(relations))
            }
            listed = []
            for node in ElementTree.fromstring(self.whole(book)).iter():
                if node.tag.rpartition("}")[2] == "sheet":
                    key = next((value for name, value in node.attrib.items() if name.endswith("}id")), "")
                    listed.append(Sheet(node.get("name", ""), *targets.get(key, ("", False))))
        except ElementTree.ParseError:
            raise damaged(self.file, _WORKBOOK) from None
        return listed


def _in_package(target: str) -> str:
    """Name of the part that a relation of the workbook points to ("worksheets/sheet1.xml", "/xl/worksheets/...")."""
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
