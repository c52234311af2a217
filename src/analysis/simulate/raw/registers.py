"""Code lists, the list of village changes, the register of households, and who belongs to which federation."""

from __future__ import annotations

from analysis.simulate.code_lists import REFERENCE, VINTAGES, code_lists, village_xwalk
from analysis.simulate.names import village_ids
from analysis.simulate.raw import people, places
from analysis.simulate.raw.books import Sheet, save, save_text
from analysis.simulate.raw.dirt import Pen
from analysis.simulate.raw.office import Office, Source, rows
from analysis.simulate.raw.places import Village

LISTS = f"行政区划代码_{VINTAGES[0]}-{VINTAGES[-1]}.csv"
CHANGES = "村庄撤并更名对照表.xlsx"
REGISTER = "农户名册.csv"
FEDERATIONS = "联合社名录.xlsx"
COVERAGE = "合作社覆盖村.csv"
EVENTS = {
    "rename": "更名",
    "recode": "变码",
    "merge": "合并",
    "split": "拆分",
    "urbanise": "村改居",
}
BACKING = {
    "leading_cooperative": "龙头合作社",
    "state_company": "国有公司",
    "supply_cooperative": "供销社",
}
SPLIT_OFF = 0.2  # share of a village that its new residents' committee takes, own


def write(office: Office) -> list[Source]:
    """The registers, and how the map reads them."""
    return [
        *_code_lists(office),
        *_changes(office),
        *_households(office),
        *_coverage(office),
        *_federations(office),
    ]


def _code_lists(office: Office) -> list[Source]:
    pen = office.dirt.pen(LISTS)
    lines = [["年份", "乡镇代码", "乡镇名称", "代码", "名称"]]
    lines += [
        [row["vintage"], row["township_code"], row["township"], row["code"], row["name"]]
        for row in rows(village_xwalk())
    ]
    save_text(office.folder / LISTS, lines, "utf-8-sig")
    pen.count("encoding")
    columns = {
        "vintage": "年份", "township_code": "乡镇代码", "township": "乡镇名称", "code": "代码", "name": "名称",
    }  # fmt: skip
    return [{"file": LISTS, "table": "village_xwalk", "columns": columns}]


def _changes(office: Office) -> list[Source]:
    """Former and later lines of every change; the later village stands once over all it was made of."""
    pen = office.dirt.pen(CHANGES)
    sheet = Sheet("对照表")
    sheet.title("村庄撤并更名对照表", 7)
    sheet.head(["变更年份", "原代码", "原村名", "现代码", "现村名", "调整类型", "归入份额"])
    lists = code_lists()
    second = VINTAGES[1]
    for merger in lists.mergers:
        into = (lists.codes[second][merger.village], lists.names[second][merger.village])
        lines = [sheet.add(second, c, n, *into, EVENTS["merge"], "") for c, n in zip(merger.codes, merger.names, strict=True)]  # fmt: skip
        for column in (3, 4):
            pen.count("merged_filled", sheet.merge_down(column, lines[0], lines[-1]))
    merged = {merger.village for merger in lists.mergers}
    before = REFERENCE - 1
    for v in range(len(village_ids())):
        old, new = ((lists.codes[y][v], lists.names[y][v]) for y in (before, REFERENCE))
        event = _event(old, new)
        if event and v not in merged:
            sheet.add(REFERENCE, *old, *new, EVENTS[event], "")
    for year in (REFERENCE + 1, REFERENCE + 2):
        for v in range(len(village_ids())):
            old, new = ((lists.codes[y][v], lists.names[y][v]) for y in (year - 1, year))
            off = [(c, n) for since, c, n, origin in lists.new if origin == v and since == year]
            if off:
                parts = [sheet.add(year, *old, *new, EVENTS["split"], 1 - SPLIT_OFF * len(off))]
                parts += [sheet.add(year, *old, *part, EVENTS["split"], SPLIT_OFF) for part in off]
            elif event := _event(old, new):
                sheet.add(year, *old, *new, EVENTS[event], "")
    sheet.add()
    sheet.add("注：变更年份为首次反映该变更的名单年份；现代码、现村名为该年名单所列")
    pen.count("note_cut")
    save(office.folder / CHANGES, [sheet])
    columns = {
        "vintage": "变更年份", "code": "原代码", "name": "原村名", "into_code": "现代码", "into_name": "现村名",
        "event": "调整类型", "weight": "归入份额",
    }  # fmt: skip
    return [{"file": CHANGES, "table": "village_change", "columns": columns}]


def _event(old: tuple[str, str], new: tuple[str, str]) -> str:
    """What happened between two lines of one village; "" where nothing did or only the spelling changed."""
    if old[0] != new[0]:
        of_residents = [int(code[-3:]) < 200 for code, _ in (old, new)]
        return "urbanise" if of_residents == [False, True] else "recode"
    return "rename" if places.base(old[1]) != places.base(new[1]) else ""


