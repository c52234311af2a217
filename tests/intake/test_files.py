"""Reading of files: every format gives the same cells, and what is damaged or disguised is refused by name.

fixtures/office.xls (5.6 KB) was written with xlwt: 台账 with an error cell, a formula whose stored result is #DIV/0!,
a hidden row and column, a merged range and dates; 旧表 hidden; 空 empty.
"""

import csv
import datetime as dt
import io
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.files import open_grids, safety, sheet_scan
from analysis.intake.files.grid import Grid
from analysis.intake.ledger import IntakeError, Ledger, Place, Problem

FIXTURES = Path(__file__).parent / "fixtures"
HEADING = ["村名称", "年份", "收入"]
ROWS = [["龙井村", "2019", "32000.5"], ["垛庄村", "2020", "18000"], ["北楼村", "2021", "7"]]
CSV = "\n".join(",".join(row) for row in [HEADING, *ROWS]) + "\n"


# --- small tools -------------------------------------------------------------------------------------------------


def grids(path: Path, **options) -> tuple[list[Grid], Ledger]:
    ledger = Ledger()
    return open_grids(path, ledger, **options), ledger


def grid(path: Path, **options) -> Grid:
    (only,), _ = grids(path, **options)
    return only


def refusal(path: Path, **options) -> Problem:
    """The one problem of a refused file; it names the file, says cause and fix in both languages, and exits with 3."""
    with pytest.raises(IntakeError) as caught:
        open_grids(path, Ledger(), **options)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is None
    assert problem.places[0].file == path.name
    assert path.name in str(caught.value) and path.name in caught.value.message.zh
    for message in (problem.what, problem.fix):
        assert str(message) and re.search(r"[\u4e00-\u9fff]", message.zh)
    return problem


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def workbook(path: Path, rows: list[list], sheet: str = "台账") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(path)
    return book


