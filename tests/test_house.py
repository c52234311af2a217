"""The house rules: where things lie, what the locks hold, what notebooks look like, which way imports go."""

import ast
import json
import re
import runpy
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from analysis import environment

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "analysis"

TOP_LEVEL = {
    # the fixed ones
    *("notebooks", "src", "data", "reports", "environment.yml", "tests", "README.md"),
    # what tools need
    *("pyproject.toml", "Makefile", ".ci", ".gitignore", "benchmarks"),
    *("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"),
    # what readers look for there
    *("LICENSE", "CHANGELOG.md", "DECISIONS.md", "ARCHITECTURE.md"),
}

# A stage imports only from itself and from stages before it; those of the first line also serve each other.
STAGES = [
    *("fonts", "paths", "messages", "environment", "privacy"),
    *(
        "study",
        "words",
        "schema",
        "simulate",
        "contract",
        "intake",
        "samples",
        "effects",
        "estimators",
        "inference",
        "estimates",
    ),
    *("members", "distribution", "checks", "comparison", "figures", "tables", "report", "cli"),
]

BOOTSTRAP = runpy.run_path(str(ROOT / ".ci" / "bootstrap.py"), run_name="bootstrap")
LOCKS = BOOTSTRAP["LOCKS"]


@cache
def files() -> list[Path]:
    """Every file under version control, or not ignored and about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # an unpacked archive: no repository, no git
        ignored = {
            ".git",
            ".venv",
            ".venv-bench",
            "__pycache__",
            ".pytest_cache",
            ".ruff_cache",
            ".hypothesis",
        }
        found = [path for path in ROOT.rglob("*") if not ignored & set(path.relative_to(ROOT).parts)]
        return sorted(path for path in found if path.is_file() and ".egg-info" not in str(path))
    names = listed.stdout.decode("utf-8").split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


# --- layout ---


def test_top_level_is_as_agreed():
    top = {path.relative_to(ROOT).parts[0] for path in files()}
    assert top <= TOP_LEVEL, f"not agreed at the top level: {sorted(top - TOP_LEVEL)}"


def test_no_file_names_a_place_on_one_machine():
    machine_path = re.compile(r"(?<![\w.:/~-])/(?:root|home/\w|Users/\w|work|tmp|mnt|opt)(?:/|\b)")
    found = []
    for path in files():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
            for number, line in enumerate(lines, 1)
            if path != Path(__file__) and machine_path.search(line)
        ]
    assert not found, "\n".join(found)


def test_no_file_is_larger_than_3_megabytes():
    large = [path.relative_to(ROOT).as_posix() for path in files() if path.stat().st_size > 3_000_000]
    assert not large, large


# --- environment ---


def test_environment_yml_says_what_pyproject_says():
    derived = environment.environment((ROOT / "pyproject.toml").read_text("utf-8"))
    assert (ROOT / "environment.yml").read_text("utf-8") == derived, "run: python -m analysis.environment"


def test_environment_yml_follows_a_changed_range():
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    numpy = next(need for need in project()["project"]["dependencies"] if need.startswith("numpy"))
    changed = environment.environment(pyproject.replace(f'"{numpy}"', '"numpy>=99"'))
    assert "  - numpy>=99\n" in changed
    assert changed != (ROOT / "environment.yml").read_text("utf-8")


def test_environment_yml_has_every_dependency_and_the_project_itself():
    lines = [line.strip(" -") for line in (ROOT / "environment.yml").read_text("utf-8").splitlines()]
    for need in environment.requirements((ROOT / "pyproject.toml").read_text("utf-8")):
        conda = environment.CONDA_NAMES.get(need, need)
        assert any(re.match(rf"{re.escape(conda)}[<>=!]", line) for line in lines), f"{need} is missing"
    assert lines[-1] == "e ."
    assert "not tried here" in "\n".join(lines)


def test_a_requirement_that_conda_cannot_say_is_refused():
    with pytest.raises(ValueError, match=r"'nbconvert\[webpdf\]>=7' is more than a name and a version range"):
        environment.split("nbconvert[webpdf]>=7")


@cache
def pins(lock: str) -> dict[str, list[Requirement]]:
    """Pinned requirements by normalised name; one name may have several, by Python version."""
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / lock).read_text("utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.removesuffix("\\").strip())
            found.setdefault(normal(requirement.name), []).append(requirement)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_pin_and_hash_every_package_and_name_no_address(lock):
    text = (ROOT / lock).read_text("utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9._-]+==[^ ]+( ; [^\\]+)? \\\n", entry), entry[:100]
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)) >= 1, entry[:100]
    assert not re.search(r"://|find-links|index|file:", text)


@pytest.mark.parametrize(("lock", "groups"), LOCKS.items())
def test_locks_satisfy_pyproject(lock, groups):
    listed = [] if lock == ".ci/requirements-uv.lock" else project()["project"]["dependencies"]
    needs = [*listed, *(need for group in groups for need in project()["dependency-groups"][group])]
    for need in map(Requirement, needs):
        pinned = pins(lock).get(normal(need.name))
        assert pinned, f"{lock} lacks {need.name}; run: make lock"
        for pin in pinned:
            version = next(iter(pin.specifier)).version
            assert Version(version) in need.specifier, f"{lock} has {pin}, pyproject {need}; run: make lock"


@pytest.mark.parametrize("lock", ["requirements-dev.lock", "requirements-bench.lock"])
def test_every_lock_agrees_with_the_first(lock):
    first = pins("requirements.lock")
    assert {name: pins(lock).get(name) for name in first} == first


def test_the_bootstrap_accepts_the_pythons_of_pyproject():
    required = SpecifierSet(project()["project"]["requires-python"])
    accepted = [(3, minor) for minor in range(40) if f"3.{minor}.9" in required]
    assert (accepted[0], accepted[-1]) == (BOOTSTRAP["OLDEST"], BOOTSTRAP["NEWEST"])


def test_an_environment_is_made_anew_when_its_lock_changes(tmp_path):
    lock = tmp_path / "requirements-dev.lock"
    lock.write_text("numpy==2.4.6\n", "utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert not BOOTSTRAP["is_current"](tmp_path, lock)
    (tmp_path / "stamp").write_text(BOOTSTRAP["digest"](lock), "utf-8")
    assert BOOTSTRAP["is_current"](tmp_path, lock)
    lock.write_text("numpy==2.4.7\n", "utf-8")
    assert not BOOTSTRAP["is_current"](tmp_path, lock)


def test_the_bootstrap_says_in_both_languages_that_there_is_no_network():
    output = "WARNING: again\nERROR: Temporary failure in name resolution"
    assert str(BOOTSTRAP["failure"](output)) == (
        "  | ERROR: Temporary failure in name resolution\n"
        "错误:无法连接 Python 软件包源。请检查网络或代理;使用国内镜像:pip config set global.index-url 地址\n"
        "Error: the Python package index cannot be reached. Check network and proxy; "
        "a mirror is chosen with: pip config set global.index-url ADDRESS"
    )


def test_the_bootstrap_needs_the_standard_library_only():
    text = (ROOT / ".ci" / "bootstrap.py").read_text("utf-8")
    assert set(imported(ast.parse(text))) <= sys.stdlib_module_names | {"__future__"}


# --- imports ---


def imported(tree: ast.AST) -> list[str]:
    """Modules that `tree` imports by absolute name; for `from a import b` both a and a.b are meant."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += (
                [node.module] if node.module != "analysis" else [f"analysis.{a.name}" for a in node.names]
            )
    return found


