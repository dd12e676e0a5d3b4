"""The result as CSV, a row for each load, and in a second table one for each row of its timeline: for spreadsheets,
which must not take any text for a formula.

Times are seconds, rates per second, shares 0 to 1; a cell without a value is empty.
"""

from __future__ import annotations

import csv
import io
import math

from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.redact import Redactor
from perfplug.report.timeline import rows
from perfplug.report.wording import limit_words
from perfplug.result import Slice

COLUMNS = (
    "test", "name", "verdict", "limits", "url", "started_at", "duration", "requests", "ok", "errors", "error_rate",
    "throughput", "min", "mean", "stdev", "p50", "p90", "p95", "p99", "p99_9", "max", "client_delay_p99",
    "client_valid",
)  # fmt: skip
TIMELINE_COLUMNS = (
    "test", "name", "start", "width", "requests", "errors", "throughput", "bytes", "mean", "p50", "p95", "p99", "max",
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


class TimelineCsvReport:
    """The :class:`perfplug.report.Reporter` of the timelines. ``start`` is since the start of the measurement; requests
    stand in the row in which they were answered."""

    def render(self, report: Report) -> str:
        redact = report.redactor()
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow(TIMELINE_COLUMNS)
        for case in report.cases:
            names = [inert_cell(redact(case.test)), inert_cell(redact(case.result.name))]
            for part in rows(case.result):
                writer.writerow([*names, *_timeline_cells(part)])
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


def _timeline_cells(part: Slice) -> list[str]:
    latency = part.latency
    good = part.requests - part.errors
    times = [""] * 4
    if latency is not None and latency.count:
        times = [number_cell(latency.quantile(q)) for q in (0.5, 0.95, 0.99, 1.0)]
    return [
        number_cell(part.start),
        number_cell(part.width),
        str(part.requests),
        str(part.errors),
        number_cell(good / part.width) if part.width > 0.0 else "",
        str(part.bytes),
        number_cell(part.latency_sum / good) if good else "",
        *times,
    ]


def inert_cell(text: str) -> str:
    """One line that a spreadsheet takes for text: an apostrophe before what could begin a formula."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def number_cell(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""
