"""perfplug as a load generator in a process of its own: a plan in JSON on the command line, figures in JSON out.

``cpu_seconds`` is what the whole process used from just before the run to just after: all threads, start and stop
included, but not Python's own start-up, which other generators do not have. Nobody looks on meanwhile, as with them,
unless memory is to be watched.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from perfplug import engine
from perfplug.plan import Load, Plan, Request, Tls


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def main() -> None:
    words = json.loads(sys.argv[1])
    ca_file = words["request"].pop("ca_file", None)
    request = Request(**words["request"], tls=Tls(ca_file=ca_file))
    plan = Plan(request=request, load=Load(**words["load"]), thresholds=(0.1, 0.2, 0.5))
    memory: list[tuple[int, int]] = []

    def look(progress: engine.Progress) -> None:
        memory.append((progress.requests, _resident()))

    before, resident = _cpu(), _resident()
    begun = time.perf_counter()
    result = engine.run(plan, on_progress=look if words["watch_memory"] else None)
    wall = time.perf_counter() - begun
    figures = {
        "requests": result.requests,
        "errors": dict(result.errors),
        "duration": result.duration,
        "throughput": result.throughput,
        "transport": result.transport,
        "cpu_seconds": _cpu() - before,
        "warmup": plan.load.warmup,
        "wall": wall,
        "started_at": result.started_at,
        "stamped": result.client.stamped,
        "latency": {str(q): result.percentile(q) for q in (50, 90, 95, 99, 99.9)},
        "service": {str(q): result.service.quantile(q / 100) for q in (50, 90, 95, 99, 99.9)},
        "resident_before": resident,
        "memory": memory,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