def raw_book(path: Path, sheet: str, *, shared: str = "", sheets: str = "", head: str = "") -> Path:
    """A workbook whose sheet XML is given as text."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    listed = sheets or '<sheet name="甲" sheetId="1" r:id="rId1"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
        f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-8"?>{head}<worksheet xmlns="{main}">{sheet}'
        "</worksheet>",
    }
    if shared:
        parts["xl/sharedStrings.xml"] = f'{head}<sst xmlns="{main}">{shared}</sst>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def cells_of(shown: Grid) -> list[list]:
    return shown.cells.to_numpy(dtype=object).tolist()


# --- what a file really is (D24, D29) ------------------------------------------------------------------------------

HTML = "<html><body><table><tr><td>村</td></tr></table></body></html>"
ENCRYPTED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
)
WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "WordDocument".encode("utf-16-le") + bytes(500)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", HTML.encode(), "really a web page"),
        ("a.xls", b"\xef\xbb\xbf\r\n <TABLE border=1>", "really a web page"),
        ("a.csv", b"<!DOCTYPE html><p>", "really a web page"),
        ("a.xls", HTML.encode("utf-16"), "really a web page"),
        ("a.xls", b"a\tb\n1\t2\n", "really a plain text"),
        ("a.xlsx", CSV.encode("gb18030"), "really a plain text"),
        ("a.xls", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "really an XML spreadsheet of Excel 2003"),
        ("a.xlsx", ENCRYPTED, "protected by a password"),
        ("a.xls", ENCRYPTED, "protected by a password"),
        ("a.xls", WORD, "really a Word document"),
        ("a.doc", WORD, "Word document"),
        ("a.et", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100) + "Workbook".encode("utf-16-le"), "WPS spreadsheet"),
        ("a.wps", WORD, "WPS text document"),
        ("a.pkl", b"\x80\x04\x95abc", "Python pickle"),
        ("a.csv", b"\x80\x04\x95abc", "Python pickle"),
        ("a.npy", b"\x93NUMPY\x01\x00", "numpy array"),
        ("a.csv", b"\x93NUMPY\x01\x00", "numpy array"),
        ("a.pdf", b"%PDF-1.7", "PDF"),
        ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.parquet", b"a,b\n1,2\n", "really a plain text"),
        ("a.dta", b"PAR1....PAR1", "really a parquet file"),
        ("a.csv", b"$FL2@(#) SPSS", "really an SPSS file"),
        ("a.sav", bytes(range(1, 32)) * 9, "does not begin like an SPSS file"),
        ("a.xlsx", bytes(range(1, 32)) * 9, "does not begin like an Excel workbook"),
        ("a", b"a,b\n", "(none) are not read"),
        ("a.json", b'{"a": 1}', ".json are not read"),
        ("~$a.xlsx", b"\x05user", "lock file"),
        (".~lock.a.xlsx#", b",user", "lock file"),
    ],
)  # fmt: skip
def test_a_file_is_named_for_what_it_is(tmp_path, name, content, said):
    assert said in refusal(written(tmp_path / name, content)).what


def test_a_workbook_under_another_name_is_refused_with_the_way_out(tmp_path):
    workbook(tmp_path / "a.xlsx", [["x"]])
    (tmp_path / "b.xls").write_bytes((tmp_path / "a.xlsx").read_bytes())
    problem = refusal(tmp_path / "b.xls")

    assert "really an Excel workbook (.xlsx)" in problem.what
    assert "name ending" in problem.fix and "扩展名" in problem.fix.zh


def test_archives_and_workbooks_with_macros_are_told_apart(tmp_path):
    for name, part, said in (
        ("a.zip", "data.csv", "zip archive"), ("a.xlsx", "data.csv", "really a zip archive"),
        ("b.xlsx", "word/document.xml", "really a Word document"), ("c.xlsx", "xl/vbaProject.bin", "with macros"),
        ("c.xlsm", "xl/vbaProject.bin", "with macros"), ("d.xlsx", "xl/workbook.bin", "binary workbook"),
    ):  # fmt: skip
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(part, "x")
        assert said in refusal(tmp_path / name).what


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.csv", "a.dta", "a.sav", "a.parquet"])
def test_an_empty_file_is_refused(tmp_path, name):
    assert "0 bytes" in refusal(written(tmp_path / name, b"")).what


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "没有.xlsx").what
    (tmp_path / "夹.xlsx").mkdir()
    assert "folder" in refusal(tmp_path / "夹.xlsx").what


# --- one content, every format -------------------------------------------------------------------------------------


def test_every_format_gives_the_same_cells(tmp_path):
    frame = pd.DataFrame(ROWS, columns=HEADING).astype({"年份": float, "收入": float})
    workbook(tmp_path / "a.xlsx", [HEADING, *[[v, int(y), float(m)] for v, y, m in ROWS]])
    written(tmp_path / "a.csv", CSV)
    pyreadstat.write_dta(frame, str(tmp_path / "a.dta"), version=14)
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    frame.to_parquet(tmp_path / "a.parquet")

    book, text = grid(tmp_path / "a.xlsx"), grid(tmp_path / "a.csv")
    assert cells_of(book)[0] == cells_of(text)[0] == HEADING
    assert cells_of(book)[1:] == [[v, float(y), float(m)] for v, y, m in cells_of(text)[1:]]
    for name in ("a.dta", "a.sav", "a.parquet"):
        shown = grid(tmp_path / name)
        assert list(shown.headings) == HEADING
        assert cells_of(shown) == cells_of(book)[1:]


CHARACTERS = st.sampled_from("龙井垛庄北楼村年收入元abcXYZ0189.-%（）/ ")
TEXT = st.text(CHARACTERS, min_size=1, max_size=12).map(str.strip).filter(bool)
VALUE = st.one_of(
    st.none(), TEXT, st.floats(-1e12, 1e12).map(lambda v: round(v, 4)), st.integers(-(10**9), 10**9), st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2050, 1, 1)),
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2050, 1, 1)).map(lambda v: v.replace(second=1, microsecond=0)),
)  # fmt: skip


def _from_openpyxl(path: Path) -> list[list]:
    def plain(value: object) -> object:
        if value is None:
            return ""
        if isinstance(value, dt.datetime) and value.time() == dt.time(0):
            return value.date()
        return float(value) if type(value) is int else value

    sheet = openpyxl.load_workbook(path, data_only=True).active
    return [[plain(value) for value in row] for row in sheet.iter_rows(values_only=True)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_second_reader_sees_the_same_cells(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("two") / "a.xlsx"
    workbook(path, [["a", "b", "c"], *rows, ["end", "end", "end"]])

    mine, second = cells_of(grid(path)), _from_openpyxl(path)
    assert mine == second
    assert [[type(v) for v in row] for row in mine] == [[type(v) for v in row] for row in second]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from('龙井垛庄ab01 "\n,'), max_size=8), min_size=4, max_size=4), max_size=6
    ),
    separator=st.sampled_from(",;\t|，"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)  # fmt: skip
def test_text_comes_back_as_it_was_written(tmp_path_factory, rows, separator, encoding):
    """Separators, quotation marks and line ends in cells, under every separator and encoding."""
    rows = [[cell.replace(",", separator) for cell in row] for row in rows]
    held = io.StringIO()
    writer = csv.writer(held, delimiter=separator, lineterminator="\r\n")
    writer.writerows([["村名称", "收入", "支出", "年份"], *rows, ["合计", "1", "2", "3"]])
    path = written(tmp_path_factory.mktemp("text") / "a.csv", held.getvalue(), encoding)

    assert cells_of(grid(path)) == [["村名称", "收入", "支出", "年份"], *rows, ["合计", "1", "2", "3"]]


# --- workbooks -----------------------------------------------------------------------------------------------------


def test_a_workbook_keeps_places_merges_and_what_is_hidden(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "台账"
    sheet["B3"], sheet["C3"], sheet["B4"] = "村", 1, "镇"
    sheet.merge_cells("B4:C6")
    sheet["D6"] = dt.date(2019, 3, 1)
    sheet["Z99"].font = openpyxl.styles.Font(bold=True)  # formatted, not filled
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("旧表").sheet_state = "hidden"
    book.create_sheet("更旧").sheet_state = "veryHidden"
    book.create_chartsheet("图")
    book.create_sheet("空")
    book.save(tmp_path / "a.xlsx")

    shown, ledger = grids(tmp_path / "a.xlsx")
    assert [(g.sheet, g.hidden) for g in shown] == [
        ("台账", False), ("旧表", True), ("更旧", True), ("空", False)
    ]  # fmt: skip
    first = shown[0]
    assert first.cells.shape == (6, 4)
    assert cells_of(first)[2] == ["", "村", 1.0, ""]
    assert cells_of(first)[5] == ["", "", "", dt.date(2019, 3, 1)]
    assert first.merged == ((3, 1, 5, 2),)
    assert (first.hidden_rows, first.hidden_columns) == ({3}, {2})
    assert shown[3].cells.shape == (0, 0)
    assert not ledger.problems


@pytest.mark.parametrize("name", ["A&B", "甲 <乙>", " 台账 ", "O'Neill", "2019年（1）"])
def test_sheets_of_every_name_are_checked(tmp_path, name):
    """What stands beside the values is found by the sheet's name."""
    book = openpyxl.Workbook()
    book.active.title = name
    book.active.append(["村", "#REF!"])
    book.save(tmp_path / "a.xlsx")
    assert (grid(tmp_path / "a.xlsx").sheet, grid(tmp_path / "a.xlsx").errors) == (name, {(0, 1): "#REF!"})


def test_a_workbook_without_a_cell_is_refused(tmp_path):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    assert "no sheet" in refusal(tmp_path / "a.xlsx").what


