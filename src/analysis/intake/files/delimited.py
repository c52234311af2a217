"""Text tables (.csv, .tsv, .txt) as grids: separator found, every row of one width, every cell as text.

A row is a record: a quoted cell with line ends in it stays in one row, so that behind such a cell row numbers are
smaller than line numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.intake.files import encodings, long_numbers, safety
from analysis.intake.files.grid import Grid
from analysis.intake.files.refusal import SEND_AGAIN, refused
from analysis.intake.ledger import IntakeError, Ledger, Place
from analysis.messages import Message

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "，": "full-width comma", "|": "bar"}
_SEPARATORS_ZH = {",": "逗号", ";": "分号", "\t": "制表符", "，": "全角逗号", "|": "竖线"}
_OTHERS = ("；", "、", "  ", "\u3000\u3000")  # seen as separators now and then, never used as one here
SAMPLE = 500  # rows by which separator and heading are found
_SAMPLED = 1_000_000  # characters, of which these rows are taken
_ROWS = 2_000  # rows turned into columns at a time; more no longer fit the processor's cache
_SHORT = 2  # fields that a title, unit or note line has at most
_LISTED = 1_000  # rows out of line after which reading stops
_LONGEST = 1_000_000  # characters of one cell; more is an unclosed quotation mark
_NOTE = re.compile(r"^\s*[(（【*※]?\s*(注|备注|说明|附注|填表|制表|审核|复核|负责人|联系|报送|统计|经办|数据来源|资料来源|来源|单位|合计|总计|note|source)", re.IGNORECASE)  # fmt: skip
_NUMBER = re.compile(r"\s*[+-]?\d[\d,]*\.?\d*\s*%?")
_YEAR = re.compile(r"\s*(19|20)\d\d\s*")


def read(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The one grid of a text table.

    Raises
    ------
    IntakeError : encoding not found, no separator, rows of different widths, cut off in the middle of a row.
    """
    file = path.name
    found = encodings.detect(path, encoding)
    csv.field_size_limit(_LONGEST)  # of the whole process; its own limit of 131,072 is of no meaning here
    with path.open(encoding=found.codec, newline="") as stream:
        sample = list(islice(io.StringIO(stream.read(_SAMPLED), newline=""), SAMPLE))
    separator = _separator(sample, path)
    with path.open(encoding=found.codec, newline="") as stream:
        table = _Table(file, found.ends_with_newline)
        table.read(csv.reader(stream, delimiter=separator or "\x1f", strict=True))
    cells = table.frame()
    _report_long(file, cells, ledger)
    if found.codec == "gb18030" and not found.declared and encodings.unusual(encodings.texts_of(cells)):
        raise encodings.unusual_error(file)
    name = found.codec
    if name not in ("utf-8", "ascii"):
        ledger.repaired("encoding", Place(file), old=name, new="utf-8")
    if not found.ends_with_newline:
        ledger.remark(
            "file_end",
            [Place(file, "", len(cells) - 1)],
            Message("the last row has no line end", "最后一行没有换行符"),
            Message(
                "compare the last row with the source: it may have been cut off",
                "请与来源核对最后一行是否完整",
            ),
        )
    return [Grid(file, cells, encoding=name)]


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


# --- the separator ---------------------------------------------------------------------------------------------


def _separator(lines: list[str], path: Path) -> str:
    """The separator under which most rows have the same number of fields, more than one; "" where rows hold none.

    Raises IntakeError where signs that separate stand in the rows, but none gives rows of one width.
    """
    found = {sign: fit for sign in SEPARATORS if (fit := _fit(lines, sign)) is not None}
    if "\t" in found and path.suffix.lower() == ".tsv":
        return "\t"
    if found:
        # a sign that only titles and notes agree on is out
        most = max(fit.rows for fit in found.values())
        found = {sign: fit for sign, fit in found.items() if fit.rows > most / 2}
        # the table begins with its heading: a comma inside the numbers of "a;b" / "3,5;4,2" begins one row later
        return max(found, key=lambda sign: (found[sign].share, -found[sign].first, found[sign].width))
    bare = [re.sub(r'"[^"]*"', "", line).strip() for line in lines]
    seen = [sign for sign in (*SEPARATORS, *_OTHERS) if sum(sign in line for line in bare) * 2 > len(bare)]
    some = [sign for sign in SEPARATORS if any(sign in line for line in bare)]
    if seen or some:
        names = ", ".join(f"{sign!r} ({SEPARATORS[sign]})" for sign in SEPARATORS)
        names_zh = "、".join(_SEPARATORS_ZH.values())
        raise refused(
            "separator",
            path.name,
            Message(
                "one column only, though signs that separate stand in it", "只读出一列，但其中含有分隔符号"
            ),
            Message(
                f"save it with one of {names} between cells and quotation marks around cells that contain it",
                f"请用{names_zh}之一分隔单元格，含该符号的单元格加引号",
            ),
        )
    return ""


