"""action.yml, the workflows and the hook: GitHub, GitLab and pre-commit take them, and forks get nothing from them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "workflows").glob("perfplug*.yml"))
GITLAB = ROOT / "workflows" / "perfplug.gitlab-ci.yml"
GITHUB = [path for path in WORKFLOWS if path != GITLAB]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("github-actions", [ROOT / "action.yml"]), ("github-workflows", GITHUB), ("gitlab-ci", [GITLAB])],
)
def test_the_files_are_valid_by_the_services_schemas(schema: str, paths: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(paths) == {"github-workflows": 3}.get(schema, 1)


def test_pre_commit_takes_the_hook() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [ROOT / "action.yml", *GITHUB], ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    these = read(path)["runs"]["steps"] if path.name == "action.yml" else steps(path)
    assert [step["run"] for step in these if EXPRESSION.search(step.get("run", ""))] == []


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_a_workflow_may_read_and_no_more_unless_a_job_says_so(path: Path) -> None:
    assert read(path)["permissions"] in ({}, {"contents": "read"})


def test_only_the_comment_may_write_and_it_runs_nothing_of_the_pull_request() -> None:
    writing = {
        path.name: job["permissions"]
        for path in GITHUB
        for job in read(path)["jobs"].values()
        if "write" in job.get("permissions", {}).values()
    }
    assert writing == {"perfplug-comment.yml": {"actions": "read", "pull-requests": "write"}}
    comment = ROOT / "workflows" / "perfplug-comment.yml"
    assert read(comment)[True].keys() == {"workflow_run"}  # YAML 1.1 reads "on" so
    assert not any("checkout" in step.get("uses", "") for step in steps(comment))
    assert [step["run"] for step in steps(comment) if "run" in step] == [
        "pip install pytest-perfplug",
        'perfplug github comment "$RESULT/result.json" --ab "$RESULT/ab.json"',
    ]


def test_no_workflow_of_a_pull_request_gets_a_secret() -> None:
    assert not any("secrets." in path.read_text() or "pull_request_target" in path.read_text() for path in GITHUB)


def test_the_comment_waits_for_the_workflow_by_its_name() -> None:
    name = read(ROOT / "workflows" / "perfplug.yml")["name"]
    assert read(ROOT / "workflows" / "perfplug-comment.yml")[True]["workflow_run"]["workflows"] == [name]


def test_the_workflows_give_the_action_inputs_that_it_has() -> None:
    inputs = read(ROOT / "action.yml")["inputs"]
    given = [
        key
        for path in GITHUB
        for step in steps(path)
        if "perfplug/perfplug" in step.get("uses", "")
        for key in step["with"]
    ]
    assert given and set(given) <= set(inputs)


def test_every_file_is_explained() -> None:
    documentation = (ROOT / "docs" / "github-actions.md").read_text()
    assert [path.name for path in WORKFLOWS if f"## {path.name}" not in documentation] == []
    inputs = read(ROOT / "action.yml")["inputs"]
    assert [name for name in inputs if f"| `{name}` |" not in documentation] == []
