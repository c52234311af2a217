"""What chapter 07 finds: whether the methods find a known truth, in counties whose effects are known."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.checks.validity import SCENARIOS, judge, rehearsal, stored
from analysis.checks.validity.stored import Recomputed, Stored
from analysis.report.page import Page

LIVE = "growing"  # scenario computed again while the page is made
LIVE_METHODS = ("group_time", "imputation", "twfe")


@dataclass(frozen=True)
class Proof:
    """The stored runs, judged.

    rows : one row per scenario and method, as `checks.validity.judge` gives them
    stored : what lies in data/validity: villages, members, ladder
    quantities : summarised quantities of the ladder over seeds
    """

    rows: pd.DataFrame
    stored: dict[str, Stored]
    quantities: pd.DataFrame

    @property
    def villages(self) -> pd.DataFrame:
        """Rows about villages."""
        return self._group("villages")

    @property
    def members(self) -> pd.DataFrame:
        """Rows about households."""
        return self._group("members")

    def steps(self, outcome: str, scenario: str = "county") -> pd.DataFrame:
        """Ladder of one outcome ("member", "collective"), a row per step and seed, with the column `step`."""
        rows = self.stored["ladder"].rows
        prefix = f"{outcome}:"
        chosen = rows[(rows["scenario"] == scenario) & rows["quantity"].str.startswith(prefix)]
        return chosen.assign(step=chosen["quantity"].str.removeprefix(prefix))

    @property
    def rehearsed(self) -> pd.DataFrame:
        """Quantities of the specification, in its order."""
        known = list(rehearsal.REHEARSED)
        rows = self.quantities[self.quantities["quantity"].isin(known)]
        return rows.sort_values("quantity", key=lambda names: names.map(known.index), ignore_index=True)

    def _group(self, group: str) -> pd.DataFrame:
        inside = [key for key, scenario in SCENARIOS.items() if scenario.group == group]
        return self.rows[self.rows["scenario"].isin(inside)].reset_index(drop=True)


def proof(page: Page) -> Proof | None:
    """The stored results, judged and kept for the report; None where nothing is stored."""
    kept = {kind: stored.read(kind) for kind in ("villages", "members", "ladder")}
    if None in kept.values():
        return None
    rows = pd.concat([kept["villages"].rows, kept["members"].rows], ignore_index=True)
    found = Proof(judge(rows), kept, rehearsal.summarised(kept["ladder"].rows))
    page.store.keep_rows(f"{page.number}-recovery", "", found.rows)
    page.store.keep_rows(f"{page.number}-ladder_seeds", "", found.quantities)
    return found


def again(page: Page, proof: Proof | None) -> Recomputed | None:
    """The first counties of one scenario made again now, beside what was stored; kept for the report."""
    if proof is None:
        return None
    found = stored.recompute(LIVE, LIVE_METHODS)
    page.store.keep_facts(
        f"{page.number}-again",
        {"scenario": LIVE, "draws": found.draws, "numbers": found.numbers, "same": found.same},
    )
    return found
