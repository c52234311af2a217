"""Rosters of members, one workbook per cooperative, full of personal data and of numbers from former villages."""

from __future__ import annotations

from analysis.simulate.code_lists import VINTAGES, base, village_xwalk
from analysis.simulate.raw import people
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.dirt import Pen
from analysis.simulate.raw.office import Office, Source, rows
from analysis.simulate.raw.places import ANOTHER

FOLDER = "成员名册"
FILE = "{coop_name}成员名册_{coop_id}.xlsx"
SQUARE_METRES = 4  # every so many rosters gives land in square metres
MU = 0.0015  # mu in a square metre
COUPLES = 0.25  # of households with more than two shares: husband and wife both listed
DAMAGED = 0.06  # of identity numbers
SMALLEST = 3  # shares of a couple
HEADINGS = [
    "序号", "姓名", "性别", "身份证号", "联系电话", "家庭住址", "乡镇", "原村", "户号", "股数", "入股土地(亩)",
    "入社时间", "退社时间", "是否交易",
]  # fmt: skip
LAND = HEADINGS.index("入股土地(亩)")
LAND_METRES = "入股土地(平方米)"


def write(office: Office) -> list[Source]:
    """The rosters, and how the map reads them."""
    folder = office.folder / FOLDER
    folder.mkdir(exist_ok=True)
    former = {row["code"]: (row["township"], row["name"]) for row in rows(village_xwalk()) if row["vintage"] == VINTAGES[0]}  # fmt: skip
    register = {row["hh_id"]: row for row in rows(office.county.household)}
    members: dict[str, list[dict[str, object]]] = {}
    for row in rows(office.county.membership):
        members.setdefault(row["coop_id"], []).append(row)
    coops = office.coops()
    for number, (coop_id, of_coop) in enumerate(sorted(members.items())):
        coop = coops[coop_id]
        file = FILE.format(**coop)
        pen = office.dirt.pen(file)
        sheet = _sheet(coop, of_coop, former, register, number % SQUARE_METRES == 0, pen)
        save(folder / file, [sheet])
    columns: dict[str, object] = {
        "credit_code": {"from": "title", "pattern": "信用代码:([0-9A-Z]{18})"},
        "township": "乡镇", "register_village": "原村", "household_no": "户号",
        "shares": {"heading": "股数", "rollup": "sum"},
        "land_shares_mu": {"heading": [HEADINGS[LAND], LAND_METRES], "rollup": "sum"},
        "from_date": "入社时间", "to_date": "退社时间", "active": "是否交易",
    }  # fmt: skip
    return [
        {
            "file": FILE.format(coop_name="*", coop_id="*"), "table": "membership",
            "register_vintage": VINTAGES[0], "ignore": ["序号", "性别"], "columns": columns,
        }
    ]  # fmt: skip


def _sheet(
    coop: dict[str, object],
    members: list[dict[str, object]],
    former: dict[str, tuple[str, str]],
    register: dict[str, dict[str, object]],
    metres: bool,
    pen: Pen,
) -> Sheet:
    sheet = Sheet("成员名册")
    headings = list(HEADINGS)
    if metres:
        headings[LAND] = LAND_METRES
        pen.count("area_converted")
    sheet.title(f"{coop['coop_name']}成员名册", len(headings))
    sheet.title(f"统一社会信用代码：{coop['credit_code']}", len(headings))
    sheet.head(headings)
    pen.count("personal_dropped", 4)
    for row in members:
        house = register[row["hh_id"]]
        township, village = former[house["village_code_2017"]]
        if pen.slips(0.5):
            village = base(village) + ANOTHER[int(pen.rng.integers(len(ANOTHER)))]
        house_no = house["register_no"]
        for shares, land, sex in _persons(row, pen):
            metres_or_mu = round(land / MU) if metres else land
            sheet.add(
                len(sheet.rows) - 2, people.name(pen.rng), sex, _identity_number(pen), people.phone(pen.rng),
                people.address(township, village, pen.rng), township, village, house_no,
                pen.number(shares, han=True), pen.number(metres_or_mu, chance=0.03),
                pen.date(row["from_date"]), pen.date(row["to_date"]), "是" if row["active"] else "否",
            )  # fmt: skip
            pen.count("household_register")
    land = sum(row["land_shares_mu"] for row in members)
    total = ["合计", *[""] * (len(headings) - 1)]
    total[LAND] = round(land / MU) if metres else land
    sheet.add(*total)
    pen.count("subtotal_removed")
    sheet.add()
    sheet.add(people.NOTE)
    pen.count("note_cut")
    return sheet


def _persons(row: dict[str, object], pen: Pen) -> list[tuple[int, float, str]]:
    """Shares, land and sex of the members listed for a household; a couple's shares add up and differ."""
    shares, land = int(row["shares"]), float(row["land_shares_mu"])
    if shares >= SMALLEST and pen.slips(COUPLES):
        pen.count("household_rollup")
        return [(shares - 1, land, "男"), (1, 0.0, "女")]
    return [(shares, land, "男" if pen.rng.random() < 0.9 else "女")]


def _identity_number(pen: Pen) -> str:
    number = people.identity_number(pen.rng)
    if pen.slips(DAMAGED):
        pen.count("identity_number_damaged")
        return people.damaged(number)
    return number
