"""A small study and small notebooks that show what real ones show: figures, tables, sentences, boxes."""

import textwrap
from pathlib import Path

import nbformat
import pytest

STUDY = """
[study]
name = "tiny"
title = { zh = "小县合作社评估", en = "Cooperatives of a small county" }
synthetic = true
warnings = [{ zh = "样本很小，结论仅作演示。", en = "A very small sample, for demonstration only." }]

[tables.village_year]
file = "village_year.csv"
unit = "village"
time = "year"
cohort = "adopted"
never = [0]

[outcomes.surplus]
table = "village_year"
column = "surplus"
unit = "yuan"
label = { zh = "经营盈余", en = "operating surplus" }
primary = true
concept = "collective_income"

[outcomes.grants]
table = "village_year"
column = "grants"
unit = "yuan"
label = { zh = "补助收入", en = "grant income" }
concept = "other"
"""

SHOW = """
import json
from pathlib import Path
import matplotlib
matplotlib.rcParams.update({"svg.hashsalt": "coopeval", "svg.fonttype": "path"})
import matplotlib.pyplot as plt
from IPython.display import display

def show(kind, id, data, **described):
    display(data, raw=True, metadata={"coopeval": {"kind": kind, "id": id, **described}})

def keep_figure(id, figure):
    import io
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    if run_folder:
        folder = Path(run_folder) / "figures"
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"{id}.{language}.pdf", metadata={"CreationDate": None})
    plt.close(figure)
    return text.getvalue()
"""

PARAMETERS = """
study: str = "data/demo_county"    # folder of the study
language: str = "zh"               # zh or en
run_folder: str = ""               # where results are kept
"""

FIGURE = """
figure, axes = plt.subplots(figsize=(6.4, 3.4))
axes.axhline(0, color="grey", linewidth=0.8)
axes.errorbar(range(-3, 4), [0, .1, 0, 1, 1.4, 1.9, 2.2], yerr=.4, fmt="o-", capsize=3)
axes.set_xlabel("event time")
id = "fig-03-event_study-" + outcome
zh = language == "zh"
show("figure", id, {"image/svg+xml": keep_figure(id, figure), "text/plain": id},
     caption="组建前后各年的效应。" if zh else "Effects by years since adoption.",
     alt="折线图：组建后效应逐年上升。" if zh else "A line that rises after adoption.",
     note="竖线为 95% 逐点区间；* p<0.05，** p<0.01。" if zh else "Bars: 95% pointwise intervals; * p<0.05, ** p<0.01.")
"""

TABLE = """
rows = "".join(f"<tr><th>{name}</th><td>{n}</td><td>{x:.2f}</td><td>[{x-1:.2f}, {x+1:.2f}]</td></tr>"
               for name, n, x in [("2019", 12, 1.5), ("2020", 9, -0.3), ("<script>alert(1)</script>村", 3, 2.25)])
head = "<tr><th></th><th>村数</th><th>效应</th><th>95% 区间</th></tr>"
show("table", "tab-03-effects-" + outcome, {"text/html": f"<table><thead>{head}</thead><tbody>{rows.replace('<script>', '&lt;script&gt;').replace('</script>', '&lt;/script&gt;')}</tbody></table>"},
     caption="按组建年份的效应" if zh else "Effects by cohort", note="单位：万元。")
print("stray")
"""

WIDE = """
columns = "".join(f"<th>column_number_{i}</th>" for i in range(30))
cells = "".join(f"<td>{i * 1234.5:.1f}</td>" for i in range(30))
show("table", "tab-01-wide", {"text/html": f"<table><thead><tr><th>village</th>{columns}</tr></thead><tbody><tr><th>甲村</th>{cells}</tr></tbody></table>"},
     caption="很宽的表", note="")
long = "".join(f"<tr><th>v{i:03d}</th><td>{i}</td><td>说明文字</td></tr>" for i in range(70))
show("table", "tab-01-long", {"text/html": f"<table><thead><tr><th>村</th><th>户数</th><th>备注</th></tr></thead><tbody>{long}</tbody></table>"},
     caption="很长的表", note="")
"""

