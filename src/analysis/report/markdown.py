"""A document as one Markdown text, and that as typst by one call of pandoc."""

from __future__ import annotations

import hashlib
import re

from analysis.messages import Message
from analysis.report.errors import ExportError
from analysis.report.gather import Block, Document, Prose
from analysis.report.labels import ASSETS

# CommonMark with what reports need; without attributes and raw typst, so that text stays text
READER = "commonmark+pipe_tables+tex_math_dollars+strikeout+subscript+superscript+footnotes+definition_lists"


def markdown_of(document: Document) -> tuple[str, dict[str, Block]]:
    """The Markdown text, with a mark standing for each block that is not plain prose, and the blocks by mark."""
    seed = "".join(text for text, _ in document.texts())
    nonce = hashlib.sha256(seed.encode()).hexdigest()[:12]  # no text can hold its own digest
    marks: dict[str, Block] = {}
    parts = []
    for number, block in enumerate(document.blocks):
        mark = f"B{nonce}N{number}E"
        if isinstance(block, Prose) and not block.box:
            parts.append(block.markdown)
        elif isinstance(block, Prose):
            marks[mark] = block
            parts += [mark, block.markdown, f"{mark}X"]
        else:
            marks[mark] = block
            parts.append(mark)
    return "\n\n".join(parts) + "\n", marks


def typst_prose(markdown: str) -> str:
    """Markdown as typst; formulas carry their source as text alternative."""
    import pypandoc

    return pypandoc.convert_text(
        markdown,
        "typst",
        format=READER,
        extra_args=["--wrap=none", f"--lua-filter={ASSETS / 'typst' / 'prose.lua'}"],
        verify_format=False,
    )


def put_blocks(typst: str, marks: dict[str, Block], starts: dict[str, str], ends: dict[str, str]) -> str:
    """Replace every mark by the typst of its block.

    Raises
    ------
    ExportError : a mark was swallowed, as by a list that takes it in.
    """
    for mark, block in marks.items():
        for name, text in ((mark, starts[mark]), (f"{mark}X", ends.get(mark))):
            if text is None:
                continue
            found = re.findall(rf"(?m)^{name}$", typst)
            if len(found) != 1:
                raise ExportError(
                    Message(
                        f"{block.source}: the Markdown above it does not end (an open list?)",
                        f"{block.source}：其上方的 Markdown 没有结束（列表未闭合？）",
                    )
                )
            typst = re.sub(rf"(?m)^{name}$", lambda _, t=text: t, typst)
    return typst
