"""Memory a user, memory over many requests, and the cost of starting."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from statistics import median

from tests.bench import machine, peers, servers
from tests.bench.figures import Figure

_ONE_REQUEST = """\
import json, sys, time
from perfplug import engine
from perfplug.plan import Load, Plan, Request
plan = Plan(request=Request(url=sys.argv[1]), load=Load(users=1, requests=1))
engine.run(plan)
beyond = []
for _ in range(200):
    begun = time.perf_counter()
    result = engine.run(plan)
    beyond.append(time.perf_counter() - begun - result.max)
print(json.dumps(beyond))
"""


def memory_a_user(users: int = 10_000) -> list[Figure]:
    group = "Memory"
    with servers.nginx() as server:
        one = peers.run_plan({"url": server.http}, {"users": 1, "duration": 2.0}, watch_memory=True)
        many = peers.run_plan({"url": server.http}, {"users": users, "duration": 6.0}, watch_memory=True)
    peak = {name: max(size for _, size in run["memory"]) for name, run in (("one", one), ("many", many))}
    each = (peak["many"] - peak["one"]) / (users - 1) / 1000
    return [
        Figure(
            group,
            f"memory a user at {users:,} users",
            each,
            "kB",
            most=20.0,
            note="peak resident memory beyond one user's",
        )
    ]


def memory_over(requests: int = 20_000_000) -> list[Figure]:
    """Resident memory once a million requests are done, and at the end."""
    with servers.nginx() as server:
        run = peers.run_plan({"url": server.http}, {"users": 50, "requests": requests}, watch_memory=True)
    seen = [(made, size) for made, size in run["memory"] if made >= 1_000_000]
    early, late = seen[0][1], max(size for _, size in seen)
    growth = (late - early) / early * 100
    note = f"{early / 1e6:.1f} MB after {seen[0][0] / 1e6:.1f} million, at most {late / 1e6:.1f} MB later"
    return [Figure("Memory", f"growth over {requests / 1e6:g} million requests", growth, "%", most=5.0, note=note)]


def starting() -> list[Figure]:
    with servers.nginx() as server:
        done = machine.run_client([sys.executable, "-c", _ONE_REQUEST, server.http])
    beyond = json.loads(done.stdout)
    return [
        Figure(
            "Starting",
            "a one-request run beyond its request",
            median(beyond) * 1e3,
            "ms",
            most=5.0,
            note="median of 200",
        ),
        Figure(
            "Starting",
            "plugin start-up, nothing collected",
            _plugin_start() * 1e3,
            "ms",
            most=20.0,
            note="median of 25 pairs",
        ),
    ]


def _plugin_start(pairs: int = 25) -> float:
    """CPU seconds that pytest takes longer with the plugin than with it blocked, in an empty folder."""
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(pairs):  # in turn: the machine's speed drifts
            with_plugin = _cpu_seconds(command, environment)
            without = _cpu_seconds([*command, "-p", "no:perfplug"], environment)
            differences.append(with_plugin - without)
    return median(differences)


def _cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(full: bool = True) -> list[Figure]:
    figures = memory_a_user() + starting()
    return figures + (memory_over() if full else memory_over(3_000_000))
