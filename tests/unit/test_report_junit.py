"""Our JUnit XML: strict readers take it, and nobody takes an undecided limit for a pass."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfplug.report import Case
from perfplug.report.junit import JunitReport
from perfplug.sla import Verdict

# What the JUnit schemas in use (Jenkins', Surefire's) agree on; file and line are what readers look for beside it.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "skipped"},
}
ATTRIBUTES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set[str]()),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, set[str]()),
    "property": ({"name", "value"}, set[str]()),
    "properties": (set[str](), set[str]()),
    "testcase": ({"name", "classname", "time"}, {"file", "line"}),
    "failure": ({"type", "message"}, set[str]()),
    "skipped": ({"type", "message"}, set[str]()),
}


def render(*cases: Case) -> ET.Element:
    """The parsed report, checked against the common schema."""
    root = ET.fromstring(JunitReport().render(builders.report(*cases)))
    for element in root.iter():
        required, optional = ATTRIBUTES[element.tag]
        assert required <= set(element.keys()) <= required | optional
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for suite in root:
        count_all(suite)
    for total in ("tests", "failures", "errors"):
        assert root.get(total) == str(sum(int(suite.get(total, "")) for suite in root))
    return root


def count_all(suite: ET.Element) -> None:
    testcases = suite.findall("testcase")
    assert suite.get("tests") == str(len(testcases))
    assert suite.get("failures") == str(sum(case.find("failure") is not None for case in testcases))
    assert suite.get("skipped") == str(sum(case.find("skipped") is not None for case in testcases))


def test_each_limit_is_a_testcase_with_file_and_one_based_line() -> None:
    root = render(builders.case(builders.judged(), builders.judged("p99")))
    names = [case.get("name") for case in root.iter("testcase")]
    test = "tests/test_session.py::test_session_status [GET /session/42/status]"
    assert names == [f"{test} p95 < 100 ms", f"{test} p99 < 100 ms"]
    for case in root.iter("testcase"):
        assert (case.get("classname"), case.get("file"), case.get("line")) == (
            "tests.test_session", "tests/test_session.py", "12",
        )  # fmt: skip


def test_a_failed_limit_is_one_failure_with_a_readable_message() -> None:
    failed = builders.judged(verdict=Verdict.FAIL, observed=0.112, low=0.105, high=0.119)
    root = render(builders.case(builders.judged("p50"), failed))
    [failure] = root.iter("failure")
    assert failure.get("message") == "p95 112 ms (105 ms to 119 ms) is not under 100 ms: FAIL"
    assert failure.text == failure.get("message")


@pytest.mark.parametrize("verdict", [Verdict.INVALID, Verdict.INCONCLUSIVE])
def test_an_undecided_limit_is_skipped_with_its_cause(verdict: Verdict) -> None:
    root = render(builders.case(builders.judged(verdict=verdict, cause="too little seen")))
    [skipped] = root.iter("skipped")
    assert "too little seen" in skipped.get("message", "")
    assert skipped.get("type") == verdict.value


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN])
def test_a_limit_that_holds_is_a_testcase_without_more(verdict: Verdict) -> None:
    root = render(builders.case(builders.judged(verdict=verdict)))
    assert [list(case) for case in root.iter("testcase")] == [[]]


def test_an_unreachable_target_is_one_failure_whatever_the_limits() -> None:
    result = builders.result(
        good=0, errors={"connect_refused": 9}, unreachable="http://127.0.0.1:1: connection refused"
    )
    limits = (builders.judged(), builders.judged("p99"))
    root = render(builders.case(*limits, result=result, verdict=Verdict.INVALID))
    [failure] = root.iter("failure")
    assert failure.get("message") == "http://127.0.0.1:1: connection refused"
    assert len(list(root.iter("skipped"))) == 2


def test_a_load_without_limits_is_one_testcase_and_skipped_when_the_client_spoiled_it() -> None:
    [testcase] = render(builders.case(judged=())).iter("testcase")
    assert testcase.get("name", "").endswith("measured, no limits")
    assert list(testcase) == []
    spoiled = builders.result(client=builders.client(valid=False, causes=("no ports left",)))
    [skipped] = render(builders.case(judged=(), result=spoiled, verdict=Verdict.INVALID)).iter("skipped")
    assert skipped.get("message") == "no ports left"


def test_the_runners_testcases_have_a_class_of_their_own_and_no_line() -> None:
    root = render(builders.case(test="http://127.0.0.1:8000/", file=None, line=None))
    [case] = root.iter("testcase")
    assert case.get("classname") == "perfplug.run"
    assert case.get("line") is None


def test_figures_and_environment_are_properties_of_the_suite() -> None:
    values = {entry.get("name"): entry.get("value") for entry in render().iter("property")}
    assert values["latency.p99_9"]
    assert values["libcurl"] == "libcurl/7.88.1"
    assert values["requests"] == "2000"


def test_times_have_milliseconds_and_only_digits() -> None:
    root = render(builders.case(result=builders.result(duration=1234.56789, finished=float("nan"))))
    assert [case.get("time") for case in root.iter("testcase")] == ["1234.568"]
    assert root[0].get("time") == "0.000"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_from_outside_stays_inside_its_attribute(text: str) -> None:
    result = builders.result(good=5, name=text)
    hostile: dict[str, Any] = {"test": f"a::b{text}", "file": f"x{text}", "result": result}
    root = render(builders.case(builders.judged(verdict=Verdict.FAIL, cause=text), **hostile))
    assert [element.tag for element in root.iter() if element.tag != "property"] == [
        "testsuites", "testsuite", "properties", "testcase", "failure",
    ]  # fmt: skip
