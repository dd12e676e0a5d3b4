"""The whole examination, in well under a minute: the idle machine, its clock, then two loads on a server that knows
better."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from perfplug import machine
from perfplug.doctor import clock, system, truth
from perfplug.doctor.check import Check
from perfplug.environment import fingerprint
from perfplug.plan import Load

_CLOSED = "quantiles, closed load"
_OPEN = "quantiles, open load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Seconds for each part."""

    idle: float = 3.0
    naps: float = 5.0
    load: float = 10.0


def examine(length: Length, tell: Callable[[str], None]) -> tuple[Check, ...]:
    """The findings, in the order in which they should be read. ``tell`` is told what is looked at next."""
    begun = machine.read()
    tell("the idle machine")
    neighbours = _idle(length.idle)
    tell("clock and scheduler")
    time_checks = (clock.check_clock(clock.resolution()), clock.check_lateness(clock.lateness(length.naps)))
    accuracy = _loads(length.load, tell)
    strain = begun.until(machine.read())
    return (*accuracy, *time_checks, neighbours, *_machine(strain))


def _idle(seconds: float) -> Check:
    busy, before, own = system.busy_seconds(), machine.read(), time.process_time()
    time.sleep(seconds)
    used = max(0.0, system.busy_seconds() - busy - (time.process_time() - own))
    return system.neighbours(before.until(machine.read()), used)


def _loads(seconds: float, tell: Callable[[str], None]) -> tuple[Check, ...]:
    with truth.known_server() as server:
        tell("quantiles of a closed load")
        closed, closed_truth = truth.measure(server, Load(users=8, duration=seconds))
        tell("quantiles of an open load")
        paced, paced_truth = truth.measure(
            server, Load(users=64, rate=200.0, arrivals="poisson", duration=seconds, seed=2)
        )
    return (
        truth.check_accuracy(closed.service, closed_truth, _CLOSED),
        truth.check_accuracy(paced.service, paced_truth, _OPEN),
        truth.check_stamps(closed),
        truth.check_client(paced),
    )


def _machine(strain: machine.Strain) -> tuple[Check, ...]:
    about = fingerprint(libcurl="", folder=os.sep)
    count, quota = about["cores"], about["cpu_quota"]
    return (
        system.stolen(strain),
        system.throttling(strain),
        system.cores(count if isinstance(count, int) else 1, quota if isinstance(quota, float) else None),
        system.scaling(),
        system.descriptors(),
        system.ports(),
    )
