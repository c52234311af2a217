"""Which columns of a table hold data about persons, by their heading or by what stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analysis.privacy.check_digits import (
    BIRTH_YEARS,
    ID_CHARACTERS,
    ID_WEIGHTS,
    PROVINCES,
    damaged_id,
    id_check_character,
    luhn_valid,
)
from analysis.privacy.detect import KINDS, ROUND, find
from analysis.privacy.headings import personal_heading
from analysis.privacy.names import SHARE, share_of_names
from analysis.privacy.spelling import DIGITS, DOTS, HYPHENS, INVISIBLE, MIDDLE_DOTS, SPACES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "Personal", "damaged_id", "id_check_character", "kinds_of_values", "luhn_valid", "personal_column",
    "personal_heading",
]  # fmt: skip

# Above this share of its values a column without a telling heading is one of these numbers; below it the numbers stand
# in a text (a remark with a telephone in it).
COLUMN = 0.5
_FLAG_OR_COUNT = r"^(?:[是否有无√×✓YNyn]|[Yy]es|[Nn]o|[Tt]rue|[Ff]alse|-?\d+(?:\.\d+)?)$"
_THING = r"(?:村|社区|居|镇|乡|街道|县|委员会|村委会|居委会|合作社|联合社|公司|厂|基地)$"
# Spellings common enough to be whole columns
_MOBILE = r"^(?:\+?86[ -]?)?1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}$"
_DECIMAL = r"^-?[0-9]{1,10}\.[0-9]+(?:[eE][-+]?[0-9]+)?$"
_ADDRESS = r"(?:村|镇|乡|街道|路|街|巷|小区|社区|县).{0,12}?[\d一二三四五六七八九十]+(?:号|组|户|单元|栋|室)"
_DIGIT = "[0-9OolI" + "".join(map(chr, DIGITS)) + "]"
_BETWEEN = (
    "["
    + "".join(rf"\x{{{ord(c):x}}}" for c in INVISIBLE + SPACES + HYPHENS + DOTS + MIDDLE_DOTS + "()（）")
    + "]"
)
_LONG = rf"{_DIGIT}(?:{_BETWEEN}{{0,8}}{_DIGIT}){{9}}{_BETWEEN}{{0,8}}[0-9OolIXxＸｘХх×{''.join(map(chr, DIGITS))}]"


class Personal(NamedTuple):
    """What a column holds: kind ("" nothing personal; with "?" a suspicion to be asked about) and share of its values.

    share : of the values that are not empty, those in which the kind was found; of a kind that has no pattern
    (names, addresses, ...) and is known by its heading, 1.0.
    """

    kind: str
    share: float


def personal_column(heading: str, values: pd.Series) -> Personal:
    """Kind and share of personal data in a column; every value is looked at.

    heading : as it stands in the file, "" where there is none
    values : (n,) of any dtype

    A kind ends in "?" where only the form of the values speaks for it (name?, address?) or where numbers of persons
    stand in fewer than half of the values (phone?): not to be dropped or kept silently, but asked about.
    """
    text = texts(values)
    text = text[(text != "").to_numpy()]
    kind = personal_heading(heading)
    if kind and not len(text):
        return Personal(kind, 0.0)
    if kind == "name" and any(text.str.contains(form).mean() > SHARE for form in (_FLAG_OR_COUNT, _THING)):
        kind = ""  # whether there is one, how many, or the names of something else
    found = kinds_of_values(text)
    if kind in KINDS:
        hits = found == kind
        if kind == "id_number":
            hits |= (found == "") & _damaged(text)
        return Personal(kind, float(hits.mean()))
    if kind:
        return Personal(kind, 1.0)
    return _by_values(text, found)


def kinds_of_values(values: pd.Series) -> np.ndarray:
    """(n,) kind found in each value, "" for none; of several in one value the first.

    Values written plainly are judged by arithmetic on whole columns (a million in about a second), only unusual
    spellings one by one.
    """
    import numpy as np
    import pandas as pd

    text = values if values.dtype == "str" else texts(values)
    result = np.full(len(text), "", dtype=object)
    long = text.str.contains(_LONG, regex=True).fillna(False).to_numpy(bool)
    if not long.any():
        return result
    codes, distinct = pd.factorize(text[long])
    kinds, left = _plain(distinct)
    for place in np.flatnonzero(left):
        first = next(iter(find(distinct[place])), None)
        kinds[place] = first.kind if first is not None else ""
    result[long] = kinds[codes]
    return result


def _by_values(text: pd.Series, found: np.ndarray) -> Personal:
    if not len(text):
        return Personal("", 0.0)
    shares = {kind: float((found == kind).mean()) for kind in KINDS}
    most = max(shares, key=lambda kind: shares[kind])
    if shares[most] >= COLUMN:
        return Personal(most, shares[most])
    if shares[most] > 0:
        return Personal(f"{most}?", shares[most])
    names = share_of_names(text)
    if names > SHARE:
        return Personal("name?", names)
    addresses = float(text.str.contains(_ADDRESS, regex=True).mean())
    return Personal("address?", addresses) if addresses > SHARE else Personal("", 0.0)


def texts(values: pd.Series) -> pd.Series:
    """(n,) the values as stripped text, "" where missing, whole floats without their point; times are no text."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        text = pd.Series("", index=values.index, dtype="str")
    elif pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) < 2.0**63)
        text = pd.Series(np.where(whole, 0, 1).astype(str), index=values.index, dtype="str")
        text[whole] = numbers[whole].astype(np.int64).astype(str)
        text[np.isnan(numbers)] = ""
    else:
        text = values.astype("str").fillna("").str.strip()
    return text


