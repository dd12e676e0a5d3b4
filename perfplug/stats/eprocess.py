"""Evidence that may be looked at any time: mixture e-processes on a share (Wald 1945; Robbins 1970; Ville 1939).

Each request multiplies the evidence by how much likelier it is under another share than under the allowed one; the
other share is drawn log-uniformly from a twentieth of the allowed one to all of it, or from it to twenty times as
much. Were the true share the allowed one, the evidence would ever reach 1/alpha with a probability of at most alpha,
whenever and however often one looks, as long as requests are independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

Side = Literal["under", "over"]

_REACH = math.log(20.0)  # how far from the allowed share others are considered, either way
_STEPS = 96  # of Simpson's rule
_FALL = 25.0  # on the log scale below the peak: what lies lower adds nothing


def log_evidence(hits: float, size: float, allowed: float, side: Side) -> float:
    """Natural logarithm of the evidence that the true share lies on this side of ``allowed`` (0 < allowed < 1)."""
    first, last = (-_REACH, 0.0) if side == "under" else (0.0, min(_REACH, -math.log(allowed)))
    if size <= 0.0:
        return 0.0

    def height(log_ratio: float) -> float:
        return _log_likelihood(log_ratio, hits, size, allowed)

    # One peak, where the share is the observed one: only around it is there anything to integrate.
    peak = min(max(math.log(hits / size / allowed) if hits > 0.0 else first, first), last)
    top = height(peak)
    low, high = _edge(height, peak, first, top - _FALL), _edge(height, peak, last, top - _FALL)
    width = (high - low) / _STEPS
    heights = [math.exp(height(low + at * width) - top) for at in range(_STEPS + 1)]
    inner = 4.0 * math.fsum(heights[1:-1:2]) + 2.0 * math.fsum(heights[2:-1:2])
    area = width / 3.0 * (heights[0] + inner + heights[-1])
    return top + math.log(area / (last - first))


def _edge(height: Callable[[float], float], inside: float, outside: float, floor: float) -> float:
    """Between the peak and the end of the range: about where the height falls to ``floor``, or that end."""
    if height(outside) >= floor:
        return outside
    for _ in range(16):
        middle = (inside + outside) / 2.0
        inside, outside = (middle, outside) if height(middle) >= floor else (inside, middle)
    return outside


def _log_likelihood(log_ratio: float, hits: float, size: float, allowed: float) -> float:
    """Of the counts under ``allowed`` times the ratio, over the one under ``allowed``."""
    misses, share = size - hits, allowed * math.exp(log_ratio)
    if misses <= 0.0:
        return hits * log_ratio
    if share >= 1.0:
        return -math.inf
    return hits * log_ratio + misses * (math.log1p(-share) - math.log1p(-allowed))
