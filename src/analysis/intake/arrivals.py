"""Which of the files given are read: each once, under a name by which its cells can be cited."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.intake.ledger import Ledger, Place
from analysis.intake.mapping import ImportMap
from analysis.messages import Message

LEFT = {".toml", ".md"}  # maps and texts that lie beside the data


def expand(paths: Iterable[Path], *, out: Path | None = None) -> list[Path]:
    """The files named, and those in the folders named, in a fixed order; what programs leave there is passed over.

    out : the study to be written. Where it lies in one of the folders, what an earlier import wrote is no input.
    """
    own = set() if out is None else {out.resolve(), to_fix(out).resolve()}
    found: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
            found.append(path)
            continue
        for inner in sorted(path.rglob("*")):
            ours = own and own & {inner.resolve(), *inner.resolve().parents}
            left = inner.name.startswith((".", "~$")) or inner.suffix.lower() in LEFT
            if not ours and not left and inner.is_file():
                found.append(inner)
    return list(dict.fromkeys(found))


def to_fix(out: Path) -> Path:
    """The workbook that lists what to mend, beside the study that was not written."""
    return out.with_name(out.name + "-to-fix.xlsx")


def shown(path: Path) -> str:
    """The name of a file as text; bytes that are no text are written as \\xff."""
    return path.name.encode("utf-8", "backslashreplace").decode("utf-8")


def choose(paths: Sequence[Path], decided: ImportMap, ledger: Ledger) -> list[Path]:
    """The files that the map names, each once.

    Two files of one name, or of one content, are a problem: cells are cited by file name, and a list read twice
    counts twice. Files that the map does not name are remarks.
    """
    wanted: dict[Path, Path] = {}
    for path in paths:
        if any(source.names_file(path.name) for source in decided.sources):
            wanted.setdefault(path.resolve(), path)
        elif not os.path.lexists(path):
            ledger.problem(
                "file", [Place(shown(path))],
                Message("there is no such file or folder", "没有这个文件或文件夹"),
                Message("check the name and the folder", "请核对文件名和所在文件夹"),
            )  # fmt: skip
        else:
            ledger.remark(
                "file_left", [Place(shown(path))],
                Message("no source of the map names this file; it was not read", "映射文件没有提到该文件，未读取"),
                Message("add a [[source]] for it if it holds data", "如含数据，请为它增加 [[source]]"),
            )  # fmt: skip
    files = [path for path in wanted.values() if _citable(path, ledger)]
    return _different(_named_once(files, ledger), ledger)


def _citable(path: Path, ledger: Ledger) -> bool:
    if shown(path) == path.name:
        return True
    ledger.problem(
        "file_name", [Place(shown(path))],
        Message("the file's name is not valid text", "文件名编码有误，不是有效文字"),
        Message("rename the file", "请重新命名该文件"),
    )  # fmt: skip
    return False


def _named_once(files: Sequence[Path], ledger: Ledger) -> list[Path]:
    by_name: dict[str, list[Path]] = {}
    for path in files:
        by_name.setdefault(path.name, []).append(path)
    for name, same in by_name.items():
        if len(same) > 1:
            folders = ", ".join(sorted(path.parent.name for path in same))
            ledger.problem(
                "file_name", [Place(name)],
                Message(
                    f"{len(same)} files bear this name (in {folders}); it would not be certain whose cell is meant",
                    f"有 {len(same)} 个文件同名（位于 {folders}），无法区分各自的单元格",
                ),
                Message("rename them, for instance by township", "请改名加以区分，如加上乡镇名"),
            )  # fmt: skip
    return [same[0] for same in by_name.values()]


def _different(files: Sequence[Path], ledger: Ledger) -> list[Path]:
    """The files without those that repeat another byte for byte."""
    sizes: dict[int, list[Path]] = {}
    for path in files:
        size = path.stat().st_size if path.is_file() else 0
        sizes.setdefault(size, []).append(path)
    left: set[Path] = set()
    for size, same_size in sizes.items():
        first: dict[str, Path] = {}
        for path in same_size if size and len(same_size) > 1 else ():
            original = first.setdefault(_digest(path), path)
            if original is not path:
                left.add(path)
                ledger.problem(
                    "file_twice", [Place(original.name), Place(path.name)],
                    Message("two files with one and the same content", "两个文件内容完全相同"),
                    Message("give only one of them", "请只提供其中一个"),
                )  # fmt: skip
    return [path for path in files if path not in left]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:  # told where the file is read
        return shown(path)
