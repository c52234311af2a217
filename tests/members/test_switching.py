"""Endogenous switching regression: published answers, second implementations, known truth, refusals."""

import json
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_generator import RGenerator
from scipy import stats

from analysis import paths
from analysis.members import Section, switching
from analysis.members import switching_instrument as instruments
from analysis.members import switching_likelihood as likelihood
from analysis.members import switching_two_step as heckman
from analysis.members.switching_effects import KEYS, averages
from analysis.members.switching_likelihood import Equations, SwitchingError
from analysis.messages import in_language

# --- R's samples ---------------------------------------------------------------------------------------------------


def test_the_generator_is_that_of_r():
    """First numbers after set.seed, as every R prints them."""
    assert np.allclose(RGenerator(0).rnorm(3), [1.262954285, -0.326233361, 1.329799263], atol=5e-10)
    assert np.allclose(RGenerator(1).rnorm(3), [-0.626453811, 0.183643324, -0.835628612], atol=5e-10)
    assert np.allclose(RGenerator(0).runif(2), [0.8966972, 0.2655087], atol=5e-8)
    assert (RGenerator(1).sample(10, 10) + 1).tolist() == [3, 4, 5, 7, 2, 8, 9, 6, 10, 1]


def correlated(r12, r13, r23):
    return np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1.0]])


def tobit5(selected, xs, xo1, yo1, xo2, yo2):
    """Three equations with one regressor each; the first outcome is seen where nothing was selected."""
    one = np.ones(len(xs))
    designs = [np.column_stack([one, x]) for x in (xs, xo1, xo2)]
    return Equations(np.where(selected, yo2, yo1), selected, one, *designs, tuple("abcdef"))


@cache
def vignette():
    """Toomet, Henningsen (2008), section on tobit-5 models: seed 0, 500 rows."""
    r = RGenerator(0)
    eps = r.mvrnorm(500, correlated(0.9, 0.5, 0.1), order="row")
    xs, xo1, xo2 = r.runif(500), r.runif(500), r.runif(500)
    return tobit5(xs + eps[:, 0] > 0, xs, xo1, xo1 + eps[:, 1], xo2, xo2 + eps[:, 2])


def squared_errors():
    return RGenerator(5), 1000, correlated(0.9, 0.5, 0.1)


@cache
def misspecified():
    """The same paper: squared normal errors, seed 5, with an instrument in every equation."""
    r, n, covariance = squared_errors()
    eps = r.mvrnorm(n, covariance, order="row") ** 2 - 1
    xs, xo1, xo2 = r.runif(n) - 1, r.runif(n), r.runif(n)
    return tobit5(xs + eps[:, 0] > 0, xs, xo1, xo1 + eps[:, 1], xo2, xo2 + eps[:, 2])


@cache
def without_instrument():
    """The same errors, seed 6, one regressor in all equations."""
    r, n, covariance = squared_errors()
    eps = r.mvrnorm(n, covariance, order="row") ** 2 - 1
    xs = 2 * RGenerator(6).runif(n) - 1
    return tobit5(xs + eps[:, 0] > 0, xs, xs, xs + eps[:, 1], xs, xs + eps[:, 2])


@cache
def package_test(order):
    """The package's own test: seed 1, 1,500 rows of which some values are taken away; n by rows 1483, columns 1479."""
    r, n = RGenerator(1), 1500
    eps = r.mvrnorm(n, correlated(0.9, 0.5, 0.6), order=order)
    xs, xo1, xo2 = r.runif(n), r.runif(n), r.runif(n)
    selected, missing = xs + eps[:, 0] > 0, np.zeros((6, n), dtype=bool)
    for column in missing:
        column[r.sample(n, 5)] = True
    ys_gone, xs_gone, xo1_gone, xo2_gone, yo1_gone, yo2_gone = missing
    gone = ys_gone | xs_gone | np.where(selected, xo2_gone | yo2_gone, xo1_gone | yo1_gone)
    whole = tobit5(selected, xs, xo1, xo1 + eps[:, 1], xo2, xo2 + eps[:, 2])
    kept = {
        name: getattr(whole, name)[~gone]
        for name in ("outcome", "member", "weight", "selection", "design0", "design1")
    }
    return replace(whole, **kept)


@cache
def solved(sample, *arguments):
    equations = sample(*arguments)
    start = heckman.two_step(equations)
    top = likelihood.maximise(equations, start.parameters)
    of = likelihood.unpack(top.parameters, equations.sizes)
    error = np.sqrt(np.diag(top.bread))
    scale = np.r_[np.ones(6), of.sigma, 1 - of.rho**2]
    estimate = np.r_[top.parameters[:6], of.sigma, of.rho]
    return SimpleNamespace(
        equations=equations, start=start, top=top, estimate=estimate, error=error * scale,
        covariance=top.bread * np.outer(scale, scale),
    )  # fmt: skip


def assert_prints_as(values, printed):
    """Equal to every digit that was printed."""
    for value, text in zip(np.ravel(values), printed.split(), strict=True):
        mantissa = text.lower().split("e")
        digits = len(mantissa[0].partition(".")[2]) - (int(mantissa[1]) if len(mantissa) > 1 else 0)
        assert abs(value - float(text)) <= 0.5001 * 10.0**-digits, (value, text)


