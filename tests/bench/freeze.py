"""Coordinated omission: a server that freezes for 1 s in every 5 s under a constant 500 req/s.

One arrival in five meets the freeze and waits evenly between 0 and 1 s for its end, so the quantiles follow:
the normal time up to p80, then (q - 0.8) / 0.2 seconds: p90 is 0.5 s and p99 is 0.95 s.
"""

from __future__ import annotations

from tests.bench import peers, servers
from tests.bench.figures import Figure

RATE = 500.0
THEORY = {"90": 0.5, "99": 0.95}


def measure(seconds: float = 20) -> list[Figure]:
    group = "Coordinated omission: a freeze of 1 s in every 5 s at 500 req/s"
    with servers.delay_server(
        "--median-us", "500", "--sigma", "0.1", "--freeze-every-ms", "5000", "--freeze-ms", "1000"
    ) as url:
        figures = peers.run_plan({"url": url}, {"users": 1000, "rate": RATE, "duration": seconds})
        latency = figures["latency"]
        hey = peers.hey(url, users=50, seconds=seconds, detail=True, rate=10.0) if peers.have_hey() else None
    found = []
    for q, true in THEORY.items():
        off = abs(latency[q] - true) / true * 100
        found.append(
            Figure(group, f"perfplug, p{q} off theory", off, "%", most=2.0, note=f"{latency[q]:.3f} s, theory {true} s")
        )
    if hey is not None:
        found.append(Figure(group, "hey, p90", hey.said[90.0], "s", note="50 workers at 10 req/s each; theory 0.5 s"))
    return found
