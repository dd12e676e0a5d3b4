"""How a limit is judged against a result. The method and its simulated error rates are in docs/statistics.md."""

from __future__ import annotations

from collections.abc import Sequence

from perfplug.judging.levels import judge_mean, judge_throughput
from perfplug.judging.settled import judge_settled
from perfplug.judging.shares import judge_error_rate, judge_max, judge_quantile
from perfplug.judging.spoiled import judge_spoiled
from perfplug.limits import Judged, Limit, Verdict
from perfplug.result import Result

_BY_METRIC = {
    "error_rate": judge_error_rate,
    "max": judge_max,
    "mean": judge_mean,
    "throughput": judge_throughput,
}


def judge(result: Result, limits: Sequence[Limit]) -> tuple[Judged, ...]:
    """A verdict for each limit, in their order."""
    return tuple(_judge(result, limit) for limit in limits)


def _judge(result: Result, limit: Limit) -> Judged:
    if result.requests == 0:
        return Judged(
            limit=limit,
            observed=0.0,
            low=None,
            high=None,
            requests=0,
            verdict=Verdict.INCONCLUSIVE,
            cause="no requests",
        )
    judged = _BY_METRIC.get(limit.metric, judge_quantile)(result, limit)
    if result.early_stop is not None:
        judged = judge_settled(result, result.early_stop, judged)
    return judged if result.client.valid else judge_spoiled(result, judged)
