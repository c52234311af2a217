"""The household survey in four waves and formats, with codes for questions, and the yearly panel of households."""

from __future__ import annotations

from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.parameters import WAVES
from analysis.simulate.raw import places
from analysis.simulate.raw.books import save_text
from analysis.simulate.raw.dirt import Pen
from analysis.simulate.raw.office import Office, Source, rows
from analysis.simulate.raw.statistics_files import Labelled, save_dta, save_parquet, save_sav

FILES = ("农户调查_w1.dta", "农户调查_w2.sav", "农户调查_w3.csv", "农户调查_w4.parquet")
PANEL = "农户固定观察_2015-2024.csv"
QUESTIONS = {
    "hh_size": ("a1", "家庭人口"), "labour": ("a2", "劳动力"), "head_age": ("a3", "户主年龄"),
    "head_edu": ("a4", "受教育年限"), "head_female": ("a5", "户主是否女性"), "head_party": ("a6", "户主是否党员"),
    "low_income": ("a7", "监测或享受政策户"), "land_mu": ("b1", "承包地（亩）"), "peach_mu": ("b1_1", "桃园面积（亩）"),
    "member": ("b2_3", "是否社员"), "member_active": ("b2_4", "是否使用服务"), "inc_wage": ("c1", "工资性收入"),
    "inc_business": ("c2", "经营净收入"), "inc_property": ("c3", "财产净收入"), "inc_transfer": ("c4", "转移净收入"),
    "inc_disposable": ("c5", "可支配收入"), "peach_revenue": ("d1", "桃收入"), "peach_cost": ("d2", "桃成本"),
    "peach_kg": ("d3", "桃产量"), "share_dividend": ("e1", "合作社分红"), "coop_wage": ("e3", "合作社务工收入"),
}  # fmt: skip
FLAGS = ("head_female", "head_party", "low_income", "member", "member_active")
YES_NO = {"1": "是", "2": "否"}
IN_WORDS = (FILES[2],)  # exported with the words of the answers instead of their codes
ATTITUDE = "h9"  # a question outside the data model, with codes for no answer
NO_ANSWER = (-8, -9, 99)
SLIPS = 0.001  # of the panel's incomes, written like a person's
IN_JIN = 2021  # the wave that asked for the harvest in jin
PANEL_COLUMNS = {
    "inc_wage": "工资性收入(元)", "inc_business": "经营净收入(元)", "inc_property": "财产净收入(元)",
    "inc_transfer": "转移净收入(元)", "inc_disposable": "可支配收入(元)", "member_cohort": "首次入社年份",
    "village_cohort": "本村首次领办年份", "is_member": "社员户", "exposed_nonmember": "有社村非社员户",
    "peach_mu": "桃园面积(亩)", "hh_size": "家庭人口", "head_age": "户主年龄", "head_edu": "受教育年限",
}  # fmt: skip


def write(office: Office) -> list[Source]:
    """Waves and panel, and how the map reads them."""
    return [*(_wave(year, file, office) for year, file in zip(WAVES, FILES, strict=True)), _panel(office)]


def _wave(year: int, file: str, office: Office) -> Source:
    pen = office.dirt.pen(file)
    known = office.villages()
    made: dict[str, list[object]] = {name: [] for name in ("vcode", "hno", *_codes(), ATTITUDE)}
    for row in rows(office.county.household_wave.query("year == @year")):
        made["vcode"].append(places.code(known[row["village_id"]]))
        made["hno"].append(int(row["hh_id"].partition("H")[2]))
        for name, (question, _) in QUESTIONS.items():
            made[question].append(_answer(name, row[name], year, file))
        made[ATTITUDE].append(_attitude(pen))
    titles = dict(QUESTIONS.values())
    titles |= {"vcode": "村代码", "hno": "样本户号", ATTITUDE: "对合作社的看法"}
    table = Labelled(made, titles, {QUESTIONS[name][0]: YES_NO for name in FLAGS})
    _save(file, table, office, pen)
    pen.count("weight_converted", int(year == IN_JIN))
    columns: dict[str, object] = {"village_code": "vcode", "household_no": "hno"}
    for name, (question, _) in QUESTIONS.items():
        if name in FLAGS and file not in IN_WORDS:
            columns[name] = {"heading": question, "codes": {"1": "1", "2": "0"}}
        elif name == "peach_kg":
            columns[name] = {"heading": question, "unit": "斤" if year == IN_JIN else "公斤"}
        else:
            columns[name] = question
    return {
        "file": file, "table": "household_wave", "year": year, "vintage": REFERENCE, "unit": "元",
        "ignore": [ATTITUDE], "columns": columns,
    }  # fmt: skip


def _codes() -> list[str]:
    return [question for question, _ in QUESTIONS.values()]


def _answer(name: str, value: float, year: int, file: str) -> object:
    if name in FLAGS:
        code = "1" if value else "2"
        return YES_NO[code] if file in IN_WORDS else int(code)
    return value * 2 if name == "peach_kg" and year == IN_JIN else value


def _attitude(pen: Pen) -> int:
    if pen.rng.random() < 0.1:
        return NO_ANSWER[int(pen.rng.integers(len(NO_ANSWER)))]
    return int(pen.rng.integers(1, 6))


def _save(file: str, table: Labelled, office: Office, pen: Pen) -> None:
    path = office.folder / file
    if path.suffix == ".dta":
        save_dta(path, table)
    elif path.suffix == ".sav":
        save_sav(path, table)
    elif path.suffix == ".parquet":
        save_parquet(path, table)
    else:
        lines = [list(table.columns), *zip(*table.columns.values(), strict=True)]
        save_text(path, lines, "gb18030")
        pen.count("encoding")


def _panel(office: Office) -> Source:
    pen = office.dirt.pen(PANEL)
    known = office.villages()
    codes = {village_id: places.code(village) for village_id, village in known.items()}
    panel = office.county.household_year
    cells = {name: _cells(name, panel[name].tolist(), pen) for name in PANEL_COLUMNS}
    places_of = [codes[village_id] for village_id in panel["village_id"]]
    numbers = [int(hh_id.partition("H")[2]) for hh_id in panel["hh_id"]]
    lines = [["村代码", "样本户号", "年份", *PANEL_COLUMNS.values()]]
    lines += zip(places_of, numbers, panel["year"].tolist(), *cells.values(), strict=True)
    save_text(office.folder / PANEL, lines, "utf-16")
    pen.count("encoding")
    columns = {"village_code": "村代码", "household_no": "样本户号", "year": "年份", **PANEL_COLUMNS}
    return {"file": PANEL, "table": "household_year", "vintage": REFERENCE, "columns": columns}


def _cells(name: str, values: list[object], pen: Pen) -> list[object]:
    if isinstance(values[0], bool):
        return ["是" if value else "否" for value in values]
    if not name.startswith("inc_"):
        return values
    slips = pen.rng.random(len(values)) < SLIPS
    return [
        pen.number(value, unit="元", chance=1.0) if slip else value
        for value, slip in zip(values, slips.tolist(), strict=True)
    ]
