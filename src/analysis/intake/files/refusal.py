"""A file that is not taken, as an error that names it with cause and fix."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.intake.ledger import IntakeError, Place, Problem
from analysis.messages import Message

# What readers of formats say about broken files may quote cells, so it is never passed on; this is said instead.
SEND_AGAIN = Message(
    "open it in the program that made it and save it again, or ask for it to be sent again",
    "请用生成它的软件打开并重新保存，或请对方重新发送",
)


def refused(
    rule: str,
    file: str,
    what: Message,
    fix: Message,
    *,
    sheet: str = "",
    rows: Sequence[int] = (-1,),
    column: int = -1,
) -> IntakeError:
    """The error of one problem with a file, a sheet or (zero-based) rows of it."""
    places = tuple(Place(file, sheet, row, column) for row in rows)
    return IntakeError([Problem(rule, places, what, fix)])


def damaged(file: str, name: Message, *, sheet: str = "") -> IntakeError:
    """The error of a file of a known format (`name`) that cannot be read to its end."""
    what = Message(
        f"this {name} is damaged or was cut short on its way", f"这个{name.zh}已损坏，或在传送中被截断"
    )
    return refused("damaged", file, what, SEND_AGAIN, sheet=sheet)
