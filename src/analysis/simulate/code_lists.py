"""Invented code lists of villages, 2017 to 2023, with mergers, new names and new codes as real lists have them.

Like the names, the lists belong to the county and not to a draw: they are the same for every seed.

- 2017 to 2018: 98 of 464 units disappear in mergers; the merged villages get new codes, some a new name.
- 2020 to 2021: about 70 names change, 40 of them to another name, the others in form only; two villages get a new
  code, three become residents' committees.
- 2021 to 2022: eight new residents' committees split off; 2023: one more, and one village becomes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.simulate.names import TOWNSHIPS, village_ids, village_names
from analysis.simulate.parameters import VILLAGES_BY_TOWNSHIP

VINTAGES = tuple(range(2017, 2024))
REFERENCE = 2021  # V0001, V0002, ... are the villages of this list, by code
EXTRA_2017 = (17, 6, 8, 7, 10, 9, 6, 9, 14, 12)  # units of 2017 more than later, by township; own, after D3.1
TRIPLES = 0.3  # of the mergers that join three units instead of two, own
KEEPING = 0.45  # of the merged villages that keep the name of their largest part: 31 of 69, D3.1
N_RENAMED, N_REFORMED = (
    40,
    30,
)  # names that change 2020 to 2021: to another name, in form only; 74 in all, D3.1
N_RESIDENTS = 11  # residents' committees in 2021, all in the subdistrict; codes below 200
N_URBANISED = 3  # of them, villages until 2020
N_SPLIT_2022 = 8

_SEED = 2  # not the draw's: the county keeps its lists
# one character of a name's first half as another character of the same sound, for former and for wrong spellings
SOUNDS_ALIKE = {
    "青岚": "青兰", "松月": "松越", "听泉": "听全", "望禾": "望河", "云栖": "云溪", "霜叶": "双叶", "竹影": "竹映",
    "槐荫": "槐阴", "芦笛": "卢笛", "晴川": "清川", "墨砚": "墨雁", "枫桥": "丰桥", "荷风": "河风", "鹿鸣": "鹿明",
    "雁回": "雁徊", "梨雪": "黎雪", "杏雨": "杏宇", "柳烟": "柳岩", "桐花": "同花", "麦浪": "麦朗", "棠梨": "塘梨",
    "菊篱": "菊里", "稻香": "稻乡", "莲舟": "莲洲", "兰溪": "兰西", "梅坞": "梅屋", "橘井": "橘景", "榆钱": "于钱",
    "椿树": "椿数", "燕来": "燕莱",
}  # fmt: skip
_GONE_FIRST = "紫藤 丹枫 白鹭 沙棘 翠屏 玉簪 朱槿 素馨 紫薇 茱萸 凌霄 海棠 芙蕖 碧梧 疏影 流萤"
_GONE_SECOND = "坪 岭 湾 垛 坞 渡 冲 塘 坡 滩 垄 畈 磨 篱"
_SIDES = "东 西 南 北 上 下 前 后"


@dataclass(frozen=True, slots=True)
class Merger:
    """One village of 2018 and the units of 2017 it was made of, largest first.

    village : position of the village; codes, names : of the units, as listed in 2017
    """

    village: int
    codes: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeLists:
    """Names and codes of the n villages in every list, and who else stands in the lists.

    codes, names : (vintage) -> n texts; in 2017, of a merged village, those of its largest part
    mergers : by village
    new : (first vintage, code, name, village it was split off from)
    """

    codes: dict[int, tuple[str, ...]]
    names: dict[int, tuple[str, ...]]
    mergers: tuple[Merger, ...]
    new: tuple[tuple[int, str, str, int], ...]


@cache
def code_lists() -> CodeLists:
    """The lists of the county."""
    rng = np.random.default_rng(_SEED)
    final = village_names()
    township = np.repeat(np.arange(len(TOWNSHIPS)), VILLAGES_BY_TOWNSHIP)
    first = np.concatenate([[0], np.cumsum(VILLAGES_BY_TOWNSHIP)])
    sizes = _merger_sizes()  # villages that were merged are the last of their township: their codes are new
    parts = {int(first[t + 1]) - len(of) + k: size for t, of in enumerate(sizes) for k, size in enumerate(of)}
    code_2017, code_later, unit_codes = _codes(first, parts, rng)
    recoded = _recoded(township, parts)
    former = _former_names(final, {*parts, *recoded}, rng)
    mergers = _mergers(final, township, parts, unit_codes, rng)
    by_village = {merger.village: merger for merger in mergers}
    urbanised = range(N_RESIDENTS - N_URBANISED, N_RESIDENTS)
    names, codes = {}, {}
    for vintage in VINTAGES:
        listed = [_official(name, v) for v, name in enumerate(final)]
        numbers = list(code_2017 if vintage == VINTAGES[0] else code_later)
        if vintage < REFERENCE:
            listed = [former.get(v, text) for v, text in enumerate(listed)]
            for v in urbanised:
                numbers[v] = f"{TOWNSHIPS[0][0]}{396 + v - N_RESIDENTS:03d}"
                listed[v] = f"{final[v]}委会"
            for v, number in recoded.items():
                numbers[v] = number
        if vintage == VINTAGES[0]:
            for v, merger in by_village.items():
                numbers[v], listed[v] = merger.codes[0], merger.names[0]
        names[vintage], codes[vintage] = listed, numbers
    moved = int(first[1]) - len(sizes[0]) - 1  # becomes a residents' committee in 2023
    codes[2023][moved], names[2023][moved] = f"{TOWNSHIPS[0][0]}020", f"{final[moved]}居委会"
    new = _split_off(codes[REFERENCE], rng)
    return CodeLists(
        {v: tuple(c) for v, c in codes.items()}, {v: tuple(t) for v, t in names.items()}, mergers, new
    )


def _merger_sizes() -> list[list[int]]:
    """Units per merger by township: EXTRA_2017 more units than villages."""
    found = []
    for extra in EXTRA_2017:
        triples = round(extra * TRIPLES)
        found.append([2] * (extra - 2 * triples) + [3] * triples)
    return found


def _codes(
    first: np.ndarray, parts: dict[int, int], rng: np.random.Generator
) -> tuple[list[str], list[str], dict[int, list[str]]]:
    """Codes of 2017 ("" for merged villages) and from 2018 on, and those of merged units by village."""
    of_2017, later, units = [""] * int(first[-1]), [""] * int(first[-1]), {}
    for t, (township_code, _) in enumerate(TOWNSHIPS):
        kept = [v for v in range(first[t], first[t + 1]) if v not in parts]
        residents = kept[:N_RESIDENTS] if t == 0 else []
        for number, v in enumerate(residents, start=1):
            of_2017[v] = later[v] = f"{township_code}{number:03d}"
        owners = [v for v in range(first[t], first[t + 1]) if v in parts for _ in range(parts[v])]
        rest = [v for v in kept if v not in residents]
        gone = set(rng.choice(len(rest) + len(owners), len(owners), replace=False).tolist())
        shuffled, waiting = iter(rng.permutation(owners).tolist()), iter(rest)
        suffix = 199
        for place in range(len(rest) + len(owners)):
            suffix += 1
            if place in gone:
                units.setdefault(next(shuffled), []).append(f"{township_code}{suffix:03d}")
            else:
                v = next(waiting)
                of_2017[v] = later[v] = f"{township_code}{suffix:03d}"
        for v in sorted(set(owners)):
            suffix += 1
            later[v] = f"{township_code}{suffix:03d}"
    return of_2017, later, units


def _official(name: str, position: int) -> str:
    """A name as lists write it: three suffixes at once, as in the real ones; residents' committees have their own."""
    if position < N_RESIDENTS:
        return f"{name}居委会"
    suffix = ("委会", "委会", "委会", "村民委员会", "村民委员会", "民委员会")[position % 6]
    return name + suffix


