"""Which differences between models can be told apart, all pairs held to one joint standard.

    |theta_a - theta_b| / se_ab > c,   c: quantile of the largest |t| over all pairs (sup-t, joint influence)

With a separate test per pair, ten models give 45 chances of a false alarm; here all pairs together have one.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from analysis.estimates import Estimates, comparable, contrast
from analysis.inference import simultaneous_critical_value, simultaneous_half_width
from analysis.study import Design


def differences(models: Estimates, design: Design) -> pd.DataFrame | None:
    """One row per pair of models with an interval: first, second, estimate, conf_low, conf_high (simultaneous), apart.

    Models without an interval, or whose interval is flagged as too short, are not compared. None where fewer than two
    models are left.
    """
    rows = models.rows
    usable = rows.loc[comparable(rows), "level"].tolist()
    if len(usable) < 2:
        return None
    pairs = list(combinations(usable, 2))
    found = [contrast(models, {a: 1.0, b: -1.0}, design, label=f"{a}-{b}") for a, b in pairs]
    psi = np.column_stack([each.influence.to_numpy()[:, 0] for each in found])
    critical = simultaneous_critical_value(
        psi, conf_level=design.conf_level, draws=design.bootstrap_draws, seed=design.seed
    )
    made = []
    for (first, second), each in zip(pairs, found, strict=True):
        row = each.rows.iloc[0]
        half = simultaneous_half_width(row["std_error_small"], row["df"], critical)
        low, high = row["estimate"] - half, row["estimate"] + half
        made.append(
            {"first": first, "second": second, "estimate": row["estimate"], "conf_low": low, "conf_high": high,
             "unit": row["unit"], "apart": bool(low > 0 or high < 0)}
        )  # fmt: skip
    return pd.DataFrame(made)
