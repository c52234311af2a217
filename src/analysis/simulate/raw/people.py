"""Personal values that nobody can have: what rosters hold and no clean table may.

Area 000000 of identity numbers and prefix 120 of telephone numbers are assigned to nobody; 虚 (void) is no surname.
"""

from __future__ import annotations

import numpy as np

from analysis.privacy.check_digits import id_check_character

_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
NOTE = "填表人：虚甲子　　联系电话：12000000000"


def name(rng: np.random.Generator) -> str:
    """A name of three characters."""
    return f"虚{_STEMS[int(rng.integers(10))]}{_BRANCHES[int(rng.integers(12))]}"


def phone(rng: np.random.Generator) -> str:
    """Eleven digits."""
    return f"120{int(rng.integers(10**8)):08d}"


def identity_number(rng: np.random.Generator) -> str:
    """Eighteen characters with a right check character, none of whose last three digits are all 0."""
    year, month, day = int(rng.integers(1945, 1999)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    first = f"000000{year}{month:02d}{day:02d}{int(rng.integers(1, 1000)):03d}"
    made = first + id_check_character(first)
    return made if not made.endswith("000") else identity_number(rng)


def damaged(number: str) -> str:
    """What a spreadsheet of 15 digits leaves of an identity number."""
    return f"{number[:15]}000"


def address(township: str, village: str, rng: np.random.Generator) -> str:
    """Group and number in a village."""
    return f"{township}{village}{int(rng.integers(1, 9))}组{int(rng.integers(1, 200))}号"
