"""Annotations and summaries: one for each failure, inert whatever is in them, and never larger than GitHub takes."""

from __future__ import annotations

import dataclasses
import html
import re
from urllib.parse import unquote

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich

from perfplug.report import Case, Report
from perfplug.report.github import AnnotationReport, command
from perfplug.report.github_summary import SummaryReport
from perfplug.sla import Verdict

READER = MarkdownIt("gfm-like", {"linkify": False})
FAILED = builders.case(builders.judged(verdict=Verdict.FAIL))
COMMAND = re.compile(r"::(error|warning)(?: ([^:]*))?::(.*)")


def failed(test: str = "t.py::test_a", **changes: object) -> Case:
    return builders.case(builders.judged(verdict=Verdict.FAIL, observed=0.112, low=0.105, high=0.119), test=test)


def read(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads a workflow command."""
    match = COMMAND.fullmatch(line)
    assert match, line
    properties = dict(entry.split("=", 1) for entry in match[2].split(",")) if match[2] else {}
    return match[1], {name: unquote(value) for name, value in properties.items()}, unquote(match[3])


def test_a_command_escapes_what_the_runner_would_take_apart() -> None:
    assert (
        command("error", "100%\r\nof a:b,c", title="a:b,c%\n") == "::error title=a%3Ab%2Cc%25\\n::100%25\\r\\nof a:b,c"
    )
    assert command("notice", "so") == "::notice::so"


def test_a_failed_limit_is_an_error_at_its_marker() -> None:
    [line] = AnnotationReport().render(builders.report(failed())).splitlines()
    kind, properties, message = read(line)
    assert kind == "error"
    assert properties == {"file": "tests/test_session.py", "line": "12", "title": "FAIL: p95 < 100 ms"}
    assert message.endswith("p95 112 ms (105 ms to 119 ms) is not under 100 ms: FAIL")


def test_files_lie_below_the_folder_of_the_tests() -> None:
    [line] = AnnotationReport(folder="services/shop").render(builders.report(failed())).splitlines()
    assert read(line)[1]["file"] == "services/shop/tests/test_session.py"


def test_what_was_undecided_is_one_warning_for_each_load_and_comes_after_the_errors() -> None:
    undecided = builders.case(*(builders.judged(m, Verdict.INCONCLUSIVE) for m in ("p95", "p99")))
    lines = AnnotationReport().render(builders.report(undecided, failed())).splitlines()
    assert [read(line)[0] for line in lines] == ["error", "warning"]
    assert "p95" in lines[1] and "p99" in lines[1]


def test_a_load_without_a_place_is_annotated_without_one() -> None:
    case = builders.case(builders.judged(verdict=Verdict.FAIL), file=None, line=None)
    [line] = AnnotationReport().render(builders.report(case)).splitlines()
    assert set(read(line)[1]) == {"title"}


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_stays_inside_its_annotation(text: str) -> None:
    result = builders.result(good=5, name=f"n{text}")
    case = builders.case(builders.judged(verdict=Verdict.FAIL, cause=text), test=text, file=f"f{text}", result=result)
    [line] = AnnotationReport(folder="x").render(builders.report(case)).splitlines()
    kind, properties, _ = read(line)
    assert (kind, set(properties), properties["line"]) == ("error", {"file", "line", "title"}, "12")


def shape(markdown: str) -> list[str]:
    """What kinds of things a Markdown reader sees, text left out."""
    tokens = [inner for token in READER.parse(markdown) for inner in (token, *(token.children or ()))]
    return [
        token.content if token.type in ("html_inline", "html_block") else token.type
        for token in tokens
        if token.type not in ("text", "text_special")
    ]


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_text_leaves_the_shape_of_the_summary_as_it_is(text: str) -> None:
    def summary(word: str) -> str:
        result = builders.result(good=5, errors={"timeout": 1}, name=f"n{word}")
        judged = builders.judged(verdict=Verdict.FAIL, cause=f"c{word}")
        case = builders.case(judged, builders.judged("p50"), test=f"t{word}", file=f"f{word}", result=result)
        return SummaryReport().render(builders.report(case))

    assert shape(summary(text)) == shape(summary("harmless"))


def test_the_summary_begins_with_the_verdict_and_a_row_for_each_failure() -> None:
    lines = SummaryReport(title="A/B").render(builders.report(failed(), builders.case())).splitlines()
    assert lines[0] == "## ❌ A/B: FAIL: 1 of 2 limits does not hold"
    assert [line.startswith("| ❌ |") for line in lines].count(True) == 1
    assert lines[4].startswith("| ❌ |")


def test_where_nothing_was_measured_the_summary_does_not_say_pass() -> None:
    assert SummaryReport().render(Report(environment={}, cases=())).startswith("## 🚫 nothing was measured")


@pytest.mark.parametrize("limit", [500, 5_000, 60_000])
def test_a_summary_that_does_not_fit_keeps_its_top_and_counts_what_is_left_out(limit: int) -> None:
    cases = [dataclasses.replace(FAILED, test=f"t.py::é{n}") for n in range(700)]
    text = SummaryReport(limit=limit).render(builders.report(*cases))
    assert len(text.encode()) <= limit
    assert text.startswith("## ❌ FAIL: 700 of 700 limits do not hold")
    kept = text.count("| ❌ |")
    rows = 700 + 700 + sum(value is not None for value in builders.ENVIRONMENT.values())
    assert text.splitlines()[-1] == f"{rows - kept:,} more rows do not fit here; the report files hold all of them."
    assert text.count("<details>") == text.count("</details>")


def test_a_secret_of_the_request_is_in_neither() -> None:
    plan = builders.plan(headers=(("Authorization", "Bearer planted-token"),))
    result = builders.result(good=5, plan=plan, name="GET planted-token")
    judged = builders.judged(verdict=Verdict.FAIL, cause="said planted-token")
    case = builders.case(judged, test="t.py::planted-token", file="planted-token.py", result=result)
    report = builders.report(
        case, dataclasses.replace(case, result=dataclasses.replace(result, unreachable="planted-token"))
    )
    for text in (AnnotationReport().render(report), SummaryReport().render(report)):
        assert "planted" not in html.unescape(text) and "***" in html.unescape(text)
