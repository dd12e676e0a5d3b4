"""Sentences that several reports share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfplug import comparing
from perfplug.comparing import EVERYTHING, Compared
from perfplug.limits import title_of
from perfplug.plan import Load, Think
from perfplug.report import Case
from perfplug.result import EarlyStop, Result
from perfplug.sla import Judged, Limit, Verdict, format_value, overall
from perfplug.units import format_count, format_duration, format_rate, format_share

COMPARISON_HEAD = ("metric", "observed", "before", "change (95 % interval)", "verdict", "")


def limit_words(limit: Limit) -> str:
    """ "p95 < 100 ms"."""
    return f"{limit.title} {limit.op} {limit.bound}"


def observed_words(judged: Judged) -> str:
    """The observed value; a dash when there is none, and "failed" when it lies among failed requests."""
    if judged.requests == 0 or math.isnan(judged.observed):
        return "-"
    return "failed" if math.isinf(judged.observed) else format_value(judged.limit, judged.observed)


def interval_words(judged: Judged) -> str:
    """ "105 ms to 119 ms"; empty when there is no interval."""
    if judged.low is None or judged.high is None:
        return ""
    if math.isinf(judged.low):
        return ""
    low = format_value(judged.limit, judged.low)
    return f"at least {low}" if math.isinf(judged.high) else f"{low} to {format_value(judged.limit, judged.high)}"


def comparison_cells(compared: Compared) -> tuple[str, str, str, str, str, str]:
    """The cells of a table's row, under :data:`COMPARISON_HEAD`."""
    everything = compared.metric == EVERYTHING
    return (
        "all metrics" if everything else title_of(compared.metric),
        comparing.value_words(compared, compared.observed),
        comparing.value_words(compared, compared.baseline),
        comparing.change_words(compared),
        compared.verdict.value,
        compared.cause,
    )


def load_words(load: Load) -> str:
    """ "15 users, 10 s after 1 s of warm-up"."""
    if load.rate is not None:
        model = f"{format_rate(load.rate)} {load.arrivals}, up to {format_count(load.users)} connections"
    else:
        model = "1 user" if load.users == 1 else f"{format_count(load.users)} users"
    length = _requests(load.requests or 0) if load.duration is None else _length(load.duration)
    if load.early_stop and load.duration is not None:
        length = f"at most {length}"
    warmup = f" after {_length(load.warmup)} of warm-up" if load.warmup > 0 else ""
    think = f", {_think_words(load.think)}" if load.think.kind != "none" else ""
    return f"{model}{think}, {length}{warmup}"


