"""Means and rates: Student's t on batches, which allows for requests that depend on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfplug.stats.special import t_quantile


@dataclass(frozen=True, slots=True)
class Estimate:
    """A centre with its standard error, on whatever scale the caller works in."""

    centre: float
    error: float
    freedom: float

    def bound(self, probability: float) -> float:
        """The value under which the true one lies with this probability."""
        return self.centre + t_quantile(probability, self.freedom) * self.error


def of_batches(values: Sequence[float], centre: float, least_error: float = 0.0) -> Estimate:
    """``centre`` with the standard error of the mean of batch values, at least ``least_error``."""
    count = len(values)
    mean = sum(values) / count
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    return Estimate(centre, max(math.sqrt(variance / count), least_error), count - 1)


def growth_to_decide(estimate: Estimate, limit: float, alpha: float) -> float | None:
    """How many times as much data would tell the centre from ``limit``; None when they are (nearly) the same."""
    distance = abs(estimate.centre - limit)
    reach = abs(estimate.bound(1.0 - alpha) - estimate.centre)
    if distance <= 0.0 or reach > distance * 30.0:
        return None
    return max(1.0, (reach / distance) ** 2)
