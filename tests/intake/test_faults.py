"""Faults of files as offices send them, each provoked through the command line: refused with file, cell and fix in
both languages, or repaired and counted; never a silent number, a lost row, or a person in an output.

Sections: faults of files (D-rows), personal data (V-rows), what offices do without thinking of it as a fault,
paths and interruptions, and last the 34 rows of the catalogue of dirt.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import threading
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from intake import office_files as office
from openpyxl import Workbook, load_workbook

from analysis import cli, contract
from analysis.intake import arrivals, importing
from analysis.privacy.scan import scan_folder
from analysis.study import read_study

ONE, TWO = "93000000MA0000001K", "93000000MA0000002N"  # credit codes of an area that does not exist
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CSV_LEDGER = """
[[source]]
file = "年报*"
table = "village_year"
{source}
[source.columns]
township = "乡镇"
village = "村"
year = "年份"
ci_operating_income = "经营收入(元)"
ci_contract_income = "发包收入(元)"
"""


@dataclass
class Outcome:
    """What one run of `coopeval import` did."""

    code: int
    record: dict[str, object]
    said: str
    out: Path
    problems: list[dict[str, object]] = field(default_factory=list)

    @property
    def repairs(self) -> dict[str, int]:
        return self.record["repairs"]

    def table(self, name: str = "village_year") -> pd.DataFrame:
        return pd.read_csv(self.out / f"{name}.csv", dtype={"village_id": "str", "coop_id": "str"})

    def rules(self) -> set[str]:
        return {problem["rule"] for problem in self.problems}

    def places(self) -> set[str]:
        return {place for problem in self.problems for place in problem["places"]}


def coopeval_import(
    folder: Path, *options: str, files: list[Path] | None = None, out: Path | None = None
) -> Outcome:
    """The command line, in Chinese and with the record in both languages; checks what every refusal must keep."""
    out = out or folder.parent / f"{folder.name}-study"
    told, warned = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(warned):
        code = cli.main(
            ["import", *map(str, files or [folder]), "--map", str(folder / "MAP.toml"), "--out", str(out),
             "--lang", "zh", "--json", *options]
        )  # fmt: skip
    said = told.getvalue() + warned.getvalue()
    assert "Traceback" not in said, said
    last = (told.getvalue().splitlines() or [""])[-1]
    record = json.loads(last) if last.startswith("{") else {}
    outcome = Outcome(code, record, said, out, record.get("problems", []))
    if code == 3 and record:
        assert outcome.problems
        for problem in outcome.problems:
            assert problem["places"] and all(problem["places"])
            for words in (problem["what"], problem["fix"]):
                assert words["en"]
                assert CHINESE.search(words["zh"])
    return outcome


def refused(folder: Path, *places: str, rule: str = "", **options: object) -> Outcome:
    """A refusal that names these places and writes nothing but the list of what to mend."""
    existed = (folder.parent / f"{folder.name}-study").exists()
    outcome = coopeval_import(folder, **options)
    assert outcome.code == 3, outcome.said
    assert set(places) <= outcome.places(), outcome.said
    assert not rule or rule in outcome.rules(), outcome.said
    assert outcome.out.exists() == existed
    return outcome


def accepted(folder: Path, **options: object) -> Outcome:
    outcome = coopeval_import(folder, **options)
    assert outcome.code == 0, outcome.said
    return outcome


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def book_study(folder: Path, book: Workbook | None = None, **options: str) -> Path:
    """List of villages, map and workbook."""
    office.write_villages(folder)
    office.write_map(folder, **options)
    return office.save(book or office.ledger(), folder)


def csv_text(separator: str = ",") -> str:
    lines = [["乡镇", "村", "年份", "经营收入(元)", "发包收入(元)"]]
    lines += [
        [town, village, str(year), str(income), str(rent)]
        for year in office.YEARS for town, village, income, rent in office.rows_of(year)
    ]  # fmt: skip
    return "\n".join(separator.join(line) for line in lines) + "\n"


def csv_study(folder: Path, content: bytes | str, *, name: str = "年报.csv", source: str = "") -> Path:
    office.write_villages(folder)
    office.write_map(folder, ledger=False, more=CSV_LEDGER.format(source=source))
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def edit_map(folder: Path, old: str, new: str) -> None:
    path = folder / "MAP.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def decide(folder: Path, cell: str, value: str) -> None:
    path = folder / "MAP.toml"
    path.write_text(
        path.read_text("utf-8") + f'\n[[decide]]\ncell = "{cell}"\nvalue = "{value}"\nreason = "核实"\n',
        "utf-8",
    )


def clean_panel(tmp_path: Path) -> pd.DataFrame:
    folder = tmp_path / "clean"
    folder.mkdir()
    csv_study(folder, csv_text())
    return accepted(folder).table()


# --- D: faults of files ---


def test_d01_a_text_cut_short(raw):
    whole = csv_text().encode()
    csv_study(raw, whole[: int(len(whole) * 0.6)])
    refused(raw, "年报.csv!E15", rule="file_end")
    decide(raw, "年报.csv!E15", "11856")
    assert accepted(raw).table()["ci_contract_income"].max() < 30_000
    csv_study(raw, whole[: int(len(whole) * 0.6) - 12])
    assert refused(raw, "年报.csv!15").rules() == {"file_end"}  # and not that the map's source has no file


def test_d02_changed_bytes(raw):
    """A workbook carries its own sums; of other formats the study keeps the digest, so that later changes are seen."""
    path = book_study(raw)
    with zipfile.ZipFile(path) as package:
        info = package.getinfo("xl/worksheets/sheet1.xml")
        start = info.header_offset + 30 + len(info.filename) + len(info.extra) + 10
    content = bytearray(path.read_bytes())
    content[start] ^= 4
    path.write_bytes(content)
    refused(raw, files=[raw])
    shutil.rmtree(raw)
    raw.mkdir()
    csv_study(raw, csv_text())
    edit_map(raw, 'year = "年份"\nci', 'year = "年份"\nfirst_coop_year = { value = "0" }\nci')
    study = accepted(raw).out
    contract.check_study(read_study(study))
    panel = study / "village_year.csv"
    panel.write_bytes(panel.read_bytes().replace(b"31200", b"31201", 1))
    with pytest.raises(ValueError, match="village_year"):
        contract.check_study(read_study(study))


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "dta"])
@pytest.mark.parametrize("share", [0.0, 0.6])
def test_d03_files_cut_short_and_empty_ones(raw, suffix, share):
    path = csv_study(raw, "", name=f"年报.{suffix}")
    frame = pd.read_csv(io.StringIO(csv_text()))
    if suffix == "xlsx":
        frame.to_excel(path, index=False)
    elif suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.columns = list("abcde")
        frame.to_stata(path, version=118, write_index=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(raw, f"年报.{suffix}")


@pytest.mark.parametrize(
    ("encoding", "source"),
    [
        ("gbk", ""),
        ("gb18030", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("big5", 'encoding = "big5"'),
    ],
)
def test_d04_encodings_give_the_same_table(raw, tmp_path, encoding, source):
    text = csv_text()
    if encoding == "big5":
        text = text.translate(str.maketrans("乡镇经营收发", "鄉鎮經營收發")).replace("柳湾", "柳灣").replace("西北楼", "西北樓").replace("北楼", "北樓")  # fmt: skip
    bom = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    csv_study(raw, bom + text.encode(encoding), source=source)
    if encoding == "big5":
        for simple, other in (("乡镇", "鄉鎮"), ("经营收入", "經營收入"), ("发包收入", "發包收入")):
            head, _, ledger = (raw / "MAP.toml").read_text("utf-8").partition('file = "年报*"')
            (raw / "MAP.toml").write_text(
                head + 'file = "年报*"' + ledger.replace(f'"{simple}', f'"{other}'), "utf-8"
            )
        names = {"柳灣村": "柳湾村", "北樓村": "北楼村", "西北樓村": "西北楼村", "青禾鎮": "青禾镇"}
        listed = ", ".join(f'"{old}" = "{new}"' for old, new in names.items())
        edit_map(raw, "vintage = 2021", f"vintage = 2021\naliases = {{ {listed} }}")
    made = accepted(raw)
    pd.testing.assert_frame_equal(made.table(), clean_panel(tmp_path))
    assert made.repairs["encoding"] == 1


@pytest.mark.parametrize("declared", ["gbk", "latin-1"])
def test_d05_text_read_in_the_wrong_encoding(raw, declared):
    csv_study(raw, csv_text(), source=f'encoding = "{declared}"')
    refused(raw, "年报.csv")


def test_d08_full_width_figures(raw):
    book = office.ledger()
    book["2019"]["C4"], book["2019"]["C5"] = "３１２００", "４５，６００"
    book_study(raw, book)
    made = accepted(raw)
    assert made.repairs["full_width"] == 2
    panel = made.table().query("year == 2019").set_index("village")["ci_operating_income"]
    assert (panel["上禾村"], panel["下禾村"]) == (31_200, 45_600)


def test_d09_incomes_in_words_and_signs(raw):
    book = office.ledger()
    sheet = book["2019"]
    sheet["C4"], sheet["C5"], sheet["C6"] = "3.12万", "45600元", "约5.23万"
    sheet["D7"], sheet["D8"], sheet["D9"] = "无", "-", "—"
    book_study(raw, book)
    made = accepted(raw)
    assert made.repairs["not_a_value"] == 3
    assert made.repairs["approximate"] == 1
    assert made.repairs["unit_in_cell"] == 2
    panel = made.table().query("year == 2019").set_index("village")
    assert panel["ci_operating_income"].tolist()[:3] == [31_200, 45_600, 52_300]
    assert int(panel["ci_contract_income"].isna().sum()) == 3
    sheet["C7"] = "六万上下浮动"
    book_study(raw, book)
    shutil.rmtree(made.out)
    refused(raw, "台账.xlsx!2019!C7", rule="cell")


def test_d11_long_numbers_stored_as_numbers(raw):
    """Two identity numbers that become one are refused where they are kept, and hurt nobody where they are dropped."""
    book = office.ledger()
    for year in office.YEARS:
        book[str(year)]["E3"] = "村代码"
        for row in range(4, 10):
            book[str(year)][f"E{row}"] = 330106199001011234 + row
    book_study(raw, book)
    assert accepted(raw).repairs["village_suffix"] == 24
    shutil.rmtree(raw.parent / "raw-study")
    edit_map(raw, 'village = "村"', 'village = "村"\nvillage_code = "村代码"')
    made = refused(raw, "台账.xlsx!2019!E4")
    assert "33010619900101" not in made.said


def test_d13_codes_that_lost_zeros(raw):
    """As numbers they match nothing: refused, told whose they are, and never compared as if they were whole."""
    office.write_villages(raw)
    codes = [f"{office.TOWNSHIP_CODE}{200 + at:03d}" for at in range(6)]
    more = (
        '\n[[source]]\nfile = "项目.csv"\ntable = "fund_project"\n[source.columns]\nproject_id = "编号"\n'
        'village_code = {code}\nyear = "年份"\namount_total = "金额(元)"\n'
    )
    for mapped, told in (('"代码"', "12 digits"), ('{ heading = "代码", width = 12 }', "leading zeros")):
        lines = [f"P{n},{code.lstrip('0')},2020,1000" for n, code in enumerate(codes)]
        (raw / "项目.csv").write_text("\n".join(["编号,代码,年份,金额(元)", *lines]) + "\n", "utf-8")
        office.write_map(raw, ledger=False, more=more.replace("{code}", mapped))
        made = refused(raw, "项目.csv!B2", "项目.csv!B7")
        assert any(told in problem["what"]["en"] for problem in made.problems)
    lines = [f"P{n},{code},2020,1000" for n, code in enumerate(codes)]
    (raw / "项目.csv").write_text("\n".join(["编号,代码,年份,金额(元)", *lines]) + "\n", "utf-8")
    assert accepted(raw).table("fund_project")["village_id"].nunique() == 6


def test_d14_rows_with_one_field_more_than_the_heading(raw):
    lines = csv_text().splitlines()
    csv_study(raw, "\n".join([lines[0], *(f"{line},9" for line in lines[1:])]) + "\n")
    refused(raw, "年报.csv!2")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_d16_other_separators(raw, tmp_path, separator):
    csv_study(raw, csv_text(separator))
    pd.testing.assert_frame_equal(accepted(raw).table(), clean_panel(tmp_path))


def test_d16_full_width_commas(raw, tmp_path):
    csv_study(raw, csv_text("，"))
    pd.testing.assert_frame_equal(accepted(raw).table(), clean_panel(tmp_path))


def test_d17_merged_names_are_filled_and_merged_amounts_are_not(raw):
    """One amount merged over three villages belongs to the three together: copied, it would count three times."""
    book = office.ledger()
    for year in office.YEARS:
        for row in range(5, 10):
            book[str(year)][f"A{row}"] = None
        book[str(year)].merge_cells("A4:A9")
    book_study(raw, book)
    made = accepted(raw)
    assert made.repairs["merged_filled"] == 20
    assert len(made.table()) == 24
    shutil.rmtree(made.out)
    book["2020"]["C5"], book["2020"]["C6"] = None, None
    book["2020"].merge_cells("C4:C6")
    office.save(book, raw)
    refused(raw, "台账.xlsx!2020!C4", "台账.xlsx!2020!C5", "台账.xlsx!2020!C6", rule="merged_amount")
    for cell, value in (("C4", "32000"), ("C5", "47000"), ("C6", "54000")):
        decide(raw, f"台账.xlsx!2020!{cell}", value)
    panel = accepted(raw).table().query("year == 2020").set_index("village")["ci_operating_income"]
    assert panel[["上禾村", "下禾村", "石磨村"]].tolist() == [32_000, 47_000, 54_000]


def test_d18_title_unit_two_heading_rows_total_and_note(raw):
    book = Workbook()
    book.remove(book.active)
    for year in office.YEARS:
        sheet = book.create_sheet(str(year))
        sheet.append([f"某县{year}年村集体收入统计表"])
        sheet.append(["单位：万元"])
        sheet.append(["乡镇", "村", "收入", None])
        sheet.append([None, None, "经营", "发包"])
        sheet.merge_cells("C3:D3")
        rows = office.rows_of(year, unit=10_000)
        for row in rows:
            sheet.append(row)
        sheet.append(["合计", None, sum(row[2] for row in rows), sum(row[3] for row in rows)])
        sheet.append(["注：发包收入含上交款"])
    book_study(raw, book)
    edit_map(raw, '"经营收入"', '"收入/经营"')
    edit_map(raw, '"发包收入"', '"收入/发包"')
    made = accepted(raw)
    counts = {
        rule: made.repairs[rule]
        for rule in ("header_flattened", "subtotal_removed", "note_cut", "unit_converted")
    }
    assert counts == {"header_flattened": 4, "subtotal_removed": 4, "note_cut": 4, "unit_converted": 8}
    panel = made.table()
    assert len(panel) == 24
    assert panel.query("year == 2019")["ci_operating_income"].tolist() == pytest.approx(list(office.LEVELS))


def test_d19_formulas_without_values(raw):
    book = office.ledger()
    book["2020"]["C6"] = "=50000+4000"
    book["2020"]["G3"], book["2020"]["G4"] = "备用", "=1+1"
    book_study(raw, book)
    made = refused(raw, "台账.xlsx!2020!C6", rule="formula_without_value")
    assert "台账.xlsx!2020!G4" not in made.places()  # nobody imports that column
    assert "有 1 个公式" in made.said
    decide(raw, "台账.xlsx!2020!C6", "54392")
    assert accepted(raw).repairs["decided"] == 1


@pytest.mark.parametrize("formula", [True, False])
def test_d19_in_a_form_with_items_down_the_side(raw, formula):
    """Cells of a form are elsewhere than those of a list once it is turned over."""
    book = Workbook()
    sheet = book.active
    sheet.title = "2020"
    for line in (["收益分配表"], ["单位：元"], ["项目", "上禾村", "下禾村"], ["1. 经营收入", 31_234, 45_678],
                 ["2. 发包及上交收入", 1_234, 2_345]):  # fmt: skip
        sheet.append(line)
    sheet["C4"] = "=1+1" if formula else "#REF!"
    if not formula:
        sheet["C4"].data_type = "e"
    office.write_villages(raw)
    office.save(book, raw, "表六.xlsx")
    office.write_map(
        raw, ledger=False,
        more='\n[[source]]\nfile = "表六.xlsx"\ntable = "village_year"\nlayout = "items"\nyear = "sheet"\n[source.columns]\n'
        'village = "项目"\nci_operating_income = "经营收入"\nci_contract_income = "发包及上交收入"\n',
    )  # fmt: skip
    refused(raw, "表六.xlsx!2020!C4", rule="formula_without_value" if formula else "error_cell")


PROJECTS = """
[[source]]
file = "灾害.csv"
table = "shock"
[source.columns]
shock_id = "编号"
village = "村"
date = "日期"
type = "类型"
severity = "减产(%)"
"""


def shocks(folder: Path, *dates: str) -> None:
    office.write_villages(folder)
    office.write_map(folder, ledger=False, more=PROJECTS)
    lines = [f"S{n},上禾村,{date},冰雹,2{n}" for n, date in enumerate(dates)]
    (folder / "灾害.csv").write_text("编号,村,日期,类型,减产(%)\n" + "\n".join(lines) + "\n", "utf-8")


def test_d21_dates_in_every_spelling(raw):
    shocks(
        raw, "2019年3月1日", "2019.3.1", "20190301", "43525", "2019-03-01", "2019/3/1", "２０１９年３月１日"
    )
    made = accepted(raw)
    assert set(made.table("shock")["date"]) == {"2019-03-01"}
    assert made.repairs["date_spelling"] == 5
    assert made.repairs["date_serial"] == 1


@pytest.mark.parametrize("date", ["2019-02-30", "2021/6/31", "春节前", "3月1日", "2019"])
def test_d21_days_that_are_none(raw, date):
    shocks(raw, "2019-03-01", date)
    refused(raw, "灾害.csv!C3", rule="cell")


def test_d22_workbooks_of_the_1904_date_system(raw):
    import datetime as dt

    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    shocks(raw, "2019-03-01")
    (raw / "灾害.csv").unlink()
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["编号", "村", "日期", "类型", "减产(%)"])
    book.active.append(["S1", "上禾村", dt.date(2019, 3, 1), "冰雹", 20])
    book.save(raw / "灾害.xlsx")
    edit_map(raw, "灾害.csv", "灾害.xlsx")
    assert accepted(raw).table("shock")["date"].tolist() == ["2019-03-01"]


def test_d23_cover_sheets_hidden_sheets_and_hidden_rows(raw):
    book = office.ledger()
    cover = book.create_sheet("封面", 0)
    cover.append(["某县农业农村局"])
    hidden = book.create_sheet("身份信息")
    hidden.append(["姓名", "身份证号"])
    hidden.append(["甲某某", "000000199001010018"])
    hidden.sheet_state = "hidden"
    book["2020"].row_dimensions[5].hidden = True
    book["2021"].sheet_state = "hidden"
    book.create_sheet("Sheet3")
    book_study(raw, book)
    edit_map(raw, 'sheet = "*"', 'sheet = "20*"')
    made = accepted(raw)
    assert (made.repairs["hidden_row"], made.repairs["hidden_sheet"]) == (1, 1)
    assert len(made.table()) == 24
    remarks = json.loads((made.out / "import" / "import.json").read_text("utf-8"))["remarks"]
    left = " ".join(remark["text"]["zh"] for remark in remarks if remark["rule"] == "sheet_left")
    assert "封面" in left and "身份信息" in left
    assert "000000199001010018" not in made.said


def test_d23_a_sheet_that_the_map_asks_for_and_that_is_empty(raw):
    book = office.ledger()
    book.create_sheet("2023")
    book_study(raw, book)
    made = accepted(raw)  # an empty sheet under the pattern holds nothing to lose; it is said
    assert "2023" in made.said
    shutil.rmtree(made.out)
    edit_map(raw, 'sheet = "*"', 'sheet = ["2019", "2023"]')
    refused(raw, "台账.xlsx!2023", rule="empty")
    book["2023"].append(["乡镇", "村", "经营收入", "发包收入"])
    office.save(book, raw)
    refused(raw, "台账.xlsx!2023")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><table><tr><td>1</td></tr></table></html>",
        "乡镇\t村\n青禾镇\t上禾村\n".encode("gbk"),
        b"%PDF-1.7\n",
        b"PK\x03\x04junk",
    ],
    ids=["html", "tsv", "pdf", "zip"],
)
def test_d24_files_that_are_not_what_their_name_says(raw, content):
    book_study(raw).write_bytes(content)
    refused(raw, "台账.xlsx")


def test_d24_lock_files_of_spreadsheet_programs_are_passed_over(raw):
    book_study(raw)
    (raw / "~$台账.xlsx").write_bytes(b"\x05user" * 20)
    assert len(accepted(raw).table()) == 24


def test_d25_a_wide_sheet_gives_what_another_reader_sees(raw):
    rng = np.random.default_rng(3)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("年报")
    columns = [f"x{n}" for n in range(60)]
    sheet.append(["村", "年份", "经营收入(元)", *columns])
    amounts = rng.integers(10_000, 90_000, size=(6, 20))
    for at, name in enumerate(office.VILLAGES):
        for year in range(2012, 2032):
            sheet.append(
                [f"{name}村", year, int(amounts[at, year - 2012]), *map(int, rng.integers(0, 9, 60))]
            )
    book.save(raw / "年报.xlsx")
    office.write_villages(raw)
    office.write_map(raw, ledger=False, more=CSV_LEDGER.format(source=f"vintage = 2021\nignore = {columns}"))
    for line in ('township = "乡镇"\nvillage = "村"\nyear', 'ci_contract_income = "发包收入(元)"\n'):
        edit_map(raw, line, "year" if "year" in line else "")
    edit_map(raw, 'year = "年份"\nci', 'village = "村"\nyear = "年份"\nci')
    panel = accepted(raw).table().pivot(index="village", columns="year", values="ci_operating_income")
    assert panel.loc[[f"{name}村" for name in office.VILLAGES]].to_numpy().tolist() == amounts.tolist()


def test_d26_a_small_file_that_unpacks_to_a_very_large_one(raw):
    path = book_study(raw)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, content in parts.items():
            with package.open(name, "w") as part:
                before, mark, after = content.partition(b"</sheetData>")
                part.write(before)
                for _ in range(400 if mark and name.endswith("sheet1.xml") else 0):
                    part.write(b" " * 1_000_000)
                part.write(mark + after)
    assert path.stat().st_size < 10_000_000
    refused(raw, "台账.xlsx")


def test_d28_entities_in_a_sheet(raw):
    path = book_study(raw)
    secret = raw.parent / "secret.txt"
    secret.write_text("geheim-4711", "utf-8")
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = "xl/worksheets/sheet1.xml"
    body = parts[name].replace(
        b"<sheetData>", b'<sheetData><row r="9"><c r="A9" t="inlineStr"><is><t>&x;</t></is></c></row>', 1
    )
    declared = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
    parts[name] = re.sub(rb"^(<\?xml[^>]*\?>)?", lambda hit: hit[0] + declared, body, count=1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for part, content in parts.items():
            package.writestr(part, content)
    made = refused(raw, "台账.xlsx")
    assert "geheim-4711" not in made.said


def test_d29_pickles_are_never_opened(raw):
    class Runs:
        def __reduce__(self):
            return (os.mkdir, (str(raw.parent / "ran"),))

    csv_study(raw, pickle.dumps(Runs()), name="年报.pkl")
    refused(raw, "年报.pkl")
    np.save(raw / "年报.npy", np.array([Runs()], dtype=object), allow_pickle=True)
    refused(raw, "年报.pkl", "年报.npy")
    assert not (raw.parent / "ran").exists()


def test_d31_one_village_and_year_twice(raw):
    book = office.ledger()
    again = [cell.value for cell in book["2021"][7]]
    book["2021"].append(again)
    book_study(raw, book)
    made = accepted(raw)
    assert made.repairs["duplicate_row"] == 1
    shutil.rmtree(made.out)
    book["2021"]["C10"] = again[2] + 1
    office.save(book, raw)
    refused(raw, "台账.xlsx!2021!7", "台账.xlsx!2021!10", rule="duplicate_key")


def test_d32_one_year_in_another_unit(raw):
    book = office.ledger()
    for column in "CD":
        book["2021"][f"{column}5"] = book["2021"][f"{column}5"].value / 10_000
    book_study(raw, book)
    refused(raw, "台账.xlsx!2021!C5", "台账.xlsx!2021!D5", rule="unit_jump")
    for column in "CD":
        decide(raw, f"台账.xlsx!2021!{column}5", str(book["2021"][f"{column}5"].value))
    accepted(raw)  # a person said that these are right after all


@pytest.mark.parametrize("code", [-9, 99_999_999, "99999999"])
def test_d33_codes_for_no_answer(raw, code):
    book = office.ledger()
    book["2022"]["D9"] = code
    book_study(raw, book)
    refused(raw, "台账.xlsx!2022!D9")
    edit_map(
        raw,
        'ci_contract_income = "发包收入"',
        f'ci_contract_income = {{ heading = "发包收入", missing = ["{code}"] }}',
    )
    made = accepted(raw)
    assert made.repairs["missing_code"] == 1
    assert int(made.table()["ci_contract_income"].isna().sum()) == 1


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "＝１＋１"])
def test_d34_names_that_a_spreadsheet_program_would_run(raw, text):
    office.write_villages(raw)
    lines = f'编号,村,年份,金额(元)\n"{text.replace(chr(34), chr(34) * 2)}",上禾村,2020,500000\n'
    (raw / "项目.csv").write_text(lines, "utf-8")
    office.write_map(
        raw, ledger=False,
        more='\n[[source]]\nfile = "项目.csv"\ntable = "fund_project"\n[source.columns]\nproject_id = "编号"\nvillage = "村"\n'
        'year = "年份"\namount_total = "金额(元)"\n',
    )  # fmt: skip
    refused(raw, "项目.csv!A2")
    for cell in load_workbook(raw.parent / "raw-study-to-fix.xlsx").active["B"]:
        assert cell.data_type == "s"


# --- V: personal data ---

PLANTED = ("000000199001010018", "13000000000", "6222021111111111112", "甲某某", "三组12号")


def planted_ledger() -> Workbook:
    """Numbers of persons in columns nobody maps, in a note, in a title, in a hidden sheet."""
    book = office.ledger(title=f"村集体收入台账 填报人电话{PLANTED[1]}")
    for year in office.YEARS:
        sheet = book[str(year)]
        for column, heading, value in zip(
            "EFGHI", ("身份证号", "联系电话", "银行账号", "负责人", "家庭住址"), PLANTED, strict=True
        ):
            sheet[f"{column}3"] = heading
            for row in range(4, 10):
                sheet[f"{column}{row}"] = value
        sheet.append([f"填表人：{PLANTED[3]}，电话{PLANTED[1]}"])
    hidden = book.create_sheet("名单")
    hidden.append(["姓名", "身份证号"])
    hidden.append([PLANTED[3], PLANTED[0]])
    hidden.sheet_state = "hidden"
    return book


def everything(*roots: Path) -> bytes:
    """All bytes under the folders, workbooks unpacked, and the names of the files."""
    found = []
    for root in roots:
        for path in [root, *root.rglob("*")] if root.is_dir() else [root]:
            found.append(path.name.encode())
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as package:
                    found += [package.read(name) for name in package.namelist()]
            elif path.is_file():
                found.append(path.read_bytes())
    return b"\n".join(found)


def test_v01_persons_reach_no_output(raw):
    book_study(raw, planted_ledger())
    edit_map(raw, 'sheet = "*"', 'sheet = "20*"')
    made = accepted(raw)
    assert made.repairs["personal_dropped"] == 5 * len(office.YEARS)
    assert scan_folder(made.out) == []
    for secret in PLANTED:
        assert secret not in made.said
        assert secret.encode() not in everything(made.out)


def test_v01_numbers_in_names_of_files_and_sheets(raw):
    book = office.ledger()
    book["2019"]["C4"] = "３１２００"  # so that the log names file and sheet
    book["2020"]["C4"] = "abc"
    for year in office.YEARS:
        book[str(year)].title = f"{year} {PLANTED[1]}"
    path = book_study(raw, book).rename(raw / f"台账_{PLANTED[1]}.xlsx")
    made = coopeval_import(raw)
    assert made.code == 3
    assert PLANTED[1] not in made.said
    assert PLANTED[1].encode() not in everything(raw.parent / "raw-study-to-fix.xlsx")
    book[f"2020 {PLANTED[1]}"]["C4"] = 32_448
    book.save(path)
    made = accepted(raw)
    assert PLANTED[1] not in made.said
    assert PLANTED[1].encode() not in everything(made.out)
    log = pd.read_csv(made.out / "import" / "repairs.csv", dtype="str")
    assert log.loc[log["rule"] == "full_width", "place"].tolist() == ["台账_‹phone›.xlsx!2019 ‹phone›!C4"]


NAMES = ("王建国", "李秀英", "张伟", "刘洋", "陈静", "杨磊")


def test_v02_names_in_the_wrong_column_are_not_repeated(raw):
    """A map that takes the heads of households for villages: the refusal lists cells, not names."""
    book = office.ledger(headings=("乡镇", "户主姓名", "经营收入", "发包收入"))
    for year in office.YEARS:
        for row, name in enumerate(NAMES, start=4):
            book[str(year)][f"B{row}"] = name
    book_study(raw, book)
    edit_map(raw, 'village = "村"', 'village = "户主姓名"')
    made = refused(raw, "台账.xlsx!2019!B4", "台账.xlsx!2019!B", rule="personal")
    listed = everything(raw.parent / "raw-study-to-fix.xlsx").decode("utf-8", "replace")
    for name in NAMES:
        assert name not in made.said + listed


@pytest.mark.parametrize("text", ["王建国", "王建国13000000000说约3万", "3万(张伟)"])
def test_v02_names_among_amounts_are_not_repeated(raw, text):
    book = office.ledger()
    book["2019"]["C4"] = text
    book_study(raw, book)
    made = refused(raw, "台账.xlsx!2019!C4")
    for secret in ("王建国", "张伟", "13000000000"):
        assert secret not in made.said


def test_v02_an_unforeseen_error_shows_no_values(raw, monkeypatch, capsys):
    book_study(raw)

    secret = f"{NAMES[0]} {PLANTED[1]}"

    def fails(*_: object, **__: object) -> None:
        raise KeyError(secret)

    monkeypatch.setattr(importing, "assemble", fails)
    assert (
        cli.main(
            [
                "import",
                str(raw),
                "--map",
                str(raw / "MAP.toml"),
                "--out",
                str(raw.parent / "s"),
                "--lang",
                "zh",
            ]
        )
        == 4
    )
    said = capsys.readouterr()
    assert "KeyError" in said.err
    assert "王建国" not in said.err + said.out and "13000000000" not in said.err + said.out
    assert sorted(path.name for path in raw.parent.iterdir()) == ["raw"]


def test_v17_pseudonyms_are_keyed(raw):
    office.write_villages(raw)
    phones = [f"1300000{n:04d}" for n in range(1, 9)]
    lines = [f"上禾村,2020,500000,{phone}" for phone in phones]
    (raw / "项目.csv").write_text("村,年份,金额(元),联系电话\n" + "\n".join(lines) + "\n", "utf-8")
    office.write_map(
        raw, ledger=False,
        more='\n[[source]]\nfile = "项目.csv"\ntable = "fund_project"\n[source.columns]\n'
        'project_id = { heading = "联系电话", pseudonym = true }\nvillage = "村"\nyear = "年份"\namount_total = "金额(元)"\n',
    )  # fmt: skip
    keys = raw.parent / "keys"
    keys.mkdir()
    first = coopeval_import(raw, "--key", str(keys / "a.key"), out=raw.parent / "one")
    second = coopeval_import(raw, "--key", str(keys / "b.key"), out=raw.parent / "two")
    assert (first.code, second.code) == (0, 0), first.said + second.said
    content = everything(first.out, second.out).lower()
    for phone in phones:
        for name in ("md5", "sha1", "sha224", "sha256", "sha512", "sha3_256", "blake2b"):
            digest = hashlib.new(name, phone.encode()).hexdigest()
            assert digest[:12].encode() not in content
        assert phone.encode() not in content
    ids = [set(made.table("fund_project")["project_id"]) for made in (first, second)]
    assert not ids[0] & ids[1]  # without the key nobody can compute them
    assert (keys / "a.key").read_bytes().strip() not in content
    assert (
        coopeval_import(raw, "--key", str(first.out / "in.key"), out=first.out).code == 2
    )  # never beside the study


# --- what offices do without thinking of it as a fault ---


def test_years_as_columns_are_read_by_one_source_for_each(raw):
    book = Workbook()
    sheet = book.active
    sheet.append(["村集体经营收入（单位：元）"])
    sheet.append(["乡镇", "村", *(f"{year}年" for year in office.YEARS)])
    for at, name in enumerate(office.VILLAGES):
        sheet.append([office.TOWNSHIP, f"{name}村", *(office.rows_of(year)[at][2] for year in office.YEARS)])
    office.write_villages(raw)
    office.save(book, raw)
    sources = "".join(
        f'\n[[source]]\nfile = "台账.xlsx"\ntable = "village_year"\nyear = {year}\n[source.columns]\ntownship = "乡镇"\n'
        f'village = "村"\nci_operating_income = "{year}年"\n'
        for year in office.YEARS
    )
    office.write_map(raw, ledger=False, more=sources)
    made = accepted(raw)
    expected = [row[2] for at in range(6) for row in [office.rows_of(year)[at] for year in office.YEARS]]
    assert made.table()["ci_operating_income"].tolist() == expected
    one = sources.replace(
        f'"{office.YEARS[0]}年"', str([f"{year}年" for year in office.YEARS]).replace("'", '"'), 1
    )
    office.write_map(raw, ledger=False, more=one)
    shutil.rmtree(made.out)
    assert "[[source]]" in refused(raw, "台账.xlsx!Sheet!C", "台账.xlsx!Sheet!D", rule="heading").said


def test_a_township_that_stands_in_the_sheet_name_only(raw):
    book = Workbook()
    book.remove(book.active)
    orders = (["村", "经营收入", "发包收入"], ["发包收入", "经营收入", "村"])
    townships = {"青禾镇": "000000101", "白石镇": "000000102"}
    lines = ["年份,乡镇代码,乡镇,代码,名称"]
    for (name, code), order in zip(townships.items(), orders, strict=True):
        sheet = book.create_sheet(name)
        sheet.append(["单位：元"])
        sheet.append(order)
        for at, (village, level) in enumerate(zip(office.VILLAGES, office.LEVELS, strict=True)):
            lines.append(f"2021,{code},{name},{code}{200 + at},{village}村委会")
            row = {"村": village, "经营收入": level + int(code[-1]), "发包收入": 100 + at}
            sheet.append([row[heading] for heading in order])
    office.save(book, raw)
    office.write_map(raw, source='township = "sheet"')
    edit_map(raw, 'year = "sheet"', "year = 2020")
    text = (raw / "MAP.toml").read_text("utf-8")
    head, _, tail = text.rpartition('township = "乡镇"\n')
    (raw / "MAP.toml").write_text(head + tail, "utf-8")
    (raw / "村名单.csv").write_text("\n".join(lines) + "\n", "utf-8")
    made = accepted(raw)
    assert made.repairs["column_order"] == 1
    panel = made.table().set_index(["township", "village"])
    assert panel.loc[("青禾镇", "北楼村"), "ci_operating_income"] == 28_401
    assert panel.loc[("白石镇", "西北楼村"), "ci_operating_income"] == 73_902


def test_the_last_village_is_no_note(raw):
    """A village called 注沟村, and one of which nothing but the name is told."""
    office.write_villages(raw)
    listed = (raw / "村名单.csv").read_text("utf-8")
    book = office.ledger()
    for year in office.YEARS:
        for row in range(4, 10):
            book[str(year)][f"A{row}"] = None
        book[str(year)]["B9"] = "注沟村"
    book["2022"]["C9"], book["2022"]["D9"] = None, None
    book_study(raw, book)
    (raw / "村名单.csv").write_text(listed.replace("西北楼村村", "注沟村村"), "utf-8")
    made = accepted(raw)
    panel = made.table()
    assert len(panel) == 24
    assert "note_cut" not in made.repairs
    assert panel.query("village == '注沟村'")["ci_operating_income"].isna().tolist() == [
        False,
        False,
        False,
        True,
    ]


def test_totals_in_the_first_row_by_township_and_notes_with_figures(raw):
    book = office.ledger()
    for year in office.YEARS:
        sheet = book[str(year)]
        sheet.insert_rows(7)  # blank in the middle
        sums = [sum(row[column] for row in office.rows_of(year)) for column in (2, 3)]
        sheet.append(["其中：青禾镇小计", None, *sums])
        sheet.append(["平均", None, *(value / 6 for value in sums)])
        sheet.append([])
        sheet.append(["说明：", "全年3000元以上为达标", 3000])
        sheet.insert_rows(4)
        sheet["A4"], sheet["C4"], sheet["D4"] = "合计", *sums
    book_study(raw, book)
    made = accepted(raw)
    assert (made.repairs["subtotal_removed"], made.repairs["note_cut"]) == (12, 4)
    assert len(made.table()) == 24
    shutil.rmtree(made.out)
    book["2021"]["C4"] = book["2021"]["C4"].value - 500
    office.save(book, raw)
    refused(raw, "台账.xlsx!2021!C4", rule="subtotal")


@pytest.mark.parametrize("side", [True, False])
def test_two_tables_in_one_sheet_are_not_mixed(raw, side):
    book = office.ledger()
    for year in office.YEARS:
        sheet = book[str(year)]
        if side:
            for row in range(3, 10):
                for column, source in zip("GHIJ", "ABCD", strict=True):
                    sheet[f"{column}{row}"] = sheet[f"{source}{row}"].value
        else:
            sheet.append([])
            sheet.append(["乡镇", "村", "经营收入", "发包收入"])
            sheet.append(["青禾镇", "上禾村", 5, 6])
    book_study(raw, book)
    refused(raw, "台账.xlsx!2019!I" if side else "台账.xlsx!2019!C11")


def test_figures_stored_as_text_with_spaces(raw):
    book = office.ledger()
    book["2019"]["C4"], book["2019"]["C5"], book["2019"]["D7"] = (
        " 31 200 ",
        "45,600.0元\u00a0",
        "\u300015450 ",
    )
    book_study(raw, book)
    panel = accepted(raw).table().query("year == 2019")
    assert panel["ci_operating_income"].tolist() == list(office.LEVELS)
    assert panel["ci_contract_income"].tolist()[3] == 15_450


def test_a_heading_in_another_unit_than_the_column(raw):
    """发包面积(亩) is no contract income, whatever the title says about money."""
    book = office.ledger(unit="单位：万元", headings=("乡镇", "村", "经营收入", "发包面积(亩)"))
    book_study(raw, book)
    edit_map(raw, '"发包收入"', '"发包面积(亩)"')
    refused(raw, "台账.xlsx!2019!D", rule="unit")


def test_a_unit_in_the_title_is_not_that_of_ages_and_counts(raw):
    """单位：万元 above a sheet that also tells ages and plots of land."""
    book = office.ledger(unit="单位：万元", headings=("乡镇", "村", "经营收入", "书记年龄(岁)"))
    for year in office.YEARS:
        book[str(year)]["E3"] = "智慧地块"
        for row in range(4, 10):
            book[str(year)][f"D{row}"], book[str(year)][f"E{row}"] = 40 + row, row
    book_study(raw, book, columns='sensor_plots = "智慧地块"')
    edit_map(raw, 'ci_contract_income = "发包收入"', 'sec_age = "书记年龄(岁)"')
    panel = accepted(raw).table().query("year == 2019")
    assert panel["sec_age"].tolist() == [44, 45, 46, 47, 48, 49]
    assert panel["sensor_plots"].tolist() == [4, 5, 6, 7, 8, 9]
    assert panel["ci_operating_income"].tolist() == pytest.approx(list(office.LEVELS))


def test_the_same_file_twice_counts_once(raw):
    book_study(raw)
    made = accepted(raw, files=[raw, raw / ".." / "raw" / "台账.xlsx"])
    assert "duplicate_row" not in made.repairs
    shutil.rmtree(made.out)
    shutil.copy(raw / "台账.xlsx", raw / "台账（副本）.xlsx")
    refused(raw, "台账.xlsx", "台账（副本）.xlsx", rule="file_twice")


def test_two_files_of_one_name_cannot_be_told_apart(raw):
    book_study(raw)
    (raw / "白石镇").mkdir()
    book = office.ledger()
    book["2019"]["C4"] = 1
    office.save(book, raw / "白石镇")
    refused(raw, "台账.xlsx", rule="file_name")


def test_decisions_that_nobody_reads_are_told(raw):
    book_study(raw)
    decide(raw, "台账.xlsx!2020!C40", "5")
    refused(raw, "台账.xlsx!2020!C40", rule="decide")


def test_problems_in_a_hidden_sheet_that_is_skipped_stop_nothing(raw):
    book = office.ledger()
    book["2020"].sheet_state = "hidden"
    book["2020"]["C6"], book["2020"]["C7"] = "=1+1", "abc"
    book_study(raw, book, source='hidden = "skip"')
    made = accepted(raw)
    assert len(made.table()) == 18
    assert "2020" in made.said


def test_years_that_the_names_do_not_give(raw):
    book = office.ledger()
    book["2019"].title = "初稿"
    book_study(raw, book, columns='year = { from = "sheet", pattern = "(.*)" }')
    edit_map(raw, 'year = "sheet"\n', "")
    refused(raw, "台账.xlsx!初稿", rule="name")


@pytest.mark.parametrize(
    ("line", "place"), [(",000000101,青禾镇,000000101201,下禾村", "村名单.csv!A3"), ("2021,000000101,青禾镇,,下禾村", "村名单.csv!D3"),
                        ("2021,000000101,青禾镇,000000101201,", "村名单.csv!E3")],
)  # fmt: skip
def test_lists_of_villages_with_gaps(raw, line, place):
    book_study(raw)
    lines = (raw / "村名单.csv").read_text("utf-8").splitlines()
    lines[2] = line
    (raw / "村名单.csv").write_text("\n".join(lines) + "\n", "utf-8")
    refused(raw, place, rule="village_list")


def test_a_list_of_villages_that_does_not_say_its_year(raw):
    book_study(raw)
    edit_map(raw, 'vintage = "年份"\n', "")
    made = refused(raw, "村名单.csv", rule="village_list")
    assert len(made.problems) == 1
    edit_map(
        raw,
        "[source.columns]\ntownship_code",
        '[source.columns]\nvintage = { value = "2021" }\ntownship_code',
    )
    assert len(accepted(raw).table()) == 24


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_crosswalk_that_is_none(raw, content):
    book_study(raw)
    (raw / "old.dat").write_bytes(content)
    edit_map(raw, "vintage = 2021", 'vintage = 2021\ncrosswalk_from = "old.dat"')
    refused(raw, "old.dat", rule="file")


@pytest.mark.parametrize(("since", "told"), [("", True), ("2020", False)])
def test_a_cooperative_without_a_year_is_no_village_without_one(raw, since, told):
    book_study(
        raw,
        more='\n[[source]]\nfile = "社.csv"\ntable = "coop"\n[source.columns]\ncoop_name = "社"\nvillage = "村"\n'
        'led_since = "领办年份"\n',
    )
    (raw / "社.csv").write_text(f"社,村,领办年份\n甲社,上禾村,{since}\n乙社,下禾村,2021\n", "utf-8")
    if told:
        refused(raw, "社.csv!C2", rule="adoption")
    else:
        panel = accepted(raw).table().groupby("village")["first_coop_year"].first()
        assert (panel["上禾村"], panel["下禾村"], panel["石磨村"]) == (2020, 2021, 0)


def test_a_list_of_cooperatives_in_two_sheets_is_counted_once(raw):
    office.write_villages(raw)
    office.write_map(
        raw, ledger=False,
        more='\n[[source]]\nfile = "社*.csv"\ntable = "coop"\n[source.columns]\ncoop_name = "社"\nvillage = "村"\n'
        'registered_year = "年"\n',
    )  # fmt: skip
    (raw / "社1.csv").write_text("社,村,年\n甲社,上禾村,2019\n乙社,下禾村,2020\n", "utf-8")
    (raw / "社2.csv").write_text("社,村,年\n乙社,下禾村,2020\n甲社,上禾村,2019\n", "utf-8")
    made = accepted(raw)
    assert len(made.table("coop")) == 2
    assert made.repairs["duplicate_row"] == 2


def test_rows_that_no_other_source_takes_up_are_told(raw):
    book_study(
        raw,
        more='\n[[source]]\nfile = "户数.csv"\ntable = "village_year"\n[source.columns]\nvillage = "村"\nhouseholds = "户数"\n',
    )
    office_list = (raw / "村名单.csv").read_text("utf-8")
    (raw / "村名单.csv").write_text(
        office_list + "2021,000000101,青禾镇,000000101299,大树村村民委员会\n", "utf-8"
    )
    (raw / "户数.csv").write_text("村,户数\n上禾村,60\n大树村,50\n", "utf-8")
    made = accepted(raw)
    assert "户数.csv!A3：有 1 行" in made.said or "户数.csv!3：有 1 行" in made.said


# --- paths, links, interruptions ---


def test_a_map_with_windows_line_ends_and_a_byte_order_mark(raw):
    book_study(raw)
    path = raw / "MAP.toml"
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(accepted(raw).table()) == 24


def test_files_that_are_none(raw):
    book_study(raw)
    os.mkfifo(raw / "台账2.xlsx")
    (raw / "台账3.xlsx").write_bytes(b"")
    refused(raw, "台账3.xlsx")  # and no waiting for the pipe
    (raw / "台账3.xlsx").unlink()
    refused(raw, "台账2.xlsx", files=[raw / "村名单.csv", raw / "台账.xlsx", raw / "台账2.xlsx"])
    refused(raw, "没有.xlsx", files=[raw, raw / "没有.xlsx"])
    refused(raw, "a" * 300, files=[raw, raw / ("a" * 300)])


def test_a_file_name_that_is_no_text(raw):
    book_study(raw)
    broken = os.fsencode(raw) + b"/\xcc\xa8\xd5\xcb.xlsx"  # 台账 in GBK
    shutil.copy(raw / "台账.xlsx", broken)
    edit_map(raw, '"台账*"', '"*.xlsx"')
    made = refused(raw, rule="file_name")
    assert next(iter(made.places())).endswith("\\udccb.xlsx")
    edit_map(raw, '"*.xlsx"', '"台账*"')
    assert len(accepted(raw).table()) == 24


def test_a_study_inside_the_folder_of_the_files_is_no_input(raw):
    book_study(raw)
    edit_map(raw, '"台账*"', '["台账*", "*.xlsx"]')
    out = raw / "study"
    for _ in range(2):
        accepted(raw, out=out)
    book = office.ledger()
    book["2019"]["C4"] = "abc"
    office.save(book, raw)
    for _ in range(2):  # the list of what to mend is none either
        made = coopeval_import(raw, out=out)
        assert made.places() == {"台账.xlsx!2019!C4"}


def test_a_link_as_study_folder_stays_a_link(raw):
    book_study(raw)
    real = raw.parent / "real"
    real.mkdir()
    (raw.parent / "link").symlink_to(real)
    for _ in range(2):
        accepted(raw, out=raw.parent / "link")
    assert sorted(path.name for path in raw.parent.iterdir()) == ["link", "raw", "real"]
    assert (raw.parent / "link").is_symlink()
    assert (real / "village_year.csv").is_file()


def test_a_place_that_cannot_be_written(raw):
    book = office.ledger()
    book_study(raw, book)
    nowhere = Path("/proc/study")
    made = coopeval_import(raw, out=nowhere)
    assert made.code == 2
    assert "无法写入" in made.said
    book["2019"]["C4"] = "abc"
    office.save(book, raw)
    made = coopeval_import(raw, out=nowhere)
    assert made.code == 3  # the list is on the screen all the same
    assert "台账.xlsx!2019!C4" in made.said
    made = coopeval_import(raw, out=raw.parent / "not" / "yet")
    assert made.code == 3
    assert (raw.parent / "not" / "yet-to-fix.xlsx").is_file()


@pytest.mark.parametrize("where", ["analysis.intake.write.encode", "analysis.intake.write._repairs"])
def test_an_interruption_leaves_nothing_behind(raw, monkeypatch, where):
    book_study(raw)
    first = accepted(raw)
    before = everything(first.out)

    def interrupts(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupts)
    assert coopeval_import(raw).code == 130
    assert coopeval_import(raw, out=raw.parent / "other").code == 130
    assert sorted(path.name for path in raw.parent.iterdir()) == ["raw", "raw-study"]
    assert everything(first.out) == before


def test_imports_into_one_folder_at_the_same_time(raw, monkeypatch):
    """One of them stands whole; the others say that they do not."""
    from analysis.intake import write

    book_study(raw)
    together = threading.Barrier(3, timeout=60)
    moved = write._move

    def at_once(*given: object) -> None:
        together.wait()
        moved(*given)

    monkeypatch.setattr(write, "_move", at_once)
    from analysis.intake.mapping import read_map

    ended: list[object] = []

    def one() -> None:
        try:
            importing.import_files(
                arrivals.expand([raw]),
                read_map(raw / "MAP.toml"),
                raw.parent / "study",
                lambda message: None,
                base=raw,
            )
            ended.append("written")
        except write.OutputError as error:
            ended.append(error.exit_code)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 3
    assert "written" in ended
    assert set(ended) <= {"written", 2}
    assert sorted(path.name for path in raw.parent.iterdir()) == ["raw", "study"]
    assert len(pd.read_csv(raw.parent / "study" / "village_year.csv")) == 24


# --- templates and suggestions ---


@pytest.mark.parametrize("language", ["zh", "en"])
def test_templates_come_back_with_the_suggested_map_unedited(raw, language):
    rows = {
        "village_xwalk": [
            {"township": "青禾镇", "vintage": 2021, "code": f"000000101{200 + at}", "name": f"{name}村村民委员会"}
            for at, name in enumerate(office.VILLAGES)
        ],
        "village_year": [
            {"township": "青禾镇", "village": row[1], "year": year, "households": 120, "hill_share": 0.4, "sec_age": 51,
             "sec_is_head": "是", "ci_operating_income": row[2], "ci_contract_income": row[3]}
            for year in office.YEARS for row in office.rows_of(year)
        ],
        "coop": [
            {"township": "青禾镇", "village": "上禾村", "coop_name": "甲社", "credit_code": ONE, "registered_year": 2019, "led_since": 2020}
        ],
        "household": [{"township": "青禾镇", "village": "上禾村", "household_no": 7, "low_income": "否"}],
        "membership": [
            {"coop_name": "甲社", "credit_code": ONE, "township": "青禾镇", "village": "上禾村", "household_no": 7,
             "from_date": "2020-05-01", "shares": 5, "land_shares_mu": 2.5, "active": "是"}
        ],
        "fund_project": [
            {"township": "青禾镇", "village": "上禾村", "project_id": "P1", "year": 2020, "amount_total": 500_000, "amount_central": 500_000,
             "amount_province": 0, "amount_local": 0}
        ],
    }  # fmt: skip
    assert cli.main(["template", *rows, "--out", str(raw), "--lang", language]) == 0
    for path in raw.glob("*.xlsx"):
        book = load_workbook(path)
        sheet = book.worksheets[0]
        name = re.search(r"coopeval:(\w+)", sheet["A1"].value)[1]
        at = {cell.value: cell.column for cell in sheet[4]}
        for number, row in enumerate(rows[name], start=5):
            for key, value in row.items():
                sheet.cell(number, at[key], value)
        book.save(path)
    assert (
        cli.main(["import", "--suggest", str(raw), "--map", str(raw / "MAP.toml"), "--lang", language]) == 0
    )
    made = accepted(raw)
    assert made.record["tables"] == {
        "township": 1, "village": 6, "village_xwalk": 6, "household": 1, "coop": 1, "village_year": 24, "fund_project": 1, "membership": 1,
    }  # fmt: skip
    panel = made.table().query("year == 2019")
    assert panel["ci_operating_income"].tolist() == list(office.LEVELS)
    assert set(panel["sec_age"]) == {51}
    assert set(panel["hill_share"]) == {0.4}
    member = made.table("membership").iloc[0]
    assert (member["hh_id"], member["coop_id"], member["shares"], member["land_shares_mu"]) == (
        "V0001H07",
        "C001",
        5,
        2.5,
    )
    assert made.table("fund_project")["amount_total"].tolist() == [500_000]


# First characters of the file's name, without years: table
TABLES = {
    "农户名册": "household", "农户固定观察": "household_year", "农户调查": "household_wave", "分红明细": "coop_year",
    "合作社台账": "coop", "合作社年报": "coop_year", "合作社覆盖村": "coop_village", "成员名册": "membership",
    "扶持资金项目": "fund_project", "收益分配统计表": "village_year", "村基本情况": "village_year", "村庄撤并更名": "village_change",
    "村级问卷": "village_year", "村集体收入台账": "village_year", "灾害记录": "shock", "督导考核评分": "assessment",
    "联合社名录": "federation", "蜜桃价格成本": "price_year", "蜜桃价格监测": "price_monitor", "行政区划代码": "village_xwalk",
}  # fmt: skip


@pytest.fixture(scope="module")
def dirty_county(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    assert cli.main(["simulate", str(folder), "--dirty", "--seed", "9"]) == 0
    return folder / "raw"


def test_every_kind_of_file_of_a_dirty_county_is_recognised(dirty_county, capsys):
    kinds: dict[str, Path] = {}
    for path in sorted(path for path in dirty_county.rglob("*") if path.suffix not in {".toml", ".md", ""}):
        kinds.setdefault(path.relative_to(dirty_county).parts[0].split("_20")[0] + path.suffix, path)
    capsys.readouterr()
    seen = set()
    for path in kinds.values():
        assert cli.main(["import", "--suggest", str(path), "--lang", "zh"]) == 0
        proposed = tomllib.loads(capsys.readouterr().out)["source"]
        start = next(start for start in TABLES if path.relative_to(dirty_county).parts[0].startswith(start))
        assert proposed[0]["table"] == TABLES[start], path.name
        seen.add(start)
    assert seen == set(TABLES)


# --- the catalogue of dirt: every row by its rule, or by its refusal ---


@dataclass(frozen=True)
class Dirt:
    """A row of the catalogue: how a file is made dirty, and what must come of it.

    counted : repairs and how many; rule, place : of a refusal; remark : rule of a remark; check : of the panel
    """

    make: Callable[[Path], object]
    counted: dict[str, int] = field(default_factory=dict)
    rule: str = ""
    place: str = ""
    remark: str = ""
    check: Callable[[pd.DataFrame], bool] | None = None
    table: str = "village_year"


def cells(changes: dict[str, object], sheet: str = "2019", **study: object) -> Callable[[Path], object]:
    """The ledger with other values in some cells of a sheet."""

    def make(folder: Path) -> None:
        book = office.ledger(**{k: v for k, v in study.items() if k in {"unit", "headings", "title"}})
        for cell, value in changes.items():
            book[sheet][cell] = value
        book_study(folder, book, **{k: v for k, v in study.items() if k not in {"unit", "headings", "title"}})

    return make


def mapped(change: Callable[[Path], object], *edits: tuple[str, str]) -> Callable[[Path], object]:
    """The same with lines of the map changed."""

    def make(folder: Path) -> None:
        change(folder)
        for old, new in edits:
            edit_map(folder, old, new)

    return make


def column(heading: str, values: Sequence[object], line: str, **study: object) -> Callable[[Path], object]:
    """The ledger with one more column, E, in every sheet, and the line of the map that reads it."""

    def make(folder: Path) -> None:
        book = office.ledger()
        for year in office.YEARS:
            book[str(year)]["E3"] = heading
            for row, value in enumerate(values, start=4):
                book[str(year)][f"E{row}"] = value
        book_study(folder, book, columns=line, **study)

    return make


def table(
    name: str, text: str, source: str, *, head: str = "", encoding: str = "utf-8"
) -> Callable[[Path], object]:
    """A text file of another table beside the list of villages; `source` is its part of the map."""

    def make(folder: Path) -> None:
        office.write_villages(folder)
        (folder / name).write_bytes(text.encode(encoding))
        office.write_map(folder, ledger=False, more=f'\n[[source]]\nfile = "{name}"\n{source}')
        if head:
            edit_map(folder, "vintage = 2021", f"vintage = 2021\n{head}")

    return make


def merged(folder: Path) -> None:
    book = office.ledger()
    for row in range(5, 10):
        book["2019"][f"A{row}"] = None
    book["2019"].merge_cells("A4:A9")
    book_study(folder, book)


def two_heading_rows(folder: Path) -> None:
    book = office.ledger()
    for year in office.YEARS:
        sheet = book[str(year)]
        sheet.insert_rows(3)
        sheet["C3"] = "收入"
        sheet.merge_cells("C3:D3")
    book_study(folder, book)
    for old in ("经营收入", "发包收入"):
        edit_map(folder, f'"{old}"', f'"收入/{old}"')


def total(off: int = 0) -> Callable[[Path], object]:
    rows = office.rows_of(2019)
    return cells({"A10": "合 计：", "C10": sum(r[2] for r in rows) + off, "D10": sum(r[3] for r in rows)})


def list_of_villages(more: str, *edits: tuple[str, str]) -> Callable[[Path], object]:
    """The ledger, and further lines in the list of villages."""

    def make(folder: Path) -> None:
        book_study(folder)
        path = folder / "村名单.csv"
        path.write_text(path.read_text("utf-8") + more, "utf-8")
        for old, new in edits:
            edit_map(folder, old, new)

    return make


def other_order(folder: Path) -> None:
    book = office.ledger()
    for row in range(3, 10):
        left, right = book["2020"][f"C{row}"].value, book["2020"][f"D{row}"].value
        book["2020"][f"C{row}"], book["2020"][f"D{row}"] = right, left
    book_study(folder, book)


def hidden(folder: Path) -> None:
    book = office.ledger()
    book["2019"].sheet_state = "hidden"
    book["2020"].row_dimensions[4].hidden = True
    book_study(folder, book)


def broken(column: str) -> Callable[[Path], object]:
    """#REF! in a column of the ministry's five incomes and their total."""

    def make(folder: Path) -> None:
        names = ["经营", "发包", "投资", "补助", "其他", "总收入"]
        book = Workbook()
        sheet = book.active
        sheet.title = "2020"
        sheet.append(["单位：元"])
        sheet.append(["村", *names])
        for at, name in enumerate(office.VILLAGES):
            parts = [31_234 + at, 2_345 + at, -5_000, 1_111, 10]
            sheet.append([f"{name}村", *parts, sum(parts)])
        sheet[f"{column}4"] = "#REF!"
        sheet[f"{column}4"].data_type = "e"
        office.write_villages(folder)
        office.save(book, folder)
        keys = ["operating_income", "contract_income", "investment", "subsidy", "other", "total"]
        lines = "\n".join(f'ci_{key} = "{name}"' for key, name in zip(keys, names, strict=True))
        office.write_map(
            folder, ledger=False,
            more=f'\n[[source]]\nfile = "台账.xlsx"\ntable = "village_year"\nyear = "sheet"\n[source.columns]\nvillage = "村"\n{lines}\n',
        )  # fmt: skip

    return make


