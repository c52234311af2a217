"""A table whose cells are printed text, ready for HTML, plain text and CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from html import escape

import pandas as pd

from analysis.words import Words


@dataclass(frozen=True, slots=True)
class RenderedTable:
    """columns : c headings; rows : r tuples of c printed cells; note : sentences under the table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"a row has {len(wrong[0])} cells, the heading {len(self.columns)}")

    def html(self) -> str:
        """A plain table; every cell is escaped, the first cell of a row is its heading."""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.columns)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def plain(self) -> str:
        """Tab-separated text."""
        return "\n".join("\t".join(row) for row in (self.columns, *self.rows))

    def csv(self, hostile: tuple[str, ...] = ()) -> str:
        """CSV; a text cell that starts with a character in `hostile` gets an apostrophe in front."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in (self.columns, *self.rows):
            writer.writerow([_harmless(cell, hostile) for cell in row])
        return out.getvalue()


def remarks(rows: pd.DataFrame, words: Words) -> str:
    """What is wrong with single rows of a table, each thing once with the levels it holds for."""
    levels: dict[str, list[str]] = {}
    for estimand, level, status in rows[["estimand", "level", "status"]].itertuples(index=False):
        text = words.status(status)
        if text:
            levels.setdefault(text, []).append(words.level(estimand, level))
    return words.sentences(
        [words("notes.remark", levels=words.listed(named), remark=text) for text, named in levels.items()]
    )


def _harmless(cell: str, hostile: tuple[str, ...]) -> str:
    if not cell.startswith(hostile) or not hostile:
        return cell
    digits = cell.lstrip("+-−").replace(",", "").replace(".", "", 1)
    return cell if digits.isdigit() else f"'{cell}"
