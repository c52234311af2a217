"""The winner's effect: printed values, 60-digit arithmetic, two arms, limits, and coverage in a dead heat."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD
from scipy import stats

from analysis.comparison.contrasts import compare, effects
from analysis.comparison.errors import ComparisonError
from analysis.comparison.winner import conditional, hybrid, projection, room, winner
from analysis.messages import in_language

FIVE = np.arange(5.0)
C_FIVE = stats.norm.ppf(0.5 + 0.995 ** (1 / 5) / 2)  # exact for independent arms


def limits(interval) -> list[float]:
    return [interval.estimate, interval.conf_low, interval.conf_high]


def test_five_arms_are_as_printed():
    found = winner(FIVE, np.eye(5))
    assert (found.arm, found.room_below, found.room_above) == (4, pytest.approx(1.0), np.inf)
    assert limits(found.conditional) == pytest.approx([3.68627552, 0.06742731, 5.93267239], abs=1e-7)
    assert found.c_projection == pytest.approx(2.568763, abs=0.001)
    assert found.c_hybrid == pytest.approx(3.289963, abs=0.001)
    assert limits(found.hybrid) == pytest.approx([3.687402, 0.865407, 5.976934], abs=5e-4)
    assert limits(found.naive) == pytest.approx([4, 4 - stats.norm.ppf(0.975), 4 + stats.norm.ppf(0.975)])

    exact = hybrid(4.0, 1.0, 1.0, np.inf, C_FIVE)
    assert limits(exact) == pytest.approx([3.687402, 0.865407, 5.976934], abs=1e-6)


def test_ten_models_are_as_recorded():
    alike, spread = winner(ALIKE, COVARIANCE), winner(SPREAD, COVARIANCE)
    assert alike.arm == spread.arm == 7
    assert limits(alike.conditional) == pytest.approx([0.38159, -0.0165, 0.617], abs=1e-4)
    assert limits(spread.conditional) == pytest.approx([0.76466, 0.5524, 0.9645], abs=1e-4)
    assert limits(alike.hybrid) == pytest.approx([0.382, 0.081, 0.622], abs=0.001)
    assert limits(spread.hybrid) == pytest.approx([0.765, 0.548, 0.968], abs=0.001)
    assert alike.c_projection == pytest.approx(2.799, abs=0.01)


# --- arithmetic of 60 digits ---


def upper_tail(x: Decimal) -> Decimal:
    """1 - Phi(x): Laplace's continued fraction in the tail, the series of Phi elsewhere."""
    pi = Decimal(
        "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211707"
    )
    density = (-x * x / 2).exp() / (2 * pi).sqrt()
    if x < 0:
        return 1 - upper_tail(-x)
    if x > 6:
        fraction = x
        for k in range(600, 0, -1):
            fraction = x + k / fraction
        return density / fraction
    term = total = x
    for k in range(1, 400):
        term = term * x * x / (2 * k + 1)
        total += term
    return Decimal("0.5") - density * total


def truncated(y: float, mu: float, lower: float, upper: float) -> Decimal:
    """F of a normal law with unit error cut to (lower, upper), in 120 digits, from the tail in which y lies."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 120, MIN_EMIN, MAX_EMAX
        at, low, high = (Decimal(value) - Decimal(mu) for value in (y, lower, upper))
        above = Decimal(0) if high.is_infinite() else upper_tail(high)
        if at > 0:
            return (upper_tail(low) - upper_tail(at)) / (upper_tail(low) - above)
        below = upper_tail(-low)
        return (upper_tail(-at) - below) / (
            1 - above - below if high.is_infinite() else upper_tail(-high) - below
        )


@pytest.mark.parametrize(
    ("y", "below", "above"),
    [(4.0, 1.0, np.inf), (0.25, 2.0**-10, np.inf), (1.0, 2.0**-20, np.inf), (0.5, 0.5, 0.25), (0.5, 8.0, 2.0**-12),
     (0.5, 40.0, np.inf), (30.0, 0.125, 64.0)],
)  # fmt: skip
def test_limits_solve_the_equation_to_many_digits(y, below, above):
    """F falls in mu: the wanted probability lies between its values just beside the solution."""
    found = conditional(y, 1.0, below, above)
    for mu, q in ((found.conf_low, 0.025), (found.estimate, 0.5), (found.conf_high, 0.975)):
        near = 1e-9 * max(1.0, abs(mu))
        left, right = (truncated(y, mu + side * near, y - below, y + above) for side in (-1, 1))
        assert left > Decimal(1 - q) > right


@pytest.mark.parametrize("below", [1.0, 0.25, 2.0**-10])
def test_hybrid_limits_solve_theirs(below):
    found = hybrid(2.0, 1.0, below, np.inf, C_FIVE)
    level = (0.05 - 0.005) / (1 - 0.005)
    for mu, q in ((found.conf_low, level / 2), (found.estimate, 0.5), (found.conf_high, 1 - level / 2)):
        left, right = (
            truncated(2.0, m, max(2.0 - below, m - C_FIVE), m + C_FIVE) for m in (mu - 1e-9, mu + 1e-9)
        )
        assert left > Decimal(1 - q) > right
        assert abs(2.0 - mu) < C_FIVE


# --- where the arm wins ---


@pytest.mark.parametrize("seed", range(12))
def test_within_its_room_the_arm_still_wins_and_beyond_it_does_not(seed):
    """Errors that move with the winner's more than its own bound it from above; the others are held in z."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(4, 4)) * rng.uniform(0.3, 3.0, size=(4, 1))
    x, sigma = rng.normal(size=4), root @ root.T
    arm = int(x.argmax())
    slope = sigma[arm] / sigma[arm, arm]
    below, above = room(x, sigma, arm)

    def wins(shift: float) -> bool:
        return bool((x + slope * shift).argmax() == arm)

    for width, sign in ((below, -1), (above, 1)):
        if np.isfinite(width):
            assert wins(sign * width * 0.999)
            assert not wins(sign * width * 1.001)
        else:
            assert wins(sign * 1e6)


