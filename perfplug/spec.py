"""From what users write (fixture arguments, runner options) to a checked plan.

Every bad value is a UsageError that begins with the place (``where``), names the word, and says what would be right.
"""

from __future__ import annotations

import base64
import json as jsonlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from perfplug import units
from perfplug.errors import UsageError
from perfplug.hosts import check_allowed, exact_names
from perfplug.limits import Limit, thresholds
from perfplug.plan import HttpVersion, Load, Plan, Request, Think, Tls
from perfplug.urls import Origin, split_url

Headers = Mapping[str, str] | Sequence[str | tuple[str, str]]
Arrivals = Literal["constant", "poisson"]

DEFAULT_DURATION = 10.0
DEFAULT_BUDGET = 60.0
DEFAULT_CONNECTIONS = 1000  # of the open model
DEFAULT_REDIRECTS = 10
_WARMUP_MAX = 1.0
_QUICK_DURATION = 0.5  # with it ten limits, and the start of pytest and of a service, take less than ten seconds
_QUICK_WARMUP = 0.1
_QUICK_REQUESTS = 200
_FORM = "application/x-www-form-urlencoded"


def make_plan(
    *,
    where: str,
    url: str,
    base_url: str | None = None,
    allow_hosts: Sequence[str] = (),
    method: str | None = None,
    headers: Headers | None = None,
    data: str | bytes | None = None,
    json: object = None,
    data_file: str | Path | None = None,
    expect_status: int | Sequence[int] | None = None,
    expect_text: str | None = None,
    timeout: object = None,
    body_cap: object = None,
    http: object = None,
    follow_redirects: bool | int = False,
    cookies: bool = False,
    decompress: bool = False,
    proxy: str | None = None,
    streams: int = 1,
    cafile: str | Path | None = None,
    cert: str | Path | None = None,
    key: str | Path | None = None,
    insecure: bool = False,
    unix_socket: str | Path | None = None,
    name: str | None = None,
    users: int | None = None,
    duration: object = None,
    requests: int | None = None,
    rate: object = None,
    arrivals: str | None = None,
    warmup: object = None,
    think: object = None,
    workers: int | None = None,
    seed: int | None = None,
    limits: Sequence[Limit] = (),
    quick: bool = False,
    early_stop: bool = False,
    budget: object = None,
) -> Plan:
    """A plan from values as written: durations "10s" or seconds, rates "500/s" or a number a second, sizes "1MB".

    ``data`` given as str is sent as a form, as curl does (unless a Content-Type is given); bytes and files get no
    type; ``json`` gets application/json. ``think``: "500ms", ("1s", "5s") or "1s..5s" (uniform), "exp 2s". Neither
    ``duration`` nor ``requests``: 10 seconds. ``duration="auto"``: until every limit is decided, at most ``budget``
    (60 seconds); with ``early_stop`` a load for which nothing is said does so, too, and a duration is the most that it
    may take. ``warmup``: a tenth of the duration, at most a second; none for a number of requests. ``quick`` caps all
    three. In the open model (``rate``) ``users`` caps the connections (1,000).
    """
    try:
        origin = _origin(url, base_url, unix_socket)
        if origin.unix_path is None:
            check_allowed(origin.host, allow_hosts)
        body, content_type = _body(data, json, data_file)
        verb = (method or ("GET" if body is None else "POST")).upper()
        request = Request(
            url=origin.url,
            method=verb,
            headers=_headers(headers, origin, content_type),
            body=body,
            name=name or f"{verb} {origin.label}",
            expect_status=_statuses(expect_status),
            expect_text=expect_text,
            timeout=_said("timeout", timeout, 30.0),
            body_cap=64 * 1024 * 1024 if body_cap is None else units.parse_size(body_cap),
            http=_http(http),
            tls=Tls(
                ca_file=_file("cafile", cafile),
                cert_file=_file("cert", cert),
                key_file=_file("key", key),
                verify=not insecure,
            ),
            redirects=_redirects(follow_redirects),
            redirect_hosts=exact_names(allow_hosts) if follow_redirects else (),
            cookies=cookies,
            decompress=decompress,
            proxy=_proxy(proxy, allow_hosts),
            streams=_whole("streams", streams, 1),
        )
        length = _length(duration, requests, budget, early_stop=early_stop, limits=limits)
        load = _load(users, length, requests, rate, arrivals, warmup, think, workers, seed, quick)
        _check_reachable(limits, load)
        return Plan(request=request, load=load, thresholds=thresholds(limits))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _origin(url: str, base_url: str | None, unix_socket: str | Path | None) -> Origin:
    origin = split_url(_absolute(url, base_url, unix_socket is not None))
    if unix_socket is None:
        return origin
    if origin.tls or origin.unix_path is not None:
        raise UsageError(f"{url!r}: over unix_socket write an http URL or only the path")
    return split_url(f"http+unix://{quote(str(Path(unix_socket).absolute()), safe='')}{origin.path}")


