"""Estimate the effect on one outcome and print the rows as JSON, without running a notebook.

Each row: estimand, level, estimate, std_error (clustered, as published for the estimator), conf_low, conf_high
(CR2 error and t quantile with df degrees of freedom; conf_kind says pointwise or simultaneous), n_treated,
n_clusters, unit, status ("ok", "flagged: why", or "withheld: why", then without a number).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from analysis.messages import reader_language

HELP = "numbers of one outcome and estimator as JSON"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `coopeval estimate`."""
    command.add_argument("study", help="study folder, its study.toml, or the name of a study under data/")
    command.add_argument(
        "--outcome", default="", help="key of an outcome in study.toml (default: the primary one)"
    )
    command.add_argument(
        "--estimator", default="group_time", help="group_time (default), imputation, saturated, twfe"
    )
    command.add_argument(
        "--by", default="overall", help="overall (default), event_time, cohort, year, model or cell"
    )
    command.add_argument("--comparison-group", default=None, help="never_treated or not_yet_treated")
    command.add_argument("--base-period", default=None, help="varying or universal")
    command.add_argument(
        "--anticipation", type=int, default=None, help="periods before adoption that may be affected"
    )
    command.add_argument(
        "--covariates", default=None, help="baseline columns, e.g. a,b; an empty text for none"
    )
    command.add_argument("--adjustment", default=None, help="doubly_robust, outcome_regression or ipw")
    command.add_argument("--seed", type=int, default=None, help="seed of the multiplier bootstrap")
    command.add_argument("--table", default="", metavar="OUT.csv", help="write the rows as CSV too")
    command.add_argument("--lang", choices=("zh", "en"), default="", help="language of messages")
    command.add_argument("--json", action="store_true", help="the whole list on one line")


def run(given: argparse.Namespace) -> int:
    """Estimate and print."""
    from analysis import contract, estimators, samples
    from analysis.estimates import aggregate, release
    from analysis.study import read_study
    from analysis.words import Words

    study = read_study(given.study)
    outcome = given.outcome or study.primary_outcome
    covariates = None if given.covariates is None else tuple(c for c in given.covariates.split(",") if c)
    study = study.changed(
        outcome=outcome, comparison_group=given.comparison_group, base_period=given.base_period,
        anticipation=given.anticipation, covariates=covariates, adjustment=given.adjustment, seed=given.seed,
    )  # fmt: skip
    chosen = study.outcome(outcome)
    sample = samples.select(contract.read_table(chosen.table, study), study, outcome)
    panel = sample.panel if given.by == "model" else sample.panel.without_models()
    effects = estimators.fit(given.estimator, panel, study.design)
    estimates = release(
        aggregate(effects, study.design, by=given.by, unit=chosen.unit), audience=study.release.audience
    )
    words = Words(reader_language(given.lang), study)
    for key, count in effects.notes:
        print(words(f"gate_notes.{key}", n=words.count(count)), file=sys.stderr)
    if given.table:
        Path(given.table).parent.mkdir(parents=True, exist_ok=True)
        estimates.rows.to_csv(given.table, index=False, encoding="utf-8-sig", lineterminator="\n")
    lines = [json.dumps(row, ensure_ascii=False) for row in estimates.records()]
    print(f"[{', '.join(lines)}]" if given.json else "[\n" + ",\n".join(f" {line}" for line in lines) + "\n]")
    return 0
