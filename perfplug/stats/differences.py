"""The difference of two shares, by Newcombe's hybrid of score intervals (Statistics in Medicine 1998, method 10).

It behaves where error rates live: near 0, with none seen on one side or on both. A share is (hits, size); sizes may be
effective ones.
"""

from __future__ import annotations

import math

from perfplug.stats.special import normal_cdf

Share = tuple[float, float]

_FARTHEST = 40.0  # standard errors: as far as a normal distribution says anything


def score(share: Share, z: float) -> tuple[float, float]:
    """Wilson's interval (JASA 1927)."""
    hits, size = share
    middle = (hits + z * z / 2.0) / (size + z * z)
    reach = z / (size + z * z) * math.sqrt(max(hits * (size - hits) / size, 0.0) + z * z / 4.0)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def interval(new: Share, old: Share, z: float) -> tuple[float, float]:
    """Bounds of new − old; `z` is the normal quantile of either side, 0 or above."""
    now, before = new[0] / new[1], old[0] / old[1]
    (new_low, new_high), (old_low, old_high) = score(new, z), score(old, z)
    low = now - before - math.hypot(now - new_low, old_high - before)
    high = now - before + math.hypot(new_high - now, before - old_low)
    return low, high


def p_above(new: Share, old: Share, margin: float) -> float:
    """The level at which the lower bound of new − old reaches `margin`; 1 when not even the difference itself does."""
    if new[0] / new[1] - old[0] / old[1] <= margin:
        return 1.0
    near, far = 0.0, _FARTHEST
    while far - near > 1e-6:
        middle = (near + far) / 2.0
        near, far = (middle, far) if interval(new, old, middle)[0] > margin else (near, middle)
    return normal_cdf(-near)
