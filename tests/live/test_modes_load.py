"""Load models: who sends how much and when, and what is left out of the figures."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from live_harness import HANG_S, Target, measure

from perfplug.plan import Think
from perfplug.result import Result


@pytest.mark.parametrize(("users", "requests", "workers"), [(1, 1, 1), (7, 100, 1), (5, 101, 2), (20, 5, 2)])
def test_a_fixed_count_is_exact(target: Target, users: int, requests: int, workers: int) -> None:
    result = target.measure("/ok", users=users, requests=requests, workers=workers)
    assert (result.sent, result.requests, result.ok, result.cancelled) == (requests, requests, requests, 0)
    assert result.connections <= users


def test_each_user_waits_for_its_answer(target: Target) -> None:
    result = target.measure("/slow?seconds=0.1", users=4, duration=1.0)
    assert 4 <= result.ok <= 4 * 11
    assert result.latency.min >= 0.1
    assert result.connections == 4


def test_throughput_is_good_requests_over_the_measured_time(target: Target) -> None:
    result = target.measure("/ok", users=2, duration=0.5)
    assert result.duration == pytest.approx(0.5, abs=0.05)
    assert result.throughput == pytest.approx(result.ok / result.duration)
    assert result.finished >= result.duration - 0.05


@pytest.mark.parametrize(
    ("think", "shortest"),
    [
        (Think(kind="fixed", low=0.1), 0.1),
        (Think(kind="uniform", low=0.05, high=0.15), 0.05),
    ],
    ids=["fixed", "uniform"],
)
def test_think_time_lies_between_a_users_requests(target: Target, think: Think, shortest: float) -> None:
    result = target.measure("/ok", users=3, duration=1.0, think=think)
    assert 3 <= result.ok <= 3 * (1.0 / shortest + 1)
    assert result.latency.max < 1.0  # the think time is no latency


def test_exponential_think_time_has_the_mean_that_was_asked_for(target: Target) -> None:
    result = target.measure("/ok", users=20, duration=2.0, think=Think(kind="exponential", low=0.1))
    assert 200 < result.ok < 520  # 400 are expected of 20 users, with a deviation of 20


def test_a_constant_rate_arrives_whatever_the_server_does(target: Target) -> None:
    result = target.measure("/slow?seconds=0.05", users=50, rate=100.0, duration=1.0)
    assert abs(result.sent - 100) <= 1
    assert result.ok == result.sent
    assert result.latency.min >= 0.05


def test_what_the_connection_limit_holds_back_counts_from_its_intended_start(target: Target) -> None:
    """40 arrivals in a second, 2 connections of 5 answers a second: the later ones wait for most of their time."""
    result = target.measure("/slow?seconds=0.2", users=2, rate=40.0, duration=1.0)
    assert abs(result.sent - 40) <= 1
    assert result.client.held_back > 0
    assert set(result.errors) <= {"backlog"}
    assert result.latency.max > 0.4
    assert result.service.max < result.latency.max
    assert result.connections <= 2


def test_poisson_arrivals_repeat_with_their_seed_and_keep_the_mean(target: Target) -> None:
    settings: dict[str, Any] = {"users": 50, "rate": 300.0, "duration": 1.0, "arrivals": "poisson"}
    one, same, other = (target.measure("/ok", **settings, seed=seed).sent for seed in (1, 1, 2))
    assert one == same
    assert one != other or one != 300
    assert all(200 < count < 400 for count in (one, other))  # 300, with a deviation of 17


def test_warm_up_is_run_and_left_out(target: Target) -> None:
    result = target.measure("/ok", all_arrive=False, users=20, rate=100.0, warmup=0.5, duration=0.5)
    assert abs(result.sent - 50) <= 1
    assert result.requests == result.sent
    assert len(target.server.seen()) >= result.sent + 48
    assert result.duration == pytest.approx(0.5, abs=0.05)


def test_warm_up_before_a_fixed_count_leaves_the_count_exact(target: Target) -> None:
    result = target.measure("/ok", all_arrive=False, users=3, warmup=0.2, requests=50)
    assert (result.sent, result.ok) == (50, 50)
    assert len(target.server.seen()) > 50


def test_exceedances_of_a_threshold_are_counted_exactly(target: Target) -> None:
    result = target.measure("/slow?seconds=0.05", users=2, requests=20, thresholds=(0.01, 0.049, 30.0))
    assert result.over == (20, 20, 0)


def test_failed_requests_are_over_every_threshold(target: Target) -> None:
    result = target.measure("/status?code=500", users=2, requests=20, thresholds=(0.01, 30.0))
    assert result.over == (20, 20)


def test_the_poll_backend_does_what_the_best_one_does(target: Target) -> None:
    result = target.measure("/ok", users=10, requests=500, backend="poll")
    assert (result.ok, result.connections) == (500, 10)
    assert target.measure("/drip", users=1, requests=1, timeout=0.5, backend="poll").errors == {"timeout": 1}


def test_several_threads_measure_at_once(target: Target) -> None:
    results: list[Result] = []

    def run(requests: int) -> None:
        cookies = target.way == "curl"
        url = target.server.url("/ok")
        results.append(measure(url, cookies=cookies, tls=target.tls, users=3, requests=requests))

    threads = [threading.Thread(target=run, args=(100 + number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_S)
    assert sorted(result.ok for result in results) == [100, 101, 102, 103]
    assert len(target.server.seen()) == 406


def test_phases_are_those_that_there_were(target: Target) -> None:
    result = target.measure("/ok", users=2, requests=20)
    assert result.phases["connect"].count == 2
    assert result.phases["tls"].count == (2 if target.way == "h1-tls" else 0)
    assert result.phases["wait"].count == result.phases["receive"].count == 20
    assert result.reused == 18


def test_many_users_are_all_served(target: Target) -> None:
    result = target.measure("/ok", users=200, requests=2000)
    assert (result.ok, result.connections) == (2000, 200)
