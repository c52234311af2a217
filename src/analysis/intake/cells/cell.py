"""What reading one cell gives."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell read.

    value : float, int, str or bool; None = empty (declared empty, a word for "none", a missing code)
    rules : the repairs that were needed, keys of rules.toml, () where the cell was clean
    problem : why the cell cannot be read with certainty (then value is None), None where it can
    """

    value: float | int | str | bool | None
    rules: tuple[str, ...] = ()
    problem: Message | None = None
