"""Every answer of index.json is matched by a test at the index's tolerance, or named here with the reason."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import test_published
import test_published_checks
import test_published_members
import test_published_regressions
import test_published_switching
import test_published_synthetic
import test_published_villages

from analysis import paths

MODULES = (
    test_published, test_published_checks, test_published_members, test_published_regressions,
    test_published_switching, test_published_synthetic, test_published_villages,
)  # fmt: skip
MATCHED = [
    ((data, key), answer)
    for module in MODULES
    for data, entries in module.ANSWERS.items()
    for key, answer in entries.items()
]

NOT_YET = {
    "ranks with confidence sets (Mogstad et al. 2024): no method of this project ranks": {
        ("rank_inference", key) for key in ("uk_rank", "uk_L", "uk_U", "top5_n")
    },
    "pooling of estimates from several sources: no method of this project pools": {
        ("rank_inference", key) for key in ("schools_fe", "schools_Q")
    },
    "one treated county: refused by name, as test_published shows": {
        ("chongqing_land_coupon", f"cohort_ratio_{year}") for year in (2012, 2014, 2017)
    },
}
# The estimate is matched; its standard error is not, for the reason given.
ERRORS_NOT_YET = {
    ("mpdta", "cs_calendar"): "one printing of a multiplier bootstrap, 0.0175; ours is the analytic 0.0160",
    ("bangladesh_microcredit", "placement_f"): "classical error, 0.0646; this project's are robust, 0.0659",
}


@pytest.fixture(scope="module")
def index() -> dict[tuple[str, str], dict]:
    folder = paths.shared_data()
    if folder is None or not (folder / "index.json").is_file():
        pytest.skip("index.json of the real data is not here; set COOPEVAL_DATA to the folder that holds it")
    read = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return {(data["name"], entry["id"]): entry for data in read["datasets"] for entry in data["expected"]}


def test_nothing_is_forgotten_and_nothing_is_claimed_twice(index) -> None:
    claims = Counter([key for key, _ in MATCHED] + [key for keys in NOT_YET.values() for key in keys])

    assert set(claims) == set(index)
    assert claims.most_common(1)[0][1] == 1


def test_answers_are_those_of_the_index_at_its_tolerance(index) -> None:
    for key, answer in MATCHED:
        entry = index[key]
        assert answer.expected == pytest.approx(entry["expected"], abs=1e-12), key
        assert answer.tolerance <= entry["tolerance_abs"] * (1 + 1e-9), key


def test_errors_are_those_of_the_index_at_its_tolerance(index) -> None:
    answers = dict(MATCHED)
    printed = {key for key, entry in index.items() if key in answers and "se" in entry}

    assert {key for key in printed if answers[key].error is None} == set(ERRORS_NOT_YET)
    for key in printed - set(ERRORS_NOT_YET):
        assert answers[key].error == pytest.approx(index[key]["se"], abs=1e-12), key
        assert answers[key].error_tolerance <= index[key]["se_tolerance_abs"] * (1 + 1e-9), key
