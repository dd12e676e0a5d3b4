"""Ctrl-C through the runner (row 25 of the fault list)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_harness import HANG_S, StartServer, eventually

Popen = subprocess.Popen[str]


@pytest.fixture
def started() -> Iterator[list[Popen]]:
    """Runners of a test; those still going at its end are killed."""
    runners: list[Popen] = []
    yield runners
    for runner in runners:
        runner.kill()
        runner.communicate()


def start(started: list[Popen], *arguments: str) -> Popen:
    command = [sys.executable, "-m", "perfplug", "run", *arguments]
    started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    return started[-1]


def test_ctrl_c_leaves_a_valid_partial_report_and_exit_code_130(
    serve: StartServer, started: list[Popen], tmp_path: Path
) -> None:
    server = serve()
    report = tmp_path / "result.json"
    runner = start(
        started, server.url("/ok"), "--users", "2", "--duration", "60s", "--warmup", "0s", "--json", str(report)
    )
    eventually(lambda: len(server.seen()) > 100, "the server at work")
    runner.send_signal(signal.SIGINT)
    output, errors = runner.communicate(timeout=HANG_S)
    assert runner.returncode == 130, errors
    assert "Traceback" not in output + errors
    written = json.loads(report.read_text())
    [run] = written["runs"]
    assert run["requests"] > 100
    assert run["requests"] == run["ok"] + sum(run["errors"].values())
    assert run["duration"] < 60


def test_ctrl_c_does_not_wait_for_answers_that_never_come(
    serve: StartServer, started: list[Popen], tmp_path: Path
) -> None:
    server = serve()
    report = tmp_path / "result.json"
    wait = ("--users", "2", "--duration", "120s", "--warmup", "0s", "--timeout", "120s", "--json", str(report))
    runner = start(started, server.url("/never"), *wait)
    eventually(lambda: len(server.seen()) == 2, "two requests in flight")
    runner.send_signal(signal.SIGINT)
    _, errors = runner.communicate(timeout=30)
    assert runner.returncode == 130, errors
    [run] = json.loads(report.read_text())["runs"]
    assert run["requests"] == 0


def test_a_second_ctrl_c_ends_at_once(serve: StartServer, started: list[Popen]) -> None:
    server = serve()
    wait = ("--users", "2", "--duration", "120s", "--warmup", "0s", "--timeout", "120s")
    runner = start(started, server.url("/never"), *wait)
    eventually(lambda: len(server.seen()) == 2, "two requests in flight")
    runner.send_signal(signal.SIGINT)
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=30)
    assert runner.returncode in (130, -signal.SIGINT)
