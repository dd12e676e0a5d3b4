"""The files of a session: every form from one run, and nothing measured is lost when one cannot be written."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from suites import Suite

from perfplug.report import html_library

ReadJson = Callable[..., list[dict[str, Any]]]

HOLDS = """
@pytest.mark.performance(p95="5s", error_rate="5%")
def test_holds(perf):
    perf.http("/ok", requests=300)
"""
BROKEN = """
@pytest.mark.performance(p50="1ms")
def test_broken(perf):
    perf.http("/slow?seconds=0.01", users=10, requests=200)
"""


def test_every_form_is_written_into_folders_that_are_made(suite: Suite, pytester: pytest.Pytester) -> None:
    folder = pytester.path / "out" / "deep"
    names = ("json", "junit", "markdown", "csv", "html")
    result = suite(HOLDS, *(f"--perf-{name}={folder / name}" for name in names))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"perfplug: wrote {folder}/json", f"perfplug: wrote {folder}/html"])
    for path in (*(folder / name for name in names), folder / "csv.timeline"):
        assert "test_holds" in html.unescape(path.read_text(encoding="utf-8")).replace("<wbr>", "")


@pytest.mark.parametrize("name", ["html", "markdown", "csv"])
def test_the_environment_and_the_ini_file_can_ask_for_one(
    suite: Suite, pytester: pytest.Pytester, server_url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    suite(HOLDS, ini=f"perf_base_url = {server_url}\nperf_{name} = of_ini")
    assert (pytester.path / "of_ini").exists()
    monkeypatch.setenv(f"PERFPLUG_{name.upper()}", "of_environment")
    suite(HOLDS)
    assert (pytester.path / "of_environment").exists()


def test_a_page_that_cannot_be_made_is_said_before_anything_is_measured(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_library, "_FOLDER", pytester.path)
    result = suite(HOLDS, "--perf-html=page.html", "--perf-json=out.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --perf-html: needs uPlot*"])
    assert not (pytester.path / "out.json").exists()


def test_a_full_disk_loses_the_page_and_not_the_result(
    suite: Suite, read_json: ReadJson, pytester: pytest.Pytester
) -> None:
    result = suite(HOLDS, "--perf-html=/dev/full", "--perf-csv=/proc/none/x.csv", "--perf-json=out.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED  # somebody waits for these files
    result.stdout.fnmatch_lines(
        [
            "perfplug: wrote */out.json",
            "perfplug: /proc/none/x.csv: not written: *",
            "perfplug: /dev/full: not written: No space left on device",
        ]
    )
    assert read_json()[0]["verdict"] == "PASS"


def test_a_failed_limit_stays_a_failed_test_whatever_the_disk_does(suite: Suite, read_json: ReadJson) -> None:
    result = suite(BROKEN, "--perf-html=/dev/full", "--perf-json=out.json")
    result.assert_outcomes(failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert read_json()[0]["verdict"] == "FAIL"
