"""Whether the measuring side may have spoiled a run, and how.

With kernel receive timestamps the client's own delay is not in the latency; what it still does is start requests
late, and take up fewer of them. A cause is one line for people: what it is, what was seen, what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perfplug.histogram import Histogram
from perfplug.machine import Strain
from perfplug.plan import Load
from perfplug.units import format_count, format_duration, format_share

_BUSY = 0.9  # of a worker's core
_LATE = 0.1  # of the median latency
_DELAY = 0.5  # of the median latency
_NOTICED = 1e-3  # seconds: shorter ones are the scheduler's everyday
_HELD_BACK = 0.01  # of the requests
_STOLEN = 0.05  # of the machine's CPU time
_THROTTLED = 0.01  # of the run's time
_WAITED = 0.1  # of the run's time
_TICKS = 0.05  # seconds: under a few clock ticks a share of CPU time says nothing

_THROTTLED_WORDS, _STOLEN_WORDS = "CPU throttled", "CPU stolen"
OWN_ERRORS = {
    "client_fds": "no file descriptors left: raise `ulimit -n`",
    "client_ports": "no local ports left: fewer connections, or a wider net.ipv4.ip_local_port_range",
    "client_memory": "no memory left",
}
# May be either side's: they say nothing about the server when the client is under suspicion.
_AMBIGUOUS = {"timeout", "connect_timeout", "connect_failed", "backlog", "other"}


def judge_client(
    *,
    load: Load,
    requests: int,
    errors: Mapping[str, int],
    latency: Histogram,
    service: Histogram,
    delay: Histogram,
    late: Histogram,
    busy: float,
    held_back: int,
    strain: Strain | None = None,
) -> tuple[bool, tuple[str, ...]]:
    """Valid or not, and the causes. ``latency``, ``service`` are of good requests; ``busy`` is a share of a core."""
    own = [(words, errors[name]) for name, words in OWN_ERRORS.items() if errors.get(name)]
    causes = [f"{words} ({format_count(count)} requests)" for words, count in own]
    waited = requests > 0 and held_back > _HELD_BACK * requests
    if waited and _connections_were_few(load, service):
        causes.append(
            f"held back: {format_count(held_back)} arrivals waited for one of {format_count(load.users)} connections; "
            "allow more users"
        )
    # Arrivals that wait for a connection start late because of that.
    slow = _of_the_client(latency.quantile(0.5), delay, None if waited else late, busy)
    causes += slow
    if strain is not None:
        causes += _of_the_machine(strain, slow=bool(slow))
    return not causes, tuple(causes)


def _of_the_client(usual: float, delay: Histogram, late: Histogram | None, busy: float) -> list[str]:
    """How this process did not keep up; ``usual`` is the median latency."""
    causes = []
    if busy >= _BUSY:
        causes.append(f"client CPU: the busiest worker used {format_share(busy)} of its core; try more workers")
    if late is not None and (lateness := late.quantile(0.99)) > max(_NOTICED, _LATE * usual):
        causes.append(f"late starts: 1% of the requests began {format_duration(lateness)} late or more")
    if (idle := delay.quantile(0.99)) > max(_NOTICED, _DELAY * usual):
        causes.append(f"client delay: 1% of the answers lay unread for {format_duration(idle)} or more")
    return causes


def names_the_machine(causes: Sequence[str]) -> bool:
    """Whether the whole machine was held up, and a server on it as well."""
    return any(cause.startswith((_THROTTLED_WORDS, _STOLEN_WORDS)) for cause in causes)


def server_errors(errors: Mapping[str, int]) -> int:
    """Failed requests of classes that a slow or starved client cannot make."""
    return sum(count for name, count in errors.items() if name not in OWN_ERRORS and name not in _AMBIGUOUS)


def _connections_were_few(load: Load, service: Histogram) -> bool:
    """Whether the cap would not even suffice for the fastest answers (Little: rate times time in service), with some
    room. Else the server slowed down under the load, and the wait for a connection is its own."""
    return load.rate is not None and load.users < 2.0 * load.rate * service.quantile(0.01)


def _of_the_machine(strain: Strain, *, slow: bool) -> list[str]:
    """``slow``: this process did not keep up. Only then is it of any weight that processes waited for a CPU: on a
    machine that also runs the server some always do, and mostly none of ours."""
    causes = []
    if strain.throttled > max(_TICKS, _THROTTLED * strain.seconds):
        causes.append(
            f"{_THROTTLED_WORDS}: the CPU quota stopped this process's group for {format_duration(strain.throttled)}"
        )
    if strain.stolen > max(_TICKS, _STOLEN * strain.cpu_seconds):
        share = format_share(strain.stolen / strain.cpu_seconds)
        causes.append(f"{_STOLEN_WORDS}: the hypervisor took {share} of this machine's CPU time")
    if slow and strain.waited > max(_TICKS, _WAITED * strain.seconds):
        share = format_share(min(strain.waited / strain.seconds, 1.0))
        causes.append(
            f"CPU pressure: for {share} of the run some process here waited for a CPU; let nothing run beside it"
        )
    return causes
