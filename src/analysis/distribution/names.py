"""What parts, links and groups are called: the study's own labels where it gives them."""

from __future__ import annotations

from typing import Any

from analysis.words import Words


def part_name(row: Any, words: Words) -> str:
    """A part of an outcome (row.outcome, row.source), marked where it is taken off."""
    if row.source in {"total", "rest"}:
        return words(f"sources.{row.source}")
    part = words.study.sources[row.outcome].components[row.source]
    label = words.text(part.label)
    return words("sources.taken_off", part=label) if part.minus else label


def link_name(row: Any, words: Words) -> str:
    """A link (row.outcome, row.link): one of the usual ones by its own name, else by the study's label."""
    declared = words.study.sources[row.outcome].links.get(row.link)
    if declared is not None and declared.label is not None:
        return words.text(declared.label)
    return words(f"links.{row.link}")


def group_name(row: Any, words: Words) -> str:
    """A group of households (row.grouping, row.level) with its number of adopters unless it is a difference."""
    label = words(f"income_groups.{row.grouping}_{row.level.replace('fifth_', '')}")
    if row.level == "difference":
        return label
    return words("figures.group_count", group=label, n=words.units(row.n_treated))
