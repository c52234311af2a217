"""Configurations: the Lipset example, calibration, cases in doubt, minimisation by enumeration, robustness, chance."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from analysis import paths
from analysis.comparison._minimise import Implicant, prime_implicants, smallest_covers
from analysis.comparison.configuration_checks import chance, robustness
from analysis.comparison.configurations import (
    calibrate,
    fit_of,
    inclusion_range,
    solutions,
    truth_table,
    written,
)
from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language

NAMES = ["DEV", "URB", "LIT", "IND", "STB"]


def lipset_file():
    shared = paths.shared_data()
    return (
        None
        if shared is None
        else shared.parent.parent / "references" / "comparison_data" / "lipset_fuzzy.csv"
    )


@pytest.fixture
def lipset():
    """Survival of democracy in 18 countries; Ragin (2009) in Rihoux, Ragin, Configurational Comparative Methods."""
    if lipset_file() is None or not lipset_file().is_file():
        pytest.skip("the Lipset data are not here")
    data = pd.read_csv(lipset_file())
    return truth_table(data[NAMES], data["SURV"], names=NAMES, inclusion_cut=0.8, n_cut=1)


def crisp(rows, outcome, names="ABC", **cuts):
    return truth_table(np.array(rows, dtype=float), np.array(outcome, dtype=float), names=list(names), **cuts)


def noise(n=60, k=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=(n, k)), rng.uniform(size=n)


def assert_fit(fit, inclusion, pri, coverage):
    assert (fit.inclusion, fit.pri, fit.coverage) == pytest.approx((inclusion, pri, coverage), abs=6e-4)


# --- the published example ---


def test_the_lipset_rows(lipset):
    printed = {
        "11111": (4, 0.904, 0.886), "10101": (2, 0.804, 0.719), "10111": (2, 0.709, 0.634),
        "00101": (1, 0.529, 0.228), "00100": (2, 0.521, 0.113),
    }  # fmt: skip
    for row, (n, inclusion, pri) in printed.items():
        r = int(row, 2)
        assert lipset.n_cases[r] == n
        assert (lipset.inclusion[r], lipset.pri[r]) == pytest.approx((inclusion, pri), abs=6e-4)
    assert np.flatnonzero(lipset.code == 1).tolist() == [0b10101, 0b11111]
    assert lipset.n_cases.sum() == 18
    assert lipset.at_half == ()


def test_the_lipset_conservative_solution(lipset):
    (found,) = solutions(lipset, kind="conservative")
    terms = {t.text: t.fit for t in found.terms}
    assert set(terms) == {"DEV*~URB*LIT*~IND*STB", "DEV*URB*LIT*IND*STB"}
    assert_fit(terms["DEV*~URB*LIT*~IND*STB"], 0.804, 0.719, 0.265)
    assert_fit(terms["DEV*URB*LIT*IND*STB"], 0.904, 0.886, 0.454)
    assert_fit(found.fit, 0.870, 0.843, 0.658)
    assert found.assumed == ()


def test_the_lipset_parsimonious_solution(lipset):
    (found,) = solutions(lipset, kind="parsimonious")
    terms = {t.text: t.fit for t in found.terms}
    assert set(terms) == {"URB*STB", "DEV*~IND"}
    assert_fit(terms["URB*STB"], 0.874, 0.845, 0.520)
    assert_fit(terms["DEV*~IND"], 0.815, 0.721, 0.284)
    assert_fit(found.fit, 0.850, 0.819, 0.714)
    assert "11101" in found.assumed
    assert all(lipset.code[int(row, 2)] == -1 for row in found.assumed)


def test_the_lipset_intermediate_solution_lies_between(lipset):
    (found,) = solutions(lipset, kind="intermediate", expectations=dict.fromkeys(NAMES, True))
    assert {t.text for t in found.terms} == {"DEV*URB*LIT*STB", "DEV*LIT*~IND*STB"}
    assert found.assumed == ("11101",)
    (long,), (short,) = (solutions(lipset, kind=kind) for kind in ("conservative", "parsimonious"))
    assert (long.membership <= found.membership + 1e-12).all()
    assert (found.membership <= short.membership + 1e-12).all()
    # without expectations no counterfactual is easy
    (none,) = solutions(lipset, kind="intermediate")
    assert {t.text for t in none.terms} == {t.text for t in long.terms}


def test_unique_coverage_is_what_the_rest_leaves(lipset):
    (found,) = solutions(lipset, kind="parsimonious")
    by_name = {t.text: t for t in found.terms}
    assert by_name["URB*STB"].unique_coverage == pytest.approx(
        found.fit.coverage - by_name["DEV*~IND"].fit.coverage
    )


# --- calibration, and cases at 0.5 ---


def test_calibration_puts_the_anchors_at_5_50_and_95_percent():
    found = calibrate(np.array([10.0, 30.0, 90.0, 60.0, 20.0]), (10, 30, 90))
    assert found.membership == pytest.approx([0.05, 0.5, 0.95, 1 / (1 + 19**-0.5), 1 / (1 + 19**0.5)])
    assert found.at_half == (1,)
    less_is_more = calibrate(np.array([10.0, 30.0, 90.0]), (90, 30, 10))
    assert less_is_more.membership == pytest.approx([0.95, 0.5, 0.05])
    scaled = calibrate(np.array([10.0, 30.0, 90.0, 60.0, 20.0]) * 1e4, (1e5, 3e5, 9e5))
    assert scaled.membership == pytest.approx(found.membership)
    assert np.isfinite(calibrate(np.array([-1e9, 1e9]), (0, 1, 2)).membership).all()


def test_a_membership_of_exactly_one_half_is_reported_and_moved():
    rows, y = noise()
    rows[4, 1] = rows[9, 0] = 0.5
    found = truth_table(rows, y, names=["A", "B", "C"])
    assert found.at_half == ((4, "B"), (9, "A"))
    assert (found.conditions[4, 1], found.conditions[9, 0]) == (0.501, 0.501)
    assert found.n_cases.sum() == 60  # each case has its row
    assert rows[4, 1] == 0.5
    near = rows.copy()
    near[4, 1] = near[9, 0] = 0.5001
    assert truth_table(near, y, names=["A", "B", "C"]).at_half == ()


# --- truth table ---


def test_inclusion_pri_and_coverage_by_hand():
    found = fit_of(np.array([0.9, 0.6, 0.2]), np.array([0.7, 0.8, 0.1]))
    # min(X, Y): .7 .6 .1;  min(X, Y, 1 - Y): .3 .2 .1
    assert found.inclusion == pytest.approx(1.4 / 1.7)
    assert found.pri == pytest.approx(0.8 / 1.1)
    assert found.coverage == pytest.approx(1.4 / 1.6)
    assert np.isnan(fit_of(np.zeros(2), np.ones(2)).inclusion)


def test_rows_are_coded_by_every_cut():
    rows = [[1, 1, 1]] * 3 + [[1, 1, 0]] * 2 + [[0, 0, 0]]
    outcome = [1, 1, 0, 1, 1, 1]
    code = crisp(rows, outcome, n_cut=2, inclusion_cut=0.8, pri_cut=0.0).code
    assert (code[0b111], code[0b110], code[0b000], code[0b010]) == (0, 1, -1, -1)
    assert crisp(rows, outcome, n_cut=1).code[0b000] == 1
    lenient = crisp(rows, outcome, inclusion_cut=2 / 3, pri_cut=2 / 3)
    assert lenient.code[0b111] == 1  # a cut-off is reached where it is met exactly
    fuzzy = truth_table([[0.6], [0.7]], [0.6, 0.6], names=["A"], pri_cut=0.0)
    strict = truth_table([[0.6], [0.7]], [0.6, 0.6], names=["A"], pri_cut=0.85)
    assert fuzzy.pri[1] == pytest.approx(0.4 / 0.5)
    assert (fuzzy.code[1], strict.code[1]) == (1, 0)


def test_the_order_of_cases_and_of_conditions_does_not_matter():
    rows, y = noise(seed=3)
    options = {"inclusion_cut": 0.6, "pri_cut": 0.3}
    found = solutions(truth_table(rows, y, names=["A", "B", "C"], **options), kind="parsimonious")
    assert found
    shuffle = np.random.default_rng(0).permutation(60)
    again = solutions(
        truth_table(rows[shuffle], y[shuffle], names=["A", "B", "C"], **options), kind="parsimonious"
    )
    turned = solutions(truth_table(rows[:, ::-1], y, names=["C", "B", "A"], **options), kind="parsimonious")

    def literals(models):
        return {frozenset(frozenset(t.text.split("*")) for t in s.terms) for s in models}

    assert literals(found) == literals(again) == literals(turned)


def test_the_range_of_cut_offs_that_change_no_row():
    rows, y = noise(seed=3)
    cuts = {"pri_cut": 0.0, "names": ["A", "B", "C"]}
    middle = np.median(truth_table(rows, y, **cuts).inclusion)
    table = truth_table(rows, y, inclusion_cut=middle, **cuts)
    low, high = inclusion_range(table)
    assert 0 < low < middle <= high < 1
    for cut, same in ((low + 1e-6, True), (high, True), (low - 1e-6, False), (high + 1e-6, False)):
        changed = truth_table(rows, y, inclusion_cut=cut, **cuts)
        assert np.array_equal(changed.code, table.code) == same


# --- minimisation ---


def terms_of(k):
    return [
        Implicant(
            sum(1 << j for j, v in enumerate(p) if v < 2), sum(1 << j for j, v in enumerate(p) if v == 1)
        )
        for p in product((0, 1, 2), repeat=k)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_prime_implicants_and_covers_are_those_of_enumeration(seed):
    k = 3 + seed % 2
    rng = np.random.default_rng(seed)
    code = rng.choice([1, 0, -1], size=2**k)
    code[0] = 1
    on, allowed = set(np.flatnonzero(code == 1)), set(np.flatnonzero(code != 0))
    reach = {t: {r for r in range(2**k) if t.covers(r)} for t in terms_of(k)}
    valid = {t for t, rows in reach.items() if rows <= allowed}
    primes = {t for t in valid if not any(reach[t] < reach[other] for other in valid)}
    assert set(prime_implicants(allowed, k)) == primes
    useful = sorted(t for t in primes if reach[t] & on)
    for size in range(1, len(on) + 1):
        covers = [c for c in combinations(useful, size) if on <= set().union(*(reach[t] for t in c))]
        if covers:
            break
    assert smallest_covers(prime_implicants(allowed, k), on) == sorted(covers)


def test_equally_short_solutions_stand_side_by_side():
    """The cyclic chart: six rows, each covered by two of six prime implicants."""
    rows = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 0, 0]]
    found = solutions(crisp(rows, [1, 1, 1, 1, 1, 1, 0, 0]))
    assert len(found) == 2
    assert {len(s.terms) for s in found} == {3}
    assert all(s.fit.inclusion == s.fit.coverage == 1 for s in found)
    assert len({frozenset(t.text for t in s.terms) for s in found}) == 2


def test_no_row_with_the_outcome_is_no_solution_and_every_row_demands_nothing():
    rows = list(product([0, 1], repeat=2))
    assert solutions(crisp(rows, [0, 0, 0, 0], "AB")) == ()
    (always,) = solutions(crisp(rows, [1, 1, 1, 1], "AB"))
    assert [t.text for t in always.terms] == ["1"]
    assert written(Implicant(0b101, 0b100), "ABC") == "A*~C"


def test_an_expectation_drops_the_condition_that_theory_holds_unhelpful():
    rows = [[1, 1], [0, 0], [0, 1]]  # 10 has no case
    table = crisp(rows, [1, 0, 0], "AB")
    texts = {}
    for label, kind, expected in (
        ("none", "intermediate", None), ("helps", "intermediate", {"B": True}), ("harms", "intermediate", {"B": False}),
        ("short", "parsimonious", None),
    ):  # fmt: skip
        (found,) = solutions(table, kind=kind, expectations=expected)
        texts[label] = found.terms[0].text
    assert texts == {"none": "A*B", "helps": "A*B", "harms": "A", "short": "A"}


# --- robustness and chance ---


ANCHORS = {"land": (2, 5, 8), "market": (2, 5, 8), "party": (2, 5, 8)}


def county(n=60, seed=2, strength=1.0):
    """Raw conditions from 0 to 10, and an outcome that land and market bring together."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, (n, 3))
    together = np.minimum(x[:, 0], x[:, 1])
    return x, strength * together + (1 - strength) * rng.uniform(0, 10, n) + rng.normal(0, 0.4, n)


