"""Text without values of persons: in messages, logs, repair logs and tracebacks."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from pathlib import PurePath

from analysis import paths
from analysis.messages import ProjectError, in_language
from analysis.privacy.detect import KINDS, find

TOKENS = {
    "en": dict(zip(KINDS, ("‹id number›", "‹phone›", "‹bank account›"), strict=True)),
    "zh": dict(zip(KINDS, ("‹身份证号›", "‹电话›", "‹银行账号›"), strict=True)),
}
TEXT, NUMBER = "‹text›", "‹number›"
_ALL_TOKENS = sorted({TEXT, NUMBER, *TOKENS["en"].values(), *TOKENS["zh"].values()})
_TOKEN = "|".join(map(re.escape, _ALL_TOKENS))
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,59}")
_PAIRS = ('""', "“”", "‘’", "「」", "『』", "«»", "``")
_QUOTED = re.compile(
    rf"(?P<token>{_TOKEN})|(?<!\w)'(?P<single>.*?)'(?!\w)|"
    + "|".join(f"{pair[0]}[^{pair[1]}]*{pair[1]}" for pair in _PAIRS)
    + r"|(?:(?<!\w)'|[\"“‘「『«`]).*",  # a message cut in the middle of a value
    re.DOTALL,
)
_FOREIGN = re.compile(rf"(?P<token>{_TOKEN})|[^\W\d_a-zA-Z]+(?:·[^\W\d_a-zA-Z]+)*|\d{{7,}}")
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def redact(text: str, language: str = "en") -> str:
    """The text with every identity number, telephone and bank account replaced by what it was; the rest as it is.

    Done again it changes nothing. Names have no form that could be told in a sentence; whoever has a value at hand
    uses `mask`, and messages that others wrote go through `without_values`.
    """
    tokens = TOKENS["zh" if language == "zh" else "en"]
    while found := find(text):  # what stood beside a number that is gone may stand alone now
        parts, end = [], 0
        for one in found:
            parts += [text[end : one.start], tokens[one.kind]]
            end = one.end
        text = "".join(parts) + text[end:]
    return text


def mask(value: object) -> str:
    """What a repair log says instead of a personal value: its length and nothing of it."""
    return f"‹personal: {len(str(value))} chars›"


def without_values(message: str) -> str:
    """A message of a foreign exception with nothing that may be a value of the data.

    Quoted text goes unless it is an ASCII identifier (a column, a type); so do words in any other script, numbers of
    seven digits or more, and all lines but the first, where libraries print rows.
    """
    lines = redact(message).strip().splitlines()
    if not lines:
        return ""
    first = _FOREIGN.sub(_plain_word, _QUOTED.sub(_literal, lines[0]))
    more = len(lines) - 1
    return f"{first} ‹{more} more line{'s' if more > 1 else ''}›" if more else first


def redacted_message(error: BaseException, language: str = "en") -> str:
    """The last line of a traceback: type and message, without values of persons."""
    kind = type(error).__qualname__
    if isinstance(error, ProjectError):  # written here, for people; carries no values but by accident
        return f"{kind}: {redact(in_language(error, language), language)}"
    text = without_values(str(error))
    return f"{kind}: {text}" if text else kind


def redacted_traceback(error: BaseException) -> str:
    """The traceback of an exception and of what caused it: places and code, no values, no folders of this machine."""
    return "\n".join(_lines(error, set()))


class RedactingFilter(logging.Filter):
    """Put on a handler, lets no record pass but redacted: message, arguments, traceback and stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; always True."""
        record.msg, record.args = redact(record.getMessage()), ()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.exc_text = redacted_traceback(error)
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        record.exc_info = None
        record.stack_info = redact(record.stack_info) if record.stack_info else None
        return True


def _literal(found: re.Match[str]) -> str:
    if found["token"]:
        return found[0]
    quote, inner = found[0][0], found[0][1:-1]
    if found["single"] is None and len(found[0]) == 1:
        return found[0]
    if _IDENTIFIER.fullmatch(inner) or inner in _ALL_TOKENS or not inner:
        return found[0]
    closing = next((pair[1] for pair in _PAIRS if pair[0] == quote), "'")
    return f"{quote}{TEXT}{closing}"


def _plain_word(found: re.Match[str]) -> str:
    if found["token"]:
        return found[0]
    return NUMBER if found[0][0].isdigit() else TEXT


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before, how = error.__cause__, _CAUSE
    if before is None and not error.__suppress_context__:
        before, how = error.__context__, _CONTEXT
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield from ("", how, "")
    yield "Traceback (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{_shown(frame.filename)}", line {frame.lineno}, in {frame.name}'
        if frame.line:
            yield f"    {redact(frame.line)}"
    yield redacted_message(error)
    yield from (without_values(str(note)) for note in getattr(error, "__notes__", ()))
    for number, one in enumerate(getattr(error, "exceptions", ()), start=1):
        if isinstance(one, BaseException) and id(one) not in seen:
            yield f"  --- exception {number} of the group ---"
            yield from (f"  {line}" for line in _lines(one, seen))


def _shown(filename: str) -> str:
    """Where code lies, without the folders of this machine."""
    path = PurePath(filename)
    for folder in ("site-packages", "dist-packages"):
        if folder in path.parts:
            return "/".join(path.parts[path.parts.index(folder) + 1 :])
    if path.is_relative_to(paths.project()):
        return path.relative_to(paths.project()).as_posix()
    return redact(path.name)
