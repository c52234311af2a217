"""The data model in words: units, kinds, ranges and marks as codebook and templates print them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from analysis.schema.declared import Column, Entity, Identity, Text, entities

LANGUAGES = ("zh", "en")


@cache
def _words() -> dict[str, Any]:
    file = resources.files("analysis.schema") / "words.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def word(group: str, name: str, language: str, **fields: object) -> str:
    """A text of schema/words.toml with its fields filled in; KeyError if there is none."""
    return _words()[group][name][language].format_map(fields)


def grouped(language: str) -> list[tuple[str, list[Entity]]]:
    """The entities in the order people read them, under the names of their groups."""
    known = entities()
    groups = [
        (group[language], [known[name] for name in group["tables"] if name in known])
        for group in _words()["groups"].values()
    ]
    placed = {entity.name for _, members in groups for entity in members}
    others = [entity for name, entity in known.items() if name not in placed]
    return [*groups, (word("codebook", "others", language), others)] if others else groups


def systems(language: str) -> dict[str, str]:
    """The parts of the programme's report by code, in words."""
    return {code: text[language] for code, text in _words()["systems"].items()}


def key_words(name: str) -> tuple[Text, Text]:
    """Label and definition of a name by which the import finds a row: village, household_no, coop_name, ..."""
    words = _words()["keys"][name]
    return Text(**words["label"]), Text(**words["definition"])


def template_rules(language: str, **fields: object) -> list[str]:
    """What somebody who fills in a template must know, one sentence or two each."""
    return [rule[language].format_map(fields) for rule in _words()["template"]["rules"]]


def unit(column: Column, language: str) -> str:
    """The unit of a column in words; "" where it has none."""
    return word("units", column.unit, language) if column.unit else ""


def number(value: float) -> str:
    """A bound as people read it: 5e7 as 50,000,000, -0.3 as -0.3."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def year_or_number(value: float, column: Column) -> str:
    """A bound of this column: years without separators."""
    return str(int(value)) if column.kind == "year" else number(value)


def allowed(column: Column, language: str) -> str:
    """The range of a column's numbers in words; "" where it has no bounds."""
    low, high = (None if v is None else year_or_number(v, column) for v in (column.low, column.high))
    if low is not None and high is not None:
        text = word("codebook", "between", language, low=low, high=high)
    elif low is not None:
        text = word("codebook", "at_least", language, low=low)
    elif high is not None:
        text = word("codebook", "up_to", language, high=high)
    else:
        return ""
    for value, meaning in column.special.items():
        text += " " + word("codebook", "or_special", language, value=value, meaning=meaning[language])
    return text


def must(entity: Entity, name: str, language: str) -> str:
    """What is asked of a column: key, required, never empty, optional."""
    column = entity.columns[name]
    if name in entity.key:
        return word("codebook", "key_mark", language)
    if column.required:
        return word("codebook", "required_mark", language)
    return word("codebook", "optional_mark" if column.nullable else "full_mark", language)


def formula(identity: Identity) -> str:
    """An identity as it is declared: left = right."""
    return f"{identity.left} {'=' if identity.relation == '==' else '≤'} {identity.right}"
