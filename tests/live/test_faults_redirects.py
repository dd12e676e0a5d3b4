"""Redirects: how many, to where, and what goes along (rows 18 and 19 of the fault list). libcurl's path only."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from live_harness import StartServer, Target

SECRETS = (("Authorization", "Bearer s3cret"), ("X-Api-Key", "s3cret"), ("Cookie", "session=s3cret"))


def to(location: str) -> str:
    return f"/redirect?to={quote(location, safe='')}"


def follow(target: Target, path: str, **settings: Any) -> Any:
    """One request, of which the server sees each hop."""
    return target.measure(path, all_arrive=False, redirects=3, **settings)


def test_a_redirect_is_followed_when_asked_for(curl_target: Target) -> None:
    result = follow(curl_target, to("/ok"), requests=4, expect_text="items")
    assert (result.ok, result.requests, result.statuses) == (4, 4, {200: 4})
    assert [seen["path"] for seen in curl_target.server.seen()] == ["/redirect", "/ok"] * 4


def test_a_redirect_is_an_answer_like_any_other_when_not(target: Target) -> None:
    result = target.measure(to("/ok"), requests=4)
    assert (result.ok, result.statuses) == (4, {302: 4})


def test_a_redirect_loop_is_redirect_limit(curl_target: Target) -> None:
    result = follow(curl_target, "/redirect-to-self", users=2, requests=4)
    assert result.errors == {"redirect_limit": 4}
    assert len(curl_target.server.seen()) == 4 * (1 + 3)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "telnet://x/"])
def test_a_redirect_to_another_protocol_is_refused(curl_target: Target, location: str) -> None:
    result = follow(curl_target, to(location), requests=3)
    assert result.errors == {"redirect_refused": 3}


def test_a_redirect_to_another_host_is_refused_before_anything_reaches_it(
    curl_target: Target, serve: StartServer
) -> None:
    other = serve(host="127.0.0.2")
    result = follow(curl_target, to(other.url("/ok")), requests=3)
    assert result.errors == {"redirect_refused": 3}
    assert other.seen() == []


@pytest.mark.parametrize("location", ["http://nope.invalid/", "http://192.0.2.1/", "//192.0.2.1/ok"])
def test_a_redirect_to_a_strangers_host_is_refused_at_once(curl_target: Target, location: str) -> None:
    result = follow(curl_target, to(location), requests=2, timeout=5.0)
    assert result.errors == {"redirect_refused": 2}
    assert result.latency_errors.max < 4.0  # nobody tried to get there


def test_a_host_that_is_listed_is_followed_to_but_gets_no_secrets(curl_target: Target, serve: StartServer) -> None:
    other = serve(host="127.0.0.2")
    path = to(other.url("/ok"))
    result = follow(curl_target, path, requests=2, redirect_hosts=("127.0.0.2",), headers=SECRETS)
    assert result.ok == 2
    names = {name.lower() for name, _ in SECRETS}
    assert all(names <= seen["headers"].keys() for seen in curl_target.server.seen())
    assert len(other.seen()) == 2
    assert not any(names & seen["headers"].keys() for seen in other.seen())


def test_another_port_of_the_same_host_gets_no_secrets_either(curl_target: Target, serve: StartServer) -> None:
    other = serve()
    result = follow(curl_target, to(other.url("/ok")), requests=2, redirect_hosts=("127.0.0.1",), headers=SECRETS)
    assert result.requests == 2
    assert not any("s3cret" in str(seen["headers"]) for seen in other.seen())
