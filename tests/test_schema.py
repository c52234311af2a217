"""The data model: its declarations, what checks find, the codebook and the templates made from it."""

import argparse
import importlib
import re
from html import escape

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from analysis import paths
from analysis.messages import ProjectError
from analysis.schema import arithmetic, entities, entity, template, wording
from analysis.schema.asked import asked, key_of
from analysis.schema.checks import breaches, schema_of
from analysis.schema.codebook import codebook_frame, codebook_html, write_codebook_xlsx
from analysis.schema.workbook import put, workbook_bytes

ALL = list(entities())
DEMO = paths.project() / "data" / "demo_county"
# The 22 tables of the data model; a declaration may be added, none may go.
TABLES = {
    *(
        "township",
        "village",
        "village_xwalk",
        "village_year",
        "coop",
        "coop_year",
        "coop_village",
        "coop_fed",
    ),
    *("federation", "federation_year", "household", "household_wave", "household_year", "membership"),
    *("price_year", "price_monitor", "shock", "fund_project", "assessment", "county_year", "team_activity"),
    "source_file",
}


def demo_tables():
    """Every table of the synthetic county that the data model declares, codes as text."""
    tables = {}
    for name, declared in entities().items():
        path = DEMO / f"{name}.{declared.format}"
        if path.is_file() and declared.format == "parquet":
            tables[name] = pd.read_parquet(path)
        elif path.is_file():
            text = {n: "str" for n, c in declared.columns.items() if c.kind in {"id", "code", "date", "text"}}
            tables[name] = pd.read_csv(path, dtype=text)
    return tables


@pytest.fixture(scope="module")
def demo():
    return demo_tables()


def found(frame, name, **options):
    """(column, rule) -> rows of every breach."""
    return {(f.column, f.rule): f.rows.tolist() for f in breaches(frame, name, **options)}


# --- declarations ---


def test_every_table_of_the_data_model_is_declared():
    assert set(ALL) >= TABLES


@pytest.mark.parametrize("name", ALL)
def test_a_declaration_is_whole(name):
    declared = entity(name)
    assert set(declared.key) <= set(declared.columns)
    for key in declared.key:
        assert declared.columns[key].required and not declared.columns[key].nullable, key
    for column_name, column in declared.columns.items():
        where = f"{name}.{column_name}"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column_name), where
        assert re.search(r"[\u4e00-\u9fff]", column.label.zh) or column.label.zh.isascii(), where
        assert column.label.en.isascii(), where
        assert bool(column.values) == (column.kind in {"category", "set"}), where
        for language in ("zh", "en"):
            words = [text[language] for text in column.values.values()]
            assert len(words) == len(set(words)), where  # templates are filled in with the words
        if column.refers:
            target, _, key = column.refers.partition(".")
            assert entity(target).key == (key,), where
        if column.low is not None and column.high is not None:
            assert column.low < column.high, where
        assert all(float(value) is not None for value in column.special), where
        if column.unit:
            assert column.kind in {"int", "float"} and wording.unit(column, "zh"), where
        if column.system:
            assert column.system in wording.systems("zh"), where
        for part in arithmetic.columns_of(column.derived) if column.derived else ():
            assert declared.columns[part].kind in {"int", "float"}, where
    for identity in declared.identities.values():
        for side in (identity.left, identity.right):
            assert set(arithmetic.columns_of(side)) <= set(declared.columns), identity.label.en


@pytest.mark.parametrize("name", ALL)
def test_a_heading_means_one_column_of_a_table(name):
    owners = {}
    for column_name, column in entity(name).columns.items():
        for heading in {column.label.zh, *column.headings}:
            assert owners.setdefault(heading, column_name) == column_name, heading


@pytest.mark.parametrize("name", ALL)
def test_derived_columns_agree_with_their_identities(name):
    declared = entity(name)
    for column_name, column in declared.columns.items():
        rights = [
            i.right for i in declared.identities.values() if i.left == column_name and i.relation == "=="
        ]
        if column.derived:
            assert rights == [column.derived], column_name


def test_every_table_has_a_place_in_the_reading_order():
    placed = [member.name for _, members in wording.grouped("zh") for member in members]
    assert sorted(placed) == sorted(ALL)


