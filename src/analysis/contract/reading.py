"""A declared file as a frame of text or values, nothing coerced, refused whole when damaged."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from analysis.contract.breach import Breach, ContractError
from analysis.messages import Message

FORMATS = (".csv", ".tsv", ".parquet", ".dta", ".xlsx")


def read_file(path: Path, *, table: str, sheet: str = "", sha256: str = "") -> pd.DataFrame:
    """The file's rows in their order, columns as in the file; CSV cells stay text.

    Raises
    ------
    ContractError : absent, changed since its digest, not one of FORMATS, damaged, ragged, without rows.
    """

    def refuse(what: Message, fix: Message, rows: tuple[int, ...] = ()) -> ContractError:
        return ContractError([Breach(table, path.name, what, fix, rows=rows, sheet=sheet)])

    if not path.is_file():
        raise refuse(
            Message("the file is not there", "文件不存在"),
            Message(
                "put it into the folder that study.toml means, or correct 'file' in study.toml",
                "把文件放到 study.toml 指定的文件夹，或更正 study.toml 中的 file",
            ),
        )
    content = path.read_bytes()
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise refuse(
            Message("the file changed since its digest was declared", "文件内容与登记的摘要（sha256）不符"),
            Message(
                "restore the file, or, if the change is meant, write its new sha256 into study.toml: "
                + hashlib.sha256(content).hexdigest(),
                "恢复原文件；如确为有意更新，把新的 sha256 写入 study.toml："
                + hashlib.sha256(content).hexdigest(),
            ),
        )
    if path.suffix.lower() not in FORMATS:
        raise refuse(
            Message(f"files of type {path.suffix!r} are not read", f"不读取 {path.suffix!r} 类型的文件"),
            Message(f"save it as one of {', '.join(FORMATS)}", f"请另存为 {'、'.join(FORMATS)} 之一"),
        )
    try:
        frame = _READERS[path.suffix.lower()](path, sheet)
    except _Ragged as ragged:
        raise refuse(ragged.what, ragged.fix, ragged.rows) from None
    except (ValueError, OSError, KeyError, zipfile.BadZipFile, CalamineError) as error:
        raise refuse(
            Message(
                f"the file cannot be read ({type(error).__name__}: {error})",
                f"文件无法读取（{type(error).__name__}：{error}）",
            ),
            Message(
                "check that it is complete and really of the type its name says; text files must be UTF-8",
                "请检查文件是否完整、类型是否与扩展名一致；文本文件须为 UTF-8 编码",
            ),
        ) from error
    if frame.empty:
        raise refuse(
            Message("the table has no rows", "表中没有数据行"),
            Message("check the sheet name and that data were exported", "请检查工作表名称以及是否已导出数据"),
        )
    return frame


class _Ragged(Exception):
    def __init__(self, what: Message, fix: Message, rows: tuple[int, ...]) -> None:
        super().__init__(what)
        self.what, self.fix, self.rows = what, fix, rows


def _read_text(path: Path, delimiter: str) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        head = next(rows, [])
        body = [row for row in rows if row]
    ragged = tuple(number for number, row in enumerate(body, start=2) if len(row) != len(head))
    if ragged:
        raise _Ragged(
            Message(
                f"rows do not have the heading's {len(head)} fields (cut off, or a stray separator)",
                f"行的字段数与表头（{len(head)} 列）不一致（文件被截断或多了分隔符）",
            ),
            Message(
                "export the file again; quote fields that contain the separator",
                "请重新导出；含分隔符的字段要加引号",
            ),
            ragged,
        )
    return pd.DataFrame(body, columns=_heading(head), dtype="str")


def _read_excel(path: Path, sheet: str) -> pd.DataFrame:
    # calamine itself, not through pandas: pandas would turn the text "000123" into a number
    book = CalamineWorkbook.from_path(str(path))
    if sheet and sheet not in book.sheet_names:
        raise KeyError(f"no sheet {sheet!r}; the workbook has {', '.join(book.sheet_names)}")
    rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python()
    if not rows:
        return pd.DataFrame()
    return pd.DataFrame(rows[1:], columns=_heading([str(name).strip() for name in rows[0]])).infer_objects()


def _heading(names: list[str]) -> list[str]:
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise _Ragged(
            Message(f"two columns share the name {', '.join(double)}", f"列名重复：{'、'.join(double)}"),
            Message("rename one of them", "请给其中一列改名"),
            (1,),
        )
    return names


_READERS = {
    ".csv": lambda path, sheet: _read_text(path, ","),
    ".tsv": lambda path, sheet: _read_text(path, "\t"),
    ".parquet": lambda path, sheet: pd.read_parquet(path),
    ".dta": lambda path, sheet: pd.read_stata(path, convert_categoricals=False, convert_dates=False),
    ".xlsx": _read_excel,
}
