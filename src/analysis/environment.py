"""`environment.yml` for conda users, derived from pyproject.toml: run `python -m analysis.environment`.

The same names and version ranges as pyproject.toml, groups `setup` and `dev` included; what conda-forge
lacks or packs otherwise goes under `pip`. A test compares the file with what this module derives.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# PyPI name -> conda-forge name, where they differ
CONDA_NAMES = {"matplotlib": "matplotlib-base"}

# Not on conda-forge, or there without the binary that the wheel carries.
PIP_ONLY = {"pypandoc_binary", "typst"}

HEADER = """\
# Generated from pyproject.toml by `python -m analysis.environment`; do not edit.
# Solving by conda not tried here: the tested way is `make report`, which installs the exact versions
# of requirements-dev.lock.
"""


def requirements(pyproject: str) -> dict[str, str]:
    """Version range by PyPI name: the project's dependencies and its groups `setup` and `dev`, sorted."""
    project = tomllib.loads(pyproject)
    groups = project["dependency-groups"]
    listed = [*project["project"]["dependencies"], *groups["setup"], *groups["dev"]]
    return dict(sorted(split(requirement) for requirement in listed))


def split(requirement: str) -> tuple[str, str]:
    """Name and version range of one requirement, e.g. ("numpy", ">=2.2").

    Raises
    ------
    ValueError : the requirement has extras or markers, which conda does not know.
    """
    parts = re.fullmatch(r"([A-Za-z0-9._-]+?)((?:[<>=!~]=?[0-9.*]+,?)*)", requirement.replace(" ", ""))
    if parts is None:
        raise ValueError(f"'{requirement}' is more than a name and a version range; conda cannot say it.")
    return parts[1], parts[2]


def environment(pyproject: str) -> str:
    """Text of environment.yml for the text of a pyproject.toml."""
    needed = requirements(pyproject)
    python = tomllib.loads(pyproject)["project"]["requires-python"]
    conda = [CONDA_NAMES.get(name, name) + range_ for name, range_ in needed.items() if name not in PIP_ONLY]
    pip = [name + range_ for name, range_ in needed.items() if name in PIP_ONLY]
    lines = ["name: coopeval", "channels:", "  - conda-forge", "dependencies:", f"  - python{python}"]
    lines += [f"  - {package}" for package in conda]
    lines += ["  - pip:", *(f"      - {package}" for package in pip), "      - -e ."]
    return HEADER + "\n".join(lines) + "\n"


def main() -> None:
    """Rewrite environment.yml."""
    text = environment((ROOT / "pyproject.toml").read_text("utf-8"))
    (ROOT / "environment.yml").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
