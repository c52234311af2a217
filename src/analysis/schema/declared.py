"""The data model as declared: entities with keys, columns with units and ranges, identities; one TOML file each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analysis.study import Text

Kind = Literal[
    "id",  # identifier of a row of some entity; text, never a number
    "code",  # administrative code; text of fixed width
    "year",
    "date",  # ISO text, 2021-06-30
    "int",
    "float",
    "flag",  # 1 or 0
    "category",  # one of `values`
    "set",  # several of `values`, separated by ";"
    "text",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Column(_Record):
    """A column of an entity.

    unit : "yuan", "mu", "kg", "yuan/kg", "km", "share" (0-1), "persons", ... ; "" where it has none
    low, high : hard bounds, in `unit`; None where there is none
    required : a table without this column is refused; other columns may be absent
    nullable : whether a cell may be empty
    values : codes of a category or set, each with its words
    special : numbers outside the bounds that have a meaning of their own, each with it: 0 = never
    pattern : regular expression that every text must match whole
    refers : "entity.column" that every non-empty value must occur in
    headings : what offices and surveys call it, besides `label.zh`
    derived : arithmetic over other columns of the row, from which an absent or damaged cell is recomputed;
        see `analysis.schema.arithmetic`
    office : whether offices or surveys report it; if not, it is made by the study and not asked for in templates
    """

    kind: Kind
    label: Text
    definition: Text | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = False
    nullable: bool = True
    values: dict[str, Text] = {}
    special: dict[str, Text] = {}
    pattern: str = ""
    refers: str = ""
    headings: tuple[str, ...] = ()
    derived: str = ""
    office: bool = True
    system: str = ""  # which system of the report it serves: O1, Z2, S3, selection, quality, ...


class Identity(_Record):
    """What must hold between columns of one row: `left` `relation` `right`, within `tolerance` in the columns' unit."""

    left: str
    relation: Literal["==", "<="] = "=="
    right: str
    tolerance: float = 0.0
    label: Text
    severity: Literal["error", "warning"] = "error"


class Entity(_Record):
    """A table of the data model. The order of `columns` is the order in the file."""

    name: str = ""
    label: Text
    frequency: Literal["static", "annual", "survey", "spells", "events", "monthly", "vintages"]
    key: tuple[str, ...]
    format: Literal["csv", "parquet"] = "csv"
    columns: dict[str, Column]
    identities: dict[str, Identity] = {}
    headings: tuple[str, ...] = ()  # words in file, sheet or title names that announce this table
    office: bool = True  # whether offices fill it in; if not, the study makes it from other sources

    def column(self, name: str) -> Column:
        """The column of that name; KeyError otherwise."""
        return self.columns[name]


@cache
def entities() -> dict[str, Entity]:
    """Every declared entity by name, in the order of the files' names.

    Raises
    ------
    pydantic.ValidationError : a declaration is wrong (a defect of this package, not of data).
    """
    found = {}
    folder = resources.files("analysis.schema") / "entities"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            content = tomllib.loads(file.read_text(encoding="utf-8"))
            found[name] = Entity.model_validate(_frozen({**content, "name": name}))
    return found


def entity(name: str) -> Entity:
    """The entity of that name; KeyError naming the known ones otherwise."""
    known = entities()
    if name not in known:
        raise KeyError(f"no entity {name!r}; known: {', '.join(known)}")
    return known[name]


def entity_of(key: str, file: str) -> Entity | None:
    """The entity that a study's table is, by its key in study.toml or its file's name; None where it is none."""
    return entities().get(key) or entities().get(PurePath(file).stem)


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
