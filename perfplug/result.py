"""What was seen: one run's figures. Frozen; times are seconds."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perfplug.histogram import Histogram
from perfplug.plan import Plan

Answer = Literal["holds", "broken", "open"]  # of a limit, in a run that may stop early
PHASES = ("dns", "connect", "tls", "send", "wait", "receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A stretch of the measurement, by completion. ``over`` counts, for each threshold of the plan, requests whose
    latency was at or above it; failed requests count as over every threshold. Latency figures are of good requests."""

    start: float  # since the start of the measurement
    width: float
    requests: int
    errors: int
    bytes: int
    over: tuple[int, ...]
    latency_sum: float
    latency_square: float  # sum of squares, s²
    packed: builtins.bytes | None  # of the latencies, encoded: a run may have thousands of slices

    @property
    def latency(self) -> Histogram | None:
        """Made anew at each call; two significant digits. None when there were no good requests."""
        return None if self.packed is None else Histogram.decode(self.packed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The measuring side: its own delay and lateness, so that they are not taken for the server's.

    ``delay``: response at this host to seen by this process. ``late``: intended to actual start. ``busy``: the busiest
    worker's share of its core. ``valid`` is False when the client may have spoiled figures; ``causes`` say how.
    """

    delay: Histogram
    late: Histogram
    stamped: int  # requests timed by kernel receive timestamps
    cpu_seconds: float
    busy: float
    held_back: int
    valid: bool = True
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a run that may stop early found out about one limit, and the requests that this rests on. ``value`` is the
    limit's, in its own unit."""

    metric: str
    value: float
    answer: Answer
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStop:
    """Of a run that may stop early. ``after``: seconds of measurement until every limit was decided; None when its time
    ran out first."""

    after: float | None
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run. ``requests == ok + sum(errors.values())`` and ``sent == requests + cancelled``.

    ``latency`` is of good requests, from the intended start to the last byte's arrival at this host; ``latency_errors``
    the same of failed ones; ``service`` runs from the actual send. ``throughput`` is good requests a second.
    """

    name: str
    plan: Plan
    transport: str  # "h1" or "curl"
    started_at: float  # epoch seconds
    duration: float  # of the measurement
    finished: float  # from its start to the last answer
    sent: int
    cancelled: int
    requests: int
    ok: int
    errors: Mapping[str, int]
    statuses: Mapping[int, int]
    bytes: int
    connections: int
    reused: int
    resent: int
    over: tuple[int, ...]  # for each threshold of the plan: requests at or above it, failed ones included
    latency: Histogram
    latency_errors: Histogram
    service: Histogram
    phases: Mapping[str, Histogram]  # by PHASES
    client: Client
    slices: tuple[Slice, ...]
    interrupted: bool = False
    unreachable: str | None = None  # one line: no connection was ever established
    early_stop: EarlyStop | None = None  # None: the run was to go on for all of its time

    def percentile(self, percent: float) -> float:
        """Latency in seconds that `percent` % of good requests did not exceed; 0.0 when there are none."""
        if not 0.0 <= percent <= 100.0:
            raise ValueError(f"a percentile lies between 0 and 100, not {percent!r}")
        return self.latency.quantile(percent / 100.0)

    @property
    def p50(self) -> float:
        return self.percentile(50.0)

    @property
    def p90(self) -> float:
        return self.percentile(90.0)

    @property
    def p95(self) -> float:
        return self.percentile(95.0)

    @property
    def p99(self) -> float:
        return self.percentile(99.0)

    @property
    def p99_9(self) -> float:
        return self.percentile(99.9)

    @property
    def mean(self) -> float:
        return self.latency.mean

    @property
    def stdev(self) -> float:
        return self.latency.stdev

    @property
    def min(self) -> float:
        return self.latency.min

    @property
    def max(self) -> float:
        return self.latency.max

    @property
    def throughput(self) -> float:
        """Good requests a second of measured time."""
        return self.ok / self.duration if self.duration > 0 else 0.0

    @property
    def error_rate(self) -> float:
        """Failed share of all requests, 0 to 1."""
        return (self.requests - self.ok) / self.requests if self.requests else 0.0


def unmeasured(plan: Plan, *, name: str, reason: str) -> Result:
    """The result of a load that was not even tried, since nothing answers at its target; `reason` says so."""
    none = Histogram()
    return Result(
        name=name,
        plan=plan,
        transport="h1",
        started_at=time.time(),
        duration=0.0,
        finished=0.0,
        sent=0,
        cancelled=0,
        requests=0,
        ok=0,
        errors={},
        statuses={},
        bytes=0,
        connections=0,
        reused=0,
        resent=0,
        over=(0,) * len(plan.thresholds),
        latency=none,
        latency_errors=none,
        service=none,
        phases=dict.fromkeys(PHASES, none),
        client=Client(delay=none, late=none, stamped=0, cpu_seconds=0.0, busy=0.0, held_back=0),
        slices=(),
        unreachable=reason,
    )
