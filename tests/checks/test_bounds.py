"""Bounds under differing trends: published intervals, a second implementation by linear programs, known truths."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import null_space
from scipy.optimize import linprog, minimize

from analysis import estimators
from analysis.checks.honest import EventPath, TrendsError, after_weights, flci, from_path, relative_magnitude
from analysis.checks.parallel_trends_bounds import ask, bounds, breakdown
from analysis.contract import read_table
from analysis.estimates import aggregate
from analysis.samples import Panel, select
from analysis.study import Design, read_study

# Benzarti, Carloni (2019), event study of profits, as in the R package HonestDiD (MIT): four periods before the base.
BC = np.array([
    0.006696351804, 0.02934503369, -0.006472972222, 0.0730149895, 0.1959611177, 0.3120639026, 0.2395415455, 0.1260425001,
])  # fmt: skip
BC_COVARIANCE = np.array([
    [0.0008428358124, 0.0004768686777, 0.0002618051076, 0.0002354220342, 0.0001676371467, 0.0001128707663, 1.992816215e-05, -0.0001368265366],
    [0.0004768686777, 0.0006425420288, 0.0003987425007, 0.0002435515198, 0.0002201960306, 0.0001804591157, 3.84376508e-05, -2.960421989e-05],
    [0.0002618051076, 0.0003987425007, 0.0005229949602, 0.000211768609, 0.0001840722252, 0.000145852784, 7.005197403e-05, 5.952994979e-05],
    [0.0002354220342, 0.0002435515198, 0.000211768609, 0.0003089595411, 0.0001197866077, 0.0001334081317, 0.0001016335009, 0.0001079051726],
    [0.0001676371467, 0.0002201960306, 0.0001840722252, 0.0001197866077, 0.000359970436, 0.0002478818642, 0.0001749579242, 0.0001654256921],
    [0.0001128707663, 0.0001804591157, 0.000145852784, 0.0001334081317, 0.0002478818642, 0.0004263949813, 0.0002171437809, 0.0002892747871],
    [1.992816215e-05, 3.84376508e-05, 7.005197403e-05, 0.0001016335009, 0.0001749579242, 0.0002171437809, 0.0004886697861, 0.0003805322049],
    [-0.0001368265366, -2.960421989e-05, 5.952994979e-05, 0.0001079051726, 0.0001654256921, 0.0002892747871, 0.0003805322049, 0.000761739444],
])  # fmt: skip
FIRST = np.eye(4)[0]
DESIGN = Design(comparison_group="never_treated", base_period="universal", min_treated_units=2)


def medicaid() -> EventPath:
    """The Medicaid expansion of 2014 as in the README of HonestDiD: years before 2016, 2015 expanders left out."""
    study = read_study("medicaid_insurance")
    panel = select(read_table("state_year", study),
                   study, study.primary_outcome).panel  # fmt: skip
    kept = panel.keep(panel.cohort != 2015)
    early = kept.years < 2016
    cohort = np.where(kept.cohort > 2015, np.inf, kept.cohort)
    kept = replace(kept, years=kept.years[early], outcome=kept.outcome[:, early], cohort=cohort)
    return from_path(estimators.fit("saturated", kept.without_models(), DESIGN), DESIGN)


def random_study(seed: int, n_pre: int, n_post: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = n_pre + n_post
    loading = rng.normal(size=(n, n + 2))
    covariance = 0.04 * (loading @ loading.T / n + 0.2)
    return rng.multivariate_normal(np.linspace(-0.3, 0.6, n), covariance), covariance


# --- smoothness ---


@pytest.mark.parametrize(
    ("m", "low", "high"), [(0, 0.13146, 0.21612), (0.01, 0.15497, 0.27047), (0.02, 0.17647, 0.31524)]
)
def test_smoothness_of_two_packages(m, low, high):
    """moderndid and diff-diff agree on these to 5e-6; five digits are printed."""
    row = bounds(BC, BC_COVARIANCE, 4, restriction="smoothness", sizes=[m], weights=FIRST).rows.iloc[0]

    assert row["conf_low"] == pytest.approx(low, abs=1e-5)
    assert row["conf_high"] == pytest.approx(high, abs=1e-5)


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [
        (0, 0.131411316, 0.2161696482),
        (0.01, 0.1549652671, 0.2703845303),
        (0.02, 0.1773010879, 0.3159564682),
        (0.03, 0.1894044644, 0.3485477500),
        (0.1, 0.1194440001, 0.4185082143),
        (0.2, 0.01944400015, 0.5185082143),
    ],
)
def test_smoothness_of_the_r_package(m, low, high):
    """R simulates its critical value with a million draws (standard error 1e-3 of the length) and searches a grid."""
    row = bounds(BC, BC_COVARIANCE, 4, restriction="smoothness", sizes=[m], weights=FIRST).rows.iloc[0]

    assert row["conf_high"] - row["conf_low"] == pytest.approx(high - low, rel=2e-3)
    assert row["conf_low"] == pytest.approx(low, abs=1e-3)


def test_smoothness_of_the_medicaid_readme():
    path = medicaid()
    sizes = [0, 0.01, 0.02, 0.03, 0.04, 0.05]
    found = bounds(
        path.beta, path.covariance, path.n_pre, restriction="smoothness", sizes=sizes, weights=[1, 0]
    )

    low = [0.0259, 0.0132, 0.00286, -0.00714, -0.0171, -0.0271]
    high = [0.0607, 0.0787, 0.0907, 0.101, 0.111, 0.121]
    assert found.rows["conf_low"].to_numpy() == pytest.approx(low, abs=1.5e-4)
    assert found.rows["conf_high"].to_numpy() == pytest.approx(high, abs=5e-4)
    assert (found.conf_low, found.conf_high) == pytest.approx((0.029, 0.064), abs=6e-4)
    size = breakdown(path.beta, path.covariance, path.n_pre, restriction="smoothness", weights=[1, 0])
    assert 0.02 < size < 0.03


def smooth_set(n_pre: int, n_post: int) -> np.ndarray:
    """(n - 1, n) second differences of delta, the base period's zero put in between."""
    full = np.diff(np.eye(n_pre + n_post + 1), n=2, axis=0)
    return np.delete(full, n_pre, axis=1)


