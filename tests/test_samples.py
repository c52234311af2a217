"""Samples by named rules; the flow accounts for every unit and row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_study import village_table, write_study

from analysis.contract import read_table
from analysis.samples import RULES, SampleError, select
from analysis.study import read_study


def test_the_flow_adds_up_and_names_the_rule(tmp_path: Path) -> None:
    table = village_table()
    table.loc[table.index[0], "income"] = np.nan  # village 000001
    table = table.drop(table.index[table["village"] == "000002"][-1])  # one year short
    table["closed"] = table["village"] == "000003"
    folder = write_study(tmp_path / "s", table)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(
        text.replace('group = "town"', 'group = "town"\nexclude = ["closed"]'), encoding="utf-8"
    )
    study = read_study(folder)

    sample = select(read_table("village_year", study), study, "income")

    flow = sample.flow.set_index("rule")
    assert list(flow.index) == ["read", *(rule.__name__ for rule in RULES["panel"])]
    assert flow["units_out"].to_dict() == {
        "read": 0, "declared_exclusion": 1, "outcome_missing": 1, "covariate_missing": 0, "not_in_every_period": 1,
    }  # fmt: skip
    assert flow["units_left"].iloc[-1] == sample.panel.n_units == 37
    assert flow["rows_left"].iloc[0] - flow["rows_out"].sum() == flow["rows_left"].iloc[-1] == 37 * 6


def test_the_panel_follows_ids_not_row_order(small_study: Path) -> None:
    study = read_study(small_study)
    table = read_table("village_year", study)

    straight = select(table, study, "income").panel
    shuffled = select(table.sample(frac=1, random_state=3), study, "income").panel

    assert (straight.unit == shuffled.unit).all() and (straight.outcome == shuffled.outcome).all()
    assert np.isinf(straight.cohort).sum() == 20 and (straight.model[np.isinf(straight.cohort)] == "").all()


def test_an_empty_sample_names_the_rule_that_empties_it(tmp_path: Path) -> None:
    table = village_table()
    table["income"] = np.nan
    study = read_study(write_study(tmp_path / "s", table))

    with pytest.raises(SampleError, match="outcome_missing: 0 left"):
        select(read_table("village_year", study), study, "income")
