"""A head against a base, measured in interleaved pairs of blocks: a verdict for each metric. Pure; the method and its
simulated error rates are in docs/statistics.md.

FAIL takes three things, planned before the first block: the first pairs make the metric suspicious, fresh pairs do so
again, and all pairs together put it beyond the margin at one-sided 99 %, by Holm's procedure over the metrics, with the
job's allowance for false alarms dealt out among its loads. PASS: at one-sided 95 % it is not worse than the tolerance.
Else INCONCLUSIVE. Quantiles are of good requests; errors are a metric of their own, compared as a difference of shares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from perfplug.comparing import ALARM, MARGIN, MARGIN_RATE, TOLERANCE, TOLERANCE_RATE, Compared
from perfplug.limits import Verdict, quantile_of
from perfplug.measurement import METRICS, Block
from perfplug.stats import ALPHA, batches, differences, pairs, prediction
from perfplug.stats.holm import holm
from perfplug.stats.means import Estimate
from perfplug.stats.special import normal_quantile

SUSPICION = 0.25  # one-sided: from here a metric is measured again; decides about time spent, not about error rates
CONFIRMING = 2  # as many times the first pairs are fresh ones
_FEWEST = 20  # good requests beyond a quantile, of either side
_QUANTILES = {metric: q for metric in METRICS if (q := quantile_of(metric)) is not None}

BlockPair = tuple[Block, Block]  # base, head


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """By how much the head may be worse, as shares: no FAIL within ``margin``, a PASS only within ``tolerance``."""

    margin: float = MARGIN
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A metric in a number of pairs. ``p`` is of the hypothesis that it is not worse than the margin; without one,
    nothing can be said."""

    compared: Compared
    p: float = 1.0
    holds: bool = False


def suspicious(measured: Sequence[BlockPair], allowance: Allowance) -> bool:
    """Whether any metric must be measured again on fresh pairs before it can be a FAIL."""
    return any(trial.p <= SUSPICION for trial in _trials(measured, allowance))


def compare(
    first: Sequence[BlockPair],
    fresh: Sequence[BlockPair],
    allowance: Allowance,
    *,
    share: float = 1.0,
    causes: Sequence[str] = (),
) -> tuple[Compared, ...]:
    """A comparison for each of METRICS, from at least two pairs; ``fresh`` are those measured out of suspicion.

    ``share`` is the part of the job's allowance for false alarms (ALARM) that these comparisons have. ``causes``: how
    the client spoiled the blocks, so that a FAIL cannot stand.
    """
    trials = _trials([*first, *fresh], allowance)
    confirmed = _confirmed(first, fresh, allowance)
    tested = [trial.p if again else 1.0 for trial, again in zip(trials, confirmed, strict=True)]
    decided = zip(trials, holm(tested, ALARM * share), confirmed, strict=True)
    return tuple(_decided(trial, alarm, again, causes) for trial, alarm, again in decided)


def _confirmed(first: Sequence[BlockPair], fresh: Sequence[BlockPair], allowance: Allowance) -> list[bool]:
    if len(fresh) < 2:
        return [False] * len(METRICS)
    both = zip(_trials(first, allowance), _trials(fresh, allowance), strict=True)
    return [then.p <= SUSPICION and again.p <= SUSPICION for then, again in both]


def _decided(trial: _Trial, alarm: bool, confirmed: bool, causes: Sequence[str]) -> Compared:
    compared = trial.compared
    if alarm and causes:
        return replace(compared, verdict=Verdict.INVALID, cause="; ".join(causes))
    if alarm:
        return replace(compared, verdict=Verdict.FAIL, cause="")
    if trial.p <= ALARM:
        why = "one of so many comparisons may be chance" if confirmed else "the first or the fresh pairs do not show it"
        return replace(compared, cause=f"alone it would be a regression, but {why}")
    return replace(compared, verdict=Verdict.PASS, cause="") if trial.holds else compared


def _trials(measured: Sequence[BlockPair], allowance: Allowance) -> list[_Trial]:
    """In the order of METRICS."""
    shifts = {**_quantile_shifts(measured), "throughput": _throughput_shift(measured)}
    values = [_values(side) for side in _sides(measured)]
    return [
        _error_trial(measured)
        if metric == "error_rate"
        else _ratio_trial(measured, (values[0].get(metric), values[1].get(metric)), metric, shifts[metric], allowance)
        for metric in METRICS
    ]


# --- ratios -----------------------------------------------------------------------------------------------------------


