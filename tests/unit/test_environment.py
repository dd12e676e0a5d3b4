"""The fingerprint says what can be found out, and None for the rest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import perfplug
from perfplug.environment import fingerprint

NO_CI: dict[str, str] = {}


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.test")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_it_names_machine_versions_and_library() -> None:
    seen = fingerprint(libcurl="libcurl/1.2.3", environ=NO_CI)
    assert seen["libcurl"] == "libcurl/1.2.3"
    assert seen["perfplug"] == perfplug.__version__
    assert isinstance(seen["cores"], int) and seen["cores"] >= 1
    assert isinstance(seen["memory"], int) and seen["memory"] > 10_000_000
    for key in ("cpu", "kernel", "system", "machine", "python"):
        assert isinstance(seen[key], str) and seen[key]


def test_it_is_plain_json() -> None:
    seen = fingerprint(libcurl="x", environ=NO_CI)
    assert json.loads(json.dumps(seen, allow_nan=False)) == seen


def test_it_names_the_commit_of_the_folder(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    seen = fingerprint(libcurl="x", folder=tmp_path, environ={"GITHUB_SHA": "of another"})
    assert seen["commit"] == git(tmp_path, "rev-parse", "HEAD")


@pytest.mark.parametrize("variable", ["GITHUB_SHA", "CI_COMMIT_SHA"])
def test_outside_a_repository_the_commit_is_what_ci_says_or_none(tmp_path: Path, variable: str) -> None:
    assert fingerprint(libcurl="x", folder=tmp_path, environ={variable: "abc"})["commit"] == "abc"
    assert fingerprint(libcurl="x", folder=tmp_path, environ=NO_CI)["commit"] is None


def test_without_git_or_folder_the_commit_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fingerprint(libcurl="x", folder=tmp_path / "none", environ=NO_CI)["commit"] is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fingerprint(libcurl="x", environ=NO_CI)["commit"] is None


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, None),
        ({"CI": "false"}, None),
        ({"CI": "true"}, "unknown"),
        ({"CI": "true", "GITHUB_ACTIONS": "true", "ImageOS": "ubuntu24"}, "github-actions ubuntu24"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab-ci"),
        ({"JENKINS_URL": "http://jenkins.example.test/"}, "jenkins"),
    ],
)
def test_it_names_the_ci_system(environ: dict[str, str], name: str | None) -> None:
    assert fingerprint(libcurl="x", environ=environ)["ci"] == name


def test_it_names_the_branch_of_the_folder(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "feature/x")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    seen = fingerprint(libcurl="x", folder=tmp_path, environ={"GITHUB_REF_NAME": "another"})
    assert seen["branch"] == "feature/x"


def test_on_a_commit_without_a_branch_it_is_what_ci_says_the_source_of_a_pull_request_first(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "checkout", "-q", "--detach")
    seen = {"GITHUB_REF_NAME": "12/merge", "GITHUB_HEAD_REF": "feature/x"}
    assert fingerprint(libcurl="x", folder=tmp_path, environ=seen)["branch"] == "feature/x"
    assert fingerprint(libcurl="x", folder=tmp_path, environ={"CI_COMMIT_REF_NAME": "main"})["branch"] == "main"
    assert fingerprint(libcurl="x", folder=tmp_path, environ=NO_CI)["branch"] is None
