"""How p values are printed."""

from __future__ import annotations

from analysis.words import Words

SMALLEST = 0.001  # smaller ones are printed as smaller: a p value is never zero


def p_value(value: float, words: Words, *, sign: str = "") -> str:
    """ "0.012", or "< 0.001"; `sign` is what stands before the first kind ("= ")."""
    return f"< {SMALLEST:g}" if value < SMALLEST else f"{sign}{words.number(value, 'probability')}"