def test_the_papers_example_to_every_printed_digit():
    """ESTIMATORS R29: 172 and 328 observations, log likelihood, 10 estimates and 10 errors."""
    found = solved(vignette)
    assert found.equations.member.sum() == 328
    assert found.top.converged
    assert_prints_as([found.top.loglik], "-895.8201")
    assert_prints_as(
        found.estimate,
        "-0.1550 1.1408 0.02708 0.83959 0.1583 0.8375 0.93191 0.90697 0.88988 0.17695",
    )
    assert_prints_as(
        found.error, "0.1051 0.1785 0.16395 0.14968 0.1885 0.1707 0.09211 0.04434 0.05353 0.33139"
    )


def test_the_packages_own_test_to_every_printed_digit():
    """ESTIMATORS R30, maximum likelihood and two steps; the sign of the first Mills ratio is turned round there."""
    found = solved(package_test, "row")
    assert (len(found.equations.member), found.equations.member.sum()) == (1483, 1011)
    assert_prints_as(
        found.estimate,
        "-0.01045 1.01595 -0.02694 0.99421 -0.00607 1.01509 1.01208 1.02363 0.87183 0.46491",
    )
    assert_prints_as(found.start.mills * [-1, 1], "-0.92726 0.46612")
    assert_prints_as(found.start.probit.coefficients, "-0.01007 1.01217")
    assert_prints_as(np.sqrt(np.diag(found.start.probit.bread)), "0.0656 0.1199")
    assert_prints_as(found.start.coefficients, "0.00913 1.02126 -0.00298 1.01788")


def test_an_older_print_of_the_packages_test_with_covariances():
    """R 2.6.2, sampleSelection on R-Forge, tests/selection.Rout.save: 1,479 rows, 10 errors, covariances."""
    found = solved(package_test, "column")
    assert (len(found.equations.member), found.equations.member.sum()) == (1479, 1000)
    assert_prints_as([found.top.loglik], "-2774.84")
    assert_prints_as(
        found.estimate,
        "0.0020985 0.9558618 0.0712029 0.9869915 0.0708691 0.9361839 1.1213988 0.9979964 0.9034608 0.4721812",
    )
    assert_prints_as(
        found.error,
        "0.057064 0.093904 0.116614 0.115894 0.111640 0.101623 0.067218 0.047967 0.026301 0.159873",
    )
    pairs = [(0, 1), (0, 9), (1, 4), (2, 6), (4, 7), (4, 9), (6, 8), (7, 9), (8, 9)]
    assert_prints_as(
        [found.covariance[pair] for pair in pairs],
        "-0.0042907 0.0017903 0.0019853 0.0060568 -0.0041352 -0.015151 0.0014669 0.0067862 0.00017359",
    )
    assert_prints_as(found.start.mills * [-1, 1], "-1.5152673 0.6185830")
    assert_prints_as(found.start.coefficients, "0.6188619 0.9975323 -0.0034284 0.9275952")


@pytest.mark.parametrize(
    ("order", "printed"), [("row", "0.95269 0.99607"), ("column", "1.2925920 0.9929104")]
)
def test_why_the_packages_two_step_sigma_is_another(order, printed):
    """It adds (mills x mean delta)^2, where var(e | side) = sigma^2 - mills^2 delta asks for mills^2 x mean delta."""
    found = solved(package_test, order)
    theirs = []
    for d, design in enumerate((found.equations.design0, found.equations.design1)):
        rows = found.equations.member == bool(d)
        index = found.equations.selection[rows] @ found.start.probit.coefficients
        ratio = likelihood.mills(index, found.equations.member[rows])
        residual = found.equations.outcome[rows] - design[rows] @ found.start.coefficients[d]
        residual -= found.start.mills[d] * ratio
        delta, of_u = (ratio * (ratio + index)).mean(), found.start.mills[d]
        theirs.append(np.sqrt(residual @ residual / (rows.sum() - 3) + (of_u * delta) ** 2))
        ours = np.sqrt(residual @ residual / rows.sum() + of_u**2 * delta)
        assert found.start.sigma[d] == pytest.approx(ours, rel=1e-12)
    assert_prints_as(theirs, printed)


def test_the_papers_example_without_an_instrument_is_a_lower_maximum():
    """A climb from the two-step estimates ends at the printed numbers; with correlations of one it is 409 higher."""
    equations = without_instrument()
    scaled, move, offset, jacobian = likelihood._scaled(equations)
    start = heckman.two_step(equations).parameters
    end = likelihood._climb(np.linalg.solve(move, start - offset), scaled)
    at = move @ end.at + offset
    bread = np.linalg.inv(-likelihood.derivatives(at, equations).hessian)
    of = likelihood.unpack(at, equations.sizes)
    assert end.converged
    assert_prints_as([end.loglik - jacobian], "-1936.431")
    assert_prints_as(
        np.r_[at[:6], of.sigma, of.rho],
        "-0.3528 0.8354 -0.55448 0.81764 0.6457 0.3520 0.59187 1.97257 0.15568 -0.01541",
    )
    assert_prints_as(
        np.sqrt(np.diag(bread)) * np.r_[np.ones(6), of.sigma, 1 - of.rho**2],
        "0.0424 0.0756 0.06339 0.06048 0.4994 0.3197 0.01853 0.07228 0.15914 0.23370",
    )
    top = solved(without_instrument).top
    assert top.loglik > -1936.431 + 400
    assert not top.converged


