"""perfplug._core.Run against a small server in a process of its own: keywords, waiting, stopping, threads, forks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from perfplug import _core
from perfplug._core import Histogram, Run

HANG = 60.0  # seconds; a guard against hanging, never a measurement

# Answers every request on every connection; /slow only after a while, so that requests are in flight when wanted.
SERVER = """
import asyncio, sys

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            if head.split(b" ", 2)[1] == b"/slow":
                await asyncio.sleep(600)
            missing = head.split(b" ", 2)[1] == b"/missing"
            writer.write(b"HTTP/1.1 %s\\r\\nContent-Length: 5\\r\\n\\r\\nhello" % (b"404 No" if missing else b"200 OK"))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        yield int(server.stdout.readline())
        server.kill()


@contextlib.contextmanager
def running(port: int, **plan: Any) -> Iterator[Run]:
    run = Run(**{"host": "127.0.0.1", "port": port, **plan})
    try:
        yield run
    finally:
        run.close()


def script(body: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python of its own that runs `body`; not in the checkout, lest that come before the perfplug under test."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    with process:
        try:
            return process.communicate(timeout=HANG)
        finally:
            process.kill()


# --- what a run tells -------------------------------------------------------------------------------------------------


def test_every_request_is_counted_once(port: int) -> None:
    with running(port, users=3, workers=2, requests=200) as run:
        assert run.wait(HANG) is True
        outcome = run.outcome()
    assert outcome["phase"] == "ended"
    assert outcome["requests"] == outcome["sent"] == outcome["ok"] == 200
    assert (outcome["errors"], outcome["cancelled"], outcome["statuses"]) == ({}, 0, {200: 200})
    assert 1 <= outcome["connections"] <= 3  # a quick worker may leave nothing to the other
    assert outcome["reused"] == 200 - outcome["connections"]
    assert 0.0 < outcome["duration"] <= outcome["finished"]
    assert abs(outcome["started_at"] - time.time()) < HANG


def test_series_hold_the_good_requests(port: int) -> None:
    with running(port, requests=50) as run:
        assert run.wait(HANG)
        latency, errors = run.histogram("latency"), run.histogram("latency_errors")
        assert (latency.count, errors.count, run.histogram("connect").count) == (50, 0, 1)
    assert 0.0 < latency.min <= latency.quantile(0.5) <= latency.max


def test_failed_requests_are_counted_by_class_and_over_every_threshold(port: int) -> None:
    with running(port, path="/missing", requests=20, thresholds=(0.5, 100.0)) as run:
        assert run.wait(HANG)
        outcome = run.outcome()
        assert run.histogram("latency_errors").count == 20
    assert (outcome["ok"], outcome["errors"], outcome["statuses"]) == (0, {"status": 20}, {404: 20})
    assert outcome["over"] == (20, 20)


def test_slices_add_up_to_the_whole(port: int) -> None:
    with running(port, users=2, duration=0.3, slice_width=0.05, thresholds=(50.0,)) as run:
        assert run.wait(HANG)
        outcome = run.outcome()
        latency = run.histogram("latency")
    slices = outcome["slices"]
    assert outcome["slice_width"] == 0.05
    assert sum(requests for requests, *_ in slices) == outcome["requests"] == latency.count
    assert sum(size for _, _, size, *_ in slices) == outcome["bytes"]
    assert all(over == (0,) for _, _, _, over, *_ in slices)
    assert sum(Histogram.decode(packed).count for *_, packed in slices if packed is not None) == latency.count
    assert sum(total for *_, total, _, _ in slices) == pytest.approx(latency.mean * latency.count)
    assert all((packed is None) == (requests == 0) for requests, *_, packed in slices)


def test_what_was_expected_of_the_answer_is_checked(port: int) -> None:
    with running(port, requests=5, must_hold=b"hell") as run:
        assert run.wait(HANG) and run.outcome()["ok"] == 5
    with running(port, requests=5, must_hold=b"heaven") as run:
        assert run.wait(HANG) and run.outcome()["errors"] == {"content": 5}
    with running(port, path="/missing", requests=5, statuses=(404,)) as run:
        assert run.wait(HANG) and run.outcome()["ok"] == 5


def test_a_refused_connection_is_an_error_and_no_exception() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # and never listens
        with running(listener.getsockname()[1], requests=3) as run:
            assert run.wait(HANG)
            outcome = run.outcome()
    assert (outcome["errors"], outcome["connections"], outcome["connect_errors"]) == ({"connect_refused": 3}, 0, 3)


def test_an_open_run_starts_what_its_rate_says(port: int) -> None:
    with running(port, model="open", rate=200.0, arrivals="poisson", users=10, requests=40) as run:
        assert run.wait(HANG)
        outcome = run.outcome()
    assert outcome["requests"] == 40
    assert 1 <= outcome["most_users"] <= 10


# --- waiting and stopping ---------------------------------------------------------------------------------------------


def test_wait_says_whether_the_run_has_ended(port: int) -> None:
    with running(port, path="/slow", requests=1) as run:
        assert run.wait(0) is False
        assert run.wait(0.15) is False
        assert run.progress()["phase"] in ("warmup", "measuring", "draining")
        run.stop(now=True)
        assert run.wait() is True
        assert run.wait(0) is True


def test_the_outcome_is_there_after_the_end_and_not_before(port: int) -> None:
    with running(port, path="/slow", duration=600.0) as run:
        with pytest.raises(RuntimeError, match="has not ended"):
            run.outcome()
        run.stop(now=True)
        assert run.wait(HANG)
        assert run.outcome()["ok"] == 0


def test_stop_lets_requests_in_flight_finish(port: int) -> None:
    with running(port, users=4, duration=600.0) as run:
        while run.progress()["requests"] == 0:
            assert not run.wait(0.01)
        run.stop()
        assert run.wait(HANG)
        outcome = run.outcome()
    assert outcome["cancelled"] == 0
    assert outcome["sent"] == outcome["requests"] == outcome["ok"]


def test_what_was_cancelled_is_counted_as_such(port: int) -> None:
    with running(port, path="/slow", users=4, duration=600.0) as run:
        while run.progress()["sent"] < 4:
            assert not run.wait(0.01)
        run.stop(now=True)
        assert run.wait(HANG)
        outcome = run.outcome()
    assert (outcome["sent"], outcome["cancelled"], outcome["requests"]) == (4, 4, 0)


def test_progress_and_histograms_may_be_read_while_running(port: int) -> None:
    seen = 0
    with running(port, users=2, duration=600.0) as run:
        while seen < 500:
            progress = run.progress()
            assert progress["requests"] == progress["ok"] + sum(progress["errors"].values())
            assert progress["requests"] >= seen
            seen = progress["requests"]
            assert run.histogram("latency").count >= seen
            run.wait(0.001)


@pytest.mark.parametrize("timeout", [-1, -0.001, float("nan")])
def test_a_senseless_timeout_is_refused(port: int, timeout: float) -> None:
    with running(port, requests=1) as run, pytest.raises(ValueError, match="at least 0 seconds"):
        run.wait(timeout)


def test_an_unknown_series_is_refused(port: int) -> None:
    with running(port, requests=1) as run, pytest.raises(ValueError, match="no series is called 'latencies'"):
        run.histogram("latencies")


# --- closing ----------------------------------------------------------------------------------------------------------


def test_close_stops_a_run_and_may_come_again(port: int) -> None:
    run = Run(host="127.0.0.1", port=port, path="/slow", duration=600.0)
    run.close()
    run.close()
    for use in (run.progress, run.outcome, run.stop, run.wait, lambda: run.histogram("latency")):
        with pytest.raises(RuntimeError, match="closed"):
            use()


def tasks() -> set[str]:
    return set(os.listdir("/proc/self/task"))


def test_a_run_that_is_dropped_ends_with_its_threads(port: int) -> None:
    before = tasks()
    run = Run(host="127.0.0.1", port=port, path="/slow", users=4, workers=4, duration=600.0)
    workers = tasks() - before
    assert len(workers) == 4
    del run
    guard = time.monotonic() + HANG
    while workers & tasks():  # the kernel may list a joined thread a moment longer
        assert time.monotonic() < guard


def test_closing_ends_the_waits_of_other_threads(port: int) -> None:
    run = Run(host="127.0.0.1", port=port, path="/slow", duration=600.0)
    ends: list[object] = []

    def wait() -> None:
        try:
            ends.append(run.wait())
        except RuntimeError as error:
            ends.append(str(error))

    waiters = [threading.Thread(target=wait) for _ in range(4)]
    for waiter in waiters:
        waiter.start()
    run.wait(0.05)
    run.close()
    for waiter in waiters:
        waiter.join(HANG)
    assert not any(waiter.is_alive() for waiter in waiters)
    assert set(ends) <= {True, "the run is closed"} and len(ends) == 4


def test_any_method_may_race_with_close(port: int) -> None:
    for _ in range(20):
        run = Run(host="127.0.0.1", port=port, users=2, duration=600.0)
        surprises: list[BaseException] = []

        def use(run: Run = run, surprises: list[BaseException] = surprises) -> None:
            try:
                while True:
                    run.progress()
                    run.histogram("latency")
                    run.wait(0)
                    run.stop()
            except RuntimeError as error:
                if "closed" not in str(error):
                    surprises.append(error)

        users = [threading.Thread(target=use) for _ in range(3)]
        closers = [threading.Thread(target=run.close) for _ in range(2)]
        for thread in users + closers:
            thread.start()
        for thread in users + closers:
            thread.join(HANG)
        assert not any(thread.is_alive() for thread in users + closers)
        assert surprises == []


def test_a_signal_handler_may_close_the_run_that_is_waited_for(port: int) -> None:
    out, err = finish(
        script(
            """
            import os, signal, sys, threading
            from perfplug._core import Run
            run = Run(host="127.0.0.1", port=int(sys.argv[1]), path="/slow", duration=600.0)
            signal.signal(signal.SIGUSR1, lambda *_: run.close())
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            print(run.wait())
            """,
            port,
        )
    )
    assert (out.strip(), err) == ("True", "")


def test_runs_on_several_threads_keep_to_themselves(port: int) -> None:
    counts: list[int] = []

    def measure(requests: int) -> None:
        with running(port, users=2, requests=requests) as run:
            assert run.wait(HANG)
            counts.append(run.outcome()["ok"])

    threads = [threading.Thread(target=measure, args=(100 + i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
    assert sorted(counts) == [100, 101, 102, 103]


# --- signals, forks, interpreters -------------------------------------------------------------------------------------


def test_ctrl_c_interrupts_a_wait(port: int) -> None:
    process = script(
        """
        import sys
        from perfplug._core import Run
        run = Run(host="127.0.0.1", port=int(sys.argv[1]), path="/slow", duration=600.0)
        try:
            print("waiting", flush=True)
            run.wait()
        except KeyboardInterrupt:
            run.stop(now=True)
            print("interrupted", run.wait(), run.outcome()["cancelled"])
        """,
        port,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = finish(process)
    assert (out, err) == ("interrupted True 1\n", "")


def test_a_forked_child_starts_its_own_run_and_not_its_parents(port: int) -> None:
    out, err = finish(
        script(
            """
            import os, sys, traceback, warnings
            from perfplug._core import Run

            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later on forks with threads

            def measure():
                return Run(host="127.0.0.1", port=int(sys.argv[1]), users=2, requests=30)

            ended, live = measure(), Run(host="127.0.0.1", port=int(sys.argv[1]), users=2, duration=600.0)
            assert ended.wait(60)
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    for run in (ended, live):
                        for use in (run.progress, run.wait, run.stop, run.outcome, run.close):
                            try:
                                use()
                            except RuntimeError as error:
                                assert "belongs to the process that started it" in str(error), error
                            else:
                                raise AssertionError(use)
                    own = measure()
                    assert own.wait(60) and own.outcome()["ok"] == 30
                    own.close()
                    del run, use, own, ended, live
                    status = 0
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            before = live.progress()["ok"]
            while live.progress()["ok"] == before:
                assert not live.wait(0.01)
            assert ended.outcome()["ok"] == 30
            live.close()
            print("parent well")
            """,
            port,
        )
    )
    assert (out, err) == ("parent well\n", "")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="interpreters with a GIL of their own came with 3.12")
def test_interpreters_of_one_process_each_have_their_own_module(port: int) -> None:
    out, err = finish(
        script(
            """
            import sys, threading
            try:
                import _interpreters as interpreters
            except ImportError:
                import _xxsubinterpreters as interpreters

            code = f'''
            from perfplug._core import DescriptorLimit, Run
            run = Run(host="127.0.0.1", port={sys.argv[1]}, users=2, requests=50)
            assert run.wait(60) and run.outcome()["ok"] == 50
            try:
                run.histogram("no such series")
            except ValueError:
                pass
            '''.replace("\\n            ", "\\n")

            def measure():
                interpreter = interpreters.create()
                failure = None
                try:
                    failure = interpreters.run_string(interpreter, code)
                finally:
                    interpreters.destroy(interpreter)
                if failure is not None:
                    raise RuntimeError(failure)
                sys.stdout.write("measured\\n")

            threads = [threading.Thread(target=measure) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            exec(code)
            """,
            port,
        )
    )
    assert (out, err) == ("measured\nmeasured\n", "")


def test_a_process_may_end_in_the_middle_of_a_run(port: int) -> None:
    process = script(
        """
        import sys
        from perfplug._core import Run
        run = Run(host="127.0.0.1", port=int(sys.argv[1]), users=8, duration=600.0)
        run.wait(0.1)
        """,
        port,
    )
    assert finish(process) == ("", "")
    assert process.returncode == 0


# --- what cannot run --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"tls": 1}, "'tls' is a bool, not int"),
        ({"port": "80"}, "'port' is an int, not str"),
        ({"port": True}, "'port' is an int, not bool"),
        ({"users": 1.0}, "'users' is an int, not float"),
        ({"users": None}, "'users' is an int, not NoneType"),
        ({"host": b"localhost"}, "'host' is a str, not bytes"),
        ({"method": None}, "'method' is a str, not NoneType"),
        ({"body": "text"}, "'body' is bytes, not str"),
        ({"headers": [("A", "b")]}, "'headers' is a tuple, not list"),
        ({"headers": (("A", "b", "c"),)}, "'headers' is a tuple of"),
        ({"headers": (("A", 1),)}, "'headers' is a str, not int"),
        ({"statuses": ("200",)}, "'statuses' is an int, not str"),
        ({"timeout": "1s"}, "'timeout' is a float, not str"),
        ({"thresholds": (True,)}, "'thresholds' is a float, not bool"),
        ({"think": ("fixed", "1", 0.0)}, "'think' is a float, not str"),
        ({"user": 1}, "unexpected keyword 'user'"),
    ],
)
def test_a_wrong_type_names_the_keyword(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        Run(**{"host": "127.0.0.1", "port": 1, "requests": 1, **plan})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"port": 65536}, "'port' lies between 0 and 65535, not 65536"),
        ({"port": -1}, "'port' lies between"),
        ({"port": 2**80}, "'port' lies between"),
        ({"port": 0}, "'port' is missing"),
        ({"host": ""}, "'host' is empty"),
        ({"host": "a b"}, "'host' holds a character"),
        ({"host": "a\0b"}, "'host' holds a character"),
        ({"method": "GET /"}, "'method' holds a character"),
        ({"method": ""}, "'method' is empty"),
        ({"path": "/a b"}, "'path' holds a character"),
        ({"path": "/a\r\nX: y"}, "'path' holds a character"),
        ({"path": "a"}, "'path' begins with a slash"),
        ({"headers": (("A\n", "b"),)}, "'headers' holds a character"),
        ({"headers": (("A", "b\r\nC: d"),)}, "'headers' holds a control character"),
        ({"proxy": "http://a\n"}, "'proxy' holds a control character"),
        ({"http": "1.0"}, "'http' has no choice '1.0'"),
        ({"transport": "h2"}, "'transport' has no choice 'h2'"),
        ({"statuses": (99,)}, "'statuses' lies between 100 and 999"),
        ({"users": 0}, "'users' lies between 1 and"),
        ({"workers": 2}, "'workers' are no more than 'users'"),
        ({"requests": 0}, "'duration' or 'requests' is above 0"),
        ({"requests": None}, "'duration' or 'requests' is above 0"),
        ({"duration": 1.0}, "and not both"),
        ({"duration": -1.0}, "'duration' lies between 0 and a year"),
        ({"warmup": 4e7}, "'warmup' lies between 0 and a year"),
        ({"warmup": float("nan")}, "'warmup' lies between 0 and a year"),
        ({"timeout": 0.0}, "'timeout' is above 0"),
        ({"model": "open"}, "'rate' is what the open model needs"),
        ({"model": "open", "rate": 0.0}, "'rate' is above 0"),
        ({"model": "open", "rate": float("inf")}, "'rate' is above 0 and finite"),
        ({"thresholds": (0.2, 0.1)}, "'thresholds' rises"),
        ({"thresholds": tuple(range(17))}, "'thresholds' has room for 16"),
        ({"slice_width": 0.0}, "'slice_width' is at least a millisecond"),
        ({"think": ("sometimes", 0.0, 0.0)}, "'think' is of kind"),
        ({"think": ("fixed", 0.0)}, "'think' is (kind, low, high)"),
        ({"think": ("uniform", 2.0, 1.0)}, "'think' has its high end below"),
        ({"redirect_hosts": ("",)}, "'redirect_hosts' is empty"),
        ({"seed": -1}, "'seed' lies between"),
    ],
)
def test_a_wrong_value_names_the_keyword(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Run(**{"host": "127.0.0.1", "port": 1, "requests": 1, **plan})
    assert message in str(caught.value)


def test_a_lone_surrogate_is_a_value_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        Run(host="127.0.0.1", port=1, requests=1, path="/\ud800")


def test_positional_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="keywords only"):
        Run("127.0.0.1")  # type: ignore[call-arg]


