"""Prices at the monitoring points, prices by year, disasters, and projects of the support fund."""

from __future__ import annotations

from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save, save_text
from analysis.simulate.raw.dirt import Pen, chinese_numeral, percents, written
from analysis.simulate.raw.office import Office, Source, rows

MONITOR = "蜜桃价格监测_2016-2024.csv"
YEARLY = "蜜桃价格成本年表.csv"
DISASTERS = "灾害记录.xlsx"
PROJECTS = "扶持资金项目.xlsx"
PER_JIN_BEFORE = 2019  # prices were noted in yuan per jin (half a kg) until then
NOT_NOTED = "9999"
YEARLY_COLUMNS = {
    "year": "年份", "peach_revenue_per_mu": "亩均产值(元/亩)", "revenue_source": "产值来源",
    "peach_kg_per_mu": "亩产(公斤/亩)", "kg_source": "单产来源", "peach_price_per_kg": "蜜桃单价(元/公斤)",
    "peach_cost_per_mu": "亩均成本(元/亩)", "cost_source": "成本来源",
    "income_per_head": "农村居民人均可支配收入(元)", "income_source": "收入来源",
}  # fmt: skip
KINDS = {"hail": "冰雹", "drought": "干旱", "frost": "霜冻"}
PURPOSES = {
    "orchard": "果园改造",
    "storage": "冷链仓储",
    "processing": "加工车间",
    "photovoltaic": "光伏电站",
}
AMOUNTS = {
    "amount_total": "资金总额(万元)", "amount_central": "中央资金(万元)", "amount_province": "省级资金(万元)",
    "amount_local": "市县资金(万元)",
}  # fmt: skip


def write(office: Office) -> list[Source]:
    """The four files, and how the map reads them."""
    return [*_monitor(office), *_yearly(office), *_disasters(office), *_projects(office)]


def _monitor(office: Office) -> list[Source]:
    pen = office.dirt.pen(MONITOR)
    lines: list[list[object]] = [["日期", "监测点", "品种", "均价", "最高价", "单位"]]
    for row in rows(office.county.price_monitor.sort_values(["date", "point_id", "variety"], kind="stable")):
        jin = int(row["date"][:4]) < PER_JIN_BEFORE
        highest = row["price_max"]
        lines.append(
            [
                pen.date(row["date"], serials=False, chance=0.3),
                row["point_id"],
                row["variety"],
                _price(row["price_mean"], jin),
                _price(highest, jin) if highest == highest else _no_price(pen),
                "元/斤" if jin else "元/公斤",
            ]
        )
    save_text(office.folder / MONITOR, lines, "gb18030")
    pen.count("encoding")
    pen.count("weight_converted", 2)
    columns = {
        "date": "日期", "point_id": "监测点", "variety": "品种",
        "price_mean": {"heading": "均价", "unit_column": "单位"},
        "price_max": {"heading": "最高价", "unit_column": "单位", "missing": [NOT_NOTED]},
    }  # fmt: skip
    return [{"file": MONITOR, "table": "price_monitor", "columns": columns}]


def _price(value: float, jin: bool) -> str:
    return f"{value / 2:.3f}" if jin else f"{value:.2f}"


def _no_price(pen: Pen) -> str:
    if not pen.on:
        return ""
    if pen.rng.random() < 0.5:
        pen.count("missing_code")
        return NOT_NOTED
    return pen.nothing()


def _yearly(office: Office) -> list[Source]:
    office.dirt.pen(YEARLY)
    lines: list[list[object]] = [list(YEARLY_COLUMNS.values())]
    for row in rows(office.county.price_year):
        lines.append(
            [row[name] if isinstance(row[name], str) else written(row[name]) for name in YEARLY_COLUMNS]
        )
    save_text(office.folder / YEARLY, lines, "utf-8")
    return [{"file": YEARLY, "table": "price_year", "columns": dict(YEARLY_COLUMNS)}]


