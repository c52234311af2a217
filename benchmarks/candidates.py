"""One candidate in a process of its own: group-time effects of a panel with a band over them, timed.

    python candidates.py NAME FOLDER WARM_UP_FOLDER REPEATS OUT.npz

Timed is the way from the long table in memory to effects, errors and the critical value of the uniform band; the
import, the reading of the table and one call on the small table come before. Every candidate is asked for the
same: never-treated comparison, varying base, doubly robust with the covariates of `county.COVARIATES`, errors
clustered by village, DRAWS multiplier draws. Errors that are compared are the analytic ones, made afterwards from
the candidate's own influence function (or by its own analytic option), because bootstrap errors differ by draws.
"""

from __future__ import annotations

import importlib.metadata
import resource
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DRAWS = 999
COVARIATES = ("land", "schooling", "distance")
FORMULA = "~ land + schooling + distance"
PACKAGES = {"coopeval": "coopeval", "csdid": "csdid", "diff_diff": "diff-diff", "moderndid": "moderndid"}


@dataclass(frozen=True, slots=True)
class Found:
    """k cells.

    cohort, year, effect : (k,)
    std_error : (k,) analytic clustered error, which is compared
    reported : (k,) the error that the timed call itself reports, bootstrapped or enlarged for few clusters
    critical : what the uniform band multiplies errors with
    """

    cohort: np.ndarray
    year: np.ndarray
    effect: np.ndarray
    std_error: np.ndarray
    reported: np.ndarray
    critical: float


class Coopeval:
    """This project: sample, effects, band; the table is read and checked by its own contract."""

    def __init__(self) -> None:
        import analysis.contract
        import analysis.estimates
        import analysis.estimators
        import analysis.samples
        import analysis.study

        self.an = analysis

    def read(self, folder: Path) -> Any:
        study = self.an.study.read_study(folder)
        return study, self.an.contract.read_table("panel", study)

    def run(self, data: Any) -> Any:
        return self._run(*data)

    def _run(self, study: Any, table: Any) -> Any:
        began = time.perf_counter()
        sample = self.an.samples.select(table, study, "income")
        selected = time.perf_counter()
        effects = self.an.estimators.fit("group_time", sample.panel, study.design)
        fitted = time.perf_counter()
        band = self.an.estimates.aggregate(effects, study.design, by="cell")
        ended = time.perf_counter()
        self.parts = {"select": selected - began, "fit": fitted - selected, "aggregate": ended - fitted}
        return effects, band

    def found(self, result: Any, data: Any) -> Found:
        effects, band = result
        cells, rows = effects.cells, band.rows
        return Found(
            cells["cohort"].to_numpy(int),
            cells["year"].to_numpy(int),
            cells["effect"].to_numpy(float),
            np.sqrt(np.diag(effects.covariance)),
            rows["std_error_small"].to_numpy(float),
            float(((rows["conf_high"] - rows["estimate"]) / rows["std_error_small"]).median()),
        )

    def regression(self, data: Any) -> Found:
        study, table = data
        changed = study.changed(outcome="income", adjustment="outcome_regression")
        return self.found(self._run(changed, table), data)


class Csdid:
    """csdid's ATTgt in its default, fast mode."""

    def __init__(self) -> None:
        import pandas
        from csdid.att_gt import ATTgt

        self.pandas, self.att_gt = pandas, ATTgt

    def read(self, folder: Path) -> Any:
        return self.pandas.read_parquet(folder / "panel.parquet")

    def run(self, data: Any) -> Any:
        asked = self.att_gt(
            yname="income", tname="year", idname="unit", gname="cohort", data=data, control_group="nevertreated",
            xformla="income " + FORMULA, clustervar="village", cband=True, biters=DRAWS,
        )  # fmt: skip
        return asked.fit(est_method="dr", base_period="varying", bstrap=True)

    def found(self, result: Any, data: Any) -> Found:
        cells = result.results
        return Found(
            np.asarray(cells["group"], dtype=int),
            np.asarray(cells["year"], dtype=int),
            np.asarray(cells["att"], dtype=float),
            _clustered(result.MP["inffunc"]["inffunc"], data),
            np.asarray(cells["se"], dtype=float),
            float(cells["c"]),
        )


