"""Boolean minimisation: prime implicants of a set of rows, and every smallest cover by them.

Quine (1952), American Mathematical Monthly 59; McCluskey (1956), Bell System Technical Journal 35. Rows are numbers whose bits
are the conditions, the first condition the highest bit.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

MOST_COVERS = 500  # equally short solutions beyond which no reader is helped


class Implicant(NamedTuple):
    """A conjunction: the conditions of `care` (bits) have the values of `value`."""

    care: int
    value: int

    def covers(self, row: int) -> bool:
        """Whether `row` fulfils the conjunction."""
        return row & self.care == self.value


def prime_implicants(rows: Collection[int], k: int) -> list[Implicant]:
    """The conjunctions of k conditions that hold for rows of `rows` only and cannot be shortened, sorted."""
    current = {Implicant((1 << k) - 1, row) for row in rows}
    primes: set[Implicant] = set()
    while current:
        shorter, merged = set(), set()
        for term in current:
            for bit in (1 << i for i in range(k)):
                other = Implicant(term.care, term.value ^ bit)
                if term.care & bit and other in current:
                    shorter.add(Implicant(term.care & ~bit, term.value & ~bit))
                    merged |= {term, other}
        primes |= current - merged
        current = shorter
    return sorted(primes)


def smallest_covers(primes: Collection[Implicant], rows: Collection[int]) -> list[tuple[Implicant, ...]]:
    """Every choice of fewest implicants that together cover `rows`, each sorted, in sorted order.

    Raises
    ------
    ComparisonError : more than 500 equally short choices.
    """
    needed = frozenset(rows)
    if not needed:
        return []
    reach = {p: frozenset(row for row in needed if p.covers(row)) for p in sorted(primes)}
    reach = {p: covered for p, covered in reach.items() if covered}
    widest = max(map(len, reach.values()))
    size = -(-len(needed) // widest)
    while True:
        found: set[frozenset[Implicant]] = set()
        _extend(frozenset(), needed, size, reach, found)
        if found:
            return sorted(tuple(sorted(cover)) for cover in found)
        size += 1


def _extend(
    chosen: frozenset[Implicant],
    left: frozenset[int],
    more: int,
    reach: dict[Implicant, frozenset[int]],
    found: set[frozenset[Implicant]],
) -> None:
    """Add to `found` every cover that completes `chosen` with at most `more` implicants."""
    if not left:
        found.add(chosen)
        if len(found) > MOST_COVERS:
            raise ComparisonError(
                Message(
                    f"more than {MOST_COVERS} solutions are equally short; the cases say too little about so many "
                    "conditions. Take fewer",
                    f"同样简短的解超过 {MOST_COVERS} 个：条件过多而案例过少，请减少条件",
                )
            )
        return
    if more == 0 or len(left) > more * max(len(covered & left) for covered in reach.values()):
        return
    options = {row: [p for p, covered in reach.items() if row in covered] for row in left}
    row = min(left, key=lambda r: (len(options[r]), r))
    for p in options[row]:
        _extend(chosen | {p}, left - reach[p], more - 1, reach, found)
