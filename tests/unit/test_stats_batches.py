"""What contiguous batches say about requests that depend on each other."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats as scipy_stats

from perfplug.stats import ALPHA, batches, means


def test_cells_are_cut_into_batches_of_about_equal_weight() -> None:
    weights = [5, 1, 1, 8, 3, 3, 2, 2, 2, 3] * 10
    stretches = batches.cut(weights, 10)
    assert stretches is not None
    assert [cell for stretch in stretches for cell in stretch] == list(range(100))
    sizes = [sum(weights[cell] for cell in stretch) for stretch in stretches]
    assert max(sizes) - min(sizes) <= 2 * max(weights)


def test_empty_cells_never_make_an_empty_batch() -> None:
    stretches = batches.cut([0, 0, 10, 0, 10, 0, 0, 10, 0], 3)
    assert stretches is not None
    assert len(stretches) == 3
    assert batches.cut([10, 0, 0, 10], 3) is None
    assert batches.cut([0.0] * 20, 10) is None
    assert batches.cut([1000, 1, 1, 1], 4) is None


def test_equal_batches_have_a_design_effect_of_one() -> None:
    assert batches.design_effect([100] * 10, [5] * 10) == 1.0
    assert batches.design_effect([100] * 10, [0] * 10) == 1.0
    assert batches.design_effect([100] * 10, [100] * 10) == 1.0


def test_a_fault_that_fills_one_batch_has_the_design_effect_of_that_batch() -> None:
    # As many independent requests as there are batches, but for Bessel's correction.
    assert batches.design_effect([100] * 10, [100] + [0] * 9) == pytest.approx(100.0 * 10 / 9)


def test_independent_requests_keep_most_of_their_number() -> None:
    chance = random.Random(5)
    worth = []
    for _ in range(200):
        hits = [sum(chance.random() < 0.05 for _ in range(50)) for _ in range(100)]
        worth.append(batches.effective_size([50] * 100, hits) / 5000)
    worth.sort()
    assert 0.5 < worth[100] <= 1.0
    assert all(0.0 < one <= 1.0 for one in worth)


def test_stalls_that_hit_neighbours_together_leave_few_effective_requests() -> None:
    hits = [50 if 30 <= cell < 35 else 0 for cell in range(100)]
    assert batches.effective_size([50] * 100, hits) < 5000 / 20


def test_no_hit_or_too_few_cells_leave_the_size_as_it_is() -> None:
    assert batches.effective_size([50] * 100, [0] * 100) == 5000
    assert batches.effective_size([50] * 100, [50] * 100) == 5000
    assert batches.effective_size([50] * 3, [1, 0, 9]) == 150


def test_the_lag_correlation_sees_a_slow_wave_and_not_an_even_line() -> None:
    assert batches.lag_correlation([math.sin(step / 2.0) for step in range(10)]) > 0.5
    assert batches.lag_correlation([1.0, -1.0] * 5) < -0.5
    assert batches.lag_correlation([2.0] * 10) == 0.0


def test_the_t_interval_is_scipys() -> None:
    values = [9.8, 10.4, 10.1, 9.7, 10.0, 10.3, 9.9, 10.2, 10.6, 9.5]
    estimate = means.of_batches(values, sum(values) / len(values))
    theirs = scipy_stats.ttest_1samp(values, 10.0).confidence_interval(confidence_level=1.0 - ALPHA)
    assert estimate.bound(ALPHA / 2) == pytest.approx(float(theirs.low))
    assert estimate.bound(1 - ALPHA / 2) == pytest.approx(float(theirs.high))


def test_batches_that_agree_too_well_keep_the_least_error() -> None:
    assert means.of_batches([5.0] * 10, 5.0, 0.25).error == 0.25


def test_the_growth_of_a_mean_shrinks_its_bound_to_the_limit() -> None:
    estimate = means.of_batches([9.8, 10.4, 10.1, 9.7, 10.0], 10.0)
    growth = means.growth_to_decide(estimate, 10.1, ALPHA)
    assert growth is not None
    reach = (estimate.bound(1 - ALPHA) - 10.0) / math.sqrt(growth)
    assert reach == pytest.approx(0.1)
    assert means.growth_to_decide(estimate, 10.0, ALPHA) is None
    assert means.growth_to_decide(estimate, 10.0 + 1e-6, ALPHA) is None
