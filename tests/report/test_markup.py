"""Nothing that could act gets through; what is text stays readable."""

import pytest

from analysis.report.markup import read_table, sanitise, table_html

PROBES = [
    '<script>document.body.setAttribute("p",1)</script>',
    "<img src=x onerror=\"document.body.setAttribute('p',1)\">",
    '<a href="javascript:alert(1)">x</a>',
    '<p onclick="alert(1)" style="background:url(http://a.b/c)">x</p>',
    "<svg><script>alert(1)</script></svg>",
    '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<style>@import url(http://a.b/c)</style>",
    '<form action="http://a.b"><input></form>',
    "<scr<script>ipt>alert(1)</script>",
    '<img src="http://a.b/c.png">',
]


@pytest.mark.parametrize("probe", PROBES)
def test_probes_do_not_get_through(probe):
    made = sanitise(f"<p>before</p>{probe}<p>after</p>").lower()

    assert "<p>before</p>" in made
    for banned in (
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<style",
        "<form",
        "onerror=",
        "onclick=",
        "href",
        "src=",
        "url(",
    ):
        assert banned not in made.replace("&lt;", "")


def test_links_lead_inside_or_are_printed():
    assert sanitise('<p><a href="#fig-1">there</a></p>') == '<p><a href="#fig-1">there</a></p>'
    assert sanitise('<a href="https://doi.org/1">paper</a>') == "paper (doi.org/1)"


def test_open_tags_are_closed():
    assert sanitise("<ul><li><b>x") == "<ul><li><b>x</b></li></ul>"


def test_a_table_keeps_text_spans_and_headers():
    grid = read_table(
        "<table><thead><tr><th></th><th colspan='2'>A &amp; B</th></tr><tr><th></th><th>n</th><th>x</th></tr></thead>"
        "<tbody><tr><th>甲<script>alert(1)</script></th><td>1</td><td>&lt;b&gt;2</td></tr></tbody></table>"
    )

    assert grid.width == 3
    assert [cell.text for row in grid.body for cell in row] == ["甲", "1", "<b>2"]
    html = table_html(grid)
    assert '<th scope="colgroup" colspan="2">A &amp; B</th>' in html
    assert '<th scope="row">甲</th><td class="n">1</td>' in html
    assert "&lt;b&gt;2" in html
