"""A simulated county as a study folder: tables, study.toml with digests, README, and the truth apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from analysis.messages import Message, ProjectError
from analysis.schema import entity
from analysis.schema.writing import encode, file_name
from analysis.simulate import study_text
from analysis.simulate.county import SimulatedCounty


class FolderError(ProjectError, ValueError):
    """The folder to be written holds something that is not a simulated county."""

    exit_code = 2


def write_study(county: SimulatedCounty, folder: Path) -> None:
    """Write the study; the same county gives the same bytes.

    Raises
    ------
    FolderError : a file, or a folder with other content than an earlier simulated county; it is not touched.
    """
    _refuse_foreign(folder)
    tables = _tables(county)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in tables.items()}
    texts = {
        "README.md": study_text.readme(county),
        "truth/README.md": study_text.TRUTH_README,
        "truth/truth.json": _truth_json(county),
        "study.toml": study_text.study_toml(digests, county.county.seed),
    }
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    written = tables | _truth_tables(county) | {name: text.encode("utf-8") for name, text in texts.items()}
    for name, content in written.items():
        (folder / name).write_bytes(content)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise FolderError(
            Message(f"{folder.name} is a file; name a folder", f"{folder.name} 是文件，请指定文件夹")
        )
    if not folder.exists() or not any(folder.iterdir()):
        return
    declared = folder / "study.toml"
    if not declared.is_file() or study_text.MARK not in declared.read_text(encoding="utf-8"):
        raise FolderError(
            Message(
                f"folder {folder.name!r} holds something other than a simulated county; name an empty one",
                f"文件夹 {folder.name!r} 不为空，且不是模拟县；请指定新的或空的文件夹",
            )
        )


def _tables(county: SimulatedCounty) -> dict[str, bytes]:
    """Every table as the bytes that an import of the same rows gives."""
    names = (
        "village_year",
        "household_year",
        "household_wave",
        "coop",
        "coop_year",
        "federation",
        "price_year",
        "township",
    )
    declared = [entity(name) for name in (*names, *study_text.REGISTERS)]
    return {file_name(table): encode(getattr(county, table.name), table) for table in declared}


def _truth_tables(county: SimulatedCounty) -> dict[str, bytes]:
    return {
        "truth/village_effects.csv": _csv(county.truth.village_effects),
        "truth/household_effects.parquet": _parquet(county.truth.household_effects),
    }


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def _parquet(frame: pd.DataFrame) -> bytes:
    """Parquet with fixed compression and without index or library metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd", compression_level=9)
    return buffer.getvalue().to_pybytes()


def _truth_json(county: SimulatedCounty) -> str:
    note = "True averages. simple_2022 stops at 2022; closed coops count as zero except under 'active'."
    content = {
        "synthetic": True,
        "unit": "yuan",
        "note": note,
        "parameters": asdict(county.county),
        "averages": county.truth.averages.to_dict("records"),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
