"""What a whole session leaves behind: files, properties, hooks; and nothing where there was nothing to measure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Suite = Callable[..., pytest.RunResult]
ReadJson = Callable[..., list[dict[str, Any]]]

TWO = """
@pytest.mark.performance(p95="5s", error_rate="5%")  # holds
def test_holds(perf):
    perf.http("/ok", requests=300)

class TestGroup:
    @pytest.mark.parametrize("n", [1])
    @pytest.mark.performance(  # broken
        p50="1ms",
    )
    def test_broken(self, perf, n):
        perf.http("/slow?seconds=0.01", users=10, requests=200)
"""


def line_of(pytester: pytest.Pytester, comment: str) -> int:
    lines = (pytester.path / "test_it.py").read_text().splitlines()
    (found,) = (number for number, line in enumerate(lines, 1) if line.endswith(f"# {comment}"))
    return found


def test_pytests_own_junit_file_has_one_failure_and_the_figures(suite: Suite, pytester: pytest.Pytester) -> None:
    result = suite(TWO, "--junitxml=junit.xml", "-o", "junit_family=xunit2", "-W", "error")
    result.assert_outcomes(passed=1, failed=1)
    holds, broken = ET.parse(pytester.path / "junit.xml").getroot().iter("testcase")
    (failure,) = broken.iter("failure")
    assert "p50" in failure.attrib["message"] and "is not under" in failure.attrib["message"]
    assert not list(holds.iter("failure"))
    figures = {entry.attrib["name"]: entry.attrib["value"] for entry in holds.iter("property")}
    assert figures["perfplug.GET /ok.verdict"] == "PASS"
    assert figures["perfplug.GET /ok.requests"] == "300"
    assert 0.0 < float(figures["perfplug.GET /ok.p95"]) < 5.0
    assert float(figures["perfplug.GET /ok.error_rate"]) == 0.0


def test_the_result_file_holds_every_load_with_its_place(
    suite: Suite, read_json: ReadJson, pytester: pytest.Pytester
) -> None:
    result = suite(TWO, "--perf-json=deep/er/out.json")
    result.stdout.fnmatch_lines([f"perfplug: wrote {pytester.path}/deep/er/out.json"])
    holds, broken = read_json("deep/er/out.json")
    assert (holds["test"], holds["verdict"], holds["requests"]) == ("test_it.py::test_holds", "PASS", 300)
    assert (broken["test"], broken["verdict"]) == ("test_it.py::TestGroup::test_broken[1]", "FAIL")
    assert (holds["file"], holds["line"]) == ("test_it.py", line_of(pytester, "holds"))
    assert (broken["file"], broken["line"]) == ("test_it.py", line_of(pytester, "broken"))


def test_our_junit_file_has_a_testcase_for_each_limit(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(TWO, "--perf-junit=limits.xml").stdout.fnmatch_lines([f"perfplug: wrote {pytester.path}/limits.xml"])
    testcases = list(ET.parse(pytester.path / "limits.xml").getroot().iter("testcase"))
    assert len(testcases) == 3
    (failed,) = (testcase for testcase in testcases if testcase.find("failure") is not None)
    assert (failed.attrib["file"], failed.attrib["line"]) == ("test_it.py", str(line_of(pytester, "broken")))


def test_files_can_be_named_in_the_ini_file_and_the_environment(
    suite: Suite, server_url: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERFPLUG_JUNIT", "environment.xml")
    ini = f"perf_base_url = {server_url}\nperf_json = ini.json\nperf_junit = ini.xml"
    suite("def test_a(perf): perf.http('/ok', requests=5)", ini=ini).assert_outcomes(passed=1)
    written = {path.name for path in pytester.path.iterdir()} & {"ini.json", "ini.xml", "environment.xml"}
    assert written == {"ini.json", "environment.xml"}


def test_a_file_that_cannot_be_written_is_named_and_the_others_are_written(
    suite: Suite, read_json: ReadJson, pytester: pytest.Pytester
) -> None:
    (pytester.path / "file").write_text("in the way")
    result = suite(
        "def test_a(perf): perf.http('/ok', requests=5)", "--perf-json=out.json", "--perf-junit=file/limits.xml"
    )
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["perfplug: wrote */out.json", "perfplug: */file/limits.xml: not written: *"])
    assert len(read_json()) == 1


def test_where_no_performance_test_ran_files_are_left_alone(suite: Suite, pytester: pytest.Pytester) -> None:
    (pytester.path / "out.json").write_text("of yesterday")
    suite(TWO + "def test_plain(): pass\n", "--perf-json=out.json", "-k", "plain").assert_outcomes(
        passed=1, deselected=2
    )
    assert (pytester.path / "out.json").read_text() == "of yesterday"


def test_where_every_performance_test_was_skipped_the_file_says_so(
    suite: Suite, read_json: ReadJson, dead_url: str
) -> None:
    source = f"@pytest.mark.performance(p95='1s')\ndef test_a(perf): perf.require('{dead_url}')\n"
    suite(source, "--perf-json=out.json").assert_outcomes(skipped=1)
    assert read_json() == []


def test_quick_loads_are_short(suite: Suite, read_json: ReadJson, server_url: str) -> None:
    source = "def test_a(perf): perf.http('/ok', duration='1h', warmup='10m')\n"
    suite(source, "--perf-quick", "--perf-json=out.json").assert_outcomes(passed=1)
    (run,) = read_json()
    assert run["load"]["duration"] <= 2.0 and run["load"]["warmup"] <= 1.0


def test_workers_come_from_the_session_or_the_call(suite: Suite, read_json: ReadJson) -> None:
    source = """
