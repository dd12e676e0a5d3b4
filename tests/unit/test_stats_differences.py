"""The difference of two shares, against SciPy and the paper's own example."""

from __future__ import annotations

import random

import pytest
from scipy import stats as scipy_stats

from perfplug.stats import differences

Z95 = 1.959963985


@pytest.mark.parametrize(("hits", "size"), [(0, 50), (1, 50), (7, 200), (50, 50), (3, 4000)])
def test_the_score_interval_is_scipys(hits: int, size: int) -> None:
    theirs = scipy_stats.binomtest(hits, size).proportion_ci(0.95, method="wilson")
    ours = differences.score((hits, size), Z95)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_difference_is_that_of_newcombes_table() -> None:
    """Newcombe 1998, table II, contrast (a): 56/70 and 48/80, method 10."""
    low, high = differences.interval((56, 70), (48, 80), Z95)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_none_on_either_side_is_no_difference_with_room_on_both() -> None:
    low, high = differences.interval((0, 1000), (0, 10_000), Z95)
    assert low < 0.0 < high < 0.005


def test_p_is_the_level_at_which_the_lower_bound_reaches_the_margin() -> None:
    new, old = (40.0, 1000.0), (5.0, 1000.0)
    p = differences.p_above(new, old, 0.01)
    z = -float(scipy_stats.norm.ppf(p))
    assert differences.interval(new, old, z)[0] == pytest.approx(0.01, abs=1e-6)


def test_what_is_not_even_observed_is_no_evidence() -> None:
    assert differences.p_above((1, 1000), (1, 1000), 0.0) == 1.0
    assert differences.p_above((5, 1000), (1, 1000), 0.01) == 1.0


def test_equal_error_rates_are_called_different_in_one_case_of_a_hundred_at_most() -> None:
    chance = random.Random(5)
    trials = 2000
    wrong = 0
    for _ in range(trials):
        new, old = (sum(chance.random() < 0.02 for _ in range(300)) for _ in range(2))
        wrong += differences.p_above((new, 300.0), (old, 300.0), 0.0) <= 0.01
    assert wrong <= 0.015 * trials
