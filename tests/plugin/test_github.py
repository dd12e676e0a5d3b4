"""Every failure is told once to each: JUnit, the annotations of GitHub Actions, the job summary."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

Suite = Callable[..., pytest.RunResult]

# One failure of each kind; its line is the one of the comment.
SEEDED = """
@pytest.mark.performance(p50="1ms", p95="5s")  # FAIL
def test_a_limit(perf):
    perf.http("/slow?seconds=0.01", users=10, requests=200)

@pytest.mark.performance(p50="20ms")  # INVALID
def test_a_spoiled_run(perf):
    perf.http("/slow?seconds=0.01", rate=500, users=1, duration="0.5s")

@pytest.mark.performance(p95="1s")  # unreachable
def test_a_dead_target(perf):
    perf.http("{dead}/x", requests=50)

class TestMore:
    @pytest.mark.performance(p95="1s", p99="2s")  # unreachable
    def test_the_dead_target_again(self, perf):
        perf.http("{dead}/x", requests=50)

    @pytest.mark.performance(p95="1s")  # unreachable
    def test_it_is_required(self, perf):
        perf.require("{dead}/health")

@pytest.mark.performance(error_rate="50%")
def test_holds(perf):
    perf.http("/ok", requests=200)
"""
PLAIN = "@pytest.mark.performance(error_rate='50%')\ndef test_holds(perf):\n    perf.http('/ok', requests=200)\n"
BROKEN = "@pytest.mark.performance(p50='1ms')\ndef test_a(perf): perf.http('/slow?seconds=0.01', requests=60{more})\n"


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester, suite: Suite) -> Path:
    """The summary file of a job of GitHub Actions."""
    summary = pytester.path / "summary.md"
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(pytester.path),
        "GITHUB_STEP_SUMMARY": str(summary),
    }.items():
        monkeypatch.setenv(name, value)
    return summary


def told(result: pytest.RunResult) -> list[tuple[str, str]]:
    """Kind and place of each workflow command."""
    found = [re.match(r"::(\w+) file=([^,]*),line=(\d+),title=", line) for line in result.outlines]
    assert sum(line.lstrip().startswith("::") for line in result.outlines) == sum(match is not None for match in found)
    return [(match[1], f"{match[2]}:{match[3]}") for match in found if match]


def failed_rows(summary: Path) -> list[str]:
    """The place in each row of the table of failures."""
    rows = [line for line in summary.read_text().splitlines() if line.startswith("| ❌ |")]
    return [re.sub(r"<.?code>", "", html.unescape(row.split(" | ")[3])) for row in rows]


def failed_testcases(path: Path) -> list[str]:
    testcases = ET.parse(path).getroot().iter("testcase")
    return [f"{case.get('file')}:{case.get('line')}" for case in testcases if case.find("failure") is not None]


def test_every_seeded_failure_is_one_junit_failure_one_annotation_and_one_row(
    suite: Suite, job: Path, dead_url: str, pytester: pytest.Pytester
) -> None:
    source = SEEDED.replace("{dead}", dead_url)
    result = suite(source, "--perf-junit=limits.xml", "--perf-require=fail")
    lines = (pytester.path / "test_it.py").read_text().splitlines()
    seeded = [f"test_it.py:{at}" for at, line in enumerate(lines, 1) if line.endswith(("FAIL", "INVALID", "able"))]
    assert len(seeded) == 5
    assert failed_testcases(pytester.path / "limits.xml") == seeded
    assert [place for kind, place in told(result) if kind == "error"] == seeded
    assert failed_rows(job) == seeded


def test_each_regressed_metric_is_one_of_each_too(suite: Suite, job: Path, pytester: pytest.Pytester) -> None:
    source = "@pytest.mark.performance()\ndef test_a(perf): perf.http('/slow?seconds={}', users=4, requests=60)\n"
    stored = pytester.path / ".perfplug" / "baselines" / "default.json"
    for _ in range(20):  # a busy machine spoils measurements, and what is spoiled is not saved
        suite(source.format(0.02), "--perf-save-baseline").assert_outcomes(passed=1)
        if stored.exists():
            break
    document = json.loads(stored.read_text())
    document["runs"] *= 10
    stored.write_text(json.dumps(document))
    job.unlink()
    result = suite(source.format(0.2), "--perf-compare", "--perf-junit=limits.xml")
    regressed = failed_testcases(pytester.path / "limits.xml")
    assert set(regressed) == {"test_it.py:2"}
    assert [place for kind, place in told(result) if kind == "error"] == regressed
    assert failed_rows(job) == regressed


def test_a_session_without_failures_has_a_summary_and_no_annotation(suite: Suite, job: Path) -> None:
    result = suite(PLAIN)
    assert told(result) == []
    assert job.read_text().startswith("## ✅ PASS: the limit holds\n")
    result.stdout.fnmatch_lines(["perfplug: wrote the job summary"])


def test_what_cannot_be_decided_is_a_warning_and_under_strict_an_error(suite: Suite, job: Path) -> None:
    source = "@pytest.mark.performance(p99_9='1h')\ndef test_a(perf): perf.http('/ok', requests=5)\n"
    assert told(suite(source)) == [("warning", "test_it.py:2")]
    assert failed_rows(job) == []
    assert told(suite(source, "--perf-strict")) == [("error", "test_it.py:2")]
    assert failed_rows(job) == ["test_it.py:2"]


def test_files_are_told_relative_to_the_checkout(
    suite: Suite, job: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    result = suite(BROKEN.format(more=""))
    assert told(result) == [("error", f"{pytester.path.name}/test_it.py:2")]


@pytest.mark.parametrize("said", [("--perf-github=off",), ()])
def test_nothing_is_told_when_that_was_asked_for_or_nobody_listens(
    suite: Suite, job: Path, said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not said:
        monkeypatch.delenv("GITHUB_ACTIONS")
    assert told(suite(BROKEN.format(more=""), *said)) == []
    assert not job.exists()


def test_nothing_is_told_where_nothing_was_measured(suite: Suite, job: Path) -> None:
    suite("def test_a(): pass\n").assert_outcomes(passed=1)
    assert not job.exists()


def test_a_summary_that_cannot_be_written_fails_the_session_but_not_the_test(
    suite: Suite, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job.parent / "not" / "there"))
    result = suite(PLAIN)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["perfplug: */not/there: the job summary was not written: No such file*"])


def test_no_text_of_a_load_is_taken_for_a_command(suite: Suite, job: Path) -> None:
    hostile = "::error file=x::y\\n::set-output name=a::b\\r\\n##[error]c"
    result = suite(BROKEN.format(more=f", name='{hostile}'"))
    assert told(result) == [("error", "test_it.py:2")]
    assert not any("##[" in line for line in result.outlines if not line.startswith("::"))
