"""What a run that may stop early is asked from time to time, and what its limits answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from perfplug.result import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Counts since the start of the measurement, at one moment of it.

    ``over`` and ``overdue`` have an entry for each threshold of the plan: requests that ended at or above it (failed
    ones included), and requests still in flight that have been under way for longer already. ``latency_sum`` is of
    the good requests, in seconds; 0.0 when no limit asks for it.
    """

    elapsed: float
    requests: int
    ok: int
    over: tuple[int, ...]
    overdue: tuple[int, ...]
    latency_sum: float = 0.0


class LimitWatch(Protocol):
    """One limit's part: told of each look, in order, it answers once it is sure and keeps to that."""

    @property
    def holds_up(self) -> bool:
        """Whether the run goes on for its sake while it has no answer."""

    @property
    def requests(self) -> int:
        """How many requests its answer rests on."""

    def look(self, look: Look) -> Answer: ...

    def pause(self, look: Look) -> float | None:
        """Seconds until it wants the next look; None: no wish of its own."""

    def finish(self, look: Look) -> Answer:
        """The last word, when all requests have ended."""
