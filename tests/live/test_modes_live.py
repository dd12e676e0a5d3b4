"""What can be seen and done while a run is under way."""

from __future__ import annotations

import threading
import time

from live_harness import LOAD_FIELDS, Target

from perfplug import engine
from perfplug.engine import Progress
from perfplug.plan import Load, Plan, Request


def plan_for(target: Target, path: str, **load: object) -> Plan:
    assert load.keys() <= LOAD_FIELDS
    request = Request(url=target.server.url(path), tls=target.tls, cookies=target.way == "curl", timeout=5.0)
    return Plan(request=request, load=Load(**load))  # type: ignore[arg-type]


def test_progress_rises_and_ends_where_the_result_does(target: Target) -> None:
    seen: list[Progress] = []
    plan = plan_for(target, "/slow?seconds=0.02", users=3, duration=1.0, warmup=0.3)
    result = engine.run(plan, on_progress=seen.append, interval=0.05)
    assert len(seen) >= 5
    assert {progress.phase for progress in seen} >= {"warmup", "measuring"}
    counts = [progress.requests for progress in seen]
    assert counts == sorted(counts)
    assert 0 < counts[-1] <= result.requests
    assert all(progress.ok + sum(progress.errors.values()) == progress.requests for progress in seen)
    assert 0.02 <= seen[-1].p50 <= seen[-1].p99
    assert max(progress.in_flight for progress in seen) <= 3


def test_progress_is_told_in_the_thread_that_runs(target: Target) -> None:
    threads: set[int] = set()
    engine.run(
        plan_for(target, "/ok", users=2, duration=0.5),
        on_progress=lambda progress: threads.add(threading.get_ident()),
        interval=0.05,
    )
    assert threads == {threading.get_ident()}


def test_other_python_threads_go_on_during_a_run(target: Target) -> None:
    """With the GIL held for the run, the counter would stand still."""
    stop = threading.Event()
    beats = 0

    def beat() -> None:
        nonlocal beats
        while not stop.is_set():
            beats += 1
            time.sleep(0.01)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        before = beats
        engine.run(plan_for(target, "/ok", users=4, duration=1.0))
        assert beats - before > 10
    finally:
        stop.set()
        thread.join()


def test_an_error_in_the_callback_ends_the_run_and_comes_out(target: Target) -> None:
    class Enough(Exception):
        pass

    def complain(progress: Progress) -> None:
        raise Enough

    begun = time.monotonic()
    try:
        engine.run(plan_for(target, "/ok", users=2, duration=30.0), on_progress=complain, interval=0.05)
    except Enough:
        assert time.monotonic() - begun < 20
    else:
        raise AssertionError("the error was swallowed")


def test_a_target_that_is_not_there_ends_the_run_early(closed_port: int, cookies: bool) -> None:
    request = Request(url=f"http://127.0.0.1:{closed_port}/", cookies=cookies)
    result = engine.run(Plan(request=request, load=Load(users=5, duration=60.0)), stop_when_unreachable=True)
    assert result.unreachable is not None
    assert f"127.0.0.1:{closed_port}" in result.unreachable
    assert "refused" in result.unreachable
    assert "\n" not in result.unreachable
    assert result.duration < 30
