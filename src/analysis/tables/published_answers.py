"""Every published answer of a group: what was printed, what this project finds, and the reason for every miss."""

from __future__ import annotations

import math

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "发表值与本项目的结果：{group}",
    "en": "Printed numbers and ours: {group}",
}
MORE_DIGITS = 2  # beyond those printed, so that a difference within what is allowed can be seen


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per answer; answers that differ in one field only (event times, cells, sizes) share a row.

    `rows` are of `analysis.report.chapters.published.Published`, in the order given.
    """
    printed = []
    for _, series in rows.groupby(_series(rows), sort=False):
        first = series.iloc[0]
        printed.append((
            " ".join(filter(None, (first["row"], words(f"published_data.{first['data']}")))),
            _described(list(series["what"]), words), first["source"],
            _listed([_with_error(_signed(row.printed), _signed(row.error)) for row in series.itertuples()], words)
            + _allowed(series, words),
            _listed([_ours(row) for row in series.itertuples()], words),
            words(f"published_status.{first['status']}"),
        ))  # fmt: skip
    heads = ("data", "what", "source", "printed", "ours", "result")
    return RenderedTable(
        tuple(words(f"published_heads.{head}") for head in heads), tuple(printed), _note(rows, words)
    )


def _series(rows: pd.DataFrame) -> pd.Series:
    """Which printed row an answer belongs to: all that it shares with its neighbours but the value of a field."""
    kinds = [
        (row.data, row.row, row.source, row.status, row.reason, str(row.tolerance), row.error != "",
         tuple(part.partition("=")[0] for part in row.what))
        if any("=" in part for part in row.what) else (row.data, row.key)
        for row in rows.itertuples()
    ]  # fmt: skip
    return pd.Series(pd.factorize(pd.Series(kinds, dtype=object))[0], index=rows.index)


def _described(series: list[tuple[str, ...]], words: Words) -> str:
    """What is estimated, in words; a part may carry one field after "=", of which there may be several."""
    parts = []
    for alternatives in zip(*series, strict=True):
        key = alternatives[0].partition("=")[0]
        values = dict.fromkeys(_signed(part.partition("=")[2]) for part in alternatives)
        parts.append(words(key, value=words.listed(list(values))))
    return ("，" if words.language == "zh" else ", ").join(parts)


def _listed(texts: list[str], words: Words) -> str:
    return ("；" if words.language == "zh" else "; ").join(texts)


def _note(rows: pd.DataFrame, words: Words) -> str:
    """The reason for everything that is not matched whole, each once."""
    items: dict[tuple[str, str], list[str]] = {}
    for row in rows.itertuples():
        if row.status != "matched":
            name = f"{words(f'published_data.{row.data}')} {row.row}".strip()
            named = items.setdefault((row.status, row.reason), [])
            if name not in named:
                named.append(name)
    return words.sentences(
        [
            words(
                "notes.published_reason", status=words(f"published_status.{status}"), items=words.listed(named),
                reason=words(f"published_reasons.{reason}"),
            )
            for (status, reason), named in items.items() if reason
        ]
    )  # fmt: skip


def _signed(text: str) -> str:
    return text.replace("-", "−") if text[:1] == "-" else text


def _with_error(value: str, error: str) -> str:
    return f"{value} ({error})" if error else value


def _ours(row: object) -> str:
    value = _more_digits(row.estimate, row.printed)
    return _with_error(value, _more_digits(row.std_error, row.error)) if row.error else value


def _more_digits(value: float, printed: str) -> str:
    if not math.isfinite(value):
        return NOTHING
    whole = "." not in printed and value == int(value)
    digits = 0 if whole else len(printed.partition(".")[2]) + MORE_DIGITS
    return f"{value:.{digits}f}".replace("-", "−")


def _allowed(series: pd.DataFrame, words: Words) -> str:
    tolerance = series["tolerance"].iloc[0]
    if not math.isfinite(tolerance):
        return ""
    key = "each_allowed" if len(series) > 1 else "allowed"
    return words(f"published_terms.{key}", tolerance=f"{float(f'{tolerance:.2g}'):g}")
