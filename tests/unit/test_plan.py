"""A plan that exists can be run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from perfplug.errors import UsageError
from perfplug.plan import Load, Plan, Request, Think, Tls, transport_of

URL = "http://localhost:8000/x"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"url": "nonsense"}, "not an absolute URL"),
        ({"url": "http://me:secret@localhost/"}, "Authorization"),
        ({"method": "GET /"}, "'GET /'"),
        ({"method": ""}, "''"),
        ({"headers": (("X Y", "1"),)}, "'X Y'"),
        ({"headers": (("X", "a\r\nY: b"),)}, "'X'"),
        ({"headers": (("X", "a\x00"),)}, "'X'"),
        ({"headers": (("Content-Length", "5"),)}, "Content-Length"),
        ({"expect_status": (99,)}, "99"),
        ({"expect_text": ""}, "empty"),
        ({"timeout": 0.0}, "time-out"),
        ({"timeout": 3601.0}, "time-out"),
        ({"timeout": math.nan}, "time-out"),
        ({"body_cap": 0}, "byte cap"),
        ({"http": "4"}, "'4'"),
        ({"redirects": -1}, "-1"),
        ({"streams": 0, "http": "2"}, "0"),
        ({"streams": 4}, "HTTP/1.1"),
        ({"url": "http+unix://%2Fx/", "proxy": "http://localhost:1"}, "proxy"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Request(**{"url": URL, **fields})
    assert told in str(caught.value)


def test_a_bad_header_is_refused_without_telling_its_value() -> None:
    with pytest.raises(UsageError) as caught:
        Request(url=URL, headers=(("Authorization", "Bearer s3cret\n"),))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"duration": 1.0, "requests": 1},
        {"duration": 0.0},
        {"duration": math.inf},
        {"requests": 0},
        {"requests": 1, "users": 0},
        {"requests": 1, "users": -3},
        {"requests": 1, "rate": 0.0},
        {"requests": 1, "rate": -5.0},
        {"requests": 1, "rate": math.nan},
        {"requests": 1, "rate": 5.0, "think": Think(kind="fixed", low=1.0)},
        {"requests": 1, "warmup": -1.0},
        {"requests": 1, "warmup": math.nan},
        {"requests": 1, "workers": 0},
        {"requests": 1, "seed": -1},
        {"requests": 1, "arrivals": "sometimes"},
    ],
)
def test_a_load_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Load(**fields)


def test_think_times_have_an_order_and_an_end() -> None:
    with pytest.raises(UsageError):
        Think(kind="uniform", low=2.0, high=1.0)
    with pytest.raises(UsageError):
        Think(kind="fixed", low=-1.0)


def test_a_client_key_needs_its_certificate() -> None:
    with pytest.raises(UsageError, match="certificate"):
        Tls(key_file="key.pem")


@pytest.mark.parametrize("thresholds", [(0.2, 0.1), (0.1, 0.1), (0.0,), tuple(n / 100 for n in range(1, 18))])
def test_thresholds_rise_and_are_few(thresholds: tuple[float, ...]) -> None:
    with pytest.raises(UsageError):
        Plan(request=Request(url=URL), load=Load(requests=1), thresholds=thresholds)


@pytest.mark.parametrize(
    ("fields", "transport"),
    [
        ({}, "h1"),
        ({"url": "https://localhost/"}, "h1"),
        ({"url": "http+unix://%2Fx/"}, "h1"),
        ({"http": "2"}, "curl"),
        ({"http": "3"}, "curl"),
        ({"redirects": 1}, "curl"),
        ({"cookies": True}, "curl"),
        ({"decompress": True}, "curl"),
        ({"proxy": "http://localhost:1"}, "curl"),
    ],
)
def test_only_what_libcurl_alone_knows_goes_through_it(fields: dict[str, Any], transport: str) -> None:
    assert transport_of(Request(**{"url": URL, **fields})) == transport
