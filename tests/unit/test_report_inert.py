"""Hostile text changes the shape of no report, and a secret stands in none: for all forms at once.

The texts are not chosen by hand. Each report is taken apart by a reader of its own format, and what is left without
the texts must be what a harmless text leaves.
"""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from builders import client, judged, plan, report, result
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from perfplug.comparing import Compared
from perfplug.report import Case, Report, Reporter
from perfplug.report.compact import CompactReport
from perfplug.report.csv_report import CsvReport, TimelineCsvReport
from perfplug.report.github import AnnotationReport
from perfplug.report.github_summary import SummaryReport
from perfplug.report.html_report import HtmlReport
from perfplug.report.json_report import JsonReport
from perfplug.report.junit import JunitReport
from perfplug.report.load import parse_report
from perfplug.report.markdown import MarkdownReport
from perfplug.report.terminal import TerminalReport
from perfplug.sla import Verdict

FORMS: dict[str, Reporter] = {
    "html": HtmlReport(),
    "markdown": MarkdownReport(),
    "summary": SummaryReport(),
    "csv": CsvReport(),
    "timeline": TimelineCsvReport(),
    "junit": JunitReport(),
    "json": JsonReport(),
    "terminal": TerminalReport(width=4000),
    "compact": CompactReport(),
    "annotations": AnnotationReport(),
}
FRAGMENTS = (
    "<script>alert(1)</script>", "</script>", "<!--", "]]>", "<img src=x onerror=x>", '"', "'", "|", "`", "=1+1", "@x",
    "-1", "+1", "\0", "\n::error::x", "\r\n", "::set-output name=a::b", "##[error]x", "\x1b[31m", "\x1b]0;x\x07",
    "\u202e", "\u2028", "\udc80", "&lt;", "&#60;", "{{x}}", "%0A::error::x", "[a](http://x)", "# x", "<code>", "\\",
    "$(x)",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), min_size=1, max_size=6).map("".join)
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=24)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def told(text: str) -> Report:
    """A report that says `text` in every place that a user, a server or a machine can fill."""
    limit = judged(
        verdict=Verdict.FAIL,
        observed=0.2,
        low=0.19,
        high=0.21,
        cause=f"{text}c",
        limit=dataclasses.replace(LIMIT, text=text),
    )
    one = Compared(metric="p95", observed=0.2, baseline=0.1, change=1.0, verdict=Verdict.FAIL, cause=f"{text}d")
    url = f"http://127.0.0.1:8000/{quote(text, safe='', errors='replace')}"
    seen = result(
        name=f"{text}n",
        plan=plan(url=url, name=f"{text}n"),
        client=client(valid=False, causes=(f"{text}a", f"{text}b")),
    )
    more = dataclasses.replace(seen.plan, load=dataclasses.replace(seen.plan.load, users=30))
    again = dataclasses.replace(
        seen, name=f"{text}o", plan=more
    )  # two levels, for the graphs that set loads side by side
    away = result(name=f"{text}m", good=0, slices=(), duration=0.0, unreachable=f"{text}u")
    place = {"file": f"{text}f", "line": 3}
    return report(
        Case(test=f"{text}t", result=seen, judged=(limit,), comparison=(one,), verdict=Verdict.FAIL, **place),
        Case(test=f"{text}r", result=again, judged=(), verdict=Verdict.INVALID, **place),
        Case(test=f"{text}s", result=away, judged=(), verdict=Verdict.INVALID, **place),
        environment={"cpu": text + "e", "cores": 2, "commit": "0" * 40},
    )


LIMIT = judged().limit


# --- a reader for each format, which gives what is left without the texts ---------------------------------------------


class Tags(HTMLParser):
    """Elements and attribute names, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # where a long text may be broken
            self.shape.append(" ".join([tag, *(name for name, _ in attrs)]))

    def handle_comment(self, data: str) -> None:
        self.shape.append(f"comment {len(data)}")


def shape_of_html(page: str) -> object:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None and isinstance(json.loads(found[1]), dict)
    return Tags(page).shape, page.count("<script"), page.count("</script")


def shape_of_markdown(text: str) -> object:
    # Cells in <code> hold only letters, digits and character references.
    return re.sub(r"<code>(?:[^\W_]|[ \-/]|&#\d+;)*</code>", "<code/>", text)


def shape_of_csv(text: str) -> object:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for row in rows:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    return [len(row) for row in rows]


def shape_of_xml(text: str) -> object:
    return [(element.tag, sorted(element.attrib)) for element in ET.fromstring(text).iter()]


def shape_of_json(text: str) -> object:
    assert text.isascii()
    again = parse_report(text, where="test")
    return text.count("\n"), len(again.cases)


def shape_of_lines(text: str) -> object:
    assert all(c.isprintable() or c == "\n" for c in text)
    return text.count("\n")


def shape_of_console(text: str) -> object:
    """Where lines break depends on their length; what must not be is a command for the runner."""
    assert text.isascii()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text
    return None


def shape_of_annotations(text: str) -> object:
    commands = [re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line) for line in text.splitlines()]
    assert all(commands), text
    return [(c[1], [part.partition("=")[0] for part in c[2].split(",")]) for c in commands if c]


SHAPES: dict[str, Any] = {
    "html": shape_of_html,
    "markdown": shape_of_markdown,
    "summary": shape_of_markdown,
    "csv": shape_of_csv,
    "timeline": shape_of_csv,
    "junit": shape_of_xml,
    "json": shape_of_json,
    "terminal": shape_of_console,
    "compact": shape_of_lines,
    "annotations": shape_of_annotations,
}


@pytest.fixture(scope="module")
def harmless() -> dict[str, object]:
    """The shapes that an ordinary word leaves."""
    calm = told("word")
    return {name: SHAPES[name](form.render(calm)) for name, form in FORMS.items()}


@settings(max_examples=40, deadline=None)
@given(text=HOSTILE)
@example(text="".join(FRAGMENTS))
def test_hostile_text_changes_the_shape_of_no_report(text: str, harmless: dict[str, object]) -> None:
    hostile = told(text)
    for name, form in FORMS.items():
        rendered = form.render(hostile)
        assert not CONTROL.search(rendered), name
        assert SHAPES[name](rendered) == harmless[name], name


def planted(secret: str) -> Report:
    """A report whose request holds the secret in two headers and the URL, and in which servers and tests repeat it."""
    headers = (("Authorization", f"Bearer {secret}"), ("X-Session", secret))
    made = told(f"said {secret} aloud")
    url = f"http://127.0.0.1:8000/x?api_key={quote(secret, safe='')}"
    secretive = plan(url=url, headers=headers, name=f"GET {secret}")
    more = dataclasses.replace(secretive, load=dataclasses.replace(secretive.load, users=30))
    loads = [
        dataclasses.replace(one, result=dataclasses.replace(one.result, plan=its))
        for one, its in zip(made.cases, (secretive, more), strict=False)
    ]
    return dataclasses.replace(made, cases=(*loads, *made.cases[2:]), secret_headers=("X-Session",))


@settings(max_examples=40, deadline=None)
@given(secret=SECRETS)
@example(secret="<b>&\"'|=%41+")
def test_a_planted_secret_stands_in_no_report(secret: str) -> None:
    spellings = {secret, quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1]}
    made = planted(secret)
    for name, form in FORMS.items():
        rendered = form.render(made)
        if any(spelling in rendered for spelling in spellings):
            calm = form.render(planted("*" * 12))
            assume(not any(spelling in calm for spelling in spellings))  # what stands there anyway is no secret
            pytest.fail(f"{name} tells {secret!r}")
