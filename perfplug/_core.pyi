"""The C core: histograms and runs. Times are seconds. Only perfplug.histogram and perfplug.engine import it."""

from array import array
from collections.abc import Sequence
from typing import Any, final

CURL_VERSION: str  # "libcurl/7.88.1 OpenSSL/3.0.19 ..."
CURL_FEATURES: frozenset[str]  # of "http2", "http3", "tls", "unix", "brotli", "zstd"
ERROR_CLASSES: tuple[str, ...]  # names in results, "none" left out
SERIES: tuple[str, ...]  # "latency", "latency_errors", "service", "dns", ... "late"

class DescriptorLimit(OSError):
    """The descriptor limit cannot hold what was asked for; errno is EMFILE. Nothing was started."""

    needed: int
    have: int  # the hard limit

class Unsupported(RuntimeError):
    """This libcurl or this system lacks what was asked for."""

@final
class Histogram:
    """HDR histogram of seconds; microsecond buckets. Not safe for writing from several threads at once.

    ``digits`` is 1 to 5. A single recording keeps its nanoseconds in min, max, mean and stdev. Pickles as its encoding.
    """

    def __new__(cls, digits: int = 3, max_seconds: float = 3600.0) -> Histogram: ...
    @classmethod
    def decode(cls, data: bytes, /) -> Histogram: ...  # HdrHistogram V2, not compressed; ValueError
    def encode(self) -> bytes: ...
    def record(self, seconds: float, count: int = 1) -> None: ...  # below 0 as 0, above the maximum as the maximum
    def add(self, other: Histogram, /) -> None: ...  # ValueError when layouts differ
    def copy(self) -> Histogram: ...
    def __copy__(self) -> Histogram: ...
    def __deepcopy__(self, memo: object, /) -> Histogram: ...
    def quantile(self, q: float, /) -> float: ...  # 0.0 when empty
    def rank_edges(self, rank: int, /) -> tuple[float, float]: ...  # 1-based rank; IndexError
    def count_at_or_above(self, seconds: float, /) -> int: ...
    def buckets(self) -> list[tuple[float, float, int]]: ...  # [low, high), count; non-empty ones
    @property
    def count(self) -> int: ...
    @property
    def min(self) -> float: ...
    @property
    def max(self) -> float: ...
    @property
    def mean(self) -> float: ...
    @property
    def stdev(self) -> float: ...

# For each of the quantiles (0 to 1) a list with that of each resample, in seconds; 0.0 where a resample is empty.
# `draws`: 32-bit indices of parts, len(parts) of them for each resample. ValueError when layouts differ or an index is
# no part's.
def resampled_quantiles(
    parts: Sequence[Histogram], draws: bytes | array[int], quantiles: tuple[float, ...], /
) -> list[list[float]]: ...

@final
class Run:
    """A run under way. Methods may be called from several threads; in a forked child, and once closed, they raise
    RuntimeError."""

    # Strictly typed; TypeError and ValueError name the keyword. Raises DescriptorLimit, Unsupported, OSError too.
    # Needed: host str; port int, or unix_path str; duration float or requests int.
    # The rest, with what is meant when absent:
    #   tls=False ca_file=None cert_file=None key_file=None verify=True http="1.1"|"2"|"3" proxy=None cookies=False
    #   decompress=False max_redirects=0 redirect_hosts=() streams=1
    #   method="GET" path="/" headers=() of (name, value); body=None or bytes; statuses=() of int: 200 to 399;
    #   must_hold=None or bytes; body_cap=64 MiB; timeout=30.0
    #   transport="h1"|"curl" model="closed"|"open" users=1 workers=1 warmup=0.0 think=("none", 0.0, 0.0)
    #   arrivals="constant"|"poisson" rate=None seed=1 backend="best"|"epoll"|"poll"
    #   thresholds=() of rising seconds, at most 16; slice_width=0.1
    def __new__(cls, **plan: Any) -> Run: ...
    # True: ended. The GIL is released; signals are handled while waiting. A run closed meanwhile has ended.
    def wait(self, timeout: float | None = None) -> bool: ...
    def stop(self, now: bool = False) -> None: ...
    # phase ("warmup"|"measuring"|"draining"|"ended"), elapsed, sent, cancelled, connections, connect_errors,
    # requests, ok, bytes, reused, stamped, resent, errors {class: n}, statuses {code: n}, over (n, ...),
    # overdue (n, ...): in flight and already at or above each threshold
    def progress(self) -> dict[str, Any]: ...
    def histogram(self, series: str, /) -> Histogram: ...  # a copy, live or final; ValueError
    # progress()'s keys and: duration, finished, started_at (epoch seconds), cpu_seconds, busy, held_back, most_users,
    # slice_width, slices [(requests, errors, bytes, over tuple, latency_sum, latency_square, V2 bytes | None)].
    # RuntimeError before the end.
    def outcome(self) -> dict[str, Any]: ...
    def close(self) -> None: ...  # stops now, joins, frees; idempotent
