"""Identity, telephone and account numbers in any text, however they are spelt, and nothing that only looks long.

A candidate is a run of digits with at most short separators. What makes it a number of a person is its check digit,
its date of birth, its length and the way it is grouped, and that it stands alone: a part of a longer number, of the
decimals of a float, of a digest or of base64 is none. `find` neither needs nor knows a list of real areas.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from analysis.privacy.check_digits import PROVINCES, credit_code_valid, id_valid, is_date, luhn_valid
from analysis.privacy.runs import (
    MIDDLE,
    SHORTEST,
    Group,
    few_letters,
    free_left,
    free_right,
    in_uuid,
    readable,
    runs,
)

KINDS = ("id_number", "phone", "bank_account")
ROUND = "0" * 8  # the end of a number that was computed and not issued
_LONGEST = 19
_AROUND = 16  # characters in which a word before a number is looked for
_LABEL = re.compile(
    r"(?:电话|手机|联系方式|号码|证号|卡号|账号|帐号|账户|微信|(?i:\b(?:tel|phone|mobile|account|card)))[^\dA-Za-z]{0,4}$"
)
_NEGATIVE = re.compile(r"(?:^|[^\w])-$")
# Area code in brackets, which are no separators elsewhere
_BRACKETED = re.compile(r"(?<![\w(])\(0(?:10|2\d|[3-9]\d\d)\) ?-?\d{3,4}[ -]?\d{4}(?![\w.-])")
_PHONE = re.compile(r"(?:(?:00)?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:10|2\d|[3-9]\d\d)[2-8]\d{6,7}")
_AREA_CODE = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
_YEARS = re.compile(r"(?:19|20)\d\d")

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


def find(text: str) -> list[Finding]:
    """Every identity number, telephone number and bank account in the text, in order, without overlap.

    id_number : 18 characters with date of birth and check character, 15 digits with date of birth
    phone : mobile numbers of eleven digits, with or without 86; land lines with their area code
    bank_account : 16 to 19 digits that pass the check of cards (Luhn)

    Digits may be full-width, Chinese, circled, O or l among digits, split by single spaces, hyphens, dots or
    characters without width. Line breaks and columns split by several spaces separate numbers.
    """
    if len(text) < SHORTEST:
        return []
    read = readable(text)
    found: list[Finding] = []
    for groups in runs(read):
        found += _in_groups(read, groups)
    if "(0" in read:
        found += [Finding("phone", *match.span()) for match in _BRACKETED.finditer(read)]
        found.sort(key=lambda one: one.start)
    return found


def holds(text: str) -> bool:
    """Whether there is such a number in the text."""
    return bool(find(text))


def _in_groups(read: str, groups: list[Group]) -> list[Finding]:
    """What the groups hold: one number made of all, else whole groups, else numbers made of several of them."""
    loose = _loose(read, groups) if len(groups) > 1 else []
    if loose:
        return loose
    taken = [False] * len(groups)
    found: list[Finding] = []
    for place, group in enumerate(groups):
        kind = _whole(read, groups, place) if len(group.digits) >= SHORTEST else ""
        if kind:
            start = groups[place - 1].start if _is_prefix(groups, place) else group.start
            found.append(Finding(kind, start, group.end))
            taken[place] = True
            taken[place - 1] |= _is_prefix(groups, place)
    if len(groups) > 1:
        found += _joined(read, groups, taken)
    return sorted(found, key=lambda one: one.start)


def _whole(read: str, groups: list[Group], place: int) -> str:
    """The kind of a group that is a number by itself."""
    group = groups[place]
    if len(group.digits) > _LONGEST or not few_letters(group.letters, len(group.digits)):
        return ""
    if group.before == "." or not free_left(read, group.start):
        return ""
    kind = _kind(group.digits)
    if kind == "bank_account" and _NEGATIVE.search(read, max(0, group.start - 2), group.start):
        return ""
    if not kind and _is_landline(group.digits) and not in_uuid(read, group.start, group.end):
        kind = "phone"
    return kind if kind and free_right(read, group.end, kind) else ""


def _joined(read: str, groups: list[Group], taken: list[bool]) -> list[Finding]:
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
        if free_left(read, start) and free_right(read, end, "") and not in_uuid(read, start, end):
            found.append(Finding(kind, start, end))
            begun = first
    return found


def _loose(read: str, groups: list[Group]) -> list[Finding]:
    """One number made of all the groups, however they are cut, where nothing else speaks for a row of numbers.

    That is: its check character and date of birth, hyphens, a word such as 电话 before it, or that the text is it.
    """
    if len(groups) > _LONGEST:
        return []
    digits = "".join(group.digits for group in groups)
    separators = {group.before for group in groups[1:]}
    if not SHORTEST <= len(digits) <= _LONGEST or "X" in digits[:-1] or "." in separators:
        return []
    start, end = groups[0].start, groups[-1].end
    alone = start < _AROUND and len(read) - end < _AROUND and not (read[:start] + read[end:]).strip(" \"'")
    told = alone or _LABEL.search(read, max(0, start - _AROUND), start) is not None
    hyphens = separators == {"-"} and not _YEARS.fullmatch(groups[0].digits)
    kind = ""
    if len(digits) in {15, 18} and id_valid(digits):
        kind = "id_number" if told or (len(digits) == 18 and len(groups) <= 6) else ""
    elif _PHONE.fullmatch(digits):
        kind = "phone" if told or hyphens else ""
    elif len(digits) >= 16 and _is_account(digits):
        kind = "bank_account" if told or (hyphens and digits.startswith("62")) else ""
    letters = sum(group.letters for group in groups)
    if not kind or not few_letters(letters, len(digits)) or in_uuid(read, start, end):
        return []
    return [Finding(kind, start, end)] if free_left(read, start) and free_right(read, end, "") else []


def _longest_from(groups: list[Group], taken: list[bool], first: int) -> tuple[int, str]:
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
        if place - first >= enough and few_letters(letters, len(digits)):
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


def _is_prefix(groups: list[Group], place: int) -> bool:
    """Whether the group before is the country's code, as in +86 1..."""
    return (
        place > 0
        and groups[place - 1].digits in {"86", "0086"}
        and len(groups[place].digits) == SHORTEST
        and groups[place].before in {" ", "-"}
    )


def _apart_left(groups: list[Group], first: int, taken: list[bool]) -> bool:
    """Whether the group to the left of `first` is something else and not one more number of a printed row."""
    far = groups[first - 1].before
    return _apart(groups[first + 1].before, groups[first].before, far, groups[first - 1], taken[first - 1])


def _apart_right(groups: list[Group], last: int, taken: list[bool]) -> bool:
    """The same to the right of `last`."""
    far = groups[last + 2].before if last + 2 < len(groups) else ""
    return _apart(groups[last].before, groups[last + 1].before, far, groups[last + 1], taken[last + 1])


def _apart(inner: str, outer: str, far: str, neighbour: Group, taken: bool) -> bool:
    if taken or len(neighbour.digits) >= SHORTEST or outer == MIDDLE != inner:
        return True
    if inner != " " and outer not in {inner, "."}:
        return True
    return outer == " " and far == "-"  # the end or the start of a date
