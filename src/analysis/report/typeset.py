"""Blocks of a document as typst: headings, figures, and tables that are never clipped."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from analysis.report.gather import Block, Figure, Heading, Prose, Table
from analysis.report.labels import label
from analysis.report.markup import Cell, Grid

PORTRAIT, LANDSCAPE = 460.0, 690.0  # points between the margins of head.typ
INSET = 1.0  # em, left and right of a cell
# text sizes tried in turn, portrait then landscape; smaller would not be read
SIZES = (
    (9.0, PORTRAIT),
    (8.2, PORTRAIT),
    (7.5, PORTRAIT),
    (8.5, LANDSCAPE),
    (7.5, LANDSCAPE),
    (6.5, LANDSCAPE),
)


KEPT_WHOLE = 14  # rows of a table that is moved to the next page rather than cut
NATURAL = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)pt"')


def quoted(text: str) -> str:
    """A typst string, in which nothing is markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def block_start(block: Block, language: str) -> str:
    """The typst of a block; of a box, how it begins."""
    if isinstance(block, Heading):
        return f"#shown-heading({block.level}, {quoted(block.number)}, {quoted(block.text)})"
    if isinstance(block, Figure):
        return _figure(block, language)
    if isinstance(block, Table):
        return _table(block, language)
    return f"#box-of({quoted(block.box)})["


def block_end(block: Block) -> str | None:
    """How a box ends; None for other blocks."""
    return "]" if isinstance(block, Prose) else None


def figure_file(figure: Figure) -> str:
    """Where the compiler finds a figure."""
    return f"{figure.id}.svg"


def _caption(kind: str, number: int, text: str, language: str) -> str:
    return f"[#strong({quoted(label(kind, language, number=number))})#h(0.6em)#{quoted(text)}]"


def _exhibit(body: str, note: str, language: str, *, breaks: bool = False) -> str:
    cut = ", breaks: true" if breaks else ", breaks: false"
    if not note:
        return f"#exhibit(1.8em{cut})[{body}]"
    return f"#exhibit(0.8em{cut})[{body}]\n#note({quoted(label('note', language))}, {quoted(note)})"


def _figure(figure: Figure, language: str) -> str:
    found = NATURAL.search(figure.svg)
    width = f"{float(found[1]):.1f}pt" if found and float(found[1]) < PORTRAIT else "100%"
    image = f"image({quoted(figure_file(figure))}, width: {width}, alt: {quoted(figure.alt)})"
    caption = _caption("figure", figure.number, figure.caption, language)
    body = f"#figure({image}, kind: image, numbering: none, supplement: none, gap: 0.9em, caption: {caption})"
    return _exhibit(body, figure.note, language)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table is set: text size in points, page sideways or not, columns of each part."""

    size: float
    landscape: bool
    parts: tuple[tuple[int, ...], ...]


def fit(grid: Grid) -> Fit:
    """The largest size at which no column is cut; below the smallest the table is printed in parts."""
    natural, least = _widths(grid)
    every = tuple(range(grid.width))
    for size, room in SIZES:
        wraps = sum(least) * size <= room and sum(natural) * size <= 2.2 * room
        if sum(natural) * size <= room or (wraps and (size < 9 or len(every) <= 3)):
            return Fit(size, room > PORTRAIT, (every,))
    size, room = SIZES[-1]
    return Fit(size, True, _parts(least, room / size, _breaks(grid)))


def _parts(least: list[float], room: float, breaks: set[int]) -> tuple[tuple[int, ...], ...]:
    """Columns in groups that fit, the first column repeated, groups starting only at `breaks`."""
    parts: list[list[int]] = [[]]
    for column in range(1, len(least)):
        used = least[0] + sum(least[c] for c in parts[-1])
        if parts[-1] and used + least[column] > room and column in breaks:
            parts.append([])
        parts[-1].append(column)
    return tuple((0, *part) for part in parts)


def _breaks(grid: Grid) -> set[int]:
    """Columns before which no cell of any row reaches across."""
    free = set(range(grid.width))
    for row in [*grid.head, *grid.body]:
        starts, column = set(), 0
        for cell in row:
            starts.add(column)
            column += cell.colspan
        if any(cell.rowspan > 1 for cell in row):
            return {0}
        free &= starts
    return free


def _widths(grid: Grid) -> tuple[list[float], list[float]]:
    """For each column, in em: width of its longest cell, and of what cannot be broken."""
    natural, least = [0.0] * grid.width, [0.0] * grid.width
    for row in [*grid.head, *grid.body]:
        column = 0
        for cell in row:
            if cell.colspan == 1 and column < grid.width:
                bold = 1.08 if cell.header else 1.0
                words = max((width_in_em(word) for word in _unbreakable(cell.text)), default=0)
                natural[column] = max(natural[column], bold * width_in_em(cell.text) + INSET)
                least[column] = max(least[column], bold * words + INSET)
            column += cell.colspan
    return natural, least


def width_in_em(text: str) -> float:
    """Width of a text in the report's fonts, roughly."""
    return sum(
        1.0 if unicodedata.east_asian_width(c) in "WF" else 0.3 if c in " .,:;il'|" else 0.58 for c in text
    )


def _unbreakable(text: str) -> list[str]:
    return re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+", text)


def _table(table: Table, language: str) -> str:
    how = fit(table.grid)
    pieces, breaks = [], len(table.grid.body) > KEPT_WHOLE
    for number, columns in enumerate(how.parts, start=1):
        caption = table.caption
        if len(how.parts) > 1:
            caption += label("part", language, part=number, parts=len(how.parts))
        body = _grid(table.grid, columns)
        figure = (
            f"#show table: set text(size: {how.size}pt)\n"
            f"#figure({body}, kind: table, numbering: none, supplement: none, gap: 0.7em, "
            f"caption: {_caption('table', table.number, caption, language)})"
        )
        pieces.append(
            _exhibit(figure, table.note if number == len(how.parts) else "", language, breaks=breaks)
        )
    whole = "\n".join(pieces)
    return f"#page(flipped: true)[\n{whole}\n]" if how.landscape else whole


def _grid(grid: Grid, columns: tuple[int, ...]) -> str:
    numeric = grid.numeric_columns()
    aligns = ", ".join("right" if numeric[c] else "left" for c in columns)
    head = [_row(row, columns, bold=True) for row in grid.head]
    header = f"table.header({', '.join(cell for row in head for cell in row)})," if head else ""
    rules = ["table.hline(y: 0, stroke: 1pt)", f"table.hline(y: {len(head)}, stroke: 0.6pt)"]
    rows = [", ".join(_row(row, columns, bold=False)) for row in grid.body]
    body = ",\n".join(rows)
    return (
        f"table(columns: {len(columns)}, align: ({aligns},), {', '.join(rules)}, {header}\n{body},\n"
        "table.hline(stroke: 1pt))"
    )


def _row(row: list[Cell], columns: tuple[int, ...], *, bold: bool) -> list[str]:
    cells, column = [], 0
    for cell in row:
        reached = [c for c in range(column, column + cell.colspan) if c in columns]
        column += cell.colspan
        if not reached:
            continue
        options = [f"{n}: {v}" for n, v in (("colspan", len(reached)), ("rowspan", cell.rowspan)) if v > 1]
        if bold and len(reached) > 1:
            options.append("align: center")
        text = f"strong({quoted(cell.text)})" if bold else f"[#{quoted(cell.text)}]"
        cells.append(f"table.cell({', '.join([*options, text])})" if options else text)
    return cells
