"""Where the data behind published answers lie, and whether they are on this machine."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from analysis import paths
from analysis.messages import Message, ProjectError

INSIDE_STATSMODELS = ("treatment", "tests", "results")


class DataError(ProjectError, ValueError):
    """The data of a published answer are not what they were when it was recorded."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set of data_sets.toml.

    root : "published" (shipped), "shared" (COOPEVAL_DATA), "statsmodels", "absent" (nobody may or could bring it here), or
        "" for numbers that the source itself prints
    files : name -> SHA-256, "" where another package decides what the file is
    """

    key: str
    root: str
    licence: str
    citation: str
    files: dict[str, str]

    @property
    def folder(self) -> Path | None:
        """Where its files would lie; None where that is not known."""
        if self.root == "published":
            return paths.project() / "data" / "published" / self.key
        if self.root == "shared":
            shared = paths.shared_data()
            return None if shared is None else shared / self.key
        if self.root == "statsmodels":
            found = find_spec("statsmodels")
            return None if found is None else Path(found.origin).parent.joinpath(*INSIDE_STATSMODELS)
        return None

    @property
    def is_here(self) -> bool:
        """Whether answers on it can be computed on this machine."""
        if self.root == "":
            return True
        folder = self.folder
        return folder is not None and all((folder / name).is_file() for name in self.files)


@cache
def data_sets() -> dict[str, DataSet]:
    """Every data set by key, in the order of the report."""
    read = tomllib.loads(Path(__file__).with_name("data_sets.toml").read_text(encoding="utf-8"))
    return {key: DataSet(key, **entry) for key, entry in read.items()}


def path(data: str, file: str) -> Path:
    """A file of a data set, its digest checked.

    Raises
    ------
    DataError : the file is not here, or is another than the one the answer was recorded for.
    """
    known = data_sets()[data]
    folder = known.folder
    if folder is None or not (folder / file).is_file():
        raise DataError(
            Message(
                f"{data}/{file} is not on this machine (licence: {known.licence}); set COOPEVAL_DATA to the folder that "
                "holds it",
                f"本机没有 {data}/{file}（许可：{known.licence}）；请把 COOPEVAL_DATA 设为其所在目录",
            )
        )
    found, wanted = folder / file, known.files[file]
    if wanted and hashlib.sha256(found.read_bytes()).hexdigest() != wanted:
        raise DataError(
            Message(
                f"{data}/{file} is not the file that its answers were recorded for; restore it, or record digest and "
                "answers anew in data_sets.toml",
                f"{data}/{file} 与登记答案时的文件不同；请恢复原文件，或在 data_sets.toml 中重新登记摘要与答案",
            )
        )
    return found