def stages_imported(source: str, module: tuple[str, ...], is_package: bool) -> set[str]:
    """Stages of `analysis` that the source of `module` (a tuple of names below analysis) imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ("analysis", *module)[: len(module) + 1 - node.level + is_package]
            full = [*base, *(node.module.split(".") if node.module else [])]
            names = [[*full, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [name.split(".") for name in imported(ast.Module([node], []))]
        else:
            continue
        found |= {name[1] for name in names if name[0] == "analysis" and len(name) > 1}
    return found


def modules() -> list[Path]:
    exempt = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path not in exempt]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_stage_imports_only_stages_above_it(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = parts[:-1] if is_package else parts
    stage = module[0]
    assert stage in STAGES, f"{stage} is no stage; the stages are {', '.join(STAGES)}"
    used = stages_imported(path.read_text("utf-8"), module, is_package)
    unknown = used - set(STAGES) - {"__version__"}
    assert not unknown, f"{stage} imports what is no stage: {sorted(unknown)}"
    later = {other for other in used & set(STAGES) if STAGES.index(other) > STAGES.index(stage)}
    if STAGES.index(stage) < STAGES.index("study"):
        later = {other for other in later if STAGES.index(other) >= STAGES.index("study")}
    assert not later, f"{stage} imports {sorted(later)}, which come after it"


def test_the_reading_of_imports_sees_every_form():
    source = (
        "import analysis.cli\nfrom analysis import words, report\nfrom analysis.figures.style import x\n"
        "from . import sibling\nfrom .. import study\nfrom ..tables import y\n"
        "def f():\n    from analysis.checks import z\n"
    )
    inside = stages_imported(source, ("estimators", "twfe"), is_package=False)
    assert inside == {"cli", "words", "report", "figures", "estimators", "study", "tables", "checks"}
    package = stages_imported(
        "from .twfe import fit\nfrom ..effects import E", ("estimators",), is_package=True
    )
    assert package == {"estimators", "effects"}


# --- notebooks ---


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_a_run_leaves(path):
    notebook = json.loads(path.read_text("utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"cell {number} has outputs"
            assert cell["execution_count"] is None, f"cell {number} has an execution count"
        left = {"papermill", "execution"} & set(cell["metadata"])
        assert not left, f"cell {number} has the metadata of a run: {sorted(left)}"
    assert "papermill" not in notebook["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_a_title_and_one_parameters_cell(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert "".join(cells[0]["source"]).startswith("# ")
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert not any("injected-parameters" in cell["metadata"].get("tags", []) for cell in cells)


# --- style ---


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
