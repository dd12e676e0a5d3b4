"""What was said wrongly: one message that names the test, the word, and what would be right; never a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perfplug import engine

Suite = Callable[..., pytest.RunResult]


def check_message(result: pytest.RunResult, *words: str) -> None:
    """The words stand in one line, which is the same in the report and in no traceback."""
    lines = [line for line in result.outlines if all(word in line for word in words)]
    assert lines, result.outlines
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*perfplug/*.py*")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("p95='100'", ["p95", "'100'", "100ms"]),
        ("p95=0.1", ["p95", "0.1", "unit"]),
        ("p95='100 mz'", ["p95", "mz"]),
        ("p95='> 100ms'", ["p95", "'>'"]),
        ("p95=None", ["p95", "None"]),
        ("latency='1s'", ["'latency'", "p95"]),
        ("thruput='1/s'", ["'thruput'", "'throughput'"]),
        ("error_rate='200%'", ["error_rate", "100%"]),
        ("'p95 < 1s'", ["by name", "p95='100ms'"]),
        ("p95='1s', name=5", ["name", "5"]),
    ],
)
def test_a_wrong_limit_is_an_error_of_the_test_before_it_runs(suite: Suite, limit: str, words: list[str]) -> None:
    result = suite(f"@pytest.mark.performance({limit})\ndef test_a(perf):\n    raise SystemExit('it ran')\n")
    result.assert_outcomes(errors=1)
    check_message(result, "test_it.py::test_a: ", *words)


def test_a_limit_without_a_load_is_a_failure(suite: Suite) -> None:
    for signature in ("perf", ""):
        result = suite(f"@pytest.mark.performance(p95='1s')\ndef test_a({signature}): pass\n")
        result.assert_outcomes(failed=1)
        check_message(result, "test_it.py::test_a: a limit without a load", "p95")


def test_a_skipped_test_needs_no_load(suite: Suite) -> None:
    source = "@pytest.mark.performance(p95='1s')\ndef test_a(perf): pytest.skip('not today')\n"
    suite(source).assert_outcomes(skipped=1)
    suite("@pytest.mark.skip\n@pytest.mark.performance(p95='1')\ndef test_a(perf): pass\n").assert_outcomes(skipped=1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("'http://'", ["http://"]),
        ("'ftp://localhost/'", ["ftp"]),
        ("'http://example.com/'", ["example.com", "perf_allow_hosts"]),
        ("'/ok', users=0", ["users", "0"]),
        ("'/ok', rate=-5", ["rate", "-5"]),
        ("'/ok', duration='5'", ["duration", "'5'", "5s"]),
        ("'/ok', duration='5s', requests=5", ["duration", "requests"]),
        ("'/ok', headers={'X-A': 'a\\nb'}", ["X-A"]),
        ("'/ok', data_file='nowhere.bin'", ["data_file", "nowhere.bin"]),
        ("'/ok', cafile='nowhere.pem'", ["cafile", "nowhere.pem"]),
        ("'/ok', limits={'p95': '1'}", ["p95", "'1'"]),
        ("'/ok', http='4'", ["http", "'4'"]),
        ("'/ok', workers=-1", ["workers", "-1"]),
    ],
)
def test_a_wrong_load_is_a_failure_with_one_message(suite: Suite, call: str, words: list[str]) -> None:
    result = suite(f"def test_a(perf):\n    perf.http({call})\n")
    result.assert_outcomes(failed=1)
    check_message(result, "test_it.py::test_a: ", *words)


def test_what_this_libcurl_cannot_do_is_said_of_the_test(suite: Suite) -> None:
    if "http3" in engine.CURL_FEATURES:
        pytest.skip("this libcurl can do all that may be asked for")
    result = suite("def test_a(perf):\n    perf.http('https://localhost/', http='3', requests=1)\n")
    result.assert_outcomes(failed=1)
    check_message(result, "test_it.py::test_a: ", "HTTP/3", "libcurl")


def test_a_path_without_a_base_url_says_where_to_give_one(suite: Suite) -> None:
    result = suite("def test_a(perf):\n    perf.http('/ok')\n", ini="")
    result.assert_outcomes(failed=1)
    check_message(result, "test_it.py::test_a: ", "--perf-base-url")


@pytest.mark.parametrize(
    ("arguments", "ini", "words"),
    [
        (["--perf-workers=none"], "", ["--perf-workers", "none"]),
        (["--perf-require=maybe"], "", ["--perf-require", "maybe"]),
        (["--perf-base-url=localhost"], "", ["--perf-base-url", "localhost"]),
        (["--perf-json=."], "", ["--perf-json", "folder"]),
        ([], "perf_workers = none", ["perf_workers", "none"]),
        ([], "perf_quick = maybe", ["perf_quick", "maybe"]),
        ([], "perf_allow_hosts = http://a", ["perf_allow_hosts", "http://a"]),
    ],
)
def test_a_wrong_setting_ends_the_session_before_it_begins(
    suite: Suite, arguments: list[str], ini: str, words: list[str]
) -> None:
    result = suite("def test_a(): pass\n", *arguments, ini=ini)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.errlines if line.strip())
    assert line.startswith("ERROR: ")
    for word in words:
        assert word in line


def test_a_usage_error_can_be_caught(suite: Suite) -> None:
    source = """
import perfplug
def test_a(perf):
    with pytest.raises(perfplug.UsageError, match="users"):
        perf.http("/ok", users=-1)
"""
    suite(source).assert_outcomes(passed=1)
