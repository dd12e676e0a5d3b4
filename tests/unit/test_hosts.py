"""Which hosts may be put under load."""

from __future__ import annotations

import socket

import pytest

from perfplug import hosts
from perfplug.errors import UsageError


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "api.localhost",
        "localhost.",
        "127.0.0.1",
        "127.9.8.7",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
    ],
)
def test_this_machine_is_always_allowed(host: str) -> None:
    hosts.check_allowed(host, ())


@pytest.mark.parametrize(
    "host",
    ["example.test", "10.0.0.1", "localhost.example.test", "notlocalhost", "0.0.0.0", "2130706433", "128.0.0.1", ""],
)
def test_any_other_host_is_refused_with_its_name_and_how_to_allow_it(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        hosts.check_allowed(host, ())
    told = str(caught.value)
    assert repr(host) in told
    assert "perf_allow_hosts" in told
    assert "--perf-allow-host" in told
    assert "PERFPLUG_ALLOW_HOSTS" in told


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("api.example.test", "api.example.test"),
        ("API.example.test", "api.Example.test"),
        ("a.example.test", "*.example.test"),
        ("a.b.example.test", "*.example.test"),
        ("10.1.2.3", "10.1.0.0/16"),
        ("fd00::1", "fd00::/8"),
        ("fd00::1", "fd00:0::1"),
    ],
)
def test_a_listed_name_pattern_or_network_is_allowed(host: str, pattern: str) -> None:
    hosts.check_allowed(host, ["other.test", pattern])


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("example.test", "*.example.test"),
        ("evilexample.test", "*.example.test"),
        ("api.example.test.evil.test", "api.example.test"),
        ("10.2.0.1", "10.1.0.0/16"),
        ("ten.example.test", "10.0.0.0/8"),
        ("example.test", "*"),
    ],
)
def test_what_a_pattern_does_not_name_stays_refused(host: str, pattern: str) -> None:
    assert not hosts.is_allowed(host, [pattern])


def test_a_network_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not a network"):
        hosts.check_allowed("10.0.0.1", ["10.0.0.0/99"])


def test_a_name_is_never_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*_: object, **__: object) -> None:
        raise AssertionError("the name was looked up")

    for function in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, function, resolved)
    assert not hosts.is_allowed("example.test", ["other.test", "10.0.0.0/8"])
    assert hosts.is_allowed("api.example.test", ["*.example.test"])


def test_only_single_hosts_are_taken_from_the_allowed_list() -> None:
    assert hosts.exact_names(["A.test", "*.b.test", "10.0.0.0/8", "[fd00::1]"]) == ("a.test", "fd00::1")
