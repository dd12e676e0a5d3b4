"""Limits on a level: the mean latency of good requests, and the throughput. Student's t on contiguous batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from perfplug import stats
from perfplug.judging.held import held, round_up
from perfplug.limits import Judged, Limit, Verdict
from perfplug.result import Result, Slice
from perfplug.stats import batches, means
from perfplug.stats.means import Estimate


def judge_mean(result: Result, limit: Limit) -> Judged:
    """Of good requests only. When there is none the mean is infinite: no answer ever came."""
    if result.ok == 0:
        return _all_failed(result, limit, math.inf)
    estimate = _mean(result)
    bounds = [estimate.bound(p) for p in (stats.ALPHA / 2.0, 1.0 - stats.ALPHA / 2.0)]
    judged = _judged(result, limit, result.mean, bounds[0], bounds[1])
    if estimate.bound(1.0 - stats.ALPHA) < limit.value:
        return held(result, judged)
    if estimate.bound(stats.ALPHA) > limit.value:
        return judged
    return _open(judged, estimate, limit.value, "the mean varied too much during the run")


def judge_throughput(result: Result, limit: Limit) -> Judged:
    """On the logarithm of batch rates, so that bounds stay above 0."""
    if result.ok == 0:
        return _all_failed(result, limit, 0.0)
    estimate = _log_rate(result)
    bounds = [math.exp(estimate.bound(p)) for p in (stats.ALPHA / 2.0, 1.0 - stats.ALPHA / 2.0)]
    judged = _judged(result, limit, result.throughput, bounds[0], bounds[1])
    target = math.log(limit.value)
    if estimate.bound(stats.ALPHA) >= target - _grain(result):
        return held(result, judged)
    if estimate.bound(1.0 - stats.ALPHA) < target:
        return judged
    return _open(judged, estimate, target, "the rate varied too much during the run")


def _mean(result: Result) -> Estimate:
    """The error of independent requests is the least there can be; for a run without batches it is all we know."""
    independent = result.stdev / math.sqrt(result.ok)
    cells = result.slices
    stretches = batches.cut([cell.requests - cell.errors for cell in cells], batches.MANY)
    if stretches is None:
        return Estimate(result.mean, independent, max(1, result.ok - 1))
    values = [_sum(cells, one, "latency_sum") / _good(cells, one) for one in stretches]
    return means.of_batches(values, result.mean, independent)


def _log_rate(result: Result) -> Estimate:
    """Without batches, completions are taken as independent arrivals (Poisson)."""
    centre = math.log(result.throughput)
    cells = result.slices
    stretches = batches.cut([cell.width for cell in cells], batches.MANY)
    if stretches is None:
        return Estimate(centre, 1.0 / math.sqrt(result.ok), max(1, result.ok - 1))
    # A batch without any counts as half a request: it has a logarithm.
    values = [math.log(max(_good(cells, one), 0.5) / _sum(cells, one, "width")) for one in stretches]
    return means.of_batches(values, centre)


def _grain(result: Result) -> float:
    """On the log scale, the request more or less that falls on either side of a batch's end: an open load that was
    answered in full has a throughput of exactly its rate, and its batches differ by that grain alone."""
    return batches.MANY / result.ok if result.plan.load.rate is not None else 0.0


def _open(judged: Judged, estimate: Estimate, target: float, cause: str) -> Judged:
    growth = means.growth_to_decide(estimate, target, stats.ALPHA)
    needed = None if growth is None else round_up(judged.requests * growth)
    return replace(judged, verdict=Verdict.INCONCLUSIVE, needed=needed, cause=cause)


def _all_failed(result: Result, limit: Limit, observed: float) -> Judged:
    return replace(_judged(result, limit, observed, None, None), cause="every request failed")


def _judged(result: Result, limit: Limit, observed: float, low: float | None, high: float | None) -> Judged:
    return Judged(limit=limit, observed=observed, low=low, high=high, requests=result.requests, verdict=Verdict.FAIL)


def _good(cells: Sequence[Slice], stretch: range) -> int:
    return sum(cells[cell].requests - cells[cell].errors for cell in stretch)


def _sum(cells: Sequence[Slice], stretch: range, field: str) -> float:
    return float(sum(getattr(cells[cell], field) for cell in stretch))
