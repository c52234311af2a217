"""A breach of a table's contract: where it is, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.messages import Message, ProjectError

SHOWN_ROWS = 5  # rows named per breach; the count says how many there are


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing wrong with a table.

    table, file, sheet : where; sheet is "" for files without sheets
    column : "" when the breach is not of one column
    rows : spreadsheet row numbers (the heading is row 1), all of them
    what, fix : sentences
    """

    table: str
    file: str
    what: Message
    fix: Message
    column: str = ""
    rows: tuple[int, ...] = ()
    sheet: str = ""

    def text(self) -> Message:
        """The breach as one sentence in both languages."""
        return Message(self._line("en"), self._line("zh"))

    def record(self) -> dict[str, object]:
        """The breach as plain data for JSON."""
        return {
            "table": self.table, "file": self.file, "sheet": self.sheet, "column": self.column,
            "rows": list(self.rows[:1000]), "n_rows": len(self.rows),
            "what": {"en": str(self.what), "zh": self.what.zh},
            "fix": {"en": str(self.fix), "zh": self.fix.zh},
        }  # fmt: skip

    def _line(self, language: str) -> str:
        zh = language == "zh"
        place = [self.file]
        if self.sheet:
            place.append(f"工作表 {self.sheet}" if zh else f"sheet {self.sheet}")
        if self.column:
            place.append(f"列 '{self.column}'" if zh else f"column '{self.column}'")
        if self.rows:
            shown = ", ".join(str(row) for row in self.rows[:SHOWN_ROWS])
            more = len(self.rows) - SHOWN_ROWS
            tail = (f" 等共 {len(self.rows)} 行" if zh else f" and {more} more") if more > 0 else ""
            word = "行" if zh else ("row" if len(self.rows) == 1 else "rows")
            place.append(f"第 {shown} 行{tail}" if zh and not tail else f"{word} {shown}{tail}")
        what = self.what.zh if zh else str(self.what)
        fix = self.fix.zh if zh else str(self.fix)
        return f"{', '.join(place)}: {what} → {fix}" if not zh else f"{'，'.join(place)}：{what} → {fix}"


class ContractError(ProjectError, ValueError):
    """Tables break their contract; `breaches` lists every breach found."""

    exit_code = 3

    def __init__(self, breaches: Sequence[Breach]) -> None:
        self.breaches = tuple(breaches)
        en = "\n".join(f"  - {breach.text()}" for breach in self.breaches)
        zh = "\n".join(f"  - {breach.text().zh}" for breach in self.breaches)
        names = ", ".join(dict.fromkeys(breach.table for breach in self.breaches))
        super().__init__(
            Message(
                f"data refused: {len(self.breaches)} breach(es) in table {names}:\n{en}",
                f"数据未通过检查：表 {names} 有 {len(self.breaches)} 处问题：\n{zh}",
            )
        )