def test_some_winners_are_bounded_from_above():
    below, above = room(np.array([1.0, 0.5]), np.array([[1.0, 1.5], [1.5, 4.0]]), 0)
    assert (below, above) == (np.inf, pytest.approx(1.0 * 0.5 / 0.5))
    found = winner(np.array([1.0, 0.5]), np.array([[1.0, 1.5], [1.5, 4.0]]))
    assert found.conditional.estimate > found.naive.estimate, (
        "it won although it could not have been much higher"
    )


def test_two_arms_are_the_two_arm_formula():
    x, sigma = np.array([0.4, 1.1]), np.array([[0.5, 0.1], [0.1, 0.3]])
    error = np.sqrt(0.3)
    cut = (0.3 * x[0] - 0.1 * x[1]) / (0.3 - 0.1)
    found = winner(x, sigma)
    for mu, q in (
        (found.conditional.conf_low, 0.025),
        (found.conditional.estimate, 0.5),
        (found.conditional.conf_high, 0.975),
    ):
        law = stats.truncnorm((cut - mu) / error, np.inf, loc=mu, scale=error)
        assert law.cdf(x[1]) == pytest.approx(1 - q, abs=1e-8)


def test_far_ahead_nothing_is_corrected():
    x = SPREAD + 5.0 * (np.arange(10) == 7)
    found = winner(x, COVARIANCE)
    assert limits(found.conditional) == pytest.approx(limits(found.naive), abs=1e-9)
    assert limits(found.hybrid) == pytest.approx(limits(found.naive), abs=0.03 * found.std_error * 4)
    gaps = [
        winner(np.r_[0.0, gap], np.eye(2)).conditional.conf_low - (gap - stats.norm.ppf(0.975))
        for gap in (1, 2, 4, 8)
    ]
    assert all(abs(later) < abs(sooner) for sooner, later in pairwise(gaps))


def test_a_close_race_pulls_down_and_only_the_hybrid_stays_finite_in_length():
    found = winner(np.array([0.0, 2.0**-10]), np.eye(2))
    assert found.conditional.conf_low < -1000
    assert found.hybrid.conf_low > found.naive.estimate - found.c_hybrid
    assert found.hybrid.estimate < found.naive.estimate
    assert found.hybrid.conf_low < found.hybrid.estimate < found.hybrid.conf_high
    closest = winner(np.array([0.0, 1e-15]), np.eye(2)).hybrid
    assert limits(closest) == pytest.approx([-found.c_hybrid] * 3, abs=1e-6)


# --- what does not matter, and what does ---


def test_names_of_arms_and_units_do_not_matter_and_a_constant_moves_the_effect():
    found = winner(ALIKE, COVARIANCE)
    new = np.random.default_rng(1).permutation(10)
    moved = winner(ALIKE[new], COVARIANCE[np.ix_(new, new)])
    yuan = winner(ALIKE * 1e4, COVARIANCE * 1e8)
    higher = winner(ALIKE + 0.5, COVARIANCE)

    assert new[moved.arm] == yuan.arm == higher.arm == found.arm
    for kind in ("naive", "conditional", "projection", "hybrid"):
        here = np.array(limits(getattr(found, kind)))
        assert limits(getattr(moved, kind)) == pytest.approx(here, abs=1e-7)
        assert limits(getattr(yuan, kind)) == pytest.approx(here * 1e4, rel=1e-7)
        assert limits(getattr(higher, kind)) == pytest.approx(here + 0.5, abs=1e-7)


