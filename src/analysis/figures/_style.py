"""One look for all figures: fonts that hold Chinese, colours by role, bytes that do not change between runs."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import fonts

mpl.use("agg")  # figures are returned as SVG; no window, no pyplot state

# Okabe-Ito, colour-blind safe; by role, never by order of appearance.
COLOUR = {
    "effect": "#0072B2", "second": "#D55E00", "third": "#009E73", "fourth": "#CC79A7", "benchmark": "#7F7F7F",
    "truth": "#000000", "treated": "#0072B2", "comparison": "#E69F00", "band": "#0072B2", "muted": "#9A9A9A",
    "grid": "#E4E4E4", "text": "#222222",
}  # fmt: skip
# One colour and marker per model everywhere; neighbours differ in lightness too, so that grey print works.
MODEL_COLOUR = {
    "M01": "#0B3C5D", "M02": "#D55E00", "M03": "#009E73", "M04": "#CC79A7", "M05": "#7FC8F2", "M06": "#8C510A",
    "M07": "#E69F00", "M08": "#6A3D9A", "M09": "#2B2B2B", "M10": "#A6761D",
}  # fmt: skip
ESTIMATOR_MARK = {"group_time": "o", "imputation": "D", "saturated": "s", "twfe": "X"}
WIDE = (6.7, 3.7)  # inches; the width is that of the text on an A4 page
PIXELS_PER_INCH = 300  # of the bitmap: what journals ask of line art beside the vector form
SETTINGS = {
    "font.family": ["Noto Sans SC", "DejaVu Sans"], "font.size": 9, "axes.labelsize": 9, "axes.titlesize": 9,
    "xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "legend.fontsize": 8.5, "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": COLOUR["grid"], "grid.linewidth": 0.6, "axes.edgecolor": "#666666", "axes.linewidth": 0.7,
    "text.color": COLOUR["text"], "axes.labelcolor": COLOUR["text"], "lines.linewidth": 1.5,
    "xtick.color": "#444444", "ytick.color": "#444444", "svg.fonttype": "path",
    "svg.hashsalt": "coopeval", "figure.dpi": 100, "mathtext.default": "regular",
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """The project's look for the figures drawn inside; a glyph that no font has is an error."""
    fonts.register_with_matplotlib()
    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*missing.*")
        yield


def new_axes(size: tuple[float, float] = WIDE) -> Axes:
    """Axes on a figure of their own, laid out so that no label is cut."""
    return Figure(figsize=size, layout="constrained").add_subplot()


def wrapped(label: str, width: int = 30) -> str:
    """A long label on several lines; `width` counts Latin letters, a Chinese character takes two."""
    lines, line, taken = [], "", 0.0
    for part in re.findall(r"[ -~]+?(?: |$|(?=[^ -~]))|.", label):
        size = sum(1 if character < "\u2e80" else 2 for character in part)
        if line and taken + size > width:
            lines.append(line.rstrip())
            line, taken = "", 0.0
        line, taken = line + part, taken + size
    return "\n".join([*lines, line])


def save(axes: Axes, path: Path | None) -> str:
    """The figure as SVG text; with a path also <path>.svg, .pdf and .png. Same input, same bytes."""
    with style():
        drawn = io.StringIO()
        axes.get_figure().savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    svg = drawn.getvalue()
    if path is not None:
        Path(f"{path}.svg").write_text(svg, encoding="utf-8")
        _convert(path)
    return svg


def _convert(path: Path) -> None:
    """PDF and PNG from the one SVG: the three cannot differ, and it takes a tenth of drawing anew."""
    import typst

    source = f'#set document(date: none)\n#set page(width: auto, height: auto, margin: 0pt)\n#image("/{path.name}.svg")'
    for kind in ("pdf", "png"):
        made = typst.compile(
            source.encode(), root=path.parent, ignore_system_fonts=True, format=kind, ppi=PIXELS_PER_INCH
        )
        Path(f"{path}.{kind}").write_bytes(made)
