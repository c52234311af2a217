"""Robustness of this project against peers: wild bootstrap draws and a curve of specifications, in seconds and numbers.

    python benchmarks robustness [--draws 9999] [--json]

bootstrap : the two-way coefficient of `county.py` (366 villages, 10 years), errors by village and by 12 townships, null
    imposed, two-point multipliers. Peers: diff-diff, and wildboottest alone and called by pyfixest where installed
    (`pip install pyfixest wildboottest`; not in the lock, because no one release serves all Python versions of it). Statistics must be equal; p values differ by
    their own draws and must lie within five Monte Carlo errors.
curve : 1,008 specifications with the joint test, ours; and the same 32 group-time specifications one after the other by ours,
    csdid, diff-diff and moderndid, the average effect of each, which must be equal where the estimator is the same.

Every candidate runs once to warm up, then the fastest of three runs counts; of a first run above ten seconds that one.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import county
import numpy as np
import pandas as pd

REPEATS, LONG = 3, 10.0  # runs, seconds
N_TOWNSHIPS = 12
SHARES = (0.005, 0.01, 0.025, 0.05, 0.1)  # winsorised at each end
LEFT_OUT = 6  # groups of villages, each left out of one sample
# coefficients that enter the small-sample factor: treated, nine years, a constant; pyfixest adds the villages
PARAMETERS = {"coopeval": 11, "diff-diff": 10, "wildboottest": 10, "pyfixest": 376}
AIM = 1.5  # t statistic that the outcome is shifted to, so that the p value says something
LIMIT = 1e-8  # of statistics and effects, relative where above one


def main(arguments: list[str] | None = None) -> int:
    """Run both, print seconds, ratios and differences; 1 if numbers differ."""
    parser = argparse.ArgumentParser(prog="benchmarks robustness", description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=9_999, help="bootstrap draws (default 9999)")
    parser.add_argument("--json", action="store_true", help="last line: the ratios as JSON")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    table = county.panel("county")
    answer: dict[str, object] = {}
    good = True
    for level in ("village", "township"):
        good &= _bootstrap(table.assign(township=table["village"] % N_TOWNSHIPS), level, given.draws, answer)
    good &= _curve(table, answer)
    answer["agree"] = bool(good)
    if given.json:
        print(json.dumps(answer))
    return 0 if good else 1


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest run, and what it gave; the first run warms up."""
    began = time.perf_counter()
    found = call()
    first = time.perf_counter() - began
    if first > LONG:
        return first, found
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - began)
    return min(seconds), found


# --- wild bootstrap ---


def _bootstrap(table: pd.DataFrame, level: str, draws: int, answer: dict[str, object]) -> bool:
    data = _unclear(table, level)
    candidates = {"coopeval": _ours(data, level, draws), "diff-diff": _diff_diff(data, level, draws)}
    if importlib.util.find_spec("wildboottest"):
        candidates["wildboottest"] = _wildboottest(data, level, draws)
    if importlib.util.find_spec("wildboottest") and importlib.util.find_spec("pyfixest"):
        candidates["pyfixest"] = _pyfixest(data, level, draws)
    print(f"\nwild bootstrap, {draws} draws, {data[level].nunique()} clusters ({level})")
    print(f"{'candidate':<14}{'seconds':>9}{'to ours':>9}{'t':>11}{'p':>9}")
    good, own, seconds = True, None, {}
    for name, call in candidates.items():
        try:
            taken, (t, p) = _timed(call)
        except Exception as error:  # a peer that fails is named, with its error
            print(f"{name:<14} could not be run: {type(error).__name__}: {error}")
            good = False
            continue
        seconds[name] = round(taken, 4)
        # the small-sample factor differs by what each counts as a parameter; it cancels in the p value
        t = t / np.sqrt(len(data) - PARAMETERS[name]) * np.sqrt(len(data))
        own = own or (taken, t, p)
        same = abs(t - own[1]) <= LIMIT * max(1.0, abs(own[1]))
        spread = 5 * np.sqrt(2 * max(own[2] * (1 - own[2]), 1 / draws) / draws)
        near = abs(p - own[2]) <= spread
        mark = "" if same and near else "  MISMATCH"
        good &= bool(same and near)
        print(f"{name:<14}{taken:>9.3f}{taken / own[0]:>9.1f}{t:>11.6f}{p:>9.4f}{mark}")
    peers = [value for name, value in seconds.items() if name != "coopeval"]
    answer[f"bootstrap_{level}_ratio"] = round(min(peers) / seconds["coopeval"], 2) if peers else None
    answer[f"bootstrap_{level}_seconds"] = seconds
    return good


def _unclear(table: pd.DataFrame, level: str) -> pd.DataFrame:
    """The table with `treated`, its outcome shifted so that the coefficient is AIM standard errors."""
    from analysis.checks.wild_bootstrap import wild_regression

    treated = ((table["cohort"] > 0) & (table["year"] >= table["cohort"])).to_numpy(float)
    effects = (table["unit"].to_numpy(), table["year"].to_numpy())
    found = wild_regression(
        table["income"].to_numpy(), treated, table[level].to_numpy(), effects=effects, draws=99
    )
    moved = table["income"] - (found.estimate - AIM * found.std_error) * treated
    return table.assign(treated=treated, income=moved)


