"""What to run: a request, a load, and the limits' latencies that the core counts exactly.

Frozen values, checked when made: a plan that exists can be run. Times are seconds, sizes bytes, rates per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

HttpVersion = Literal["1.1", "2", "3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server is trusted and how we show who we are. Paths are PEM files; None is the system's store."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request and what its answer must be.

    ``url`` is absolute: http, https, or ``http+unix://%2Fpath%2Fof.sock/path``. ``expect_status`` empty means 200 to 399.
    ``redirects`` is how many are followed; 0 none. ``timeout`` runs from the actual start, dialling included.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Time a virtual user waits between the end of one request and the next, in seconds."""

    kind: Literal["none", "fixed", "uniform", "exponential"] = "none"
    low: float = 0.0  # fixed: the time; uniform: the lower end; exponential: the mean
    high: float = 0.0  # uniform: the upper end


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How requests arrive.

    Closed model (``rate`` is None): ``users`` virtual users, each waiting for its answer and thinking before it goes on.
    Open model: ``rate`` arrivals a second whatever the server does, over at most ``users`` connections.
    Exactly one of ``duration`` and ``requests`` is given.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request under a load. ``thresholds`` are latencies in seconds, rising, whose exceedances are counted exactly."""

    request: Request
    load: Load
    thresholds: tuple[float, ...] = ()
    backend: Literal["best", "epoll", "poll"] = "best"
