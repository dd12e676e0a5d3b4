"""Limits on how many requests may be at fault: quantiles, the error rate, and the maximum.

The requests at or above a latency are counted exactly, as they came, when the plan knew the limit; failed ones count
as over every latency and rank above every good one. A run too short for batches is judged as if its requests were
independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from perfplug import stats, units
from perfplug.histogram import Histogram
from perfplug.judging.held import held, round_up
from perfplug.limits import Judged, Limit, Verdict
from perfplug.result import Result, Slice
from perfplug.stats import batches, binomial, quantile


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the requests are at fault, and how many independent ones all of them are worth."""

    hits: float
    size: float
    effective: float
    allowed: float

    @property
    def effective_hits(self) -> float:
        return self.hits * self.effective / self.size

    def decide(self) -> binomial.Decision:
        if self.allowed <= 0.0:  # a promise of none at all is kept or broken, never estimated
            return "over" if self.hits else "under"
        if self.allowed >= 1.0:
            return "under"
        return binomial.decide(self.effective_hits, self.effective, self.allowed, stats.ALPHA)

    def needed(self) -> int | None:
        growth = binomial.growth_to_decide(self.effective_hits, self.effective, self.allowed, stats.ALPHA)
        return None if growth is None else round_up(self.size * growth)


def allowed_over(q: float) -> float:
    """1 - q, without the noise in its last digit."""
    return round(1.0 - q, 12)


def share_over(result: Result, seconds: float, allowed: float) -> Share:
    """Requests at or above a latency; to the histogram's resolution when the plan did not know it."""
    sizes = [cell.requests for cell in result.slices]
    if seconds in result.plan.thresholds:
        index = result.plan.thresholds.index(seconds)
        hits = result.over[index]
        over = [cell.over[index] for cell in result.slices]
    else:
        hits = result.latency.count_at_or_above(seconds) + result.requests - result.ok
        over = [_over(cell, seconds) for cell in result.slices]
    return Share(hits, result.requests, _effective(result.requests, sizes, over), allowed)


def share_failed(result: Result, allowed: float) -> Share:
    """Requests that failed, of whatever class."""
    sizes = [cell.requests for cell in result.slices]
    errors = [cell.errors for cell in result.slices]
    effective = _effective(result.requests, sizes, errors)
    return Share(result.requests - result.ok, result.requests, effective, allowed)


def observed_quantile(latency: Histogram, requests: int, q: float) -> float:
    """Of all requests; `latency` holds the good ones. Failed requests rank above every good one: infinite when the
    quantile falls among them."""
    good = latency.count
    if good == requests:
        return latency.quantile(q)
    rank = quantile.rank_of(q, requests)
    return math.inf if rank > good else latency.quantile((rank - 0.5) / good)


def judge_quantile(result: Result, limit: Limit) -> Judged:
    q = limit.quantile
    assert q is not None
    observed = observed_quantile(result.latency, result.requests, q)
    judged = Judged(
        limit=limit,
        observed=observed,
        low=None,
        high=None,
        requests=result.requests,
        verdict=Verdict.FAIL,
    )
    low, high = _quantile_interval(result, q, observed)
    what = f"took {limit.bound} or longer"
    share = share_over(result, limit.value, allowed_over(q))
    return _judged_share(result, replace(judged, low=low, high=high), share, what)


def judge_error_rate(result: Result, limit: Limit) -> Judged:
    share = share_failed(result, limit.value)
    judged = Judged(
        limit=limit,
        observed=result.error_rate,
        low=binomial.lower_bound(share.effective_hits, share.effective, stats.ALPHA / 2.0),
        high=binomial.upper_bound(share.effective_hits, share.effective, stats.ALPHA / 2.0),
        requests=result.requests,
        verdict=Verdict.FAIL,
    )
    return _judged_share(result, judged, share, "failed")


def judge_max(result: Result, limit: Limit) -> Judged:
    """Seen or not seen: a maximum is not estimated, so there is no interval."""
    failed = result.requests - result.ok
    judged = Judged(
        limit=limit,
        observed=math.inf if failed else result.max,
        low=None,
        high=None,
        requests=result.requests,
        verdict=Verdict.FAIL,
        cause=f"{units.format_count(failed)} failed and never gave an answer" if failed else "",
    )
    return judged if share_over(result, limit.value, 0.0).hits else held(result, judged)


def _judged_share(result: Result, judged: Judged, share: Share, what: str) -> Judged:
    decision = share.decide()
    if decision == "under":
        return held(result, judged)
    if decision == "over":
        return judged
    return replace(judged, verdict=Verdict.INCONCLUSIVE, needed=share.needed(), cause=_too_few(share, what))


def _too_few(share: Share, what: str) -> str:
    seen = f"{share.hits:,.0f} of {share.size:,.0f} requests {what}, {units.format_share(share.allowed)} may"
    under, over = binomial.open_range(share.effective, share.allowed, stats.ALPHA)
    if under is None:
        return f"{seen}; so few cannot show that the limit holds"
    if over is None:
        return f"{seen}; so few cannot tell"
    return f"{seen}; so many can tell up to {units.format_share(under)} or from {units.format_share(over)}"


def _effective(requests: int, sizes: Sequence[int], hits: Sequence[int]) -> float:
    """Of all requests, as their slices say; of a result without slices, their number."""
    if not sum(sizes):
        return float(requests)
    return requests * batches.effective_size(sizes, hits) / sum(sizes)


def _quantile_interval(result: Result, q: float, observed: float) -> tuple[float, float]:
    """Order statistics at the effective size for this quantile, widened to what the histogram can tell apart."""
    sizes = [cell.requests for cell in result.slices]
    over = [cell.errors if math.isinf(observed) else _over(cell, observed) for cell in result.slices]
    effective = _effective(result.requests, sizes, over)
    below, above = quantile.ranks(q, result.requests, effective, stats.ALPHA)
    return _edge(result, below, 0), _edge(result, above, 1)


def _edge(result: Result, rank: int, side: int) -> float:
    if rank < 1:
        return 0.0
    return math.inf if rank > result.ok else result.latency.rank_edges(rank)[side]


def _over(cell: Slice, seconds: float) -> int:
    return cell.errors + (cell.latency.count_at_or_above(seconds) if cell.latency is not None else 0)
