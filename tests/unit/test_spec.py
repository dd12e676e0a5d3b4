"""From what users write to a plan, and what they are told when it cannot be one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfplug.errors import UsageError
from perfplug.plan import Plan, Think
from perfplug.sla import parse_limits
from perfplug.spec import make_plan

URL = "http://localhost:8000/x"


def plan(**said: Any) -> Plan:
    return make_plan(**{"where": "test_x", "url": URL, **said})


def test_a_bare_url_is_one_user_for_ten_seconds_after_a_second_of_warm_up() -> None:
    made = plan()
    assert (made.load.users, made.load.duration, made.load.warmup, made.load.requests) == (1, 10.0, 1.0, None)
    assert (made.request.method, made.request.name, made.request.timeout) == ("GET", "GET /x", 30.0)


def test_durations_and_rates_are_read_as_written() -> None:
    made = plan(users=15, duration="2m", rate="1k/s", warmup="500ms", timeout="250ms", body_cap="1MB")
    assert (made.load.duration, made.load.rate, made.load.warmup) == (120.0, 1000.0, 0.5)
    assert (made.request.timeout, made.request.body_cap) == (0.25, 1_000_000)
    assert plan(duration=3, rate=50).load.duration == 3.0


def test_a_short_run_warms_up_for_a_tenth_and_a_number_of_requests_not_at_all() -> None:
    assert plan(duration="2s").load.warmup == pytest.approx(0.2)
    assert plan(requests=100).load.warmup == 0.0
    assert plan(requests=100, warmup="1s").load.warmup == 1.0


def test_an_arrival_rate_may_use_a_thousand_connections_unless_users_say_otherwise() -> None:
    assert plan(rate="500/s").load.users == 1000
    assert plan(rate="500/s", users=20).load.users == 20


def test_quick_caps_what_a_look_before_a_commit_may_take() -> None:
    made = plan(duration="10m", quick=True)
    assert (made.load.duration, made.load.warmup) == (0.5, 0.1)
    assert plan(requests=100_000, warmup="5s", quick=True).load.requests == 200
    assert plan(duration="100ms", quick=True).load.duration == 0.1


@pytest.mark.parametrize(
    ("said", "think"),
    [
        ("500ms", Think(kind="fixed", low=0.5)),
        (2, Think(kind="fixed", low=2.0)),
        (("1s", "5s"), Think(kind="uniform", low=1.0, high=5.0)),
        ("1s..5s", Think(kind="uniform", low=1.0, high=5.0)),
        ("exp 2s", Think(kind="exponential", low=2.0)),
        (Think(kind="fixed", low=1.0), Think(kind="fixed", low=1.0)),
        (None, Think()),
    ],
)
def test_think_time_is_fixed_uniform_or_exponential(said: object, think: Think) -> None:
    assert plan(think=said).load.think == think


@pytest.mark.parametrize(
    ("base", "url", "whole"),
    [
        ("http://localhost:8000", "/a", "http://localhost:8000/a"),
        ("http://localhost:8000/", "/a", "http://localhost:8000/a"),
        ("http://localhost/api", "/a?b=http://c/", "http://localhost/api/a?b=http://c/"),
        ("http://localhost/api", "http://127.0.0.1/z", "http://127.0.0.1/z"),
    ],
)
def test_a_path_is_appended_to_the_base_url(base: str, url: str, whole: str) -> None:
    assert plan(url=url, base_url=base).request.url == whole


def test_a_unix_socket_can_be_named_beside_the_path(tmp_path: Path) -> None:
    made = plan(url="/health", unix_socket=tmp_path / "app.sock")
    assert made.request.origin.unix_path == str(tmp_path / "app.sock")
    assert made.request.origin.path == "/health"


def test_a_body_makes_a_post_and_brings_its_content_type() -> None:
    made = plan(json={"a": [1, None]})
    assert made.request.method == "POST"
    assert made.request.body == b'{"a":[1,null]}'
    assert dict(made.request.headers) == {"Content-Type": "application/json"}
    assert dict(plan(data="a=1").request.headers) == {"Content-Type": "application/x-www-form-urlencoded"}
    assert plan(data=b"\x00").request.headers == ()
    given = plan(json=1, headers={"content-type": "application/x-own"}).request.headers
    assert given == (("content-type", "application/x-own"),)


def test_a_body_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\x01\x02")
    assert plan(data_file=tmp_path / "body", method="put").request.body == b"\x01\x02"
    assert plan(data_file=tmp_path / "body", method="put").request.method == "PUT"


def test_headers_come_as_a_mapping_as_pairs_or_as_lines() -> None:
    for headers in ({"A": "b: c"}, [("A", "b: c")], ["A: b: c"]):
        assert plan(headers=headers).request.headers == (("A", "b: c"),)


def test_a_user_in_the_url_is_sent_as_a_header_and_stands_nowhere_else() -> None:
    made = plan(url="http://me:pass@localhost/x")
    assert made.request.headers == (("Authorization", "Basic bWU6cGFzcw=="),)
    assert "pass" not in made.request.url


def test_latency_limits_become_thresholds() -> None:
    limits = parse_limits({"p95": "100ms", "p99": "200ms", "max": "100ms", "mean": "5ms"}, where="t")
    assert plan(limits=limits).thresholds == (0.1, 0.2)


def test_redirects_may_lead_to_the_allowed_hosts() -> None:
    made = plan(follow_redirects=True, allow_hosts=["api.test", "*.other.test"])
    assert (made.request.redirects, made.request.redirect_hosts) == (10, ("api.test",))
    assert plan(follow_redirects=3).request.redirects == 3
    assert plan().request.redirects == 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"url": "/x"}, "--perf-base-url"),
        ({"url": ""}, "''"),
        ({"url": "localhost:8000"}, "write 'http://localhost:8000'"),
        ({"url": "gopher://localhost"}, "'gopher'"),
        ({"url": "http://example.test/"}, "'example.test'"),
        ({"url": "/x", "base_url": "http://example.test/"}, "'example.test'"),
        ({"url": "https://localhost/", "unix_socket": "/x"}, "unix_socket"),
        ({"rate": "-5/s"}, "rate: '-5/s'"),
        ({"rate": 0}, "rate: 0"),
        ({"rate": "fast"}, "rate: 'fast'"),
        ({"users": 0}, "users: 0"),
        ({"users": -1}, "users: -1"),
        ({"users": "5"}, "users: '5'"),
        ({"users": True}, "users: True"),
        ({"users": 1.5}, "users: 1.5"),
        ({"headers": {"A": "b\nc"}}, "'A'"),
        ({"headers": ["no colon"]}, "'no colon'"),
        ({"headers": [5]}, "int"),
        ({"data_file": "/no/such/file"}, "'/no/such/file'"),
        ({"cafile": "/no/such/ca.pem"}, "cafile: cannot read '/no/such/ca.pem'"),
        ({"data": "a", "json": 1}, "data and json"),
        ({"data": {"a": 1}}, "json="),
        ({"json": {1, 2}}, "json"),
        ({"json": float("nan")}, "json"),
        ({"duration": "1s", "requests": 5}, "duration and requests"),
        ({"duration": "10"}, "duration: '10' has no unit"),
        ({"duration": -1}, "duration: -1"),
        ({"requests": 0}, "requests: 0"),
        ({"requests": "many"}, "requests: 'many'"),
        ({"timeout": "1 parsec"}, "timeout: '1 parsec'"),
        ({"http": "4"}, "http: '4'"),
        ({"expect_status": "200"}, "expect_status: '200'"),
        ({"expect_status": [2000]}, "2000"),
        ({"arrivals": "poison", "rate": 5}, "write 'poisson'"),
        ({"arrivals": "poisson"}, "needs a rate"),
        ({"think": ("1s",)}, "think"),
        ({"think": "5s..1s"}, "think time"),
        ({"think": "1s", "rate": 5}, "not both"),
        ({"proxy": "localhost:1"}, "proxy: 'localhost:1'"),
        ({"proxy": "http://proxy.test:1"}, "'proxy.test'"),
        ({"body_cap": "big"}, "'big'"),
        ({"follow_redirects": -1}, "-1"),
        ({"key": "/etc/hostname"}, "certificate"),
    ],
)
def test_what_cannot_be_run_is_a_usage_error_that_names_place_and_word(said: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(**said)
    assert str(caught.value).startswith("test_x: ")
    assert told in str(caught.value)


def test_a_throughput_limit_above_the_arrival_rate_cannot_be_met_and_is_refused() -> None:
    limits = parse_limits({"throughput": ">= 600/s"}, where="t")
    assert plan(rate="600/s", limits=limits).load.rate == 600.0
    with pytest.raises(UsageError, match="cannot be reached at a rate of 500/s"):
        plan(rate="500/s", limits=limits)


def test_an_allowed_host_makes_a_plan() -> None:
    assert plan(url="http://a.example.test/", allow_hosts=["*.example.test"]).request.url == "http://a.example.test/"
