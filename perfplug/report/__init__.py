"""Reports: what they are made from, and the one protocol behind which every form stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from perfplug.report.redact import Redactor, redactor
from perfplug.result import Result
from perfplug.sla import Judged, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One load of one test (or of the runner), judged. ``line`` is 1-based, at the marker; None in the runner."""

    test: str  # pytest's node id, or the runner's target
    result: Result
    judged: tuple[Judged, ...]
    verdict: Verdict
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one invocation measured. ``environment`` is the fingerprint of :mod:`perfplug.environment`.

    ``secret_headers`` are names of request headers that the user marked as secret, beside those that always are.
    """

    environment: Mapping[str, object]
    cases: tuple[Case, ...]
    secret_headers: tuple[str, ...] = ()

    def redactor(self) -> Redactor:
        """Masks the secrets of all requests in this report; every form passes every text through it."""
        return redactor((case.result.plan.request for case in self.cases), self.secret_headers)


class Reporter(Protocol):
    """A form of report. ``render`` is pure; :func:`perfplug.report.files.write` puts it into a file."""

    def render(self, report: Report) -> str: ...
