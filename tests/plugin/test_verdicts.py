"""What the limits of a test and the figures of its loads make of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Suite = Callable[..., pytest.RunResult]

HOLDS = """
@pytest.mark.performance(p95="5s", error_rate="5%")
def test_holds(perf):
    result = perf.http("/ok", users=4, requests=400)
    assert result.ok == 400
    assert 0 < result.p50 <= result.p95 <= result.p99_9 <= result.max < 5
"""
BROKEN = """
@pytest.mark.performance(p50="1ms", p95="5s")
def test_broken(perf):
    perf.http("/slow?seconds=0.01", users=10, requests=200)
"""
UNDECIDED = """
@pytest.mark.performance(p99_9="1h")
def test_undecided(perf):
    perf.http("/ok", requests=5)
"""
# One connection for what needs five: arrivals wait in the client.
SPOILED = """
@pytest.mark.performance(p50="20ms")
def test_spoiled(perf):
    perf.http("/slow?seconds=0.01", rate=500, users=1, duration="0.5s")
"""
NEAR = """
@pytest.mark.performance(max="2.2s")
def test_near(perf):
    perf.http("/slow?seconds=2", users=5, requests=5)
"""


def test_limits_that_hold_let_the_test_pass(suite: Suite) -> None:
    result = suite(HOLDS)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*== performance ==*",
            "test_it.py::test_holds",
            "  GET /ok: 400 requests, *, no errors",
            "    p95 < 5* s *PASS",
            "    error rate <= 5% *PASS",
        ]
    )


def test_a_limit_that_does_not_hold_fails_the_test_with_one_message(suite: Suite) -> None:
    result = suite(BROKEN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_broken _*",
            "GET /slow: p50 * is not under 1* ms: FAIL",
            "  GET /slow: 200 requests, *",
            "    p50 < 1* ms * to * FAIL",
            "    p95 < 5* s * PASS",
            "FAILED test_it.py::test_broken - Failed: GET /slow: p50*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*perfplug/*.py*")


def test_a_limit_that_holds_narrowly_is_a_pass_that_says_so(suite: Suite) -> None:
    result = suite(NEAR)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["    max < 2.2* s * WARN *within 10% of the limit"])


def test_an_undecided_limit_is_a_pass_with_a_warning(suite: Suite) -> None:
    result = suite(UNDECIDED)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*test_it.py:*: PerfplugWarning: GET /ok: p99.9 *INCONCLUSIVE*"])


def test_a_spoiled_measurement_is_a_pass_with_a_warning(suite: Suite) -> None:
    result = suite(SPOILED)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*PerfplugWarning: GET /slow: p50 *INVALID (*held back*"])


@pytest.mark.parametrize(("source", "verdict"), [(UNDECIDED, "INCONCLUSIVE"), (SPOILED, "INVALID")])
def test_under_strict_what_cannot_be_judged_fails(suite: Suite, source: str, verdict: str) -> None:
    result = suite(source, "--perf-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"GET /*: {verdict} (*"])


def test_a_warning_that_pytest_turns_into_an_error_has_no_traceback(suite: Suite) -> None:
    result = suite(UNDECIDED, "-W", "error::pytest.PytestWarning")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*perfplug/*.py*")
    result.stdout.fnmatch_lines(["GET /ok: p99.9 *INCONCLUSIVE*"])


def test_the_tests_own_failure_stays_and_the_figures_stand_beside_it(suite: Suite) -> None:
    result = suite(
        """
@pytest.mark.performance(p50="1ms")
def test_own(perf):
    result = perf.http("/slow?seconds=0.01", requests=50)
    assert result.ok == 7, "seven"
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: seven", "*- performance -*", "    p50 < 1* ms *FAIL"])
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_own - AssertionError: seven*"])


def test_a_test_without_limits_is_judged_by_its_own_asserts(suite: Suite) -> None:
    source = 'def test_plain(perf):\n    assert perf.http("/ok", requests=10).error_rate == {}\n'
    suite(source.format("0")).assert_outcomes(passed=1)
    suite(source.format("1")).assert_outcomes(failed=1)


