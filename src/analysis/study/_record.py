"""What every record of study.toml is made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
Key = Annotated[str, Field(pattern=KEY.pattern)]


class Record(BaseModel):
    """Frozen, typed, and without entries that nobody asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, coerce_numbers_to_str=False)


class Text(Record):
    """One text in both languages."""

    zh: str
    en: str

    def __getitem__(self, language: str) -> str:
        return getattr(self, language)
