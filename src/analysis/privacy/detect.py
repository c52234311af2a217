"""Identity, telephone and account numbers in any text, however they are spelt, and nothing that only looks long.

A candidate is a run of digits with at most short separators. What makes it a number of a person is its check digit,
its date of birth, its length and the way it is grouped, and that it stands alone: a part of a longer number, of the
decimals of a float, of a digest or of base64 is none. `find` neither needs nor knows a list of real areas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analysis.privacy.check_digits import PROVINCES, credit_code_valid, id_valid, is_date, luhn_valid
from analysis.privacy.spelling import INVISIBLE, LOOKALIKES, MIDDLE_DOTS, plain

KINDS = ("id_number", "phone", "bank_account")
ROUND = "0" * 8  # the end of a number that was computed and not issued
_SHORTEST = 11
_LONGEST = 19
_DIGIT = "[0-9OolI]"
_GAP = INVISIBLE[0]
_MIDDLE = MIDDLE_DOTS[0]
_BETWEEN = rf"[{_GAP}{_MIDDLE} .\-]"
_RUN = re.compile(rf"{_DIGIT}(?:{_BETWEEN}{{0,8}}+[0-9OolIXx]){{{_SHORTEST - 1},}}+")
_PART = re.compile(rf"({_BETWEEN}*)([0-9OolIXx{_GAP}]*[0-9OolIXx])")
_DECIMAL = re.compile(rf"(?<![\d.])\d{{1,{_SHORTEST - 1}}}\.\d{{2,}}+(?![\d.])")
_DIGITS = frozenset("0123456789")
_DIGITS_AND_CODE = _DIGITS | {"+", "="}  # what encoded text has beside letters
_NEGATIVE = re.compile(r"(?:^|[^\w])-$")
_HEX_BEFORE = re.compile(r"([0-9a-fA-F]+)-$")
_HEX_AFTER = re.compile(r"-([0-9a-fA-F]+)(?![0-9A-Za-z])")
# Area code in brackets, which are no separators elsewhere
_BRACKETED = re.compile(r"(?<![\w(])\(0(?:10|2\d|[3-9]\d\d)\) ?-?\d{3,4}[ -]?\d{4}(?![\w.-])")
_PHONE = re.compile(r"(?:(?:00)?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:10|2\d|[3-9]\d\d)[2-8]\d{6,7}")
_AREA_CODE = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
_YEARS = re.compile(r"(?:19|20)\d\d")
_LETTERS_BEFORE = re.compile(r"[A-Za-z]+$")

# Lengths of the groups in which people write a mobile number; after a hyphen any split that starts with three goes.
_PHONE_GROUPS = {
    (3, 4, 4), (3, 8), (7, 4), (4, 4, 3), (4, 3, 4), (3, 3, 5), (5, 3, 3), (3, 5, 3), (2, 3, 3, 3), (3, 3, 3, 2),
    (3, 2, 2, 2, 2), (3, 2, 2, 4), (3, 4, 2, 2), (1, 2, 2, 2, 2, 2), (2, 2, 2, 2, 2, 1), (1,) * 11,
}  # fmt: skip
_LANDLINE_GROUPS = {(7,), (8,), (3, 4), (4, 4)} | {(size, more) for size in (7, 8) for more in (1, 2, 3, 4)}
# Where the parts of an identity number end: area 6 (2+2+2), year, month, day, sequence 3, check
_ID_CUTS = {
    18: (
        {2, 4, 6, 10, 12, 14, 17},
        {3, 6, 10, 14, 17},
        {4, 8, 12, 16},
        {3, 6, 9, 12, 15},
        {6, 12},
        {5, 10, 15},
    ),
    15: ({6, 8, 10, 12},),
}


class Finding(NamedTuple):
    """A number of a person: its kind (one of KINDS) and where it starts and ends in the text."""

    kind: str
    start: int
    end: int


class _Group(NamedTuple):
    """Digits with nothing visible between them; `before` is what separates them from the group before."""

    start: int
    end: int
    digits: str  # 0-9, the last may be X
    letters: int  # how many of them were O or l
    before: str  # "" first of its run, " ", "-", "."


def find(text: str) -> list[Finding]:
    """Every identity number, telephone number and bank account in the text, in order, without overlap.

    id_number : 18 characters with date of birth and check character, 15 digits with date of birth
    phone : mobile numbers of eleven digits, with or without 86; land lines with their area code
    bank_account : 16 to 19 digits that pass the check of cards (Luhn)

    Digits may be full-width, Chinese, circled, O or l among digits, split by single spaces, hyphens, dots or
    characters without width. Line breaks and columns split by several spaces separate numbers.
    """
    if len(text) < _SHORTEST:
        return []
    read = plain(text)
    if "." in read:
        read = _DECIMAL.sub(_blank, read)
    found: list[Finding] = []
    for run in _RUN.finditer(read):
        for groups in _split(read, run.start(), run.end()):
            found += _in_groups(read, groups)
    if "(0" in read:
        found += [Finding("phone", *match.span()) for match in _BRACKETED.finditer(read)]
        found.sort(key=lambda one: one.start)
    return found


def holds(text: str) -> bool:
    """Whether there is such a number in the text."""
    return bool(find(text))


def _blank(decimal: re.Match[str]) -> str:
    return "#" * (decimal.end() - decimal.start())


def _split(read: str, start: int, end: int) -> Iterator[list[_Group]]:
    """The groups of a run; wider gaps and mixed punctuation end a list of groups."""
    groups: list[_Group] = []
    for part in _PART.finditer(read, start, end):
        separator = part[1].replace(_GAP, "")
        if len(separator) > 1:  # " - " is a hyphen; two spaces part columns, ". " ends a sentence
            separator = (
                "-" if "-" in separator and "." not in separator and _MIDDLE not in separator else None
            )
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


def _group(read: str, start: int, end: int, before: str) -> _Group | None:
    """One group, without letters that belong to a word before it; None where nothing is left."""
    if start and _is_letter(read[start - 1]):
        while start < end and not read[start].isdigit():
            start += 1
    while start < end and read[start] in "Xx" and end - start > 1:
        start += 1
    raw = read[start:end]
    if raw.isdigit():
        return _Group(start, end, raw, 0, before)
    raw = raw.replace(_GAP, "")
    if not raw:
        return None
    digits = "".join(LOOKALIKES.get(character, character) for character in raw).upper()
    return _Group(start, end, digits, sum(character in LOOKALIKES for character in raw), before)


def _in_groups(read: str, groups: list[_Group]) -> list[Finding]:
    """What the groups hold: first whole groups, then numbers made of several of them."""
    taken = [False] * len(groups)
    found: list[Finding] = []
    for place, group in enumerate(groups):
        kind = _whole(read, groups, place) if len(group.digits) >= _SHORTEST else ""
        if kind:
            start = groups[place - 1].start if _is_prefix(groups, place) else group.start
            found.append(Finding(kind, start, group.end))
            taken[place] = True
            taken[place - 1] |= _is_prefix(groups, place)
    if len(groups) > 1:
        found += _joined(read, groups, taken)
    return sorted(found, key=lambda one: one.start)


def _whole(read: str, groups: list[_Group], place: int) -> str:
    """The kind of a group that is a number by itself."""
    group = groups[place]
    if len(group.digits) > _LONGEST or not _few_letters(group.letters, len(group.digits)):
        return ""
    if group.before == "." or not _free_left(read, group.start):
        return ""
    kind = _kind(group.digits)
    if kind == "bank_account" and _NEGATIVE.search(read, max(0, group.start - 2), group.start):
        return ""
    if not kind and _is_landline(group.digits) and not _in_uuid(read, group.start, group.end):
        kind = "phone"
    return kind if kind and _free_right(read, group.end, kind) else ""


def _joined(read: str, groups: list[_Group], taken: list[bool]) -> list[Finding]:
    """Numbers made of several groups that nobody else has.

    A row of printed numbers is full of groups that would do; so whatever stands to the left and to the right in the
    same run must be something else, or one more such number.
    """
    chains: list[tuple[int, int, str]] = []
    ended = -1
    for place in range(len(groups) - 1):
        if place <= ended:
            continue
        if place not in {0, ended + 1} and not _apart_left(groups, place, taken):
            continue
        last, kind = _longest_from(groups, taken, place)
        if kind:
            chains.append((place, last, kind))
            ended = last
    found: list[Finding] = []
    begun = len(groups)
    for first, last, kind in reversed(chains):
        start, end = groups[first].start, groups[last].end
        if last + 1 not in {begun, len(groups)} and not _apart_right(groups, last, taken):
            continue
        if _free_left(read, start) and _free_right(read, end, "") and not _in_uuid(read, start, end):
            found.append(Finding(kind, start, end))
            begun = first
    return found


def _longest_from(groups: list[_Group], taken: list[bool], first: int) -> tuple[int, str]:
    """Last group and kind of the longest number that starts with this group."""
    best = (first, "")
    digits, letters, separators = "", 0, set[str]()
    sizes: list[int] = []
    for place in range(first, len(groups)):
        group = groups[place]
        if taken[place] or len(digits) + len(group.digits) > _LONGEST + 4 or "X" in digits:
            break
        digits, letters = digits + group.digits, letters + group.letters
        sizes.append(len(group.digits))
        if place > first:
            separators.add(group.before)
        if "." in separators and len(separators) > 1:
            break
        enough = 2 if separators == {"."} else 1  # one dot makes a decimal number, two make none
        if place - first >= enough and _few_letters(letters, len(digits)):
            kind = _kind_of_groups(digits, tuple(sizes), separators)
            best = (place, kind) if kind else best
    return best


def _kind_of_groups(digits: str, sizes: tuple[int, ...], separators: set[str]) -> str:
    if sizes[0] in {2, 4} and digits.startswith(("86", "0086")) and len(sizes) > 2:
        country = 2 if digits.startswith("86") else 4
        if sizes[0] == country and _kind_of_groups(digits[country:], sizes[1:], separators) == "phone":
            return "phone"
    if len(digits) in _ID_CUTS and id_valid(digits) and _id_groups(sizes):
        return "id_number"
    hyphens = separators == {"-"}
    if len(digits) == 11 and _PHONE.fullmatch(digits):
        years = sizes == (3, 4, 4) and _YEARS.fullmatch(digits[3:7]) and _YEARS.fullmatch(digits[7:])
        free = hyphens and sizes[0] == 3 and max(sizes) <= 8
        day = sizes == (3, 4, 2, 2) and is_date(digits[3:7], digits[7:9], digits[9:])
        return "phone" if (sizes in _PHONE_GROUPS or free) and not years and not day else ""
    if digits[0] == "0" and _AREA_CODE.fullmatch(digits[: sizes[0]]) and sizes[1:] in _LANDLINE_GROUPS:
        return "phone" if hyphens or _is_landline(digits) else ""
    if (
        16 <= len(digits) <= _LONGEST
        and (hyphens or digits.startswith(("62", "0000")))
        and _is_account(digits)
    ):
        fours = set(sizes[:4]) == {4} and len(sizes) <= 5 and (len(sizes) == 4 or sizes[4] < 4)
        known = digits.startswith("62") and sizes in {(6, 10), (6, 13), (8, 8)}
        return "bank_account" if fours or known or max(sizes) == 1 else ""
    return ""


def _id_groups(sizes: tuple[int, ...]) -> bool:
    """Whether the groups end where people end them, or all are as long as one another."""
    ends, total = set(), 0
    for size in sizes[:-1]:
        total += size
        ends.add(total)
    equal = len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0] <= 3
    return equal or any(ends <= cuts for cuts in _ID_CUTS[sum(sizes)])


def _kind(digits: str) -> str:
    """The kind of a number written in one piece."""
    if len(digits) in {15, 18} and id_valid(digits):
        return "" if digits[0] == "9" and credit_code_valid(digits) else "id_number"
    if "X" in digits:
        return ""
    if _PHONE.fullmatch(digits):
        return "phone"
    return "bank_account" if 16 <= len(digits) <= _LONGEST and _is_account(digits) else ""


def _is_account(digits: str) -> bool:
    """Whether 16 to 19 digits are a card's, and not a time, a household's or plot's code, a credit code."""
    if digits[0] == "1" or digits.endswith(ROUND) or len(set(digits)) == 1 or not luhn_valid(digits):
        return (
            False  # no card starts with 1 or is a round number; points in time in micro- and nanoseconds are
        )
    if digits[:2] == "20" and is_date(digits[:4], digits[4:6], digits[6:8]):
        return False
    # Households and plots are numbered within the 12 digits of their village: area, township (0xx to 2xx), village.
    # Cards of the national network start with 62, which is also an area.
    if (
        digits[:2] in PROVINCES - {"00", "62"}
        and digits[0] != "9"
        and digits[6] in "012"
        and digits[9] in "0234"
    ):
        return False
    return not (digits[0] in "59" and digits[1] in "123" and credit_code_valid(digits))


