"""The registry against the list of real data: nothing forgotten, nothing loosened, every miss with its reason."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from analysis import paths
from analysis.checks.published import answers

LISTED = {(answer.data, answer.key): answer for answer in answers() if not answer.row}
NOT_COMPUTED = {
    "no_ranks": {("rank_inference", key) for key in ("uk_rank", "uk_L", "uk_U", "top5_n")},
    "no_pooling": {("rank_inference", key) for key in ("schools_fe", "schools_Q")},
}
# The rows of the table of reference values; some numbers of it are not computed, each for its reason.
ROWS = [f"R{k}" for k in (*range(1, 8), *range(11, 21), *range(22, 35))]
ROWS_NOT_COMPUTED = {
    "R11_two_way": "no_two_way_clusters", "R13_static": "data_absent", "R14_static": "data_absent",
    "R15_did2s": "other_variance_only", "R15_etwfe": "other_variance_only", "R17_error": "other_variance_only",
    "R23_iid": "classical_error", "R24_irm": "no_learners", "R25_ipwra": "no_ipwra", "R27_smoothness": "data_absent",
    "R32_lower": "no_ranks", "R34_simple": "sample_not_recorded",
}  # fmt: skip


@pytest.fixture(scope="module")
def index() -> dict[tuple[str, str], dict]:
    folder = paths.shared_data()
    if folder is None or not (folder / "index.json").is_file():
        pytest.skip("index.json of the real data is not here; set COOPEVAL_DATA to the folder that holds it")
    read = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return {(data["name"], entry["id"]): entry for data in read["datasets"] for entry in data["expected"]}


def test_nothing_is_forgotten_and_nothing_stands_twice(index) -> None:
    assert set(LISTED) == set(index)
    assert Counter((a.data, a.key) for a in answers()).most_common(1)[0][1] == 1


def test_what_is_not_computed_is_named() -> None:
    found = {key: answer.reason for key, answer in LISTED.items() if answer.compute is None}

    assert found == {key: reason for reason, keys in NOT_COMPUTED.items() for key in keys}


def test_answers_are_those_of_the_index_at_its_tolerance(index) -> None:
    for key, answer in LISTED.items():
        assert answer.expected == pytest.approx(index[key]["expected"], abs=1e-12), key
        if answer.compute is not None:
            assert answer.tolerance <= index[key]["tolerance_abs"] * (1 + 1e-9), key


def test_errors_are_those_of_the_index_at_its_tolerance(index) -> None:
    printed = {key for key, answer in LISTED.items() if answer.compute is not None and "se" in index[key]}

    assert {key for key in LISTED if LISTED[key].error} == printed
    for key in printed:
        assert float(LISTED[key].error) == pytest.approx(index[key]["se"], abs=1e-12), key
        if not LISTED[key].error_reason:
            assert LISTED[key].error_tolerance <= index[key]["se_tolerance_abs"] * (1 + 1e-9), key


def test_every_row_of_reference_values_is_there_and_what_is_not_computed_says_why() -> None:
    rows = [answer for answer in answers() if answer.row]

    assert list(dict.fromkeys(sorted((a.row for a in rows), key=lambda row: int(row[1:])))) == ROWS
    assert {a.key: a.reason for a in rows if a.compute is None} == ROWS_NOT_COMPUTED
    assert all(a.key.startswith(f"{a.row}_") for a in rows)


def test_reference_values_are_held_to_the_digits_that_were_printed() -> None:
    """Wider only where the source drew at random or searched a grid, and for one digit that was rounded up."""
    wider = {a.row for a in answers() if a.row and a.compute and a.tolerance > 1.2 * half_a_unit(a.printed)}

    assert wider == {"R6", "R18", "R19", "R20", "R22", "R24", "R26", "R28"}
    tightest = {
        row: max(a.tolerance for a in answers() if a.row == row) for row in ("R18", "R19", "R22", "R24")
    }
    assert (
        tightest["R18"] <= 1e-6
        and tightest["R19"] <= 5.1e-7
        and tightest["R22"] <= 3e-8
        and tightest["R24"] <= 1e-6
    )


def half_a_unit(printed: str) -> float:
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])
