"""Whether the client may have spoiled a run, and what it is told to be."""

from __future__ import annotations

from typing import Any

import pytest
from measured import histogram

from perfplug.machine import Strain
from perfplug.plan import Load
from perfplug.validity import judge_client, names_the_machine, server_errors

QUIET = Strain(seconds=10.0, cpu_seconds=20.0, stolen=0.0, throttled=0.0)


def judged(**changes: Any) -> tuple[bool, tuple[str, ...]]:
    figures: dict[str, Any] = {
        "load": Load(users=50, duration=10.0),
        "requests": 1000,
        "errors": {},
        "latency": histogram([0.005] * 1000),
        "service": histogram([0.005] * 1000),
        "delay": histogram([2e-5] * 1000),
        "late": histogram([5e-6] * 1000),
        "busy": 0.3,
        "held_back": 0,
        "strain": QUIET,
    }
    return judge_client(**{**figures, **changes})


def test_a_quiet_client_is_valid() -> None:
    assert judged() == (True, ())
    assert judged(strain=None) == (True, ())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"busy": 0.97}, "client CPU: the busiest worker used 97% of its core"),
        ({"late": histogram([1e-5] * 950 + [0.004] * 50)}, "late starts: 1% of the requests began 4.00 ms late"),
        ({"delay": histogram([1e-5] * 950 + [0.004] * 50)}, "client delay: 1% of the answers lay unread for 4.00 ms"),
        ({"errors": {"client_fds": 3}}, "no file descriptors left: raise `ulimit -n` (3 requests)"),
        ({"errors": {"client_ports": 12}}, "no local ports left"),
        ({"errors": {"client_memory": 1}}, "no memory left"),
        ({"strain": Strain(10.0, 20.0, 2.0, 0.0)}, "CPU stolen: the hypervisor took 10% of this machine's CPU time"),
        (
            {"strain": Strain(10.0, 20.0, 0.0, 1.5)},
            "CPU throttled: the CPU quota stopped this process's group for 1.50 s",
        ),
    ],
)
def test_what_spoils_a_run_is_named_with_what_was_seen(changes: dict[str, Any], told: str) -> None:
    valid, causes = judged(**changes)
    assert not valid
    assert len(causes) == 1
    assert causes[0].startswith(told)


@pytest.mark.parametrize(
    "changes",
    [
        # Late by more than a tenth of the latency, but less than any scheduler is.
        {"latency": histogram([1e-4] * 1000), "late": histogram([9e-4] * 1000)},
        # Late by milliseconds where answers take seconds.
        {"latency": histogram([2.0] * 1000), "late": histogram([0.01] * 1000), "delay": histogram([0.01] * 1000)},
        # A rare hiccup.
        {"late": histogram([1e-5] * 995 + [0.05] * 5), "delay": histogram([1e-5] * 995 + [0.05] * 5)},
        {"busy": 0.89},
        {"errors": {"status": 500, "timeout": 20}},
        # One tick of the clock in a run of a few.
        {"strain": Strain(0.05, 0.1, 0.01, 0.01)},
        {"strain": Strain(10.0, 20.0, 0.5, 0.04)},
    ],
)
def test_what_happens_every_day_spoils_nothing(changes: dict[str, Any]) -> None:
    assert judged(**changes) == (True, ())


def test_processes_that_waited_for_a_cpu_explain_a_client_that_did_not_keep_up() -> None:
    slow = histogram([1e-5] * 950 + [0.004] * 50)
    pressed = Strain(10.0, 20.0, 0.0, 0.0, waited=4.0)
    for changes in ({"delay": slow}, {"late": slow}, {"busy": 0.95}):
        valid, causes = judged(strain=pressed, **changes)
        assert not valid
        assert causes[1] == (
            "CPU pressure: for 40% of the run some process here waited for a CPU; let nothing run beside it"
        )
    assert len(judged(strain=Strain(10.0, 20.0, 0.0, 0.0, waited=0.5), delay=slow)[1]) == 1


def test_processes_that_waited_for_a_cpu_spoil_nothing_by_themselves() -> None:
    pressed = Strain(10.0, 20.0, 0.0, 0.0, waited=9.0)
    assert judged(strain=pressed) == (True, ())
    assert len(judged(strain=pressed, errors={"client_fds": 3})[1]) == 1


def test_too_few_connections_for_the_rate_are_the_clients_doing() -> None:
    # 500/s at 100 ms each need 50 connections; there are 10.
    load = Load(users=10, duration=10.0, rate=500.0)
    late = histogram([0.5] * 1000)
    valid, causes = judged(load=load, held_back=900, late=late, service=histogram([0.1] * 1000))
    assert not valid
    assert causes == ("held back: 900 arrivals waited for one of 10 connections; allow more users",)


def test_waiting_for_a_connection_to_a_server_that_slowed_down_is_not() -> None:
    # The first answers took 5 ms; then the server fell behind until all thousand connections were taken.
    load = Load(users=1000, duration=10.0, rate=500.0)
    service = histogram([0.005] * 100 + [3.0] * 900)
    assert judged(load=load, held_back=900, late=histogram([2.0] * 1000), service=service) == (True, ())


def test_a_few_arrivals_that_waited_spoil_nothing() -> None:
    load = Load(users=10, duration=10.0, rate=500.0)
    assert judged(load=load, held_back=5, service=histogram([0.1] * 1000)) == (True, ())


def test_a_run_without_a_single_answer_can_be_judged() -> None:
    empty = histogram([])
    assert judged(requests=0, latency=empty, service=empty, delay=empty, late=empty) == (True, ())


def test_causes_that_hold_up_the_whole_machine_are_told_from_the_clients_own() -> None:
    for strain in (Strain(10.0, 20.0, 2.0, 0.0), Strain(10.0, 20.0, 0.0, 2.0)):
        assert names_the_machine(judged(strain=strain)[1])
    assert not names_the_machine(judged(busy=0.99)[1])


def test_only_errors_of_a_server_count_against_it() -> None:
    errors = {"status": 1, "reset": 2, "truncated": 4, "client_fds": 100, "timeout": 100, "backlog": 100, "other": 100}
    assert server_errors(errors) == 7
