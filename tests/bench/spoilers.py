"""Whether a run that its client spoiled is called so, by its right name; and a run that nothing spoiled is not.

    python -m tests.bench.spoilers [--times 5] [--quiet-times 20]

Spoilers are seeded one after the other: busy processes on the client's core, few descriptors, few local ports, a CPU
quota; then runs that nothing spoils. Each run is made in a process of its own, against a server in another. The last
part means something only when nothing else runs on the machine: how much CPU others took is shown beside it. What a
system does not permit (a network namespace, a control group) is said and not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfplug import engine, machine
from perfplug.errors import InvalidMeasurement
from perfplug.plan import Load, Plan, Request

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "tests" / "servers" / "server.py"
HOGS = 6
QUOTA = 0.2  # of a core
PORTS = 16
DESCRIPTORS = 64
CORES = sorted(os.sched_getaffinity(0))


class NotPermitted(Exception):
    """This system does not let us seed the spoiler."""


@dataclass(frozen=True)
class Spoiler:
    """What is done to the client, and words of which at least one belongs into the causes."""

    name: str
    words: tuple[str, ...]
    seed: Callable[[list[str]], contextlib.AbstractContextManager[list[str]]]  # around a command
    client: dict[str, Any]


# --- the seeds: each takes the client's command and gives the one to run ------------------------------------------


@contextlib.contextmanager
def quiet(command: list[str]) -> Iterator[list[str]]:
    yield command


@contextlib.contextmanager
def overloaded(command: list[str]) -> Iterator[list[str]]:
    """Busy processes on the last core, and the client on that core alone."""
    core = str(CORES[-1])
    hog = ["taskset", "-c", core, sys.executable, "-c", "while True: pass"]
    hogs = [subprocess.Popen(hog) for _ in range(HOGS)]
    try:
        yield ["taskset", "-c", core, *command]
    finally:
        for process in hogs:
            process.kill()
            process.wait()


@contextlib.contextmanager
def few_ports(command: list[str]) -> Iterator[list[str]]:
    """In a network of its own; the client brings its server along."""
    prefix = ["unshare", "--map-root-user", "--net"]
    tried = subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    if tried.returncode != 0:
        raise NotPermitted("no network namespace may be made here")
    setup = f"ip link set lo up; echo 40000 {40000 + PORTS - 1} > /proc/sys/net/ipv4/ip_local_port_range"
    yield [*prefix, "sh", "-c", f'{setup}; exec "$@"', "sh", *command]


@contextlib.contextmanager
def few_cpu(command: list[str]) -> Iterator[list[str]]:
    """In a control group with a CPU quota."""
    group = _quota_group()
    try:
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *command]
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def _quota_group() -> Path:
    """Of version 1 or 2. NotPermitted where none may be made."""
    period = 100_000
    for top in (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")):
        group = top / f"perfplug-spoiler-{os.getpid()}"
        try:
            group.mkdir()
            if (group / "cpu.cfs_quota_us").exists():
                (group / "cpu.cfs_period_us").write_text(str(period))
                (group / "cpu.cfs_quota_us").write_text(str(int(QUOTA * period)))
            else:
                (group / "cpu.max").write_text(f"{int(QUOTA * period)} {period}")
            return group
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
    raise NotPermitted("no control group with a CPU quota may be made here")


SPOILERS = (
    Spoiler(
        "client core overloaded",
        ("client CPU", "client delay", "late starts"),
        overloaded,
        {"path": "/slow?seconds=0.002", "load": {"users": 200, "duration": 2.0}},
    ),
    Spoiler(
        "descriptor limit",
        ("file descriptors",),
        quiet,
        {"path": "/slow?seconds=0.2", "load": {"users": 100, "requests": 300}, "descriptors": DESCRIPTORS},
    ),
    Spoiler(
        "port range",
        ("local ports",),
        few_ports,
        {"path": "/slow?seconds=0.2", "load": {"users": 2 * PORTS, "requests": 6 * PORTS}, "server": True},
    ),
    Spoiler(
        "CPU quota",
        ("CPU throttled",),
        few_cpu,
        {"path": "/ok", "load": {"users": 20, "duration": 2.0}},
    ),
)
QUIET = Spoiler("nothing", (), quiet, {"path": "/slow?seconds=0.005", "load": {"users": 8, "duration": 2.0}})


# --- one run --------------------------------------------------------------------------------------------------------


def start_server() -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, str(SERVER)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{process.stdout.readline().split()[1]}"


def client(words: dict[str, Any]) -> dict[str, Any]:
    """In the client's process: measures, and says what the result says of the client."""
    server = None
    if words.get("server"):
        server, words["url"] = start_server()
    if (few := words.get("descriptors")) is not None:
        # The engine raises the soft limit up to the hard one before a run: so the hard one it is, for others than root.
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    plan = Plan(request=Request(url=words["url"] + words["path"], timeout=10.0), load=Load(**words["load"]))
    try:
        result = engine.run(plan, stop_when_unreachable=False)
    except InvalidMeasurement as error:
        return {"valid": False, "causes": [str(error)], "requests": 0}
    finally:
        if server is not None:
            server.kill()
            server.wait()
    return {"valid": result.client.valid, "causes": list(result.client.causes), "requests": result.requests}


