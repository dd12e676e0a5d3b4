"""What the machine did to us, from Linux's counters."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from perfplug import machine

STAT = "cpu  100 20 30 800 5 0 5 40 0 0\ncpu0 50 10 15 400 2 0 2 20 0 0\n"


def laid_out(tmp_path: Path, *, membership: str = "0::/a/b\n", **groups: str) -> machine.Reading:
    """A /proc and a /sys/fs/cgroup with these cpu.stat files ("a/b" as a__b)."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "stat").write_text(STAT)
    (proc / "self" / "cgroup").write_text(membership)
    for group, text in groups.items():
        folder = cgroups / group.replace("__", "/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.stat").write_text(text)
    return machine.read(proc, cgroups)


def test_stolen_time_comes_from_the_eighth_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    reading = laid_out(tmp_path)
    assert (reading.cpu_seconds, reading.stolen) == (10.0, pytest.approx(0.4))


def test_throttling_is_read_from_version_two(tmp_path: Path) -> None:
    assert laid_out(tmp_path, a__b="nr_throttled 3\nthrottled_usec 1500000\n").throttled == 1.5


def test_throttling_is_read_from_version_one(tmp_path: Path) -> None:
    reading = laid_out(
        tmp_path,
        membership="3:cpu,cpuacct:/a\n4:memory:/b\n0::/\n",
        **{"cpu,cpuacct__a": "throttled_time 2500000000\n"},
    )
    assert reading.throttled == 2.5


def test_a_quota_on_a_group_above_counts(tmp_path: Path) -> None:
    assert laid_out(tmp_path, a="throttled_usec 4000000\n", a__b="throttled_usec 0\n").throttled == 4.0


@pytest.mark.parametrize("text", ["", "junk", "throttled_usec many\n", "a b c\n"])
def test_counters_that_cannot_be_read_claim_nothing(tmp_path: Path, text: str) -> None:
    assert laid_out(tmp_path, a__b=text).throttled == 0.0
    reading = machine.read(tmp_path / "no", tmp_path / "where")
    assert (reading.cpu_seconds, reading.stolen, reading.throttled) == (0.0, 0.0, 0.0)


def pressed(tmp_path: Path, text: str) -> float:
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "cpu").write_text(text)
    return machine.read(tmp_path, tmp_path).waited


def test_waiting_for_a_cpu_comes_from_the_pressure_stall_total(tmp_path: Path) -> None:
    lines = "some avg10=1.5 avg60=2.0 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n"
    assert pressed(tmp_path, lines) == 2.5


@pytest.mark.parametrize("text", ["", "junk", "some total=many\n", "some avg10\n", "full total=5\n"])
def test_a_pressure_that_cannot_be_read_claims_nothing(tmp_path: Path, text: str) -> None:
    assert pressed(tmp_path, text) == 0.0


def test_a_strain_lies_between_two_readings_and_is_never_negative() -> None:
    before, after = machine.Reading(1.0, 10.0, 0.5, 2.0, 5.0), machine.Reading(3.0, 14.0, 0.7, 1.0, 6.5)
    strain = before.until(after)
    assert strain == machine.Strain(seconds=2.0, cpu_seconds=4.0, stolen=pytest.approx(0.2), throttled=0.0, waited=1.5)


def test_this_machine_can_be_read() -> None:
    strain = machine.read().until(machine.read())
    assert strain.seconds >= 0.0
    assert strain.cpu_seconds >= 0.0


def test_each_thread_of_this_process_has_its_cpu_time() -> None:
    spinning, over = threading.Event(), threading.Event()

    def spin() -> None:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.2:
            pass
        spinning.set()
        over.wait(60)

    thread = threading.Thread(target=spin)
    before = machine.thread_seconds()
    thread.start()
    try:
        assert spinning.wait(60)
        seen = machine.thread_seconds()
    finally:
        over.set()
        thread.join()
    assert before.keys() < seen.keys()
    assert seen[str(thread.native_id)] >= 0.1


def test_threads_of_a_system_without_proc_are_not_known(tmp_path: Path) -> None:
    assert machine.thread_seconds(tmp_path) == {}


def test_a_threads_name_may_look_like_the_fields_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    thread = tmp_path / "self" / "task" / "7"
    thread.mkdir(parents=True)
    (thread / "stat").write_text("7 (a) R 1 (b) S 1 1 1 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 1 0 1 1 1\n")
    assert machine.thread_seconds(tmp_path) == {"7": 3.0}
