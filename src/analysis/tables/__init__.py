"""Estimates and samples to tables of printed cells with notes: one file per table, the folder is the list.

A table module holds CAPTION (zh, en; fields outcome, unit_noun) and ``make(*data, words) -> RenderedTable``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from analysis.messages import Message, ProjectError
from analysis.tables._rendered import RenderedTable

__all__ = ["RenderedTable", "TableError", "names", "table_module"]


class TableError(ProjectError, KeyError):
    """No table of that name."""


def names() -> tuple[str, ...]:
    """The tables there are."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def table_module(name: str) -> ModuleType:
    """The module of a table; TableError lists the tables there are."""
    if name not in names():
        listed = ", ".join(names())
        raise TableError(
            Message(f"no table {name!r}; there are {listed}", f"没有表 {name!r}；可选：{listed}")
        )
    return importlib.import_module(f"analysis.tables.{name}")
