"""Plan to result: the only user of the C core's runs. The load itself goes on with the GIL released.

Ctrl-C (once) ends a run within a fraction of a second and gives its partial result; a second one propagates.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perfplug import _core, machine
from perfplug._core import CURL_FEATURES, CURL_VERSION, ERROR_CLASSES
from perfplug.errors import InvalidMeasurement, UsageError
from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request, transport_of
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.stopping import Look, Watch
from perfplug.validity import OWN_ERRORS, judge_client

__all__ = ["CURL_FEATURES", "CURL_VERSION", "ERROR_CLASSES", "Progress", "run"]

_FIRST_LOOK = 0.02  # seconds; a target that is not there should be noticed before it was tried a thousand times
_ATTEMPTS = 5  # connections that failed, and none that stood, before a target counts as unreachable
_PROBE_TIMEOUT = 2.0  # seconds
_FEW_REQUESTS = 10_000  # may be over in milliseconds
_MANY_REQUESTS = 1_000_000  # take seconds at the least
_LONG_RUN = 60.0  # seconds: from here on slices may be a second wide
_WHY = {
    "connect_refused": "connection refused",
    "connect_timeout": "the connection attempt got no answer",
    "connect_failed": "there is no way to it",
    "dns": "the name does not resolve",
    "proxy": "the proxy does not lead there",
    "timeout": "the connection attempt got no answer",
    "tls": "no TLS was agreed on",
    "tls_verify": "its certificate is not trusted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A live view of a run. Figures are of the measurement so far; times in seconds."""

    phase: str  # "warmup", "measuring", "draining", "ended"
    elapsed: float
    requests: int
    ok: int
    errors: Mapping[str, int]
    throughput: float
    p50: float
    p99: float
    in_flight: int
    latency: Histogram
    delay: Histogram
    late: Histogram


def run(
    plan: Plan,
    *,
    name: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    interval: float = 0.25,
    stop_when_unreachable: bool = True,
    watch: Watch | None = None,
) -> Result:
    """Runs the plan to its end; ``on_progress`` is called every ``interval`` seconds, in this thread.

    UsageError when this libcurl cannot do what the plan asks for; InvalidMeasurement when this machine cannot, its
    descriptor limit above all. A run whose target never let a connection stand has ``Result.unreachable`` set; it is
    ended as soon as that is plain, unless ``stop_when_unreachable`` is False. ``watch`` is asked all the time whether
    the run has seen enough, and ends it when it has.
    """
    before = machine.read()
    core = _start(plan, **_keywords(plan))
    try:
        follower = _Follower(core, on_progress, interval, stop_when_unreachable, watch)
        interrupted = follower.follow()
        try:
            outcome = core.outcome()
        except RuntimeError as error:
            raise InvalidMeasurement(str(error)) from None
        strain = before.until(machine.read())
        result = _result(plan, name or plan.request.name, core, outcome, strain)
        return dataclasses.replace(
            result,
            interrupted=interrupted,
            unreachable=None if interrupted else _unreachable(plan, outcome),
            early_stop=watch.finish(_look(watch, core, outcome, outcome["duration"])) if watch else None,
        )
    finally:
        core.close()