def test_error_cells_are_listed_and_left_empty(tmp_path):
    workbook(tmp_path / "a.xlsx", [["村", "收入"], ["甲", "#REF!"], ["乙", 3], ["丙", "#DIV/0!"]])
    shown = grid(tmp_path / "a.xlsx")

    assert shown.errors == {(1, 1): "#REF!", (3, 1): "#DIV/0!"}
    assert [row[1] for row in cells_of(shown)] == ["收入", "", 3.0, ""]


def test_formulas_without_values_are_a_problem_with_their_cells(tmp_path):
    """D19; the last one stands outside the cells that have values."""
    workbook(tmp_path / "a.xlsx", [["村", "收入"], ["甲", "=1+1"], ["乙", 3], [None, None, "=SUM(B2:B3)"]])
    (shown,), ledger = grids(tmp_path / "a.xlsx")

    (problem,) = ledger.problems
    assert problem.what == "2 formula cells without values"
    assert problem.places == (Place("a.xlsx", "台账", 1, 1), Place("a.xlsx", "台账", 3, 2))
    assert "save" in problem.fix and "保存" in problem.fix.zh
    assert shown.cells.shape == (4, 3)


def test_formulas_with_values_are_values_the_empty_text_too(tmp_path):
    path = raw_book(
        tmp_path / "a.xlsx",
        '<sheetData><row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>IF(A1,"","")</f><v></v></c>'
        '<c r="C1" t="str"><f>"a"</f><v>a</v></c><c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="E1"><f t="shared" si="0"/><v>7</v></c><c r="F1"><v>1</v></c></row></sheetData>',
    )
    (shown,), ledger = grids(path)

    assert not ledger.problems
    assert cells_of(shown) == [[2.0, "", "a", "", 7.0, 1.0]]
    assert shown.errors == {(0, 3): "#DIV/0!"}


CELL_XML = [
    "<v>1</v>", "<f>A1</f><v>1</v>", "<f>A1</f>", "<f>A1</f><v/>", "<f>A1</f><v></v>", '<f t="shared" si="0"/>',
    '<f t="shared" si="0" /> <v>3</v>', "", '<f>"&lt;f&gt;"</f>\n<v>x</v>', "<is><t>&lt;f&gt;</t></is>",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(CELL_XML), st.sampled_from(["n", "str", "e", "b"]), st.booleans()),
        min_size=1, max_size=8,
    ),
    st.integers(7, 200),
)  # fmt: skip
def test_searching_and_parsing_find_the_same(cells, size):
    """The fast way agrees with the XML parser, however the bytes are cut into pieces."""
    rows = "".join(
        f'<row r="{n}" spans="1:3"{" hidden=" + chr(34) + "1" + chr(34) if hidden else ""}><c r="A{n}" s="2"/>'
        f'<c r="AB{n}" t="{"inlineStr" if "<is>" in xml else kind}">{xml}</c></row>'
        for n, (xml, kind, hidden) in enumerate(cells, start=1)
    )
    text = f'<worksheet><cols><col min="2" max="3" hidden="1"/></cols><sheetData>{rows}</sheetData></worksheet>'.encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]

    parsed, seen = sheet_scan.parse(pieces), sheet_scan.glance(pieces)
    found = sheet_scan.search(pieces)
    assert (found.errors, found.without_value, found.hidden_rows, found.hidden_columns) == (
        parsed.errors, parsed.without_value, parsed.hidden_rows, parsed.hidden_columns
    )  # fmt: skip
    assert seen.marked and not seen.unusual
    assert (seen.rows, seen.columns) == (len(cells), 28)


@pytest.mark.parametrize(
    "sheet",
    [
        '<sheetData><row><c><v>1</v></c><c t="e"><v>#REF!</v></c></row></sheetData>',
        "<sheetData><row r='1'><c r='A1'><v>1</v></c><c r='B1' t='e'><v>#REF!</v></c></row></sheetData>",
        '<sheetData><row r="1"><c r="A1"><v>1</v></c><c\nt="e" r="B1"><v>#REF!</v></c></row></sheetData>',
        '<sheetData><row r = "1"><c r = "A1"><v>1</v></c><c r = "B1" t = "e"><v>#REF!</v></c></row></sheetData>',
    ],
)
def test_xml_that_spreadsheet_programs_do_not_write_is_still_read_right(tmp_path, sheet):
    shown = grid(raw_book(tmp_path / "a.xlsx", sheet))
    assert shown.errors == {(0, 1): "#REF!"}


def test_spaces_around_text_are_kept(tmp_path):
    path = raw_book(
        tmp_path / "a.xlsx",
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row></sheetData>',
        shared='<si><t xml:space="preserve"> 龙井 </t></si><si><t>１２．５　万</t></si>',
    )
    assert cells_of(grid(path)) == [[" 龙井 ", "１２．５　万"]]


def test_numbers_of_more_than_15_digits_are_a_problem_without_digits(tmp_path):
    """D11: two people whose numbers end in 1234 and 1235 would become one."""
    path = raw_book(
        tmp_path / "a.xlsx",
        '<sheetData><row r="1"><c r="A1"><v>330106199001011234</v></c><c r="B1"><v>999999999999999</v></c></row>'
        '<row r="2"><c r="A2"><v>330106199001011235</v></c><c r="B2" t="inlineStr"><is><t>3.30106E+17</t></is></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>330106199001011236</t></is></c></row></sheetData>',
    )
    _, ledger = grids(path)

    (problem,) = ledger.problems
    assert [str(place) for place in problem.places] == ["a.xlsx!甲!A1", "a.xlsx!甲!A2", "a.xlsx!甲!B2"]
    assert "Text" in problem.fix and "文本" in problem.fix.zh
    assert not re.search(r"\d{6}", str(problem.text()) + problem.text().zh)


def test_the_1904_date_system_is_read_right(tmp_path):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active["A1"] = dt.date(2019, 3, 1)
    book.save(tmp_path / "a.xlsx")
    assert cells_of(grid(tmp_path / "a.xlsx")) == [[dt.date(2019, 3, 1)]]


