"""Sentences about how the tables came: in the form of `analysis.report.sentences`."""

from __future__ import annotations

from analysis.intake.account import Account
from analysis.report.sentences import Sentence
from analysis.words import Words


def imported(account: Account | None, words: Words) -> Sentence:
    """What the import read and repaired, or that the tables are used as they came."""
    if account is None:
        return Sentence("not_imported", words("sentences.not_imported"))
    counts = {"n_files": words.count(len(account.files)), "n_rules": words.count(len(account.repairs))}
    if words.is_public:
        return Sentence("imported", words("sentences.imported_public", **counts))
    return Sentence(
        "imported",
        words(
            "sentences.imported", **counts, n_rows=words.rows(account.n_rows),
            n_repairs=words.count(int(account.repairs["n"].sum())), n_removed=words.rows(account.n_removed),
            n_remarks=words.count(len(account.remarks)),
        ),
    )  # fmt: skip
