"""The result as Markdown: the verdict, what was violated, every limit and figure, load levels, findings and what to do
about them. How text from outside is made inert is in :mod:`perfplug.report.markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfplug.findings import Finding, find, levels_of
from perfplug.report import Case, Report, wording
from perfplug.report.markup import SIGNS, Code, coder, load_of, signed, table
from perfplug.report.outcome import failures
from perfplug.sla import Verdict, overall
from perfplug.units import format_count, format_duration, format_rate, format_share


class MarkdownReport:
    """The :class:`perfplug.report.Reporter` of GitHub's Markdown."""

    def render(self, report: Report) -> str:
        code = coder(report.redactor())
        cases, findings = report.cases, find(report.cases)
        sections = {
            "Violations": _violations(cases, code),
            "Limits": _limits(cases, code),
            "Comparisons": _comparisons(cases, code),
            "By endpoint": _figures(cases, code),
            "Load levels": _levels(cases, code),
            "Findings": [f"- **{one.title}** ({code(one.load)}): {code(one.evidence)}" for one in findings],
            "Recommendations": _recommendations(findings, code),
            "Remarks": _remarks(cases, code),
        }
        parts = [[f"### {title}", "", *lines] for title, found in sections.items() if (lines := list(found))]
        parts = [_headline(report), *parts, list(_environment(report, code))]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _headline(report: Report) -> list[str]:
    if not report.cases:
        return [f"## {SIGNS[Verdict.INVALID]} nothing was measured"]
    verdict = f"{SIGNS[overall(report.cases)]} {wording.verdict_words(report.cases)}"
    return [f"## {verdict}", "", wording.size_words(report.cases)]


def _violations(cases: Sequence[Case], code: Code) -> Iterable[str]:
    """What failed, and what must not be taken for a pass."""
    return (f"- {load_of(case, code)}: {code(one.message)}" for case in cases for one in failures(case))


def _levels(cases: Sequence[Case], code: Code) -> Iterable[str]:
    """A row for each level of each request that was measured at several."""
    rows = []
    for levels in levels_of([case for case in cases if case.result.requests]):
        for case in levels.cases:
            result, first = case.result, case is levels.cases[0]
            times = (format_duration(result.percentile(p)) if result.ok else "-" for p in (50, 95, 99))
            name = code(result.name) if first else ""
            rate, errors = format_rate(result.throughput), format_share(result.error_rate)
            rows.append((name, levels.words(case), rate, errors, *times))
    return table(("endpoint", "level", "throughput", "errors", "p50", "p95", "p99"), rows)


def _recommendations(findings: Sequence[Finding], code: Code) -> Iterable[str]:
    """Each piece of advice once, with the loads it is for."""
    loads: dict[str, list[str]] = {}
    for one in findings:
        loads.setdefault(one.advice, []).append(one.load)
    return (f"- {advice} ({', '.join(map(code, dict.fromkeys(names)))})" for advice, names in loads.items())


def _limits(cases: Sequence[Case], code: Code) -> Iterable[str]:
    rows = [
        (
            load_of(case, code),
            code(wording.limit_words(judged.limit)),
            wording.observed_words(judged),
            wording.interval_words(judged),
            signed(judged.verdict),
        )
        for case in cases
        for judged in case.judged
    ]
    return table(("test", "limit", "observed", "95 % interval", "verdict"), rows)


def _comparisons(cases: Sequence[Case], code: Code) -> Iterable[str]:
    rows = []
    for case in cases:
        for one in case.comparison:
            *figures, _, cause = wording.comparison_cells(one)
            rows.append((load_of(case, code), *figures, signed(one.verdict), code(cause) if cause else ""))
    return table(("test", *wording.COMPARISON_HEAD), rows)


def _figures(cases: Sequence[Case], code: Code) -> Iterable[str]:
    names = ("requests", "errors", "rate", "p50", "p95", "p99", "p99.9", "max", "client delay p99")
    rows = []
    for case in cases:
        result = case.result
        times = (result.p50, result.p95, result.p99, result.p99_9, result.max)
        rows.append(
            (
                load_of(case, code),
                format_count(result.requests),
                format_count(result.requests - result.ok),
                format_rate(result.throughput),
                *(format_duration(time) if result.ok else "-" for time in times),
                format_duration(result.client.delay.quantile(0.99)),
            )
        )
    return table(("load", *names), rows)


def _remarks(cases: Sequence[Case], code: Code) -> Iterable[str]:
    """What a table cannot say: errors by class, spoiled figures, why a limit is undecided."""
    for case in cases:
        said = [case.result.unreachable] if case.result.unreachable is not None else wording.notes(case.result)
        if case.result.requests > case.result.ok:
            said.append(wording.error_words(case.result))
        said += [judged.cause for judged in case.judged if judged.cause and judged.cause not in said]
        yield from (f"- {load_of(case, code)}: {code(line)}" for line in said)


def _environment(report: Report, code: Code) -> Iterable[str]:
    rows = [(code(key), code(str(value))) for key, value in report.environment.items() if value is not None]
    if not rows:
        return []
    return ["<details><summary>Environment</summary>", "", *table(("what", "value"), rows), "", "</details>"]
