"""What a file really is, by its first bytes; and how much is read at most."""

from __future__ import annotations

import mmap
import zipfile
from dataclasses import dataclass
from pathlib import Path

from analysis.intake.files.refusal import SEND_AGAIN, refused
from analysis.messages import Message

# Limits. A county's largest honest tables (1,000,000 rows of 20 columns) stay well below all of them.
CELLS = 30_000_000  # cells of one sheet or file; a full sheet (1,048,576 rows) of 28 columns
UNPACKED = 2 * 1024**3  # bytes of one workbook's parts; 1,000,000 rows of 20 columns take 0.86e9
# Unpacked bytes per packed byte of one part. Cells carry their own address, so that even a sheet of zeros only
# packs 16 : 1 and sparse sheets up to 50 : 1; what packs tighter holds the same bytes over and over.
RATIO = 100
RATIO_FREE = 16 * 1024**2  # bytes below which a part is too small for its ratio to matter
PARTS = 5_000  # parts of one workbook

READ = {
    ".xlsx": "xlsx", ".xls": "xls", ".csv": "text", ".tsv": "text", ".txt": "text", ".dta": "dta", ".sav": "sav",
    ".zsav": "sav", ".parquet": "parquet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its name, and what to do with one that cannot be taken as it is."""

    name: Message
    fix: Message


_SAVE_AS = Message(
    'open it in Excel or WPS and choose "Save as", type .xlsx', "请用 Excel 或 WPS 打开，另存为 .xlsx"
)
_RENAME = Message(
    "give it the name ending that fits what it is, or save it again as .xlsx",
    "请改成与内容相符的扩展名，或另存为 .xlsx",
)
_TABLE = Message(
    "ask for the table itself as .xlsx, .xls, .csv, .dta, .sav or .parquet",
    "请索取表格本身（.xlsx、.xls、.csv、.dta、.sav 或 .parquet）",
)
_UNPACK = Message("unpack it and import the files in it", "请先解压，再导入其中的文件")
_TABLE_FROM_CODE = Message(
    "files that can hold program code are never opened; export the table as .csv, .parquet or .dta",
    "可能含有程序代码的文件一律不打开；请将表格导出为 .csv、.parquet 或 .dta",
)

KINDS = {
    "xlsx": Kind(Message("Excel workbook (.xlsx)", "Excel 工作簿（.xlsx）"), _RENAME),
    "xls": Kind(Message("Excel 97-2003 workbook (.xls)", "Excel 97-2003 工作簿（.xls）"), _RENAME),
    "text": Kind(Message("plain text", "纯文本"), _RENAME),
    "dta": Kind(Message("Stata file", "Stata 文件"), _RENAME),
    "sav": Kind(Message("SPSS file", "SPSS 文件"), _RENAME),
    "parquet": Kind(Message("parquet file", "parquet 文件"), _RENAME),
    "html": Kind(Message("web page (HTML)", "网页（HTML）"), _SAVE_AS),
    "xml": Kind(Message("XML text", "XML 文本"), _SAVE_AS),
    "xml2003": Kind(Message("XML spreadsheet of Excel 2003", "Excel 2003 的 XML 表格"), _SAVE_AS),
    "xlsm": Kind(Message("workbook with macros (.xlsm)", "带宏的工作簿（.xlsm）"), _SAVE_AS),
    "xlsb": Kind(Message("binary workbook (.xlsb)", "二进制工作簿（.xlsb）"), _SAVE_AS),
    "ods": Kind(Message("OpenDocument file", "OpenDocument 文件"), _SAVE_AS),
    "et": Kind(Message("WPS spreadsheet (.et)", "WPS 表格（.et）"), _SAVE_AS),
    "biff": Kind(Message("workbook of Excel 5 or older", "Excel 5 或更早版本的工作簿"), _SAVE_AS),
    "wps": Kind(Message("WPS text document", "WPS 文字文档"), _TABLE),
    "word": Kind(Message("Word document", "Word 文档"), _TABLE),
    "slides": Kind(Message("presentation", "演示文稿"), _TABLE),
    "pdf": Kind(Message("PDF", "PDF 文档"), _TABLE),
    "picture": Kind(Message("picture", "图片"), _TABLE),
    "rtf": Kind(Message("RTF document", "RTF 文档"), _TABLE),
    "zip": Kind(Message("zip archive", "zip 压缩包"), _UNPACK),
    "archive": Kind(Message("compressed archive", "压缩包"), _UNPACK),
    "pickle": Kind(Message("Python pickle", "Python pickle 文件"), _TABLE_FROM_CODE),
    "npy": Kind(Message("numpy array file", "numpy 数组文件"), _TABLE_FROM_CODE),
    "database": Kind(Message("database file", "数据库文件"), _TABLE),
    "ole": Kind(Message("Office file without a workbook in it", "不含工作簿的 Office 文件"), _TABLE),
    "encrypted": Kind(
        Message("Office file protected by a password", "加了密码的 Office 文件"),
        Message(
            "open it with the password, remove the password (File, Info, Protect) and save it",
            "请输入密码打开，取消密码保护（文件—信息—保护工作簿）后保存",
        ),
    ),
    "unknown": Kind(Message("file of an unknown format", "格式不明的文件"), SEND_AGAIN),
}  # fmt: skip

# Name endings that are refused whatever stands in the file, and what they mean.
_REFUSED = {
    ".xlsm": "xlsm", ".xltm": "xlsm", ".xlsb": "xlsb", ".ods": "ods", ".et": "et", ".ett": "et", ".wps": "wps",
    ".wpt": "wps", ".doc": "word", ".docx": "word", ".ppt": "slides", ".pptx": "slides", ".pdf": "pdf",
    ".pkl": "pickle", ".pickle": "pickle", ".joblib": "pickle", ".npy": "npy", ".npz": "npy", ".zip": "zip",
    ".rar": "archive", ".7z": "archive", ".gz": "archive", ".htm": "html", ".html": "html", ".mht": "html",
    ".rtf": "rtf", ".jpg": "picture", ".jpeg": "picture", ".png": "picture", ".bmp": "picture", ".tif": "picture",
    ".mdb": "database", ".accdb": "database", ".db": "database", ".xml": "xml",
}  # fmt: skip

_STARTS = (
    (b"%PDF", "pdf"), (b"\x93NUMPY", "npy"), (b"PAR1", "parquet"), (b"<stata_dta>", "dta"), (b"$FL2", "sav"),
    (b"$FL3", "sav"), (b"{\\rtf", "rtf"), (b"Rar!", "archive"), (b"7z\xbc\xaf", "archive"), (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"), (b"\xfd7zXZ", "archive"), (b"\x89PNG", "picture"), (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"), (b"II*\x00", "picture"), (b"MM\x00*", "picture"), (b"SQLite format 3", "database"),
    (b"\x00\x01\x00\x00Standard", "database"), (b"\x09\x00\x04\x00", "biff"), (b"\x09\x02\x06\x00", "biff"),
    (b"\x09\x04\x06\x00", "biff"), (b"\x09\x08", "biff"),
)  # fmt: skip
_HTML = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<table",
    b"<meta",
    b"<div",
    b"<style",
    b"mime-version:",
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def kind_of(path: Path) -> str:
    """What a file is: xlsx, xls, text, dta, sav or parquet.

    Raises
    ------
    IntakeError : no such file, a folder, a lock file, empty, of a kind that is not read, or not of the kind that
        its name says.
    """
    file = path.name
    _check_present(path)
    wanted = READ.get(path.suffix.lower())
    content = _content(path)
    if wanted == content:
        return content
    if wanted is None:
        named = _REFUSED.get(path.suffix.lower())
        kind = KINDS[content if named is None or content in {"encrypted", "html", "pickle"} else named]
        what = Message(
            f"this is {an(kind.name)}; files with the ending {path.suffix or '(none)'} are not read",
            f"这是{kind.name.zh}；不读取扩展名为 {path.suffix or '（无）'} 的文件",
        )
        raise refused("file_kind", file, what, kind.fix)
    if content in {"xlsm", "encrypted"}:
        what = Message(f"this is {an(KINDS[content].name)}", f"这是{KINDS[content].name.zh}")
    elif content == "unknown":
        what = Message(
            f"it does not begin like {an(KINDS[wanted].name)}: damaged, or something else under this name",
            f"开头不是{KINDS[wanted].name.zh}应有的内容：文件已损坏，或并非此类文件",
        )
    else:
        what = Message(
            f"its name ends in {path.suffix} but it is really {an(KINDS[content].name)}",
            f"扩展名是 {path.suffix}，实际是{KINDS[content].name.zh}",
        )
    raise refused("file_kind", file, what, KINDS[content].fix)


def an(name: str) -> str:
    """A name with its article: a PDF, an SPSS file."""
    return f"an {name}" if name[0] in "AEIO" or name.startswith(("SPSS", "XML", "RTF")) else f"a {name}"


def _check_present(path: Path) -> None:
    file = path.name
    if file.startswith(("~$", ".~", "._")):
        what = Message(
            "a lock file that Excel or WPS leaves beside an open workbook; it holds no table",
            "这是 Excel 或 WPS 打开文件时留下的临时锁定文件，不含表格",
        )
        fix = Message(
            f"close the workbook and import {file.lstrip('~$._')} itself",
            f"请关闭该文件，导入 {file.lstrip('~$._')} 本身",
        )
        raise refused("file_kind", file, what, fix)
    try:
        size = path.stat().st_size
    except OSError:
        what = Message("there is no such file, or it may not be opened", "没有这个文件，或无权打开")
        raise refused(
            "file_missing", file, what, Message("check the name and the folder", "请检查文件名和文件夹")
        ) from None
    if path.is_dir():
        what = Message("this is a folder", "这是文件夹")
        raise refused("file_missing", file, what, Message("name the files in it", "请写出其中的文件"))
    if not path.is_file():
        what = Message("this is not an ordinary file", "这不是普通文件")
        raise refused("file_missing", file, what, _TABLE)
    if size == 0:
        raise refused(
            "file_empty", file, Message("the file is empty (0 bytes)", "文件是空的（0 字节）"), SEND_AGAIN
        )


def _content(path: Path) -> str:
    """Kind of a file by its bytes alone."""
    try:
        with path.open("rb") as stream:
            head = stream.read(65536)
    except OSError:
        what = Message("the file may not be opened", "无权打开该文件")
        fix = Message("close it in other programs, check its permissions", "请在其他软件中关闭它，并检查权限")
        raise refused("file_missing", path.name, what, fix) from None
    if head.startswith(b"PK"):
        return _zip_content(path)
    if head.startswith(_OLE):
        return _ole_content(path)
    if len(head) > 3 and 0x69 <= head[0] <= 0x73 and head[1] in (1, 2) and head[2] == 1 and head[3] == 0:
        return "dta"  # Stata 7 to 12
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[0] == 0x80 and 2 <= head[1] <= 5 if len(head) > 1 else False:
        return "pickle"
    return _text_content(head)


def _text_content(head: bytes) -> str:
    """Text, HTML, XML or (with many control bytes) unknown."""
    plain = head.replace(b"\x00", b"") if looks_utf16(head) else head
    begin = plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if begin.startswith(b"<?xml") or begin.startswith(b"<!--"):
        if b"<html" in begin:
            return "html"
        return "xml2003" if b"office:spreadsheet" in begin or b"excel.sheet" in begin else "xml"
    if begin.startswith(_HTML):
        return "html"
    if looks_utf16(head):
        return "text"
    control = sum(head.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    return "text" if control <= len(head) // 20 else "unknown"


def looks_utf16(head: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" where text is in two-byte units, "" elsewhere: by the mark at the start, or by
    zero bytes that stand at even (or at odd) places only, as those of digits, commas and line ends do."""
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 1 and odd >= len(head) // 40 and even <= odd // 50:
        return "utf-16-le"
    if even > 1 and even >= len(head) // 40 and odd <= even // 50:
        return "utf-16-be"
    return ""


def _zip_content(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            types = archive.open("[Content_Types].xml").read(65536) if "[Content_Types].xml" in names else b""
            mime = archive.open("mimetype").read(200) if "mimetype" in names else b""
    except Exception:  # a broken directory can fail in many ways; all mean the same to the reader
        return (
            "xlsx" if path.suffix.lower() == ".xlsx" else "zip"
        )  # the workbook reader says that it is damaged
    if "xl/vbaProject.bin" in names or b"macroEnabled" in types:
        return "xlsm"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.startswith("xl/") for name in names) or b"spreadsheetml.sheet.main" in types:
        return "xlsx"
    if any(name.startswith("word/") for name in names):
        return "word"
    if any(name.startswith("ppt/") for name in names):
        return "slides"
    return "ods" if b"opendocument" in mime else "zip"


def _ole_content(path: Path) -> str:
    """Kind of an old Office file by the names in its directory (UTF-16 text somewhere in the file)."""
    streams = [
        ("Workbook", "xls"),
        ("WordDocument", "word"),
        ("PowerPoint Document", "slides"),
        ("Book", "biff"),
    ]
    if path.suffix.lower().startswith(
        (".doc", ".wps", ".ppt")
    ):  # a document may hold a workbook as an object
        streams = streams[1:] + streams[:1]
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for name, kind in [("EncryptedPackage", "encrypted"), *streams]:
            if held.find(name.encode("utf-16-le")) >= 0:
                return kind
    return "ole"
