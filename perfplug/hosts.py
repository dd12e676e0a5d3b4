"""Which hosts may be put under load: this one always, others only when they are listed.

Nobody should load-test a stranger by mistake. The check looks at names and addresses as they are written and
never resolves one: a name that is not listed is not even looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from perfplug.errors import UsageError

_HOW = (
    "add it to perf_allow_hosts in the pytest settings, to --perf-allow-host (perfplug run: --allow-host), "
    "or to PERFPLUG_ALLOW_HOSTS"
)


def is_loopback(host: str) -> bool:
    """localhost, names under .localhost, 127.0.0.0/8 and ::1."""
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """``allowed``: exact names or addresses, "*.example.test" for every name below it, or networks in CIDR form."""
    return is_loopback(host) or any(_matches(_plain(host), pattern) for pattern in allowed)


def check_allowed(host: str, allowed: Sequence[str]) -> None:
    """UsageError naming the host and how to allow it."""
    if not is_allowed(host, allowed):
        raise UsageError(f"the host {host!r} is not allowed: only this machine is; to put load on it, {_HOW}")


def exact_names(allowed: Sequence[str]) -> tuple[str, ...]:
    """Those entries that name a single host, for lists that know no patterns."""
    return tuple(_plain(pattern) for pattern in allowed if "*" not in pattern and "/" not in pattern)


def _matches(name: str, pattern: str) -> bool:
    pattern = _plain(pattern)
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    if "/" in pattern:
        return _in_network(name, pattern)
    address = _address(name)
    return name == pattern or (address is not None and address == _address(pattern))


def _in_network(name: str, pattern: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        raise UsageError(f"the allowed host {pattern!r} is not a network: write it like '10.1.0.0/16'") from None
    address = _address(name)
    return address is not None and address in network


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()
