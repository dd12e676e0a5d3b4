"""The books of a session: what each test ran, and what follows from it for the test.

Written by one thread, the one that runs the tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from perfplug.errors import LimitExceeded, TargetUnreachable, UsageError

if TYPE_CHECKING:
    from perfplug.against import Against
    from perfplug.comparer import Comparer
    from perfplug.comparing import Compared
    from perfplug.report import Case
    from perfplug.result import Result
    from perfplug.sla import Limit, Verdict


class Ledger:
    """Cases of all tests, in the order in which the tests began to measure."""

    def __init__(self) -> None:
        self.asked_for = False  # a performance test was to run, whether or not it came to measure anything
        self.comparer: Comparer | None = None  # when loads are to be compared with a baseline
        self.against: Against | None = None  # when they are to be compared with a base beside them
        self._cases: dict[str, tuple[Case, ...]] = {}
        self._unreachable: dict[str, str] = {}

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(case for cases in self._cases.values() for case in cases)

    def enter(self, test: str, cases: Iterable[Case]) -> None:
        """All cases of one test. They replace earlier ones: of a test that is run again, the last run counts."""
        self._cases[test] = tuple(cases)

    def check_reachable(self, origin: str) -> None:
        """TargetUnreachable, with the same line as the first time, when nothing answered at `origin` before."""
        if reason := self._unreachable.get(origin):
            raise TargetUnreachable(reason)

    def mark_unreachable(self, origin: str, reason: str) -> None:
        self._unreachable.setdefault(origin, reason)


class Loads:
    """The loads of one test: judged when they end, settled when the test does.

    ``test`` is its node id; ``name`` is for loads that have none of their own; ``file`` and ``line`` are its marker's.
    """

    def __init__(
        self,
        test: str,
        ledger: Ledger,
        *,
        limits: tuple[Limit, ...] = (),
        regression: float | None = None,
        name: str | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        self.test = test
        self.ledger = ledger
        self.limits = limits
        self.regression = regression
        self.name = name
        self.cases: list[Case] = []
        self._file = file
        self._line = line
        self._settled = 0
        self._names: set[str] = set()

    def unique_name(self, wanted: str) -> str:
        """ "GET /x", and "GET /x #2" for the second of this name."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted} #{number}"
        self._names.add(name)
        return name

    def add(self, result: Result, limits: tuple[Limit, ...], comparison: tuple[Compared, ...] = ()) -> Case:
        """Judges a result, compares it with the baseline if there is to be one, and enters it into the books.
        ``comparison`` is one that it comes with."""
        from perfplug.report import Case
        from perfplug.sla import judge

        case = Case.of(self.test, result, judge(result, limits), file=self._file, line=self._line)
        if self.ledger.comparer is not None:
            comparison += self.ledger.comparer.compare(case, regression=self.regression)
        if comparison:
            case = case.compared(comparison)
        self.cases.append(case)
        self.ledger.enter(self.test, self.cases)
        return case

    def require_a_load(self) -> None:
        """UsageError when the test has limits but nothing was measured that they could hold for."""
        if self.limits and not self.cases:
            words = ", ".join(limit.metric for limit in self.limits)
            raise UsageError(
                f"{self.test}: a limit without a load: the marker promises {words}, but the test has measured nothing; "
                "call perf.http(...) in it"
            )

    def settle(self, *, strict: bool) -> list[str]:
        """Judges the test by its loads since the last call. LimitExceeded when one of them fails it; else what could
        not be judged, a line each."""
        from perfplug.sla import Verdict

        fresh, self._settled = tuple(self.cases[self._settled :]), len(self.cases)
        undecided = frozenset({Verdict.INCONCLUSIVE, Verdict.INVALID})
        bad = frozenset({Verdict.FAIL}) | (undecided if strict else frozenset())
        if reasons := _reasons(fresh, bad):
            more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
            raise LimitExceeded(f"{reasons[0]}{more}\n{table(fresh)}")
        return _reasons(fresh, undecided)

    def give_up(self) -> str:
        """For a test that failed by itself: what it had measured since the last call to :meth:`settle`, as text."""
        fresh, self._settled = tuple(self.cases[self._settled :]), len(self.cases)
        return table(case for case in fresh if case.result.unreachable is None)


def table(cases: Iterable[Case]) -> str:
    """The loads and their limits as plain text, secrets masked; no newline at its end."""
    from perfplug.report import Report
    from perfplug.report.compact import of_case
    from perfplug.report.escape import console

    report = Report(environment={}, cases=tuple(cases))
    return console("\n".join(f"  {line.text}" for case in report.cases for line in of_case(case, report)))


def _reasons(cases: tuple[Case, ...], verdicts: frozenset[Verdict]) -> list[str]:
    """A line for each limit of one of these verdicts, for each such comparison, and for each such load without any."""
    from perfplug.comparing import summary
    from perfplug.report import Report
    from perfplug.report.escape import console, printable
    from perfplug.sla import describe

    redact = Report(environment={}, cases=cases).redactor()
    reasons = []
    for case in cases:
        if case.verdict in verdicts:
            found = [describe(judged) for judged in case.judged if judged.verdict in verdicts]
            found += summary([one for one in case.comparison if one.verdict in verdicts])
            reasons += [f"{case.result.name}: {reason}" for reason in found or [_unjudged(case)]]
    return [console(printable(redact(reason))) for reason in reasons]


def _unjudged(case: Case) -> str:
    return case.result.unreachable or f"{case.verdict.value} ({'; '.join(case.result.client.causes)})"
