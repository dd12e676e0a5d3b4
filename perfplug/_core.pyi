"""The C core: histograms and runs. Times are seconds. Only perfplug.histogram and perfplug.engine import it."""

from typing import Any, final

CURL_VERSION: str  # "libcurl/7.88.1 OpenSSL/3.0.19 ..."
CURL_FEATURES: frozenset[str]  # of "http2", "http3", "tls", "unix", "brotli", "zstd"
ERROR_CLASSES: tuple[str, ...]  # names in results, "none" left out
SERIES: tuple[str, ...]  # "latency", "latency_errors", "service", "dns", ... "late"

@final
class Histogram:
    """HDR histogram of seconds; microsecond buckets. Not safe for writing from several threads at once."""

    def __init__(self, digits: int = 3, max_seconds: float = 3600.0) -> None: ...
    @staticmethod
    def decode(data: bytes) -> Histogram: ...  # HdrHistogram V2, not compressed; ValueError
    def encode(self) -> bytes: ...
    def record(self, seconds: float, count: int = 1) -> None: ...
    def add(self, other: Histogram) -> None: ...  # ValueError when layouts differ
    def copy(self) -> Histogram: ...
    def quantile(self, q: float) -> float: ...  # 0.0 when empty
    def rank_edges(self, rank: int) -> tuple[float, float]: ...  # 1-based rank; IndexError
    def count_at_or_above(self, seconds: float) -> int: ...
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

@final
class Run:
    """A run under way. Methods may be called from several threads; in a forked child they raise RuntimeError."""

    def __init__(self, **plan: Any) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...  # GIL released; signals handled while waiting
    def stop(self, now: bool = False) -> None: ...
    # phase ("warmup"|"measuring"|"draining"|"ended"), elapsed, sent, cancelled, connections, connect_errors,
    # requests, ok, bytes, reused, stamped, resent, errors {class: n}, statuses {code: n}, over [n]
    def progress(self) -> dict[str, Any]: ...
    def histogram(self, series: str) -> Histogram: ...  # a copy, live or final
    # progress()'s keys and: duration, finished, started_at (epoch seconds), cpu_seconds, busy, held_back, most_users,
    # slice_width, slices [(requests, errors, bytes, over tuple, latency_sum, latency_square, Histogram | None)]
    def outcome(self) -> dict[str, Any]: ...
    def close(self) -> None: ...  # stops now, joins, frees; idempotent
