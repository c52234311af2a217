"""Two-stage least squares on published answers, against matrix formulas, and with a weak instrument."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import paths
from analysis.checks.instrument import _where_not_positive, two_stage
from analysis.effects import EstimatorError


def test_rice_insurance_gives_the_published_numbers():
    controls = [
        "male",
        "age",
        "agpop",
        "ricearea_2010",
        "literacy",
        "intensive",
        "risk_averse",
        "disaster_prob",
    ]
    table = pd.read_csv(paths.project() / "data/published/china_rice_insurance/social_insure.csv")
    table = table[["takeup_survey", "pre_takeup_rate", "default", "village", "address", *controls]].dropna()
    found = two_stage(
        table["takeup_survey"], table["pre_takeup_rate"], table["default"], controls=table[controls],
        effects=(table["village"],), cluster=table["address"],
    )  # fmt: skip
    assert (found.n, found.n_clusters) == (1378, 166)
    assert found.estimate == pytest.approx(0.791097, abs=5e-7)
    assert found.std_error == pytest.approx(0.273127, abs=5e-7)
    assert found.first_stage[0] == pytest.approx(0.118026, abs=5e-7)
    assert found.first_stage_error[0] == pytest.approx(0.034433, abs=5e-7)
    assert found.least_squares == pytest.approx(0.452382, abs=5e-7)
    assert found.first_stage_f == pytest.approx((0.11802574 / 0.03443307) ** 2, rel=1e-6)
    assert found.weak
    assert found.anderson_rubin[0][0] > 0


CREDIT = [
    "sexhead",
    "agehead",
    "educhead",
    "lnland",
    "vaccess",
    "pcirr",
    "rice",
    "wheat",
    "milk",
    "oil",
    "egg",
]


def credit(name: str) -> pd.DataFrame:
    folder = paths.shared_data()
    if folder is None:
        pytest.skip(
            "bangladesh_microcredit: no licence stated; set COOPEVAL_DATA to the folder that holds it"
        )
    table = pd.read_stata(folder / "bangladesh_microcredit" / name, convert_categoricals=False).astype(
        {"exptot": float, "hhland": float, "dfmfd": float}
    )
    return table.assign(lexptot=np.log1p(table["exptot"]), lnland=np.log1p(table["hhland"] / 100))


def least_squares(y, x, **asked):
    return two_stage(y, x, x, **asked)


def test_credit_groups_by_village_and_member_1998():
    """The published error (0.0646) treats households as independent; by village it is a third larger."""
    table = credit("hh_98.dta")
    village = (table["thanaid"] * 10 + table["villid"]).to_numpy()
    placed = table["dfmfd"].groupby(village).transform("max").to_numpy()
    found = least_squares(table["lexptot"], placed)
    assert found.estimate == pytest.approx(0.129847, abs=5e-7)
    assert found.std_error == pytest.approx(0.0646, abs=0.0015)
    by_village = least_squares(table["lexptot"], placed, cluster=village)
    assert by_village.n_clusters == 104
    assert by_village.std_error == pytest.approx(0.0915344, abs=1e-6)
    member = least_squares(table["lexptot"], table["dfmfd"], controls=table[CREDIT], weight=table["weight"])
    assert (member.estimate, member.std_error) == (
        pytest.approx(0.065491, abs=5e-7),
        pytest.approx(0.034885, abs=5e-7),
    )


def test_credit_groups_by_differences_over_time():
    table = credit("hh_9198.dta")
    later = (table["year"] > 0).astype(float)
    member = table["dfmfd"].where(later > 0).groupby(table["nh"]).transform("max")
    found = least_squares(table["lexptot"], member * later, controls=np.column_stack([member, later]))
    assert found.estimate == pytest.approx(0.111376, abs=5e-7)
    adjusted = least_squares(
        table["lexptot"],
        member * later,
        controls=np.column_stack([member, later, table[CREDIT]]),
        weight=table["weight"],
    )
    assert adjusted.estimate / adjusted.std_error == pytest.approx(0.969557, abs=5e-7)
    within = least_squares(
        table["lexptot"], member * later, controls=later, effects=(table["nh"],), cluster=table["nh"]
    )
    assert (within.estimate, within.std_error) == (
        pytest.approx(0.111376, abs=5e-7),
        pytest.approx(0.03614, abs=1e-3),
    )


def made(seed: int, n_clusters: int = 25, strength: float = 0.6, m: int = 2, effect: float = 1.0):
    rng = np.random.default_rng(seed)
    size = rng.integers(4, 9, n_clusters)
    cluster = np.repeat(np.arange(n_clusters), size)
    n = len(cluster)
    z = rng.normal(size=(n, m)) + rng.normal(size=(n_clusters, m))[cluster]
    w, u = rng.normal(size=(n, 2)), rng.normal(size=n) + rng.normal(size=n_clusters)[cluster]
    x = z @ np.full(m, strength) + w @ [0.3, -0.2] + 0.8 * u + rng.normal(size=n)
    return effect * x + w @ [1.0, 0.5] + u, x, z, w, cluster


def test_it_equals_the_matrix_formulas_with_dummies_weights_and_several_instruments():
    y, x, z, w, cluster = made(0)
    rng = np.random.default_rng(1)
    group, weight = rng.integers(0, 5, len(y)), rng.uniform(0.5, 2, len(y))
    found = two_stage(y, x, z, controls=w, effects=(group,), cluster=cluster, weight=weight)
    exogenous = np.column_stack([w, group[:, None] == np.arange(5)]).astype(float)
    root = np.sqrt(weight)[:, None]
    right, first = np.column_stack([x, exogenous]) * root, np.column_stack([z, exogenous]) * root
    project = first @ np.linalg.lstsq(first, right, rcond=None)[0]
    beta = np.linalg.solve(project.T @ right, project.T @ (y * root[:, 0]))
    e = y * root[:, 0] - right @ beta
    bread = np.linalg.inv(project.T @ right)
    scores = np.array([project[cluster == g].T @ e[cluster == g] for g in range(25)])
    n, k = len(y), 1 + 2 + 5
    variance = bread @ scores.T @ scores @ bread.T * 25 / 24 * (n - 1) / (n - k)
    assert found.estimate == pytest.approx(beta[0], rel=1e-10)
    assert found.std_error == pytest.approx(np.sqrt(variance[0, 0]), rel=1e-10)
    gamma = np.linalg.lstsq(first, x * root[:, 0], rcond=None)[0]
    v = x * root[:, 0] - first @ gamma
    inner = np.linalg.inv(first.T @ first)
    meat = np.array([first[cluster == g].T @ v[cluster == g] for g in range(25)])
    of_gamma = (inner @ meat.T @ meat @ inner * 25 / 24 * (n - 1) / (n - k))[:2, :2]
    np.testing.assert_allclose(found.first_stage, gamma[:2], rtol=1e-9)
    np.testing.assert_allclose(found.first_stage_error, np.sqrt(np.diag(of_gamma)), rtol=1e-9)
    assert found.first_stage_f == pytest.approx(
        gamma[:2] @ np.linalg.solve(of_gamma, gamma[:2]) / 2, rel=1e-9
    )
    gram = np.linalg.inv(inner[:2, :2])  # of the instruments given the exogenous columns
    assert found.effective_f == pytest.approx(
        gamma[:2] @ gram @ gamma[:2] / np.trace(of_gamma @ gram), rel=1e-9
    )


def anderson_rubin(y, x, z, w, cluster, null):
    """The statistic by a regression of y - x null on instruments and controls."""
    design = np.column_stack([z, w, np.ones(len(y))])
    beta = np.linalg.lstsq(design, y - null * x, rcond=None)[0]
    e = y - null * x - design @ beta
    inner = np.linalg.inv(design.T @ design)
    g, n, m = cluster.max() + 1, len(y), z.shape[1]
    meat = np.array([design[cluster == c].T @ e[cluster == c] for c in range(g)])
    variance = (inner @ meat.T @ meat @ inner)[:m, :m] * g / (g - 1) * (n - 1) / (n - (1 + w.shape[1] + 1))
    return beta[:m] @ np.linalg.solve(variance, beta[:m]) / m


@pytest.mark.parametrize("m", [1, 2])
def test_the_ends_of_the_anderson_rubin_interval_are_where_its_statistic_is_critical(m):
    y, x, z, w, cluster = made(2, m=m)
    found = two_stage(y, x, z, controls=w, cluster=cluster)
    assert len(found.anderson_rubin) == 1
    for end in found.anderson_rubin[0]:
        # null imposed at the end; the clustered variance is that of the reduced form under the null
        assert anderson_rubin(y, x, z, w, cluster, end) == pytest.approx(stats.f.ppf(0.95, m, 24), rel=1e-6)


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ((1, -3, 2), ((1, 2),)),
        ((-1, 3, -2), ((-np.inf, 1), (2, np.inf))),
        ((-1, 0, -1), ((-np.inf, np.inf),)),
        ((1, 0, 1), ()),
        ((0, 2, -4), ((-np.inf, 2),)),
        ((0, -2, 4), ((2, np.inf),)),
    ],
)
def test_all_forms_of_a_quadratic_inequality(coefficients, expected):
    found = _where_not_positive(*map(float, coefficients))
    assert np.allclose(found, expected) if expected else found == ()


def test_an_instrument_that_does_nothing_bounds_nothing():
    y, x, z, w, cluster = made(3, m=1, strength=0.0)
    found = two_stage(y, x, z, controls=w, cluster=cluster)
    assert found.weak
    assert np.isinf([end for interval in found.anderson_rubin for end in interval]).any()


def test_with_a_weak_instrument_anderson_rubin_covers_and_the_t_interval_does_not():
    covered = np.zeros(2)
    for seed in range(400):
        y, x, z, w, cluster = made(seed, n_clusters=60, m=1, strength=0.05)
        found = two_stage(y, x, z, controls=w, cluster=cluster)
        covered += [
            any(low <= 1 <= high for low, high in found.anderson_rubin),
            found.conf_low <= 1 <= found.conf_high,
        ]
    low, high = stats.binom.ppf([5e-4, 1 - 5e-4], 400, 0.95)
    assert low <= covered[0] <= high
    assert covered[1] < low


def test_with_a_strong_instrument_both_intervals_agree_and_the_estimate_is_near_the_truth():
    y, x, z, w, cluster = made(5, n_clusters=400, strength=1.0, m=1)
    found = two_stage(y, x, z, controls=w, cluster=cluster)
    assert not found.weak
    np.testing.assert_allclose(found.anderson_rubin[0], (found.conf_low, found.conf_high), atol=0.005)
    assert found.conf_low < 1 < found.conf_high < found.least_squares


def test_rows_labels_origin_and_unit_do_not_matter():
    y, x, z, w, cluster = made(6)
    order = np.random.default_rng(0).permutation(len(y))
    one = two_stage(y, x, z, controls=w, cluster=cluster)
    names = np.array([f"t{c}" for c in cluster])[order]
    other = two_stage(10 * y[order] + 3, x[order], 5 * z[order] - 1, controls=w[order], cluster=names)
    assert other.estimate == pytest.approx(10 * one.estimate)
    assert other.std_error == pytest.approx(10 * one.std_error)
    assert other.effective_f == pytest.approx(one.effective_f)
    np.testing.assert_allclose(other.anderson_rubin, 10 * np.array(one.anderson_rubin), rtol=1e-6)


def test_what_does_not_identify_is_refused():
    y, x, z, w, _cluster = made(7)
    with pytest.raises(EstimatorError, match=r"in: instrument$") as one:
        two_stage(y, x, w[:, 0], controls=w)
    assert "没有剩余变异" in one.value.message.zh
    with pytest.raises(EstimatorError, match="collinear"):
        two_stage(y, x, np.column_stack([z, z[:, 0] + z[:, 1]]))
    with pytest.raises(EstimatorError, match="values are missing"):
        two_stage(np.where(x > 0, np.nan, y), x, z)
    with pytest.raises(EstimatorError, match="one cluster"):
        two_stage(y, x, z, cluster=np.zeros(len(y)))