def _disasters(office: Office) -> list[Source]:
    pen = office.dirt.pen(DISASTERS)
    known = office.villages()
    names = dict(
        zip(office.county.township["township_code"], office.county.township["township"], strict=True)
    )
    of_villages, of_townships = Sheet("受灾村"), Sheet("受灾乡镇")
    of_villages.title("受灾村记录", 6)
    of_villages.head(["灾害编号", "乡镇", "村名", "发生日期", "灾种", "减产比例(%)"])
    of_townships.title("全乡镇受灾记录", 5)
    of_townships.head(["灾害编号", "乡镇", "发生日期", "灾种", "减产比例(%)"])
    for row in rows(office.county.shock):
        day, kind = pen.date(row["date"]), KINDS[row["type"]]
        lost = percents(row["severity"], 2)
        if row["village_id"]:
            village = known[row["village_id"]]
            name = places.name(village, REFERENCE, pen)
            of_villages.add(row["shock_id"], village.township, name, day, kind, lost)
        else:
            of_townships.add(row["shock_id"], names[row["township_code"]], day, kind, lost)
    pen.count("percent_converted", 2)
    for sheet in (of_villages, of_townships):
        sheet.add()
        sheet.add("注：减产比例为估计数")
        pen.count("note_cut")
    save(office.folder / DISASTERS, [of_villages, of_townships])
    columns = {
        "shock_id": "灾害编号", "township": "乡镇", "date": "发生日期", "type": "灾种", "severity": "减产比例(%)",
    }  # fmt: skip
    return [
        {
            "file": DISASTERS, "sheet": "受灾村", "table": "shock", "vintage": REFERENCE,
            "columns": {**columns, "village": "村名"},
        },
        {"file": DISASTERS, "sheet": "受灾乡镇", "table": "shock", "columns": dict(columns)},
    ]  # fmt: skip


def _projects(office: Office) -> list[Source]:
    pen = office.dirt.pen(PROJECTS)
    known = office.villages()
    sheet = Sheet("项目台账")
    headings = ["批次", "项目编号", "年度", "乡镇", "村名", *AMOUNTS.values(), "用途"]
    sheet.title("扶持村级集体经济资金项目台账", len(headings))
    sheet.head(headings)
    records = list(rows(office.county.fund_project))
    for row in records:
        village = known[row["village_id"]]
        amounts = [_amount(int(row[name]), pen) for name in AMOUNTS]
        sheet.add(
            f"{row['year']}年第1批", row["project_id"], row["year"], village.township,
            places.name(village, row["year"], pen, aliases=True), *amounts, PURPOSES[row["purpose"]],
        )  # fmt: skip
    sums = [sum(int(row[name]) for row in records) / 10_000 for name in AMOUNTS]
    sheet.add("合计", "", "", "", "", *sums, "")
    pen.count("subtotal_removed")
    pen.count("unit_converted", len(AMOUNTS))
    sheet.add(people.NOTE)
    pen.count("note_cut")
    save(office.folder / PROJECTS, [sheet])
    columns = {
        "project_id": "项目编号", "year": "年度", "township": "乡镇", "village": "村名", **AMOUNTS, "purpose": "用途",
    }  # fmt: skip
    return [
        {
            "file": PROJECTS, "table": "fund_project", "vintage": "year", "intervals": "midpoint",
            "ignore": ["批次"], "columns": columns,
        }
    ]  # fmt: skip


def _amount(yuan: int, pen: Pen) -> object:
    """万元, now and then approximate, as a range around the value, or in Chinese."""
    value = yuan / 10_000
    if not pen.slips(0.4):
        return value
    way = sum(pen.counts[rule] for rule in ("approximate", "interval", "chinese_numeral")) % 3  # in turn
    if way == 0:
        pen.count("approximate")
        return f"约{written(value)}"
    if way == 1 and value >= 10:
        pen.count("interval")
        return f"{written(value - 5)}-{written(value + 5)}"
    pen.count("chinese_numeral")
    return chinese_numeral(int(value))
