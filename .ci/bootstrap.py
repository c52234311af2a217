"""Set up one environment from its lock file, without root; says nothing when there is nothing to do.

    python3 .ci/bootstrap.py dev      .venv, for reports and tests (requirements-dev.lock)
    python3 .ci/bootstrap.py bench    .venv-bench, with the peers of the benchmarks (requirements-bench.lock)
    python3 .ci/bootstrap.py lock     the lock files and environment.yml, made anew from pyproject.toml;
                                      versions stay where they are unless --upgrade follows

The way: venv, then uv (checked by hash), then every package by hash, with bytecode; pip where uv cannot.
Last the project itself, editable, built without network by the setuptools from the lock.
Standard library only. Exit code 6: the environment is missing and cannot be made.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)  # as requires-python in pyproject.toml; a test compares

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
UV_LOCK = ".ci/requirements-uv.lock"
ENVIRONMENTS = {"dev": ".venv", "bench": ".venv-bench"}

# lock -> dependency groups beside the project's own dependencies; uv stands alone
LOCKS = {
    "requirements.lock": ["setup"],
    "requirements-dev.lock": ["setup", "dev"],
    "requirements-bench.lock": ["setup", "bench"],
    UV_LOCK: ["uv"],
}
COMPILE = ["pip", "compile", "--quiet", "--universal", "--generate-hashes"]
COMPILE += ["--no-emit-index-url", "--no-annotate", "--no-header"]

# The user's own index stays; a constraint or --user would contradict the lock.
PIP_SETTINGS = {"PIP_CONSTRAINT": os.devnull, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
FOREIGN = ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"]

# What installers print when the index cannot be reached.
NETWORK_SIGNS = ["dns error", "failed to lookup", "name resolution", "connection", "unreachable"]
NETWORK_SIGNS += ["timed out", "max retries", "error sending request", "could not connect", "failed to fetch"]


class SetUpError(Exception):
    """The environment cannot be made; says why and what to do, in both languages."""

    def __init__(self, chinese: str, english: str, output: str = "") -> None:
        """Put the two sentences below the last lines of `output`."""
        lines = [line for line in output.strip().splitlines() if not line.startswith("WARNING")]
        tail = "".join(f"  | {line}\n" for line in lines[-8:])
        super().__init__(f"{tail}错误:{chinese}\nError: {english}")


def main(arguments: list[str]) -> int:
    """Do what `arguments` ask for; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    what = arguments[0] if arguments else ""
    if what not in [*ENVIRONMENTS, "lock"]:
        print(__doc__, file=sys.stderr)
        return 2
    folder = ROOT / ENVIRONMENTS.get(what, ENVIRONMENTS["dev"])
    lock = ROOT / f"requirements-{what}.lock"
    if what != "lock" and is_current(folder, lock):
        return 0
    try:
        use_right_python()
        if what == "lock":
            make_locks(folder, upgrade="--upgrade" in arguments)
        else:
            set_up(folder, lock)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 6
    except OSError as error:  # disk full, folder not writable, no pyproject.toml
        print(
            SetUpError(f"无法建立环境:{error}", f"the environment cannot be made: {error}"), file=sys.stderr
        )
        return 6
    except KeyboardInterrupt:
        return 130
    return 0


