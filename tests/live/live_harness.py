"""Servers in their own processes, and measurements of them whose counts are checked each time."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfplug import engine
from perfplug.plan import Load, Plan, Request, Tls
from perfplug.result import Result

SERVERS = Path(__file__).resolve().parent.parent / "servers"
WAYS = ("h1", "h1-tls", "curl")
# Classes of requests that no server can have seen.
NEVER_SENT = ("backlog", "dns", "connect_refused", "connect_timeout", "connect_failed", "proxy", "tls_verify")
HANG_S = 60.0  # far beyond what anything here takes: only against hanging for ever
LOAD_FIELDS = {field.name for field in dataclasses.fields(Load)}
PLAN_FIELDS = {"thresholds", "backend"}


@dataclass
class Server:
    """A server of tests/servers, listening. ``log`` is where it notes each request that reached it."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    host: str = "127.0.0.1"
    scheme: str = "http"

    def url(self, path: str) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    def seen(self) -> list[dict[str, Any]]:
        """The requests that reached the server so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


StartServer = Callable[..., Server]  # what the `serve` fixture gives


def start_server(program: str, log: Path, *arguments: str, scheme: str = "http", host: str = "127.0.0.1") -> Server:
    """Returns once the server listens. The caller stops it."""
    command = [sys.executable, str(SERVERS / program), "--log", str(log), "--host", host, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    server = Server(process, 0, log, host, scheme)
    if not line.startswith("port "):
        server.stop()
        raise RuntimeError(f"{program} did not start")
    server.port = int(line.split()[1])
    return server


def measure(url: str, *, on: Callable[[Any], None] | None = None, **settings: Any) -> Result:
    """Runs a plan made of ``settings`` (fields of Request, Load and Plan) and checks that all its counts agree."""
    load = {name: settings.pop(name) for name in LOAD_FIELDS & settings.keys()}
    plan = {name: settings.pop(name) for name in PLAN_FIELDS & settings.keys()}
    if "duration" not in load:
        load.setdefault("requests", 1)
    settings.setdefault("timeout", 5.0)
    request = Request(url=url, **settings)
    result = engine.run(Plan(request=request, load=Load(**load), **plan), stop_when_unreachable=False)
    check_counts(result)
    return result


def check_counts(result: Result) -> None:
    """What holds in every result, whatever happened: nothing is dropped and nothing is counted twice."""
    failed = sum(result.errors.values())
    assert result.sent == result.requests + result.cancelled
    assert result.requests == result.ok + failed
    assert result.latency.count == result.ok
    assert result.latency_errors.count == failed
    assert result.service.count == result.ok
    assert sum(part.requests for part in result.slices) == result.requests
    assert sum(part.errors for part in result.slices) == failed
    assert result.bytes == sum(part.bytes for part in result.slices)
    assert result.reused <= result.requests


def left(result: Result) -> int:
    """How many requests went out, those that perfplug sent and not those that libcurl sent again."""
    return result.sent - sum(result.errors.get(name, 0) for name in NEVER_SENT)


@dataclass
class Target:
    """A server and the way in which perfplug talks to it: the fast path, the same over TLS, or libcurl's."""

    server: Server
    way: str
    tls: Tls = field(default_factory=Tls)

    @property
    def transport(self) -> str:
        return "curl" if self.way == "curl" else "h1"

    def measure(self, path: str, *, all_arrive: bool = True, **settings: Any) -> Result:
        """``all_arrive``: the server saw all that left here and what libcurl says it sent again, and no more."""
        before = len(self.server.seen())
        if self.way == "curl":
            settings.setdefault("cookies", True)
        result = measure(self.server.url(path), tls=self.tls, **settings)
        assert result.transport == self.transport
        if self.way != "curl":
            assert result.resent == 0
        if all_arrive:
            assert len(self.server.seen()) - before == left(result) + result.resent
        return result


def eventually(condition: Callable[[], bool], what: str, within: float = HANG_S) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.01)


def free_ports(count: int) -> list[int]:
    """Ports where nobody listens, as far as anyone can know; distinct."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def sockets_open() -> int:
    """How many sockets this process holds."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += os.readlink(entry).startswith("socket:")
        except FileNotFoundError:  # the descriptor of this very listing
            continue
    return count


def run_python(*arguments: str, prefix: Sequence[str] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs Python, which can import this module, in a process of its own; the caller looks at the exit code."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    options.setdefault("env", {**os.environ, "PYTHONPATH": path})
    command = [*prefix, sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False, **options)