def old_workbook(folder: Path) -> None:
    book_study(folder).unlink()
    (folder / "台账.xls").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    )  # as .et and protected files begin


def rounded(folder: Path) -> None:
    book = office.ledger()
    for at, year in enumerate(office.YEARS):
        for row in range(4, 10):
            book[str(year)][f"C{row}"] = 30_000 + 10_000 * ((row + at) % 3)
    book_study(folder, book)


def repeated(folder: Path) -> None:
    book = office.ledger()
    for year in office.YEARS[1:]:
        for row in range(4, 8):
            book[str(year)][f"C{row}"] = book["2019"][f"C{row}"].value + 7
            book["2019"][f"C{row}"] = book["2019"][f"C{row}"].value
    book_study(folder, book)


def of(village: str, name: str, year: int = 2019) -> Callable[[pd.DataFrame], object]:
    return lambda panel: panel.set_index(["village", "year"]).loc[(village, year), name]


def equals(village: str, name: str, value: float) -> Callable[[pd.DataFrame], bool]:
    return lambda panel: of(village, name)(panel) == pytest.approx(value)


SURVEY = (
    'table = "household_wave"\nyear = 2021\nvintage = 2021\n[source.columns]\nvillage = "村"\nhousehold_no = "户号"\n'
    'member = { heading = "b2_3", codes = { "1" = "1", "2" = "0" }, missing = ["-8", "-9", "99"] }\n'
)
PRICES = (
    'table = "price_monitor"\n[source.columns]\npoint_id = "监测点"\nvariety = "品种"\ndate = "日期"\n'
    'price_mean = { heading = "均价", unit_column = "单位" }\n'
)
MEMBERS = """
[[source]]
file = "社.csv"
table = "coop"
[source.columns]
credit_code = "代码"
village = "村"
registered_year = "年"
[[source]]
file = "户.csv"
table = "household"
[source.columns]
village = "村"
household_no = "户号"
{register}
[[source]]
file = "成员.csv"
table = "membership"
[source.columns]
credit_code = "代码"
{household}
from_date = "入社"
shares = {{ heading = "股数", rollup = "sum" }}
"""


