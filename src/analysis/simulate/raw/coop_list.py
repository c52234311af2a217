"""The list of cooperatives, one sheet per township or zone, as the organisation department keeps it."""

from __future__ import annotations

from analysis.privacy.check_digits import credit_check_character
from analysis.simulate.code_lists import REFERENCE
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.dirt import Pen
from analysis.simulate.raw.office import Office, Source, rows
from analysis.simulate.raw.registers import federation_name
from analysis.simulate.study_text import MODELS

FILE = "合作社台账_2022.xlsx"
ROUTE = {"new": "新建", "upgrade": "改建"}
NAME_STATUS = {"county": "县定名称", "working": "本项目工作标签"}
EXIT = {"merged": "合并", "deregistered": "注销", "dormant": "停业"}
FEDERATION = "联合社"  # what stands in the column of kinds for the federations among the coops
# column of the data model: heading; the first three stand first in every sheet, the order of the others differs
COLUMNS = {
    "township": "基本情况/乡镇",
    "village": "基本情况/村",
    "coop_id": "基本情况/编号",
    "credit_code": "基本情况/统一社会信用代码",
    "registered_year": "组建/登记年份",
    "led_since": "组建/领办年份",
    "route": "组建/组建方式",
    "model_primary": "分类/模式",
    "name_status": "分类/模式名称来源",
    "is_demo_county": "分类/县级示范社",
    "fed_id": "联合社编号",
    "exit_year": "退出/退出年份",
    "exit_type": "退出/退出方式",
}
GROUPS = ("基本情况", "组建", "分类", "联合社编号", "退出", "负责人")
ORDERS = ((0, 1, 2, 3, 4, 5), (0, 2, 1, 3, 4, 5), (0, 1, 5, 2, 4, 3))  # of GROUPS
KIND, CHAIR, PHONE, NAME, CAPITAL = (
    "分类/类型",
    "负责人/理事长",
    "负责人/联系电话",
    "基本情况/合作社名称",
    "组建/出资额(万元)",
)
TWICE = 5  # every so many sheets one line is listed twice


def write(office: Office) -> list[Source]:
    """The workbook, and how the map reads it."""
    pen = office.dirt.pen(FILE)
    sheets, first = [], None
    for number, (name, of_place) in enumerate(_by_place(office).items()):
        headings = _headings(ORDERS[number % len(ORDERS)])
        order = [heading for heading in headings if heading in COLUMNS.values()]
        first = first or order
        pen.count("column_order", int(order != first))
        sheets.append(_sheet(name, number, headings, of_place, office, pen))
    save(office.folder / FILE, sheets)
    ignored = ["序号", KIND, NAME, CAPITAL]
    return [
        {"file": FILE, "table": "coop", "vintage": REFERENCE, "ignore": ignored, "columns": dict(COLUMNS)}
    ]


def _by_place(office: Office) -> dict[str, list[dict[str, object]]]:
    """Coops by the sheet they stand on: township, or zone that keeps the village's books."""
    found: dict[str, list[dict[str, object]]] = {name: [] for name in (*office.townships(), *places.ZONES)}
    for coop in office.coops().values():
        village = coop["village"]
        found[places.zone_of(village) or village.township].append(coop)
    return {name: coops for name, coops in found.items() if coops}


def _headings(order: tuple[int, ...]) -> list[str]:
    every = [*COLUMNS.values(), KIND, CHAIR, PHONE, NAME, CAPITAL]
    found = ["序号"]
    for group in order:
        found += [heading for heading in every if heading.split("/")[0] == GROUPS[group]]
    return found


def _sheet(
    name: str, number: int, headings: list[str], coops: list[dict[str, object]], office: Office, pen: Pen
) -> Sheet:
    sheet = Sheet(name)
    sheet.title(f"{name}党组织领办合作社台账（2022年建账，2024年12月更新）", len(headings))
    sheet.head(headings)
    pen.count("header_flattened")
    pen.count("personal_dropped", 2)
    lines = []
    for place, coop in enumerate(coops, start=1):
        twice = number % TWICE == 0 and place == len(coops) and pen.on
        pen.count("duplicate_row", int(twice))
        for _ in range(1 + twice):
            lines.append(sheet.add(*_arranged({"序号": place, **_cells(name, coop, pen)}, headings)))
            pen.count("zone_mapped", int(name in places.ZONES))
    pen.count("merged_filled", sheet.merge_down(headings.index(COLUMNS["township"]), lines[0], lines[-1]))
    for cells in _federations(name, coops, office, pen) if pen.on else ():
        sheet.add(*_arranged(cells, headings))
        pen.count("federation_in_coop_list")
    sheet.add(*_arranged({COLUMNS["township"]: "小计", NAME: f"{len(coops)}家"}, headings))
    pen.count("subtotal_removed")
    sheet.add()
    sheet.add("注：联合社随成员社列示；出资额单位为万元")
    sheet.add(people.NOTE)
    pen.count("note_cut", 2)
    return sheet


def _arranged(cells: dict[str, object], headings: list[str]) -> list[object]:
    return [cells.get(heading, "") for heading in headings]


def _cells(name: str, coop: dict[str, object], pen: Pen) -> dict[str, object]:
    """One coop as it stands on the sheet `name`, by heading."""
    village = coop["village"]
    values = {
        "township": name,
        "village": places.name(village, REFERENCE, pen, aliases=True),
        "coop_id": coop["coop_id"],
        "credit_code": pen.credit_code(coop["credit_code"]),
        "registered_year": pen.year(coop["registered_year"]),
        "led_since": pen.year(coop["led_since"]),
        "route": ROUTE[coop["route"]],
        "model_primary": MODELS[coop["model_primary"]][0],
        "name_status": NAME_STATUS[coop["name_status"]],
        "is_demo_county": "是" if coop["is_demo_county"] else "否",
        "fed_id": coop["fed_id"],
        "exit_year": coop["exit_year"],
        "exit_type": EXIT[coop["exit_type"]]
        if coop["exit_type"]
        else pen.nothing()
        if pen.slips(0.3)
        else "",
    }
    return {COLUMNS[key]: value for key, value in values.items()} | {
        KIND: "村党组织领办合作社",
        CHAIR: people.name(pen.rng),
        PHONE: people.phone(pen.rng),
        NAME: coop["coop_name"],
        CAPITAL: int(pen.rng.integers(10, 90)),
    }


def _federations(
    name: str, coops: list[dict[str, object]], office: Office, pen: Pen
) -> list[dict[str, object]]:
    """The township's federations, listed among its coops although they are none; on sheets of townships only."""
    if name in places.ZONES:
        return []
    code = coops[0]["village"].township_code
    found = []
    for row in rows(office.county.federation):
        if row["township_code"] == code:
            found.append(
                {
                    COLUMNS["township"]: name,
                    COLUMNS["credit_code"]: _credit_code(int(row["fed_id"][1:])),
                    COLUMNS["registered_year"]: 2021,
                    KIND: FEDERATION,
                    CHAIR: people.name(pen.rng),
                    PHONE: people.phone(pen.rng),
                    NAME: federation_name(row["fed_id"], name),
                }
            )
    return found


def _credit_code(number: int) -> str:
    """The credit code of a federation: like those of coops, with another series of numbers."""
    first = f"93000000MF0000{number:02d}X"
    return first + credit_check_character(first)