def error_words(result: Result) -> str:
    """ "12 errors (0.1%): timeout 8, status 4 (503: 4)"."""
    failed = result.requests - result.ok
    if failed == 0:
        return "no errors"
    classes = sorted(result.errors.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{name} {format_count(count)}" for name, count in classes if count)
    statuses = _bad_statuses(result) if result.errors.get("status") else ""
    plural = "error" if failed == 1 else "errors"
    return f"{format_count(failed)} {plural} ({format_share(result.error_rate)}): {named}{statuses}"


def verdict_words(cases: Sequence[Case]) -> str:
    """One line for all: "FAIL: 1 of 3 limits does not hold; p95 has regressed"."""
    verdict = overall(cases)
    limits = [judged.verdict for case in cases for judged in case.judged]
    compared = [one for case in cases for one in case.comparison]
    if any(case.result.unreachable is not None for case in cases):
        return f"{verdict.value}: not measured"
    parts = [_limits_words(limits, verdict)] if verdict in limits else []
    if any(one.verdict is verdict for one in compared):
        parts.append(comparison_words(compared, verdict))
    if not parts:  # so it is a load's own, and none of its limits'
        return "INVALID: the client spoiled the measurement" if verdict is Verdict.INVALID else "measured, no limits"
    return f"{verdict.value}: {'; '.join(parts)}"


def _limits_words(verdicts: Sequence[Verdict], verdict: Verdict) -> str:
    if verdict is Verdict.PASS:
        all_hold = {1: "the limit holds", 2: "both limits hold"}
        return all_hold.get(len(verdicts), f"all {len(verdicts)} limits hold")
    many = verdicts.count(verdict)
    one, several = {
        Verdict.FAIL: ("does not hold", "do not hold"),
        Verdict.WARN: ("holds, but only just", "hold, but only just"),
        Verdict.INCONCLUSIVE: ("cannot be decided on so few requests",) * 2,
        Verdict.INVALID: ("cannot be judged: the client spoiled the measurement",) * 2,
    }[verdict]
    who = "the limit" if len(verdicts) == 1 else f"{many} of {len(verdicts)} limits"
    return f"{who} {one if many == 1 else several}"


def comparison_words(compared: Sequence[Compared], verdict: Verdict) -> str:
    """What the comparisons of the most alarming verdict come to: "p95 has regressed"."""
    if verdict is Verdict.PASS:
        return "nothing has regressed"
    these = [one for one in compared if one.verdict is verdict]
    if all(one.metric == EVERYTHING for one in these):
        return f"not compared with the {these[0].against}"
    who = title_of(these[0].metric) if len(these) == 1 else f"{len(these)} of {len(compared)} comparisons"
    if verdict is Verdict.FAIL:
        return f"{who} has regressed" if len(these) == 1 else f"{who} are regressions"
    what = f"compared with the {these[0].against}" if len(these) == 1 else "decided"
    return f"{who} cannot be {what}{': the client spoiled the measurement' if verdict is Verdict.INVALID else ''}"


def size_words(cases: Sequence[Case]) -> str:
    """ "3 tests · 5 loads · 12,582 requests"; tests only where some have several loads."""
    tests, loads = len({case.test for case in cases}), len(cases)
    parts = [f"{format_count(tests)} tests"] if 1 < tests != loads else []
    parts += ["1 load" if loads == 1 else f"{format_count(loads)} loads"]
    return " · ".join([*parts, _requests(sum(case.result.requests for case in cases))])


def notes(result: Result) -> list[str]:
    """What a reader must know before the figures: an early end, a spoiled measurement, resent requests."""
    found = []
    if result.interrupted and result.duration > 0:
        found.append(f"interrupted after {format_duration(result.duration)}: these figures are partial")
    elif result.interrupted:
        found.append("interrupted before the measurement began")
    elif result.early_stop is not None:
        found.append(_early_words(result, result.early_stop))
    found += list(result.client.causes)
    if result.cancelled:
        found.append(f"{_requests(result.cancelled)} cancelled in flight")
    if result.client.held_back:
        found.append(f"{format_count(result.client.held_back)} arrivals waited for a free connection")
    if result.resent:
        found.append(f"{_requests(result.resent)} resent by libcurl on a dead connection")
    return found


def _early_words(result: Result, early: EarlyStop) -> str:
    if early.after is not None:
        return f"stopped early, after {format_duration(early.after)}: every limit was decided"
    undecided = [title_of(one.metric) for one in early.decided if one.answer == "open"]
    most = _length(result.plan.load.duration or result.duration)
    return f"went on for its {most}: {', '.join(undecided) or 'something'} was not decided before"


def _length(seconds: float) -> str:
    """As people say it: "10 s", where a measured time would be "10.0 s"."""
    return f"{seconds:g} s" if seconds >= 1.0 else format_duration(seconds)


def _think_words(think: Think) -> str:
    if think.kind == "uniform":
        return f"thinking {_length(think.low)} to {_length(think.high)}"
    return f"thinking {_length(think.low)}{' on average' if think.kind == 'exponential' else ''}"


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{format_count(count)} requests"


def _bad_statuses(result: Result) -> str:
    bad = [(code, count) for code, count in sorted(result.statuses.items()) if not 200 <= code < 400]
    return f" ({', '.join(f'{code}: {format_count(count)}' for code, count in bad)})" if bad else ""
