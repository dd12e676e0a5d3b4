"""Under pytest-xdist: loads one at a time, and one report of them all."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("xdist")

Suite = Callable[..., pytest.RunResult]
BOTH = ("perfplug", "xdist")
ReadJson = Callable[..., list[dict[str, Any]]]

FOUR = """
@pytest.mark.performance(error_rate="5%")
@pytest.mark.parametrize("n", range(4))
def test_load(perf, n):
    perf.http("/ok", duration="0.3s", warmup="0s", name=f"load {n}")

def test_plain(): pass
"""


@pytest.mark.parametrize("dist", ["load", "loadgroup", "worksteal"])
def test_loads_never_overlap_and_are_reported_once(suite: Suite, read_json: ReadJson, dist: str) -> None:
    result = suite(FOUR, "-n2", f"--dist={dist}", "--perf-json=out.json", "--perf-junit=out.xml", plugins=BOTH)
    result.assert_outcomes(passed=5)
    runs = sorted(read_json(), key=lambda run: run["started_at"])
    assert sorted(run["test"] for run in runs) == [f"test_it.py::test_load[{n}]" for n in range(4)]
    for run, following in itertools.pairwise(runs):
        assert run["started_at"] + run["duration"] <= following["started_at"]
    text = str(result.stdout)
    assert text.count("one load at a time") == 1
    assert text.count("= performance =") == 1
    assert text.count("perfplug: wrote ") == 2


GROUPS = """
@pytest.mark.xdist_group("a")
def test_a(): pass
"""


def test_a_group_keeps_all_loads_on_one_worker(suite: Suite) -> None:
    if "test_a@a" not in str(suite(GROUPS, "-n2", "--dist=loadgroup", "-v", ini="", plugins=("xdist",)).stdout):
        pytest.skip("groups of this pytest-xdist do not work with this pytest")
    result = suite(FOUR, "-n2", "--dist=loadgroup", "-v", plugins=BOTH)
    result.assert_outcomes(passed=5)
    workers = {line.split()[0] for line in result.outlines if "PASSED" in line and "test_load" in line}
    assert len(workers) == 1


def test_failures_warnings_and_usage_errors_come_through(suite: Suite, dead_url: str) -> None:
    result = suite(
        f"""
@pytest.mark.performance(error_rate="1%")
def test_broken(perf): perf.http("/status?code=500", requests=100)

@pytest.mark.performance(p99_9="1h")
def test_undecided(perf): perf.http("/ok", requests=5)

@pytest.mark.performance(p95="1")
def test_wrong(perf): pass

def test_away(perf): perf.http("{dead_url}/", requests=1000)
""",
        "-n2",
        plugins=BOTH,
    )
    result.assert_outcomes(failed=2, passed=1, errors=1, warnings=1)
    result.stdout.fnmatch_lines(["GET /status: error rate 100%*FAIL"])
    result.stdout.fnmatch_lines(["test_it.py::test_wrong: p95: *"])
    result.stdout.fnmatch_lines([f"{dead_url}: *refused*"])
    result.stdout.fnmatch_lines(["*PerfplugWarning: GET /ok: *INCONCLUSIVE*"])


def test_pytests_own_junit_file_gets_the_figures_but_not_the_baggage(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(FOUR, "-n2", "--junitxml=junit.xml", "-o", "junit_family=xunit2", plugins=BOTH).assert_outcomes(passed=5)
    text = (pytester.path / "junit.xml").read_text()
    assert 'name="perfplug.load 3.p95"' in text
    assert "perfplug_cases" not in text


def test_without_performance_tests_there_is_not_a_word_more(suite: Suite) -> None:
    result = suite("def test_plain(): pass\n", "-n2", "--perf-json=out.json", plugins=BOTH)
    result.assert_outcomes(passed=1)
    assert "perfplug:" not in str(result.stdout) and "= performance =" not in str(result.stdout)
