"""Names that look alike, as suggestions for a person; nothing is ever matched by them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

SUGGESTED = 3  # candidates named
LIKE = 0.5  # least likeness (difflib ratio): one of two characters shared


def nearest(
    name: str, others: Iterable[tuple[str, str]], *, preferred: Iterable[str] = ()
) -> tuple[str, ...]:
    """Up to three of the others whose name is most like `name`, best first.

    others : (name compared, text shown); preferred : texts shown that go first among equals
    """
    first = set(preferred)
    scored = {}
    for other, text in others:
        matcher = SequenceMatcher(None, name, other, autojunk=False)
        if matcher.real_quick_ratio() >= LIKE and (ratio := matcher.ratio()) >= LIKE:
            scored[text] = max(ratio, scored.get(text, 0.0))
    ranked = sorted(scored, key=lambda text: (-scored[text], text not in first, text))
    return tuple(ranked[:SUGGESTED])
