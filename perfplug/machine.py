"""What the machine did to us during a run: CPU time stolen by the hypervisor, held back by a CPU quota, or waited for
because others had it; and how much of it our own threads took.

Linux's /proc (with pressure/cpu) and the cpu.stat of cgroups v1 and v2. Where they are not to be had, nothing is
claimed.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Strain:
    """Between two readings, in seconds; ``cpu_seconds`` is all CPU time of all cores, idle included. ``waited``: for so
    long some process of the machine, ours or another, was ready to run and had no CPU."""

    seconds: float
    cpu_seconds: float
    stolen: float
    throttled: float
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters since boot, in seconds."""

    moment: float
    cpu_seconds: float
    stolen: float
    throttled: float
    waited: float = 0.0

    def until(self, later: Reading) -> Strain:
        return Strain(
            seconds=later.moment - self.moment,
            cpu_seconds=max(later.cpu_seconds - self.cpu_seconds, 0.0),
            stolen=max(later.stolen - self.stolen, 0.0),
            throttled=max(later.throttled - self.throttled, 0.0),
            waited=max(later.waited - self.waited, 0.0),
        )


def read(proc: Path = Path("/proc"), cgroups: Path = _CGROUPS) -> Reading:
    """The counters now; takes well under a millisecond."""
    cpu_seconds, stolen = _cpu_times(proc / "stat")
    return Reading(
        time.monotonic(),
        cpu_seconds,
        stolen,
        _throttled(proc / "self" / "cgroup", cgroups),
        _waited(proc / "pressure" / "cpu"),
    )


def thread_seconds(proc: Path = Path("/proc")) -> dict[str, float]:
    """CPU time that each thread of this process has used so far, in seconds, by thread; none where it is not known."""
    seconds = {}
    try:
        ticks = os.sysconf("SC_CLK_TCK")
        for thread in (proc / "self" / "task").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):  # a thread that ended meanwhile
                # After the name, which may hold anything: state is field 3 of proc(5), utime and stime 14 and 15.
                fields = (thread / "stat").read_bytes().rpartition(b")")[2].split()
                seconds[thread.name] = (int(fields[11]) + int(fields[12])) / ticks
    except (OSError, ValueError):
        return {}
    return seconds


def _cpu_times(stat: Path) -> tuple[float, float]:
    """All and stolen. The fields: user nice system idle iowait irq softirq steal, then guests, counted in user."""
    try:
        with stat.open("rb") as lines:
            fields = [int(field) for field in lines.readline().split()[1:9]]
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0, 0.0
    return sum(fields) / ticks, (fields[7] / ticks if len(fields) > 7 else 0.0)


def _waited(pressure: Path) -> float:
    """The total of its first line: "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234", in microseconds."""
    try:
        kind, *fields = pressure.read_text().splitlines()[0].split()
        total = dict(field.split("=", 1) for field in fields).get("total", "0")
        return int(total) / 1e6 if kind == "some" else 0.0
    except (OSError, ValueError, IndexError):  # a kernel without it, or with it turned off
        return 0.0


def _throttled(membership: Path, cgroups: Path) -> float:
    """The most that our group or one above it was held back, in seconds: a quota stands on any of them."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return 0.0
    return max((_throttled_in(folder) for line in lines for folder in _folders(line, cgroups)), default=0.0)


def _folders(line: str, cgroups: Path) -> list[Path]:
    """A line of /proc/self/cgroup, "id:controllers:path", to the group's folder and those above it."""
    _, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    if controllers and "cpu" not in controllers.split(","):
        return []
    top = cgroups / controllers if controllers else cgroups
    group = top / path.strip("/")
    return [group, *(above for above in group.parents if above.is_relative_to(top))]


def _throttled_in(folder: Path) -> float:
    try:
        pairs = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        return int(pairs.get("throttled_usec", 0)) / 1e6 + int(pairs.get("throttled_time", 0)) / 1e9
    except (OSError, ValueError):
        return 0.0
