"""The result in a terminal: figures, a small histogram, the limits, and the verdict as the last line.

On a terminal in Unicode and colour; anywhere else in plain ASCII, in which no text from a URL, a server or a test
name can move the cursor or speak to a CI runner.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from perfplug.histogram import Histogram
from perfplug.report import Case, Report, chart, wording
from perfplug.report.escape import ascii_only, console, printable
from perfplug.report.redact import Redactor
from perfplug.report.tables import is_rich
from perfplug.result import PHASES
from perfplug.sla import Judged, Verdict, overall
from perfplug.units import format_count, format_duration, format_rate, format_size

STYLES = {  # of rich
    Verdict.PASS: "bold green",
    Verdict.WARN: "bold yellow",
    Verdict.INCONCLUSIVE: "bold magenta",
    Verdict.INVALID: "bold magenta",
    Verdict.FAIL: "bold red",
}
_COLUMNS = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999))
_WIDEST = 100
_CHART_WIDEST = 72
_CHART_NARROWEST = 60
_CHART_ROWS = 4
_PLAIN_WIDTH = 100
_NOTICEABLE = 1e-6  # seconds: a shorter delay is below what the histogram tells apart


class TerminalReport:
    """The :class:`perfplug.report.Reporter` of plain ASCII text, for logs and pipes."""

    def __init__(self, *, width: int = _PLAIN_WIDTH) -> None:
        self._width = width

    def render(self, report: Report) -> str:
        target = io.StringIO()
        _console(target, self._width, rich=False).print(_Page(report.redactor(), self._width, plain=True).all(report))
        lines = (line.rstrip() for line in target.getvalue().splitlines())
        return console(ascii_only("\n".join(lines))) + "\n"


def show(report: Report, stream: TextIO) -> None:
    """Prints the report to `stream`: as a terminal can show it when it is one, else as :class:`TerminalReport` does."""
    if not is_rich(stream):
        stream.write(TerminalReport().render(report))
        return
    width = min(shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns, _WIDEST)
    page = _Page(report.redactor(), width, plain=False).all(report)
    _console(stream, width, rich=True).print(page)


def _console(stream: TextIO, width: int, *, rich: bool) -> Console:
    if rich:
        return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    return Console(
        file=stream, width=width, markup=False, emoji=False, highlight=False, color_system=None, force_terminal=False
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """Builds what is printed. Every text that is not ours passes `_text`, every text at all `_cell`."""

    redact: Redactor
    width: int
    plain: bool

    def all(self, report: Report) -> RenderableType:
        parts: list[RenderableType] = [Text()]
        for case in report.cases:
            parts += [*self._case(case), Text()]
        verdict = overall(report.cases)
        judged = any(case.judged or case.comparison or case.verdict is not Verdict.PASS for case in report.cases)
        style = STYLES[verdict] if judged else "bold"
        return Group(*parts, self._cell(f" {wording.verdict_words(report.cases)}", style), Text())

    def _case(self, case: Case) -> Iterable[RenderableType]:
        result = case.result
        yield self._title(case)
        yield self._cell(f" {wording.load_words(result.plan.load)}, {result.transport} path", "dim")
        if result.unreachable is not None:
            yield self._cell(f" {self._text(result.unreachable)}", "red")
            return
        for note in wording.notes(result):
            yield self._cell(f" ! {self._text(note)}", "yellow")
        yield Text()
        yield from self._counts(case)
        if result.latency.count:
            yield Text()
            yield self._percentiles(case)
            yield Text()
            yield self._chart(result.latency)
        if case.judged:
            yield Text()
            yield self._limits(case)
        if case.comparison:
            yield Text()
            yield self._comparison(case)

    def _title(self, case: Case) -> Text:
        request, name = case.result.plan.request, case.result.name
        title = Text(" ")
        title.append_text(self._cell(f"{self._text(request.method)} {self._text(request.url)}", "bold"))
        if name not in ("", f"{request.method} {request.origin.label}"):
            title.append_text(self._cell(f" · {self._text(name)}", "cyan"))
        return title

    def _counts(self, case: Case) -> Iterable[Text]:
        result = case.result
        failed = result.requests - result.ok
        connections = "1 connection" if result.connections == 1 else f"{format_count(result.connections)} connections"
        line = Text()
        for text, style in (
            (f" {format_count(result.requests)} requests · {format_rate(result.throughput)}", "bold"),
            (f" · {format_size(result.bytes)} in {format_duration(result.duration)} · {connections} · ", ""),
            (f"{format_count(failed)} failed" if failed else "no errors", "red" if failed else "green"),
        ):
            line.append_text(self._cell(text, style))
        yield line
        if failed:
            yield self._cell(f" {self._text(wording.error_words(result))}", "red")

    def _percentiles(self, case: Case) -> RenderableType:
        result, client = case.result, case.result.client
        table = _table()
        table.add_column("", style="")
        for name in (*(name for name, _ in _COLUMNS), "max", "mean"):
            table.add_column(self._cell(name, "dim"), justify="right")
        self._row(table, "latency", result.latency, "bold")
        if _shown(result.service) != _shown(result.latency):
            self._row(table, "service", result.service, "")
        for phase in PHASES:
            # Phases that take no time worth a row (a kept-alive connection dials once) would only push the others away.
            if result.phases[phase].quantile(0.5) >= 0.02 * result.p50 or phase == "wait":
                self._row(table, f"  {phase}", result.phases[phase], "dim")
        self._row(table, "client delay", client.delay, "dim")
        if client.late.max >= _NOTICEABLE:
            self._row(table, "client late", client.late, "dim")
        return table

    def _row(self, table: Table, name: str, histogram: Histogram, style: str) -> None:
        if histogram.count == 0:
            return
        table.add_row(self._cell(name, style), *(self._cell(value, style) for value in _shown(histogram)))

    def _chart(self, histogram: Histogram) -> RenderableType:
        # Columns too narrow for the number of requests would show chance and not the shape.
        enough = max(int(4 * histogram.count ** (1 / 3)), _CHART_NARROWEST)
        width = max(min(self.width - 4, _CHART_WIDEST, enough), 20)
        glyphs = chart.ASCII if self.plain else chart.UNICODE
        drawn = chart.draw(histogram, width=width, height=_CHART_ROWS, glyphs=glyphs)
        lines = []
        for row in drawn.rows:
            line = Text(row, style="green", no_wrap=True)
            line.stylize("yellow", drawn.p95 + 1, drawn.p99 + 1)
            line.stylize("red", drawn.p99 + 1)
            lines.append(line)
        lines += [Text(drawn.axis, style="dim", no_wrap=True), self._cell(drawn.labels, "dim")]
        return Padding(Group(*lines), (0, 0, 0, 1))

    def _limits(self, case: Case) -> RenderableType:
        table = _table()
        for name in ("limit", "observed", "95 % interval", "verdict", ""):
            table.add_column(self._cell(name, "dim"), justify="right" if name == "observed" else "left")
        for judged in case.judged:
            table.add_row(
                self._cell(wording.limit_words(judged.limit), "bold"),
                self._cell(wording.observed_words(judged), ""),
                self._cell(wording.interval_words(judged), "dim"),
                self._cell(judged.verdict.value, STYLES[judged.verdict]),
                self._cell(self._text(_hint(judged, case.result.client.causes)), "dim"),
            )
        return table

    def _comparison(self, case: Case) -> RenderableType:
        table = _table()
        for name in wording.COMPARISON_HEAD:
            table.add_column(self._cell(name, "dim"), justify="right" if name in ("observed", "before") else "left")
        for one in case.comparison:
            cells = wording.comparison_cells(one)
            styles = ("bold", "", "", "dim", STYLES[one.verdict], "dim")
            table.add_row(*(self._cell(self._text(cell), style) for cell, style in zip(cells, styles, strict=True)))
        return table

    def _text(self, text: str) -> str:
        return printable(self.redact(text))

    def _cell(self, text: str, style: str) -> Text:
        return Text(ascii_only(text) if self.plain else text, style=style)


def _hint(judged: Judged, said: Sequence[str]) -> str:
    """Why, and what would decide; a cause that was `said` above the figures is not said again."""
    parts = [] if judged.cause in ("", "; ".join(said), *said) else [judged.cause]
    if judged.needed is not None:
        parts.append(f"about {format_count(judged.needed)} requests would decide")
    return "; ".join(parts)


def _shown(histogram: Histogram) -> list[str]:
    """The figures of a row, as they are shown."""
    values = (*(histogram.quantile(q) for _, q in _COLUMNS), histogram.max, histogram.mean)
    return [format_duration(value) for value in values]


def _table() -> Table:
    return Table(box=None, pad_edge=True, padding=(0, 2, 0, 1), collapse_padding=True)
