"""A limit judged again when the measuring side may have spoiled the run.

The client only ever adds time, errors of its own, and pauses. So what holds still holds. What fails stands only when
it also fails without anything that could be the client's doing: then the time is the service time as the kernel
stamped it, from the actual send, and the errors are those that only a server can make. What is undecided stays so
when these few requests could not have decided without the client's doing either. All else is INVALID.
"""

from __future__ import annotations

from dataclasses import replace

from perfplug.judging.shares import Share, allowed_over, share_failed, share_over
from perfplug.limits import Judged, Limit, Verdict
from perfplug.result import Result
from perfplug.validity import names_the_machine, server_errors

_STAMPED = 0.99  # of the good requests: from here service times are the kernel's and not this process's


def judge_spoiled(result: Result, judged: Judged) -> Judged:
    """The verdict on a run whose client is not valid."""
    if judged.verdict in (Verdict.PASS, Verdict.WARN):
        return judged
    if judged.verdict is Verdict.FAIL and _stands(result, judged):
        return judged
    if judged.verdict is Verdict.INCONCLUSIVE and _too_few_anyway(result, judged.limit):
        return judged
    cause = "; ".join(result.client.causes) or "the client spoiled the run"
    return replace(judged, verdict=Verdict.INVALID, needed=None, cause=cause)


def _stands(result: Result, judged: Judged) -> bool:
    limit, failed = judged.limit, server_errors(result.errors)
    if limit.metric == "throughput":
        # The load was there: with the answers that the server failed, the limit would have been met.
        return (result.ok + failed) / result.duration >= limit.value if result.duration > 0.0 else False
    if limit.metric == "mean":
        return _mean_stands(result, judged, failed)
    return _without_client(result, limit).decide() == "over"


def _too_few_anyway(result: Result, limit: Limit) -> bool:
    return limit.metric not in ("mean", "throughput") and _without_client(result, limit).decide() == "open"


def _without_client(result: Result, limit: Limit) -> Share:
    """For shares: what is left at fault when all that may be the client's doing is forgiven."""
    failed = server_errors(result.errors)
    if limit.metric == "error_rate":
        return replace(share_failed(result, limit.value), hits=failed)
    over = failed + (result.service.count_at_or_above(limit.value) if _service_is_true(result) else 0)
    allowed = 0.0 if limit.quantile is None else allowed_over(limit.quantile)
    return replace(share_over(result, limit.value, allowed), hits=over)


def _mean_stands(result: Result, judged: Judged, failed: int) -> bool:
    if result.ok == 0:
        return failed == result.requests
    if not _service_is_true(result) or judged.low is None:
        return False
    # The same margin as the mean latency has, around the mean service time.
    return result.service.mean - (judged.observed - judged.low) > judged.limit.value


def _service_is_true(result: Result) -> bool:
    """Stamped by the kernel, on a machine that did run."""
    return result.client.stamped >= _STAMPED * result.ok and not names_the_machine(result.client.causes)
