"""Makes oracle_csdid.json: mpdta as repeated cross-sections by csdid 0.4.3 (drdid 1.1.7).

Run in the benchmarks' environment, which holds csdid: ``.venv-bench/bin/python tests/estimators/oracle_csdid.py``.
Every row is a county asked once; "some" keeps the rows with (7 * county + year) % 5 > 0, four in five. The estimators
are those of DRDID for repeated cross-sections; errors are analytic, not clustered.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "data" / "published" / "mpdta" / "mpdta.csv"
METHODS = {"doubly_robust": "dr", "ipw": "ipw", "outcome_regression": "reg"}
GROUPS = {"never_treated": "nevertreated", "not_yet_treated": "notyettreated"}
AVERAGES = ("simple", "dynamic", "group", "calendar")


def main() -> None:
    """Fit and write."""
    from csdid.att_gt import ATTgt

    table = pd.read_csv(DATA).rename(columns={"first.treat": "cohort"})
    table["row"] = np.arange(len(table)) + 1
    some = table[(7 * table["countyreal"] + table["year"]) % 5 > 0]
    found = []
    for (name, rows), method, group, formula in itertools.product(
        {"all": table, "some": some}.items(), METHODS, GROUPS, ("1", "lpop")
    ):
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = ATTgt(
                yname="lemp", gname="cohort", idname="row", tname="year", xformla=f"lemp~{formula}",
                data=rows.copy(), panel=False, control_group=GROUPS[group],
            ).fit(est_method=METHODS[method], bstrap=False)  # fmt: skip
            cells = [
                [float(v) for v in np.ravel(fitted.results[key])] for key in ("group", "year", "att", "se")
            ]
            overall = [fitted.aggte(typec=kind, bstrap=False).atte for kind in AVERAGES]
        found.append(
            {
                "rows": name, "adjustment": method, "comparison_group": group,
                "covariates": [] if formula == "1" else [formula],
                "cells": dict(zip(("cohort", "year", "effect", "std_error"), cells, strict=True)),
                "overall": {
                    kind: [float(o["overall_att"]), float(np.ravel(o["overall_se"])[0])]
                    for kind, o in zip(AVERAGES, overall, strict=True)
                },
            }
        )  # fmt: skip
    text = json.dumps(found, indent=1)
    (HERE / "oracle_csdid.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