def largest_bias(w: np.ndarray, n_pre: int, m: float) -> tuple[float, np.ndarray]:
    """Largest w'delta over Delta^SD(m) and the delta that gives it, less weights' tau = 0, by a linear program."""
    rows = smooth_set(n_pre, len(w) - n_pre)
    free = [(None, None)] * len(w)
    found = linprog(-w, A_ub=np.vstack([rows, -rows]), b_ub=np.full(2 * len(rows), m), bounds=free)
    return -found.fun, found.x


SHAPES = [(1, 1), (1, 3), (2, 2), (3, 1), (4, 4), (6, 3), (8, 5)]


@pytest.mark.parametrize(("n_pre", "n_post"), SHAPES)
@pytest.mark.parametrize("m", [0.0, 0.01, 0.1, 1.0])
def test_no_optimiser_finds_a_shorter_interval(n_pre, n_post, m):
    """Half length over weights before the base, by a general optimiser from several starts."""
    beta, covariance = random_study(n_pre + 10 * n_post, n_pre, n_post)
    weights = np.random.default_rng(5).normal(size=n_post)
    found = flci.shortest(beta, weights, flci.frontier(covariance, n_pre, weights), m, 0.95)
    line = null_space(np.arange(-n_pre, 0.0)[None])  # weights before the base that keep a line's bias at zero
    start = found.weights[:n_pre]
    second = smooth_set(n_pre, n_post)
    inverse = np.linalg.pinv(second)  # delta = line + inverse @ second differences

    def half_length(free: np.ndarray) -> float:
        w = np.concatenate([start + line @ free, weights])
        h = np.sqrt(w @ covariance @ w)
        return h * flci.folded_quantile(m * np.abs(w @ inverse).sum() / h, 0.95)

    assert half_length(np.zeros(line.shape[1])) == pytest.approx(found.half_length, rel=1e-9)
    if line.shape[1]:
        rng = np.random.default_rng(1)
        starts = [np.zeros(line.shape[1]), *rng.normal(size=(2, line.shape[1]))]
        options = {"maxiter": 20_000, "maxfev": 20_000, "xtol": 1e-11, "ftol": 1e-15}
        best = min(minimize(half_length, s, method="Powell", options=options).fun for s in starts)
        assert best >= found.half_length * (1 - 1e-9)
    if m > 0:
        assert largest_bias(found.weights, n_pre, m)[0] == pytest.approx(found.bias, rel=1e-8)


