"""What is known of villages once: the township's sheets of basic facts, and a village questionnaire in SPSS."""

from __future__ import annotations

from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.parameters import MODELS
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.dirt import Pen, percents
from analysis.simulate.raw.office import Office, Source, rows
from analysis.simulate.raw.statistics_files import Labelled, save_sav
from analysis.simulate.study_text import MODELS as MODEL_TEXTS

FACTS = "村基本情况.xlsx"
QUESTIONNAIRE = "村级问卷_2021.sav"
HILLS, HILLS_PERCENT = "资源/山地占比", "资源/山地占比(%)"
COUNTS = {
    "households": ("人口/户数", "户"), "population_res": ("人口/常住人口", "人"),
    "party_members": ("组织/党员数", "人"), "sec_age": ("组织/书记年龄", ""),
    "sec_edu_years": ("组织/书记受教育年限", ""),
}  # fmt: skip
MEASURES = {
    "arable_mu": "资源/耕地面积(亩)", "orchard_mu": "资源/果园面积(亩)", "peach_mu": "资源/桃园面积(亩)",
    "land_per_hh_mu": "资源/户均桃园面积(亩)", "dist_county_km": "资源/距县城(公里)",
}  # fmt: skip
FLAGS = {
    "sec_is_head": "组织/书记主任一肩挑", "precoop_2019": "组织/2019年前已有合作社",
    "first_secretary": "组织/第一书记驻村",
}  # fmt: skip
# order of the groups of columns after the village, by sheet
ORDERS = (("人口", "资源", "组织"), ("资源", "人口", "组织"))
DECIDED = 2  # cells that cannot be read and that a person decides on in the map
UNREADABLE = "待核实"


def write(office: Office) -> list[Source]:
    """Both files, and how the map reads them."""
    return [*_facts(office), *_questionnaire(office)]


def decisions(office: Office) -> list[dict[str, str]]:
    """Cells of the sheets that the map decides on: where they stand and what is right."""
    if not office.dirt.on:
        return []
    found = []
    for number, (township, villages) in enumerate(list(office.townships().items())[:DECIDED]):
        records = {row["village_id"]: row for row in rows(office.county.village_year.query("year == 2015"))}
        heading = COUNTS["households"][0]
        column = _headings(number).index(heading)
        value = records[villages[number].village_id]["households"]
        found.append(
            {
                "cell": f"{FACTS}!{township}!{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[column]}{4 + number}",
                "value": str(value),
                "reason": "电话核实",
            }
        )
    return found


def _headings(number: int) -> list[str]:
    hills = HILLS_PERCENT if number % 2 == 0 else HILLS
    every = [*(heading for heading, _ in COUNTS.values()), *MEASURES.values(), hills, *FLAGS.values()]
    found = ["序号", "村名"]
    for group in ORDERS[number % len(ORDERS)]:
        found += [heading for heading in every if heading.startswith(group)]
    return found


def _facts(office: Office) -> list[Source]:
    pen = office.dirt.pen(FACTS)
    records = {row["village_id"]: row for row in rows(office.county.village_year.query("year == 2015"))}
    decided = {entry["cell"] for entry in decisions(office)}
    sheets = []
    for number, (township, villages) in enumerate(office.townships().items()):
        headings = _headings(number)
        sheet = Sheet(township)
        sheet.title(f"{township}村级基本情况", len(headings))
        sheet.head(headings)
        pen.count("header_flattened")
        pen.count("column_order", int(number % len(ORDERS) > 0))
        pen.count("percent_converted", int(HILLS_PERCENT in headings))
        for place, village in enumerate(villages, start=1):
            cells = _cells(records[village.village_id], HILLS_PERCENT in headings, pen)
            cells |= {"序号": place, "村名": places.name(village, REFERENCE, pen, aliases=True)}
            if number < DECIDED and place == number + 1 and decided:
                cells[COUNTS["households"][0]] = UNREADABLE
                pen.count("decided")
            sheet.add(*(cells[heading] for heading in headings))
        sheet.add("合计", "", *(_total(heading, villages, records) for heading in headings[2:]))
        pen.count("subtotal_removed")
        sheet.add(people.NOTE)
        pen.count("note_cut")
        sheets.append(sheet)
    save(office.folder / FACTS, sheets)
    columns: dict[str, object] = {
        "village": "村名",
        **{name: heading for name, (heading, _) in COUNTS.items()},
    }
    columns |= {**MEASURES, **FLAGS, "hill_share": [HILLS_PERCENT, HILLS]}
    return [
        {
            "file": FACTS, "table": "village_year", "township": "sheet", "vintage": REFERENCE, "rows": "village",
            "ignore": ["序号"], "columns": columns,
        }
    ]  # fmt: skip


def _cells(row: dict[str, object], hills_in_percent: bool, pen: Pen) -> dict[str, object]:
    cells: dict[str, object] = {}
    for name, (heading, unit) in COUNTS.items():
        cells[heading] = pen.number(row[name], unit=unit, han=True)
    cells |= {heading: pen.number(row[name], chance=0.02) for name, heading in MEASURES.items()}
    cells |= {heading: "是" if row[name] else "否" for name, heading in FLAGS.items()}
    if hills_in_percent:
        cells[HILLS_PERCENT] = percents(row["hill_share"], 2)
    else:
        cells[HILLS] = pen.share(row["hill_share"], decimals=2) if pen.slips(0.7) else row["hill_share"]
    return cells


def _total(heading: str, villages: list[places.Village], records: dict[str, dict[str, object]]) -> object:
    """Sums of people and land; nothing is summed where a cell cannot be read."""
    names = {heading: name for name, (heading, _) in COUNTS.items()} | {h: n for n, h in MEASURES.items()}
    name = names.get(heading, "")
    if name not in {"population_res", "party_members", "arable_mu", "orchard_mu", "peach_mu"}:
        return ""
    return round(sum(records[v.village_id][name] for v in villages), 2)


def _questionnaire(office: Office) -> list[Source]:
    pen = office.dirt.pen(QUESTIONNAIRE)
    known = office.villages()
    table = {"v1": [], "v2": [], "v5": [], "v6": []}
    for row in rows(office.county.village_year.query("year == 2015")):
        table["v1"].append(places.code(known[row["village_id"]]))
        table["v2"].append(float(MODELS.index(row["model"]) + 1) if row["model"] else float("nan"))
        table["v5"].append(row["cadre_proxy"])
        table["v6"].append(row["log_ci_baseline"])
    texts = {str(k): MODEL_TEXTS[model][0] for k, model in enumerate(MODELS, start=1)}
    titles = {"v1": "村代码", "v2": "领办模式", "v5": "村干部能力代理值", "v6": "基期经营收益（对数）"}
    save_sav(office.folder / QUESTIONNAIRE, Labelled(table, titles, {"v2": texts}))
    pen.count("value_label")
    columns = {"village_code": "v1", "model": "v2", "cadre_proxy": "v5", "log_ci_baseline": "v6"}
    return [
        {
            "file": QUESTIONNAIRE, "table": "village_year", "vintage": REFERENCE, "rows": "village",
            "columns": columns,
        }
    ]  # fmt: skip
