"""The result as CSV, a row for each load: for spreadsheets, which must not take any text for a formula.

Times are seconds, rates per second, shares 0 to 1; a cell without a value is empty.
"""

from __future__ import annotations

import csv
import io
import math

from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.redact import Redactor
from perfplug.report.wording import limit_words

COLUMNS = (
    "test", "name", "verdict", "limits", "url", "started_at", "duration", "requests", "ok", "errors", "error_rate",
    "throughput", "min", "mean", "stdev", "p50", "p90", "p95", "p99", "p99_9", "max", "client_delay_p99",
    "client_valid",
)  # fmt: skip
_TIMES = ("min", "mean", "stdev", "p50", "p90", "p95", "p99", "p99_9", "max")
# What spreadsheets begin a formula with; the last four are the full-width forms.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # fmt: skip


class CsvReport:
    """The :class:`perfplug.report.Reporter` of comma-separated values, as RFC 4180 has them."""

    def render(self, report: Report) -> str:
        redact = report.redactor()
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for case in report.cases:
            cells = _cells(case, redact)
            writer.writerow([cells[column] for column in COLUMNS])
        return target.getvalue()


def _cells(case: Case, redact: Redactor) -> dict[str, str]:
    result = case.result
    limits = "; ".join(f"{limit_words(judged.limit)}: {judged.verdict.value}" for judged in case.judged)
    return {
        "test": inert_cell(redact(case.test)),
        "name": inert_cell(redact(result.name)),
        "verdict": case.verdict.value,
        "limits": inert_cell(redact(limits)),
        "url": inert_cell(redact.url(result.plan.request.url)),
        "started_at": number_cell(result.started_at),
        "duration": number_cell(result.duration),
        "requests": str(result.requests),
        "ok": str(result.ok),
        "errors": str(result.requests - result.ok),
        "error_rate": number_cell(result.error_rate),
        "throughput": number_cell(result.throughput),
        **{name: number_cell(getattr(result, name)) if result.ok else "" for name in _TIMES},
        "client_delay_p99": number_cell(result.client.delay.quantile(0.99)) if result.client.delay.count else "",
        "client_valid": str(result.client.valid).lower(),
    }


def inert_cell(text: str) -> str:
    """One line that a spreadsheet takes for text: an apostrophe before what could begin a formula."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def number_cell(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""
