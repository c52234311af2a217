"""Runs appear whole or not at all: staged beside their place, moved there, `latest` turned last."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analysis.messages import Message
from analysis.report.errors import EnvironmentMissing

STAGING = ".work"
FAILED = "failed"


def prepare(out: Path) -> None:
    """Make the output folder and see that it can be written.

    Raises
    ------
    EnvironmentMissing : it cannot be made or written.
    """
    probe = out / f".write-{os.getpid()}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise EnvironmentMissing(
            Message(
                f"the output folder {out.name!r} cannot be written ({error.strerror}); choose another with --out",
                f"输出目录 {out.name!r} 无法写入（{error.strerror}）；请用 --out 另选目录",
            )
        ) from None


def stage(out: Path, run: str) -> Path:
    """An empty folder for a run in the making. What broken runs left in the staging place is removed."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
    folder = out / STAGING / run
    folder.mkdir(parents=True)
    return folder


def publish(staged: Path, out: Path) -> Path:
    """Move a complete run to its place and turn `latest` to it. Everything is on disk before it is named."""
    target = _move(staged, out)
    link = out / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name, target_is_directory=True)
    link.replace(out / "latest")
    _sync(out)
    return target


def put_aside(staged: Path, out: Path) -> Path:
    """Move a failed run to `failed/`; `latest` stays where it is."""
    (out / FAILED).mkdir(exist_ok=True)
    return _move(staged, out / FAILED)


def write(path: Path, content: bytes) -> None:
    """Write a file so that only the whole of it is ever seen under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)


def _move(staged: Path, into: Path) -> Path:
    files = [path for path in staged.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(8) as pool:  # flushed together, the file system commits once for many
        list(pool.map(_sync, files))
    for folder in {staged, *(path.parent for path in files)}:
        _sync(folder)
    target = into / staged.name
    number = 1
    while target.exists():
        number += 1
        target = into / f"{staged.name}-{number}"
    staged.rename(target)
    _sync(into)
    shutil.rmtree(staged.parent, ignore_errors=True)
    return target


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
