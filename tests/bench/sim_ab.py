"""How often the comparison of a base and a head in one job is wrong, and what it finds: simulated, with fixed seeds.

    python -m tests.bench.sim_ab [--runs 1000] [--markdown]

Latencies are log-normal (sigma 0.35) with a tail of 2 % that take four times as long; the machine drifts by 5 % during
the job, and its slots differ by 2 % (standard deviation): either each block is a slot of its own, which is the harder
case, or each pair. 30 pairs of blocks of 500 requests, as by default; every metric is judged as perfplug judges it.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from perfplug import paired
from perfplug.comparing import ALARM
from perfplug.histogram import Histogram
from perfplug.limits import Verdict
from perfplug.measurement import METRICS, Block
from perfplug.paired import Allowance, BlockPair
from perfplug.stats import pairs as shifts
from perfplug.stats.prediction import p_above

PAIRS, BLOCK = 30, 500
MEDIAN, SIGMA, TAIL, TAIL_TIMES = 0.005, 0.35, 0.02, 4.0
DRIFT, SLOT = 0.05, 0.02
ALLOWANCE = Allowance()


@dataclass(frozen=True)
class Model:
    """What differs between the sides, and how the machine disturbs them."""

    shift: float = 0.0
    slots: str = "block"  # or "pair"
    failing: float = 0.0  # share of requests that fail, on both sides

    @property
    def words(self) -> str:
        errors = f", {self.failing:.1%} errors on both sides" if self.failing else ""
        return f"{self.shift:+.0%}, slots of a {self.slots}{errors}"


@dataclass
class Seen:
    """Verdicts of many jobs. ``plain`` counts what a simpler rule finds: beyond the margin at 99 % in the first pairs,
    and once more, by themselves, in as many fresh ones."""

    jobs: int = 0
    again: int = 0
    fails: Counter[str] = dataclasses.field(default_factory=Counter)
    plain: Counter[str] = dataclasses.field(default_factory=Counter)

    def rate(self, counts: Counter[str], metric: str) -> float:
        return 100.0 * counts[metric] / self.jobs


def measured(chance: np.random.Generator, count: int, model: Model) -> list[BlockPair]:
    """So many pairs, in the order of their blocks in time; AB or BA at random."""
    drift = np.linspace(0.0, DRIFT, 2 * count).reshape(count, 2)
    turned = chance.random(count) < 0.5
    drift[turned] = drift[turned, ::-1]
    slots = SLOT * chance.standard_normal((count, 2))
    if model.slots == "pair":
        slots[:, 1] = slots[:, 0]
    times = MEDIAN * np.exp(SIGMA * chance.standard_normal((count, 2, BLOCK)) + (drift + slots)[:, :, None])
    times[chance.random(times.shape) < TAIL] *= TAIL_TIMES
    times[:, 1] *= 1.0 + model.shift
    failed = chance.binomial(BLOCK, model.failing, (count, 2))
    return [(block(times[at, 0], int(failed[at, 0])), block(times[at, 1], int(failed[at, 1]))) for at in range(count)]


def block(times: np.ndarray, failed: int) -> Block:
    """One virtual user's; the failed requests are the last ones, and took as long as the others."""
    latency = Histogram()
    micros, counts = np.unique(np.rint(times[: len(times) - failed] * 1e6).astype(np.int64), return_counts=True)
    for micro, count in zip(micros.tolist(), counts.tolist(), strict=True):
        latency.record(micro / 1e6, count)
    return Block(width=float(times.sum()), requests=len(times), errors=failed, latency=latency)


def simulate(model: Model, runs: int, seed: int) -> Seen:
    chance = np.random.default_rng(seed)
    seen = Seen()
    for _ in range(runs):
        first = measured(chance, PAIRS, model)
        suspicious = paired.suspicious(first, ALLOWANCE)
        fresh = measured(chance, PAIRS * paired.CONFIRMING, model) if suspicious else []
        seen.jobs += 1
        seen.again += suspicious
        for one in paired.compare(first, fresh, ALLOWANCE):
            seen.fails[one.metric] += one.verdict is Verdict.FAIL
        for metric in plainly(first) & (plainly(fresh[:PAIRS]) if fresh else set()):
            seen.plain[metric] += 1
    return seen


def plainly(pairs: Sequence[BlockPair]) -> set[str]:
    """Quantiles whose lower 99 % bound lies over the margin, each by itself."""
    base, head = ([pair[side].latency for pair in pairs] for side in (0, 1))
    found = shifts.quantile_shifts(base, head, (0.5, 0.95, 0.99))
    margin = math.log1p(ALLOWANCE.margin)
    return {metric for metric, shift in zip(METRICS, found, strict=False) if p_above(shift, margin) <= ALARM}


@dataclass(frozen=True)
class Row:
    cells: tuple[str, ...]
    wanted: str = ""
    holds: bool = True


def fails(title: Model, seen: Seen, wanted: str, holds: Callable[[Seen], bool]) -> Row:
    rates = tuple(f"{seen.rate(seen.fails, metric):.1f} %" for metric in METRICS)
    again = f"{100.0 * seen.again / seen.jobs:.0f} %"
    plain = f"{seen.rate(seen.plain, 'p50'):.0f} / {seen.rate(seen.plain, 'p95'):.0f} %"
    return Row((title.words, *rates, again, plain), wanted, holds(seen))


def rows(runs: int) -> Iterator[Row]:
    for at, slots in enumerate(("block", "pair")):
        same = simulate(model := Model(slots=slots), runs, 10 + at)
        yield fails(model, same, "at most 4 in 1,000 each", lambda seen: max(seen.fails.values()) <= 0.004 * seen.jobs)
    erring = simulate(model := Model(failing=0.005), runs // 2, 20)
    yield fails(model, erring, "at most 4 in 1,000 each", lambda seen: max(seen.fails.values()) <= 0.004 * seen.jobs)
    margin = simulate(model := Model(shift=ALLOWANCE.margin), runs // 2, 30)
    yield fails(
        model, margin, "exactly the margin: at most 1 %", lambda seen: max(seen.fails.values()) <= 0.01 * seen.jobs
    )
    for at, slots in enumerate(("block", "pair")):
        found = simulate(model := Model(shift=0.05, slots=slots), runs // 2, 40 + at)
        yield fails(model, found, "p50 at least 90 %", lambda seen: seen.rate(seen.fails, "p50") >= 90.0)
    for at, slots in enumerate(("block", "pair")):
        found = simulate(model := Model(shift=0.10, slots=slots), runs // 2, 50 + at)
        yield fails(model, found, "p95 at least 95 %", lambda seen: seen.rate(seen.fails, "p95") >= 95.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    heads = ("change of the head", *METRICS, "measured again", "simpler rule p50 / p95", "wanted", "")
    print(f"| {' | '.join(heads[:-1])} |\n|{'---|' * (len(heads) - 1)}" if options.markdown else "  ".join(heads))
    held = True
    for row in rows(options.runs):
        held &= row.holds
        cells = (*row.cells, row.wanted, "" if row.holds else "MISSED")
        print(f"| {' | '.join(cells[:-1])} |" if options.markdown else "  ".join(cells).rstrip())
        sys.stdout.flush()
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