# --- arithmetic ---


@pytest.mark.parametrize(
    "text", ["", "a b", "a / b", "__import__('os')", "a + ", "(a)", "a ** 2", "max(a, b)", "a.b", "2 3"]
)
def test_only_sums_are_arithmetic(text):
    with pytest.raises(ValueError, match="sums of columns only"):
        arithmetic.terms(text)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from("abc"), st.integers(1, 9)), min_size=1, max_size=6),
       st.tuples(*[st.integers(-(10**6), 10**6)] * 3))  # fmt: skip
def test_sums_are_what_python_says_they_are(parts, values):
    row = dict(zip("abc", map(float, values), strict=True))
    text = " ".join(f"{sign} {factor} * {name}" for sign, name, factor in parts)
    expected = sum((1 if sign == "+" else -1) * factor * row[name] for sign, name, factor in parts)
    assert arithmetic.evaluate(text, pd.DataFrame([row])).tolist() == [expected]


def test_empty_cells_make_a_sum_missing_unless_they_may_be():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 2.0]})
    assert np.isnan(arithmetic.evaluate("a + b", frame)).all()
    assert arithmetic.evaluate("a? + b? + gone?", frame).tolist() == [1.0, 2.0]
    assert arithmetic.evaluate("max(a, 3)", frame)[0] == 3.0 and np.isnan(
        arithmetic.evaluate("max(a, 3)", frame)[1]
    )
    with pytest.raises(KeyError, match="gone"):
        arithmetic.evaluate("a + gone", frame)


# --- the ministry's vector: 180, 55 and 28 are three incomes of the same villages ---

MINISTRY = {  # township of three villages, 2012, 10,000 yuan (DOMAIN 6.4)
    "ci_operating_income": 68, "ci_contract_income": 35, "ci_investment": 5, "ci_subsidy": 30, "ci_other": 42,
    "ci_operating_cost": 45, "ci_admin_cost": 35, "ci_other_cost": 45, "ci_carried_in": 15,
    "ci_reserve_fund": 7, "ci_welfare": 7, "ci_to_households": 20,
}  # fmt: skip
COMPUTED = {
    "ci_total": 180, "ci_operating_surplus": 28, "ci_expense_total": 125, "ci_year_result": 55,
    "ci_distributable": 70, "ci_carried_out": 36,
}  # fmt: skip


def ministry():
    frame = pd.DataFrame([{name: value * 10_000.0 for name, value in MINISTRY.items()}])
    for name, column in entity("village_year").columns.items():
        if column.derived:
            frame[name] = arithmetic.evaluate(column.derived, frame)
    return frame.assign(village_id="V0001", year=2012)


def test_the_ministry_form_gives_each_income_under_its_own_name():
    frame = ministry()
    assert {name: frame[name].iloc[0] / 10_000 for name in COMPUTED} == COMPUTED
    labels = {
        entity("village_year").columns[n].label.zh
        for n in ("ci_total", "ci_year_result", "ci_operating_surplus")
    }
    assert labels == {"总收入", "本年收益", "经营收益"}
    assert not breaches(frame, "village_year")


@pytest.mark.parametrize("name", [*MINISTRY, *COMPUTED])
def test_a_wrong_number_on_the_ministry_form_is_found(name):
    frame = ministry()
    frame[name] += 20_000
    assert any(rule.startswith("identity:") for _, rule in found(frame, "village_year")), name


def test_a_subsidy_does_not_raise_the_operating_surplus():
    frame = ministry()
    frame[["ci_subsidy", "ci_total", "ci_year_result", "ci_distributable", "ci_carried_out"]] += 500_000
    assert not breaches(frame, "village_year")
    frame["ci_operating_surplus"] += 500_000
    assert set(found(frame, "village_year")) == {("ci_operating_surplus", "identity:operating_surplus")}


def test_rounding_in_the_file_widens_the_tolerance_by_half_a_step_each():
    frame = ministry()
    frame["ci_total"] += 140
    assert ("ci_total", "identity:total") in found(frame, "village_year")
    steps = dict.fromkeys([*MINISTRY, *COMPUTED], 100.0)  # 万元 with two decimals
    assert not breaches(frame, "village_year", rounding=steps)
    frame["ci_total"] += 200
    assert ("ci_total", "identity:total") in found(frame, "village_year", rounding=steps)


