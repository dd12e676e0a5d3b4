"""The result in Prometheus's text form, for the textfile collector of node_exporter and for push gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from perfplug.plan import Request
from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.prometheus_metrics import Figures, families
from perfplug.report.redact import Redactor

_LONGEST = 200  # characters of a label: Prometheus keeps each in memory, for as long as it keeps the series


class PrometheusReport:
    """The :class:`perfplug.report.Reporter` of Prometheus's text exposition format 0.0.4."""

    def render(self, report: Report) -> str:
        return generate_latest(registry(report)).decode("utf-8")


class _Judged(Collector):
    """Loads that are over."""

    def __init__(self, loads: Iterable[Figures]) -> None:
        self._loads = tuple(loads)

    def collect(self) -> Iterable[Metric]:
        return families(self._loads)


def registry(report: Report) -> CollectorRegistry:
    """What :mod:`prometheus_client` writes or sends: the cases of the report."""
    made = CollectorRegistry()
    made.register(_Judged(_figures(report)))
    return made


def label(text: str, redact: Redactor) -> str:
    """A label's value: no secret, no control character, and not arbitrarily long."""
    shown = printable(redact(text))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def target_label(request: Request, redact: Redactor) -> str:
    """What the runner has in place of a test: the URL without its query, which may be another each time."""
    return label(redact.url(request.origin.base + request.origin.label), redact)


def _figures(report: Report) -> Iterator[Figures]:
    redact = report.redactor()
    taken: set[tuple[str, str]] = set()
    for case in report.cases:
        request = case.result.plan.request
        by_runner = case.test == request.url
        test = target_label(request, redact) if by_runner else label(case.test, redact)
        yield _of_case(case, test, _distinct(test, label(case.result.name, redact), taken))


def _distinct(test: str, wanted: str, taken: set[tuple[str, str]]) -> str:
    """The name, numbered when another load has both labels already: masked and shortened texts may be the same."""
    name, number = wanted, 1
    while (test, name) in taken:
        number += 1
        name = f"{wanted} #{number}"
    taken.add((test, name))
    return name


def _of_case(case: Case, test: str, name: str) -> Figures:
    result, client = case.result, case.result.client
    return Figures(
        test=test,
        name=name,
        users=result.plan.load.users,
        seconds=result.duration,
        requests=result.requests,
        errors=result.errors,
        latency=result.latency,
        delay=client.delay,
        late=client.late,
        busy=client.busy,
        started_at=result.started_at,
        cpu_seconds=client.cpu_seconds,
        valid=client.valid,
        verdict=case.verdict,
    )
