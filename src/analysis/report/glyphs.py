"""No character is printed as an empty box: those that the report's fonts lack stop the report."""

from __future__ import annotations

from analysis import fonts
from analysis.messages import Message
from analysis.report.cover import Cover
from analysis.report.errors import ExportError
from analysis.report.gather import Document


def check_glyphs(documents: list[Document], covers: list[Cover]) -> None:
    """See that the fonts have every character of the documents.

    Raises
    ------
    ExportError : names each missing character and the notebook and cell it comes from.
    """
    texts = [(text, str(source)) for document in documents for text, source in document.texts()]
    texts += [(cover.text(), "study.toml") for cover in covers]
    missing = set(
        fonts.missing_glyphs("".join(sorted(set("".join(text for text, _ in texts)) - set("\n\r\t"))))
    )
    if not missing:
        return
    places = [(c, next(source for text, source in texts if c in text)) for c in sorted(missing)]
    lines = "\n".join(f"  - {c} (U+{ord(c):04X}), {source}" for c, source in places)
    raise ExportError(
        Message(f"characters that the report's fonts lack:\n{lines}", f"报告字体中没有下列字符：\n{lines}")
    )
