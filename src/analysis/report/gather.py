"""Executed notebooks to one document per language: prose, numbered figures and tables, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analysis.messages import Message
from analysis.report.errors import ExportError
from analysis.report.executed import INJECTED, cell_number, tags_of
from analysis.report.graph import SUMMARY, Job
from analysis.report.markup import Grid, read_table

LANGUAGE_TAGS = {"zh", "en"}
IDENTIFIER = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
FENCE = re.compile(r"^(```|~~~)")
# The Chinese fonts set curly quotes a full character wide, as Chinese wants and English does not
STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
DRAWN = re.compile(r"<(path|use|line|rect|circle|polyline|polygon|text|image)\b")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a block comes from, for messages."""

    job: str
    cell: int

    def __str__(self) -> str:
        return f"{self.job}, cell {self.cell}"


@dataclass(frozen=True, slots=True)
class Heading:
    """level : 1 for a chapter; number : "" for one that is not numbered; anchor : unique in the document."""

    level: int
    text: str
    number: str
    anchor: str
    source: Source


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown of a notebook's author, or a sentence made from results; box : warning, summary, missing or ""."""

    markdown: str
    source: Source
    box: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure; its vector PDF is figures/<id>.<language>.pdf of the run."""

    id: str
    number: int
    caption: str
    alt: str
    note: str
    svg: str
    source: Source


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its cells as text."""

    id: str
    number: int
    caption: str
    note: str
    grid: Grid
    source: Source


Block = Heading | Prose | Figure | Table


@dataclass(slots=True)
class Document:
    """All that a report in one language shows, in reading order."""

    language: str
    blocks: list[Block] = field(default_factory=list)

    def of(self, kind: type) -> list[Any]:
        """Blocks of one kind."""
        return [block for block in self.blocks if isinstance(block, kind)]

    def texts(self) -> Iterator[tuple[str, Source]]:
        """Every text that is set in the report's fonts, with its source."""
        for block in self.blocks:
            if isinstance(block, Heading):
                yield block.text, block.source
            elif isinstance(block, Prose):
                yield re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$", "", block.markdown, flags=re.DOTALL), block.source
            elif isinstance(block, Figure):
                yield f"{block.caption}{block.note}", block.source
            else:
                yield f"{block.caption}{block.note}{block.grid.text()}", block.source


