"""The account of an import: every repair with its cell, every problem with its fix, every remark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.messages import Message, ProjectError

_COLUMNS = ("rule", "place", "file", "sheet", "row", "table", "column", "old", "new")
SHOWN = 6  # places named per problem; the count says how many there are


def letter(column: int) -> str:
    """Spreadsheet letters of a zero-based column: 0 -> A, 27 -> AB."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file name, sheet ("" without sheets), zero-based row and column (-1: the whole)."""

    file: str
    sheet: str = ""
    row: int = -1
    column: int = -1

    def __str__(self) -> str:
        cell = (letter(self.column) if self.column >= 0 else "") + (
            str(self.row + 1) if self.row >= 0 else ""
        )
        return "!".join(part for part in (self.file, self.sheet, cell) if part)


@dataclass(frozen=True, slots=True)
class Repairs:
    """Repairs by one rule in one column of one sheet (or of whole rows, sheets, files: then one entry each).

    rule : key in rules.toml
    rows : (n,) zero-based sheet rows; -1 where the repair is of the column, sheet or file
    old, new : (n,) text as it stood and as it is now; personal values masked by the caller
    """

    rule: str
    file: str
    sheet: str
    table: str
    name: str  # column of the clean table; "" for whole rows
    column: int  # zero-based sheet column; -1 for whole rows
    rows: np.ndarray
    old: np.ndarray
    new: np.ndarray


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be repaired with certainty: it stops the import until a person decides.

    places : all cells or rows concerned; what, fix : sentences in both languages, without personal values
    """

    rule: str
    places: tuple[Place, ...]
    what: Message
    fix: Message
    table: str = ""
    name: str = ""

    def text(self) -> Message:
        """The problem as one sentence in both languages."""
        where = ", ".join(str(place) for place in self.places[:SHOWN])
        more = len(self.places) - SHOWN
        en = f"{where}{f' and {more} more' if more > 0 else ''}: {self.what} → {self.fix}"
        zh = f"{where}{f' 等共 {len(self.places)} 处' if more > 0 else ''}：{self.what.zh} → {self.fix.zh}"
        return Message(en, zh)


class IntakeError(ProjectError, ValueError):
    """Files were not imported; `problems` lists everything to be mended or decided."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        en = "\n".join(f"  - {problem.text()}" for problem in self.problems)
        zh = "\n".join(f"  - {problem.text().zh}" for problem in self.problems)
        count = len(self.problems)
        super().__init__(
            Message(
                f"nothing was imported: {count} thing(s) to mend or decide first:\n{en}",
                f"未导入：有 {count} 处须先更正或决定：\n{zh}",
            )
        )


@dataclass(slots=True)
class Ledger:
    """Filled while files are read; the only thing in the intake that is written to."""

    repairs: list[Repairs] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)  # same form, do not stop the import

    def repaired(
        self,
        rule: str,
        place: Place,
        old: str = "",
        new: str = "",
        *,
        table: str = "",
        name: str = "",
    ) -> None:
        """One repair at one place."""
        self.repaired_cells(
            rule, place.file, place.sheet, place.column, [place.row], [old], [new], table=table, name=name
        )

    def repaired_cells(
        self,
        rule: str,
        file: str,
        sheet: str,
        column: int,
        rows: Sequence[int] | np.ndarray,
        old: Iterable[object],
        new: Iterable[object],
        *,
        table: str = "",
        name: str = "",
    ) -> None:
        """Repairs of several cells of one column by one rule; nothing where `rows` is empty."""
        at = np.asarray(rows, dtype=np.int64)
        if len(at):
            before = np.asarray([str(v) for v in old], dtype=object)
            after = np.asarray([str(v) for v in new], dtype=object)
            self.repairs.append(Repairs(rule, file, sheet, table, name, column, at, before, after))

    def problem(
        self,
        rule: str,
        places: Sequence[Place],
        what: Message,
        fix: Message,
        *,
        table: str = "",
        name: str = "",
    ) -> None:
        """Something that stops the import."""
        self.problems.append(Problem(rule, tuple(places), what, fix, table, name))

    def remark(
        self,
        rule: str,
        places: Sequence[Place],
        what: Message,
        fix: Message,
        *,
        table: str = "",
        name: str = "",
    ) -> None:
        """Something worth a look that does not stop the import."""
        self.remarks.append(Problem(rule, tuple(places), what, fix, table, name))

    def counts(self) -> dict[str, int]:
        """Number of repairs by rule."""
        found: Counter[str] = Counter()
        for chunk in self.repairs:
            found[chunk.rule] += len(chunk.rows)
        return dict(sorted(found.items()))

    def frame(self) -> pd.DataFrame:
        """All repairs: rule, place (file!sheet!cell), file, sheet, row (1-based, 0 = none), table, column, old, new."""
        sizes = [len(chunk.rows) for chunk in self.repairs]
        if not sizes:
            return pd.DataFrame(columns=list(_COLUMNS))

        def each(value: Callable[[Repairs], str]) -> np.ndarray:
            return np.repeat(np.array([value(chunk) for chunk in self.repairs], dtype=object), sizes)

        rows = np.concatenate([chunk.rows for chunk in self.repairs])
        places = [
            str(Place(chunk.file, chunk.sheet, int(row), chunk.column))
            for chunk in self.repairs
            for row in chunk.rows
        ]
        made = {
            "rule": each(lambda chunk: chunk.rule), "place": places, "file": each(lambda chunk: chunk.file),
            "sheet": each(lambda chunk: chunk.sheet), "row": rows + 1, "table": each(lambda chunk: chunk.table),
            "column": each(lambda chunk: chunk.name),
            "old": np.concatenate([chunk.old for chunk in self.repairs]),
            "new": np.concatenate([chunk.new for chunk in self.repairs]),
        }  # fmt: skip
        return pd.DataFrame(made)[list(_COLUMNS)]
