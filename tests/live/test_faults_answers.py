"""Answers that break off, break the rules or never come (rows 4 to 15 and 20 of the fault list).

Each is met on the fast path, on the fast path over TLS, and on libcurl's path.
"""

from __future__ import annotations

import resource

import pytest
from live_harness import Target

from perfplug.plan import Think

MEMORY_SLACK_KB = 64 * 1024

# path, our class, the status that had come by then
BROKEN = (
    ("/close-before-byte", "empty_reply", None),
    ("/reset-before-reply", "reset", None),
    ("/reset-in-body", "reset", 200),
    ("/cut-chunk", "truncated", 200),
    ("/bad-chunk", "protocol", 200),
    ("/long-length", "truncated", 200),
    ("/binary", "protocol", None),
)


@pytest.mark.parametrize(("path", "error", "status"), BROKEN, ids=[path.strip("/") for path, _, _ in BROKEN])
def test_a_broken_answer_has_a_class_of_its_own(target: Target, path: str, error: str, status: int | None) -> None:
    result = target.measure(path, users=3, requests=12)
    assert result.errors == {error: 12}
    assert {code: count for code, count in result.statuses.items() if code} == ({status: 12} if status else {})
    assert result.connections == 12  # none is used again after a fault
    assert result.unreachable is None  # the server is there, bad as it is


def test_two_different_content_lengths_are_protocol(target: Target) -> None:
    result = target.measure("/two-lengths", users=2, requests=6)
    assert result.errors == {"protocol": 6}
    assert result.connections == 6


@pytest.mark.parametrize("length", ["-5", "5x", "99999999999999999999"])
def test_a_content_length_that_is_no_length_is_protocol(target: Target, length: str) -> None:
    result = target.measure(f"/wrong-length?length={length}", users=2, requests=6)
    assert result.errors == {"protocol": 6}


def test_surplus_bytes_are_protocol_and_close_the_connection(fast_target: Target) -> None:
    result = fast_target.measure("/surplus", users=2, requests=6)
    assert result.errors == {"protocol": 6}
    assert result.connections == 6


def test_surplus_bytes_do_not_reach_the_next_answer_through_libcurl(curl_target: Target) -> None:
    result = curl_target.measure("/surplus", users=2, requests=6)
    assert result.connections == 6
    assert result.ok + result.errors.get("protocol", 0) == 6


def test_a_reused_connection_that_dies_is_stale_and_never_resent(fast_target: Target) -> None:
    result = fast_target.measure("/stale", method="POST", body=b"once", users=1, requests=20)
    assert result.errors == {"stale_connection": 10}
    assert (result.ok, result.connections, result.resent) == (10, 10, 0)


def test_what_libcurl_sends_again_by_itself_is_disclosed(curl_target: Target) -> None:
    result = curl_target.measure("/stale", method="POST", body=b"once", users=1, requests=20)
    assert result.resent > 0
    assert result.ok == 20 - result.errors.get("stale_connection", 0)
    assert len(curl_target.server.seen()) == 20 + result.resent


def test_a_connection_closed_while_idle_is_dialled_anew(fast_target: Target) -> None:
    result = fast_target.measure("/close-when-idle", requests=5, think=Think(kind="fixed", low=0.1))
    assert (result.ok, result.connections) == (5, 5)


def test_a_slow_drip_is_timeout_in_time(target: Target) -> None:
    result = target.measure("/drip", users=3, requests=3, timeout=1.0)
    assert result.errors == {"timeout": 3}
    assert result.latency_errors.min >= 1.0
    assert result.latency_errors.max < 2.0


def test_a_slow_drip_holds_up_no_other_user(target: Target) -> None:
    result = target.measure("/drip-on-the-first", users=4, duration=2.5, timeout=1.0)
    assert result.errors == {"timeout": 1}
    assert result.ok > 100
    assert result.latency.max < 1.0


def test_an_answer_that_never_comes_is_timeout(target: Target) -> None:
    result = target.measure("/never", users=2, requests=2, timeout=0.5)
    assert result.errors == {"timeout": 2}
    assert result.latency_errors.max < 1.5


@pytest.mark.parametrize("path", ["/huge-header-line", "/many-headers", "/endless-header"])
def test_too_large_a_header_is_refused_within_bounded_memory(target: Target, path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = target.measure(path, users=4, requests=40)
    assert result.errors == {"header_too_large": 40}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY_SLACK_KB


@pytest.mark.parametrize("path", ["/endless-interim", "/endless-trailer"])
def test_headers_without_end_are_refused_wherever_they_stand(target: Target, path: str) -> None:
    result = target.measure(path, users=2, requests=6, timeout=2.0)
    assert result.errors == {"header_too_large": 6}
    assert result.bytes < 6 * 2_000_000


def test_an_endless_body_ends_at_the_cap(target: Target) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = target.measure("/endless", users=2, requests=10, body_cap=1_000_000)
    assert result.errors == {"body_too_large": 10}
    assert result.statuses == {200: 10}
    assert result.bytes < 10 * 2_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY_SLACK_KB


def test_corrupt_gzip_is_decode(curl_target: Target) -> None:
    result = curl_target.measure("/bad-gzip", decompress=True, users=2, requests=6)
    assert result.errors == {"decode": 6}


def test_a_storm_of_503_and_429_is_counted_and_timed_apart(target: Target) -> None:
    result = target.measure("/storm", users=3, requests=90)
    assert result.statuses == {200: 30, 503: 30, 429: 30}
    assert result.errors == {"status": 60}
    assert (result.latency.count, result.latency_errors.count) == (30, 60)
    assert result.latency_errors.min > 0
    assert result.connections == 3  # a bad status is a whole answer: the connection goes on
