"""How long reports take, and how large they are: 200 tests with timelines, to be kept below 3 s and 1 MB as HTML and
below 1 s as JSON. Judged is CPU time, which on a free core is the time it takes.

    python -m tests.bench.report_speed
"""

from __future__ import annotations

import math
import random
import sys
import time
from dataclasses import replace
from functools import cache

from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request
from perfplug.report import Case, Report, Reporter
from perfplug.report.csv_report import CsvReport, TimelineCsvReport
from perfplug.report.html_report import LARGEST, HtmlReport
from perfplug.report.json_report import JsonReport
from perfplug.report.junit import JunitReport
from perfplug.report.markdown import MarkdownReport
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.sla import judge, parse_limits, thresholds

TESTS = 200
SLICES, REQUESTS = 60, 500  # slices of a load, requests of a slice
KINDS = 10  # different ones; the others are these under other names, as making them takes longest
TARGETS = {"html": 3.0, "json": 1.0}  # seconds
LIMITS = parse_limits({"p95": "20ms", "p99": "50ms", "error_rate": "1%"}, where="bench")


def case(number: int) -> Case:
    kind = measured(number % KINDS)
    url, name = f"http://127.0.0.1:8000/things/{number}?page=2", f"GET /things/{number}"
    plan = replace(kind.plan, request=replace(kind.plan.request, url=url, name=name))
    result = replace(kind, name=name, plan=plan, started_at=kind.started_at + number)
    test = f"tests/things/test_performance_of_things.py::test_that_thing_number_{number}_is_quick"
    return Case.of(test, result, tuple(judge(result, LIMITS)), file=test.split("::")[0], line=number + 1)


@cache
def measured(number: int) -> Result:
    """A load as the core would have measured it, with latencies of its own."""
    chance = random.Random(number)
    cells = [[chance.lognormvariate(math.log(0.005), 0.5) for _ in range(REQUESTS)] for _ in range(SLICES)]
    times = [time for cell in cells for time in cell]
    plan = Plan(
        request=Request(url="http://127.0.0.1:8000/"),
        load=Load(users=15, duration=10.0, warmup=1.0),
        thresholds=thresholds(LIMITS),
    )
    return Result(
        name=plan.request.name,
        plan=plan,
        transport="h1",
        started_at=1.7e9,
        duration=10.0,
        finished=10.0,
        sent=len(times),
        cancelled=0,
        requests=len(times),
        ok=len(times),
        errors={},
        statuses={200: len(times)},
        bytes=500 * len(times),
        connections=15,
        reused=len(times) - 15,
        resent=0,
        over=over(times, plan),
        latency=histogram(times),
        latency_errors=histogram([]),
        service=histogram([0.97 * time for time in times]),
        phases={phase: histogram([share * time for time in times]) for phase, share in SHARES.items()},
        client=Client(
            delay=histogram([chance.uniform(1e-5, 5e-5) for _ in times]),
            late=histogram([chance.uniform(1e-6, 9e-6) for _ in times]),
            stamped=len(times),
            cpu_seconds=0.1,
            busy=0.02,
            held_back=0,
        ),
        slices=tuple(part(at, cell, plan) for at, cell in enumerate(cells)),
    )


SHARES = dict(zip(PHASES, (0.0, 0.001, 0.002, 0.003, 0.9, 0.07), strict=True))


def part(at: int, cell: list[float], plan: Plan) -> Slice:
    width = 10.0 / SLICES
    return Slice(
        start=at * width,
        width=width,
        requests=len(cell),
        errors=0,
        bytes=500 * len(cell),
        over=over(cell, plan),
        latency_sum=sum(cell),
        latency_square=sum(time * time for time in cell),
        packed=histogram(cell, 2).encode(),
    )


def over(times: list[float], plan: Plan) -> tuple[int, ...]:
    return tuple(sum(time >= threshold for time in times) for threshold in plan.thresholds)


def histogram(times: list[float], digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for one in times:
        made.record(one)
    return made


def main() -> int:
    report = Report(environment={"cpu": "bench", "cores": 2}, cases=tuple(case(number) for number in range(TESTS)))
    forms: dict[str, Reporter] = {
        "json": JsonReport(),
        "html": HtmlReport(),
        "junit": JunitReport(),
        "markdown": MarkdownReport(),
        "csv": CsvReport(),
        "timeline": TimelineCsvReport(),
    }
    missed = False
    print(f"{TESTS} tests of {SLICES * REQUESTS:,} requests and {SLICES} slices; the best of three")
    for name, form in forms.items():
        seconds, size = best(form, report)
        target = TARGETS.get(name, math.inf)
        bad = seconds > target or (name == "html" and size > LARGEST)
        missed = missed or bad
        print(f"  {name:9} {seconds:6.2f} s  {size / 1e6:6.2f} MB{'  MISSED' if bad else ''}")
    return int(missed)


def best(form: Reporter, report: Report) -> tuple[float, int]:
    times = []
    for _ in range(3):
        begun = time.process_time()
        text = form.render(report)
        times.append(time.process_time() - begun)
    return min(times), len(text.encode())


if __name__ == "__main__":
    sys.exit(main())
