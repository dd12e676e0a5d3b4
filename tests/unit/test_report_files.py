"""Report files are old or new, never torn, and failures are said in one line."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfplug.errors import ReportError
from perfplug.report import files

LIMITED = """
import resource, signal, sys
from perfplug.errors import ReportError
from perfplug.report import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.write(sys.argv[1], "x" * 100_000)
except ReportError as error:
    print(error)
"""
WRITER = """
import itertools, sys
from perfplug.report import files
print("ready", flush=True)
for letter in itertools.cycle("AB"):
    files.write(sys.argv[1], letter * 300_000)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    files.write(tmp_path / "a" / "b" / "result.json", "täxt\n")
    assert (tmp_path / "a" / "b" / "result.json").read_text(encoding="utf-8") == "täxt\n"
    assert names(tmp_path / "a" / "b") == ["result.json"]


def test_an_old_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    path.chmod(0o640)
    files.write(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        files.write(tmp_path / "result.json", "new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "result.json").stat().st_mode) == 0o640


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    files.write(path, "text")
    assert path.read_text() == "text"


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    files.write(target, "old")
    link.symlink_to(target)
    files.write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    files.write(link, "gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("path", ["", ".", "file/inside", "nul\0byte", "full"])
def test_a_file_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(ReportError) as caught:
        files.write(path, "text")
    assert str(caught.value).startswith(f"{path}: not written: ")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file", "full"]


def test_a_full_disk_leaves_the_old_file_whole_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(f"{path}: not written: "), done.stderr
    assert path.read_text() == "old"
    assert names(tmp_path) == ["result.json"]


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    whole = {letter * 300_000 for letter in "AB"}
    files.write(path, "A" * 300_000)
    chance = random.Random(1)
    for _ in range(12):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.03))
            writer.send_signal(signal.SIGKILL)
        assert path.read_text() in whole