def _households(office: Office) -> list[Source]:
    pen = office.dirt.pen(REGISTER)
    known = office.villages()
    lines = [["乡镇", "村名", "样本户号", "原村代码", "户号", "户主姓名"]]
    lines += [
        [
            (village := known[row["village_id"]]).township,
            places.name(village, REFERENCE, pen, aliases=True),
            int(row["hh_id"].partition("H")[2]),
            row["village_code_2017"],
            row["register_no"],
            people.name(pen.rng),
        ]
        for row in rows(office.county.household)
    ]
    save_text(office.folder / REGISTER, lines, "gb18030")
    pen.count("encoding")
    pen.count("personal_dropped")
    columns = {
        "township": "乡镇", "village": "村名", "household_no": "样本户号", "village_code_2017": "原村代码",
        "register_no": "户号",
    }  # fmt: skip
    return [{"file": REGISTER, "table": "household", "vintage": REFERENCE, "columns": columns}]


def _coverage(office: Office) -> list[Source]:
    pen = office.dirt.pen(COVERAGE)
    coops, known = office.coops(), office.villages()
    lines = [["合作社名称", "统一社会信用代码", "乡镇", "村名", "起始日期", "终止日期"]]
    for row in rows(office.county.coop_village):
        village: Village = known[row["village_id"]]
        end = pen.date(row["to_date"], serials=False) if row["to_date"] else _still(pen)
        lines.append(
            [
                coops[row["coop_id"]]["coop_name"],
                pen.credit_code(coops[row["coop_id"]]["credit_code"]),
                village.township,
                places.name(village, REFERENCE, pen),
                pen.date(row["from_date"], serials=False),
                end,
            ]
        )
    save_text(office.folder / COVERAGE, lines, "utf-8")
    columns = {
        "credit_code": "统一社会信用代码", "township": "乡镇", "village": "村名", "from_date": "起始日期",
        "to_date": "终止日期",
    }  # fmt: skip
    return [
        {
            "file": COVERAGE,
            "table": "coop_village",
            "vintage": REFERENCE,
            "ignore": ["合作社名称"],
            "columns": columns,
        }
    ]


def _still(pen: Pen) -> str:
    """The end of a spell that lasts: mostly blank."""
    return pen.nothing() if pen.slips(0.2) else ""


def _federations(office: Office) -> list[Source]:
    pen = office.dirt.pen(FEDERATIONS)
    townships = office.county.township
    names = dict(zip(townships["township_code"], townships["township"], strict=True))
    listing = Sheet("联合社")
    listing.title("联合社名录", 5)
    listing.head(["联合社编号", "联合社名称", "所在乡镇", "依托单位", "成员社数"])
    for row in rows(office.county.federation):
        township = names[row["township_code"]]
        listing.add(
            row["fed_id"], federation_name(row["fed_id"], township), township, BACKING[row["backing"]],
            pen.number(row["n_coops"], unit="家", han=True, chance=0.2),
        )  # fmt: skip
    members = Sheet("成员社")
    members.title("联合社成员社名单", 5)
    members.head(["联合社编号", "合作社名称", "统一社会信用代码", "加入时间", "退出时间"])
    coops = office.coops()
    spells = office.county.coop_fed.sort_values(["fed_id", "coop_id", "from_date"], kind="stable")
    start, before = 0, ""
    for row in rows(spells):
        number = members.add(
            row["fed_id"],
            coops[row["coop_id"]]["coop_name"],
            pen.credit_code(coops[row["coop_id"]]["credit_code"]),
            pen.date(row["from_date"]),
            pen.date(row["to_date"]) if row["to_date"] else _still(pen),
        )
        if row["fed_id"] != before:
            pen.count("merged_filled", members.merge_down(0, start, number - 1) if before else 0)
            start, before = number, row["fed_id"]
    pen.count("merged_filled", members.merge_down(0, start, len(members.rows) - 1) if before else 0)
    members.add()
    members.add(people.NOTE)
    pen.count("note_cut")
    save(office.folder / FEDERATIONS, [listing, members])
    return [
        {
            "file": FEDERATIONS, "sheet": "联合社", "table": "federation", "ignore": ["联合社名称"],
            "columns": {
                "fed_id": "联合社编号", "township": "所在乡镇", "backing": "依托单位", "n_coops": "成员社数",
            },
        },
        {
            "file": FEDERATIONS, "sheet": "成员社", "table": "coop_fed", "ignore": ["合作社名称"],
            "columns": {
                "fed_id": "联合社编号", "credit_code": "统一社会信用代码", "from_date": "加入时间",
                "to_date": "退出时间",
            },
        },
    ]  # fmt: skip


def federation_name(fed_id: str, township: str) -> str:
    """What a federation is called."""
    return (
        f"{township.removesuffix('街道').removesuffix('镇').removesuffix('乡')}果品合作社联合社{fed_id[1:]}"
    )