def test_two_smooth_programs_agree_on_the_shortest_interval():
    """The same optimum from a smooth program in positive and negative parts, where one can be reached to 1e-6."""
    for seed, (n_pre, n_post) in enumerate([(3, 2), (4, 4), (6, 3)]):
        beta, covariance = random_study(seed, n_pre, n_post)
        weights = np.full(n_post, 1 / n_post)
        given = flci.frontier(covariance, n_pre, weights)
        found = flci.shortest(beta, weights, given, 0.05, 0.95)

        def half_length(parts, given=given):
            z = parts[: len(parts) // 2] - parts[len(parts) // 2 :]
            h = np.sqrt(given.constant + 2 * given.linear @ z + z @ given.quadratic @ z)
            return h * flci.folded_quantile(0.05 * (parts.sum() + given.fixed_bias) / h, 0.95)

        start = np.full(2 * (n_pre - 1), 0.1)
        best = minimize(
            half_length, start, bounds=[(0, None)] * len(start), method="SLSQP", options={"ftol": 1e-15}
        )
        assert best.fun == pytest.approx(found.half_length, rel=1e-6)  # fmt: skip


def test_smoothness_covers_exactly_as_often_as_it_says_where_the_bias_is_largest():
    draws, m = 40_000, 0.02
    given = flci.frontier(BC_COVARIANCE, 4, FIRST)
    found = flci.shortest(BC, FIRST, given, m, 0.95)
    _, delta = largest_bias(found.weights, 4, m)
    sample = np.random.default_rng(7).multivariate_normal(delta, BC_COVARIANCE, size=draws)

    misses = int((np.abs(sample @ found.weights) > found.half_length).sum())

    low, high = stats.binom.interval(0.999, draws, 0.05)
    assert low <= misses <= high


def test_folded_quantile_against_the_noncentral_chi_square():
    for t in (0.0, 0.1, 1.0, 3.0, 30.0):
        expected = np.sqrt(stats.ncx2.ppf(0.95, 1, t**2)) if t else stats.norm.ppf(0.975)
        assert flci.folded_quantile(t, 0.95) == pytest.approx(expected, rel=1e-9)


# --- relative magnitude ---

R_STEP = (
    40 * np.sqrt(BC_COVARIANCE[4, 4]) / 999
)  # the R package looks at 1,000 values over 40 standard errors
R_NOISE = 1.5e-4  # and simulates its least favourable critical value with 1,000 draws


@pytest.mark.parametrize(
    ("mbar", "low", "high"),
    [
        (0.5, 0.11812948578, 0.27158386603),
        (1.0, 0.06723125075, 0.31868372531),
        (1.5, 0.01329431512, 0.36958196034),
        (2.0, -0.04216197081, None),  # R's grid ends before the upper end
    ],
)
def test_relative_magnitude_of_the_r_package(mbar, low, high):
    """R's ends are the outermost values of its grid that are accepted: within one step inside the exact ones."""
    row = bounds(
        BC, BC_COVARIANCE, 4, restriction="relative_magnitude", sizes=[mbar], weights=FIRST
    ).rows.iloc[0]

    assert -R_STEP - R_NOISE <= row["conf_low"] - low <= R_NOISE
    if high is not None:
        assert -R_NOISE <= row["conf_high"] - high <= R_STEP + R_NOISE


@pytest.mark.parametrize(
    ("weights", "sizes", "low", "high", "step"),
    [
        (FIRST, [0, 2 / 9, 4 / 9, 6 / 9, 8 / 9], [0.159, 0.143, 0.123, 0.102, 0.0786],
         [0.233, 0.248, 0.266, 0.287, 0.308], R_STEP),
        (np.full(4, 0.25), [0.5, 1, 1.5, 2], [0.0707, -0.0505, -0.192, -0.333], [0.354, 0.495, 0.636, 0.778], 2 / 99),
    ],
)  # fmt: skip
def test_relative_magnitude_of_the_stata_package_log(weights, sizes, low, high, step):
    """The R column of the Stata package's consistency log: first period and average, three digits printed."""
    rows = bounds(BC, BC_COVARIANCE, 4, restriction="relative_magnitude", sizes=sizes, weights=weights).rows

    inward = np.concatenate([low - rows["conf_low"], rows["conf_high"] - high])
    assert (inward >= -7e-4).all()
    assert (inward <= step + 7e-4).all()


def test_relative_magnitude_of_the_medicaid_readme():
    path = medicaid()
    rows = bounds(
        path.beta, path.covariance, path.n_pre, restriction="relative_magnitude", sizes=[0.5, 1, 1.5, 2],
        weights=[1, 0],
    ).rows  # fmt: skip
    step = 40 * np.sqrt(path.covariance[5, 5]) / 999

    inward_low = np.array([0.0240, 0.0170, 0.00824, -0.000916]) - rows["conf_low"].to_numpy()
    inward_high = rows["conf_high"].to_numpy() - np.array([0.0672, 0.0720, 0.0797, 0.0881])
    assert ((inward_low > -6e-5) & (inward_low < step + 6e-5)).all()
    assert ((inward_high > -6e-5) & (inward_high < step + 6e-5)).all()
    size = breakdown(path.beta, path.covariance, path.n_pre, restriction="relative_magnitude", weights=[1, 0])
    assert 1.9 < size < 2.0  # "2" in the README, whose interval there covers zero by 0.0009


def test_no_violation_allowed_is_the_ordinary_interval():
    found = bounds(BC, BC_COVARIANCE, 4, restriction="relative_magnitude", sizes=[0.0], weights=FIRST)

    assert (found.conf_low, found.conf_high) == pytest.approx(
        (0.15877494280765, 0.233147292681241), abs=1e-10
    )
    row = found.rows.iloc[0]
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((found.conf_low, found.conf_high), abs=1e-9)


class Program:
    """Andrews, Roth, Pakes' test by linear programs, for step number `step` and sign: nothing of the closed form."""

    def __init__(self, covariance, n_pre, weights, mbar, step, sign):
        n = len(covariance)
        full = np.diff(np.eye(n + 1), axis=0)  # steps between neighbours, the base among them
        rows = np.delete(full, n_pre, axis=1)
        jump = sign * rows[step]
        after = rows[n_pre:]
        self.a = np.vstack([after - mbar * jump, -after - mbar * jump])
        self.covariance = self.a @ covariance @ self.a.T
        self.sd = np.sqrt(np.diag(self.covariance))
        weights = np.asarray(weights, dtype=float)
        self.along = (
            self.a[:, n_pre:] @ weights / (weights @ weights)
        )  # effect of theta; the rest of tau is free
        self.x = self.a[:, n_pre:] @ null_space(weights[None])

    def solve(self, y):
        """Value and vertex of min eta, y - x tau <= eta sd."""
        k = self.x.shape[1]
        found = linprog(
            np.r_[1.0, np.zeros(k)], A_ub=-np.column_stack([self.sd, self.x]), b_ub=-y,
            bounds=[(None, None)] * (k + 1), method="highs-ds",
        )  # fmt: skip
        return found.fun, -found.ineqlin.marginals

    def ends(self, y):
        """Value, its standard deviation, and between which values its vertex stays the largest."""
        value, vertex = self.solve(y)
        variance = vertex @ self.covariance @ vertex
        pull = self.covariance @ vertex / variance
        rest = y - pull * value
        return value, np.sqrt(variance), self._end(rest, pull, -1e4), self._end(rest, pull, 1e4)

    def _end(self, rest, pull, x):
        for _ in range(100):
            value, vertex = self.solve(rest + pull * x)
            if value - x <= 1e-9 * (1 + abs(x)):
                return x
            if abs(1 - vertex @ pull) < 1e-12:
                break
            x = vertex @ rest / (1 - vertex @ pull)
        return x

    def accepts(self, beta, theta, critical, alpha=0.05):
        value, sd, low, high = self.ends(self.a @ beta - self.along * theta)
        if value <= 0:
            return value, 1.0, True
        if value > critical:
            return value, 0.0, False
        high = min(high, critical)
        law = stats.norm.sf
        p = (law(value / sd) - law(high / sd)) / (law(low / sd) - law(high / sd))
        return value, p, p >= (alpha - alpha / 10) / (1 - alpha / 10)

    def vertices(self):
        """(v, rows) all vertices of the dual, by trying every set of rows that could carry one."""
        equal = np.vstack([self.sd, self.x.T])
        aim = np.eye(len(equal))[0]
        found = []
        for rows in itertools.combinations(range(len(self.sd)), len(equal)):
            square = equal[:, rows]
            if abs(np.linalg.det(square)) > 1e-12 and (np.linalg.solve(square, aim) >= -1e-12).all():
                found.append(np.zeros(len(self.sd)))
                found[-1][list(rows)] = np.linalg.solve(square, aim)
        return np.array(found)


@pytest.mark.parametrize(
    ("n_pre", "weights", "mbar"),
    [
        (2, [1.0], 1.0),
        (2, [1.0, 0.0], 0.7),
        (3, [0.5, 0.5], 1.0),
        (3, [0.2, -1.0, 0.5], 0.5),
        (1, [0.0, 0.0, 1.0], 2.0),
    ],
)
def test_the_closed_form_is_the_linear_program(n_pre, weights, mbar):
    beta, covariance = random_study(n_pre + len(weights), n_pre, len(weights))
    weights = np.array(weights)
    given = relative_magnitude.moments(beta, covariance, n_pre, weights, mbar, 0.95)
    centre, reach = given.centre, 4 * float(np.sqrt(np.diag(covariance)).sum())
    theta = np.linspace(centre - reach, centre + reach, 21)
    held = relative_magnitude.accepted(given, np.tile(theta, (2 * n_pre, 1)), 0.95)
    compared = 0
    for pair in range(2 * n_pre):
        program = Program(covariance, n_pre, weights, mbar, pair % n_pre, 1 if pair < n_pre else -1)
        for at, value in enumerate(theta):
            eta, p, accepts = program.accepts(beta, value, given.critical[pair])
            vertices = given.value[pair] + given.pull[pair] * value
            assert vertices.max() == pytest.approx(eta, rel=1e-8, abs=1e-10)
            if abs(p - 0.045 / 0.995) > 1e-6:
                assert held[pair, at] == accepts
                compared += 1
    assert compared > 0.9 * held.size
    assert 0 < held.sum() < held.size


@pytest.mark.parametrize(("weights", "mbar"), [([0.4, 0.6], 1.0), ([1.0, 0.0, -0.5], 0.3)])
def test_least_favourable_value_against_simulated_vertices(weights, mbar):
    n_pre, draws, kappa = 2, 400_000, 0.005
    beta, covariance = random_study(4, n_pre, len(weights))
    given = relative_magnitude.moments(beta, covariance, n_pre, np.array(weights), mbar, 0.95)
    noise = np.random.default_rng(3).multivariate_normal(np.zeros(len(beta)), covariance, size=draws)
    for pair in range(2 * n_pre):
        program = Program(covariance, n_pre, weights, mbar, pair % n_pre, 1 if pair < n_pre else -1)
        largest = (noise @ (program.vertices() @ program.a).T).max(axis=1)
        low, high = stats.binom.interval(0.999, draws, kappa)
        assert low <= (largest > given.critical[pair]).sum() <= high


@pytest.mark.parametrize(("mbar", "n_post"), [(0.5, 2), (1.0, 3)])
def test_relative_magnitude_covers_at_the_edge_of_its_set(mbar, n_post):
    """Trend at the edge: every step after the base is Mbar times the largest before, all in one direction."""
    n_pre, draws = 2, 3000
    _, covariance = random_study(11, n_pre, n_post)
    weights = np.full(n_post, 1 / n_post)
    steps = np.array([0.1, 1.0]) * 12 * np.sqrt(covariance[1, 1])
    delta = np.concatenate([-np.cumsum(steps[::-1])[::-1], mbar * steps.max() * np.arange(1, n_post + 1)])
    unit = [relative_magnitude.moments(e, covariance, n_pre, weights, mbar, 0.95) for e in np.eye(len(delta))]
    forms = np.stack([each.value for each in unit], axis=2)  # what is random is linear in beta
    zero = np.zeros((2 * n_pre, 1))
    misses = 0
    for beta in np.random.default_rng(2).multivariate_normal(delta, covariance, size=draws):
        misses += not relative_magnitude.accepted(replace(unit[0], value=forms @ beta), zero, 0.95).any()

    assert misses <= stats.binom.ppf(0.999, draws, 0.05)
    assert misses >= stats.binom.ppf(0.001, draws, 0.04)  # one moment binds: about as often as it may


# --- both ---


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitude"])
def test_units_and_signs_do_not_matter(restriction):
    beta, covariance = random_study(3, 3, 3)
    weights = np.array([0.2, 0.3, 0.5])
    ask = {"restriction": restriction, "weights": weights}
    plain = bounds(beta, covariance, 3, sizes=[0.0, 0.5], **ask).rows
    scale = 1000.0 if restriction == "smoothness" else 1.0
    large = bounds(1000 * beta, 1e6 * covariance, 3, sizes=[0.0, 0.5 * scale], **ask).rows
    turned = bounds(-beta, covariance, 3, sizes=[0.0, 0.5], **ask).rows

    columns = ["conf_low", "conf_high", "set_low", "set_high"]
    np.testing.assert_allclose(large[columns] / 1000, plain[columns], rtol=1e-8)
    np.testing.assert_allclose(
        -turned[["conf_high", "conf_low", "set_high", "set_low"]].to_numpy(),
        plain[columns].to_numpy(),
        rtol=1e-8,
    )
    tenfold = bounds(beta, covariance, 3, sizes=[0.5], restriction=restriction, weights=10 * weights).rows
    np.testing.assert_allclose(tenfold[columns] / 10, plain[columns].iloc[1:], rtol=1e-8)


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitude"])
def test_the_set_without_sampling_error_is_what_the_interval_shrinks_to(restriction):
    """A closed form and an interval that are derived apart: with little noise they are one."""
    if restriction == "smoothness":
        beta = np.array([-0.2, -0.12, -0.05, 0.3, 0.5])
    else:
        beta = np.array([-0.2, -0.3, -0.05, 0.3, 0.5])
    covariance = 1e-12 * random_study(1, 3, 2)[1]
    row = bounds(beta, covariance, 3, restriction=restriction, sizes=[0.05], weights=[0.5, 0.5]).rows.iloc[0]

    if restriction == "relative_magnitude":
        assert (row["conf_low"], row["conf_high"]) == pytest.approx(
            (row["set_low"], row["set_high"]), abs=1e-5
        )
    else:  # the affine interval is as wide as the worst case, the set is narrower where pre-trends bend
        assert row["conf_low"] <= row["set_low"] + 1e-9
        assert row["conf_high"] >= row["set_high"] - 1e-9


def test_the_smooth_set_against_linear_programs():
    beta = np.array([-0.21, -0.12, -0.05, 0.3, 0.5])
    weights, m = np.array([0.3, 0.7]), 0.05
    rows = smooth_set(3, 2)
    held = [(b, b) for b in beta[:3]] + [(None, None)] * 2
    limits = {"A_ub": np.vstack([rows, -rows]), "b_ub": np.full(2 * len(rows), m), "bounds": held}
    ends = [
        weights @ beta[3:] + sign * linprog(-sign * np.r_[0, 0, 0, weights], **limits).fun for sign in (1, -1)
    ]

    assert flci.identified_set(beta, 3, weights, m) == pytest.approx(tuple(ends), abs=1e-9)
    assert np.isnan(flci.identified_set(beta, 3, weights, 0.001)).all()


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitude"])
def test_breakdown_is_where_the_interval_first_covers_zero(restriction):
    size = breakdown(BC, BC_COVARIANCE, 4, restriction=restriction, weights=FIRST)
    rows = bounds(
        BC, BC_COVARIANCE, 4, restriction=restriction, sizes=[0.999 * size, size], weights=FIRST
    ).rows

    assert rows["conf_low"].iloc[0] > 0
    assert rows["conf_low"].iloc[1] <= 0
    assert breakdown(BC * 0.01, BC_COVARIANCE, 4, restriction=restriction, weights=FIRST) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"restriction": "monotone"}, "choose smoothness, relative_magnitude"),
        ({"sizes": [-1.0]}, "from zero up"),
        ({"weights": [1.0]}, "must be 4 finite numbers"),
        ({"weights": [0.0] * 4}, "not all zero"),
        ({"n_pre": 0}, "at least one on each side"),
        ({"n_pre": 8}, "at least one on each side"),
        ({"conf_level": 1.0}, "between 0.5 and 1"),
        ({"beta": BC[:7]}, "needs a covariance of shape"),
        ({"beta": np.r_[BC[:7], np.nan]}, "missing values"),
        ({"covariance": np.ones((8, 8))}, "singular"),
        ({"covariance": np.diag(np.r_[0, np.ones(7)])}, "without variance"),
        ({"covariance": np.eye(8) + np.triu(np.full((8, 8), 0.1), 1)}, "not symmetric"),
    ],
)
def test_refusals(change, sentence):
    given = {
        "beta": BC, "covariance": BC_COVARIANCE, "n_pre": 4, "restriction": "smoothness", "sizes": [0.0],
        "weights": FIRST, **change,
    }  # fmt: skip
    with pytest.raises(TrendsError, match=sentence) as caught:
        bounds(given.pop("beta"), given.pop("covariance"), given.pop("n_pre"), **given)
    assert caught.value.message.zh != str(caught.value)


