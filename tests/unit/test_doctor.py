"""What `perfplug doctor` looks at, and how it is graded."""

from __future__ import annotations

import argparse
import json
import resource
from pathlib import Path
from typing import Any

import pytest
from measured import histogram, result

from perfplug.cli import doctor
from perfplug.cli.arguments import parse
from perfplug.doctor import clock, examine, false_alarms, system, truth
from perfplug.doctor.check import Check, Grade, grade_by, worst
from perfplug.errors import UsageError
from perfplug.machine import Strain

GOOD, FAIR, POOR = Grade
QUIET = Strain(seconds=10.0, cpu_seconds=20.0, stolen=0.0, throttled=0.0, waited=0.0)


def strain(**changes: float) -> Strain:
    return Strain(**{**{name: getattr(QUIET, name) for name in Strain.__slots__}, **changes})


def a_check(grade: Grade = GOOD, name: str = "clock") -> Check:
    return Check(name=name, grade=grade, seen="as seen", advice="" if grade is GOOD else "do this")


def test_the_verdict_is_the_worst_of_all_that_was_seen() -> None:
    assert worst([]) is GOOD
    assert worst([a_check(GOOD), a_check(POOR), a_check(FAIR)]) is POOR
    assert [grade_by(value, 2.0, 3.0) for value in (1.0, 2.0, 3.0)] == [GOOD, FAIR, POOR]


@pytest.mark.parametrize(
    ("limit", "grade"), [(resource.RLIM_INFINITY, GOOD), (4096, GOOD), (4095, FAIR), (1024, FAIR), (1023, POOR)]
)
def test_descriptors_are_graded_by_the_hard_limit(limit: int, grade: Grade) -> None:
    check = system.descriptors(limit)
    assert check.grade is grade
    assert bool(check.advice) == (grade is not GOOD)


def with_ports(folder: Path, bounds: str, sockstat: str = "") -> Check:
    (folder / "sys" / "net" / "ipv4").mkdir(parents=True)
    (folder / "net").mkdir()
    (folder / "sys" / "net" / "ipv4" / "ip_local_port_range").write_text(bounds)
    (folder / "net" / "sockstat").write_text(sockstat)
    return system.ports(folder)


def test_ports_that_closed_connections_hold_are_not_free(tmp_path: Path) -> None:
    check = with_ports(tmp_path, "32768\t60999\n", "sockets: used 9\nTCP: inuse 5 orphan 0 tw 20000 alloc 7 mem 1\n")
    assert check.grade is FAIR
    assert check.seen.startswith("8,232 free, 20,000 held")


@pytest.mark.parametrize(("bounds", "grade"), [("32768 60999", GOOD), ("40000 49999", FAIR), ("40000 40019", POOR)])
def test_ports_are_graded_by_their_number(tmp_path: Path, bounds: str, grade: Grade) -> None:
    assert with_ports(tmp_path, bounds, "junk").grade is grade


def test_a_system_that_tells_nothing_is_not_blamed(tmp_path: Path) -> None:
    assert system.ports(tmp_path).grade is GOOD
    assert system.scaling(tmp_path).grade is GOOD
    assert system.busy_seconds(tmp_path) == 0.0
    assert with_ports(tmp_path / "more", "junk").grade is GOOD


@pytest.mark.parametrize(("words", "grade"), [(["performance"] * 2, GOOD), (["performance", "powersave"], FAIR)])
def test_cpus_that_change_their_speed_are_named(tmp_path: Path, words: list[str], grade: Grade) -> None:
    for number, word in enumerate(words):
        folder = tmp_path / "devices" / "system" / "cpu" / f"cpu{number}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(word + "\n")
    check = system.scaling(tmp_path)
    assert check.grade is grade
    assert all(word in check.seen for word in words)


@pytest.mark.parametrize(
    ("count", "quota", "grade"), [(2, None, GOOD), (1, None, FAIR), (8, 1.5, FAIR), (8, 0.5, POOR)]
)
def test_cores_are_what_this_process_may_use(count: int, quota: float | None, grade: Grade) -> None:
    assert system.cores(count, quota).grade is grade


@pytest.mark.parametrize(
    ("check", "grade"),
    [
        (system.throttling(QUIET), GOOD),
        (system.throttling(strain(throttled=0.05)), FAIR),
        (system.throttling(strain(throttled=0.5)), POOR),
        (system.stolen(QUIET), GOOD),
        (system.stolen(strain(stolen=0.5)), FAIR),
        (system.stolen(strain(stolen=2.0)), POOR),
        (system.neighbours(QUIET, 0.1), GOOD),
        (system.neighbours(QUIET, 4.0), FAIR),
        (system.neighbours(QUIET, 10.0), POOR),
        (system.neighbours(strain(waited=5.0), 0.1), POOR),
    ],
)
def test_what_others_take_is_graded_by_its_share(check: Check, grade: Grade) -> None:
    assert check.grade is grade
    assert bool(check.advice) == (grade is not GOOD)


