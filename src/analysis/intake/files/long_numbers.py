"""Numbers of more than 15 digits: ID numbers and credit codes that a spreadsheet has rounded.

A spreadsheet keeps 15 digits of a number, so that two people whose numbers end in 1234 and 1235 become one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.intake.ledger import Ledger, Place
from analysis.messages import Message

LIMIT = 1e15  # the smallest number with 16 digits; no sum of money or count of a county comes near it
# 5.10E+17 as text: what a spreadsheet leaves of an 18-digit number when it saves .csv
SCIENTIFIC = (
    r"^\s*[+-]?[0-9０-９](?:[.．][0-9０-９]*)?[eEｅＥ][+＋]?(?:[1１][5-9５-９]|[2-9２-９][0-9０-９])\s*$"
)
_SCIENTIFIC = re.compile(SCIENTIFIC)


def long_text(value: str) -> bool:
    """Whether a text is the scientific spelling of a number with more than 15 digits."""
    return len(value) < 40 and _SCIENTIFIC.match(value) is not None


def report(file: str, sheet: str, cells: Sequence[tuple[int, int]], ledger: Ledger) -> None:
    """One problem for all such cells of a sheet; digits are never shown."""
    if not cells:
        return
    ledger.problem(
        "long_number",
        [Place(file, sheet, row, column) for row, column in cells],
        Message(
            f"{len(cells)} numbers of more than 15 digits (ID numbers, codes): stored as numbers, their last digits "
            "are lost and different people may look the same",
            f"有 {len(cells)} 个超过 15 位的数字（证件号、代码等）按数值存储：末几位已丢失，不同的人可能变成同一个",
        ),
        Message(
            "export them again from the source as text: set the column to Text before the numbers are filled in "
            "(a text column in .csv must not be opened in Excel on the way)",
            "请从来源系统按文本重新导出：先把该列设为“文本”再填入号码（.csv 中途不要用 Excel 打开另存）",
        ),
    )
