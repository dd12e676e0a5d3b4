"""Baselines and history under kill -9 and under writers in other processes: old or new, never torn, nothing lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perfplug import baseline, history

HERE = Path(__file__).resolve().parent
WRITER = """
import sys
sys.path.insert(0, {here!r})
import earlier
from pathlib import Path
from perfplug import baseline, history
folder, writer, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
report = earlier.report(test=f"test_{{writer}}.py::test_it")
print("ready", flush=True)
for _ in range(times):
    {action}
"""
SAVE = 'baseline.save(baseline.file_of(folder, "default", where="here"), report)'
REMEMBER = 'history.write(folder / "history.db", report)'


def start(action: str, folder: Path, writer: str, times: int) -> subprocess.Popen[str]:
    script = WRITER.format(here=str(HERE), action=action)
    command = [sys.executable, "-c", script, str(folder), writer, str(times)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def saved(folder: Path) -> dict[str, int]:
    """Runs by test, as a reader finds them."""
    path = folder / "default.json"
    stored = baseline.load(path) if path.exists() else None
    return {} if stored is None else {key[0]: len(stored.records(key)) for key in stored.keys}


def remembered(folder: Path) -> dict[str, int]:
    path = folder / "history.db"
    found = history.loads(history.read(path)) if path.exists() else {}
    return {key[0]: len(entries) for key, entries in found.items()}


Count = Callable[[Path], dict[str, int]]
WAYS = pytest.mark.parametrize(
    ("action", "count"), [(SAVE, saved), (REMEMBER, remembered)], ids=["baseline", "history"]
)


@WAYS
def test_killed_again_and_again_it_is_always_whole_and_only_grows(action: str, count: Count, tmp_path: Path) -> None:
    chance = random.Random(3)
    before = 0
    for _ in range(12):
        process = start(action, tmp_path, "a", 100_000)
        time.sleep(chance.uniform(0.005, 0.08))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        after = sum(count(tmp_path).values())
        assert after >= min(before, baseline_limit(action))
        before = after
    assert before > 0


def baseline_limit(action: str) -> int:
    """A baseline keeps so many; from there on it no longer grows."""
    from perfplug.baseline_format import RUNS_MAX

    return RUNS_MAX if action == SAVE else sys.maxsize


@WAYS
def test_eight_writers_at_once_lose_nothing(action: str, count: Count, tmp_path: Path) -> None:
    writers = [start(action, tmp_path, str(number), 6) for number in range(8)]
    assert [writer.communicate(timeout=120)[0] for writer in writers] == [""] * 8
    assert [writer.returncode for writer in writers] == [0] * 8
    assert count(tmp_path) == {f"test_{number}.py::test_it": 6 for number in range(8)}


def test_what_a_killed_writer_leaves_behind_stops_nobody(tmp_path: Path) -> None:
    process = start(SAVE, tmp_path, "a", 100_000)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    after = start(SAVE, tmp_path, "b", 1)
    assert after.communicate(timeout=60)[0] == ""
    assert saved(tmp_path)["test_b.py::test_it"] == 1
