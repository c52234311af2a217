"""HTML that is let through: tables read into plain cells, rendered Markdown rebuilt from an allow-list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

VOID = {"br", "hr"}
DROPPED_WHOLE = {
    "script", "style", "iframe", "object", "template", "noscript", "svg", "head", "title", "textarea",
}  # fmt: skip
TEXT_TAGS = {
    "p", "br", "hr", "em", "strong", "b", "i", "code", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd",
    "h2", "h3", "h4", "h5", "h6", "sub", "sup", "del", "table", "thead", "tbody", "tr", "th", "td", "a", "span",
}  # fmt: skip
MATH_TAGS = {
    "math", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "msub", "msup", "msubsup", "mfrac", "msqrt",
    "mroot", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mfenced", "mstyle", "mpadded", "mphantom",
    "menclose", "semantics", "annotation",
}  # fmt: skip
ATTRIBUTES = {
    "math": {"display", "xmlns", "alttext"}, "mi": {"mathvariant"}, "mover": {"accent"}, "munder": {"accentunder"},
    "mo": {"stretchy", "fence", "form", "separator", "lspace", "rspace", "minsize", "maxsize", "movablelimits"},
    "mtable": {"columnalign", "rowspacing"}, "mtd": {"columnalign"}, "mspace": {"width"},
    "mstyle": {"displaystyle", "scriptlevel"}, "mfrac": {"linethickness"}, "annotation": {"encoding"},
    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}, "ol": {"start"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell; header : whether it names a column or a row."""

    text: str
    header: bool = False
    colspan: int = 1
    rowspan: int = 1


@dataclass(slots=True)
class Grid:
    """A table: header rows and body rows of cells."""

    head: list[list[Cell]] = field(default_factory=list)
    body: list[list[Cell]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Number of columns."""
        return max((sum(cell.colspan for cell in row) for row in [*self.head, *self.body]), default=0)

    def text(self) -> str:
        """All text of the cells."""
        return "".join(cell.text for row in [*self.head, *self.body] for cell in row)

    def numeric_columns(self) -> list[bool]:
        """Which columns hold figures rather than words, and so are set flush right."""
        words: list[list[str]] = [[] for _ in range(self.width)]
        for row in self.body:
            if len(row) == self.width:
                for column, cell in enumerate(row):
                    words[column].append(cell.text)
        figures = [bool(texts) and sum(_is_figure(t) for t in texts) * 2 > len(texts) for texts in words]
        return [False, *figures[1:]]  # the first column names the rows, with years too


def _is_figure(text: str) -> bool:
    stripped = text.strip().strip("()[]（）*%†‡ ")
    return (
        not stripped
        or stripped in {"—", "-", "–"}
        or (stripped[0] in "0123456789+-−.≤<≥>~" and len(stripped) < 40)
    )


def read_table(html: str) -> Grid:
    """The first table of an HTML text, its markup dropped and its text kept."""
    reader = _TableReader()
    reader.feed(html)
    reader.close()
    return reader.grid


class _TableReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.grid = Grid()
        self.row: list[Cell] | None = None
        self.cell: dict[str, object] | None = None
        self.in_head = self.ended = False
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WHOLE:
            self.skipped += 1
        elif self.ended:
            return
        elif tag == "thead":
            self.in_head = True
        elif tag == "tr":
            self.row = []
        elif tag in {"td", "th"} and self.row is not None:
            given = dict(attrs)
            self.cell = {"text": "", "header": tag == "th"} | {
                n: _span(given.get(n)) for n in ("colspan", "rowspan")
            }
        elif tag == "br" and self.cell is not None:
            self.cell["text"] = f"{self.cell['text']} "

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED_WHOLE:
            self.skipped = max(0, self.skipped - 1)
        elif tag == "thead":
            self.in_head = False
        elif tag in {"td", "th"} and self.cell is not None and self.row is not None:
            self.cell["text"] = " ".join(str(self.cell["text"]).split())
            self.row.append(Cell(**self.cell))  # type: ignore[arg-type]
            self.cell = None
        elif tag == "tr" and self.row is not None:
            (self.grid.head if self.in_head else self.grid.body).append(self.row)
            self.row = None
        elif tag == "table":
            self.ended = True

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipped:
            self.cell["text"] = f"{self.cell['text']}{data}"


def _span(given: str | None) -> int:
    return max(1, min(100, int(given))) if given and given.isascii() and given.isdigit() else 1


def table_html(grid: Grid) -> str:
    """The table as HTML: escaped text, scopes on headers, figures marked for alignment."""
    numeric = grid.numeric_columns()
    head = "".join(_row_html(row, numeric, _head_cell) for row in grid.head)
    body = "".join(_row_html(row, numeric, _body_cell) for row in grid.body)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _row_html(row: list[Cell], numeric: list[bool], one: Callable[[Cell, str], str]) -> str:
    parts, column = [], 0
    for cell in row:
        right = cell.colspan == 1 and column < len(numeric) and numeric[column]
        spans = "".join(
            f' {n}="{v}"' for n, v in (("colspan", cell.colspan), ("rowspan", cell.rowspan)) if v > 1
        )
        parts.append(one(cell, spans + (' class="n"' if right else "")))
        column += cell.colspan
    return f"<tr>{''.join(parts)}</tr>"


def _head_cell(cell: Cell, attributes: str) -> str:
    if not cell.text:
        return f"<td{attributes}></td>"
    scope = "colgroup" if cell.colspan > 1 else "col"
    return f'<th scope="{scope}"{attributes}>{escape(cell.text)}</th>'


def _body_cell(cell: Cell, attributes: str) -> str:
    if cell.header and cell.text:
        return f'<th scope="row"{attributes}>{escape(cell.text)}</th>'
    return f"<td{attributes}>{escape(cell.text)}</td>"


def sanitise(html: str) -> str:
    """HTML rebuilt from allowed tags and attributes; links lead inside the page or are printed as text."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return cleaner.result()


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open: list[str] = []
        self.skipped: list[str] = []
        self.link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipped or tag in DROPPED_WHOLE:
            self.skipped.append(tag)
            return
        if tag == "a":
            self._start_link(dict(attrs).get("href") or "")
        elif tag in TEXT_TAGS or tag in MATH_TAGS:
            allowed = ATTRIBUTES.get(tag, set())
            kept = "".join(f' {n}="{escape(v or "")}"' for n, v in attrs if n in allowed)
            self.parts.append(f"<{tag}{kept}>")
            if tag not in VOID:
                self.open.append(tag)

    def _start_link(self, target: str) -> None:
        if target.startswith("#"):
            self.parts.append(f'<a href="{escape(target)}">')
            self.open.append("a")
        else:
            self.link = target if target.startswith(("http://", "https://", "doi:")) else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            if tag in self.skipped:
                while self.skipped.pop() != tag:
                    pass
            return
        if tag in self.open:
            while (last := self.open.pop()) != tag:
                self.parts.append(f"</{last}>")
            self.parts.append(f"</{tag}>")
        elif tag == "a" and self.link:
            shown = self.link.split("://", 1)[-1]
            if shown.rstrip("/") not in "".join(self.parts[-3:]):
                self.parts.append(f" ({escape(shown)})")
            self.link = ""

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.parts.append(escape(data, quote=False))

    def result(self) -> str:
        """What was let through, every tag closed."""
        return "".join([*self.parts, *(f"</{tag}>" for tag in reversed(self.open))])