# --- from an estimator ---


def county(cohorts=(2016.0, 2018.0), years=range(2012, 2021), n=90, few: int = 0) -> Panel:
    rng = np.random.default_rng(4)
    years = np.array(years)
    kinds = [*cohorts, np.inf]
    cohort = np.array([kinds[i % len(kinds)] for i in range(n)])
    if few:
        cohort[:few] = 2019.0
    treated = years[None, :] >= cohort[:, None]
    outcome = rng.normal(size=(n, 1)) + 2.0 * treated + rng.normal(size=(n, len(years)))
    unit = np.array([f"v{i:03d}" for i in range(n)])
    return Panel(
        unit=unit, years=years, outcome=outcome, cohort=cohort, weight=np.ones(n), cluster=unit,
        model=np.full(n, ""), covariates=np.empty((n, 0)),
    )  # fmt: skip


def test_the_path_of_an_estimator_leaves_only_the_base_out():
    effects = estimators.fit("group_time", county(), DESIGN)
    path = from_path(effects, DESIGN)

    assert path.event_times.tolist() == [-6, -5, -4, -3, -2, 0, 1, 2, 3, 4]
    assert (path.base, path.n_pre, path.left_out, path.n_clusters) == (-1, 5, (), 90)
    cells = effects.cells
    at = ((cells["year"] - cells["cohort"]) == 1).to_numpy(bool)
    assert path.beta[6] == pytest.approx(np.average(cells["effect"][at], weights=cells["n_treated"][at]))
    found = bounds(
        path.beta, path.covariance, path.n_pre, restriction="relative_magnitude", sizes=[0.0, 1.0],
        weights=np.full(5, 0.2),
    )  # fmt: skip
    assert found.estimate == pytest.approx(path.beta[5:].mean())


