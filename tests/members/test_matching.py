"""Matching: answers of nnmatch, teffects and R's Matching, brute force, kernels, bootstrap, known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from member_sections import (
    LALONDE,
    birth_weights,
    county,
    drawn,
    lalonde,
    reordered,
    singles,
    weighted,
)  # fmt: skip
from scipy import stats

from analysis.members import kernel, matched_differences, propensity, regression
from analysis.members import nearest_neighbour as nearest
from analysis.members._gate import MemberEffectError

NINE = ("age", "education", "black", "hispanic", "married", "re74", "re75", "u74", "u75")
SELECTION = ("mmarried_", "mage", "mage2", "fbaby_", "medu")
DEHEJIA_WAHBA = (
    "age", "age_2", "education", "education_2", "black", "hispanic", "married", "nodegree", "re74", "re74_2",
    "re75", "re75_2", "u74", "u75",
)  # fmt: skip


# --- published answers ---


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"distance": "inverse_variance"}, 1.995),
        ({"distance": "inverse_variance", "bias": "regression"}, 1.838),
        ({"distance": "mahalanobis", "bias": "regression"}, 1.796),
    ],
)
def test_nnmatch_on_the_experiment(options, value):
    """Four neighbours, thousand dollars: Abadie, Drukker, Herr, Imbens (2004), as in Chen (2014), ch. 28."""
    found = nearest.estimate(lalonde("experiment", NINE), neighbours=4, **options)

    assert found.estimate / 1000 == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize(
    ("names", "value", "tolerance"),
    [(("age",), 1785.191, 1e-3), (("age", "education", "re74", "re75"), 1714.407, 5e-3)],
)
def test_the_log_of_the_authors(names, value, tolerance):
    """Imbens' Stata log of 3 February 2004 (lalonde_exper), effect on all; incomes there in single precision."""
    found = nearest.estimate(lalonde("experiment", names), distance="inverse_variance", estimand="ate")

    assert found.estimate == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("options", "value", "error"),
    [
        ({}, 2037.2, 1731.1),
        ({"neighbours": 5}, 1976.3, 1444.9),
        ({"bias": "regression"}, 2374.7, None),
    ],
)
def test_r_matching_against_the_panel_study(options, value, error):
    """R Matching on the trainees and PSID-1, ten covariates, as printed by Lal (LalondeIt); one variance for all."""
    found = nearest.estimate(
        lalonde("psid", LALONDE), distance="inverse_variance", variance_neighbours=0, **options
    )

    assert found.estimate == pytest.approx(value, abs=0.05)
    if error is not None:
        assert found.std_error == pytest.approx(error, abs=0.05)


def test_r_matching_on_the_propensity():
    """Sekhon (2011), Journal of Statistical Software 42(7), sec. 4: 2153.3 (825.4), the score taken as known."""
    found = nearest.estimate(
        lalonde("experiment", DEHEJIA_WAHBA),
        distance="probability",
        variance_neighbours=0,
        tie_tolerance=1e-5,
    )

    assert found.estimate == pytest.approx(2153.3, abs=0.05)
    assert dict(found.notes)["error_score_known"] == pytest.approx(825.4, abs=0.05)


@pytest.mark.parametrize(
    ("names", "options", "value", "error"),
    [
        (
            ("mmarried_", "mage", "fage", "medu", "prenatal1_"),
            {"distance": "mahalanobis"},
            -210.5435,
            29.32969,
        ),
        (("mmarried_", "mage", "fbaby_", "prenatal1_"), {"distance": "mahalanobis"}, -240.3306, 28.43006),
        (SELECTION, {"distance": "probability", "variance_neighbours": 1}, -210.9683, 32.021),
    ],
    ids=["nnmatch", "nnmatch-first-birth", "psmatch"],
)
def test_stata_teffects(names, options, value, error):
    """Effect on all as in Stata's manual of teffects nnmatch and psmatch, examples 1, with Abadie-Imbens errors.

    The errors of psmatch count the estimated propensity; its two variance neighbours include the unit itself.
    """
    found = nearest.estimate(birth_weights(*names), estimand="ate", **options)

    assert found.estimate == pytest.approx(value, abs=5e-5)
    assert found.std_error == pytest.approx(error, abs=5e-4 if error == 32.021 else 5e-6)


