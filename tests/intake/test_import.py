"""From files to a study: what is certain is repaired and told, what is not stops the import, nothing is lost."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from intake import office_files as office
from openpyxl import Workbook, load_workbook

from analysis import cli, contract
from analysis.intake import importing
from analysis.intake.ledger import IntakeError
from analysis.intake.mapping import read_map
from analysis.messages import in_language
from analysis.privacy.scan import scan_folder
from analysis.study import read_study

FIXTURES = Path(__file__).parent / "fixtures"
MILLION = 10_000  # yuan in 万元


def read(folder: Path, *files: Path, map_path: Path | None = None) -> importing.Imported:
    map_path = map_path or folder / "MAP.toml"
    paths = list(files) or importing.expand([folder])
    return importing.read_files(paths, read_map(map_path), lambda message: None, base=map_path.parent)


def refused(folder: Path, *files: Path) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        read(folder, *files)
    return caught.value


def rules_of(error: IntakeError) -> set[str]:
    return {problem.rule for problem in error.problems}


def ledger_study(folder: Path, book: Workbook | None = None, **map_options: str) -> None:
    office.write_villages(folder)
    office.write_map(folder, **map_options)
    office.save(book or office.ledger(), folder)


# --- the office's workbook, by the steps of the README ---


@pytest.fixture(scope="module")
def office_study(tmp_path_factory) -> Path:
    """Suggest, edit two lines, import."""
    folder = tmp_path_factory.mktemp("office")
    workbook, proposed = FIXTURES / "office_ledger.xlsx", folder / "MAP.toml"
    assert cli.main(["import", "--suggest", str(workbook), "--map", str(proposed), "--lang", "en"]) == 0
    text = proposed.read_text("utf-8")
    text, n_vintage = re.subn(
        r'(?m)^# vintage = "".*$', r"vintage = { from = \"title\", pattern = \"([0-9]{4})年\" }", text
    )
    text, n_zero = re.subn(
        r'(?m)^ci_subsidy = "([^"]*)".*$', r'ci_subsidy = { heading = "\1", none = "zero" }', text
    )
    assert n_vintage <= 1
    assert n_zero == 1
    proposed.write_text(text.replace('\\"', '"'), "utf-8")
    out = folder / "study"
    assert cli.main(["import", str(workbook), "--map", str(proposed), "--out", str(out), "--lang", "en"]) == 0
    return out


def test_every_amount_of_the_office_workbook_arrives_in_yuan(office_study):
    """Read a second time with another library, by position."""
    panel = pd.read_csv(office_study / "village_year.csv", dtype={"village_id": str})
    panel["base"] = panel["village"].str.replace("社区", "").str.replace("村", "")
    known = panel.set_index(["township", "base", "year"])
    book = load_workbook(FIXTURES / "office_ledger.xlsx", data_only=True)
    checked = 0
    for year in range(2015, 2023):
        township = ""
        for row in book[f"{year}年"].iter_rows(min_row=5, values_only=True):
            if row[0] == "小计" or row[1] is None:
                continue
            township = row[0] or township
            base = re.sub("居委会|村委会|社区|村", "", row[1])
            for position, column in ((7, "ci_total"), (10, "ci_operating_surplus"), (8, "ci_operating_cost")):
                assert known.loc[(township, base, year), column] == pytest.approx(
                    row[position] * MILLION, abs=1
                )
                checked += 1
    assert checked == 8 * 24 * 3


def test_the_office_study_dates_adoption_from_the_list_of_cooperatives(office_study):
    panel = pd.read_csv(office_study / "village_year.csv")
    assert panel.loc[panel["first_coop_year"] > 0, "village_id"].nunique() == 15
    assert set(panel["first_coop_year"]) == {0, 2019, 2020, 2021}
    assert len(pd.read_csv(office_study / "coop.csv")) == 15


def test_the_office_study_keeps_its_contract_and_no_person(office_study):
    contract.check_study(read_study(office_study))
    assert scan_folder(office_study) == []
    everything = "".join(
        p.read_text("utf-8") for p in office_study.rglob("*") if p.suffix in {".csv", ".toml", ".json", ".md"}
    )
    assert "某某" not in everything  # the chairs and the person who filled the form in


def test_the_office_study_gives_estimates(office_study, capsys):
    assert cli.main(["estimate", str(office_study), "--estimator", "group_time"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["n_treated"] == 15


# --- the ministry's form ---


def test_the_ministry_vector_keeps_three_incomes_apart(tmp_path):
    """DOMAIN 6.4: total income 180, result of the year 55 and operating surplus 28 (万元) of the same villages."""
    items = [
        ("一、总收入", 180), ("1. 经营收入", 68), ("2. 发包及上交收入", 35), ("3. 投资收益", 5), ("4. 补助收入", 30),
        ("5. 其他收入", 42), ("二、总支出", 125), ("1. 经营支出", 45), ("2. 管理费用", 35), ("3. 其他支出", 45),
        ("三、本年收益", 55), ("四、年初未分配收益", 15), ("五、可分配收益", 70), ("1. 公积公益金", 7),
        ("2. 应付福利费", 7), ("3. 农户分配", 20), ("六、年末未分配收益", 36),
    ]  # fmt: skip
    book = Workbook()
    sheet = book.active
    sheet.title = "表六"
    sheet.append(["村集体经济组织收益分配统计表"])
    sheet.append(["2012年", "单位：万元"])
    sheet.append(["项目", "金额"])
    for item in items:
        sheet.append(item)
    path = tmp_path / "表六.xlsx"
    book.save(path)
    office.write_villages(tmp_path)
    names = {
        "ci_total": "总收入", "ci_operating_income": "经营收入", "ci_contract_income": "发包及上交收入",
        "ci_investment": "投资收益", "ci_subsidy": "补助收入", "ci_other": "其他收入", "ci_operating_cost": "经营支出",
        "ci_admin_cost": "管理费用", "ci_year_result": "本年收益",
    }  # fmt: skip
    columns = "\n".join(f'{name} = "{item}"' for name, item in names.items())
    office.write_map(
        tmp_path, ledger=False,
        more='\n[[source]]\nfile = "表六.xlsx"\ntable = "village_year"\nlayout = "items"\nyear = 2012\n[source.columns]\n'
        f'village = {{ value = "上禾村" }}\ntownship = {{ value = "{office.TOWNSHIP}" }}\n{columns}\n',
    )  # fmt: skip
    made = read(tmp_path).tables["village_year"].iloc[0]
    assert (made["ci_total"], made["ci_year_result"], made["ci_operating_surplus"]) == (
        180 * MILLION, 55 * MILLION, 28 * MILLION,
    )  # fmt: skip


# --- what is not certain ---


def test_a_ledger_in_order_needs_no_repair_but_the_suffix(tmp_path):
    ledger_study(tmp_path)
    made = read(tmp_path)
    assert made.ledger.counts() == {"village_suffix": 24}
    panel = made.tables["village_year"]
    assert len(panel) == 24
    first = panel[(panel["village"] == "上禾村") & (panel["year"] == 2019)].iloc[0]
    assert first["ci_operating_income"] == office.LEVELS[0]


def test_units_come_from_the_title_and_are_never_guessed(tmp_path):
    ledger_study(tmp_path, office.ledger(unit="单位：万元"))
    made = read(tmp_path)
    assert made.ledger.counts()["unit_converted"] == 2 * len(office.YEARS)
    assert made.tables["village_year"]["ci_operating_income"].iloc[0] == pytest.approx(office.LEVELS[0])
    ledger_study(tmp_path, office.ledger(unit="填报：某局"))
    error = refused(tmp_path)
    assert rules_of(error) == {"unit"}
    assert "no unit is written" in str(error)
    assert "没有写单位" in in_language(error, "zh")


@pytest.mark.parametrize(("sheets", "rule"), [(1, "unit_jump"), (2, "split_history")])
def test_years_in_another_unit_are_named_cell_by_cell(tmp_path, sheets, rule):
    """FAULTS D32: 万元 entered as 元 in one year, and in half of the years, where the years themselves do not tell."""
    book = office.ledger()
    wrong = {f"台账.xlsx!{year}!{column}5" for year in office.YEARS[:sheets] for column in "CD"}
    for year in office.YEARS[:sheets]:
        for column in "CD":
            book[str(year)][f"{column}5"] = book[str(year)][f"{column}5"].value / MILLION
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert rules_of(error) == {rule}
    assert {
        str(place) for problem in error.problems for place in problem.places if place.column >= 0
    } == wrong


def test_a_person_decides_where_the_machine_cannot(tmp_path):
    book = office.ledger()
    book["2020"]["C6"] = "5万余元或6万元"
    decide = '\n[[decide]]\ncell = "台账.xlsx!2020!C6"\nvalue = "55000"\nreason = "电话核实"\n'
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert [str(place) for place in error.problems[0].places] == ["台账.xlsx!2020!C6"]
    assert "[[decide]]" in str(error)
    ledger_study(tmp_path, book, more=decide)
    made = read(tmp_path)
    assert made.ledger.counts()["decided"] == 1
    assert 55_000 in set(made.tables["village_year"]["ci_operating_income"])


def test_a_subtotal_that_does_not_add_up_stops_the_import(tmp_path):
    book = office.ledger()
    sheet = book["2019"]
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    sheet.append(["合计", None, sum(r[2] for r in rows), sum(r[3] for r in rows)])
    ledger_study(tmp_path, book)
    assert read(tmp_path).ledger.counts()["subtotal_removed"] == 1
    sheet["C10"] = sheet["C10"].value + 5_000
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert rules_of(error) == {"subtotal"}
    assert str(error.problems[0].places[0]) == "台账.xlsx!2019!C10"


def test_blanks_that_are_not_merged_stay_errors_until_the_map_says_fill(tmp_path):
    """FAULTS D17: a merged cell is known to span its rows; a blank one is not."""
    book = office.ledger()
    for year in office.YEARS:
        for row in range(5, 10):
            book[str(year)][f"A{row}"] = None
    for year in office.YEARS[1:]:
        book[str(year)].merge_cells("A4:A9")
    ledger_study(tmp_path, book)
    made = read(tmp_path)  # names are unique in the county, so villages are found all the same
    assert made.ledger.counts()["merged_filled"] == 15
    for year in office.YEARS:
        book[str(year)]["B6"] = None
    ledger_study(tmp_path, book)
    assert "village" in rules_of(refused(tmp_path))


def test_a_village_name_that_contains_another_is_another_village(tmp_path):
    ledger_study(tmp_path)
    panel = read(tmp_path).tables["village_year"]
    of = panel[panel["year"] == 2019].set_index("village")["ci_operating_income"]
    assert (of["北楼村"], of["西北楼村"]) == (28_400, 73_900)


def test_unknown_villages_are_listed_with_their_nearest(tmp_path):
    book = office.ledger()
    for year in office.YEARS:
        book[str(year)]["B4"] = "上和村"
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert rules_of(error) == {"village"}
    assert "上禾" in str(error)
    alias = office.HEAD.replace("vintage = 2021", 'vintage = 2021\naliases = { "上和村" = "上禾村" }', 1)
    text = (tmp_path / "MAP.toml").read_text("utf-8").replace(office.HEAD, alias)
    (tmp_path / "MAP.toml").write_text(text, "utf-8")
    assert read(tmp_path).ledger.counts()["village_alias"] == 4


def test_repeated_and_contradicting_rows_are_told_apart(tmp_path):
    """FAULTS D31: the same row twice is one row; two rows of one village and year that differ stop the import."""
    book = office.ledger()
    again = [cell.value for cell in book["2021"][7]]
    book["2021"].append(again)
    ledger_study(tmp_path, book)
    assert read(tmp_path).ledger.counts()["duplicate_row"] == 1
    book["2021"]["C10"] = again[2] + 1
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert rules_of(error) == {"duplicate_key"}
    assert [place.row for place in error.problems[0].places] == [6, 9]


def test_two_sources_that_disagree_stop_the_import(tmp_path):
    ledger_study(tmp_path)
    second = "乡镇,村,年份,经营收入(元)\n" + "\n".join(
        f"{r[0]},{r[1]},{year},{r[2]}" for year in office.YEARS for r in office.rows_of(year)
    )
    more = (
        '\n[[source]]\nfile = "第二份.csv"\ntable = "village_year"\n[source.columns]\ntownship = "乡镇"\nvillage = "村"\n'
        'year = "年份"\nci_operating_income = "经营收入(元)"\n'
    )
    office.write_map(tmp_path, more=more)
    (tmp_path / "第二份.csv").write_text(second + "\n", "utf-8")
    assert len(read(tmp_path).tables["village_year"]) == 24
    (tmp_path / "第二份.csv").write_text(second.replace(",31200", ",31201", 1) + "\n", "utf-8")
    error = refused(tmp_path)
    assert rules_of(error) == {"contradiction"}
    assert {place.file for place in error.problems[0].places} == {"台账.xlsx", "第二份.csv"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("99999999999", "5e+07|50,000,000|50000000"),
        ("-9", "0"),
        ("无数据可查", "cannot|not"),
        ("1,23", "1,23"),
    ],
)
def test_values_out_of_bounds_or_unreadable_are_never_dropped(tmp_path, value, told):
    """FAULTS D09, D33: codes that nobody declared and text that is no number."""
    book = office.ledger()
    book["2022"]["D9"] = value
    ledger_study(tmp_path, book)
    error = refused(tmp_path)
    assert any(str(place) == "台账.xlsx!2022!D9" for problem in error.problems for place in problem.places)
    ledger_study(tmp_path, book, columns="")
    text = (tmp_path / "MAP.toml").read_text("utf-8")
    declared = text.replace(
        'ci_contract_income = "发包收入"',
        f'ci_contract_income = {{ heading = "发包收入", missing = ["{value}"] }}',
    )
    (tmp_path / "MAP.toml").write_text(declared, "utf-8")
    made = read(tmp_path)
    assert made.ledger.counts()["missing_code"] == 1
    assert int(made.tables["village_year"]["ci_contract_income"].isna().sum()) == 1


def test_text_that_a_spreadsheet_would_run_is_refused(tmp_path):
    """FAULTS D34."""
    office.write_villages(tmp_path)
    (tmp_path / "项目.csv").write_text('编号,村,年份,金额(元)\n=HYPERLINK("x"),上禾村,2020,500000\n', "utf-8")
    office.write_map(
        tmp_path, ledger=False,
        more='\n[[source]]\nfile = "项目.csv"\ntable = "fund_project"\n[source.columns]\nproject_id = "编号"\nvillage = "村"\n'
        'year = "年份"\namount_total = "金额(元)"\n',
    )  # fmt: skip
    assert "formula_text" in rules_of(refused(tmp_path))


def test_hidden_sheets_and_rows_are_read_and_told(tmp_path):
    book = office.ledger()
    book["2020"].sheet_state = "hidden"
    book["2021"].row_dimensions[5].hidden = True
    ledger_study(tmp_path, book)
    made = read(tmp_path)
    assert (made.ledger.counts()["hidden_sheet"], made.ledger.counts()["hidden_row"]) == (1, 1)
    assert len(made.tables["village_year"]) == 24
    ledger_study(tmp_path, book, source='hidden = "skip"')
    skipped = read(tmp_path)
    assert len(skipped.tables["village_year"]) == 18
    assert any(remark.rule == "hidden_left" for remark in skipped.ledger.remarks)


def test_a_blank_row_in_the_middle_cuts_nothing_off(tmp_path):
    book = office.ledger()
    for year in office.YEARS:
        book[str(year)].insert_rows(7)
        book[str(year)].append([])
        book[str(year)].append(["注：数据为年报数"])
        book[str(year)].append(["填表人：甲某某", None, "联系电话：10000000000"])
    ledger_study(tmp_path, book)
    made = read(tmp_path)
    assert len(made.tables["village_year"]) == 24
    assert made.ledger.counts()["note_cut"] == 8


def test_sheets_and_columns_left_out_are_said(tmp_path):
    book = office.ledger(headings=("乡镇", "村", "经营收入", "发包收入"))
    book["2019"]["E3"], book["2019"]["E4"] = "本年新增", 3
    book["2019"]["F3"] = "累计收入"
    book.create_sheet("封面").append(["某县"])
    ledger_study(tmp_path, book)
    text = (tmp_path / "MAP.toml").read_text("utf-8").replace('sheet = "*"', 'sheet = "20*"')
    (tmp_path / "MAP.toml").write_text(text, "utf-8")
    made = read(tmp_path)
    left = {remark.rule for remark in made.ledger.remarks}
    assert {"column_left", "sheet_left"} <= left
    assert made.ledger.counts()["cumulative_left"] == 1


def test_cumulative_columns_cannot_be_mapped_to_annual_ones(tmp_path):
    book = office.ledger(headings=("乡镇", "村", "累计经营收入", "发包收入"))
    ledger_study(tmp_path, book)
    text = (tmp_path / "MAP.toml").read_text("utf-8").replace('= "经营收入"', '= "累计经营收入"')
    (tmp_path / "MAP.toml").write_text(text, "utf-8")
    assert "cumulative" in rules_of(refused(tmp_path))


# --- the account ---


def test_the_log_tells_what_stood_in_every_repaired_cell(tmp_path):
    """Repairs can be undone: the log holds the old text at its place, as another library reads it."""
    book = office.ledger(unit="单位：万元")
    book["2019"]["C4"] = "３．１２"
    book["2020"]["C5"] = "4.7424万元"
    book["2021"]["D6"] = "约1.41"
    ledger_study(tmp_path, book)
    made = read(tmp_path)
    log = made.ledger.frame()
    raw = load_workbook(tmp_path / "台账.xlsx")
    cells = log[
        log["place"].str.fullmatch(r"台账\.xlsx!\d{4}!C\d+|台账\.xlsx!\d{4}!D\d+")
        & (log["rule"] != "unit_converted")
    ]
    assert len(cells) == 3
    for row in cells.itertuples():
        sheet, cell = row.place.split("!")[1:]
        assert str(raw[sheet][cell].value) == row.old
    assert set(cells["rule"]) == {"full_width", "unit_in_cell", "approximate"}
    assert set(cells["new"]) == {"31200", "47424", "14100"}


def test_nothing_is_written_when_the_import_is_refused(tmp_path, capsys):
    data = tmp_path / "raw"
    data.mkdir()
    ledger_study(data)
    out = tmp_path / "study"
    arguments = ["import", str(data), "--map", str(data / "MAP.toml"), "--out", str(out), "--lang", "zh"]
    assert cli.main(arguments) == 0
    before = {p.name: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    book = office.ledger()
    book["2019"]["C4"] = "不详甲某某13000000000"
    office.save(book, data)
    capsys.readouterr()
    assert cli.main([*arguments, "--json"]) == 3
    said = capsys.readouterr()
    assert {p.name: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert json.loads(said.out.splitlines()[-1])["status"] == "refused"
    assert "13000000000" not in said.out + said.err
    assert "未导入" in said.err
    listed = load_workbook(tmp_path / "study-to-fix.xlsx").active
    assert listed["B2"].value == "台账.xlsx!2019!C4"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw", "study", "study-to-fix.xlsx"]


def test_a_folder_of_something_else_is_not_touched(tmp_path, capsys):
    data = tmp_path / "raw"
    data.mkdir()
    ledger_study(data)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", "utf-8")
    assert (
        cli.main(["import", str(data), "--map", str(data / "MAP.toml"), "--out", str(other), "--lang", "en"])
        == 2
    )
    assert "did not write" in capsys.readouterr().err
    assert [p.name for p in other.iterdir()] == ["thesis.txt"]


def test_the_same_files_give_the_same_bytes(tmp_path):
    data = tmp_path / "raw"
    data.mkdir()
    ledger_study(data)
    made = []
    for name in ("one", "two"):
        out = tmp_path / name
        assert (
            cli.main(
                ["import", str(data), "--map", str(data / "MAP.toml"), "--out", str(out), "--lang", "en"]
            )
            == 0
        )
        made.append({str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert made[0] == made[1]


# --- persons ---


def test_personal_columns_never_arrive(tmp_path):
    """FAULTS V01: an ID number with a valid check character but an impossible area, a phone, a name, an address."""
    book = office.ledger(headings=("乡镇", "村", "经营收入", "发包收入"))
    for year in office.YEARS:
        sheet = book[str(year)]
        for column, heading in zip("EFGH", ("身份证号", "联系电话", "负责人", "家庭住址"), strict=True):
            sheet[f"{column}3"] = heading
        for row in range(4, 10):
            sheet[f"E{row}"], sheet[f"F{row}"] = "000000199001010013", "13000000000"
            sheet[f"G{row}"], sheet[f"H{row}"] = "甲某某", "上禾村三组12号"
    ledger_study(tmp_path, book)
    out = tmp_path / "study"
    assert (
        cli.main(
            ["import", str(tmp_path), "--map", str(tmp_path / "MAP.toml"), "--out", str(out), "--lang", "en"]
        )
        == 0
    )
    assert scan_folder(out) == []
    counts = json.loads((out / "import" / "import.json").read_text("utf-8"))["repairs"]
    assert counts["personal_dropped"] == 4 * len(office.YEARS)
    text = "".join(p.read_text("utf-8") for p in out.rglob("*") if p.is_file())
    for planted in ("000000199001010013", "13000000000", "甲某某", "三组12号"):
        assert planted not in text


def test_a_mapped_column_of_phones_is_refused_unless_it_becomes_a_pseudonym(tmp_path, monkeypatch):
    office.write_villages(tmp_path)
    lines = "\n".join(f"P{n},上禾村,2020,500000,1300000{n:04d}" for n in range(1, 9))
    (tmp_path / "项目.csv").write_text("编号,村,年份,金额(元),联系电话\n" + lines + "\n", "utf-8")
    source = (
        '\n[[source]]\nfile = "项目.csv"\ntable = "fund_project"\n[source.columns]\nproject_id = {project}\nvillage = "村"\n'
        'year = "年份"\namount_total = "金额(元)"\n'
    )
    office.write_map(tmp_path, ledger=False, more=source.replace("{project}", '"联系电话"'))
    assert "personal" in rules_of(refused(tmp_path, tmp_path / "村名单.csv", tmp_path / "项目.csv"))
    office.write_map(
        tmp_path, ledger=False, more=source.replace("{project}", '{ heading = "联系电话", pseudonym = true }')
    )
    keys = tmp_path / "keys"
    keys.mkdir()
    out = tmp_path / "study"
    arguments = [
        "import", str(tmp_path / "村名单.csv"), str(tmp_path / "项目.csv"), "--map", str(tmp_path / "MAP.toml"),
        "--out", str(out), "--key", str(keys / "county.key"), "--lang", "en",
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    ids = pd.read_csv(out / "fund_project.csv", dtype=str)["project_id"]
    assert ids.nunique() == 8
    assert ids.str.fullmatch("[0-9a-f]{16}").all()
    assert scan_folder(out) == []
    first = ids.tolist()
    assert cli.main(arguments) == 0  # the same key links the same persons
    assert pd.read_csv(out / "fund_project.csv", dtype=str)["project_id"].tolist() == first


# --- the map ---


def test_a_map_without_its_files_says_so(tmp_path):
    office.write_villages(tmp_path)
    office.write_map(tmp_path)
    error = refused(tmp_path, tmp_path / "村名单.csv")
    assert rules_of(error) == {"source"}


def test_headings_that_are_not_there_are_listed_with_those_that_are(tmp_path):
    ledger_study(tmp_path, columns='ci_subsidy = "补助"')
    error = refused(tmp_path)
    assert rules_of(error) == {"heading"}
    assert "乡镇, 村, 经营收入, 发包收入" in str(error)


def test_an_imported_study_says_how_it_was_made(tmp_path):
    data = tmp_path / "raw"
    data.mkdir()
    ledger_study(data)
    out = tmp_path / "study"
    assert (
        cli.main(["import", str(data), "--map", str(data / "MAP.toml"), "--out", str(out), "--lang", "en"])
        == 0
    )
    record = json.loads((out / "import" / "import.json").read_text("utf-8"))
    assert {file["name"] for file in record["files"]} == {"台账.xlsx", "村名单.csv"}
    assert record["tables"]["village_year"]["rows"] == 24
    toml = tomllib.loads((out / "study.toml").read_text("utf-8"))
    assert "village_year" in toml["tables"]
