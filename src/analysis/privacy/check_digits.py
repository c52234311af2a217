"""Check digits of identity numbers (GB 11643), cards (ISO/IEC 7812) and credit codes (GB 32100), and damage to them."""

from __future__ import annotations

import re

ID_CHARACTERS = "10X98765432"  # GB 11643-1999: check character by weighted sum modulo 11
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# First two digits of the area: GB/T 2260, foreign residents (9x), and 00, which is assigned to nobody and which
# invented numbers therefore carry.
_PROVINCES = "00 11-15 21-23 31-37 41-46 50-54 61-65 71 81-83 90-99"
PROVINCES = frozenset(
    f"{number:02d}"
    for low, _, high in (part.partition("-") for part in _PROVINCES.split())
    for number in range(int(low), int(high or low) + 1)
)
BIRTH_YEARS = range(1890, 2031)  # of anyone in a file of this programme
# Of holders of numbers in the form that ended in 1999; village codes with three more digits would pass as 1900 to 1929
OLD_FORM_YEARS = range(1930, 2000)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SCIENTIFIC = re.compile(r"[1-9](?:\.\d*)?[eE]\+?1[67]")
_WHOLE = re.compile(r"(\d+)\.0+")


def id_check_character(first17: str) -> str:
    """The 18th character of an identity number, from its first 17 digits.

    Raises
    ------
    ValueError : not 17 ASCII digits.
    """
    if len(first17) != 17 or not (first17.isascii() and first17.isdigit()):
        raise ValueError("an identity number has 17 digits before its check character")
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, first17, strict=True))
    return ID_CHARACTERS[total % 11]


def luhn_valid(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return False
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(int(d) if place % 2 == 0 else doubled[int(d)] for place, d in enumerate(reversed(digits)))
    return total % 10 == 0


def credit_check_character(first17: str) -> str:
    """The 18th character of a unified social credit code, from the first 17 (GB 32100-2015).

    Raises
    ------
    ValueError : not 17 characters of the code's alphabet.
    """
    if len(first17) != 17 or any(c not in CREDIT_CHARACTERS for c in first17):
        raise ValueError("17 characters of 0-9 and A-Z without I, O, S, V, Z are needed")
    total = sum(CREDIT_CHARACTERS.index(c) * w for c, w in zip(first17, CREDIT_WEIGHTS, strict=True))
    return CREDIT_CHARACTERS[(31 - total % 31) % 31]


def credit_code_valid(code: str) -> bool:
    """Whether 18 characters are a unified social credit code of an organisation with its right check character."""
    if len(code) != 18 or any(character not in CREDIT_CHARACTERS for character in code):
        return False
    return credit_check_character(code[:17]) == code[17]


def is_date(year: str, month: str, day: str) -> bool:
    """Whether this is a day on which someone now alive may have been born."""
    if int(year) not in BIRTH_YEARS or not 1 <= int(month) <= 12:
        return False
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    return 1 <= int(day) <= (29 if leap and month == "02" else _DAYS[int(month) - 1])


def id_form(text: str) -> bool:
    """Whether 17 or 18 characters have the area and the date of birth of an identity number, whatever their check."""
    head = text[:17]
    return (
        len(text) in {17, 18}
        and head.isascii()
        and head.isdigit()
        and (text[17:] in {"X", ""} or text[17:].isdigit())
        and head[:2] in PROVINCES
        and is_date(head[6:10], head[10:12], head[12:14])
    )


def id_valid(text: str) -> bool:
    """Whether this is a complete identity number: 18 characters with the right check, or 15 digits (old form)."""
    if len(text) == 15:
        return (
            text.isascii()
            and text.isdigit()
            and text[:2] in PROVINCES
            and int("19" + text[6:8]) in OLD_FORM_YEARS
            and is_date("19" + text[6:8], text[8:10], text[10:12])
        )
    return len(text) == 18 and id_form(text) and id_check_character(text[:17]) == text[17]


def damaged_id(text: str) -> str:
    """What happened to something that was an identity number; "" if nothing did or it never was one.

    Returns
    -------
    "rounded" : the last three digits are 000, as a spreadsheet leaves them that keeps 15 digits
    "scientific" : 5.10E+17
    "short" : 17 digits, the check character is missing
    "check" : the check character is wrong
    """
    plain = text.strip().upper()
    if _SCIENTIFIC.fullmatch(plain):
        return "scientific"
    whole = _WHOLE.fullmatch(plain)
    plain = whole[1] if whole else plain
    if not id_form(plain):
        return ""
    if len(plain) == 17:
        return "short"
    # 000 may pass the check by chance, once in eleven; no number that a spreadsheet rounded may become a key
    if plain.endswith("000"):
        return "rounded"
    return "" if id_valid(plain) else "check"
