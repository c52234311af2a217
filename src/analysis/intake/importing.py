"""An import from first file to finished study: read, identify, assemble, check, write, or refuse with the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.intake import defaults, detecting, registers, write
from analysis.intake.arrivals import expand
from analysis.intake.assemble import Assembled, assemble
from analysis.intake.identify import identify
from analysis.intake.ledger import IntakeError, Ledger, Place
from analysis.intake.mapping import ImportMap
from analysis.intake.numbering import learn, numbered
from analysis.intake.sheets import Say, read_sheets
from analysis.messages import Message
from analysis.schema import Entity, entity
from analysis.schema.checks import breaches

if TYPE_CHECKING:
    from analysis.privacy.pseudonym import Key

__all__ = ["Imported", "expand", "import_files", "read_files"]

# Tables that others refer to come first.
ORDER = ("household", "coop", "federation", "village_year")


@dataclass(slots=True)
class Imported:
    """What an import made: tables of the data model, the sections of study.toml, the account."""

    tables: dict[str, pd.DataFrame]
    sections: dict[str, object]
    files: list[write.SourceFile]
    ledger: Ledger


def read_files(
    paths: Sequence[Path], decided: ImportMap, say: Say, *, base: Path, key: Key | None = None
) -> Imported:
    """Read, repair, identify, assemble and check; nothing is written.

    base : folder of the map, for `crosswalk_from`; key : for columns mapped with pseudonym = true.

    Raises
    ------
    IntakeError : everything that is not certain, all at once.
    """
    ledger = Ledger()
    parts, files = read_sheets(paths, decided, ledger, say, key)
    known = registers.build(parts, decided, base, ledger)
    tables: dict[str, Assembled] = {}
    names = sorted(parts, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    for name in names:
        if name in registers.OWN:
            continue
        say(Message(f"table {name}", f"数据表 {entity(name).label.zh}"))
        identified = [(part, identify(part, entity(name), known, decided, ledger)) for part in parts[name]]
        identified = numbered(entity(name), identified)
        tables[name] = assemble(entity(name), identified, ledger)
        learn(name, tables[name].frame, identified, known)
    frames = {
        **registers.tables(known),
        **{name: _derived(entity(name), made, ledger) for name, made in tables.items()},
    }
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    defaults.adoption(frames, tables, ledger)
    _check(frames, tables, ledger)
    detecting.run(frames, tables, {str(d.place) for d in decided.decide}, ledger)
    if ledger.problems:
        raise IntakeError(ledger.problems)
    return Imported(frames, defaults.sections(frames, decided), files, ledger)


def import_files(
    paths: Sequence[Path], decided: ImportMap, folder: Path, say: Say, *, base: Path, key: Key | None = None
) -> Imported:
    """`read_files`, then the study written to `folder`. IntakeError or write.OutputError; then nothing is written."""
    write.check_folder(folder)
    made = read_files(paths, decided, say, base=base, key=key)
    write.write_study(folder, made.tables, made.sections, made.files, made.ledger)
    return made


def _derived(declared: Entity, made: Assembled, ledger: Ledger) -> pd.DataFrame:
    """The table with empty cells of derived columns computed from their parts."""
    from analysis.schema.arithmetic import evaluate

    frame = made.frame
    for name, column in declared.columns.items():
        if not column.derived or frame.empty:
            continue
        try:
            value = evaluate(column.derived, frame)
        except KeyError:
            continue  # a part of the sum was not imported: the column stays as it came
        if name not in frame.columns:
            frame = frame.assign(**{name: value})
            continue
        gap = (frame[name].isna() & pd.Series(value, index=frame.index).notna()).to_numpy()
        if gap.any():
            frame = frame.assign(**{name: frame[name].where(~gap, value)})
            _count_derived(made, name, np.flatnonzero(gap), ledger)
    return frame[[name for name in declared.columns if name in frame.columns]]


def _count_derived(made: Assembled, name: str, rows: np.ndarray, ledger: Ledger) -> None:
    """Cells computed that were not already counted as error values."""
    counted = {
        (chunk.file, chunk.sheet, int(row)) for chunk in ledger.repairs
        if chunk.rule == "error_cell" and chunk.name == name for row in chunk.rows
    }  # fmt: skip
    for row in rows:
        place = made.place(int(row), name)
        if (place.file, place.sheet, place.row) not in counted and place.file:
            ledger.repaired("derived", place, "", "", table="", name=name)


def _check(frames: Mapping[str, pd.DataFrame], made: Mapping[str, Assembled], ledger: Ledger) -> None:
    for name, frame in frames.items():
        source = made.get(name)
        for finding in breaches(frame, name, others=frames, rounding=_rounding(source)):
            rows = [int(row) for row in finding.rows]
            column = finding.column.split(" ")[0]
            places = (
                [source.place(row, column) for row in rows[:500]] if source is not None else [Place(name)]
            )
            tell = ledger.problem if finding.severity == "error" else ledger.remark
            tell("model", places or [Place(name)], finding.what, finding.fix, table=name, name=finding.column)


def _rounding(made: Assembled | None) -> dict[str, float]:
    """By column, the coarsest step of the sheets it came from."""
    found: dict[str, float] = {}
    for part in made.parts if made is not None else ():
        for name, step in part.steps.items():
            found[name] = max(step, found.get(name, 0.0))
    return found