def _former_names(final: tuple[str, ...], others: set[int], rng: np.random.Generator) -> dict[int, str]:
    """What villages were called until 2020, as listed then, by position; `others` keep their names."""
    free = [v for v in range(N_RESIDENTS, len(final)) if v not in others]
    chosen = rng.permutation(free)[: N_RENAMED + N_REFORMED].tolist()
    former = {}
    for v in chosen[:N_RENAMED]:
        former[v] = _official(_alike(final[v]), v)
    former |= {v: f"{final[v][:-1]}社区村委会" for v in chosen[N_RENAMED:]}
    return former


def _alike(name: str) -> str:
    return SOUNDS_ALIKE[name[:2]] + name[2:]


def _mergers(
    final: tuple[str, ...],
    township: np.ndarray,
    parts: dict[int, int],
    unit_codes: dict[int, list[str]],
    rng: np.random.Generator,
) -> tuple[Merger, ...]:
    """Units of 2017 by village they went into; some are named after a side of another village of the township."""
    pool = [a + b + "村" for a in _GONE_FIRST.split() for b in _GONE_SECOND.split()]
    fresh = iter(rng.permutation(pool).tolist())
    sides = _SIDES.split()
    keeping = set(rng.permutation(sorted(parts))[: round(len(parts) * KEEPING)].tolist())
    found = []
    for number, v in enumerate(sorted(parts)):
        neighbours = [w for w in range(len(final)) if township[w] == township[v] and w not in parts]
        beside = sides[number % len(sides)] + final[neighbours[(7 * number) % len(neighbours)]]
        own = final[v] if v in keeping else beside if number % 3 == 0 else next(fresh)
        others = [next(fresh) for _ in range(parts[v] - 1)]
        codes = sorted(unit_codes[v])
        names = tuple(_official(name, N_RESIDENTS + number) for name in (own, *others))
        found.append(Merger(v, tuple(codes), names))
    return tuple(found)


