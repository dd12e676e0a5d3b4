"""Runs and their baselines, made by hand, for tests of comparisons."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import builders

from perfplug.comparing import Pair
from perfplug.measurement import METRICS, Figures
from perfplug.past import Past
from perfplug.plan import Load
from perfplug.report import Case, Report
from perfplug.sla import Verdict as Verdict

VALUES = {"p50": 0.005, "p95": 0.010, "p99": 0.020, "throughput": 1000.0, "error_rate": 0.0}


def figures(
    *,
    times: float = 1.0,
    requests: int = 10_000,
    failed: int = 0,
    error: float | None = 0.01,
    causes: tuple[str, ...] = (),
    **values: float | None,
) -> Figures:
    """A run whose latencies are `times` the usual ones, and its throughput so much lower."""
    usual = {key: value / times if key == "throughput" else value * times for key, value in VALUES.items()}
    return Figures(
        requests=requests,
        ok=requests - failed,
        values={**usual, "error_rate": failed / requests, **values},
        errors=dict.fromkeys({**usual, **values}, error),
        causes=causes,
    )


def past(count: int, *, spread: float = 0.02, seed: int = 5, alike: bool | None = None, **changes: Any) -> Past:
    """Runs that differ as those of one machine do; from ten on they say what to expect."""
    chance = random.Random(seed)
    runs = tuple(figures(times=math.exp(chance.gauss(0.0, spread)), **changes) for _ in range(count))
    return Past(runs=runs, alike=count >= 10 if alike is None else alike, cause="few runs" if count < 10 else "")


def pair(now: Figures, before: Past, *, regression: float | None = None, metrics: Sequence[str] = METRICS) -> Pair:
    return Pair(now=now, past=before, metrics=tuple(metrics), regression=regression)


def report(
    *, times: float = 1.0, seed: int = 1, environment: Mapping[str, object] | None = None, **changes: Any
) -> Report:
    """Of one load, whose latencies are `times` those of builders.result()."""
    return Report(
        environment={**builders.ENVIRONMENT, **(environment or {})},
        cases=(case(times=times, seed=seed, **changes),),
    )


def case(
    *, times: float = 1.0, seed: int = 1, test: str = "test_a.py::test_it", users: int = 15, **changes: Any
) -> Case:
    latencies = builders.latencies(2000, median=0.005 * times, seed=seed)
    result = builders.result(
        plan=builders.plan(load=Load(users=users, duration=10.0), thresholds=()),
        over=(),
        latency=builders.histogram(latencies),
        slices=tuple(
            dataclasses.replace(part, over=()) for part in builders.slices(latencies, parts=101, width=0.1)[:-1]
        ),
        duration=10.0 * times,
        **changes,
    )
    return Case.of(test, result, ())
