"""Requests depend on each other: what contiguous batches say about how many independent ones they are worth.

Korn and Graubard (Survey Methodology 1998): the design effect is the variance of a share between batches over the
binomial variance, and the effective size allows for that variance being an estimate with few degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from perfplug.stats import ALPHA
from perfplug.stats.special import normal_quantile, t_quantile

MANY = 10
FEW = 6  # longer batches, when neighbouring ones still resemble each other
_RESEMBLANCE = 0.3  # lag-1 correlation between batches from which that is so


def cut(weights: Sequence[float], batches: int) -> list[range] | None:
    """Contiguous stretches of about equal weight, none empty; None when the cells are too few for that."""
    total = sum(weights)
    if total <= 0.0 or sum(weight > 0.0 for weight in weights) < batches:
        return None
    starts, passed = [0], 0.0
    for index, weight in enumerate(weights):
        # A cell belongs to the batch that its middle falls into.
        if (passed + weight / 2.0) * batches >= total * len(starts) and len(starts) < batches:
            starts.append(index)
        passed += weight
    stretches = [range(start, stop) for start, stop in pairwise([*starts, len(weights)])]
    whole = len(stretches) == batches and all(any(weights[cell] > 0.0 for cell in stretch) for stretch in stretches)
    return stretches if whole else None


def lag_correlation(values: Sequence[float]) -> float:
    """Lag-1 correlation; 0 when the values do not vary."""
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values)
    if spread <= 0.0:
        return 0.0
    return sum((one - mean) * (next_one - mean) for one, next_one in pairwise(values)) / spread


def design_effect(sizes: Sequence[float], hits: Sequence[float]) -> float:
    """Variance of the share between batches over its binomial variance, at least 1; 1 when nothing varies."""
    size, hit = sum(sizes), sum(hits)
    share = hit / size if size else 0.0
    if not 0.0 < share < 1.0:
        return 1.0
    between = sum(n * (k / n - share) ** 2 for n, k in zip(sizes, hits, strict=True)) / (len(sizes) - 1)
    return max(1.0, between / (share * (1.0 - share)))


def effective_size(sizes: Sequence[float], hits: Sequence[float]) -> float:
    """How many independent requests these are worth for judging the share of ``hits``.

    ``sizes`` and ``hits`` are of contiguous cells (slices of time). With fewer cells than batches, or no hit at all,
    nothing can be said of the dependence and the size stands as it is.
    """
    size, hit = float(sum(sizes)), float(sum(hits))
    if hit <= 0.0 or hit >= size:
        return size
    batched = _batched(sizes, hits)
    if batched is None:
        return size
    batch_sizes, batch_hits = batched
    few = t_quantile(1.0 - ALPHA, len(batch_sizes) - 1) / normal_quantile(1.0 - ALPHA)
    return min(size, size / (design_effect(batch_sizes, batch_hits) * few**2))


def _batched(sizes: Sequence[float], hits: Sequence[float]) -> tuple[list[float], list[float]] | None:
    for batches in (MANY, FEW):
        stretches = cut(sizes, batches)
        if stretches is None:
            return None
        batch_sizes = [float(sum(sizes[cell] for cell in stretch)) for stretch in stretches]
        batch_hits = [float(sum(hits[cell] for cell in stretch)) for stretch in stretches]
        shares = [k / n for n, k in zip(batch_sizes, batch_hits, strict=True)]
        if lag_correlation(shares) < _RESEMBLANCE:
            break
    return batch_sizes, batch_hits
