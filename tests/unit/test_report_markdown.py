"""The Markdown says everything, and text from outside is never markup."""

from __future__ import annotations

import html

import builders
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich
from markdown_it.token import Token

from perfplug.plan import Load
from perfplug.report import Case, Report
from perfplug.report.markdown import MarkdownReport
from perfplug.sla import Verdict

READER = MarkdownIt("gfm-like", {"linkify": False})


def render(*cases: Case) -> str:
    return MarkdownReport().render(builders.report(*cases))


def shape(markdown: str) -> list[str]:
    """What kinds of things a Markdown reader sees, text left out."""

    def walk(tokens: list[Token]) -> list[str]:
        found = []
        for token in tokens:
            kind = token.content if token.type in ("html_inline", "html_block") else token.type
            found += [kind] if kind not in ("text", "text_special") else []
            found += walk(token.children or [])
        return found

    return walk(READER.parse(markdown))


def test_the_verdict_comes_first_and_every_limit_has_a_row() -> None:
    failed = builders.judged("p99_9", Verdict.FAIL, observed=0.3, low=0.2, high=0.4)
    text = render(builders.case(builders.judged(), failed))
    assert text.splitlines()[0] == "## ❌ FAIL: 1 of 2 limits does not hold"
    assert "| 8.90 ms | 8.60 ms to 9.20 ms | ✅ PASS |" in text
    assert "| 300 ms | 200 ms to 400 ms | ❌ FAIL |" in text


def test_violations_levels_findings_and_recommendations_have_their_parts() -> None:
    failed = builders.judged("p95", Verdict.FAIL, observed=0.3, low=0.2, high=0.4)
    spoiled = builders.client(valid=False, causes=("late starts",))
    loads = [Load(users=users, duration=10.0) for users in (20, 10)]
    text = render(
        builders.case(failed, result=builders.result(plan=builders.plan(load=loads[0]), client=spoiled)),
        builders.case(result=builders.result(plan=builders.plan(load=loads[1]))),
    )
    parts = ("Violations", "Limits", "By endpoint", "Load levels", "Findings", "Recommendations", "Remarks")
    assert [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")] == list(parts)
    assert "is not under 100 ms&#58; FAIL</code>" in text
    assert text.index("| 10 users | 200/s | 0% |") < text.index("| 20 users | 200/s | 0% |")
    assert "- **The client was a bottleneck" in text
    assert "- Run the load from a machine with free cores" in text


def test_a_report_without_loads_is_no_pass() -> None:
    assert MarkdownReport().render(Report(environment={}, cases=())).startswith("## 🚫 nothing was")


def test_figures_remarks_and_environment_follow() -> None:
    result = builders.result(errors={"timeout": 3}, client=builders.client(causes=("late starts",)))
    text = render(builders.case(result=result))
    assert "| 2,003 | 3 | 200/s | 4.9" in text
    assert "<code>late starts</code>" in text
    assert "timeout 3" in text
    assert "<code>libcurl</code>" in text


def test_an_unreachable_target_is_told_and_has_no_times() -> None:
    result = builders.result(good=0, errors={"dns": 1}, unreachable="the name does not resolve")
    text = render(builders.case(result=result, verdict=Verdict.INVALID))
    assert "<code>the name does not resolve</code>" in text
    assert "| - | - | - | - | - |" in text


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_text_from_outside_leaves_the_shape_as_it_is(text: str) -> None:
    def case(word: str) -> Case:
        result = builders.result(good=5, name=f"n{word}", client=builders.client(5, causes=(word,)))
        return builders.case(builders.judged(cause=f"c{word}"), test=f"t{word}", result=result)

    assert shape(render(case(text))) == shape(render(case("harmless")))


def test_hostile_text_is_shown_as_it_is_and_is_no_markup() -> None:
    hostile = "a|b\\|<script>*x* [l](http://e.test) @user #1 `q` ![i](j) &lt; https://e.test"
    text = render(builders.case(test=hostile))
    assert not any(word in text for word in ("<script", "@user", "://", "`", "["))
    rendered = READER.render(text)
    assert "<a " not in rendered and "<img" not in rendered and "<em>" not in rendered
    assert html.unescape(text).count(hostile) == 2  # in the tables of limits and of figures