SENTENCE = """
show("text", "txt-" + outcome, {"text/markdown": "组建后**经营盈余**提高 1.50 万元（95% 区间 [0.50, 2.50]）。" if zh else "The **operating surplus** rose by 15.0 thousand yuan (95% interval [5.0, 25.0])."})
if run_folder:
    folder = Path(run_folder) / "estimates"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"03-{outcome}.json").write_text(json.dumps({"outcome": outcome, "estimate": 1.5}))
"""

SUMMARY = """
kept = sorted(path.stem for path in (Path(run_folder) / "estimates").glob("*.json"))
show("text", "txt-summary", {"text/markdown": "- " + "\\n- ".join(kept)}, box="summary")
show("text", "txt-missing", {"text/markdown": "户收入未测量。" if language == "zh" else "Household income was not measured."}, box="missing")
"""


def code(source, *tags):
    cell = nbformat.v4.new_code_cell(textwrap.dedent(source).strip())
    cell.metadata.tags = list(tags)
    return cell


def text(zh, en):
    pair = [nbformat.v4.new_markdown_cell(zh), nbformat.v4.new_markdown_cell(en)]
    for cell, language in zip(pair, ("zh", "en"), strict=True):
        cell.metadata.tags = [language]
    return pair


def write_notebook(path: Path, cells: list) -> Path:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook.cells = cells
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


def data_notebook(folder: Path, *cells) -> Path:
    formula = "$$ATT(g,t) = E[Y_t(g) - Y_t(0) \\mid G = g]$$"
    intro = text(
        f"# 数据是否可用？\n\n谁在样本里？效应 $ATT(g,t)$ 定义如下\n\n{formula}\n\n## 核对\n\n- 甲\n- 乙",
        f"# Can the data be used?\n\nWho is in the sample? The effect $ATT(g,t)$ is\n\n{formula}\n\n## Checks\n\n- one\n- two",
    )
    return write_notebook(
        folder / "01_data.ipynb", [*intro, code(PARAMETERS, "parameters"), code(SHOW), *cells]
    )


def income_notebook(folder: Path) -> Path:
    own = '\noutcome: str = ""                   # key\nestimator: str = "group_time"       # estimator\n'
    intro = text(
        "# 集体收入提高了吗？\n\n本章说明如何读图。\n\n## 逐年效应",
        "# Did collective income rise?\n\nHow to read.\n\n## By year",
    )
    body = [code(FIGURE), code(TABLE), code(SENTENCE)]
    return write_notebook(
        folder / "03_collective_income.ipynb",
        [*intro, code(PARAMETERS + own, "parameters"), code(SHOW), *body],
    )


def report_notebook(folder: Path) -> Path:
    intro = text("# 摘要\n\n一句话结论。", "# Summary\n\nIn one sentence.")
    return write_notebook(
        folder / "09_report.ipynb", [*intro, code(PARAMETERS, "parameters"), code(SHOW), code(SUMMARY)]
    )


@pytest.fixture(scope="session")
def make_study():
    def make(folder: Path, extra: str = "") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "study.toml").write_text(STUDY + extra, encoding="utf-8")
        rows = ["village,year,adopted,surplus,grants"]
        for village in range(12):
            adopted = (0, 2019, 2020)[village % 3]
            for year in range(2017, 2022):
                rows.append(
                    f"v{village:02d},{year},{adopted},{100 + village + (adopted and year >= adopted) * 20},{village}"
                )
        (folder / "village_year.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def make_notebooks():
    def make(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        data_notebook(folder, code(WIDE))
        income_notebook(folder)
        report_notebook(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def make_notebook():
    """A notebook of that name with these cells of code, under a heading."""

    def make(folder: Path, name: str, *sources: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        outcome = '\noutcome: str = ""                   # key\n' if name[:2] in {"05", "06"} else ""
        first = nbformat.v4.new_markdown_cell(f"# {name}\n\n## Part of {name}")
        cells = [first, code(PARAMETERS + outcome, "parameters"), *(code(source) for source in sources)]
        return write_notebook(folder / f"{name}.ipynb", cells)

    return make
