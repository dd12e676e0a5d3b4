"""The result as Markdown: the verdict, every limit, figures, failures, environment. How text from outside is made
inert is in :mod:`perfplug.report.markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfplug.report import Case, Report, wording
from perfplug.report.markup import SIGNS, Code, coder, load_of, signed, table
from perfplug.sla import overall
from perfplug.units import format_count, format_duration, format_rate


class MarkdownReport:
    """The :class:`perfplug.report.Reporter` of GitHub's Markdown."""

    def render(self, report: Report) -> str:
        code = coder(report.redactor())
        verdict = overall(report.cases)
        parts = [
            [f"## {SIGNS[verdict]} {wording.verdict_words(report.cases)}"],
            list(_limits(report.cases, code)),
            list(_comparisons(report.cases, code)),
            list(_figures(report.cases, code)),
            list(_remarks(report.cases, code)),
            list(_environment(report, code)),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


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
