"""Is a new value like those of earlier runs? All on a logarithmic scale, so that shifts are ratios.

Enough earlier runs of one machine: a prediction interval, mean ± t·s·√(1 + 1/R) (Hahn and Meeker, Statistical
Intervals 1991, 4.7). Fewer, or another machine: the spread between machines is assumed, which only a large shift can
clear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfplug.stats.means import Estimate
from perfplug.stats.special import t_cdf

RUNS = 10  # from here on their own spread is known well enough
SPREAD = 0.10  # assumed between machines: two runs differ by less than 39 % in 99 of 100 cases


def predicted(past: Sequence[float], now: float, error: float = 0.0) -> Estimate:
    """How far `now` lies above what the past (at least 2 values) lets expect; `error` is what it has beyond theirs."""
    count = len(past)
    mean = math.fsum(past) / count
    variance = math.fsum((value - mean) ** 2 for value in past) / (count - 1)
    return Estimate(now - mean, math.sqrt(variance * (1.0 + 1.0 / count) + error**2), count - 1)


def assumed(past: Sequence[float], now: float, error: float = 0.0) -> Estimate:
    """The same where only the assumed spread is known; `error` is the sampling error of both sides."""
    return Estimate(now - math.fsum(past) / len(past), math.sqrt(2.0 * SPREAD**2 + error**2), math.inf)


def p_above(shift: Estimate, margin: float) -> float:
    """How likely a shift at least as large as this one is when the true one is just `margin`."""
    beyond = shift.centre - margin
    if shift.error <= 0.0:
        return 0.0 if beyond > 0.0 else 1.0
    return t_cdf(-beyond / shift.error, shift.freedom)