class _Follower:
    """Waits for a run's end, and looks at it from time to time."""

    def __init__(
        self,
        core: _core.Run,
        on_progress: Callable[[Progress], None] | None,
        interval: float,
        stop: bool,
        watch: Watch | None,
    ) -> None:
        self._core = core
        self._on_progress = on_progress
        self._interval = interval
        self._stop_when_unreachable = stop
        self._watch = watch

    def follow(self) -> bool:
        """True when Ctrl-C ended it."""
        try:
            self._look_on()
        except KeyboardInterrupt:
            self._core.stop(now=True)
            self._core.wait()
            return True
        return False

    def _look_on(self) -> None:
        pause, shown = min(_FIRST_LOOK, self._interval), time.monotonic()
        while not self._core.wait(pause):
            figures = self._core.progress()
            if self._stop_when_unreachable and figures["connect_errors"] >= _ATTEMPTS and not figures["connections"]:
                self._core.stop(now=True)
                self._core.wait()
                return
            if self._on_progress is not None and time.monotonic() - shown >= self._interval:
                shown = time.monotonic()
                self._on_progress(self._progress(figures))
            pause = min(pause * 2.0, self._interval, self._ask(figures))

    def _ask(self, figures: Mapping[str, Any]) -> float:
        """Ends the run when it has seen enough; seconds until the next look."""
        if self._watch is None:
            return self._interval
        if figures["phase"] != "measuring":
            return _FIRST_LOOK
        look = _look(self._watch, self._core, figures, figures["elapsed"])
        if self._watch.look(look):
            self._core.stop()
        return self._watch.pause(look)

    def _progress(self, figures: Mapping[str, Any]) -> Progress:
        latency = self._core.histogram("latency")
        elapsed = figures["elapsed"]
        return Progress(
            phase=figures["phase"],
            elapsed=elapsed,
            requests=figures["requests"],
            ok=figures["ok"],
            errors=figures["errors"],
            throughput=figures["ok"] / elapsed if elapsed > 0.0 else 0.0,
            p50=latency.quantile(0.50),
            p99=latency.quantile(0.99),
            in_flight=max(0, figures["sent"] - figures["requests"] - figures["cancelled"]),
            latency=latency,
            delay=self._core.histogram("delay"),
            late=self._core.histogram("late"),
        )


def _look(watch: Watch, core: _core.Run, figures: Mapping[str, Any], elapsed: float) -> Look:
    latency = core.histogram("latency") if watch.needs_latency else None
    return Look(
        elapsed=elapsed,
        requests=figures["requests"],
        ok=figures["ok"],
        over=tuple(figures["over"]),
        overdue=tuple(figures["overdue"]),
        latency_sum=latency.mean * latency.count if latency is not None else 0.0,
    )


def _start(plan: Plan, **keywords: Any) -> _core.Run:
    try:
        return _core.Run(**keywords)
    except _core.DescriptorLimit as error:
        raise InvalidMeasurement(
            f"{plan.load.users:,} users need {error.needed:,} file descriptors and {error.have:,} may be had: "
            f"raise the hard limit (`ulimit -n {error.needed}`), or take fewer users"
        ) from None
    except _core.Unsupported as error:
        raise UsageError(f"{_wanted(plan.request)}: not with {CURL_VERSION} ({error})") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise InvalidMeasurement(f"the run cannot start: {error.strerror or error}") from None


def _wanted(request: Request) -> str:
    return f"HTTP/{request.http}" if request.http != "1.1" else f"{request.method} {request.url}"


def _keywords(plan: Plan) -> dict[str, Any]:
    """The plan as the core's flat keywords."""
    return {
        **_request_keywords(plan.request),
        **_load_keywords(plan.load),
        "backend": plan.backend,
        "thresholds": plan.thresholds,
        "slice_width": _slice_width(plan.load),
    }


def _request_keywords(request: Request) -> dict[str, Any]:
    origin, tls = request.origin, request.tls
    return {
        "tls": origin.tls,
        "host": origin.host,
        "port": origin.port,
        "unix_path": origin.unix_path,
        "path": origin.path,
        "http": request.http,
        "ca_file": tls.ca_file,
        "cert_file": tls.cert_file,
        "key_file": tls.key_file,
        "verify": tls.verify,
        "proxy": request.proxy,
        "cookies": request.cookies,
        "decompress": request.decompress,
        "max_redirects": request.redirects,
        "redirect_hosts": request.redirect_hosts,
        "streams": request.streams,
        "method": request.method,
        "headers": request.headers,
        "body": request.body,
        "statuses": request.expect_status,
        "must_hold": None if request.expect_text is None else request.expect_text.encode(),
        "body_cap": request.body_cap,
        "timeout": request.timeout,
        "transport": transport_of(request),
    }


def _load_keywords(load: Load) -> dict[str, Any]:
    think = load.think
    return {
        "model": "closed" if load.rate is None else "open",
        "users": load.users,
        "duration": load.duration,
        "requests": load.requests,
        "warmup": load.warmup,
        "think": (think.kind, think.low, think.high),
        "arrivals": load.arrivals,
        "rate": load.rate,
        "seed": load.seed,
        # More workers than users would have nothing to do.
        "workers": min(load.workers, load.users),
    }


