"""Results as the core would have made them from given requests, for tests of judgements."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.sla import Judged, Limit, judge, parse_limits, thresholds

URL = "http://127.0.0.1:8000/x"
SECONDS = 10.0


def limit(**limits: object) -> Limit:
    return parse_limits(limits, where="test")[0]


def histogram(times: Sequence[float], digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for time in times:
        made.record(time)
    return made


def independent(count: int, share: float, *, slow: float = 0.2, quick: float = 0.01, seed: int = 3) -> list[float]:
    """Latencies of which a share, on the average, is slow."""
    chance = random.Random(seed)
    return [slow if chance.random() < share else quick for _ in range(count)]


def spread_evenly(count: int, slow_ones: int, *, slow: float = 0.2, quick: float = 0.01) -> list[float]:
    """Exactly so many slow ones, as far from each other as can be."""
    times = [quick] * count
    for index in range(slow_ones):
        times[(2 * index + 1) * count // (2 * slow_ones)] = slow
    return times


def result(
    times: Sequence[float | None],
    *limits: Limit,
    errors: Mapping[str, int] | None = None,
    slices: int = 100,
    seconds: float = SECONDS,
    load: Load | None = None,
    service: Sequence[float] | None = None,
    client: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Result:
    """A run whose requests had these latencies, in this order; None is one that failed (with status, unless said)."""
    good = [time for time in times if time is not None]
    failed = len(times) - len(good)
    plan = Plan(request=Request(url=URL), load=load or Load(users=5, duration=seconds), thresholds=thresholds(limits))
    made = Result(
        name="GET /x",
        plan=plan,
        transport="h1",
        started_at=1.7e9,
        duration=seconds,
        finished=seconds,
        sent=len(times),
        cancelled=0,
        requests=len(times),
        ok=len(good),
        errors=dict(errors) if errors is not None else ({"status": failed} if failed else {}),
        statuses={},
        bytes=100 * len(times),
        connections=5,
        reused=len(times),
        resent=0,
        over=_over(plan, times),
        latency=histogram(good),
        latency_errors=histogram([0.02] * failed),
        service=histogram(good if service is None else service),
        phases={phase: histogram([]) for phase in PHASES},
        client=_client(len(good), **(client or {})),
        slices=_slices(plan, times, slices, seconds) if slices else (),
    )
    return dataclasses.replace(made, **changes)


def verdict_of(times: Sequence[float | None], one: Limit, **said: Any) -> Judged:
    return judge(result(times, one, **said), [one])[0]


def _client(count: int, **changes: Any) -> Client:
    made = Client(
        delay=histogram([2e-5] * count),
        late=histogram([5e-6] * count),
        stamped=count,
        cpu_seconds=0.05,
        busy=0.01,
        held_back=0,
    )
    return dataclasses.replace(made, **changes)


def _over(plan: Plan, times: Sequence[float | None]) -> tuple[int, ...]:
    return tuple(sum(time is None or time >= threshold for time in times) for threshold in plan.thresholds)


def _slices(plan: Plan, times: Sequence[float | None], count: int, seconds: float) -> tuple[Slice, ...]:
    cells = [times[len(times) * at // count : len(times) * (at + 1) // count] for at in range(count)]
    width = seconds / count
    return tuple(_slice(plan, cell, at * width, width) for at, cell in enumerate(cells))


def _slice(plan: Plan, cell: Sequence[float | None], start: float, width: float) -> Slice:
    good = [time for time in cell if time is not None]
    return Slice(
        start=start,
        width=width,
        requests=len(cell),
        errors=len(cell) - len(good),
        bytes=100 * len(cell),
        over=_over(plan, cell),
        latency_sum=sum(good),
        latency_square=sum(time * time for time in good),
        packed=histogram(good, digits=2).encode() if good else None,
    )
