"""Annotations for GitHub Actions: workflow commands that the runner shows at the marker of a failed test.

One ``::error`` for each failure of :mod:`perfplug.report.outcome`, and one ``::warning`` for each load about which
something could not be decided. GitHub shows ten of either a step; all of them stand in the log. The form is that of
https://docs.github.com/actions/reference/workflow-commands-for-github-actions; of what it allows to stand for itself,
``%``, CR and LF are escaped in a message, and ``:`` and ``,`` as well in a property.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.outcome import Outcome, State, outcomes
from perfplug.report.redact import Redactor
from perfplug.sla import Verdict

Kind = Literal["error", "warning", "notice"]

_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def command(kind: Kind, message: str, **properties: str) -> str:
    """One workflow command, of whatever texts. Control characters are shown as escapes."""
    named = ",".join(f"{name}={printable(value).translate(_PROPERTY)}" for name, value in properties.items() if value)
    return f"::{kind}{f' {named}' if named else ''}::{printable(message).translate(_MESSAGE)}"


class AnnotationReport:
    """The :class:`perfplug.report.Reporter` of annotations, failures first.

    ``folder`` is where the tests' files are relative to, itself relative to the repository's root, with "/" between its
    parts; "" when it is that root.
    """

    def __init__(self, *, strict: bool = False, folder: str = "") -> None:
        self._strict = strict
        self._folder = folder

    def render(self, report: Report) -> str:
        redact = report.redactor()
        found = [(case, list(outcomes(case, strict=self._strict))) for case in report.cases]
        lines = [line for case, these in found for line in self._errors(case, these, redact)]
        lines += [line for case, these in found for line in self._warning(case, these, redact)]
        return "".join(f"{line}\n" for line in lines)

    def _errors(self, case: Case, these: list[Outcome], redact: Redactor) -> Iterator[str]:
        for outcome in these:
            if outcome.state is State.FAILED:
                title = f"{outcome.kind}: {outcome.what}"
                yield command("error", redact(_told(case, outcome.message)), **self._place(case, redact, title))

    def _warning(self, case: Case, these: list[Outcome], redact: Redactor) -> Iterator[str]:
        undecided = [
            outcome.message
            for outcome in these
            if outcome.state is State.SKIPPED and outcome.kind == Verdict.INCONCLUSIVE.value
        ]
        if undecided:
            place = self._place(case, redact, Verdict.INCONCLUSIVE.value)
            yield command("warning", redact(_told(case, "; ".join(undecided))), **place)

    def _place(self, case: Case, redact: Redactor, title: str) -> Mapping[str, str]:
        if case.file is None:
            return {"title": redact(title)}
        file = case.file if case.file.startswith("/") or not self._folder else f"{self._folder}/{case.file}"
        return {"file": redact(file), "line": str(case.line or 1), "title": redact(title)}


def _told(case: Case, message: str) -> str:
    return f"{case.test}, {case.result.name}: {message}"
