"""Change of members' outcome less that of the nearest non-members, matched before anybody joined.

Heckman, Ichimura, Todd (1997), Review of Economic Studies 64, sec. 5; Smith, Todd (2005), Journal of Econometrics 125,
sec. 3: matching on the propensity, differences over time in place of levels, so that lasting differences between
members and their matches drop out.

    tau = sum_i w_i ((y_i1 - y_i0) - mean of (y_j1 - y_j0) over its set)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from analysis.members import _gate, nearest_neighbour
from analysis.members.nearest_neighbour import Distance
from analysis.members.propensity import Link, Trim
from analysis.members.section import Effect, Section


def estimate(
    section: Section,
    *,
    conf_level: float = 0.95,
    within: np.ndarray | None = None,
    distance: Distance = "logit",
    neighbours: int = 4,
    replacement: Literal["with", "without"] = "with",
    caliper: float = np.inf,
    bias: Literal["none", "regression"] = "none",
    errors: Literal["village", "abadie_imbens"] = "village",
    link: Link = "logit",
    trim: Trim = "none",
) -> Effect:
    """Effect on members by matched differences.

    Parameters
    ----------
    within : (n,) strata inside which members are compared. The villages compare inside the village, where shocks are
        shared and so may be spillovers; None compares anywhere.
    others : as in `nearest_neighbour.estimate`.

    Raises
    ------
    MemberEffectError : no outcome from before; otherwise as `nearest_neighbour.estimate`.
    """
    if section.before is None:
        raise _gate.refusal(
            "matched differences need the outcome before anybody joined; this section has one date only",
            "匹配双重差分需要入社前的结果变量；本数据只有一个时点",
        )
    change = replace(section, outcome=section.outcome - section.before, before=None)
    found = nearest_neighbour.estimate(
        change, conf_level=conf_level, within=within, distance=distance, neighbours=neighbours,
        replacement=replacement, caliper=caliper, bias=bias, errors=errors, link=link, trim=trim,
    )  # fmt: skip
    return replace(found, method="matched_differences")