def test_a_strong_configuration_withstands_the_protocol():
    x, y = county()
    found = robustness(x, y, anchors=ANCHORS, outcome_anchors=(2, 5, 8))
    assert {t.text for t in found.first.terms} == {"land*market"}
    changes = [t.change for t in found.trials]
    assert len(changes) == len(set(changes)) == 6 + 2 + 4 + 1 + 60
    assert {"anchor:land:-", "outcome:+", "inclusion:0.75", "pri:0.75", "n:2", "without:59"} <= set(changes)
    left_out = [t for t in found.trials if t.change.startswith("without")]
    assert sum(t.same for t in left_out) >= 57
    assert all(t.overlap == pytest.approx(1) for t in left_out if t.same)
    assert all("land*market" in t.terms[0] for t in left_out)
    assert next(t for t in found.trials if t.change == "anchor:land:+").overlap < 1
    assert found.core.inclusion >= found.first.fit.inclusion
    assert 0.4 < found.core_share < 1
    assert (found.cases == "robust").sum() > 0


def test_the_core_and_the_cases_follow_from_the_trials():
    x, y = county(strength=0.8, seed=5)
    found = robustness(x, y, anchors=ANCHORS, outcome_anchors=(2, 5, 8))
    changed = [t for t in found.trials if not t.same and t.terms]
    assert changed
    assert found.n_none == sum(t.terms == () for t in found.trials)
    assert (np.isin(found.cases, ["robust", "shaky"]) == (found.first.membership > 0.5)).all()
    assert found.core_coverage_ratio <= 1 + 1e-12
    everywhere = [t.overlap for t in found.trials if t.terms]
    assert (found.core_share == pytest.approx(1)) == all(v == pytest.approx(1) for v in everywhere)