# --- breaches ---


def test_the_synthetic_county_keeps_the_data_model(demo):
    assert len(demo) >= 8
    for name, frame in demo.items():
        listed = breaches(frame, name, others=demo)
        assert not [f for f in listed if f.severity == "error"], (name, listed)
        assert list(frame.columns) == [n for n in entity(name).columns if n in frame.columns], name


def villages(n=6):
    return pd.DataFrame(
        {
            "village_id": [f"V{i:04d}" for i in range(n)], "township_code": "000000001", "village": "望禾村",
            "year": 2020, "households": 100, "hill_share": 0.5, "model": "M01", "coop_active": 1,
            "orchard_mu": 500.0, "peach_mu": 300.0,
        }
    )  # fmt: skip


def spoil(frame, row, **cells):
    for name, value in cells.items():
        column = frame[name].astype(object)
        column.iloc[row] = value
        frame[name] = column
    return frame


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("village_id", None, "empty"), ("village_id", "  ", "empty"), ("village_id", 7, "type"),
        ("village_id", "V0002 ", "type"), ("township_code", "00000001", "pattern"), ("township_code", 1, "type"),
        ("year", 2020.5, "type"), ("year", "2020", "type"), ("year", 20201, "high"), ("year", None, "empty"),
        ("households", 19, "low"), ("households", 2501, "high"), ("households", "约100", "type"),
        ("households", float("inf"), "type"), ("hill_share", 60.0, "high"), ("hill_share", -0.1, "low"),
        ("model", "M11", "values"), ("model", 1, "type"), ("coop_active", 2, "type"), ("coop_active", "是", "type"),
        ("peach_mu", 500.1, "identity:peach_in_orchard"),
    ],
)  # fmt: skip
def test_each_kind_of_breach_is_found_in_its_row_and_nothing_else(column, value, rule):
    frame = spoil(villages(), 3, **{column: value})
    assert found(frame, "village_year") == {(column, rule): [3]}


def test_all_breaches_come_at_once_with_all_their_rows():
    frame = pd.concat([villages(), villages(1)], ignore_index=True).drop(columns="year")
    frame = spoil(spoil(frame, 1, households=5), 4, households=3).assign(姓名="", first_coop_year=2011)
    frame = spoil(frame, 2, model="M77", peach_mu=9000.0)
    coops = pd.DataFrame(
        {"coop_id": ["C1", "C1", "C2"], "village_id": ["V0001", "V9999", ""], "year": [2020, 2020, 2021]}
    )
    assert found(frame, "village_year") == {
        ("year", "missing"): [], ("姓名", "unknown"): [], ("households", "low"): [1, 4],
        ("first_coop_year", "low"): list(range(7)), ("model", "values"): [2],
        ("peach_mu", "identity:peach_in_orchard"): [2],
    }  # fmt: skip
    assert found(coops, "coop_year", others={"village": villages()}) == {
        ("coop_id + year", "key"): [0, 1], ("village_id", "refers"): [1],
    }  # fmt: skip


def test_cells_of_special_meaning_and_empty_ones_pass_the_bounds():
    frame = villages().assign(first_coop_year=[0, 2020, None, 2024, 0, 2021])
    assert not breaches(frame, "village_year")
    assert found(frame.assign(first_coop_year=1), "village_year") == {
        ("first_coop_year", "low"): list(range(6))
    }


@pytest.mark.parametrize("date", ["2021-02-30", "2021.6", "21-06-30", "44348"])
def test_dates_are_days_of_the_calendar(date):
    frame = pd.DataFrame(
        {"hh_id": ["a", "b"], "coop_id": "C1", "from_date": ["2021-06-30", date], "to_date": ["", None]}
    )
    assert found(frame, "membership") == {("from_date", "type"): [1]}


def test_a_spell_ends_after_it_begins():
    frame = pd.DataFrame(
        {
            "hh_id": ["a", "b"],
            "coop_id": "C1",
            "from_date": "2021-06-30",
            "to_date": ["2021-07-01", "2021-06-29"],
        }
    )
    assert found(frame, "membership") == {("from_date", "identity:order"): [1]}