def test_a(perf):
    perf.http("/ok", users=4, requests=40)
    perf.http("/ok", users=4, requests=40, workers=1)
"""
    suite(source, "--perf-workers=2", "--perf-json=out.json").assert_outcomes(passed=1)
    assert [run["load"]["workers"] for run in read_json()] == [2, 1]


def test_a_conftest_can_follow_every_load(suite: Suite, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import json, pathlib

def pytest_perfplug_result(result, judged, item):
    with pathlib.Path("seen").open("a") as file:
        file.write(json.dumps([item.name, result.name, result.ok, [one.verdict.value for one in judged]]) + "\\n")
"""
    )
    suite(TWO).assert_outcomes(passed=1, failed=1)
    seen = [json.loads(line) for line in (pytester.path / "seen").read_text().splitlines()]
    assert seen == [["test_holds", "GET /ok", 300, ["PASS", "PASS"]], ["test_broken[1]", "GET /slow", 200, ["FAIL"]]]


def test_the_summary_is_left_out_when_pytest_is_to_be_very_quiet(suite: Suite) -> None:
    suite(TWO, "-q").stdout.fnmatch_lines(["*= performance =*"])
    suite(TWO, "-qq").stdout.no_fnmatch_line("*= performance =*")


def test_secrets_reach_no_output(suite: Suite, pytester: pytest.Pytester) -> None:
    source = """
@pytest.mark.performance(p50="1us")
def test_a(perf):
    perf.http("/ok?api_key=hunter2hunter2", requests=100, name="hunter2hunter2",
              headers={"Authorization": "Bearer correct-horse"})
"""
    result = suite(source, "--perf-json=out.json", "--perf-junit=out.xml", "--junitxml=junit.xml", "--tb=no")
    result.assert_outcomes(failed=1)
    outputs = [
        str(result.stdout),
        *((pytester.path / name).read_text() for name in ("out.json", "out.xml", "junit.xml")),
    ]
    for output in outputs:
        assert "hunter2" not in output and "correct-horse" not in output


PLAIN = "def test_plain(): pass\n"


def test_without_performance_tests_there_is_not_a_word_more(suite: Suite) -> None:
    def shape(result: pytest.RunResult) -> list[str]:
        return [line for line in result.outlines if not line.startswith(("plugins:", "rootdir:", "==="))]

    assert shape(suite(PLAIN, "--perf-json=out.json")) == shape(suite(PLAIN, ini="", plugins=()))


def test_without_performance_tests_nothing_heavy_is_imported(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        test_it="""
import sys

def test_plain():
    ours = {name for name in sys.modules if name.startswith("perfplug.")}
    light = {"config", "errors", "fixtures", "hookspec", "ledger", "marker", "plugin"}
    assert ours == {f"perfplug.{name}" for name in light}
"""
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "perfplug").assert_outcomes(passed=1)


def test_the_marker_is_known_to_strict_sessions(suite: Suite) -> None:
    suite(TWO, "--strict-markers", "--collect-only", "-q").assert_outcomes()
    result = suite(PLAIN, "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.performance(p95='100ms', *"])
