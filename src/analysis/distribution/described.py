"""The distribution of everyone's outcome before the first adoption and in the last year, as rows; nothing here is an effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.distribution.decomposition import between_groups, gini_by_source
from analysis.distribution.everyone import Everyone
from analysis.distribution.inequality import inequality
from analysis.distribution.lorenz import Dominance, dominance, generalised_lorenz, lorenz
from analysis.distribution.measured import DistributionError, Measured, difference

WHO = ("everyone", "adopters", "others")
INDICES = ("gini", "theil_t", "theil_l", "bottom_fifth", "palma")
TWENTIETHS = tuple(round(k / 20, 2) for k in range(1, 20))
CURVES = {"lorenz": lorenz, "generalised_lorenz": generalised_lorenz}


def by_year(of: Everyone, *, conf_level: float) -> pd.DataFrame:
    """Indices of everyone, adopters and others: who, measure, when ("first", "last", "change") and the interval."""
    found = []
    for who in WHO:
        rows = of.of(who)
        first, last = (_measured(of, rows, period) for period in (0, 1))
        for when, value in (("first", first), ("last", last), ("change", difference(last, first))):
            found.append(
                value.rows(conf_level=conf_level).assign(who=who, when=when, n_units=int(rows.sum()))
            )
    return pd.concat(found, ignore_index=True)


def between(of: Everyone, *, conf_level: float) -> pd.DataFrame:
    """Gini and Theil within and between adopters and others, and townships: grouping, index, when, measure, interval.

    A grouping that the table does not hold or that has one group only is absent.
    """
    groupings = {"adoption": np.where(of.adopter, "adopters", "others")}
    if of.group is not None:
        groupings["group"] = of.group
    found = []
    for grouping, group in groupings.items():
        if len(np.unique(group)) < 2:
            continue
        for index in ("gini", "theil_t", "theil_l"):
            for when, period in (("first", 0), ("last", 1)):
                try:
                    split = between_groups(of.income[:, period], group, of.weight, of.cluster, index=index)
                except DistributionError:
                    continue  # an index not defined on these incomes: `by_year` says so
                rows = split.rows(conf_level=conf_level)
                total = split.value("total")
                rows = rows.assign(grouping=grouping, index=index, when=when, share=rows["estimate"] / total)
                found.append(rows.assign(n_groups=len(np.unique(group))))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def gini_sources(of: Everyone, *, conf_level: float) -> pd.DataFrame:
    """What each source adds to the Gini of everyone: source, when, measure (share, contribution, ...), interval."""
    found = []
    for when, period in (("first", 0), ("last", 1)):
        sources = gini_by_source(
            {name: part[:, period] for name, part in of.parts.items()}, of.weight, of.cluster
        )
        for name, value in sources.items():
            found.append(value.rows(conf_level=conf_level).assign(source=name, when=when))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


@dataclass(frozen=True, slots=True)
class Curves:
    """Lorenz and generalised Lorenz curves of adopters and others in both years, and what lies above what.

    rows : curve, who, when ("first", "last"; "change" is last less first), share, estimate, conf_low, conf_high, n_units;
        a generalised curve ends at share 1 with the mean, without interval
    verdicts : curve, comparison ("adopters", "others": last against first; "groups": adopters against others, last),
        verdict (first_above, second_above, cross, no_difference), strict, largest (the largest gap of ordinates)
    """

    rows: pd.DataFrame
    verdicts: pd.DataFrame


def curves(of: Everyone, *, conf_level: float, draws: int, seed: int) -> Curves:
    """The four curves of both kinds with pointwise intervals, and dominance by simultaneous ones."""
    found, verdicts = [], []
    for curve, measure in CURVES.items():
        drawn: dict[tuple[str, str], Measured] = {}
        for who in WHO[1:]:
            rows = of.of(who)
            told = {"curve": curve, "who": who, "n_units": int(rows.sum())}
            for when, period in (("first", 0), ("last", 1)):
                income, weight = of.income[rows, period], of.weight[rows]
                made = measure(income, weight, of.cluster[rows], shares=TWENTIETHS)
                drawn[who, when] = made
                found.append(_points(made, conf_level).assign(**told, when=when))
                if curve != "lorenz":
                    end = {"share": 1.0, "estimate": np.average(income, weights=weight), "when": when, **told}
                    found.append(pd.DataFrame([end]))
            change = difference(drawn[who, "last"], drawn[who, "first"])
            found.append(_points(change, conf_level).assign(**told, when="change"))
        pairs = {who: (drawn[who, "last"], drawn[who, "first"]) for who in WHO[1:]}
        pairs["groups"] = (drawn["adopters", "last"], drawn["others", "last"])
        for comparison, (first, second) in pairs.items():
            made = dominance(first, second, conf_level=conf_level, draws=draws, seed=seed)
            verdicts.append({"curve": curve, "comparison": comparison, **_told(made)})
    return Curves(pd.concat(found, ignore_index=True), pd.DataFrame(verdicts))


def _points(of: Measured, conf_level: float) -> pd.DataFrame:
    rows = of.rows(conf_level=conf_level)
    return rows.assign(share=rows["measure"].astype(float)).drop(columns=["measure", "n_units"])


def _told(found: Dominance) -> dict[str, object]:
    gap = found.gap.estimate
    at = int(np.abs(gap).argmax())
    return {
        "verdict": found.verdict, "strict": found.strict, "largest": float(gap[at]), "at": TWENTIETHS[at],
        "lowest_t": found.lowest_t, "highest_t": found.highest_t, "critical": found.critical,
    }  # fmt: skip


def _measured(of: Everyone, rows: np.ndarray, period: int) -> Measured:
    return inequality(of.income[rows, period], of.weight[rows], of.cluster[rows], names=INDICES)
