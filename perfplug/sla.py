"""Promises: limits parsed, judged against a result, and said in words.

The forms are in :mod:`perfplug.limits`, how a verdict is reached in :mod:`perfplug.judging`, and the arithmetic under
it in :mod:`perfplug.stats`; all that others need is here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from perfplug import units
from perfplug.judging import judge
from perfplug.limits import (
    Judged,
    Limit,
    Verdict,
    format_value,
    is_metric,
    parse_limit_expression,
    parse_limits,
    thresholds,
)

__all__ = [
    "Judged",
    "Limit",
    "Verdict",
    "describe",
    "format_value",
    "is_metric",
    "judge",
    "overall",
    "parse_limit_expression",
    "parse_limits",
    "thresholds",
]


class HasVerdict(Protocol):
    """A limit judged, a comparison, or a whole load."""

    @property
    def verdict(self) -> Verdict: ...


def overall(judged: Iterable[HasVerdict]) -> Verdict:
    """The most alarming of all; PASS when there is none."""
    rising = list(Verdict)
    return max((one.verdict for one in judged), key=rising.index, default=Verdict.PASS)


def describe(judged: Judged) -> str:
    """One line for people: "p95 112 ms (105 ms to 119 ms) is not under 100 ms: FAIL"."""
    limit, verdict = judged.limit, judged.verdict
    if judged.requests == 0:
        return f"{limit.title} has no requests to be judged by: {verdict.value}"
    says = {Verdict.FAIL: "is not", Verdict.INCONCLUSIVE: "may or may not be", Verdict.INVALID: "cannot be called"}
    line = f"{limit.title} {_observed(judged)} {says.get(verdict, 'is')} {_claim(limit)}: {verdict.value}"
    details = [judged.cause] if judged.cause else []
    if judged.needed is not None:
        details.append(f"about {units.format_count(judged.needed)} requests would decide")
    return f"{line} ({'; '.join(details)})" if details else line


def _observed(judged: Judged) -> str:
    limit = judged.limit
    if math.isinf(judged.observed):
        return "of no good request" if limit.metric == "mean" else "lies among the failed requests, so it"
    text = format_value(limit, judged.observed)
    if judged.low is None or judged.high is None:
        return text
    low = format_value(limit, judged.low)
    if math.isinf(judged.high):
        return f"{text} (at least {low})"
    return f"{text} ({low} to {format_value(limit, judged.high)})"


def _claim(limit: Limit) -> str:
    words = {"<": "under", "<=": "at most", ">": "over", ">=": "at least"}
    return f"{words[limit.op]} {limit.bound}"
