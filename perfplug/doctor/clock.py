"""The clock and the scheduler: how fine the one is, and how late the other wakes a thread that asked to be."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from perfplug.doctor.check import Check, Grade, grade_by
from perfplug.units import format_duration

_NAP = 0.001  # seconds
_COARSE = (2e-6, 1e-4)  # seconds between two readings: FAIR, POOR
_LATE = (0.5e-3, 5e-3)  # seconds, one time in a hundred: FAIR, POOR


def resolution(readings: int = 20_000) -> float:
    """The median of the steps in which the monotonic clock was seen to move, in seconds."""
    moments = [time.monotonic_ns() for _ in range(readings)]
    steps = sorted(after - before for before, after in itertools.pairwise(moments) if after > before)
    return steps[len(steps) // 2] / 1e9 if steps else float("inf")


def lateness(seconds: float) -> list[float]:
    """How late each of many naps of a millisecond ended, in seconds, rising."""
    late = []
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        time.sleep(_NAP)
        late.append(max(0.0, time.monotonic() - now - _NAP))
    return sorted(late)


def check_clock(step: float) -> Check:
    grade = grade_by(step, *_COARSE)
    return Check(
        name="clock",
        grade=grade,
        seen=f"moves in steps of {format_duration(step)}",
        advice="" if grade is Grade.GOOD else "the clock source is slow or coarse: look at current_clocksource in /sys",
    )


def check_lateness(late: Sequence[float]) -> Check:
    """Of a sorted, non-empty sample."""
    usual, rare, most = (late[min(len(late) - 1, int(q * len(late)))] for q in (0.5, 0.99, 1.0))
    grade = grade_by(rare, *_LATE)
    return Check(
        name="scheduler",
        grade=grade,
        seen=f"wakes {format_duration(usual)} late, one time in a hundred {format_duration(rare)}, "
        f"at most {format_duration(most)}",
        advice="" if grade is Grade.GOOD else "threads wait for a CPU: fewer processes beside this, or more cores",
    )
