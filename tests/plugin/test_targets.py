"""Targets that are not there, not healthy, or not what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Suite = Callable[..., pytest.RunResult]


def test_a_target_that_is_not_there_is_one_line(suite: Suite, dead_url: str) -> None:
    result = suite(f"def test_a(perf):\n    perf.http('{dead_url}/x', requests=10_000)\n")
    result.assert_outcomes(failed=1)
    report = result.outlines[result.outlines.index(next(line for line in result.outlines if "_ test_a _" in line)) :]
    assert report[1].startswith(dead_url) and "refused" in report[1]
    assert report[2].startswith("=")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_after_the_first_try_further_tests_of_that_target_fail_at_once(
    suite: Suite, dead_url: str, read_json: Callable[..., Any]
) -> None:
    result = suite(
        f"""
@pytest.mark.performance(p95="1s")
@pytest.mark.parametrize("n", range(3))
def test_a(perf, n):
    perf.http(f"{dead_url}/{{n}}", requests=10_000)

def test_b(perf):
    perf.http("/ok", requests=10)
""",
        "--perf-json=out.json",
    )
    result.assert_outcomes(failed=3, passed=1)
    lines = [line for line in result.outlines if line.startswith(dead_url)]
    assert len(lines) == 3 and len(set(lines)) == 1
    *unreachable, last = read_json()
    assert [run["test"] for run in unreachable] == [f"test_it.py::test_a[{n}]" for n in range(3)]
    assert {(run["unreachable"], run["verdict"]) for run in unreachable} == {(lines[0], "INVALID")}
    assert [run["requests"] > 0 for run in unreachable] == [True, False, False], "further ones are not even tried"
    assert last["test"] == "test_it.py::test_b"


def test_an_unreachable_target_can_be_caught(suite: Suite, dead_url: str) -> None:
    source = f"""
import perfplug
def test_a(perf):
    with pytest.raises(perfplug.TargetUnreachable, match="refused"):
        perf.http("{dead_url}/")
"""
    suite(source).assert_outcomes(passed=1)


REQUIRE = """
def test_a(perf):
    perf.require({})
    perf.http("/ok", requests=5)
"""


def test_a_healthy_target_goes_on(suite: Suite, server_url: str) -> None:
    suite(REQUIRE.format("'/ok'")).assert_outcomes(passed=1)
    suite(REQUIRE.format(f"'{server_url}/status?code=404', expect_status=404")).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("'/status?n=1&code=503'", "*GET */status*: status 503"),
        ("'/ok', expect_status=(201, 202)", "*GET */ok: status 200"),
        ("'/slow?seconds=5', timeout='100ms'", "*GET */slow*: timeout"),
        ("'{dead}/ok'", "{dead}: *refused*"),
    ],
)
def test_a_target_that_is_not_healthy_skips_with_the_reason(
    suite: Suite, dead_url: str, call: str, reason: str
) -> None:
    result = suite(REQUIRE.format(call.replace("{dead}", dead_url)), "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"SKIPPED * required: {reason.replace('{dead}', dead_url)}"])


def test_a_health_check_fails_when_told_so(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    sick = "'/status?code=500'"
    result = suite(REQUIRE.format(sick + ", fail=True"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["required: GET *: status 500"])
    suite(REQUIRE.format(sick), "--perf-require=fail").assert_outcomes(failed=1)
    suite(REQUIRE.format(sick + ", fail=False"), "--perf-require=fail").assert_outcomes(skipped=1)
    monkeypatch.setenv("PERFPLUG_REQUIRE", "fail")
    suite(REQUIRE.format(sick)).assert_outcomes(failed=1)
    suite(REQUIRE.format(sick), "--perf-require=skip").assert_outcomes(skipped=1)


def test_a_health_check_that_failed_the_test_is_in_the_reports(suite: Suite, read_json: Callable[..., Any]) -> None:
    source = "@pytest.mark.performance(p95='1s')\ndef test_a(perf): perf.require('/status?code=500')\n"
    suite(source, "--perf-require=fail", "--perf-json=out.json").assert_outcomes(failed=1)
    (run,) = read_json()
    assert (run["test"], run["verdict"], run["requests"]) == ("test_it.py::test_a", "INVALID", 0)
    assert run["unreachable"].startswith("required: GET ")


def test_a_health_check_is_no_load(suite: Suite) -> None:
    result = suite("@pytest.mark.performance(p95='1s')\ndef test_a(perf): perf.require('/ok')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a limit without a load*"])


def test_a_health_check_of_a_stranger_is_a_usage_error(suite: Suite) -> None:
    result = suite("def test_a(perf): perf.require('http://example.com/')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*example.com*perf_allow_hosts*"])


GOES_TO = "def test_a(perf):\n    assert perf.http('/ok', requests=5).ok == 5\n"


def test_the_base_url_of_the_command_line_wins(
    suite: Suite, server_url: str, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead_ini = f"perf_base_url = {dead_url}"
    suite(GOES_TO, ini=dead_ini).assert_outcomes(failed=1)
    monkeypatch.setenv("PERFPLUG_BASE_URL", server_url)
    suite(GOES_TO, ini=dead_ini).assert_outcomes(passed=1)
    monkeypatch.setenv("PERFPLUG_BASE_URL", dead_url)
    suite(GOES_TO, f"--perf-base-url={server_url}", ini=dead_ini).assert_outcomes(passed=1)


def test_the_base_url_of_pytest_base_url_is_taken_when_there_is_no_own(
    suite: Suite, server_url: str, dead_url: str
) -> None:
    pytest.importorskip("pytest_base_url")
    plugins = ("perfplug", "base_url")
    suite(GOES_TO, f"--base-url={server_url}", ini="", plugins=plugins).assert_outcomes(passed=1)
    suite(GOES_TO, ini=f"base_url = {server_url}", plugins=plugins).assert_outcomes(passed=1)
    suite(GOES_TO, f"--base-url={dead_url}", plugins=plugins).assert_outcomes(passed=1)


def test_the_base_url_of_ones_own_fixture_is_taken_when_it_is_needed(suite: Suite, server_url: str) -> None:
    fixture = "@pytest.fixture\ndef base_url(): {}\n"
    source = fixture.format(f"return '{server_url}'") + GOES_TO
    suite(source, ini="").assert_outcomes(passed=1)
    source = fixture.format("raise RuntimeError('started')")
    source += f"def test_a(perf): perf.http('{server_url}/ok', requests=5)\n"
    suite(source, ini="").assert_outcomes(passed=1)


def test_only_hosts_that_were_allowed_are_put_under_load(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    # A name that never resolves: allowed or not is decided before anything is looked up.
    source = "def test_a(perf): perf.http('http://staging.invalid/', requests=5)\n"
    refused, tried = "*'staging.invalid' is not allowed*", "http://staging.invalid: *"
    suite(source).stdout.fnmatch_lines([refused])
    suite(source, "--perf-allow-host=other", "--perf-allow-host=staging.invalid").stdout.fnmatch_lines([tried])
    suite(source, ini="perf_allow_hosts =\n  other\n  staging.invalid\n").stdout.fnmatch_lines([tried])
    monkeypatch.setenv("PERFPLUG_ALLOW_HOSTS", "other,staging.invalid")
    suite(source).stdout.fnmatch_lines([tried])
    suite(source, "--perf-allow-host=other").stdout.fnmatch_lines([refused])
