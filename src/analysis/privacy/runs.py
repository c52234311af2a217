"""Runs of digits in a text, in groups, and whether a part of one stands alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analysis.privacy.spelling import INVISIBLE, LOOKALIKES, MIDDLE_DOTS, plain

SHORTEST = 11  # characters of the shortest number looked for
MIDDLE = MIDDLE_DOTS[0]
_GAP = INVISIBLE[0]
_BETWEEN = rf"[{_GAP}{MIDDLE} .\-]"
_RUN = re.compile(rf"[0-9OolI](?:{_BETWEEN}{{0,8}}+[0-9OolIXx]){{{SHORTEST - 1},}}+")
_PART = re.compile(rf"({_BETWEEN}*)([0-9OolIXx{_GAP}]*[0-9OolIXx])")
_DECIMAL = re.compile(rf"(?<![\d.{_GAP}])\d{{1,{SHORTEST - 1}}}\.\d++(?![\d.{_GAP}])")
_DIGITS = frozenset("0123456789")
_DIGITS_AND_CODE = _DIGITS | {"+", "="}  # what encoded text has beside letters
_LETTERS_BEFORE = re.compile(r"[A-Za-z]+$")
_HEX_BEFORE = re.compile(r"([0-9a-fA-F]+)-$")
_HEX_AFTER = re.compile(r"-([0-9a-fA-F]+)(?![0-9A-Za-z])")


class Group(NamedTuple):
    """Digits with nothing visible between them; `before` is what separates them from the group before."""

    start: int
    end: int
    digits: str  # 0-9, the last may be X
    letters: int  # how many of them were O or l
    before: str  # "" first of its run, " ", "-", "."


def readable(text: str) -> str:
    """The text, as long as it is, with digits as 0-9 and decimal numbers blotted out: they are nobody's."""
    read = plain(text)
    return _DECIMAL.sub(_blank, read) if "." in read else read


def runs(read: str) -> Iterator[list[Group]]:
    """Groups of digits that only single separators part, from a text as `readable` gives it."""
    for run in _RUN.finditer(read):
        yield from _split(read, run.start(), run.end())


def free_left(read: str, start: int) -> bool:
    """Whether nothing before makes it a part of something longer: a decimal number, a digest, an encoded text."""
    if start == 0:
        return True
    last = read[start - 1]
    if last in _DIGITS:
        return False
    if last == ".":
        return start > 1 and read[start - 2].isalpha()
    if not _is_letter(last):
        return True
    word = _LETTERS_BEFORE.search(read, max(0, start - 16), start)
    if word is None or len(word[0]) > 12:
        return False
    edge = read[word.start() - 1 : word.start()]
    return edge not in _DIGITS_AND_CODE and any(letter not in "abcdefABCDEF" for letter in word[0])


def free_right(read: str, end: int, kind: str) -> bool:
    """Whether nothing after it makes it a part of something longer; the .0 of a telephone kept as a float does not."""
    following = read[end : end + 1]
    if following.isascii() and following.isalnum():
        return False
    if following != "." or read[end + 1 : end + 2] not in _DIGITS:
        return True
    decimals = re.match(r"\d+", read[end + 1 : end + 24])
    return kind == "phone" and decimals is not None and set(decimals[0]) == {"0"}


def in_uuid(read: str, start: int, end: int) -> bool:
    """Whether it is tied by a hyphen to four, eight or twelve hexadecimal digits."""
    before = _HEX_BEFORE.search(read, max(0, start - 14), start)
    after = _HEX_AFTER.match(read, end)
    return any(part is not None and len(part[1]) in {4, 8, 12} for part in (before, after))


def few_letters(letters: int, size: int) -> bool:
    """Whether at most two fifths of the digits are letters that only look like them."""
    return letters * 5 <= size * 2


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _blank(decimal: re.Match[str]) -> str:
    return "#" * (decimal.end() - decimal.start())


def _split(read: str, start: int, end: int) -> Iterator[list[Group]]:
    """The groups of a run; wider gaps and mixed punctuation end a list of groups."""
    groups: list[Group] = []
    for part in _PART.finditer(read, start, end):
        separator = part[1].replace(_GAP, "")
        if len(separator) > 1:  # " - " is a hyphen; two spaces part columns, ". " ends a sentence
            separator = "-" if "-" in separator and "." not in separator and MIDDLE not in separator else None
        if separator is None and groups:
            yield groups
            groups = []
        made = _group(read, part.start(2), part.end(2), separator or "" if groups else "")
        if made is not None:
            groups.append(made)
        elif groups:
            yield groups
            groups = []
    if groups:
        yield groups


def _group(read: str, start: int, end: int, before: str) -> Group | None:
    """One group, without letters that belong to a word before it; None where nothing is left."""
    if start and _is_letter(read[start - 1]):
        while start < end and not read[start].isdigit():
            start += 1
    while start < end and read[start] in "Xx" and end - start > 1:
        start += 1
    raw = read[start:end]
    if raw.isdigit():
        return Group(start, end, raw, 0, before)
    raw = raw.replace(_GAP, "")
    if not raw:
        return None
    digits = "".join(LOOKALIKES.get(character, character) for character in raw).upper()
    return Group(start, end, digits, sum(character in LOOKALIKES for character in raw), before)
