"""A server that dies during the run and comes back (row 23 of the fault list)."""

from __future__ import annotations

import threading
from typing import Any

from live_harness import HANG_S, StartServer, Target, eventually, left

from perfplug.plan import Think

EXPECTED = {"connect_refused", "reset", "empty_reply", "stale_connection", "truncated", "tls"}


def test_a_restart_costs_errors_and_then_the_run_recovers(target: Target, serve: StartServer, request: Any) -> None:
    results: list[Any] = []

    def run() -> None:
        results.append(
            target.measure("/ok", all_arrive=False, users=4, duration=3.0, think=Think(kind="fixed", low=0.005))
        )

    first = target.server
    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: len(first.seen()) > 50, "the first server at work")
    first.process.kill()
    first.process.wait()
    again = ["--port", str(first.port)]
    if first.scheme == "https":
        again += ["--certificate", str(request.getfixturevalue("certificates") / "good")]
    second = serve(*again, scheme=first.scheme)
    eventually(lambda: len(second.seen()) > 50, "the second server at work")
    thread.join(HANG_S)
    [result] = results
    seen = len(first.seen()) + len(second.seen())
    assert sum(result.errors.values()) > 0
    assert set(result.errors) <= EXPECTED
    assert result.ok > 100
    assert result.ok <= seen <= left(result) + result.resent
