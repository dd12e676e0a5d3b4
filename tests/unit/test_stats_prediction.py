"""Prediction intervals against SciPy, and how often they are wrong when nothing has changed."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats as scipy_stats

from perfplug.stats import prediction, special

PAST = [0.10, 0.14, 0.08, 0.11, 0.09, 0.13, 0.12, 0.10, 0.11, 0.09]


def test_the_interval_is_that_of_the_textbook() -> None:
    shift = prediction.predicted(PAST, 0.2)
    count, mean = len(PAST), sum(PAST) / len(PAST)
    spread = math.sqrt(sum((value - mean) ** 2 for value in PAST) / (count - 1) * (1 + 1 / count))
    assert shift.centre == pytest.approx(0.2 - mean)
    assert shift.bound(0.01) == pytest.approx(0.2 - mean + float(scipy_stats.t.ppf(0.01, count - 1)) * spread)


def test_an_error_of_its_own_widens_the_interval() -> None:
    assert prediction.predicted(PAST, 0.2, 0.1).error > prediction.predicted(PAST, 0.2).error


def test_a_shift_of_39_per_cent_just_clears_the_assumed_spread_at_99_per_cent() -> None:
    assert prediction.assumed([0.0], math.log(1.40)).bound(0.01) > 0.0
    assert prediction.assumed([0.0], math.log(1.38)).bound(0.01) < 0.0


def test_p_is_the_level_at_which_the_lower_bound_reaches_the_margin() -> None:
    shift = prediction.predicted(PAST, 0.16)
    p = prediction.p_above(shift, 0.02)
    assert shift.bound(p) == pytest.approx(0.02)


def test_runs_that_never_differ_leave_no_doubt() -> None:
    shift = prediction.predicted([0.5] * 10, 0.6)
    assert (prediction.p_above(shift, 0.05), prediction.p_above(shift, 0.2)) == (0.0, 1.0)


def test_one_new_run_in_a_hundred_lies_beyond_the_99_per_cent_bound() -> None:
    chance = random.Random(11)
    trials = 4000
    beyond = 0
    for _ in range(trials):
        past = [chance.gauss(0.0, 0.05) for _ in range(12)]
        beyond += prediction.p_above(prediction.predicted(past, chance.gauss(0.0, 0.05)), 0.0) <= 0.01
    assert 0.006 * trials < beyond < 0.014 * trials


@pytest.mark.parametrize("freedom", [1, 4, 9, 49, 1000])
def test_students_distribution_is_scipys(freedom: int) -> None:
    for t in (-40.0, -3.0, -0.5, 0.0, 0.7, 2.0, 12.0):
        assert special.t_cdf(t, freedom) == pytest.approx(float(scipy_stats.t.cdf(t, freedom)), rel=1e-7, abs=1e-14)


def test_with_endless_degrees_of_freedom_it_is_the_normal_one() -> None:
    assert special.t_cdf(-2.5, math.inf) == pytest.approx(float(scipy_stats.norm.cdf(-2.5)))
    assert special.t_quantile(0.99, math.inf) == pytest.approx(float(scipy_stats.norm.ppf(0.99)))
