"""The report as a tagged PDF (PDF/UA-1, PDF/A-2a): Markdown, pandoc, typst; the same bytes for the same results."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from analysis import fonts
from analysis.messages import Message
from analysis.report.cover import Cover
from analysis.report.errors import ExportError
from analysis.report.gather import Document, Figure
from analysis.report.labels import ASSETS, label
from analysis.report.markdown import markdown_of, put_blocks, typst_prose
from analysis.report.typeset import block_end, block_start, figure_file, quoted, width_in_em

COVER_WIDTH = 430  # points between the margins of the title page
STANDARDS = ["a-2a", "ua-1"]


def pdf_report(document: Document, cover: Cover) -> bytes:
    """The PDF.

    Raises
    ------
    ExportError : typst refuses, with its reason.
    """
    with tempfile.TemporaryDirectory(prefix="coopeval-pdf-") as folder:
        # not the PDF of a figure: typst embeds none where PDF/A or PDF/UA is asked for
        for figure in document.of(Figure):
            Path(folder, figure_file(figure)).write_text(figure.svg, encoding="utf-8")
        return compile_typst(typst_source(document, cover), cover, folder)


def typst_source(document: Document, cover: Cover) -> str:
    """The whole report as typst."""
    language = document.language
    markdown, marks = markdown_of(document)
    starts = {mark: block_start(block, language) for mark, block in marks.items()}
    ends = {mark: end for mark, block in marks.items() if (end := block_end(block)) is not None}
    body = put_blocks(typst_prose(markdown), marks, starts, ends)
    head = (ASSETS / "typst" / "head.typ").read_text(encoding="utf-8")
    return f"{_settings(cover)}\n{head}\n{body}"


def compile_typst(source: str, cover: Cover, folder: str) -> bytes:
    """typst source to PDF with the report's fonts alone, nothing from this machine."""
    import typst

    try:
        return typst.compile(
            source.encode(),
            root=folder,
            font_paths=[str(fonts.FOLDER)],
            ignore_system_fonts=True,
            pdf_standards=STANDARDS,
            timestamp=int(cover.date.timestamp()),
        )
    except (RuntimeError, typst.TypstError) as error:
        reason = str(error).strip()
        raise ExportError(
            Message(
                f"the PDF ({cover.language}) was refused: {reason}",
                f"PDF（{cover.language}）被拒绝：{reason}",
            )
        ) from error


def title_size(title: str) -> float:
    """Points at which the title fits its line on the cover, within reason."""
    return round(min(25.0, max(18.0, COVER_WIDTH / width_in_em(title))), 1)


def _settings(cover: Cover) -> str:
    language, date = cover.language, cover.date
    one, all_pages = "\x01", "\x02"
    page = label("page", language, page=one, pages=all_pages)
    shown = quoted(page).replace(one, '" + str(page) + "').replace(all_pages, '" + str(pages) + "')
    ribbon = quoted(label("synthetic", language)) if cover.synthetic else "none"
    facts = "".join(f"({quoted(name)}, {quoted(value)})," for name, value in cover.facts)
    warnings = "".join(f"{quoted(text)}," for text in cover.warnings)
    return "\n".join(
        [
            f"#let lang = {json.dumps(language)}",
            f"#let title = {quoted(cover.title)}",
            f"#let title-size = {title_size(cover.title)}pt",
            f"#let kind = {quoted(label('kind', language))}",
            f"#let audience = {quoted(cover.audience)}",
            f"#let ribbon = {ribbon}",
            f"#let facts = ({facts})",
            f"#let warnings = ({warnings})",
            f"#let warnings-title = {quoted(label('warnings', language))}",
            f"#let contents-title = {quoted(label('contents', language))}",
            f"#let page-label(page, pages) = {shown}",
            f"#let date = datetime(year: {date.year}, month: {date.month}, day: {date.day})",
        ]
    )
