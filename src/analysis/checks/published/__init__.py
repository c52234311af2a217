"""Numbers that others printed, and whether this project finds them: one file per kind of method.

A file without a leading underscore holds ANSWERS, a tuple of `Answer`; `data_sets.toml` says where the data lie. Answers on
data that are not on this machine are "not_here", never a match.
"""

from __future__ import annotations

import importlib
import pkgutil

from analysis.checks.published._data import DataError, DataSet, data_sets
from analysis.checks.published._record import STATUSES, Answer, Result, evaluate

__all__ = ["STATUSES", "Answer", "DataError", "DataSet", "Result", "answers", "data_sets", "evaluate"]


def answers() -> tuple[Answer, ...]:
    """Every published answer: by data set in the order of data_sets.toml, within one as the files list them."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    found = [answer for name in names for answer in importlib.import_module(f"{__name__}.{name}").ANSWERS]
    order = list(data_sets())
    return tuple(sorted(found, key=lambda answer: order.index(answer.data)))