def _ours(data: pd.DataFrame, level: str, draws: int) -> Callable[[], tuple[float, float]]:
    from analysis.checks.wild_bootstrap import wild_regression

    income, treated, cluster, unit, year = (
        data[c].to_numpy() for c in ("income", "treated", level, "unit", "year")
    )

    def call() -> tuple[float, float]:
        found = wild_regression(
            income, treated, cluster, effects=(unit, year), draws=draws, multiplier="rademacher", seed=1
        )
        return found.statistic, found.p_value

    return call


def _demeaned(data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Outcome and regressors (treated, year dummies) less unit means: what is left of the same regression."""
    years = pd.get_dummies(data["year"], dtype=float).iloc[:, 1:]
    whole = pd.concat([data[["income", "treated"]], years], axis=1)
    left = whole - whole.groupby(data["unit"]).transform("mean")
    return left["income"].to_numpy(), left.drop(columns="income").to_numpy()


def _diff_diff(data: pd.DataFrame, level: str, draws: int) -> Callable[[], tuple[float, float]]:
    from diff_diff import wild_bootstrap_se

    y, x = _demeaned(data)
    residuals = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    cluster = data[level].to_numpy()

    def call() -> tuple[float, float]:
        found = wild_bootstrap_se(x, y, residuals, cluster, 0, n_bootstrap=draws, seed=1)
        return float(found.t_stat_original), float(found.p_value)

    return call


def _wildboottest(data: pd.DataFrame, level: str, draws: int) -> Callable[[], tuple[float, float]]:
    import statsmodels.api as sm
    from wildboottest.wildboottest import wildboottest

    y, x = _demeaned(data)
    frame = pd.DataFrame(x, columns=["treated", *(f"y{i}" for i in range(x.shape[1] - 1))])
    cluster = data[level].reset_index(drop=True)

    def call() -> tuple[float, float]:
        model = sm.OLS(pd.Series(y, name="income"), frame)
        found = wildboottest(
            model, param="treated", cluster=cluster, B=draws, seed=1, show=False, bootstrap_type="11"
        )
        return float(np.ravel(found["statistic"])[0]), float(np.ravel(found["p-value"])[0])

    return call


def _pyfixest(data: pd.DataFrame, level: str, draws: int) -> Callable[[], tuple[float, float]]:
    import pyfixest

    def call() -> tuple[float, float]:
        fitted = pyfixest.feols("income ~ treated | unit + year", data=data, vcov={"CRV1": level})
        found = fitted.wildboottest(param="treated", reps=draws, cluster=level, seed=1)
        return float(found["t value"]), float(found["Pr(>|t|)"])

    return call


# --- curve ---


def _curve(table: pd.DataFrame, answer: dict[str, object]) -> bool:
    from analysis.checks.changes import Case, Held
    from analysis.checks.curve import crossed, specification_curve
    from analysis.study import Design

    design = Design(comparison_group="never_treated", covariates=county.COVARIATES, seed=county.SEED)
    case = Case(_panel(table), design, "group_time", None, Held(unit="10,000 yuan"))
    offered = _choices(case)
    n_asked = len(crossed(case, offered))
    taken, found = _timed(lambda: specification_curve(case, offered))
    rows = found.rows
    print(f"\ncurve: {n_asked} specifications, joint test with {found.null.draws} draws: {taken:.2f} s")
    print(f"identified {len(rows)}, the same as another {found.n_same}, not identified {found.n_refused}")
    answer |= {"curve_specifications": n_asked, "curve_seconds": round(taken, 3)}

    asked = [variant for keys, variant in crossed(case, offered) if _shared(keys)]
    print(f"\n{len(asked)} group-time specifications one after the other")
    print(f"{'candidate':<14}{'seconds':>9}{'to ours':>9}{'largest difference':>20}")
    good, own, seconds = True, None, {}
    peers = {"coopeval": _each_of_ours, "csdid": _csdid, "diff-diff": _callaway, "moderndid": _moderndid}
    for name, each in peers.items():
        try:
            taken, effects = _timed(lambda each=each: np.array([each(variant) for variant in asked]))
        except Exception as error:  # a peer that fails is named, with its error
            print(f"{name:<14} could not be run: {type(error).__name__}: {error}")
            good = False
            continue
        own = own or (taken, effects)
        seconds[name] = round(taken, 3)
        away = np.abs(effects - own[1]) / np.maximum(1.0, np.abs(own[1]))
        held = np.array([_same_estimator(name, variant) for variant in asked])
        same = bool((away[held] <= LIMIT).all())
        good &= same
        mark = "" if same else "  MISMATCH"
        print(f"{name:<14}{taken:>9.3f}{taken / own[0]:>9.1f}{away[held].max(initial=0.0):>20.1e}{mark}")
    others = [value for name, value in seconds.items() if name != "coopeval"]
    answer |= {"curve_ratio": round(min(others) / seconds["coopeval"], 2), "curve_each_seconds": seconds}
    return good


def _panel(table: pd.DataFrame) -> Any:
    from analysis.samples import Panel

    wide = table.pivot(index="unit", columns="year", values="income")
    first = table.drop_duplicates("unit").set_index("unit").loc[wide.index]
    n, cohort = len(wide), first["cohort"].to_numpy(float)
    return Panel(
        unit=np.array([f"{unit:04d}" for unit in wide.index]), years=wide.columns.to_numpy(int), outcome=wide.to_numpy(),
        cohort=np.where(cohort > 0, cohort, np.inf), weight=np.ones(n), cluster=first["village"].astype(str).to_numpy(object),
        model=np.full(n, ""), covariates=first[list(county.COVARIATES)].to_numpy(float),
        covariate_names=county.COVARIATES,
    )  # fmt: skip


def _choices(case: Any) -> Any:
    """Six treatments of values times seven samples times what estimators and designs offer."""
    from analysis.checks.changes.outliers import winsorised
    from analysis.checks.curve import choices

    panel, offered = case.panel, choices(case)
    values = {"as_recorded": panel.outcome}
    values |= {f"tails_{share}": winsorised(panel, share).outcome for share in SHARES}
    group = np.arange(panel.n_units) % LEFT_OUT
    samples = {
        "all": np.ones(panel.n_units, dtype=bool),
        **{f"without_{g}": group != g for g in range(LEFT_OUT)},
    }
    return replace(offered, values=values, sample=samples)


def _shared(keys: dict[str, str]) -> bool:
    """The specifications that every peer is asked: never treated, no anticipation, four ways to adjust, eight data sets."""
    return (
        keys["estimator"] == "group_time"
        and keys["comparison"] == "never_treated"
        and keys["anticipation"] == "0"
        and keys["values"] in {"as_recorded", "tails_0.01"}
        and keys["sample"] in {"all", "without_0", "without_1", "without_2"}
    )


def _same_estimator(name: str, variant: Any) -> bool:
    """diff-diff weights comparison units in another way (see README), except where it only regresses or does nothing."""
    if name != "diff-diff" or not variant.panel.covariate_names:
        return True
    return variant.design.adjustment == "outcome_regression"


def _each_of_ours(variant: Any) -> float:
    from analysis.estimates import aggregate
    from analysis.estimators import fit

    effects = fit("group_time", variant.panel, variant.design)
    return float(aggregate(effects, variant.design).row("simple")["estimate"])


def _long(variant: Any) -> pd.DataFrame:
    panel = variant.panel
    n_years = len(panel.years)
    columns = {
        "unit": np.repeat(np.arange(panel.n_units), n_years), "year": np.tile(panel.years, panel.n_units),
        "cohort": np.repeat(np.where(np.isfinite(panel.cohort), panel.cohort, 0).astype(int), n_years),
        "income": panel.outcome.ravel(),
    }  # fmt: skip
    named = zip(panel.covariate_names, panel.covariates.T, strict=True)
    return pd.DataFrame({**columns, **{name: np.repeat(values, n_years) for name, values in named}})


def _formula(variant: Any) -> str:
    return " + ".join(variant.panel.covariate_names) or "1"


METHOD = {"doubly_robust": "dr", "outcome_regression": "reg", "ipw": "ipw"}


def _csdid(variant: Any) -> float:
    from csdid.att_gt import ATTgt

    asked = ATTgt(
        yname="income", tname="year", idname="unit", gname="cohort", data=_long(variant),
        control_group="nevertreated", xformla=f"income ~ {_formula(variant)}",
    )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):  # it prints every average
        fitted = asked.fit(est_method=METHOD[variant.design.adjustment], base_period="varying", bstrap=False)
        return float(fitted.aggte(typec="simple", bstrap=False, cband=False).atte["overall_att"])


def _callaway(variant: Any) -> float:
    from diff_diff import CallawaySantAnna

    asked = CallawaySantAnna(estimation_method=METHOD[variant.design.adjustment], n_bootstrap=0)
    fitted = asked.fit(
        _long(variant), outcome="income", unit="unit", time="year", first_treat="cohort",
        covariates=list(variant.panel.covariate_names) or None,
    )  # fmt: skip
    return float(fitted.overall_att)


def _moderndid(variant: Any) -> float:
    import polars
    from moderndid import aggte, att_gt

    fitted = att_gt(
        polars.from_pandas(_long(variant)), yname="income", tname="year", idname="unit", gname="cohort",
        xformla=f"~ {_formula(variant)}", est_method=METHOD[variant.design.adjustment], control_group="nevertreated",
        base_period="varying", boot=False, cband=False,
    )  # fmt: skip
    return float(aggte(fitted, type="simple", boot=False, cband=False).overall_att)


if __name__ == "__main__":
    raise SystemExit(main())
