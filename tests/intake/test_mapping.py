"""MAP.toml and headings: what a researcher writes is read as meant, and every mistake in it is listed at once."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake import headings
from analysis.intake.files.grid import Grid
from analysis.intake.ledger import Place
from analysis.intake.mapping import MapError, read_map
from analysis.schema import entities

GOOD = """
[import]
vintage = 2021
[import.zones]
"经济开发区" = "望舒街道"
[import.aliases]
"朵庄镇" = "垛庄镇"

[[decide]]
cell = "台账.xlsx!2019!C12"
value = 32000
reason = "电话核实"

[[source]]
file = "村集体收入台账*.xlsx"
table = "village_year"
year = "sheet"
township = "sheet"
unit = "万元"
header = [3, 4]
ignore = ["序号", "备 注"]
[source.columns]
village = "村名称"
ci_operating_income = ["收入/经营收入", "收入/经营 收入（万元）"]
meeting_turnout = { heading = "参会率(%)", unit = "%" }

[[source]]
file = ["w1.dta", "w2.dta"]
table = "household_wave"
year = 2021
[source.columns]
village = { heading = "v", fill = true }
household_no = "h"
member = { heading = "b2_3", codes = { 1 = "1", 2 = "0" }, missing = [-8, "99"] }
enumerator = { value = "E1" }
interview_date = { from = "file", pattern = "_(\\\\d{8})" }
low_income = { heading = "x", optional = true, rollup = "max" }

[study]
name = "county"
title = { zh = "某县", en = "county" }
[tables.village_year]
unit = "village_id"
time = "year"
cohort = "first_coop_year"
[tables.coop]
[outcomes.surplus]
table = "village_year"
column = "ci_operating_surplus"
unit = "yuan"
label = { zh = "经营收益", en = "surplus" }
"""


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "MAP.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_map(path)


def mistakes(tmp_path, text, language="en"):
    with pytest.raises(MapError) as caught:
        read(tmp_path, text)
    assert caught.value.exit_code == 2
    for problem in caught.value.problems:
        assert problem.zh and str(problem)
    return [str(p) if language == "en" else p.zh for p in caught.value.problems]


def source(columns='village = "村"', head=""):
    return f'[[source]]\nfile = "a.xlsx"\ntable = "village_year"\nyear = 2020\n{head}\n[source.columns]\n{columns}\n'


# --- what is read ---


def test_a_full_map_is_read_as_written(tmp_path):
    read_in = read(tmp_path, GOOD)
    first, second = read_in.sources
    assert read_in.about.vintage == 2021
    assert read_in.about.zones == {"经济开发区": "望舒街道"}
    assert read_in.about.aliases == {"朵庄镇": "垛庄镇"}
    assert read_in.decide[0].value == "32000"
    assert read_in.decide[0].place == Place("台账.xlsx", "2019", 11, 2)
    assert str(read_in.decide[0].place) == "台账.xlsx!2019!C12"
    assert (first.year, first.township, first.vintage, first.header) == ("sheet", "sheet", "year", (3, 4))
    assert first.columns["village"].headings == ("村名称",)
    assert first.columns["ci_operating_income"].headings == ("收入/经营收入", "收入/经营收入(万元)")
    assert first.columns["meeting_turnout"].unit == "%"
    assert first.wanted() == {
        "村名称", "收入/经营收入", "收入/经营收入(万元)", "参会率(%)", "序号", "备注",
    }  # fmt: skip
    assert first.mapped() == first.wanted() - {"序号", "备注"}
    assert second.filled() == {"v"}
    member = second.columns["member"]
    assert member.codes == {"1": "1", "2": "0"} and member.missing == ("-8", "99")
    assert second.columns["enumerator"].constant == "E1"
    assert second.columns["interview_date"].taken_from == "file"
    assert second.columns["low_income"].optional and second.columns["low_income"].rollup == "max"
    assert set(read_in.study) == {"study", "tables", "outcomes"}
    assert "file" not in read_in.study["tables"]["village_year"]
    assert not read_in.needs_key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_mistake(tmp_path, encoding):
    assert len(read(tmp_path, GOOD, encoding).sources) == 2


def test_sources_are_matched_by_pattern_whatever_the_unicode_form(tmp_path):
    named = source(head='sheet = ["20*", "café"]').replace('"a.xlsx"', '"é*[[]1].xlsx"')
    one = read(tmp_path, named).sources[0]
    assert one.matches(unicodedata.normalize("NFD", "é台账[1].xlsx"), "2019")
    assert one.matches("é[1].xlsx", unicodedata.normalize("NFD", "café"))
    assert not one.matches("é[1].xlsx", "1999")
    assert not one.matches("b.xlsx", "2019")
    assert one.names_file("é[1].xlsx") and not one.names_file("x.xlsx")


def test_a_name_that_matches_exactly_counts_though_it_looks_like_a_pattern(tmp_path):
    one = read(tmp_path, source().replace('"a.xlsx"', '"台账[2].xlsx"')).sources[0]
    assert one.matches("台账[2].xlsx") and one.matches("台账2.xlsx")


def test_a_key_is_needed_exactly_where_a_pseudonym_is_asked_for(tmp_path):
    text = source('village = "村"\nfed_id = { heading = "联合社", pseudonym = true }')
    assert read(tmp_path, text).needs_key


# --- mistakes ---


def test_all_mistakes_are_listed_at_once_in_both_languages(tmp_path):
    text = """