def test_what_the_arms_share_leaves_the_race_as_it_is():
    """With the diagonal alone a runner-up that moves with the winner would seem an independent rival."""
    own, common = np.diag(np.diag(COVARIANCE)), 0.05
    lead, gap = ALIKE[7], ALIKE[7] - np.delete(ALIKE, 7).max()
    full, diagonal = (room(ALIKE, sigma, 7)[0] for sigma in (own + common, np.diag(np.diag(own + common))))
    assert diagonal == pytest.approx(gap)
    assert full == pytest.approx(gap * (own[7, 7] + common) / own[7, 7])
    assert full > 3 * diagonal
    assert lead - full < lead - diagonal


def test_quantiles_of_two_seeds_agree():
    one, two = winner(ALIKE, COVARIANCE, seed=1), winner(ALIKE, COVARIANCE, seed=2)
    assert one.c_hybrid != two.c_hybrid
    assert one.c_projection == pytest.approx(two.c_projection, abs=0.005)
    assert one.c_hybrid == pytest.approx(two.c_hybrid, abs=0.005)
    assert one == winner(ALIKE, COVARIANCE, seed=1)


@pytest.mark.parametrize(
    "df", [np.inf, 8.0, np.array([59.0, 44, 29, 24, 19, 13, 9, 7, 6, 4])], ids=["normal", "one", "own"]
)
def test_projection_is_the_band_of_all_effects(df):
    found = projection(ALIKE, COVARIANCE, df=df)
    band = compare(ALIKE, COVARIANCE, effects(10), df=df)
    assert [each.estimate for each in found] == pytest.approx(ALIKE)
    assert [each.conf_low for each in found] == pytest.approx(band.conf_low, abs=1e-3)
    assert [each.conf_high for each in found] == pytest.approx(band.conf_high, abs=1e-3)
    top = winner(ALIKE, COVARIANCE, df=df)
    assert limits(top.projection) == pytest.approx(limits(found[7]), abs=1e-9)


def test_few_degrees_of_freedom_give_students_t_where_nobody_is_near():
    x, df = SPREAD + 50.0 * (np.arange(10) == 7), np.full(10, 6.0)
    found = winner(x, COVARIANCE, df=df)
    half = stats.t.ppf(0.975, 6) * found.std_error
    assert limits(found.naive) == pytest.approx([x[7], x[7] - half, x[7] + half])
    assert limits(found.conditional) == pytest.approx(limits(found.naive), abs=1e-8)
    close, many = winner(ALIKE, COVARIANCE, df=df), winner(ALIKE, COVARIANCE)
    assert close.hybrid.conf_low < many.hybrid.conf_low
    assert close.hybrid.conf_high > many.hybrid.conf_high


def test_in_a_dead_heat_the_corrected_intervals_cover_and_the_naive_one_does_not():
    """300 studies of ten equal models: the naive interval of the winner covers about 83 per cent."""
    drawn = np.random.default_rng(21).multivariate_normal(np.zeros(10), COVARIANCE, size=300)
    found = [winner(x, COVARIANCE, draws=256) for x in drawn]
    covered = {
        kind: sum(getattr(w, kind).conf_low <= 0 <= getattr(w, kind).conf_high for w in found)
        for kind in ("naive", "conditional", "projection", "hybrid")
    }
    least, most = stats.binom.ppf([0.001, 0.999], 300, 0.95)
    assert covered["naive"] < least
    assert least <= covered["conditional"] <= most
    assert least <= covered["hybrid"] <= most
    assert covered["projection"] >= least
    above = sum(w.conditional.estimate > 0 for w in found)
    assert abs(above - 150) < 3.3 * np.sqrt(75), "the conditional estimate is too high as often as too low"
    assert sum(w.naive.estimate > 0 for w in found) > 280


# --- refusals ---


def test_a_tie_has_no_winner():
    with pytest.raises(
        ComparisonError, match=r"same largest estimate \(by position\): 1, 2; .*projection intervals"
    ) as caught:
        winner(np.array([0.0, 1.0, 1.0]), np.eye(3))
    assert "并列最大：1, 2" in in_language(caught.value, "zh")


def test_refusals():
    for beta in (0.0, 0.05):
        with pytest.raises(
            ComparisonError, match=f"beta is {beta}; it must lie between 0 and alpha, 0.05"
        ) as caught:
            winner(ALIKE, COVARIANCE, beta=beta)
        assert "应在0与 alpha（0.05）之间" in in_language(caught.value, "zh")
    for act in (winner, projection):
        with pytest.raises(ComparisonError, match="at least two arms") as caught:
            act(np.ones(1), np.eye(1))
        assert "至少需要两个组" in in_language(caught.value, "zh")