def test_an_old_workbook_gives_cells_errors_and_what_is_hidden():
    shown, ledger = grids(FIXTURES / "office.xls")
    first = shown[0]

    assert [(g.sheet, g.hidden) for g in shown] == [("台账", False), ("旧表", True), ("空", False)]
    assert cells_of(first) == [
        ["村名称", "收入", "日期", "比例"], ["龙井村", 32000.0, dt.date(2019, 3, 1), ""],
        ["垛庄村", 2.5, dt.date(2020, 2, 29), ""], ["北楼村", 7.0, "", ""], ["", 8.0, "", True],
    ]  # fmt: skip
    assert first.errors == {(1, 3): "#DIV/0!", (2, 3): "#DIV/0!"}
    assert (first.hidden_rows, first.hidden_columns, first.merged) == ({2}, {2}, ((3, 0, 4, 0),))
    assert not ledger.problems


# --- damaged files (D03) -------------------------------------------------------------------------------------------


class Files(dict):
    """Contents by name; too long to be shown by a failing test."""

    def __repr__(self) -> str:
        return f"Files({', '.join(self)})"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Files:
    """A sound file of every binary format."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"name": rng.choice(["龙井村", "垛庄村"], 500), "value": rng.normal(size=500)})
    with pd.ExcelWriter(folder / "a.xlsx") as writer:
        frame.to_excel(writer, index=False)
    frame.to_parquet(folder / "a.parquet")
    pyreadstat.write_dta(frame, str(folder / "a.dta"), version=14)
    pyreadstat.write_sav(frame, str(folder / "a.sav"))
    pyreadstat.write_sav(frame, str(folder / "b.sav"), row_compress=True)
    frame.assign(name="x").to_stata(folder / "b.dta", version=114, write_index=False)
    (folder / "a.xls").write_bytes((FIXTURES / "office.xls").read_bytes())
    return Files({path.name: path.read_bytes() for path in folder.iterdir()})


CUTS = [0.02, 0.1, 0.4, 0.6, 0.9, 0.99]
CUT_FILES = ["a.xlsx", "a.parquet", "a.dta", "b.dta", "a.sav", "b.sav"]
# the last tenth of an .xls file is padding: see the test below
CUT_CASES = [(name, share) for name in CUT_FILES for share in CUTS] + [("a.xls", share) for share in CUTS[:4]]


@pytest.mark.parametrize(("name", "share"), CUT_CASES)
def test_a_file_cut_short_is_refused(tmp_path, whole, name, share):
    content = whole[name]
    open_grids(written(tmp_path / f"whole_{name}", content), Ledger())
    path = written(tmp_path / name, content[: int(len(content) * share)])
    assert refusal(path).rule in {"damaged", "file_kind"}


@pytest.mark.parametrize("share", [0.9, 0.99])
def test_an_xls_file_that_lost_its_padding_loses_no_cell_or_is_refused(tmp_path, whole, share):
    content = whole["a.xls"]
    complete = open_grids(written(tmp_path / "whole.xls", content), Ledger())
    path = written(tmp_path / "a.xls", content[: int(len(content) * share)])
    try:
        grids = open_grids(path, Ledger())
    except IntakeError as error:
        assert error.problems[0].rule in {"damaged", "file_kind"}
        return
    assert [grid.sheet for grid in grids] == [grid.sheet for grid in complete]
    for cut, grid in zip(grids, complete, strict=True):
        pd.testing.assert_frame_equal(cut.cells, grid.cells)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_flipped_bytes_never_end_in_another_kind_of_error(tmp_path_factory, whole, data):
    """D02: noticed where the format can notice it, and then as a refusal that names the file."""
    name = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[name])
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[at] ^= data.draw(st.integers(1, 255))
    path = written(tmp_path_factory.mktemp("flip") / name, bytes(content))
    try:
        open_grids(path, Ledger())
    except IntakeError as error:
        assert name in str(error)


def test_a_changed_byte_in_a_sheet_is_noticed(tmp_path):
    path = raw_book(tmp_path / "a.xlsx", '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>')
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    written(path, path.read_bytes().replace(b"<v>1</v>", b"<v>2</v>"))
    assert refusal(path).rule == "damaged"


# --- bombs (D26, D28) ----------------------------------------------------------------------------------------------

ROW = b'<row r="1"><c r="A1"><v>1</v></c></row>'
SHEET = "xl/worksheets/sheet1.xml"


def _packed(size: int) -> bytes:
    """A deflated stream that unpacks to about `size` bytes: one packed piece over and over."""
    piece = ROW * (1024**2 // len(ROW))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (size // len(piece)) + packer.flush()


def _with_part(path: Path, name: str, packed: bytes, declared: int, *, names: tuple[str, ...] = ()) -> Path:
    """Put a packed part into a workbook, with whatever size declared; `names` point to the same bytes."""
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist() if part != name}
    content, directory, count = b"", b"", 0
    for part, raw in [*parts.items(), (name, None)]:
        held, size, method = (packed, declared, 8) if raw is None else (raw, len(raw), 0)
        start = len(content)
        about = struct.pack("<HHHHHIII", 20, 0, method, 0, 33, zlib.crc32(raw or b""), len(held), size)
        content += b"PK\x03\x04" + about + struct.pack("<HH", len(part), 0) + part.encode() + held
        for shown in (part, *(names if raw is None else ())):
            entry = about + struct.pack("<HHHHHII", len(shown), 0, 0, 0, 0, 0, start)
            directory += b"PK\x01\x02" + struct.pack("<H", 20) + entry + shown.encode()
            count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(content), 0)
    return written(path, content + directory + b"PK\x05\x06" + end)


PEAK = """
import re, sys
from pathlib import Path
from analysis.intake.files import open_grids
from analysis.intake.ledger import IntakeError, Ledger
try:
    open_grids(Path(sys.argv[1]), Ledger())
