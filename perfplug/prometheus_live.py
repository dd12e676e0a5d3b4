"""A run under way, for Prometheus to scrape: an HTTP server in a thread of its own.

It shows the engine's latest look at the run. A scrape costs the interpreter a few milliseconds, and the threads that
make the load nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from perfplug import machine
from perfplug.engine import Progress
from perfplug.errors import ReportError
from perfplug.histogram import Histogram
from perfplug.plan import Plan
from perfplug.report.prometheus import label, target_label
from perfplug.report.prometheus_metrics import Figures, families
from perfplug.report.redact import redactor

_SHORTEST = 0.5  # seconds: CPU times are in clock ticks, and say little about less


class Exporter(Collector):
    """Serves http://address:port/metrics while its context lasts; port 0 takes any. Told of each look at the run.

    ReportError on entering when the port cannot be had.
    """

    def __init__(self, plan: Plan, address: str, port: int, *, secret_headers: Sequence[str] = ()) -> None:
        redact = redactor([plan.request], secret_headers)
        self._test = target_label(plan.request, redact)
        self._name = label(plan.request.name, redact)
        self._users = plan.load.users
        self._address, self._port = address, port
        self._latest: Progress | None = None
        self._busiest = _BusiestThread()
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the metrics are, once the context was entered."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._port}/metrics"

    def __enter__(self) -> Exporter:
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        try:
            self._server, self._thread = start_http_server(self._port, self._address, registry)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ReportError(f"--prometheus {self.url}: not served: {reason}") from None
        self._port = self._server.server_port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __call__(self, progress: Progress) -> None:
        self._latest = progress

    def collect(self) -> Iterator[Metric]:
        """Zeros before the first look, so that rate() sees everything that comes after."""
        seen = self._latest
        return families(
            [
                Figures(
                    test=self._test,
                    name=self._name,
                    users=self._users,
                    seconds=seen.elapsed if seen else 0.0,
                    requests=seen.requests if seen else 0,
                    errors=seen.errors if seen else {},
                    latency=seen.latency if seen else Histogram(),
                    delay=seen.delay if seen else Histogram(),
                    late=seen.late if seen else Histogram(),
                    busy=self._busiest.share(),
                    in_flight=seen.in_flight if seen else 0,
                )
            ]
        )


class _BusiestThread:
    """The share of a core that this process's busiest thread used between two questions."""

    def __init__(self) -> None:
        self._asked = threading.Lock()  # scrapes may come at the same time
        self._moment, self._seconds = time.monotonic(), machine.thread_seconds()
        self._share: float | None = None

    def share(self) -> float | None:
        """0 to 1, since the last question; the same as then when that was only just. None where it is not known."""
        with self._asked:
            moment = time.monotonic()
            if moment - self._moment >= _SHORTEST:
                seconds = machine.thread_seconds()
                used = (now - self._seconds.get(thread, 0.0) for thread, now in seconds.items())
                most = max(used, default=None)
                self._share = None if most is None else min(max(most, 0.0) / (moment - self._moment), 1.0)
                self._moment, self._seconds = moment, seconds
            return self._share
