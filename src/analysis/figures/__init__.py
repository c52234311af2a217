"""Estimates and samples to axes: one file per figure, the folder is the list.

A figure module holds CAPTION (zh, en; fields outcome, unit_noun and what the notebook gives), ``draw(*data, words,
ax=None) -> Axes``, ``alt(*data, words) -> str`` (what a reader who cannot see it needs) and ``note(*data, words)``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from analysis.messages import Message, ProjectError

__all__ = ["FigureError", "figure_module", "names"]


class FigureError(ProjectError, KeyError):
    """No figure of that name."""


def names() -> tuple[str, ...]:
    """The figures there are."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def figure_module(name: str) -> ModuleType:
    """The module of a figure; FigureError lists the figures there are."""
    if name not in names():
        listed = ", ".join(names())
        raise FigureError(
            Message(f"no figure {name!r}; there are {listed}", f"没有图 {name!r}；可选：{listed}")
        )
    return importlib.import_module(f"analysis.figures.{name}")
