"""What single notebooks find: a file per chapter, its functions take the page and give records for figures and tables.

`Page` holds what several chapters need; what one chapter needs stands here.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def __getattr__(name: str) -> Any:
    if name in names():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"no chapter {name!r}; there are {', '.join(names())}")


def names() -> tuple[str, ...]:
    """The chapters there are."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))
