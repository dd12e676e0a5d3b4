"""Intervals for quantiles by order statistics: which ranks of the sorted sample bound the true quantile."""

from __future__ import annotations

import math

from perfplug.stats import binomial


def ranks(q: float, size: int, effective: float, alpha: float) -> tuple[int, int]:
    """Ranks (1-based) between which the true q-quantile lies with a probability of at least 1 − alpha.

    The binomial of the effective size says how far ranks may be off; they are then stretched to the sample. Rank 0:
    the sample has no lower bound; rank ``size + 1``: no upper one.
    """
    whole = max(1, math.floor(effective))
    stretch = size / whole
    low = binomial.quantile(alpha / 2.0, whole, q)
    high = binomial.quantile(1.0 - alpha / 2.0, whole, q) + 1
    if stretch == 1.0:
        return low, high
    above = size + 1 if high > whole else min(size, math.ceil(high * stretch))
    return max(0, math.floor(low * stretch)), above


def rank_of(q: float, size: int) -> int:
    """The rank at which a sample of this size has its q-quantile."""
    return min(size, max(1, math.ceil(q * size - 1e-9)))