def run_once(spoiler: Spoiler, url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.json"
        words = json.dumps({**spoiler.client, "url": url})
        program = [sys.executable, "-m", "tests.bench.spoilers", "--client", words, "--into", str(said)]
        with spoiler.seed(program) as command:
            ended = subprocess.run(command, cwd=ROOT, timeout=120, check=False)
        if ended.returncode != 0:
            raise RuntimeError(f"{spoiler.name}: the client ended with {ended.returncode}")
        answer: dict[str, Any] = json.loads(said.read_text())
        return answer


def named(spoiler: Spoiler, said: dict[str, Any]) -> bool:
    return not said["valid"] and any(word in cause for cause in said["causes"] for word in spoiler.words)


# --- all --------------------------------------------------------------------------------------------------------------


def spoiled(spoiler: Spoiler, url: str, times: int) -> tuple[int, int]:
    """How many of how many runs were called by their right name."""
    right = 0
    for _ in range(times):
        try:
            said = run_once(spoiler, url)
        except NotPermitted as error:
            print(f"  {spoiler.name}: not tried: {error}")
            return 0, 0
        found = named(spoiler, said)
        right += found
        print(f"  {spoiler.name}: {'named' if found else 'MISSED'}: {'; '.join(said['causes']) or 'valid'}")
    return right, times


def unspoiled(url: str, times: int) -> int:
    """How many runs were wrongly called invalid."""
    wrong = 0
    for _ in range(times):
        before = machine.read()
        said = run_once(QUIET, url)
        strain = before.until(machine.read())
        wrong += not said["valid"]
        waited = 100.0 * strain.waited / strain.seconds
        print(f"  nothing: {'; '.join(said['causes']) or 'valid'} (CPU pressure {waited:.0f} %)")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="runs of each spoiler")
    parser.add_argument("--quiet-times", type=int, default=20, help="runs without one")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--into", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client is not None:
        Path(options.into).write_text(json.dumps(client(json.loads(options.client))))
        return 0
    if shutil.which("taskset") is None:
        print("needs taskset (util-linux)")
        return 2
    server, url = start_server()
    try:
        counts = [spoiled(spoiler, url, options.times) for spoiler in SPOILERS]
        wrong = unspoiled(url, options.quiet_times)
    finally:
        server.kill()
        server.wait()
    right, tried = (sum(column) for column in zip(*counts, strict=True))
    print(f"named rightly: {right} of {tried}; wrongly called invalid: {wrong} of {options.quiet_times}")
    return 0 if right == tried and wrong == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
