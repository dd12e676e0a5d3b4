"""What to run: a request, a load, and the limits' latencies that the core counts exactly.

Frozen values, checked when made (UsageError): a plan that exists can be run. Times are seconds, sizes bytes, rates
per second.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from perfplug.errors import UsageError
from perfplug.urls import Origin, split_url

HttpVersion = Literal["1.1", "2", "3"]
Transport = Literal["h1", "curl"]

HOUR = 3600.0  # histograms end here, so no time-out may be longer
THRESHOLDS_MAX = 16
_USERS_MAX = 1_000_000
_WORKERS_MAX = 256
_REDIRECTS_MAX = 50
_RATE_MAX = 10_000_000.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server is trusted and how we show who we are. Paths are PEM files; None is the system's store."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True

    def __post_init__(self) -> None:
        _require(not self.key_file or bool(self.cert_file), "a client key was given without its certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request and what its answer must be.

    ``url`` is absolute: http, https, or ``http+unix://%2Fpath%2Fof.sock/path``. ``expect_status`` empty means 200 to
    399. ``redirects`` is how many are followed; 0 none. ``timeout`` runs from the actual start, dialling included.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    name: str = ""
    expect_status: tuple[int, ...] = ()
    expect_text: str | None = None
    timeout: float = 30.0
    body_cap: int = 64 * 1024 * 1024
    http: HttpVersion = "1.1"
    tls: Tls = field(default_factory=Tls)
    redirects: int = 0
    redirect_hosts: tuple[str, ...] = ()
    cookies: bool = False
    decompress: bool = False
    proxy: str | None = None
    streams: int = 1

    def __post_init__(self) -> None:
        origin = split_url(self.url)
        _require(origin.user is None, "a plan's URL holds no password: send it as an Authorization header")
        _check_message(self)
        for status in self.expect_status:
            _require(100 <= status <= 599, f"the expected status {status!r} is not between 100 and 599")
        _require(self.expect_text != "", "the expected text is empty")
        _require(0.0 < self.timeout <= HOUR, f"the time-out {self.timeout!r} is not between 0 and an hour")
        _require(self.body_cap > 0, f"the byte cap {self.body_cap!r} is not above 0")
        _require(self.http in get_args(HttpVersion), f"the HTTP version {self.http!r} is not one of 1.1, 2, 3")
        _require(0 <= self.redirects <= _REDIRECTS_MAX, f"redirects: {self.redirects!r} is not 0 to {_REDIRECTS_MAX}")
        _require(1 <= self.streams <= 100, f"streams: {self.streams!r} is not 1 to 100")
        _require(
            self.streams == 1 or self.http != "1.1",
            f"streams: HTTP/1.1 carries one request at a time on a connection; {self.streams!r} need http='2' or '3'",
        )
        _require(
            self.proxy is None or origin.unix_path is None, f"{self.url!r}: a unix socket is not reached by a proxy"
        )

    @property
    def origin(self) -> Origin:
        return split_url(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Time a virtual user waits between the end of one request and the next, in seconds."""

    kind: Literal["none", "fixed", "uniform", "exponential"] = "none"
    low: float = 0.0  # fixed: the time; uniform: the lower end; exponential: the mean
    high: float = 0.0  # uniform: the upper end

    def __post_init__(self) -> None:
        _require(0.0 <= self.low <= HOUR and 0.0 <= self.high <= HOUR, "think time is not between 0 and an hour")
        _require(
            self.kind != "uniform" or self.low <= self.high,
            f"think time: {self.low:g} s is above its upper end, {self.high:g} s",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How requests arrive.

    Closed model (``rate`` is None): ``users`` virtual users, each waiting for its answer and thinking before the
    next. Open model: ``rate`` arrivals a second whatever the server does, over at most ``users`` connections.
    Exactly one of ``duration`` and ``requests`` is given. With ``early_stop`` a duration is the most it may take: the
    run ends once every limit is decided.
    """

    users: int = 1
    duration: float | None = None
    requests: int | None = None
    rate: float | None = None
    arrivals: Literal["constant", "poisson"] = "constant"
    warmup: float = 0.0
    think: Think = field(default_factory=Think)
    workers: int = 1
    seed: int = 1
    early_stop: bool = False

    def __post_init__(self) -> None:
        _require(1 <= self.users <= _USERS_MAX, f"users: {self.users!r} is not 1 to {_USERS_MAX:,}")
        _require(
            (self.duration is None) != (self.requests is None),
            "give a duration or a number of requests: one of them, not both",
        )
        _require(_positive(self.duration), f"duration: {self.duration!r} is not above 0 seconds")
        _require(_positive(self.requests), f"requests: {self.requests!r} is not above 0")
        _require(
            self.rate is None or 0.0 < self.rate <= _RATE_MAX, f"rate: {self.rate!r} is not above 0 requests a second"
        )
        _require(self.arrivals in ("constant", "poisson"), f"arrivals: {self.arrivals!r} is not constant or poisson")
        _require(0.0 <= self.warmup < math.inf, f"warmup: {self.warmup!r} is not 0 seconds or more")
        _require(
            self.rate is None or self.think.kind == "none",
            "think time belongs to users that wait for answers: give a rate or a think time, not both",
        )
        _require(1 <= self.workers <= _WORKERS_MAX, f"workers: {self.workers!r} is not 1 to {_WORKERS_MAX}")
        _require(0 <= self.seed < 2**63, f"seed: {self.seed!r} is not 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request under a load. ``thresholds`` are latencies in seconds, rising, whose exceedances are counted."""

    request: Request
    load: Load
    thresholds: tuple[float, ...] = ()
    backend: Literal["best", "epoll", "poll"] = "best"

    def __post_init__(self) -> None:
        _require(
            len(self.thresholds) <= THRESHOLDS_MAX,
            f"{len(self.thresholds)} different latency limits for one load: at most {THRESHOLDS_MAX}",
        )
        rising = all(low < high for low, high in zip(self.thresholds, self.thresholds[1:], strict=False))
        _require(rising, "thresholds do not rise")
        _require(all(_positive(value) for value in self.thresholds), "a latency limit is not above 0 seconds")


def transport_of(request: Request) -> Transport:
    """Which way carries it: our own HTTP/1.1, or libcurl for what only it knows."""
    by_curl = request.http != "1.1" or request.redirects or request.cookies or request.decompress or request.proxy
    return "curl" if by_curl else "h1"


def _check_message(request: Request) -> None:
    _require(bool(_TOKEN.fullmatch(request.method)), f"the method {request.method!r} is not a word like GET or POST")
    for name, value in request.headers:
        _require(bool(_TOKEN.fullmatch(name)), f"the header name {name!r} is not valid")
        # Not the value: it may be a secret.
        _require(not _BAD_IN_HEADER.search(value), f"the header {name!r}: its value holds a control character")
    framing = [name for name, _ in request.headers if name.lower() in ("content-length", "transfer-encoding")]
    _require(not framing, f"the header {', '.join(framing)} is set by perfplug, from the body")


def _positive(value: float | None) -> bool:
    return value is None or 0 < value < math.inf


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UsageError(message)
