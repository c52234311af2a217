"""The vendored fonts print what reports say, are found by matplotlib, and stay small."""

import io
import warnings

import matplotlib as mpl
import pymupdf
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

from analysis import fonts
from analysis.report.webfont import woff_subset

FONTS = [fonts.SANS_REGULAR, fonts.SANS_BOLD, fonts.SERIF_REGULAR]

REPORTED = (
    "村党组织领办合作社、联合社、村集体经营性收入:+3.0 万元/年(95% 置信区间 −0.4 至 6.4)"
    "“十种模式”《办法》①②⑳ⅠⅣ ± × ÷ ≤ ≥ ≈ ≠ ∞ ∑ √ → ← ↑ ↓ ■ □ ▲ △ ● ○ ◆ ★ ─ │ ┌ "
    "α β γ δ θ λ μ σ τ φ ψ ω Δ Σ Ω ² ³ ½ ° ℃ ‰ … — – · ¥ ¥ € § № ㎡ 123ABC ㈠ 〇 镇 垚 é ü ǎ ō"
)


@pytest.mark.parametrize("font", FONTS, ids=lambda font: font.stem)
def test_each_font_is_small_and_static(font):
    assert font.stat().st_size < 2_900_000
    with TTFont(font) as opened:
        assert "fvar" not in opened


def test_the_licence_goes_with_the_fonts():
    text = (fonts.FOLDER / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Noto Sans SC: Copyright" in text
    assert "Noto Serif SC: Copyright" in text


@pytest.mark.parametrize("font", FONTS, ids=lambda font: font.stem)
def test_everything_a_report_says_can_be_printed(font):
    assert fonts.missing_glyphs(REPORTED, font) == []


@pytest.mark.parametrize("font", FONTS, ids=lambda font: font.stem)
def test_every_hanzi_of_gb2312_can_be_printed(font):
    rows = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    hanzi = "".join(pair.decode("gb2312", errors="ignore") for pair in rows)
    assert len(hanzi) == 6763
    assert fonts.missing_glyphs(hanzi, font) == []


def test_missing_characters_are_named_once_in_order():
    assert fonts.missing_glyphs("𠮷村\U0001f600\t\n\u200b\u3000 𠮷") == ["𠮷", "\U0001f600"]


def test_matplotlib_finds_families_and_weights():
    fonts.register_with_matplotlib()
    fonts.register_with_matplotlib()
    registered = [
        (entry.name, int(entry.weight))
        for entry in font_manager.fontManager.ttflist
        if fonts.FOLDER.as_posix() in entry.fname
    ]
    assert sorted(registered) == [("Noto Sans SC", 400), ("Noto Sans SC", 700), ("Noto Serif SC", 400)]


def test_a_figure_embeds_the_fonts_as_truetype_without_warning():
    fonts.register_with_matplotlib()
    pdf = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42, "font.family": [fonts.SANS_FAMILY]}), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = Figure()
        figure.text(0.1, 0.5, "村集体 −1 ± μ ²")
        figure.text(0.1, 0.7, "合作社", weight="bold")
        figure.savefig(pdf, format="pdf")
    page = pymupdf.open(stream=pdf.getvalue(), filetype="pdf")[0]
    assert "村集体 −1 ± μ ²" in page.get_text()
    used = {(entry[1], entry[3].split("+")[-1]) for entry in page.get_fonts()}
    assert {name for _, name in used} == {"NotoSansSC-Regular", "NotoSansSC-Bold"}
    assert {kind for kind, _ in used} == {"ttf"}


@pytest.mark.parametrize("font", FONTS, ids=lambda font: font.stem)
def test_a_subset_for_html_is_small_complete_and_always_the_same(font):
    packed = woff_subset(font, "村集体收入 3.0 万元")
    with TTFont(io.BytesIO(packed)) as opened:
        assert opened.flavor == "woff"
        assert set(map(ord, "村集体收入3.0万元")) <= set(opened.getBestCmap())
    assert len(packed) < 20_000
    assert woff_subset(font, "元万 0.3入收体集村") == packed