def _slice_width(load: Load) -> float:
    """A hundred slices for the batches of the verdicts; at most 0.1 s, and a second in long runs. A number of requests
    may take any time, and so may a run that stops early: the core widens slices as it goes."""
    if load.early_stop:
        return 0.001
    if load.duration is None:
        requests = load.requests or 0
        return 0.001 if requests <= _FEW_REQUESTS else 0.01 if requests <= _MANY_REQUESTS else 0.1
    return 1.0 if load.duration > _LONG_RUN else min(0.1, max(0.001, load.duration / 100.0))


def _result(plan: Plan, name: str, core: _core.Run, seen: Mapping[str, Any], strain: machine.Strain) -> Result:
    latency, service = core.histogram("latency"), core.histogram("service")
    return Result(
        name=name,
        plan=plan,
        transport=transport_of(plan.request),
        started_at=seen["started_at"],
        duration=seen["duration"],
        finished=seen["finished"],
        sent=seen["sent"],
        cancelled=seen["cancelled"],
        requests=seen["requests"],
        ok=seen["ok"],
        errors=seen["errors"],
        statuses=seen["statuses"],
        bytes=seen["bytes"],
        connections=seen["connections"],
        reused=seen["reused"],
        resent=seen["resent"],
        over=tuple(seen["over"]),
        latency=latency,
        latency_errors=core.histogram("latency_errors"),
        service=service,
        phases={phase: core.histogram(phase) for phase in PHASES},
        client=_client(plan, core, seen, latency, service, strain),
        slices=tuple(_slices(seen)),
    )


def _client(
    plan: Plan,
    core: _core.Run,
    seen: Mapping[str, Any],
    latency: _core.Histogram,
    service: _core.Histogram,
    strain: machine.Strain,
) -> Client:
    delay, late = core.histogram("delay"), core.histogram("late")
    valid, causes = judge_client(
        load=plan.load,
        requests=seen["requests"],
        errors=seen["errors"],
        latency=latency,
        service=service,
        delay=delay,
        late=late,
        busy=seen["busy"],
        held_back=seen["held_back"],
        strain=strain,
    )
    return Client(
        delay=delay,
        late=late,
        stamped=seen["stamped"],
        cpu_seconds=seen["cpu_seconds"],
        busy=seen["busy"],
        held_back=seen["held_back"],
        valid=valid,
        causes=causes,
    )


def _slices(seen: Mapping[str, Any]) -> list[Slice]:
    width, duration, rows = seen["slice_width"], seen["duration"], seen["slices"]
    slices = []
    for index, (requests, errors, size, over, latency_sum, latency_square, packed) in enumerate(rows):
        start = index * width
        slices.append(
            Slice(
                start=start,
                # The last one ends with the measurement: shorter, or longer by what came while draining.
                width=width if index + 1 < len(rows) else max(duration - start, 0.0),
                requests=requests,
                errors=errors,
                bytes=size,
                over=tuple(over),
                latency_sum=latency_sum,
                latency_square=latency_square,
                packed=packed,
            )
        )
    return slices


def _unreachable(plan: Plan, seen: Mapping[str, Any]) -> str | None:
    """One line when no connection ever stood and that was not this machine's fault."""
    if seen["connections"] or not seen["connect_errors"]:
        return None
    errors = seen["errors"] or _probe(plan)
    if not errors:
        return None
    common = max(errors, key=lambda name: int(errors[name]))
    if common in OWN_ERRORS:
        return None
    return f"{plan.request.origin.base}: {_WHY.get(common, 'no connection stood')} ({common})"


def _probe(plan: Plan) -> Mapping[str, int]:
    """What one more attempt fails with: for a run that was ended in its warm-up, which keeps no figures."""
    request = dataclasses.replace(plan.request, timeout=min(plan.request.timeout, _PROBE_TIMEOUT))
    once = Plan(request=request, load=Load(requests=1), backend=plan.backend)
    core = _start(once, **_keywords(once))
    try:
        core.wait()
        return dict(core.outcome()["errors"])
    finally:
        core.close()