def members(folder: Path) -> None:
    """A couple with the same number of shares: five and five are ten."""
    office.write_villages(folder)
    office.write_map(
        folder,
        ledger=False,
        more=MEMBERS.format(register="", household='village = "村"\nhousehold_no = "户号"'),
    )
    (folder / "社.csv").write_text(f"代码,村,年\n{ONE},上禾村,2019\n", "utf-8")
    (folder / "户.csv").write_text("村,户号\n上禾村,1\n上禾村,2\n", "utf-8")
    rows = [
        "甲某,{c},上禾村,1,2020-01-01,5",
        "乙某,{c},上禾村,1,2020-01-01,5",
        "丙某,{c},上禾村,2,2020-01-01,3",
    ]
    (folder / "成员.csv").write_text(
        "姓名,代码,村,户号,入社,股数\n" + "\n".join(rows).format(c=ONE) + "\n", "utf-8"
    )


def registers(folder: Path) -> None:
    """上禾 and 下禾 were two villages in 2017, each with a household number 1, and are one since 2021."""
    office.write_map(
        folder, ledger=False,
        more=MEMBERS.format(register='village_code_2017 = "原村代码"\nregister_no = "原户号"',
                            household='register_village = "原村"\nhousehold_no = "户号"')
        + '\n[[source]]\nfile = "变更.csv"\ntable = "village_change"\n[source.columns]\nvintage = "年"\ncode = "原代码"\n'
        'into_code = "现代码"\nevent = "类型"\n',
    )  # fmt: skip
    (folder / "村名单.csv").write_text(
        "年份,乡镇代码,乡镇,代码,名称\n2017,000000101,青禾镇,000000101200,上禾村委会\n"
        "2017,000000101,青禾镇,000000101201,下禾村委会\n2021,000000101,青禾镇,000000101200,上禾村委会\n", "utf-8",
    )  # fmt: skip
    (folder / "变更.csv").write_text("年,原代码,现代码,类型\n2021,000000101201,000000101200,合并\n", "utf-8")
    (folder / "社.csv").write_text(f"代码,村,年\n{ONE},上禾村,2019\n", "utf-8")
    (folder / "户.csv").write_text(
        "村,户号,原村代码,原户号\n上禾村,1,000000101200,1\n上禾村,2,000000101201,1\n", "utf-8"
    )
    (folder / "成员.csv").write_text(
        f"代码,原村,户号,入社,股数\n{ONE},上禾村,1,2020-01-01,5\n{ONE},下禾村,1,2020-01-01,3\n", "utf-8"
    )


