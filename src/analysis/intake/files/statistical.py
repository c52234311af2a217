"""Stata (.dta) and SPSS (.sav) files as grids, with value labels, titles and declared missing codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.intake.files import encodings, safety
from analysis.intake.files.columnar import as_cells
from analysis.intake.files.grid import Grid
from analysis.intake.files.refusal import damaged, refused
from analysis.intake.ledger import Ledger, Place
from analysis.messages import Message

Reader = Callable[..., tuple[pd.DataFrame, object]]


def read_dta(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The grid of a Stata file. Files up to Stata 13 do not say their encoding: UTF-8, then GB18030 is tried.

    Extended missing values .a to .z stand in the cells as "a" to "z" and are listed in Grid.missing.
    """
    import pyreadstat

    tries = [None] if _says_utf8(path) else ["UTF-8", "GB18030"]
    return [_read(path, pyreadstat.read_dta, tries, ledger, encoding)]


def read_sav(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The grid of an SPSS file; user-missing codes stay in the cells and are listed in Grid.missing."""
    import pyreadstat

    return [_read(path, pyreadstat.read_sav, [None, "GB18030"], ledger, encoding)]


def _says_utf8(path: Path) -> bool:
    """Whether a Stata file is of release 118 (Stata 14) or later, whose text is UTF-8 by definition."""
    with path.open("rb") as stream:
        head = stream.read(67)
    release = head.partition(b"<release>")[2][:3]
    return release.isdigit() and int(release) >= 118


def _read(path: Path, reader: Reader, tries: list[str | None], ledger: Ledger, encoding: str) -> Grid:
    """The grid under the first encoding that decodes every text and gives no garbled ones."""
    file = path.name
    kind = safety.KINDS[safety.READ[path.suffix.lower()]].name
    declared = encodings.codec_named(encoding, file)
    if declared:
        tries = [declared.upper().removesuffix("-SIG")]
    _check_size(path, reader, kind)
    trouble = None
    for attempt in tries:
        try:
            frame, about = reader(
                str(path),
                encoding=attempt,
                user_missing=True,
                apply_value_formats=False,
                dates_as_pandas_datetime=False,
            )
        except Exception as error:  # the messages of the reader are told apart, never passed on
            if "requested encoding" not in str(error):
                raise damaged(file, kind) from None
            continue
        grid = _grid(file, frame, about, attempt, ledger_of := Ledger())
        texts = [*encodings.texts_of(grid.cells), *_words(grid)]
        trouble = encodings.garbled(texts)
        if trouble is None and attempt == "GB18030" and not declared and encodings.unusual(texts):
            raise encodings.unusual_error(file)
        if trouble is not None and _says_unicode(about):
            break  # a file that knows its encoding is not read in another one
        if trouble is None:
            ledger.problems += ledger_of.problems
            if attempt not in (None, "UTF-8"):
                ledger.repaired("encoding", Place(file), old=attempt.lower(), new="utf-8")
            return grid
    if trouble is not None:
        raise encodings.garbled_error(file, "", trouble)
    raise refused(
        "encoding",
        file,
        Message(
            "its text is in none of the encodings tried (UTF-8, GB18030)",
            "文字不符合所试编码（UTF-8、GB18030）",
        ),
        Message(
            "declare its encoding (e.g. big5), or save it with Stata 14 or later, or SPSS in Unicode mode",
            "请声明其编码（如 big5），或用 Stata 14 以上版本、SPSS 的 Unicode 模式重新保存",
        ),
    )


def _says_unicode(about: object) -> bool:
    return (about.file_encoding or "").upper().startswith("UTF")


def _check_size(path: Path, reader: Reader, kind: Message) -> None:
    """Refuse a file that declares more cells or bytes than are read."""
    try:
        _, about = reader(str(path), metadataonly=True, encoding="LATIN1")
    except Exception:  # as above
        raise damaged(path.name, kind) from None
    rows = about.number_rows or 0
    widths = sum((about.variable_storage_width or {}).values())
    if rows * about.number_columns > safety.CELLS or rows * widths > safety.UNPACKED:
        what = Message(f"more than {safety.CELLS:,} cells", f"超过 {safety.CELLS:,} 个单元格")
        fix = Message("split it, e.g. by year", "请拆分，例如按年份")
        raise refused("too_large", path.name, what, fix)


def _grid(file: str, frame: pd.DataFrame, about: object, attempt: str | None, ledger: Ledger) -> Grid:
    names = tuple(str(name) for name in about.column_names)
    codes = about.variable_value_labels
    return Grid(
        file,
        as_cells(file, [frame.iloc[:, at] for at in range(frame.shape[1])], ledger),
        headings=names,
        labels={
            name: {key_text(value): str(label) for value, label in labels.items()}
            for name, labels in codes.items()
        },
        titles={name: str(title) for name, title in about.column_names_to_labels.items() if title},
        missing=_missing(frame, about),
        encoding=(attempt or about.file_encoding or "").lower(),
    )


def key_text(value: object) -> str:
    """A code as text: 1.0 and 1 give "1", 2.5 gives "2.5", text stays."""
    if isinstance(value, int | float | np.number) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _missing(frame: pd.DataFrame, about: object) -> dict[str, tuple[str, ...]]:
    """Codes declared missing: of SPSS ranges those that occur, of Stata the letters that occur."""
    found = {
        name: tuple(str(v) for v in letters) for name, letters in about.missing_user_values.items() if letters
    }
    for name, ranges in about.missing_ranges.items():
        codes = set()
        for bounds in ranges:
            low, high = bounds["lo"], bounds["hi"]
            if low == high:
                codes.add(low)
            else:
                codes |= {
                    v for v in frame[name].dropna().unique() if not isinstance(v, str) and low <= v <= high
                }
        if codes:
            found[name] = tuple(
                key_text(code) for code in sorted(codes, key=lambda code: (isinstance(code, str), code))
            )
    return found


def _words(grid: Grid) -> list[str]:
    """Headings, titles and labels, which go through a wrong encoding with the cells."""
    labels = [label for labels in grid.labels.values() for label in labels.values()]
    return [*(grid.headings or ()), *grid.titles.values(), *labels]
