"""What became of each promise of a load, as pass, failure or skip: the one list from which JUnit's testcases, GitHub's
annotations and the rows of the job summary are made, so that they never tell different stories.

A limit that does not hold and a metric that has regressed are failures. A measurement that the client spoiled, and a
target that was never reached, are one failure each, beside which what could therefore not be judged is skipped: they
are no verdict on the service, but a reader that knows only pass and fail must not take them for a pass. INCONCLUSIVE
is skipped, and a failure when `strict` (``--perf-strict``) asks for that.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from perfplug import comparing
from perfplug.limits import title_of
from perfplug.report import Case
from perfplug.report.wording import limit_words
from perfplug.sla import Verdict, describe

UNREACHABLE = "unreachable"
_NOT_MEASURED = "not measured: the target could not be reached"


class State(enum.Enum):
    """As JUnit knows them."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``what`` was promised; ``kind`` is the verdict, or "unreachable". ``message`` is one line for people, not yet
    masked nor made inert; empty for what holds well."""

    what: str
    state: State
    kind: str
    message: str = ""


def outcomes(case: Case, *, strict: bool = False) -> Iterator[Outcome]:
    """At least one of each load; what spoiled all of it comes first."""
    if case.result.unreachable is not None:
        yield Outcome("target is reachable", State.FAILED, UNREACHABLE, case.result.unreachable)
        for judged in case.judged:
            yield Outcome(limit_words(judged.limit), State.SKIPPED, UNREACHABLE, _NOT_MEASURED)
        return
    if (spoiled := _spoiled(case)) is not None:
        yield Outcome("measurement is valid", State.FAILED, Verdict.INVALID.value, spoiled)
    elif not case.judged and not case.comparison:
        yield Outcome("measured, no limits", State.PASSED, case.verdict.value)
    for judged in case.judged:
        yield _outcome(limit_words(judged.limit), judged.verdict, describe(judged), strict)
    for one in case.comparison:
        what = f"{title_of(one.metric)} against the {one.against}"
        yield _outcome(what, one.verdict, comparing.describe(one), strict)


def failures(case: Case, *, strict: bool = False) -> list[Outcome]:
    return [outcome for outcome in outcomes(case, strict=strict) if outcome.state is State.FAILED]


def _spoiled(case: Case) -> str | None:
    """Why something about the load is INVALID, in one line; None when nothing is."""
    lines = [describe(judged) for judged in case.judged if judged.verdict is Verdict.INVALID]
    lines += [comparing.describe(one) for one in case.comparison if one.verdict is Verdict.INVALID]
    if not lines and case.verdict is not Verdict.INVALID:
        return None
    causes = "; ".join(case.result.client.causes)
    return f"the client spoiled the measurement: {causes}" if causes else (lines or [Verdict.INVALID.value])[0]


def _outcome(what: str, verdict: Verdict, message: str, strict: bool) -> Outcome:
    if verdict is Verdict.FAIL or (strict and verdict is Verdict.INCONCLUSIVE):
        return Outcome(what, State.FAILED, verdict.value, message)
    if verdict in (Verdict.INVALID, Verdict.INCONCLUSIVE):
        return Outcome(what, State.SKIPPED, verdict.value, message)
    return Outcome(what, State.PASSED, verdict.value, message if verdict is Verdict.WARN else "")
