"""Turns among processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfplug.turn import turn

HOLDER = """
import sys, pathlib
from perfplug.turn import turn
with turn(pathlib.Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def is_free(lock: Path) -> bool:
    with open(lock, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_turn_is_held_until_it_ends(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with turn(lock):
        assert not is_free(lock)
    assert is_free(lock)


def test_an_error_ends_a_turn(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), turn(lock):
        _ = 1 / 0
    assert is_free(lock)


def test_a_killed_process_gives_its_turn_back(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "mine\n"
        assert not is_free(lock)
        os.kill(holder.pid, signal.SIGKILL)
        with turn(lock):  # waits
            assert not is_free(lock)
