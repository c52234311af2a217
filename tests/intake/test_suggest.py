"""`--suggest`: a map that a researcher can use as it stands where the files are well recognised, and safely edit."""

import io
import re
import tomllib

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.intake import headings
from analysis.intake.files.grid import Grid
from analysis.intake.mapping import SPECIAL, MapError, read_map
from analysis.intake.suggest import suggest
from analysis.intake.suggest.groups import escaped
from analysis.intake.suggest.toml_text import comment, key_of, quoted
from analysis.intake.suggest.vocabulary import announced, match, near, parts_of, synonyms, words_of
from analysis.schema import entities


def grid(rows, file="a.xlsx", sheet="", merged=(), **more):
    width = max(map(len, rows))
    cells = pd.DataFrame([[*row, *[""] * (width - len(row))] for row in rows], dtype=object)
    return Grid(file, cells, sheet, merged=tuple(merged), **more)


def grids_of(book, file):
    """The sheets of a workbook written and read again, as grids."""
    stored = io.BytesIO()
    book.save(stored)
    found = []
    for sheet in openpyxl.load_workbook(stored).worksheets:
        rows = [
            [float(v) if isinstance(v, int) else "" if v is None else v for v in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        merged = [
            (r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1) for r in sheet.merged_cells.ranges
        ]
        found.append(grid(rows, file, sheet.title, merged))
    return found


def proposed(tmp_path, grids, language="en"):
    """The text, and the map it is read into without any edit."""
    text = suggest(grids, language=language)
    path = tmp_path / "MAP.toml"
    path.write_text(text, encoding="utf-8")
    return text, read_map(path)


def mapped(source):
    return {
        name: column.headings[0] if len(column.headings) == 1 else column.headings
        for name, column in source.columns.items()
    }


# --- an office's workbook ---


def office_book(units=("万元", "万元")):
    """One sheet a year, title, unit line, two heading rows, township merged over its villages, a note below."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for year, unit in zip((2020, 2021), units, strict=True):
        sheet = book.create_sheet(f"{year}年")
        sheet.append(["某县村集体经济收入台账"])
        sheet.append(["填报单位：农业农村局", None, None, None, f"单位：{unit}" if unit else None])
        sheet.append(
            ["序号", "乡镇", "村名称", "收入", None, None, "支出", None, "累计分红", "负责人", "备注"]
        )
        sheet.append(
            [None, None, None, "1.经营收入", "发包及\n上交收入", "补助收入", "经营支出", "管理 费用"]
        )
        for number, village in enumerate(("望禾滩村", "北楼村", "西北楼村"), 1):
            sheet.append(
                [number, "望舒街道" if number == 1 else None, village, 3.2, 1, "无", 2, 1, 9, "王小二", None]
            )
        sheet.append(["注：联系人王小二"])
        for area in (
            "A1:K1",
            "A3:A4",
            "B3:B4",
            "C3:C4",
            "D3:F3",
            "G3:H3",
            "I3:I4",
            "J3:J4",
            "K3:K4",
            "B5:B7",
        ):
            sheet.merge_cells(area)
    return book


def test_an_office_workbook_gives_a_map_that_needs_no_edit(tmp_path):
    text, read = proposed(tmp_path, grids_of(office_book(), "村集体收入台账_2020-2021.xlsx"))
    (source,) = read.sources
    assert source.table == "village_year" and source.year == "sheet" and source.unit == "万元"
    assert source.file == ("村集体收入台账_2020-2021.xlsx",) and source.sheet == ("*",)
    assert mapped(source) == {
        "township": "乡镇",
        "village": "村名称",
        "ci_operating_income": "收入/1.经营收入",
        "ci_contract_income": "收入/发包及上交收入",
        "ci_subsidy": "收入/补助收入",
        "ci_operating_cost": "支出/经营支出",
        "ci_admin_cost": "支出/管理费用",
    }
    assert set(source.ignore) == {"序号", "累计分红", "负责人", "备注"}
    assert "EDIT" not in text.partition("[import]")[2]
    assert re.search(r'"负责人",  # personal: never imported', text)
    assert re.search(r'"累计分红",  # cumulative', text)
    for sheet in grids_of(office_book(), "x.xlsx"):
        assert headings.find(sheet, source.wanted()) == (2, 3)


def test_no_cell_of_the_data_is_shown(tmp_path):
    for language in ("zh", "en"):
        text, _ = proposed(tmp_path, grids_of(office_book(), "村集体收入台账_2020-2021.xlsx"), language)
        for cell in ("王小二", "望禾滩", "北楼", "3.2"):
            assert cell not in text


def test_every_line_of_a_column_says_how_sure_it_is(tmp_path):
    for language, word in (("zh", "确定"), ("en", "certain")):
        text, _ = proposed(tmp_path, grids_of(office_book(), "村集体收入台账_2020-2021.xlsx"), language)
        lines = text.partition("[source.columns]\n")[2].strip().splitlines()
        assert len(lines) == 7
        assert all(word in line.partition("#")[2] for line in lines)


def test_units_that_differ_by_sheet_are_left_to_each_sheet(tmp_path):
    text, read = proposed(tmp_path, grids_of(office_book(("万元", "元")), "村集体收入台账.xlsx"))
    assert read.sources[0].unit == "" and "unit read from each sheet" in text and "EDIT" not in text[400:]


@pytest.mark.parametrize("units", [("万元", ""), ("", "")])
def test_money_without_a_unit_is_marked_and_nothing_is_assumed(tmp_path, units):
    text, read = proposed(tmp_path, grids_of(office_book(units), "村集体收入台账.xlsx"))
    assert read.sources[0].unit == ""
    assert [line for line in text.splitlines() if line.startswith("# unit = ") and "EDIT" in line]


def test_a_unit_in_the_heading_is_written_with_its_column(tmp_path):
    rows = [
        ["村名", "经营收入（万元）", "补助收入(元)", "桃园面积/公顷", "参会率(%)"],
        ["甲村", 1.0, 2.0, 3.0, 4.0],
    ]
    _, read = proposed(tmp_path, [grid(rows, "村集体收入_2021.xlsx")])
    units = {name: column.unit for name, column in read.sources[0].columns.items()}
    assert units == {
        "village": "", "ci_operating_income": "万元", "ci_subsidy": "元", "peach_mu": "公顷", "meeting_turnout": "%",
    }  # fmt: skip
    assert read.sources[0].year == "file"


# --- sheets, files, names ---


def test_sheets_named_by_township_and_zones(tmp_path):
    rows = [
        ["村", "合作社名称", "统一社会信用代码", "注册时间", "成员数"],
        ["甲村", "x", "y", "2021年6月", 3.0],
    ]
    sheets = [grid(rows, "合作社台账_2022.xlsx", name) for name in ("望舒街道", "云岑镇", "经济开发区")]
    text, read = proposed(tmp_path, sheets)
    first = read.sources[0]
    assert (first.table, first.township, first.vintage) == ("coop", "sheet", 2022)
    assert first.columns["registered_date"].day == "" and 'add day = "first"' in text
    assert '# "经济开发区" = ""  # EDIT' in text


def test_a_cover_sheet_is_left_out_and_said(tmp_path):
    book = grids_of(office_book(), "村集体收入台账.xlsx")
    cover = grid([["填表说明"], ["一、请如实填写"]], "村集体收入台账.xlsx", "说明")
    text, read = proposed(tmp_path, [cover, *book])
    assert read.sources[0].sheet == ("2020年", "2021年")
    assert not read.sources[0].matches("村集体收入台账.xlsx", "说明")
    assert "# 村集体收入台账.xlsx!说明 · not recognised, left out" in text


def test_columns_that_only_some_sheets_have_are_optional_and_spellings_are_alternatives(tmp_path):
    one = grid([["村名", "年份", "户数", "党员数", "经营收入(元)"], ["甲", 1.0]], "a.xlsx", "一")
    two = grid(
        [["村名称", "年份", "户数", "党员人数", "补助收入(元)", "经营收入(元)"], ["甲", 1.0]], "a.xlsx", "二"
    )
    _, read = proposed(tmp_path, [one, two])
    columns = read.sources[0].columns
    assert columns["village"].headings == ("村名", "村名称") and not columns["village"].optional
    assert columns["ci_subsidy"].optional


def test_rosters_of_one_form_are_one_source(tmp_path):
    rows = [
        ["姓名", "户号", "原村", "股数", "入股土地(亩)", "入社时间"],
        ["王小二", "3", "甲村", "1", "2", "2021-06-01"],
    ]
    files = [grid(rows, f"C00{n}成员名册.xlsx", "Sheet1") for n in range(1, 6)]
    other = grid(
        [["日期", "监测点", "品种", "均价(元/斤)"], ["2021-07-01", "p", "x", 3.0]], "蜜桃价格监测.csv"
    )
    _, read = proposed(tmp_path, [*files, other])
    roster, prices = read.sources
    assert roster.file == ("C00*成员名册.xlsx",) and roster.table == "membership"
    assert roster.columns["coop_id"].taken_from == "file"
    assert re.search(roster.columns["coop_id"].pattern, "C003成员名册")[1] == "C003"
    assert prices.columns["price_mean"].unit == "元/斤"


def test_a_ledger_of_cooperatives_feeds_two_tables_and_no_heading_twice(tmp_path):
    rows = [
        ["序号", "乡镇", "村", "合作社名称", "统一社会信用代码", "注册时间", "理事长", "成员数", "出资额（万元）",
         "集体持股（万元）", "主营", "类型", "年收入（万元）", "示范级别", "备注"],
        ["1", "望舒街道", "甲村", "x", "y", "2021-06-01", "王小二", "76", "37", "5", "桃", "M03", "28", "县级", ""],
    ]  # fmt: skip
    text, read = proposed(tmp_path, [grid(rows, "合作社台账_2022.csv")])
    tables = {source.table: mapped(source) for source in read.sources}
    assert set(tables) == {"coop", "coop_year"}
    assert tables["coop_year"]["capital_total"] == "出资额(万元)" and "capital_total" not in tables["coop"]
    own = [set(columns.values()) - set(mapped_keys(columns)) for columns in tables.values()]
    assert not own[0] & own[1]
    assert "王小二" not in text


def mapped_keys(columns):
    return [heading for name, heading in columns.items() if name in SPECIAL]


def test_years_side_by_side_become_sources_of_their_own(tmp_path):
    rows = [
        ["村名", "2019年经营收入(元)", "2020年经营收入(元)", "2019年前已有合作社"],
        ["甲村", 1.0, 2.0, "是"],
    ]
    _, read = proposed(tmp_path, [grid(rows, "村集体收入.csv")])
    assert [source.year for source in read.sources] == [2019, 2020]
    for source in read.sources:
        assert source.columns["ci_operating_income"].headings == (f"{source.year}年经营收入(元)",)
        assert "precoop_2019" in source.columns
        assert not source.wanted() - set(headings.flatten(grid(rows), 0, 0))


def test_a_year_that_stands_nowhere_is_asked_for(tmp_path):
    text, read = proposed(
        tmp_path, [grid([["村名", "户数", "经营收入(元)"], ["甲村", 1.0, 2.0]], "村集体收入.csv")]
    )
    assert read.sources[0].year == ""
    assert any(line.startswith("# year = ") and "EDIT" in line for line in text.splitlines())


def test_a_column_of_units_is_used_for_prices(tmp_path):
    rows = [["日期", "监测点", "品种", "均价", "最高价", "单位"], ["2021-07-01", "p", "x", 3.0, 4.0, "元/斤"]]
    _, read = proposed(tmp_path, [grid(rows, "蜜桃价格监测.csv")])
    assert read.sources[0].columns["price_mean"].unit_column == "单位"
    assert "单位" not in read.sources[0].ignore


def test_headings_that_are_only_alike_are_candidates_with_the_nearest_columns(tmp_path):
    rows = [["村名", "年份", "户数", "果园托管的面积亩", "完全无关的表头"], ["甲村", 2020.0, 1.0, 2.0, 3.0]]
    text, read = proposed(tmp_path, [grid(rows, "村集体收入.csv")])
    line = next(line for line in text.splitlines() if "果园托管的面积亩" in line)
    assert line.startswith("# trust_mu = ") and "guess" in line and "nearest: trust_mu" in line
    assert read.sources[0].ignore == ("完全无关的表头",)
    edited = tomllib.loads(text.replace(line, line.removeprefix("# ")))
    assert edited["source"][0]["columns"]["trust_mu"] == "果园托管的面积亩"


# --- ministry forms ---


FORM_6 = [
    ["村集体经济组织收益分配统计表"],
    ["编制单位：望舒街道望禾滩村", "", "2021年", "单位：万元"],
    ["项目", "行次", "金额"],
    *([text, float(line), float(value)] for line, (text, value) in enumerate(
        [
            ("一、总收入", 180), ("1.经营收入", 68), ("2.发包及上交收入", 35), ("3.投资收益", 5), ("4.补助收入", 30),
            ("5.其他收入", 42), ("二、总支出", 125), ("1.经营支出", 45), ("2.管理费用", 35), ("3.其他支出", 45),
            ("三、本年收益", 55), ("四、年初未分配收益", 15), ("五、可分配收益", 70), ("减：1.公积公益金", 7),
            ("2.应付福利费", 7), ("3.农户分配", 20), ("六、年末未分配收益", 36),
        ], 1)),
    ["填表人：王小二"],
]  # fmt: skip


def test_ministry_form_6_with_items_down_the_side(tmp_path):
    form = grid(FORM_6, "表六.xlsx", "Sheet1", [(0, 0, 0, 3)])
    text, read = proposed(tmp_path, [form])
    (source,) = read.sources
    assert (source.table, source.layout, source.year, source.unit) == (
        "village_year",
        "items",
        "title",
        "万元",
    )
    village = source.columns["village"]
    assert village.taken_from == "title"
    assert re.search(village.pattern, "编制单位:望舒街道望禾滩村")[1] == "望禾滩村"
    assert re.search(source.columns["township"].pattern, "编制单位:望舒街道望禾滩村")[1] == "望舒街道"
    turned = headings.items(form, source.wanted())
    values = dict(zip(turned.headings, turned.rows.iloc[0], strict=True))
    got = {name: values[c.headings[0]] for name, c in source.columns.items() if c.headings}
    assert got["ci_total"] == 180 and got["ci_year_result"] == 55 and got["ci_carried_out"] == 36
    parts = ("ci_operating_income", "ci_contract_income", "ci_investment")
    assert sum(got[p] for p in parts) - got["ci_operating_cost"] - got["ci_admin_cost"] == 28
    assert len(got) == 17 and "王小二" not in text


def test_ministry_form_6_with_villages_across(tmp_path):
    rows = [[text, value, value] for text, _, value in FORM_6[4:20] if text]
    form = grid([["项目", "望禾滩村", "北楼村"], *rows], "收益分配统计表_2021.csv")
    text, read = proposed(tmp_path, [form])
    assert read.sources[0].columns["village"].headings == ("项目",)
    assert read.sources[0].year == "file" and "望禾滩" not in text


def test_ministry_form_6_with_items_across_and_a_row_of_numbers(tmp_path):
    rows = [["村名", "经营收入", "投资收益", "总收入"], ["甲", "1", "2", "3"], ["甲村", "１．２", "无", "3"]]
    one = grid([["收益分配统计表（2021年）单位：元"], *rows], "收益分配统计表.csv")
    _, read = proposed(tmp_path, [one])
    assert (
        read.sources[0].layout == "rows" and read.sources[0].unit == "元" and read.sources[0].year == "title"
    )
    assert mapped(read.sources[0])["ci_total"] == "总收入"


def test_ministry_form_7_is_known_and_has_no_columns(tmp_path):
    form = grid(
        [["资产负债情况统计表"], ["项目", "金额"], ["货币资金", 1.0], ["应收款项", 2.0]], "表七.xlsx", "S"
    )
    text = suggest([form], language="zh")
    assert "农经统计表七（资产负债）：数据模型没有其科目" in text and "[[source]]" not in text


def test_ministry_form_11_of_cooperatives(tmp_path):
    rows = [
        ["合作社名称", "统一社会信用代码", "成员总数", "带动成员数", "示范社"],
        ["x", "y", 3.0, 4.0, "是"],
    ]
    _, read = proposed(tmp_path, [grid(rows, "农民专业合作组织情况统计表_表十一_2021.xlsx")])
    everything = {name: h for source in read.sources for name, h in mapped(source).items()}
    assert everything["members_listed"] == "成员总数" and everything["driven_households"] == "带动成员数"


# --- surveys ---


def survey(headings_, titles, labels=None, missing=None, rows=((1.0,) * 9,), file="农户调查_2021.dta"):
    cells = pd.DataFrame([row[: len(headings_)] for row in rows])
    return Grid(
        file, cells, headings=tuple(headings_), titles=dict(zip(headings_, titles, strict=True)),
        labels=labels or {}, missing=missing or {},
    )  # fmt: skip


def test_questions_are_known_by_their_labels_not_their_codes(tmp_path):
    one = survey(
        ["cun", "hh", "a1", "a9", "b2_3", "c1", "b7", "name"],
        [
            "村名",
            "户号",
            "A1 户主年龄",
            "家庭人口数",
            "B2.3 您家是否入社？",
            "工资性收入（元）",
            "B7 某个别的问题",
            "户主姓名",
        ],
        labels={"b2_3": {"1": "是", "2": "否", "-8": "不知道", "99": "拒答"}},
        missing={"c1": ("-9",)},
    )
    text, read = proposed(tmp_path, [one])
    (source,) = read.sources
    assert source.table == "household_wave" and source.year == "file"
    columns = source.columns
    # in the data model's own questionnaire a1 is the size of the household; here its label says the head's age
    assert columns["head_age"].headings == ("a1",) and columns["hh_size"].headings == ("a9",)
    assert columns["member"].codes == {"1": "1", "2": "0"} and columns["member"].missing == ("-8", "99")
    assert columns["inc_wage"].missing == ("-9",) and columns["inc_wage"].unit == "元"
    assert re.search(r'"name",  # personal: never imported · 户主姓名', text)


def test_codes_of_questions_without_labels_are_taken_with_a_warning(tmp_path):
    rows = [["village", "hhno", "a1", "a2", "a3", "b2_3", "c1"]]
    rows += [["v", "1", "4", "99", "-9", "1", "9999"], ["v", "2", "3", "2", "60", "2", "99999999"]]
    text, read = proposed(tmp_path, [grid(rows, "household survey 2021.csv")])
    columns = read.sources[0].columns
    assert columns["labour"].missing == ("99",) and columns["head_age"].missing == ("-9",)
    assert columns["member"].codes == {"1": "1", "2": "0"}
    assert columns["inc_wage"].missing == ("99999999",)  # 9999 yuan may be a wage
    assert text.count("by the question's code only: check") == 5


def test_value_labels_of_categories_become_codes_and_unknown_ones_are_asked_about(tmp_path):
    one = survey(
        ["code", "year", "t", "s"], ["统一社会信用代码", "年份", "分类等级", "状态"],
        labels={"t": {"1": "T1", "2": "T2"}, "s": {"1": "active", "2": "某种别的状态"}}, file="合作社年报.sav",
    )  # fmt: skip
    text, read = proposed(tmp_path, [one])
    columns = read.sources[0].columns
    assert columns["tier"].codes == {"1": "T1", "2": "T2"} and columns["status"].codes == {"1": "active"}
    assert "EDIT say what the codes 2 mean" in text


# --- templates, clean tables, code lists ---


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("table", ["village_year", "coop", "membership", "price_monitor", "household_wave"])
def test_a_filled_template_is_recognised_whole(tmp_path, table, language):
    from analysis.schema.template import template_workbook

    filled = grids_of(template_workbook(entities()[table], language), "t.xlsx")
    _, read = proposed(tmp_path, filled, language)
    (source,) = read.sources
    names = [str(v) for v in filled[0].cells.iloc[3] if v]
    assert source.table == table and set(names) == set(source.columns)
    assert source.matches("t.xlsx", filled[0].sheet) and not source.matches("t.xlsx", filled[1].sheet)
    assert headings.find(filled[0], source.wanted())[1] == 3


def test_a_clean_table_is_mapped_to_itself(tmp_path):
    columns = list(entities()["village_year"].columns)
    _, read = proposed(tmp_path, [grid([columns, ["1"] * len(columns)], "village_year.csv")])
    assert mapped(read.sources[0]) == {name: name for name in columns}
    assert read.sources[0].columns["ci_total"].unit == "yuan"


def test_a_list_of_codes_is_recognised(tmp_path):
    rows = [["年份", "行政区划代码", "乡镇代码", "乡镇", "村名"], ["2021", "0", "0", "望舒街道", "甲村"]]
    _, read = proposed(tmp_path, [grid(rows, "行政区划代码_vintages.csv")])
    assert read.sources[0].table == "village_xwalk"
    assert mapped(read.sources[0]) == {
        "vintage": "年份", "code": "行政区划代码", "township_code": "乡镇代码", "township": "乡镇", "name": "村名",
    }  # fmt: skip


# --- words ---


@pytest.mark.parametrize(
    ("heading", "table", "name"),
    [
        ("收入/经营收入(万元)", "village_year", "ci_operating_income"),
        ("一、总收入", "village_year", "ci_total"),
        ("收入/其他", "village_year", "ci_other"),
        ("支出/其他", "village_year", "ci_other_cost"),
        ("2021年经营收入", "village_year", "ci_operating_income"),
        ("经营收入", "coop_year", "revenue"),
        ("成员数/合计", "coop_year", "members_listed"),
        ("均价(元/斤)", "price_monitor", "price_mean"),
        ("村（居）", "village_year", "village"),
        ("累计分红总额", "coop_year", None),
        ("户均可支配收入增长率", "village_year", None),
    ],
)
def test_headings_mean_what_offices_mean(heading, table, name):
    found = match(headings.plain(heading), table)
    assert (found.name if found else None) == name


def test_a_slash_in_brackets_separates_nothing():
    assert parts_of("价格/均价(元/斤)") == ["价格", "均价"]
    assert parts_of("桃园面积/亩") == ["桃园面积"]


def test_every_synonym_names_a_table_and_a_column_and_none_repeats_the_data_model():
    given = synonyms()
    assert set(given["special"]) == set(SPECIAL)
    assert set(given["tables"]) <= set(entities())
    for table, columns in given.items():
        if table in {"special", "tables", "forms"}:
            continue
        for name, spellings in columns.items():
            declared = entities()[table].columns[name]
            have = {
                headings.plain(t).casefold()
                for t in (declared.label.zh, declared.label.en, *declared.headings)
            }
            again = have & {headings.plain(text).casefold() for text in spellings}
            assert not again, f"{table}.{name}: {again} stands in the data model already"
            for text in spellings:
                assert match(headings.plain(text), table).name == name, (table, name, text)


@pytest.mark.parametrize("table", list(entities()))
def test_labels_and_headings_of_the_data_model_are_recognised(table):
    for name, column in entities()[table].columns.items():
        for text in (column.label.zh, *column.headings) if column.office else ():
            found = match(headings.plain(text), table)
            assert found is not None, (table, name, text)


def test_nearest_columns_are_those_alike():
    assert near("托管的面积", "village_year")[0] == "trust_mu"
    assert near("zzzz", "village_year") == []
    assert len(near("收入", "village_year")) <= 3
    assert announced(["C001成员名册"], "membership") == "成员名册"
    assert words_of("village_year").exact["经营收入"] == "ci_operating_income"


# --- hostile names ---


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
@example('a"b\\c\n# [x]\r\u2028\x00\x7f')
def test_any_text_survives_as_a_string_a_key_and_a_comment(text):
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
    assert tomllib.loads(f"x = {{ {key_of(text)} = 1 }}") == {"x": {text: 1}}
    assert tomllib.loads(f"x = 1  {comment(text)}\ny = 2") == {"x": 1, "y": 2}


@settings(max_examples=200, deadline=None)
@given(
    hostile=st.text(min_size=1, max_size=30),
    file=st.text(min_size=1, max_size=20),
    sheet=st.text(max_size=20),
)
@example(hostile='"""\n[[source]]\nx = "', file='a".xlsx', sheet="]\n#")
def test_any_heading_gives_a_map_that_is_read(tmp_path_factory, hostile, file, sheet):
    rows = [["村名", "年份", "户数", "党员数", hostile], ["甲村", 2020.0, 1.0, 2.0, ""]]
    text = suggest([grid(rows, file, sheet)], language="zh")
    parsed = tomllib.loads(text)
    path = tmp_path_factory.mktemp("map") / "MAP.toml"
    path.write_bytes(text.encode("utf-8"))
    (source, *_) = read_map(path).sources
    assert source.matches(file, sheet)
    assert parsed["source"][0]["columns"]["village"] == "村名"


def test_half_a_character_does_not_stop_the_proposal():
    rows = [["村名", "年份", "户数", "党员数", "坏\ud800字"], ["甲村", 2020.0, 1.0, 2.0, ""]]
    text = suggest([grid(rows, "a.xlsx")], language="zh")
    assert tomllib.loads(text) and text.encode("utf-8")


@pytest.mark.parametrize("name", ["台账[1].xlsx", "a*b?.xlsx", "[!x].csv"])
def test_names_that_look_like_patterns_match_themselves_alone(name):
    from fnmatch import fnmatchcase

    assert fnmatchcase(name, escaped(name)) and not fnmatchcase("台账1.xlsx", escaped(name))


def test_nothing_recognised_gives_no_source_and_says_so(tmp_path):
    text = suggest([grid([["甲", "乙"], ["x", "y"]], "q.csv"), grid([[""]], "空.xlsx")], language="en")
    assert "[[source]]" not in text and "# q.csv · not recognised" in text
    path = tmp_path / "MAP.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MapError, match="none given"):
        read_map(path)


def test_personal_numbers_in_a_heading_row_are_not_shown():
    number = "000000" + "19800101" + "0000"
    rows = [
        ["村名", "年份", "户数", "党员数", f"联系 1{'3' * 10}", number],
        ["甲村", 2020.0, 1.0, 2.0, "", ""],
    ]
    text = suggest([grid(rows, "村集体收入.csv")], language="en")
    assert "3333333333" not in text
