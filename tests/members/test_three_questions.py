"""Members, others and village means: an identity where it must be one, and an error that counts shared villages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.members._gate import MemberEffectError
from analysis.members.three_questions import three_questions
from analysis.samples import Panel
from analysis.study import Design

YEARS = np.arange(2016, 2022)
DESIGN = Design(comparison_group="not_yet_treated")


def county(
    rng: np.random.Generator, villages: int = 60, households: int = 5, gain: float = 3.0
) -> dict[str, Panel]:
    """Three panels of the same households; members gain `gain`, others 1; a third of the villages never adopts."""
    cohort = np.where(
        np.arange(villages) % 3 == 0, np.inf, np.where(np.arange(villages) % 3 == 1, 2018, 2020)
    )
    member = (rng.random((villages, households)) < rng.uniform(0.2, 0.7, villages)[:, None]) & np.isfinite(
        cohort
    )[:, None]
    member[:, 0] = np.isfinite(cohort)
    member[:, -1] = False
    shock = rng.standard_normal((villages, 1, len(YEARS)))
    y = 10 + shock + rng.standard_normal((villages, households, len(YEARS)))
    treated = YEARS[None, :] >= cohort[:, None]
    y = y + treated[:, None, :] * np.where(member, gain, 1.0)[:, :, None]
    land = rng.standard_normal((villages, households))
    ids = np.array([f"v{k:03d}" for k in range(villages)])

    def panel(rows: np.ndarray) -> Panel:
        village = np.repeat(np.arange(villages), households).reshape(villages, households)[rows]
        n = int(rows.sum())
        return Panel(
            np.array([f"h{k:05d}" for k in np.flatnonzero(rows.ravel())]), YEARS, y[rows], cohort[village], np.ones(n),
            ids[village], np.full(n, ""), land[rows][:, None], ("land",),
        )  # fmt: skip

    never = np.isinf(cohort)[:, None] & np.ones_like(member)
    whole = Panel(
        ids, YEARS, y.mean(axis=1), cohort, np.ones(villages), ids, np.full(villages, ""),
        land.mean(axis=1)[:, None], ("land",),
    )  # fmt: skip
    return {"members": panel(member | never), "others": panel(~member), "village": whole}


def asked(panels: dict[str, Panel], design: Design = DESIGN, **scale: float):
    return three_questions(panels, design, unit="yuan", scale={"members": 1.0, "others": 1.0, **scale})


def test_the_village_mean_is_members_and_others_by_their_shares():
    panels = county(np.random.default_rng(1))
    found = asked(panels)
    ties = found.ties.set_index("variant")
    rows = found.rows.set_index(["variant", "question"])["estimate"]

    after = {name: (panels[name].cohort[:, None] <= YEARS).sum() for name in ("members", "others")}
    share = after["members"] / (after["members"] + after["others"])
    assert ties["share"].tolist() == pytest.approx([share] * 3, abs=1e-12)
    plain = ties.loc["unadjusted_never"]
    assert plain["estimate"] == pytest.approx(0, abs=1e-12) and plain["std_error"] < 0.02
    assert plain["implied"] == pytest.approx(rows["unadjusted_never", "village"], abs=1e-12)
    declared = ties.loc["declared"]
    by_hand = (
        rows["declared", "village"]
        - share * rows["declared", "members"]
        - (1 - share) * rows["declared", "others"]
    )
    assert declared["estimate"] == pytest.approx(by_hand, abs=1e-12)
    assert declared["conf_low"] < 0 < declared["conf_high"]
    assert (
        abs(rows["unadjusted_never", "members"] - 3) < 0.6
        and abs(rows["unadjusted_never", "others"] - 1) < 0.6
    )


def test_the_error_of_the_gap_is_its_derivative_by_the_villages_weights():
    """A second route: every village made a little heavier in all three tables, everything estimated anew."""
    panels = county(np.random.default_rng(2), villages=30, gain=9.0)
    design = DESIGN.model_copy(update={"adjustment": "outcome_regression"})
    found = asked(panels, design).ties.set_index("variant").loc["declared"]
    villages, step, moved = np.unique(panels["village"].cluster), 1e-5, []
    for village in villages:
        heavier = {
            name: replace(panel, weight=np.where(panel.cluster == village, 1 + step, 1.0))
            for name, panel in panels.items()
        }
        gap = asked(heavier, design).ties["estimate"].iloc[0]
        moved.append((gap - found["estimate"]) / step)
    n = len(villages)
    error = np.sqrt(np.square(moved).sum() * n / (n - 1))

    assert 1 < found["std_error"] / error < 1.15, (
        "larger by the small-sample factor of the three estimates only"
    )


def test_a_mean_weight_that_a_panel_divided_by_comes_back_in_the_share():
    panels = county(np.random.default_rng(3))
    plain, heavy = (asked(panels, members=scale).ties["share"].iloc[0] for scale in (1.0, 3.0))

    assert heavy == pytest.approx(3 * plain / (3 * plain + 1 - plain), abs=1e-12)


def test_without_never_adopters_the_declared_design_still_answers():
    panels = {
        name: panel.keep(np.isfinite(panel.cohort))
        for name, panel in county(np.random.default_rng(4)).items()
    }
    found = asked(panels)

    assert found.ties["variant"].tolist() == ["declared", "unadjusted"]


def test_tables_without_a_village_in_common_are_refused():
    panels = county(np.random.default_rng(5))
    panels["village"] = replace(panels["village"], cluster=np.char.add("x", panels["village"].cluster))
    with pytest.raises(MemberEffectError, match="no village in common"):
        asked(panels)
