"""How alike members and their comparison are under each method's weights: the rows of a love plot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.effects import EstimatorError
from analysis.members import _influence, entropy_balancing, nearest_neighbour, propensity
from analysis.members._gate import MemberEffectError
from analysis.members.balance import SMALL, balance
from analysis.members.by_method import NEIGHBOURS
from analysis.members.section import Section

METHODS = ("unadjusted", "nearest_neighbour", "ipw", "entropy_balancing")


def balance_by_method(section: Section) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Balance of every covariate and of all together, by method.

    Returns
    -------
    by covariate: method, variable, difference [s.d. before weighting], variance_ratio;
    by method: method, n_comparison (with a say), effective_n, largest [s.d.], still_apart (beyond SMALL), b, r, status.
    """
    by_covariate, by_method = [], []
    for method in METHODS:
        try:
            weight = weights(method, section)
            found = balance(section.covariates, section.treated, section.weight, weight, section.names)
        except (MemberEffectError, EstimatorError) as error:
            by_method.append({"method": method, "status": f"not estimable: {' '.join(str(error).split())}"})
            continue
        outside = weight[~section.treated]
        after = found.after
        by_covariate += [
            {"method": method, "variable": name, "difference": smd, "variance_ratio": ratio}
            for name, smd, ratio in zip(found.names, after.difference, after.variance_ratio, strict=True)
        ]
        by_method.append(
            {
                "method": method, "n_comparison": int((outside > 0).sum()),
                "effective_n": _influence.effective_number(outside), "largest": found.largest,
                "still_apart": int((np.abs(after.difference) > SMALL).sum()), "b": after.b, "r": after.r, "status": "ok",
            }
        )  # fmt: skip
    return pd.DataFrame(by_covariate), pd.DataFrame(by_method)


def weights(method: str, section: Section) -> np.ndarray:
    """(n,) weights under which a method compares members with others.

    Raises
    ------
    MemberEffectError : what the method refuses.
    """
    inside = np.where(section.treated, section.weight, 0.0)
    if method == "unadjusted":
        return section.weight
    if method == "nearest_neighbour":
        return nearest_neighbour.matched_section(section, neighbours=NEIGHBOURS).weight
    if method == "ipw":
        p = propensity.scores(section).probability
        return np.where(section.treated, section.weight, section.weight * p / (1 - p))
    return inside / inside.sum() + entropy_balancing.weights(section)[0]