def test_a_choice_under_which_nothing_is_found_is_counted_apart():
    x, y = county()
    found = robustness(x, y, anchors=ANCHORS, outcome_anchors=(2, 5, 8), inclusion_cut=0.88)
    none = {t.change for t in found.trials if not t.terms}
    assert "inclusion:0.93" in none
    assert found.n_none == len(none)
    assert found.core_share > 0


def test_cases_at_the_crossover_are_listed_by_the_protocol():
    x, y = county()
    x[7, 2] = 5.0
    found = robustness(x, y, anchors=ANCHORS, outcome_anchors=(2, 5, 8))
    assert found.at_half == ((7, "party"),)


def test_noise_often_reaches_the_cut_offs_and_a_real_pattern_rarely_by_chance():
    """Braumoeller's point: a table of noise has findings; so the share is printed beside them."""
    x, y = county(n=40)
    m = np.column_stack([calibrate(v, (2, 5, 8)).membership for v in x.T])
    real = chance(truth_table(m, calibrate(y, (2, 5, 8)).membership, names=list(ANCHORS)), draws=300, seed=1)
    assert real.n_rows >= 1
    assert real.p_coverage < 0.02
    assert real.p_coverage >= 1 / 301
    rows, outcome = noise(n=18, k=4, seed=1)
    lenient = truth_table(rows, np.sqrt(outcome), names=list("ABCD"), pri_cut=0.0)
    assert chance(lenient, draws=300, seed=1).share_with_rows > 0.5
    again = chance(lenient, draws=300, seed=1)
    assert again == chance(lenient, draws=300, seed=1)