def test_sets_hold_choices_only():
    frame = pd.DataFrame(
        {"hh_id": ["a", "b", "c"], "year": 2021, "services_used": ["inputs;sales", "inputs;x", ""]}
    )
    assert found(frame, "household_wave") == {("services_used", "values"): [1]}


def test_positions_do_not_depend_on_the_index_and_the_frame_is_not_touched():
    frame = spoil(villages(), 3, households=1)
    frame.index = [9, 9, 9, 9, 1, 1]
    before = frame.copy(deep=True)
    assert found(frame, "village_year") == {("households", "low"): [3]}
    pd.testing.assert_frame_equal(frame, before)


def test_columns_that_share_a_name_are_named():
    frame = villages()
    frame.insert(2, "households", 50, allow_duplicates=True)
    assert ("households", "double") in found(frame, "village_year")


def test_sentences_quote_no_cell_and_no_number_of_a_person():
    frame = spoil(
        villages(), 0, model="110101199003074514", households="13812345678", village_id=6217000010001234567
    )
    frame["110101199003074514"] = 1
    for finding in breaches(frame, "village_year", others={"village": villages()}):
        texts = [finding.column, finding.what, finding.what.zh, finding.fix, finding.fix.zh]
        assert not any(re.search(r"\d{9,}", text) for text in texts), texts


def test_every_breach_says_what_to_do_in_both_languages():
    frame = spoil(
        villages(), 0, model="M77", households=1, hill_share="x", township_code="1", village_id=None
    )
    for finding in breaches(frame, "village_year"):
        assert (
            finding.what and finding.fix and re.search(r"[\u4e00-\u9fff]", finding.what.zh + finding.fix.zh)
        )
    fix = next(f.fix for f in breaches(frame, "village_year") if f.rule == "values")
    assert all(code in fix for code in entity("village_year").columns["model"].values)


def test_the_pandera_schema_refuses_what_breaches_lists(demo):
    import pandera.pandas as pa

    schema = schema_of("coop_year")
    assert schema.validate(demo["coop_year"], lazy=True) is not None
    bad = demo["coop_year"].assign(surplus=1, tier="T9")
    with pytest.raises(pa.errors.SchemaErrors) as refused:
        schema.validate(bad, lazy=True)
    names = {error.check.name for error in refused.value.schema_errors}
    assert names == {"identity:surplus", "values"}
    assert names == {f.rule for f in breaches(bad, "coop_year") if f.severity == "error"}


# --- codebook ---


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_codebook_has_every_column_and_identity(language):
    frame = codebook_frame(language)
    page = codebook_html(language)
    declared = {(e.name, c) for e in entities().values() for c in e.columns}
    assert set(zip(frame["table"], frame["column"], strict=True)) == declared
    assert (frame["label"] != "").all() and (frame["kind"] != "").all()
    for name, column in declared:
        assert f'id="{name}.{column}"' in page
    for one in entities().values():
        for identity in one.identities.values():
            assert escape(identity.label[language]) in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target


def test_the_page_needs_nothing_else_and_escapes_what_it_prints(monkeypatch):
    page = codebook_html("zh")
    assert "<script" not in page and "http" not in page and "url(" not in page
    hostile = entity("shock").model_copy(
        update={"label": entity("shock").label.model_copy(update={"zh": "<b>&"})}
    )
    monkeypatch.setattr(wording, "entities", lambda: {"shock": hostile})
    assert "&lt;b&gt;&amp;" in codebook_html("zh") and "<b>&<" not in codebook_html("zh")


def test_the_workbook_has_a_sheet_per_table_in_both_languages(tmp_path):
    write_codebook_xlsx(tmp_path / "codebook.xlsx")
    book = load_workbook(tmp_path / "codebook.xlsx")
    for name, declared in entities().items():
        sheet = book[name]
        assert sheet.freeze_panes == "B2" and sheet.sheet_state == "visible"
        names = [sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)]
        assert names == list(declared.columns)
        labels = {(sheet.cell(row, 2).value, sheet.cell(row, 3).value) for row in range(2, sheet.max_row + 1)}
        assert labels == {(c.label.zh, c.label.en) for c in declared.columns.values()}
    assert book["identities"].max_row > sum(len(e.identities) for e in entities().values())


