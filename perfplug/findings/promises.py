"""Limits that say nothing, because nothing could break them, or nothing could keep them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from perfplug.findings.finding import Finding
from perfplug.report import Case
from perfplug.report.wording import interval_words, limit_words, observed_words
from perfplug.sla import Judged, Verdict
from perfplug.units import format_count, format_duration

_LOOSE = 10.0  # times what was observed
_MANY_ERRORS = 0.25  # a share of failed requests that no service would be proud of
_TELLING = 1000  # requests
_NARROW = (
    0.25  # of what was observed: a wider interval says that there was too little to measure, not that a limit is tight
)


def loose(case: Case) -> Iterator[Finding]:
    """``loose-limit``: it holds, and would hold if the metric were ten times worse (an error rate: at 25 %)."""
    found = [
        f"{limit_words(judged.limit)}: observed {observed_words(judged)}, {words}"
        for judged in case.judged
        if judged.verdict is Verdict.PASS and (words := _slack(judged))
    ]
    if found:
        yield Finding(
            rule="loose-limit",
            test=case.test,
            load=case.result.name,
            title="A limit so loose that it says little",
            evidence="; ".join(found),
            advice="Promise what users need, or a margin over what is measured: two to three times is usual.",
        )


def tight(case: Case) -> Iterator[Finding]:
    """``tight-limit``: no request at all kept it, or it lies in a narrow interval of the value itself."""
    result = case.result
    for judged in case.judged:
        limit = judged.limit
        if limit.metric in ("throughput", "error_rate") or judged.verdict is Verdict.INVALID:
            continue
        if result.latency.count and limit.value < result.latency.min:
            words = f"even the fastest request took {format_duration(result.latency.min)}"
        elif _in_the_noise(judged):
            words = (
                f"even {format_count(judged.requests)} requests do not tell on which side of it the value lies "
                f"({interval_words(judged)})"
            )
        else:
            continue
        yield Finding(
            rule="tight-limit",
            test=case.test,
            load=result.name,
            title="A limit so tight that it says little",
            evidence=f"{limit_words(limit)}: {words}",
            advice="Leave a margin for noise between the limit and what is measured, or make the service faster.",
        )


def _slack(judged: Judged) -> str:
    """How far a limit is from being broken, in words; empty when it is near enough to say something."""
    limit, observed = judged.limit, judged.observed
    if limit.metric == "error_rate":
        return "and a service that fails so often is not working" if limit.value >= _MANY_ERRORS else ""
    if not 0.0 < observed < math.inf:
        return ""
    times = observed / limit.value if limit.metric == "throughput" else limit.value / observed
    return f"so it would hold at {times:.0f} times worse" if times >= _LOOSE else ""


def _in_the_noise(judged: Judged) -> bool:
    low, high = judged.low, judged.high
    if low is None or high is None or judged.requests < _TELLING or high - low > _NARROW * judged.observed:
        return False
    return low <= judged.limit.value <= high
