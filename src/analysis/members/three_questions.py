"""Members, non-members of the same villages, and village means: three answers that must fit together.

In a village where a share s of households joined, the mean gain of all is s times the members' gain plus 1 - s times
the others'. The gap between the village estimate and that sum has an error of its own, since the three share villages:

    gap = E4 - s E2 - (1 - s) E3,   psi_gap = psi_4 - s psi_2 - (1 - s) psi_3 - (E2 - E3) psi_s

psi: influence by village, enlarged by each estimate's own small-sample factor; s: share of members in the
household-years under treatment, as the averages weight them. Without covariates and against never adopters the sum is
an identity for means of the same households, so that what is left then shows that the tables differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis import estimators
from analysis.effects import Effects, EstimatorError
from analysis.estimates import COLUMNS, Estimates, aggregate
from analysis.members import _gate
from analysis.samples import Panel
from analysis.study import Design

QUESTIONS = ("members", "others", "village")
VARIANTS = ("declared", "unadjusted", "unadjusted_never")


@dataclass(frozen=True, slots=True)
class Three:
    """The three answers under each variant of the design, and whether they fit together.

    rows : variant, question and the columns of Estimates
    ties : variant, share, share_error, implied [outcome unit], and of the gap: estimate, std_error, conf_low, conf_high,
        df, n_clusters, n_treated, unit, status
    effects : those of the declared design by question, for comparison with a truth
    """

    rows: pd.DataFrame
    ties: pd.DataFrame
    effects: dict[str, Effects]


def three_questions(
    panels: dict[str, Panel],
    design: Design,
    *,
    unit: str,
    scale: dict[str, float],
    estimator: str = "group_time",
) -> Three:
    """The answers and their tie, under the declared design, without covariates, and against never adopters alone.

    Parameters
    ----------
    panels : by question; models not told apart.
    scale : mean survey weight of the two household panels, whose weights have mean one each: {"members": 1.0, ...}.

    Raises
    ------
    MemberEffectError : the three panels have no village in common.
    EstimatorError : the declared design identifies nothing for one of them.
    """
    villages = [set(panels[name].cluster) for name in QUESTIONS]
    if not set.intersection(*villages):
        raise _gate.refusal(
            "the household tables and the village table name no village in common; cluster all three by the same ids",
            "农户表与村表没有共同的村；三张表应按同一村编码聚类",
        )
    share, psi_share = _share(panels["members"], panels["others"], scale)
    rows, ties, kept = [], [], {}
    for variant in VARIANTS:
        changed, decided = _variant(variant, panels, design)
        try:
            effects = {name: estimators.fit(estimator, changed[name], decided) for name in QUESTIONS}
            found = {name: aggregate(effects[name], decided, unit=unit) for name in QUESTIONS}
        except EstimatorError:
            if variant == "declared":
                raise
            continue  # no covariates to leave out or nobody who never adopted: the declared design stands alone
        if variant == "declared":
            kept = effects
        for name in QUESTIONS:
            rows.append({"variant": variant, "question": name, **found[name].row("simple")[list(COLUMNS)]})
        ties.append({"variant": variant, **_tie(found, share, psi_share, design.conf_level), "unit": unit})
    return Three(pd.DataFrame(rows), pd.DataFrame(ties), kept)


def _variant(name: str, panels: dict[str, Panel], design: Design) -> tuple[dict[str, Panel], Design]:
    if name == "declared":
        return panels, design
    bare = {
        key: replace(panel, covariates=panel.covariates[:, :0], covariate_names=())
        for key, panel in panels.items()
    }
    if name == "unadjusted":
        return bare, design
    return bare, design.model_copy(update={"comparison_group": "never_treated"})


def _share(members: Panel, others: Panel, scale: dict[str, float]) -> tuple[float, pd.Series]:
    """Members' share of household-years under treatment, and its influence by village."""
    sums = pd.DataFrame({"members": _exposure(members), "others": _exposure(others)}).fillna(0.0)
    sums = sums * pd.Series(scale)
    sums = sums[sums.sum(axis=1) > 0]
    total = float(sums.to_numpy().sum())
    share = float(sums["members"].sum()) / total
    n = len(sums)
    influence = (sums["members"] - share * sums.sum(axis=1)) / total * np.sqrt(n / (n - 1))
    return share, influence


def _exposure(panel: Panel) -> pd.Series:
    """Weighted unit-years under treatment by village."""
    years = (panel.years[None, :] >= panel.cohort[:, None]).sum(axis=1)
    return pd.Series(panel.weight * years).groupby(panel.cluster).sum()


def _tie(
    found: dict[str, Estimates], share: float, psi_share: pd.Series, conf_level: float
) -> dict[str, object]:
    value, psi = {}, {}
    for name, estimates in found.items():
        row = estimates.row("simple")
        at = int(np.flatnonzero(estimates.rows["level"] == "simple")[0])
        own = estimates.influence.iloc[:, at] * (row["std_error_small"] / row["std_error"])
        value[name], psi[name] = row, own
    weight = {"village": 1.0, "members": -share, "others": -(1 - share)}
    ids = sorted(set().union(*(own.index for own in psi.values()), psi_share.index))
    gain = float(value["members"]["estimate"] - value["others"]["estimate"])
    joint = sum(weight[name] * psi[name].reindex(ids, fill_value=0.0) for name in QUESTIONS)
    joint = joint - gain * psi_share.reindex(ids, fill_value=0.0)
    implied = share * value["members"]["estimate"] + (1 - share) * value["others"]["estimate"]
    gap, error = float(value["village"]["estimate"] - implied), float(np.sqrt(joint @ joint))
    df = float(min(row["df"] for row in value.values()))
    whole = all(np.isfinite(row["conf_low"]) for row in value.values())
    half = float(stdtrit(df, 0.5 + conf_level / 2)) * error if whole else np.nan
    return {
        "share": share, "share_error": float(np.sqrt(psi_share @ psi_share)), "implied": float(implied),
        "estimate": gap, "std_error": error, "conf_low": gap - half, "conf_high": gap + half, "df": df,
        "n_clusters": len(ids), "n_treated": int(min(row["n_treated"] for row in value.values())),
        "status": "ok" if whole else "flagged: one of the three has no interval",
    }  # fmt: skip
