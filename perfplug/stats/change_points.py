"""Where a series changed its level: e-divisive (Matteson and James, JASA 2014), each change tested by permutation.

The energy distance between the two sides of a cut, largest where their distributions differ most, is compared with
that of the same values in random order; a cut that stands divides the series, and either side is searched again. With
a fixed seed, the same series always has the same change points. Advice only: no verdict rests on it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

SHORTEST = 5  # values on either side of a change
LONGEST = 200  # values that are searched: the time grows with their square
# None of so many orders may reach what was seen: p ≤ 1/1001, below the 0.001 of Otava.
_ORDERS = 1000
_SEED = 20_140_101


def change_points(values: Sequence[float]) -> list[int]:
    """Indices at which a new level begins, rising. Only the last :data:`LONGEST` values are searched."""
    first = max(0, len(values) - LONGEST)
    found: list[int] = []
    ahead = [(first, len(values))]
    while ahead:
        start, stop = ahead.pop()
        cut = _significant_cut(values[start:stop])
        if cut is not None:
            found.append(start + cut)
            ahead += [(start, start + cut), (start + cut, stop)]
    return sorted(found)


def _significant_cut(values: Sequence[float]) -> int | None:
    if len(values) < 2 * SHORTEST or min(values) == max(values):
        return None
    distances = [[abs(one - other) for other in values] for one in values]
    totals = [sum(row) for row in distances]
    order = list(range(len(values)))
    cut, seen = _best_cut(distances, totals, order)
    chance = random.Random(_SEED)
    for _ in range(_ORDERS):
        chance.shuffle(order)
        # Rounding: the sums of another order are not the same to the last digit.
        if _best_cut(distances, totals, order)[1] >= seen * (1.0 - 1e-9):
            return None
    return cut


def _best_cut(distances: Sequence[Sequence[float]], totals: Sequence[float], order: Sequence[int]) -> tuple[int, float]:
    """The cut with the largest energy distance, weighted by the sizes of its sides, and that distance."""
    size = len(order)
    left: list[int] = []
    within_left = across = 0.0
    within_right = sum(totals) / 2.0
    best, most = 0, -1.0
    for at in range(size - SHORTEST):
        new = order[at]
        to_left = sum(map(distances[new].__getitem__, left))
        to_right = totals[new] - to_left
        left.append(new)
        within_left += to_left
        within_right -= to_right
        across += to_right - to_left
        m, n = at + 1, size - at - 1
        if m < SHORTEST:
            continue
        energy = 2.0 * across / (m * n) - 2.0 * within_left / (m * (m - 1)) - 2.0 * within_right / (n * (n - 1))
        if (weighted := energy * m * n / size) > most:
            best, most = m, weighted
    return best, most
