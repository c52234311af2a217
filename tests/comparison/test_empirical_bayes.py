"""Shrinkage of many small areas: published values, and a worst case looked for directly."""

import numpy as np
import pandas as pd
import pytest
from _ten_models import refused
from scipy import stats

from analysis import paths
from analysis.comparison.empirical_bayes import robust_critical_value, shrink


def test_robust_critical_values():
    assert robust_critical_value(0.0) == pytest.approx(1.959964, abs=2e-6)
    assert robust_critical_value(4.0) == pytest.approx(7.216351, abs=2e-6)


@pytest.mark.parametrize(("second", "alpha"), [(0.3, 0.05), (1.0, 0.05), (0.2, 0.1), (0.31, 0.1), (9.0, 0.2)])
def test_no_two_point_bias_of_the_second_moment_misses_more_often(second, alpha):
    """The worst distribution of a squared bias with a given mean has two points, one of them possibly zero."""
    chi = robust_critical_value(second, alpha=alpha)

    def missed(t):
        return stats.norm.cdf(-chi - np.sqrt(t)) + stats.norm.cdf(-chi + np.sqrt(t))

    above = second * np.linspace(1, 60, 6000)
    share = second / above
    worst = np.max(share * missed(above) + (1 - share) * missed(0.0))
    assert worst == pytest.approx(alpha, abs=2e-5)


def test_commuting_zones():
    folder = paths.shared_data()
    file = folder and folder.parent.parent / "references" / "comparison_data" / "chetty_hendren_cz.csv.gz"
    if not (file and file.is_file()):
        pytest.skip("the commuting zones of Chetty and Hendren are not on this machine")
    zones = pd.read_csv(file).dropna(subset=["se25"])
    error = zones["se25"].to_numpy()
    line = np.column_stack([np.ones(len(zones)), zones["stayer25"]])
    found = shrink(zones["theta25"].to_numpy(), error, line, 1 / error**2, alpha=0.1)
    np.testing.assert_allclose(found.delta, [-1.44075193, 0.03244676], atol=1e-7)
    assert found.mu2 == pytest.approx(0.006243867, abs=1e-7)
    assert found.kurtosis == pytest.approx(345.3191, abs=1e-4)
    assert found.parametric.mean() == pytest.approx(0.1234121, abs=1e-7)
    assert (stats.norm.ppf(0.95) * error).mean() == pytest.approx(0.7858001, abs=1e-7)
    shrunk = dict(
        zip(zones["czname"][zones["state"] == "NY"], found.estimate[zones["state"] == "NY"], strict=True)
    )
    assert {name: round(value, 3) for name, value in shrunk.items()} == {
        "Syracuse": 0.032, "Oneonta": 0.112, "Union": -0.014, "Buffalo": -0.003, "Elmira": 0.056, "Olean": 0.08,
        "Watertown": 0.098, "Plattsburgh": 0.056, "Amsterdam": 0.074, "Albany": -0.015, "Poughkeepsie": -0.099,
        "New York": -0.116,
    }  # fmt: skip
    assert found.parametric.mean() < found.robust.mean() < 0.7858


def test_no_spread_gives_the_line_and_no_robust_interval():
    found = shrink(np.ones(5), np.ones(5), np.ones((5, 1)), np.ones(5))
    np.testing.assert_allclose(found.estimate, 1)
    assert found.mu2 == 0
    assert np.isnan(found.robust).all() and np.isnan(found.kurtosis)


def test_refusals():
    refused(lambda: robust_critical_value(-1.0), en="second moment -1.0", zh="二阶矩 -1.0")
    refused(lambda: robust_critical_value(1.0, alpha=0.6), en="alpha is 0.6", zh="alpha 为 0.6")
    ones, constant = np.ones(3), np.ones((3, 1))
    refused(lambda: shrink(ones, ones, ones, ones), en="(J, q)", zh="(J, q)")
    refused(lambda: shrink(ones, ones - 1, constant, ones), en="3 rows with missing", zh="有 3 行")
    refused(lambda: shrink(ones, ones, np.ones((3, 2)), ones), en="not independent", zh="线性相关")