def test_the_papers_failed_climb_is_reported_as_no_maximum():
    """Printed there: log likelihood -1665.936, "boundary of parameter space?", errors NaN."""
    found = solved(misspecified)
    assert found.top.loglik > -1665.936
    assert not found.top.converged
    assert found.top.n_starts > 6
    assert np.isnan(found.top.bread).all()
    assert np.abs(np.tanh(found.top.parameters[-2:])).max() > likelihood.BOUNDARY


# --- Zambia --------------------------------------------------------------------------------------------------------

ZAMBIA = {"esr": (["Age"], ["Perception"]), "esr2": ([], ["Perception", "Erosion_awareness"])}


@pytest.mark.parametrize("specification", ZAMBIA)
def test_conservation_agriculture_in_zambia(specification):
    folder = paths.shared_data()
    if folder is None:
        pytest.skip("Zambia: read, never redistributed; set COOPEVAL_DATA to the folder that holds it")
    index = json.loads((folder / "index.json").read_text("utf-8"))["datasets"]
    entry = next(one for one in index if one["name"] == "zambia_conservation_agriculture")
    table = pd.read_csv(folder / entry["files"][0]["path"])
    covariates, instrument = ZAMBIA[specification]
    covariates = covariates or entry["covariates"]
    n = len(table)
    section = Section(
        outcome=table["Output"].to_numpy(float), treated=table["CA"].to_numpy(bool),
        covariates=table[covariates].to_numpy(float), names=tuple(covariates), weight=np.ones(n),
        cluster=np.array([f"household {row}" for row in range(n)]),
        instrument=table[instrument].to_numpy(float),
    )  # fmt: skip
    fit = switching.fit(section)
    effects = switching.effects(fit, section)
    found = {
        "ll": fit.loglik, "s0": fit.sigma[0], "s1": fit.sigma[1], "rho0": fit.rho[0], "rho1": fit.rho[1],
        "att": effects.estimate[effects.position("att")], "atu": effects.estimate[effects.position("atu")],
    }  # fmt: skip
    expected = [one for one in entry["expected"] if one["id"].split("_")[0] == specification]
    assert len(expected) >= 3
    for one in expected:
        value = found[one["id"].split("_")[1]]
        assert value == pytest.approx(one["expected"], abs=one["tolerance_abs"]), one["id"]
        assert value == pytest.approx(one["curator_value"], abs=2e-6), one["id"]


# --- a county with a known answer ----------------------------------------------------------------------------------

TRUE = SimpleNamespace(
    select=(-0.2, 0.4, 0.8), b=((1.0, 0.5), (2.0, 0.8)), sigma=np.array([1.0, 1.2]), rho=np.array([0.5, -0.4])
)


