"""The dirty county: complete, reproducible, counted to the cell, and without a value that anybody could have."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis import paths
from analysis.cli import main
from analysis.intake.mapping import read_map
from analysis.schema import entities
from analysis.simulate import County, FolderError, simulate, write_study
from analysis.simulate.raw import MAP, write_dirty, write_raw
from analysis.simulate.raw.books import Sheet, save
from analysis.simulate.raw.dirt import Dirt, chinese_numeral, percents, written
from analysis.simulate.raw.part import within
from analysis.simulate.raw.rosters import HEADINGS

RULES = paths.project() / "src" / "analysis" / "intake" / "rules.toml"
SOME = (1, 3, 7)  # townships: one with a zone, all with mergers


@pytest.fixture(scope="module")
def county():
    return within(simulate(County()), SOME)


@pytest.fixture(scope="module")
def dirty(county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty") / "county"
    return folder, write_dirty(county, folder)


@pytest.fixture(scope="module")
def rosters(dirty):
    folder, _ = dirty
    found = []
    for path in sorted((folder / "raw" / "成员名册").iterdir()):
        for row in openpyxl.load_workbook(path).active.iter_rows(min_row=4, values_only=True):
            if isinstance(row[0], int):
                found.append(dict(zip(HEADINGS, row, strict=True)) | {"file": path.name})
    return pd.DataFrame(found)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_same_seed_same_bytes_other_seed_other_dirt(tmp_path):
    small = within(simulate(County()), (5,))
    one, two = write_raw(small, tmp_path / "a"), write_raw(small, tmp_path / "b")
    other = write_raw(within(simulate(County(seed=1)), (5,)), tmp_path / "c")

    assert one == two
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert other.by_rule != one.by_rule


def test_no_file_holds_the_time_of_writing(dirty):
    folder, _ = dirty
    for path in (folder / "raw").rglob("*.xlsx"):
        with zipfile.ZipFile(path) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(2024, 12, 31, 0, 0, 0)}
            stamps = re.findall(rb"\d{4}-\d{2}-\d{2}T", archive.read("docProps/core.xml"))
            assert set(stamps) == {b"2024-12-31T"}
    for path in (folder / "raw").glob("*.sav"):
        assert path.read_bytes()[92:109] == b"31 Dec 2400:00:00"


def test_every_repairable_rule_is_injected(dirty):
    _, injected = dirty
    rules = tomllib.loads(RULES.read_text("utf-8"))

    assert set(injected.by_rule) == set(rules)
    summed = pd.DataFrame(injected.by_file).fillna(0).sum(axis=1).astype(int)
    assert summed.to_dict() == injected.by_rule


def test_an_orderly_office_leaves_only_what_its_forms_bring(county, tmp_path):
    tidy = write_raw(within(county, (1,)), tmp_path, dirt=False)
    brought = {
        "area_converted", "cumulative_left", "encoding", "header_flattened", "household_register",
        "merged_filled", "note_cut", "percent_converted", "personal_dropped", "subtotal_removed", "unit_converted",
        "value_label", "village_renamed", "weight_converted",
    }  # fmt: skip

    assert set(tidy.by_rule) == brought
    assert "decide" not in tomllib.loads((tmp_path / MAP).read_text("utf-8"))


def test_the_map_is_read_and_holds_the_clean_study(dirty):
    folder, _ = dirty
    decided = read_map(folder / "raw" / MAP)
    clean = tomllib.loads((folder / "clean" / "study.toml").read_text("utf-8"))
    del clean["truth"]
    for key, table in clean["tables"].items():
        del table["sha256"]
        if key != "household_spillover":
            del table["file"]
    raw = tomllib.loads((folder / "raw" / MAP).read_text("utf-8"))

    assert {key: raw[key] for key in clean} == clean
    assert set(raw) == {*clean, "import", "decide", "source"}
    for path in (folder / "raw").rglob("*.*"):
        if path.name != MAP:
            book = path.suffix == ".xlsx" and "成员名册" not in path.name
            sheets = openpyxl.load_workbook(path, read_only=True).sheetnames if book else [""]
            for sheet in sheets:
                matching = [source for source in decided.sources if source.matches(path.name, sheet)]
                assert len(matching) == 1, (path.name, sheet)


def test_every_column_of_every_clean_table_stands_in_a_file(dirty, county):
    """By name in the map, or following from village, household or coop, or from the list of coops."""
    folder, _ = dirty
    follows = {
        "village_id": {"village", "village_code"}, "township_code": {"village", "village_code", "township"},
        "township": {"village"}, "village": {"village"}, "hh_id": {"household_no"}, "coop_id": {"credit_code"},
        "first_coop_year": {"village"}, "fed_id": {"village"},
    }  # fmt: skip
    mapped: dict[str, set[str]] = {}
    for source in read_map(folder / "raw" / MAP).sources:
        given = (
            set(source.columns) | ({"year"} if source.year else set()) | ({"township"} & {source.township})
        )
        mapped.setdefault(source.table, set()).update(given)
    for name, entity in entities().items():
        table = getattr(county, name, None)
        if table is None or name in {"village", "village_xwalk", "township"}:  # made from the code lists
            continue
        lacking = {
            column for column in table.columns
            if column not in mapped[name] and not follows.get(column, set()) & mapped[name]
        }  # fmt: skip
        assert not lacking, (name, lacking)
        assert set(table.columns) <= set(entity.columns), name


def test_personal_values_are_impossible(rosters):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    numbers = rosters["身份证号"]

    assert len(rosters) > 300
    assert numbers.str.fullmatch(r"000000(19[4-9]\d)(0[1-9]|1[0-2])([0-2]\d)\d{3}[\dX]").all()
    assert rosters["联系电话"].str.fullmatch(r"120\d{8}").all()
    assert rosters["姓名"].str.fullmatch(r"虚[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]").all()
    right = [
        "10X98765432"[sum(w * int(d) for w, d in zip(weights, n[:17], strict=True)) % 11] == n[17]
        for n in numbers
    ]
    assert (pd.Series(right) | numbers.str.endswith("000")).all()


def test_damaged_numbers_and_couples_are_as_many_as_counted(rosters, dirty, county):
    _, injected = dirty

    assert rosters["身份证号"].str.endswith("000").sum() == injected.by_rule["identity_number_damaged"]
    assert len(rosters) == injected.by_rule["household_register"]
    assert len(rosters) - len(county.membership) == injected.by_rule["household_rollup"]


def test_money_in_myriads_is_exact(dirty, county):
    folder, _ = dirty
    book = openpyxl.load_workbook(folder / "raw" / "村集体收入台账_2015-2024.xlsx")
    page = book["2019年"]
    cells = [row for row in page.iter_rows(min_row=5, values_only=True) if isinstance(row[0], int)]
    clean = county.village_year.query("year == 2019")["ci_operating_income"].tolist()
    read = [
        (round(row[3] * 10_000), value) for row, value in zip(cells, clean, strict=True)
        if isinstance(row[3], int | float)
    ]  # fmt: skip

    assert "万元" in page["A1"].value
    assert len(read) > 0.9 * len(clean)
    assert all(a == b for a, b in read)
    assert book["2016年"].sheet_state == "hidden"


def test_hidden_broken_and_merged_cells_are_as_many_as_counted(dirty):
    folder, injected = dirty
    file = "村集体收入台账_2015-2024.xlsx"
    book = openpyxl.load_workbook(folder / "raw" / file)
    counts = injected.by_file[file]
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    hidden = [row for page in book for row, size in page.row_dimensions.items() if size.hidden]
    merged = [
        r for page in book for r in page.merged_cells.ranges if r.min_row > 4 and r.min_col == r.max_col == 2
    ]

    assert sum(cell.value == "#REF!" for cell in cells) == counts["error_cell"]
    assert len(hidden) == counts["hidden_row"]
    assert sum(r.max_row - r.min_row for r in merged) == counts["merged_filled"]
    assert sum(cell.value in {"小计", "合计"} for cell in cells) == counts["subtotal_removed"]
    assert sum(cell.value == "0（未建）" for cell in cells) == counts["annotated_zero"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(5, "五"), (10, "十"), (15, "十五"), (20, "二十"), (110, "一百一十"), (305, "三百零五"), (1005, "一千零五"),
     (1050, "一千零五十"), (9999, "九千九百九十九")],
)  # fmt: skip
def test_chinese_numerals(number, text):
    assert chinese_numeral(number) == text


def test_numbers_are_written_in_full():
    assert [written(v) for v in (3.50, 8.0, 0.1, 1e-4, 1234567)] == ["3.5", "8", "0.1", "0.0001", "1234567"]
    assert [percents(v, 2) for v in (0.07, 0.57, 1.0)] == [7, 57, 100]
    assert percents(0.035, 3) == 3.5


def test_a_clean_pen_writes_what_it_is_given():
    pen = Dirt(1, on=False).pen("file")

    assert pen.number(12_345, unit="元", chance=1.0, han=True) == 12_345
    assert pen.date("2021-06-30", chance=1.0) == "2021-06-30"
    assert pen.credit_code("93000000MA000000XX", chance=1.0) == "93000000MA000000XX"
    assert not pen.counts


def test_headings_are_merged_over_their_columns(tmp_path):
    sheet = Sheet("表")
    sheet.head(["序号", "收入/经营", "收入/其他", "备注"])
    sheet.add(1, 2, 3, "")
    save(tmp_path / "a.xlsx", [sheet])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active

    assert [[cell.value for cell in row] for row in page.iter_rows(max_row=2)] == [
        ["序号", "收入", None, "备注"], [None, "经营", "其他", None],
    ]  # fmt: skip
    assert {str(r) for r in page.merged_cells.ranges} == {"A1:A2", "B1:C1", "D1:D2"}


def test_other_peoples_folders_are_left_alone(county, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FolderError, match="name an empty folder"):
        write_dirty(county, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_clean_study_is_not_overwritten_by_a_dirty_one(county, tmp_path):
    write_study(county, tmp_path)
    with pytest.raises(FolderError):
        write_dirty(county, tmp_path)
    assert not (tmp_path / "raw").exists()


def test_the_command_writes_raw_clean_and_account(tmp_path, capsys):
    assert (
        main(
            ["simulate", str(tmp_path / "d"), "--dirty", "--set", "n_households=2", "--json", "--lang", "en"]
        )
        == 0
    )
    said = capsys.readouterr().out

    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["clean", "injected.json", "raw"]
    assert "counted in injected.json" in said
    assert '"injected"' in said.splitlines()[-1]