def test_effects_with_different_base_periods_are_refused():
    varying = DESIGN.model_copy(update={"base_period": "varying"})
    with pytest.raises(TrendsError, match='base_period = "universal"'):
        from_path(estimators.fit("group_time", county(), varying), varying)
    with pytest.raises(TrendsError, match="saturated"):
        from_path(estimators.fit("imputation", county(), DESIGN), DESIGN)
    with pytest.raises(TrendsError, match="saturated"):
        from_path(estimators.fit("twfe", county(), DESIGN), DESIGN)


def test_event_times_on_few_units_are_left_out_and_named():
    strict = DESIGN.model_copy(update={"min_treated_units": 5})
    path = from_path(estimators.fit("group_time", county(few=3), strict), strict)

    assert path.left_out == (-7,)  # reached by the three units that adopt in 2019 only
    assert path.event_times.min() == -6


def test_surveys_at_unequal_distances_are_refused():
    unequal = county(cohorts=(2016.0,), years=(2011, 2012, 2014, 2016, 2018))
    with pytest.raises(TrendsError, match="not equally far apart"):
        from_path(estimators.fit("group_time", unequal, DESIGN), DESIGN)
    two_yearly = county(cohorts=(2016.0,), years=(2010, 2012, 2014, 2016, 2018))
    assert from_path(estimators.fit("group_time", two_yearly, DESIGN), DESIGN).base == -2


