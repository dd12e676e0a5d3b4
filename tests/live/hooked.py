"""A git repository with the example shop, ten healthy limits and perfplug's hook, run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HANG_S = 300.0

# Ten tests of one limit each: what takes a quick profile longest.
TEN = """
import pytest

PATHS = ["/health", "/products?limit=20", "/products/42", "/search?q=lamp", "/products/7"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.performance(p95="500ms")
def test_is_quick(perf, path):
    perf.http(path, users=5, duration="10s")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.performance(error_rate="1%")
def test_does_not_fail(perf, path):
    perf.http(path, users=5, duration="10s")
"""


def make(folder: Path) -> Path:
    """The repository. The hook's own is one beside it, of nothing but the file that pre-commit reads from ours."""
    hooks = folder / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    commit(hooks)
    project = folder / "project"
    shutil.copytree(ROOT / "docs" / "examples" / "shop", project / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "perfplug", "init", str(project)], check=True, capture_output=True)
    (project / "tests" / "performance" / "test_first_promise.py").write_text(TEN)
    revision = git(hooks, "rev-parse", "HEAD")
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: perfplug\n        verbose: true\n"
    )
    commit(project)
    return project


def run_hook(project: Path) -> subprocess.CompletedProcess[str]:
    """As a commit does, on everything."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PERFPLUG_", "GIT_"))}
    environment["PRE_COMMIT_HOME"] = str(project.parent / "pre-commit")
    # "python" is the one of the project's environment, as it is for who works in it.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=HANG_S)


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
