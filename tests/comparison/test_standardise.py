"""Standardised effects: the regression they are, what they repair, their errors, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from _villages import panel

from analysis.comparison import overlap, standardise
from analysis.comparison.effects_by_model import by_model
from analysis.comparison.errors import ComparisonError
from analysis.comparison.gains import Gains, gains
from analysis.messages import in_language
from analysis.study import Design

DESIGN = Design()
SIZES = {"M01": 16, "M02": 12, "M03": 8}


def followed(seed: int = 1, **options: object) -> Gains:
    return gains(panel(seed, sizes=SIZES, **options), DESIGN)


def test_effects_are_predictions_of_the_regression_with_one_slope():
    found = followed()
    population = standardise.Population("county", np.array([[0.5, 22.0], [-0.1, 18.0]]), np.array([1.0, 3.0]))
    ours = standardise.common_slope(found, population)
    dummies = np.array([found.model == m for m in ours.models]).T.astype(float)
    fitted = sm.OLS(found.gain, np.column_stack([dummies, found.covariates])).fit()
    at = np.column_stack([np.eye(3), np.tile(population.mean, (3, 1))])
    np.testing.assert_allclose(ours.estimate, fitted.predict(at), atol=1e-10)
    assert ours.population == "county"
    robust = fitted.get_robustcov_results("HC2").cov_params()
    own = ours.own_enlarged.T @ ours.own_enlarged
    np.testing.assert_allclose(np.diag(own), np.diag(at @ robust @ at.T), rtol=1e-9)


def test_the_models_own_mean_is_their_own_effect():
    """Standardised to the villages of one model, that model's effect is its own."""
    found = followed(2)
    own = by_model(found)
    for j, name in enumerate(own.models):
        inside = found.model == name
        population = standardise.Population(name, found.covariates[inside], found.weight[inside])
        ours = standardise.common_slope(found, population)
        assert ours.estimate[j] == pytest.approx(own.estimate[j], abs=1e-12)


def richer_gain_more(seed: int) -> Gains:
    """All models alike; gains rise with income, and M03 was chosen by the rich."""
    found = followed(seed, noise=0.05, spread=0.02)
    income = np.random.default_rng(seed).normal(size=len(found.gain)) + 1.5 * (found.model == "M03")
    x = np.column_stack([income, found.covariates[:, 1]])
    return replace(found, covariates=x, gain=found.gain + 0.2 * income)


def test_own_effects_rank_the_villages_and_standardised_ones_do_not():
    own, common, weighted = [], [], []
    for seed in range(40):
        found = richer_gain_more(seed)
        population = standardise.adopters(found)
        scores = overlap.scores(found.model, found.covariates, found.weight, ridge=0.1, floor=0.05)
        for into, effects in (
            (own, by_model(found)),
            (common, standardise.common_slope(found, population)),
            (weighted, standardise.augmented(found, scores, standardise.overlap_population(found, scores))),
        ):
            into.append(effects.estimate[2] - effects.estimate[0])
    assert np.mean(own) > 0.2
    assert abs(np.mean(common)) < 0.02
    assert abs(np.mean(weighted)) < 0.02


def test_weighting_and_slope_are_the_augmented_estimator():
    """theta = sum t mu / sum t + sum w (d - mu) / sum w, written out."""
    found = richer_gain_more(3)
    scores = overlap.scores(found.model, found.covariates, found.weight)
    population = standardise.overlap_population(found, scores)
    ours = standardise.augmented(found, scores, population)
    dummies = np.array([found.model == m for m in ours.models]).T.astype(float)
    beta = sm.OLS(found.gain, np.column_stack([dummies, found.covariates])).fit().params
    h = 1 / (1 / scores.probability).sum(axis=1)
    for j, name in enumerate(ours.models):
        mu = beta[j] + found.covariates @ beta[3:]
        w = np.where(found.model == name, h / scores.probability[:, j], 0.0)
        expected = np.average(mu, weights=h) + np.average(found.gain - mu, weights=w)
        assert ours.estimate[j] == pytest.approx(expected, abs=1e-10)


def test_errors_agree_with_redraws():
    estimates, variance = [], []
    population = standardise.Population("fixed", np.array([[0.3, 21.0]]), np.ones(1))
    for seed in range(100):
        ours = standardise.common_slope(followed(seed), population)
        estimates.append(ours.estimate)
        variance.append(np.diag(ours.covariance))
    ratio = np.sqrt(np.mean(variance, axis=0)) / np.std(estimates, axis=0, ddof=1)
    assert (np.abs(ratio - 1) < 0.17).all()
    assert np.abs(np.mean(estimates, axis=0) - 0.25).max() < 0.04


def test_units_of_covariates_and_order_of_villages_do_not_matter():
    found = followed(4)
    population = standardise.adopters(found)
    ours = standardise.common_slope(found, population)
    scaled = replace(found, covariates=found.covariates * [100.0, 0.1] + 7)
    other = standardise.common_slope(scaled, standardise.adopters(scaled))
    np.testing.assert_allclose(other.estimate, ours.estimate, atol=1e-10)
    np.testing.assert_allclose(other.covariance, ours.covariance, atol=1e-12)


def test_distance_says_how_far_a_model_is_extrapolated():
    found = richer_gain_more(5)
    told = standardise.distance(found, standardise.adopters(found), ("M01", "M02", "M03"))
    assert told.standardised[2, 0] > 0.7
    assert np.abs(told.standardised[:, 1]).max() < 0.7
    own, ours = by_model(found), standardise.common_slope(found, standardise.adopters(found))
    np.testing.assert_allclose(ours.estimate - own.estimate, told.moved, atol=1e-12)


def test_refusals_are_read_in_both_languages():
    found = followed(6)
    by_code = replace(
        found, covariates=np.column_stack([found.covariates[:, 0], found.model == "M02"]).astype(float)
    )
    scores = overlap.scores(found.model, found.covariates, found.weight)
    county = standardise.Population("county", found.covariates[:5], np.ones(5))
    cases = [
        (lambda: standardise.common_slope(by_code, standardise.adopters(by_code)), "covariate 'land' does not vary", "协变量 'land'"),
        (
            lambda: standardise.common_slope(found, standardise.Population("county", np.ones((3, 1)), np.ones(3))),
            "has 1 covariates of 3 villages; it needs income, land",
            "需要的协变量：income、land",
        ),
        (
            lambda: standardise.common_slope(found, replace(county, weight=np.zeros(5))),
            "weights that are not positive",
            "非正的权重",
        ),
        (lambda: standardise.augmented(found, scores, county), "need the adopting villages themselves", "目标总体就是组建村本身"),
        (
            lambda: standardise.augmented(found, replace(scores, models=("M01", "M02", "M07")), standardise.adopters(found)),
            "no probability of model 'M03'; there are M01, M02, M07",
            "没有模式 'M03' 的概率",
        ),
    ]  # fmt: skip
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")