def _absolute(url: str, base_url: str | None, by_socket: bool) -> str:
    if not isinstance(url, str) or not url.strip():
        raise UsageError(f"{url!r} is not a URL: write 'http://localhost:8000/path', or '/path' with a base URL")
    url = url.strip()
    if "://" in url.partition("?")[0] or not url.startswith(("/", "?")):
        return url
    if by_socket:
        return "http://localhost" + url
    if not base_url:
        raise UsageError(
            f"{url!r} needs a base URL: give --perf-base-url, perf_base_url in the pytest settings or "
            f"PERFPLUG_BASE_URL, or write 'http://localhost:8000{url}'"
        )
    return base_url.strip().rstrip("/") + url


def _body(data: object, json: object, data_file: object) -> tuple[bytes | None, str | None]:
    """The body, and the content type it has when the user names none."""
    given = [word for word, value in (("data", data), ("json", json), ("data_file", data_file)) if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} were both given: a request has one body")
    if isinstance(data, str):
        return data.encode(), _FORM
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), None
    if data is not None:
        raise UsageError(f"data: {type(data).__name__} is not text or bytes; for a JSON body write json=...")
    if json is not None:
        return _json(json), "application/json"
    if data_file is not None:
        return _read("data_file", data_file), None
    return None, None


def _json(value: object) -> bytes:
    try:
        return jsonlib.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"json: the body cannot be written as JSON: {error}") from None


def _read(word: str, path: object) -> bytes:
    try:
        return Path(str(path)).read_bytes()
    except OSError as error:
        raise UsageError(f"{word}: cannot read {str(path)!r}: {error.strerror}") from None


def _file(word: str, path: str | Path | None) -> str | None:
    """A PEM file's path, looked at now: a missing one should not become a thousand TLS errors."""
    if path is None:
        return None
    _read(word, path)
    return str(Path(path).absolute())


def _headers(headers: Headers | None, origin: Origin, content_type: str | None) -> tuple[tuple[str, str], ...]:
    entries = list(headers.items()) if isinstance(headers, Mapping) else list(headers or ())
    pairs = [_header(entry) for entry in entries]
    names = {name.lower() for name, _ in pairs}
    if content_type and "content-type" not in names:
        pairs.append(("Content-Type", content_type))
    if origin.user and "authorization" not in names:
        pairs.append(("Authorization", "Basic " + base64.b64encode(origin.user.encode()).decode("ascii")))
    return tuple(pairs)


def _header(entry: object) -> tuple[str, str]:
    if isinstance(entry, str):
        name, colon, value = entry.partition(":")
        if not colon:
            raise UsageError(f"the header {entry!r} has no colon: write 'Name: value'")
        return name.strip(" \t"), value.strip(" \t")
    if isinstance(entry, (tuple, list)) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
        return entry[0], entry[1]
    raise UsageError(f"a header of type {type(entry).__name__} is not text: write 'Name: value' or ('Name', 'value')")


def _statuses(expected: object) -> tuple[int, ...]:
    if expected is None:
        return ()
    codes = [expected] if isinstance(expected, int) else expected
    if not isinstance(codes, (list, tuple, set, frozenset, range)) or not codes:
        raise UsageError(f"expect_status: {expected!r} is not a status: write 200 or (200, 404)")
    for code in codes:
        if not isinstance(code, int) or isinstance(code, bool):
            raise UsageError(f"expect_status: {code!r} is not a status: write a number like 200")
    return tuple(sorted(set(codes)))


def _http(version: object) -> HttpVersion:
    text = "1.1" if version is None else str(version)
    for known in get_args(HttpVersion):
        if text in (known, f"{known}.0"):
            return known  # type: ignore[no-any-return]  # one of the literal's own
    raise UsageError(f"http: {version!r} is not a version: write '1.1', '2' or '3'")


def _redirects(follow: object) -> int:
    return DEFAULT_REDIRECTS if follow is True else 0 if follow is False else _whole("follow_redirects", follow, 0)


def _proxy(proxy: str | None, allow_hosts: Sequence[str]) -> str | None:
    if proxy is None:
        return None
    match = re.fullmatch(r"(?:https?|socks4a?|socks5h?)(://.+)", proxy)
    if not match:
        raise UsageError(f"proxy: {proxy!r} is not a proxy: write 'http://localhost:3128' or 'socks5://...'")
    check_allowed(split_url("http" + match[1]).host, allow_hosts)
    return proxy