@dataclass(frozen=True, slots=True)
class _Fit:
    """How rows fall into fields: rows of one width, their share from the first to the last of them (1 from 0.9 on)."""

    rows: int
    share: float
    first: int
    width: int


def _fit(lines: list[str], sign: str) -> _Fit | None:
    """The table that a separator makes of the rows; None where most rows do not agree on more than one field.

    Titles above and notes below do not count, so that a short table under a long title is found.
    """
    try:
        rows = list(csv.reader(lines, delimiter=sign))
    except csv.Error:
        return None
    widths = [len(row) for row in rows if any(cell.strip() for cell in row)]
    counted = Counter(width for width in widths if width > 1)
    if not counted:
        return None
    width, count = max(counted.items(), key=lambda item: (item[1], item[0]))
    first = widths.index(width)
    span = len(widths) - widths[::-1].index(width) - first
    if count / span < 0.5 or (count == 1 and len(widths) > 2):
        return None
    return _Fit(count, 1.0 if count / span >= 0.9 else count / span, first, width)


# --- the rows --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Table:
    """Rows of a text table, gathered as columns of Arrow text.

    width : fields of the heading row, and of every row below
    waiting : short rows since the last full one; notes if the file ends with them, out of line otherwise
    wrong : rows with more or fewer fields: (row, fields)
    """

    file: str
    ends_with_newline: bool
    width: int = 0
    rows: int = 0
    chunks: list[pa.RecordBatch] = field(default_factory=list)
    waiting: list[tuple[int, list[str]]] = field(default_factory=list)
    wrong: list[tuple[int, int]] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    def read(self, reader) -> None:  # noqa: ANN001
        """Read all rows; raises IntakeError."""
        chunk: list[list[str]] = []
        try:
            chunk = list(islice(reader, SAMPLE))
            if not any(cell.strip() for row in chunk for cell in row):
                what = Message("there is no text in the file", "文件中没有文字")
                raise refused("file_empty", self.file, what, SEND_AGAIN)
            heading = self._find_width(chunk)
            self._add(chunk, heading)
            while chunk := list(islice(reader, _ROWS)):
                self._add(chunk, -1)
        except csv.Error as error:
            raise self._broken(str(error), reader.line_num) from None
        self._finish()

    def _find_width(self, rows: list[list[str]]) -> int:
        """Set the width by the heading row and give its place: the first row with more fields than a title has."""
        common = Counter(len(row) for row in rows if row).most_common(1)[0][0]
        filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
        full = [at for at, cells in enumerate(filled) if cells > min(_SHORT, common - 1)]
        at = full[0] if full else next(at for at, cells in enumerate(filled) if cells)
        self.width = len(rows[at])
        above = rows[at - 1] if at else []
        data = any(_is_number(cell) and not _YEAR.fullmatch(cell) for cell in rows[at])
        if 1 < len(above) < self.width and data and all(cell.strip() for cell in above):
            self.width = len(above)  # two headings over three values: the heading is the short row
            return at - 1
        return at

    def _add(self, rows: list[list[str]], heading: int) -> None:
        start = self.rows
        self.rows += len(rows)
        if self.rows * self.width > safety.CELLS:
            raise self._too_large()
        if set(map(len, rows)) != {self.width} or self.waiting or heading >= 0:
            for at, row in enumerate(rows):
                self._judge(start + at, row, above=at < heading)
                if len(row) != self.width:
                    rows[at] = (row + [""] * self.width)[: self.width]
                    self.last = row
            if len(self.wrong) >= _LISTED:
                raise self._ragged()
        if rows:
            columns = [pa.array(column, type=pa.large_string()) for column in zip(*rows, strict=True)]
            self.chunks.append(pa.RecordBatch.from_arrays(columns, names=[str(n) for n in range(self.width)]))
            self.last = rows[-1]

    def _judge(self, at: int, row: list[str], *, above: bool) -> None:
        """Keep account of a row that is not as wide as the heading."""
        filled = sum(bool(cell.strip()) for cell in row)
        if filled == 0 and len(row) <= self.width:
            return
        if len(row) > self.width:
            self.wrong.append((at, len(row)))
        elif len(row) < self.width:
            if filled > _SHORT:
                self.wrong.append((at, len(row)))
            elif not above:
                self.waiting.append((at, row))
        elif filled > _SHORT or self.width <= _SHORT:
            self.wrong += [(place, len(short)) for place, short in self.waiting]
            self.waiting.clear()

    def _finish(self) -> None:
        end = self.rows - 1
        if not self.ends_with_newline:
            cut = [place for place, fields in self.wrong if fields < self.width]
            alone = [at for at, row in self.waiting if not _NOTE.match(row[0])]
            if cut == [end] or (alone == [end] and len(self.waiting) == 1):
                raise self._mid_row(end)
        # what is short at the end is a note, unless numbers stand in it as in data
        self.wrong += [
            (at, len(row)) for at, row in self.waiting if len(row) > 1 and any(map(_is_number, row))
        ]
        if self.wrong:
            raise self._ragged()
        if not self.ends_with_newline and self._last_cell_cut():
            raise self._mid_row(self.rows - 1)

    def _last_cell_cut(self) -> bool:
        """Whether the last cell is shorter than all others of its column, which have one length (codes, dates)."""
        column = pa.chunked_array([chunk.column(self.width - 1) for chunk in self.chunks])
        lengths = pc.utf8_length(column).to_numpy()[1:]  # without the heading
        if len(lengths) < 6 or lengths[-1] == 0:
            return False
        return bool(np.ptp(lengths[-6:-1]) == 0 and lengths[-1] < lengths[-2] and lengths[-2] > 3)

    def frame(self) -> pd.DataFrame:
        """The cells, text columns without copies of Arrow's."""
        table = pa.Table.from_batches(self.chunks)
        self.chunks.clear()
        text = pd.StringDtype(na_value=np.nan)
        cells = table.to_pandas(types_mapper={pa.large_string(): text}.get, self_destruct=True)
        cells.columns = range(self.width)
        return cells

    def _mid_row(self, row: int) -> IntakeError:
        what = Message("file ends mid-row", "文件在行中间结束（被截断）")
        fix = Message(
            "ask for the whole file; compare the number of rows with the source",
            "请索取完整文件，并与来源核对行数",
        )
        return refused("file_end", self.file, what, fix, rows=(row,))

    def _broken(self, reason: str, line: int) -> IntakeError:
        if "unexpected end" in reason or "field limit" in reason:
            if "unexpected end" in reason:
                error = self._mid_row(-1)
                return error
            what = Message(
                f"a quotation mark is never closed (near line {line})", f"引号没有配对（第 {line} 行附近）"
            )
        else:
            what = Message(
                f"quotation marks do not match (line {line} of the file)", f"引号不匹配（文件第 {line} 行）"
            )
        fix = Message(
            'double quotation marks inside quoted cells ("" for "), or export the file again',
            '引号内的引号须写两遍（"" 表示 "），或重新导出',
        )
        return refused("quotes", self.file, what, fix)

    def _ragged(self) -> IntakeError:
        widths = ", ".join(str(n) for n in sorted({fields for _, fields in self.wrong})[:5])
        count = len(self.wrong)
        more = "at least " if count >= _LISTED else ""
        return refused(
            "ragged",
            self.file,
            Message(
                f"{more}{count} rows have {widths} fields, the heading has {self.width}: cells would shift",
                f"{'至少 ' if more else ''}{count} 行有 {widths} 个字段，而表头有 {self.width} 个：单元格会错位",
            ),
            Message(
                "correct these lines (quote cells that contain the separator), or export the file again",
                "请更正这些行（含分隔符的单元格加引号），或重新导出",
            ),
            rows=tuple(row for row, _ in self.wrong),
        )

    def _too_large(self) -> IntakeError:
        what = Message(f"more than {safety.CELLS:,} cells", f"超过 {safety.CELLS:,} 个单元格")
        return refused("too_large", self.file, what, Message("split it, e.g. by year", "请拆分，例如按年份"))


def _report_long(file: str, cells: pd.DataFrame, ledger: Ledger) -> None:
    places = []
    for position in cells.columns:
        array = pa.chunked_array(cells[position].array.__arrow_array__())
        if pc.any(pc.match_substring_regex(array, r"[eEｅＥ][+＋]?[0-9０-９]{2}\s*$")).as_py():
            hit = pc.match_substring_regex(array, long_numbers.SCIENTIFIC)
            places += [(int(row), position) for row in np.flatnonzero(hit.to_numpy())]
    long_numbers.report(file, "", sorted(places), ledger)