def _quantile_shifts(measured: Sequence[BlockPair]) -> dict[str, Estimate | None]:
    """How much worse the head is; None for quantiles that so few requests do not have."""
    base, head = ([block.latency for block in side] for side in _sides(measured))
    fewest = min(sum(histogram.count for histogram in side) for side in (base, head))
    told = {metric: q for metric, q in _QUANTILES.items() if fewest * min(q, 1.0 - q) >= _FEWEST}
    found = pairs.quantile_shifts(base, head, tuple(told.values())) if told else []
    return {**dict.fromkeys(_QUANTILES), **dict(zip(told, found, strict=True))}


def _throughput_shift(measured: Sequence[BlockPair]) -> Estimate | None:
    base, head = _sides(measured)
    if not any(_good(block) for block in (*base, *head)):
        return None
    # More is better, so the sides are swapped. A block without any counts as half a request: it has a logarithm.
    rates = [[max(_good(block), 0.5) / block.width for block in side] for side in (head, base)]
    return pairs.rate_shift(rates[0], rates[1])


def _ratio_trial(
    measured: Sequence[BlockPair],
    values: tuple[float | None, float | None],
    metric: str,
    shift: Estimate | None,
    allowance: Allowance,
) -> _Trial:
    before, now = values
    compared = Compared(metric=metric, observed=now, baseline=before, runs=len(measured), against="base")
    if shift is None or before is None or now is None:
        return _Trial(compared=replace(compared, cause=_too_few(measured)))
    margin = math.log1p(allowance.margin)
    sign = -1.0 if metric == "throughput" else 1.0
    ends = sorted(math.expm1(sign * shift.bound(p)) for p in (ALPHA / 2.0, 1.0 - ALPHA / 2.0))
    found = math.expm1(pairs.detectable(shift, margin, ALARM))
    compared = replace(
        compared,
        change=math.expm1(sign * shift.centre),
        low=ends[0],
        high=ends[1],
        detectable=found,
        cause=_open(found),
    )
    holds = shift.bound(1.0 - ALPHA) < math.log1p(allowance.tolerance)
    return _Trial(compared=compared, p=prediction.p_above(shift, margin), holds=holds)


def _values(side: Sequence[Block]) -> dict[str, float]:
    """The metrics of all blocks of a side together; empty without a good request."""
    good = sum(_good(block) for block in side)
    if not good:
        return {}
    whole = pairs.together([block.latency for block in side])
    throughput = good / math.fsum(block.width for block in side)
    return {**{metric: whole.quantile(q) for metric, q in _QUANTILES.items()}, "throughput": throughput}


def _too_few(measured: Sequence[BlockPair]) -> str:
    good = min(sum(_good(block) for block in side) for side in _sides(measured))
    return f"{good:,} good requests are too few for it"


def _open(detectable: float) -> str:
    return f"so many pairs find a change of {100.0 * detectable:.2g}% or more"


# --- error rates ------------------------------------------------------------------------------------------------------


def _error_trial(measured: Sequence[BlockPair]) -> _Trial:
    old, new = (_share(side) for side in _sides(measured))
    rate, before = new[0] / new[1], old[0] / old[1]
    low, high = differences.interval(new, old, -normal_quantile(ALPHA / 2.0))
    found = _detectable_errors(old, new[1])
    compared = Compared(
        metric="error_rate",
        observed=rate,
        baseline=before,
        change=rate - before,
        low=low,
        high=high,
        runs=len(measured),
        against="base",
        detectable=found,
        cause=f"so many requests find a difference of {100.0 * found:.2g} points or more",
    )
    holds = differences.interval(new, old, -normal_quantile(ALPHA))[1] < TOLERANCE_RATE
    return _Trial(compared=compared, p=differences.p_above(new, old, MARGIN_RATE), holds=holds)


def _share(side: Sequence[Block]) -> differences.Share:
    """Failed requests at their effective size: errors that come together are so many fewer witnesses."""
    sizes, hits = [block.requests for block in side], [block.errors for block in side]
    dependence = batches.design_effect(sizes, hits)
    return sum(hits) / dependence, sum(sizes) / dependence


def _detectable_errors(old: differences.Share, size: float) -> float:
    """The smallest difference whose lower bound lies over the margin, with room for chance as pairs.POWER asks."""
    before = old[0] / old[1]
    z = -normal_quantile(ALARM) + normal_quantile(pairs.POWER)
    low, high = 0.0, 1.0 - before
    while high - low > 1e-6:
        middle = (low + high) / 2.0
        found = differences.interval(((before + middle) * size, size), old, z)[0] > MARGIN_RATE
        low, high = (low, middle) if found else (middle, high)
    return high


def _sides(measured: Sequence[BlockPair]) -> tuple[list[Block], list[Block]]:
    return [base for base, _ in measured], [head for _, head in measured]


def _good(block: Block) -> int:
    return block.requests - block.errors