def gather(executed: Iterable[tuple[Job, Any]], language: str, labels: dict[str, str]) -> Document:
    """The document of one language: the summary first, then the other notebooks in order.

    Parameters
    ----------
    executed : jobs with their executed notebooks; those of other languages are passed over
    labels : outcome key -> what it is called in this language

    Raises
    ------
    ExportError : a figure without caption, alt text or content, a table that cannot be read, an id used twice.
    """
    own = [(job, notebook) for job, notebook in executed if job.language == language]
    own.sort(key=lambda pair: pair[0].notebook != SUMMARY)
    document = Document(language)
    writer = _Writer(document)
    chapters: dict[str, list[tuple[Job, Any]]] = {}
    for job, notebook in own:
        chapters.setdefault(job.notebook, []).append((job, notebook))
    for name, runs in chapters.items():
        writer.chapter(name, runs, labels)
    return document


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.figures = self.tables = 0
        self.numbers = [0] * 6
        self.ids: dict[str, Source] = {}
        self.pending = ""  # heading of a section that has not begun

    def chapter(self, name: str, runs: list[tuple[Job, Any]], labels: dict[str, str]) -> None:
        """A notebook; run for several outcomes, each is a section and explanations are given once."""
        told: set[str] = set()
        for number, (job, notebook) in enumerate(runs):
            section = labels[job.outcome] if len(runs) > 1 else ""
            self.pending = section
            for position, cell in enumerate(notebook.cells):
                tags, source = set(tags_of(cell)), Source(job.name, cell_number(notebook, position))
                if tags & LANGUAGE_TAGS and self.document.language not in tags:
                    continue
                if cell.cell_type == "markdown":
                    if sum(bool(FENCE.match(line)) for line in cell.source.splitlines()) % 2:
                        raise _error(source, "a code fence is never closed", "代码块没有结束")
                    for part in _parts(cell.source):
                        self.prose(part, source, name, told, bool(section), number == 0)
                elif cell.cell_type == "code" and not tags & {"parameters", INJECTED}:
                    for output in cell.outputs:
                        self.output(output, source, name)

    def prose(
        self, part: str, source: Source, chapter: str, told: set[str], sections: bool, first: bool
    ) -> None:
        found = HEADING.match(part)
        if found is None:
            if not (sections and part in told):
                told.add(part)
                self.document.blocks.append(Prose(self.quoted(part), source))
            return
        level = len(found.group(1))
        if level > 1:
            self.open_section(source, chapter)
            self.heading(min(level + sections, 6), found.group(2), source, chapter)
        elif first:
            self.heading(1, found.group(2), source, chapter)

    def open_section(self, source: Source, chapter: str) -> None:
        """The heading of an outcome's section, before the first thing that is of this outcome alone."""
        if self.pending:
            section, self.pending = self.pending, ""
            self.heading(2, section, source, chapter)

    def heading(self, level: int, text: str, source: Source, chapter: str) -> None:
        number = ""
        if chapter != SUMMARY and level <= 3:
            self.numbers[level - 1] += 1
            self.numbers[level:] = [0] * (6 - level)
            number = ".".join(str(n) for n in self.numbers[:level])
        anchor = (
            f"sec-{number.replace('.', '-')}" if number else f"sec-{chapter[:2]}-{len(self.document.blocks)}"
        )
        self.document.blocks.append(Heading(level, self.quoted(text), number, anchor, source))

    def output(self, output: Any, source: Source, chapter: str) -> None:
        described = output.get("metadata", {}).get("coopeval")
        if not described:
            return  # a stray print or repr
        self.open_section(source, chapter)
        data = output.get("data", {})
        kind, identifier = described.get("kind"), str(described.get("id", ""))
        caption, note = (self.quoted(str(described.get(name, ""))) for name in ("caption", "note"))
        if kind == "text":
            markdown = data.get("text/markdown", "").strip()
            if markdown:
                self.document.blocks.append(
                    Prose(self.quoted(markdown), source, str(described.get("box", "")))
                )
            return
        self.claim(identifier, source)
        if not caption.strip():
            raise _error(source, f"{identifier} has no caption", f"{identifier} 没有标题")
        if kind == "figure":
            self.figures += 1
            alt, svg = str(described.get("alt", "")), data.get("image/svg+xml", "")
            if not alt.strip():
                raise _error(
                    source, f"figure {identifier} has no text alternative", f"图 {identifier} 没有替代文字"
                )
            if len(DRAWN.findall(svg)) < 2:  # one is the background
                raise _error(source, f"figure {identifier} is blank", f"图 {identifier} 是空白的")
            self.document.blocks.append(Figure(identifier, self.figures, caption, alt, note, svg, source))
        elif kind == "table":
            self.tables += 1
            grid = read_table(self.quoted(data.get("text/html", "")))
            if not grid.body:
                raise _error(source, f"table {identifier} has no rows", f"表 {identifier} 没有内容")
            self.document.blocks.append(Table(identifier, self.tables, caption, note, grid, source))
        else:
            raise _error(source, f"an output of unknown kind {kind!r}", f"未知的输出类型 {kind!r}")

    def quoted(self, text: str) -> str:
        """The text with quotes as the document's language sets them."""
        return text.translate(STRAIGHT) if self.document.language == "en" else text

    def claim(self, identifier: str, source: Source) -> None:
        if not IDENTIFIER.match(identifier):
            raise _error(
                source, f"the id {identifier!r} is not a plain name", f"编号 {identifier!r} 不合规则"
            )
        if identifier in self.ids:
            other = self.ids[identifier]
            raise _error(
                source, f"{identifier} was shown before, in {other}", f"{identifier} 已在 {other} 中出现"
            )
        self.ids[identifier] = source


def _parts(text: str) -> list[str]:
    """Headings and what is between them, one by one; '#' inside fenced code is no heading."""
    parts: list[list[str]] = [[]]
    fenced = False
    for line in text.splitlines():
        fenced ^= bool(FENCE.match(line))
        if not fenced and HEADING.match(line):
            parts += [[line], []]
        else:
            parts[-1].append(line)
    return [joined for part in parts if (joined := "\n".join(part).strip())]


def _error(source: Source, en: str, zh: str) -> ExportError:
    return ExportError(Message(f"{source}: {en}", f"{source}：{zh}"))
