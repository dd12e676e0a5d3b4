"""The other load generators, each as its own users run it, and perfplug beside them, with one form of answer."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import machine

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_LUA = """\
done = function(summary, latency, requests)
  for _, p in pairs({50, 95, 99, 99.9}) do
    io.write(string.format("Q %g %.1f\\n", p, latency:percentile(p)))
  end
end
"""
_LOCUSTFILE = """\
from locust import constant, task
from locust.contrib.fasthttp import FastHttpUser

class User(FastHttpUser):
    wait_time = constant(0)
    insecure = True

    @task
    def get(self):
        self.client.get("/")
"""


@dataclass(frozen=True)
class Measured:
    """What a generator did and said. Latencies are seconds by percentile, as it reported them."""

    tool: str
    requests: int
    throughput: float
    cpu_seconds: float
    said: dict[float, float] = field(default_factory=dict)
    started_at: float = 0.0

    @property
    def cpu_per_request(self) -> float:
        return self.cpu_seconds / self.requests if self.requests else float("inf")


def perfplug(url: str, *, users: int, seconds: float, warmup: float = 0.0, **request: object) -> Measured:
    load = {"users": users, "duration": seconds, "warmup": warmup}
    figures = run_plan({"url": url, **request}, load)
    made = int(figures["requests"])
    used = float(figures["cpu_seconds"]) * seconds / (seconds + warmup)
    said = {float(q): float(value) for q, value in figures["latency"].items()}
    return Measured("perfplug", made, float(figures["throughput"]), used, said, float(figures["started_at"]))


def run_plan(request: dict[str, object], load: dict[str, object], *, watch_memory: bool = False) -> Any:
    """perfplug in its own process; its figures as tests/bench/client.py prints them."""
    words = json.dumps({"request": request, "load": load, "watch_memory": watch_memory})
    done = machine.run_client(machine.python_module("tests.bench.client", words))
    if done.code != 0:
        raise RuntimeError(f"perfplug did not run: {done.stderr.strip()}")
    return json.loads(done.stdout)


def wrk(url: str, *, users: int, seconds: float) -> Measured:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA)
        script.flush()
        done = machine.run_client(["wrk", "-t1", f"-c{users}", f"-d{round(seconds)}s", "-s", script.name, url])
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]
    said = {float(q): float(us) * 1e-6 for q, us in re.findall(r"^Q (\S+) (\S+)", done.stdout, re.M)}
    return Measured("wrk", requests, rate, done.cpu_seconds, said)


def hey(url: str, *, users: int, seconds: float, detail: bool = False, rate: float | None = None) -> Measured:
    """hey keeps at most a million results: rates from its summary, quantiles from its CSV in a run of its own."""
    base = ["hey", "-z", f"{seconds}s", "-c", str(users), "-cpus", "1"]
    if rate is not None:
        base += ["-q", f"{rate:g}"]
    done = machine.run_client([*base, "-o", "csv", url] if detail else [*base, url])
    if detail:
        times = sorted(float(row["response-time"]) for row in csv.DictReader(io.StringIO(done.stdout)))
        said = {q: times[min(len(times) - 1, int(q / 100 * len(times)))] for q in (50.0, 90.0, 95.0, 99.0, 99.9)}
        return Measured("hey", len(times), len(times) / seconds, done.cpu_seconds, said)
    found = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]
    return Measured("hey", round(found * seconds), found, done.cpu_seconds)


def h2load(url: str, *, connections: int, streams: int, seconds: float) -> Measured:
    done = machine.run_client(["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{round(seconds)}", url])
    rate = float(re.search(r"finished in [^,]+, ([\d.]+) req/s", done.stdout)[1])  # type: ignore[index]
    requests = int(re.search(r"requests: (\d+) total", done.stdout)[1])  # type: ignore[index]
    return Measured("h2load", requests, rate, done.cpu_seconds)


def locust(url: str, *, users: int, seconds: float) -> Measured:
    """FastHttpUser, headless, one process: Locust's quickest way."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "locustfile.py").write_text(_LOCUSTFILE)
        command = machine.python_module(
            "locust", "-f", f"{folder}/locustfile.py", "--headless", "-u", str(users), "-r", str(users),
            "-t", f"{round(seconds)}s", "--host", url.rstrip("/"), "--csv", f"{folder}/out", "--only-summary",
        )  # fmt: skip
        done = machine.run_client(command)
        with open(f"{folder}/out_stats.csv", newline="") as table:
            row = next(row for row in csv.DictReader(table) if row["Name"] == "Aggregated")
    said = {q: float(row[column]) / 1e3 for q, column in ((50.0, "50%"), (95.0, "95%"), (99.0, "99%"), (99.9, "99.9%"))}
    return Measured("Locust", int(row["Request Count"]), float(row["Requests/s"]), done.cpu_seconds, said)


def have_locust() -> bool:
    return importlib.util.find_spec("locust") is not None


def have_hey() -> bool:
    return machine.have("hey")


def missing() -> list[str]:
    """Peers and tools that this machine does not have: their figures are left out, and the report says so."""
    tools = [tool for tool in ("nginx", "wrk", "hey", "h2load", "tcpdump") if not machine.have(tool)]
    return tools if have_locust() else [*tools, "locust"]
