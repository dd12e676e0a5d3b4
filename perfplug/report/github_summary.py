"""The job summary of GitHub Actions, and the comment on a pull request: the verdict, a row for each failure, then the
figures of each load and what held; as much of it as fits, from the top.

GitHub takes 1 MiB of summary from a step and 65,536 characters of comment, and throws away what is larger. All
figures are in the other reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfplug.report import Case, Report, wording
from perfplug.report.markup import SIGNS, Code, coder, load_of, signed, table
from perfplug.report.outcome import Outcome, State, outcomes
from perfplug.sla import Verdict, overall
from perfplug.units import format_count, format_duration, format_rate

SUMMARY_BYTES = 1024 * 1024
COMMENT_BYTES = 60_000  # bytes are never fewer than characters

_NOTE_BYTES = 200  # kept free for saying what was left out
_STATE_SIGNS = {State.FAILED: "❌", State.SKIPPED: "❔", State.PASSED: "✅"}


@dataclass(frozen=True, slots=True)
class _Section:
    """A table that may be cut short: lines before its rows, the rows, lines after them."""

    before: Sequence[str]
    rows: Sequence[str]
    after: Sequence[str] = ()


class SummaryReport:
    """The :class:`perfplug.report.Reporter` of summaries. ``limit`` is bytes of UTF-8, ``title`` already Markdown."""

    def __init__(self, *, strict: bool = False, limit: int = SUMMARY_BYTES, title: str = "") -> None:
        self._strict = strict
        self._limit = limit
        self._title = title

    def render(self, report: Report) -> str:
        code = coder(report.redactor())
        found = [(case, outcome) for case in report.cases for outcome in outcomes(case, strict=self._strict)]
        failed = [(case, outcome) for case, outcome in found if outcome.state is State.FAILED]
        others = [(case, outcome) for case, outcome in found if outcome.state is not State.FAILED]
        sections = [
            _Section([f"## {self._headline(report)}"], []),
            _section(("", "failed", "test", "where", "what was seen"), [_cells(*one, code) for one in failed]),
            _section(_FIGURES, list(_figures(report.cases, code))),
            _folded(
                f"{len(others)} more", ("", "promised", "test", "where", ""), [_cells(*one, code) for one in others]
            ),
            _folded("Environment", ("what", "value"), list(_environment(report, code))),
        ]
        return _fitting([section for section in sections if section.before], self._limit)

    def _headline(self, report: Report) -> str:
        title = f"{self._title}: " if self._title else ""
        if not report.cases:
            return f"{SIGNS[Verdict.INVALID]} {title}nothing was measured"
        return f"{SIGNS[overall(report.cases)]} {title}{wording.verdict_words(report.cases)}"


def _cells(case: Case, outcome: Outcome, code: Code) -> tuple[str, ...]:
    where = "" if case.file is None else code(f"{case.file}:{case.line or 1}")
    message = code(outcome.message) if outcome.message else outcome.kind
    return (_STATE_SIGNS[outcome.state], code(outcome.what), load_of(case, code), where, message)


_FIGURES = ("load", "verdict", "requests", "errors", "rate", "p50", "p95", "p99", "max", "client delay p99")


def _figures(cases: Sequence[Case], code: Code) -> Iterator[tuple[str, ...]]:
    for case in cases:
        result = case.result
        yield (
            load_of(case, code),
            signed(case.verdict),
            format_count(result.requests),
            code(wording.error_words(result)) if result.requests > result.ok else "0",
            format_rate(result.throughput),
            *(format_duration(result.percentile(p)) if result.ok else "-" for p in (50, 95, 99)),
            format_duration(result.max) if result.ok else "-",
            format_duration(result.client.delay.quantile(0.99)) if result.client.delay.count else "-",
        )


def _environment(report: Report, code: Code) -> Iterator[tuple[str, ...]]:
    return ((code(key), code(str(value))) for key, value in report.environment.items() if value is not None)


def _section(head: Sequence[str], rows: Sequence[Sequence[str]]) -> _Section:
    """Empty when there are no rows."""
    lines = table(head, rows)
    return _Section(["", *lines[:2]], lines[2:]) if lines else _Section([], [])


def _folded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> _Section:
    inner = _section(head, rows)
    if not inner.before:
        return inner
    opening = ["", f"<details><summary>{title}</summary>", *inner.before]
    return _Section(opening, inner.rows, ["", "</details>"])


def _fitting(sections: Sequence[_Section], limit: int) -> str:
    """As many rows as fit, from the top; how many do not is the last line."""
    room = limit - _NOTE_BYTES
    lines: list[str] = []
    left_out = 0
    for section in sections:
        room -= _size([*section.before, *section.after])
        kept = 0
        while room >= 0 and kept < len(section.rows) and (size := _size([section.rows[kept]])) <= room:
            room -= size
            kept += 1
        if kept or (room >= 0 and not section.rows):
            lines += [*section.before, *section.rows[:kept], *section.after]
        left_out += len(section.rows) - kept
        if kept < len(section.rows):
            room = -1  # what is below is less important than what was just left out
    if left_out:
        lines += ["", f"{format_count(left_out)} more rows do not fit here; the report files hold all of them."]
    return "".join(f"{line}\n" for line in lines)


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
