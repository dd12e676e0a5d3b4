"""Evidence that may be looked at any time, against SciPy's integrals, and as a betting game."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from scipy import integrate

from perfplug.stats.eprocess import Side, log_evidence


def by_integration(hits: float, size: float, allowed: float, side: Side) -> float:
    """Log of the mean likelihood ratio over log-uniform shares, by adaptive quadrature."""
    reach = math.log(20.0)
    low, high = (-reach, 0.0) if side == "under" else (0.0, min(reach, -math.log(allowed)))

    def height(log_ratio: float) -> float:
        share = allowed * math.exp(log_ratio)
        misses = (size - hits) * (math.log1p(-min(share, 1.0 - 1e-15)) - math.log1p(-allowed))
        return hits * log_ratio + misses

    best = min(max(math.log(max(hits, 0.1) / size / allowed), low), high)
    top = height(best)
    area, _ = integrate.quad(lambda x: math.exp(height(x) - top), low, high, points=[best], limit=500, epsabs=0.0)
    return top + math.log(area / (high - low))


@pytest.mark.parametrize("side", ["under", "over"])
@pytest.mark.parametrize("allowed", [0.001, 0.01, 0.05, 0.5])
@pytest.mark.parametrize("hits, size", [(0, 1), (0, 390), (1, 625), (4, 1000), (16, 1000), (30, 400), (900, 100_000)])
def test_the_evidence_is_the_mean_likelihood_ratio(side: Side, allowed: float, hits: int, size: int) -> None:
    expected = by_integration(hits, size, allowed, side)
    assert log_evidence(hits, size, allowed, side) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_nothing_seen_is_no_evidence() -> None:
    assert log_evidence(0, 0, 0.01, "under") == pytest.approx(0.0, abs=1e-12)
    assert log_evidence(0, 0, 0.01, "over") == pytest.approx(0.0, abs=1e-12)


def test_evidence_grows_with_what_speaks_for_it() -> None:
    assert log_evidence(0, 400, 0.01, "under") > math.log(20.0) > log_evidence(0, 380, 0.01, "under")
    assert log_evidence(1, 400, 0.01, "under") < log_evidence(0, 400, 0.01, "under")
    assert log_evidence(30, 1000, 0.01, "over") > log_evidence(20, 1000, 0.01, "over") > 0.0
    assert log_evidence(1000, 1000, 0.5, "over") > 100.0


@pytest.mark.parametrize("side", ["under", "over"])
def test_one_more_request_multiplies_the_evidence_by_one_on_the_average(side: Side) -> None:
    """What makes it safe to look at any time: under the allowed share the expected factor is exactly 1."""
    for hits, size, allowed in ((0, 10, 0.05), (3, 200, 0.01), (7, 90, 0.1)):
        now = log_evidence(hits, size, allowed, side)
        after_hit = math.exp(log_evidence(hits + 1, size + 1, allowed, side) - now)
        after_miss = math.exp(log_evidence(hits, size + 1, allowed, side) - now)
        assert allowed * after_hit + (1.0 - allowed) * after_miss == pytest.approx(1.0, rel=1e-5)


def test_watched_all_the_time_it_seldom_reaches_twenty_by_chance() -> None:
    chance = random.Random(11)
    reached = {"under": 0, "over": 0}
    for _ in range(300):
        found: dict[Any, bool] = {"under": False, "over": False}
        hits = 0
        for size in range(10, 1010, 10):
            hits += sum(chance.random() < 0.05 for _ in range(10))
            for side in found:
                found[side] = found[side] or log_evidence(hits, size, 0.05, side) >= math.log(20.0)
        for side, was in found.items():
            reached[side] += was
    assert max(reached.values()) <= 25  # 15 are allowed on the average; 25 would be a chance of one in a hundred
