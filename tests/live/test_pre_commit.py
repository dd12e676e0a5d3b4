"""The pre-commit hook, run by pre-commit in a real repository. How long it takes: tests/bench/pre_commit.py."""

from __future__ import annotations

from pathlib import Path

import hooked


def test_the_hook_runs_the_quick_profile_and_a_broken_promise_stops_the_commit(tmp_path: Path) -> None:
    project = hooked.make(tmp_path)
    done = hooked.run_hook(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "performance promises, quickly" in done.stdout
    assert "10 passed" in done.stdout
    tests = project / "tests" / "performance" / "test_first_promise.py"
    tests.write_text(tests.read_text().replace("500ms", "1us").replace('PATHS = ["/health", ', "PATHS = ["))
    hooked.git(project, "add", "--all")
    done = hooked.run_hook(project)
    assert done.returncode == 1
    assert "4 failed, 4 passed" in done.stdout


def test_where_nothing_of_the_service_changed_the_hook_does_not_run(tmp_path: Path) -> None:
    project = hooked.make(tmp_path)
    for source in project.rglob("*.py"):
        source.unlink()
    hooked.git(project, "add", "--all")
    done = hooked.run_hook(project)
    assert done.returncode == 0
    assert "Skipped" in done.stdout