def _recoded(township: np.ndarray, parts: dict[int, int]) -> dict[int, str]:
    """Two villages of the fifth township that bore another code until 2020."""
    there = [v for v in np.flatnonzero(township == 4).tolist() if v not in parts]
    return {v: f"{TOWNSHIPS[4][0]}{390 + k:03d}" for k, v in enumerate(there[3:5])}


def _split_off(codes: list[str], rng: np.random.Generator) -> tuple[tuple[int, str, str, int], ...]:
    """Residents' committees that are new in 2022 and 2023, each from another village of the subdistrict."""
    origins = rng.choice(np.arange(N_RESIDENTS + 1, 40), N_SPLIT_2022 + 1, replace=False).tolist()
    names = ("锦云", "文澜", "崇安", "和畅", "景明", "清晏", "怀远", "永宁", "嘉树")
    new = [(2022, f"{TOWNSHIPS[0][0]}{12 + k:03d}") for k in range(N_SPLIT_2022)]
    new.append((2023, f"{TOWNSHIPS[0][0]}021"))
    return tuple(
        (vintage, code, f"{name}社区居委会", int(v))
        for (vintage, code), name, v in zip(new, names, sorted(origins), strict=True)
    )


def village() -> pd.DataFrame:
    """The villages of the reference list: village_id, township, name, code_2021 and kind of committee."""
    lists = code_lists()
    codes = lists.codes[REFERENCE]
    position = np.repeat(np.arange(len(TOWNSHIPS)), VILLAGES_BY_TOWNSHIP)
    return pd.DataFrame(
        {
            "village_id": village_ids(),
            "township_code": [TOWNSHIPS[t][0] for t in position],
            "township": [TOWNSHIPS[t][1] for t in position],
            "village": village_names(),
            "code_2021": codes,
            "committee_type": ["residents" if _of_residents(code) else "village" for code in codes],
        }
    )


def village_xwalk() -> pd.DataFrame:
    """Every line of every list and the village it belongs to, by vintage and code.

    weight : share of the line that belongs to the village; event : how it relates to the line of the reference list
    """
    lists, ids = code_lists(), village_ids()
    townships = dict(TOWNSHIPS)
    merged = {merger.village: merger for merger in lists.mergers}
    rows = []
    for vintage in VINTAGES:
        for v, (code, name) in enumerate(zip(lists.codes[vintage], lists.names[vintage], strict=True)):
            if vintage == VINTAGES[0] and v in merged:
                units = zip(merged[v].codes, merged[v].names, strict=True)
                rows += [(vintage, of, text, ids[v], "merge") for of, text in units]
            else:
                rows.append((vintage, code, name, ids[v], _event(vintage, v, lists)))
        rows += [
            (vintage, code, name, ids[v], "split") for since, code, name, v in lists.new if since <= vintage
        ]
    frame = pd.DataFrame(rows, columns=["vintage", "code", "name", "village_id", "event"])
    frame["township_code"] = frame["code"].str[:9]
    frame["township"] = frame["township_code"].map(townships)
    frame["weight"] = 1.0
    columns = ["vintage", "code", "township_code", "township", "name", "village_id", "weight", "event"]
    return frame.sort_values(["vintage", "code"], ignore_index=True)[columns]


def _event(vintage: int, v: int, lists: CodeLists) -> str:
    code, reference = lists.codes[vintage][v], lists.codes[REFERENCE][v]
    if any(origin == v and since <= vintage for since, _, _, origin in lists.new):
        return "split"  # what is left of it is a part, as what was split off is
    if code != reference:
        return "urbanise" if _of_residents(code) != _of_residents(reference) else "recode"
    same = base(lists.names[vintage][v]) == base(lists.names[REFERENCE][v])
    return "same" if same else "rename"


def _of_residents(code: str) -> bool:
    return int(code[-3:]) < 200


def base(listed: str) -> str:
    """What remains of a listed name without the words for committee and community."""
    for suffix in ("村民委员会", "村委会", "民委员会", "居委会", "社区", "村"):
        listed = listed.removesuffix(suffix)
    return listed
