"""A server that knows its own delays, measured as any other, and both accounts of them compared."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfplug import engine
from perfplug.doctor.check import Check, Grade, grade_by
from perfplug.errors import InvalidMeasurement
from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request
from perfplug.result import Result
from perfplug.stats.quantile import rank_of
from perfplug.units import format_count, format_duration, format_share

QUANTILES = (0.5, 0.9, 0.95, 0.99)
_SERVER = Path(__file__).with_name("server.py")
_FAIR, _POOR = (0.02, 2e-4), (0.10, 1e-3)  # of the true quantile, and in seconds: whichever is more
_STAMPED = (0.99, 0.5)  # of all answers; fewer are FAIR, fewer still POOR
_DELAY = (0.5e-3, 5e-3)  # seconds, one answer in a hundred


@dataclass(frozen=True)
class KnownServer:
    """In a process of its own; ends with the context that started it."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def truth(self) -> list[float]:
        """How long it had each request since the last call, in seconds, rising."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30.0)
        try:
            connection.request("GET", "/truth")
            times: list[float] = json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise InvalidMeasurement(f"the built-in server does not answer: {error}") from None
        finally:
            connection.close()
        return sorted(times)


@contextlib.contextmanager
def known_server(*, median: float = 0.005, spread: float = 0.35, seed: int = 1) -> Iterator[KnownServer]:
    """``median`` in seconds, ``spread`` the standard deviation of the logarithm. InvalidMeasurement when it does not
    start."""
    command = [sys.executable, str(_SERVER), str(seed), str(median), str(spread)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        words = process.stdout.readline().split()
        if len(words) != 2:
            raise InvalidMeasurement("the built-in server did not start")
        yield KnownServer(int(words[1]))
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def measure(server: KnownServer, load: Load) -> tuple[Result, list[float]]:
    """The measured result, and the server's own account of the same requests. No warm-up: both must see the same."""
    server.truth()
    result = engine.run(Plan(request=Request(url=server.url), load=load))
    if result.interrupted:
        raise KeyboardInterrupt
    return result, server.truth()


def check_accuracy(measured: Histogram, truth: Sequence[float], what: str) -> Check:
    """The quantile that is off the most. Between the server's account and ours lies the way there and back."""
    if not truth or measured.count != len(truth):
        seen = f"{format_count(measured.count)} answers measured of {format_count(len(truth))} given"
        return Check(name=what, grade=Grade.POOR, seen=seen, advice="requests were lost on this machine: repeat it")
    off = {q: measured.quantile(q) - truth[rank_of(q, len(truth)) - 1] for q in QUANTILES}
    grades = {q: _grade(abs(off[q]), truth[rank_of(q, len(truth)) - 1]) for q in QUANTILES}
    rising = list(Grade)
    worst = max(QUANTILES, key=lambda q: (rising.index(grades[q]), abs(off[q])))
    true = truth[rank_of(worst, len(truth)) - 1]
    grade = grades[worst]
    return Check(
        name=what,
        grade=grade,
        seen=f"p{100 * worst:g} off by {_signed(off[worst])}, where {format_duration(true)} is true",
        advice="" if grade is Grade.GOOD else "client and server delay each other here: fewer processes, or more cores",
    )


def check_stamps(result: Result) -> Check:
    share = result.client.stamped / result.ok if result.ok else 0.0
    grade = grade_by(-share, -_STAMPED[0], -_STAMPED[1])
    return Check(
        name="kernel timestamps",
        grade=Grade.FAIR if grade is Grade.POOR and not sys.platform.startswith("linux") else grade,
        seen=f"{format_share(share)} of {format_count(result.ok)} answers were stamped",
        advice="" if grade is Grade.GOOD else "without stamps a busy client looks like a slow server: keep it idle",
    )


def check_client(result: Result) -> Check:
    """Its own delay and lateness in that run."""
    delay, late = result.client.delay.quantile(0.99), result.client.late.quantile(0.99)
    grade = grade_by(max(delay, late), *_DELAY)
    return Check(
        name="client",
        grade=grade,
        seen=f"1% of answers lay unread for {format_duration(delay)}, 1% of starts were {format_duration(late)} late",
        advice="" if grade is Grade.GOOD else "this process did not get a CPU in time: fewer processes, or more cores",
    )


def _grade(off: float, true: float) -> Grade:
    if math.isnan(off) or off > max(_POOR[0] * true, _POOR[1]):
        return Grade.POOR
    return Grade.FAIR if off > max(_FAIR[0] * true, _FAIR[1]) else Grade.GOOD


def _signed(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{format_duration(abs(seconds))}"
