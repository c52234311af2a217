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
from analysis.intake.villages.match import Unmatched, match
from analysis.intake.villages.names import base_name, plain, township_base
from analysis.intake.villages.respelled import Respelling
from analysis.messages import Message
from analysis.schema import Entity

# columns that follow from the village; filled from the register where a table has them
OF_VILLAGE = ("township_code", "township", "village")
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
    if "@register_village" in values.columns and entity.name == "household":
        _former_of_register(part, values, registers, decided, ledger)
    elif "@register_village" in values.columns and "hh_id" in entity.columns:
        former = _text(values, "@register_village") != ""
        if "hh_id" not in values.columns:
            former[:] = True
        values.loc[former, "hh_id"] = _registered(part, values[former], entity, registers, decided, ledger)
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
        if any(problem.rule == "village_list" for problem in ledger.problems):
            return np.full(len(values), None, dtype=object)  # there is one, and it is to be mended first
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
    private = part.private & {"village", "township"}
    written_in = "village" if "village" in part.columns else "village_code"
    if private and found.unmatched:
        lost_rows = np.sort(np.concatenate([lost.rows for lost in found.unmatched]))
        ledger.problem(
            "village", [part.place(int(row), written_in) for row in sheet_rows[lost_rows]],
            Message("not in the list of villages; the names look like persons'", "不在村级名单中，且疑似人名"),
            Message("map the column that holds the village", "请映射村名所在的列"),
            table=entity.name, name="village_id",
        )  # fmt: skip
    for hit, what in (
        (found.without_township, Message("no township is given; the name is unique in the county", "未写乡镇；村名在全县唯一")),
        (found.unchecked_code, Message("the code stands in no list; the name decided", "代码不在任何名单中，按村名对应")),
    ):  # fmt: skip
        if len(hit):
            places = [part.place(int(row), written_in) for row in sheet_rows[hit]]
            ledger.remark(
                "village", places, what, Message("check a few of them", "请抽查"), table=entity.name
            )
    for lost in () if private else found.unmatched:
        near = ", ".join(lost.candidates)
        ledger.problem(
            "village", [part.place(int(row), written_in) for row in sheet_rows[lost.rows]],
            _of_a_village(lost),
            Message(
                f"correct the name, or add it to [import.aliases]; nearest: {near or 'none'}",
                f"请更正村名，或写入 [import.aliases]；相近的有：{near or '无'}",
            ),
            table=entity.name, name="village_id",
        )  # fmt: skip
    return found.village_id


def _of_a_village(lost: Unmatched) -> Message:
    written = f"{lost.township} {lost.name}".strip()
    if not written:
        return lost.reason
    return Message(f"{lost.reason} ({written})", f"{lost.reason.zh}（{lost.township}{lost.name}）")


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
            Message("not in the list of townships", "不在乡镇名单中") if "township" in part.private
            else Message(f"no township {text!r} in the list", f"名单中没有乡镇“{text}”"),
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


def _former_of_register(
    part: Part, values: pd.DataFrame, registers: Registers, decided: ImportMap, ledger: Ledger
) -> None:
    """The register itself: codes of the villages that issued the numbers, where only their names are written."""
    given = values.get("village_code_2017", pd.Series(None, index=values.index, dtype=object))
    named = (_text(values, "@register_village") != "") & given.isna()
    rows = pd.DataFrame(
        {"township": _text(values, "@township"), "village": _text(values, "@register_village")}
    )
    code = pd.Series(
        _former_codes(rows[named], registers, decided, part.source.register_vintage),
        index=values.index[named],
    )
    lost = code.index[code == ""]
    if len(lost):
        ledger.problem(
            "household", [part.place(int(row), "register_village") for row in lost],
            Message("no single village of that name in the earliest list", "最早的名单中没有唯一对应的原村"),
            Message("correct the name, or write the code", "请更正村名，或填写代码"),
            table="household", name="village_code_2017",
        )  # fmt: skip
    values["village_code_2017"] = given.where(~named, code.reindex(values.index))


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
