"""Exact bounds on shares against SciPy's, and the figures of docs/statistics.md."""

from __future__ import annotations

import math

import pytest
from scipy import stats as scipy_stats

from perfplug.stats import binomial, quantile

ALPHA = 0.05


@pytest.mark.parametrize(("hits", "size"), [(0, 1), (0, 59), (1, 10), (5, 1000), (10, 10), (999, 1000), (83, 10_000)])
def test_the_bounds_are_clopper_and_pearsons(hits: int, size: int) -> None:
    exact = scipy_stats.binomtest(hits, size).proportion_ci(confidence_level=0.90, method="exact")
    assert binomial.lower_bound(hits, size, ALPHA) == pytest.approx(float(exact.low), rel=1e-9, abs=1e-12)
    assert binomial.upper_bound(hits, size, ALPHA) == pytest.approx(float(exact.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("allowed", "fewest"), [(0.05, 59), (0.01, 299), (0.001, 2995)])
def test_without_a_single_hit_it_takes_so_many_to_pass(allowed: float, fewest: int) -> None:
    assert binomial.decide(0, fewest, allowed, ALPHA) == "under"
    assert binomial.decide(0, fewest - 1, allowed, ALPHA) == "open"


@pytest.mark.parametrize(("size", "most", "least"), [(1000, 4, 16), (10_000, 83, 118)])
def test_the_p99_decisions_are_those_of_the_table(size: int, most: int, least: int) -> None:
    assert binomial.decide(most, size, 0.01, ALPHA) == "under"
    assert binomial.decide(most + 1, size, 0.01, ALPHA) == "open"
    assert binomial.decide(least - 1, size, 0.01, ALPHA) == "open"
    assert binomial.decide(least, size, 0.01, ALPHA) == "over"
    assert binomial.open_range(size, 0.01, ALPHA) == (most / size, least / size)


def test_too_few_to_pass_at_all_is_said() -> None:
    under, over = binomial.open_range(298, 0.01, ALPHA)
    assert under is None
    assert over is not None
    assert binomial.open_range(1, 0.1, ALPHA) == (None, None)


@pytest.mark.parametrize(("hits", "size"), [(0, 100), (5, 1000), (14, 1000), (2.5, 500.5)])
def test_the_growth_that_is_said_to_decide_does(hits: float, size: float) -> None:
    growth = binomial.growth_to_decide(hits, size, 0.01, ALPHA)
    assert growth is not None
    assert binomial.decide(hits * growth, size * growth, 0.01, ALPHA) != "open"
    assert binomial.decide(hits * growth / 1.05, size * growth / 1.05, 0.01, ALPHA) == "open"


def test_a_share_at_the_limit_itself_is_never_decided() -> None:
    assert binomial.growth_to_decide(10, 1000, 0.01, ALPHA) is None
    assert binomial.growth_to_decide(0, 0, 0.01, ALPHA) is None


@pytest.mark.parametrize(("size", "share"), [(1, 0.5), (20, 0.95), (500, 0.99), (100_000, 0.999)])
def test_the_binomial_is_scipys(size: int, share: float) -> None:
    for p in (0.025, 0.5, 0.975):
        assert binomial.quantile(p, size, share) == int(scipy_stats.binom.ppf(p, size, share))
    for hits in (-1, 0, size // 2, size - 1, size):
        assert binomial.cdf(hits, size, share) == pytest.approx(
            float(scipy_stats.binom.cdf(hits, size, share)), rel=1e-7, abs=1e-12
        )


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("size", [1, 10, 100, 3000, 50_000])
def test_the_ranks_bound_the_quantile_with_the_probability_that_is_said(q: float, size: int) -> None:
    low, high = quantile.ranks(q, size, size, ALPHA)
    below = float(scipy_stats.binom.cdf(low - 1, size, q))  # P(the quantile lies under rank low)
    above = float(scipy_stats.binom.sf(high - 1, size, q)) if high <= size else 0.0
    assert below <= ALPHA / 2 + 1e-12
    assert above <= ALPHA / 2 + 1e-12
    assert 0 <= low <= quantile.rank_of(q, size) <= high <= size + 1


def test_fewer_effective_requests_bound_less_tightly() -> None:
    low, high = quantile.ranks(0.95, 10_000, 10_000, ALPHA)
    loose_low, loose_high = quantile.ranks(0.95, 10_000, 1_000.7, ALPHA)
    assert loose_low < low < high < loose_high
    assert quantile.ranks(0.999, 10_000, 100, ALPHA)[1] == 10_001


@pytest.mark.parametrize(("q", "size"), [(0.99, 100), (0.95, 20), (0.999, 1000), (0.5, 1)])
def test_the_rank_of_a_quantile_is_not_moved_by_rounding(q: float, size: int) -> None:
    assert quantile.rank_of(q, size) == max(1, math.ceil(round(q * size, 6)))
