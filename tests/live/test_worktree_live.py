"""Worktrees of real repositories."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

from perfplug.errors import RepositoryError
from perfplug.worktree import worktree


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.test", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits: tag "old" with one file, and main with another, in two folders."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    folder = tmp_path / "repository"
    (folder / "app").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "app" / "file").write_text("old")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "old")
    git(folder, "tag", "old")
    (folder / "new").mkdir()
    (folder / "new" / "file").write_text("new")
    (folder / "app" / "file").write_text("new")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "new")
    return folder


def left_over(repository: Path) -> list[str]:
    listed = git(repository, "worktree", "list", "--porcelain").count("worktree ")
    return [path.name for path in (repository.parent / "temporary").iterdir()] + ["worktree"] * (listed - 1)


def test_the_folder_is_there_as_it_was_and_gone_afterwards(repository: Path) -> None:
    (repository / "app" / "file").write_text("not committed")
    with worktree("old", repository / "app") as tree:
        assert (tree / "file").read_text() == "old"
        (tree / "log").write_text("left by a server")
    assert left_over(repository) == []
    assert (repository / "app" / "file").read_text() == "not committed"


def test_the_branch_that_is_checked_out_can_be_had_as_well(repository: Path) -> None:
    with worktree("main", repository) as tree:
        assert (tree / "new" / "file").read_text() == "new"


def test_it_is_gone_after_an_error_too(repository: Path) -> None:
    with pytest.raises(ZeroDivisionError), worktree("HEAD~1", repository):
        raise ZeroDivisionError
    assert left_over(repository) == []


@pytest.mark.parametrize("reference", ["nowhere", "-h", "--all", "main..old", "", "old:app"])
def test_a_reference_that_is_none_is_named(repository: Path, reference: str) -> None:
    with pytest.raises(RepositoryError, match="no branch, tag or commit") as raised, worktree(reference, repository):
        pass
    assert repr(reference) in str(raised.value)
    assert left_over(repository) == []


def test_a_folder_that_was_not_there_yet_is_named(repository: Path) -> None:
    with (
        pytest.raises(RepositoryError, match="new: there is no such folder at 'old'"),
        worktree("old", repository / "new"),
    ):
        pass
    assert left_over(repository) == []


def test_a_folder_without_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=f"in {tmp_path}: not a git repository"), worktree("main", tmp_path):
        pass


def test_a_machine_without_git_is_told_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(RepositoryError, match="git is not installed"), worktree("main", repository):
        pass
