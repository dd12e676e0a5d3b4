"""Two sides measured in pairs of neighbouring blocks: how much worse the second is, on a logarithmic scale.

Blocks of a pair share the moment, and with it most of what disturbs them; pairs are what repeats. So whole pairs are
resampled and never single requests, which would take the requests of a bad moment for so many witnesses of it.
Quantiles: the bootstrap's standard error (Efron and Tibshirani 1993, ch. 6) of the logarithm of their ratio in all
blocks of a side together. Rates: Student's t on the logarithm of each pair's ratio. Critical values are Student's with
one degree of freedom fewer than pairs.
"""

from __future__ import annotations

import functools
import math
import operator
import random
from array import array
from collections.abc import Sequence

from perfplug.histogram import Histogram, resampled_quantiles
from perfplug.stats import means
from perfplug.stats.means import Estimate
from perfplug.stats.special import t_quantile

RESAMPLES = 2000
POWER = 0.9  # of the smallest detectable shift
_SEED = 20_240_229  # fixed: the same data always get the same verdict
_TINY = 1e-9  # seconds: a logarithm for what is below the histogram's resolution


def quantile_shifts(
    base: Sequence[Histogram], head: Sequence[Histogram], quantiles: tuple[float, ...]
) -> list[Estimate]:
    """The logarithm of head's over base's, for each quantile; the blocks are in the order of their pairs."""
    drawn = _draws(len(base))
    observed = [_logs([whole.quantile(q) for q in quantiles]) for whole in map(together, (base, head))]
    resampled = [map(_logs, resampled_quantiles(side, drawn, quantiles)) for side in (base, head)]
    return [
        Estimate(now - before, _deviation([*map(operator.sub, heads, bases)]), len(base) - 1)
        for before, now, bases, heads in zip(*observed, *resampled, strict=True)
    ]


def rate_shift(base: Sequence[float], head: Sequence[float]) -> Estimate:
    """The mean logarithm of head's rate over base's in each pair; all rates are above 0."""
    logs = [math.log(now / before) for before, now in zip(base, head, strict=True)]
    return means.of_batches(logs, math.fsum(logs) / len(logs))


def detectable(shift: Estimate, margin: float, alpha: float) -> float:
    """The smallest true shift that is found to be over `margin`, at level `alpha`, in POWER of all cases."""
    return margin + (t_quantile(1.0 - alpha, shift.freedom) + t_quantile(POWER, shift.freedom)) * shift.error


@functools.lru_cache(maxsize=8)
def _draws(pairs: int) -> array[int]:
    return array("I", random.Random(_SEED).choices(range(pairs), k=pairs * RESAMPLES))


def together(blocks: Sequence[Histogram]) -> Histogram:
    """The sum of at least one."""
    total = blocks[0].copy()
    for block in blocks[1:]:
        total.add(block)
    return total


def _logs(values: Sequence[float]) -> list[float]:
    if min(values) < _TINY:
        values = [max(value, _TINY) for value in values]
    return [*map(math.log, values)]


def _deviation(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.hypot(*[value - mean for value in values]) / math.sqrt(len(values) - 1)
