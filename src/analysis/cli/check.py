"""Check a study: every breach of the data contract at once, then who is analysed and what is identified.

Exit code 3 when a table is refused; 4 when no estimator can be used for an outcome.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis.messages import Message, ProjectError, in_language, reader_language

if TYPE_CHECKING:
    import pandas as pd

    from analysis.study import Study

HELP = "the data contract and the design, all problems at once"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval check`."""
    command.add_argument("study", help="study folder, its study.toml, or the name of a study under data/")
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument("--json", action="store_true", help="last line: everything found, as JSON")


def run(given: argparse.Namespace) -> int:
    """Check and print."""
    from analysis import contract
    from analysis.study import read_study

    language = reader_language(given.lang)

    def say(en: str, zh: str) -> None:
        print(in_language(Message(en, zh), language))

    study = read_study(given.study)
    say(
        f"study {study.about.name}: {study.about.title.en}",
        f"研究 {study.about.name}：{study.about.title.zh}",
    )
    try:
        tables = contract.check_study(study)
    except contract.ContractError as error:
        print(f"coopeval: {in_language(error, language)}", file=sys.stderr)
        if given.json:
            breaches = [breach.record() for breach in error.breaches]
            print(json.dumps({"status": "refused", "breaches": breaches}, ensure_ascii=False))
        return error.exit_code
    for key, table in tables.items():
        say(f"table {key}: {len(table)} rows, contract kept", f"表 {key}：{len(table)} 行，符合约定")
    found = [_diagnose(study, outcome, tables, say) for outcome in study.outcomes]
    status, code = "ok", 0
    if any("n_units" not in entry for entry in found):
        status, code = "refused", 3
    elif not all(any(entry["estimators"].values()) for entry in found):
        status, code = "not identified", 4
    if given.json:
        print(json.dumps({"status": status, "breaches": [], "outcomes": found}, ensure_ascii=False))
    return code


def _diagnose(
    study: Study, outcome: str, tables: dict[str, pd.DataFrame], say: Callable[[str, str], None]
) -> dict[str, object]:
    from analysis import estimators, samples
    from analysis.words import Words

    chosen = study.outcome(outcome)
    entry: dict[str, object] = {"outcome": outcome, "problems": [], "notes": [], "estimators": {}}
    say(f"outcome {outcome} ({chosen.label.en})", f"结果变量 {outcome}（{chosen.label.zh}）")
    try:
        sample = samples.select(tables[chosen.table], study, outcome)
    except ProjectError as error:
        say(f"  {error}", f"  {in_language(error, 'zh')}")
        entry["problems"].append(str(error))
        entry["estimators"] = dict.fromkeys(study.design.estimators, False)
        return entry
    panel = sample.panel
    entry["n_units"], entry["n_clusters"] = panel.n_units, len(set(panel.cluster))
    entry["years"] = [int(year) for year in panel.years]
    sizes = {int(c): int((panel.cohort == c).sum()) for c in panel.cohorts}
    entry["cohorts"], entry["never"] = sizes, int((~(panel.cohort < float("inf"))).sum())
    listed = ", ".join(f"{year}: {n}" for year, n in sizes.items())
    say(
        f"  {panel.n_units} units, {panel.years[0]}-{panel.years[-1]}, cohorts {listed}; never {entry['never']}",
        f"  {panel.n_units} 个单位，{panel.years[0]}–{panel.years[-1]} 年，各批次 {listed}；从未采用 {entry['never']}",
    )
    for row in sample.flow.itertuples():
        if row.units_out:
            say(
                f"  left out by {row.rule}: {row.units_out} units",
                f"  按规则 {row.rule} 剔除：{row.units_out} 个单位",
            )
    seen: set[str] = set()
    for name in study.design.estimators:
        try:
            effects = estimators.fit(name, panel.without_models(), study.design)
        except ProjectError as error:
            entry["estimators"][name] = False
            entry["problems"].append(f"{name}: {error}")
            say(f"  {name}: {error}", f"  {name}：{in_language(error, 'zh')}")
            continue
        entry["estimators"][name] = True
        for key, count in effects.notes:
            if key not in seen:
                seen.add(key)
                entry["notes"].append([key, count])
                say(*(f"  {Words(to, study)(f'gate_notes.{key}', n=count)}" for to in ("en", "zh")))
    usable = [name for name, works in entry["estimators"].items() if works]
    say(f"  identified by: {', '.join(usable) or 'none'}", f"  可用估计方法：{'、'.join(usable) or '无'}")
    return entry
