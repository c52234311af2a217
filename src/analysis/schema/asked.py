"""What a template asks an office for: names and codes that it knows in place of the study's own ids."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.schema import wording
from analysis.schema.declared import Column, Entity, Text, entity

# id of the study: the names by which the import finds it (keys of a map that are not columns of the entity)
_FOUND_BY = {
    "village_id": ("township", "village", "village_code"),
    "coop_id": ("coop_name", "credit_code"),
    "hh_id": ("township", "village", "register_village", "household_no"),
}
_MAY_BE_EMPTY = {"village_code", "register_village"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A column of a template.

    name : technical name: a column of the entity, or a name that finds the row's village, household or cooperative
    needed : whether a row without it cannot be placed
    """

    name: str
    column: Column
    needed: bool = False

    @property
    def label(self) -> Text:
        """What the column is called."""
        return self.column.label

    def heading(self, language: str) -> str:
        """The label with the unit in brackets."""
        unit = wording.unit(self.column, language)
        label = self.label[language]
        label = label[:1].upper() + label[1:]
        return wording.word("template", "bracket", language, label=label, unit=unit) if unit else label


def asked(declared: Entity) -> list[Asked]:
    """The columns of the entity's template: what finds the row first, then what offices report, in declared order."""
    found: dict[str, Asked] = {}
    ids = [name for name in declared.columns if name in _FOUND_BY]
    for of in sorted(ids, key=list(_FOUND_BY).index):
        needed = of in declared.key or not declared.columns[of].nullable
        for name in _FOUND_BY[of]:
            if name == "village_code" and "code_2021" in declared.columns:
                continue
            needs = needed and name not in _MAY_BE_EMPTY
            before = found.get(name)
            found[name] = Asked(name, _finding(name), needs or (before is not None and before.needed))
    if "year" in declared.key:
        found["year"] = Asked("year", declared.columns["year"], True)
    for name, column in declared.columns.items():
        if name in found or name in _FOUND_BY or not column.office or _known_by_village(declared, name):
            continue
        found[name] = Asked(name, column, name in declared.key or column.required or not column.nullable)
    return list(found.values())


def key_of(declared: Entity) -> list[str]:
    """The entity's key in the names of its template."""
    names = [name for of in declared.key for name in _FOUND_BY.get(of, (of,)) if name not in _MAY_BE_EMPTY]
    return list(dict.fromkeys(names))


def _known_by_village(declared: Entity, name: str) -> bool:
    """Whether the township's code follows from the village; a shock may hit a township without a village named."""
    if name != "township_code" or declared.columns[name].required or "village_id" not in declared.columns:
        return False
    return declared.frequency != "events"


def _finding(name: str) -> Column:
    label, definition = wording.key_words(name)
    patterns = {
        "village_code": entity("village").columns["code_2021"].pattern,
        "credit_code": entity("coop").columns["credit_code"].pattern,
    }
    kind = "code" if name in patterns else "text"
    return Column(kind=kind, label=label, definition=definition, pattern=patterns.get(name, ""))
