"""The result as Markdown, for job summaries and comments: the verdict, every limit, figures, failures, environment.

Text from URLs, servers and test names stands in ``<code>`` with its punctuation as character references, so that it is
no markup, no link, no mention and no cell border, whichever Markdown reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from perfplug.report import Case, Report, wording
from perfplug.report.escape import printable
from perfplug.report.redact import Redactor
from perfplug.sla import Verdict, overall
from perfplug.units import format_count, format_duration, format_rate

_SIGNS = {
    Verdict.PASS: "✅",
    Verdict.WARN: "⚠️",
    Verdict.INCONCLUSIVE: "❔",
    Verdict.INVALID: "🚫",
    Verdict.FAIL: "❌",
}
_HARMLESS = frozenset(" -/")

_Code = Callable[[str], str]


class MarkdownReport:
    """The :class:`perfplug.report.Reporter` of GitHub's Markdown."""

    def render(self, report: Report) -> str:
        code = _coder(report.redactor())
        verdict = overall(report.cases)
        parts = [
            [f"## {_SIGNS[verdict]} {wording.verdict_words(report.cases)}"],
            list(_limits(report.cases, code)),
            list(_comparisons(report.cases, code)),
            list(_figures(report.cases, code)),
            list(_remarks(report.cases, code)),
            list(_environment(report, code)),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _coder(redact: Redactor) -> _Code:
    def code(text: str) -> str:
        shown = printable(redact(text)) or " "
        return "<code>" + "".join(c if c.isalnum() or c in _HARMLESS else f"&#{ord(c)};" for c in shown) + "</code>"

    return code


def _limits(cases: Sequence[Case], code: _Code) -> Iterable[str]:
    rows = [
        (
            _where(case, code),
            code(wording.limit_words(judged.limit)),
            wording.observed_words(judged),
            wording.interval_words(judged),
            f"{_SIGNS[judged.verdict]} {judged.verdict.value}",
        )
        for case in cases
        for judged in case.judged
    ]
    return _table(("test", "limit", "observed", "95 % interval", "verdict"), rows)


def _comparisons(cases: Sequence[Case], code: _Code) -> Iterable[str]:
    rows = []
    for case in cases:
        for one in case.comparison:
            metric, observed, change, verdict, cause = wording.comparison_cells(one)
            signed = f"{_SIGNS[one.verdict]} {verdict}"
            rows.append((_where(case, code), metric, observed, change, signed, code(cause) if cause else ""))
    return _table(("test", "metric", "observed", "compared", "verdict", ""), rows)


def _figures(cases: Sequence[Case], code: _Code) -> Iterable[str]:
    names = ("requests", "errors", "rate", "p50", "p95", "p99", "p99.9", "max", "client delay p99")
    rows = []
    for case in cases:
        result = case.result
        times = (result.p50, result.p95, result.p99, result.p99_9, result.max)
        rows.append(
            (
                _where(case, code),
                format_count(result.requests),
                format_count(result.requests - result.ok),
                format_rate(result.throughput),
                *(format_duration(time) if result.ok else "-" for time in times),
                format_duration(result.client.delay.quantile(0.99)),
            )
        )
    return _table(("load", *names), rows)


def _remarks(cases: Sequence[Case], code: _Code) -> Iterable[str]:
    """What a table cannot say: errors by class, spoiled figures, why a limit is undecided."""
    for case in cases:
        said = [case.result.unreachable] if case.result.unreachable is not None else wording.notes(case.result)
        if case.result.requests > case.result.ok:
            said.append(wording.error_words(case.result))
        said += [judged.cause for judged in case.judged if judged.cause and judged.cause not in said]
        yield from (f"- {_where(case, code)}: {code(line)}" for line in said)


def _environment(report: Report, code: _Code) -> Iterable[str]:
    rows = [(code(key), code(str(value))) for key, value in report.environment.items() if value is not None]
    if not rows:
        return []
    return ["<details><summary>Environment</summary>", "", *_table(("what", "value"), rows), "", "</details>"]


def _where(case: Case, code: _Code) -> str:
    return code(case.test) if case.result.name in ("", case.test) else f"{code(case.test)} {code(case.result.name)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [_row(row) for row in rows]
    return [_row(head), _row(["---"] * len(head)), *lines] if lines else []


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
