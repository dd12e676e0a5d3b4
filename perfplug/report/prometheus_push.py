"""The result pushed to a Prometheus push gateway, in place of what it had of the same group."""

from __future__ import annotations

import re
import urllib.error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import unquote

from perfplug.errors import ReportError, UsageError
from perfplug.report import Report
from perfplug.report.escape import printable
from perfplug.report.redact import redact_url
from perfplug.urls import split_url

_JOB = "perfplug"
_TIMEOUT = 10.0  # seconds
_REASON_MAX = 200  # characters of a gateway's own words
_GROUP = re.compile(r"(?P<prefix>.*?)/metrics/job/(?P<job>[^/]+)(?P<labels>(?:/[^/]+/[^/]+)*)")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OURS = frozenset({"test", "name", "class", "le", "quantile", "verdict", "version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where to push. ``shown`` is the URL without its secrets; ``group`` are the labels of the group beside the job."""

    base: str
    shown: str
    job: str = _JOB
    group: Mapping[str, str] = field(default_factory=dict)
    user: str | None = field(default=None, repr=False)  # "name:password"


def parse_gateway(url: str, *, where: str) -> Gateway:
    """From http://host:9091, or from a whole group's URL: http://host:9091/metrics/job/nightly/branch/main.

    UsageError, beginning with `where`, for what is neither.
    """
    shown = printable(redact_url(url))
    try:
        origin = split_url(url)
    except UsageError as error:
        raise UsageError(f"{where}: {redact_url(str(error))}") from None
    if origin.unix_path is not None or "?" in origin.path:
        raise UsageError(f"{where}: {shown!r} is not a push gateway: write http://host:9091")
    path = origin.path.rstrip("/")
    match = _GROUP.fullmatch(path)
    if match is None and "/metrics/" in f"{path}/":
        raise UsageError(
            f"{where}: {shown!r} is not a group of a push gateway: write http://host:9091/metrics/job/NAME/LABEL/VALUE"
        )
    if match is None:
        return Gateway(base=origin.base + path, shown=shown, user=origin.user)
    return Gateway(
        base=origin.base + match["prefix"],
        shown=shown,
        job=unquote(match["job"]),
        group=_group(match["labels"], where=where),
        user=origin.user,
    )


def _group(path: str, *, where: str) -> dict[str, str]:
    words = [unquote(word) for word in path.split("/")[1:]]
    group = dict(zip(words[::2], words[1::2], strict=True))
    for name in group:
        if not _LABEL.fullmatch(name) or name in _OURS:
            why = "is a label of the metrics themselves" if name in _OURS else "is not the name of a label"
            raise UsageError(f"{where}: {name!r} {why}: group by another, such as branch")
    return group


def push(gateway: Gateway, report: Report) -> None:
    """Replaces the gateway's group by this report's metrics. ReportError, with one line, when that was not possible."""
    from prometheus_client import push_to_gateway

    from perfplug.report.prometheus import registry

    metrics = registry(report)
    try:
        push_to_gateway(
            gateway.base, gateway.job, metrics, dict(gateway.group), timeout=_TIMEOUT, handler=_handler(gateway)
        )
    except (OSError, HTTPException, ValueError) as error:
        raise ReportError(f"{gateway.shown}: not pushed: {_reason(error)}") from None


def _handler(gateway: Gateway) -> Callable[..., Callable[[], None]]:
    from prometheus_client.exposition import basic_auth_handler, default_handler

    if gateway.user is None:
        return default_handler
    user, _, password = gateway.user.partition(":")

    def with_password(
        url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        return basic_auth_handler(url, method, timeout, headers, data, user, password)

    return with_password


def _reason(error: Exception) -> str:
    """In one line that is harmless to a terminal, whatever the other side sent."""
    if isinstance(error, urllib.error.HTTPError):
        with error:
            told = error.read(_REASON_MAX * 4).decode("utf-8", "replace").strip()
        return printable(f"it answered {error.code}: {told or error.reason}"[:_REASON_MAX])
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    spoken = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    return printable(spoken[:_REASON_MAX] or type(error).__name__)
