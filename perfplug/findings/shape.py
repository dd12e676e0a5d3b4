"""The shape of one load's latency: its tail, and what its time goes into."""

from __future__ import annotations

from collections.abc import Iterator

from perfplug.findings.finding import Finding
from perfplug.report import Case
from perfplug.units import format_count, format_duration, format_share, format_size

_TAIL = 10.0  # times the median
_NOTICED = 0.005  # seconds: a tail of less is the machine's everyday
_ENOUGH = 1000  # requests: below, p99 is a handful
_BODY = 0.5  # of the time in service
_LARGE = 16 * 1024  # bytes an answer: of a smaller one, another cause is likelier


def tail(case: Case) -> Iterator[Finding]:
    """``far-tail``: p99 is ten times the median or more, and at least 5 ms above it."""
    result = case.result
    p50, p99 = result.p50, result.p99
    if result.ok < _ENOUGH or p99 < _TAIL * p50 or p99 - p50 < _NOTICED:
        return
    yield Finding(
        rule="far-tail",
        test=case.test,
        load=result.name,
        title="The tail lies far from the median",
        evidence=(
            f"p99 {format_duration(p99)} is {p99 / p50:.0f} times the median of {format_duration(p50)} "
            f"({format_count(result.ok)} requests)"
        ),
        advice="Look for what only some requests meet: locks, garbage collection, cache misses, an empty pool.",
    )


def body(case: Case) -> Iterator[Finding]:
    """``large-body``: at least half of the time in service was receiving a body of 16 KiB or more."""
    result = case.result
    receive, service = result.phases["receive"], result.service
    size = result.bytes / result.requests
    if not receive.count or not service.count or service.mean <= 0.0 or size < _LARGE:
        return
    share = receive.mean * receive.count / (service.mean * service.count)
    if share < _BODY:
        return
    yield Finding(
        rule="large-body",
        test=case.test,
        load=result.name,
        title="Most of the time goes into receiving the body",
        evidence=(
            f"{format_share(round(min(share, 1.0), 2))} of the time in service: {format_size(size)} an answer, "
            f"{format_duration(receive.mean)} to receive it"
        ),
        advice="Send less: compress, paginate, leave out fields; or stream it, and promise the first byte instead.",
    )
