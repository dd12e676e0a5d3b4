"""How long comparing 200 loads × 5 metrics takes, from files to verdicts: reading, decoding histograms, and Holm.

    python -m tests.bench.compare_speed [--loads 200]

Against a full baseline (50 runs of each load), one of ten runs, and against another result.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from perfplug import cli, engine, environment
from perfplug.baseline_format import Baseline, parse, render
from perfplug.histogram import Histogram
from perfplug.plan import Load, Plan, Request
from perfplug.report import Case, Report
from perfplug.report.json_report import JsonReport
from perfplug.result import PHASES, Client, Result, Slice

PROMISED = 2.0  # seconds
REQUESTS, SLICES = 5_000, 100


def histogram(times: list[float], digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for value in times:
        made.record(value)
    return made


def result(name: str, chance: random.Random) -> Result:
    level = chance.gauss(0.0, 0.05)
    times = [0.005 * 2.718281828 ** (level + chance.gauss(0.0, 0.35)) for _ in range(REQUESTS)]
    share = REQUESTS // SLICES
    cells = [times[at : at + share] for at in range(0, REQUESTS, share)]
    whole, none = histogram(times), Histogram()
    return Result(
        name=name,
        plan=Plan(request=Request(url=f"http://127.0.0.1:8000/{name}", name=name), load=Load(users=15, duration=10.0)),
        transport="h1",
        started_at=1.7e9,
        duration=10.0,
        finished=10.0,
        sent=REQUESTS,
        cancelled=0,
        requests=REQUESTS,
        ok=REQUESTS,
        errors={},
        statuses={200: REQUESTS},
        bytes=0,
        connections=15,
        reused=REQUESTS - 15,
        resent=0,
        over=(),
        latency=whole,
        latency_errors=none,
        service=whole,
        phases=dict.fromkeys(PHASES, none),
        client=Client(delay=none, late=none, stamped=REQUESTS, cpu_seconds=0.1, busy=0.1, held_back=0),
        slices=tuple(
            Slice(
                start=at * 0.1,
                width=0.1,
                requests=share,
                errors=0,
                bytes=0,
                over=(),
                latency_sum=sum(cell),
                latency_square=sum(time * time for time in cell),
                packed=histogram(cell, 2).encode(),
            )
            for at, cell in enumerate(cells)
        ),
    )


def report(loads: int, chance: random.Random) -> Report:
    cases = [Case.of(f"tests/test_{n}.py::test_it", result(f"load{n}", chance), ()) for n in range(loads)]
    return Report(environment=environment.fingerprint(libcurl=engine.CURL_VERSION), cases=tuple(cases))


def baseline_file(path: Path, runs: int, some: list[Report]) -> None:
    """The runs are copies of a few: what they hold does not change what reading them takes."""
    stored: Baseline | None = None
    for run in range(runs):
        one = some[run % len(some)]
        text = render(stored, one, one.cases)
        stored = parse(text, where=str(path))
    path.write_text(text)


def timed(base: Path, head: Path) -> tuple[float, float, int]:
    """Seconds, CPU seconds, and the exit code."""
    begun, cpu = time.perf_counter(), time.process_time()
    code = cli.main(["compare", str(base), str(head)])
    return time.perf_counter() - begun, time.process_time() - cpu, code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=200)
    loads = parser.parse_args().loads
    chance = random.Random(1)
    some = [report(loads, chance) for _ in range(4)]
    kept, sys.stdout = sys.stdout, open("/dev/null", "w")  # noqa: SIM115  (the table is not what is timed)
    with tempfile.TemporaryDirectory() as folder:
        head, other = Path(folder, "head.json"), Path(folder, "base.json")
        head.write_text(JsonReport().render(some[0]))
        other.write_text(JsonReport().render(some[1]))
        rows = [("a result", other, *timed(other, head))]
        for runs in (10, 50):
            path = Path(folder, f"runs{runs}.json")
            baseline_file(path, runs, some)
            rows.append((f"a baseline of {runs} runs", path, *timed(path, head)))
        sys.stdout.close()
        sys.stdout = kept
        print(f"{loads} loads × 5 metrics of {head.stat().st_size / 1e6:.1f} MB; promised: {PROMISED:g} s")
        for what, path, seconds, cpu, code in rows:
            size = path.stat().st_size / 1e6
            print(f"  against {what:<24} {size:6.1f} MB  {seconds:5.2f} s  {cpu:5.2f} s of CPU  exit code {code}")


if __name__ == "__main__":
    main()
