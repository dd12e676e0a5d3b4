"""A server that is started to be measured: on a free port, awaited until healthy, ended with all its children.

The command runs under :mod:`perfplug.guard`, in a process group of its own: the terminal's Ctrl-C does not reach
it, and it does not outlive this process even when that is killed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perfplug.errors import ServiceError
from perfplug.probe import trouble
from perfplug.spec import make_plan

START_TIMEOUT = 30.0  # seconds until it must be healthy
_GRACE = 5.0  # seconds between asking it to end and ending it
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25  # seconds between two looks at its health
_PROBE_TIMEOUT = 2.0
_TAIL = 12  # lines of its log, shown when it fails
_TAIL_BYTES = 16_384
_GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is to be started. ``command`` is a shell's; ``{port}`` in it, and PORT in its environment, is the port it
    must listen on. ``health`` is the path that must answer with 200 to 399; None: a connection is enough. The log
    takes both its outputs and is kept."""

    name: str
    command: str
    log: Path
    health: str | None = None
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = START_TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A healthy server."""

    service: Service
    url: str
    _process: subprocess.Popen[bytes]

    def death(self) -> ServiceError | None:
        """How it ended; None while it runs."""
        code = self._process.poll()
        return None if code is None else _failed(self.service, f"ended by itself, {_code_words(code)}")


@contextlib.contextmanager
def started(service: Service) -> Iterator[Running]:
    """Started, healthy, and ended at the end. ServiceError, with the end of its log, when it does not get that far."""
    port = _free_port()
    with _process(service, port) as process:
        running = Running(service=service, url=f"http://127.0.0.1:{port}", _process=process)
        _await_health(running, port)
        yield running


@contextlib.contextmanager
def _process(service: Service, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = service.command.replace("{port}", str(port))
    environment = {**os.environ, **service.environment, "PORT": str(port)}
    try:
        service.log.parent.mkdir(parents=True, exist_ok=True)
        with open(service.log, "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), str(_GRACE), "/bin/sh", "-c", command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=service.folder,
                env=environment,
                start_new_session=True,
            )
    except OSError as error:
        raise ServiceError(f"{service.name}: not started: {error.strerror}: {error.filename}") from None
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    while True:
        try:
            process.wait()
            return
        except KeyboardInterrupt:  # the guard keeps its time: nothing is left behind for somebody in a hurry
            continue


def _await_health(running: Running, port: int) -> None:
    service = running.service
    deadline, pause = time.monotonic() + service.timeout, _FIRST_PAUSE
    while True:
        if (death := running.death()) is not None:
            raise death
        why = _connection_trouble(port) if service.health is None else _health_trouble(running.url, service.health)
        if why is None:
            return
        if time.monotonic() >= deadline:
            raise _failed(service, f"not healthy after {service.timeout:g} s: {why}")
        time.sleep(pause)
        pause = min(pause * 2.0, _LONGEST_PAUSE)


def _connection_trouble(port: int) -> str | None:
    try:
        socket.create_connection(("127.0.0.1", port), _PROBE_TIMEOUT).close()
    except OSError as error:
        return f"no connection to port {port}: {error.strerror or error}"
    return None


def _health_trouble(url: str, path: str) -> str | None:
    plan = make_plan(where="health", url=path, base_url=url, users=1, requests=1, timeout=_PROBE_TIMEOUT)
    return trouble(plan)


def _failed(service: Service, what: str) -> ServiceError:
    lines = _tail(service.log)
    said = f"the end of {service.log}:" if lines else f"it said nothing ({service.log})"
    return ServiceError(f"{service.name}: {what}; {said}", lines)


def _tail(log: Path) -> list[str]:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-_TAIL:]


def _code_words(code: int) -> str:
    return f"signal {code - 128}" if code > 128 else f"exit code {code}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
