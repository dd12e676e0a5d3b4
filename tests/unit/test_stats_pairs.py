"""Shifts between the sides of pairs: against the same by another way, and against what is known of the data."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from builders import histogram
from scipy import stats

from perfplug.histogram import Histogram
from perfplug.stats import pairs

QUANTILES = (0.5, 0.95)


def blocks(count: int, size: int, *, slower: float = 1.0, seed: int = 1) -> list[list[float]]:
    """Log-normal latencies in blocks of which each has its own level."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        level = 0.005 * slower * math.exp(chance.gauss(0.0, 0.02))
        found.append([level * math.exp(chance.gauss(0.0, 0.35)) for _ in range(size)])
    return found


def histograms(sides: list[list[float]]) -> list[Histogram]:
    return [histogram(block) for block in sides]


def test_the_shift_is_that_of_all_blocks_of_a_side_together() -> None:
    base, head = blocks(12, 200, seed=1), blocks(12, 200, slower=1.2, seed=2)
    for q, shift in zip(QUANTILES, pairs.quantile_shifts(histograms(base), histograms(head), QUANTILES), strict=True):
        before, now = (
            sorted(time for block in side for time in block)[math.ceil(q * 2400) - 1] for side in (base, head)
        )
        assert shift.centre == pytest.approx(math.log(now / before), abs=2e-3)
        assert shift.freedom == 11


def test_the_standard_error_is_what_shifts_scatter_by_from_job_to_job() -> None:
    jobs = [
        pairs.quantile_shifts(
            histograms(blocks(20, 200, seed=2 * job)), histograms(blocks(20, 200, seed=2 * job + 1)), QUANTILES
        )
        for job in range(60)
    ]
    for index in range(len(QUANTILES)):
        scatter = statistics.stdev(job[index].centre for job in jobs)
        assert statistics.mean(job[index].error for job in jobs) == pytest.approx(scatter, rel=0.3)


def test_blocks_that_differ_much_are_worth_less_than_their_many_requests() -> None:
    steady = [[0.001 * (1.0 + at / 1000.0) for at in range(200)]] * 10
    unsteady = [[value * level for value in steady[0]] for level in (1.0, 1.4) * 5]
    first, _ = pairs.quantile_shifts(histograms(steady), histograms(steady), QUANTILES)
    second, _ = pairs.quantile_shifts(histograms(steady), histograms(unsteady), QUANTILES)
    assert first.error == pytest.approx(0.0, abs=1e-3)
    assert second.error > 0.02


def test_the_same_blocks_always_give_the_same_figures() -> None:
    base, head = histograms(blocks(8, 100, seed=1)), histograms(blocks(8, 100, seed=2))
    assert pairs.quantile_shifts(base, head, QUANTILES) == pairs.quantile_shifts(base, head, QUANTILES)


def test_rates_are_compared_pair_by_pair() -> None:
    base, head = [100.0, 120.0, 90.0, 110.0], [104.0, 121.0, 95.0, 108.0]
    shift = pairs.rate_shift(base, head)
    logs = [math.log(now / before) for before, now in zip(base, head, strict=True)]
    interval = stats.ttest_1samp(logs, 0.0).confidence_interval(0.95)
    assert shift.centre == pytest.approx(statistics.mean(logs))
    assert (shift.bound(0.025), shift.bound(0.975)) == pytest.approx((interval.low, interval.high))


def test_a_detectable_shift_is_detected_as_often_as_it_says() -> None:
    shift, margin, alpha = pairs.rate_shift([1.0] * 10, [1.0, 1.02] * 5), math.log(1.03), 0.01
    true = pairs.detectable(shift, margin, alpha)
    chance, found = random.Random(5), 0
    for _ in range(2000):
        seen = [chance.gauss(true, shift.error * math.sqrt(10)) for _ in range(10)]
        estimate = pairs.rate_shift([1.0] * 10, [math.exp(value) for value in seen])
        found += estimate.bound(alpha) > margin
    assert found / 2000 == pytest.approx(pairs.POWER, abs=0.04)


def test_latencies_below_the_resolution_have_a_shift() -> None:
    empty = [histogram([0.0] * 50)] * 5
    (shift,) = pairs.quantile_shifts(empty, empty, (0.5,))
    assert (shift.centre, shift.error) == (0.0, 0.0)