def test_anticipation_moves_the_base():
    earlier = DESIGN.model_copy(update={"anticipation": 1})
    path = from_path(estimators.fit("group_time", county(), earlier), earlier)
    assert path.base == -2
    assert -1 in path.event_times
    assert path.n_pre == 4


# --- asked of an estimator's path ---


@pytest.mark.parametrize("name", ["mpdta", "data/demo_county"])
def test_the_weights_after_adoption_make_the_simple_average(name):
    study = read_study(name)
    key = study.primary_outcome
    panel = select(read_table(study.outcome(key).table, study), study, key).panel.without_models()
    design = study.design.model_copy(update={"base_period": "universal", "min_treated_units": 2})
    effects = estimators.fit("group_time", panel, design)
    path = from_path(effects, design)
    weights = after_weights(effects, path)

    assert path.left_out == ()
    simple = aggregate(effects, design).row("simple")["estimate"]
    assert weights @ path.beta[path.n_pre :] == pytest.approx(simple, abs=1e-12)


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitude"])
def test_sizes_asked_lie_on_both_sides_of_the_breakdown(restriction):
    path = EventPath(BC, BC_COVARIANCE, np.array([-5, -4, -3, -2, 0, 1, 2, 3]), -1, (), 100)
    weights = np.array([1.0, 0, 0, 0])

    found = ask(path, weights, restriction, unit="log points", truth=0.2)

    covers = (found.bounds.rows["conf_low"] <= 0) & (found.bounds.rows["conf_high"] >= 0)
    assert (covers == (found.bounds.rows["size"] >= found.value)).all()
    assert covers.any() or restriction == "relative_magnitude"
    alone = breakdown(BC, BC_COVARIANCE, 4, restriction=restriction, weights=weights)
    assert found.value == alone
    steps = np.diff(np.append(BC[:4], 0.0))
    expected = 1.0 if restriction == "relative_magnitude" else np.abs(np.diff(steps)).max()
    assert found.yardstick == pytest.approx(expected)
    assert (found.n_before, found.n_clusters, found.truth) == (4, 100, 0.2)


def test_a_bend_cannot_be_seen_in_one_period_before():
    path = EventPath(BC[3:], BC_COVARIANCE[3:, 3:], np.array([-2, 0, 1, 2, 3]), -1, (), 100)

    found = ask(path, np.full(4, 0.25), "smoothness", unit="log points")

    assert np.isnan(found.yardstick) and np.isnan(found.truth)