def _plain(distinct: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Kinds of values that are nothing but ASCII digits (and a last X), and which values have to be read one by one."""
    import numpy as np
    import pandas as pd

    text = pd.Series(distinct, dtype="str").str.upper()
    kinds = np.full(len(text), "", dtype=object)
    left = ~text.str.contains(rf"^[0-9]+X?$|{_DECIMAL}", regex=True).to_numpy(bool)
    mobile = left & text.str.contains(_MOBILE, regex=True).to_numpy(bool)
    kinds[mobile], left[mobile] = "phone", False
    digits = text.str.contains(r"^[0-9]+X?$", regex=True).to_numpy(bool)
    sizes = text.str.len().to_numpy()
    for size in range(11, 20):
        rows = np.flatnonzero(digits & (sizes == size))
        if not len(rows):
            continue
        characters = text.iloc[rows].to_numpy(dtype=f"S{size}").view(np.uint8).reshape(-1, size)
        first = characters[:, 0] - ord("0")
        if size == 11:
            mobile = (first == 1) & (characters[:, 1] >= ord("3"))
            kinds[rows[mobile]] = "phone"
            left[rows] = first == 0
        elif size < 16:  # a land line; 86 or 0086 and a mobile number; an identity number of the old form
            month = characters[:, 8] <= ord("1")
            left[rows] = {12: first == 0, 13: first == 8, 15: month | (first == 0)}.get(size, False)
        else:
            identity = _identity(characters) if size == 18 else np.zeros(len(rows), dtype=bool)
            left[rows] = identity | _luhn(characters)
            sure = identity & (first != 9)  # with 9 it may be the code of a cooperative
            # Only the beginning of a card of the national network cannot be that of a stamp, an area or a credit code
            card = left[rows] & ~identity & (first == 6) & (characters[:, 1] == ord("2"))
            card &= (characters[:, -len(ROUND) :] != ord("0")).any(axis=1)
            kinds[rows[sure]] = "id_number"
            kinds[rows[card]] = "bank_account"
            left[rows[sure | card]] = False
    return kinds, left


def _identity(characters: np.ndarray) -> np.ndarray:
    """(n,) whether 18 characters have area, date of birth and check character of an identity number."""
    import numpy as np

    digits = characters[:, :17].astype(np.int64) - ord("0")
    checks = np.frombuffer(ID_CHARACTERS.encode(), dtype=np.uint8)
    right = checks[(digits @ np.array(ID_WEIGHTS)) % 11] == characters[:, 17]
    provinces = np.array([f"{number:02d}" in PROVINCES for number in range(100)])
    area = provinces[digits[:, 0] * 10 + digits[:, 1]]
    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month, day = digits[:, 10:12] @ np.array([10, 1]), digits[:, 12:14] @ np.array([10, 1])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.clip(month, 0, 12)]
    days = days + (leap & (month == 2))
    born = (year >= BIRTH_YEARS.start) & (year < BIRTH_YEARS.stop) & (month >= 1) & (month <= 12)
    return right & area & born & (day >= 1) & (day <= days)


def _luhn(characters: np.ndarray) -> np.ndarray:
    """(n,) whether the last digit is the check digit of the others."""
    import numpy as np

    digits = characters[:, ::-1].astype(np.int64) - ord("0")
    doubled = digits[:, 1::2] * 2
    total = digits[:, 0::2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return (total % 10 == 0) & (digits <= 9).all(axis=1)


def _damaged(text: pd.Series) -> np.ndarray:
    """(n,) whether a value was an identity number before something happened to it."""
    import numpy as np

    worth = text.str.contains(r"^[0-9]{17}[0-9Xx]?(?:\.0+)?$|^[1-9](?:\.[0-9]*)?[eE]\+?1[67]$", regex=True)
    return np.array(
        [one and damaged_id(value) != "" for one, value in zip(worth, text, strict=True)], dtype=bool
    )