@pytest.mark.parametrize(
    ("options", "value", "error"),
    [({"distance": "inverse_variance"}, 1729, 815), ({"distance": "probability"}, 1462, 749)],
)
def test_published_matching_within_what_implementations_differ_by(options, value, error):
    """Imbens, Xu (2024), ldw rows 6 and 7; the tolerances are the source's."""
    found = nearest.estimate(lalonde("cps"), **options)

    assert found.estimate == pytest.approx(value, abs=500)
    assert found.std_error == pytest.approx(error, abs=300)


# --- brute force ---


def with_ties(rng, n=120):
    """Whole-number covariates: most households have several equals."""
    section = drawn(rng, n, 12)
    return weighted(replace(section, covariates=np.round(section.covariates * 1.5)), rng)


def by_brute_force(section, k, estimand, variance_neighbours=2, caliper=np.inf, within=None):
    """Effect and Abadie-Imbens error with all distances and loops over households."""
    y, d, w, n = section.outcome, section.treated, section.weight, len(section.outcome)
    share = w / w.sum()
    centred = section.covariates - share @ section.covariates
    inverse = np.linalg.inv((centred * share[:, None]).T @ centred)
    gap = centred[:, None] - centred
    distance = np.sqrt(np.einsum("ijk,kl,ijl->ij", gap, inverse, gap))
    m = np.zeros((n, n))
    for i in range(n):
        if estimand == "att" and not d[i]:
            continue
        able = (d != d[i]) & (distance[i] <= caliper * (1 + 1e-9))
        if within is not None:
            able &= within == within[i]
        if not able.any():
            continue
        last = np.sort(distance[i, able])[min(k, able.sum()) - 1]
        chosen = able & (distance[i] <= last + 1e-7)
        m[i, chosen] = w[chosen] / w[chosen].sum()
    target = w * (m.sum(axis=1) > 0)
    target = target / target.sum()
    each = np.where(d, 1, -1) * (y - m @ y)
    effect = target @ each
    use, use_square = target @ m, target**2 @ m**2
    variance = (target**2 * (each - effect) ** 2).sum()
    for j in range(n):
        own = d == d[j]
        near = np.sort(distance[j, own])[variance_neighbours]
        variance += (use[j] ** 2 + 2 * target[j] * use[j] - use_square[j]) * np.var(
            y[own & (distance[j] <= near + 1e-7)], ddof=1
        )
    return effect, np.sqrt(variance), target, use


@pytest.mark.parametrize("estimand", ["att", "ate"])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("limits", ["none", "caliper", "within"])
def test_effect_and_error_by_brute_force(estimand, k, limits):
    rng = np.random.default_rng(1)
    section = with_ties(rng)
    options = {
        "none": {},
        "caliper": {"caliper": 0.5},
        "within": {"within": np.array(["north", "south"])[rng.integers(0, 2, len(section.outcome))]},
    }[limits]

    effect, error, target, use = by_brute_force(section, k, estimand, **options)
    found = nearest.estimate(section, distance="mahalanobis", neighbours=k, estimand=estimand, **options)

    assert found.estimate == pytest.approx(effect, rel=1e-10)
    assert found.std_error == pytest.approx(error, rel=1e-9)
    assert found.n_treated == ((target + use) > 0)[section.treated].sum()
    assert found.n_comparison == ((target + use) > 0)[~section.treated].sum()
    asked = section.treated if estimand == "att" else np.ones(len(target), dtype=bool)
    assert dict(found.notes)["unmatched"] == (asked & (target == 0)).sum()
    if limits == "caliper":
        assert dict(found.notes)["unmatched"] > 0


@pytest.mark.parametrize("k", [1, 2])
def test_without_replacement_by_brute_force(k):
    section = drawn(np.random.default_rng(2), 150, 15)
    fitted = propensity.scores(section)
    free = ~section.treated
    pairs, caliper = {}, 0.3 * fitted.index.std()
    for i in sorted(np.flatnonzero(section.treated), key=lambda i: -fitted.index[i]):
        order = sorted(np.flatnonzero(free), key=lambda j: abs(fitted.index[j] - fitted.index[i]))[:k]
        if len(order) == k and abs(fitted.index[order[-1]] - fitted.index[i]) <= caliper:
            pairs[i] = order
            free[order] = False
    each = np.array([section.outcome[i] - section.outcome[js].mean() for i, js in pairs.items()])

    found = nearest.estimate(section, neighbours=k, replacement="without", caliper=0.3)

    assert found.estimate == pytest.approx(each.mean(), rel=1e-12)
    assert found.std_error == pytest.approx(each.std() / np.sqrt(len(each)), rel=1e-10)
    assert (found.n_treated, found.n_comparison) == (len(pairs), k * len(pairs))
    assert 0 < dict(found.notes)["unmatched"] == section.n_treated - len(pairs)


