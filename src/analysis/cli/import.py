"""Import the files of offices and survey teams: clean tables and a repair log, or the list of what to mend.

Start with `coopeval import --suggest FILE… > MAP.toml`: it proposes which heading goes into which column. Edit it, then
run `coopeval import FILE… --map MAP.toml --out STUDY`. What can be repaired with certainty is repaired and logged cell by
cell in STUDY/import/repairs.csv; anything else stops the import, and nothing is written but the list of what to mend.
Names, ID numbers, phones, accounts and addresses are never stored.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.messages import Message, ProjectError, in_language, reader_language

if TYPE_CHECKING:
    from analysis.intake.importing import Imported
    from analysis.intake.ledger import IntakeError
    from analysis.privacy.pseudonym import Key

HELP = "dirty agency files to clean tables, with a repair log"


class UsageError(ProjectError, ValueError):
    """Options that do not go together."""

    exit_code = 2


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval import`."""
    command.add_argument(
        "files", nargs="+", metavar="FILE", help=".xlsx .xls .csv .tsv .dta .sav .parquet, or folders of them"
    )
    command.add_argument("--map", help="MAP.toml: which heading goes into which column")
    command.add_argument("--out", help="study folder to write; must be empty or an earlier import")
    command.add_argument(
        "--suggest", action="store_true", help="print a commented MAP.toml for these files and stop"
    )
    command.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")
    command.add_argument(
        "--key", help="key file for pseudonyms; made where it does not exist, outside study and repository"
    )
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument(
        "--json", action="store_true", help="last line: counts of repairs, problems and tables as JSON"
    )


def run(given: argparse.Namespace) -> int:
    """Import, or suggest a map."""
    language = reader_language(given.lang)
    if given.suggest:
        return _suggest(given, language)
    if not given.map or not (given.out or given.dry_run):
        raise UsageError(
            Message(
                "give --map MAP.toml and --out STUDY; `coopeval import --suggest FILE…` writes a map to start from",
                "请给出 --map MAP.toml 和 --out 研究文件夹；可先用 `coopeval import --suggest 文件…` 生成映射",
            )
        )
    from analysis.intake import importing
    from analysis.intake.ledger import IntakeError
    from analysis.intake.mapping import read_map

    started = time.monotonic()
    decided = read_map(Path(given.map))
    paths = importing.expand((Path(file) for file in given.files), out=Path(given.out) if given.out else None)

    def say(message: Message) -> None:
        print(in_language(message, language), file=sys.stderr, flush=True)

    key = _key(given.key, decided.needs_key, Path(given.out or "."))
    base = Path(given.map).resolve().parent
    try:
        if given.dry_run:
            made = importing.read_files(paths, decided, say, base=base, key=key)
        else:
            made = importing.import_files(paths, decided, Path(given.out), say, base=base, key=key)
    except IntakeError as error:
        return _refused(error, given, language)
    _tell(made, given, language, time.monotonic() - started)
    return 0


def _suggest(given: argparse.Namespace, language: str) -> int:
    from analysis.intake import importing
    from analysis.intake.files import open_grids
    from analysis.intake.ledger import Ledger
    from analysis.intake.suggest import suggest

    ledger = Ledger()
    grids = [
        grid for path in importing.expand(Path(file) for file in given.files) for grid in open_grids(path, ledger)
    ]  # fmt: skip
    text = suggest(grids, language=language)
    if given.map:
        target = Path(given.map)
        if target.exists():
            raise UsageError(
                Message(f"{target.name} exists; name another file", f"{target.name} 已存在，请换一个文件名")
            )
        target.write_text(text, encoding="utf-8")
        print(in_language(Message(f"map proposed in {target}", f"映射建议已写入 {target}"), language))
    else:
        print(text, end="")
    return 0


def _key(path: str | None, needed: bool, folder: Path) -> Key | None:
    """The key of pseudonyms, made where it does not exist yet; never beside the study."""
    if not needed and not path:
        return None
    from analysis.privacy.pseudonym import Key, place

    file = Path(path) if path else place(folder.name)
    away = (folder.resolve(),)
    if file.exists():
        return Key.read(file, name=folder.name, away_from=away)
    return Key.create(file, name=folder.name, away_from=away)


def _refused(error: IntakeError, given: argparse.Namespace, language: str) -> int:
    from analysis.intake.arrivals import to_fix
    from analysis.intake.mending import write_list
    from analysis.privacy.redact import redact

    print(f"coopeval: {redact(in_language(error, language), language)}", file=sys.stderr)
    if given.out:
        listed = to_fix(Path(given.out))
        try:
            write_list(error.problems, listed)
            words = Message(f"the same list as a workbook: {listed}", f"同一清单的工作簿：{listed}")
        except OSError as unwritten:
            words = Message(
                f"the list could not be written beside the study: {unwritten.strerror}",
                f"清单无法写在研究文件夹旁：{unwritten.strerror}",
            )
        print(in_language(words, language), file=sys.stderr)
    if given.json:
        problems = [
            {"rule": p.rule, "table": p.table, "column": p.name, "places": [str(place) for place in p.places[:1000]],
             "n_places": len(p.places), "what": {"en": str(p.what), "zh": p.what.zh}, "fix": {"en": str(p.fix), "zh": p.fix.zh}}
            for p in error.problems
        ]  # fmt: skip
        print(redact(json.dumps({"status": "refused", "problems": problems}, ensure_ascii=False)))
    return error.exit_code


def _tell(made: Imported, given: argparse.Namespace, language: str, seconds: float) -> None:
    from analysis.intake.rules import rules
    from analysis.privacy.redact import redact

    known = rules()
    counts = made.ledger.counts()
    for rule, count in counts.items():
        per = known[rule].per
        print(
            in_language(
                Message(f"  {count:>8,}  {known[rule].en} (per {per})", f"  {count:>8,}  {known[rule].zh}"),
                language,
            )
        )
    for remark in made.ledger.remarks:
        print(redact(in_language(remark.text(), language), language), file=sys.stderr)
    tables = {name: len(frame) for name, frame in made.tables.items()}
    listed = ", ".join(f"{name} {rows:,}" for name, rows in tables.items())
    where = given.out or "-"
    done = Message(
        f"imported: {len(made.files)} files, {sum(counts.values()):,} repairs, {len(made.ledger.remarks)} remarks; "
        f"tables {listed}; {where} ({seconds:.1f} s)",
        f"导入完成：{len(made.files)} 个文件，{sum(counts.values()):,} 处修正，{len(made.ledger.remarks)} 条提示；"
        f"数据表 {listed}；{where}（{seconds:.1f} 秒）",
    )
    print(in_language(done, language))
    if given.json:
        print(
            json.dumps(
                {
                    "status": "ok",
                    "study": where,
                    "repairs": counts,
                    "remarks": len(made.ledger.remarks),
                    "tables": tables,
                    "seconds": round(seconds, 2),
                },
                ensure_ascii=False,
            )
        )