def test_busy_time_is_all_but_idle_and_waiting_for_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    (tmp_path / "stat").write_text("cpu  100 20 30 800 5 0 5 40 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    assert system.busy_seconds(tmp_path) == pytest.approx(1.95)


def test_the_clock_of_this_machine_moves() -> None:
    assert 0.0 < clock.resolution(2000) < 0.1
    late = clock.lateness(0.05)
    assert late == sorted(late) and late[0] >= 0.0


@pytest.mark.parametrize(("step", "grade"), [(5e-8, GOOD), (5e-6, FAIR), (1e-3, POOR), (float("inf"), POOR)])
def test_a_coarse_clock_is_named(step: float, grade: Grade) -> None:
    assert clock.check_clock(step).grade is grade


@pytest.mark.parametrize(("rare", "grade"), [(1e-4, GOOD), (1e-3, FAIR), (8e-3, POOR)])
def test_a_scheduler_is_graded_by_its_rare_delays(rare: float, grade: Grade) -> None:
    check = clock.check_lateness([5e-5] * 97 + [rare] * 3)
    assert check.grade is grade


TRUE = sorted(0.004 + 0.00001 * at for at in range(1000))


@pytest.mark.parametrize(("off", "grade"), [(0.0, GOOD), (1e-4, GOOD), (5e-4, FAIR), (5e-3, POOR), (-5e-3, POOR)])
def test_quantiles_are_held_against_the_truth(off: float, grade: Grade) -> None:
    check = truth.check_accuracy(histogram([max(0.0, time + off) for time in TRUE]), TRUE, "quantiles")
    assert check.grade is grade
    assert ("-" if off < 0 else "+") in check.seen or off == 0.0


def test_one_quantile_that_is_off_is_enough() -> None:
    slow_tail = [*TRUE[:980], *(time + 0.05 for time in TRUE[980:])]
    check = truth.check_accuracy(histogram(slow_tail), TRUE, "quantiles")
    assert check.grade is POOR
    assert check.seen.startswith("p99 off by +50")


def test_requests_that_only_one_side_saw_are_no_base_for_trust() -> None:
    assert truth.check_accuracy(histogram(TRUE[1:]), TRUE, "quantiles").grade is POOR
    assert truth.check_accuracy(histogram([]), [], "quantiles").grade is POOR


@pytest.mark.parametrize(("stamped", "grade"), [(1000, GOOD), (900, FAIR)])
def test_stamps_are_counted(stamped: int, grade: Grade) -> None:
    check = truth.check_stamps(result(TRUE, client={"stamped": stamped}))
    assert check.grade is grade


@pytest.mark.parametrize(("delay", "grade"), [(1e-5, GOOD), (1e-3, FAIR), (2e-2, POOR)])
def test_a_client_that_is_not_woken_in_time_is_named(delay: float, grade: Grade) -> None:
    assert truth.check_client(result(TRUE, client={"delay": histogram([delay] * 1000)})).grade is grade
    assert truth.check_client(result(TRUE, client={"late": histogram([delay] * 1000)})).grade is grade


@pytest.mark.parametrize(("alarms", "times", "grade"), [(0, 20, GOOD), (1, 100, FAIR), (3, 20, POOR), (20, 1000, POOR)])
def test_false_alarms_are_graded_by_what_chance_allows(alarms: int, times: int, grade: Grade) -> None:
    check = false_alarms.check(alarms, times)
    assert check.grade is grade
    assert check.seen.startswith(f"{alarms} of {times} comparisons")


def examined(monkeypatch: pytest.MonkeyPatch, *words: str, checks: tuple[Check, ...], **also: Any) -> int:
    monkeypatch.setattr(examine, "examine", lambda length, tell: checks)
    arguments: argparse.Namespace = parse(["doctor", *words])
    return doctor.run(arguments)


@pytest.mark.parametrize(("grade", "code"), [(GOOD, 0), (FAIR, 0), (POOR, 1)])
def test_the_exit_code_says_whether_timings_can_be_trusted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], grade: Grade, code: int
) -> None:
    assert examined(monkeypatch, checks=(a_check(), a_check(grade, name="client"))) == code
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1].startswith(f"{grade.value}: timings made here can")
    assert any("client" in line and "as seen" in line for line in shown)
    assert ("client: do this" in shown) == (grade is not GOOD)


def test_the_findings_are_written_as_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    assert examined(monkeypatch, "--json", str(file), "-q", checks=(a_check(FAIR),)) == 0
    document = json.loads(file.read_text())
    assert document["schema"] == "perfplug.doctor/1"
    assert document["verdict"] == "FAIR"
    assert document["checks"] == [{"name": "clock", "grade": "FAIR", "seen": "as seen", "advice": "do this"}]
    assert document["environment"]["cores"]


def test_a_file_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    into = str(tmp_path / "file" / "findings.json")
    assert examined(monkeypatch, "--json", into, checks=(a_check(),)) == 5
    assert examined(monkeypatch, "--json", into, checks=(a_check(POOR),)) == 1
    assert "findings.json: not written" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["0", "-3", "many"])
def test_a_number_of_comparisons_that_is_none_is_a_usage_error(word: str) -> None:
    with pytest.raises(UsageError, match=f"--aa: '{word}' is not a whole number from 1 on"):
        parse(["doctor", f"--aa={word}"])
