"""Yearly reports of the cooperatives, and the list of dividends of one year as a second source."""

from __future__ import annotations

from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.coop_list import EXIT
from analysis.simulate.raw.dirt import Pen, percents
from analysis.simulate.raw.office import Office, Source, rows

REPORT = "合作社年报_{year}.xlsx"
DIVIDENDS = "分红明细_2022.xlsx"
DIVIDEND_YEAR = 2022
TIER = {"T1": "示范社", "T2": "规范社", "T3": "提升社", "T4": "整改社"}
STATUS = {"active": "运营", **EXIT}
COUNTS = {
    "members_listed": ("成员/在册成员", "户"), "members_active": ("成员/实际交易成员", "户"),
    "member_meeting": ("规范/成员大会次数", "次"),
}  # fmt: skip
CAPITAL = {
    "capital_total": "出资(万元)/出资总额", "capital_collective": "出资(万元)/集体出资",
    "capital_member": "出资(万元)/成员出资", "capital_firm": "出资(万元)/企业出资",
}  # fmt: skip
MONEY = {
    "revenue": "经营(元)/经营收入", "cost": "经营(元)/成本", "surplus": "经营(元)/盈余",
    "distributable": "盈余分配(元)/可分配盈余", "patronage_return": "盈余分配(元)/交易返还",
    "dividend_members": "盈余分配(元)/社员分红", "dividend_collective": "盈余分配(元)/集体分红",
    "reserve": "盈余分配(元)/公积金", "risk_fund": "盈余分配(元)/风险金", "wage_bill": "经营(元)/务工支出",
}  # fmt: skip
PERCENT = {"unified_buy_rate": ("服务/统购率(%)", 2), "unified_sell_rate": ("服务/统销率(%)", 2)}
SHARES = {"price_premium": ("服务/收购溢价", 3), "input_discount": ("服务/农资折扣", 3)}
LAND, BOOKS, TIERS, STATE = "出资土地(亩)", "规范/财务公开", "规范/分类等级", "规范/状态"
GROUPS = ("成员", "出资(万元)", "出资土地(亩)", "经营(元)", "盈余分配(元)", "服务", "规范")
NAME, CODE = "合作社名称", "统一社会信用代码"
CUMULATIVE = "累计分红(万元)"
TOGETHER = "当年分红合计(万元)"
PAID = {
    "patronage_return": "交易返还(元)", "dividend_members": "社员分红(元)", "dividend_collective": "集体分红(元)",
}  # fmt: skip


def write(office: Office) -> list[Source]:
    """The reports of all years and the list of dividends, and how the map reads them."""
    years = sorted(set(office.county.coop_year["year"].tolist()))
    for year in years:
        _report(int(year), office)
    columns: dict[str, object] = {
        "credit_code": CODE, "township": "乡镇", "village": "村名", "land_shares_mu": LAND, "open_books": BOOKS,
        "tier": TIERS, "status": STATE,
    }  # fmt: skip
    columns |= {name: heading for name, (heading, _) in (COUNTS | PERCENT | SHARES).items()}
    columns |= CAPITAL | {name: {"heading": h, "none": "zero"} for name, h in MONEY.items()}
    report = {
        "file": REPORT.format(year="*"), "table": "coop_year", "year": "file", "vintage": REFERENCE,
        "ignore": ["序号", NAME], "columns": columns,
    }  # fmt: skip
    return [report, *(_dividends(office) if DIVIDEND_YEAR in years else [])]


def _headings() -> list[str]:
    every = [heading for heading, _ in (COUNTS | PERCENT | SHARES).values()]
    every += [*CAPITAL.values(), *MONEY.values(), LAND, BOOKS, TIERS, STATE]
    found = ["序号", "乡镇", "村名", NAME, CODE]
    for group in GROUPS:
        found += [heading for heading in every if heading.split("/")[0] == group]
    return found


