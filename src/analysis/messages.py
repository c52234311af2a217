"""Sentences for people, in both languages, that exceptions and log lines carry."""

from __future__ import annotations

import locale
import os


class Message(str):
    """An English sentence that knows its Chinese counterpart; as a plain string it reads English."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Message:
        """Pair the two texts."""
        made = super().__new__(cls, en)
        made.zh = zh
        return made

    def __reduce__(self) -> tuple[type[Message], tuple[str, str]]:
        return (Message, (str(self), self.zh))


class ProjectError(Exception):
    """An error whose text a reader can act on; `exit_code` is what the command line ends with."""

    exit_code = 4

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def in_language(message: object, language: str) -> str:
    """The text of a Message, or of an error that carries one, in "zh" or "en"."""
    carried = getattr(message, "message", message)
    if language == "zh":
        return getattr(carried, "zh", str(carried))
    return str(carried)


def reader_language(asked: str = "") -> str:
    """ "zh" or "en": what was asked for, else what the locale says, else Chinese for zh_* and English elsewhere."""
    if asked in {"zh", "en"}:
        return asked
    named = next((os.environ[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(n)), "")
    named = named or (locale.getlocale()[0] or "")
    return "zh" if named.lower().startswith("zh") else "en"
