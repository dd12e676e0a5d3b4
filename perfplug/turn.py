"""Turns: of several processes that share a folder, one at a time puts a target under load, or changes a file.

Two loads at once would measure each other. pytest-xdist cannot be told to keep tests apart in all its ways of
distributing them, so its workers queue here; so do the writers of a baseline.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def turn(lock_file: Path) -> Iterator[None]:
    """Waits for the file's lock, and holds it. The kernel gives it back when the process dies, however it dies."""
    with open(lock_file, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