def county(rng, n, *, rho=TRUE.rho, villages=0, shared=0.0, direct=0.0, pull=TRUE.select[2]):
    """n households; a share `shared` of every error is the village's; `direct`: the instrument moves the outcome too."""
    villages = villages or n
    code = np.repeat(np.arange(villages), n // villages)

    def error():
        return np.sqrt(shared) * rng.normal(size=villages)[code] + np.sqrt(1 - shared) * rng.normal(size=n)

    x = np.sqrt(0.5) * rng.normal(size=villages)[code] + np.sqrt(0.5) * rng.normal(size=n)
    z, u = rng.normal(size=n), error()
    member = TRUE.select[0] + TRUE.select[1] * x + pull * z + u > 0
    outcomes = [
        b[0] + b[1] * x + sigma * (r * u + np.sqrt(1 - r**2) * error())
        for b, sigma, r in zip(TRUE.b, TRUE.sigma, rho, strict=True)
    ]
    return Section(
        outcome=np.where(member, outcomes[1], outcomes[0]) + direct * z, treated=member,
        covariates=x[:, None], names=("land",), weight=np.ones(n),
        cluster=np.array([f"v{c:04d}" for c in code]), instrument=z[:, None],
    )  # fmt: skip


def truth():
    """All of KEYS in the population: x, z and u are standard normal, so that the index is normal too."""
    spread = np.sqrt(1 + TRUE.select[1] ** 2 + TRUE.select[2] ** 2)
    at = TRUE.select[0] / spread
    means = {}
    for side, shift in (
        (1, stats.norm.pdf(at) / stats.norm.cdf(at)),
        (0, -stats.norm.pdf(at) / stats.norm.sf(at)),
    ):
        for d, (b, sigma, rho) in enumerate(zip(TRUE.b, TRUE.sigma, TRUE.rho, strict=True)):
            means[d, side] = b[0] + (b[1] * TRUE.select[1] + sigma * rho) * shift / spread
    a, c, d, b = means[1, 1], means[0, 1], means[1, 0], means[0, 0]
    return np.array([a, c, d, b, a - c, d - b, TRUE.b[1][0] - TRUE.b[0][0], a - d, c - b, a - c - d + b])


def band(draws, rate):
    """Counts that 99 of 100 runs give."""
    return stats.binom.ppf([0.005, 0.995], draws, rate)


@cache
def drawn(draws, n, seed, **how):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        section = county(rng, n, **how)
        fit = switching.fit(section)
        effects = switching.effects(fit, section)
        alone = replace(section, cluster=np.arange(n).astype(str)) if "villages" in how else section
        plain = switching.effects(switching.fit(alone), alone) if "villages" in how else effects
        design = np.column_stack([np.ones(n), section.covariates, section.treated])
        naive = np.linalg.lstsq(design, section.outcome, rcond=None)[0][-1]
        found.append((fit, effects, plain, naive))
    return found


def covered(effects):
    return np.array([(e.conf_low <= truth()) & (truth() <= e.conf_high) for e in effects]).sum(axis=0)


def test_recovery_and_coverage_where_least_squares_is_biased():
    draws = drawn(200, 1000, 20240301)
    estimates = np.array([effects.estimate for _, effects, _, _ in draws])
    off = np.abs(estimates.mean(axis=0) - truth()) / (estimates.std(axis=0, ddof=1) / np.sqrt(len(draws)))
    assert (off < 3).all(), dict(zip(KEYS, off, strict=True))
    naive = np.array([one for *_, one in draws])
    att = truth()[KEYS.index("att")]
    assert abs(naive.mean() - att) > 0.4  # true effect 0.43; least squares says 0.96
    low, high = band(len(draws), 0.95)
    counts = covered([effects for _, effects, _, _ in draws])
    assert ((low <= counts) & (counts <= high)).all(), dict(zip(KEYS, counts, strict=True))
    inside = np.zeros(4)
    for fit, *_ in draws:
        error = np.sqrt(np.diag(fit.covariance)[-4:])
        inside += np.abs(fit.parameters[-4:] - np.r_[np.log(TRUE.sigma), np.arctanh(TRUE.rho)]) < 1.96 * error
    assert ((low <= inside) & (inside <= high)).all(), inside


def test_errors_by_village_cover_where_those_by_household_do_not():
    draws = drawn(100, 960, 20240302, villages=60, shared=0.3)
    low, high = band(len(draws), 0.95)
    at = [KEYS.index(key) for key in ("member_joined", "att", "ate", "base_not_joined")]
    by_village = covered([effects for _, effects, _, _ in draws])[at]
    assert ((low <= by_village) & (by_village <= high)).all(), by_village
    assert covered([plain for _, _, plain, _ in draws])[at[0]] < low


def test_size_of_the_tests_without_selection_on_the_unobserved():
    draws = drawn(120, 1000, 20240303, rho=(0.0, 0.0))
    low, high = band(len(draws), 0.05)
    for name in ("independence_lr", "independence_wald", "falsification", "exclusion"):
        rejected = sum(getattr(fit, name).p_value < 0.05 for fit, *_ in draws)
        assert low <= rejected <= high, (name, rejected)


def test_with_selection_the_falsification_test_rejects_a_valid_instrument_and_the_score_test_does_not():
    draws = drawn(200, 1000, 20240301)
    rejected = {
        name: np.mean([getattr(fit, name).p_value < 0.05 for fit, *_ in draws])
        for name in ("falsification", "exclusion", "independence_lr")
    }
    assert rejected["falsification"] > 0.9
    assert rejected["exclusion"] < 0.10
    assert rejected["independence_lr"] > 0.9


def test_an_instrument_that_moves_the_outcome_is_found_out():
    """Without selection the falsification test has power; the score test, resting on curvature, needs many rows."""
    rng = np.random.default_rng(5)
    fit = switching.fit(county(rng, 1000, rho=(0.0, 0.0), direct=0.4))
    assert fit.falsification.p_value < 1e-4
    many = switching.fit(county(rng, 20_000, direct=0.6))
    assert many.exclusion.p_value < 1e-4


# --- second implementations ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    section = county(np.random.default_rng(3), 420, villages=30, shared=0.2)
    weight = np.random.default_rng(4).uniform(0.5, 2.0, 420)
    extra = np.random.default_rng(6).normal(size=(420, 2))
    return replace(
        section,
        weight=weight,
        covariates=np.column_stack([section.covariates, extra[:, 0]]),
        names=("land", "age"),
        instrument=np.column_stack([section.instrument, extra[:, 1]]),
    )


def by_bivariate_normal(parameters, section):
    """Log likelihood as density of the outcome times the probability of the side given the outcome."""
    x = np.column_stack([np.ones(len(section.outcome)), section.covariates])
    z = np.column_stack([x, section.instrument])
    k = z.shape[1]
    b = parameters[k : k + x.shape[1]], parameters[k + x.shape[1] : k + 2 * x.shape[1]]
    sigma, rho = np.exp(parameters[-4:-2]), np.tanh(parameters[-2:])
    total = 0.0
    weight = section.weight / section.weight.mean()
    for d in (0, 1):
        rows = section.treated == bool(d)
        mean = x[rows] @ b[d]
        y = section.outcome[rows]
        of_u = rho[d] / sigma[d] * (y - mean), np.sqrt(1 - rho[d] ** 2)
        threshold = -(z[rows] @ parameters[:k])
        side = stats.norm.logsf(threshold, *of_u) if d else stats.norm.logcdf(threshold, *of_u)
        total += weight[rows] @ (stats.norm.logpdf(y, mean, sigma[d]) + side)
    return total


def central(function, at, step):
    moves = np.eye(len(at)) * step
    return np.array([(function(at + move) - function(at - move)) / (2 * step) for move in moves])


def test_gradient_and_hessian_against_finite_differences(small):
    equations = switching._equations(small)
    rng = np.random.default_rng(0)
    for _ in range(5):
        at = rng.normal(scale=0.5, size=sum(equations.sizes) + 4)
        found = likelihood.derivatives(at, equations)
        gradient = found.gradient
        assert equations.weight @ likelihood.scores(at, equations) == pytest.approx(gradient, rel=1e-11)
        numeric = central(lambda p: likelihood.loglik(p, equations), at, 1e-5)
        assert np.abs(numeric - gradient).max() < 1e-6 * np.abs(gradient).max()
        second = central(lambda p: likelihood.derivatives(p, equations).gradient, at, 1e-5)
        assert np.abs(second - found.hessian).max() < 1e-6 * np.abs(found.hessian).max()
        assert found.loglik == pytest.approx(likelihood.loglik(at, equations), rel=1e-13)


def test_the_maximum_is_one_of_a_second_likelihood(small):
    """Value to 1e-10, slope zero, and errors from its numerical curvature."""
    fit = switching.fit(small)
    assert fit.loglik == pytest.approx(by_bivariate_normal(fit.parameters, small), rel=1e-11)
    slope = central(lambda p: by_bivariate_normal(p, small), fit.parameters, 1e-5)
    assert np.abs(slope * np.sqrt(np.diag(fit.information_covariance))).max() < 1e-6
    curvature = central(
        lambda p: central(lambda q: by_bivariate_normal(q, small), p, 2e-4), fit.parameters, 2e-4
    )
    errors = np.sqrt(np.diag(np.linalg.inv(-curvature)))
    assert np.sqrt(np.diag(fit.information_covariance)) == pytest.approx(errors, rel=1e-5)


@pytest.mark.parametrize("seed", [5, 17, 25, 87])
def test_the_highest_of_several_maxima_is_found(seed):
    """Small samples with long tails, where climbs from the two-step estimates and from independence end lower."""
    rng = np.random.default_rng(seed)
    section = county(rng, 120)
    section = replace(section, outcome=section.outcome + rng.standard_t(3, size=120))
    bare = {"instrument": None} if seed % 2 else {}
    section = replace(section, **bare)
    fit = switching.fit(section, identified_by="functional form" if bare else "instrument")
    equations = switching._equations(section)
    scaled, move, offset, jacobian = likelihood._scaled(equations)
    begin = np.linalg.solve(move, fit.parameters - offset)
    begin[equations.sizes[0] :] = 0.0
    ends = [likelihood._climb(begin, scaled)]
    assert ends[0].loglik - jacobian < fit.loglik - 0.1  # independence alone would have missed it
    spread = np.where(np.arange(len(begin)) < len(begin) - 2, 0.3, 1.3)
    ends += [likelihood._climb(begin + spread * rng.normal(size=len(begin)), scaled) for _ in range(20)]
    assert max(end.loglik for end in ends) - jacobian < fit.loglik + 1e-6
    assert dict(fit.notes)["other_maximum"] > 0.1


def test_counterfactual_means_against_integrals_over_the_unobserved(small):
    fit = switching.fit(small)
    found = switching.effects(fit, small)
    x = np.column_stack([np.ones(420), small.covariates])
    z = np.column_stack([x, small.instrument])
    k = z.shape[1]
    index = z @ fit.parameters[:k]
    b = fit.parameters[k : k + 3], fit.parameters[k + 3 : k + 6]
    mean = {}
    for side in (True, False):
        rows = small.treated == side
        nodes, weights = np.polynomial.legendre.leggauss(120)
        low, high = (
            (-index[rows], np.full(rows.sum(), 9.0)) if side else (np.full(rows.sum(), -9.0), -index[rows])
        )
        u = low[:, None] + (high - low)[:, None] * (nodes + 1) / 2
        density = stats.norm.pdf(u) * weights
        expected_u = (u * density).sum(axis=1) / density.sum(axis=1)
        for d in (0, 1):
            values = x[rows] @ b[d] + fit.sigma[d] * fit.rho[d] * expected_u
            mean[d, side] = np.average(values, weights=small.weight[rows])
    a, c, d, e = mean[1, True], mean[0, True], mean[1, False], mean[0, False]
    ate = np.average(x @ (b[1] - b[0]), weights=small.weight)
    assert found.estimate == pytest.approx(
        [a, c, d, e, a - c, d - e, ate, a - d, c - e, a - c - d + e], abs=1e-8
    )


def test_influence_is_what_a_little_more_weight_on_a_village_does(small):
    """Every error rests on it: parameters, effects, two-step estimates, first stage (infinitesimal jackknife)."""

    def everything(section):
        fit = switching.fit(section)
        return np.r_[fit.parameters, switching.effects(fit, section).estimate, fit.two_step.estimate]

    fit = switching.fit(small)
    villages = np.unique(small.cluster)
    factor = np.sqrt(len(villages) / (len(villages) - 1))
    moved = []
    for village in villages:
        change = np.where(small.cluster == village, 1e-4, 0.0)
        more = everything(replace(small, weight=small.weight * (1 + change)))
        less = everything(replace(small, weight=small.weight * (1 - change)))
        moved.append((more - less) / 2e-4)
    moved = np.array(moved) * factor
    r = len(fit.parameters)
    ours = np.hstack([fit.influence, switching.effects(fit, small).influence])
    assert np.abs(ours - moved[:, : r + 10]).max() < 2e-6 * np.abs(moved[:, : r + 10]).max()
    later = moved[:, r + 10 :]
    assert fit.two_step.covariance == pytest.approx(later.T @ later, rel=1e-4, abs=1e-7)
    assert fit.covariance == pytest.approx(fit.influence.T @ fit.influence, rel=1e-12)
    effects = switching.effects(fit, small)
    assert effects.std_error == pytest.approx(np.sqrt((moved[:, r : r + 10] ** 2).sum(axis=0)), rel=1e-5)


def test_first_stage_and_falsification_against_statsmodels(small):
    import statsmodels.api as sm

    even = replace(small, weight=np.ones(420))
    fit = switching.fit(even)
    codes = np.unique(even.cluster, return_inverse=True)[1]
    z = np.column_stack([np.ones(420), even.covariates, even.instrument])
    plain = sm.Probit(even.treated.astype(float), z).fit(disp=0, tol=1e-12)
    k = z.shape[1]
    assert fit.two_step.estimate[:k] == pytest.approx(plain.params, rel=1e-7)
    scores = pd.DataFrame(plain.model.score_obs(plain.params)).groupby(codes).sum().to_numpy()
    bread = np.linalg.inv(-plain.model.hessian(plain.params))
    covariance = bread @ scores.T @ scores @ bread * 30 / 29
    wald = plain.params[-2:] @ np.linalg.solve(covariance[-2:, -2:], plain.params[-2:])
    assert fit.first_stage.statistic == pytest.approx(wald / 2, rel=1e-6)
    assert fit.first_stage.p_value == pytest.approx(stats.f.sf(wald / 2, 2, 29), rel=1e-6)
    rows = ~even.treated
    ols = sm.OLS(even.outcome[rows], z[rows]).fit(
        cov_type="cluster", cov_kwds={"groups": codes[rows]}, use_t=True
    )
    f = ols.f_test(np.eye(k)[-2:])
    assert fit.falsification.statistic == pytest.approx(float(f.fvalue), rel=1e-8)
    assert fit.falsification.p_value == pytest.approx(float(f.pvalue), rel=1e-6)


def test_weighted_falsification_against_statsmodels(small):
    import statsmodels.api as sm

    codes = np.unique(small.cluster, return_inverse=True)[1]
    rows = ~small.treated
    z = np.column_stack([np.ones(420), small.covariates, small.instrument])[rows]
    wls = sm.WLS(small.outcome[rows], z, weights=small.weight[rows]).fit(
        cov_type="cluster", cov_kwds={"groups": codes[rows]}, use_t=True
    )
    f = wls.f_test(np.eye(z.shape[1])[-2:])
    assert switching.fit(small).falsification.statistic == pytest.approx(float(f.fvalue), rel=1e-8)


def test_likelihood_ratio_against_separate_regressions(small):
    import statsmodels.api as sm

    even = replace(small, weight=np.ones(420))
    fit = switching.fit(even)
    x = np.column_stack([np.ones(420), even.covariates])
    z = np.column_stack([x, even.instrument])
    apart = sm.Probit(even.treated.astype(float), z).fit(disp=0, tol=1e-12).llf
    apart += sum(sm.OLS(even.outcome[rows], x[rows]).fit().llf for rows in (even.treated, ~even.treated))
    assert fit.independence_lr.statistic == pytest.approx(2 * (fit.loglik - apart), abs=1e-7)
    assert fit.independence_lr.p_value == pytest.approx(stats.chi2.sf(2 * (fit.loglik - apart), 2), rel=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_score_test_meets_the_wald_test_of_the_larger_model(seed):
    """Two routes to one hypothesis; a strong instrument bends the normal law enough for them to meet."""
    section = county(np.random.default_rng(seed), 20_000, pull=1.5)
    fit = switching.fit(section)
    base = switching._equations(section)
    x = np.column_stack([base.design0, section.instrument])
    larger = replace(base, design0=x, design1=x)
    top = likelihood.maximise(larger, heckman.two_step(larger).parameters)
    code = np.unique(section.cluster, return_inverse=True)[1]
    at = [3 + 2, 3 + 3 + 2]
    wald = instruments.f_test(top.parameters[at], instruments.by_village(top.influence[:, at], code))
    assert fit.exclusion.statistic == pytest.approx(wald.statistic, rel=0.1, abs=0.02)


# --- what must not matter ------------------------------------------------------------------------------------------


def answers(section):
    fit = switching.fit(section)
    effects = switching.effects(fit, section)
    tests = [fit.independence_lr, fit.independence_wald, fit.first_stage, fit.falsification, fit.exclusion]
    return effects, np.array([test.statistic for test in tests]), fit


@cache
def plain_answers():
    section = county(np.random.default_rng(12), 240, villages=24, shared=0.2)
    return section, *answers(section)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_row_order_and_village_names_do_not_matter(seed):
    section, effects, tests, _ = plain_answers()
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(240), rng.permutation(24)
    code = np.unique(section.cluster, return_inverse=True)[1]
    renamed = np.array([f"village {names[c]:02d}" for c in code])
    other = Section(
        section.outcome[order], section.treated[order], section.covariates[order], section.names,
        section.weight[order], renamed[order], None, section.instrument[order],
    )  # fmt: skip
    got, found, _ = answers(other)
    assert got.estimate == pytest.approx(effects.estimate, rel=1e-6, abs=1e-7)
    assert got.std_error == pytest.approx(effects.std_error, rel=1e-6)
    assert got.influence[names] == pytest.approx(effects.influence, rel=1e-5, abs=1e-8)
    assert found == pytest.approx(tests, rel=1e-5)


@settings(max_examples=200, deadline=None)
@given(
    scale=st.floats(1e-3, 1e5), sign=st.sampled_from([-1, 1]), shift=st.floats(-100, 100),
    stretch=st.floats(1e-3, 1e3), move=st.floats(-50, 50), weight=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_units_do_not_matter(scale, sign, shift, stretch, move, weight):
    """Outcome x c + shift gives every effect x c; units of covariates and instruments and of weights give nothing."""
    section, effects, tests, fit = plain_answers()
    c = sign * scale
    other = replace(
        section,
        outcome=c * (section.outcome + shift),
        covariates=stretch * (section.covariates + move),
        instrument=stretch * (section.instrument - move),
        weight=weight * section.weight,
    )
    got, found, changed = answers(other)
    moved = effects.estimate + np.where(np.arange(10) < 4, shift, 0.0)
    assert got.estimate / c == pytest.approx(moved, rel=1e-6, abs=1e-6)
    assert got.std_error / scale == pytest.approx(effects.std_error, rel=1e-6)
    assert found == pytest.approx(tests, rel=1e-5)
    assert changed.rho == pytest.approx(sign * fit.rho, abs=1e-6)
    assert changed.loglik == pytest.approx(fit.loglik - 240 * np.log(scale), rel=1e-9)


def test_a_weight_of_two_is_the_household_twice(small):
    counts = np.random.default_rng(9).integers(1, 4, 420)
    twice = np.repeat(np.arange(420), counts)
    weighted = replace(small, weight=counts.astype(float))
    repeated = Section(
        small.outcome[twice], small.treated[twice], small.covariates[twice], small.names,
        np.ones(len(twice)), small.cluster[twice], None, small.instrument[twice],
    )  # fmt: skip
    one, _, fit1 = answers(weighted)
    two, _, fit2 = answers(repeated)
    assert one.estimate == pytest.approx(two.estimate, rel=1e-7)
    assert one.std_error == pytest.approx(two.std_error, rel=1e-6)
    assert fit1.parameters == pytest.approx(fit2.parameters, rel=1e-6, abs=1e-7)
    assert fit1.exclusion.statistic == pytest.approx(fit2.exclusion.statistic, rel=1e-5)
    assert ("lr_ignores_weights", counts.max() / counts.mean()) in fit1.notes


def test_what_is_passed_in_stays_as_it_was(small):
    arrays = ("outcome", "treated", "covariates", "weight", "cluster", "instrument")
    before = {name: getattr(small, name).copy() for name in arrays}
    switching.estimate(small)
    assert all(np.array_equal(getattr(small, name), before[name]) for name in arrays)


# --- hand-over -----------------------------------------------------------------------------------------------------


def test_the_estimate_is_the_att_with_its_notes(small):
    fit = switching.fit(small)
    effects = switching.effects(fit, small, conf_level=0.9)
    effect = switching.estimate(small, conf_level=0.9)
    at = effects.position("att")
    assert (effect.method, effect.n_treated, effect.n_comparison) == (
        "switching",
        fit.n_members,
        fit.n_outside,
    )
    assert (effect.estimate, effect.std_error) == (effects.estimate[at], effects.std_error[at])
    assert (effect.influence @ effect.influence) ** 0.5 == pytest.approx(effect.std_error, rel=1e-12)
    assert effect.n_clusters == len(effect.influence) == 30
    sides = [len(np.unique(small.cluster[small.treated == side])) for side in (True, False)]
    assert effect.df == min(sides) - 1
    assert effect.conf_high - effect.estimate == pytest.approx(
        stats.t.ppf(0.95, effect.df) * effect.std_error, rel=1e-12
    )
    notes = dict(effect.notes)
    assert notes["first_stage"] == fit.first_stage.statistic
    assert notes["exclusion_p"] == fit.exclusion.p_value
    assert notes["lr_ignores_clusters"] == 30
    assert all(isinstance(value, float) for value in notes.values())
    assert fit.error_of_rho(fit.covariance) == pytest.approx(
        (1 - fit.rho**2) * np.sqrt(np.diag(fit.covariance)[-2:])
    )
    assert fit.names[: 1 + 2 + 2] == (
        "select:constant", "select:land", "select:age", "select:instrument1", "select:instrument2",
    )  # fmt: skip
    assert len(fit.names) == len(fit.parameters)


def test_a_weak_instrument_is_noted(small):
    weak = replace(small, instrument=np.random.default_rng(1).normal(size=(420, 1)))
    fit = switching.fit(weak)
    assert dict(fit.notes)["weak_instrument"] == fit.first_stage.statistic < switching.WEAK


def test_functional_form_has_to_be_said_and_is_noted(small):
    bare = replace(small, instrument=None)
    fit = switching.fit(bare, identified_by="functional form")
    assert ("functional_form", 1.0) in fit.notes
    assert (fit.first_stage, fit.falsification, fit.exclusion) == (None, None, None)
    empty = replace(small, instrument=np.empty((420, 0)))
    assert switching.fit(empty, identified_by="functional form").loglik == fit.loglik


def test_a_correlation_of_one_is_flagged_and_no_number_is_given():
    rng = np.random.default_rng(2)
    x, z, u = rng.normal(size=(3, 600))
    member = 0.3 * x + z + u > 0
    outcome = np.where(member, 2 + x + u, 1 + 0.5 * x + rng.normal(size=600))  # members' error is u itself
    section = Section(
        outcome, member, x[:, None], ("x",), np.ones(600), np.arange(600).astype(str), None, z[:, None]
    )
    fit = switching.fit(section)
    assert fit.n_starts > 6
    assert dict(fit.notes)["boundary_rho1"] > likelihood.BOUNDARY
    assert np.isnan(fit.covariance).all()
    effect = switching.estimate(section)
    assert np.isnan([effect.std_error, effect.conf_low, effect.conf_high]).all()
    assert effect.influence is None
    assert np.isnan(effect.estimate) == (not fit.converged)


def test_households_alone_in_a_village_bear_no_note_on_clusters():
    section = county(np.random.default_rng(12), 240)
    assert "lr_ignores_clusters" not in dict(switching.fit(section).notes)


# --- refusals ------------------------------------------------------------------------------------------------------


def changed(section, **new):
    return lambda: switching.fit(replace(section, **new))


def one_side(section, side):
    """The second covariate constant among members or among the others."""
    covariates = section.covariates.copy()
    covariates[section.treated == side, 1] = 3.0
    return covariates


def test_every_refusal_says_what_is_missing(small):
    missing = small.outcome.copy()
    missing[7] = np.nan
    few = np.zeros(420, dtype=bool)
    few[:5] = True
    flat = np.where(small.treated, 5.0, small.outcome)
    gives_away = np.column_stack([small.treated * 1.0])
    cases = [
        (changed(small, instrument=None), "no instrument: name a variable", "缺少工具变量"),
        (changed(small, instrument=np.empty((420, 0))), "identified_by='functional form'", "正态假设"),
        (lambda: switching.fit(small, identified_by="hope"), "choices are: instrument, functional form", "可选"),
        (lambda: switching.fit(small, identified_by="functional form"), "2 instruments were given", "2 个工具变量"),
        (changed(small, outcome=missing), "no missing values", "不得缺失"),
        (changed(small, weight=np.r_[0.0, np.ones(419)]), "weights must be positive", "权重须为正"),
        (changed(small, treated=few), "5 members and 415 non-members", "社员 5 户"),
        (changed(small, treated=np.ones(420, dtype=bool)), "420 members and 0 non-members", "非社员 0 户"),
        (changed(small, cluster=np.repeat("v", 420)), "one village", "一个村"),
        (changed(small, covariates=np.ones((420, 2))), "'land' is constant", "“land”不变"),
        (changed(small, covariates=one_side(small, True)), "'age' is constant or .* among members", "社员"),
        (changed(small, covariates=one_side(small, False)), "'age' is constant or .* among non-members", "非社员"),
        (changed(small, instrument=2 * small.covariates[:, :1] + 1), "'instrument1' is constant or a comb", "线性组合"),
        (changed(small, instrument=gives_away), "predict membership perfectly", "完全预测"),
        (changed(small, outcome=flat), "explain the outcome of members without error", "完全解释"),
    ]  # fmt: skip
    for call, english, chinese in cases:
        with pytest.raises(SwitchingError, match=english) as caught:
            call()
        assert chinese in in_language(caught.value, "zh")


def test_a_fit_of_another_section_is_refused(small):
    fit = switching.fit(small)
    with pytest.raises(SwitchingError, match="another section"):
        switching.effects(fit, replace(small, treated=~small.treated))


def test_averages_do_not_depend_on_who_fitted(small):
    """The array function stands alone: at rho = 0 the ATT is the mean of x'(b1 - b0) over members."""
    equations = switching._equations(small)
    at = np.random.default_rng(1).normal(size=sum(equations.sizes) + 4)
    at[-2:] = 0.0
    x = equations.design0[small.treated]
    k, k0, _ = equations.sizes
    gain = x @ (at[k + k0 : -4] - at[k : k + k0])
    expected = np.average(gain, weights=small.weight[small.treated])
    assert averages(at, equations).estimate[KEYS.index("att")] == pytest.approx(expected, rel=1e-12)
