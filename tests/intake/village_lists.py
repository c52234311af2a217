"""Invented code lists of seven years with every event once, and the list of changes that explains some of them."""

from __future__ import annotations

import io

import pandas as pd

AREA = "000000"  # assigned to no county
TOWNSHIPS = {"001": "望舒街道", "101": "云岑镇", "102": "栖霖镇"}
DATES = ("2017-10-31", "2018-10-31", "2019-10-31", "2020-06-30", "2021-10-31", "2022-10-31", "2023-06-30")

_BY_YEAR = {
    2017: """
        001001 东桥居委会      001201 竹影村委会      001202 荷风村委会      001203 兴桥村委会
        101201 石泉村委会      101202 上梅坞村委会    101203 下梅坞村委会    101204 北塔村委会
        101205 新村村委会      101206 三湾村委会      101207 大磨村委会      101208 五里坡村委会
        102201 西北塔村委会    102202 杏坞村委会      102203 杏坞子村委会    102204 五里坡村委会
        102205 柳滩村委会      102206 王家村村委会
    """,
    # 上梅坞 and 下梅坞 merge into 梅坞; 三湾 renamed, the code stays; 大磨 keeps its name under another code; 五里坡 of
    # 云岑 leaves without a word; 柳滩 is divided
    2018: """
        001001 东桥居委会      001201 竹影村委会      001202 荷风村委会      001203 兴桥村委会
        101201 石泉社区村民委员会 101209 梅坞社区村民委员会 101204 北塔村委会
        101205 新村村委会      101206 白沙社区村民委员会 101210 大磨社区村民委员会
        102201 西北塔村委会    102202 杏坞村委会      102203 杏坞子村委会    102204 五里坡村委会
        102207 东柳滩村委会    102208 西柳滩村委会    102206 王家村村委会
    """,
    # names rewritten: 社区村民委员会 -> 村村民委员会; 白沙 is 三湾 again; 竹影 renamed; 荷风 urbanised
    2021: """
        001001 东桥社区居民委员会 001201 竹映村村民委员会 001002 荷风社区居民委员会 001203 兴桥村委会
        101201 石泉村村民委员会 101209 梅坞村村民委员会 101204 北塔村委会
        101205 新村村委会      101206 三湾村村民委员会 101210 大磨村村民委员会
        102201 西北塔村村民委员会 102202 杏坞村委会   102203 杏坞子村委会    102204 五里坡村委会
        102207 东柳滩村委会    102208 西柳滩村委会    102206 王家村村委会
    """,
}
_BY_YEAR[2019] = _BY_YEAR[2020] = _BY_YEAR[2018]
# a residents' committee of a new quarter; then 兴桥 urbanised
_BY_YEAR[2022] = _BY_YEAR[2021] + " 001003 福桥社区居民委员会"
_BY_YEAR[2023] = _BY_YEAR[2022].replace("001203 兴桥村委会", "001004 兴桥社区居民委员会")

CHANGES = """vintage,township,code,name,into_code,into_name,event,weight
2018,云岑镇,,上梅坞,,梅坞,merge,1
2018,云岑镇,,下梅坞,,梅坞,merge,1
2018,栖霖镇,,柳滩,,东柳滩,split,0.6
2018,栖霖镇,,柳滩,,西柳滩,split,0.4
"""


def lines(year: int | str, text: str) -> pd.DataFrame:
    """One list from "101201 石泉村委会 ..." (township's three digits, then the village's)."""
    words = text.split()
    codes, names = words[0::2], words[1::2]
    return pd.DataFrame(
        {
            "vintage": str(year),
            "township_code": [AREA + code[:3] for code in codes],
            "township": [TOWNSHIPS.get(code[:3], f"第{code[:3]}镇") for code in codes],
            "code": [AREA + code for code in codes],
            "name": names,
        }
    )


def lists() -> pd.DataFrame:
    """The seven lists; the subdistrict is written 望舒街道办事处 in the first two."""
    parts = [lines(date, _BY_YEAR[int(date[:4])]) for date in DATES]
    frame = pd.concat(parts, ignore_index=True)
    old = frame["vintage"] < "2019"
    frame["township"] = frame["township"].mask(old & (frame["township"] == "望舒街道"), "望舒街道办事处")
    return frame


def changes(text: str = CHANGES) -> pd.DataFrame:
    """The list of changes, everything as text."""
    return pd.read_csv(io.StringIO(text), dtype="str")
