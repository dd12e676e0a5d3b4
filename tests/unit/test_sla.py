"""Verdicts on results."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import pytest
from measured import independent, limit, result, spread_evenly, verdict_of

from perfplug.plan import Load
from perfplug.result import Slice
from perfplug.sla import Judged, Verdict, describe, judge, overall

P95, P99 = limit(p95="100ms"), limit(p99="100ms")
SPOILED = {"valid": False, "causes": ("client CPU: the busiest worker used 99% of its core",)}


# --- quantiles ---


@pytest.mark.parametrize(
    ("slow", "verdict"),
    [(0, "PASS"), (3, "PASS"), (5, "INCONCLUSIVE"), (15, "INCONCLUSIVE"), (22, "FAIL"), (1000, "FAIL")],
)
def test_a_thousand_requests_decide_a_p99_by_how_many_were_slow(slow: int, verdict: str) -> None:
    assert verdict_of(spread_evenly(1000, slow), P99).verdict is Verdict[verdict]


def test_a_request_of_exactly_the_limit_is_over_it() -> None:
    assert verdict_of([0.1] * 500, P95).verdict is Verdict.FAIL
    assert verdict_of([0.0999] * 500, P95).verdict is Verdict.WARN


@pytest.mark.parametrize(("count", "verdict"), [(299, "PASS"), (298, "INCONCLUSIVE")])
def test_without_a_slow_request_a_p99_needs_299(count: int, verdict: str) -> None:
    assert verdict_of([0.01] * count, P99).verdict is Verdict[verdict]


def test_an_undecided_limit_says_what_was_seen_and_how_many_would_decide() -> None:
    judged = verdict_of([0.01] * 100, P99)
    assert judged.needed is not None
    assert 290 <= judged.needed <= 310
    assert judged.cause == "0 of 100 requests took 100 ms or longer, 1% may; so few cannot show that the limit holds"
    judged = verdict_of(spread_evenly(1000, 7), P99)
    assert "7 of 1,000 requests took 100 ms or longer, 1% may; so many can tell up to 0." in judged.cause
    assert judged.needed is not None
    assert judged.needed > 1000


def test_slow_requests_that_come_together_count_as_fewer() -> None:
    scattered, together = spread_evenly(4000, 80), [0.2] * 80 + [0.01] * 3920
    assert verdict_of(scattered, P99).verdict is Verdict.FAIL
    assert verdict_of(together, P99).verdict is Verdict.INCONCLUSIVE
    narrow, wide = (verdict_of(times, limit(p95="500ms")) for times in (scattered, together))
    assert (narrow.low, narrow.high) == (pytest.approx(0.01, rel=0.01), pytest.approx(0.01, rel=0.01))
    assert wide.high is not None
    assert wide.high > 0.1


def test_failed_requests_count_as_over_every_limit() -> None:
    times: list[float | None] = [0.01] * 1000
    times[::20] = [None] * 50
    judged = verdict_of(times, P99)
    assert judged.verdict is Verdict.FAIL
    assert judged.observed == judged.high == math.inf
    assert verdict_of(times, limit(p50="100ms")).verdict is Verdict.PASS


def test_the_interval_covers_the_true_quantile_about_as_often_as_it_says() -> None:
    chance = random.Random(17)
    true_p95 = math.exp(math.log(0.005) + 0.35 * 1.6448536)
    covered = 0
    for _ in range(200):
        times = [chance.lognormvariate(math.log(0.005), 0.35) for _ in range(400)]
        judged = verdict_of(times, P95, slices=20)
        assert judged.low is not None
        assert judged.high is not None
        assert judged.low <= judged.observed <= judged.high
        covered += judged.low <= true_p95 <= judged.high
    assert covered >= 185


def test_too_few_requests_have_no_upper_bound() -> None:
    judged = verdict_of([0.01] * 50, P99)
    assert judged.high == math.inf
    assert judged.low is not None
    assert judged.low <= 0.01


def test_a_limit_the_plan_did_not_know_is_judged_by_the_histogram() -> None:
    known = result(spread_evenly(1000, 40), P99)
    for text in ("100ms", "150ms", "250ms"):
        other = limit(p99=text)
        assert judge(known, [other]) == judge(result(spread_evenly(1000, 40), other), [other])


def test_a_run_without_slices_is_judged_as_independent() -> None:
    assert verdict_of(spread_evenly(1000, 4), P99, slices=0).verdict is Verdict.PASS
    assert verdict_of(spread_evenly(1000, 16), P99, slices=0).verdict is Verdict.FAIL


# --- the error rate ---


@pytest.mark.parametrize(("failed", "verdict"), [(0, "PASS"), (12, "INCONCLUSIVE"), (60, "FAIL")])
def test_an_error_rate_is_judged_like_any_share(failed: int, verdict: str) -> None:
    times: list[float | None] = [0.01] * 1000
    for index in range(failed):
        times[index * 1000 // failed] = None
    judged = verdict_of(times, limit(error_rate="1%"))
    assert judged.verdict is Verdict[verdict]
    assert judged.observed == pytest.approx(failed / 1000)
    assert judged.low is not None
    assert judged.high is not None
    assert judged.low <= judged.observed <= judged.high


def test_no_errors_at_all_is_a_promise_kept_or_broken() -> None:
    assert verdict_of([0.01] * 3, limit(error_rate="0%")).verdict is Verdict.PASS
    assert verdict_of([0.01] * 3000 + [None], limit(error_rate="0%")).verdict is Verdict.FAIL


# --- maximum, mean, throughput ---


def test_a_maximum_is_seen_or_not() -> None:
    assert verdict_of([0.01] * 9 + [0.05], limit(max="100ms")).verdict is Verdict.PASS
    assert verdict_of([0.01] * 9 + [0.1], limit(max="100ms")).verdict is Verdict.FAIL
    failed = verdict_of([0.01] * 9 + [None], limit(max="100ms"))
    assert (failed.verdict, failed.low, failed.high) == (Verdict.FAIL, None, None)


@pytest.mark.parametrize(
    ("text", "verdict"), [("12ms", "PASS"), ("10.5ms", "WARN"), ("10ms", "INCONCLUSIVE"), ("9ms", "FAIL")]
)
def test_a_mean_is_judged_by_its_batches(text: str, verdict: str) -> None:
    chance = random.Random(4)
    times = [chance.uniform(0.005, 0.015) for _ in range(5000)]
    judged = verdict_of(times, limit(mean=text))
    assert judged.verdict is Verdict[verdict]
    assert judged.low is not None
    assert judged.high is not None
    assert judged.low < judged.observed < judged.high


def test_a_mean_that_drifts_is_known_less_well() -> None:
    steady = verdict_of([0.01, 0.02] * 500, limit(mean="1s"))
    drifting = verdict_of([0.01] * 500 + [0.02] * 500, limit(mean="1s"))
    assert steady.high is not None
    assert drifting.high is not None
    assert drifting.high > steady.high + 0.002


@pytest.mark.parametrize(
    ("text", "verdict"), [("80/s", "PASS"), ("95/s", "WARN"), ("100/s", "INCONCLUSIVE"), ("120/s", "FAIL")]
)
def test_a_throughput_is_judged_by_its_batches(text: str, verdict: str) -> None:
    # 1,000 requests in 10 s; in each of its seconds a few more or fewer than a hundred.
    one, off = limit(throughput=text), (2, -2, 1, -1, 3, -3, 1, -1, 2, -2)
    even = result([0.01] * 1000, one)
    cells = [with_requests(cell, 10 + (off[at // 10] if at % 10 == 5 else 0)) for at, cell in enumerate(even.slices)]
    judged = judge(dataclasses.replace(even, slices=tuple(cells)), [one])[0]
    assert judged.verdict is Verdict[verdict]
    assert judged.observed == pytest.approx(100.0)
    assert judged.low is not None
    assert judged.high is not None
    assert 97.0 < judged.low < 100.0 < judged.high < 103.0


def test_an_open_load_that_was_answered_in_full_meets_its_own_rate() -> None:
    load = Load(users=100, duration=10.0, rate=100.0)
    judged = verdict_of([0.01] * 1000, limit(throughput="100/s"), load=load, slices=97)
    assert judged.verdict is Verdict.PASS


def test_a_stall_for_a_tenth_of_the_run_does_not_break_the_logarithm() -> None:
    one = limit(throughput="10/s")
    stalled = result([0.01] * 1000, one)
    cells = [with_requests(cell, 0 if index < 10 else cell.requests) for index, cell in enumerate(stalled.slices)]
    judged = judge(dataclasses.replace(stalled, slices=tuple(cells)), [one])[0]
    assert judged.low is not None
    assert 0.0 < judged.low < judged.observed


# --- nothing to judge by ---


def test_no_requests_decide_nothing() -> None:
    for one in (P95, limit(error_rate="1%"), limit(throughput="1/s"), limit(mean="1s"), limit(max="1s")):
        judged = verdict_of([], one)
        assert (judged.verdict, judged.cause) == (Verdict.INCONCLUSIVE, "no requests")
        assert "no requests" in describe(judged)


def test_a_service_that_only_fails_fails_every_limit() -> None:
    for one in (P95, limit(error_rate="1%"), limit(throughput="1/s"), limit(mean="1s"), limit(max="1s")):
        assert verdict_of([None] * 500, one).verdict is Verdict.FAIL


@pytest.mark.parametrize(("observed", "verdict"), [(0.089, "PASS"), (0.091, "WARN")])
def test_a_limit_that_holds_by_less_than_a_tenth_is_a_warning(observed: float, verdict: str) -> None:
    assert verdict_of([observed] * 500, P95).verdict is Verdict[verdict]


# --- a spoiled client ---


def spoiled(times: list[float | None], one: Any, **said: Any) -> Judged:
    return verdict_of(times, one, client=SPOILED | said.pop("client", {}), **said)


def test_what_holds_holds_under_a_slow_client_too() -> None:
    assert spoiled([0.01] * 500, P95).verdict is Verdict.PASS
    assert spoiled([0.095] * 500, P95).verdict is Verdict.WARN
    assert spoiled([0.01] * 1000, limit(throughput="50/s")).verdict is Verdict.PASS


def test_a_failure_that_the_client_may_have_made_is_invalid_and_names_the_cause() -> None:
    judged = spoiled([0.2] * 500, P95, service=[0.01] * 500)
    assert judged.verdict is Verdict.INVALID
    assert "client CPU" in judged.cause
    assert spoiled([0.2] * 500, limit(max="100ms"), service=[0.01] * 500).verdict is Verdict.INVALID
    assert spoiled([0.2] * 500, limit(mean="100ms"), service=[0.01] * 500).verdict is Verdict.INVALID
    assert spoiled([0.01] * 1000, limit(throughput="500/s")).verdict is Verdict.INVALID


def test_a_failure_of_the_stamped_service_time_itself_stands() -> None:
    for one in (P95, limit(max="100ms"), limit(mean="100ms")):
        assert spoiled([0.3] * 500, one, service=[0.2] * 500).verdict is Verdict.FAIL
        # Without stamps the service time is the client's own clock, late like the client.
        assert spoiled([0.3] * 500, one, service=[0.2] * 500, client={"stamped": 0}).verdict is Verdict.INVALID
        # A machine that was held up holds up a server on it as well.
        throttled = {"causes": ("CPU throttled: the CPU quota stopped this process's group for 2.00 s",)}
        assert spoiled([0.3] * 500, one, service=[0.2] * 500, client=throttled).verdict is Verdict.INVALID


def test_errors_that_only_a_server_can_make_stand() -> None:
    times: list[float | None] = [None if index % 10 == 0 else 0.01 for index in range(1000)]
    one = limit(error_rate="1%")
    assert spoiled(times, one, errors={"status": 100}).verdict is Verdict.FAIL
    assert spoiled(times, one, errors={"client_ports": 100}).verdict is Verdict.INVALID
    assert spoiled(times, one, errors={"timeout": 100}).verdict is Verdict.INVALID
    assert spoiled(times, P95, errors={"reset": 100}).verdict is Verdict.FAIL
    # 90 good ones a second; with the 10 that the server failed the promise of 95 would have been kept.
    assert spoiled(times, limit(throughput="95/s"), errors={"status": 100}).verdict is Verdict.FAIL
    assert spoiled([None] * 500, limit(mean="1s"), errors={"status": 500}).verdict is Verdict.FAIL
    assert spoiled([None] * 500, limit(mean="1s"), errors={"client_fds": 500}).verdict is Verdict.INVALID


def test_too_few_requests_are_too_few_under_any_client() -> None:
    judged = spoiled([0.01] * 20, P95)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.needed is not None
    assert spoiled(spread_evenly(1000, 8), P99, service=[0.01] * 1000).verdict is Verdict.INVALID


# --- all together, and in words ---


def test_the_worst_verdict_is_the_verdict_of_all() -> None:
    pass_, warn, open_, invalid, fail = (
        verdict_of([0.01] * 500, P95),
        verdict_of([0.095] * 500, P95),
        verdict_of([0.01] * 5, P95),
        spoiled([0.2] * 500, P95, service=[0.01] * 500),
        verdict_of([0.2] * 500, P95),
    )
    rising = [pass_, warn, open_, invalid, fail]
    for index, judged in enumerate(rising):
        assert overall(rising[: index + 1]) is judged.verdict
    assert overall([]) is Verdict.PASS


def test_a_verdict_is_one_line_for_people() -> None:
    line = describe(verdict_of([0.112] * 1000, P95))
    assert line == "p95 112 ms (112 ms to 112 ms) is not under 100 ms: FAIL"
    assert describe(verdict_of([0.01] * 500, P95)).endswith("is under 100 ms: PASS")
    assert describe(verdict_of([0.01] * 1000, limit(throughput="50/s"))).startswith("throughput 100/s (")
    open_ = describe(verdict_of([0.01] * 100, P99))
    assert open_.startswith("p99 10.0 ms (at least 10.0 ms) may or may not be under 100 ms: INCONCLUSIVE (0 of 100")
    assert open_.endswith("requests would decide)")
    among = describe(verdict_of([None] * 500, limit(p99_9="100ms")))
    assert among == "p99.9 lies among the failed requests, so it is not under 100 ms: FAIL"


@pytest.mark.parametrize("q", ["p50", "p90", "p95", "p99", "p99_9"])
def test_a_hundred_thousand_requests_are_judged_at_once(q: str) -> None:
    judged = verdict_of(independent(100_000, 0.0001), limit(**{q: "100ms"}))
    assert judged.verdict is Verdict.PASS


def with_requests(cell: Slice, requests: int) -> Slice:
    return dataclasses.replace(cell, requests=requests, errors=0)
