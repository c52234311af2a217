"""Words on the furniture of a report's pages: 图 1, Contents, page numbers."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).with_name("assets")


@cache
def _labels() -> dict[str, dict[str, str]]:
    return tomllib.loads((ASSETS / "labels.toml").read_text(encoding="utf-8"))


def label(key: str, language: str, **fields: object) -> str:
    """The text under a key in "zh" or "en"."""
    return _labels()[key][language].format_map(fields)


def labels_text(language: str) -> str:
    """All of them in one string, for the fonts."""
    return "".join(texts[language] for texts in _labels().values())
