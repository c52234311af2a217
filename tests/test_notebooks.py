"""Notebooks: their form, and that each runs alone in both languages on more than one study."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import analysis
from analysis import paths
from analysis.report.exhibit import Exhibit
from analysis.report.page import PageError
from analysis.report.parameters import differences, outcomes_of
from analysis.study import read_study

NOTEBOOKS = sorted(paths.notebooks().glob("[0-9][0-9]*_*.ipynb"))
BY_NAME = {path.stem: path for path in NOTEBOOKS}


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


def sources(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == kind]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request) -> Path:
    return request.param


def test_parameters_are_those_of_the_model(notebook):
    assert differences(notebook) == []


def test_every_text_stands_in_both_languages(notebook):
    texts = [cell for cell in cells(notebook) if cell["cell_type"] == "markdown"]
    languages = [tags(cell) for cell in texts]

    assert languages == [["zh"], ["en"]] * (len(texts) // 2)
    for zh, en in zip(texts[::2], texts[1::2], strict=True):
        first, second = ("".join(cell["source"]) for cell in (zh, en))
        assert re.match(r"#*", first).group() == re.match(r"#*", second).group(), "the same level of heading"
        assert zh["id"].removesuffix("-zh") == en["id"].removesuffix("-en")


def test_the_title_is_a_question_or_the_summary(notebook):
    for source in sources(notebook, "markdown")[:2]:
        title = source.split("\n")[0]
        assert title.startswith("# ")
        assert title[-1] in "?？" or notebook.stem == "09_report"


def test_no_number_is_typed_into_prose(notebook):
    for source in sources(notebook, "markdown"):
        assert not re.search(r"\d|[一二两三四五六七八九]成|百分之|per cent", source), source


def test_ids_are_stable_and_nothing_is_left_of_a_run(notebook):
    ids = [cell["id"] for cell in cells(notebook)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z-]*", i) for i in ids), "ids are words, not hashes"
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells(notebook))


def test_code_cells_are_short_and_do_one_act(notebook):
    for source in sources(notebook, "code"):
        assert len(source.splitlines()) <= 12
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(
                node,
                ast.FunctionDef
                | ast.Lambda
                | ast.For
                | ast.While
                | ast.ListComp
                | ast.If
                | ast.With
                | ast.Try,
            ), source
        assert not re.search(r"import warnings|simplefilter|merge|concat|\.show\(|print\(", source), source


def test_between_15_and_45_cells(notebook):
    """Two cells of text per paragraph, since every text stands in both languages."""
    assert 15 <= len(cells(notebook)) <= 45


def run(name: str, **parameters: str) -> list[Exhibit]:
    """The notebook's code, cell by cell as JupyterLab would; what each cell shows."""
    space: dict[str, object] = {}
    shown = []
    for cell in cells(BY_NAME[name]):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell["id"], "exec"), space)
        if "parameters" in tags(cell):
            space.update({key: value for key, value in parameters.items() if key in space})
        value = (
            eval(compile(ast.Expression(last.value), cell["id"], "eval"), space) if last is not None else None
        )
        if value is not None:
            assert isinstance(value, Exhibit), f"{name}, cell {cell['id']} shows a {type(value).__name__}"
            shown.append(value)
    return shown


def look_at(shown: list[Exhibit]) -> None:
    ids = [exhibit.id for exhibit in shown]
    assert len(set(ids)) == len(ids), "every exhibit has an id of its own"
    for exhibit in shown:
        data, described = exhibit._repr_mimebundle_()
        assert described["coopeval"].keys() >= {"kind", "id", "caption", "alt", "note", "box"}
        assert "text/plain" in data
        if exhibit.kind == "figure":
            assert data["image/svg+xml"].startswith("<?xml")
            assert exhibit.caption and exhibit.alt
        if exhibit.kind == "table":
            assert exhibit.caption and "<table>" in data["text/html"]
        assert "nan" not in data["text/plain"].lower().split()


STUDIES = ["data/demo_county", "mpdta", "castle_doctrine", "medicaid_insurance"]
if paths.shared_data() is not None:
    STUDIES.append("chongqing_land_coupon")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("study", STUDIES)
def test_every_notebook_runs_and_the_report_reads_what_they_kept(study, language, tmp_path):
    given = {"study": study, "language": language, "run_folder": str(tmp_path)}
    decided = read_study(study)
    shown = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("default", ResourceWarning)  # of sockets that other tests left to the collector
        for name in BY_NAME:
            if name == "05_ten_models" and not decided.models:
                continue
            wanted = outcomes_of(name, decided)
            if name in {"03_collective_income", "04_household_income"} and not wanted:
                continue
            for outcome in wanted or [""]:
                shown += run(name, **given, outcome=outcome)
    look_at(shown)
    kinds = {exhibit.kind for exhibit in shown}
    assert kinds == {"figure", "table", "text"}
    assert any(exhibit.box == "summary" for exhibit in shown)
    for exhibit in shown:
        if exhibit.kind == "figure":
            for kind in ("svg", "pdf", "png"):
                assert (tmp_path / "figures" / f"{exhibit.id}.{language}.{kind}").is_file()
        if exhibit.kind == "table":
            assert (tmp_path / "tables" / f"{exhibit.id}.{language}.csv").is_file()


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "09_report"])
def test_a_notebook_runs_alone_from_any_folder_and_keeps_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    look_at(run(name, language="en"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "study", "said"),
    [
        ("04_household_income", "mpdta", "holds no outcome about household_income"),
        ("05_ten_models", "mpdta", "tells 0 models apart"),
        ("09_report", "mpdta", "found no estimates"),
    ],
)
def test_a_notebook_opened_for_what_is_not_held_says_so(name, study, said):
    with pytest.raises(PageError, match=said):
        run(name, study=study, language="en")


def test_the_facade_is_complete_and_loads_nothing_before_it_is_used():
    heavy = "{'numpy', 'pandas', 'matplotlib', 'seaborn', 'scipy', 'pydantic'}"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import analysis, sys; print(sorted({heavy} & set(sys.modules)), len(dir(analysis)))"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert loaded.startswith("[] ")
    assert set(analysis.__all__) <= set(dir(analysis))
    for name in analysis.__all__:
        assert getattr(analysis, name) is not None
    used = {
        name for path in NOTEBOOKS for name in re.findall(r"\ban\.(\w+)", "\n".join(sources(path, "code")))
    }
    assert used <= set(analysis.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fitt'; it offers Case, Design"):
        _ = analysis.fitt


@pytest.mark.skipif(paths.shared_data() is None, reason="the Chongqing panel is not on this machine")
@pytest.mark.parametrize(("language", "word"), [("zh", "正向但不稳健"), ("en", "positive, sensitive")])
def test_the_chongqing_result_is_positive_and_sensitive(language, word, tmp_path):
    """Always-treated first cohort, six richer comparison counties, movement before adoption: never a bare number."""
    given = {"study": "chongqing_land_coupon", "language": language, "run_folder": str(tmp_path)}
    for name, outcome in (
        ("02_programme", ""), ("04_household_income", "rural_income"), ("06_robustness", "rural_income"),
    ):  # fmt: skip
        run(name, **given, outcome=outcome)
    page_one = {exhibit.id: exhibit.data["text/plain"] for exhibit in run("09_report", **given)}

    assert f"**{word}**" in page_one["txt-09-judgement_rose"]
    everything = "\n".join(page_one.values())
    assert "37.8%" in everything and "0.009" in everything and "−1.80" in everything
    assert not re.search(r"\+ ?9 ?%|9\.\d ?%", everything)
