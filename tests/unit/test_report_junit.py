"""Our JUnit XML: strict readers take it, and nobody takes an undecided limit for a pass."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfplug.comparing import Compared, unavailable
from perfplug.report import Case
from perfplug.report.junit import JunitReport
from perfplug.sla import Verdict

# As in junit-8.xsd of Jenkins's xUnit plugin (github.com/jenkinsci/xunit-plugin), which knows file and line of a
# testcase; without those two it holds for junit-10.xsd as well, which is pytest's xunit2 (tests/bench/junit_schema.py).
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


def test_an_undecided_limit_is_skipped_with_its_cause() -> None:
    undecided = builders.case(builders.judged(verdict=Verdict.INCONCLUSIVE, cause="too little seen"))
    [skipped] = render(undecided).iter("skipped")
    assert "too little seen" in skipped.get("message", "")
    assert skipped.get("type") == "INCONCLUSIVE"


def test_under_strict_an_undecided_limit_is_a_failure() -> None:
    report = builders.report(builders.case(builders.judged(verdict=Verdict.INCONCLUSIVE)))
    [failure] = ET.fromstring(JunitReport(strict=True).render(report)).iter("failure")
    assert failure.get("type") == "INCONCLUSIVE"


@pytest.mark.parametrize("verdicts", [("INVALID",), ("INVALID", "INVALID", "PASS")])
def test_a_spoiled_measurement_is_one_failure_whatever_the_limits(verdicts: tuple[str, ...]) -> None:
    result = builders.result(client=builders.client(valid=False, causes=("client CPU: 99%", "late starts")))
    limits = [builders.judged(verdict=Verdict(verdict)) for verdict in verdicts]
    root = render(builders.case(*limits, result=result))
    [failure] = root.iter("failure")
    assert failure.get("type") == "INVALID"
    assert failure.get("message") == "the client spoiled the measurement: client CPU: 99%; late starts"
    assert len(list(root.iter("skipped"))) == verdicts.count("INVALID")


def test_what_stands_though_the_client_spoiled_the_rest_is_a_failure_of_its_own() -> None:
    result = builders.result(client=builders.client(valid=False, causes=("late starts",)))
    limits = builders.judged(verdict=Verdict.FAIL), builders.judged("p99", Verdict.INVALID)
    root = render(builders.case(*limits, result=result))
    assert [failure.get("type") for failure in root.iter("failure")] == ["INVALID", "FAIL"]


def test_a_regression_is_a_failure_and_a_missing_baseline_is_skipped() -> None:
    worse = Compared(metric="p95", observed=0.12, baseline=0.1, change=0.2, low=0.1, high=0.3, verdict=Verdict.FAIL)
    case = builders.case().compared((worse, *unavailable("no such baseline")))
    root = render(case)
    [failure], [skipped] = list(root.iter("failure")), list(root.iter("skipped"))
    assert "100 ms in the baseline, +20%" in failure.get("message", "")
    assert "no such baseline" in skipped.get("message", "")


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


def test_a_load_without_limits_is_one_testcase_and_a_failure_when_the_client_spoiled_it() -> None:
    [testcase] = render(builders.case(judged=())).iter("testcase")
    assert testcase.get("name", "").endswith("measured, no limits")
    assert list(testcase) == []
    spoiled = builders.result(client=builders.client(valid=False, causes=("no ports left",)))
    [failure] = render(builders.case(judged=(), result=spoiled, verdict=Verdict.INVALID)).iter("failure")
    assert failure.get("message") == "the client spoiled the measurement: no ports left"


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
