"""The account of an import, read back from the study it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.intake.rules import rules
from analysis.intake.write import ACCOUNT, RECORD

# Rules that take rows out: what they counted stood in the files and stands in no table
REMOVING = ("subtotal_removed", "note_cut", "household_rollup", "federation_in_coop_list", "duplicate_row")


@dataclass(frozen=True, slots=True)
class Account:
    """What an import did.

    files : name, rows, sheets (number), encoding, bytes, sha256
    repairs : rule, no (row of the dirt catalogue), per, zh, en, n
    remarks : rule, table, column, n_places, zh, en
    """

    files: pd.DataFrame
    repairs: pd.DataFrame
    remarks: pd.DataFrame

    @property
    def n_rows(self) -> int:
        """Rows of data that the files held."""
        return int(self.files["rows"].sum())

    @property
    def n_removed(self) -> int:
        """Rows that rules took out: subtotals, notes, repetitions."""
        return int(self.repairs.loc[self.repairs["rule"].isin(REMOVING), "n"].sum())


def read_account(folder: Path) -> Account | None:
    """The account in a study's folder; None where the study was not imported."""
    path = folder / ACCOUNT / RECORD
    if not path.is_file():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    known = rules()
    files = pd.DataFrame(
        [
            {
                **{name: file[name] for name in ("name", "rows", "encoding", "bytes", "sha256")},
                "sheets": len(file["sheets"]),
            }
            for file in record["files"]
        ],
        columns=["name", "rows", "encoding", "bytes", "sha256", "sheets"],
    )  # fmt: skip
    repairs = pd.DataFrame(
        [
            {
                "rule": rule,
                "no": known[rule].no,
                "per": known[rule].per,
                "zh": known[rule].zh,
                "en": known[rule].en,
                "n": n,
            }
            for rule, n in record["repairs"].items()
        ],
        columns=["rule", "no", "per", "zh", "en", "n"],
    ).sort_values(["no", "rule"], ignore_index=True)
    remarks = pd.DataFrame(
        [
            {**{name: r[name] for name in ("rule", "table", "column", "n_places")}, **r["text"]}
            for r in record["remarks"]
        ],
        columns=["rule", "table", "column", "n_places", "zh", "en"],
    )  # fmt: skip
    return Account(files, repairs, remarks)
