"""How soon a run that may stop early ends, and how often it is wrong: simulated, with fixed seeds.

    python -m tests.bench.sim_early_stop [--runs 10000] [--markdown]

What is simulated is the real thing: perfplug.stopping is shown the counts of a simulated run, look by look, until it
has its answer; attempts on fresh requests included. Looks come every few requests, and more often in an attempt, as
the engine takes them. Wrong: the true share of slow requests is exactly what the limit allows; PASS and FAIL are then
both wrong. Soon: the true share is a quarter, half, or twice of that.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from perfplug.stats.special import normal_quantile
from perfplug.stopping.look import Look
from perfplug.stopping.shares import ShareWatch
from tests.bench.sim_limits import Row, chunks, process, show

RATE = 1000.0  # requests a second
LEAST = 10  # requests between two looks
LOOKS = 0.02  # of the requests so far


@dataclass(frozen=True)
class Ends:
    """Of many runs: how many per cent were called PASS and FAIL, and after how many requests half of them ended."""

    passed: float
    failed: float
    median: float
    late: float  # nine tenths


def one_run(over: np.ndarray, allowed: float) -> tuple[str, int]:
    """The answer, and the requests it took. ``over``: the running count of slow requests, from 0 on."""
    watch = ShareWatch(allowed, lambda look: (look.over[0], look.requests))
    size, seen = len(over) - 1, 0
    while seen < size:
        pause = watch.pause(_look(over, seen))
        wanted = math.ceil(pause * RATE) if pause is not None else int(seen * LOOKS)
        seen = min(size, seen + max(LEAST, wanted))
        answer = watch.look(_look(over, seen))
        if answer != "open":
            return answer, seen
    return watch.finish(_look(over, size)), size


def _look(over: np.ndarray, seen: int) -> Look:
    return Look(elapsed=seen / RATE, requests=seen, ok=seen, over=(int(over[seen]),), overdue=(0,))


def ends(runs: int, size: int, phi: float, allowed: float, ratio: float, seed: int) -> Ends:
    chance = np.random.default_rng(seed)
    threshold = normal_quantile(1.0 - allowed * ratio)
    answers: list[str] = []
    taken: list[int] = []
    for count in chunks(runs, size):
        for slow in process(chance, count, size, phi) >= threshold:
            answer, seen = one_run(np.concatenate([[0], np.cumsum(slow)]), allowed)
            answers.append(answer)
            taken.append(seen)
    return Ends(
        100.0 * answers.count("holds") / runs,
        100.0 * answers.count("broken") / runs,
        float(np.median(taken)),
        float(np.percentile(taken, 90)),
    )


def wrong(runs: int, size: int, phi: float, allowed: float, seed: int) -> Row:
    found = ends(runs, size, phi, allowed, 1.0, seed)
    most = 5.0 if phi == 0.0 else 10.0
    what = f"{_name(allowed)}, at most {size:,} requests, AR(1) {phi:g}"
    return Row(what, (found.passed, found.failed), f"each at most {most:g}", max(found.passed, found.failed) <= most)


def _name(allowed: float) -> str:
    return f"p{100 - 100 * allowed:g}"


def soon(
    runs: int, size: int, phi: float, allowed: float, ratio: float, most: float | None, seed: int
) -> tuple[str, ...]:
    found = ends(runs, size, phi, allowed, ratio, seed)
    holds = "" if most is None or found.median <= most else "MISSED"
    return (
        f"{_name(allowed)}, {ratio:g} of the allowance, AR(1) {phi:g}",
        f"{found.median:,.0f}",
        f"{found.late:,.0f}",
        f"{found.passed:.1f} %",
        f"{found.failed:.1f} %",
        "" if most is None else f"median at most {most:,.0f}",
        holds,
    )


def show_soon(rows: list[tuple[str, ...]], markdown: bool) -> None:
    heads = ("", "median", "nine tenths", "PASS", "FAIL", "wanted", "")
    if markdown:
        print(f"\n### Requests until decided\n\n| {' | '.join(heads[:-1])} |\n|{'---|' * (len(heads) - 1)}")
        print("\n".join(f"| {' | '.join(row[:-1])} |" for row in rows))
        return
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    print("\nRequests until decided")
    for row in [heads, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rows = [
        wrong(options.runs, size, phi, allowed, seed=3000 + index)
        for index, (allowed, size, phi) in enumerate(
            (allowed, size, phi) for allowed, size in ((0.05, 10_000), (0.01, 10_000)) for phi in (0.0, 0.3, 0.7)
        )
    ]
    show("Wrong verdicts at the exact limit", ("PASS", "FAIL"), rows, options.markdown)
    sys.stdout.flush()
    decided = [
        soon(max(options.runs // 5, 1), 50_000, phi, allowed, ratio, most, seed=4000 + index)
        for index, (allowed, ratio, phi, most) in enumerate(
            (
                (0.01, 0.25, 0.0, 800.0),
                (0.01, 0.5, 0.0, None),
                (0.01, 2.0, 0.0, None),
                (0.01, 4.0, 0.0, None),
                (0.01, 0.25, 0.7, None),
                (0.05, 0.25, 0.0, None),
                (0.05, 0.5, 0.0, None),
                (0.05, 2.0, 0.0, None),
            )
        )
    ]
    show_soon(decided, options.markdown)
    return 0 if all(row.holds for row in rows) and not any(row[-1] for row in decided) else 1


if __name__ == "__main__":
    raise SystemExit(main())
