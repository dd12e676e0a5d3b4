"""Faults before a request can be sent: names, ports, handshakes (rows 1, 2, 3, 16 and 17 of the fault list)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_harness import StartServer, measure

from perfplug.plan import Tls

BAD_CERTIFICATES = ("self-signed", "expired", "wrong-host")


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port where the kernel accepts and nobody ever reads or writes."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def test_a_closed_port_is_connect_refused(closed_port: int, cookies: bool) -> None:
    result = measure(f"http://127.0.0.1:{closed_port}/", cookies=cookies, users=2, requests=10)
    assert result.errors == {"connect_refused": 10}
    assert (result.ok, result.connections) == (0, 0)
    assert result.unreachable is not None


def test_a_missing_unix_socket_is_connect_refused(tmp_path: Path, cookies: bool) -> None:
    result = measure("http+unix://%2Ftmp%2Fno-such-socket-here/", cookies=cookies, requests=3)
    assert sum(result.errors.values()) == 3
    assert set(result.errors) <= {"connect_refused", "connect_failed"}


def test_a_name_that_does_not_resolve_is_dns(cookies: bool) -> None:
    result = measure("http://nope.invalid/", cookies=cookies, requests=2, timeout=20.0)
    assert result.errors == {"dns": 2}
    assert result.unreachable is not None


def test_a_dial_that_hangs_is_connect_timeout_in_time(serve: StartServer, cookies: bool) -> None:
    server = serve(program="silent.py")
    result = measure(server.url("/"), cookies=cookies, users=3, requests=3, timeout=1.0)
    assert result.errors == {"connect_timeout": 3}
    assert result.latency_errors.min >= 1.0
    assert result.latency_errors.max < 2.0


@pytest.mark.parametrize("certificate", BAD_CERTIFICATES)
def test_a_bad_certificate_is_tls_verify_and_no_request_is_sent(
    serve: StartServer, certificates: Path, cookies: bool, certificate: str
) -> None:
    server = serve("--certificate", str(certificates / certificate), scheme="https")
    trusting = Tls(ca_file=str(certificates / "ca.pem"))
    result = measure(server.url("/ok"), cookies=cookies, tls=trusting, users=2, requests=6)
    assert result.errors == {"tls_verify": 6}
    assert server.seen() == []


def test_a_certificate_of_an_unknown_authority_is_tls_verify(
    serve: StartServer, certificates: Path, cookies: bool
) -> None:
    server = serve("--certificate", str(certificates / "good"), scheme="https")
    result = measure(server.url("/ok"), cookies=cookies, requests=2)
    assert result.errors == {"tls_verify": 2}
    assert server.seen() == []


@pytest.mark.parametrize("certificate", BAD_CERTIFICATES)
def test_only_asking_for_it_turns_verification_off(
    serve: StartServer, certificates: Path, cookies: bool, certificate: str
) -> None:
    server = serve("--certificate", str(certificates / certificate), scheme="https")
    result = measure(server.url("/ok"), cookies=cookies, tls=Tls(verify=False), requests=4)
    assert (result.ok, len(server.seen())) == (4, 4)


def test_tls_to_a_server_that_answers_in_plain_is_tls(serve: StartServer, cookies: bool) -> None:
    server = serve()
    result = measure(server.url("/ok").replace("http://", "https://"), cookies=cookies, requests=3)
    assert result.errors == {"tls": 3}
    assert server.seen() == []


def test_tls_to_a_server_that_says_nothing_ends_in_time(mute_port: int, cookies: bool) -> None:
    result = measure(f"https://127.0.0.1:{mute_port}/", cookies=cookies, users=2, requests=2, timeout=1.0)
    assert sum(result.errors.values()) == 2
    assert set(result.errors) <= {"tls", "timeout", "connect_timeout"}
    assert result.latency_errors.max < 2.0


def test_a_body_that_nobody_reads_ends_in_time(mute_port: int, cookies: bool) -> None:
    url = f"http://127.0.0.1:{mute_port}/"
    body = b"z" * 30_000_000  # more than the kernel takes on its own
    result = measure(url, cookies=cookies, method="POST", body=body, users=2, requests=2, timeout=1.0)
    assert result.errors == {"timeout": 2}
    assert result.latency_errors.max < 2.0


def test_a_proxy_that_is_not_there_is_proxy(closed_port: int) -> None:
    result = measure("http://shop.invalid/", proxy=f"http://127.0.0.1:{closed_port}", requests=3)
    assert result.errors == {"proxy": 3}


def test_a_missing_client_certificate_is_tls(serve: StartServer, certificates: Path, cookies: bool) -> None:
    ca = str(certificates / "ca.pem")
    server = serve("--certificate", str(certificates / "good"), "--client-ca", ca, scheme="https")
    result = measure(server.url("/ok"), cookies=cookies, tls=Tls(ca_file=ca), requests=3)
    assert result.errors == {"tls": 3}
    assert server.seen() == []
