"""When a run has seen enough: counts in, answers out. Nothing here measures, waits or knows of the core.

A run that may stop early is looked at from time to time. It ends once every limit has an answer, at the error rate of
the verdicts; or with its time. How often the answers are wrong is simulated in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perfplug.judging.shares import allowed_over
from perfplug.limits import Limit
from perfplug.plan import Plan
from perfplug.result import Answer, Decided, EarlyStop
from perfplug.stopping.levels import watch_mean, watch_throughput
from perfplug.stopping.look import LimitWatch, Look
from perfplug.stopping.shares import ShareWatch

__all__ = ["Look", "Watch", "watch_of"]

_PAUSE_LEAST, _PAUSE_MOST = 0.01, 0.25  # seconds between two looks
_PAUSE_SHARE = 0.02  # of the time that has passed: looking on must not cost more than it can save


class Watch:
    """Of one run: all its limits. Each is told of each look until it has its answer."""

    def __init__(self, plan: Plan, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._watches: tuple[LimitWatch, ...] = tuple(_watch(plan, limit) for limit in limits)
        self._answers: list[Answer] = ["open"] * len(self._limits)
        self._ended: float | None = None
        self.needs_latency = any(limit.metric == "mean" for limit in limits)

    def look(self, look: Look) -> bool:
        """Whether the run may end: every limit has its answer."""
        self._answers = [watch.look(look) for watch in self._watches]
        holding_up = [watch.holds_up and answer == "open" for watch, answer in self._both()]
        decided = not any(holding_up) and any(answer != "open" for answer in self._answers)
        if decided and self._ended is None:
            self._ended = look.elapsed
        return decided

    def pause(self, look: Look) -> float:
        """Seconds until the next look."""
        wishes = [watch.pause(look) for watch, answer in self._both() if answer == "open"]
        pause = min([max(_PAUSE_SHARE * look.elapsed, _PAUSE_LEAST), *(wish for wish in wishes if wish is not None)])
        return min(max(pause, _PAUSE_LEAST), _PAUSE_MOST)

    def finish(self, look: Look) -> EarlyStop:
        """The answers, when all requests have ended. ``look.elapsed`` is the length of the measurement."""
        return EarlyStop(
            after=self._ended,
            decided=tuple(
                Decided(metric=limit.metric, value=limit.value, answer=watch.finish(look), requests=watch.requests)
                for limit, watch in zip(self._limits, self._watches, strict=True)
            ),
        )

    def _both(self) -> list[tuple[LimitWatch, Answer]]:
        return list(zip(self._watches, self._answers, strict=True))


def watch_of(plan: Plan, limits: Sequence[Limit]) -> Watch | None:
    """For a plan that may stop early; None for one that may not."""
    return Watch(plan, limits) if plan.load.early_stop and plan.load.duration is not None else None


class NeverWatch:
    """A promise of none at all, a maximum or no errors: one breach breaks it, and nothing but the end shows that it
    holds. So it ends no run, and keeps none going that all others let go."""

    holds_up = False

    def __init__(self, count: Callable[[Look], tuple[int, int]]) -> None:
        self._count = count
        self.requests = 0
        self._broken = False

    def look(self, look: Look) -> Answer:
        hits, self.requests = self._count(look)
        self._broken = self._broken or hits > 0
        return "broken" if self._broken else "open"

    def pause(self, look: Look) -> float | None:
        return None

    def finish(self, look: Look) -> Answer:
        return "broken" if self.look(look) == "broken" else "holds"


def _failed(look: Look) -> tuple[int, int]:
    return look.requests - look.ok, look.requests


def _watch(plan: Plan, limit: Limit) -> LimitWatch:
    if limit.metric == "mean":
        return watch_mean(limit.value)
    if limit.metric == "throughput":
        return watch_throughput(limit.value, paced=plan.load.rate is not None)
    if limit.metric == "error_rate":
        promised = 0.0 < limit.value < 1.0
        return ShareWatch(limit.value, _failed, come_late=True) if promised else NeverWatch(_failed)
    at = plan.thresholds.index(limit.value)

    def over(look: Look) -> tuple[int, int]:
        return look.over[at] + look.overdue[at], look.requests + look.overdue[at]

    if limit.quantile is None:
        return NeverWatch(over)
    return ShareWatch(allowed_over(limit.quantile), over, settled=limit.value)
