"""Plan to result, against a small server in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfplug import engine
from perfplug.errors import UsageError
from perfplug.plan import Load, Plan, Request, Think
from perfplug.result import PHASES, Result
from perfplug.sla import Verdict, judge, parse_limits
from perfplug.spec import make_plan

SERVER = Path(__file__).resolve().parent.parent / "servers" / "server.py"
LONG = 60.0  # only ever reached by a hang


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("server") / "requests.jsonl"
    command = [sys.executable, str(SERVER), "--log", str(log), "--host", "127.0.0.1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().split()[1]}"
        finally:
            server.kill()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else can take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def run(url: str, load: Load, thresholds: tuple[float, ...] = (), **request: Any) -> Result:
    return engine.run(Plan(request=Request(url=url, **request), load=load, thresholds=thresholds))


def check(result: Result) -> None:
    """What holds of every result."""
    assert result.requests == result.ok + sum(result.errors.values())
    assert result.sent == result.requests + result.cancelled
    assert result.latency.count == result.ok
    assert result.latency_errors.count == result.requests - result.ok
    assert sum(cell.requests for cell in result.slices) == result.requests
    assert sum(cell.errors for cell in result.slices) == result.requests - result.ok
    assert sum(cell.width for cell in result.slices) == pytest.approx(result.duration, abs=1e-6)
    for at, over in enumerate(result.over):
        assert sum(cell.over[at] for cell in result.slices) == over
    assert set(result.phases) == set(PHASES)


def test_a_number_of_requests_is_run_and_all_of_it_counted(url: str) -> None:
    result = run(url + "/ok", Load(users=3, requests=200), thresholds=(1e-9, 30.0))
    check(result)
    assert (result.requests, result.ok, result.errors, result.over) == (200, 200, {}, (200, 0))
    assert result.statuses == {200: 200}
    assert (result.connections, result.reused) == (3, 197)
    assert result.transport == "h1"
    assert 0.0 < result.min <= result.p50 <= result.p99 <= result.max
    assert not result.interrupted
    assert result.unreachable is None


def test_a_duration_is_kept_and_cut_into_slices(url: str) -> None:
    result = run(url + "/ok", Load(users=2, duration=0.5, warmup=0.1), thresholds=(0.01,))
    check(result)
    assert result.duration == pytest.approx(0.5, abs=0.01)
    assert len(result.slices) == 100
    assert result.throughput == pytest.approx(result.ok / result.duration)


def test_an_arrival_rate_sends_that_many_whatever_comes_back(url: str) -> None:
    result = run(url + "/ok", Load(users=50, duration=0.5, rate=200.0))
    check(result)
    assert result.requests == 100


def test_think_time_holds_users_back(url: str) -> None:
    result = run(url + "/ok", Load(users=1, requests=5, think=Think(kind="fixed", low=0.05)))
    assert result.duration >= 0.2


def test_failures_are_counted_by_class(url: str) -> None:
    result = run(url + "/status?code=503", Load(users=2, requests=20), thresholds=(10.0,))
    check(result)
    assert (result.ok, result.errors, result.statuses, result.over) == (0, {"status": 20}, {503: 20}, (20,))
    assert result.error_rate == 1.0


def test_a_body_that_lacks_the_text_is_an_error(url: str) -> None:
    result = run(url + "/ok", Load(requests=2), expect_text="nowhere to be found")
    assert result.errors == {"content": 2}


def test_what_only_libcurl_knows_goes_through_it_and_the_result_says_so(url: str) -> None:
    result = run(url + "/ok", Load(requests=5), cookies=True)
    check(result)
    assert (result.transport, result.ok) == ("curl", 5)


def test_the_name_is_the_callers_or_else_the_requests(url: str) -> None:
    plan = make_plan(where="t", url=url + "/ok?x=1", requests=1)
    assert engine.run(plan).name == "GET /ok"
    assert engine.run(plan, name="mine").name == "mine"


def test_progress_is_shown_while_it_runs(url: str) -> None:
    seen: list[engine.Progress] = []
    plan = Plan(request=Request(url=url + "/ok"), load=Load(users=2, duration=0.6, warmup=0.1))
    result = engine.run(plan, on_progress=seen.append, interval=0.05)
    assert len(seen) >= 3
    assert [one.requests for one in seen] == sorted(one.requests for one in seen)
    assert seen[-1].requests <= result.requests
    assert {one.phase for one in seen} <= {"warmup", "measuring", "draining", "ended"}
    assert all(one.in_flight >= 0 and one.ok <= one.requests for one in seen)
    assert seen[-1].throughput > 0.0
    assert 0.0 < seen[-1].p50 <= seen[-1].p99
    assert [one.latency.count for one in seen] == sorted(one.latency.count for one in seen)
    assert 0 < seen[-1].latency.count <= result.ok
    assert seen[-1].delay.count > 0 and seen[-1].late.count > 0


def test_an_error_in_the_progress_callback_ends_the_run_and_propagates(url: str) -> None:
    def fail(_: engine.Progress) -> None:
        raise LookupError("of the callback")

    with pytest.raises(LookupError, match="of the callback"):
        engine.run(Plan(request=Request(url=url + "/ok"), load=Load(duration=LONG)), on_progress=fail, interval=0.02)


@pytest.mark.parametrize("warmup", [0.0, LONG])
def test_a_target_that_is_not_there_is_said_in_one_line_and_at_once(closed_port: int, warmup: float) -> None:
    result = run(f"http://127.0.0.1:{closed_port}/x", Load(users=20, duration=LONG, warmup=warmup))
    check(result)
    assert result.unreachable == f"http://127.0.0.1:{closed_port}: connection refused (connect_refused)"
    assert result.finished < LONG / 2


def test_a_target_that_is_not_there_is_found_by_a_single_request_too(closed_port: int) -> None:
    result = run(f"http://127.0.0.1:{closed_port}/x", Load(requests=1))
    assert (result.requests, result.errors) == (1, {"connect_refused": 1})
    assert result.unreachable is not None


def test_a_run_goes_on_against_a_target_that_is_not_there_when_told_so(closed_port: int) -> None:
    plan = Plan(
        request=Request(url=f"http://127.0.0.1:{closed_port}/"),
        load=Load(users=1, duration=0.3, think=Think(kind="fixed", low=0.01)),
    )
    result = engine.run(plan, stop_when_unreachable=False)
    assert result.duration == pytest.approx(0.3, abs=0.05)
    assert result.unreachable is not None


def test_a_server_that_only_fails_is_not_unreachable(url: str) -> None:
    assert run(url + "/status?code=500", Load(requests=10)).unreachable is None


def test_ctrl_c_gives_the_partial_result(url: str) -> None:
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    try:
        result = run(url + "/ok", Load(users=2, duration=LONG))
    finally:
        interrupt.join()
    check(result)
    assert result.interrupted
    assert result.ok > 0
    assert result.duration < LONG / 2


def test_ctrl_c_is_heard_while_every_user_waits_for_an_answer(url: str) -> None:
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    begun = time.monotonic()
    try:
        result = run(url + "/slow?seconds=30", Load(users=2, duration=LONG))
    finally:
        interrupt.join()
    assert result.interrupted
    assert (result.requests, result.cancelled) == (0, 2)
    assert time.monotonic() - begun < LONG / 4


def test_several_threads_measure_at_once(url: str) -> None:
    results: list[Result] = []

    def measure() -> None:
        results.append(run(url + "/ok", Load(users=2, requests=100)))

    threads = [threading.Thread(target=measure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.ok for result in results] == [100] * 4


def test_too_few_descriptors_are_said_before_the_run(url: str) -> None:
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
        "from perfplug import engine\nfrom perfplug.errors import InvalidMeasurement\n"
        "from perfplug.plan import Load, Plan, Request\n"
        "try:\n    engine.run(Plan(request=Request(url=sys.argv[1]), load=Load(users=500, requests=500)))\n"
        "except InvalidMeasurement as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, timeout=LONG)
    assert done.stderr == ""
    assert done.stdout.startswith("500 users need ")
    assert "100 may be had: raise the hard limit (`ulimit -n " in done.stdout


def test_what_this_libcurl_cannot_do_is_a_usage_error(url: str) -> None:
    if "http3" in engine.CURL_FEATURES:
        pytest.skip("this libcurl has HTTP/3")
    with pytest.raises(UsageError, match=r"HTTP/3: not with libcurl/"):
        run(url.replace("http://", "https://"), Load(requests=1), http="3")


def test_more_workers_than_users_do_no_harm(url: str) -> None:
    result = run(url + "/ok", Load(users=2, requests=20, workers=8))
    assert result.ok == 20


def test_a_promise_on_a_real_run_is_judged(url: str) -> None:
    limits = parse_limits({"p95": "30s", "max": "30s", "error_rate": "10%", "throughput": "0.1/s"}, where="t")
    result = engine.run(make_plan(where="t", url=url + "/ok", users=2, requests=300, limits=limits))
    assert [one.verdict for one in judge(result, limits)] == [Verdict.PASS] * 4
    broken = parse_limits({"p50": "1us", "throughput": "100M/s"}, where="t")
    result = engine.run(make_plan(where="t", url=url + "/ok", users=2, requests=300, limits=broken))
    assert judge(result, broken)[0].verdict in (Verdict.FAIL, Verdict.INVALID)


def test_the_engine_leaves_no_thread_and_no_descriptor_behind(url: str) -> None:
    run(url + "/ok", Load(users=5, requests=50))
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        run(url + "/ok", Load(users=5, requests=50))
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors
