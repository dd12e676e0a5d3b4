"""Timing truth: what each tool says of 100 users against log-normal delays, beside a packet capture of the same run."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.bench import capture, machine, peers, servers
from tests.bench.figures import Figure
from tests.bench.peers import Measured

USERS = 100
BOUND_US = 50.0
QUANTILES = (50.0, 95.0, 99.0, 99.9)


@contextlib.contextmanager
def _neighbour(wanted: bool) -> Iterator[None]:
    """A process that keeps the client's core busy."""
    if not wanted:
        yield
        return
    command = machine.pinned(machine.CLIENT_CORE, [sys.executable, "-c", "while True: pass"])
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _beside_truth(group: str, url: str, client: Callable[[], Measured], seconds: float, bounded: bool) -> list[Figure]:
    port = urlsplit(url).port
    assert port is not None
    with capture.truth(port) as truth:
        begun = time.time()
        said = client()
    # perfplug says when its measurement began; the others measure from their start on.
    since = said.started_at or begun
    true = truth.quantiles(since, since + seconds if said.started_at else float("inf"))
    note = f"{truth.dropped} packets not captured" if truth.dropped else ""
    figures = []
    for q in QUANTILES:
        if q not in said.said:
            continue
        off = (said.said[q] - true[q]) * 1e6
        text = f"said {said.said[q] * 1e3:.3f} ms, true {true[q] * 1e3:.3f} ms {note}".strip()
        name = f"{said.tool}, p{q:g}: said minus true"
        figures.append(
            Figure(group, name, abs(off) if bounded else off, "µs", most=BOUND_US if bounded else None, note=text)
        )
    return figures


def measure(seconds: float = 10) -> list[Figure]:
    """One capture a tool, each on a fresh server, with the client's core idle and busy in turn."""
    figures: list[Figure] = []
    for busy in (False, True):
        group = "Timing truth, 100 users, " + (
            "a busy neighbour on the client's core" if busy else "client's core to itself"
        )
        tools: list[tuple[Callable[[str], Measured], bool]] = [
            (lambda url: peers.perfplug(url, users=USERS, seconds=seconds, warmup=1.0), True)
        ]
        if machine.have("wrk"):
            tools.append((lambda url: peers.wrk(url, users=USERS, seconds=seconds), False))
        if machine.have("hey"):
            tools.append((lambda url: peers.hey(url, users=USERS, seconds=seconds, detail=True), False))
        if peers.have_locust():
            tools.append((lambda url: peers.locust(url, users=USERS, seconds=seconds), False))
        for tool, bounded in tools:
            with servers.delay_server("--median-us", "5000", "--sigma", "0.5") as url, _neighbour(busy):
                figures += _beside_truth(group, url, lambda tool=tool, url=url: tool(url), seconds, bounded)  # type: ignore[misc]
    return figures
