"""Files a page keeps in its run's folder: estimates as JSON, tables as CSV, places for figures."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.tables import RenderedTable
from analysis.words import released_count

HOSTILE = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that starts so for a formula


@dataclass(frozen=True, slots=True)
class Store:
    """Where a page keeps things.

    folder : the run's folder, None when a notebook runs alone and nothing is kept
    audience : for a public one counts of units (names that start with n_) are kept rounded, small ones as null
    """

    folder: Path | None
    audience: str = "internal"

    def keep_rows(
        self, key: str, outcome: str, rows: pd.DataFrame, notes: tuple[tuple[str, int], ...] = ()
    ) -> None:
        """estimates/<key>.json: rows of estimates, the outcome and what the gate left out."""
        content = {
            "id": key,
            "outcome": outcome,
            "rows": plain(self._released(rows)),
            "notes": [[name, self._released_facts(count, "n_units")] for name, count in notes],
        }
        self._write_json(key, content)

    def keep_facts(self, key: str, facts: dict[str, Any]) -> None:
        """estimates/<key>.json: counts and other plain facts that the report quotes."""
        self._write_json(key, {"id": key, "facts": self._released_facts(facts)})

    def keep_table(self, key: str, table: RenderedTable) -> None:
        """tables/<key>.csv, with cells that a spreadsheet would run made harmless."""
        if self.folder is not None:
            write_text(self.folder / "tables" / f"{key}.csv", table.csv(HOSTILE), bom=True)

    def keep_codebook(self, language: str) -> None:
        """codebook/: the data model as a web page in this language and as a workbook in both."""
        if self.folder is None:
            return
        from analysis.schema.codebook import (
            codebook_html,
            codebook_workbook,
        )  # the workbook library is slow to import
        from analysis.schema.workbook import workbook_bytes

        folder = self.folder / "codebook"
        write_text(folder / f"codebook.{language}.html", codebook_html(language))
        write_bytes(folder / "codebook.xlsx", workbook_bytes(codebook_workbook()))

    def figure_path(self, key: str) -> Path | None:
        """figures/<key> without suffix; None when nothing is kept."""
        if self.folder is None:
            return None
        (self.folder / "figures").mkdir(parents=True, exist_ok=True)
        return self.folder / "figures" / key

    def kept(self) -> dict[str, dict[str, Any]]:
        """Everything in estimates/, by id; empty when nothing is kept."""
        files = sorted((self.folder / "estimates").glob("*.json")) if self.folder is not None else []
        read = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        return {content["id"]: content for content in read}

    def _released(self, rows: pd.DataFrame) -> pd.DataFrame:
        if self.audience != "public":
            return rows
        counts = [name for name in rows.columns if name.startswith("n_")]
        return rows.assign(**{name: [released_count(value) for value in rows[name]] for name in counts})

    def _released_facts(self, facts: Any, name: str = "") -> Any:
        if self.audience != "public":
            return facts
        if isinstance(facts, dict):
            return {key: self._released_facts(value, key) for key, value in facts.items()}
        if isinstance(facts, list | tuple):
            return [self._released_facts(value) for value in facts]
        return released_count(facts) if name.startswith("n_") and facts is not None else facts

    def _write_json(self, key: str, content: dict[str, Any]) -> None:
        if self.folder is not None:
            text = json.dumps(content, ensure_ascii=False, indent=1, default=_as_plain)
            write_text(self.folder / "estimates" / f"{key}.json", text + "\n")


def plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain data; what is not finite is null."""
    return [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in rows.astype(object).to_dict("records")
    ]


def write_text(path: Path, text: str, *, bom: bool = False) -> None:
    """Write text whole or not at all."""
    write_bytes(path, text.encode("utf-8-sig" if bom else "utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write whole or not at all: a temporary file beside it, renamed; the run flushes all files when it publishes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "wb", dir=path.parent, prefix=f".{os.getpid()}-", delete=False
    ) as stream:
        stream.write(content)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)


def _as_plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept as a fact: {value!r}")