except IntakeError as error:
    # of this program alone: ru_maxrss begins with the size of the process that started it
    peak = re.search("VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
    print(error.exit_code, peak, error)
"""


@pytest.mark.parametrize("declared", [900 * 10**6, 1000])
def test_a_zip_bomb_is_refused_under_500_megabytes(tmp_path, declared):
    """D26: 900 MB of XML in about 1 MB; once as it is, once with a directory that lies about the size."""
    path = raw_book(tmp_path / "炸弹.xlsx", "<sheetData/>")
    _with_part(path, SHEET, _packed(900 * 10**6), declared)
    assert path.stat().st_size < 5e6
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )

    code, kilobytes, *text = done.stdout.split(maxsplit=2)
    assert code == "3" and int(kilobytes) < 500_000
    assert "zip bomb" in text[0] and "炸弹.xlsx" in text[0]


def test_a_bomb_that_packs_loosely_is_refused_by_its_size(tmp_path, monkeypatch):
    """Within the ratio, declared or not, it still may not unpack without end."""
    for name, declared in (("a.xlsx", 30 * 10**6), ("b.xlsx", 1000)):
        path = _with_part(raw_book(tmp_path / name, "<sheetData/>"), SHEET, _packed(30 * 10**6), declared)
        monkeypatch.setattr(safety, "RATIO", 10**6)
        monkeypatch.setattr(safety, "UNPACKED", 20 * 10**6)
        assert refusal(path).rule == "too_large"


def test_a_part_that_unpacks_to_another_size_than_declared_is_damaged(tmp_path):
    """Too small for the ratio to matter, and still not believed."""
    path = _with_part(raw_book(tmp_path / "a.xlsx", "<sheetData/>"), SHEET, _packed(2 * 10**6), 1000)
    assert refusal(path).rule == "damaged"


def test_parts_that_overlap_are_refused(tmp_path):
    """Many names for the same packed bytes: each harmless, all together not."""
    names = tuple(f"xl/worksheets/sheet{n}.xml" for n in range(2, 40))
    path = raw_book(tmp_path / "a.xlsx", "<sheetData/>")
    _with_part(path, SHEET, _packed(15 * 10**6), 15 * 10**6, names=names)
    assert refusal(path).rule == "too_large"


def test_a_sheet_that_spans_too_many_cells_is_refused(tmp_path):
    path = raw_book(
        tmp_path / "a.xlsx",
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        "</sheetData>",
    )
    problem = refusal(path)
    assert problem.rule == "too_large" and problem.places[0].sheet == "甲"


def test_formats_of_empty_cells_do_not_count(tmp_path):
    """Offices format whole columns; what is only formatted takes no place."""
    path = raw_book(
        tmp_path / "a.xlsx",
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>',
    )
    assert cells_of(grid(path)) == [[1.0]]


def test_limits_are_kept_for_every_format(tmp_path, monkeypatch):
    frame = pd.DataFrame({"a": np.arange(50.0), "b": 1.0})
    frame.to_parquet(tmp_path / "a.parquet")
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    pyreadstat.write_dta(frame, str(tmp_path / "a.dta"), version=14)
    frame.to_csv(tmp_path / "a.csv")
    workbook(tmp_path / "a.xlsx", frame.to_numpy().tolist())
    monkeypatch.setattr(safety, "CELLS", 99)
    for name in ("a.parquet", "a.sav", "a.dta", "a.csv", "a.xlsx"):
        assert refusal(tmp_path / name).rule == "too_large"


@pytest.mark.parametrize(
    "entity",
    ['<!ENTITY x SYSTEM "file:///{secret}">', '<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;">'],
)
@pytest.mark.parametrize("inside", ["sheet", "shared"])
def test_entities_are_refused_and_nothing_of_them_is_shown(tmp_path, entity, inside):
    secret = written(tmp_path / "secret.txt", "机密九九")
    head = f"<!DOCTYPE r [{entity.format(secret=secret)}]>"
    cell = "&x;" if inside == "sheet" else "1"
    path = raw_book(
        tmp_path / "a.xlsx",
        f'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{cell}</t></is></c></row></sheetData>',
        shared=f"<si><t>{'&x;' if inside == 'shared' else 'a'}</t></si>",
        head=head,
    )
    problem = refusal(path)
    assert "entities" in problem.what and "机密" not in problem.text().zh


# --- encodings (D04, D05) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("gbk", "gb18030"), ("gb18030", "gb18030"),
    ],
)  # fmt: skip
def test_encodings_are_found_and_recorded(tmp_path, codec, said):
    path = written(tmp_path / "a.csv", CSV, codec)
    (shown,), ledger = grids(path)

    assert cells_of(shown) == [HEADING, *ROWS]
    assert shown.encoding == said
    if codec == "utf-8":
        assert ledger.counts() == {}
    else:
        row = ledger.frame().iloc[0]
        assert (row["rule"], row["place"], row["old"], row["new"]) == ("encoding", "a.csv", said, "utf-8")


def test_gb18030_beyond_gbk_is_read(tmp_path):
    text = CSV.replace("龙井", "𠮷㐂")
    assert cells_of(grid(written(tmp_path / "a.csv", text, "gb18030")))[1][0] == "𠮷㐂村"


def test_big5_is_read_only_where_it_is_declared(tmp_path):
    text = "村名稱,年份,收入\n龍井鄉,2019,32000\n東門里辦公處,2020,18000\n"
    path = written(tmp_path / "a.csv", text, "big5")

    assert "Big5" in refusal(path).what or "none of the encodings" in refusal(path).what
    assert cells_of(grid(path, encoding="big5"))[1] == ["龍井鄉", "2019", "32000"]


def test_an_unknown_encoding_lists_the_choices(tmp_path):
    problem = refusal(written(tmp_path / "a.csv", CSV), encoding="gb123")
    assert "gb18030" in problem.fix and "big5" in problem.fix.zh


@pytest.mark.parametrize("declared", ["gbk", "latin-1", "gb18030", "cp1252"])
def test_utf8_read_as_something_else_is_refused(tmp_path, declared):
    """D05: 龙井 would become 榫欎簳, or é¾™äº•."""
    path = written(tmp_path / "a.csv", "地名,年份,收入\n龙井,2019,1\n北楼,2020,2\n", "utf-8")
    assert refusal(path, encoding=declared).rule in {"garbled", "encoding"}


@pytest.mark.parametrize(
    ("garble", "said"),
    [
        (lambda t: t.encode("utf-8").decode("gb18030", "replace"), "lost|GBK"),
        (lambda t: t.encode("utf-8").decode("gbk", "ignore"), "UTF-8 that was once read as GBK"),
        (lambda t: t.encode("utf-8").decode("latin-1"), "UTF-8 that was once read as Western"),
        (lambda t: t.encode("gbk").decode("latin-1"), "GBK that was once read as Western"),
        (lambda t: t.encode("gbk").decode("utf-8", "replace"), "lost"),
        (lambda t: t.encode("gbk").decode("utf-8", "replace").encode().decode("gbk", "replace"), "lost"),
    ],
)
def test_text_that_was_saved_garbled_is_refused_in_every_format(tmp_path, garble, said):
    names = [garble(name) for name in ("龙井", "垛庄镇政府", "北楼", "蒙阴", "合作联社")]
    frame = pd.DataFrame({"name": names, "year": "2019", "value": "1"})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    pyreadstat.write_dta(frame, str(tmp_path / "a.dta"), version=14)
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    for name in ("a.csv", "a.xlsx", "a.parquet", "a.dta", "a.sav"):
        assert re.search(said, refusal(tmp_path / name).what)


def test_a_few_garbled_lines_among_many_are_enough(tmp_path):
    sound = [f"第{n}村委会" for n in "一二三四五六七八九十" for n in (n, n + "甲", n + "乙", n + "丙")]
    bad = [name.encode().decode("gbk", "ignore") for name in ("龙井", "北楼", "蒙阴")]
    path = written(tmp_path / "a.csv", "村,年,值\n" + "".join(f"{name},2019,1\n" for name in [*sound, *bad]))
    assert refusal(path).rule == "garbled"


def test_honest_signs_are_not_taken_for_garbled_text(tmp_path):
    words = [
        "××",
        "××××",
        "±5°",
        "“引号”",
        "……",
        "——",
        "①②",
        "㎡",
        "Ａ－１",
        "联通",
        "αβγ",
        "é",
        "中国·蒙阴",
        "№3",
        "5℃",
    ]
    path = written(tmp_path / "a.csv", "名,年,值\n" + "".join(f"{word},2019,1\n" for word in words))
    assert [row[0] for row in cells_of(grid(path))[1:]] == words


def test_real_characters_are_not_taken_for_garbled_text():
    """Random words of the 6,763 characters of GB 2312, rarer than any real table."""
    from analysis.intake.files import encodings

    rng = np.random.default_rng(3)
    letters = [bytes((a, b)).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    letters = [letter for letter in letters if letter]
    for length in (2, 3, 4, 6):
        words = ["".join(word) for word in rng.choice(letters, (2000, length))]
        assert encodings.garbled(words) is None


def test_bytes_of_no_encoding_are_refused_with_the_line(tmp_path):
    text = CSV.encode("utf-8") + "北楼村,2022,8\n".encode("gbk") + b"\xff\xff,2022,8\n"
    problem = refusal(written(tmp_path / "a.csv", text))
    assert "line 5" in problem.what and "第 5 行" in problem.what.zh


def test_a_text_cut_within_a_character_ends_mid_row(tmp_path):
    content = (CSV + "北楼村").encode("utf-8")[:-1]
    assert "mid-row" in refusal(written(tmp_path / "a.csv", content)).what


def test_zero_bytes_are_refused(tmp_path):
    content = CSV.encode().replace(b"18000", b"18\x0000")
    assert "NUL" in refusal(written(tmp_path / "a.csv", content)).what


# --- separators and rows (D01, D14, D16) ---------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "，", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_separators_are_found(tmp_path, separator, name):
    title = "某县村集体收入统计表（2019年）\n单位：元\n\n"
    path = written(tmp_path / name, title + CSV.replace(",", separator))
    assert cells_of(grid(path))[3:] == [HEADING, *ROWS]


def test_commas_inside_numbers_and_notes_do_not_count(tmp_path):
    decimal = written(tmp_path / "a.csv", "村;收入;支出\n甲;3,5;4,2\n乙;4,5;1,2\n丙;7,5;2,2\n")
    assert cells_of(grid(decimal))[1] == ["甲", "3,5", "4,2"]
    notes = written(tmp_path / "b.csv", "村,收入,说明\n甲,1,好，很好\n乙,2,差，很差\n丙,3,无，没有\n")
    assert cells_of(grid(notes))[1] == ["甲", "1", "好，很好"]


def test_commas_in_titles_do_not_count(tmp_path):
    path = written(tmp_path / "a.csv", f"某县收入统计表，2019年\n单位：元，户\n{CSV}注：甲，乙\n")
    assert cells_of(grid(path))[2:5] == [HEADING, *ROWS[:2]]


def test_one_column_is_one_column(tmp_path):
    assert cells_of(grid(written(tmp_path / "a.csv", "村名称\n龙井村\n垛庄村\n"))) == [
        ["村名称"],
        ["龙井村"],
        ["垛庄村"],
    ]


@pytest.mark.parametrize(
    "text", ["村；收入\n甲；1\n乙；2\n", "村  收入\n甲  1\n乙  2\n", "村\n甲,1\n乙\n丙\n丁\n戊,1,2\n"]
)
def test_one_column_with_separators_in_it_is_refused(tmp_path, text):
    assert "one column" in refusal(written(tmp_path / "a.csv", text)).what


def test_rows_of_another_width_are_refused_with_their_lines(tmp_path):
    """D14."""
    every = written(tmp_path / "a.csv", "a,b\n1,2,3\n4,5,6\n")
    problem = refusal(every)
    assert [place.row for place in problem.places] == [1, 2] and "3 fields, the heading has 2" in problem.what
    shifted = CSV.replace("2020,", "2020,1,")
    assert [place.row for place in refusal(written(tmp_path / "b.csv", shifted)).places] == [2]
    short = CSV.replace("垛庄村,2020,18000", "垛庄村,2020")
    assert [place.row for place in refusal(written(tmp_path / "c.csv", short)).places] == [2]


def test_titles_and_notes_may_be_short(tmp_path):
    text = f"某县统计表\n单位：元,2022年\n\n{CSV}\n注：数据截至年底\n填表人：某,审核：某\n"
    cells = cells_of(grid(written(tmp_path / "a.csv", text)))

    assert (
        cells[0] == ["某县统计表", "", ""] and cells[1] == ["单位：元", "2022年", ""] and cells[2] == [""] * 3
    )
    assert cells[3] == HEADING
    assert cells[-3:] == [["", "", ""], ["注：数据截至年底", "", ""], ["填表人：某", "审核：某", ""]]


def test_a_note_without_a_line_end_is_a_note(tmp_path):
    (shown,), ledger = grids(written(tmp_path / "a.csv", CSV + "注：数据截至年底"))
    assert cells_of(shown)[-1] == ["注：数据截至年底", "", ""]
    assert [remark.rule for remark in ledger.remarks] == ["file_end"]


@pytest.mark.parametrize("end", ["北楼村,2021", "北楼", '北楼村,2021,"7', '"北楼村'])
def test_a_file_that_ends_mid_row_is_refused(tmp_path, end):
    """D01."""
    assert "mid-row" in refusal(written(tmp_path / "a.csv", CSV + end)).what


def test_a_last_code_cut_short_is_refused(tmp_path):
    rows = "".join(f"{n},甲,V{n:05d}\n" for n in range(20))
    whole = written(tmp_path / "a.csv", f"序号,村,代码\n{rows}".rstrip("\n"))
    assert grids(whole)[1].remarks
    assert "mid-row" in refusal(written(tmp_path / "b.csv", whole.read_bytes()[:-2])).what


@settings(max_examples=200, deadline=None)
@given(st.integers(30, 400))
def test_a_cut_file_is_refused_or_marked(tmp_path_factory, length):
    """Wherever a file is cut: refused, or said that its last row has no line end, or cut between rows."""
    text = (CSV + "".join(f"龙井村,{2000 + n},{n * 100}\n" for n in range(20))).encode()[:length]
    path = written(tmp_path_factory.mktemp("cut") / "a.csv", text)
    try:
        (shown,), ledger = grids(path)
    except IntakeError:
        return
    assert text.endswith(b"\n") or ledger.remarks
    assert shown.cells.shape[1] == 3


def test_cells_of_several_lines_stay_in_one_row(tmp_path):
    text = '村,收入,说明\n甲,1,"第一行\n第二行,有逗号"\n乙,2,"他说""好"""\n'
    assert cells_of(grid(written(tmp_path / "a.csv", text)))[1:] == [
        ["甲", "1", "第一行\n第二行,有逗号"],
        ["乙", "2", '他说"好"'],
    ]


def test_quotation_marks_that_do_not_match_are_refused(tmp_path):
    text = '村,收入,说明\n甲,1,"好"吗\n乙,2,x\n'
    problem = refusal(written(tmp_path / "a.csv", text))
    assert "line 2" in problem.what and "第 2 行" in problem.what.zh


def test_text_comes_unchanged(tmp_path):
    text = "代码,村,值\n010203, 龙井 ,１２．５　万\n00001,NA,null\n"
    assert cells_of(grid(written(tmp_path / "a.csv", text)))[1:] == [
        ["010203", " 龙井 ", "１２．５　万"],
        ["00001", "NA", "null"],
    ]


@pytest.mark.parametrize("spelling", ["5.10E+17", "3.30106e+17", "5.1E17", "５.１E+17", " 1E+15 "])
def test_long_numbers_in_text_are_a_problem(tmp_path, spelling):
    path = written(tmp_path / "a.csv", f"村,证件,值\n甲,{spelling},1\n乙,330106199001011234,1.5E+05\n")
    _, ledger = grids(path)

    (problem,) = ledger.problems
    assert [str(place) for place in problem.places] == ["a.csv!B2"]


def test_a_text_without_text_is_refused(tmp_path):
    assert "no text" in refusal(written(tmp_path / "a.csv", "\n\n  \n")).what


def test_text_columns_are_arrow_text(tmp_path):
    shown = grid(written(tmp_path / "a.csv", CSV))
    assert {str(kind) for kind in shown.cells.dtypes} == {"str"}
    assert shown.cells[0].array._pa_array.nbytes < 1000  # held as Arrow, not as objects


# --- Stata, SPSS, parquet ------------------------------------------------------------------------------------------


def test_stata_labels_titles_missing_and_dates(tmp_path):
    frame = pd.DataFrame(
        {"q": [1, "a", 2], "x": [1.5, np.nan, 3], "d": [dt.date(2019, 3, 1), None, dt.date(2020, 1, 1)], "t": ["甲", "", "乙"]}
    )  # fmt: skip
    pyreadstat.write_dta(
        frame, str(tmp_path / "a.dta"), version=14, missing_user_values={"q": ["a"]}, column_labels={"q": "是否入社"},
        variable_value_labels={"q": {1: "是", 2: "否", "a": "拒答"}},
    )  # fmt: skip
    shown = grid(tmp_path / "a.dta")

    assert shown.labels == {"q": {"1": "是", "2": "否", "a": "拒答"}}
    assert shown.titles == {"q": "是否入社"} and shown.missing == {"q": ("a",)}
    assert shown.cells[0].tolist() == [1.0, "a", 2.0]
    assert shown.cells[1].dtype == float and np.isnan(shown.cells[1][1])
    assert shown.cells[2].tolist() == [dt.date(2019, 3, 1), "", dt.date(2020, 1, 1)]
    assert shown.cells[3].tolist() == ["甲", "", "乙"]


def test_old_stata_files_in_gb18030_are_read_and_recorded(tmp_path):
    """Stata 12 does not say its encoding; pandas writes the bytes of a Latin-1 text as they are."""
    as_bytes = [text.encode("gb18030").decode("latin-1") for text in ("龙井村", "垛庄镇")]
    pd.DataFrame({"name": as_bytes, "q": [1, 2]}).to_stata(
        tmp_path / "a.dta",
        version=114,
        write_index=False,
        variable_labels={"q": "是否".encode("gbk").decode("latin-1")},
    )
    (shown,), ledger = grids(tmp_path / "a.dta")

    assert shown.cells[0].tolist() == ["龙井村", "垛庄镇"] and shown.titles == {"q": "是否"}
    assert ledger.counts() == {"encoding": 1} and shown.encoding == "gb18030"
    assert refusal(tmp_path / "a.dta", encoding="utf-8").rule == "encoding"


def test_spss_labels_and_missing_codes(tmp_path):
    frame = pd.DataFrame({"b2_3": [1.0, 2.0, -8.0, -9.0, np.nan], "v": ["甲", "乙", "丙", "丁", ""]})
    pyreadstat.write_sav(
        frame, str(tmp_path / "a.sav"), missing_ranges={"b2_3": [{"lo": -9, "hi": -1}, 99]},
        variable_value_labels={"b2_3": {1: "是", 2: "否"}}, column_labels={"b2_3": "是否入社"},
    )  # fmt: skip
    shown = grid(tmp_path / "a.sav")

    assert shown.labels == {"b2_3": {"1": "是", "2": "否"}} and shown.titles == {"b2_3": "是否入社"}
    assert shown.missing == {"b2_3": ("-9", "-8", "99")}
    assert shown.cells[0].tolist()[:4] == [1.0, 2.0, -8.0, -9.0]


def test_spss_text_of_another_encoding_than_the_file_says(tmp_path):
    """A file of GB18030 text that calls itself UTF-8."""
    same_length = "ab12ab"  # six bytes, as 龙井村 in GB18030
    pyreadstat.write_sav(pd.DataFrame({"name": [same_length, "x"]}), str(tmp_path / "a.sav"))
    content = (tmp_path / "a.sav").read_bytes()
    assert content.count(same_length.encode()) == 1
    written(tmp_path / "a.sav", content.replace(same_length.encode(), "龙井村".encode("gb18030")))
    (shown,), ledger = grids(tmp_path / "a.sav")

    assert shown.cells[0].tolist() == ["龙井村", "x"] and ledger.counts() == {"encoding": 1}


def test_parquet_types(tmp_path):
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"), "b": pd.array([True, None, False], dtype="boolean"),
            "d": pd.to_datetime(["2019-03-01 00:00", None, "2020-01-01 08:30"]), "c": pd.Categorical(["甲", None, "乙"]),
            "t": ["x", None, ""],
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "a.parquet")
    shown = grid(tmp_path / "a.parquet")

    assert shown.headings == ("n", "b", "d", "c", "t")
    assert shown.cells[0].dtype == float and np.isnan(shown.cells[0][1])
    assert shown.cells[1].tolist() == [True, "", False]
    assert shown.cells[2].tolist() == [dt.date(2019, 3, 1), "", dt.datetime(2020, 1, 1, 8, 30)]
    assert shown.cells[3].tolist() == ["甲", "", "乙"] and shown.cells[4].tolist() == ["x", "", ""]


