"""What notebooks hand to the report: only their own exhibits, complete, printable and inert."""

import re
from pathlib import Path

import nbformat
import pytest

from analysis.report.cover import Cover
from analysis.report.errors import ExportError
from analysis.report.gather import Document, Heading, Prose, Source, gather
from analysis.report.glyphs import check_glyphs
from analysis.report.graph import Job
from analysis.report.html import html_report
from analysis.report.pdf import pdf_report, typst_source

SVG = '<svg viewBox="0 0 72 36" width="72pt" height="36pt" xmlns="http://www.w3.org/2000/svg"><path d="M0 0h72v36z"/><path d="M0 0h9v9z"/></svg>'
FIGURE = {"kind": "figure", "id": "fig-1", "caption": "A figure.", "alt": "A line."}


def job(name="01_data", language="en"):
    return Job(f"{name}.{language}", name, Path(), language, "", {}, frozenset())


def notebook(*outputs, text="# Title"):
    made = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [
        nbformat.v4.new_output("display_data", data, metadata={"coopeval": described})
        for data, described in outputs
    ]
    made.cells = [nbformat.v4.new_markdown_cell(text), cell]
    for one in made.cells:
        one.metadata.tags = []
    return made


def document(*outputs, text="# Title", language="en"):
    return gather([(job(language=language), notebook(*outputs, text=text))], language, {"": ""})


def cover(**changes):
    import datetime

    given = {
        "language": "en", "title": "T", "synthetic": False, "audience": "Internal", "warnings": (),
        "facts": (("Study", "x"),), "date": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    }  # fmt: skip
    return Cover(**(given | changes))


@pytest.mark.parametrize(
    ("data", "described", "told"),
    [
        ({"image/svg+xml": SVG}, FIGURE | {"alt": " "}, "no text alternative"),
        ({"image/svg+xml": SVG}, FIGURE | {"caption": ""}, "no caption"),
        ({"image/svg+xml": "<svg><path d=''/></svg>"}, FIGURE, "blank"),
        ({"image/svg+xml": SVG}, FIGURE | {"id": "../x"}, "not a plain name"),
        ({"text/html": "<p>x</p>"}, {"kind": "table", "id": "t", "caption": "c"}, "no rows"),
        ({"text/plain": "x"}, {"kind": "film", "id": "t", "caption": "c"}, "unknown kind"),
    ],
)
def test_what_is_not_complete_is_refused_with_its_place(data, described, told):
    with pytest.raises(ExportError, match=told) as error:
        document((data, described))
    assert "01_data.en, cell 2" in str(error.value)


def test_an_id_is_shown_once():
    with pytest.raises(ExportError, match=r"was shown before, in 01_data\.en, cell 2"):
        document(({"image/svg+xml": SVG}, FIGURE), ({"image/svg+xml": SVG}, FIGURE))


def test_characters_without_glyph_are_named_with_their_place():
    made = document(text="# Title\n\n吉祥 𠮷 and 😀")
    with pytest.raises(ExportError, match=r"U\+20BB7.*01_data\.en, cell 1") as error:
        check_glyphs([made], [cover()])
    assert "U+1F600" in str(error.value)
    check_glyphs([document(text="# 村集体经济组织 ≤ 1.5 万元")], [cover()])


def test_formulas_are_not_held_to_the_text_fonts():
    check_glyphs([document(text="# Title\n\n$\\hat{\\theta}_{𠮷}$")], [cover()])


PROBE = (
    "before\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(2)> [link](javascript:alert(3)) "
    "![picture](http://a.b/c.png)\n\n```{=typst}\n#panic()\n```\n\n#panic() `#panic()` $#panic()$\n\nafter"
)


def test_markup_in_texts_does_nothing_in_the_page():
    page = html_report(
        document(text=f"# <b>Title</b>\n\n{PROBE}"), cover(title="<script>x</script>"), []
    ).decode()

    assert "before" in page and "after" in page
    for banned in ("<script", "onerror=", "javascript:", "http://a.b", "<b>Title"):
        assert banned not in page
    assert "&lt;b&gt;Title" in page


def test_markup_in_texts_does_nothing_in_the_pdf():
    data = pdf_report(
        document(text=f'# "Title" #panic()\n\n{PROBE.replace("$#panic()$", "")}'), cover(title='"#panic()\\')
    )
    assert data.startswith(b"%PDF")


def test_a_fence_that_is_never_closed_is_refused():
    with pytest.raises(ExportError, match="never closed"):
        document(({"image/svg+xml": SVG}, FIGURE), text="# Title\n\n```\nopen")


def test_every_block_finds_its_place_after_a_list():
    made = document(({"image/svg+xml": SVG}, FIGURE), text="# Title\n\n- a\n- b\n\n  more of b")
    assert typst_source(made, cover()).count("#figure(image") == 1


def test_english_has_straight_quotes_and_chinese_its_own():
    assert document(text="# “A”").of(Heading)[0].text == '"A"'
    assert document(text="# “甲”", language="zh").of(Heading)[0].text == "“甲”"


def test_headings_are_numbered_outside_the_summary():
    pairs = [
        (job("01_data"), notebook(text="# One\n\n## A\n\n## B")),
        (job("09_report"), notebook(text="# Sum\n\n## C")),
    ]
    headings = gather(pairs, "en", {"": ""}).of(Heading)

    assert [(h.number, h.text) for h in headings] == [
        ("", "Sum"),
        ("", "C"),
        ("1", "One"),
        ("1.1", "A"),
        ("1.2", "B"),
    ]
    assert len({h.anchor for h in headings}) == 5


def test_the_pdf_is_the_same_twice():
    made = document(({"image/svg+xml": SVG}, FIGURE), text="# Title\n\n$x^2$ and text")
    assert pdf_report(made, cover()) == pdf_report(made, cover())


def test_formulas_become_mathml():
    page = html_report(document(text="# T\n\n$$\\frac{a}{b}$$ and $x_1$"), cover(), []).decode()
    assert len(re.findall("<math ", page)) == 2
    assert "<mfrac>" in page


def test_prose_of_a_box_keeps_its_kind():
    made = Document("en", [Prose("- *a*", Source("01", 1), "warning")])
    page = html_report(made, cover(), []).decode()
    assert re.search(r'<aside class="box warning"><ul>\s*<li><em>a</em>', page)
