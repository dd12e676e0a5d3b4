"""CPU time a request and throughput, beside wrk, hey, h2load and Locust on the same nginx in the same run.

Rounds are interleaved (perfplug, peer, perfplug, peer ...) and ratios taken round by round, so that a machine whose
speed drifts does not favour either; the median ratio is the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from tests.bench import machine, peers, servers
from tests.bench.figures import Figure
from tests.bench.peers import Measured

USERS = 50
Client = Callable[[], Measured]


def _rounds(ours: Client, theirs: Client, rounds: int) -> tuple[list[Measured], list[Measured]]:
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _ratio(ours: list[Measured], theirs: list[Measured], of: Callable[[Measured], float]) -> float:
    return median(of(a) / of(b) for a, b in zip(ours, theirs, strict=True))


def _cpu_us(measured: list[Measured]) -> float:
    return median(m.cpu_per_request for m in measured) * 1e6


def _rate(measured: list[Measured]) -> float:
    return median(m.throughput for m in measured)


def _beside_wrk(
    group: str, url: str, request: dict[str, object], seconds: float, rounds: int, cpu_most: float
) -> list[Figure]:
    ours, theirs = _rounds(
        lambda: peers.perfplug(url, users=USERS, seconds=seconds, **request),
        lambda: peers.wrk(url, users=USERS, seconds=seconds),
        rounds,
    )
    cpu = _ratio(ours, theirs, lambda m: m.cpu_per_request)
    rate = _ratio(ours, theirs, lambda m: m.throughput)
    return [
        Figure(group, "CPU a request, perfplug", _cpu_us(ours), "µs"),
        Figure(group, "CPU a request, wrk", _cpu_us(theirs), "µs"),
        Figure(
            group,
            "CPU a request, perfplug / wrk",
            cpu,
            "×",
            most=cpu_most,
            note=f"median of {rounds} interleaved rounds",
        ),
        Figure(group, "throughput, perfplug", _rate(ours), "req/s"),
        Figure(group, "throughput, wrk", _rate(theirs), "req/s"),
        Figure(group, "throughput, perfplug / wrk", rate, "×", least=0.95 if "https" not in group else None),
    ]


def _beside_hey(server: servers.Nginx, seconds: float, rounds: int) -> list[Figure]:
    group = "Curl path (HTTP/1.1, cookies on)"
    ours, theirs = _rounds(
        lambda: peers.perfplug(server.http, users=USERS, seconds=seconds, cookies=True),
        lambda: peers.hey(server.http, users=USERS, seconds=seconds),
        rounds,
    )
    return [
        Figure(group, "throughput, perfplug", _rate(ours), "req/s"),
        Figure(group, "throughput, hey", _rate(theirs), "req/s", note="one core (-cpus 1)"),
        Figure(group, "throughput, perfplug / hey", _ratio(ours, theirs, lambda m: m.throughput), "×", least=1.2),
        Figure(group, "CPU a request, perfplug", _cpu_us(ours), "µs"),
        Figure(group, "CPU a request, hey", _cpu_us(theirs), "µs"),
    ]


def _beside_h2load(server: servers.Nginx, seconds: float, rounds: int) -> list[Figure]:
    group = "HTTP/2, 10 streams a connection"
    ours, theirs = _rounds(
        lambda: peers.perfplug(
            server.https, users=USERS, seconds=seconds, http="2", streams=10, ca_file=server.ca_file
        ),
        lambda: peers.h2load(server.https, connections=USERS // 10, streams=10, seconds=seconds),
        rounds,
    )
    return [
        Figure(group, "throughput, perfplug", _rate(ours), "req/s"),
        Figure(group, "throughput, h2load", _rate(theirs), "req/s"),
        Figure(group, "throughput, perfplug / h2load", _ratio(ours, theirs, lambda m: m.throughput), "×"),
        Figure(
            group, "CPU a request, perfplug", _cpu_us(ours), "µs", note="see docs/benchmarks.md, Where HTTP/2 spends it"
        ),
        Figure(group, "CPU a request, h2load", _cpu_us(theirs), "µs"),
    ]


def _beside_locust(server: servers.Nginx, seconds: float) -> list[Figure]:
    group = "HTTP/1.1 beside Locust (FastHttpUser)"
    ours = peers.perfplug(server.http, users=USERS, seconds=seconds)
    theirs = peers.locust(server.http, users=USERS, seconds=max(seconds, 5))
    ratio = ours.cpu_per_request / theirs.cpu_per_request
    return [
        Figure(group, "CPU a request, Locust", theirs.cpu_per_request * 1e6, "µs"),
        Figure(group, "throughput, Locust", theirs.throughput, "req/s"),
        Figure(group, "CPU a request, perfplug / Locust", ratio, "×", most=1 / 15),
    ]


def measure(seconds: float = 4, rounds: int = 5) -> list[Figure]:
    figures: list[Figure] = []
    with servers.nginx() as server:
        if machine.have("wrk"):
            figures += _beside_wrk("HTTP/1.1 over http", server.http, {}, seconds, rounds, 1.0)
            figures += _beside_wrk(
                "HTTP/1.1 over https", server.https, {"ca_file": server.ca_file}, seconds, rounds, 1.15
            )
        if machine.have("hey"):
            figures += _beside_hey(server, seconds, rounds)
        if machine.have("h2load"):
            figures += _beside_h2load(server, seconds, min(rounds, 3))
        if peers.have_locust():
            figures += _beside_locust(server, seconds)
    return figures