def test_parquet_with_lists_in_cells_is_refused(tmp_path):
    pd.DataFrame({"a": [[1, 2], [3]]}).to_parquet(tmp_path / "a.parquet")
    assert "lists" in refusal(tmp_path / "a.parquet").what


@pytest.mark.parametrize("name", ["a.dta", "a.sav", "a.parquet"])
def test_long_numbers_in_typed_columns_are_a_problem(tmp_path, name):
    frame = pd.DataFrame({"v": ["甲", "乙"], "id": [330106199001011234.0, 7.0]})
    if name.endswith("parquet"):
        frame.astype({"id": "int64"}).to_parquet(tmp_path / name)
    else:
        {"a.dta": pyreadstat.write_dta, "a.sav": pyreadstat.write_sav}[name](frame, str(tmp_path / name))
    _, ledger = grids(tmp_path / name)
    assert [str(place) for place in ledger.problems[0].places] == [f"{name}!B1"]


# --- nothing personal in what is said ------------------------------------------------------------------------------


def test_refusals_never_quote_cells(tmp_path):
    """Names, numbers and phones stand in every kind of broken file; none is repeated."""
    secret = "张三丰,330106199001011234,13800001111"
    for number, text in enumerate(
        [f"姓名,证件,电话\n{secret},1\n", f"姓名,证件,电话\n{secret}\n张三丰,3301061990", f'姓名,证件,电话\n"张三丰"x{secret}\n',
         f"姓名,证件,电话\n{secret}\n".encode().decode("latin-1")]
    ):  # fmt: skip
        problem = refusal(written(tmp_path / f"{number}.csv", text))
        said = str(problem.text()) + problem.text().zh
        assert "张三" not in said and "1990" not in said and "1380" not in said


def test_the_crc_of_the_fixture_is_known():
    """The fixture is binary: a change of it should be seen."""
    assert zlib.crc32((FIXTURES / "office.xls").read_bytes()) == 3181992938
