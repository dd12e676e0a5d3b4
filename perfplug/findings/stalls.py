"""Stalls that come back at regular intervals: a garbage collection, a checkpoint, a scheduled job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from perfplug.findings.finding import Finding
from perfplug.report import Case
from perfplug.result import Slice
from perfplug.units import format_duration

_SLOWER = 5.0  # times the usual worst latency of a slice
_NOTICED = 0.02  # seconds
_FEWEST_SLICES = 12
_FEWEST_STALLS = 4
_MOST_OF_RUN = 1.0 / 3.0  # slices in a stall: more of them are no exception
_REGULAR = 0.25  # of the mean interval: how far from it one may be


def stalls(case: Case) -> Iterator[Finding]:
    """``periodic-stall``: four times or more, at even intervals, the worst answers took five times as long as usual."""
    parts = case.result.slices
    worst = [_worst(part) for part in parts]
    answered = [time for time in worst if time > 0.0]
    if len(parts) < _FEWEST_SLICES or len(answered) < _FEWEST_SLICES // 2:
        return
    usual = median(answered)
    slow = [time >= max(_SLOWER * usual, _NOTICED) for time in worst]
    begins = [at for at, is_slow in enumerate(slow) if is_slow and not (at and slow[at - 1])]
    if len(begins) < _FEWEST_STALLS or sum(slow) > _MOST_OF_RUN * len(parts):
        return
    every = _interval([parts[at].start for at in begins], parts)
    if every is None:
        return
    peak = max(time for time, is_slow in zip(worst, slow, strict=True) if is_slow)
    yield Finding(
        rule="periodic-stall",
        test=case.test,
        load=case.result.name,
        title="The service stalls at regular intervals",
        evidence=(
            f"every {format_duration(every)}, {len(begins)} times, answers took up to {format_duration(peak)}; "
            f"between them the slowest take {format_duration(usual)}"
        ),
        advice="Look for what runs on that schedule: garbage collection, a checkpoint, a cron job, a neighbour.",
    )


def _worst(part: Slice) -> float:
    latency = part.latency
    return latency.max if latency is not None and latency.count else 0.0


def _interval(begins: Sequence[float], parts: Sequence[Slice]) -> float | None:
    """The mean interval, when all are about as long: a slice's width is as near as can be told."""
    gaps = [later - earlier for earlier, later in pairwise(begins)]
    mean = sum(gaps) / len(gaps)
    allowed = _REGULAR * mean + parts[0].width
    return mean if all(abs(gap - mean) <= allowed for gap in gaps) else None