@dataclass(frozen=True, slots=True)
class _Length:
    seconds: float | None  # None for a number of requests
    early_stop: bool


def _length(
    duration: object, requests: object, budget: object, *, early_stop: bool, limits: Sequence[Limit]
) -> _Length:
    """How long a load may go on, and whether it may end sooner."""
    auto = isinstance(duration, str) and duration.strip().lower() == "auto"
    most = _said("budget", budget, DEFAULT_BUDGET)
    if most <= 0.0:
        raise UsageError(f"budget: {budget!r} is not above 0 seconds")
    if auto and not limits:
        raise UsageError("duration: 'auto' ends when every limit is decided, and there is none: write one, or a time")
    if duration is not None and requests is not None:
        raise UsageError("duration and requests were both given: a run ends by one of them")
    if requests is not None:
        return _Length(None, early_stop=False)
    early = auto or (early_stop and bool(limits))
    if auto or (early and duration is None):
        return _Length(most, early_stop=True)
    return _Length(_said("duration", duration, DEFAULT_DURATION), early)


def _load(
    users: object,
    length: _Length,
    requests: object,
    rate: object,
    arrivals: str | None,
    warmup: object,
    think: object,
    workers: object,
    seed: object,
    quick: bool,
) -> Load:
    count = None if requests is None else _whole("requests", requests, 1)
    seconds = length.seconds
    before = _said("warmup", warmup, 0.0 if seconds is None else min(_WARMUP_MAX, seconds / 10.0))
    if quick:
        seconds = None if seconds is None else min(seconds, _QUICK_DURATION)
        count = None if count is None else min(count, _QUICK_REQUESTS)
        before = min(before, _QUICK_WARMUP)
    per_second = None if rate is None else _rate(rate)
    if arrivals == "poisson" and per_second is None:
        raise UsageError(f"arrivals: {arrivals!r} needs a rate: write rate='100/s' beside it")
    return Load(
        users=_whole("users", users, 1 if per_second is None else DEFAULT_CONNECTIONS),
        duration=seconds,
        requests=count,
        rate=per_second,
        arrivals=_arrivals(arrivals),
        warmup=before,
        think=_think(think),
        workers=_whole("workers", workers, 1),
        seed=_whole("seed", seed, 1),
        early_stop=length.early_stop,
    )


def _arrivals(word: str | None) -> Arrivals:
    if word is None or word == "constant":
        return "constant"
    if word == "poisson":
        return "poisson"
    raise UsageError(f"arrivals: {word!r} is not known{units.nearest(str(word), get_args(Arrivals))}")


def _think(think: object) -> Think:
    if think is None or isinstance(think, Think):
        return think or Think()
    if isinstance(think, (tuple, list)):
        if len(think) != 2:
            raise UsageError(f"think: {think!r} is not a pair: write ('1s', '5s')")
        return Think(kind="uniform", low=_said("think", think[0], 0.0), high=_said("think", think[1], 0.0))
    if isinstance(think, str) and ".." in think:
        low, _, high = think.partition("..")
        return _think((low, high))
    if isinstance(think, str) and (match := re.fullmatch(r"\s*exp(?:onential)?\s+(.*)", think)):
        return Think(kind="exponential", low=_said("think", match[1], 0.0))
    return Think(kind="fixed", low=_said("think", think, 0.0))


def _rate(rate: object) -> float:
    try:
        per_second = units.parse_rate(rate, allow_number=True)
    except UsageError as error:
        raise UsageError(f"rate: {error}") from None
    if per_second <= 0.0:
        raise UsageError(f"rate: {rate!r} is not above 0 requests a second")
    return per_second


def _said(word: str, value: object, default: float) -> float:
    """A duration as written, its argument named when it is wrong."""
    if value is None:
        return default
    try:
        return units.parse_duration(value, allow_number=True)
    except UsageError as error:
        raise UsageError(f"{word}: {error}") from None


def _whole(word: str, value: object, default: int) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{word}: {value!r} is not a whole number")
    return value


def _check_reachable(limits: Sequence[Limit], load: Load) -> None:
    for limit in limits:
        if limit.metric == "throughput" and load.rate is not None and limit.value > load.rate:
            raise UsageError(
                f"throughput: {units.format_rate(limit.value)} cannot be reached at a rate of "
                f"{units.format_rate(load.rate)}: raise the rate, or leave it out"
            )
