"""Invented names and impossible codes of townships and villages."""

from __future__ import annotations

from functools import cache

import numpy as np

from analysis.simulate.parameters import VILLAGES_BY_TOWNSHIP

# area code 000000 is assigned to no county; 001 subdistrict, 1xx towns, 2xx township, as in official codes
TOWNSHIPS = (
    ("000000001", "望舒街道"), ("000000101", "云岑镇"), ("000000102", "栖霖镇"), ("000000103", "砚秋镇"),
    ("000000104", "桐庄渡镇"), ("000000105", "澄岭镇"), ("000000106", "苇川镇"), ("000000107", "霁湾镇"),
    ("000000108", "锦禾镇"), ("000000201", "疏桐乡"),
)  # fmt: skip

_FIRST = (
    "青岚 松月 听泉 望禾 云栖 霜叶 竹影 槐荫 芦笛 晴川 墨砚 枫桥 荷风 鹿鸣 雁回 "
    "梨雪 杏雨 柳烟 桐花 麦浪 棠梨 菊篱 稻香 莲舟 兰溪 梅坞 橘井 榆钱 椿树 燕来"
)
_SECOND = "坪 岭 湾 垛 坞 渡 冲 塘 坡 滩 垄 畈 磨 篱"
_NAMES_SEED = 1  # the county keeps its names whatever is simulated in it


@cache
def village_names() -> tuple[str, ...]:
    """One invented name per village, none twice."""
    combined = [first + second + "村" for first in _FIRST.split() for second in _SECOND.split()]
    order = np.random.default_rng(_NAMES_SEED).permutation(len(combined))
    return tuple(combined[position] for position in order[: sum(VILLAGES_BY_TOWNSHIP)])


@cache
def village_ids() -> tuple[str, ...]:
    """V0001, V0002, ... in the order of townships."""
    return tuple(f"V{number:04d}" for number in range(1, sum(VILLAGES_BY_TOWNSHIP) + 1))
