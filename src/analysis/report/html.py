"""The report as one HTML page that needs nothing else: fonts and figures inside, formulas as MathML, no script."""

from __future__ import annotations

import base64
import functools
import re
from typing import Any

import nbformat
from markupsafe import Markup, escape
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from analysis import fonts
from analysis.report.cover import Cover
from analysis.report.gather import Document, Figure, Heading, Prose, Table
from analysis.report.labels import ASSETS, label, labels_text
from analysis.report.markup import sanitise, table_html
from analysis.report.webfont import woff_subset

SIZE = re.compile(r'<svg[^>]*?\bviewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"')
FACES = (("SANS_REGULAR", 400), ("SANS_BOLD", 700))


class ReportExporter(HTMLExporter):
    """nbconvert with the report's own template; `resources["document"]` and `["cover"]` say what to show."""

    def __init__(self, **options: Any) -> None:
        options |= {"template_name": "html", "extra_template_basedirs": [str(ASSETS)]}
        super().__init__(**options)

    def default_filters(self) -> Any:
        """The template's filters."""
        yield from super().default_filters()
        yield from (
            ("prose", prose_html), ("figure_image", _image), ("table_html", lambda t: Markup(table_html(t.grid))),
            ("label", lambda key, language, **fields: label(key, language, **fields)),
        )  # fmt: skip


@functools.cache
def _exporter() -> ReportExporter:
    return ReportExporter()


def ready() -> None:
    """Load templates and what else takes time, before there is something to export."""
    _exporter().template  # noqa: B018
    _mathml("x", "inline")


def html_report(document: Document, cover: Cover, faces: list[tuple[int, bytes]]) -> bytes:
    """The page.

    Parameters
    ----------
    faces : weight and WOFF font holding the characters of the page, see `font_faces`
    """
    kinds = {Heading: "heading", Prose: "prose", Figure: "figure", Table: "table"}
    fonts_css = "".join(
        f"@font-face{{font-family:Report;font-weight:{weight};"
        f"src:url(data:font/woff;base64,{base64.b64encode(font).decode()}) format('woff')}}"
        for weight, font in faces
    )
    resources = {
        "document": document,
        "cover": cover,
        "blocks": [(kinds[type(block)], block) for block in document.blocks],
        "css": Markup(fonts_css + (ASSETS / "html" / "report.css").read_text(encoding="utf-8")),
    }
    body, _ = _exporter().from_notebook_node(nbformat.v4.new_notebook(), resources)
    return body.encode()


def characters_of(document: Document, cover: Cover) -> str:
    """Every character that the page sets in the report's fonts."""
    return "".join(text for text, _ in document.texts()) + cover.text() + labels_text(document.language)


def font_faces(characters: str) -> list[tuple[int, bytes]]:
    """The report's fonts cut down to these characters: weight and WOFF."""
    needed = "".join(sorted(set(characters) | set(map(chr, range(32, 127)))))
    return [(weight, woff_subset(getattr(fonts, name), needed)) for name, weight in FACES]


class _Renderer(IPythonRenderer):
    """Formulas as MathML."""

    def block_math(self, text: str) -> str:
        return f"<p>{_mathml(text, 'block')}</p>"

    def inline_math(self, text: str) -> str:
        return _mathml(text, "inline")

    def multiline_math(self, text: str) -> str:
        return self.block_math(text)


def prose_html(prose: Prose) -> Markup:
    """Markdown as HTML from an allow-list of tags."""
    return _prose_html(prose.markdown)


@functools.cache
def _prose_html(markdown: str) -> Markup:
    rendered = MarkdownWithMath(renderer=_Renderer(escape=False)).render(markdown)
    return Markup(sanitise(rendered))


@functools.cache
def _mathml(tex: str, display: str) -> str:
    from latex2mathml.converter import convert

    return convert(tex.strip().strip("$").strip(), display=display)


def _image(figure: Figure) -> Markup:
    found = SIZE.search(figure.svg)
    size = (
        f' width="{float(found[1]) * 4 / 3:.0f}" height="{float(found[2]) * 4 / 3:.0f}"' if found else ""
    )  # pt, px
    data = base64.b64encode(figure.svg.encode()).decode()
    alt = escape(figure.alt)
    return Markup(f'<img src="data:image/svg+xml;base64,{data}" alt="{alt}"{size} decoding="async">')