def _is_landline(digits: str) -> bool:
    return digits[0] == "0" and digits.isdigit() and _LANDLINE.fullmatch(digits[1:]) is not None


def _is_prefix(groups: list[_Group], place: int) -> bool:
    """Whether the group before is the country's code, as in +86 1..."""
    return (
        place > 0
        and groups[place - 1].digits in {"86", "0086"}
        and len(groups[place].digits) == _SHORTEST
        and groups[place].before in {" ", "-"}
    )


def _few_letters(letters: int, size: int) -> bool:
    return letters * 5 <= size * 2


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _free_left(read: str, start: int) -> bool:
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


def _free_right(read: str, end: int, kind: str) -> bool:
    """Whether nothing after it makes it a part of something longer; the .0 of a telephone kept as a float does not."""
    following = read[end : end + 1]
    if following.isascii() and following.isalnum():
        return False
    if following != "." or read[end + 1 : end + 2] not in _DIGITS:
        return True
    decimals = re.match(r"\d+", read[end + 1 : end + 24])
    return kind == "phone" and decimals is not None and set(decimals[0]) == {"0"}


def _in_uuid(read: str, start: int, end: int) -> bool:
    """Whether it is tied by a hyphen to four, eight or twelve hexadecimal digits."""
    before = _HEX_BEFORE.search(read, max(0, start - 14), start)
    after = _HEX_AFTER.match(read, end)
    return any(part is not None and len(part[1]) in {4, 8, 12} for part in (before, after))


def _apart_left(groups: list[_Group], first: int, taken: list[bool]) -> bool:
    """Whether the group to the left of `first` is something else and not one more number of a printed row."""
    far = groups[first - 1].before
    return _apart(groups[first + 1].before, groups[first].before, far, groups[first - 1], taken[first - 1])


def _apart_right(groups: list[_Group], last: int, taken: list[bool]) -> bool:
    """The same to the right of `last`."""
    far = groups[last + 2].before if last + 2 < len(groups) else ""
    return _apart(groups[last].before, groups[last + 1].before, far, groups[last + 1], taken[last + 1])


def _apart(inner: str, outer: str, far: str, neighbour: _Group, taken: bool) -> bool:
    if taken or len(neighbour.digits) >= _SHORTEST or outer == _MIDDLE != inner:
        return True
    if inner != " " and outer not in {inner, "."}:
        return True
    return outer == " " and far == "-"  # the end or the start of a date
