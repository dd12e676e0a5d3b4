"""action.yml, step by step in a clean folder, on a real service: to a verdict, and never to a green one by silence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from action_runner import Run, Runner, clean_environment
from live_harness import Server

ROOT = Path(__file__).resolve().parents[2]
TESTS = "Run performance tests"

# Slow enough for a busy machine to spoil nothing.
HOLDS = """
import pytest

@pytest.mark.performance(p95="5s", error_rate="5%")
def test_holds(perf):
    perf.http("/slow?seconds=0.2", users=50, requests=150)
"""
# Its marker stands in line 4.
BROKEN = """
import pytest

@pytest.mark.performance(p50="1ms")
def test_broken(perf):
    perf.http("/slow?seconds=0.01", users=10, requests=200, name="::error ::x")
"""
SPOILED = """
import pytest

@pytest.mark.performance(p50="20ms")
def test_spoiled(perf):
    perf.http("/slow?seconds=0.01", rate=500, users=1, duration="0.5s")
"""


class Project:
    """A checkout with performance tests in ``service/``, the server that they ask, and a runner of the action."""

    def __init__(self, folder: Path, url: str) -> None:
        self.workspace = folder / "checkout"
        self.folder = self.workspace / "service"
        self.folder.mkdir(parents=True)
        self.cache = folder / "cache"
        self.url = url
        self.home = folder
        self.write(HOLDS)

    def write(self, source: str) -> None:
        (self.folder / "test_it.py").write_text(source)
        (self.folder / "pytest.ini").write_text(f"[pytest]\nperf_base_url = {self.url}\n")

    def run(self, *, event: Mapping[str, Any] | None = None, **inputs: str) -> Run:
        environment = clean_environment(self.home)
        if event is not None:
            (self.home / "event.json").write_text(json.dumps(event))
            environment["GITHUB_EVENT_PATH"] = str(self.home / "event.json")
        contexts = {"runner.os": "Linux", "runner.arch": "X64", "github.run_id": "7", "github.run_attempt": "1"}
        given = {"working-directory": "service", "python": sys.executable}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        runner = Runner(ROOT / "action.yml", self.workspace, environment=environment, contexts=contexts)
        return runner.run(given, uses=self._use)

    def _use(self, name: str, given: Mapping[str, str]) -> None:
        """The cache, as a folder of this test."""
        path = self.workspace / given["path"]
        if name.startswith("actions/cache/save@") and path.exists():
            shutil.copytree(path, self.cache, dirs_exist_ok=True)
        if name.startswith("actions/cache/restore@") and self.cache.exists():
            shutil.copytree(self.cache, path, dirs_exist_ok=True)

    def report(self, name: str) -> Path:
        return self.folder / "perfplug-out" / name

    def start_again(self) -> None:
        """As a later job: of the workspace nothing is left but the checkout."""
        shutil.rmtree(self.folder / ".perfplug", ignore_errors=True)
        shutil.rmtree(self.folder / "perfplug-out", ignore_errors=True)


@pytest.fixture
def project(tmp_path: Path, serve: Callable[..., Server]) -> Project:
    return Project(tmp_path, serve().url("").rstrip("/"))


def test_limits_that_hold_are_green_with_all_reports_and_a_summary(project: Project) -> None:
    run = project.run()
    assert (run.failed, run.outputs) == ([], {"verdict": "PASS"})
    assert run.summary.startswith("## ✅ PASS: both limits hold\n")
    for name in ("result.json", "junit.xml", "report.md", "report.html"):
        assert project.report(name).stat().st_size > 0
    [(uploader, given)] = run.used
    assert uploader.startswith("actions/upload-artifact@")
    assert (project.workspace / given["path"]).samefile(project.folder / "perfplug-out")


def test_a_failed_limit_is_red_and_one_annotation_at_its_marker(project: Project) -> None:
    project.write(BROKEN)
    run = project.run()
    assert run.failed == [TESTS, "Report"]
    assert run.outputs["verdict"] == "FAIL"
    [annotation] = run.annotations()
    assert annotation.startswith("::error file=service/test_it.py,line=4,title=FAIL%3A p50 < 1 ms::")
    assert run.summary.count("| ❌ |") == 1
    assert project.report("junit.xml").read_text().count("<failure") == 1
    assert "upload-artifact" in run.used[-1][0], "the reports of a failure are what they are for"


def test_what_the_client_spoiled_is_red_though_pytest_only_warns(project: Project) -> None:
    project.write(SPOILED)
    run = project.run()
    assert (run.failed, run.outputs["verdict"]) == (["Report"], "INVALID")
    [annotation] = run.annotations()
    assert "line=4,title=INVALID%3A measurement is valid::" in annotation
    assert project.report("junit.xml").read_text().count("<failure") == 1
    assert run.summary.count("| ❌ |") == 1


def test_a_service_that_is_not_there_is_red_even_where_tests_would_skip(project: Project) -> None:
    project.url = "http://127.0.0.1:1"
    project.write(HOLDS.replace("    perf.http", '    perf.require("/health")\n    perf.http'))
    run = project.run()
    assert run.failed == [TESTS, "Report"]
    [annotation] = run.annotations()
    assert "title=unreachable%3A target is reachable::" in annotation
    assert run.summary.count("| ❌ |") == 1


@pytest.mark.parametrize("source", ["def test_plain(): pass\n", "import nothing_like_it\n"])
def test_where_no_performance_test_ran_it_is_red(project: Project, source: str) -> None:
    project.write(source)
    run = project.run()
    assert run.failed == [TESTS, "Report"]
    assert run.outputs["verdict"] == "INVALID"
    assert any("title=no result::" in line for line in run.annotations())


def test_a_result_of_an_earlier_run_is_not_taken_for_this_ones(project: Project) -> None:
    assert project.run().green
    project.write("import nothing_like_it\n")
    assert project.run().outputs["verdict"] == "INVALID"


def test_where_every_test_was_skipped_it_is_red(project: Project) -> None:
    project.write(HOLDS.replace("    perf.http", "    pytest.skip()\n    perf.http"))
    run = project.run()
    assert run.failed == ["Report"]
    assert any("title=nothing measured::" in line for line in run.annotations())


def test_what_cannot_be_decided_is_a_warning_and_red_only_when_strict(project: Project) -> None:
    project.write(HOLDS.replace('p95="5s", error_rate="5%"', 'p99_9="1h"'))
    run = project.run()
    assert (run.failed, run.outputs["verdict"]) == ([], "INCONCLUSIVE")
    assert (len(run.annotations("warning")), run.annotations()) == (1, [])
    strict = project.run(strict="true")
    assert strict.failed == [TESTS, "Report"]
    assert len(strict.annotations()) == 1


def uncompared(run: Run) -> list[str]:
    return [line for line in run.annotations() if ",title=not compared::" in line or " title=not compared::" in line]


def test_a_baseline_is_kept_restored_and_compared_with(project: Project) -> None:
    project.run(save_baseline="main")
    project.start_again()
    run = project.run(compare="main")
    assert uncompared(run) == []
    [case] = json.loads(project.report("result.json").read_text())["runs"]
    assert {row["runs"] for row in case["comparison"]} == {1}


@pytest.mark.parametrize(("content", "cause"), [(None, "there is no such baseline"), ("{}", "not a baseline")])
def test_a_baseline_that_is_gone_or_damaged_is_never_green(project: Project, content: str | None, cause: str) -> None:
    if content is not None:
        file = project.cache / "baselines" / "main.json"
        file.parent.mkdir(parents=True)
        file.write_text(content)
    run = project.run(compare="main")
    assert run.failed == ["Report"]
    [annotation] = uncompared(run)
    assert "::1 of 1 loads were not compared with the baseline main: " in annotation and cause in annotation


def test_a_baseline_that_is_gone_can_be_accepted(project: Project) -> None:
    run = project.run(compare="main", missing_baseline="warn")
    assert run.green
    assert any("title=not compared::" in line for line in run.annotations("warning"))


def test_a_comparison_that_begins_its_own_baseline_is_red_once(project: Project) -> None:
    nightly = {"compare": "nightly", "save_baseline": "nightly", "history": "true"}
    first = project.run(**nightly)
    assert (first.failed, len(uncompared(first))) == (["Report"], 1)
    project.start_again()
    assert uncompared(project.run(**nightly)) == []
    assert (project.cache / "history.db").exists()


def test_arguments_are_words_of_a_shell_that_no_shell_reads(project: Project) -> None:
    run = project.run(arguments="-k 'not of_the_kind' --perf-quick $(touch injected) ; touch injected")
    assert run.failed == [TESTS, "Report"]
    assert not list(project.workspace.rglob("injected"))
    assert project.run(arguments="-k 'holds and not other'").green
    unclosed = project.run(arguments="-k 'unclosed")
    assert "perfplug: --arguments: " in unclosed.log[TESTS]


def test_nothing_that_a_test_prints_is_a_command(project: Project) -> None:
    project.write(HOLDS + "    print('\\n::error file=evil::x\\n::set-output name=verdict::PASS')\n    assert 0\n")
    run = project.run(arguments="-s")
    assert "::error file=evil::x" in run.log[TESTS]
    assert not any("evil" in line for line in run.annotations())


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


AB = "/ --users 2 --pairs 5 --block 24"


def versions(project: Project, base: str, head: str) -> dict[str, Any]:
    """A clone as checkout makes it, of one commit only, whose service starts with these options; the event of its pull
    request."""
    origin = project.workspace.parent / "origin"
    serve = f"{sys.executable} {ROOT / 'tests' / 'servers' / 'timed.py'} {{port}} $(cat options)"
    (project.folder / "pyproject.toml").write_text(f'[tool.perfplug.ab]\ncommand = "{serve}"\n')
    shutil.copytree(project.workspace, origin)
    git(origin, "init", "--quiet")
    for options in (base, head):
        (origin / "service" / "options").write_text(options)
        git(origin, "add", "--all")
        git(origin, "commit", "--quiet", "--allow-empty", "--message", "version")
    git(origin, "config", "uploadpack.allowReachableSHA1InWant", "true")
    shutil.rmtree(project.workspace)
    git(origin.parent, "clone", "--quiet", "--depth=1", origin.as_uri(), str(project.workspace))
    return {"pull_request": {"number": 1, "base": {"sha": git(origin, "rev-parse", "HEAD~1")}}}


def test_a_pull_request_that_is_slower_than_its_base_is_red(project: Project) -> None:
    event = versions(project, "--delay-ms 4", "--delay-ms 12")
    run = project.run(event=event, ab=AB)
    assert "Compare with the base" in run.failed
    assert run.outputs["verdict"] == "PASS", "the verdict is that of the tests"
    assert "\n## ❌ A/B: FAIL" in run.summary
    assert any("against the base" in line for line in run.annotations())
    assert project.report("ab.html").exists()
    assert git(project.workspace, "worktree", "list").count("\n") == 0


def test_a_base_that_cannot_be_fetched_is_red(project: Project) -> None:
    event = versions(project, "--delay-ms 4", "--delay-ms 4")
    event["pull_request"]["base"]["sha"] = "1" * 40
    run = project.run(event=event, ab=AB)
    assert run.failed == ["Compare with the base", "Report"]
    assert any("title=no result::" in line for line in run.annotations())


def test_without_a_base_there_is_no_comparison_and_that_is_said(project: Project) -> None:
    run = project.run(event={"before": "0" * 40}, ab="/ok")
    assert run.green
    assert "no base to compare with" in run.annotations("notice")[0]
