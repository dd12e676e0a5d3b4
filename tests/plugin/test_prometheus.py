"""A session's metrics for Prometheus: where they are written, and what is said when they cannot be."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]

ONE = """
@pytest.mark.performance(p95="5s")
def test_a(perf):
    perf.http("/ok", requests=300)
"""


def test_the_text_file_has_the_loads_of_all_tests(suite: Suite, pytester: pytest.Pytester) -> None:
    result = suite(ONE + ONE.replace("test_a", "test_b"), "--perf-prometheus-textfile=out/perfplug.prom")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"perfplug: wrote {pytester.path}/out/perfplug.prom"])
    told = (pytester.path / "out" / "perfplug.prom").read_text()
    for test in ("test_a", "test_b"):
        assert f'perfplug_requests_total{{name="GET /ok",test="test_it.py::{test}"}} 300.0\n' in told
        assert f'perfplug_verdict{{name="GET /ok",test="test_it.py::{test}",verdict="PASS"}} 1.0\n' in told


def test_the_text_file_can_be_named_in_the_ini_file_and_the_environment(
    suite: Suite, server_url: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini = f"perf_base_url = {server_url}\nperf_prometheus_textfile = ini.prom"
    suite(ONE, ini=ini).assert_outcomes(passed=1)
    monkeypatch.setenv("PERFPLUG_PROMETHEUS_TEXTFILE", "environment.prom")
    suite(ONE, ini=ini).assert_outcomes(passed=1)
    assert {path.name for path in pytester.path.glob("*.prom")} == {"ini.prom", "environment.prom"}


def test_a_gateway_that_is_not_there_makes_a_session_that_is_not_green(
    suite: Suite, dead_url: str, pytester: pytest.Pytester
) -> None:
    gateway = dead_url.replace("http://", "http://joe:hunter22@")
    result = suite(ONE, f"--perf-prometheus-push={gateway}", "--perf-json=out.json")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"perfplug: {dead_url.replace('//', '//[*][*][*]@')}: not pushed: Connection refused"])
    result.stdout.no_fnmatch_line("*hunter22*")
    assert (pytester.path / "out.json").exists()


def test_nothing_is_pushed_or_said_without_a_performance_test(suite: Suite, dead_url: str) -> None:
    result = suite("def test_a(): pass", f"--perf-prometheus-push={dead_url}")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("perfplug: *")


def test_what_is_no_gateway_is_a_usage_error(suite: Suite) -> None:
    result = suite(ONE, "--perf-prometheus-push=http://127.0.0.1:1/metrics/job/a/name/b")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --perf-prometheus-push: 'name' is a label of the metrics themselves*"])


def test_without_the_extra_it_is_said_which_to_install(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    suite(ONE).assert_outcomes(passed=1)
    result = suite(ONE, "--perf-prometheus-textfile=x.prom")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --perf-prometheus-textfile: needs prometheus_client, *: pip install 'pytest-perfplug[[]prometheus[]]'"]
    )
