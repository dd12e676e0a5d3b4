"""Running things side by side on a small machine: the server on the last core, the client on the first."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE = CORES[0]
SERVER_CORE = CORES[-1]


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """`command` on one core."""
    return ["taskset", "-c", str(core), *command]


def have(tool: str) -> bool:
    return shutil.which(tool) is not None


@dataclass(frozen=True)
class Finished:
    """A child that has ended. ``cpu_seconds`` is user and system time of it and its children."""

    code: int
    stdout: str
    stderr: str
    cpu_seconds: float


def run_client(command: Sequence[str], *, timeout: float = 180.0) -> Finished:
    """Runs a load generator on the client's core and accounts for its CPU time. One at a time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        pinned(CLIENT_CORE, command),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Finished(done.returncode, done.stdout, done.stderr, cpu)


def start_server(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(pinned(SERVER_CORE, command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def python_module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