class DiffDiff:
    """diff-diff's CallawaySantAnna; its band is one over event times, the only one that it gives."""

    def __init__(self) -> None:
        import pandas
        from diff_diff import CallawaySantAnna

        self.pandas, self.estimator = pandas, CallawaySantAnna

    def read(self, folder: Path) -> Any:
        return self.pandas.read_parquet(folder / "panel.parquet")

    def run(self, data: Any) -> Any:
        fitted = self._fit(data, "dr", DRAWS)
        return fitted, fitted.aggregate("event_study")

    def _fit(self, data: Any, method: str, draws: int) -> Any:
        asked = self.estimator(estimation_method=method, n_bootstrap=draws, seed=1, cluster="village")
        return asked.fit(
            data,
            outcome="income",
            unit="unit",
            time="year",
            first_treat="cohort",
            covariates=list(COVARIATES),
        )

    def found(self, result: Any, data: Any) -> Found:
        analytic = self._cells(self._fit(data, "dr", 0))
        return Found(*analytic, self._cells(result[0])[-1], float(result[1].cband_crit_value))

    def regression(self, data: Any) -> Found:
        cells = self._cells(self._fit(data, "reg", 0))
        return Found(*cells, cells[-1], np.nan)

    def _cells(self, fitted: Any) -> tuple[np.ndarray, ...]:
        cells = fitted.group_time_effects
        cohort, year = np.array(list(cells), dtype=int).T
        effect = np.array([cell["effect"] for cell in cells.values()])
        return cohort, year, effect, np.array([cell["se"] for cell in cells.values()])


class Moderndid:
    """moderndid's att_gt on a polars table, the kind it computes with."""

    def __init__(self) -> None:
        import polars
        from moderndid import att_gt

        self.polars, self.att_gt = polars, att_gt

    def read(self, folder: Path) -> Any:
        return self.polars.read_parquet(folder / "panel.parquet")

    def run(self, data: Any) -> Any:
        return self.att_gt(
            data, yname="income", tname="year", idname="unit", gname="cohort", xformla=FORMULA, est_method="dr",
            control_group="nevertreated", base_period="varying", clustervars=["village"], boot=True,
            biters=DRAWS, cband=True, random_state=1,
        )  # fmt: skip

    def found(self, result: Any, data: Any) -> Found:
        return Found(
            np.asarray(result.groups, dtype=int),
            np.asarray(result.times, dtype=int),
            np.asarray(result.att_gt, dtype=float),
            _clustered(np.asarray(result.influence_func), self._reordered(data.to_pandas(), result.G)),
            np.asarray(result.se_gt, dtype=float),
            float(result.critical_value),
        )

    def _reordered(self, data: Any, cohorts: np.ndarray) -> Any:
        """The units in the order of the influence function: by cohort as `cohorts` has them, then by id."""
        units = data.drop_duplicates("unit").sort_values("unit")
        order = np.nan_to_num(cohorts, posinf=0)  # never treated is inf there and 0 in the table
        place = {cohort: position for position, cohort in enumerate(dict.fromkeys(order.tolist()))}
        return units.iloc[np.argsort(units["cohort"].map(place).to_numpy(), kind="stable")]


CANDIDATES = {"coopeval": Coopeval, "csdid": Csdid, "diff_diff": DiffDiff, "moderndid": Moderndid}


def _clustered(influence: np.ndarray, data: Any) -> np.ndarray:
    """(k,) errors from (n, k) influence of units, scaled by n, in the order of the units in the table."""
    village = data.drop_duplicates("unit")["village"].to_numpy()
    sums = np.stack([np.bincount(village, weights=column) for column in influence.T])
    return np.sqrt((sums**2).sum(axis=1)) / len(influence)


def _megabytes() -> float:
    """Largest memory of this process so far; its parent is small, so that nothing inherited counts."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    """Time the candidate and write what it found."""
    name, folder, warm_up, repeats, out = sys.argv[1:]
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    candidate = CANDIDATES[name]()
    imported = time.perf_counter() - began
    candidate.run(candidate.read(Path(warm_up)))
    began = time.perf_counter()
    data = candidate.read(Path(folder))
    read = time.perf_counter() - began
    before, seconds, parts = _megabytes(), [], []
    for _ in range(int(repeats)):
        began = time.perf_counter()
        result = candidate.run(data)
        seconds.append(time.perf_counter() - began)
        parts.append(getattr(candidate, "parts", {}))
    peak = _megabytes()
    answer = {"cells": candidate.found(result, data)}
    if hasattr(candidate, "regression"):
        answer["regression"] = candidate.regression(data)
    fastest = parts[int(np.argmin(seconds))]
    arrays = {
        f"{part}.{field}": getattr(found, field)
        for part, found in answer.items()
        for field in Found.__slots__
    }
    np.savez(
        out, **arrays, seconds=seconds, imported=imported, read=read, before=before, peak=peak,
        version=importlib.metadata.version(PACKAGES[name]), parts=list(fastest), part_seconds=list(fastest.values()),
    )  # fmt: skip


if __name__ == "__main__":
    main()
