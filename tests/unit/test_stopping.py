"""The rule that ends a run early, shown counts as the engine shows them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from measured import limit

from perfplug.plan import Load, Plan, Request
from perfplug.sla import Limit, thresholds
from perfplug.stopping import Look, Watch, watch_of

RATE = 1000.0


def plan_for(*limits: Limit, **load: object) -> Plan:
    said = {"users": 5, "duration": 60.0, "early_stop": True, **load}
    return Plan(request=Request(url="http://127.0.0.1/"), load=Load(**said), thresholds=thresholds(limits))  # type: ignore[arg-type]


def look(plan: Plan, seen: int, over: int, *, overdue: int = 0, errors: int = 0, spent: float = 0.0) -> Look:
    """After so many requests of a thousand a second; the same counts at every threshold of the plan."""
    count = len(plan.thresholds)
    return Look(
        elapsed=seen / RATE,
        requests=seen,
        ok=seen - errors,
        over=(over + errors,) * count,
        overdue=(overdue,) * count,
        latency_sum=spent,
    )


def looks(plan: Plan, slow: Sequence[bool], step: int = 10, errors: int = 0) -> Iterator[Look]:
    for seen in range(step, len(slow) + 1, step):
        yield look(plan, seen, sum(slow[:seen]), errors=errors)


def chances(count: int, share: float, seed: int = 1) -> list[bool]:
    chance = random.Random(seed)
    return [chance.random() < share for _ in range(count)]


def watch(plan: Plan, limits: Sequence[Limit], shown: Iterator[Look]) -> tuple[Watch, Look | None]:
    """The watch, and the look at which it ended the run."""
    made = Watch(plan, limits)
    return made, next((one for one in shown if made.look(one)), None)


def answers(made: Watch, last: Look) -> list[str]:
    return [one.answer for one in made.finish(last).decided]


def test_a_healthy_quantile_holds_after_a_few_hundred_requests() -> None:
    p99 = limit(p99="100ms")
    plan = plan_for(p99)
    made, end = watch(plan, [p99], looks(plan, [False] * 3000))
    assert end is not None and 400 <= end.requests <= 700  # 100 ms until it counts, evidence, and 299 fresh ones
    early = made.finish(end)
    assert early.after == end.elapsed
    assert [(one.metric, one.value, one.answer) for one in early.decided] == [("p99", 0.1, "holds")]


def test_a_quantile_far_over_its_limit_is_broken_soon() -> None:
    p99 = limit(p99="10ms")
    plan = plan_for(p99)
    made, end = watch(plan, [p99], looks(plan, chances(5000, 0.1)))
    assert end is not None and end.requests < 1500
    assert answers(made, end) == ["broken"]


def test_at_the_exact_limit_most_runs_use_up_their_time() -> None:
    p95 = limit(p95="10ms")
    plan = plan_for(p95)
    ended = [watch(plan, [p95], looks(plan, chances(3000, 0.05, seed=seed), 50))[1] for seed in range(40)]
    assert sum(end is not None for end in ended) <= 6


def test_nothing_counts_before_a_slow_request_could_have_shown() -> None:
    p99 = limit(p99="2s")
    plan = plan_for(p99)
    made, end = watch(plan, [p99], looks(plan, [False] * 1990))
    assert end is None
    assert made.finish(look(plan, 1990, 0)).decided[0].requests == 0


def test_requests_still_in_flight_count_once_they_are_too_slow() -> None:
    """Quick ones end first: without those in flight, a server that lets one in twenty hang would look perfect."""
    p99 = limit(p99="10ms")
    plan = plan_for(p99)
    made, end = watch(plan, [p99], (look(plan, seen, 0, overdue=seen // 20) for seen in range(10, 3000, 10)))
    assert end is not None
    assert answers(made, end) == ["broken"]


def test_the_run_goes_on_until_the_last_limit_is_decided() -> None:
    p50, p99 = limit(p50="10ms"), limit(p99="10ms")
    plan = plan_for(p50, p99)
    _, alone = watch(plan, [p50], looks(plan, [False] * 3000))
    made, both = watch(plan, [p50, p99], looks(plan, [False] * 3000))
    assert alone is not None and both is not None
    assert alone.requests < both.requests
    assert answers(made, both) == ["holds", "holds"]


def test_an_answer_stands_whatever_comes_after_it() -> None:
    p50 = limit(p50="10ms")
    plan = plan_for(p50)
    made, end = watch(plan, [p50], looks(plan, [False] * 1000))
    assert end is not None
    assert answers(made, look(plan, 2000, 1900)) == ["holds"]


def test_an_error_rate_is_decided_like_a_quantile() -> None:
    rate = limit(error_rate="1%")
    plan = plan_for(rate)
    made, end = watch(plan, [rate], looks(plan, [False] * 3000))
    assert end is not None and answers(made, end) == ["holds"]
    made, end = watch(plan, [rate], (look(plan, seen, 0, errors=seen // 10) for seen in range(10, 3000, 10)))
    assert end is not None and answers(made, end) == ["broken"]


def test_errors_that_only_come_at_the_end_take_a_good_answer_back() -> None:
    rate = limit(error_rate="1%")
    plan = plan_for(rate)
    made, end = watch(plan, [rate], looks(plan, [False] * 3000))
    assert end is not None
    assert answers(made, look(plan, end.requests + 15, 0, errors=15)) == ["open"]


def test_a_maximum_is_broken_by_one_and_holds_only_at_the_end() -> None:
    most = limit(max="10ms")
    plan = plan_for(most)
    made, end = watch(plan, [most], looks(plan, [False] * 3000))
    assert end is None
    assert answers(made, look(plan, 3000, 0)) == ["holds"]
    made, end = watch(plan, [most], looks(plan, [False] * 99 + [True] + [False] * 900))
    assert end is not None and end.requests == 100
    assert answers(made, end) == ["broken"]


def test_a_maximum_does_not_keep_a_run_going() -> None:
    most, p95 = limit(max="10ms"), limit(p95="10ms")
    plan = plan_for(most, p95)
    made, end = watch(plan, [most, p95], looks(plan, [False] * 3000))
    assert end is not None
    assert answers(made, end) == ["holds", "holds"]


def test_a_promise_of_no_errors_is_broken_by_the_first() -> None:
    none = limit(error_rate="<= 0%")
    plan = plan_for(none)
    made, end = watch(plan, [none], iter([look(plan, 10, 0), look(plan, 20, 0, errors=1)]))
    assert end is not None
    assert answers(made, end) == ["broken"]


@pytest.mark.parametrize("promise, answer", [(">= 500/s", "holds"), (">= 2000/s", "broken")])
def test_a_throughput_is_decided_at_planned_looks(promise: str, answer: str) -> None:
    rate = limit(throughput=promise)
    plan = plan_for(rate)
    made, end = watch(plan, [rate], looks(plan, [False] * 3000))
    assert end is not None and end.elapsed == 0.5
    assert answers(made, end) == [answer]


def test_an_open_load_that_is_answered_in_full_meets_its_own_rate() -> None:
    rate = limit(throughput=">= 1000/s")
    plan = plan_for(rate, rate=RATE)
    made, end = watch(plan, [rate], looks(plan, [False] * 3000))
    assert end is not None and answers(made, end) == ["holds"]


@pytest.mark.parametrize("promise, answer", [("20ms", "holds"), ("5ms", "broken")])
def test_a_mean_is_decided_at_planned_looks(promise: str, answer: str) -> None:
    mean = limit(mean=promise)
    plan = plan_for(mean)
    assert Watch(plan, [mean]).needs_latency
    made, end = watch(plan, [mean], (look(plan, seen, 0, spent=0.01 * seen) for seen in range(10, 3000, 10)))
    assert end is not None and end.elapsed == 0.5
    assert answers(made, end) == [answer]


def test_a_level_on_its_limit_stays_open() -> None:
    chance = random.Random(3)
    mean = limit(mean="10ms")
    plan = plan_for(mean)
    spent, shown = 0.0, []
    for seen in range(10, 3000, 10):
        spent += sum(chance.expovariate(100.0) for _ in range(10))
        shown.append(look(plan, seen, 0, spent=spent))
    made, end = watch(plan, [mean], iter(shown))
    assert end is None
    assert answers(made, shown[-1]) == ["open"]


def test_looks_come_often_during_an_attempt_and_seldom_in_a_long_run() -> None:
    p99 = limit(p99="10ms")
    plan = plan_for(p99)
    made = Watch(plan, [p99])
    for seen in range(10, 250, 10):
        made.look(look(plan, seen, 0))
    assert 0.01 <= made.pause(look(plan, 250, 0)) <= 0.05
    assert Watch(plan, [p99]).pause(Look(elapsed=50.0, requests=9, ok=9, over=(0,), overdue=(0,))) == 0.25


def test_only_a_load_that_may_stop_early_is_watched() -> None:
    p99 = limit(p99="10ms")
    assert watch_of(plan_for(p99), [p99]) is not None
    assert watch_of(plan_for(p99, early_stop=False), [p99]) is None
    assert watch_of(plan_for(p99, duration=None, requests=10), [p99]) is None


def test_a_run_without_a_request_decides_nothing() -> None:
    p99, rate = limit(p99="10ms"), limit(throughput=">= 1/s")
    plan = plan_for(p99, rate)
    made = Watch(plan, [p99, rate])
    for elapsed in (0.1, 1.0, 5.0):
        assert not made.look(Look(elapsed=elapsed, requests=0, ok=0, over=(0,), overdue=(0,)))
    assert answers(made, Look(elapsed=5.0, requests=0, ok=0, over=(0,), overdue=(0,))) == ["open", "open"]