def say(chinese: str, english: str) -> None:
    """Print one line of progress, in the language of the locale."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    print(chinese if locale.startswith("zh") else english, file=sys.stderr, flush=True)


# --- what is there ---


def digest(lock: Path) -> str:
    """Digest of all that an environment made from `lock` depends on."""
    seen = hashlib.sha256(home_of_environment().encode("utf-8", "surrogateescape"))
    for path in (lock, PYPROJECT, Path(__file__)):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def home_of_environment() -> str:
    """What an environment cannot survive a change of: the place of the project and the Python version."""
    return f"{ROOT} {sys.version_info[0]}.{sys.version_info[1]}"


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / "bin" / "python"


def is_current(folder: Path, lock: Path) -> bool:
    """Whether the environment was completed from this lock, here and with this version of Python."""
    return python_of(folder).exists() and text_of(folder / "stamp") == digest(lock)


def text_of(path: Path) -> str:
    """Text of the file at `path`, empty when there is none."""
    return path.read_text("utf-8", "surrogateescape") if path.exists() else ""


def use_right_python() -> None:
    """Start again with a Python that the locks were made for, from outside the environment being made."""
    again = ["-I", str(Path(__file__).resolve()), *sys.argv[1:]]
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        base = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
        if Path(sys.executable).is_relative_to(ROOT):
            os.execv(base, [str(base), *again])
        return
    if "COOPEVAL_PYTHON_TRIED" not in os.environ:  # once: the command found may be an empty shell
        os.environ["COOPEVAL_PYTHON_TRIED"] = "1"
        for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
            found = shutil.which(f"python3.{minor}")
            if found:
                os.execv(found, [found, *again])
    wanted, version = f"3.{OLDEST[1]}–3.{NEWEST[1]}", sys.version.split()[0]
    raise SetUpError(
        f"需要 Python {wanted},当前为 {version}。请安装后重试,或指定:make PYTHON=python3.12 …",
        f"Python {wanted} is needed, this is {version}. Install one, or name it: make PYTHON=python3.12 …",
    )


# --- setting up ---


def set_up(folder: Path, lock: Path) -> None:
    """Make the environment in `folder` from `lock`; a second caller waits and then finds it made."""
    folder.mkdir(exist_ok=True)
    with (folder / "setup.lock").open("w") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一进程正在建立环境,等待中……", "Another process is setting up the environment; waiting …")
            fcntl.flock(guard, fcntl.LOCK_EX)
        if is_current(folder, lock):
            return
        started = time.monotonic()
        say(
            f"按 {lock.name} 建立环境 {folder.name}(首次约一分钟)……",
            f"Setting up {folder.name} from {lock.name} (about a minute the first time) …",
        )
        (folder / "stamp").unlink(missing_ok=True)
        make_venv(folder)
        install_packages(folder, lock)
        install_project(folder)
        (folder / "stamp.new").write_text(digest(lock), "utf-8")
        (folder / "stamp.new").replace(folder / "stamp")
        seconds = round(time.monotonic() - started)
        say(f"环境就绪,用时 {seconds} 秒。", f"Environment ready after {seconds} s.")


def make_venv(folder: Path) -> None:
    """Make an empty environment in `folder`, unless one of this place and Python is there."""
    home = folder / "home"
    if python_of(folder).exists() and text_of(home) == home_of_environment():
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "setup.lock":  # held open by this process
            entry.unlink()
    # pip comes with the packages, so ensurepip, which Debian packs separately, is not needed
    done = run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    if done.returncode:
        raise SetUpError(
            "此 Python 没有可用的 venv 模块。Debian/Ubuntu 上:sudo apt install python3-venv,然后重试。",
            "this Python has no working venv. On Debian/Ubuntu: sudo apt install python3-venv, then retry.",
            done.stderr,
        )
    home.write_text(home_of_environment(), "utf-8", "surrogateescape")


def install_packages(folder: Path, lock: Path) -> None:
    """Install exactly what `lock` names, every file checked by its hash."""
    uv = get_uv(folder)
    if uv:
        sync = ["pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", str(lock)]
        if run([str(uv), *sync, "--python", str(python_of(folder))], uv_settings()).returncode == 0:
            return
        say("uv 未成功,改用 pip……", "uv did not succeed; trying pip …")
    install = ["install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    done = run([*pip_for(folder), *install, "--requirement", str(lock)], PIP_SETTINGS)
    if done.returncode:
        raise failure(done.stderr)


def install_project(folder: Path) -> None:
    """Install this project editable, with the setuptools of the environment and without network."""
    install = [
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--editable",
        str(ROOT),
    ]
    done = run([*pip_for(folder), *install], PIP_SETTINGS)
    if done.returncode:
        raise failure(done.stderr)


def get_uv(folder: Path) -> Path | None:
    """Path of uv, fetched by pip and checked by hash; None where there is none for this machine."""
    uv = folder / "uv" / "bin" / "uv"
    if not uv.exists():
        fetch = ["install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--upgrade"]
        target = ["--target", str(uv.parent.parent), "--requirement", UV_LOCK]
        done = run([*pip_for(folder), *fetch, *target], PIP_SETTINGS)
        if done.returncode and is_unreachable(done.stderr):
            raise failure(done.stderr)
    return uv if uv.exists() else None


def pip_for(folder: Path) -> list[str]:
    """Command that runs pip on the environment in `folder`: its own pip, or that of this Python."""
    python = str(python_of(folder))
    own = [python, "-m", "pip"]
    ours = [sys.executable, "-m", "pip", "--python", python]
    if run([*own, "--version"]).returncode == 0:
        return own
    if run([*ours, "--version"]).returncode == 0:
        return ours
    if run([python, "-m", "ensurepip"]).returncode == 0:
        return own
    raise SetUpError(
        "找不到 pip。Debian/Ubuntu 上:sudo apt install python3-pip python3-venv,然后重试。",
        "there is no pip. On Debian/Ubuntu: sudo apt install python3-pip python3-venv, then retry.",
    )


def uv_settings() -> dict[str, str]:
    """Settings for uv, which does not read pip's: the same index and certificates."""
    settings = {"UV_PYTHON_DOWNLOADS": "never"}
    for line in run([sys.executable, "-m", "pip", "config", "list"]).stdout.splitlines():
        key, _, value = line.partition("=")
        value = value.strip("'\"")
        if key.endswith(".index-url") and "UV_DEFAULT_INDEX" not in os.environ:
            settings["UV_DEFAULT_INDEX"] = value
        if key.endswith(".cert") and "SSL_CERT_FILE" not in os.environ and Path(value).exists():
            settings["SSL_CERT_FILE"] = value
    if not os.access(Path("~").expanduser(), os.W_OK) and "UV_CACHE_DIR" not in os.environ:
        settings["UV_NO_CACHE"] = "1"
    return settings


