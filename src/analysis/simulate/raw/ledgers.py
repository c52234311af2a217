"""Accounts of the collectives: the county's ledger, one sheet a year, and the ministry's distribution form, one
file a year. Both give incomes and totals, and agree."""

from __future__ import annotations

from decimal import Decimal

from analysis.simulate.code_lists import VINTAGES
from analysis.simulate.parameters import YEARS
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save, save_text
from analysis.simulate.raw.dirt import Pen, written
from analysis.simulate.raw.office import Office, Source, rows

LEDGER = "村集体收入台账_2015-2024.xlsx"
FORM = "收益分配统计表_{year}.csv"
IN_MYRIADS = range(2015, 2020)  # years kept in 万元; later ones in 元
HIDDEN_YEAR = 2016
HIDDEN_ROWS = 3  # in every sheet after the reference year
CORRUPT = 4  # error cells per sheet
INCOMES = {
    "ci_operating_income": "收入/经常性收入/经营收入",
    "ci_contract_income": "收入/经常性收入/发包及上交收入",
    "ci_investment": "收入/经常性收入/投资收益",
    "ci_subsidy": "收入/其他来源/补助收入",
    "ci_other": "收入/其他来源/其他收入",
    "ci_total": "收入/总收入",
}
COSTS = {"ci_operating_cost": "支出/经营支出", "ci_admin_cost": "支出/管理费用"}
RESULTS = {"ci_operating_surplus": "收益/经营收益", "ci_from_coop": "收益/合作社分红收入"}
DERIVED = ("ci_total", "ci_operating_surplus")
MONEY = {**INCOMES, **COSTS, **RESULTS}
COLUMNS = {
    "township": "乡镇", "village": "村名称", **MONEY, "coop_active": "合作社运营",
    "hh_income_mean": "户均可支配收入(元)",
}  # fmt: skip
FORM_COLUMNS = {
    "ci_total": "一、总收入", "ci_operating_income": "1.经营收入", "ci_contract_income": "2.发包及上交收入",
    "ci_investment": "3.投资收益", "ci_subsidy": "4.补助收入", "ci_other": "5.其他收入",
    "ci_operating_cost": "1.经营支出", "ci_admin_cost": "2.管理费用",
}  # fmt: skip


def write(office: Office) -> list[Source]:
    """Ledger and forms, and how the map reads them."""
    return [*_ledger(office), *_forms(office)]


def _ledger(office: Office) -> list[Source]:
    pen = office.dirt.pen(LEDGER)
    save(office.folder / LEDGER, [_year(year, office, pen) for year in YEARS])
    columns = {name: heading for name, heading in COLUMNS.items() if name != "ci_from_coop"}
    columns["ci_from_coop"] = {"heading": COLUMNS["ci_from_coop"], "none": "zero"}
    return [
        {"file": LEDGER, "table": "village_year", "year": "sheet", "ignore": ["序号"], "columns": columns}
    ]


def _year(year: int, office: Office, pen: Pen) -> Sheet:
    unit = "万元" if year in IN_MYRIADS else "元"
    headings = ["序号", *COLUMNS.values()]
    sheet = Sheet(f"{year}年", hidden=year == HIDDEN_YEAR and pen.on)
    pen.count("hidden_sheet", int(sheet.hidden))
    sheet.title(f"{year}年村集体收入台账（单位：{unit}）", len(headings))
    sheet.head(headings)
    pen.count("header_flattened")
    pen.count("unit_converted", len(MONEY) if unit == "万元" else 0)
    records = {row["village_id"]: row for row in rows(office.county.village_year.query("year == @year"))}
    broken = _broken(list(records), pen)
    data, number = [], 0
    for township, villages in office.townships().items():
        lines = []
        for village in villages:
            number += 1
            row = records[village.village_id]
            cells = [number, township, places.name(village, year, pen)]
            cells += [_money(name, row, broken, unit, pen) for name in MONEY]
            cells += ["是" if row["coop_active"] else "否", pen.number(row["hh_income_mean"], unit="元")]
            lines.append(sheet.add(*cells))
        data += lines
        pen.count("merged_filled", sheet.merge_down(1, lines[0], lines[-1]))
        sheet.add("", "", "小计", *_sums([records[v.village_id] for v in villages], broken, unit))
    sheet.add("", "合计", "", *_sums(list(records.values()), broken, unit))
    pen.count("subtotal_removed", len(office.townships()) + 1)
    if year > VINTAGES[-3] and pen.on:
        sheet.hidden_rows = sorted(pen.rng.choice(data, HIDDEN_ROWS, replace=False).tolist())
        pen.count("hidden_row", len(sheet.hidden_rows))
    sheet.add()
    sheet.add("注：经营收益不含补助收入和其他收入")
    sheet.add(people.NOTE)
    pen.count("note_cut", 2)
    return sheet


def _broken(village_ids: list[str], pen: Pen) -> set[tuple[str, str]]:
    """Derived cells whose formula refers to nothing."""
    if not pen.on:
        return set()
    chosen = pen.rng.choice(len(village_ids), CORRUPT, replace=False)
    found = {(village_ids[at], DERIVED[k % len(DERIVED)]) for k, at in enumerate(chosen)}
    pen.count("error_cell", len(found))
    return found


def _money(name: str, row: dict[str, object], broken: set[tuple[str, str]], unit: str, pen: Pen) -> object:
    value = row[name]
    if (row["village_id"], name) in broken:
        return "#REF!"
    if name == "ci_from_coop" and value == 0 and pen.slips(0.3):
        if row["coop_active"] or pen.rng.random() < 0.5:
            return pen.nothing()
        pen.count("annotated_zero")
        return "0（未建）"
    return pen.myriads(value, chance=0.02) if unit == "万元" else pen.number(value, unit="元", chance=0.02)


def _sums(records: list[dict[str, object]], broken: set[tuple[str, str]], unit: str) -> list[object]:
    """Sums of all money columns; none where a cell summed is broken."""
    scale = 10_000 if unit == "万元" else 1
    found: list[object] = []
    for name in MONEY:
        if any((row["village_id"], name) in broken for row in records):
            found.append("")
        else:
            total = Decimal(sum(int(row[name]) for row in records)) / scale
            found.append(int(total) if total == int(total) else float(total))
    return found


def _forms(office: Office) -> list[Source]:
    for year in YEARS:
        file = FORM.format(year=year)
        pen = office.dirt.pen(file)
        records = {row["village_id"]: row for row in rows(office.county.village_year.query("year == @year"))}
        lines = [["乡镇", "村名", *FORM_COLUMNS.values()]]
        for village_id, village in office.villages().items():
            row = records[village_id]
            money = [_form_cell(int(row[name]), pen) for name in FORM_COLUMNS]
            lines.append([village.township, places.name(village, year, pen), *money])
        lines.append(
            ["合计", "", *(sum(int(row[name]) for row in records.values()) for name in FORM_COLUMNS)]
        )
        pen.count("subtotal_removed")
        save_text(office.folder / file, lines, "gb18030")
        pen.count("encoding")
    columns = {"township": "乡镇", "village": "村名"}
    columns |= {name: {"heading": heading, "none": "zero"} for name, heading in FORM_COLUMNS.items()}
    return [
        {
            "file": FORM.format(year="*"),
            "table": "village_year",
            "year": "file",
            "unit": "元",
            "columns": columns,
        }
    ]


def _form_cell(value: int, pen: Pen) -> str:
    if value == 0 and pen.slips(0.5):
        return pen.nothing()
    cell = pen.number(value, unit="元", chance=0.02)
    return cell if isinstance(cell, str) else written(cell)
