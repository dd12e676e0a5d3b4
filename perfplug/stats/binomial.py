"""Shares: Clopper and Pearson's exact bounds (Biometrika 1934), and what they decide.

Counts and sizes may be fractions: effective ones, after the correction for requests that depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from perfplug.stats.special import beta_cdf, beta_quantile

Decision = Literal["under", "over", "open"]

_GROWTH_MAX = 1000.0  # further than so many times this run, "how many would decide" is no advice


def lower_bound(hits: float, size: float, alpha: float) -> float:
    """One-sided: the true share lies under it with a probability of at most alpha."""
    return 0.0 if hits <= 0.0 else beta_quantile(alpha, hits, max(size - hits, 0.0) + 1.0)


def upper_bound(hits: float, size: float, alpha: float) -> float:
    """One-sided: the true share lies over it with a probability of at most alpha."""
    return 1.0 if hits >= size else beta_quantile(1.0 - alpha, hits + 1.0, size - hits)


def decide(hits: float, size: float, allowed: float, alpha: float) -> Decision:
    """Whether the true share is under ``allowed``, over it, or left open by so few."""
    if size <= 0.0:
        return "open"
    if upper_bound(hits, size, alpha) < allowed:
        return "under"
    return "over" if lower_bound(hits, size, alpha) > allowed else "open"


def clean_size(allowed: float, alpha: float) -> int:
    """The smallest size that decides "under" when nothing was hit (0 < allowed < 1)."""
    return math.floor(math.log(alpha) / math.log1p(-allowed)) + 1


def growth_to_decide(hits: float, size: float, allowed: float, alpha: float) -> float | None:
    """How many times as many would decide if the share stayed as it is; None when that is out of reach."""
    if size <= 0.0:
        return None

    def decided(growth: float) -> bool:
        return decide(hits * growth, size * growth, allowed, alpha) != "open"

    low, high = 1.0, 2.0
    while not decided(high):
        low, high = high, high * 2.0
        if high > _GROWTH_MAX:
            return None
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high


def open_range(size: float, allowed: float, alpha: float) -> tuple[float | None, float | None]:
    """The largest share that so many can call "under", and the smallest they can call "over"; None when none."""
    whole = math.floor(size)
    under = _first(whole, lambda hits: decide(hits, size, allowed, alpha) != "under") - 1
    over = _first(whole, lambda hits: decide(hits, size, allowed, alpha) == "over")
    return (under / size if under >= 0 else None), (over / size if over <= whole else None)


def cdf(hits: int, size: int, share: float) -> float:
    """P(X ≤ hits) of a binomial."""
    if hits < 0:
        return 0.0
    return 1.0 if hits >= size else 1.0 - beta_cdf(share, hits + 1.0, size - hits)


def quantile(p: float, size: int, share: float) -> int:
    """The smallest count whose cumulative probability reaches ``p``."""
    return _first(size, lambda hits: cdf(hits, size, share) >= p)


def _first(highest: int, holds: Callable[[int], bool]) -> int:
    """The first of 0..highest where a monotone test holds; highest + 1 when it never does."""
    low, high = 0, highest + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
