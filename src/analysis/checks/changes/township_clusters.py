"""Errors that allow whole townships to move together: few clusters, so intervals grow; the estimate stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.checks.changes._case import Case, Variant

THEME = "errors"
FEWEST = 3  # groups; with two no error can be estimated


def variants(case: Case) -> list[Variant]:
    """Clustered by group; nothing where no group is held, too few are, or errors are clustered so already."""
    if case.group is None or len(np.unique(case.group)) < FEWEST:
        return []
    pairs = np.unique(np.column_stack([case.group, case.panel.cluster]).astype(str), axis=0)
    if len(pairs) == len(np.unique(case.group)):
        return []
    panel = replace(case.panel, cluster=case.group)
    return [Variant("cluster_group", panel, case.design, case.estimator)]