def test_too_many_users_for_the_descriptor_limit_say_what_is_needed() -> None:
    process = script(
        """
        import errno, resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        from perfplug._core import DescriptorLimit, Run
        try:
            Run(host="127.0.0.1", port=1, users=5000, requests=1)
        except DescriptorLimit as error:
            print(error.needed >= 5000, error.have, isinstance(error, OSError), error.errno == errno.EMFILE)
        """
    )
    assert finish(process) == ("True 256 True True\n", "")


@pytest.mark.skipif("http3" in _core.CURL_FEATURES, reason="this libcurl speaks HTTP/3")
def test_what_this_libcurl_lacks_is_unsupported() -> None:
    with pytest.raises(_core.Unsupported):
        Run(host="127.0.0.1", port=1, tls=True, http="3", transport="curl", requests=1)


# --- the module -------------------------------------------------------------------------------------------------------


def test_the_constants_say_what_there_is() -> None:
    assert _core.CURL_VERSION.startswith("libcurl/")
    assert {"http2", "http3", "tls", "unix", "brotli", "zstd"} >= _core.CURL_FEATURES
    assert "none" not in _core.ERROR_CLASSES and "connect_refused" in _core.ERROR_CLASSES
    assert _core.SERIES[:3] == ("latency", "latency_errors", "service")
    assert len(set(_core.ERROR_CLASSES)) == len(_core.ERROR_CLASSES)
