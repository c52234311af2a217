"""The surroundings of a run: what must be there, what kernels see, what is written down about them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from analysis import paths
from analysis.messages import Message
from analysis.report.errors import EnvironmentMissing

EPOCH = 1_577_836_800  # 2020-01-01, where neither SOURCE_DATE_EPOCH nor a commit gives a date
KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "COOPEVAL_DATA",
    "XDG_CACHE_HOME",
    "PYTHONPATH",
)
ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Code:
    """The code that made a run; commit "" where it is not under version control."""

    commit: str
    dirty: bool
    epoch: int


def kernel_environment(private: Path) -> dict[str, str]:
    """The whole environment of a kernel: nothing of the user's settings reaches a result.

    Parameters
    ----------
    private : folder for what IPython and Jupyter want to write
    """
    kept = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
    kept.setdefault("HOME", str(private))
    return kept | dict.fromkeys(ONE_THREAD, "1") | {
        "IPYTHONDIR": str(private / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(private),
        "JUPYTER_CONFIG_DIR": str(private / "jupyter"),
        "JUPYTER_DATA_DIR": str(private / "jupyter"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MATPLOTLIBRC": str(_matplotlibrc()),
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", str(EPOCH)),
        "TZ": "UTC",
    }  # fmt: skip


def _matplotlibrc() -> Path:
    found = importlib.util.find_spec("matplotlib")
    folder = Path(found.origin).parent if found and found.origin else Path()
    return folder / "mpl-data" / "matplotlibrc"


def check_environment(formats: tuple[str, ...]) -> None:
    """See before anything runs that what the formats need is installed.

    Raises
    ------
    EnvironmentMissing : names every missing package and font.
    """
    from analysis import fonts

    needed = {"html": ["nbconvert", "latex2mathml"], "pdf": ["typst", "pypandoc"]}
    lacking = [name for form in formats for name in needed[form] if importlib.util.find_spec(name) is None]
    faces = ("SANS_REGULAR", "SANS_BOLD", "SERIF_REGULAR")
    lacking += [Path(path).name for name in faces if not Path(path := getattr(fonts, name)).is_file()]
    if lacking:
        names = ", ".join(lacking)
        raise EnvironmentMissing(
            Message(
                f"not installed: {names}; install the locked environment (make report does)",
                f"未安装：{names}；请安装锁定的环境（make report 会自动完成）",
            )
        )


def code_version() -> Code:
    """Commit of the checkout, whether it was changed since, and its date."""
    commit = _git("rev-parse", "HEAD")
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    date = given if given.isdigit() else _git("show", "-s", "--format=%ct", "HEAD") if commit else ""
    status = _git("status", "--porcelain", "--", "src", "notebooks") if commit else ""
    return Code(commit, bool(status), int(date) if date.isdigit() else EPOCH)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(paths.project()), *arguments],
            capture_output=True, text=True, encoding="utf-8", timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def described() -> dict[str, object]:
    """Python, platform and the versions of the packages the project depends on."""
    packages = {name: importlib.metadata.version(name) for name in _dependencies() if _installed(name)}
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "packages": dict(sorted(packages.items())),
    }


def _dependencies() -> list[str]:
    project = paths.project() / "pyproject.toml"
    if not project.is_file():
        return []
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    return [
        line.split(">")[0].split("=")[0].split("[")[0].strip() for line in content["project"]["dependencies"]
    ]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