def test_each_load_of_a_test_is_judged_under_its_own_name(suite: Suite, read_json: Callable[..., Any]) -> None:
    result = suite(
        """
@pytest.mark.performance(error_rate="1%")
def test_three(perf):
    perf.http("/ok", requests=300)
    perf.http("/ok", requests=300)
    perf.http("/status?code=503", requests=300, name="broken one")
""",
        "--perf-json=out.json",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["broken one: error rate 100%*FAIL"])
    verdicts = {run["name"]: run["verdict"] for run in read_json()}
    assert verdicts == {"GET /ok": "PASS", "GET /ok #2": "PASS", "broken one": "FAIL"}


def test_limits_of_a_load_stand_in_place_of_the_markers(suite: Suite) -> None:
    result = suite(
        """
@pytest.mark.performance(p50="1ms")
def test_two(perf):
    perf.http("/slow?seconds=0.01", requests=60, limits={"p50": "5s"})
    perf.http("/slow?seconds=0.01", requests=60, limits={})
"""
    )
    result.assert_outcomes(passed=1)


def test_the_closest_marker_wins_limit_by_limit(suite: Suite, read_json: Callable[..., Any]) -> None:
    result = suite(
        """
pytestmark = pytest.mark.performance(p50="5s", p90="5s", p99="1h")

@pytest.mark.performance(p90="6s")
class TestGroup:
    def test_of_class(self, perf):
        perf.http("/ok", requests=400)

    @pytest.mark.performance(p50="7s", name="mine")
    def test_of_function(self, perf):
        perf.http("/ok", requests=400)
""",
        "--perf-json=out.json",
    )
    result.assert_outcomes(passed=2)
    limits = [{limit["metric"]: limit["text"] for limit in run["sla"]} for run in read_json()]
    assert limits == [{"p50": "5s", "p90": "6s", "p99": "1h"}, {"p50": "7s", "p90": "6s", "p99": "1h"}]
    assert [run["name"] for run in read_json()] == ["GET /ok", "mine"]


def test_each_parameter_is_a_test_of_its_own(suite: Suite, read_json: Callable[..., Any]) -> None:
    result = suite(
        """
@pytest.mark.performance(error_rate="5%")
@pytest.mark.parametrize("code", [200, 500])
def test_code(perf, code):
    perf.http(f"/status?code={code}", requests=100, name="load")
""",
        "--perf-json=out.json",
    )
    result.assert_outcomes(passed=1, failed=1)
    assert [(run["test"], run["verdict"]) for run in read_json()] == [
        ("test_it.py::test_code[200]", "PASS"),
        ("test_it.py::test_code[500]", "FAIL"),
    ]


def test_a_broken_promise_can_be_expected(suite: Suite) -> None:
    source = "import perfplug\n@pytest.mark.xfail(raises=perfplug.LimitExceeded, strict=True)" + BROKEN
    suite(source).assert_outcomes(xfailed=1)


def test_loads_of_other_fixtures_are_judged_too(suite: Suite) -> None:
    before = """
@pytest.fixture
def warm(perf):
    perf.http("/status?code=500", requests=100)

@pytest.mark.performance(error_rate="1%")
def test_it(warm): pass
"""
    suite(before).assert_outcomes(failed=1)
    after = """
@pytest.fixture
def cold(perf):
    yield
    perf.http("/status?code=500", requests=100, limits={"error_rate": "1%"})

def test_it(cold): pass
"""
    suite(after).assert_outcomes(passed=1, errors=1)


def test_performance_tests_run_like_any_other_and_can_be_selected(suite: Suite) -> None:
    source = HOLDS + "\ndef test_plain(): pass\n"
    suite(source).assert_outcomes(passed=2)
    suite(source, "-m", "performance").assert_outcomes(passed=1, deselected=1)
    suite(source, "-m", "not performance").assert_outcomes(passed=1, deselected=1)
