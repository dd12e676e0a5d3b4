"""A run of a load against earlier ones: a verdict for each metric. Pure; the method is in docs/baselines.md.

FAIL: the metric is worse than the margin allows, at one-sided 99 % by Holm's procedure over all comparisons of the job.
PASS: at one-sided 95 % it is not worse than the tolerance. Else INCONCLUSIVE. Without ten earlier runs of the same
machine the spread between machines is assumed, and nothing passes. A FAIL under a client that spoiled the run is
INVALID. Error rates are compared as differences, all else as ratios.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from perfplug.limits import Verdict, format_metric, title_of
from perfplug.measurement import Figures
from perfplug.past import Past
from perfplug.stats import ALPHA, batches, differences, prediction
from perfplug.stats.holm import holm
from perfplug.stats.means import Estimate
from perfplug.stats.special import normal_quantile, t_quantile

Against = Literal["baseline", "base"]

EVERYTHING = "all"  # the metric of the one comparison that says there was nothing to compare with
ALARM = 0.01  # the chance of even one false alarm in a job
MARGIN = 0.03  # worse by less than that is never an alarm
TOLERANCE = 0.10  # a PASS has shown that it is not worse by more
MARGIN_RATE, TOLERANCE_RATE = 0.001, 0.01  # of error rates: percentage points, since most are 0
_SHORTER = 0.8  # of the earlier runs' requests: from here a run is as telling as they were
_TINY = 1e-9  # seconds: a logarithm for what is below the histogram's resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A metric against the baseline's, or against that of a base measured beside it.

    ``change`` is a share of theirs (0.12: 12 % more), for the error rate a difference of shares; ``low`` and ``high``
    bound it at 95 %. None is what there is not.
    """

    metric: str
    observed: float | None = None
    baseline: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    runs: int = 0  # of the baseline, that it rests on; pairs of blocks against a base
    verdict: Verdict = Verdict.INCONCLUSIVE
    cause: str = ""
    against: Against = "baseline"
    detectable: float | None = None  # against a base: the smallest change for the worse that 9 of 10 such jobs find


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A run, with its errors, and what it is compared with. ``regression`` is the share by which it may be worse (0.05:
    5 %), margin and tolerance in one; None: 3 % and 10 %."""

    now: Figures
    past: Past
    metrics: tuple[str, ...]
    regression: float | None = None

    @property
    def margin(self) -> float:
        if self.regression is not None:
            return math.log1p(self.regression)
        return math.log1p(MARGIN) if self.past.alike else 0.0

    @property
    def tolerance(self) -> float:
        return math.log1p(TOLERANCE if self.regression is None else self.regression)


@dataclass(frozen=True, slots=True)
class _Trial:
    """A comparison before Holm has spoken. ``p`` is of the hypothesis that it is not worse than its margin."""

    compared: Compared
    p: float | None = None
    holds: bool = False


def compare(pairs: Sequence[Pair], *, family: int = 0) -> list[tuple[Compared, ...]]:
    """The comparisons of each pair, in the order of its metrics.

    ``family`` is how many comparisons the whole job has, when these are not all of them; one that was already decided
    to be a FAIL need not be counted, since Holm's procedure is done with it.
    """
    trials = [_trials(pair) for pair in pairs]
    tested = [trial.p for row in trials for trial in row if trial.p is not None]
    family = max(family, len(tested))
    alarms = iter(holm([*tested, *[1.0] * (family - len(tested))], ALARM))
    return [
        tuple(_decided(trial, pair, family, trial.p is not None and next(alarms)) for trial in row)
        for row, pair in zip(trials, pairs, strict=True)
    ]


def unavailable(cause: str, *, against: Against = "baseline") -> tuple[Compared, ...]:
    """What a comparison comes to when there is nothing to compare with, and why."""
    return (Compared(metric=EVERYTHING, cause=cause, against=against),)


def describe(compared: Compared) -> str:
    """One line for people: "p95 112 ms, 100 ms in the baseline, +12% (+8.0% to +16%): FAIL"."""
    if compared.metric == EVERYTHING:
        line = f"not compared with the {compared.against}"
    else:
        now, before = (value_words(compared, value) for value in (compared.observed, compared.baseline))
        change = change_words(compared)
        line = f"{title_of(compared.metric)} {now}, {before} in the {compared.against}{f', {change}' if change else ''}"
    because = f" ({compared.cause})" if compared.cause else ""
    return f"{line}: {compared.verdict.value}{because}"


def summary(comparison: Sequence[Compared]) -> list[str]:
    """A line for each regression; the others a line for each cause, which mostly is the same for all."""
    lines = [describe(one) for one in comparison if one.verdict is Verdict.FAIL]
    others: dict[tuple[Verdict, str], list[Compared]] = {}
    for one in comparison:
        if one.verdict is not Verdict.FAIL:
            others.setdefault((one.verdict, one.cause), []).append(one)
    for (verdict, cause), these in others.items():
        if len(these) == 1:
            lines += map(describe, these)
        else:
            metrics = ", ".join(title_of(one.metric) for one in these)
            lines.append(f"{metrics} against the {these[0].against}: {verdict.value}{f' ({cause})' if cause else ''}")
    return lines


def value_words(compared: Compared, value: float | None) -> str:
    """A value of its metric for people; a dash when there is none."""
    return "-" if value is None else format_metric(compared.metric, value)


def change_words(compared: Compared) -> str:
    """ "+12% (+8.0% to +16%)"; of error rates in percentage points. Empty when there is none."""
    if compared.change is None:
        return ""
    points = compared.metric == "error_rate"
    change, low, high = (_percent(share, points) for share in (compared.change, compared.low, compared.high))
    unit = " points" if points else ""
    return f"{change}{unit} ({low} to {high})" if low and high else f"{change}{unit}"


def _percent(share: float | None, points: bool) -> str:
    if share is None:
        return ""
    percent = 100.0 * share
    return f"{percent:+.2g}" if points else f"{percent:{'+.0f' if abs(percent) >= 9.95 else '+.1f'}}%"


def _trials(pair: Pair) -> list[_Trial]:
    if not pair.past.runs:
        return [_Trial(one) for one in unavailable(pair.past.cause)]
    return [_error_trial(pair) if metric == "error_rate" else _ratio_trial(pair, metric) for metric in pair.metrics]


def _decided(trial: _Trial, pair: Pair, family: int, alarm: bool) -> Compared:
    compared, causes = trial.compared, pair.now.causes
    if alarm:
        if causes:
            return replace(compared, verdict=Verdict.INVALID, cause="; ".join(causes))
        return replace(compared, verdict=Verdict.FAIL, cause="" if pair.past.alike else pair.past.cause)
    if trial.p is not None and trial.p <= ALARM:
        return replace(compared, cause=f"alone it would be a regression; one of {family:,} comparisons may be chance")
    if not pair.past.alike:
        return compared if trial.p is None else replace(compared, cause=pair.past.cause)
    return replace(compared, verdict=Verdict.PASS, cause="") if trial.holds else compared


# --- ratios -----------------------------------------------------------------------------------------------------------


def _ratio_trial(pair: Pair, metric: str) -> _Trial:
    observed = pair.now.values[metric]
    before = [value for run in pair.past.runs if (value := run.values[metric]) is not None]
    compared = Compared(metric=metric, observed=observed, runs=len(before))
    if not before:
        return _Trial(replace(compared, cause="the baseline has no value of it"))
    if pair.past.alike and len(before) < prediction.RUNS:
        return _Trial(replace(compared, cause=f"only {len(before)} runs of the baseline have a value of it"))
    logs = [_worse(metric, value) for value in before]
    baseline = math.exp(_sign(metric) * math.fsum(logs) / len(logs))
    compared = replace(compared, baseline=baseline)
    if observed is None:
        failed = pair.now.requests - pair.now.ok
        cause = f"it lies among the {failed:,} failed requests" if failed else "no requests"
        return _Trial(replace(compared, cause=cause))
    shift = _shift(pair, metric, logs, _worse(metric, observed))
    if shift is None:
        return _Trial(replace(compared, change=observed / baseline - 1.0, cause=_unknown_error(pair)))
    ends = sorted(math.expm1(_sign(metric) * shift.bound(p)) for p in (ALPHA / 2.0, 1.0 - ALPHA / 2.0))
    compared = replace(compared, change=observed / baseline - 1.0, low=ends[0], high=ends[1], cause=_unsteady(shift))
    holds = shift.bound(1.0 - ALPHA) < pair.tolerance
    return _Trial(compared, prediction.p_above(shift, pair.margin), holds)


def _sign(metric: str) -> float:
    return -1.0 if metric == "throughput" else 1.0


def _worse(metric: str, value: float) -> float:
    """A value on the logarithmic scale on which more is worse."""
    return _sign(metric) * math.log(max(value, _TINY))


def _shift(pair: Pair, metric: str, before: Sequence[float], now: float) -> Estimate | None:
    """How much worse it is; None when so few requests cannot tell."""
    if pair.past.alike:
        extra = _extra_error(pair, metric)
        return None if extra is None else prediction.predicted(before, now, extra)
    errors = [run.errors[metric] for run in (pair.now, pair.past.runs[-1])]
    known = [error for error in errors if error is not None]
    return prediction.assumed(before, now, math.hypot(*known)) if len(known) == len(errors) else None


def _extra_error(pair: Pair, metric: str) -> float | None:
    """What a run has in sampling error beyond the earlier ones, whose own is part of their spread."""
    usual = sum(run.requests for run in pair.past.runs) / len(pair.past.runs)
    share = pair.now.requests / usual
    if share >= _SHORTER:
        return 0.0
    error = pair.now.errors[metric]
    return None if error is None else error * math.sqrt(1.0 - share)


def _unknown_error(pair: Pair) -> str:
    fewest = min(pair.now.requests, pair.past.runs[-1].requests)
    return f"{fewest:,} requests, as uneven as they were, are too few for it"


def _unsteady(shift: Estimate) -> str:
    reach = 100.0 * math.expm1(shift.error * t_quantile(1.0 - ALPHA, shift.freedom))
    return f"the baseline's runs differ so much that less than {reach:.2g}% cannot be told from chance"


# --- error rates ------------------------------------------------------------------------------------------------------


def _error_trial(pair: Pair) -> _Trial:
    now, runs = pair.now, [run for run in pair.past.runs if run.requests]
    if not runs or not now.requests:
        return _Trial(Compared(metric="error_rate", observed=now.values["error_rate"], cause="no requests"))
    new, old = _shares(now, runs)
    rate, before = new[0] / new[1], old[0] / old[1]
    low, high = differences.interval(new, old, -normal_quantile(ALPHA / 2.0))
    compared = Compared(
        metric="error_rate",
        observed=rate,
        baseline=before,
        change=rate - before,
        low=low,
        high=high,
        runs=len(runs),
        cause=f"{now.requests:,} requests cannot show that it is less than {TOLERANCE_RATE:.0%} more",
    )
    margin = MARGIN_RATE if pair.past.alike else TOLERANCE_RATE
    holds = differences.interval(new, old, -normal_quantile(ALPHA))[1] < TOLERANCE_RATE
    return _Trial(compared, differences.p_above(new, old, margin), holds)


def _shares(now: Figures, runs: Sequence[Figures]) -> tuple[differences.Share, differences.Share]:
    """Failed requests of this run and of the earlier ones together, at their effective sizes."""
    sizes, hits = [run.requests for run in runs], [run.requests - run.ok for run in runs]
    between = batches.design_effect(sizes, hits) if len(runs) > 1 else 1.0
    old, new = max(between, runs[-1].dependence), max(between, now.dependence)
    return ((now.requests - now.ok) / new, now.requests / new), (sum(hits) / old, sum(sizes) / old)
