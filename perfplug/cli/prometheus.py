"""The runner's words for Prometheus: a run to scrape while it goes on, a text file, a push gateway."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfplug.engine import Progress
from perfplug.errors import ReportError
from perfplug.extras import need
from perfplug.plan import Plan
from perfplug.report import Report, files
from perfplug.report.escape import printable

if TYPE_CHECKING:
    from perfplug.report.prometheus_push import Gateway

_LOOPBACK = "127.0.0.1"  # the figures are nobody else's business until somebody says so
_PORT_MAX = 65535


def add_prometheus(parser: argparse.ArgumentParser) -> None:
    """The options, in a group of their own."""
    group = parser.add_argument_group("prometheus (extra: prometheus)")
    group.add_argument(
        "--prometheus",
        type=_address,
        metavar="[ADDRESS:]PORT",
        help=f"serve /metrics while the run goes on; at {_LOOPBACK} when no address is said; port 0 is any free one",
    )
    group.add_argument(
        "--prometheus-textfile", metavar="F", help="write metrics for node_exporter's textfile collector"
    )
    group.add_argument("--prometheus-push", metavar="URL", help="push the metrics to a push gateway")


def _address(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    if not (port.isdecimal() and port.isascii() and int(port[:6]) <= _PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write 9464, or 0.0.0.0:9464")
    return address.strip("[]") or _LOOPBACK, int(port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """What was asked for. ``problems`` grows: a line for each thing that could not be done."""

    address: tuple[str, int] | None
    textfile: str | None
    gateway: Gateway | None
    secret_headers: tuple[str, ...]
    quiet: bool
    problems: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def watch(self, plan: Plan) -> Iterator[Callable[[Progress], None]]:
        """Serves what it is told of a run while that goes on, if that was asked for. A port that cannot be had is said
        at once, and no reason not to measure."""
        with contextlib.ExitStack() as served:
            yield self._serve(plan, served) or _nothing

    def _serve(self, plan: Plan, served: contextlib.ExitStack) -> Callable[[Progress], None] | None:
        if self.address is None:
            return None
        from perfplug.prometheus_live import Exporter

        try:
            exporter = served.enter_context(Exporter(plan, *self.address, secret_headers=self.secret_headers))
        except ReportError as error:
            self.problems.append(str(error))
            _say(str(error))
            return None
        if not self.quiet:
            _say(f"metrics at {exporter.url}")
        return exporter

    def write(self, report: Report) -> Iterator[str]:
        """Writes the file and pushes, as was asked for. Yields what could not be done."""
        for output in (self._write_textfile, self._push):
            try:
                output(report)
            except ReportError as error:
                yield str(error)

    def _write_textfile(self, report: Report) -> None:
        if self.textfile is not None:
            from perfplug.report.prometheus import PrometheusReport

            files.write(self.textfile, PrometheusReport().render(report))

    def _push(self, report: Report) -> None:
        if self.gateway is not None:
            from perfplug.report.prometheus_push import push

            push(self.gateway, report)


def prometheus_of(arguments: argparse.Namespace) -> Prometheus:
    """What the words ask for. UsageError, before anything is measured, for a URL that is no gateway's, and when the
    extra is not installed."""
    said = {
        "--prometheus": arguments.prometheus,
        "--prometheus-textfile": arguments.prometheus_textfile,
        "--prometheus-push": arguments.prometheus_push,
    }
    if asked_for := [option for option, value in said.items() if value is not None]:
        need("prometheus", where=asked_for[0])
    gateway = None
    if arguments.prometheus_push is not None:
        from perfplug.report.prometheus_push import parse_gateway

        gateway = parse_gateway(arguments.prometheus_push, where="--prometheus-push")
    return Prometheus(
        address=arguments.prometheus,
        textfile=arguments.prometheus_textfile,
        gateway=gateway,
        secret_headers=tuple(arguments.secret_header),
        quiet=arguments.quiet,
    )


def _nothing(progress: Progress) -> None:
    """Serves nothing."""


def _say(line: str) -> None:
    print(f"perfplug: {printable(line)}", file=sys.stderr, flush=True)
