"""One cell as a code, a text, one or several of a list's answers, or yes or no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from analysis.intake.cells import spelling
from analysis.intake.cells.cell import Cell
from analysis.intake.cells.numbers import CLEAN, exact_value, is_coded
from analysis.messages import Message
from analysis.privacy.check_digits import CREDIT_CHARACTERS, credit_check_character

A_CODE = Message("a code", "代码")
A_CREDIT_CODE = Message("a unified social credit code", "统一社会信用代码")
AN_ANSWER = Message("one of the answers", "所列选项")
YES_OR_NO = Message("yes or no", "是或否")
_NONE: frozenset[str] = frozenset()
_NO_CODES: Mapping[str, str] = {}

EXACT = 10**15  # spreadsheets keep 15 digits
_SCIENTIFIC = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+")
_OF_FLOAT = re.compile(r"([0-9]+)\.0+")
_CREDIT = re.compile(rf"[{CREDIT_CHARACTERS}]{{2}}[0-9]{{6}}[{CREDIT_CHARACTERS}]{{10}}")
_SPLIT = re.compile(r"[;,、/|+\s]+|和|及")
_YES = frozenset(["是", "有", "对", "y", "yes", "true", "t", "1", "√", "✓", "✔", "☑", "已"])  # fmt: skip
_NO = frozenset(["否", "无", "没有", "不是", "错", "n", "no", "false", "f", "0", "×", "✗", "✘", "☒", "未"])  # fmt: skip
LISTED = 8  # answers that a message lists


def read_code(raw: object, *, width: int = 0, missing_codes: frozenset[str] = _NONE) -> Cell:
    """A code as text, 371328001001.0 as "371328001001".

    width : number of digits it must have, 0 = any text. Lost leading zeros are a problem, and so is a number of
    more than 15 digits, of which a spreadsheet has forgotten the last.
    """
    start = _begun(raw, missing_codes)
    if isinstance(start, Cell):
        return start
    text, wide = start
    rules = ["full_width"] if wide else []
    if not isinstance(raw, str):
        number = exact_value(raw)
        if number is None or number < 0 or number.denominator != 1:
            return Cell(None, problem=spelling.unreadable(raw, A_CODE))
        if isinstance(raw, (float, np.floating)) and number >= EXACT:
            return Cell(None, problem=_digits_lost())
        text = str(int(number)) if number < 10**40 else ""
    elif _SCIENTIFIC.fullmatch(text):
        return Cell(None, problem=_digits_lost())
    else:
        mended = text.removeprefix("'").strip()
        if re.fullmatch(r"[0-9 ]+|[0-9]{1,3}(?:,[0-9]{3})+", mended):
            mended = mended.replace(" ", "").replace(",", "")
        if whole := _OF_FLOAT.fullmatch(mended):
            if int(whole[1]) >= EXACT:
                return Cell(None, problem=_digits_lost())
            mended = whole[1]
        rules += ["separators"] if mended != text else []
        text = mended
    if not text or any(c.isspace() or not c.isprintable() for c in text) or spelling.is_error(text):
        return Cell(None, problem=spelling.unreadable(raw, A_CODE))
    if width and not re.fullmatch(rf"[0-9]{{{width}}}", text):
        return Cell(None, problem=_wrong_width(text, width))
    return Cell(text, tuple(rules))


def _begun(raw: object, missing_codes: frozenset[str]) -> Cell | tuple[str, bool]:
    """What is settled before a cell's kind matters: empty, missing, no value; else half-width text and whether it
    had been full-width."""
    if spelling.is_empty(raw):
        return Cell(None)
    wide = isinstance(raw, str) and spelling.is_wide(raw)
    if is_coded(raw, missing_codes):
        return Cell(None, ("full_width", "missing_code") if wide else ("missing_code",))
    if not isinstance(raw, str):
        return "", False
    text = spelling.half_width(spelling.trimmed(raw)).strip()
    if spelling.absence(text):
        return Cell(None, ("not_a_value",))
    return text, wide


def _digits_lost() -> Message:
    return Message(
        "a code stored as a number of more than 15 digits; the spreadsheet has lost its last digits",
        "代码按数值存放且超过15位，末位数字已丢失",
    )


def _wrong_width(text: str, width: int) -> Message:
    if text.isdigit() and len(text) < width:
        return Message(
            f"{len(text)} digits where {width} are needed; leading zeros may have been lost",
            f"应为 {width} 位数字，只有 {len(text)} 位；可能丢失了前面的0",
        )
    return Message(
        f"'{spelling.shown(text)}' does not have {width} digits",
        f"“{spelling.shown(text)}”不是 {width} 位数字",
    )


def read_credit_code(raw: object, *, missing_codes: frozenset[str] = _NONE) -> Cell:
    """A unified social credit code of 18 characters: upper case, O as 0, I as 1; a problem if its check fails."""
    start = _begun(raw, missing_codes)
    if isinstance(start, Cell):
        return start
    text, wide = start
    if not isinstance(raw, str):
        lost = isinstance(raw, (float, np.floating)) and abs(raw) >= EXACT
        return Cell(None, problem=_digits_lost() if lost else spelling.unreadable(raw, A_CREDIT_CODE))
    if _SCIENTIFIC.fullmatch(text):
        return Cell(None, problem=_digits_lost())
    code = re.sub(r"[\s-]+", "", text.removeprefix("'")).upper().replace("O", "0").replace("I", "1")
    if len(code) != 18:
        return Cell(
            None,
            problem=Message(
                f"a credit code has 18 characters, this has {len(code)}",
                f"统一社会信用代码应为18位，此处为 {len(code)} 位",
            ),
        )
    if not _CREDIT.fullmatch(code) or credit_check_character(code[:17]) != code[17]:
        return Cell(
            None,
            problem=Message(
                "the check character of the credit code does not fit", "统一社会信用代码校验位不符"
            ),
        )
    rules = (["full_width"] if wide else []) + (["credit_code"] if code != text else [])
    return Cell(code, tuple(rules))


def read_text(raw: object) -> Cell:
    """A text without spaces around it, spaces inside as one; full-width characters stay. Empty text is None."""
    if spelling.is_empty(raw):
        return Cell(None)
    if isinstance(raw, str):
        return Cell(" ".join(spelling.trimmed(raw).split()))
    moment = getattr(raw, "isoformat", None)
    if moment is not None:
        return Cell(str(moment()).removesuffix("T00:00:00"))
    if exact_value(raw) is None:
        return Cell(None, problem=spelling.unreadable(raw, Message("a text", "文本")))
    return Cell(spelling.as_text(raw))


def read_category(
    raw: object,
    values: Mapping[str, object],
    codes: Mapping[str, str] = _NO_CODES,
    labels: Mapping[str, str] = _NO_CODES,
    *,
    missing_codes: frozenset[str] = _NONE,
) -> Cell:
    """The code of a category.

    values : code of the data model -> its words: a text, several, or an object with `zh` and `en`
    codes : what stands in the file ("1", also 1.0) -> code of the data model
    labels : value labels of the file, "1" -> words; looked up among the words of `values`
    """
    answers = _answers(values)
    early = _early_answer(raw, codes, labels, answers, missing_codes)
    if early is not None:
        return early
    if isinstance(raw, (bool, np.bool_)) or spelling.is_moment(raw):
        return Cell(None, problem=spelling.unreadable(raw, AN_ANSWER))
    return Cell(None, problem=_unknown(raw, values, codes))


def _early_answer(
    raw: object,
    codes: Mapping[str, str],
    labels: Mapping[str, str],
    answers: Mapping[str, str],
    missing: frozenset[str],
) -> Cell | None:
    """The cell as one answer, as missing, or None where it is neither."""
    if spelling.is_empty(raw):
        return Cell(None)
    word = _word(raw)
    rules = ("full_width",) if isinstance(raw, str) and spelling.is_wide(raw) else ()
    if is_coded(raw, missing):
        return Cell(None, (*rules, "missing_code"))
    folded = {_word(key): value for key, value in codes.items()}
    if word in folded:
        return Cell(folded[word], rules)
    named = {_word(key): _word(label) for key, label in labels.items()}.get(word, word)
    if word and named in answers:
        return Cell(answers[named], rules)
    return Cell(None, ("not_a_value",)) if isinstance(raw, str) and spelling.absence(word) else None


def _answers(values: Mapping[str, object]) -> dict[str, str]:
    """Every code and word in one spelling -> code."""
    found: dict[str, str] = {}
    for code, words in values.items():
        for word in _words(words):
            found.setdefault(_word(word), code)
    return found | {_word(code): code for code in values}


def _words(words: object) -> Iterable[str]:
    if isinstance(words, str):
        return (words,)
    if hasattr(words, "zh"):
        return (words.zh, words.en)
    return tuple(words)


def _word(raw: object) -> str:
    """A cell as a word to compare: half-width, lower case, without spaces; "" for what is neither text nor number."""
    if not isinstance(raw, str):
        return spelling.as_text(raw) if exact_value(raw) is not None and abs(raw) < EXACT else ""
    text = "".join(spelling.half_width(spelling.trimmed(raw)).split()).casefold()
    return re.sub(r"^([0-9]+)\.0+$", r"\1", text)


def _unknown(raw: object, values: Mapping[str, object], codes: Mapping[str, str]) -> Message:
    known = [*codes, *(next(iter(_words(words)), code) for code, words in values.items())]
    names = ", ".join(known[:LISTED]) + (" …" if len(known) > LISTED else "")
    said = spelling.shown(raw)
    return Message(f"'{said}' is none of: {names}", f"“{said}”不在选项之中：{names}")


def read_flag(
    raw: object,
    *,
    codes: Mapping[str, str] = _NO_CODES,
    none: str = "missing",
    missing_codes: frozenset[str] = _NONE,
) -> Cell:
    """1 for yes, 0 for no. 无 is no; — and / are missing, or no with none="zero".

    codes : what stands in the file -> "1" or "0"; where given, numbers count through it only (survey 1 yes, 2 no)
    """
    if spelling.is_empty(raw):
        return Cell(None)
    if isinstance(raw, (bool, np.bool_)):
        return Cell(int(raw))
    word = _word(raw)
    rules = ("full_width",) if isinstance(raw, str) and spelling.is_wide(raw) else ()
    if is_coded(raw, missing_codes):
        return Cell(None, (*rules, "missing_code"))
    folded = {_word(key): value for key, value in codes.items()}
    if word in folded:
        said = _word(folded[word])
        return (
            Cell(int(said in _YES), rules)
            if said in _YES | _NO
            else Cell(None, problem=_no_flag(folded[word]))
        )
    if not (codes and CLEAN.fullmatch(word)):
        if word in _YES:
            return Cell(1, rules)
        if word in _NO:
            return Cell(0, rules)
        said = spelling.absence(word) if isinstance(raw, str) else ""
        if said:
            return Cell(0 if said == "nothing" and none == "zero" else None, ("not_a_value",))
    return Cell(None, problem=spelling.unreadable(raw, YES_OR_NO))


def _no_flag(said: str) -> Message:
    return Message(
        f"the map's code '{said[:10]}' is neither 1 nor 0", f"映射文件中的代码“{said[:10]}”既非1也非0"
    )


def read_set(
    raw: object,
    values: Mapping[str, object],
    codes: Mapping[str, str] = _NO_CODES,
    labels: Mapping[str, str] = _NO_CODES,
    *,
    missing_codes: frozenset[str] = _NONE,
) -> Cell:
    """Several of the categories, codes joined by ";" in the order of `values`; options as for `read_category`."""
    answers = _answers(values)
    early = _early_answer(raw, codes, labels, answers, missing_codes)
    if early is not None:
        return early
    if not isinstance(raw, str):
        return read_category(raw, values, codes, labels)
    parts = [part for part in _SPLIT.split(spelling.half_width(spelling.trimmed(raw))) if part]
    found = [_early_answer(part, codes, labels, answers, _NONE) for part in parts]
    for part, cell in zip(parts, found, strict=True):
        if cell is None or cell.value is None:
            return Cell(None, problem=_unknown(part, values, codes))
    if not parts:
        return Cell(None, problem=_unknown(raw, values, codes))
    chosen = {cell.value for cell in found if cell is not None}
    order = [code for code in values if code in chosen] + sorted(chosen - set(values))
    return Cell(";".join(order), ("full_width",) if spelling.is_wide(raw) else ())
