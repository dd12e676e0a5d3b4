"""A session in a terminal: the line that shows how a long load is going, and Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ReadJson = Callable[..., list[dict[str, Any]]]

HANG_SECONDS = 60.0  # far beyond what anything here takes
LONG = """
import pathlib

def test_before(): pass

def test_long(perf):
    print("noise")
    perf.http("{url}/ok", duration="{duration}", warmup="0s")
"""
# The line begins below the one that pytest is writing, and ends with the cursor back where it was.
LINE = re.compile(r"\n\r\x1b\[2K[^\n]*?\r\x1b\[2K\x1b\[A(\x1b\[\d+C)?")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, "test_it.py"]


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """All that pytest wrote to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environ = os.environ | {"COLUMNS": "100", "TERM": "xterm"}
    for switch in ("NO_COLOR", "PY_COLORS"):  # pytester sets the second
        environ.pop(switch, None)
    with subprocess.Popen(command(*arguments), cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        written = b"".join(_read_all(ours))
        os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read_all(descriptor: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # Linux says EIO when the other side has closed
        while data := os.read(descriptor, 65536):
            yield data


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-s",)])
def test_a_long_load_shows_a_line_that_leaves_no_trace(
    pytester: pytest.Pytester, server_url: str, arguments: tuple[str, ...]
) -> None:
    pytester.makepyfile(test_it=LONG.format(url=server_url, duration="2s"))
    written = on_a_terminal(pytester.path, *arguments)
    found = LINE.search(written)
    assert found is not None, written
    assert "GET /ok: measuring 1 s, " in found[0] and "p99 " in found[0]
    rest = LINE.sub("", written)
    assert "\x1b[2K" not in rest and "\x1b[A" not in rest
    plain = re.sub(r"\x1b\[[\d;]*m", "", rest)
    if arguments == ():
        assert re.search(r"^test_it\.py \.\. +\[100%\]$", plain, re.MULTILINE)
    elif arguments == ("-v",):
        assert re.search(r"^test_it\.py::test_long PASSED +\[100%\]$", plain, re.MULTILINE)


@pytest.mark.parametrize("arguments", [("-qq",), ("--color=no",), ("-p", "no:terminal")])
def test_where_a_line_would_be_in_the_way_there_is_none(
    pytester: pytest.Pytester, server_url: str, arguments: tuple[str, ...]
) -> None:
    pytester.makepyfile(test_it=LONG.format(url=server_url, duration="1.5s"))
    assert "measuring" not in on_a_terminal(pytester.path, *arguments)


@contextlib.contextmanager
def watched_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server's URL and the file in which it notes its requests."""
    log = folder / "requests.log"
    program = Path(__file__).resolve().parent.parent / "servers" / "server.py"
    words = [sys.executable, str(program), "--log", str(log)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().split()[1]}", log
        finally:
            process.kill()


def wait_for(log: Path) -> None:
    give_up = time.monotonic() + HANG_SECONDS
    while not (log.exists() and log.stat().st_size > 20_000):
        assert time.monotonic() < give_up, "no load came"
        time.sleep(0.02)


def test_ctrl_c_keeps_what_was_measured(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, read_json: ReadJson
) -> None:
    with watched_server(tmp_path_factory.mktemp("server")) as (url, log):
        pytester.makepyfile(test_it=LONG.format(url=url, duration="1h"))
        arguments = command("--perf-json=out.json", "--perf-junit=out.xml")
        with subprocess.Popen(arguments, cwd=pytester.path, stdout=subprocess.PIPE, text=True) as process:
            wait_for(log)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    (run,) = read_json()
    assert run["interrupted"] is True and run["requests"] > 0
    assert run["requests"] == run["ok"] + sum(run["errors"].values())
    assert (pytester.path / "out.xml").exists()
    assert "perfplug: wrote " in output and "interrupted after" in output
    assert "perfplug/engine.py" not in output