def test_the_chance_of_noise_is_uniform_enough():
    found = []
    for seed in range(60):
        rows, outcome = noise(n=30, seed=seed)
        table = truth_table(rows, outcome, names=list("ABC"), inclusion_cut=0.7, pri_cut=0.4)
        found.append(chance(table, draws=99, seed=seed).p_coverage)
    assert np.mean(np.array(found) <= 0.10) <= 0.20


# --- errors ---


@pytest.mark.parametrize(
    ("act", "en", "zh"),
    [
        (lambda: calibrate(np.ones(3), (1, 5, 3)), "not 1, 5, 3", "不能是 1、5、3"),
        (lambda: calibrate(np.array([np.nan]), (1, 2, 3)), "values to calibrate are missing", "待校准的数值有缺失"),
        (lambda: crisp([[1, 2]], [1], "AB"), "numbers from 0 to 1, none missing; not so in B", "B 不符"),
        (lambda: crisp([[1, 0]], [np.nan], "AB"), "not so in outcome", "outcome 不符"),
        (lambda: crisp([[1, 0]], [1], "A"), "k different names", "k 个不同名称"),
        (lambda: crisp([[1] * 7], [1], "ABCDEFG"), "1 to 6 conditions", "1 到 6 个条件"),
        (lambda: crisp([[1, 0]], [1], "AB", n_cut=0), "a row without cases is no evidence", "没有案例的行不是证据"),
        (
            lambda: solutions(crisp([[1, 0]], [1], "AB"), kind="complex"),
            "there are conservative, parsimonious, intermediate",
            "可选：conservative, parsimonious, intermediate",
        ),
        (
            lambda: solutions(crisp([[1, 0]], [1], "AB"), kind="intermediate", expectations={"Z": True}),
            "on the conditions A, B; given for intermediate, ['Z']",
            "条件限于 A, B",
        ),
        (
            lambda: robustness(*county(), anchors={"land": (2, 5, 8)}, outcome_anchors=(2, 5, 8)),
            "1 conditions have anchors",
            "给出了 1 个条件的锚点",
        ),
        (
            lambda: robustness(*county(), anchors=ANCHORS, outcome_anchors=(20, 50, 80)),
            "Say that none was found",
            "未发现组态",
        ),
        (lambda: chance(crisp([[1, 0]], [1], "AB", n_cut=3)), "no configuration has 3 cases", "没有任何组态达到 3 个案例"),
    ],
)  # fmt: skip
def test_what_cannot_be_described_is_said(act, en, zh):
    with pytest.raises(ComparisonError) as caught:
        act()
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")


def test_too_many_equally_short_solutions_are_refused():
    """Nine rows with two equal choices each make 512 solutions; eight make 256."""
    even = [r for r in range(64) if r.bit_count() % 2 == 0]
    choices = [Implicant(63 & ~bit, r & ~bit) for r in even for bit in (1, 2)]

    assert len(smallest_covers(choices, even[:8])) == 256
    with pytest.raises(ComparisonError, match="more than 500 solutions are equally short") as caught:
        smallest_covers(choices, even[:9])
    assert "请减少条件" in in_language(caught.value, "zh")
