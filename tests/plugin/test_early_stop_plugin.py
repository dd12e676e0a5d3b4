"""--perf-early-stop and duration="auto": tests that take no longer than their limits need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Suite = Callable[..., pytest.RunResult]
ReadJson = Callable[..., list[dict[str, Any]]]

AUTO = """
@pytest.mark.performance(p95="5s", error_rate="5%", max="20s")
def test_auto(perf):
    result = perf.http("/ok", users=4, duration="auto")
    assert result.duration < 30
"""
LONG = """
@pytest.mark.performance(p95="5s")
def test_long(perf):
    perf.http("/ok", users=4, duration="40s", warmup=0)
"""
SLOW = """
@pytest.mark.performance(p50="1ms")
def test_slow(perf):
    perf.http("/slow?seconds=0.005", users=8, duration="auto")
"""
UNDECIDED = """
@pytest.mark.performance(p99_9="4s")
def test_undecided(perf):
    perf.http("/slow?seconds=0.1", users=1, duration="auto")
"""


def test_auto_ends_as_soon_as_every_limit_is_decided(suite: Suite, read_json: ReadJson) -> None:
    result = suite(AUTO.replace("5s", "100ms"), "--perf-json", "out.json", ini=None)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*! stopped early, after *: every limit was decided", "*p95 < 100 ms*PASS"])
    [run] = read_json()
    assert run["early_stop"]["after"] <= run["duration"] < 30
    assert [one["answer"] for one in run["early_stop"]["decided"]] == ["holds"] * 3


def test_a_limit_that_does_not_hold_ends_a_run_early_too(suite: Suite, read_json: ReadJson) -> None:
    result = suite(SLOW, "--perf-json", "out.json")
    result.assert_outcomes(failed=1)
    [run] = read_json()
    assert run["early_stop"]["decided"][0]["answer"] == "broken"
    assert run["duration"] < 30


@pytest.mark.parametrize("how", ["flag", "environment", "ini"])
def test_the_setting_ends_all_loads_early(
    suite: Suite, read_json: ReadJson, server_url: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "environment":
        monkeypatch.setenv("PERFPLUG_EARLY_STOP", "1")
    ini = f"perf_base_url = {server_url}" + ("\nperf_early_stop = true" if how == "ini" else "")
    words = ["--perf-early-stop"] if how == "flag" else []
    source = LONG.replace("5s", "100ms")
    if how == "environment":  # the suite cleared the environment before the test began
        monkeypatch.setenv("PERFPLUG_EARLY_STOP", "yes")
    suite(source, *words, "--perf-json", "out.json", ini=ini).assert_outcomes(passed=1)
    [run] = read_json()
    assert run["load"]["duration"] == 40.0
    assert run["duration"] < 30


def test_an_undecided_limit_takes_the_budget_and_strictly_fails(suite: Suite, read_json: ReadJson) -> None:
    budget = ("--perf-budget", "300ms", "--perf-json", "out.json", "--perf-junit", "out.xml")
    suite(UNDECIDED, *budget).assert_outcomes(passed=1, warnings=1)
    [run] = read_json()
    assert run["early_stop"]["after"] is None
    assert run["sla"][0]["verdict"] == "INCONCLUSIVE"
    strict = suite(UNDECIDED, *budget, "--perf-strict")
    strict.assert_outcomes(failed=1)
    strict.stdout.fnmatch_lines(["*p99.9*INCONCLUSIVE*"])


def test_auto_without_a_limit_is_said_to_end_never(suite: Suite) -> None:
    result = suite('def test_it(perf):\n    perf.http("/ok", duration="auto")\n')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it.py::test_it: duration: 'auto' ends when every limit is decided*"])


@pytest.mark.parametrize("words, said", [("5", "*--perf-budget*'5'*"), ("0s", "*--perf-budget: '0s' is not above 0*")])
def test_a_bad_budget_is_a_usage_error(suite: Suite, words: str, said: str) -> None:
    result = suite(LONG, "--perf-budget", words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
