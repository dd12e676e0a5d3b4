"""Results built by hand, from the core's own histograms, for tests of what is made from results."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from typing import Any

from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request
from perfplug.report import Case, Report
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.sla import Judged, Limit, Verdict, overall

ENVIRONMENT: dict[str, object] = {
    "cpu": "Example CPU @ 2.00GHz",
    "cores": 2,
    "cpu_quota": None,
    "memory": 8_000_000_000,
    "system": "Linux",
    "kernel": "6.1.0",
    "machine": "x86_64",
    "python": "CPython 3.11.7",
    "libcurl": "libcurl/7.88.1",
    "perfplug": "0.1.0",
    "commit": "0" * 40,
    "ci": None,
}


def histogram(seconds: Sequence[float], *, digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for value in seconds:
        made.record(value)
    return made


def latencies(count: int, *, median: float = 0.005, spread: float = 0.35, seed: int = 7) -> list[float]:
    """Log-normal, as the latencies of real servers roughly are."""
    chance = random.Random(seed)
    return [chance.lognormvariate(math.log(median), spread) for _ in range(count)]


def plan(**request: Any) -> Plan:
    load = request.pop("load", Load(users=15, duration=10.0, warmup=1.0))
    thresholds = request.pop("thresholds", (0.1,))
    request.setdefault("url", "http://127.0.0.1:8000/session/42/status")
    request.setdefault("name", "GET /session/42/status")
    return Plan(request=Request(**request), load=load, thresholds=thresholds)


def result(*, good: int = 2000, errors: dict[str, int] | None = None, **changes: Any) -> Result:
    """A run of ten seconds with `good` log-normal latencies and these errors; any field can be replaced."""
    times = latencies(good)
    failed = sum((errors or {}).values())
    made = Result(
        name="GET /session/42/status",
        plan=plan(),
        transport="h1",
        started_at=1_700_000_000.5,
        duration=10.0,
        finished=10.004,
        sent=good + failed,
        cancelled=0,
        requests=good + failed,
        ok=good,
        errors=errors or {},
        statuses={200: good} if good else {},
        bytes=48 * good,
        connections=15,
        reused=max(good - 15, 0),
        resent=0,
        over=(failed,),
        latency=histogram(times),
        latency_errors=histogram([0.02] * failed),
        service=histogram([0.98 * time for time in times]),
        phases={phase: histogram([share * time for time in times]) for phase, share in _SHARES.items()},
        client=client(good),
        slices=slices(times),
    )
    return dataclasses.replace(made, **changes)


_SHARES = dict(zip(PHASES, (0.0, 0.001, 0.002, 0.003, 0.9, 0.07), strict=True))


def client(count: int = 2000, **changes: Any) -> Client:
    made = Client(
        delay=histogram([2e-5] * count),
        late=histogram([5e-6] * count),
        stamped=count,
        cpu_seconds=0.05,
        busy=0.01,
        held_back=0,
    )
    return dataclasses.replace(made, **changes)


def slices(times: Sequence[float], *, parts: int = 10, width: float = 1.0) -> tuple[Slice, ...]:
    """`times` dealt out evenly; the last part is left empty, as happens when a server stalls."""
    share = len(times) // max(parts - 1, 1)
    chunks = [times[at * share : (at + 1) * share] for at in range(parts - 1)]
    return tuple(
        Slice(
            start=at * width,
            width=width,
            requests=len(chunk),
            errors=0,
            bytes=48 * len(chunk),
            over=(0,),
            latency_sum=sum(chunk),
            latency_square=sum(time * time for time in chunk),
            packed=histogram(chunk, digits=2).encode() if chunk else None,
        )
        for at, chunk in enumerate([*chunks, []])
    )


def judged(metric: str = "p95", verdict: Verdict = Verdict.PASS, **changes: Any) -> Judged:
    limit = Limit(metric=metric, op="<", value=0.1, text="100ms")
    made = Judged(limit=limit, observed=0.0089, low=0.0086, high=0.0092, requests=2000, verdict=verdict)
    return dataclasses.replace(made, **changes)


def case(*limits: Judged, **changes: Any) -> Case:
    limits = limits or (judged(),)
    made = Case(
        test="tests/test_session.py::test_session_status",
        result=result(),
        judged=limits,
        verdict=overall(limits),
        file="tests/test_session.py",
        line=12,
    )
    return dataclasses.replace(made, **changes)


def report(*cases: Case, **changes: Any) -> Report:
    return dataclasses.replace(Report(environment=ENVIRONMENT, cases=cases or (case(),)), **changes)
