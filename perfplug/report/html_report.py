"""The result as one HTML file: offline, at most 1 MB (unless the tables alone are more), for people.

What matters stands in plain HTML; a script of ours draws the graphs through uPlot from figures that lie in the page as
JSON. The page's own policy lets nothing be loaded from anywhere, and no script run but these two, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from perfplug.findings import Finding, Levels, find, levels_of
from perfplug.report import Case, Report, html_figures
from perfplug.report.html_library import Library, library
from perfplug.report.html_parts import Markup, anchor
from perfplug.sla import Verdict, overall

LARGEST = 1_000_000  # bytes
_RESOLUTIONS = (180, 60, 40, 20)  # points of a line over time, at most
_MOST_POINTS = 18_000  # of all loads together: more than the largest page has ever room for
_OPEN = 8  # loads that are open from the start; with more, the most alarming ones
_PAGE = Path(__file__).resolve().parent / "page"
# What would end a script element, or begin another, cannot stand in JSON.
_INERT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_EXPLAINED = (
    "Latency runs from the intended start of a request to the arrival of its last byte at this host; service time runs "
    "from the actual send. Client delay is the measuring side's own, and in neither. Intervals are at 95 %: PASS and "
    "FAIL are said only where they are decided.",
    "Drag over a graph to zoom in, double-click to zoom out, click a name in its legend to hide a line.",
)


class HtmlReport:
    """The :class:`perfplug.report.Reporter` of the page. UsageError when this installation lacks the library."""

    def __init__(self) -> None:
        self._library = library()

    def render(self, report: Report) -> str:
        markup = Markup(report.redactor())
        page = _Page(report, markup, find(report.cases), levels_of(report.cases))
        body = page.body()
        frame = _frame(self._library, page.title(), body, "{}")
        return _frame(self._library, page.title(), body, page.data(LARGEST - len(frame.encode("utf-8", "replace"))))


class _Page:
    """What is in this report's page."""

    def __init__(self, report: Report, markup: Markup, findings: Sequence[Finding], levels: Sequence[Levels]) -> None:
        self._report = report
        self._markup = markup
        self._findings = findings
        self._levels = levels
        self._overview = html_figures.overview(report.cases, markup.plain)

    def title(self) -> str:
        verdict = overall(self._report.cases) if self._report.cases else Verdict.INVALID
        return f"{verdict.value}: performance report"

    def body(self) -> str:
        report, markup = self._report, self._markup
        sections = {
            "Limits": markup.limits(report),
            "Comparisons": markup.comparisons(report),
            "Findings": markup.findings(self._findings),
            "Loads": markup.loads(report) + self._together(),
            "Details": self._details(),
            "Environment": markup.environment(report),
        }
        links = " ".join(f'<a href="#{name.lower()}">{name}</a>' for name, inner in sections.items() if inner)
        bar = (
            f'<div class="bar"><div><b>perfplug</b><nav>{links}</nav>'
            '<button type="button" id="theme">light / dark</button></div></div>'
        )
        explained = "".join(f"<p>{line}</p>" for line in _EXPLAINED)
        return f"{bar}<main>{markup.head(report)}{''.join(sections.values())}</main><footer>{explained}</footer>"

    def _together(self) -> str:
        """Graphs of all loads side by side."""
        overview = '<div class="charts" id="phases-charts"></div>' if self._overview else ""
        levels = '<h2 id="levels">Load levels</h2><div class="charts" id="levels-charts"></div>' if self._levels else ""
        return f'<div class="inner">{overview}{levels}</div>' if overview or levels else ""

    def _details(self) -> str:
        cases = self._report.cases
        shown = set(_by_alarm(cases)[:_OPEN])
        if len(cases) > _OPEN:
            shown = {at for at in shown if cases[at].verdict is not Verdict.PASS}
        loads = "".join(self._markup.load(at, case, is_open=at in shown) for at, case in enumerate(cases))
        return f'<section id="details"><h2>Each load</h2>{loads}</section>' if loads else ""

    def data(self, room: int) -> str:
        """The figures as JSON, of at most `room` bytes: with coarser lines over time, and if even that is too much,
        without graphs of the least alarming loads."""
        names = [self._markup.plain(row.cases[0].result.name) for row in self._levels]
        levels = [html_figures.of_levels(row, name) for row, name in zip(self._levels, names, strict=True)]
        outer = _json({"levels": levels, "overview": self._overview})[:-1] + ',"loads":{'
        room -= len(outer) + 2
        loads: list[str] = []
        for points in _resolutions(len(self._report.cases)):
            loads = self._loads(points, room)
            if sum(map(len, loads)) + len(loads) <= room:
                break
        while loads and sum(map(len, loads)) + len(loads) > room:
            loads.pop()
        return f"{outer}{','.join(loads)}}}}}"

    def _loads(self, points: int, room: int) -> list[str]:
        """Members of a JSON object, the most alarming first, until there is more of them than room."""
        loads: list[str] = []
        for at in _by_alarm(self._report.cases):
            case, ident = self._report.cases[at], anchor(at)
            if case.result.requests and room >= 0:
                loads.append(f"{json.dumps(ident)}:{_json(html_figures.of_load(case, ident, points))}")
                room -= len(loads[-1]) + 1
        return loads


def _resolutions(loads: int) -> list[int]:
    """Those that so many loads might have room for, finest first."""
    return [points for points in _RESOLUTIONS if points * loads <= _MOST_POINTS] or [_RESOLUTIONS[-1]]


def _by_alarm(cases: Sequence[Case]) -> list[int]:
    """Places of the cases, the most alarming first."""
    falling = list(reversed(Verdict))
    return sorted(range(len(cases)), key=lambda at: falling.index(cases[at].verdict))


def _json(value: object) -> str:
    """In ASCII, so that a character is a byte."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_INERT)


def _frame(library: Library, title: str, body: str, data: str) -> str:
    style = f"{library.style}\n{_asset('page.css')}"
    scripts = [library.script, _asset("page.js")]
    sources = " ".join(_hash(script) for script in scripts)
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {sources}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f"<title>{title}</title>\n<!-- uPlot:\n{library.licence}-->\n<style>{style}</style></head>"
    )
    inlined = "".join(f"<script>{script}</script>" for script in scripts)
    return f'{head}\n<body>{body}\n<script type="application/json" id="data">{data}</script>\n{inlined}</body></html>\n'


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
