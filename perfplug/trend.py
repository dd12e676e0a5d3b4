"""One metric of one load over its history: its values, and where its level changed. Advice; no verdict rests on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfplug.environment import COMPARED
from perfplug.history import Entry
from perfplug.stats.change_points import change_points

_TINY = 1e-9  # a logarithm for a rate of 0 and for what is below the histogram's resolution


@dataclass(frozen=True, slots=True)
class Change:
    """From entry ``index`` on, the level is ``1 + change`` times what it was; None where it was 0. ``machine``: the
    machine is another from there on as well, which may be all there is to it."""

    index: int
    change: float | None
    machine: bool


def changes(entries: Sequence[Entry], metric: str) -> list[Change]:
    """Of one load, the oldest entry first. Entries without the metric, or spoiled by the client, are passed over.

    Error rates are taken as they are, all else by its logarithm.
    """
    used = [
        (index, value)
        for index, entry in enumerate(entries)
        if entry.valid and (value := entry.figures[metric]) is not None
    ]
    levels = [value if metric == "error_rate" else math.log(max(value, _TINY)) for _, value in used]
    cuts = change_points(levels)
    bounds = [0, *cuts, len(used)]
    found = []
    for before, cut, after in zip(bounds, cuts, bounds[2:], strict=False):
        old, new = _mean(levels[before:cut]), _mean(levels[cut:after])
        index, previous = used[cut][0], used[cut - 1][0]
        found.append(Change(index, _ratio(old, new, metric), machine_changed(entries[previous], entries[index])))
    return found


def machine_changed(before: Entry, after: Entry) -> bool:
    """Whether two runs are of machines whose times cannot be compared."""
    return any(before.environment.get(key) != after.environment.get(key) for key in COMPARED)


def _ratio(old: float, new: float, metric: str) -> float | None:
    if metric != "error_rate":
        return math.expm1(new - old)
    return new / old - 1.0 if old > 0.0 else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
