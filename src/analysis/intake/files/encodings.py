"""The encoding of a text file, found by strict decoding; and text that was once read in the wrong one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.intake.files.refusal import SEND_AGAIN, refused
from analysis.intake.files.safety import looks_utf16
from analysis.intake.ledger import IntakeError
from analysis.messages import Message

PIECE = 4 * 1024**2  # bytes decoded at a time

# What a person may declare, and the codec. GB18030 contains GBK and GB2312; Big5 is read only where declared,
# since most Big5 bytes are valid GB18030 too.
DECLARED = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8-sig", "utf-16": "utf-16", "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030",
    "big5": "cp950", "cp950": "cp950", "big5-hkscs": "big5hkscs", "ascii": "ascii", "latin-1": "latin-1",
    "cp1252": "cp1252",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """Codec of a text file (with its mark at the start taken into account), and whether its last line is ended."""

    codec: str
    declared: bool
    ends_with_newline: bool


def codec_named(declared: str, file: str) -> str:
    """The codec of a declared encoding, "" for none; raises IntakeError for a name that is not known."""
    if not declared:
        return ""
    codec = DECLARED.get(declared.strip().lower().replace("_", "-"))
    if codec is None:
        names = ", ".join(sorted(DECLARED))
        what = Message(f"no encoding {declared!r}", f"没有编码 {declared!r}")
        raise refused("encoding", file, what, Message(f"choose one of {names}", f"可选：{names}"))
    return codec


def detect(path: Path, declared: str = "") -> Encoding:
    """The encoding of a text file: declared, or UTF-8, UTF-16 or GB18030, whichever decodes every byte.

    Raises
    ------
    IntakeError : bytes that fit none of them, zero bytes, a character cut off at the end.
    """
    file = path.name
    wanted = codec_named(declared, file)
    with path.open("rb") as stream:
        head = stream.read(65536)
    wide = looks_utf16(head)
    if wanted:
        candidates = [_with_mark(wanted, head)]
    elif wide:
        candidates = ["utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else wide]
    else:
        candidates = [_with_mark("utf-8", head), "gb18030"]
    failed: dict[str, _Failure] = {}
    for codec in candidates:
        tried = _decode(path, codec)
        if not isinstance(tried, _Failure):
            return Encoding(codec, bool(wanted), tried)
        if tried.zero:
            raise _zero_bytes(file, tried.line)
        if tried.at_end:
            raise _cut_off(file)
        failed[codec] = tried
    raise _undecodable(file, failed)


def _with_mark(codec: str, head: bytes) -> str:
    return "utf-8-sig" if codec == "utf-8" and head.startswith(codecs.BOM_UTF8) else codec


@dataclass(frozen=True, slots=True)
class _Failure:
    line: int  # 1-based
    zero: bool = False
    at_end: bool = False


def _decode(path: Path, codec: str) -> bool | _Failure:
    """Whether the text ends with a line end; or where decoding fails."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    lines, last = 1, ""
    with path.open("rb") as stream:
        while True:
            piece = stream.read(PIECE)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                at_end = codec.startswith("utf") and not piece
                return _Failure(lines + piece[: error.start].count(b"\n"), at_end=at_end)
            if "\x00" in text:
                return _Failure(lines + text[: text.index("\x00")].count("\n"), zero=True)
            if not piece:
                return last in ("\n", "\r")
            lines += text.count("\n")
            last = text[-1:] or last


def _zero_bytes(file: str, line: int) -> IntakeError:
    what = Message("there are zero bytes (NUL) in the text", "文本中有空字节（NUL）")
    return refused("damaged", file, what, SEND_AGAIN, rows=(line - 1,))


def _cut_off(file: str) -> IntakeError:
    what = Message("file ends mid-row: the last character is cut off", "文件在行中间结束：最后一个字符不完整")
    return refused("file_end", file, what, SEND_AGAIN)


def _undecodable(file: str, failed: dict[str, _Failure]) -> IntakeError:
    tried = "; ".join(f"{codec}: line {failure.line}" for codec, failure in failed.items())
    tried_zh = "；".join(f"{codec}：第 {failure.line} 行" for codec, failure in failed.items())
    return refused(
        "encoding",
        file,
        Message(
            f"its bytes are in none of the encodings tried (first byte that fits not: {tried})",
            f"文件内容不符合所试编码（首个不符字节位置：{tried_zh}）",
        ),
        Message(
            "save it as UTF-8 (Excel: CSV UTF-8), or declare its encoding, e.g. big5; where lines of two files were "
            "put together, save each one as UTF-8 first",
            "请另存为 UTF-8（Excel：CSV UTF-8），或声明其编码（如 big5）；若由不同编码的文件拼接而成，请先分别转为 UTF-8",
        ),
    )


# --- text that went through the wrong encoding -----------------------------------------------------------------

