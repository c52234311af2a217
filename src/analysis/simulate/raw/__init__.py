"""The dirty county: the files from which the clean tables of a simulated county would have come.

Every column of every table stands in some file, in the forms and with the dirt of real ones; every dirt is counted
when it is written, and none of it hides a value for good.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from analysis.messages import Message
from analysis.simulate import study_text
from analysis.simulate.county import SimulatedCounty
from analysis.simulate.raw import (
    coop_list,
    coop_reports,
    events,
    inspections,
    ledgers,
    registers,
    rosters,
    surveys,
    village_facts,
)
from analysis.simulate.raw.dirt import Dirt, Injected
from analysis.simulate.raw.map_text import map_toml
from analysis.simulate.raw.office import Office
from analysis.simulate.raw.part import within
from analysis.simulate.write import FolderError, write_study

MAP = "MAP.toml"
ACCOUNT = "injected.json"
CLEAN, RAW = "clean", "raw"
_FILES = (
    registers, coop_list, coop_reports, events, inspections, ledgers, rosters, surveys, village_facts,
)  # fmt: skip

__all__ = ["ACCOUNT", "CLEAN", "MAP", "RAW", "Injected", "within", "write_dirty", "write_raw"]


def write_raw(county: SimulatedCounty, folder: Path, *, dirt: bool = True) -> Injected:
    """Write the raw files and MAP.toml; the same county gives the same bytes.

    dirt : False leaves out what an orderly office would not write; units, headings and forms stay as they are
    """
    folder.mkdir(parents=True, exist_ok=True)
    office = Office(county, folder, Dirt(county.county.seed, dirt))
    sources = [source for kind in _FILES for source in kind.write(office)]
    text = map_toml(sources, village_facts.decisions(office), county.county.seed)
    (folder / MAP).write_text(text, encoding="utf-8")
    return office.dirt.injected()


def write_dirty(county: SimulatedCounty, folder: Path) -> Injected:
    """Write the raw set (raw/), the account of its dirt (injected.json) and the clean study (clean/).

    Raises
    ------
    FolderError : the folder holds something that is not an earlier dirty county; it is not touched.
    """
    _refuse_foreign(folder)
    shutil.rmtree(folder / RAW, ignore_errors=True)
    write_study(county, folder / CLEAN)
    injected = write_raw(county, folder / RAW)
    content = {
        "synthetic": True,
        "seed": county.county.seed,
        "by_rule": injected.by_rule,
        "by_file": injected.by_file,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / ACCOUNT).write_text(text + "\n", encoding="utf-8")
    return injected


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    declared = folder / CLEAN / "study.toml"
    if not declared.is_file() or study_text.MARK not in declared.read_text(encoding="utf-8"):
        raise FolderError(
            Message(
                f"{folder.name!r} holds something other than a dirty county; name an empty folder",
                f"{folder.name!r} 不为空，且不是含原始文件的模拟县；请指定新的或空的文件夹",
            )
        )
