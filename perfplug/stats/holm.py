"""Many tests at once: Holm's step-down procedure (Scandinavian Journal of Statistics 1979).

The chance of rejecting even one true hypothesis stays at most alpha, however the tests depend on each other.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected, in the order given."""
    return [p <= alpha for p in adjusted(p_values)]


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The smallest alpha at which each would be rejected, in the order given. ValueError for what is no probability."""
    for p in p_values:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{p!r} is not a probability")
    found, highest, left = [1.0] * len(p_values), 0.0, len(p_values)
    for at in sorted(range(len(p_values)), key=p_values.__getitem__):
        # Never below a smaller p's: once one stands, all after it stand.
        highest = max(highest, min(1.0, p_values[at] * left))
        found[at] = highest
        left -= 1
    return found