def test_bias_adjustment_by_its_definition():
    """Regression among matched non-members weighted by their use: Abadie, Imbens (2011), by statsmodels."""
    from statsmodels.regression.linear_model import WLS

    section = replace(drawn(np.random.default_rng(3), 200), weight=np.ones(200))
    _, _, target, use = by_brute_force(section, 1, "att")
    matched = nearest.matched_section(section, distance="mahalanobis")
    x = np.column_stack([np.ones(200), section.covariates])
    used = use > 0
    fitted = WLS(section.outcome[used], x[used], weights=use[used]).fit()
    expected = target @ section.outcome - use @ section.outcome - (target - use) @ fitted.predict(x)

    found = nearest.estimate(section, distance="mahalanobis", bias="regression")

    assert found.estimate == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(matched.use, use, atol=1e-14)


@pytest.mark.parametrize("shape", ["epanechnikov", "gaussian"])
@pytest.mark.parametrize("bandwidth", [0.01, 0.06])
def test_kernel_by_brute_force(shape, bandwidth):
    rng = np.random.default_rng(4)
    section = weighted(drawn(rng, 500), rng)
    p = propensity.scores(section).probability
    u = (p[section.treated][:, None] - p[~section.treated]) / bandwidth
    k = np.maximum(1 - u**2, 0) if shape == "epanechnikov" else np.exp(-0.5 * u**2)
    k = k * section.weight[~section.treated]
    has = k.sum(axis=1) > 1e-9
    imputed = k[has] @ section.outcome[~section.treated] / k[has].sum(axis=1)
    w = section.weight[section.treated][has]
    expected = w @ (section.outcome[section.treated][has] - imputed) / w.sum()

    found = kernel.estimate(section, kernel=shape, bandwidth=bandwidth, draws=50)

    assert found.estimate == pytest.approx(expected, rel=1e-9)
    assert dict(found.notes)["off_support"] == (~has).sum()
    if shape == "epanechnikov":
        assert found.n_comparison == (k[has] > 0).any(axis=0).sum()


def test_gaussian_sums_are_exact_far_from_everybody():
    """Interpolation and direct sums agree where the kernel is faint, and where it is not."""
    rng = np.random.default_rng(5)
    at, p = np.sort(rng.random(3000)), 0.02 * rng.random(400)
    w, y = rng.random(400) + 0.5, 1e5 + rng.standard_normal(400)

    mass, total = kernel._gaussian(at, p, w, y, 0.06)
    expected_mass, expected = kernel._direct(at, p, w, y, 0.06)

    np.testing.assert_allclose(mass, expected_mass, rtol=1e-6)
    np.testing.assert_allclose(total / mass, expected / expected_mass, atol=1e-4)


# --- errors ---


def test_the_bootstrap_draws_villages_and_is_seeded():
    section = drawn(np.random.default_rng(6), 600, 30, shock=1.5)
    together = replace(section, treated=section.treated & (section.cluster < "v020"))

    one, again, other = (kernel.estimate(together, draws=200, seed=k) for k in (1, 1, 2))
    households = kernel.estimate(replace(together, cluster=singles(600)), draws=200)

    assert one.std_error == again.std_error
    assert one.std_error == pytest.approx(other.std_error, rel=0.4)
    assert one.std_error > 1.5 * households.std_error
    assert one.df == 29
    assert one.influence is None


COVERING = {
    "mahalanobis, bias": lambda s: nearest.estimate(s, distance="mahalanobis", bias="regression"),
    "propensity": lambda s: nearest.estimate(s),
    "propensity, all": lambda s: nearest.estimate(s, estimand="ate"),
    "without": lambda s: nearest.estimate(s, replacement="without", caliper=0.25, bias="regression"),
}


@pytest.mark.parametrize("shape", ["epanechnikov", "gaussian"])
def test_the_bootstrap_error_is_the_spread_over_draws(shape):
    rng = np.random.default_rng(14)
    found = [kernel.estimate(drawn(rng, 300, 50, shock=0.5), kernel=shape, draws=50) for _ in range(150)]

    stated = np.sqrt(np.mean([f.std_error**2 for f in found]))
    assert stated == pytest.approx(np.std([f.estimate for f in found]), rel=0.12)