def run(command: list[str], settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `command` quietly at the top of the project; what it printed is in the result."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= settings or {}
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )


def is_unreachable(output: str) -> bool:
    """Whether the output of an installer says that the index cannot be reached."""
    return any(sign in output.lower() for sign in NETWORK_SIGNS)


def failure(output: str) -> SetUpError:
    """The error that the output of an installer stands for."""
    if is_unreachable(output):
        return SetUpError(
            "无法连接 Python 软件包源。请检查网络或代理;使用国内镜像:pip config set global.index-url 地址",
            "the Python package index cannot be reached. Check network and proxy; "
            "a mirror is chosen with: pip config set global.index-url ADDRESS",
            output,
        )
    return SetUpError("安装失败,原因见上。", "the installation failed for the reason above.", output)


# --- locks ---


def make_locks(folder: Path, *, upgrade: bool) -> None:
    """Make every lock and environment.yml from pyproject.toml; the later locks keep to the first."""
    folder.mkdir(exist_ok=True)
    make_venv(folder)
    uv = get_uv(folder)
    if uv is None:
        raise SetUpError("无法取得 uv,锁文件未更新。", "uv could not be fetched; the locks are unchanged.")
    options = ["--upgrade"] if upgrade else []
    for name, groups in LOCKS.items():
        say(f"生成 {name}……", f"Making {name} …")
        chosen = [word for group in groups for word in ("--group", group)]
        source = [] if name == UV_LOCK else [PYPROJECT.name]
        command = [str(uv), *COMPILE, *options, *source, *chosen, "--output-file", name]
        done = run(command, uv_settings())
        if done.returncode:
            raise failure(done.stderr)
        options = ["--constraint", next(iter(LOCKS)), *(["--upgrade"] if upgrade else [])]
    done = run([str(python_of(folder)), "-I", "src/analysis/environment.py"])
    if done.returncode:
        raise failure(done.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
