"""Another state of a git repository beside the current one: a worktree in a temporary folder, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from perfplug.errors import RepositoryError

_TIMEOUT = 600.0  # seconds: a checkout of a large repository takes its time


@contextlib.contextmanager
def worktree(reference: str, folder: Path) -> Iterator[Path]:
    """`folder` as it is at `reference` (a branch, tag or commit). RepositoryError when there is no such thing."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel"))
    commit = _commit(folder, reference)
    inner = folder.resolve().relative_to(top.resolve())
    parent = Path(tempfile.mkdtemp(prefix="perfplug-"))
    tree = parent / "tree"
    try:
        _git(top, "worktree", "add", "--detach", "--force", str(tree), commit)
        if not (tree / inner).is_dir():
            raise RepositoryError(f"{inner}: there is no such folder at {reference!r}")
        yield tree / inner
    finally:
        # Not by "worktree remove", which stops at what a server has left in it.
        shutil.rmtree(parent, ignore_errors=True)
        with contextlib.suppress(RepositoryError):
            _git(top, "worktree", "prune")


def _commit(folder: Path, reference: str) -> str:
    try:
        return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    except RepositoryError:
        raise RepositoryError(
            f"{reference!r} is no branch, tag or commit of the repository at {folder}; a shallow clone must fetch it"
        ) from None


def _git(folder: Path, *words: str) -> str:
    """What git says on standard output."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            env=environment,
        )
    except FileNotFoundError:
        raise RepositoryError("git is not installed, or not on PATH") from None
    except subprocess.TimeoutExpired:
        raise RepositoryError(f"git {words[0]}: no end after {_TIMEOUT:g} s") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RepositoryError(f"git {words[0]} in {folder}: {said.removeprefix('fatal: ')}")
    return done.stdout.strip()