[import]
vintage = 21
zone = { "a" = "b" }
[[decide]]
cell = "B7"
value = "1"
reason = "x"
[[decide]]
cell = "a.csv!B7"
value = "1"
reason = ""
[[source]]
file = "a.xlsx"
table = "vilage_year"
[source.columns]
x = "y"
[[source]]
file = "b.xlsx"
table = "village_year"
year = "shet"
township = "column"
unit = "万圆圆"
intervals = "midpont"
header = [4, 3]
colour = "red"
ignore = ["村名"]
[source.columns]
village = "村名"
ci_totl = "总收入"
ci_subsidy = "收入"
ci_other = "收 入"
orchard_mu = { heading = "果园", unit = "万元" }
meeting_turnout = { heading = "参会率", unit = "趴" }
committee = "类型"
coop_active = { heading = "有", codes = { 1 = "yes" } }
arable_mu = { heading = "耕地", none = "zeros" }
peach_mu = { heading = "桃园", untis = "亩" }
[[source]]
file = "c.xlsx"
table = "coop_year"
[source.columns]
revenue = "收入"
[surces]
a = 1
"""
    found = "\n".join(mistakes(tmp_path, text))
    for said in (
        "[import] vintage: 21 is not a year",
        "[import] zone: unknown entry; choose vintage, crosswalk_from, zones, aliases (did you mean zones?)",
        "[[decide]] 1 cell: 'B7' is no cell; write file!sheet!B7",
        "[[decide]] 2 reason: is empty",
        "[[source]] 1 table: no table 'vilage_year'",
        "(did you mean village_year?)",
        "[[source]] 2 year: 'shet' is not allowed; choose sheet, title, file, column or a year",
        "[[source]] 2 township: is \"column\", but no column 'township' is mapped",
        "[[source]] 2 unit: unknown unit '万圆圆'",
        "[[source]] 2 intervals: 'midpont' is not allowed; choose midpoint (did you mean midpoint?)",
        "[[source]] 2 header: [4, 3] is not allowed",
        "[[source]] 2 colour: unknown entry; choose file, sheet, table",
        "[[source]] 2 ignore: the heading '村名' is also mapped to village",
        "columns.ci_totl: village_year has no column 'ci_totl' (did you mean ci_total?)",
        "[[source]] 2 columns: the heading '收入' is given to ci_subsidy and ci_other",
        "columns.orchard_mu unit: '万元' cannot be converted to mu",
        "columns.meeting_turnout unit: unknown unit '趴'",
        "columns.committee: village_year has no column 'committee'",
        "columns.coop_active codes.1: 'yes' is not allowed; choose 1, 0",
        "columns.arable_mu.none: 'zeros' is not allowed; choose missing, zero (did you mean zero?)",
        "columns.peach_mu.untis: unknown entry",
        "(did you mean unit?)",
        "[[source]] 3 columns: nothing identifies the rows of coop_year; map one of coop_id (credit_code / coop_name)",
        "[surces]: unknown entry; choose import, decide, source",
    ):
        assert said in found, said
    chinese = "\n".join(mistakes(tmp_path, text, "zh"))
    assert "没有列 'ci_totl'（是否为 ci_total？）" in chinese
    assert chinese.count("\n") == found.count("\n")


def test_every_choice_of_tables_is_listed(tmp_path):
    (found,) = mistakes(tmp_path, source().replace("village_year", "nothing_like_it"))
    for name in entities():
        assert name in found


def test_a_column_written_in_chinese_is_answered_with_its_technical_name(tmp_path):
    (found,) = mistakes(tmp_path, source('village = "村"\n"经营收入" = "收入"'))
    assert "did you mean ci_operating_income?" in found


def test_a_syntax_error_names_its_line(tmp_path):
    (english,) = mistakes(tmp_path, "[import]\nvintage = 2021\nx = = 3\n")
    (chinese,) = mistakes(tmp_path, "[import]\nvintage = 2021\nx = = 3\n", "zh")
    assert "line 3" in english and "第 3 行" in chinese


def test_other_encodings_and_missing_files_are_said(tmp_path):
    assert "UTF-8" in mistakes(tmp_path, "# 村名\n".encode("gb18030"))[0]
    with pytest.raises(MapError, match="no such file"):
        read_map(tmp_path / "nowhere.toml")


def test_a_map_without_sources_is_refused(tmp_path):
    assert any("[[source]]: none given" in line for line in mistakes(tmp_path, "[import]\nvintage = 2021\n"))
    assert any("write [[source]]" in line for line in mistakes(tmp_path, '[source]\nfile = "a"\n'))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ('village = "村"\nsec_age = { heading = "a", value = "3" }', "give one of heading, value, from"),
        ('village = "村"\nsec_age = {}', "give one of heading, value, from"),
        ('village = "村"\nsec_age = { value = "old" }', "must be a number"),
        ('village = "村"\nsec_age = { heading = " " }', "the heading is empty"),
        ('village = { from = "file", pattern = "(a+)+b" }', "repeats a repetition"),
        ('village = { from = "file", pattern = "村" }', "needs one group"),
        ('village = { from = "file", pattern = "(" }', "no regular expression"),
        ('village = { from = "cell", pattern = "(a)" }', "choose file, sheet, title"),
        ('village = { heading = "村", pattern = "(a)" }', "'pattern' goes with 'from'"),
        ('village = { heading = "村", unit = "元" }', "unit: this column has none"),
        ('village = "村"\nsec_age = { heading = "a", day = "first" }', "does not apply to a column of kind int"),
        ('village = "村"\nsec_age = { heading = "a", codes = { 1 = "2" } }', "only for flags and categories"),
        ('village = "村"\nci_band = { heading = "a", codes = { 1 = "huge" } }', "'huge' is not allowed; choose"),
        ('village = "村"\nyear = "年"', "keep one of them"),
        ("village = 3", "must be a table"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_read_as_said_is_refused(tmp_path, columns, said):
    assert any(said in line for line in mistakes(tmp_path, source(columns)))


def test_household_numbers_need_their_village(tmp_path):
    text = '[[source]]\nfile = "a"\ntable = "household_wave"\nyear = 2020\n[source.columns]\nhousehold_no = "户号"\n'
    (found,) = mistakes(tmp_path, text)
    assert "numbers repeat between villages" in found
    assert read(tmp_path, text + 'village = "村"\n').sources


def test_a_cell_is_decided_once(tmp_path):
    twice = '[[decide]]\ncell = "a.csv!B7"\nvalue = "1"\nreason = "x"\n' * 2 + source()
    assert mistakes(tmp_path, twice) == ["[[decide]]: 'a.csv!B7' is decided 2 times"]


def test_mistakes_in_sections_of_the_study_are_found_before_anything_is_imported(tmp_path):
    broken = GOOD.replace('table = "village_year"\ncolumn', 'table = "vilage"\ncolumn')
    broken += '[design]\nsed = 3\n[tables.coopp]\nkey = ["a"]\n'
    found = "\n".join(mistakes(tmp_path, broken))
    assert "[design] sed: unknown entry" in found and "(did you mean seed?)" in found
    assert "[tables.coopp]: 'coopp' is not allowed" in found and "did you mean coop?" in found
    assert any("[study]: missing" in line for line in mistakes(tmp_path, source() + "[design]\nseed = 3\n"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_reader(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("map") / "MAP.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(MapError):
        read_map(path)


# --- headings ---


def grid(rows, merged=(), **more):
    width = max(map(len, rows))
    cells = pd.DataFrame([[*row, *[""] * (width - len(row))] for row in rows], dtype=object)
    return Grid("a.xlsx", cells, "S", merged=tuple(merged), **more)


LEDGER = grid(
    [
        ["某县2021年 村集体\n收入台账"],
        ["填报单位：农业农村局", "", "", "单 位：万元"],
        ["序号", "村 名", "收入", "", "支出"],
        ["", "", "经营\n收入", "发包收入", ""],
        [1.0, "甲村", 3.0, 4.0, 5.0],
    ],
    [(0, 0, 0, 4), (2, 0, 3, 0), (2, 1, 3, 1), (2, 2, 2, 3), (2, 4, 3, 4)],
)


def test_headings_of_several_rows_are_flattened_along_merged_ranges():
    assert headings.flatten(LEDGER, 2, 3) == ["序号", "村名", "收入/经营收入", "收入/发包收入", "支出"]


def test_full_width_signs_and_years_as_numbers_are_written_one_way():
    one = grid([["村名", 2019.0], ["", "收入（万元）"]])
    assert headings.flatten(one, 0, 1) == ["村名", "2019/收入(万元)"]


def test_the_block_with_most_wanted_headings_is_found():
    wanted = {"村名", "收入/经营收入", "收入/发包收入", "序号"}
    assert headings.find(LEDGER, wanted) == (2, 3)
    assert headings.find(LEDGER, wanted.__contains__) == (2, 3)
    assert headings.find(LEDGER, {"没有", "这些"}) is None


def test_a_test_of_headings_takes_in_the_group_row_above_without_losing_any():
    def last_part(heading):
        return heading.rpartition("/")[2] in {"经营收入", "发包收入"}

    grouped = grid([["", "收入", ""], ["村", "经营收入", "发包收入"], ["甲", 1.0, 2.0]], [(0, 1, 0, 2)])
    csv = grid([["基本情况", "收入", ""], ["村", "经营收入", "发包收入"], ["甲", 1.0, 2.0]])
    heading = grid([["某乡各村", "", ""], ["村", "经营收入", "发包收入"], ["甲", 1.0, 2.0]], [(0, 0, 0, 1)])
    title = grid([["村集体收入台账", "单位：元", ""], ["村", "经营收入", "发包收入"], ["甲", 1.0, 2.0]])
    assert headings.find(LEDGER, last_part) == (2, 3)
    assert headings.find(grouped, last_part) == (0, 1)
    assert headings.find(csv, last_part) == (0, 1)
    assert headings.find(title, last_part) == (1, 1)
    assert headings.find(heading, last_part) == (1, 1)


def test_a_row_above_more_headings_is_no_heading_row():
    cover = grid([["村名", "户数"], ["村名", "户数", "人口"], ["甲", 1.0, 2.0]])
    assert headings.find(cover, {"村名", "户数"}) == (1, 1)


def test_titles_are_given_without_repetition_and_inner_spaces():
    above = headings.title_and_notes(LEDGER, 2)
    assert above == ["某县2021年村集体收入台账", "填报单位:农业农村局", "单位:万元"]
    assert headings.title_and_notes(LEDGER, 0) == []


def test_rows_that_number_the_columns_are_told_from_data():
    form = grid([["村", "经营收入", "发包收入"], ["甲", "1", "2"], ["甲村", 3.0, 4.0], ["1", "3", "2"]])
    assert headings.numbering(form, 1)
    assert not headings.numbering(form, 2) and not headings.numbering(form, 3)
    assert headings.find(form, {"村", "经营收入"}) == (0, 0)


def test_headings_stored_apart_are_used_as_they_are():
    stata = Grid("a.dta", pd.DataFrame([[1.0, 2.0]]), headings=("a 1", "b2_3"))
    assert headings.find(stata, {"a1"}) == (-1, -1)
    assert headings.flatten(stata, -1, -1) == ["a1", "b2_3"]


FORM = grid(
    [
        ["表六 收益分配统计表"],
        ["编制单位：甲村", "", "单位：万元"],
        ["项目", "行次", "2020年", "2021年"],
        ["一、总收入", 1.0, 180.0, 181.0],
        ["1.经营收入", 2.0, 68.0, 69.0],
        ["5.其他", 3.0, "无", 42.0],
        ["二、总支出", 4.0, 125.0, 126.0],
        ["3.其他", 5.0, 45.0, 46.0],
        ["附报：", "", "", ""],
        ["5万元以下的村", 6.0, 1.0, 2.0],
        ["填表人：某某", "", "", ""],
    ]
)


def test_a_sheet_with_items_down_the_side_is_turned_over():
    turned = headings.items(FORM, {"总收入", "经营收入"})
    assert turned.headings == (
        "项目", "总收入", "经营收入", "总收入/其他", "总支出", "总支出/其他", "5万元以下的村",
    )  # fmt: skip
    assert turned.rows.to_numpy().tolist() == [
        ["2020年", 180.0, 68.0, "无", 125.0, 45.0, 1.0],
        ["2021年", 181.0, 69.0, 42.0, 126.0, 46.0, 2.0],
    ]
    for record, row in enumerate(turned.places):
        for item, (at, column) in enumerate(row):
            assert FORM.cells.iloc[at, column] == turned.rows.iloc[record, item]
    assert turned.first == 2
    assert headings.title_and_notes(FORM, turned.first)[0] == "表六收益分配统计表"


def test_items_in_two_columns_side_by_side_make_one_record():
    form = grid(
        [["项目", "金额", "项目", "金额"], ["货币资金", 1.0, "短期借款", 2.0], ["存货", 3.0, "应付款", 4.0]]
    )
    turned = headings.items(form, {"货币资金", "存货", "短期借款", "应付款"})
    assert turned.headings == ("项目", "货币资金", "存货", "短期借款", "应付款")
    assert turned.rows.to_numpy().tolist() == [["金额", 1.0, 3.0, 2.0, 4.0]]


def test_units_in_a_column_of_their_own_go_to_the_items():
    form = grid([["指标", "计量单位", "本年"], ["果园面积", "亩", 5.0], ["经营收入", "万元", 6.0]])
    turned = headings.items(form, {"果园面积", "经营收入"})
    assert turned.headings == ("指标", "果园面积(亩)", "经营收入(万元)")


def test_an_ordinary_table_is_not_turned_over():
    assert headings.items(LEDGER, {"村名", "经营收入", "收入"}) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=6) | st.floats() | st.none(), min_size=3, max_size=3), max_size=8),
    st.lists(st.tuples(*[st.integers(0, 9)] * 4), max_size=3),
    st.integers(0, 7),
)
def test_any_grid_has_one_flat_heading_per_column(rows, corners, last):
    merged = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    cells = pd.DataFrame(rows, columns=range(3), dtype=object)
    one = Grid("a.xlsx", cells, merged=tuple(merged))
    flat = headings.flatten(one, 0, last)
    assert len(flat) == 3
    assert all(text == headings.plain(text) for text in flat)
    found = headings.find(one, lambda text: len(text) > 2)
    assert found is None or 0 <= found[0] <= found[1] < len(rows)
    headings.items(one, lambda text: len(text) > 2)