@pytest.mark.parametrize("method", COVERING.values(), ids=COVERING)
def test_abadie_imbens_intervals_cover_unrelated_households(method):
    """200 draws of 300 households: coverage inside the 99.8 per cent band of a 95 per cent interval."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        section = drawn(rng, 300)
        found = method(section)
        covered += found.conf_low <= 1 <= found.conf_high
    low = stats.binom.ppf(0.001, 200, 0.95)

    assert covered >= low  # more is no fault: the error without replacement is conservative


@pytest.mark.parametrize(("slope", "known_over_spread"), [(1.0, (1.25, 2)), (-3.0, (0.8, 1))])
def test_the_error_of_propensity_matching_counts_the_estimated_score(slope, known_over_spread):
    """Theorem 2 of Abadie, Imbens (2016): the spread over draws is that error, not the one for a known score.

    With effects that fall in a covariate the estimated score makes the effect on members less, not more, precise.
    """
    rng = np.random.default_rng(8)
    estimates, errors, known = [], [], []
    for _ in range(200):
        found = nearest.estimate(drawn(rng, 400, slope=slope), neighbours=4)
        estimates.append(found.estimate)
        errors.append(found.std_error)
        known.append(dict(found.notes)["error_score_known"])
    spread = np.std(estimates)

    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.12)
    assert known_over_spread[0] < np.sqrt(np.mean(np.square(known))) / spread < known_over_spread[1]


def test_where_villages_share_shocks_errors_by_village_cover_and_others_do_not():
    """Members in some villages only, four of five households there: 200 draws."""
    rng = np.random.default_rng(9)
    covered = {"village": 0, "abadie_imbens": 0}
    estimates, stated = [], []
    for _ in range(200):
        section = drawn(rng, 400, 40, shock=1.0)
        offered = (section.cluster < "v020") & (rng.random(400) < 0.8)
        section = replace(
            section, treated=offered, outcome=section.outcome - section.treated * 1.0 + offered * 1.0
        )
        for errors in covered:
            found = nearest.estimate(
                section, distance="mahalanobis", neighbours=4, bias="regression", errors=errors
            )
            covered[errors] += found.conf_low <= 1 <= found.conf_high
            if errors == "village":
                estimates.append(found.estimate)
                stated.append(found.std_error)

    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(np.std(estimates), rel=0.12)
    # matching adds noise that the linear influence sees in large samples only: a little below nominal is allowed
    assert covered["village"] >= stats.binom.ppf(0.001, 200, 0.93)
    assert covered["abadie_imbens"] < 150


@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_the_village_influence_by_its_definition(estimand):
    """Regressions by statsmodels, weighted by use; the index of the propensity is what is matched on."""
    from statsmodels.regression.linear_model import WLS

    rng = np.random.default_rng(10)
    section = weighted(drawn(rng, 300, 30), rng)
    index = propensity.scores(section).index
    matched = nearest.matched_section(section, neighbours=2, estimand=estimand)
    bases = {"none": index[:, None], "regression": section.covariates}
    for bias, columns in bases.items():
        z, mu = np.column_stack([np.ones(300), columns]), []
        for group in (~section.treated, section.treated):
            used = group & (matched.use > 0)
            used, weight = (used, matched.use) if used.any() else (group, section.weight)
            mu.append(WLS(section.outcome[used], z[used], weights=weight[used]).fit().predict(z))
        own = np.where(section.treated, mu[1], mu[0])
        residual = np.where(section.treated, 1, -1) * (matched.target + matched.use) * (section.outcome - own)
        centre = matched.target @ (mu[1] - mu[0]) + residual.sum()
        psi = matched.target * (mu[1] - mu[0] - centre) + residual
        expected = [psi[section.cluster == v].sum() * np.sqrt(30 / 29) for v in np.unique(section.cluster)]

        found = nearest.estimate(section, neighbours=2, errors="village", bias=bias, estimand=estimand)

        np.testing.assert_allclose(found.influence, expected, rtol=1e-7, atol=1e-10)
        assert found.influence.sum() == pytest.approx(0, abs=1e-12)
        assert found.std_error == pytest.approx(np.sqrt(found.influence @ found.influence), rel=1e-12)


# --- invariances ---

MATCHERS = {
    "logit": lambda s: nearest.estimate(s),
    "logit village": lambda s: nearest.estimate(s, errors="village", neighbours=3),
    "mahalanobis": lambda s: nearest.estimate(s, distance="mahalanobis", bias="regression"),
    "without": lambda s: nearest.estimate(s, replacement="without"),
    "differences": lambda s: matched_differences.estimate(s, within=np.char.str_len(s.cluster)),
    "kernel": lambda s: kernel.estimate(s, draws=50),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    st.sampled_from(sorted(MATCHERS)),
    st.integers(0, 9),
    st.floats(-50, 50),
    st.floats(0.01, 100),
    st.integers(0, 99),
)
def test_order_shift_scale_and_names_change_nothing(name, seed, shift, scale, order):
    method, section = MATCHERS[name], drawn(np.random.default_rng(seed), 160, 16)
    rows = np.random.default_rng(order).permutation(160)
    moved = reordered(
        replace(
            section,
            outcome=shift + scale * section.outcome,
            before=scale * section.before - shift,
            covariates=section.covariates * scale - shift,
            cluster=np.char.add("town-", section.cluster),
        ),
        rows,
    )

    expected, found = method(section), method(moved)

    assert found.estimate == pytest.approx(scale * expected.estimate, rel=1e-6, abs=1e-6 * scale)
    assert found.std_error == pytest.approx(scale * expected.std_error, rel=1e-5)


# --- differences over time, truth, refusals ---


def test_matched_differences_are_matching_on_the_change():
    section = drawn(np.random.default_rng(11), 300, 6)
    change = replace(section, outcome=section.outcome - section.before)

    found = matched_differences.estimate(section, within=section.cluster, neighbours=2)
    expected = nearest.estimate(change, within=section.cluster, neighbours=2, errors="village")

    assert found.method == "matched_differences"
    assert (found.estimate, found.std_error) == (expected.estimate, expected.std_error)


def test_comparisons_stay_inside_the_stratum():
    section = drawn(np.random.default_rng(12), 300, 6)
    matched = nearest.matched_section(section, within=section.cluster, neighbours=2)
    rows, columns = matched.sets.nonzero()

    assert len(rows) >= 2 * section.n_treated
    assert (section.cluster[rows] == section.cluster[columns]).all()
    assert section.treated[rows].all()
    assert not section.treated[columns].any()


@pytest.mark.parametrize(
    "method",
    [
        lambda s: nearest.estimate(s),
        lambda s: nearest.estimate(s, distance="mahalanobis", neighbours=4, bias="regression"),
        lambda s: kernel.estimate(s, draws=50),
        lambda s: matched_differences.estimate(s),
        lambda s: matched_differences.estimate(s, within=s.cluster),
    ],
    ids=["nearest", "mahalanobis", "kernel", "differences", "differences in the village"],
)
def test_where_members_are_drawn_by_lot_matching_finds_the_truth(method):
    section, truth = county("none", 11)

    found = method(section)

    assert abs(found.estimate - truth) < 2.5 * found.std_error
    assert found.std_error < 1200


def test_where_members_select_themselves_changes_come_closer_than_levels_and_levels_than_nothing():
    """The ladder of the calibrated county: ability that nobody records is in levels, hardly in changes."""
    section, truth = county("county", 11)

    plain = regression.difference(section).estimate - truth
    levels = nearest.estimate(section, neighbours=4).estimate - truth
    changes = matched_differences.estimate(section).estimate - truth

    assert plain > 2 * levels > 0
    assert levels > 2 * abs(changes)


def test_refusals():
    section = drawn(np.random.default_rng(13))
    for options, sentence in (
        ({"distance": "nearest"}, "choose logit, probability, mahalanobis, inverse_variance"),
        ({"bias": "some"}, "bias = 'some'; choose none, regression"),
        ({"errors": "bootstrap"}, "errors = 'bootstrap'; choose abadie_imbens, village"),
        ({"replacement": "never"}, "replacement = 'never'; choose with, without"),
        ({"replacement": "without", "estimand": "ate"}, "gives the effect on members only"),
        ({"neighbours": 0}, "neighbours = 0, caliper = inf; give 1 or more and a distance above 0"),
        ({"within": section.treated}, "0 households have a comparison within the caliper and stratum"),
    ):
        with pytest.raises(MemberEffectError, match=sentence):
            nearest.estimate(section, **options)
    with pytest.raises(MemberEffectError, match="need the outcome before anybody joined"):
        matched_differences.estimate(replace(section, before=None))
    with pytest.raises(MemberEffectError, match="draws = 3; give a bandwidth above 0 and 50 draws"):
        kernel.estimate(section, draws=3)
    with pytest.raises(MemberEffectError, match="no member has a non-member within 1e-09"):
        kernel.estimate(section, bandwidth=1e-9)
    with pytest.raises(MemberEffectError, match="no Mahalanobis distance"):
        same = np.column_stack([section.covariates, section.covariates[:, 0]])
        nearest.estimate(
            replace(section, covariates=same, names=("a", "b", "a again")), distance="mahalanobis"
        )
