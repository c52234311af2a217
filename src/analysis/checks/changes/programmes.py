"""Units that another programme reached at the same time are left out, one programme at a time and all together."""

from __future__ import annotations

import numpy as np

from analysis.checks.changes._case import Case, Variant, without

THEME = "sample"


def variants(case: Case) -> list[Variant]:
    """Without the units of each declared programme, and of any of them where there are several."""
    reached = {key: hit for key, hit in case.held.programmes.items() if hit.any()}
    made = [without("without_programme", case, hit, key) for key, hit in reached.items()]
    if len(reached) > 1:
        made.append(without("without_programmes", case, np.any(list(reached.values()), axis=0)))
    return made
