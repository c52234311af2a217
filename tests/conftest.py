"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import write_study


@pytest.fixture
def small_study(tmp_path: Path) -> Path:
    """The folder of a small study that is in order."""
    return write_study(tmp_path / "small")
