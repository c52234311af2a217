"""A complete run: what is published, what it holds, and that it is the same every time."""

import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from analysis.report.run import run_report

PERMITTED_URLS = {"http://www.w3.org/1998/Math/MathML"}


@pytest.fixture(scope="module")
def place(tmp_path_factory, make_study, make_notebooks):
    folder = tmp_path_factory.mktemp("complete")
    make_study(folder / "study")
    make_notebooks(folder / "notebooks")
    return folder


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def run(place, steps):
    return run_report(
        place / "study", out=place / "out", notebooks=place / "notebooks", progress=steps.append
    )


@pytest.fixture(scope="module")
def second(place, run):
    return run_report(place / "study", out=place / "again", notebooks=place / "notebooks")


def page(run, language):
    return (run.folder / f"report.{language}.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_it_is_complete_and_latest(run, place, steps):
    assert (run.status, run.exit_code) == ("complete", 0), run.message
    assert (place / "out" / "latest").resolve() == run.folder.resolve()
    assert not (place / "out" / ".work").exists()
    assert [step.done for step in steps] == list(range(1, 10))
    assert str(steps[-1]).startswith("[9/9] export")


def test_the_notebooks_ran_for_every_language_and_outcome(run):
    assert sorted(path.name for path in (run.folder / "notebooks").iterdir()) == [
        "01_data.en.ipynb", "01_data.zh.ipynb",
        "03_collective_income.en.grants.ipynb", "03_collective_income.en.surplus.ipynb",
        "03_collective_income.zh.grants.ipynb", "03_collective_income.zh.surplus.ipynb",
        "09_report.en.ipynb", "09_report.zh.ipynb",
    ]  # fmt: skip


def test_the_summary_reads_what_the_others_saved(run):
    assert "03-grants" in page(run, "zh") and "03-surplus" in page(run, "zh")


def test_the_manifest_says_what_the_run_was_made_from(run, place):
    manifest = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["status"] == "complete"
    assert manifest["run"] == run.folder.name
    assert sorted(name.rsplit("/", 1)[1] for name in manifest["inputs"]) == ["study.toml", "village_year.csv"]
    assert manifest["parameters"]["03_collective_income.zh.grants"]["estimator"] == "group_time"
    assert manifest["environment"]["packages"]["papermill"]
    assert manifest["seeds"]["PYTHONHASHSEED"] == 0
    files = {p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*") if p.is_file()}
    assert files == {*manifest["artefacts"], "manifest.json"}


def test_no_folder_of_this_machine_is_in_any_artefact(run, place):
    banned = [str(place), str(Path.home()) + "/", sys.prefix, "coopeval-"]
    for path in run.folder.rglob("*"):
        if path.is_file() and path.suffix in {".json", ".ipynb", ".html", ".svg", ".csv"}:
            text = path.read_text(encoding="utf-8-sig")
            assert not [one for one in banned if one in text], path.name


def test_two_runs_give_the_same_bytes(run, second):
    assert second.status == "complete"
    assert set(run.manifest["reproducible"]) == set(second.manifest["reproducible"])
    differing = [
        name
        for name in run.manifest["reproducible"]
        if (run.folder / name).read_bytes() != (second.folder / name).read_bytes()
    ]
    assert differing == []
    assert {"report.zh.html", "report.en.pdf"} <= set(run.manifest["reproducible"])


def test_cold_kernels_give_the_same_notebooks(run, place):
    cold = run_report(
        place / "study", out=place / "cold", notebooks=place / "notebooks", languages=("zh",), formats=("html",), cold=True,
        settings={"03_collective_income.outcome": "grants"},
    )  # fmt: skip

    assert cold.status == "complete", cold.message
    for name in ("01_data.zh.ipynb", "03_collective_income.zh.grants.ipynb"):
        warm = json.loads((run.folder / "notebooks" / name).read_text(encoding="utf-8"))
        assert json.loads((cold.folder / "notebooks" / name).read_text(encoding="utf-8")) == warm
        assert any(cell.get("outputs") for cell in warm["cells"])


def test_unchanged_is_answered_at_once_and_changed_is_not(run, place):
    code = (
        "import sys; from pathlib import Path; from analysis.report.run import run_report\n"
        f"r = run_report({str(place / 'study')!r}, out={str(place / 'out')!r}, notebooks=Path({str(place / 'notebooks')!r}))\n"
        "print(r.status, r.exit_code, r.folder.name, [m for m in ('pandas', 'pydantic', 'papermill') if m in sys.modules])"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["unchanged", "0", run.folder.name, "[]"]
    assert time.monotonic() - started < 1.0


def test_a_damaged_run_is_not_taken_for_unchanged(second):
    from analysis.report.key import Key, unchanged_run

    key = Key("tiny", {}, {}, "", "", second.manifest["key"])
    assert unchanged_run(second.folder.parent, key) == second.folder
    (second.folder / "report.en.html").write_text("cut off")
    assert unchanged_run(second.folder.parent, key) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_inert_and_self_contained(run, language):
    text = page(run, language)
    tags = Tags(text).tags

    assert not {tag for tag, _ in tags} & {"script", "link", "iframe", "object", "embed", "form"}
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    outside = [v for _, attrs in tags for n, v in attrs.items() if n in {"src", "href", "action", "srcset"}]
    assert all(value.startswith(("#", "data:")) for value in outside)
    assert all(url.startswith("data:") for url in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    assert set(re.findall(r'https?://[^"<\s]+', text)) <= PERMITTED_URLS
    policy = next(
        a["content"] for t, a in tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy and "script" not in policy


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_can_be_read_by_everyone(run, language):
    tags = Tags(page(run, language)).tags
    identifiers = [attrs["id"] for _, attrs in tags if "id" in attrs]

    assert tags[0] == ("html", {"lang": {"zh": "zh-Hans", "en": "en"}[language]})
    assert len(identifiers) == len(set(identifiers))
    assert all(attrs["alt"].strip() for tag, attrs in tags if tag == "img")
    links = [attrs["href"][1:] for tag, attrs in tags if tag == "a"]
    assert set(links) <= set(identifiers)
    headings = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in pairwise(headings))
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")


def test_each_language_says_its_own(run):
    zh, en = page(run, "zh"), page(run, "en")

    assert "数据是否可用" in zh and "Can the data be used" not in zh
    assert "Can the data be used" in en and "数据是否可用" not in en
    assert "图 1" in zh and "Figure 1" in en
    assert "合成数据" in zh and "Synthetic data" in en
    assert "<math" in zh and "$$" not in zh


def test_only_exhibits_are_shown(run):
    assert "stray" not in page(run, "zh")
    assert "matplotlib" not in page(run, "zh")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;村" in page(run, "zh")


def test_explanations_are_given_once_for_several_outcomes(run):
    zh = page(run, "zh")

    assert zh.count("本章说明如何读图") == 1
    assert zh.index("本章说明如何读图") < zh.index('id="sec-2-1"')
    assert zh.index("摘要") < zh.index("数据是否可用")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_holds_everything(run, language):
    import pymupdf

    with pymupdf.open(run.folder / f"report.{language}.pdf") as document:
        text = "".join(page.get_text() for page in document)
        fonts = {font[3] for page in document for font in page.get_fonts()}
        assert (
            document.metadata["title"]
            == {"zh": "小县合作社评估", "en": "Cooperatives of a small county"}[language]
        )
        assert document.get_toc()
        marked = document.xref_get_key(document.pdf_catalog(), "MarkInfo")
    assert "true" in marked[1]
    for column in range(30):
        assert f"column_number_{column}" in text
    assert "v069" in text
    assert {"zh": "集体收入提高了吗", "en": "Did collective income rise"}[language] in text
    assert {"zh": "合成数据", "en": "Synthetic data"}[language] in text
    assert "<script>alert(1)</script>村" in text.replace("\n", "")
    assert all("Noto" in name or "NewCM" in name or "DejaVu" in name for name in fonts), fonts
