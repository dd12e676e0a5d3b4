"""A limit in a run that may stop early: what decides is the rule that ended the run.

All its requests together would not do: they are as many as it took to look well, or bad. They give the observed value
and its interval, and say how many requests would decide what was left open.
"""

from __future__ import annotations

from dataclasses import replace

from perfplug.judging.held import held
from perfplug.limits import Judged, Verdict
from perfplug.result import Answer, EarlyStop, Result


def judge_settled(result: Result, early: EarlyStop, judged: Judged) -> Judged:
    """`judged` is the verdict that all requests together would have."""
    limit = judged.limit
    answers = [one.answer for one in early.decided if (one.metric, one.value) == (limit.metric, limit.value)]
    answer = answers[0] if answers else "open"
    if _contradicted(judged, answer):
        cause = "the requests that decided and all requests together do not say the same"
        return replace(judged, verdict=Verdict.INCONCLUSIVE, needed=None, cause=cause)
    if answer == "holds":
        return held(result, replace(judged, needed=None, cause=""))
    if answer == "broken":
        return replace(judged, verdict=Verdict.FAIL, needed=None, cause=_failures(judged))
    if judged.verdict is Verdict.INCONCLUSIVE:
        return judged
    return replace(
        judged,
        verdict=Verdict.INCONCLUSIVE,
        needed=None,
        cause="not decided in time by the rule that may end the run early",
    )


def _contradicted(judged: Judged, answer: Answer) -> bool:
    """Whether the observed value lies on the other side of the limit: rare, and no verdict to show beside it. The
    throughput of a paced load may fall short of its rate by a request or two and still be all of it."""
    limit, observed = judged.limit, judged.observed
    if limit.metric == "throughput":
        return False
    return observed > limit.value if answer == "holds" else answer == "broken" and observed < limit.value


def _failures(judged: Judged) -> str:
    """A cause that goes with FAIL: how many never gave an answer."""
    return judged.cause if judged.verdict is Verdict.FAIL else ""