def coops(*lines: str, heading: str = "代码,村,年,类型") -> Callable[[Path], object]:
    return table(
        "社.csv", "\n".join([heading, *lines]) + "\n",
        'table = "coop"\n[source.columns]\ncredit_code = "代码"\nvillage = "村"\nregistered_year = "年"\n',
    )  # fmt: skip


def dates(text: str) -> Callable[[Path], object]:
    return lambda folder: shocks(folder, "2019-03-01", text)


IDENTITY = ["000000199001010018"] * 4 + ["000000199001010000", "5.10E+17"]  # an area that does not exist
CATALOGUE = {
    "1 万元 in the title": Dirt(
        cells({}, unit="单位：万元"),
        {"unit_converted": 8},
        check=equals("上禾村", "ci_operating_income", 31_200),
    ),
    "1 万元 in the cell": Dirt(
        cells({"C4": "3.12万元"}), {"unit_in_cell": 1}, check=equals("上禾村", "ci_operating_income", 31_200)
    ),
    "1 万元 here, yuan there": Dirt(cells({"C4": 3.12}), rule="unit_jump", place="台账.xlsx!2019!C4"),
    "1 no unit anywhere": Dirt(cells({}, unit="二〇二二年度"), rule="unit", place="台账.xlsx!2019!C"),
    "2 jin by row": Dirt(
        table(
            "价格.csv",
            "监测点,品种,日期,均价,单位\n甲点,蜜桃,2019-07-01,2.4,元/斤\n甲点,蜜桃,2019-07-02,4.8,元/公斤\n",
            PRICES,
        ),
        {"weight_converted": 1},
        check=lambda t: t["price_mean"].tolist() == [4.8, 4.8],
        table="price_monitor",
    ),
    "2 a unit that is none": Dirt(
        table("价格.csv", "监测点,品种,日期,均价,单位\n甲点,蜜桃,2019-07-01,2.4,元/筐\n", PRICES),
        rule="unit",
        place="价格.csv!E2",
    ),
    "2 beyond the bounds": Dirt(
        table("价格.csv", "监测点,品种,日期,均价,单位\n甲点,蜜桃,2019-07-01,240,元/公斤\n", PRICES),
        rule="model",
        place="价格.csv!D2",
    ),
    "3 hectares": Dirt(
        column("耕地(公顷)", [10, 20, 30, 40, 50, 60], 'arable_mu = "耕地(公顷)"'),
        {"area_converted": 4},
        check=equals("下禾村", "arable_mu", 300),
    ),
    "3 square metres": Dirt(
        column("耕地（平方米）", [20_000] * 6, 'arable_mu = "耕地（平方米）"'),
        {"area_converted": 4},
        check=equals("下禾村", "arable_mu", 30),
    ),
    "4 cumulative, left": Dirt(column("累计收入", [1e6] * 6, ""), {"cumulative_left": 4}),
    "4 cumulative, mapped": Dirt(
        column("累计补助(元)", [1e6] * 6, 'ci_subsidy = "累计补助(元)"'),
        rule="cumulative",
        place="台账.xlsx!2019!E",
    ),
    "4 cumulative by the title": Dirt(cells({}, title="2015年以来累计收入"), remark="cumulative"),
    "4 per household": Dirt(
        column("户均补助(元)", [1e3] * 6, 'ci_subsidy = "户均补助(元)"'),
        rule="per_unit",
        place="台账.xlsx!2019!E",
    ),
    "5 merged": Dirt(merged, {"merged_filled": 5}, check=lambda t: len(t) == 24),
    "6 two heading rows": Dirt(
        two_heading_rows, {"header_flattened": 4}, check=equals("上禾村", "ci_operating_income", 31_200)
    ),
    "7 total": Dirt(total(), {"subtotal_removed": 1}, check=lambda t: len(t) == 24),
    "7 total that is wrong": Dirt(total(500), rule="subtotal", place="台账.xlsx!2019!C10"),
    "8 note": Dirt(
        cells({"A12": "填表人：甲某某", "C12": "联系电话：10000000000"}),
        {"note_cut": 1},
        check=lambda t: len(t) == 24,
    ),
    "9 full width": Dirt(
        cells({"C4": "３．１２　万"}),
        {"full_width": 1, "unit_in_cell": 1},
        check=equals("上禾村", "ci_operating_income", 31_200),
    ),
    "10 numerals": Dirt(
        cells({"C4": "三万余"}),
        {"chinese_numeral": 1, "approximate": 1},
        check=equals("上禾村", "ci_operating_income", 30_000),
    ),
    "10 interval": Dirt(cells({"C4": "3-4万"}), rule="cell", place="台账.xlsx!2019!C4"),
    "10 interval by the map": Dirt(
        cells({"C4": "3-4万"}, source='intervals = "midpoint"'),
        {"interval": 1},
        check=equals("上禾村", "ci_operating_income", 35_000),
    ),
    "11 nothing": Dirt(
        cells({"D4": "无", "D5": "—", "D6": "/"}),
        {"not_a_value": 3},
        check=lambda t: t["ci_contract_income"].isna().sum() == 3,
    ),
    "11 nothing is zero by the map": Dirt(
        mapped(cells({"D4": "无"}), ('"发包收入"', '{ heading = "发包收入", none = "zero" }')),
        {"not_a_value": 1},
        check=equals("上禾村", "ci_contract_income", 0),
    ),
    "11 zero with a remark": Dirt(
        cells({"D4": "0(未建)"}), {"annotated_zero": 1}, check=equals("上禾村", "ci_contract_income", 0)
    ),
    "12 separators": Dirt(
        cells({"C4": "31,200 元"}), {"separators": 1}, check=equals("上禾村", "ci_operating_income", 31_200)
    ),
    "12 a comma in the wrong place": Dirt(cells({"C4": "3,12"}), rule="cell", place="台账.xlsx!2019!C4"),
    "13 percent in the cell": Dirt(
        column("品牌占比", ["60%", "50%", 0.4, 0.3, 0.2, 0.1], 'brand_sales_share = "品牌占比"'),
        {"percent": 8},
        check=equals("上禾村", "brand_sales_share", 0.6),
    ),
    "13 percent in the heading": Dirt(
        column("品牌占比(%)", [60, 50, 40, 30, 20, 10], 'brand_sales_share = "品牌占比(%)"'),
        {"percent_converted": 4},
        check=equals("上禾村", "brand_sales_share", 0.6),
    ),
    "13 percent or share": Dirt(
        column("品牌占比(%)", [0.6, 0.5, 0.4], 'brand_sales_share = "品牌占比(%)"'),
        rule="percent",
        place="台账.xlsx!2019!E",
    ),
    "13 shares above one": Dirt(
        column("品牌占比", [60, 50, 40, 30, 20, 10], 'brand_sales_share = "品牌占比"'),
        rule="model",
        place="台账.xlsx!2019!E4",
    ),
    "14 date in words": Dirt(
        dates("21年6月3日"),
        {"date_spelling": 1},
        check=lambda t: t["date"].tolist()[1] == "2021-06-03",
        table="shock",
    ),
    "14 serial": Dirt(
        dates("44348"),
        {"date_serial": 1},
        check=lambda t: t["date"].tolist()[1] == "2021-06-01",
        table="shock",
    ),
    "14 no such day": Dirt(dates("2021/6/31"), rule="cell", place="灾害.csv!C3"),
    "14 October as January": Dirt(dates("2021.1"), rule="cell", place="灾害.csv!C3"),
    "15 suffixes": Dirt(
        cells({"B4": "上禾村村民委员会", "B5": "下禾村委会"}),
        {"village_suffix": 23},  # the first is as in the list
        check=lambda t: len(t) == 24,
    ),
    "16 renamed": Dirt(
        mapped(
            cells({"B4": "老上禾村"}),
            (
                'name = "名称"',
                'name = "名称"\n\n[[source]]\nfile = "旧名单.csv"\ntable = "village_xwalk"\n[source.columns]\nvintage = "年份"\n'
                'township_code = "乡镇代码"\ntownship = "乡镇"\ncode = "代码"\nname = "名称"',
            ),
        ),
        {"village_renamed": 1},
    ),
    "17 a name inside another": Dirt(
        cells({}),
        check=lambda t: (
            equals("北楼村", "ci_operating_income", 28_400)(t)
            and equals("西北楼村", "ci_operating_income", 73_900)(t)
        ),
    ),
    "18 homophone": Dirt(cells({"B4": "上和村"}), rule="village", place="台账.xlsx!2019!B4"),
    "18 homophone by the map": Dirt(
        mapped(
            cells({"B4": "上和村"}), ("vintage = 2021", 'vintage = 2021\naliases = { "上和村" = "上禾村" }')
        ),
        {"village_alias": 1},
        check=lambda t: len(t) == 24,
    ),
    "19 zone": Dirt(cells({"A4": "经济开发区"}), rule="village", place="台账.xlsx!2019!B4"),
    "19 zone by the map": Dirt(
        mapped(
            cells({"A4": "经济开发区"}),
            ("vintage = 2021", 'vintage = 2021\nzones = { "经济开发区" = "青禾镇" }'),
        ),
        {"zone_mapped": 1},
        check=lambda t: len(t) == 24,
    ),
    "20 one number in two former villages": Dirt(
        registers,
        {"household_register": 2},
        check=lambda t: t["hh_id"].tolist() == ["V0001H01", "V0001H02"],
        table="membership",
    ),
    "21 two members, one household": Dirt(
        members, {"household_rollup": 1}, check=lambda t: t["shares"].tolist() == [10, 3], table="membership"
    ),
    "22 damaged identity numbers": Dirt(
        column("身份证号", IDENTITY, ""), {"personal_dropped": 4, "identity_number_damaged": 8}
    ),
    "23 telephones": Dirt(column("联系电话", ["13000000000"] * 6, ""), {"personal_dropped": 4}),
    "23 telephones, mapped": Dirt(
        column("电话", ["13000000000"] * 6, 'fed_id = "电话"'), rule="personal", place="台账.xlsx!2019!E"
    ),
    "24 credit code in lower case": Dirt(
        coops(f"{ONE.lower()},上禾村,2019,合作社"),
        {"credit_code": 1},
        check=lambda t: t["credit_code"].tolist() == [ONE],
        table="coop",
    ),
    "24 credit code with O for 0": Dirt(
        coops(f"{ONE.replace('0', 'O', 3)},上禾村,2019,合作社"),
        {"credit_code": 1},
        check=lambda t: t["credit_code"].tolist() == [ONE],
        table="coop",
    ),
    "24 credit code that is wrong": Dirt(
        coops(f"{ONE[:-1]}X,上禾村,2019,合作社"), rule="cell", place="社.csv!A2"
    ),
    "25 encoding": Dirt(
        lambda folder: csv_study(folder, csv_text().encode("gbk")),
        {"encoding": 1},
        check=lambda t: len(t) == 24,
    ),
    "26 columns in another order": Dirt(
        other_order,
        {"column_order": 1},
        check=lambda t: of("上禾村", "ci_operating_income", 2020)(t) == 32_448,
    ),
    "27 hidden": Dirt(hidden, {"hidden_sheet": 1, "hidden_row": 1}, check=lambda t: len(t) == 24),
    "28 error value in a sum": Dirt(
        broken("G"), {"error_cell": 1}, check=lambda t: of("下禾村", "ci_total", 2020)(t) == 29_702
    ),
    "28 error value in an amount": Dirt(broken("B"), rule="error_cell", place="台账.xlsx!2020!B4"),
    "29 old, foreign or protected workbook": Dirt(old_workbook, place="台账.xls"),
    "30 federation among cooperatives": Dirt(
        coops(f"{ONE},上禾村,2019,合作社", f"{TWO},下禾村,2019,联合社"),
        {"federation_in_coop_list": 1},
        check=lambda t: len(t) == 1,
        table="coop",
    ),
    "30 cooperative twice": Dirt(
        coops(f"{ONE},上禾村,2019,合作社", f"{ONE},上禾村,2019,合作社"),
        {"duplicate_row": 1},
        check=lambda t: len(t) == 1,
        table="coop",
    ),
    "30 cooperative twice and different": Dirt(
        coops(f"{ONE},上禾村,2019,合作社", f"{ONE},上禾村,2018,合作社"),
        rule="duplicate_key",
        place="社.csv!2",
    ),
    "31 heaping": Dirt(rounded, remark="heaping"),
    "32 survey codes": Dirt(
        table("调查.csv", "村,户号,b2_3\n上禾村,1,1\n上禾村,2,2\n上禾村,3,-9\n", SURVEY),
        {"missing_code": 1},
        table="household_wave",
    ),
    "32 survey codes nobody declared": Dirt(
        table("调查.csv", "村,户号,b2_3\n上禾村,1,1\n上禾村,2,7\n", SURVEY), rule="cell", place="调查.csv!C3"
    ),
    "33 losses stay losses": Dirt(
        column("投资收益(元)", [-5_000, 0, 0, -1, 2, 3], 'ci_investment = "投资收益(元)"'),
        check=equals("上禾村", "ci_investment", -5_000),
    ),
    "34 the same value every year": Dirt(repeated, remark="copy_forward"),
}


def test_every_row_of_the_catalogue_is_here():
    assert {int(name.split()[0]) for name in CATALOGUE} == set(range(1, 35))


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_catalogue(raw, name):
    dirt = CATALOGUE[name]
    dirt.make(raw)
    if name.startswith("16"):
        lines = (
            (raw / "村名单.csv")
            .read_text("utf-8")
            .replace("2021,", "2019,")
            .replace("上禾村村", "老上禾村村")
        )
        (raw / "旧名单.csv").write_text(lines, "utf-8")
    if dirt.place:
        made = refused(raw, dirt.place, rule=dirt.rule)
        assert made.rules() == {dirt.rule} or not dirt.rule or len(made.rules()) <= 2, made.said
        return
    made = accepted(raw)
    assert {rule: made.repairs.get(rule) for rule in dirt.counted} == dirt.counted, made.said
    remarks = json.loads((made.out / "import" / "import.json").read_text("utf-8"))["remarks"]
    assert not dirt.remark or dirt.remark in {remark["rule"] for remark in remarks}, made.said
    if dirt.check is not None:
        assert dirt.check(made.table(dirt.table))
