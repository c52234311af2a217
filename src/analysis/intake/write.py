"""An imported study on disk: tables, study.toml with digests, README, and the account of the import."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.intake.ledger import Ledger, Problem
from analysis.messages import Message, ProjectError
from analysis.privacy.redact import redact
from analysis.schema import entity
from analysis.schema.writing import encode, file_name

ACCOUNT = "import"  # folder of the account inside the study
RECORD = "import.json"
_DIGITS = 7  # no number of a person has fewer
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class OutputError(ProjectError, ValueError):
    """The folder to be written holds something that is not an earlier import."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was imported: its name, size in bytes, digest, encoding, sheets read; in `name` and `sheets`
    personal values are masked, `read_as` is the name as places cite it."""

    read_as: str
    name: str
    bytes: int
    sha256: str
    encoding: str
    sheets: tuple[str, ...]
    rows: int

    @staticmethod
    def of(path: Path, encoding: str, sheets: tuple[str, ...], rows: int) -> SourceFile:
        """The record of a file that was read."""
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
        shown = tuple(redact(sheet) for sheet in sheets)
        size = path.stat().st_size
        return SourceFile(path.name, redact(path.name), size, digest.hexdigest(), encoding, shown, rows)


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier import. OutputError."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            Message(f"{folder.name} is a file, not a folder", f"{folder.name} 是文件，不是文件夹")
        )
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ACCOUNT / RECORD).is_file():
        raise OutputError(
            Message(
                f"{folder.name} holds something that `coopeval import` did not write; choose an empty folder",
                f"{folder.name} 中有并非导入产生的内容，请选择空文件夹",
            )
        )


def write_study(
    folder: Path, tables: Mapping[str, pd.DataFrame], sections: Mapping[str, object], files: list[SourceFile],
    ledger: Ledger,
) -> None:  # fmt: skip
    """Write the study beside `folder` and move it into place when it is complete.

    sections : the tables of study.toml, without `file` and `sha256` where the table is one of `tables`.

    Raises
    ------
    OutputError : `folder` holds something that is not an earlier import.
    """
    check_folder(folder)
    folder = folder.resolve()  # where a link points to, so that the link stays one
    with _told(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        _write(made, folder, tables, sections, files, ledger)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the disk refuses, as an error that a reader can act on."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            Message(
                f"{folder.name} could not be written: {error.strerror}; nothing was changed there",
                f"无法写入 {folder.name}：{error.strerror}；原有内容未改动",
            )
        ) from error


def _write(
    made: Path, folder: Path, tables: Mapping[str, pd.DataFrame], sections: Mapping[str, object],
    files: list[SourceFile], ledger: Ledger,
) -> None:  # fmt: skip
    try:
        digests = {}
        for name, frame in tables.items():
            content = encode(frame, entity(name))
            (made / file_name(entity(name))).write_bytes(content)
            digests[file_name(entity(name))] = hashlib.sha256(content).hexdigest()
        (made / "study.toml").write_bytes(_toml(sections, tables, digests))
        (made / "README.md").write_text(_readme(tables, files), encoding="utf-8")
        (made / ACCOUNT).mkdir()
        _repairs(ledger).to_csv(
            made / ACCOUNT / "repairs.csv", index=False, lineterminator="\n", encoding="utf-8-sig"
        )
        record = {
            "files": [{**_fields(file)} for file in files],
            "repairs": ledger.counts(),
            "remarks": [_remark(remark) for remark in ledger.remarks],
            "tables": {
                name: {"rows": len(frame), "columns": list(frame.columns)} for name, frame in tables.items()
            },
        }
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (made / ACCOUNT / RECORD).write_text(text + "\n", encoding="utf-8")
        _move(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fields(file: SourceFile) -> dict[str, object]:
    return {
        "name": file.name, "bytes": file.bytes, "sha256": file.sha256, "encoding": file.encoding,
        "sheets": list(file.sheets), "rows": file.rows,
    }  # fmt: skip


def _remark(remark: Problem) -> dict[str, object]:
    text = remark.text()
    return {
        "rule": remark.rule, "table": remark.table, "column": remark.name, "n_places": len(remark.places),
        "text": {"zh": redact(text.zh), "en": redact(str(text))},
    }  # fmt: skip


def _move(made: Path, folder: Path) -> None:
    """Put the finished folder in place of an earlier import, which is kept until the new one stands."""
    made.chmod(0o755)
    if not folder.exists():
        try:
            made.rename(folder)
        except OSError:
            if folder.exists():  # another import was quicker
                raise _busy(folder) from None
            raise
        return
    old = made.with_name(made.name + "-old")
    try:
        folder.rename(old)
    except FileNotFoundError:
        raise _busy(folder) from None
    try:
        made.rename(folder)
    except BaseException:
        if not folder.exists():
            old.rename(folder)
            raise
        shutil.rmtree(old)
        raise _busy(folder) from None
    shutil.rmtree(old)


def _busy(folder: Path) -> OutputError:
    return OutputError(
        Message(
            f"another import wrote {folder.name} at the same time; that one stands, run this one again",
            f"另一个导入同时写了 {folder.name}，现保留其结果；请重新运行本次导入",
        )
    )


def _repairs(ledger: Ledger) -> pd.DataFrame:
    """The repair log, safe to open in a spreadsheet program: text that begins like a formula is quoted."""
    frame = ledger.frame()
    for name in ("file", "sheet"):
        names = {text: redact(text) for text in frame[name].unique()}
        for before, after in names.items():
            if before != after:
                hit = frame[name] == before
                frame.loc[hit, "place"] = frame.loc[hit, "place"].str.replace(before, after, regex=False)
        frame[name] = frame[name].map(names)
    for name in ("old", "new"):
        # a credit code is a firm's, and has the form of an ID number
        long = (frame["rule"] != "credit_code") & (frame[name].str.count(r"\d") >= _DIGITS)
        frame.loc[long, name] = frame.loc[long, name].map(redact)
    for name in ("place", "file", "sheet", "old", "new"):
        text = frame[name].astype("str")
        number = text.str.fullmatch(r"[+-]?\d[\d,.]*(?:[eE][+-]?\d+)?")
        frame[name] = text.mask(text.str.startswith(_FORMULA) & ~number, "'" + text)
    return frame


def _toml(
    sections: Mapping[str, object], tables: Mapping[str, pd.DataFrame], digests: Mapping[str, str]
) -> bytes:
    import tomli_w

    content = {name: section for name, section in sections.items() if name != "tables"}
    declared = {name: dict(section) for name, section in sections.get("tables", {}).items()}
    for name in tables:
        file = file_name(entity(name))
        if not any(section.get("file", "") == file for section in declared.values()):
            declared.setdefault(name, {})
    for name, section in declared.items():
        if name in tables:
            section.setdefault("file", file_name(entity(name)))
        if section.get("file") in digests:
            section["sha256"] = digests[section["file"]]
        if name in tables and "cohort" not in section and "key" not in section:
            section["key"] = list(entity(name).key)
            section.setdefault("description", {"zh": entity(name).label.zh, "en": entity(name).label.en})
    ordered = {"study": content.pop("study"), "tables": declared, **content}
    head = "# Written by `coopeval import`; the account of the import is in import/.\n"
    return head.encode() + tomli_w.dumps(ordered, multiline_strings=False).encode("utf-8")


def _readme(tables: Mapping[str, pd.DataFrame], files: list[SourceFile]) -> str:
    listed = "\n".join(
        f"| {file_name(entity(name))} | {entity(name).label.zh} · {entity(name).label.en} | "
        f"{', '.join(entity(name).key)} | {len(frame):,} |"
        for name, frame in tables.items()
    )
    came = "\n".join(f"| {file.name} | {file.rows:,} | `{file.sha256[:12]}` |" for file in files)
    return README.format(tables=listed, files=came)


README = """# Imported study · 导入的研究数据

Written by `coopeval import`. Names, ID numbers, phones, accounts and addresses of persons were left out at the
door. `import/repairs.csv` lists every repaired cell with its old and new value; `import/import.json` holds the
digests of the files, the counts by rule and all remarks. 本目录由 `coopeval import` 写成；个人信息未入库；每处修正
见 `import/repairs.csv`。

| table | what | keys | rows |
|---|---|---|---|
{tables}

| file that arrived | rows read | sha256 |
|---|---|---|
{files}

Source, licence and who may see these tables: those of the files that arrived; write them here.
"""
