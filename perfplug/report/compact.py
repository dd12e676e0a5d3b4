"""A load in a few lines of plain text: for a pytest failure, and for the summary at the end of a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfplug.comparing import Compared
from perfplug.report import Case, Report, wording
from perfplug.report.escape import printable
from perfplug.report.tables import aligned
from perfplug.sla import Judged, Verdict
from perfplug.units import format_count, format_duration, format_rate


@dataclass(frozen=True, slots=True)
class Line:
    """``verdict`` is the one that the line states, None when it states none. ``text`` is harmless and masked."""

    text: str
    verdict: Verdict | None = None


class CompactReport:
    """The :class:`perfplug.report.Reporter` of these lines, under the name of each test."""

    def render(self, report: Report) -> str:
        return "".join(f"{line.text}\n" for line in lines(report))


def lines(report: Report) -> Iterator[Line]:
    """Every test, its loads, their limits and comparisons."""
    test = None
    for case in report.cases:
        if case.test != test:
            test = case.test
            yield Line(printable(report.redactor()(test)))
        for line in of_case(case, report):
            yield Line("  " + line.text, line.verdict)


def of_case(case: Case, report: Report) -> Iterator[Line]:
    """One load and its limits. The report knows the secrets."""
    redact = report.redactor()
    for line in _load(case):
        yield Line(printable(redact(line.text)), line.verdict)


def _load(case: Case) -> Iterator[Line]:
    result = case.result
    if result.unreachable is not None:
        yield Line(f"{result.name}: {result.unreachable}", case.verdict)
        return
    yield Line(f"{result.name}: {_figures(case)}", case.verdict if not (case.judged or case.comparison) else None)
    for note in wording.notes(result):
        yield Line(f"  ! {note}")
    yield from _limits(case.judged)
    yield from _comparison(case.comparison)


def _figures(case: Case) -> str:
    result = case.result
    figures = [f"{format_count(result.requests)} requests", format_rate(result.throughput)]
    if result.latency.count:
        figures += [f"p{percent} {format_duration(result.percentile(percent))}" for percent in (50, 95, 99)]
    return ", ".join([*figures, wording.error_words(result)])


def _limits(limits: Sequence[Judged]) -> Iterator[Line]:
    yield from _columns(
        [
            (
                wording.limit_words(judged.limit),
                wording.observed_words(judged),
                wording.interval_words(judged),
                judged.verdict.value,
                _why(judged),
            )
            for judged in limits
        ],
        [judged.verdict for judged in limits],
    )


def _comparison(comparison: Sequence[Compared]) -> Iterator[Line]:
    yield from _columns([wording.comparison_cells(one) for one in comparison], [one.verdict for one in comparison])


def _columns(rows: Sequence[Sequence[str]], verdicts: Sequence[Verdict]) -> Iterator[Line]:
    for line, verdict in zip(aligned(rows), verdicts, strict=True):
        yield Line(f"  {line}", verdict)


def _why(judged: Judged) -> str:
    needed = f"about {format_count(judged.needed)} requests would decide" if judged.needed is not None else ""
    return "; ".join(part for part in (judged.cause, needed) if part)
