"""Executed notebooks to report files: HTML and PDF, each language."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from analysis.report import publish
from analysis.report.cover import Cover
from analysis.report.gather import Document, gather
from analysis.report.glyphs import check_glyphs
from analysis.report.graph import Job


def export(
    executed: list[tuple[Job, Any]],
    covers: dict[str, Cover],
    formats: tuple[str, ...],
    folder: Path,
    labels: dict[str, dict[str, str]],
) -> dict[str, float]:
    """Write report.<language>.<format> into the run's folder; seconds by file.

    Parameters
    ----------
    covers : by language
    labels : by language, outcome key -> what it is called

    Raises
    ------
    ExportError : what cannot be printed as it should be, with notebook and cell.
    """
    documents = {language: gather(executed, language, labels[language]) for language in covers}
    check_glyphs(list(documents.values()), list(covers.values()))
    seconds: dict[str, float] = {}
    # typst and pandoc work beside the interpreter, so the PDFs are made while the pages are
    with ThreadPoolExecutor(2, thread_name_prefix="pdf") as pool:
        pdfs = [
            pool.submit(_pdf, documents[language], covers[language], folder, seconds)
            for language in covers
            if "pdf" in formats
        ]
        if "html" in formats:
            _html(documents, covers, folder, seconds)
        for pdf in pdfs:
            pdf.result()
    return seconds


def _pdf(document: Document, cover: Cover, folder: Path, seconds: dict[str, float]) -> None:
    from analysis.report.pdf import pdf_report

    started = time.monotonic()
    name = f"report.{document.language}.pdf"
    publish.write(folder / name, pdf_report(document, cover))
    seconds[name] = time.monotonic() - started


def _html(
    documents: dict[str, Document], covers: dict[str, Cover], folder: Path, seconds: dict[str, float]
) -> None:
    from analysis.report.html import characters_of, font_faces, html_report

    started = time.monotonic()
    faces = font_faces("".join(characters_of(documents[language], covers[language]) for language in covers))
    seconds["fonts"] = time.monotonic() - started
    for language, document in documents.items():
        started = time.monotonic()
        name = f"report.{language}.html"
        publish.write(folder / name, html_report(document, covers[language], faces))
        seconds[name] = time.monotonic() - started
