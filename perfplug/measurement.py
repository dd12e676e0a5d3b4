"""One run of a load as much as comparing it needs: counts, and latencies in contiguous blocks.

Blocks are neighbouring slices of a result put together, ten of about as many requests; they say how far requests
depended on each other. Times are seconds, rates per second, shares 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from perfplug.histogram import Histogram
from perfplug.judging.shares import observed_quantile
from perfplug.limits import quantile_of
from perfplug.result import Result, Slice
from perfplug.stats import batches, means

METRICS = ("p50", "p95", "p99", "throughput", "error_rate")  # compared whatever the limits say
_FEWEST = 5.0  # independent requests on either side of a quantile: with fewer nothing is said about its error


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A contiguous stretch of a measurement; ``latency`` is of its good requests."""

    width: float
    requests: int
    errors: int
    latency: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one run of a load came to. ``latency`` is that of all blocks (which may be left out, to decode less);
    ``causes`` say how the client spoiled it."""

    requests: int
    ok: int
    duration: float
    latency: Histogram
    blocks: tuple[Block, ...]
    causes: tuple[str, ...] = ()

    def value(self, metric: str) -> float | None:
        """A metric of this run; None where there is none, or it lies among the failed requests."""
        if metric == "error_rate":
            return (self.requests - self.ok) / self.requests if self.requests else None
        if self.ok == 0 or self.duration <= 0.0:
            return None
        if metric == "throughput":
            return self.ok / self.duration
        if metric in ("mean", "max"):
            return float(getattr(self.latency, metric))
        q = quantile_of(metric)
        if q is None:
            raise ValueError(f"{metric!r} is no metric")
        value = observed_quantile(self.latency, self.requests, q)
        return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that a comparison takes from a measurement: small, where its histograms are large.

    ``values`` and ``errors`` (standard errors of their logarithms) by metric, None where there is none; ``errors`` is
    empty when nobody asked for them. ``dependence``: how many failed requests are worth a single independent one.
    """

    requests: int
    ok: int
    values: Mapping[str, float | None]
    errors: Mapping[str, float | None]
    dependence: float = 1.0
    causes: tuple[str, ...] = ()


def figures(measurement: Measurement, metrics: Iterable[str], *, errors: bool) -> Figures:
    """The figures of these metrics; ``errors``, which take a look into every block, only when asked for."""
    names = tuple(metrics)
    return Figures(
        requests=measurement.requests,
        ok=measurement.ok,
        values={metric: measurement.value(metric) for metric in names},
        errors={metric: _log_error(measurement, metric) for metric in names} if errors else {},
        dependence=_dependence(measurement) if errors else 1.0,
        causes=measurement.causes,
    )


def of_result(result: Result) -> Measurement:
    """A run too short for blocks, or without a whole timeline, is one block."""
    sizes = [part.requests if part.packed is not None else 0 for part in result.slices]
    whole = sum(part.requests for part in result.slices) == result.requests
    stretches = batches.cut(sizes, batches.MANY) if whole else None
    if stretches is None:
        blocks = [
            Block(
                width=result.duration,
                requests=result.requests,
                errors=result.requests - result.ok,
                latency=result.latency,
            )
        ]
    else:
        blocks = [_block(result.slices[stretch.start : stretch.stop]) for stretch in stretches]
    causes = () if result.client.valid else (result.client.causes or ("the client spoiled the run",))
    return Measurement(
        requests=result.requests,
        ok=result.ok,
        duration=result.duration,
        latency=_sum(block.latency for block in blocks),
        blocks=tuple(blocks),
        causes=causes,
    )


def _dependence(measurement: Measurement) -> float:
    sizes = [block.requests for block in measurement.blocks]
    effective = batches.effective_size(sizes, [block.errors for block in measurement.blocks])
    return sum(sizes) / effective if effective > 0.0 else 1.0


def _log_error(measurement: Measurement, metric: str) -> float | None:
    """The standard error of a metric's logarithm from this run alone; None when it is too short to tell.

    Between blocks, where each has enough requests. Quantiles of shorter runs: the binomial interval of their rank at
    the effective size, read off the distribution (Woodruff, JASA 1952).
    """
    if measurement.value(metric) is None:
        return None
    q = quantile_of(metric)
    if q is not None:
        return _quantile_error(measurement, q)
    if metric == "mean":
        return _level_error([block.latency.mean for block in measurement.blocks])
    if metric == "throughput":
        return _level_error([(block.requests - block.errors) / block.width for block in measurement.blocks])
    return None


def _quantile_error(measurement: Measurement, q: float) -> float | None:
    sizes = [block.requests for block in measurement.blocks]
    if len(sizes) == batches.MANY and min(sizes) * min(q, 1.0 - q) >= _FEWEST:
        return _level_error([observed_quantile(block.latency, block.requests, q) for block in measurement.blocks])
    value = observed_quantile(measurement.latency, measurement.requests, q)
    over = [block.errors + block.latency.count_at_or_above(value) for block in measurement.blocks]
    effective = batches.effective_size(sizes, over)
    if effective * min(q, 1.0 - q) < _FEWEST:
        return None
    reach = math.sqrt(q * (1.0 - q) / effective)
    low, high = (observed_quantile(measurement.latency, measurement.requests, p) for p in (q - reach, q + reach))
    return math.log(high / low) / 2.0 if low > 0.0 and math.isfinite(high) else None


def _level_error(values: Sequence[float]) -> float | None:
    if len(values) < batches.MANY or min(values) <= 0.0 or math.isinf(max(values)):
        return None
    logs = [math.log(value) for value in values]
    return means.of_batches(logs, 0.0).error


def workload(result: Result) -> dict[str, object]:
    """What must be alike for two runs of a load to be compared: plain values, as they stand in files. How long a load
    went on is not in it: a longer run has more to say, about the same."""
    load, request = result.plan.load, result.plan.request
    return {
        "method": request.method,
        "http": request.http,
        "transport": result.transport,
        "users": load.users,
        "rate": load.rate,
        "arrivals": load.arrivals,
        "think": asdict(load.think),
    }


def _block(parts: Sequence[Slice]) -> Block:
    return Block(
        width=math.fsum(part.width for part in parts),
        requests=sum(part.requests for part in parts),
        errors=sum(part.errors for part in parts),
        latency=_sum(part.latency for part in parts if part.latency is not None),
    )


def _sum(histograms: Iterable[Histogram]) -> Histogram:
    ahead = iter(histograms)
    total = next(ahead).copy()
    for histogram in ahead:
        total.add(histogram)
    return total
