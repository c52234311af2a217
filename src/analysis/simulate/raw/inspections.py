"""Scores of the inspections, one sheet a year: items with their points, what was given and why not all."""

from __future__ import annotations

from analysis.simulate.raw import people
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.dirt import Pen, written
from analysis.simulate.raw.office import Office, Source, rows

FILE = "督导考核评分.xlsx"
ITEMS = {
    "party_building": "党建引领", "governance": "规范管理", "finance": "财务公开", "services": "服务成员",
    "income": "带动增收", "risk": "风险防控",
}  # fmt: skip
REASONS = ("资料不全", "会议记录缺失", "公示不及时", "台账不规范")
HEADINGS = ["合作社名称", "统一社会信用代码", "考核项目", "分值", "得分", "扣分原因"]


def write(office: Office) -> list[Source]:
    """The workbook, and how the map reads it."""
    pen = office.dirt.pen(FILE)
    by_year: dict[int, dict[str, list[dict[str, object]]]] = {}
    for row in rows(office.county.assessment):
        by_year.setdefault(row["year"], {}).setdefault(row["coop_id"], []).append(row)
    save(office.folder / FILE, [_sheet(year, coops, office, pen) for year, coops in sorted(by_year.items())])
    columns = {
        "credit_code": HEADINGS[1],
        "item": HEADINGS[2],
        "max_score": HEADINGS[3],
        "score": HEADINGS[4],
    }
    ignored = [HEADINGS[0], HEADINGS[5]]
    return [{"file": FILE, "table": "assessment", "year": "sheet", "ignore": ignored, "columns": columns}]


def _sheet(year: int, scores: dict[str, list[dict[str, object]]], office: Office, pen: Pen) -> Sheet:
    sheet = Sheet(f"{year}年")
    sheet.title(f"{year}年度合作社督导考核评分表", len(HEADINGS))
    sheet.head(HEADINGS)
    coops = office.coops()
    for coop_id, of_coop in scores.items():
        coop = coops[coop_id]
        by_item = {row["item"]: row for row in of_coop}
        code = pen.credit_code(coop["credit_code"])
        lines = []
        for item, words in ITEMS.items():
            row = by_item[item]
            lost = row["max_score"] - row["score"]
            reason = f"{REASONS[int(pen.rng.integers(len(REASONS)))]}，扣{written(lost)}分" if lost else ""
            cells = (words, row["max_score"], _score(row["score"], pen), reason)
            lines.append(sheet.add(coop["coop_name"], code, *cells))
        sheet.merge_down(0, lines[0], lines[-1])
        pen.count("merged_filled", sheet.merge_down(1, lines[0], lines[-1]))
        # one code stands over all rows of the coop; what is wrong in it is wrong in each of them
        pen.count("credit_code", (len(lines) - 1) * int(code != coop["credit_code"]))
        sheet.add("", "", "小计", 100, sum(row["score"] for row in of_coop), "")
        pen.count("subtotal_removed")
    sheet.add()
    sheet.add(people.NOTE)
    pen.count("note_cut")
    return sheet


def _score(value: float, pen: Pen) -> object:
    return pen.number(value, unit="分", chance=0.05)
