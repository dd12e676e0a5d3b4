"""What Linux says about this machine: descriptors, ports, CPUs, and who else is on them.

Readers of /proc and /sys, with graded findings; where a file is not there, nothing is claimed.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

from perfplug.doctor.check import Check, Grade, grade_by
from perfplug.machine import Strain
from perfplug.units import format_count, format_share

_PROC, _SYS = Path("/proc"), Path("/sys")
_DESCRIPTORS = (4096, 1024)  # fewer are FAIR, fewer still POOR
_PORTS = (16_000, 2_000)
_STEADY = frozenset({"performance"})


def descriptors(hard: int | None = None) -> Check:
    """The hard limit: the core raises the soft one to it by itself."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    endless = limit == resource.RLIM_INFINITY
    grade = Grade.GOOD if endless else grade_by(-limit, -_DESCRIPTORS[0] + 1, -_DESCRIPTORS[1] + 1)
    return Check(
        name="descriptors",
        grade=grade,
        seen="no limit" if endless else f"{format_count(limit)} may be open",
        advice="" if grade is Grade.GOOD else "raise the hard limit (`ulimit -Hn`): each connection takes one",
    )


def ports(proc: Path = _PROC) -> Check:
    """Local ports for connections to one address, less those that closed connections still hold."""
    try:
        low, high = (int(word) for word in (proc / "sys" / "net" / "ipv4" / "ip_local_port_range").read_text().split())
    except (OSError, ValueError):
        return Check(name="local ports", grade=Grade.GOOD, seen="their range is not known here")
    held = _time_wait(proc / "net" / "sockstat")
    free = max(0, high - low + 1 - held)
    grade = grade_by(-free, -_PORTS[0] + 1, -_PORTS[1] + 1)
    return Check(
        name="local ports",
        grade=grade,
        seen=f"{format_count(free)} free, {format_count(held)} held by connections that were closed (TIME_WAIT)",
        advice="" if grade is Grade.GOOD else "widen net.ipv4.ip_local_port_range, or wait a minute for TIME_WAIT",
    )


def scaling(sys: Path = _SYS) -> Check:
    """The governors of all CPUs. A virtual machine mostly has none: its host decides."""
    found: set[str] = set()
    for file in sorted((sys / "devices" / "system" / "cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")):
        try:
            found.add(file.read_text().strip())
        except OSError:
            continue
    if not found:
        return Check(name="CPU scaling", grade=Grade.GOOD, seen="not under this system's control")
    grade = Grade.GOOD if found <= _STEADY else Grade.FAIR
    return Check(
        name="CPU scaling",
        grade=grade,
        seen=f"governor {', '.join(sorted(found))}",
        advice=""
        if grade is Grade.GOOD
        else "CPUs change their speed under load: `cpupower frequency-set -g performance`",
    )


def cores(count: int, quota: float | None) -> Check:
    """``quota``: how many CPUs this process's group may keep busy; None for all."""
    have = count if quota is None else min(float(count), quota)
    grade = grade_by(-have, -1.99, -0.99)
    seen = f"{count} {'core' if count == 1 else 'cores'}"
    return Check(
        name="cores",
        grade=grade,
        seen=seen if quota is None else f"{seen}, of which a quota allows {quota:g}",
        advice="" if grade is Grade.GOOD else "client and service share what there is: two cores are the least",
    )


def throttling(strain: Strain) -> Check:
    """While the examination itself went on."""
    share = strain.throttled / strain.seconds if strain.seconds > 0.0 else 0.0
    grade = grade_by(share, 0.001, 0.01)
    return Check(
        name="CPU quota",
        grade=grade,
        seen="never held back" if strain.throttled <= 0.0 else f"held back for {format_share(share)} of the time",
        advice="" if grade is Grade.GOOD else "this process's control group has used up its quota: raise it",
    )


def stolen(strain: Strain) -> Check:
    """CPU time that a hypervisor gave to others."""
    share = strain.stolen / strain.cpu_seconds if strain.cpu_seconds > 0.0 else 0.0
    grade = grade_by(share, 0.01, 0.05)
    return Check(
        name="stolen CPU",
        grade=grade,
        seen=f"{format_share(share)} of the CPU time",
        advice=""
        if grade is Grade.GOOD
        else "neighbours on this host take CPU time: use another, or repeat more often",
    )


def neighbours(strain: Strain, busy: float) -> Check:
    """In a while in which this process did nothing. ``busy``: CPU time that was used then, in seconds."""
    share = busy / strain.cpu_seconds if strain.cpu_seconds > 0.0 else 0.0
    waited = min(strain.waited / strain.seconds, 1.0) if strain.seconds > 0.0 else 0.0
    grade = max(grade_by(share, 0.1, 0.4), grade_by(waited, 0.1, 0.4), key=list(Grade).index)
    load = os.getloadavg()[0]
    return Check(
        name="neighbours",
        grade=grade,
        seen=f"others used {format_share(share)} of the CPUs and waited {format_share(waited)} of the time "
        f"(load {load:.1f})",
        advice="" if grade is Grade.GOOD else "other processes take the CPUs: end them, or measure when they rest",
    )


def busy_seconds(proc: Path = _PROC) -> float:
    """CPU time used by anybody since boot, in seconds."""
    try:
        fields = [int(field) for field in (proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        return (sum(fields) - sum(fields[3:5])) / os.sysconf("SC_CLK_TCK")  # all but idle and iowait
    except (OSError, ValueError):
        return 0.0


def _time_wait(sockstat: Path) -> int:
    """ "TCP: inuse 5 orphan 0 tw 12 alloc 7 mem 1"."""
    try:
        words = next(line.split() for line in sockstat.read_text().splitlines() if line.startswith("TCP:"))
        return int(words[words.index("tw") + 1])
    except (OSError, ValueError, IndexError, StopIteration):
        return 0
