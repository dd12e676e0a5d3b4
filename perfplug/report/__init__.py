"""Reports: what they are made from, and the one protocol behind which every form stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from perfplug.comparing import Compared
from perfplug.report.redact import Redactor, redactor
from perfplug.result import Result
from perfplug.sla import HasVerdict, Judged, Verdict, overall


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One load of one test (or of the runner), judged. ``line`` is 1-based, at the marker; None in the runner.

    ``comparison`` is with a baseline, when one was asked for; ``verdict`` is of limits and comparison together.
    """

    test: str  # pytest's node id, or the runner's target
    result: Result
    judged: tuple[Judged, ...]
    verdict: Verdict
    comparison: tuple[Compared, ...] = ()
    file: str | None = None
    line: int | None = None

    @classmethod
    def of(
        cls,
        test: str,
        result: Result,
        judged: tuple[Judged, ...],
        *,
        file: str | None = None,
        line: int | None = None,
    ) -> Case:
        """With the verdict that follows. Without limits the figures themselves were asked for: spoiled ones are
        INVALID."""
        spoiled = result.unreachable is not None or (not judged and not result.client.valid)
        verdict = Verdict.INVALID if spoiled else overall(judged)
        return cls(test=test, result=result, judged=judged, verdict=verdict, file=file, line=line)

    def compared(self, comparison: tuple[Compared, ...]) -> Case:
        """The same with a comparison, whose verdict counts as well."""
        worst: list[HasVerdict] = [self, *comparison]
        return replace(self, comparison=comparison, verdict=overall(worst))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one invocation measured. ``environment`` is the fingerprint of :mod:`perfplug.environment`.

    ``secret_headers`` are names of request headers that the user marked as secret, beside those that always are.
    """

    environment: Mapping[str, object]
    cases: tuple[Case, ...]
    secret_headers: tuple[str, ...] = ()

    @property
    def started_at(self) -> float:
        """When its first load began, in epoch seconds; 0 without any."""
        return min((case.result.started_at for case in self.cases), default=0.0)

    def redactor(self) -> Redactor:
        """Masks the secrets of all requests in this report; every form passes every text through it."""
        return redactor((case.result.plan.request for case in self.cases), self.secret_headers)


class Reporter(Protocol):
    """A form of report. ``render`` is pure; :func:`perfplug.report.files.write` puts it into a file."""

    def render(self, report: Report) -> str: ...
