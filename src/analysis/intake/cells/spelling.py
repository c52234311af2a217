"""How text in cells is spelt: full width, spaces, words for "nothing here", and what of it a message may show."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd

from analysis.messages import Message
from analysis.privacy.spelling import INVISIBLE, plain

# Full NFKC would also turn 5² into 52 and ① into 1, that is, change values; only the forms that differ in width are
# meant here.
_NARROW = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0xFFE5: "¥",
    0x00A0: " ",
}
# Brackets, commas, tildes and slashes of Chinese typing are not counted as dirt.
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ．％－＋−]")
_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))

# Nothing there: a map may decide that this means zero.
NOTHING = frozenset(
    ["无", "没有", "暂无", "空", "空白", "-", "--", "---", "―", "—", "——", "–", "−", "/", "//", "\\", "／"]
)
# Not known: never zero, whatever the map says.
UNKNOWN = frozenset(
    ["未统计", "未报", "未填", "未填报", "未上报", "未知", "不详", "不清楚", "不知道", "不适用", "缺", "缺失", "缺报", "暂缺", "无数据", "拒答", "拒绝回答", "n/a", "na", "n.a.", "nan", "null", "none", "nil", "<na>", "."]
)  # fmt: skip
_REMARK = re.compile(r"\([^()0-9]{1,30}\)$")
_ERROR = re.compile(
    r"#(?:REF!|DIV/0!|N/A|NAME\?|NULL!|NUM!|VALUE!|SPILL!|CALC!|GETTING_DATA|BLOCKED!|FIELD!)", re.I
)

SHOWN = 20  # characters of a cell that a message shows at most
_LONG_NUMBER = re.compile(r"[0-9](?:[^0-9A-Za-z\u4e00-\u9fff]{0,3}[0-9]){10,}[Xx]?")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付方"
    "白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵钱严覃武戴莫孔向汤公伊类鲍葛庄包"
)
_NAME = re.compile(rf"(?<![\u4e00-\u9fff])[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff])")
_ADDRESS = re.compile(
    r"[\u4e00-\u9fff]+(?:省|市|县|镇|乡|街道|村|路|街|巷)[\u4e00-\u9fff0-9]+(?:组|号|户|栋|室|村)"
)


def trimmed(text: str) -> str:
    """The text without characters that have no width and without spaces around it."""
    return text.translate(_INVISIBLE).strip()


def half_width(text: str) -> str:
    """The text with full-width digits, letters and signs as ordinary ones and one kind of minus."""
    return text.translate(_NARROW).replace("−", "-")


def is_wide(text: str) -> bool:
    """Whether digits, letters, decimal points, percents or signs in the text are full-width."""
    return _WIDE.search(text) is not None


def is_empty(raw: object) -> bool:
    """Whether a cell holds nothing: None, <NA>, NaT, or text of spaces only."""
    return raw is None or raw is pd.NA or raw is pd.NaT or (isinstance(raw, str) and not trimmed(raw))


def absence(text: str) -> str:
    """What a word or sign for "no value" says, of half-width text: "nothing", "unknown", or "" if it is none."""
    word = text.casefold()
    bare = _REMARK.sub("", word).strip() or word
    if bare in NOTHING:
        return "nothing"
    return "unknown" if word in UNKNOWN or bare in UNKNOWN else ""


def is_error(text: str) -> bool:
    """Whether the text is an error value of a spreadsheet, #REF! and the like."""
    return _ERROR.fullmatch(text) is not None


def is_moment(raw: object) -> bool:
    """Whether a cell holds a date or a time."""
    return isinstance(raw, (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64))


def as_text(raw: object) -> str:
    """A cell as text, whole numbers without ".0"."""
    if isinstance(raw, (float, np.floating)) and float(raw).is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return str(raw)


def shown(raw: object) -> str:
    """What a message may show of a cell: 20 characters at most; long numbers, names and addresses are blotted out."""
    try:
        text = as_text(raw)
    except Exception:  # an object that cannot say what it is
        return type(raw).__name__
    text = "".join(c if c.isprintable() else " " for c in trimmed(text))
    for found in reversed(list(_LONG_NUMBER.finditer(plain(text)))):
        text = text[: found.start()] + "***" + text[found.end() :]
    if "@" in text:
        return "***"
    text = _NAME.sub("***", _ADDRESS.sub("***", text))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def unreadable(raw: object, expected: Message) -> Message:
    """The sentence for a cell that is not what was expected ("a number")."""
    if isinstance(raw, (bool, np.bool_)):
        return Message(
            f"true or false where {expected} is expected", f"应为{expected.zh}，却是逻辑值（TRUE/FALSE）"
        )
    if is_moment(raw):
        return Message(f"a date or time where {expected} is expected", f"应为{expected.zh}，却是日期或时间")
    if isinstance(raw, str) and is_error(half_width(trimmed(raw))):
        return Message("an error value of the spreadsheet", "单元格是公式错误值")
    return Message(f"'{shown(raw)}' is not {expected}", f"“{shown(raw)}”不是{expected.zh}")