_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2027]+")
_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
REPLACED = ("\ufffd", "锟斤拷")  # what is left where a decoder found bytes that it could not read
_SHARE = 0.3  # of the texts garbled: the file is
_FEW = 3  # and with so many garbled texts some lines are, whatever their share above _RARE
_RARE = 0.005  # real Chinese words pass for garbled about once in 10,000
_UNUSUAL = 0.4  # share of characters outside the 3,755 everyday ones; in county tables it is below 0.1


def texts_of(cells: pd.DataFrame, most: int = 5_000) -> list[str]:
    """Different texts with characters outside ASCII, up to `most` from each column."""
    found: dict[str, None] = {}
    for name in cells.columns:
        column = cells[name]
        if column.dtype == object:
            values = {value for value in column if type(value) is str}
        elif isinstance(column.dtype, pd.StringDtype):
            array = pa.chunked_array(column.array.__arrow_array__())
            values = pc.unique(array.filter(pc.invert(pc.string_is_ascii(array)))).to_pylist()
        else:
            continue
        found |= dict.fromkeys(islice((v for v in values if type(v) is str and not v.isascii()), most))
    return list(found)


def garbled(texts: Iterable[str]) -> Message | None:
    """How texts were read in a wrong encoding before they were saved; None where they were not.

    A round trip decides: 榫欎簳 written as GBK is, byte for byte, 龙井 in UTF-8. Chance passes hardly ever.
    """
    runs = bad = 0
    kind: Message | None = None
    for text in texts:
        if any(mark in text for mark in REPLACED):
            return Message(
                "characters were lost on the way (� or 锟斤拷 stands for them)",
                "有字符在转码时丢失（出现 � 或“锟斤拷”）",
            )
        for run in _RUN.findall(text):
            runs += 1
            found = _mistaken(run)
            if found is not None:
                bad += 1
                kind = kind or found
    if kind is None or not (bad >= _SHARE * runs or (bad >= _FEW and bad >= _RARE * runs)):
        return None
    return kind


def _mistaken(run: str) -> Message | None:
    """How one run of characters outside ASCII was misread."""
    if _back(run, ("gb18030",), "utf-8"):
        return Message(
            "the text is UTF-8 that was once read as GBK (like 榫欎簳 for 龙井)",
            "文字是被误按 GBK 读取的 UTF-8（如“龙井”变成“榫欎簳”）",
        )
    if max(run) > "\u2122":  # beyond what Western encodings hold
        return None
    if _back(run, ("cp1252", "latin-1"), "utf-8"):
        return Message(
            "the text is UTF-8 that was once read as Western text (like ç‰ or é¾™)",
            "文字是被误按西文编码读取的 UTF-8（如出现 ç‰、é¾™）",
        )
    if len(set(run)) > 2 and _back(run, ("cp1252", "latin-1"), "gb2312"):  # ×× and °° are written on purpose
        return Message(
            "the text is GBK that was once read as Western text (like Áú¾®)",
            "文字是被误按西文编码读取的 GBK（如 Áú¾®）",
        )
    return None


def _back(run: str, written: tuple[str, ...], really: str) -> bool:
    """Whether the bytes of `run` are Chinese text in another encoding; its last character may be cut off."""
    raw = b""
    for sign in run:
        for codec in written:
            try:
                raw += sign.encode(codec)
                break
            except UnicodeEncodeError:
                continue
        else:
            break
    try:
        text = codecs.getincrementaldecoder(really)("strict").decode(raw)
    except UnicodeDecodeError:
        return False
    return _HAN.fullmatch(text) is not None and _IDEOGRAPH.search(text) is not None


def unusual(texts: Iterable[str]) -> bool:
    """Whether text read as GB18030 consists of characters that nobody uses, so that it is really something else."""
    everyday = rare = 0
    for text in texts:
        for sign in _IDEOGRAPH.findall(text):
            try:
                lead = sign.encode("gb2312")[0]
            except UnicodeEncodeError:
                lead = 0xFF
            if lead <= 0xD7:  # GB 2312 level 1: the 3,755 most frequent characters
                everyday += 1
            else:
                rare += 1
    return rare >= 3 and rare > _UNUSUAL * (everyday + rare)


def unusual_error(file: str) -> IntakeError:
    """The error of a text file whose encoding was guessed and gives unlikely characters."""
    return refused(
        "encoding",
        file,
        Message(
            "read as GB18030 it consists of characters that hardly occur: it may be Big5, or damaged",
            "按 GB18030 读取得到的多为生僻字：可能是 Big5 编码，或已损坏",
        ),
        Message(
            "save it as UTF-8, or declare its encoding (big5, or gb18030 if it is right)",
            "请另存为 UTF-8，或声明其编码（big5；若确为 GB18030 也请声明）",
        ),
    )


def garbled_error(file: str, sheet: str, how: Message) -> IntakeError:
    """The error of a sheet whose text went through a wrong encoding."""
    return refused(
        "garbled",
        file,
        how,
        Message(
            "ask for the file as it was before, or correct the encoding that is declared for it; do not mend it by hand",
            "请索取转码之前的原文件，或更正为其声明的编码；不要手工修改",
        ),
        sheet=sheet,
    )
