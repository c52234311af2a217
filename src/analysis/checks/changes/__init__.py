"""One decision changed at a time: every file without a leading underscore is one kind of change, in the same form.

A module holds ``THEME``, one of THEMES, and ``variants(case: Case) -> list[Variant]``; a change that does not apply to
the case gives none.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from types import ModuleType

from analysis.checks.changes._case import Case, Held, Variant

__all__ = ["THEMES", "Case", "Held", "Variant", "names", "variants"]

# in the order in which they are shown
THEMES = (
    "main", "comparison", "adjustment", "timing", "estimator", "values", "sample", "left_out", "errors",
)  # fmt: skip


def names() -> tuple[str, ...]:
    """The kinds of change there are, by theme and in alphabetical order."""
    found = (m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(sorted(found, key=lambda name: (THEMES.index(_module(name).THEME), name)))


def variants(case: Case) -> list[Variant]:
    """The main question (change "main") and every variant of it."""
    made = [Variant("main", case.panel, case.design, case.estimator)]
    for module in map(_module, names()):
        made += [replace(variant, theme=module.THEME) for variant in module.variants(case)]
    return made


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
