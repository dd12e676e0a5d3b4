"""A limit in a run that may stop early: what decides is the rule that ended the run.

All its requests together would not do: they are as many as it took to look well, or bad. They give the observed value
and its interval, and say how many requests would decide what was left open.
"""

from __future__ import annotations

from dataclasses import replace

from perfplug.judging.held import held
from perfplug.limits import Judged, Verdict
from perfplug.result import EarlyStop, Result


def judge_settled(result: Result, early: EarlyStop, judged: Judged) -> Judged:
    """`judged` is the verdict that all requests together would have."""
    limit = judged.limit
    answers = [one.answer for one in early.decided if (one.metric, one.value) == (limit.metric, limit.value)]
    answer = answers[0] if answers else "open"
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


def _failures(judged: Judged) -> str:
    """A cause that goes with FAIL: how many never gave an answer."""
    return judged.cause if judged.verdict is Verdict.FAIL else ""
