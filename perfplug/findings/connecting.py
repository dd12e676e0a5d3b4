"""Time spent opening connections that could have been kept."""

from __future__ import annotations

from collections.abc import Iterator

from perfplug.findings.finding import Finding
from perfplug.histogram import Histogram
from perfplug.report import Case
from perfplug.result import Result
from perfplug.units import format_count, format_duration, format_share

_SHARE = 0.2  # of all time in service
_RECONNECTED = 0.1  # new connections a request: below, most requests were sent on a kept one
_EACH = 0.5
_FEWEST = 50  # requests


def connecting(case: Case) -> Iterator[Finding]:
    """``connecting``: at least a fifth of the time in service went into name, connection and TLS, again and again."""
    result = case.result
    spent = sum(_total(result.phases[phase]) for phase in ("dns", "connect", "tls"))
    service = _total(result.service)
    opened = result.connections / result.requests
    if result.requests < _FEWEST or opened < _RECONNECTED or service <= 0.0 or spent < _SHARE * service:
        return
    yield Finding(
        rule="connecting",
        test=case.test,
        load=result.name,
        title="Much of the time goes into connecting",
        evidence=f"{format_share(round(min(spent / service, 1.0), 2))} of the time in service: {_opened(result)}",
        advice="Keep connections open: keep-alive on the server and on every proxy before it, a pool in its clients.",
    )


def tls(case: Case) -> Iterator[Finding]:
    """``tls-each-request``: at least half of the requests negotiated TLS anew."""
    result, handshakes = case.result, case.result.phases["tls"]
    if result.requests < _FEWEST or min(handshakes.count, result.connections) < _EACH * result.requests:
        return
    yield Finding(
        rule="tls-each-request",
        test=case.test,
        load=result.name,
        title="TLS is negotiated for nearly every request",
        evidence=(
            f"{format_count(handshakes.count)} handshakes for {format_count(result.requests)} requests, "
            f"{format_duration(handshakes.mean)} each on average"
        ),
        advice="Keep connections open; where clients cannot, allow TLS session resumption.",
    )


def _opened(result: Result) -> str:
    return f"{format_count(result.connections)} connections were opened for {format_count(result.requests)} requests"


def _total(histogram: Histogram) -> float:
    return histogram.mean * histogram.count if histogram.count else 0.0
