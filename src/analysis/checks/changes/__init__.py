"""One decision changed at a time: every file without a leading underscore is one kind of change, in the same form.

A module holds ``variants(case: Case) -> list[Variant]``; a change that does not apply to the case gives none.
"""

from __future__ import annotations

import importlib
import pkgutil

from analysis.checks.changes._case import Case, Variant

__all__ = ["Case", "Variant", "names", "variants"]


def names() -> tuple[str, ...]:
    """The kinds of change there are, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def variants(case: Case) -> list[Variant]:
    """The main question (change "main") and every variant of it."""
    made = [Variant("main", case.panel, case.design, case.estimator)]
    for name in names():
        made += importlib.import_module(f"{__name__}.{name}").variants(case)
    return made
