"""A run that is not complete publishes nothing and says why; nothing good is lost and nothing is left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.report.errors import BusyError, EnvironmentMissing, ParameterError
from analysis.report.run import run_report

IDENTITY = "11010519491231002X"
SLEEP = "import os, time\nopen(os.path.join(run_folder, 'pid'), 'w').write(str(os.getpid()))\ntime.sleep(120)"


@pytest.fixture(scope="module")
def study(tmp_path_factory, make_study):
    return make_study(tmp_path_factory.mktemp("failing") / "study")


@pytest.fixture(scope="module")
def good(tmp_path_factory, study, make_notebook):
    """A published run, which later failures must leave alone."""
    folder = tmp_path_factory.mktemp("good")
    notebooks = make_notebook(folder / "notebooks", "01_data", "1 + 1").parent
    result = run_report(
        study, out=folder / "out", notebooks=notebooks, languages=("en",), formats=("html",), cold=True
    )
    assert result.status == "complete", result.message
    return result


@pytest.fixture(scope="module")
def broken(good, tmp_path_factory, study, make_notebook):
    """One run in which notebooks fail in every way."""
    folder = tmp_path_factory.mktemp("broken")
    make_notebook(
        folder, "01_data", "x = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "x = 2"
    )
    make_notebook(
        folder,
        "02_programme",
        "x = 1",
        "raise ValueError('张三 ' + '1101051949' + '1231002X' + ' 138' + '12345678')",
        "x = 2",
    )
    make_notebook(folder, "03_other", "import sys\nsys.exit(0)", "x = 2")
    make_notebook(folder, "04_other", "while True: pass", "x = 2")
    make_notebook(folder, "06_robustness", "x = 1")
    make_notebook(folder, "07_other", "import os\nos._exit(0)", "x = 2")
    make_notebook(folder, "08_other", "input()")
    make_notebook(folder, "09_report", "x = 1")
    return run_report(
        study, out=good.folder.parent, notebooks=folder, languages=("en",), formats=("html",), cell_limit=2
    )


def failure(run, notebook):
    return next(f for f in run.manifest["failures"] if f["notebook"] == notebook)


def test_a_failed_run_is_put_aside_and_the_last_report_stays(broken, good):
    out = good.folder.parent

    assert (broken.status, broken.exit_code) == ("failed", 4)
    assert broken.folder.parent == out / "failed"
    assert (out / "latest").resolve() == good.folder.resolve()
    assert json.loads((broken.folder / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert not list(broken.folder.glob("report.*"))
    assert not (out / ".work").exists()
    assert "1 of 8 notebooks complete" in broken.message
    assert "未发布任何内容" in broken.message.zh


@pytest.mark.parametrize(
    ("notebook", "cell", "cause"),
    [
        ("01_data", 4, "kernel died (signal 9, likely memory)"),
        ("02_programme", 4, "ValueError"),
        ("03_other", 3, "SystemExit: 0"),
        ("04_other", 3, "time limit"),
        ("07_other", 3, "kernel ended by itself (exit code 0)"),
        ("08_other", 3, "StdinNotImplementedError"),
        ("09_report", 0, "not run, because of 01_data.en, 02_programme.en"),
    ],
)
def test_the_cell_and_the_cause_are_named(broken, notebook, cell, cause):
    found = failure(broken, notebook)

    assert found["cell"] == cell
    assert cause in found["cause"]
    assert f"{notebook}.en" in broken.message
    if cell:
        assert found["heading"] == f"Part of {notebook}"


def test_the_last_lines_are_kept_without_personal_numbers(broken):
    found = failure(broken, "02_programme")

    assert found["lines"][-1].startswith("ValueError")
    for path in broken.folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert IDENTITY not in text and "13812345678" not in text


def test_partial_notebooks_are_kept_but_not_shown_as_run(broken):
    notebook = json.loads((broken.folder / "notebooks" / "01_data.en.ipynb").read_text(encoding="utf-8"))
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts[-1] is None


def test_unknown_parameters_stop_before_anything_runs(good, study):
    out = good.folder.parent
    before = sorted(path.name for path in out.iterdir())

    with pytest.raises(ParameterError, match=r"did you mean 01_data\?"):
        run_report(study, out=out, notebooks=good.folder.parents[1] / "notebooks", settings={"01_dta.x": "1"})
    with pytest.raises(ParameterError, match="choose html, pdf"):
        run_report(study, out=out, formats=("docx",))
    assert sorted(path.name for path in out.iterdir()) == before


def test_an_input_that_changes_stops_the_run(tmp_path, make_study, make_notebook):
    study = make_study(tmp_path / "study")
    table = study / "village_year.csv"
    change = f"from pathlib import Path\npath = Path({str(table)!r})\npath.write_text(path.read_text() + 'v99,2017,0,1,1\\n')"
    make_notebook(tmp_path / "notebooks", "01_data", change)
    make_notebook(tmp_path / "notebooks", "09_report", "x = 1")

    run = run_report(
        study,
        out=tmp_path / "out",
        notebooks=tmp_path / "notebooks",
        languages=("en",),
        formats=("html",),
        cold=True,
    )

    assert run.exit_code == 4
    assert "inputs changed during the run" in run.message and "village_year.csv" in run.message
    assert not (tmp_path / "out" / "latest").exists()


def test_a_broken_table_is_refused_before_anything_runs(tmp_path, make_study, make_notebook):
    from analysis.contract import ContractError

    study = make_study(tmp_path / "study")
    table = study / "village_year.csv"
    table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n")
    make_notebook(tmp_path / "notebooks", "01_data", "x = 1")

    with pytest.raises(ContractError):
        run_report(study, out=tmp_path / "out", notebooks=tmp_path / "notebooks")
    assert not (tmp_path / "out" / "latest").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, study):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentMissing, match="cannot be written"):
        run_report(study, out=tmp_path / "file" / "out")


@contextlib.contextmanager
def running(study: Path, folder: Path, make_notebook):
    """A run in a process of its own, with a notebook that sleeps; gives the process and the kernel's number."""
    notebooks = make_notebook(folder / "notebooks", "01_data", SLEEP).parent
    code = (
        "import sys; from pathlib import Path; from analysis.report.run import run_report\n"
        f"r = run_report({str(study)!r}, out={str(folder / 'out')!r}, notebooks=Path({str(notebooks)!r}), "
        "languages=('en',), formats=('html',))\n"
        "print(r.message); sys.exit(r.exit_code)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 40
        while not (found := list(folder.glob("out/.work/*/pid"))) or not found[0].read_text():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        yield process, int(found[0].read_text())
    finally:
        process.kill()
        process.wait()


def ended(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return True


def wait_for_end(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not ended(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended(pid)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_signal_stops_everything_and_a_second_run_is_told_to_wait(tmp_path, study, make_notebook):
    with running(study, tmp_path, make_notebook) as (process, kernel):
        zygote = parent_of(kernel)
        with pytest.raises(BusyError, match=rf"run tiny-.* \(process {process.pid}\)") as busy:
            run_report(study, out=tmp_path / "out", notebooks=tmp_path / "notebooks")
        assert busy.value.exit_code == 75

        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)

    assert process.returncode == 143
    assert "interrupted at cell 3 (signal 15)" in output
    assert wait_for_end(kernel) and wait_for_end(zygote)
    kept = next((tmp_path / "out" / "failed").iterdir())
    assert json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["status"] == "interrupted"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_outlives_a_killed_run_and_the_next_one_works(tmp_path, study, make_notebook):
    with running(study, tmp_path, make_notebook) as (process, kernel):
        zygote = parent_of(kernel)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert wait_for_end(kernel) and wait_for_end(zygote)

    make_notebook(tmp_path / "notebooks", "01_data", "x = 1")
    run = run_report(
        study,
        out=tmp_path / "out",
        notebooks=tmp_path / "notebooks",
        languages=("en",),
        formats=("html",),
        cold=True,
    )
    assert run.status == "complete", run.message
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".lock", "latest", run.folder.name]


def test_a_zygote_that_is_lost_costs_a_start_not_a_result(tmp_path, study, make_notebook, monkeypatch):
    from analysis.report import forge

    monkeypatch.setattr(forge.Zygote, "start", lambda *_: (_ for _ in ()).throw(forge.ZygoteLost("gone")))
    make_notebook(tmp_path / "notebooks", "01_data", "x = 1")

    run = run_report(
        study, out=tmp_path / "out", notebooks=tmp_path / "notebooks", languages=("en",), formats=("html",)
    )
    assert run.status == "complete", run.message


VALUES = (
    "张" + "三丰",
    "000000" + "19700131" + "0126",
    "160" + "00001234",
)  # impossible: see tests/test_privacy.py
ERRORS = """
import pandas as pd
name, number, phone = "张" + "三丰", "000000" + "19700131" + "0126", "160" + "00001234"
print("read", number)
rows = pd.DataFrame({"number": [number] * 2, "name": [name] * 2})
try:
    float(name)
except ValueError as error:
    raise KeyError(f"{name} {phone}") from error
"""


def test_no_value_of_a_failing_cell_is_kept_or_told(tmp_path, study, make_notebook, capfd):
    """R03, V02: name, identity number and telephone in an exception, in its cause and in what was printed before."""
    make_notebook(tmp_path / "notebooks", "01_data", ERRORS)
    make_notebook(
        tmp_path / "notebooks",
        "02_programme",
        "from analysis.contract import read_table\nread_table('nothing', None)",
    )
    run = run_report(
        study, out=tmp_path / "out", notebooks=tmp_path / "notebooks", languages=("zh",), formats=("html",), cold=True
    )  # fmt: skip
    assert run.exit_code == 4
    told = [run.message, run.message.zh, *capfd.readouterr()]
    kept = [path.read_text("utf-8", "replace") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any("‹id number›" in text for text in kept)
    for value in VALUES:
        assert not any(value in text or json.dumps(value) in text for text in [*told, *kept])
    lines = failure(run, "01_data")["lines"]
    assert "ValueError: could not convert string to float: '‹text›'" in lines
    assert lines[-1] == "KeyError: '‹text›'"


def test_a_parameter_that_holds_a_number_of_a_person_is_refused(tmp_path, study, make_notebook):
    """P12: parameters are kept in manifest, notebook and report."""
    notebooks = make_notebook(tmp_path / "notebooks", "01_data", "x = 1").parent
    with pytest.raises(ParameterError, match=r"'01_data\.only' holds a number of a person") as refused:
        run_report(
            study, out=tmp_path / "out", notebooks=notebooks, settings={"01_data.only": VALUES[1]}, cold=True
        )
    assert VALUES[1] not in str(refused.value)
    assert not any(
        VALUES[1] in path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()
    )
