"""What Prometheus is told of loads: names, labels and types of all metrics. docs/monitoring.md describes each.

Base units throughout (seconds, ratios), counters end in ``_total``. A load has the labels ``test`` and ``name``; what
else is a label comes from a fixed list (error classes, verdicts, bounds), so a load has a fixed number of series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from perfplug import __version__
from perfplug.engine import ERROR_CLASSES
from perfplug.histogram import Histogram
from perfplug.sla import Verdict

LABELS = ("test", "name")
# Upper bounds in seconds, the same for every load, so that loads can be added up. They hold the numbers that people
# write into limits, and neighbours are close: histogram_quantile interpolates between them.
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5)
BOUNDS = (5e-5, 7.5e-5, *(round(step * 10.0**decade, 6) for decade in range(-4, 2) for step in _STEPS))
_EDGES = tuple(bound * (1.0 + 1e-9) for bound in BOUNDS)
_BOUND_NAMES = (*(repr(bound) for bound in BOUNDS), "+Inf")
_QUANTILES = (0.5, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One load, over or under way; times are seconds. ``test`` and ``name`` are shown as they stand here.

    ``seconds`` is how long was measured, ``busy`` a share of a core. What is None is not known and not exported:
    ``in_flight`` when a load is over, those below it as long as it goes on.
    """

    test: str
    name: str
    users: int
    seconds: float
    requests: int
    errors: Mapping[str, int]
    latency: Histogram
    delay: Histogram
    late: Histogram
    busy: float | None = None
    in_flight: int | None = None
    started_at: float | None = None  # epoch
    cpu_seconds: float | None = None
    valid: bool | None = None
    verdict: Verdict | None = None


def families(loads: Iterable[Figures]) -> Iterator[Metric]:
    """The metrics that have samples. The loads' pairs of ``test`` and ``name`` are distinct."""
    every = tuple(loads)
    build = GaugeMetricFamily("perfplug_build_info", "Version of perfplug; always 1.", labels=("version",))
    build.add_metric((__version__,), 1)
    made = [
        build,
        _latency(every),
        _requests(every),
        _errors(every),
        *_gauges(every),
        *_client(every),
        _verdicts(every),
    ]
    return (family for family in made if family.samples)


def _latency(loads: Sequence[Figures]) -> Metric:
    family = HistogramMetricFamily(
        "perfplug_request_duration_seconds",
        "Latency of good requests, from the intended start to the last byte's arrival.",
        labels=LABELS,
    )
    for load in loads:
        counts = _cumulative(load.latency)
        family.add_metric((load.test, load.name), counts, _total(load.latency))
    return family


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    """Counts at or below each bound. What a bound cuts counts as above it: three digits are not finer."""
    counts = [0] * len(_BOUND_NAMES)
    for _low, high, count in histogram.buckets():
        counts[bisect_left(_EDGES, high)] += count
    return list(zip(_BOUND_NAMES, map(float, accumulate(counts)), strict=True))


def _total(histogram: Histogram) -> float:
    return histogram.mean * histogram.count


def _requests(loads: Sequence[Figures]) -> Metric:
    family = CounterMetricFamily(
        "perfplug_requests_total", "Requests that ended within the measurement, good and failed.", labels=LABELS
    )
    for load in loads:
        family.add_metric((load.test, load.name), load.requests)
    return family


def _errors(loads: Sequence[Figures]) -> Metric:
    """Every class from the beginning: rate() does not see the first errors of a series that begins with them."""
    family = CounterMetricFamily(
        "perfplug_request_errors_total", "Failed requests by class of error.", labels=(*LABELS, "class")
    )
    for load in loads:
        for name in ERROR_CLASSES:
            family.add_metric((load.test, load.name, name), load.errors.get(name, 0))
    return family


def _gauges(loads: Sequence[Figures]) -> Iterator[Metric]:
    yield _gauge(
        loads,
        "perfplug_users",
        "Virtual users of the load; under an arrival rate the most connections that it may take.",
        lambda load: load.users,
    )
    yield _gauge(
        loads, "perfplug_requests_in_flight", "Requests that wait for their answer.", lambda load: load.in_flight
    )
    yield _gauge(loads, "perfplug_run_duration_seconds", "Time measured so far.", lambda load: load.seconds)
    yield _gauge(
        loads, "perfplug_run_start_timestamp_seconds", "When the measurement began.", lambda load: load.started_at
    )


def _client(loads: Sequence[Figures]) -> Iterator[Metric]:
    yield _gauge(
        loads, "perfplug_client_busy_ratio", "Share of a core that the client's busiest thread used.",
        lambda load: load.busy,
    )  # fmt: skip
    yield _summary(
        loads,
        "perfplug_client_delay_seconds",
        "From an answer's arrival at this host until perfplug saw it; not part of the latency.",
        lambda load: load.delay,
    )
    yield _summary(
        loads,
        "perfplug_client_lateness_seconds",
        "From a request's intended start to its actual one; part of the latency.",
        lambda load: load.late,
    )
    cpu = CounterMetricFamily(
        "perfplug_client_cpu_seconds_total", "CPU time of the load's worker threads.", labels=LABELS
    )
    for load in loads:
        if load.cpu_seconds is not None:
            cpu.add_metric((load.test, load.name), load.cpu_seconds)
    yield cpu
    yield _gauge(
        loads,
        "perfplug_client_valid",
        "1 when the client kept up, 0 when it may have spoiled the figures.",
        lambda load: load.valid,
    )


def _verdicts(loads: Sequence[Figures]) -> Metric:
    family = GaugeMetricFamily(
        "perfplug_verdict", "1 for the load's verdict, 0 for those it is not.", labels=(*LABELS, "verdict")
    )
    for load in loads:
        if load.verdict is not None:
            for verdict in Verdict:
                family.add_metric((load.test, load.name, verdict.value), load.verdict is verdict)
    return family


def _gauge(
    loads: Sequence[Figures], name: str, about: str, value: Callable[[Figures], float | None]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=LABELS)
    for load in loads:
        known = value(load)
        if known is not None:
            family.add_metric((load.test, load.name), known)
    return family


def _summary(
    loads: Sequence[Figures], name: str, about: str, series: Callable[[Figures], Histogram]
) -> SummaryMetricFamily:
    family = SummaryMetricFamily(name, about, labels=LABELS)
    for load in loads:
        histogram = series(load)
        labels = dict(zip(LABELS, (load.test, load.name), strict=True))
        for quantile in _QUANTILES if histogram.count else ():
            family.add_sample(name, {**labels, "quantile": str(quantile)}, histogram.quantile(quantile))
        family.add_metric((load.test, load.name), histogram.count, _total(histogram))
    return family
