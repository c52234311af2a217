"""Strings, keys and comments of TOML, safe whatever the heading holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LONGEST_COMMENT = 60  # characters of a heading or label in a comment


def quoted(text: str) -> str:
    """A TOML basic string. Lone surrogates, which no TOML file can hold, become U+FFFD."""
    made = []
    for sign in text:
        if sign in '"\\':
            made.append("\\" + sign)
        elif "\ud800" <= sign <= "\udfff":
            made.append("\ufffd")
        elif _UNPRINTED.match(sign):
            made.append(f"\\u{ord(sign):04X}")
        else:
            made.append(sign)
    return f'"{"".join(made)}"'


def listed(texts: Sequence[str]) -> str:
    """One text as a string, several as a list."""
    return quoted(texts[0]) if len(texts) == 1 else array(texts)


def array(texts: Sequence[str]) -> str:
    """A list of strings on one line."""
    return f"[{', '.join(map(quoted, texts))}]"


def inline(entries: Mapping[str, str]) -> str:
    """An inline table; values are TOML already."""
    return "{ " + ", ".join(f"{key_of(name)} = {value}" for name, value in entries.items()) + " }"


def key_of(name: str) -> str:
    """A key, quoted where it needs to be."""
    return name if _BARE.fullmatch(name) else quoted(name)


def comment(*parts: str) -> str:
    """A comment of the parts that are not empty; what would end it or upset a terminal is left out."""
    text = " · ".join(part for part in parts if part)
    return f"# {_UNPRINTED.sub(' ', text)}"


def short(text: str) -> str:
    """A heading or label as shown in a comment."""
    return text if len(text) <= LONGEST_COMMENT else f"{text[:LONGEST_COMMENT]}…"
