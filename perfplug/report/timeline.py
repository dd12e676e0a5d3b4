"""A run's slices as rows for people and tools: of a second at least, in short runs finer, but never very many."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfplug.histogram import Histogram
from perfplug.result import Result, Slice

_SHORT_RUN = 30.0  # seconds: below this, rows may be finer
_ROW = 1.0  # seconds
_MOST_OF_SHORT = 60  # rows of a short run: as many as a graph can show


def rows(result: Result, *, most: int | None = None) -> tuple[Slice, ...]:
    """The slices of `result`, neighbours joined where they are finer than rows should be, or more than `most`."""
    if not result.slices:
        return ()
    if result.duration < _SHORT_RUN:
        together = math.ceil(len(result.slices) / _MOST_OF_SHORT)
    else:
        together = max(1, round(_ROW / max(result.slices[0].width, 1e-9)))
    if most is not None:
        together = max(together, math.ceil(len(result.slices) / most))
    groups = (result.slices[at : at + together] for at in range(0, len(result.slices), together))
    return tuple(_join(group) for group in groups)


def _join(group: Sequence[Slice]) -> Slice:
    if len(group) == 1:
        return group[0]
    return Slice(
        start=group[0].start,
        width=sum(part.width for part in group),
        requests=sum(part.requests for part in group),
        errors=sum(part.errors for part in group),
        bytes=sum(part.bytes for part in group),
        over=tuple(sum(counts) for counts in zip(*(part.over for part in group), strict=True)),
        latency_sum=sum(part.latency_sum for part in group),
        latency_square=sum(part.latency_square for part in group),
        packed=_packed(group),
    )


def _packed(group: Sequence[Slice]) -> bytes | None:
    total: Histogram | None = None
    for part in group:
        latency = part.latency
        if total is None:
            total = latency
        elif latency is not None:
            total.add(latency)
    return None if total is None else total.encode()
