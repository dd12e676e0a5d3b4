"""``perfplug run`` and its files: the exit code is the measurement's, and a report that fails does not change it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfplug.report.load import load_report

Serve = Callable[..., Any]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfplug", "run", *words, "-n", "200", "--quiet"],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("sla", "code"), [("p95<20s", 5), ("p95<1us", 1)])
def test_a_page_that_cannot_be_written_leaves_the_result_and_the_failure(
    serve: Serve, tmp_path: Path, sla: str, code: int
) -> None:
    kept = tmp_path / "a" / "result.json"
    done = run(serve().url("/ok"), "--sla", sla, "--html", "/dev/full", "--json", str(kept))
    assert done.returncode == code
    assert done.stderr.startswith("perfplug: /dev/full: not written: No space left on device")
    assert load_report(kept).cases[0].result.requests == 200


def test_a_page_and_its_timeline_are_written(serve: Serve, tmp_path: Path) -> None:
    page, table = tmp_path / "page.html", tmp_path / "figures.csv"
    done = run(serve().url("/ok"), "--sla", "p95<20s", "--html", str(page), "--csv", str(table))
    assert (done.returncode, done.stderr) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert table.read_text().count("\n") == 2
    assert (tmp_path / "figures.timeline.csv").read_text().count("\n") > 2
