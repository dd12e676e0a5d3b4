"""The parts of the HTML report that stand without any script: verdict, tables, sentences.

Every text from outside passes ``Markup.text``: secrets masked, control characters visible, markup escaped.
"""

from __future__ import annotations

import datetime
import html
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfplug.comparing import Compared
from perfplug.findings import Finding
from perfplug.report import Case, Report, wording
from perfplug.report.escape import printable
from perfplug.report.outcome import failures
from perfplug.report.redact import Redactor
from perfplug.sla import Judged, Verdict, overall
from perfplug.units import format_count, format_duration, format_rate, format_share, format_size

_DASH = "–"
_BREAKS, _BREAK = re.compile(r"(::|[/_])"), r"\1<wbr>"
_SHOWN = 5  # lines of evidence; more are a click away
_ENVIRONMENT = {"cpu": "CPU", "ci": "CI", "cpu_quota": "CPU quota", "libcurl": "libcurl", "perfplug": "perfplug"}


def anchor(at: int) -> str:
    """The id of the load at this place in the report."""
    return f"load-{at + 1}"


@dataclass(frozen=True, slots=True)
class Markup:
    """Makes pieces of HTML. Knows the secrets of the report."""

    redact: Redactor

    def text(self, text: str) -> str:
        return html.escape(self.plain(text), quote=True)

    def plain(self, text: str) -> str:
        """The same for where markup has no meaning, as in JSON."""
        return printable(self.redact(text))

    # --- the page, from the top -----------------------------------------------------------------------------------

    def head(self, report: Report) -> str:
        facts = [_date(report.started_at), wording.size_words(report.cases)] if report.cases else []
        for key in ("commit", "cpu", "cores"):
            value = report.environment.get(key)
            if value is not None:
                shown = _fact(key, value)
                facts.append({"commit": f"commit {shown[:10]}", "cores": f"{shown} cores"}.get(key, shown))
        return (
            f'<header class="head"><h1>{_headline(report)}</h1>'
            f'<p class="soft">{" · ".join(self.text(fact) for fact in facts)}</p>{self._why(report)}</header>'
        )

    def _why(self, report: Report) -> str:
        """Each thing that went wrong, in a sentence."""
        lines = [
            f'<li>{self.text(one.message)} <a class="where" href="#{anchor(at)}">{self.text(case.result.name)}</a></li>'
            for at, case in enumerate(report.cases)
            for one in failures(case)
        ]
        return f'<ul class="why">{"".join(lines)}</ul>' if lines else ""

    def limits(self, report: Report) -> str:
        verdicts = Counter(judged.verdict for case in report.cases for judged in case.judged)
        if not verdicts:
            return ""
        buttons = "".join(
            f'<button type="button" data-verdict="{verdict.value}" aria-pressed="false">'
            f"{verdict.value} {verdicts[verdict]}</button>"
            for verdict in reversed(Verdict)
            if verdicts[verdict]
        )
        names = (
            ("load", ""),
            ("limit", ""),
            ("observed", "n"),
            ("95 % interval", ""),
            ("against it", ""),
            ("verdict", ""),
        )
        filters = f'<div class="filters">{buttons}</div>' if len(verdicts) > 1 else ""
        groups = [
            self._group(at, case, [self._limit(judged) for judged in case.judged])
            for at, case in enumerate(report.cases)
            if case.judged
        ]
        return _section("limits", "Limits", str(verdicts.total()), filters + _table(names, groups))

    def _limit(self, judged: Judged) -> str:
        interval = wording.interval_words(judged) or _DASH
        return (
            f"<td class=t>{self.text(wording.limit_words(judged.limit))}"
            f"<td class=n>{self.text(wording.observed_words(judged))}<td class=t>{self.text(interval)}"
            f'<td class={judged.verdict.value} data-at="{_place(judged)}"><td>{badge(judged.verdict)}'
        )

    def _group(self, at: int, case: Case, rows: Sequence[str]) -> str:
        """The rows of one load. End tags of rows and cells, which HTML does not need, would be a tenth of the page."""
        return f"<tbody><tr>{self._name(at, case, rows=len(rows))}{'<tr>'.join(rows)}"

    def comparisons(self, report: Report) -> str:
        groups = [
            self._group(at, case, [self._comparison(one) for one in case.comparison])
            for at, case in enumerate(report.cases)
            if case.comparison
        ]
        names = (("load", ""), *((name, "") for name in wording.COMPARISON_HEAD))
        many = sum(len(case.comparison) for case in report.cases)
        return _section("comparisons", "Comparisons", str(many), _table(names, groups)) if groups else ""

    def _comparison(self, one: Compared) -> str:
        *words, _, cause = wording.comparison_cells(one)
        cells = "".join(f"<td>{self.text(cell) or _DASH}" for cell in words)
        return f'{cells}<td>{badge(one.verdict)}<td class="soft">{self.text(cause)}'

    def loads(self, report: Report) -> str:
        names = ("requests", "errors", "throughput", "p50", "p95", "p99", "p99.9", "max", "client delay p99")
        rows = [self._figures(at, case) for at, case in enumerate(report.cases)]
        head = (("load", "s"), *((name, "n s") for name in names), ("verdict", "s"))
        return _section("loads", "Loads", str(len(rows)), _table(head, ["<tbody>", *rows])) if rows else ""

    def _figures(self, at: int, case: Case) -> str:
        result = case.result
        failed, delay = result.requests - result.ok, result.client.delay
        times = [getattr(result, name) for name in ("p50", "p95", "p99", "p99_9", "max")]
        cells = [
            format_count(result.requests),
            format_count(failed),
            format_rate(result.throughput),
            *(format_duration(time) if result.ok else _DASH for time in times),
            format_duration(delay.quantile(0.99)) if delay.count else _DASH,
        ]
        shown = "".join(f"<td class=n>{text}" for text in cells)
        return f"<tr>{self._name(at, case)}{shown}<td>{badge(case.verdict)}"

    def _name(self, at: int, case: Case, *, rows: int = 1) -> str:
        """The first cell of so many rows. A long test name may be broken where its words end."""
        test = ""
        if case.test not in ("", case.result.name):
            test = f"<span class=soft>{_BREAKS.sub(_BREAK, self.text(case.test))}</span>"
        span = f" rowspan={rows}" if rows > 1 else ""
        return f'<td class=name{span}><a href="#{anchor(at)}">{self.text(case.result.name)}</a>{test}'

    def findings(self, findings: Sequence[Finding]) -> str:
        """By what they conclude, each with the evidence of all loads it was seen in."""
        groups: dict[tuple[str, str], list[Finding]] = {}
        for one in findings:
            groups.setdefault((one.title, one.advice), []).append(one)
        items = [
            f"<li><p><b>{self.text(title)}.</b> {self.text(advice)}</p>{self._evidence(group)}</li>"
            for (title, advice), group in groups.items()
        ]
        if not items:
            return ""
        return _section("findings", "Findings", str(len(items)), f'<ul class="findings">{"".join(items)}</ul>')

    def _evidence(self, group: Sequence[Finding]) -> str:
        lines = [
            f'<li>{self.text(one.evidence)} <span class="soft">({self.text(one.load)})</span></li>' for one in group
        ]
        shown = f"<ul>{''.join(lines[:_SHOWN])}</ul>"
        if len(lines) <= _SHOWN:
            return shown
        more = f"{len(lines) - _SHOWN} more"
        return f"{shown}<details><summary>{more}</summary><ul>{''.join(lines[_SHOWN:])}</ul></details>"

    def load(self, at: int, case: Case, *, is_open: bool) -> str:
        """One load, whose graphs the script draws when it is opened."""
        result = case.result
        request = result.plan.request
        notes = [result.unreachable] if result.unreachable is not None else wording.notes(result)
        if result.requests > result.ok:
            notes.append(wording.error_words(result))
        url = html.escape(printable(self.redact.url(request.url)))
        said = "".join(f"<li>{self.text(note)}</li>" for note in notes)
        how = f"{wording.load_words(result.plan.load)} · {result.transport} path · {_traffic(case)}"
        return (
            f'<details class="load" id="{anchor(at)}"{" open" if is_open else ""}><summary>{badge(case.verdict)} '
            f'<b>{self.text(result.name)}</b><span class="figures">{self.text(_brief(case))}</span></summary>'
            f'<div class="inner"><p><code>{self.text(request.method)} {url}</code><br>'
            f'<span class="soft">{self.text(how)}{self._place(case)}</span></p>'
            f'{f"<ul class=notes>{said}</ul>" if said else ""}<div class="charts"></div></div></details>'
        )

    def _place(self, case: Case) -> str:
        if case.file is None:
            return ""
        return f" · {self.text(case.file)}{f':{case.line}' if case.line is not None else ''}"

    def environment(self, report: Report) -> str:
        facts = "".join(
            f"<dt>{self.text(_ENVIRONMENT.get(key, key))}</dt><dd>{self.text(_fact(key, value))}</dd>"
            for key, value in report.environment.items()
            if value is not None
        )
        return _section("environment", "Environment", "", f'<dl class="facts">{facts}</dl>') if facts else ""


