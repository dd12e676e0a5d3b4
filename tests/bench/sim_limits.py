"""How often a verdict is wrong, and how often an interval misses: simulated, with fixed seeds.

    python -m tests.bench.sim_limits [--runs 10000] [--markdown]

Errors: the true share of slow requests is exactly what the limit allows, the hardest case there is; PASS and FAIL are
then both wrong. Requests follow each other as a Gaussian AR(1) process, so a slow one makes a slow next one likely.
Coverage: intervals of quantiles of log-normal latencies, through the histograms of a real result.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perfplug.histogram import Histogram
from perfplug.stats import ALPHA, batches, binomial, quantile
from perfplug.stats.special import normal_quantile

CELLS = 100  # slices of a run
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
MEDIAN, SPREAD = 0.005, 0.35  # of the log-normal latencies


@dataclass(frozen=True)
class Row:
    """One line of the table: what was simulated, the rates in per cent, and what they may be."""

    what: str
    rates: tuple[float, ...]
    wanted: str
    holds: bool


def process(chance: np.random.Generator, count: int, size: int, phi: float) -> np.ndarray:
    """``count`` stationary Gaussian AR(1) runs of ``size`` requests, of mean 0 and variance 1."""
    noise = chance.standard_normal((count, size))
    if phi == 0.0:
        return noise
    values = np.empty_like(noise)
    values[:, 0] = noise[:, 0]
    for at in range(1, size):
        values[:, at] = phi * values[:, at - 1] + math.sqrt(1.0 - phi * phi) * noise[:, at]
    return values


def chunks(runs: int, size: int) -> Iterator[int]:
    """Numbers of runs that fit into memory together."""
    at_once = max(1, 8_000_000 // size)
    while runs > 0:
        yield min(runs, at_once)
        runs -= at_once


def cells_of(flags: np.ndarray) -> np.ndarray:
    """Hits in each of a run's cells."""
    count, size = flags.shape
    return flags.reshape(count, CELLS, size // CELLS).sum(axis=2)


def wrong_verdicts(runs: int, size: int, phi: float, allowed: float, seed: int) -> Row:
    """At the exact limit: how many of a hundred runs are called PASS, and how many FAIL."""
    chance = np.random.default_rng(seed)
    threshold = normal_quantile(1.0 - allowed)
    sizes, under, over = [size // CELLS] * CELLS, 0, 0
    for count in chunks(runs, size):
        for hits in cells_of(process(chance, count, size, phi) >= threshold):
            effective = batches.effective_size(sizes, hits.tolist())
            decision = binomial.decide(float(hits.sum()) * effective / size, effective, allowed, ALPHA)
            under += decision == "under"
            over += decision == "over"
    rates = (100.0 * under / runs, 100.0 * over / runs)
    most = 5.0 if phi == 0.0 else 10.0
    what = f"p{100 - 100 * allowed:g}, {size:,} requests, AR(1) {phi:g}"
    return Row(what, rates, f"each at most {most:g}", max(rates) <= most)


def coverage(runs: int, size: int, phi: float, seed: int) -> list[Row]:
    """How many of a hundred 95 % intervals hold the true quantile, for each of QUANTILES."""
    chance = np.random.default_rng(seed)
    held = dict.fromkeys(QUANTILES, 0)
    for count in chunks(runs, size):
        for scores in process(chance, count, size, phi):
            times = MEDIAN * np.exp(SPREAD * scores)
            histogram = histogram_of(times)
            for q in QUANTILES:
                held[q] += covers(histogram, times, q)
    least = 94.0  # nominal, less a point
    return [
        Row(
            f"p{100 * q:g}, {size:,} requests, AR(1) {phi:g}",
            (100.0 * held[q] / runs,),
            f"at least {least:g}",
            100.0 * held[q] / runs >= least,
        )
        for q in QUANTILES
    ]


def covers(histogram: Histogram, times: np.ndarray, q: float) -> bool:
    """As perfplug.judging does it: the dependence from the cells at the observed quantile, ranks, bucket edges."""
    size = len(times)
    hits = cells_of((times >= histogram.quantile(q))[None, :])[0].tolist()
    below, above = quantile.ranks(q, size, batches.effective_size([size // CELLS] * CELLS, hits), ALPHA)
    low = histogram.rank_edges(below)[0] if below >= 1 else 0.0
    high = histogram.rank_edges(above)[1] if above <= size else math.inf
    return bool(low <= MEDIAN * math.exp(SPREAD * normal_quantile(q)) <= high)


def histogram_of(times: np.ndarray) -> Histogram:
    made = Histogram()
    # Recorded by bucket, which is what the histogram keeps, and much faster than one by one.
    micros, counts = np.unique(np.rint(times * 1e6).astype(np.int64), return_counts=True)
    for micro, count in zip(micros.tolist(), counts.tolist(), strict=True):
        made.record(micro / 1e6, count)
    return made


def show(title: str, columns: tuple[str, ...], rows: list[Row], markdown: bool) -> None:
    heads = ("", *columns, "wanted", "")
    lines = [
        (row.what, *(f"{rate:.2f} %" for rate in row.rates), row.wanted, "" if row.holds else "MISSED") for row in rows
    ]
    if markdown:
        print(f"\n### {title}\n\n| {' | '.join(heads[:-1])} |\n|{'---|' * (len(heads) - 1)}")
        print("\n".join(f"| {' | '.join(line[:-1])} |" for line in lines))
        return
    widths = [max(len(line[at]) for line in [heads, *lines]) for at in range(len(heads))]
    print(f"\n{title}")
    for line in [heads, *lines]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    verdicts = [
        wrong_verdicts(options.runs, size, phi, allowed, seed=1000 + index)
        for index, (size, phi, allowed) in enumerate(
            (size, phi, allowed) for allowed in (0.05, 0.01) for size in (1000, 10_000) for phi in (0.0, 0.3, 0.7)
        )
    ]
    show("Wrong verdicts at the exact limit", ("PASS", "FAIL"), verdicts, options.markdown)
    sys.stdout.flush()
    covered = [
        row
        for index, (size, phi) in enumerate((size, phi) for size in (1000, 10_000) for phi in (0.0, 0.7))
        for row in coverage(options.runs, size, phi, seed=2000 + index)
    ]
    show("Coverage of 95 % intervals", ("covered",), covered, options.markdown)
    return 0 if all(row.holds for row in [*verdicts, *covered]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
