"""Write empty Excel workbooks for offices to fill in, one per table, that the import recognises when they come back.

Without a TABLE, those that offices fill in; `--list` names them all.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from analysis.messages import Message, ProjectError, in_language, reader_language

HELP = "empty workbooks for offices to fill in"


class UsageError(ProjectError, ValueError):
    """A table that there is none of, or no place to write to."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval template`."""
    command.add_argument(
        "tables", nargs="*", metavar="TABLE", help="tables of the data model, e.g. village_year"
    )
    command.add_argument("--out", default="", help="folder to write into; made if it is not there")
    command.add_argument(
        "--lang", choices=("zh", "en"), default="", help="language of workbooks and messages"
    )
    command.add_argument("--list", action="store_true", help="list the tables and write nothing")
    command.add_argument(
        "--json", action="store_true", help="last line: folder and files, or tables, as JSON"
    )


def run(given: argparse.Namespace) -> int:
    """Write the workbooks, or list the tables."""
    from analysis.schema import entities, template

    language = reader_language(given.lang)
    known = entities()
    if given.list:
        usual = template.usual()
        for name, entity in known.items():
            print(f"{'*' if name in usual else ' '} {name:<16} {entity.label[language]}")
        note = Message("* written when no table is named", "* 不指定表名时写出")
        print(in_language(note, language))
        if given.json:
            print(json.dumps({"tables": list(known), "usual": usual}))
        return 0
    wrong = [name for name in given.tables if name not in known]
    if wrong:
        raise UsageError(
            Message(
                f"no table {', '.join(wrong)}; choose from {', '.join(known)}",
                f"没有表 {'、'.join(wrong)}；可选 {'、'.join(known)}",
            )
        )
    if not given.out:
        raise UsageError(Message("say where to write: --out DIR", "请用 --out 指定写入的文件夹"))
    folder = Path(given.out)
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            Message(f"{folder.name} is a file; name a folder", f"{folder.name} 是文件，请指定文件夹")
        )
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name in dict.fromkeys(given.tables or template.usual()):
        files.append(template.file_name(known[name], language))
        template.write_template(known[name], language, folder / files[-1])
    done = Message(f"{len(files)} templates written to {folder}", f"已写出 {len(files)} 个填报模板：{folder}")
    print(in_language(done, language))
    if given.json:
        print(json.dumps({"folder": str(folder), "files": files}, ensure_ascii=False))
    return 0