def test_the_same_data_model_gives_the_same_bytes(tmp_path, monkeypatch):
    import openpyxl.writer.excel as writer

    write_codebook_xlsx(tmp_path / "a.xlsx")
    template.write_template(entity("coop"), "zh", tmp_path / "b.xlsx")
    later = writer.datetime.datetime(2031, 5, 5, tzinfo=writer.datetime.UTC)

    class Later(writer.datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr(writer.datetime, "datetime", Later)
    write_codebook_xlsx(tmp_path / "a2.xlsx")
    template.write_template(entity("coop"), "zh", tmp_path / "b2.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "a2.xlsx").read_bytes()
    assert (tmp_path / "b.xlsx").read_bytes() == (tmp_path / "b2.xlsx").read_bytes()


def test_text_is_never_a_formula(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    put(book.active["A1"], "=1+1")
    (tmp_path / "x.xlsx").write_bytes(workbook_bytes(book))
    cell = load_workbook(tmp_path / "x.xlsx").active["A1"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


# --- templates ---


@pytest.fixture(scope="module", params=["zh", "en"])
def templates(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    books = {}
    for name, declared in entities().items():
        template.write_template(declared, request.param, folder / f"{name}.xlsx")
        books[name] = load_workbook(folder / f"{name}.xlsx")
    return request.param, books


def validations(sheet):
    """Column letter -> its validation."""
    return {
        str(v.sqref).rstrip("0123456789").split(":")[0].rstrip("0123456789"): v
        for v in sheet.data_validations.dataValidation
    }


def test_a_template_is_known_by_its_first_cell_and_its_fourth_row(templates):
    _, books = templates
    for name, book in books.items():
        sheet = book.worksheets[0]
        assert template.table_of(sheet["A1"].value) == name
        names = [cell.value for cell in sheet[template.NAME_ROW]]
        assert names == [column.name for column in asked(entity(name))]
        assert all(cell.font.sz == 8 for cell in sheet[template.NAME_ROW])
        headings = [cell.value for cell in sheet[template.HEADING_ROW]]
        assert len(set(headings)) == len(headings)
        assert sheet.max_row < template.FIRST_ROW, "no data"
        assert {template.table_of(other["A1"].value) for other in book.worksheets[1:]} == {"-"}
        assert all(other.sheet_state == "visible" for other in book.worksheets)
    assert template.table_of("村集体收入台账") == ""


def test_units_stand_in_the_headings(templates):
    language, books = templates
    sheet = books["village_year"].worksheets[0]
    headings = {sheet.cell(4, c).value: sheet.cell(3, c).value for c in range(1, sheet.max_column + 1)}
    expected = {
        "zh": ("总收入（元）", "桃园面积（亩）"),
        "en": ("Total income (yuan)", "Peach orchards (mu)"),
    }
    assert (headings["ci_total"], headings["peach_mu"]) == expected[language]


def test_every_column_explains_and_guards_itself(templates):
    language, books = templates
    for name, book in books.items():
        sheet = book.worksheets[0]
        rules = validations(sheet)
        for position, column in enumerate(asked(entity(name)), start=1):
            cell = sheet.cell(template.HEADING_ROW, position)
            rule = rules[cell.column_letter]
            where = f"{name}.{column.name}"
            assert rule.prompt and len(rule.prompt) <= 255 and len(rule.promptTitle) <= 32, where
            assert cell.comment is not None, where
            assert str(rule.sqref) == f"{cell.column_letter}5:{cell.column_letter}20000", where
            kind = column.column.kind
            if kind in {"category", "flag"}:
                words = column.column.values.values()
                choices = [w[language] for w in words] or {"zh": ["是", "否"], "en": ["yes", "no"]}[language]
                assert choices_of(book, rule.formula1) == choices, where
            if kind in {"int", "float", "year"}:
                assert rule.type in {"whole", "decimal", "custom"} and rule.errorStyle == "stop", where
            if kind in {"id", "code", "date", "text", "category"}:
                assert sheet.column_dimensions[cell.column_letter].number_format == "@", where
            if rule.type is not None:
                assert len(rule.error) <= 225 and rule.showErrorMessage, where
            assert len(rule.formula1 or "") <= 257, where


def choices_of(book, formula):
    """The choices of a list validation, wherever they stand."""
    if formula.startswith('"'):
        return formula.strip('"').split(",")
    name, first, last = re.fullmatch(r"'(.+)'!(\$\w+\$\d+):(\$\w+\$\d+)", formula).groups()
    cells = book[name][f"{first}:{last}".replace("$", "")]
    return [row[0].value for row in cells]


def test_bounds_are_those_of_the_data_model(templates):
    _, books = templates
    sheet = books["village_year"].worksheets[0]
    letters = {sheet.cell(4, c).value: sheet.cell(4, c).column_letter for c in range(1, sheet.max_column + 1)}
    rules = validations(sheet)
    hill, year, code = (rules[letters[name]] for name in ("hill_share", "first_coop_year", "village_code"))
    assert (hill.type, hill.operator, hill.formula1, hill.formula2) == ("decimal", "between", "0", "1")
    assert "=0" in year.formula1 and ">=2012" in year.formula1  # never is 0
    assert (code.type, code.operator, code.formula1) == ("textLength", "equal", "12")


def test_offices_are_asked_for_names_and_codes_not_for_ids_of_the_study():
    for name in template.usual():
        names = [column.name for column in asked(entity(name))]
        assert not {"village_id", "coop_id", "hh_id"} & set(names), name
        assert set(key_of(entity(name))) <= set(names), name
        assert len(names) == len(set(names)), name
    assert key_of(entity("membership")) == [
        "township",
        "village",
        "household_no",
        "coop_name",
        "credit_code",
        "from_date",
    ]


def test_the_guide_names_every_column_and_identity(templates):
    language, books = templates
    guide = books["village_year"][wording.word("template", "guide", language)]
    texts = {str(cell.value) for row in guide.iter_rows() for cell in row if cell.value}
    declared = entity("village_year")
    assert {column.name for column in asked(declared)} <= texts
    assert {identity.label[language] for identity in declared.identities.values()} <= texts


def test_a_broken_identity_turns_orange(templates):
    _, books = templates
    formulas = [
        rule.formula[0]
        for group in books["village_year"].worksheets[0].conditional_formatting
        for rule in group.rules
    ]
    assert len(formulas) == len(entity("village_year").identities)
    assert all(formula.startswith("AND(COUNT(") for formula in formulas)


# --- commands ---


def run(command, *arguments):
    module = importlib.import_module(f"analysis.cli.{command}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return module.run(parser.parse_args(arguments))


def test_the_template_command_writes_what_offices_fill_in(tmp_path, capsys):
    assert run("template", "--out", str(tmp_path), "--lang", "zh") == 0
    assert {p.name for p in tmp_path.iterdir()} == {
        template.file_name(entity(n), "zh") for n in template.usual()
    }
    assert run("template", "coop", "--out", str(tmp_path / "en"), "--lang", "en") == 0
    assert [p.name for p in (tmp_path / "en").iterdir()] == ["coop.xlsx"]
    assert run("template", "--list", "--lang", "en") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ALL)


def test_the_codebook_command_writes_three_files(tmp_path, capsys):
    assert run("codebook", "--out", str(tmp_path), "--json") == 0
    assert {p.name for p in tmp_path.iterdir()} == {"codebook.zh.html", "codebook.en.html", "codebook.xlsx"}
    assert '"codebook.xlsx"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "arguments", "named"),
    [
        ("template", ["vilage", "--out", "x"], ["vilage", *ALL]),
        ("template", [], ["--out"]),
        ("codebook", ["--out", "x", "--lang", "fr"], ["fr", "zh", "en"]),
    ],
)
def test_a_wrong_word_on_the_command_line_is_answered_with_the_choices(
    command, arguments, named, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError) as refused:
        run(command, *arguments)
    assert refused.value.exit_code == 2
    for text in (str(refused.value), refused.value.message.zh):
        assert all(word in text for word in named)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_not_overwritten(tmp_path):
    (tmp_path / "x").write_text("mine", encoding="utf-8")
    for command in ("template", "codebook"):
        with pytest.raises(ProjectError, match="is a file"):
            run(command, "--out", str(tmp_path / "x"))
    assert (tmp_path / "x").read_text("utf-8") == "mine"
