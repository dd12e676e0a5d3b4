"""The same request at several levels of load: where throughput stops growing, and where errors begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from perfplug.findings.finding import Finding
from perfplug.report import Case
from perfplug.report.wording import error_words
from perfplug.units import format_count, format_duration, format_rate, format_share

_MORE = 1.25  # times the load: a smaller step tells nothing
_STANDS_STILL = 1.1  # times the throughput
_WAITS_LONGER = 1.25  # times the median wait
_NOT_MET = 0.9  # of the arrivals: fewer good answers are too few
_NO_ERRORS, _ERRORS = 0.001, 0.01  # shares of the requests


@dataclass(frozen=True, slots=True)
class Levels:
    """Loads of one request that differ in how much, rising. ``rate``: arrivals a second; else users."""

    cases: tuple[Case, ...]
    rate: bool

    def level(self, case: Case) -> float:
        load = case.result.plan.load
        return load.rate or 0.0 if self.rate else float(load.users)

    def words(self, case: Case) -> str:
        """ "20 users", "500/s"."""
        if self.rate:
            return format_rate(self.level(case))
        users = case.result.plan.load.users
        return "1 user" if users == 1 else f"{format_count(users)} users"


def levels_of(cases: Sequence[Case]) -> tuple[Levels, ...]:
    """Every row of at least two levels. Of loads at the same level, the one with the most requests stands for it."""
    rows: dict[object, dict[float, Case]] = {}
    for case in cases:
        load, request = case.result.plan.load, case.result.plan.request
        alike = replace(load, users=1, rate=load.rate and 1.0, duration=None, requests=1, warmup=0.0, seed=1)
        level = load.rate if load.rate is not None else float(load.users)
        row = rows.setdefault((request.method, request.url, request.body, request.http, alike), {})
        if level not in row or row[level].result.requests < case.result.requests:
            row[level] = case
    found = ([row[level] for level in sorted(row)] for row in rows.values() if len(row) > 1)
    return tuple(Levels(tuple(row), row[0].result.plan.load.rate is not None) for row in found)


def saturation(levels: Levels) -> Iterator[Finding]:
    """``saturation``: with a quarter more users or more throughput grew by less than a tenth while waiting grew by a
    quarter or more; with arrivals, less than nine tenths of them were answered well."""
    if levels.rate:
        yield from _unmet(levels)
        return
    for lower, upper in pairwise(levels.cases):
        before, after = lower.result, upper.result
        wait, longer = before.phases["wait"].quantile(0.5), after.phases["wait"].quantile(0.5)
        stands_still = 0.0 < after.throughput < _STANDS_STILL * before.throughput
        if levels.level(upper) < _MORE * levels.level(lower) or not stands_still or longer < _WAITS_LONGER * wait:
            continue
        yield Finding(
            rule="saturation",
            test=upper.test,
            load=after.name,
            title=f"The service is saturated at about {levels.words(lower)}",
            evidence=(
                f"from {levels.words(lower)} to {levels.words(upper)} throughput went from "
                f"{format_rate(before.throughput)} to {format_rate(after.throughput)}, the median wait from "
                f"{format_duration(wait)} to {format_duration(longer)}"
            ),
            advice="More users only wait longer: add capacity, or find the lock, pool or core that is full.",
        )
        return


def _unmet(levels: Levels) -> Iterator[Finding]:
    for case in levels.cases:
        result, rate = case.result, levels.level(case)
        if result.throughput >= _NOT_MET * rate or not result.client.valid:
            continue
        yield Finding(
            rule="saturation",
            test=case.test,
            load=result.name,
            title=f"The service does not keep up with {levels.words(case)}",
            evidence=f"of {levels.words(case)} arriving, {format_rate(result.throughput)} were answered well",
            advice="Add capacity, or promise the highest rate below this one that was met.",
        )
        return


def errors_begin(levels: Levels) -> Iterator[Finding]:
    """``errors-begin``: below a level (almost) nothing fails, at it one request in a hundred or more."""
    fine: Case | None = None
    for case in levels.cases:
        share = case.result.error_rate
        if share < _NO_ERRORS:
            fine = case
        elif share < _ERRORS:
            continue
        else:
            if fine is None:
                return
            yield Finding(
                rule="errors-begin",
                test=case.test,
                load=case.result.name,
                title=f"Errors begin at {levels.words(case)}",
                evidence=(
                    f"{format_share(fine.result.error_rate)} failed at {levels.words(fine)}; "
                    f"at {levels.words(case)} {error_words(case.result)}"
                ),
                advice="Look at what the first failing class names: a full queue or pool, a time-out, a rate limit.",
            )
            return
