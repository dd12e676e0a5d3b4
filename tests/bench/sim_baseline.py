"""How often a comparison with a baseline is wrong, and what it finds: simulated, with fixed seeds.

    python -m tests.bench.sim_baseline [--runs 4000]

A job has 20 loads of 5 metrics. The logarithms of a load's runs differ as a normal or a heavy-tailed distribution does
(Student's t, 4 degrees of freedom); a shift is put on one metric of one load. Verdicts are those of perfplug.comparing.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable

from perfplug.comparing import Pair, compare
from perfplug.limits import Verdict
from perfplug.measurement import METRICS, Figures
from perfplug.past import Past

LOADS = 20
RATIOS = tuple(metric for metric in METRICS if metric != "error_rate")
Draw = Callable[[random.Random], float]


def normal(chance: random.Random) -> float:
    return chance.gauss(0.0, 1.0)


def heavy(chance: random.Random) -> float:
    """Student's t with 4 degrees of freedom, scaled to a standard deviation of 1."""
    return chance.gauss(0.0, 1.0) / math.sqrt(chance.gammavariate(2.0, 0.5)) / math.sqrt(2.0)


def figures(chance: random.Random, draw: Draw, spread: float, shift: float = 0.0) -> Figures:
    """``shift`` is on p95, as a logarithm."""
    values: dict[str, float | None] = {
        metric: math.exp(spread * draw(chance) + (shift if metric == "p95" else 0.0)) for metric in RATIOS
    }
    return Figures(requests=10_000, ok=10_000, values={**values, "error_rate": 0.0}, errors=dict.fromkeys(METRICS, 0.0))


def job(chance: random.Random, draw: Draw, spread: float, runs: int, shift: float) -> list[Verdict]:
    """The verdicts of p95, the first that of the load with the shift."""
    pairs = [
        Pair(
            now=figures(chance, draw, spread, shift if load == 0 else 0.0),
            past=Past(runs=tuple(figures(chance, draw, spread) for _ in range(runs)), alike=True),
            metrics=METRICS,
        )
        for load in range(LOADS)
    ]
    found = compare(pairs)
    every = [one for compared in found for one in compared]
    return [every[1].verdict, *(one.verdict for index, one in enumerate(every) if index != 1)]


def row(draw: Draw, spread: float, runs: int, jobs: int) -> str:
    chance = random.Random(f"{draw.__name__} {spread} {runs}")
    quiet = [job(chance, draw, spread, runs, 0.0) for _ in range(jobs)]
    alarms = 100.0 * sum(Verdict.FAIL in verdicts for verdicts in quiet) / jobs
    passed = 100.0 * sum(verdicts.count(Verdict.PASS) for verdicts in quiet) / sum(map(len, quiet))
    shifts = (0.10, 0.20, 0.40)
    caught = []
    for shift in shifts:
        found = [job(chance, draw, spread, runs, math.log1p(shift))[0] for _ in range(jobs // 4)]
        caught.append(f"{100.0 * found.count(Verdict.FAIL) / len(found):.0f} %")
    cells = (draw.__name__, f"{100.0 * spread:.0f} %", str(runs), f"{alarms:.1f} %", f"{passed:.0f} %", *caught)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="simulated jobs a row")
    jobs = parser.parse_args().runs
    columns = ("a job with a false alarm", "PASS, nothing changed", "+10 % found", "+20 %", "+40 %")
    head = ("runs differ", "by", "runs kept", *columns)
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for draw in (normal, heavy):
        for spread in (0.02, 0.05, 0.10):
            for runs in (10, 20, 50):
                print(row(draw, spread, runs, jobs), flush=True)


if __name__ == "__main__":
    main()
