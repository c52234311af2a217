"""Which village, household or cooperative a row is about: written names to the identifiers of the data model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.intake.ledger import Ledger
from analysis.intake.mapping import ImportMap
from analysis.intake.part import Part
from analysis.intake.villages.crosswalk import Crosswalk
from analysis.intake.villages.index import index_of
from analysis.intake.villages.match import match
from analysis.intake.villages.names import base_name, plain, township_base
from analysis.intake.villages.respelled import Respelling
from analysis.messages import Message
from analysis.schema import Entity

# columns that follow from the village; filled from the register where a table has them
OF_VILLAGE = ("township_code", "township", "village")
NUMBERED = {
    "coop_id": "C",
    "project_id": "P",
    "shock_id": "S",
}  # lists that may come without numbers, and the prefix
HOUSEHOLD_DIGITS = 2  # V0001H07: number in the village's sample or register


@dataclass(slots=True)
class Registers:
    """What earlier tables of the same import say about identities; filled in the order of `ORDER`.

    crosswalk : village names and codes of every vintage
    villages : village_id, township_code, township, village of the reference vintage
    households : (village code of the issuing village, number) -> hh_id
    coops : credit code -> coop_id; coop_names : name without spaces -> coop_id, "" where two bear it
    """

    crosswalk: Crosswalk | None = None
    villages: pd.DataFrame | None = None
    households: dict[tuple[str, int], str] = field(default_factory=dict)
    coops: dict[str, str] = field(default_factory=dict)
    coop_names: dict[str, str] = field(default_factory=dict)


def identify(
    part: Part, entity: Entity, registers: Registers, decided: ImportMap, ledger: Ledger
) -> pd.DataFrame:
    """The part's rows with village_id, hh_id, coop_id and what follows from them; rows that cannot be placed are
    problems in the ledger and left out.

    The frame keeps the part's index (sheet rows) and has only columns of the entity.
    """
    values = part.values.copy()
    keep = np.ones(len(values), dtype=bool)
    if {"@village", "@village_code"} & set(values.columns):
        ids = _villages(part, values, entity, registers, decided, ledger)
        keep &= np.array([value is not None for value in ids], dtype=bool)
        if "village_id" in entity.columns:
            values["village_id"] = ids
        if "@household_no" in values.columns and "hh_id" in entity.columns:
            values["hh_id"] = _numbered(part, values, ids, ledger, entity)
            keep &= values["hh_id"].notna().to_numpy()
        _follow_village(values, ids, entity, registers)
    elif "@township" in values.columns:
        keep &= _townships(part, values, entity, registers, decided, ledger)
    if "@register_village" in values.columns and "hh_id" in entity.columns:
        values["hh_id"] = _registered(part, values, entity, registers, decided, ledger)
        keep &= values["hh_id"].notna().to_numpy()
    if "@credit_code" in values.columns and "credit_code" in entity.columns:
        values["credit_code"] = values["@credit_code"]
    named = {"@credit_code", "@coop_name"} & set(values.columns)
    if named and "coop_id" in entity.columns and "coop_id" not in values.columns and entity.name != "coop":
        values["coop_id"] = _coops(part, values, entity, registers, ledger)
        keep &= values["coop_id"].notna().to_numpy()
    return values.loc[keep, [name for name in values.columns if name in entity.columns]]


def _text(values: pd.DataFrame, name: str) -> pd.Series:
    if name not in values.columns:
        return pd.Series("", index=values.index, dtype="str")
    column = values[name]
    return column.where(column.notna(), "").astype("str")


def _vintage(part: Part, values: pd.DataFrame) -> int | pd.Series | None:
    said = part.source.vintage
    if said == "year":
        column = values["year"] if "year" in values.columns else values.get("@year")
        return None if column is None else column.astype("Int64")
    return said if isinstance(said, int) else None


def _villages(
    part: Part, values: pd.DataFrame, entity: Entity, registers: Registers, decided: ImportMap, ledger: Ledger
) -> np.ndarray:
    if registers.crosswalk is None:
        ledger.problem(
            "village", [part.place()],
            Message(
                "villages are named here, but no list of villages was given",
                "本表有村名，但未提供村级名单",
            ),
            Message(
                'give the code list as a file with table = "village_xwalk" (vintage, township, code, name), or '
                "crosswalk_from in [import]",
                "请提供行政区划代码表（table = \"village_xwalk\"），或在 [import] 写 crosswalk_from",
            ),
            table=entity.name,
        )  # fmt: skip
        return np.full(len(values), None, dtype=object)
    rows = pd.DataFrame(
        {
            "township": _text(values, "@township"),
            "village": _text(values, "@village"),
            "code": _text(values, "@village_code"),
        }
    )
    found = match(
        rows,
        registers.crosswalk,
        vintage=_vintage(part, values),
        aliases=decided.about.aliases,
        zones=decided.about.zones,
    )
    sheet_rows = values.index.to_numpy()
    names = dict(zip(registers.villages["village_id"], registers.villages["village"], strict=True))
    for rule, hit in found.rules.items():
        source = "township" if rule == "zone_mapped" else "village"
        ledger.repaired_cells(
            rule, part.file, part.sheet, part.columns.get(source, -1), sheet_rows[hit],
            rows[source].to_numpy()[hit], [names.get(found.village_id[row], "") for row in hit],
            table=entity.name, name="village_id",
        )  # fmt: skip
    alias = found.township_alias
    ledger.repaired_cells(
        "village_alias", part.file, part.sheet, part.columns.get("township", -1), sheet_rows[alias],
        rows["township"].to_numpy()[alias], [""] * len(alias), table=entity.name, name="township_code",
    )  # fmt: skip
    for hit, what in (
        (found.without_township, Message("no township is given; the name is unique in the county", "未写乡镇；村名在全县唯一")),
        (found.unchecked_code, Message("the code stands in no list; the name decided", "代码不在任何名单中，按村名对应")),
    ):  # fmt: skip
        if len(hit):
            places = [part.place(int(row), "village") for row in sheet_rows[hit]]
            ledger.remark(
                "village", places, what, Message("check a few of them", "请抽查"), table=entity.name
            )
    for lost in found.unmatched:
        near = ", ".join(lost.candidates)
        ledger.problem(
            "village", [part.place(int(row), "village") for row in sheet_rows[lost.rows]],
            Message(f"{lost.reason} ({lost.township} {lost.name})", f"{lost.reason.zh}（{lost.township}{lost.name}）"),
            Message(
                f"correct the name, or add it to [import.aliases]; nearest: {near or 'none'}",
                f"请更正村名，或写入 [import.aliases]；相近的有：{near or '无'}",
            ),
            table=entity.name, name="village_id",
        )  # fmt: skip
    return found.village_id


def _follow_village(values: pd.DataFrame, ids: np.ndarray, entity: Entity, registers: Registers) -> None:
    if registers.villages is None:
        return
    known = registers.villages.set_index("village_id")
    for name in OF_VILLAGE:
        if name in entity.columns and name not in values.columns and name in known.columns:
            values[name] = pd.Series(ids, index=values.index).map(known[name])


def _townships(
    part: Part, values: pd.DataFrame, entity: Entity, registers: Registers, decided: ImportMap, ledger: Ledger
) -> np.ndarray:
    """township_code by name, for tables of townships without villages."""
    if "township_code" not in entity.columns or registers.villages is None or registers.crosswalk is None:
        return np.ones(len(values), dtype=bool)
    code = dict(
        zip(
            registers.villages["township"].map(township_base),
            registers.villages["township_code"],
            strict=True,
        )
    )
    written = _text(values, "@township")
    respelling = Respelling(decided.about.aliases, decided.about.zones, index_of(registers.crosswalk))
    known = written.map(lambda text: township_base(respelling.apply(plain(text), "").township)).map(code)
    known = known.astype("object").where(known.notna(), None)
    for text in written[known.isna() & (written != "")].unique():
        rows = values.index[(written == text).to_numpy()]
        ledger.problem(
            "township", [part.place(int(row), "township") for row in rows],
            Message(f"no township {text!r} in the list", f"名单中没有乡镇“{text}”"),
            Message("correct it, or add it to [import.zones]", "请更正，或写入 [import.zones]"),
            table=entity.name, name="township_code",
        )  # fmt: skip
    values["township_code"] = known
    if "township" in entity.columns:
        by_code = dict(zip(registers.villages["township_code"], registers.villages["township"], strict=True))
        values["township"] = known.map(by_code)
    return (known.notna() | (written == "")).to_numpy()


def _numbered(part: Part, values: pd.DataFrame, ids: np.ndarray, ledger: Ledger, entity: Entity) -> pd.Series:
    """hh_id of numbers that are unique within the village."""
    number = pd.to_numeric(values["@household_no"])
    missing = values.index[number.isna().to_numpy()]
    if len(missing):
        ledger.problem(
            "household", [part.place(int(row), "household_no") for row in missing],
            Message("no household number", "没有户号"),
            Message("write the number", "请填写户号"),
            table=entity.name, name="hh_id",
        )  # fmt: skip
    return pd.Series(
        [
            None if village is None or pd.isna(n) else f"{village}H{int(n):0{HOUSEHOLD_DIGITS}d}"
            for village, n in zip(ids, number, strict=True)
        ],
        index=values.index, dtype=object,
    )  # fmt: skip


def _registered(
    part: Part, values: pd.DataFrame, entity: Entity, registers: Registers, decided: ImportMap, ledger: Ledger
) -> pd.Series:
    """hh_id of numbers that former villages issued: two households of one village may bear the same number."""
    number = pd.to_numeric(values["@household_no"])
    rows = pd.DataFrame(
        {
            "township": _text(values, "@township"),
            "village": _text(values, "@register_village"),
            "code": pd.Series("", index=values.index, dtype="str"),
        }
    )
    code = _former_codes(rows, registers, decided, part.source.register_vintage)
    found = [
        registers.households.get((c, int(n))) if c and pd.notna(n) else None
        for c, n in zip(code, number, strict=True)
    ]
    result = pd.Series(found, index=values.index, dtype=object)
    lost = values.index[result.isna().to_numpy()]
    if len(lost):
        ledger.problem(
            "household", [part.place(int(row), "household_no") for row in lost],
            Message(
                "no household of that former village and number is in the register",
                "农户名册中没有该原村、该户号",
            ),
            Message("correct village or number, or complete the register", "请更正原村或户号，或补全农户名册"),
            table=entity.name, name="hh_id",
        )  # fmt: skip
    kept = values.index[result.notna().to_numpy()]
    shown = result[result.notna()]
    ledger.repaired_cells(
        "household_register", part.file, part.sheet, part.columns.get("household_no", -1), kept.to_numpy(),
        [str(int(n)) for n in number[result.notna()]], shown, table=entity.name, name="hh_id",
    )  # fmt: skip
    return result


def _former_codes(
    rows: pd.DataFrame, registers: Registers, decided: ImportMap, vintage: int | None
) -> list[str]:
    """Codes of the vintage in which the numbers were issued, by township and base name."""
    if registers.crosswalk is None:
        return [""] * len(rows)
    frame = registers.crosswalk.frame
    year = int(frame["vintage"].min()) if vintage is None else vintage
    listed = frame[frame["vintage"] == year]
    by_both: dict[tuple[str, str], set[str]] = {}
    by_name: dict[str, set[str]] = {}
    for township, name, code in zip(listed["township"], listed["name"], listed["code"], strict=True):
        by_both.setdefault((township_base(township), base_name(name)), set()).add(code)
        by_name.setdefault(base_name(name), set()).add(code)
    found = []
    respelling = Respelling(decided.about.aliases, decided.about.zones, index_of(registers.crosswalk))
    for written in zip(rows["township"], rows["village"], strict=True):
        names = respelling.apply(*map(plain, written))
        township, village = names.township, names.village
        if township:
            codes = by_both.get((township_base(township), base_name(village)), set())
        else:
            codes = by_name.get(base_name(village), set())
        found.append(next(iter(codes)) if len(codes) == 1 else "")
    return found


def _coops(
    part: Part, values: pd.DataFrame, entity: Entity, registers: Registers, ledger: Ledger
) -> pd.Series:
    """coop_id by credit code, else by the name in the list of cooperatives."""
    codes, names = _text(values, "@credit_code"), _text(values, "@coop_name")
    found = [
        registers.coops.get(code) if code else registers.coop_names.get("".join(name.split())) or None
        for code, name in zip(codes, names, strict=True)
    ]
    result = pd.Series(found, index=values.index, dtype=object)
    lost = values.index[result.isna().to_numpy()]
    if len(lost):
        name = "credit_code" if "@credit_code" in values.columns else "coop_name"
        ledger.problem(
            "coop", [part.place(int(row), name) for row in lost],
            Message(
                "no cooperative of the register bears this credit code or name",
                "合作社名录中没有该统一社会信用代码或名称",
            ),
            Message("correct it, or add the cooperative to the register", "请更正，或在名录中补登合作社"),
            table=entity.name, name="coop_id",
        )  # fmt: skip
    return result


def numbered(entity: Entity, parts: list[tuple[Part, pd.DataFrame]]) -> list[tuple[Part, pd.DataFrame]]:
    """Rows of a list whose own numbering the files do not give (cooperatives, projects, shocks), numbered.

    Cooperatives by credit code, so that the same list in another order gives the same numbers; other rows as they
    stand. Where any sheet gives the numbers, nothing is done.
    """
    key = entity.key[0]
    prefix = NUMBERED.get(key)
    if prefix is None or len(entity.key) != 1 or any(key in frame.columns for _, frame in parts):
        return parts
    order = [(number, row) for number, (_, frame) in enumerate(parts) for row in range(len(frame))]
    if all("credit_code" in frame.columns for _, frame in parts):
        order.sort(key=lambda at: str(parts[at[0]][1]["credit_code"].iloc[at[1]]))
        same = [str(parts[n][1]["credit_code"].iloc[r]) for n, r in order]
    else:
        same = [str(at) for at in order]
    rank = {code: place for place, code in enumerate(dict.fromkeys(same), start=1)}
    width = max(3, len(str(len(rank))))
    ids = {at: f"{prefix}{rank[code]:0{width}d}" for at, code in zip(order, same, strict=True)}
    return [
        (part, frame.assign(**{key: [ids[number, row] for row in range(len(frame))]}))
        for number, (part, frame) in enumerate(parts)
    ]


def learn(
    table: str, frame: pd.DataFrame, parts: list[tuple[Part, pd.DataFrame]], registers: Registers
) -> None:
    """Remember what a finished table, and the names in the sheets that it was made of, say about identities."""
    if table == "household" and {"village_code_2017", "register_no", "hh_id"} <= set(frame.columns):
        for code, number, hh_id in zip(
            frame["village_code_2017"], frame["register_no"], frame["hh_id"], strict=True
        ):
            registers.households[code, int(number)] = hh_id
    if table == "coop" and {"credit_code", "coop_id"} <= set(frame.columns):
        registers.coops.update(zip(frame["credit_code"], frame["coop_id"], strict=True))
    if table != "coop":
        return
    for part, identified in parts:
        if "@coop_name" not in part.values.columns or "coop_id" not in identified.columns:
            continue
        names = part.values.loc[identified.index, "@coop_name"]
        for name, coop_id in zip(names, identified["coop_id"], strict=True):
            if isinstance(name, str) and name:
                plain = "".join(name.split())
                registers.coop_names[plain] = (
                    coop_id if registers.coop_names.get(plain, coop_id) == coop_id else ""
                )
