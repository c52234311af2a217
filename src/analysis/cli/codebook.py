"""Write the codebook: every table and column of the data model with meaning, unit, range and identities.

Writes codebook.zh.html, codebook.en.html and codebook.xlsx; same data model, same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from analysis.messages import Message, ProjectError, in_language, reader_language

HELP = "tables and columns of the data model: HTML (zh, en) and Excel"
LANGUAGES = ("zh", "en")


class UsageError(ProjectError, ValueError):
    """An option's value is not one of the choices, or the place to write to is a file."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval codebook`."""
    command.add_argument("--out", required=True, help="folder to write into; made if it is not there")
    command.add_argument("--lang", default="zh,en", help="languages of the pages, e.g. zh,en (default) or zh")
    command.add_argument("--json", action="store_true", help="last line: folder and files as JSON")


def run(given: argparse.Namespace) -> int:
    """Write the files and print their names."""
    from analysis.schema.codebook import codebook_html, write_codebook_xlsx

    languages = [part.strip() for part in given.lang.split(",") if part.strip()]
    wrong = [part for part in languages if part not in LANGUAGES]
    if wrong or not languages:
        raise UsageError(
            Message(
                f"--lang {given.lang!r}: choose from {', '.join(LANGUAGES)}",
                f"--lang {given.lang!r}：可选 {'、'.join(LANGUAGES)}",
            )
        )
    folder = Path(given.out)
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            Message(f"{folder.name} is a file; name a folder", f"{folder.name} 是文件，请指定文件夹")
        )
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language in dict.fromkeys(languages):
        files.append(f"codebook.{language}.html")
        (folder / files[-1]).write_text(codebook_html(language), encoding="utf-8", newline="\n")
    files.append("codebook.xlsx")
    write_codebook_xlsx(folder / files[-1])
    done = Message(
        f"codebook written to {folder} ({len(files)} files)",
        f"数据字典已写入 {folder}（{len(files)} 个文件）",
    )
    print(in_language(done, reader_language(languages[0] if len(languages) == 1 else "")))
    if given.json:
        print(json.dumps({"folder": str(folder), "files": files}))
    return 0
