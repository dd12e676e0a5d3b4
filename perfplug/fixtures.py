"""The ``perf`` fixture: what a performance test puts under load, and how."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfplug import marker
from perfplug.config import SETTINGS
from perfplug.errors import TargetUnreachable, UsageError
from perfplug.ledger import Ledger, Loads

if TYPE_CHECKING:
    from perfplug.against import Against
    from perfplug.comparer import Comparer
    from perfplug.comparing import Compared
    from perfplug.limits import Limit
    from perfplug.plan import Plan
    from perfplug.progress import ProgressLine
    from perfplug.report import Case
    from perfplug.result import Result
    from perfplug.spec import Headers

LEDGER = pytest.StashKey[Ledger]()
LOADS = pytest.StashKey[Loads]()
NODE_ID = pytest.StashKey[str]()  # under pytest-xdist, which adds its group to an item's own

PROPERTY = "perfplug."  # our user_properties begin with it
_PROGRESS_INTERVAL = 0.25  # seconds


class PerfplugWarning(pytest.PytestWarning):
    """The limits of a load could not be judged: INCONCLUSIVE or INVALID."""


class Perf:
    """Runs loads and hands back what was seen. The limits of the test's marker are judged after each load, and fail
    the test when its own code has passed."""

    def __init__(
        self,
        item: pytest.Item,
        loads: Loads,
        *,
        find_base_url: Callable[[], str | None],
        take_turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._item = item
        self._loads = loads
        self._settings = item.config.stash[SETTINGS]
        self._find_base_url = find_base_url
        self._take_turn = take_turn

    @property
    def base_url(self) -> str | None:
        """What paths are relative to: --perf-base-url, PERFPLUG_BASE_URL, ini perf_base_url, or else the ``base_url``
        fixture (of pytest-base-url, or one's own) when there is one."""
        return self._settings.base_url or self._find_base_url()

    def http(
        self,
        url: str,
        *,
        users: int | None = None,
        duration: str | float | None = None,
        budget: str | float | None = None,
        requests: int | None = None,
        rate: str | float | None = None,
        arrivals: str | None = None,
        think: str | float | tuple[str | float, str | float] | None = None,
        warmup: str | float | None = None,
        method: str | None = None,
        headers: Headers | None = None,
        data: str | bytes | None = None,
        json: object = None,
        data_file: str | Path | None = None,
        expect_status: int | Sequence[int] | None = None,
        expect_text: str | None = None,
        timeout: str | float | None = None,
        body_cap: str | int | None = None,
        http: str | float | None = None,
        follow_redirects: bool | int = False,
        cookies: bool = False,
        decompress: bool = False,
        proxy: str | None = None,
        streams: int = 1,
        cert: str | Path | None = None,
        key: str | Path | None = None,
        cafile: str | Path | None = None,
        insecure: bool = False,
        unix_socket: str | Path | None = None,
        name: str | None = None,
        workers: int | None = None,
        seed: int | None = None,
        limits: Mapping[str, object] | None = None,
    ) -> Result:
        """Puts a URL, or a path below the base URL, under load until it is over. The result's times are seconds.

        Times are written "500ms", "10s", "2m" or as numbers of seconds; rates "200/s" or as numbers a second; sizes
        "1MB". ``duration="auto"`` goes on until every limit is decided, at most for ``budget``. Values that are not
        given are those of :func:`perfplug.spec.make_plan`. ``limits`` stand in place of the marker's for this load; an
        empty mapping means none.

        Raises UsageError for what cannot be run and TargetUnreachable when no connection was ever established. Left
        alone, both fail the test with one message and no traceback.
        """
        __tracebackhide__ = True
        own = self._loads.limits if limits is None else self._parse(limits)
        plan = self._plan(
            url,
            own,
            users=users,
            duration=duration,
            requests=requests,
            rate=rate,
            arrivals=arrivals,
            think=think,
            warmup=warmup,
            method=method,
            headers=headers,
            data=data,
            json=json,
            data_file=data_file,
            expect_status=expect_status,
            expect_text=expect_text,
            timeout=timeout,
            body_cap=body_cap,
            http=http,
            follow_redirects=follow_redirects,
            cookies=cookies,
            decompress=decompress,
            proxy=proxy,
            streams=streams,
            cert=cert,
            key=key,
            cafile=cafile,
            insecure=insecure,
            unix_socket=unix_socket,
            name=name or self._loads.name,
            workers=workers or self._settings.workers,
            seed=seed,
            quick=self._settings.quick,
            early_stop=self._settings.early_stop,
            budget=budget if budget is not None else self._settings.budget,
        )
        return self._run(plan, own)

    def require(
        self,
        url: str,
        *,
        timeout: str | float = "2s",
        fail: bool | None = None,
        expect_status: int | Sequence[int] | None = None,
        headers: Headers | None = None,
        cert: str | Path | None = None,
        key: str | Path | None = None,
        cafile: str | Path | None = None,
        insecure: bool = False,
        unix_socket: str | Path | None = None,
    ) -> None:
        """Asks once whether a target is healthy: an answer of 200 to 399, or of ``expect_status``, within ``timeout``.

        If it is not, skips the test with the reason; with ``fail``, or under --perf-require=fail, raises
        TargetUnreachable instead.
        """
        __tracebackhide__ = True
        plan = self._plan(
            url,
            (),
            users=1,
            requests=1,
            timeout=timeout,
            expect_status=expect_status,
            headers=headers,
            cert=cert,
            key=key,
            cafile=cafile,
            insecure=insecure,
            unix_socket=unix_socket,
        )
        from perfplug.probe import trouble

        with self._named():
            reason = trouble(plan)
        if reason is None:
            return
        if self._settings.require == "fail" if fail is None else fail:
            self._not_measured(plan, plan.request.name, f"required: {reason}", ())
            raise TargetUnreachable(f"required: {reason}")
        pytest.skip(f"required: {reason}")

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """What only the engine finds wrong, such as an HTTP version that this libcurl lacks, names the test as well."""
        try:
            yield
        except UsageError as error:
            raise UsageError(f"{self._loads.test}: {error}") from None

    def _parse(self, limits: Mapping[str, object]) -> tuple[Limit, ...]:
        from perfplug.sla import parse_limits

        return parse_limits(limits, where=self._loads.test)

    def _plan(self, url: str, limits: tuple[Limit, ...], *, unix_socket: str | Path | None, **said: Any) -> Plan:
        from perfplug.spec import make_plan

        # Only where it is needed: the fixture behind it may start a server.
        relative = isinstance(url, str) and url.startswith(("/", "?")) and unix_socket is None
        return make_plan(
            where=self._loads.test,
            url=url,
            base_url=self.base_url if relative else None,
            allow_hosts=self._settings.allow_hosts,
            unix_socket=unix_socket,
            limits=limits,
            **said,
        )

    def _run(self, plan: Plan, limits: tuple[Limit, ...]) -> Result:
        __tracebackhide__ = True
        origin = plan.request.origin
        home = origin.unix_path or f"{origin.host}:{origin.port}"
        name = self._loads.unique_name(plan.request.name)
        try:
            self._loads.ledger.check_reachable(home)
        except TargetUnreachable as error:
            self._not_measured(plan, name, str(error), limits)
            raise
        with self._take_turn(), self._named():
            result, comparison = self._measure(plan, name, limits)
        case = self._loads.add(result, limits, comparison)
        self._item.user_properties.extend(properties(case))
        self._item.ihook.pytest_perfplug_result(result=result, judged=case.judged, item=self._item)
        if result.interrupted:
            raise KeyboardInterrupt
        if result.unreachable is not None:
            self._loads.ledger.mark_unreachable(home, result.unreachable)
            raise TargetUnreachable(result.unreachable)
        return result

    def _not_measured(self, plan: Plan, name: str, reason: str, limits: tuple[Limit, ...]) -> None:
        """Enters into the books that a load had no target, so that no report is silent about its test."""
        from perfplug.result import unmeasured

        self._loads.add(unmeasured(plan, name=name, reason=reason), limits)

    def _measure(self, plan: Plan, name: str, limits: tuple[Limit, ...]) -> tuple[Result, tuple[Compared, ...]]:
        """The result, and its comparison with the base that was measured beside it, if there is to be one."""
        from perfplug import engine
        from perfplug.stopping import watch_of

        line = _progress_line(self._item.config, inert(name, plan))
        try:
            if self._loads.ledger.against is not None:
                return self._loads.ledger.against.measure(
                    plan,
                    head_url=self.base_url,
                    name=name,
                    earlier=len(self._loads.cases),
                    regression=self._loads.regression,
                    on_progress=line.say if line else None,
                )
            on_progress = line.show if line else None
            watch = watch_of(plan, limits)
            return engine.run(plan, name=name, on_progress=on_progress, interval=_PROGRESS_INTERVAL, watch=watch), ()
        finally:
            if line is not None:
                line.clear()


@pytest.fixture
def perf(request: pytest.FixtureRequest) -> Iterator[Perf]:
    """Puts a target under load: perf.http("/path", users=15, duration="10s"). See the performance marker."""
    item: pytest.Item = request.node
    if LOADS not in item.stash:
        item.stash[LOADS] = new_loads(item, marker.Promise(limits={}))
    loads = item.stash[LOADS]
    yield Perf(
        item,
        loads,
        find_base_url=lambda: _base_url_fixture(request),
        take_turn=lambda: _turn(request),
    )
    # Loads that other fixtures ran when the test's own code was already over.
    loads.settle(strict=item.config.stash[SETTINGS].strict)


def new_loads(item: pytest.Item, promise: marker.Promise) -> Loads:
    """Empty books for a test that is about to run, maybe not for the first time. UsageError for a bad limit."""
    test = item.stash.get(NODE_ID, item.nodeid)
    ledger = item.config.stash[LEDGER]
    ledger.asked_for = True
    item.user_properties[:] = [entry for entry in item.user_properties if not entry[0].startswith(PROPERTY)]
    limits: tuple[Limit, ...] = ()
    if promise.limits:
        from perfplug.sla import parse_limits

        limits = parse_limits(promise.limits, where=test)
    if item.config.stash[SETTINGS].compare is not None and ledger.comparer is None:
        ledger.comparer = _comparer(item.session)
    if item.config.stash[SETTINGS].ab_base is not None and ledger.against is None:
        ledger.against = _against(item.session)
    file, line = marker.place(getattr(item, "function", None))
    return Loads(
        test=test,
        ledger=ledger,
        limits=limits,
        regression=_regression(promise.regression, where=test),
        name=promise.name,
        file=_relative(file or item.path, item.config.rootpath),
        line=line,
    )


def _regression(said: object, *, where: str) -> float | None:
    """As a share. UsageError for what is none."""
    if said is None:
        return None
    from perfplug.units import parse_share

    try:
        share = parse_share(said)
    except UsageError as error:
        raise UsageError(f"{where}: regression: {error}") from None
    if share <= 0.0:
        raise UsageError(f"{where}: regression: {said!r} leaves no room at all: write how much worse it may be, '5%'")
    return share


def _against(session: pytest.Session) -> Against:
    from perfplug.against import Against

    settings = session.config.stash[SETTINGS]
    assert settings.ab_base is not None
    return Against(
        settings.ab_base,
        tests=sum("perf" in getattr(item, "fixturenames", ()) for item in session.items),
        pairs=settings.ab_pairs,
        block=settings.ab_block,
        allow_hosts=settings.allow_hosts,
    )


def _comparer(session: pytest.Session) -> Comparer:
    from perfplug import baseline, engine
    from perfplug.comparer import Comparer
    from perfplug.environment import fingerprint

    root = session.config.rootpath
    path = baseline.file_of(
        root / baseline.FOLDER, session.config.stash[SETTINGS].compare or baseline.DEFAULT, where="--perf-compare"
    )
    comparer = Comparer(path, lambda: fingerprint(libcurl=engine.CURL_VERSION, folder=root))
    comparer.plan(
        {
            item.stash.get(NODE_ID, item.nodeid): [
                key for mark in item.iter_markers(marker.NAME) for key in mark.kwargs
            ]
            for item in session.items
            if item.get_closest_marker(marker.NAME) is not None
        }
    )
    return comparer


def properties(case: Case) -> Iterator[tuple[str, object]]:
    """A load's figures for ``user_properties``, where pytest's own JUnit XML takes them from. Times are seconds."""
    result = case.result
    figures: dict[str, object] = {
        "verdict": case.verdict.value,
        "requests": result.requests,
        "errors": result.requests - result.ok,
        "error_rate": f"{result.error_rate:.6g}",
        "throughput": f"{result.throughput:.6g}",
    }
    if result.latency.count:
        figures |= {key: f"{getattr(result, key):.6g}" for key in ("p50", "p90", "p95", "p99", "p99_9", "mean", "max")}
    for judged in case.judged:
        figures[judged.limit.metric] = f"{judged.observed:.6g}"
    for one in case.comparison:
        if one.change is not None:
            figures[f"{one.metric}.change"] = f"{one.change:.6g}"
    name = inert(result.name, result.plan)
    return ((f"{PROPERTY}{name}.{key}", value) for key, value in figures.items())


def inert(name: str, plan: Plan) -> str:
    """A load's name without the secrets of its request and without control characters."""
    from perfplug.report.escape import printable
    from perfplug.report.redact import redactor

    return printable(redactor([plan.request])(name))


def on_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def _relative(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)


def _base_url_fixture(request: pytest.FixtureRequest) -> str | None:
    try:
        value = request.getfixturevalue("base_url")
    except pytest.FixtureLookupError as error:
        if error.argname != "base_url":
            raise
        return None
    return str(value) if value else None


def _turn(request: pytest.FixtureRequest) -> AbstractContextManager[None]:
    if not on_worker(request.config):
        return contextlib.nullcontext()
    from perfplug.turn import turn

    # Each worker has its own folder below the session's.
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return turn(factory.getbasetemp().parent / "perfplug.lock")


def _progress_line(config: pytest.Config, name: str) -> ProgressLine | None:
    """None where a line that comes and goes would be in the way: no terminal, a worker of pytest-xdist, -qq."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    writer = config.get_terminal_writer()
    if reporter is None or on_worker(config) or config.getoption("verbose") < -1:
        return None
    if not (reporter.isatty and writer.hasmarkup):
        return None
    from perfplug.progress import ProgressLine

    capture = config.pluginmanager.getplugin("capturemanager")
    return ProgressLine(
        name,
        capture.global_and_fixture_disabled if capture is not None else contextlib.nullcontext,
        column=writer.width_of_current_line,
        width=writer.fullwidth,
    )