def _report(year: int, office: Office) -> None:
    file = REPORT.format(year=year)
    pen = office.dirt.pen(file)
    headings = _headings()
    sheet = Sheet("年报")
    sheet.title(f"农民专业合作社{year}年度报告汇总", len(headings))
    sheet.head(headings)
    pen.count("header_flattened")
    pen.count("unit_converted", len(CAPITAL))
    pen.count("percent_converted", len(PERCENT))
    coops = office.coops()
    records = [row for row in rows(office.county.coop_year) if row["year"] == year]
    start, before = len(sheet.rows), ""
    for number, row in enumerate(records, start=1):
        coop = coops[row["coop_id"]]
        village = coop["village"]
        cells = _cells(row, pen) | {
            "序号": number, "乡镇": village.township, "村名": places.name(village, REFERENCE, pen),
            NAME: coop["coop_name"], CODE: pen.credit_code(coop["credit_code"]),
        }  # fmt: skip
        line = sheet.add(*(cells[heading] for heading in headings))
        if village.township != before:
            pen.count("merged_filled", sheet.merge_down(1, start, line - 1) if before else 0)
            start, before = line, village.township
    pen.count("merged_filled", sheet.merge_down(1, start, len(sheet.rows) - 1))
    sums = {
        heading: sum(int(row[name]) for row in records)
        for name, heading in MONEY.items()
        if name != "surplus"
    }
    sheet.add(*({**sums, "序号": "合计"}.get(heading, "") for heading in headings))
    pen.count("subtotal_removed")
    sheet.add(people.NOTE)
    pen.count("note_cut")
    save(office.folder / file, [sheet])


def _cells(row: dict[str, object], pen: Pen) -> dict[str, object]:
    cells: dict[str, object] = {}
    for name, (heading, unit) in COUNTS.items():
        cells[heading] = pen.number(row[name], unit=unit if name == "member_meeting" else "", han=True)
    for name, heading in CAPITAL.items():
        cells[heading] = pen.myriads(int(row[name]), chance=0.02)
    for name, heading in MONEY.items():
        cells[heading] = _money(name, int(row[name]), pen)
    for name, (heading, decimals) in PERCENT.items():
        cells[heading] = percents(row[name], decimals)
    for name, (heading, decimals) in SHARES.items():
        cells[heading] = pen.share(row[name], decimals=decimals) if pen.slips(0.3) else row[name]
    return cells | {
        LAND: row["land_shares_mu"],
        BOOKS: "是" if row["open_books"] else "否",
        TIERS: TIER[row["tier"]] if row["tier"] else pen.nothing() if pen.slips(0.5) else "",
        STATE: STATUS[row["status"]],
    }


def _money(name: str, value: int, pen: Pen) -> object:
    if name == "surplus" and pen.slips(0.03):
        pen.count("derived")
        return ""
    if value == 0 and pen.slips(0.5):
        return pen.nothing()
    return pen.number(value, unit="元", chance=0.02)


def _dividends(office: Office) -> list[Source]:
    pen = office.dirt.pen(DIVIDENDS)
    headings = ["序号", NAME, CODE, *PAID.values(), TOGETHER, CUMULATIVE]
    sheet = Sheet("分红明细")
    sheet.title(f"{DIVIDEND_YEAR}年合作社分红明细", len(headings))
    sheet.head(headings)
    pen.count("cumulative_left")
    coops = office.coops()
    records = [row for row in rows(office.county.coop_year) if row["year"] <= DIVIDEND_YEAR]
    paid_before: dict[str, int] = {}
    for row in records:
        together = sum(int(row[name]) for name in PAID)
        paid_before[row["coop_id"]] = paid_before.get(row["coop_id"], 0) + together
    of_year = [row for row in records if row["year"] == DIVIDEND_YEAR]
    for number, row in enumerate(of_year, start=1):
        coop = coops[row["coop_id"]]
        amounts = [pen.number(int(row[name]), unit="元", chance=0.1) for name in PAID]
        together = sum(int(row[name]) for name in PAID) / 10_000
        sheet.add(
            number, coop["coop_name"], pen.credit_code(coop["credit_code"]), *amounts, together,
            paid_before[row["coop_id"]] / 10_000,
        )  # fmt: skip
    sheet.add("合计", "", "", *(sum(int(row[name]) for row in of_year) for name in PAID), "", "")
    pen.count("subtotal_removed")
    save(office.folder / DIVIDENDS, [sheet])
    return [
        {
            "file": DIVIDENDS, "table": "coop_year", "year": DIVIDEND_YEAR, "vintage": REFERENCE,
            "ignore": ["序号", NAME, TOGETHER], "columns": {"credit_code": CODE, **PAID},
        }
    ]  # fmt: skip
