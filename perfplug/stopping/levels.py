"""Limits on a level, the mean latency and the throughput, decided as early as can be.

There is no bound on a single latency, so no evidence that may be looked at any time. Instead looks are planned: after
half a second of measurement, and each time that has doubled. Each judges all there is so far by Student's t on ten
batches, the first at half the error that is allowed, the next at a quarter, and so on: together never more than it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from perfplug import stats
from perfplug.result import Answer
from perfplug.stats import batches, means
from perfplug.stats.means import Estimate
from perfplug.stopping.look import Look

_FIRST = 0.5  # seconds

Stretch = tuple[float, int, float]  # between two looks: seconds, good requests, the sum of their latencies
Estimator = Callable[[Sequence[Stretch], Sequence[range]], tuple[Estimate, float]]


class LevelWatch:
    """``estimate`` makes an estimate of the stretches and their batches, and says how far off it may be for its grain
    alone. ``target`` is the limit on the estimate's scale; ``below``: the side of it that holds."""

    holds_up = True

    def __init__(self, target: float, estimate: Estimator, weigh: Callable[[Stretch], float], *, below: bool) -> None:
        self._target = target
        self._estimate = estimate
        self._weigh = weigh
        self._below = below
        self._stretches: list[Stretch] = []
        self._before = Look(elapsed=0.0, requests=0, ok=0, over=(), overdue=())
        self._next = _FIRST
        self._alpha = stats.ALPHA / 2.0
        self._answer: Answer = "open"

    @property
    def requests(self) -> int:
        return self._before.ok

    def look(self, look: Look) -> Answer:
        if self._answer == "open":
            self._add(look)
            if look.elapsed >= self._next:
                self._judge()
        return self._answer

    def pause(self, look: Look) -> float | None:
        return None if self._answer != "open" else max(self._next - look.elapsed, _FIRST / batches.MANY)

    def finish(self, look: Look) -> Answer:
        if self._answer == "open":
            self._add(look)
            self._judge()
        return self._answer

    def _add(self, look: Look) -> None:
        before, self._before = self._before, look
        width, good = look.elapsed - before.elapsed, max(0, look.ok - before.ok)
        if width > 0.0:
            self._stretches.append((width, good, max(0.0, look.latency_sum - before.latency_sum)))

    def _judge(self) -> None:
        """At this look's share of the error; the next look is due when the time has doubled."""
        alpha, self._alpha = self._alpha, self._alpha / 2.0
        while self._next <= self._before.elapsed:
            self._next *= 2.0
        cut = batches.cut([self._weigh(one) for one in self._stretches], batches.MANY)
        if cut is None or self._before.ok == 0:
            return
        estimate, grain = self._estimate(self._stretches, cut)
        low, high = estimate.bound(alpha), estimate.bound(1.0 - alpha)
        if not self._below:
            low, high = -high, -low
        target = self._target if self._below else -self._target
        if high <= target + grain:
            self._answer = "holds"
        elif low > target:
            self._answer = "broken"


def watch_mean(limit: float) -> LevelWatch:
    """Of the mean latency of good requests, in seconds."""
    return LevelWatch(limit, _mean, lambda stretch: float(stretch[1]), below=True)


def watch_throughput(limit: float, *, paced: bool) -> LevelWatch:
    """Of good requests a second. ``paced``: an open load, which cannot be answered faster than it asks."""

    def estimate(stretches: Sequence[Stretch], cut: Sequence[range]) -> tuple[Estimate, float]:
        good = sum(one[1] for one in stretches)
        return _log_rate(stretches, cut, good), batches.MANY / good if paced else 0.0

    return LevelWatch(math.log(limit), estimate, lambda stretch: stretch[0], below=False)


def _mean(stretches: Sequence[Stretch], cut: Sequence[range]) -> tuple[Estimate, float]:
    values = [_sum(stretches, one, 2) / _sum(stretches, one, 1) for one in cut]
    centre = math.fsum(one[2] for one in stretches) / sum(one[1] for one in stretches)
    return means.of_batches(values, centre), 0.0


def _log_rate(stretches: Sequence[Stretch], cut: Sequence[range], good: int) -> Estimate:
    # A batch without any counts as half a request: it has a logarithm.
    values = [math.log(max(_sum(stretches, one, 1), 0.5) / _sum(stretches, one, 0)) for one in cut]
    return means.of_batches(values, math.log(good / math.fsum(one[0] for one in stretches)))


def _sum(stretches: Sequence[Stretch], batch: range, field: int) -> float:
    return math.fsum(stretches[at][field] for at in batch)