def badge(verdict: Verdict) -> str:
    return f'<span class="v {verdict.value}">{verdict.value}</span>'


def _section(ident: str, title: str, note: str, inner: str) -> str:
    small = f" <small>{note}</small>" if note else ""
    return f'<section id="{ident}"><h2>{title}{small}</h2>{inner}</section>'


def _table(names: Iterable[tuple[str, str]], groups: Iterable[str]) -> str:
    """Columns by name and kind: "n" for numbers, "s" for those that can be sorted by. Groups begin with <tbody>."""
    head = "".join(
        f"<th{' class=n' if 'n' in kind else ''}{' data-sort' if 's' in kind else ''}>{name}" for name, kind in names
    )
    return f'<div class="wide"><table><thead><tr>{head}{"".join(groups)}</table></div>'


def _place(judged: Judged) -> str:
    """Where the value, and its interval, lie between 0 and 120, with the limit at 60; nothing for a limit at 0."""
    limit = judged.limit.value
    if limit <= 0.0 or math.isnan(judged.observed):
        return ""
    values = [judged.observed]
    if judged.low is not None and judged.high is not None and not math.isinf(judged.low):
        values += [judged.low, judged.high]
    return " ".join(f"{min(max(60.0 * value / limit, 0.0), 120.0):.3g}" for value in values)


def _headline(report: Report) -> str:
    if not report.cases:
        return f"{badge(Verdict.INVALID)} Nothing was measured"
    verdict = overall(report.cases)
    words = wording.verdict_words(report.cases).removeprefix(f"{verdict.value}: ")
    return f"{badge(verdict)} {html.escape(words[:1].upper() + words[1:])}"


def _traffic(case: Case) -> str:
    result = case.result
    connections = "1 connection" if result.connections == 1 else f"{format_count(result.connections)} connections"
    return (
        f"{format_count(result.requests)} requests in {format_duration(result.duration)}, "
        f"{format_size(result.bytes)}, {connections}"
    )


def _brief(case: Case) -> str:
    result = case.result
    if result.unreachable is not None:
        return "not reached"
    times = [f"p50 {format_duration(result.p50)}", f"p95 {format_duration(result.p95)}"] if result.ok else []
    return " · ".join([*times, format_rate(result.throughput), f"{format_share(result.error_rate)} errors"])


def _fact(key: str, value: object) -> str:
    if key == "memory" and isinstance(value, (int, float)):
        return format_size(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _date(epoch: float) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"
    return moment.strftime("%-d %B %Y, %H:%M UTC")
